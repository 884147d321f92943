"""Which contents broke a decoding process. It knows hashes only: no name, no sender. What it knows outlives the bot."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections import OrderedDict
from pathlib import Path

import msgspec

from engine.errors import DecodeTimeout, MediaError, PoisonedClip

_FILE = "broke-a-decoder.json"
_REMEMBERED = 4096
_TIMES = 2

log = logging.getLogger(__name__)


class _Mark(msgspec.Struct):
    """How often a content broke a decoder, and in which operation last."""

    times: int
    operation: str


class Poison:
    """Marks, the latest ones last. After the second a content is poisoned, for everybody and for good."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / _FILE if folder is not None else None
        self._broke: OrderedDict[str, _Mark] = OrderedDict()
        self._slow: OrderedDict[str, int] = OrderedDict()  # until the next start: a busy machine makes slow as well

    def load(self) -> None:
        """Read what earlier starts wrote. A file that cannot be read counts as none. Blocks."""
        if self._path is None:
            return
        try:
            self._broke.update(msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Mark]))
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("the list of files that broke a decoder could not be read: %s", error)

    def save(self) -> None:
        """Write it for the next start. A disk that refuses is no reason to stop. Blocks."""
        if self._path is None:
            return
        data = msgspec.json.encode(dict(self._broke))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, part = tempfile.mkstemp(prefix=".broke-", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(part).replace(self._path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(part).unlink()
                raise
        except OSError as error:
            log.warning("the list of files that broke a decoder could not be written: %s", error)

    def verdict(self, content: str) -> MediaError | None:
        """Why this content is not read; None when it may be."""
        mark = self._broke.get(content)
        if mark is not None and mark.times >= _TIMES:
            return PoisonedClip(
                "I could not read that file: reading it broke my decoder twice. Other files are fine.", content=content
            )
        if self._slow.get(content, 0) >= _TIMES:
            return DecodeTimeout("Reading that clip takes too long, so I don't try again. Try a shorter one.")
        return None

    def is_suspect(self, content: str) -> bool:
        """Whether it broke a decoder once."""
        return content in self._broke

    def broke(self, content: str, operation: bytes) -> bool:
        """It broke another one. Returns whether that makes it poisoned."""
        mark = self._broke.pop(content, None) or _Mark(0, "")
        mark.times, mark.operation = mark.times + 1, operation.hex()
        self._broke[content] = mark
        while len(self._broke) > _REMEMBERED:
            self._broke.popitem(last=False)
        return mark.times >= _TIMES

    def was_slow(self, content: str) -> None:
        """Its time was up before it was read."""
        self._slow[content] = self._slow.pop(content, 0) + 1
        while len(self._slow) > _REMEMBERED:
            self._slow.popitem(last=False)

    def held(self, content: str, operation: bytes) -> bool:
        """The operation that broke a decoder went well this time: the decoder was to blame, not the content. Returns
        whether there was a mark to take away."""
        mark = self._broke.get(content)
        if mark is None or mark.times >= _TIMES or mark.operation != operation.hex():
            return False
        del self._broke[content]
        return True
