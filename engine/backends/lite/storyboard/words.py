"""English word forms: tokens, plurals, verb forms, numbers. Knows no subject and no scene."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[a-z]+(?:[-'’][a-z]+)*|\d+|[,;.!?:]")
_QUOTED = re.compile(r"\"([^\"]{1,80})\"|“([^”]{1,80})”|«([^»]{1,80})»|(?<!\w)['‘]([^'’]{1,80})['’](?!\w)")
_VOWELS = "aeiou"

NUMBERS = {
    word: value
    for value, words in enumerate(
        ("", "a an one single lone", "two couple pair both twin", "three few trio", "four several", "five some",
         "six many", "seven", "eight dozens lots", "nine", "ten", "eleven", "twelve dozen")
    )
    for word in words.split()
}  # fmt: skip
GROUPS = {
    "flock": 6,
    "herd": 5,
    "school": 7,
    "swarm": 8,
    "group": 4,
    "bunch": 5,
    "pack": 4,
    "row": 4,
    "crowd": 7,
    "bouquet": 6,
}
_IRREGULAR = {
    "mouse": "mice",
    "goose": "geese",
    "leaf": "leaves",
    "sheep": "sheep",
    "fish": "fish",
    "deer": "deer",
    "cactus": "cacti",
}


def quotes(text: str) -> tuple[str, tuple[str, ...]]:
    """Take the quoted passages out of `text`; return the rest and the passages."""
    found = tuple(next(part for part in match if part).strip() for match in _QUOTED.findall(text))
    return _QUOTED.sub(" “ ", text), tuple(part for part in found if part)


def tokens(text: str) -> list[str]:
    """Lower-case words, numbers and punctuation, in order; everything else is dropped."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


def plurals(noun: str) -> set[str]:
    """The plural forms of `noun`; of a phrase, those of its last word."""
    head, _, last = noun.rpartition(" ")
    lead = f"{head} " if head else ""
    if last in _IRREGULAR:
        return {lead + _IRREGULAR[last]}
    if last.endswith("man"):
        return {lead + last[:-3] + "men"}
    if last.endswith("fe") or last.endswith("lf"):
        return {lead + last.removesuffix("e")[:-1] + "ves", lead + last + "s"}
    if last.endswith("y") and last[-2:-1] not in _VOWELS:
        return {lead + last[:-1] + "ies"}
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return {lead + last + "es"}
    return {lead + last + "s", lead + last + "es"} if last.endswith("o") else {lead + last + "s"}


def verb_forms(verb: str) -> set[str]:
    """The regular forms of a verb: walk, walks, walking, walked."""
    bare = verb.removesuffix("e")
    forms = {verb, verb + "s", bare + "ing", bare + "ed"}
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        forms.add(verb + "es")
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        forms |= {verb[:-1] + "ies", verb[:-1] + "ied"}
    if len(verb) > 2 and verb[-1] not in _VOWELS + "wxy" and verb[-2] in _VOWELS and verb[-3] not in _VOWELS:
        forms |= {verb + verb[-1] + "ing", verb + verb[-1] + "ed"}
    return forms
