"""A few descriptors kept back, so that a process can be started when everything else has used up what there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

# A start holds both ends of the pipes for commands, for the trace and for errors of `exec`, the shared page twice, and
# /dev/null: 9. The rest is for what starts beside it in the same moment.
SPARE = 16


class Reserve:
    """Holds `count` descriptors open until a start needs them. One per process is enough; not for several threads."""

    def __init__(self, count: int = SPARE) -> None:
        self._count = count
        self._held: list[int] = []
        self.refill()

    def refill(self) -> None:
        """Open what is missing, as far as there is room. Never raises."""
        with contextlib.suppress(OSError):
            while len(self._held) < self._count:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Let go of all of them for the block, which must not wait: who comes first has them."""
        self.close()
        try:
            yield
        finally:
            self.refill()

    def close(self) -> None:
        """Let go of them for good."""
        while self._held:
            os.close(self._held.pop())
