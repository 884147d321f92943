"""A cancel is felt within a step in every family, and leaves neither file nor tensors."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import JobCancelled
from engine.types import Event, Progress

from .conftest import Denoising, Job, Make
from .test_rendering import LTX_WARNS, TEXT_TO_VIDEO


class Cancelled(Job):
    """Cancelled after a step, or whenever `cancel` is called."""

    def __init__(self, after_step: int | None = None) -> None:
        super().__init__(self._raise_if_cancelled)
        self._after_step = after_step
        self.cancelled = False

    def emit(self, event: Event) -> None:
        super().emit(event)
        if isinstance(event, Progress) and event.step == self._after_step:
            self.cancelled = True

    def cancel(self) -> None:
        self.cancelled = True

    def _raise_if_cancelled(self) -> None:
        if self.cancelled:
            raise JobCancelled("This was cancelled.")


@pytest.mark.parametrize("name", TEXT_TO_VIDEO)
def test_a_cancel_during_a_step_ends_with_it_and_frees_everything(
    make: Make, wish, denoising: Denoising, tmp_path: Path, name: str
) -> None:
    backend, context = make(name), Cancelled()
    backend.load()
    denoising.on_call = lambda: context.cancel() if denoising.calls == 1 else None  # when the second call begins
    with pytest.raises(JobCancelled) as cancelled:
        backend.render(wish(), context)
    assert denoising.calls <= 2
    assert denoising.alive == 0
    assert list(tmp_path.glob("*.mp4*")) == []
    assert cancelled.value.message == "This was cancelled."


@pytest.mark.parametrize("name", TEXT_TO_VIDEO)
def test_a_cancel_after_a_step_lets_no_other_begin(make: Make, wish, denoising: Denoising, name: str) -> None:
    backend, context = make(name), Cancelled(after_step=1)
    backend.load()
    calls_at_cancel = 0

    def remember() -> None:
        nonlocal calls_at_cancel
        calls_at_cancel = denoising.calls + 1

    denoising.on_call = remember
    with pytest.raises(JobCancelled):
        backend.render(wish(), context)
    assert denoising.calls == calls_at_cancel
    assert context.steps == [(1, 3)]


@LTX_WARNS
@pytest.mark.parametrize("name", ["ltx-condition", "wan-ti2v", "wan-i2v", "cogvideox-i2v"])
def test_a_video_from_a_picture_can_be_cancelled_as_well(
    make: Make, wish, picture, denoising: Denoising, tmp_path: Path, name: str
) -> None:
    with pytest.raises(JobCancelled):
        make(name).render(wish(image=picture((200, 30, 30))), Cancelled(after_step=1))
    assert denoising.alive == 0
    assert list(tmp_path.glob("*.mp4*")) == []


@pytest.mark.parametrize("part", ["T5Block", "WanUpBlock"])
def test_a_cancel_is_felt_while_a_prompt_is_read_and_while_pictures_are_decoded(
    make: Make, wish, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    from torch.nn.modules.module import register_module_forward_pre_hook

    monkeypatch.setattr("engine.backends.diffusion.watch._PULSE_S", 0.0)
    backend, context, calls = make("wan"), Cancelled(), []
    backend.load()

    def on_layer(module: object, arguments: object) -> None:
        if part in type(module).__name__:
            calls.append(module)
            context.cancel()

    handle = register_module_forward_pre_hook(on_layer)
    try:
        with pytest.raises(JobCancelled):
            backend.render(wish(), context)
    finally:
        handle.remove()
    assert 1 <= len(calls) <= 2


def test_the_next_job_after_a_cancel_is_as_if_nothing_had_been(make: Make, wish) -> None:
    backend = make("wan-two-experts")
    before, after = wish(), wish()
    backend.render(before, Job())
    with pytest.raises(JobCancelled):
        backend.render(wish(), Cancelled(after_step=2))
    backend.render(after, Job())
    assert Path(before.out).read_bytes() == Path(after.out).read_bytes()


def test_a_cancel_before_the_first_step_makes_none(make: Make, wish, denoising: Denoising) -> None:
    context = Cancelled()
    context.cancel()
    with pytest.raises(JobCancelled):
        make("ltx").render(wish(), context)
    assert denoising.calls == 0
