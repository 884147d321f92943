"""One message, understood: its intents, its scope and the details that answers turn on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.backends.watching.scope import WHOLE, Scope, clip_number, length_limit, split_scope
from engine.backends.watching.words import plain, tokens

from ..facts import Direction
from . import protocol
from .intents import ABOUT_A_CLIP, MEASURED, Intent, best, lemmatiser, scores, things

_CLAUSES = re.compile(r"[?!;]+|(?:,\s*)?\b(?:and|also|plus)\b(?!\s+(?:white|what about|how about))|\.\s")
_FOLLOW_UP = re.compile(r"^(?:and|what about|how about|but|ok and|then|so)\b|\b(?:what|how) about\b", re.IGNORECASE)
_OPENERS = frozenset(("and", "so", "but"))
_YES_NO = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "isn't",
        "doesn't",
        "any",
    ]
)
_DIRECTIONS: dict[str, Direction] = {
    "left": "left", "leftward": "left", "leftwards": "left", "right": "right", "rightward": "right",
    "rightwards": "right",
    "up": "up", "upward": "up", "upwards": "up", "rise": "up", "down": "down", "downward": "down",
    "downwards": "down", "fall": "down",
}  # fmt: skip
_APPROACH = {
    "closer": 1,
    "towards": 1,
    "toward": 1,
    "approach": 1,
    "nearer": 1,
    "away": -1,
    "recede": -1,
    "farther": -1,
    "further": -1,
}
NAMED_COLOURS = (
    "black", "grey", "white", "red", "orange", "brown", "beige", "yellow", "green", "cyan", "blue", "purple", "pink",
)  # fmt: skip
_COLOUR_WORDS = {
    **{name: name for name in NAMED_COLOURS},
    "gray": "grey",
    "turquoise": "cyan",
    "violet": "purple",
}
_EXTREMES = {
    "longest": ("length", 1), "shortest": ("length", -1), "brightest": ("brightness", 1), "darkest": ("brightness", -1),
    "busiest": ("motion", 1), "calmest": ("motion", -1), "loudest": ("sound", 1), "quietest": ("sound", -1),
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What somebody wants to know. `intents` is never empty; the first one leads.

    `prompt` is set for a video request only. `extreme` is ("length" | "brightness" | "motion" | "sound", ±1) for "the
    longest", "the darkest" …; `approach` is +1 for "closer", -1 for "away"; `clip` numbers the clip that is meant.
    """

    text: str
    lemmas: tuple[str, ...]
    intents: tuple[Intent, ...]
    scope: Scope = WHOLE
    clip: int | None = None
    yes_no: bool = False
    directions: tuple[Direction, ...] = ()
    approach: int = 0
    colours: tuple[str, ...] = ()
    limit: tuple[str, float] | None = None
    extreme: tuple[str, int] | None = None
    prompt: str | None = None
    leans_on_earlier: bool = False

    @property
    def intent(self) -> Intent:
        return self.intents[0]

    def has(self, *words: str) -> bool:
        """Whether any of these lemmas occurs."""
        return any(word in self.lemmas for word in words)

    @property
    def names_a_thing(self) -> bool:
        """Whether it speaks of people or objects, as in "is the car red?"."""
        return self.has(*things())

    def about(self, intent: Intent) -> Question:
        """The same words, asked for one intent."""
        return replace(self, intents=(intent,))


def understand(text: str, earlier: Sequence[str] = ()) -> Question:
    """Read one message. `earlier` are the user's earlier messages, oldest first: they lend a follow-up its intent."""
    if protocol.is_unsafe(text):
        return _bare(text, Intent.UNSAFE)
    if protocol.is_foreign(text):
        return _bare(text, Intent.FOREIGN)
    prompt = protocol.wanted_prompt(text, protocol.latest_prompt(earlier))
    if prompt is not None:
        return replace(_bare(text, Intent.VIDEO_REQUEST), prompt=prompt)
    question = _read(text)
    if question.intents != (Intent.OTHER,) or not earlier:
        return question
    if question.scope.whole and question.clip is None and not _FOLLOW_UP.search(text.strip()):
        return question
    before = previous(earlier)
    return replace(question, intents=before.intents, leans_on_earlier=True) if before else question


def previous(earlier: Sequence[str]) -> Question | None:
    """The latest earlier message that asked about a clip, with what it leaned on resolved."""
    for index in range(len(earlier) - 1, -1, -1):
        question = understand(earlier[index], earlier[:index])
        if question.intent in ABOUT_A_CLIP:
            return question
    return None


def _bare(text: str, intent: Intent) -> Question:
    return Question(text=text, lemmas=tuple(lemmatiser().lemmas(text)), intents=(intent,))


def _read(text: str) -> Question:
    lemmas = tuple(lemmatiser().lemmas(text))
    # The name of a part is no clue to what is asked: "in the last shot" asks neither for shots nor how long they last.
    scope, rest = split_scope(text)
    words = [word.lower() for word in tokens(plain(text))]
    return Question(
        text=text,
        lemmas=lemmas,
        intents=_intents(rest),
        scope=scope,
        clip=clip_number(text),
        yes_no=any(word in _YES_NO for word in words[: 2 if words[:1] and words[0] in _OPENERS else 1]),
        directions=_directions(words),
        approach=next((_APPROACH[word] for word in words if word in _APPROACH), 0),
        colours=tuple(dict.fromkeys(_COLOUR_WORDS[word] for word in words if word in _COLOUR_WORDS)),
        limit=length_limit(text),
        extreme=next((_EXTREMES[word] for word in words if word in _EXTREMES), None),
    )


def _directions(words: Sequence[str]) -> tuple[Direction, ...]:
    """The ways that are named; "from left to right" names its end only, "left or right" both."""
    named = [(index, _DIRECTIONS[word]) for index, word in enumerate(words) if word in _DIRECTIONS]
    kept = [way for index, way in named if "from" not in words[max(0, index - 2) : index]]
    return tuple(dict.fromkeys(kept or [way for _, way in named]))


def _intents(text: str) -> tuple[Intent, ...]:
    """The intents of a message: of its clauses where several ask for something measured, else of the whole."""
    whole = best(lemmatiser().lemmas(text))
    parts = [part for part in _CLAUSES.split(text) if part.strip()]
    if whole not in (Intent.COMPARE, None) and len(parts) > 1:
        found: list[Intent] = []
        for part in parts:
            clause = lemmatiser().lemmas(part)
            strong = max(scores(clause).values(), default=0.0)
            intent = best(clause) if strong >= 2.5 else None
            if intent in MEASURED and intent not in found:
                found.append(intent)
        if len(found) > 1:
            return tuple(found[:3])
    return (whole or Intent.OTHER,)
