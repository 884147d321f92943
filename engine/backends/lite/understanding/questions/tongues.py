"""Which language a message is in, by its letters and its commonest words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from importlib import resources

from .german import only_german

KNOWN = ("en", "de")


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(
        resources.files(__package__).joinpath("tongues.json").read_text(encoding="utf-8")
    )
    return table


def only_english_and_german(tongue: str) -> str:
    """The sentence, in that language, that says which languages are known."""
    return _table()[tongue]["says"]


def tongue_of(text: str) -> str:
    """The code of the likeliest language; English when nothing speaks for another."""
    foreign = _by_script([letter for letter in text.lower() if letter.isalpha()])
    if foreign:
        return foreign
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower().replace("’", "'"))
    counts = {tongue: sum(word in known for word in words) for tongue, known in _words().items()}
    german = only_german() - _words()["de"]
    counts["de"] += sum(word in german for word in words)
    if "¿" in text or "¡" in text:
        counts["es"] += 2
    best = max(counts, key=lambda tongue: (counts[tongue], tongue == "en", tongue == "de"))
    if best not in KNOWN and counts[best] < 2:
        return "de" if counts["de"] > counts["en"] else "en"
    return best


@cache
def _words() -> dict[str, frozenset[str]]:
    return {tongue: frozenset(entry["words"].split()) for tongue, entry in _table().items() if "words" in entry}


def _by_script(letters: list[str]) -> str:
    """The language of a text most of whose letters are in a script of its own, else an empty string."""
    scripts = Counter(unicodedata.name(letter, "?").split()[0].split("-")[0] for letter in letters)
    found = [(t, e) for t, e in _table().items() if any(scripts[name] for name in e.get("script", "").split())]
    total = sum(scripts[name] for name in {n for _, e in found for n in e["script"].split()})
    if not found or total <= 0.4 * len(letters):
        return ""
    if any(set(entry.get("letters", "")) & set(letters) for _, entry in found):
        return next(tongue for tongue, entry in found if set(entry.get("letters", "")) & set(letters))
    return min(found, key=lambda pair: ("letters" in pair[1], pair[0] == "zh"))[0]
