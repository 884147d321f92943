"""How many decoding processes there are and what they may take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class DecodingSettings:
    """The knobs of the pool."""

    # Processes that read clips at the same time. With two or more, nobody has all of them.
    decoders: int = 2
    # What one clip may take of memory, over what the process needs itself. MiB.
    memory_mb: int = 1024
    # Where to remember, from one start to the next, the files that broke a decoder. None: only until the end.
    state_dir: Path | None = None
    # Where frames pass through. None: shared memory where there is enough, else `state_dir` or the temporary folder.
    scratch_dir: Path | None = None
    # What is kept there of what was decoded, so that nothing is decoded twice. Bytes.
    kept_bytes: int = 256 << 20
