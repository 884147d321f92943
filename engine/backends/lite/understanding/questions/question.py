"""One message, understood: its language, what it is after, and its details."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.backends.watching.scope import split_scope

from . import slots, tongues, wish
from .german import in_english
from .intent import UNSURE, intents
from .slots import Slots

SMALL_TALK = frozenset({"greeting", "help", "thanks", "bot", "sure", "other", "video", "foreign"})
_CLAUSES = re.compile(
    r"[?!;]+|(?:,|\s(?:and|plus)\s)\s*(?:also\s)?(?=(?:how|what|is|are|does|do|when|where|which|who)\b)|\.\s"
)
_FOLLOWS = re.compile(r"^(?:and|what about|how about|but|ok and|then|so)\b|\b(?:what|how) about\b", re.IGNORECASE)
_UNSURE_OTHER = 0.7  # what is about nothing here has to be clear: half a guess is better met with what can be told
_SHORT = 4  # words: what follows up an earlier question says no more


@dataclass(frozen=True)
class Question:
    """`intents` are what it asks, the first one leads; `unsure` is True where that is hardly more than a guess.

    `prompt` is set for a wish for a video, `leans` where the intent was taken from an earlier question.
    """

    intents: tuple[str, ...]
    slots: Slots
    tongue: str = "en"
    unsure: bool = False
    prompt: str = ""
    leans: bool = False

    @property
    def intent(self) -> str:
        return self.intents[0]


def understand(text: str, earlier: Sequence[str] = (), has_clip: bool = True) -> Question:
    """Read a message. `earlier` are the same person's earlier messages, oldest first: they lend a follow-up its intent.

    Raises `MissingExtra` without the sentence encoder.
    """
    tongue = tongues.tongue_of(text)
    prompt = wish.wanted_prompt(text, wish.latest_prompt(earlier))
    if prompt is not None:
        return Question(("video",), slots.read(text), tongue if tongue in tongues.KNOWN else "en", prompt=prompt)
    if tongue not in tongues.KNOWN:
        return Question(("foreign",), slots.read(text), tongue)
    english = in_english(text) if tongue == "de" else text
    found = slots.read(english, text)
    if not found.words:
        return Question(("overview",) if has_clip else ("other",), found, tongue, unsure=bool(text.strip()))
    question = _intended(english, found, tongue)
    if not earlier or not _follows_up(english, question):
        return question
    before = previous(earlier)
    return replace(question, intents=before.intents, unsure=False, leans=True) if before else question


def previous(earlier: Sequence[str]) -> Question | None:
    """The latest earlier message that asked about a clip, with what it leaned on resolved."""
    for at in range(len(earlier) - 1, -1, -1):
        if earlier[at].strip():
            question = understand(earlier[at], earlier[:at])
            if question.intent not in SMALL_TALK:
                return question
    return None


def _follows_up(english: str, question: Question) -> bool:
    """Whether it names only another part or clip: "and at 0:07?", "what about the second one?"."""
    named = not question.slots.scope.whole or question.slots.clip is not None
    short = len(question.slots.words) <= _SHORT + 3
    _, rest = split_scope(english)
    bare = [word for word in re.findall(r"[a-z]+", rest) if word not in _EMPTY]
    return named and short and (not bare or (question.unsure and bool(_FOLLOWS.search(english.strip()))))


_EMPTY = frozenset(
    [
        "and",
        "what",
        "about",
        "how",
        "the",
        "in",
        "at",
        "then",
        "but",
        "so",
        "ok",
        "one",
        "there",
        "of",
        "is",
        "it",
        "clip",
        "video",
        "first",
        "second",
        "last",
        "other",
    ]
)


def _intended(english: str, found: Slots, tongue: str) -> Question:
    parts = [part for part in _CLAUSES.split(english) if part.strip()]
    if 1 < len(parts) < 5:
        several: dict[str, None] = {}
        for part in parts:
            name, sure = _best(part, slots.read(part))
            if sure >= 0.5 and name not in SMALL_TALK:
                several[name] = None
        if len(several) > 1:
            return Question(tuple(several)[:3], found, tongue)
    name, sure = _best(english, found)
    return Question((name,), found, tongue, unsure=sure < (_UNSURE_OTHER if name == "other" else UNSURE))


def _best(english: str, found: Slots) -> tuple[str, float]:
    """The likeliest intent and how likely it is, once the details had their say."""
    chances = intents(english)
    for one, other, says in (
        ("text_says", "text", bool(found.quotes) and found.yes_no),
        ("people_count", "count", found.has(_PEOPLE)),
        ("compare", "change", found.has("both|clips|videos|them")),
    ):
        both = chances.pop(one) + chances.pop(other)
        chances[one if says else other] = both
        chances[other if says else one] = 0.0
    for one, other, says in (
        ("why", "moves", found.has("why")),
        ("moves", "size", found.has("gets?|grows?|shrinks?|becomes?")),
    ):
        if says:
            chances[one] += chances[other]
            chances[other] = 0.0
    name = max(chances, key=lambda each: chances[each])
    return name, chances[name]


_PEOPLE = (
    "people|persons?|faces?|m[ae]n|wom[ae]n|kids?|child|children|boys?|girls?|humans?|cyclists?|players?|guys?|adults?"
    "|riders?|actors?|dancers?|pedestrians?|passengers?|crowd|somebody"
)
