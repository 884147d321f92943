"""Colours: the names people use, how they mix, and what the hour does to them. Knows no subject."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = {
    "red": "#e5383b",
    "orange": "#f77f00",
    "yellow": "#ffd23f",
    "green": "#3fa34d",
    "blue": "#2f6fed",
    "purple": "#8e44ad",
    "violet": "#7d4fd3",
    "lavender": "#b8a1e3",
    "pink": "#ff7eb6",
    "magenta": "#d6249f",
    "white": "#f8f9fb",
    "black": "#2b2d42",
    "brown": "#8b5a2b",
    "gray": "#8d99ae",
    "gold": "#e6b422",
    "silver": "#c3cad6",
    "turquoise": "#2ec4b6",
    "teal": "#1b998b",
    "cyan": "#34c6eb",
    "navy": "#1f3a7d",
    "beige": "#e3cfa8",
    "crimson": "#b5123b",
    "scarlet": "#e32417",
    "maroon": "#7f1d2d",
    "olive": "#7a8b3a",
    "lime": "#9ad62b",
    "mint": "#9fe3c2",
    "coral": "#ff7f66",
    "peach": "#ffc09f",
    "cream": "#fdf1d6",
    "indigo": "#4b3fae",
    "copper": "#b87333",
}
_SHADOW = "#1d1b4c"  # shadows lean to indigo and lights to warm white: flat colours look lit, not dirty
_LIGHT = "#fff8e7"


def mix(a: str, b: str, share: float) -> str:
    """The colour `share` (0 to 1) of the way from `a` to `b`, all `#rrggbb`."""
    pairs = zip(channels(a), channels(b), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def channels(colour: str) -> tuple[int, int, int]:
    value = int(colour[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def darker(colour: str, share: float) -> str:
    return mix(colour, _SHADOW, share)


def lighter(colour: str, share: float) -> str:
    return mix(colour, _LIGHT, share)


def resolve(name: str) -> str:
    """Turn a name, alone or as "light …"/"dark …", into `#rrggbb`. Raises `KeyError` for a name not in `NAMES`."""
    modifier, _, base = name.rpartition(" ")
    colour = NAMES[base]
    if modifier == "light":
        return mix(colour, "#ffffff", 0.42)
    return mix(colour, "#10123a", 0.38) if modifier == "dark" else colour


@dataclass(frozen=True)
class Ink:
    """The family of tones in which one subject is drawn."""

    base: str
    light: str
    dark: str
    deep: str

    @classmethod
    def of(cls, colour: str) -> Ink:
        return cls(colour, lighter(colour, 0.35), darker(colour, 0.22), darker(colour, 0.5))
