"""Nested tables, laid over each other. It knows no option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay tables over each other, the last one on top; what is no table replaces what lies below."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            if isinstance(value, Mapping) and (below is None or isinstance(below, dict)):
                result[key] = merged(below or {}, value)
            else:
                result[key] = value
    return result
