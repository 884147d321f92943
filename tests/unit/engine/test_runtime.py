"""What each kind of job does with the models, and what it refuses to do without them. No process, no thread."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import (
    BadRequest,
    EngineUnavailable,
    GuardUnavailable,
    JobFailed,
    MissingExtra,
    NoPicture,
    UnknownModel,
)
from engine.moderation import Guards
from engine.runtime import Runtime
from engine.types import (
    Answered,
    Category,
    Clip,
    Event,
    Generate,
    MediaLimits,
    ModelCard,
    ModelChoice,
    Moderate,
    Progress,
    Rendered,
    Role,
    RuntimeConfig,
    Token,
    Turn,
    Understand,
    VideoWanted,
)

SEXUAL, VIOLENCE = Category.SEXUAL, Category.VIOLENCE


def runtime(**backends: str) -> Runtime:
    models = {Role(role): ModelChoice(backend=f"tests.fakes.engine_backends:{name}") for role, name in backends.items()}
    made = Runtime(RuntimeConfig(models=models))
    made.load()
    return made


def ask(text: str) -> Understand:
    return Understand(turns=(Turn(role="user", text=text),))


def test_an_answer_is_streamed_without_its_tags() -> None:
    events: list[Event] = []
    answered = runtime(understanding="Answers").run(
        ask("say:See say:<vid say:eo>a say:</video> say:there"), events.append, lambda: None
    )
    assert events == [Token(text="See"), VideoWanted(prompt="a"), Token(text="there")]
    assert isinstance(answered, Answered)
    assert (answered.model, answered.tokens) == ("fake answers", 5)


def test_every_piece_of_an_answer_is_a_checkpoint() -> None:
    checkpoints: list[None] = []
    runtime(understanding="Answers").run(ask("say:a say:b"), lambda event: None, lambda: checkpoints.append(None))
    assert len(checkpoints) == 2


@pytest.mark.parametrize("kind", ["understand", "generate"])
def test_what_others_do_inside_a_checkpoint_is_not_the_models_time(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("engine.runtime.time", SimpleNamespace(monotonic=lambda: now))

    def checkpoint() -> None:
        nonlocal now
        now += 10.0  # somebody's check

    def emit(event: Event) -> None:
        nonlocal now
        now += 1.0  # the model's own step

    job = (
        ask("say:a say:b step") if kind == "understand" else Generate(prompt="x", out=str(tmp_path / "v"), seconds=0.2)
    )
    done = runtime(understanding="Answers", generation="Videos").run(job, emit, checkpoint)
    assert isinstance(done, Answered | Rendered)
    assert now > 120.0
    assert done.seconds == 2.0


def test_a_video_is_rendered_in_steps(tmp_path: Path) -> None:
    events: list[Event] = []
    job = Generate(prompt="x", out=str(tmp_path / "v.mp4"), seconds=0.2)
    rendered = runtime(generation="Videos").run(job, events.append, lambda: None)
    assert events == [Progress(step=step, total=2, label="steps") for step in (1, 2)]
    assert isinstance(rendered, Rendered)
    assert Path(rendered.path).exists()


def test_jobs_without_a_model_for_them_are_refused(tmp_path: Path) -> None:
    empty = runtime()
    for job in (ask("x"), Generate(prompt="x", out=str(tmp_path / "v.mp4"))):
        with pytest.raises(EngineUnavailable, match="set up"):
            empty.run(job, lambda event: None, lambda: None)


@pytest.mark.parametrize("job", [Understand(turns=()), Generate(prompt=" ", out="o")])
def test_empty_requests_are_refused(job: Understand | Generate) -> None:
    with pytest.raises(BadRequest):
        runtime(understanding="Answers", generation="Videos").run(job, lambda event: None, lambda: None)


def test_a_video_model_that_writes_nothing_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = runtime(generation="Videos")
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: len(data))
    with pytest.raises(JobFailed):
        made.run(Generate(prompt="x", out=str(tmp_path / "v.mp4")), lambda event: None, lambda: None)


def test_a_backend_whose_packages_are_missing_stops_the_loading() -> None:
    with pytest.raises(MissingExtra, match="pip install"):
        runtime(understanding="NotInstalled")


def gallery(*names: str) -> Runtime:
    default, *more = (ModelChoice(backend=f"tests.fakes.engine_backends:{name}") for name in names)
    made = Runtime(RuntimeConfig(models={Role.GENERATION: default}, more={Role.GENERATION: tuple(more)}))
    made.load()
    return made


@pytest.mark.parametrize(("name", "model"), [("", "fake"), ("Videos", "fake"), ("OtherVideos", "other")])
def test_a_video_is_made_by_the_model_that_was_asked_for(name: str, model: str, tmp_path: Path) -> None:
    backend = f"tests.fakes.engine_backends:{name}" if name else ""
    job = Generate(prompt="x", out=str(tmp_path / "v.mp4"), seconds=0.1, model=backend)
    rendered = gallery("Videos", "OtherVideos").run(job, lambda event: None, lambda: None)
    assert isinstance(rendered, Rendered)
    assert rendered.model == model


def test_a_model_that_is_not_here_is_refused_by_naming_those_that_are(tmp_path: Path) -> None:
    job = Generate(prompt="x", out=str(tmp_path / "v.mp4"), model="sora")
    with pytest.raises(UnknownModel, match=r"“sora”.*backends:Videos, tests\.fakes\.engine_backends:OtherVideos\."):
        gallery("Videos", "OtherVideos").run(job, lambda event: None, lambda: None)


def test_every_model_of_the_gallery_must_be_installed() -> None:
    with pytest.raises(MissingExtra, match="pip install fake"):
        gallery("Videos", "VideosNotInstalled")


# --- guards ---


class ScriptedGuard:
    """Answers each call with the next script: one mapping an input."""

    def __init__(self, *scripts: list[Mapping[Category, float]] | Exception) -> None:
        self._scripts = iter(scripts)
        self.sizes: list[int] = []

    def score(self, inputs: Sequence[Any]) -> list[Mapping[Category, float]]:
        self.sizes.append(len(inputs))
        script = next(self._scripts)
        if isinstance(script, Exception):
            raise script
        return script


def guard(*scripts: list[Mapping[Category, float]] | Exception, role: Role = Role.TEXT_GUARD) -> tuple[Any, ModelCard]:
    card = ModelCard(role=role, backend="fake", name="scripted", categories=(SEXUAL, VIOLENCE))
    return ScriptedGuard(*scripts), card


def moderate(guards: Guards, job: Moderate) -> tuple[Any, int]:
    return guards.score(job, MediaLimits(), lambda: None)


@pytest.fixture
def clips(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """Clips that exist only here: path → the times of their frames."""
    times: dict[str, list[float]] = {}

    @contextmanager
    def open_clip(path: Path, limits: MediaLimits, *, checkpoint: Any = None) -> Iterator[Any]:
        frames = [SimpleNamespace(time_s=time_s, image=None) for time_s in times[str(path)]]
        yield SimpleNamespace(sample=lambda count: frames[:count])

    monkeypatch.setitem(sys.modules, "engine.media", SimpleNamespace(open_clip=open_clip))
    return times


def test_each_category_of_a_text_is_scored() -> None:
    scores, frames = moderate(Guards(guard([{SEXUAL: 0.2, VIOLENCE: 0.7}]), None), Moderate(text="x"))
    assert [(each.category, each.score, each.source) for each in scores] == [
        (VIOLENCE, 0.7, "text"),
        (SEXUAL, 0.2, "text"),
    ]
    assert frames == 0


def test_the_highest_score_of_each_category_comes_first_then_every_frame_by_time(clips: dict[str, list[float]]) -> None:
    clips["c"] = [0.0, 1.0, 2.0]
    frames = guard(
        [{SEXUAL: 0.1, VIOLENCE: 0.5}, {SEXUAL: 0.9, VIOLENCE: 0.4}, {SEXUAL: 0.2, VIOLENCE: 0.3}],
        role=Role.FRAME_GUARD,
    )
    scores, count = moderate(Guards(None, frames), Moderate(clips=(Clip(path="c"),)))
    assert count == 3
    assert [(each.category, each.score, each.time_s) for each in scores[:2]] == [
        (SEXUAL, 0.9, 1.0),
        (VIOLENCE, 0.5, 0.0),
    ]
    assert [each.time_s for each in scores[2:]] == [0.0, 1.0, 2.0, 2.0]
    assert {each.clip for each in scores} == {0}


def test_many_frames_are_scored_in_batches(clips: dict[str, list[float]]) -> None:
    clips["c"] = [float(second) for second in range(40)]
    even: Mapping[Category, float] = {SEXUAL: 0.0, VIOLENCE: 0.0}
    frames = guard([even] * 32, [even] * 8, role=Role.FRAME_GUARD)
    _, count = moderate(Guards(None, frames), Moderate(clips=(Clip(path="c"),), frames=40))
    assert (count, frames[0].sizes) == (40, [32, 8])


@pytest.mark.parametrize("job", [Moderate(text="x"), Moderate(clips=(Clip(path="c"),))])
def test_nothing_is_let_through_without_the_guard_for_it(job: Moderate, clips: dict[str, list[float]]) -> None:
    clips["c"] = [0.0]
    with pytest.raises(GuardUnavailable):
        moderate(Guards(None, None), job)


@pytest.mark.parametrize(
    "script",
    [
        RuntimeError("boom"),
        MemoryError(),
        [{SEXUAL: 0.1}],
        [{SEXUAL: 0.1, VIOLENCE: math.nan}],
        [{SEXUAL: 0.1, VIOLENCE: 1.5}],
        [{SEXUAL: 0.1, VIOLENCE: None}],
        [],
        [{SEXUAL: 0.1, VIOLENCE: 0.1}] * 2,
    ],
)
def test_a_guard_that_fails_in_any_way_lets_nothing_through(script: Any) -> None:
    with pytest.raises(GuardUnavailable):
        moderate(Guards(guard(script), None), Moderate(text="x"))


def test_a_clip_without_frames_is_not_safe(clips: dict[str, list[float]]) -> None:
    clips["c"] = []
    with pytest.raises(GuardUnavailable):
        moderate(Guards(None, guard(role=Role.FRAME_GUARD)), Moderate(clips=(Clip(path="c"),)))


def test_a_clip_that_cannot_be_read_says_so(clips: dict[str, list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NoPicture("There is no picture in this file.")

    monkeypatch.setattr(sys.modules["engine.media"], "open_clip", refuse)
    with pytest.raises(NoPicture):
        moderate(Guards(None, guard(role=Role.FRAME_GUARD)), Moderate(clips=(Clip(path="c"),)))


def test_coverage_is_what_the_loaded_guards_can_score() -> None:
    loaded = runtime(text_guard="TextGuard").coverage
    assert loaded.text == (Category.HARASSMENT, Category.SEXUAL)
    assert loaded.frames == ()
