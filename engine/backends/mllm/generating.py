"""One answer from one prompt: prefill, tokens one by one, and what is kept for the next question.

It drives the library's own `generate`, so that every family's positions and masks are its own business. It knows no
clip and no chat.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.backends.mllm.prefix import Kept, Prefixes, can_be_cut, restored, snapshot
from engine.backends.mllm.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backends.mllm.loading import Loaded

_CHECK_S = 0.05  # between check points inside a prefill


class Generator:
    """Generates with one loaded model. Re-entrant: a check point may run other questions to the same model.

    Answers are kept in `prefixes` and begin from there; with None they leave nothing in memory.
    """

    def __init__(self, loaded: Loaded, prefixes: Prefixes | None, temperature: float = 0.0) -> None:
        self._loaded = loaded
        self.prefixes = prefixes
        self._temperature = temperature

    def answer(
        self,
        prompt: Prompt,
        streamer: Any,
        *,
        tokens: int,
        ends: Sequence[int],
        placeholders: Sequence[int],
        checkpoint: Callable[[], None] | None = None,
    ) -> None:
        """Stream up to `tokens` ids to the streamer, which may raise to stop; then nothing of this is kept.

        `checkpoint` is called between the layers of the prefill, at most every 50 ms, and may raise too.
        """
        import torch

        model = self._loaded.model
        inputs = placed(model, prompt.inputs)
        with torch.inference_mode(), own_positions(model), checked(model, checkpoint) as prefilled:
            first = _After(streamer, prefilled)
            if self.prefixes is None:
                self._generate(inputs, tokens=tokens, ends=ends, streamer=first)
            else:
                self._with_prefix(prompt, inputs, self.prefixes, tokens, ends, placeholders, first)

    def _with_prefix(
        self,
        prompt: Prompt,
        inputs: dict[str, Any],
        prefixes: Prefixes,
        tokens: int,
        ends: Sequence[int],
        placeholders: Sequence[int],
        streamer: Any,
    ) -> None:
        known = prefixes.take(prompt.ids, prompt.pictures, placeholders)
        cache = new_cache(self._loaded.model)
        if known is not None:
            cache.layers = known.layers
            inputs = without_pictures(inputs)
        length = known.length if known is not None else 0
        states, stop = None, 0
        if not all(map(can_be_cut, cache.layers)):
            stop = prompt.shared
            if length < stop:
                self._generate(beginning(inputs, stop), tokens=1, ends=ends, past_key_values=cache)
                inputs = without_pictures(inputs)
            states = snapshot(cache) if length <= stop else None
        said = self._generate(inputs, tokens=tokens, ends=ends, streamer=streamer, past_key_values=cache)
        if states is not None:
            prefixes.keep(Kept(prompt.ids[:stop], stop, prompt.pictures, restored(cache, states, stop)))
        elif stop == 0:
            ids = said[0].tolist()[: cache.get_seq_length()]
            prefixes.keep(Kept(tuple(ids), prompt.shared, prompt.pictures, list(cache.layers)))

    def _generate(self, inputs: Mapping[str, Any], *, tokens: int, ends: Sequence[int], **more: Any) -> Any:
        model = self._loaded.model
        forget_positions(model)
        sampling: dict[str, Any] = {"do_sample": False}
        if self._temperature > 0:
            sampling = {"do_sample": True, "temperature": self._temperature}
        return model.generate(**inputs, max_new_tokens=tokens, eos_token_id=list(ends), **sampling, **more)


class _After:
    """A streamer that says when the first new id is there: the prefill is over."""

    def __init__(self, streamer: Any, prefilled: Callable[[], None]) -> None:
        self._streamer = streamer
        self._prefilled = prefilled
        self._puts = 0

    def put(self, value: Any) -> None:
        self._puts += 1
        if self._puts == 2:  # the first is the prompt
            self._prefilled()
        self._streamer.put(value)

    def end(self) -> None:
        self._streamer.end()


def placed(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs on the model's device, pixels in its number format."""
    return {
        # Only pixels: seconds and sizes would lose digits in half precision.
        name: tensor.to(model.device, model.dtype if name.startswith("pixel_values") else None)
        for name, tensor in inputs.items()
    }


def new_cache(model: Any) -> Any:
    """An empty cache as the library would make it."""
    from transformers import DynamicCache

    return DynamicCache(config=model.config.get_text_config(decoder=True))


def without_pictures(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs without pixels: what becomes of them is in the cache. Their grids stay: positions follow from them."""
    return {name: tensor for name, tensor in inputs.items() if not name.startswith("pixel_")}


def beginning(inputs: Mapping[str, Any], length: int) -> dict[str, Any]:
    """The first `length` tokens of the inputs; what has not one value a token stays whole."""
    shape = inputs["input_ids"].shape
    return {name: each[:, :length] if each.shape == shape else each for name, each in inputs.items()}


@contextmanager
def own_positions(model: Any) -> Iterator[None]:
    """Whatever is asked of the model inside leaves its positions as they were before.

    Families whose positions have several dimensions remember the latest conversation's offset in the model itself.
    """
    held = [(module, module.rope_deltas) for module in _with_positions(model)]
    try:
        yield
    finally:
        for module, offset in held:
            module.rope_deltas = offset


def forget_positions(model: Any) -> None:
    """Let the next call work out its positions from its own tokens and not from those of the call before."""
    for module in _with_positions(model):
        module.rope_deltas = None


def _with_positions(model: Any) -> list[Any]:
    return [module for module in model.modules() if hasattr(module, "rope_deltas")]


@contextmanager
def checked(model: Any, checkpoint: Callable[[], None] | None) -> Iterator[Callable[[], None]]:
    """Make check points between the blocks of a model. Yields what ends that: tokens have check points of their own.

    A prefill of many frames takes seconds on a processor; without this nobody could stop it, and waiting checks would
    wait for it.
    """
    handles: list[Any] = []

    def over() -> None:
        while handles:
            handles.pop().remove()

    if checkpoint is not None:
        pause = _Pause(checkpoint)
        handles += [block.register_forward_pre_hook(pause) for block in _blocks(model)]
    try:
        yield over
    finally:
        over()


class _Pause:
    """A forward hook that makes a check point when the latest one is long ago, and none inside another."""

    def __init__(self, checkpoint: Callable[[], None]) -> None:
        self._checkpoint = checkpoint
        self._inside = False
        self._latest = time.monotonic()

    def __call__(self, module: Any, inputs: Any) -> None:
        if self._inside or time.monotonic() - self._latest < _CHECK_S:
            return
        self._inside = True
        try:
            self._checkpoint()
        finally:
            self._inside = False
            self._latest = time.monotonic()


def _blocks(model: Any) -> list[Any]:
    """The layers of the vision tower and of the language model: what stands in lists of modules, outermost."""
    import torch

    lists = [each for each in model.modules() if isinstance(each, torch.nn.ModuleList) and len(each)]
    inner = {id(below) for each in lists for block in each for below in block.modules() if below is not block}
    return [block for each in lists if id(each) not in inner for block in each]
