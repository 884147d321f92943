"""Models that share a small device: who is loaded when, and that no byte is taken that is not there."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from engine.backends.base import Footprint, JobContext
from engine.errors import JobCancelled, MissingModel, OutOfMemory
from engine.residents import Residents, _budget
from engine.runtime import Runtime
from engine.types import (
    Answered,
    Clip,
    Generate,
    Job,
    ModelCard,
    ModelChoice,
    Moderate,
    Rendered,
    Role,
    RuntimeConfig,
    Transcribe,
    Transcribed,
    Turn,
    Understand,
)
from tests.fakes import engine_backends
from tests.fakes.engine_backends import Device


class House:
    """A runtime on a device of `memory` bytes, and what happened to its models."""

    def __init__(self, folder: Path, memory: int, models: dict[Role, ModelChoice], **more: Any) -> None:
        self.journal = folder / "journal"
        self.folder = folder
        self.runtime = Runtime(RuntimeConfig(models=models, device="cpu", memory_bytes=memory, **more))
        self.sizes: list[int] = []
        self.loaded = self.runtime.load(self.sizes.append)

    def happened(self) -> list[str]:
        """What happened since last asked."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        self.journal.unlink(missing_ok=True)
        return lines

    def run(self, job: Job, checkpoint: Callable[[], None] = lambda: None) -> Any:
        return self.runtime.run(job, lambda event: None, checkpoint)

    def ask(self, text: str = "say:x", checkpoint: Callable[[], None] = lambda: None) -> Any:
        return self.run(ask(text), checkpoint)

    def render(self, prompt: str = "step", model: str = "", checkpoint: Callable[[], None] = lambda: None) -> Any:
        return self.run(Generate(prompt=prompt, out=str(self.folder / "v.mp4"), model=model), checkpoint)


def ask(text: str) -> Understand:
    return Understand(turns=(Turn(role="user", text=text),))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    fresh = Device()
    monkeypatch.setattr(engine_backends, "DEVICE", fresh)
    return fresh


@pytest.fixture
def model(tmp_path: Path, device: Device) -> Callable[..., ModelChoice]:
    """`model("chat", "ResidentAnswers", 400, peak=100)`"""

    def choose(name: str, kind: str, weights: int, **options: Any) -> ModelChoice:
        journal = str(tmp_path / "journal")
        return ModelChoice(
            backend=f"tests.fakes.engine_backends:{kind}",
            name=name,
            options={"weights": weights, "journal": journal, **options},
        )

    return choose


@pytest.fixture
def small(tmp_path: Path, device: Device, model: Callable[..., ModelChoice]) -> House:
    """Room for the guard and one of the two large models."""
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 500, peak=100),
        Role.GENERATION: model("video", "ResidentVideos", 600, peak=100),
        Role.TEXT_GUARD: model("guard", "ResidentGuard", 100, peak=50),
    }
    return House(tmp_path, 1000, models)


# --- start ---


def test_all_models_are_loaded_once_the_guards_first_and_the_one_for_questions_stays(small: House) -> None:
    assert small.happened() == ["load guard", "load video", "unload video", "load chat"]
    assert set(engine_backends.DEVICE.held) == {"guard", "chat"}


def test_each_loading_is_announced_with_its_bytes(small: House) -> None:
    assert small.sizes == [100, 600, 500]
    small.render()
    assert small.sizes[3:] == [600]
    small.render()
    assert len(small.sizes) == 4


def test_models_that_fit_together_stay_together(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 300),
        Role.GENERATION: model("video", "ResidentVideos", 300),
    }
    house = House(tmp_path, 1000, models)
    house.ask(), house.render(), house.ask()
    assert house.happened() == ["load video", "load chat", "work chat", "work video", "work chat"]


def test_a_model_that_turns_out_larger_than_expected_makes_room_afterwards(
    tmp_path: Path, model: Callable[..., ModelChoice]
) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 560, expected=100),
        Role.GENERATION: model("video", "ResidentVideos", 400),
    }
    house = House(tmp_path, 1000, models)
    assert house.happened() == ["load video", "load chat", "unload video"]


def test_a_model_that_finds_no_room_is_loaded_once_everybody_has_left(
    tmp_path: Path, device: Device, model: Callable[..., ModelChoice]
) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 800, expected=100),
        Role.GENERATION: model("video", "ResidentVideos", 400),
    }
    house = House(tmp_path, 1000, models)
    # The second "unload chat" takes away what a loading that broke off may have left.
    assert house.happened() == ["load video", "load chat", "unload chat", "unload video", "relieve chat", "load chat"]
    assert device.held == {"chat": 800}


def test_a_model_that_does_not_fit_alone_stops_the_start_with_a_reason(
    tmp_path: Path, model: Callable[..., ModelChoice]
) -> None:
    with pytest.raises(OutOfMemory, match=r"“chat \(understanding\)”.*choose a smaller one"):
        House(tmp_path, 1000, {Role.UNDERSTANDING: model("chat", "ResidentAnswers", 1200)})


def test_the_cards_keep_the_order_of_the_configuration(small: House) -> None:
    assert [card.name for card in small.loaded.cards] == ["chat", "video", "guard"]


def test_without_a_model_that_takes_memory_the_device_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: RuntimeConfig) -> int:
        raise AssertionError("nobody needs to know")

    monkeypatch.setattr("engine.residents._budget", refuse)
    lite = ModelChoice(backend="tests.fakes.engine_backends:Answers")
    runtime = Runtime(RuntimeConfig(models={Role.UNDERSTANDING: lite}))
    runtime.load()
    assert isinstance(runtime.run(ask("say:x"), lambda event: None, lambda: None), Answered)
    assert not runtime.relieve(ask("say:x"))


# --- turns ---


def test_large_models_take_turns_and_the_guard_stays(small: House) -> None:
    small.happened()
    for use in (small.render, small.render, small.ask):
        use()
    small.run(Moderate(text="x"))
    assert small.happened() == [
        "unload chat",
        "load video",
        "work video",
        "work video",
        "unload video",
        "load chat",
        "work chat",
        "work guard",
    ]
    assert engine_backends.DEVICE.most <= 950


def test_the_least_recently_used_one_leaves(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    house = House(
        tmp_path,
        1000,
        {
            Role.UNDERSTANDING: model("chat", "ResidentAnswers", 300),
            Role.GENERATION: model("video", "ResidentVideos", 300),
            Role.SPEECH: model("speech", "ResidentSpeech", 300),
        },
        more={Role.GENERATION: (model("other", "ResidentVideos", 300),)},
    )
    assert set(engine_backends.DEVICE.held) == {"chat", "video", "other"}
    house.render(model="other")
    house.happened()
    heard = house.run(Transcribe(clip=Clip(path="c", name="say:hello")))
    assert isinstance(heard, Transcribed)
    assert heard.utterances[0].text == "hello"
    assert house.happened() == ["unload video", "load speech", "work speech"]
    house.ask()
    house.render(model="video")
    assert house.happened() == ["work chat", "unload other", "load video", "work video"]


def test_room_is_made_for_the_work_too(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 400),
        Role.GENERATION: model("video", "ResidentVideos", 400, peak=300),
    }
    house = House(tmp_path, 1000, models)
    assert "unload" not in " ".join(house.happened())
    house.ask()
    house.render()
    assert house.happened() == ["work chat", "unload chat", "work video"]


def test_what_a_job_was_seen_to_take_is_planned_for_the_next_time(
    tmp_path: Path, model: Callable[..., ModelChoice], caplog: pytest.LogCaptureFixture
) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 300),
        Role.GENERATION: model("video", "ResidentVideos", 300),
    }
    house = House(tmp_path, 1000, models)
    house.happened()
    with caplog.at_level(logging.INFO):
        house.ask("need:380")
    assert "memory: chat (understanding) takes" in caplog.text
    house.ask()
    assert house.happened() == ["work chat", "unload video", "work chat"]


def test_the_model_that_a_guard_looks_through_is_loaded_before_it_and_never_leaves(
    tmp_path: Path, model: Callable[..., ModelChoice]
) -> None:
    models = {
        Role.GENERATION: model("video", "ResidentVideos", 600),
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 350),
        Role.TEXT_GUARD: model("judge", "JudgingGuard", 0),
    }
    house = House(tmp_path, 1000, models)
    assert house.happened() == ["load chat", "attach judge", "load judge", "load video"]
    house.render("step", checkpoint=lambda: house.run(Moderate(text="x")))
    assert house.happened() == ["work video", "work chat", "work judge"]


def test_a_check_between_two_steps_evicts_nobody(small: House) -> None:
    small.happened()

    def check() -> None:
        small.run(Moderate(text="x"))

    assert isinstance(small.render("step step", checkpoint=check), Rendered)
    found = small.happened()
    assert found.count("work guard") == 4  # before and after the loading, and at each step
    assert [line for line in found if not line.startswith("work")] == ["unload chat", "load video"]
    assert engine_backends.DEVICE.most <= 950


def test_a_job_that_is_cancelled_before_its_model_was_loaded_moves_nothing(small: House) -> None:
    small.happened()

    def cancel() -> None:
        raise JobCancelled("This was cancelled.")

    with pytest.raises(JobCancelled):
        small.render(checkpoint=cancel)
    assert small.happened() == []


def test_a_job_that_is_cancelled_while_its_model_is_loaded_leaves_it_ready(small: House) -> None:
    small.happened()
    calls = iter(["before"])

    def cancel() -> None:
        if next(calls, None) is None:
            raise JobCancelled("This was cancelled.")

    with pytest.raises(JobCancelled):
        small.render(checkpoint=cancel)
    assert small.happened() == ["unload chat", "load video"]
    small.render()
    assert small.happened() == ["work video"]


def test_loading_is_not_the_models_own_time(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("engine.runtime.time.monotonic", lambda: clock[0])
    small.runtime._residents.loading = lambda size: clock.__setitem__(0, clock[0] + 60.0)
    assert small.render().seconds == 0.0


# --- things that go wrong ---


def test_a_model_that_cannot_be_unloaded_is_loaded_anew_before_it_works_again(
    tmp_path: Path, device: Device, model: Callable[..., ModelChoice], caplog: pytest.LogCaptureFixture
) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 300, fails="unload"),
        Role.GENERATION: model("video", "ResidentVideos", 300, peak=400),
    }
    house = House(tmp_path, 1000, models)
    house.happened()
    house.render()
    assert "chat (understanding) could not be unloaded" in caplog.text
    house.ask()
    assert house.happened() == ["unload chat", "work video", "load chat", "work chat"]


def test_a_model_that_cannot_be_loaded_again_fails_its_job_only(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Any) -> None:
        raise MissingModel("Its files are gone. Fetch them again.")

    with monkeypatch.context() as patch:
        patch.setattr(engine_backends.ResidentVideos, "load", gone)
        with pytest.raises(MissingModel):
            small.render()
    assert isinstance(small.ask(), Answered)
    assert isinstance(small.render(), Rendered)


def test_relief_makes_all_others_leave_but_the_guards(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    models = {
        Role.UNDERSTANDING: model("chat", "ResidentAnswers", 200, thrifty=True),
        Role.GENERATION: model("video", "ResidentVideos", 200),
        Role.TEXT_GUARD: model("guard", "ResidentGuard", 100),
    }
    house = House(tmp_path, 1000, models)
    house.happened()
    assert house.runtime.relieve(ask("say:x"))
    assert house.happened() == ["unload video", "relieve chat"]
    assert house.runtime.relieve(Generate(prompt="x", out="v"))
    assert house.happened() == ["unload chat", "relieve video"]


def test_a_model_that_breaks_while_it_is_relieved_is_loaded_anew_for_the_next_job(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loads_itself_anew(self: Any) -> bool:
        self.unload()
        raise MissingModel("Its files are gone. Fetch them again.")

    small.render()
    monkeypatch.setattr(engine_backends.ResidentVideos, "relieve", loads_itself_anew)
    with pytest.raises(MissingModel):
        small.runtime.relieve(Generate(prompt="x", out="v"))
    small.happened()
    assert isinstance(small.render(), Rendered)
    assert small.happened() == ["load video", "work video"]


def test_no_relief_is_claimed_where_there_is_none(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    house = House(tmp_path, 1000, {Role.UNDERSTANDING: model("chat", "ResidentAnswers", 200)})
    assert not house.runtime.relieve(ask("say:x"))
    assert not house.runtime.relieve(Moderate(text="x"))


# --- the budget ---


def test_the_budget_is_what_is_there_or_less_where_the_operator_wants_it() -> None:
    everything = _budget(RuntimeConfig(models={}, device="cpu"))
    assert everything > 1 << 28
    assert _budget(RuntimeConfig(models={}, device="cpu", memory_bytes=1000)) == 1000
    assert _budget(RuntimeConfig(models={}, device="cpu", memory_bytes=1 << 60)) <= everything * 2


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("engine.residents._CONTAINER_LIMIT", limit)
    for said, budget in (("4096\n", 4096), ("max\n", None)):
        limit.write_text(said)
        found = _budget(RuntimeConfig(models={}, device="cpu"))
        assert found == budget if budget else found > 4096


# --- with torch ---


class Linear:
    """A real model on a real device: one layer of 4 MiB."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.layer: Any = None

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        return cls(choice.key)

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="fake", name=self.name)

    def load(self) -> None:
        import torch

        self.layer = torch.nn.Linear(1024, 1024, bias=False)
        self.layer.itself = [self.layer]  # as large models do

    def footprint(self) -> Footprint:
        return Footprint(1024 * 1024 * 4)

    def unload(self) -> None:
        self.layer = None

    def relieve(self) -> bool:
        return False

    def answer(self, job: Understand, context: JobContext) -> list[str]:
        import torch

        with torch.inference_mode():
            return [f"{self.layer(torch.ones(1, 1024)).numel()}"]


@pytest.fixture
def garbage() -> Iterator[None]:
    """Collected by nobody but the code under test, and back to normal at the end."""
    gc.collect()
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("garbage")
def test_an_unloaded_torch_model_is_really_gone_even_when_it_refers_to_itself() -> None:
    first, second = Linear("first"), Linear("second")
    residents = Residents(RuntimeConfig(models={}, device="cpu", memory_bytes=6 << 20), alone=True)
    residents.add("first", first)
    residents.add("second", second)
    residents.load("first")
    weights = weakref.ref(first.layer.weight)
    residents.settle()
    residents.load("second")
    assert weights() is None
    with residents.at_work("first", lambda: None):
        assert first.layer is not None
        assert second.layer is None


@pytest.mark.usefixtures("garbage")
def test_collections_do_not_go_through_what_was_loaded(tmp_path: Path, model: Callable[..., ModelChoice]) -> None:
    models = {Role.UNDERSTANDING: model("chat", "ResidentAnswers", 1)}
    config = RuntimeConfig(models=models, device="cpu", memory_bytes=1000)
    Runtime(config, alone=True).load()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 1000
    gc.unfreeze()
    Runtime(config).load()
    assert gc.get_freeze_count() == 0
