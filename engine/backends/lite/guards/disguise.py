"""Undoes the cheap disguises of words, so that a model sees what a reader sees: letters of other scripts, l33t, masks,
spaces and dots between letters, stretched letters, words run together.

Pure text in, text out. Knows no model: which words there are, and which of them are worth hiding, is handed in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from itertools import product

# What each of these may stand for, likeliest first.
LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "€": "e", "+": "t", "|": "li", "(": "c", "¡": "i", "£": "l", "¥": "y", "§": "s",
}  # fmt: skip
_MOST_VARIANTS = 64
_TOKEN = re.compile(r"\w+")
_MIXED = re.compile(r"[\w@$!€+|(¡£¥§]+")
_INSIDE = re.compile(
    r"[^\W\d_][^a-z]+[^\W\d_]"
)  # "24fps" is no word in disguise, nor "mp4": a sign stands between letters
_GUESSED = 5  # characters from which on a mixture that is no word is read as one all the same
_LIKE_I = str.maketrans(dict.fromkeys("ΙІӀⲒⵏᛁꓲ∣⏽ǀ", "I"))
_CAPITAL_I = re.compile(r"(?<!\w)\w*[a-z]I\w*")  # "kiII": which of both it is, the words tell
_SEPARATORS = r"[\s.\-_*~,|/\\·•+:;]{1,3}"
# Letters with the same separator between them: "f.u.c.k", "f u c k". Two would catch initials.
_SPACED = re.compile(rf"(?<![^\W_])[^\W_](?P<by>{_SEPARATORS})[^\W_](?:(?P=by)[^\W_](?![^\W_]))+")
_SPACED_PAIR = re.compile(r"(?<![^\W_])([^\W\d_])[ .\-_*]([^\W\d_])(?![^\W_])")
_SPACED_TEXT = 4  # letters of a run from which on two letters are one word, too
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
# A letter first, so that Markdown's leading asterisks are no masks.
_MASKED = re.compile(r"(?<![^\W_])[^\W\d_]+[*#%][\w*#%]*")
_MASK_MINIMUM = 4
_CUT = re.compile(r"(?<![^\W\d_])[^\W\d_]+(?:[.\-_*~|/·•^]+[^\W\d_]+)+")
_LONGEST = 200  # characters of what may be one word in disguise, with letters stretched
_GLUED = 12  # letters from which on an unknown word may be several
_PER_WORD = 4.0


_SHORT_WORDS = frozenset(
    [
        "a",
        "i",
        "am",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "go",
        "he",
        "hi",
        "if",
        "in",
        "is",
        "it",
        "me",
        "my",
        "no",
        "of",
        "oh",
        "ok",
        "on",
        "or",
        "so",
        "to",
        "up",
        "us",
        "we",
        "ja",
        "du",
        "er",
        "es",
        "im",
        "um",
        "zu",
        "ab",
        "da",
        "wo",
        "de",
        "la",
        "el",
        "un",
        "en",
        "se",
        "te",
        "tu",
        "yo",
        "le",
        "ne",
        "je",
        "il",
        "et",
        "ou",
        "ce",
        "sa",
    ]
)


class Lexicon:
    """The words that there are, with how common they are, and those among them that people hide."""

    def __init__(self, ranked: Iterable[str] = (), worth_hiding: Iterable[str] = ()) -> None:
        """`ranked` is the commonest first; `worth_hiding` the likeliest first."""
        self._ranks = {word: rank for rank, word in enumerate(ranked, 1000)}
        self.worth_hiding = {word: place for place, word in enumerate(worth_hiding)}
        self._sized: dict[int, tuple[list[str], list[str]]] = {}  # by length, those worth hiding apart
        for which, words in enumerate((self.worth_hiding, self._ranks)):
            for word in words:
                self._sized.setdefault(len(word), ([], []))[which].append(word)
        self._longest = max(map(len, (*self._ranks, *self.worth_hiding)), default=0)

    def __contains__(self, word: str) -> bool:
        return word in self._ranks or word in self.worth_hiding

    def cost(self, word: str) -> float:
        """How unlikely a word is; words worth hiding are likely in what is hidden."""
        if word in self.worth_hiding:
            return math.log(1500)
        rank = self._ranks.get(word)
        return math.inf if rank is None else math.log(rank)

    def best(self, words: Iterable[str]) -> str | None:
        """The likeliest of some spellings that is a word."""
        known = [word for word in words if word in self]
        return min(known, key=self.cost, default=None)

    def fitting(self, pattern: re.Pattern[str], length: int) -> str | None:
        """The likeliest word of a pattern and a length, one worth hiding first."""
        for words in self._sized.get(length, ()):
            found = next((word for word in words if pattern.fullmatch(word)), None)
            if found is not None:
                return found
        return None

    def parts(self, letters: str) -> list[str] | None:
        """Letters cut into the likeliest words, or None when they are none."""
        costs = [0.0] + [math.inf] * len(letters)
        before = [0] * (len(letters) + 1)
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - self._longest), end):
                word = letters[start:end]
                if len(word) <= 2 and word not in _SHORT_WORDS:
                    continue  # vocabularies hold nearly all pairs of letters
                cost = costs[start] + self.cost(word) + _PER_WORD
                if cost < costs[end]:
                    costs[end], before[end] = cost, start
        if math.isinf(costs[-1]):
            return None
        found, end = [], len(letters)
        while end:
            found.append(letters[before[end] : end])
            end = before[end]
        return found[::-1]


NO_WORDS = Lexicon()


def fold(text: str) -> str:
    """Normalise what looks alike: NFKC, no zero-width or combining characters, casefold, letters of other scripts
    inside of Latin words."""
    if text.isascii():
        return text.casefold()
    compatible = unicodedata.normalize("NFKC", text)
    bare = "".join(c for c in unicodedata.normalize("NFKD", compatible) if unicodedata.category(c) not in ("Cf", "Mn"))
    folded = bare.casefold()
    return folded if folded.isascii() else re.sub(r"[^\s\x00-\x2f]+", lambda match: _latin(match.group()), folded)


def undisguise(text: str, lexicon: Lexicon = NO_WORDS) -> str:
    """`text` folded, with its disguises undone as `lexicon` tells. What is not disguised stays, in lower case."""
    text = _CAPITAL_I.sub(lambda match: _either(match.group(), lexicon), text.translate(_LIKE_I))
    text = fold(text)
    text = _MASKED.sub(lambda match: _unmasked(match.group(), lexicon), text)
    text = _unspaced(text, lexicon)
    text = _MIXED.sub(lambda match: _unleet(match.group(), lexicon), text)
    text = _CUT.sub(lambda match: _uncut(match.group(), lexicon), text)
    text = _TOKEN.sub(lambda match: _whole(match.group(), lexicon), text)
    return _rejoined(text, lexicon)


@cache
def _lookalikes(beside_latin: bool) -> dict[int, str]:
    """What each letter looks like; with `beside_latin` also what does so only in the company of Latin letters."""
    table = (resources.files("engine.backends.lite.guards") / "lookalikes.txt").read_text("utf-8")
    lines = [line.removeprefix("~") for line in table.splitlines() if beside_latin or not line.startswith("~")]
    return {ord(char): line[0] for line in lines for char in line[1:]}


def _latin(word: str) -> str:
    """A word in Latin letters if all of it can be read so: a Greek or Russian word as such stays what it is."""
    table = _lookalikes(any(char.isascii() and char.isalpha() for char in word))
    foreign = [char for char in word if not char.isascii() and (char.isalpha() or ord(char) in table)]
    if any(ord(char) not in table and not is_latin(char) for char in foreign):
        return word
    return word.translate(table)


@cache
def is_latin(char: str) -> bool:
    """Whether a letter belongs to the alphabets of Europe's languages; phonetic letters do not."""
    return char <= "\u024f" and unicodedata.name(char, "").startswith("LATIN")


def _either(word: str, lexicon: Lexicon) -> str:
    """A word with capital i's among small letters: with l's where only that is a word."""
    other = word.replace("I", "l").casefold()
    return other if other in lexicon and word.casefold() not in lexicon else word


def _unspaced(text: str, lexicon: Lexicon) -> str:
    longest = 0

    def joined(match: re.Match[str]) -> str:
        nonlocal longest
        letters = "".join(_TOKEN.findall(match.group().replace("_", " ")))
        if not letters.isalpha() and len(letters) < _SPACED_TEXT:
            return match.group()  # "at 5 o'clock"
        longest = max(longest, len(letters))
        return _words(letters, lexicon)

    text = _SPACED.sub(joined, text)
    return _SPACED_PAIR.sub(r"\1\2", text) if longest >= _SPACED_TEXT else text


def _words(letters: str, lexicon: Lexicon) -> str:
    """Letters that stood apart, as the word or words that they are."""
    plain = _unleet(letters, lexicon)
    if plain in lexicon or not plain.isalpha():
        return plain
    return " ".join(lexicon.parts(plain) or [plain])


def _unleet(word: str, lexicon: Lexicon) -> str:
    """A mixture of letters and signs as letters; pure numbers and pure words stay."""
    if word.isalpha() or not any(char.isalpha() for char in word):
        # "5h1t" in digits alone is a number for everybody.
        return word
    core = word.rstrip("!+|(") or word  # punctuation at the end is punctuation ("stop!"), not a letter
    tail = word[len(core) :]
    for candidate in dict.fromkeys((word, core)) if len(word) <= _LONGEST else ():
        found = lexicon.best(_spellings(candidate))
        if found is not None:
            return found + ("" if candidate == word else tail)
    if core.isalpha() or len(core) < _GUESSED or not _INSIDE.search(core):
        return word
    return "".join(LEET.get(char, char)[0] for char in core) + tail


def _spellings(word: str) -> Iterator[str]:
    choices = [LEET.get(char, char) for char in word]
    for count, letters in enumerate(product(*choices)):
        if count >= _MOST_VARIANTS:
            return
        spelling = "".join(letters)
        yield from _shorter(spelling)


def _shorter(word: str) -> tuple[str, ...]:
    """A word, and where letters are stretched the same with one and with two of each."""
    if not _STRETCHED.search(word):
        return (word,)
    return word, _STRETCHED.sub(r"\1", word), _STRETCHED.sub(r"\1\1", word)


def _unmasked(word: str, lexicon: Lexicon) -> str:
    if len(word) < _MASK_MINIMUM or not re.search(r"[^\W\d_].*[*#%]", word):
        return word
    if len(word) > _LONGEST:
        return word
    pattern = re.compile("".join(r"[^\W\d_]" if c in "*#%" else re.escape(c) for c in word))
    return lexicon.fitting(pattern, len(word)) or word


def _uncut(word: str, lexicon: Lexicon) -> str:
    """ "bo.mb" is one word when that is a word and its parts are not."""
    parts = re.findall(r"[^\W\d_]+", word)
    joined = "".join(parts)
    hidden = joined in lexicon.worth_hiding
    if joined in lexicon and (hidden or not all(part in lexicon and len(part) > 2 for part in parts)):
        return joined
    return word


def _whole(word: str, lexicon: Lexicon) -> str:
    if not word.isalpha():
        return word
    if _STRETCHED.search(word) and word not in lexicon:
        return lexicon.best(_shorter(word)) or _STRETCHED.sub(r"\1", word)
    if len(word) >= _GLUED and word not in lexicon:
        parts = lexicon.parts(word)
        # Two words in one are mostly a real compound.
        if parts and (len(parts) > 2 or any(part in lexicon.worth_hiding for part in parts)):
            return " ".join(parts)
    return word


def _rejoined(text: str, lexicon: Lexicon) -> str:
    """ "ki ll" is one word when that is worth hiding and a part of it is no word."""
    pieces = re.split(r"(\s+)", text)
    at = 0
    while at + 2 < len(pieces):
        one, other = pieces[at], pieces[at + 2]
        core = other.rstrip(".,!?;:")
        if one + core in lexicon.worth_hiding and not (_stands(one, lexicon) and _stands(core, lexicon)):
            pieces[at : at + 3] = [one + other]
        at += 2
    return "".join(pieces)


def _stands(word: str, lexicon: Lexicon) -> bool:
    """Whether a part is a word by itself."""
    return word in _SHORT_WORDS if len(word) <= 2 else word in lexicon
