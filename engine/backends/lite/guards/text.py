"""The text guard that ships: eight categories, no download, no torch. It scores; it knows no threshold, no policy."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import TYPE_CHECKING

from engine.backends.lite import encoder, extra, wordpiece
from engine.backends.lite.guards import language, minors
from engine.backends.lite.guards.checks import checked_scores
from engine.backends.lite.guards.disguise import Lexicon, undisguise
from engine.backends.lite.guards.gloss import glossed
from engine.errors import GuardUnavailable, MissingExtra
from engine.types import Category, ModelCard, Role

if TYPE_CHECKING:
    from engine.backends.lite.guards.heads import Heads

NAME = "MiniLM guard"
CATEGORIES = tuple(Category)
_SEXUAL, _MINORS = CATEGORIES.index(Category.SEXUAL), CATEGORIES.index(Category.SEXUAL_MINORS)

# A text of fewer words is judged as a whole only; in a longer one a harmful line may drown.
LONG_WORDS = 20
# A sentence of more words is read in overlapping stretches as well, for who hides something writes no full stops. An
# insult in 12 polite words is found in 2 of 5 cases, in 8 in nearly all.
SENTENCE_WORDS = 24
STRETCH_WORDS, STRIDE_WORDS = 8, 4
# A child in one sentence of a page and nudity in another one are mostly about different people.
TOGETHER_WORDS = 50
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|(?<!\s)\s*\n+\s*")
_LETTER = re.compile(r"[^\W\d_]")
_REMEMBERED = 4096  # readings whose scores are kept: while an answer streams its first sentences are asked for again
_FOREIGN_SHARE = 0.25  # of a text's letters in sentences of another language, from which on it counts as one


@dataclass(frozen=True)
class _Reading:
    """Something that is scored: a text or a part of it, as written, with disguises undone, or in English words."""

    text: str
    part: bool
    named: bool  # whether it names somebody under 18


class LiteTextGuard:
    """Scores all eight categories in English, German, Spanish and French.

    Small heads on MiniLM's sentence vectors and on n-grams, calibrated together; docs/safety.md says what they find and
    miss. In other languages only what resembles these is found, and `unread` says so.
    """

    def __init__(self) -> None:
        self._heads: Heads | None = None
        self._lexicon = Lexicon()
        self._known: OrderedDict[str, tuple[float, ...]] = OrderedDict()

    def card(self) -> ModelCard:
        """Describe the guard without importing onnxruntime."""
        return ModelCard(
            role=Role.TEXT_GUARD,
            backend="lite",
            name=NAME,
            licence="Apache-2.0",
            categories=CATEGORIES,
            missing=extra.missing(*encoder.MODULES),
        )

    def load(self) -> None:
        """Open the encoder and read the heads (about 0.4 s). Raises `MissingExtra` when packages are absent."""
        if self._heads is not None:
            return
        extra.require(*encoder.MODULES)
        from engine.backends.lite.guards.heads import Heads

        encoder.shared().load()
        try:
            heads = Heads()
        except OSError as error:
            raise MissingExtra(extra.SENTENCE) from error
        self._lexicon = Lexicon([*wordpiece.whole_words(), *heads.words], heads.worth_hiding)
        self._heads = heads

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """Score each text by its worst reading: whole and by sentence, as written and with disguises undone.

        A text without letters scores 0. Raises `GuardUnavailable` when the guard is not loaded or its model fails or
        answers with something that is no score.
        """
        if self._heads is None:
            raise GuardUnavailable("The text safety check is not ready yet. Please try again.", guard=NAME)
        try:
            readings = [list(self._readings(_clean(text))) for text in texts]
            self._learn([reading.text for group in readings for reading in group])
            raw = [self._worst(group) for group in readings]
        except Exception as error:  # whatever it is, the text is unscored: fail closed
            raise GuardUnavailable("The text safety check failed. Please try again.", guard=NAME) from error
        scores = [checked_scores(each, len(CATEGORIES), NAME) for each in raw]
        return [dict(zip(CATEGORIES, each, strict=True)) for each in scores]

    def unread(self, text: str) -> tuple[Category, ...]:
        """The categories that this guard cannot vouch for in `text`: all of them when it does not know the language,
        else none. What it scores there counts all the same."""
        letters = foreign = 0
        for sentence in _SENTENCE_END.split(text):
            count = len(_LETTER.findall(sentence))
            letters += count
            foreign += 0 if language.is_known(sentence) else count
        return CATEGORIES if foreign > _FOREIGN_SHARE * letters else ()

    # --- readings ---------------------------------------------------------------------------------------------------

    def _readings(self, text: str) -> Iterator[_Reading]:
        seen: set[tuple[tuple[str, ...], bool]] = set()
        for whole in dict.fromkeys((text, undisguise(text, self._lexicon))):
            for part, written in ((False, whole), *((True, part) for part in split(whole))):
                for reading in filter(None, (written, glossed(written))):
                    key = tuple(wordpiece.words(reading)), part
                    if _LETTER.search(reading) and key not in seen:
                        seen.add(key)
                        yield _Reading(reading, part, named=minors.named(written))

    def _learn(self, texts: Sequence[str]) -> None:
        """Score what is not remembered."""
        assert self._heads is not None
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            for text, logits in zip(new, self._heads.logits(new).tolist(), strict=True):
                if not all(map(isfinite, logits)):
                    raise ValueError("a head gave no number")
                self._known[text] = tuple(logits)

    def _worst(self, readings: Sequence[_Reading]) -> list[float]:
        assert self._heads is not None
        worst = [0.0] * len(CATEGORIES)
        for reading in readings:
            logits = self._known[reading.text]
            self._known.move_to_end(reading.text)
            margins = self._heads.margins if reading.part else [0.0] * len(CATEGORIES)
            scores = [1 / (1 + exp(-max(-60.0, logit - margin))) for logit, margin in zip(logits, margins, strict=True)]
            if reading.named and (reading.part or len(reading.text.split()) <= TOGETHER_WORDS):
                scores[_MINORS] = max(scores[_MINORS], scores[_SEXUAL])
            worst = [max(pair) for pair in zip(worst, scores, strict=True)]
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return worst


def split(text: str) -> list[str]:
    """The sentences of a long text, and of a long sentence its overlapping stretches; nothing for a short text."""
    if len(text.split()) <= LONG_WORDS:
        return []
    found: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        words = sentence.split()
        if len(words) <= SENTENCE_WORDS:
            found.append(sentence.strip())
            continue
        starts = range(0, len(words) - STRETCH_WORDS + STRIDE_WORDS, STRIDE_WORDS)
        found += [" ".join(words[start : start + STRETCH_WORDS]) for start in starts]
    return [part for part in found if part]


def _clean(text: str) -> str:
    """`text` in ordinary characters, without those that nobody sees: they would cut words apart."""
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
