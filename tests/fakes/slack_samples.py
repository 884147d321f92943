"""Slack's own sample payloads, where a copy of them is at hand, and ways to make them say something.

The samples name every field that there may be and leave the values empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "../shared/specs/slack-samples"


def names(part: str) -> list[str]:
    """The samples of a part: "events", "api" or a folder of "app-backend"."""
    return sorted(path.stem for path in (FOLDER / part).glob("*.json"))


def sample(name: str) -> dict[str, Any]:
    """A sample by its path without the ending. Skips the test where there are none."""
    if not FOLDER.is_dir():
        pytest.skip("Slack's sample payloads are not at hand (../shared/specs/slack-samples)")
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return read


def filled(value: Any, given: Mapping[str, Any]) -> Any:
    """A sample with values: fields named in `given` get them everywhere, other empty texts and what held only those
    goes, as in a payload that Slack really sends."""
    if isinstance(value, dict):
        shown = {}
        for key, each in value.items():
            if key in given and isinstance(each, type(given[key])):
                shown[key] = given[key]
            elif (rest := filled(each, given)) not in ("", [], {}, None):
                shown[key] = rest
        return shown
    if isinstance(value, list):
        return [rest for each in value if (rest := filled(each, given)) not in ("", [], {}, None)]
    return value


def unknown(shown: Any, known: Any, where: str = "") -> Iterator[str]:
    """The fields of `shown` that a sample does not have. Blocks are Block Kit's own matter."""
    if isinstance(shown, dict) and isinstance(known, dict) and known:
        for key, each in shown.items():
            if key not in known:
                yield f"{where}.{key}"
            elif key not in ("blocks", "state", "values"):
                yield from unknown(each, known[key], f"{where}.{key}")
    elif isinstance(shown, list) and isinstance(known, list) and known:
        for each in shown:
            yield from unknown(each, known[0], f"{where}[]")
