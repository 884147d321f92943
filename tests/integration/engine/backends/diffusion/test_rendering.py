"""Every family through the real pipelines: what comes out, what is reported, what a seed and a negative prompt do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import media
from engine.backends.accelerator import prepare
from engine.errors import BadRequest, JobFailed
from engine.types import Generate, MediaLimits, ModelChoice, Moderate, Progress, Rendered, Role, RuntimeConfig

from .conftest import SIZE, STEPS, Denoising, Job

TEXT_TO_VIDEO = ("zeroscope", "animatediff", "cogvideox", "ltx", "wan", "wan-two-experts", "hunyuan", "hunyuan15")
# LTX's condition pipeline hands its timesteps to numpy in a way that numpy 2 warns of.
LTX_WARNS = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
# Random weights hardly listen to words: guidance makes what they do hear visible.
LOUD = {"guidance": 60.0}
WISH: dict[str, Any] = {"prompt": "a red boat on a lake", "seed": 7, "seconds": 0.25, "width": 60, "height": 40}


def frames_of(path: str) -> int:
    with media.open_clip(path, MediaLimits()) as clip:
        return sum(1 for _ in clip.scan(max_fps=1000, max_side=64))


@pytest.fixture(scope="module")
def first(make, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Rendered, Job]]:
    """A family's first video, made once for all tests."""
    made: dict[str, tuple[Rendered, Job]] = {}

    def of(name: str) -> tuple[Rendered, Job]:
        if name not in made:
            context = Job()
            out = str(tmp_path_factory.mktemp("first") / f"{name}.mp4")
            made[name] = make(name, **LOUD).render(Generate(**{**WISH, "out": out}), context), context
        return made[name]

    return of


@pytest.mark.parametrize("name", TEXT_TO_VIDEO)
def test_a_video_has_the_asked_length_and_size_and_every_step_is_told(first, name: str) -> None:
    rendered, context = first(name)
    info = media.probe(rendered.path, MediaLimits())
    assert (rendered.width, rendered.height) == (info.width, info.height) == (60, 40)
    assert rendered.frames == round(WISH["seconds"] * rendered.fps) == frames_of(rendered.path)
    assert info.fps == pytest.approx(rendered.fps)
    assert context.steps == [(step, STEPS) for step in range(1, STEPS + 1)]
    assert rendered.seed == WISH["seed"]
    assert rendered.model == name


@pytest.mark.parametrize("name", TEXT_TO_VIDEO)
def test_a_seed_makes_the_same_file_again_and_another_seed_another(make, wish, first, name: str) -> None:
    again, other = wish(**WISH), wish(**{**WISH, "seed": 8})
    for job in (other, again):
        make(name, **LOUD).render(job, Job())
    original = Path(first(name)[0].path).read_bytes()
    assert Path(again.out).read_bytes() == original
    assert Path(other.out).read_bytes() != original


@pytest.mark.parametrize("name", TEXT_TO_VIDEO)
def test_a_negative_prompt_changes_the_video(make, wish, first, name: str) -> None:
    without = wish(**WISH, negative_prompt="boats, water")
    make(name, **LOUD).render(without, Job())
    assert Path(without.out).read_bytes() != Path(first(name)[0].path).read_bytes()


def test_an_operators_negative_prompt_is_added_to_every_job(make, wish) -> None:
    asked = wish(negative_prompt="boats, blurry")
    make("ltx", **LOUD).render(asked, Job())
    added, without = wish(negative_prompt="boats"), wish(negative_prompt="boats")
    make("ltx", negative_prompt="blurry", **LOUD).render(added, Job())
    make("ltx", **LOUD).render(without, Job())
    assert Path(asked.out).read_bytes() == Path(added.out).read_bytes() != Path(without.out).read_bytes()


def test_both_experts_work_on_a_video(make, wish, denoising: Denoising) -> None:
    context = Job()
    make("wan-two-experts", steps=8).render(wish(seconds=0.2), context)
    assert len(denoising.modules) == 2
    assert context.steps[-1] == (8, 8)


def test_steps_and_guidance_follow_the_options(make, wish, denoising: Denoising) -> None:
    guided, context = wish(seconds=0.2), Job()
    make("wan", steps=2, **LOUD).render(guided, context)
    assert context.steps == [(1, 2), (2, 2)]
    assert denoising.calls == 4  # with and without the prompt
    unguided = wish(seconds=0.2)
    make("wan", steps=2, guidance=1.0).render(unguided, Job())
    assert denoising.calls == 6  # a scale of 1 needs no second pass
    assert Path(guided.out).read_bytes() != Path(unguided.out).read_bytes()


def test_the_guidance_of_a_family_that_keeps_it_in_a_component_follows_the_option(make, wish) -> None:
    strong, weak = wish(seconds=0.1), wish(seconds=0.1)
    make("hunyuan15").render(strong, Job())
    make("hunyuan15", **LOUD).render(weak, Job())
    assert Path(strong.out).read_bytes() != Path(weak.out).read_bytes()


def test_a_wish_longer_than_the_family_gets_its_longest_and_the_truth_is_told(make, wish) -> None:
    job = wish(seconds=60.0)
    rendered = make("cogvideox", steps=1).render(job, Job())
    assert rendered.frames == 49 == frames_of(job.out)


def test_a_video_without_a_seed_tells_the_one_it_was_made_with(make, wish) -> None:
    chosen = wish(seed=None, seconds=0.2)
    seed = make("ltx").render(chosen, Job()).seed
    again = wish(seed=seed, seconds=0.2)
    make("ltx").render(again, Job())
    assert Path(chosen.out).read_bytes() == Path(again.out).read_bytes()


@pytest.mark.parametrize(
    "impossible",
    [{"seconds": float("nan")}, {"seconds": 0.0}, {"seconds": -1.0}, {"width": 8}, {"height": 10_000}],
)
def test_an_impossible_wish_is_refused_before_anything_is_loaded(make, wish, impossible: dict[str, float]) -> None:
    backend = make("wan", fresh=True)
    with pytest.raises(BadRequest, match="can't be made"):
        backend.render(wish(**impossible), Job())
    assert "not loaded" in repr(backend)


def test_numbers_that_are_no_picture_are_a_failure_and_not_a_black_video(make, wish, tmp_path: Path) -> None:
    import torch

    backend = make("wan", fresh=True)
    backend.load()

    def overflow(module: object, arguments: object, output: object) -> object:
        return (torch.full_like(output[0], torch.nan),) if type(module).__name__ == "WanTransformer3DModel" else None

    handle = torch.nn.modules.module.register_module_forward_hook(overflow)
    try:
        with pytest.raises(JobFailed, match="made no picture"):
            backend.render(wish(), Job())
    finally:
        handle.remove()
    assert list(tmp_path.glob("*.mp4*")) == []


def test_a_check_of_others_runs_between_the_steps_and_changes_nothing(tiny, make, wish) -> None:
    prepare()
    import torch

    from engine.runtime import Runtime

    alone = wish()
    make("wan").render(alone, Job())
    choice = ModelChoice(backend="diffusers", model=str(tiny("wan")), options={"steps": STEPS, "size": SIZE})
    guard = ModelChoice(backend="tests.fakes.engine_backends:TextGuard")
    runtime = Runtime(RuntimeConfig(models={Role.GENERATION: choice, Role.TEXT_GUARD: guard}, device="cpu"))
    runtime.load()
    scored = []
    guard_model = torch.nn.Linear(4, 4)

    def checkpoint() -> None:
        with torch.inference_mode():
            guard_model(torch.rand(2, 4))  # a model that draws from the random numbers that torch has for all
        scored.append(runtime.run(Moderate(text="hello"), lambda event: None, lambda: None))

    disturbed = wish()
    rendered = runtime.run(disturbed, lambda event: None, checkpoint)
    assert isinstance(rendered, Rendered)
    assert len(scored) > STEPS
    assert Path(alone.out).read_bytes() == Path(disturbed.out).read_bytes()


def test_progress_never_goes_back(make, wish) -> None:
    context = Job()
    make("animatediff", steps=5).render(wish(), context)
    told = [event.step for event in context.events if isinstance(event, Progress)]
    assert told == sorted(set(told))
    assert {event.label for event in context.events} == {"steps"}
