"""Cuts long texts into overlapping windows that a model can read whole. Knows no model but its tokenizer."""

from __future__ import annotations

from typing import Any

# A window is cut between tokens and read anew, which can give a token or two more at its edges.
SLACK = 8


def windows(text: str, tokenizer: Any, size: int) -> list[str]:
    """`text` in pieces of at most `size` tokens; an eighth of each is in the next one too, so that what is said across
    a cut is read whole once. Every character with a token is in some piece."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    if len(offsets) <= size:
        return [text]
    step = max(1, size - size // 8)
    starts = range(0, len(offsets) - (size - step), step)
    return [text[offsets[at][0] : offsets[min(at + size, len(offsets)) - 1][1]] for at in starts]
