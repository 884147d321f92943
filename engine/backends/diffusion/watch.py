"""Keeps a running pipeline in touch with its job: progress after each step, a checkpoint before and within each.

It knows torch modules and diffusers' progress bar, no family. All of our pipelines report each step to their progress
bar, also those without a callback; so the bar is what we listen to, in one way for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from engine.backends.base import JobContext
from engine.backends.diffusion.memory import modules
from engine.types import Progress

DENOISERS = ("transformer", "transformer_2", "unet")
# Layers call much more often than anybody wants to know; often enough for a cancel to be felt at once.
_PULSE_S = 0.02


def denoisers(pipe: Any) -> list[Any]:
    """The networks that a step runs; two where the noisy steps have an expert of their own."""
    return [found for name in DENOISERS if (found := getattr(pipe, name, None)) is not None]


@contextmanager
def watched(pipe: Any, context: JobContext, *, inside: bool = True) -> Iterator[None]:
    """While this lasts, `pipe` emits `Progress` and makes checkpoints; what a checkpoint raises unwinds the pipeline.

    Checkpoints come at every call of a denoiser and after every step, and from layers of all parts (text encoding and
    decoding, too) some fifty times a second. `inside` False leaves the denoisers' own layers alone: compiled ones would
    be compiled anew.
    """
    networks = denoisers(pipe)
    pulse = _Pulse(context.checkpoint)
    handles = [network.register_forward_pre_hook(_calling(context.checkpoint)) for network in networks]
    for part in modules(pipe):
        if inside or part not in networks:
            handles += [layer.register_forward_pre_hook(_calling(pulse)) for layer in _layers(part)]
    pipe.progress_bar = lambda iterable=None, total=None: _Bar(context, total)
    try:
        yield
    finally:
        del pipe.progress_bar  # the class's own again
        for handle in handles:
            handle.remove()


def _layers(part: Any) -> list[Any]:
    """The members of a network's lists of modules: its blocks."""
    import torch

    lists = [module for module in part.modules() if isinstance(module, torch.nn.ModuleList)]
    return [layer for each in lists for layer in each if not isinstance(layer, torch.nn.ModuleList)]


def _calling(action: Callable[[], None]) -> Callable[[Any, Any], None]:
    def hook(module: Any, arguments: Any) -> None:
        action()

    return hook


class _Pulse:
    """Passes on a call at most once in `_PULSE_S`."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._next_at = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next_at:
            self._action()
            self._next_at = time.monotonic() + _PULSE_S


class _Bar:
    """What a pipeline takes for its progress bar. Some schedulers report fewer steps than they announce; at the end all
    are done."""

    def __init__(self, context: JobContext, total: int) -> None:
        self._context = context
        self._total = int(total)
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def update(self, steps: int = 1) -> None:
        self._report(min(self._done + steps, self._total))
        self._context.checkpoint()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._done < self._total:
            self._report(self._total)

    def _report(self, done: int) -> None:
        self._done = done
        self._context.emit(Progress(step=done, total=self._total, label="steps"))
