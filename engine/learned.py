"""What jobs took, kept over restarts, so that the first forecast after a start is as good as the last one before.

One small file in the data folder, without a word of what anybody asked. A file that cannot be read, or not written,
costs nothing but forecasts.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from engine.scheduler import CostModel, Key
from engine.types import ModelChoice, Role, RuntimeConfig

log = logging.getLogger(__name__)

_MOST = 400  # measurements: those of models that are not used any more go first
_LARGEST_BYTES = 1 << 20
_LONGEST_S = 7 * 24 * 3600.0
_ROLES: dict[str, tuple[Role, ...]] = {
    "understand": (Role.UNDERSTANDING,),
    "transcribe": (Role.SPEECH,),
    "moderate": (Role.TEXT_GUARD, Role.FRAME_GUARD),
}


class _Measured(msgspec.Struct, frozen=True):
    """`models` stands for the models and the device that were measured."""

    kind: str
    size: str
    models: str
    seconds: float


class _File(msgspec.Struct, frozen=True):
    times: tuple[_Measured, ...] = ()


class LearnedTimes:
    """Carries a `CostModel` over restarts. Everything here blocks for as long as a small file takes."""

    def __init__(self, path: Path, config: RuntimeConfig, costs: CostModel) -> None:
        self._path = path
        self._config = config
        self._costs = costs
        self._complained = False
        self._kept: tuple[_Measured, ...] = ()

    def load(self) -> None:
        """Recall what was measured with the models that are configured now."""
        self.read()
        self.recall()

    def read(self) -> None:
        """Read what `recall` then hands over, which does not block."""
        self._kept = self._read()

    def recall(self) -> None:
        for each in self._kept:
            key = (each.kind, each.size)
            if each.models == self._models(key) and math.isfinite(each.seconds) and 0 < each.seconds < _LONGEST_S:
                self._costs.recall(key, each.seconds)

    def save(self, times: Mapping[Key, float]) -> None:
        """Write down what is known, and keep what others know that use the same folder."""
        known = {(key, self._models(key)): seconds for key, seconds in times.items()}
        others = [each for each in self._read() if ((each.kind, each.size), each.models) not in known]
        ours = [
            _Measured(*key, models=models, seconds=float(f"{seconds:.4g}")) for (key, models), seconds in known.items()
        ]
        half = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(msgspec.json.encode(_File(times=tuple([*others, *ours][-_MOST:]))))
            half.replace(self._path)
        except OSError as error:
            if not self._complained:
                log.warning("what jobs took cannot be kept for the next start: %s", error)
            self._complained = True
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)

    def _read(self) -> tuple[_Measured, ...]:
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_LARGEST_BYTES), type=_File).times
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("what jobs took was kept but cannot be read, so it is measured anew: %s", error)
            return ()

    def _models(self, key: Key) -> str:
        """A short name for what does jobs of this kind: other models, options or devices have other names."""
        kind, _, name = key[0].partition(" ")
        choices: Sequence[ModelChoice] = [
            choice for role in _ROLES.get(kind, ()) for choice in self._config.choices(role)
        ]
        if kind == "generate":
            choices = [choice for choice in self._config.choices(Role.GENERATION) if choice.key == name]
        told = msgspec.json.encode([choices, self._config.device], order="deterministic")
        return hashlib.sha256(told).hexdigest()[:12]
