"""What keeps a pipeline in touch with its job: a bar, and hooks that go when they are done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.backends.diffusion import watch
from engine.types import MediaLimits, Progress

torch = pytest.importorskip("torch")


class Context:
    limits = MediaLimits()

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.checkpoints = 0

    def say(self, piece: str) -> None: ...

    def emit(self, event: Any) -> None:
        assert isinstance(event, Progress)
        self.told.append((event.step, event.total))

    def checkpoint(self) -> None:
        self.checkpoints += 1


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3))

    def forward(self, value: Any) -> Any:
        for block in self.blocks:
            value = block(value)
        return value


class Pipe(SimpleNamespace):
    """A pipeline as far as this room sees one: `steps` calls of its denoiser, of which the bar hears `told`."""

    def __init__(self, steps: int, told: int) -> None:
        network, encoder = Network(), Network()
        super().__init__(transformer=network, steps=steps, told=told)
        self.components = {"transformer": network, "text_encoder": encoder, "tokenizer": object()}

    def __call__(self) -> None:
        self.components["text_encoder"](torch.zeros(2))
        with self.progress_bar(total=self.steps) as bar:
            for step in range(self.steps):
                self.transformer(torch.zeros(2))
                if step >= self.steps - self.told:
                    bar.update()


def hooks(pipe: Pipe) -> int:
    parts = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(len(module._forward_pre_hooks) for part in parts for module in part.modules())


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PULSE_S", 0.0)


def test_every_step_is_told_and_every_layer_makes_a_checkpoint(pulse: None) -> None:
    pipe, context = Pipe(4, 4), Context()
    with watch.watched(pipe, context):
        pipe()
    assert context.told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    # Four steps, four calls, and three layers in each of these and in the encoder.
    assert context.checkpoints == 4 + 4 + 3 * (4 + 1)


def test_a_scheduler_that_announces_more_than_it_tells_ends_complete(pulse: None) -> None:
    pipe, context = Pipe(4, 3), Context()
    with watch.watched(pipe, context):
        pipe()
    assert context.told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_compiled_layers_are_left_alone(pulse: None) -> None:
    pipe, context = Pipe(2, 2), Context()
    with watch.watched(pipe, context, inside=False):
        pipe()
    assert context.checkpoints == 2 + 2 + 3  # the encoder is not compiled


def test_layers_are_not_asked_more_often_than_anybody_wants_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    calls: list[float] = []
    pulse = watch._Pulse(lambda: calls.append(now))
    for _ in range(100):
        now += watch._PULSE_S / 4
        pulse()
    assert 20 <= len(calls) <= 26


def test_hooks_and_bar_are_gone_afterwards_even_when_something_went_wrong() -> None:
    pipe = Pipe(2, 2)
    with pytest.raises(RuntimeError, match="hooks were here"), watch.watched(pipe, Context()):
        raise RuntimeError("hooks were here" if hooks(pipe) else "no hooks")
    assert hooks(pipe) == 0
    assert not hasattr(pipe, "progress_bar")


def test_both_experts_are_denoisers() -> None:
    pipe = SimpleNamespace(transformer=1, transformer_2=2, vae=3)
    assert watch.denoisers(pipe) == [1, 2]
    assert watch.denoisers(SimpleNamespace(unet=4, transformer_2=None)) == [4]
