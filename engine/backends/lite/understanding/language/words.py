"""From typed text to lemmas that tables can name: endings and small typing errors are undone.

Knows English spelling, not what any word is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from engine.backends.watching.words import plain, tokens

_IRREGULAR = {
    "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "am": "be", "being": "be", "does": "do",
    "did": "do",
    "done": "do", "doing": "do", "goes": "go", "went": "go", "gone": "go", "going": "go", "has": "have", "had": "have",
    "said": "say", "says": "say", "came": "come", "shown": "show", "seen": "see", "saw": "see", "written": "write",
    "wrote": "write", "left": "left", "lasts": "last", "got": "get", "gets": "get", "made": "make", "shot": "shot",
    "shots": "shot", "people": "people", "men": "man", "women": "woman", "children": "child", "kids": "child",
    "kid": "child",
    "heard": "hear", "told": "tell", "knew": "know", "thought": "think", "filmed": "filmed", "lies": "lie",
    "took": "take",
    "seconds": "second", "filming": "filmed", "running": "run", "ran": "run", "built": "build", "longer": "longer",
    "colours": "colour", "better": "better", "fades": "fade", "closer": "closer", "nearer": "closer", "r": "be",
}  # fmt: skip


class Lemmatiser:
    """Maps words to the forms that a vocabulary knows; what it does not know stays as it is."""

    def __init__(self, vocabulary: Collection[str]) -> None:
        self._known = frozenset(vocabulary) | frozenset(_IRREGULAR.values()) | _COMMON
        # Short words have too many neighbours: "nose" is no misspelt "noise", nor "seen" a "scene".
        self._correctable = sorted(word for word in vocabulary if len(word) >= 5)

    def lemmas(self, text: str) -> list[str]:
        return [self.lemma(token) for token in tokens(plain(text))]

    def lemma(self, word: str) -> str:
        if word in _IRREGULAR:
            return _IRREGULAR[word]
        found = next((form for form in _forms(word) if form in self._known), None)
        if found is not None:
            return _IRREGULAR.get(found, found)
        if len(word) >= 5 and word.isalpha():
            close = get_close_matches(word, self._correctable, n=1, cutoff=0.82)
            if close and abs(len(close[0]) - len(word)) <= 2 and close[0][0] == word[0]:
                return close[0]
        return word


def _forms(word: str) -> Iterator[str]:
    """The word itself, then what is left when English endings are taken off, best first."""
    yield word
    for ending, replacements in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            for replacement in replacements:
                yield stem + replacement
            if len(stem) > 2 and stem[-1] == stem[-2]:
                yield stem[:-1]


_ENDINGS = (
    ("ies", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ing", ("", "e")), ("ied", ("y",)), ("ed", ("", "e")),
    ("iest", ("y",)), ("est", ("", "e")), ("ier", ("y",)), ("er", ("", "e")), ("ly", ("",)),
)  # fmt: skip

# Frequent words that look like misspelt clues and are not.
_COMMON = frozenset(
    word
    for line in (
        "a about after again all an and any at back be because before but by can could do else ever find for from",
        "get give go good have he her here him his how i if in into it its just know let like look many me mean more",
        "most much my name new no not now of off on one only or other our out over own part people please quite",
        "rather really right same say see she should since so some still such take tell than that the their them",
        "then there these they thing think this those through time to too turn two under until up upon us use very",
        "want was water way we well what when where which while who whose why will with word work would year yes you",
        "your beach night point place plane house horse world river round small large green close scale stage state",
        "steam store story style table taste train treat whale white whole sense sound pizza phone great sunny ocean",
        "space robot ready share sharp sleep smile smoke snow speed sport stand start study sugar surfing turtle",
        "capital france joke bread maker falling playing turtles short three third first pieces beard shore score",
        "shirt",
    )
    for word in line.split()
)
