"""A yes or no about pictures, as a probability: what the model would say next, without letting it speak.

It changes nothing in the model: an answer that it interrupts goes on as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.backends.mllm.generating import forget_positions, own_positions, placed
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.backends.base import Image
    from engine.backends.mllm.loading import Loaded
    from engine.backends.mllm.prompt import Prompter

_AT_ONCE = 8  # pictures: as many as an answer's own frames, so that a judgement needs no more memory than an answer
_YES = ("yes", "Yes", "YES", " yes", " Yes", " YES")
_NO = ("no", "No", "NO", " no", " No", " NO")


def yes_probability(loaded: Loaded, prompter: Prompter, images: Sequence[Image], question: str) -> list[float]:
    """P(yes) against P(no) for each picture ((H, W, 3) uint8 RGB), from the scores of the first token of an answer."""
    yes, no = words(loaded.tokenizer)
    found = [0.0] * len(images)
    for batch in _batches(images):
        scores = _scores(loaded, prompter.about_pictures([images[index] for index in batch], question))
        said = scores[:, yes].logsumexp(-1) - scores[:, no].logsumexp(-1)
        for index, value in zip(batch, said.sigmoid().tolist(), strict=True):
            found[index] = value
    return found


def words(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The ids that begin a yes, and those that begin a no, in any spelling; an id that could be either is in neither.

    Raises `BadRequest` for a tokenizer that cannot tell them apart.
    """
    yes, no = _beginnings(tokenizer, _YES), _beginnings(tokenizer, _NO)
    both = yes & no
    if not yes - both or not no - both:
        raise BadRequest("This model's tokenizer cannot tell yes from no, so it cannot judge pictures. Choose another.")
    return sorted(yes - both), sorted(no - both)


def _beginnings(tokenizer: Any, spellings: Sequence[str]) -> set[int]:
    spelt = [tokenizer(each, add_special_tokens=False)["input_ids"] for each in spellings]
    # A blank that is a token of its own begins everything.
    return {ids[0] for ids in spelt if ids and tokenizer.decode([ids[0]]).strip()}


def _batches(images: Sequence[Image]) -> list[list[int]]:
    """Positions of pictures of one size each, a few at once: then no row of a batch is longer than another."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(images):
        by_size.setdefault(image.shape, []).append(index)
    return [group[start : start + _AT_ONCE] for group in by_size.values() for start in range(0, len(group), _AT_ONCE)]


def _scores(loaded: Loaded, inputs: Any) -> Any:
    """What the model would say next, (pictures, vocabulary) in float32."""
    import inspect

    import torch

    model = loaded.model
    # Not every family can leave out the scores of the other tokens.
    last = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    with torch.inference_mode(), own_positions(model):
        forget_positions(model)
        return model(**placed(model, inputs), use_cache=False, **last).logits[:, -1].float()
