"""The configuration's one error: everything that is wrong, a line each, so that it is mended in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`where` is `config.toml:12`, a file or the name of an environment variable; `key` is empty for the whole."""

    where: str
    key: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return ": ".join(part for part in (place, self.key, self.text) if part)


class ConfigError(Exception):
    """The configuration cannot be used. `str(error)` lists every problem, one a line; none repeats a secret."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
