"""A model's options, as the operator wrote them, read with the type that they should have."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.backends.diffusion.shape import parse_size
from engine.errors import BadRequest

Value = str | int | float | bool


class Options:
    """Every reader raises `BadRequest`, with the option's name, for a value of another kind."""

    def __init__(self, values: Mapping[str, Value], known: Collection[str]) -> None:
        for name in values:
            if name not in known:
                raise BadRequest(
                    f"A model for videos has no option “{name}”. Known are: {', '.join(sorted(known))}.", option=name
                )
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise _wrong(name, value, "Write a name in quotes")
        return value

    def number(self, name: str, default: float) -> float:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(name, value, "Write a number")
        return float(value)

    def count(self, name: str, default: int) -> int:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise _wrong(name, value, "Write a whole number from 1")
        return value

    def size(self, name: str) -> tuple[int, int] | None:
        text = self.text(name)
        return parse_size(text) if text else None

    def switch_or_text(self, name: str, on: str) -> str:
        """Empty when off, `on` for true, else the text."""
        value = self._values.get(name, False)
        if isinstance(value, bool):
            return on if value else ""
        return self.text(name)


def _wrong(name: str, value: Value, instead: str) -> BadRequest:
    return BadRequest(f"The model's option “{name}” is {value!r}. {instead}.", option=name)
