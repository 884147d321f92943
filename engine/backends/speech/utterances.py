"""From a window's tokens to what was said and when. Pure: it knows tokens by number, and neither a model nor sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.types import Utterance

_REPEATS = 2  # so often a refrain is believed; a model that is caught in a loop says it again and again


@dataclass(frozen=True, slots=True)
class Stamps:
    """How a vocabulary writes times: the token `first` is 0 s, and each one after it is `step_s` later."""

    first: int
    step_s: float

    def is_one(self, token: int) -> bool:
        return token >= self.first

    def seconds(self, token: int) -> float:
        return (token - self.first) * self.step_s


@dataclass(frozen=True, slots=True)
class Heard:
    """What one window says. `until_s` is from where, within the window, it has to be heard again: the window's last
    utterance was cut off there. None when all of it was heard."""

    utterances: tuple[Utterance, ...]
    until_s: float | None = None


def read_window(
    tokens: Sequence[int], stamps: Stamps, decode: Callable[[Sequence[int]], str], *, length_s: float
) -> Heard:
    """Utterances with times in seconds from the window's beginning, ascending and within `length_s`.

    Whisper writes a time stamp before and after each utterance. Two in a row at the end say that another one begins
    there, of which the window holds a part; text without its last stamp lasts to the window's end.
    """
    found: list[Utterance] = []
    words: list[int] = []
    start, paired = 0.0, False
    for index, token in enumerate(tokens):
        if not stamps.is_one(token):
            words.append(token)
            continue
        moment = stamps.seconds(token)
        if words:
            found.append(Utterance(start_s=start, end_s=moment, text=decode(words).strip()))
            words = []
        elif index and stamps.is_one(tokens[index - 1]):
            paired = True
        start = moment
    cut_off = paired and (bool(words) or all(stamps.is_one(token) for token in tokens[-2:]))
    if words and not paired:
        found.append(Utterance(start_s=start, end_s=length_s, text=decode(words).strip()))
    return Heard(tuple(ordered(found, 0.0, length_s)), min(start, length_s) if cut_off else None)


def ordered(utterances: Iterable[Utterance], from_s: float, to_s: float) -> Iterator[Utterance]:
    """The same in time order, within two moments; a model may write times that run backwards. Without empty ones."""
    for each in utterances:
        if each.text:
            start = min(max(each.start_s, from_s), to_s)
            from_s = min(max(each.end_s, start), to_s)
            yield Utterance(start_s=start, end_s=from_s, text=each.text)


def without_loops(utterances: Iterable[Utterance]) -> list[Utterance]:
    """The same, without what is said word by word for the third time in a row."""
    kept: list[Utterance] = []
    for each in utterances:
        if [earlier.text for earlier in kept[-_REPEATS:]] != [each.text] * _REPEATS:
            kept.append(each)
    return kept
