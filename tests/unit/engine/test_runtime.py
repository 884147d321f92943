"""What each kind of job does with the models, and what it refuses to do without them. No process, no thread."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import (
    BadRequest,
    EngineUnavailable,
    JobFailed,
    MissingExtra,
    UnknownModel,
)
from engine.runtime import Runtime
from engine.types import (
    Answered,
    Category,
    Event,
    Generate,
    ModelChoice,
    Progress,
    Rendered,
    Role,
    RuntimeConfig,
    Token,
    Turn,
    Understand,
    VideoWanted,
)


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


def test_coverage_is_what_the_loaded_guards_can_score() -> None:
    loaded = runtime(text_guard="TextGuard").coverage
    assert loaded.text == (Category.HARASSMENT, Category.SEXUAL)
    assert loaded.frames == ()
