"""Result files: arrays one behind the other. The writing end is a decoding process, so the reading end believes nothing
that it says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.decoding.wire import Decoded, Piece
from engine.errors import JobFailed

_LONGEST_SIDE = 1 << 17
_MOST_BYTES = 1 << 30


def write(file: BinaryIO, time_s: float, array: NDArray[Any]) -> Piece:
    """Append an array. Returns how it is found again."""
    file.write(np.ascontiguousarray(array).data)
    return Piece(float(time_s), array.shape)


def read(decoded: Decoded, dtype: type[np.uint8] | type[np.float32], dimensions: int) -> list[tuple[float, Any]]:
    """(time in seconds, array) of each piece. The arrays are our own copies: what happens to the file afterwards cannot
    touch them. Raises `FileNotFoundError` when the result is kept no more, `JobFailed` when it is not what it says."""
    if not decoded.pieces:
        return []
    size = _size(decoded.pieces, dimensions) * np.dtype(dtype).itemsize
    data = np.empty(size, np.uint8)
    with Path(decoded.path).open("rb", buffering=0) as file:
        if file.readinto(data.data) != size:
            raise _nonsense()
    found, at = [], 0
    items = data.view(dtype)
    for piece in decoded.pieces:
        count = math.prod(piece.shape)
        found.append((piece.time_s, items[at : at + count].reshape(piece.shape)))
        at += count
    return found


def _size(pieces: Sequence[Piece], dimensions: int) -> int:
    total = 0
    for piece in pieces:
        sides = piece.shape
        if len(sides) != dimensions or not math.isfinite(piece.time_s) or (dimensions == 3 and sides[2] != 3):
            raise _nonsense()
        if not all(0 < side <= (_LONGEST_SIDE if dimensions == 3 else _MOST_BYTES) for side in sides):
            raise _nonsense()
        total += math.prod(sides)
    if total > _MOST_BYTES:
        raise _nonsense()
    return total


def _nonsense() -> JobFailed:
    return JobFailed("Something went wrong while that file was read. Please try again.")
