"""Answers about how a clip looks: colours, brightness and on-screen text."""

from __future__ import annotations

import numpy as np

from engine.backends.watching.span import Span

from ..facts import ClipFacts, Reading
from ..measuring.colour import NAMES
from . import wording
from .ask import Ask, brightness_in, palette_in
from .structure import extreme_shot, fades
from .wording import listing, sentence

_NOTEWORTHY = 0.07
_ANY = 0.004
_GREYS = frozenset({"black", "dark grey", "grey", "light grey", "white"})
_CHANGE = 0.06


# --- colours -------------------------------------------------------------------------------------------------------


def colours(ask: Ask) -> list[str]:
    facts, part = ask.facts, ask.part
    shares = palette_in(facts, part.span)
    if ask.question.has("monochrome", "greyscale") or set(ask.question.colours) == {"black", "white"}:
        return [_monochrome(shares)]
    if ask.question.colours and (ask.question.yes_no or ask.question.names_a_thing):
        return [_is_there(ask, colour) for colour in ask.question.colours]
    sentences = [part.lead(f"the picture is mostly {palette_words(shares)}")]
    if part.whole and len(facts.shots) > 1:
        looks = [(shot, palette_words(palette_in(facts, shot.span), 2)) for shot in facts.shots[:8]]
        if len({look for _, look in looks}) > 1:
            told = [f"shot {shot.number} ({wording.at(shot.span.start_s)}) {look}" for shot, look in looks]
            sentences.append(sentence(f"By shot: {'; '.join(told)}"))
    if ask.question.has("colourful", "saturated"):
        vivid = float(
            sum(value for name, value in zip(NAMES, shares, strict=True) if name not in _GREYS | {"beige", "brown"})
        )
        word = "very colourful" if vivid > 0.5 else "fairly colourful" if vivid > 0.2 else "not very colourful"
        sentences.insert(0, sentence(f"it is {word}: clear colours fill {wording.share(vivid)} of it"))
    return sentences


def palette_words(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]], most: int = 4) -> str:
    """ "dark grey and brown, with some white"."""
    order = [int(i) for i in np.argsort(shares)[::-1]]
    strong = [NAMES[i] for i in order if shares[i] >= 0.18][:most] or [NAMES[order[0]]]
    weak = [NAMES[i] for i in order if _NOTEWORTHY <= shares[i] < 0.18 and NAMES[i] not in strong][
        : max(0, most - len(strong))
    ]
    return listing(strong) + (f", with some {listing(weak)}" if weak else "")


def _share_of(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]], colour: str) -> float:
    """The share of a colour as people say it: "grey" means every grey."""
    names = {"dark grey", "grey", "light grey"} if colour == "grey" else {colour}
    return float(sum(value for name, value in zip(NAMES, shares, strict=True) if name in names))


def _is_there(ask: Ask, colour: str) -> str:
    facts, part = ask.facts, ask.part
    share = _share_of(palette_in(facts, part.span), colour)
    if ask.question.has("mostly", "main", "dominant"):
        shares = palette_in(facts, part.span)
        yes = share >= 0.35
        return part.lead(
            f"{'yes' if yes else 'no'}, {colour} fills {wording.share(share)}; it is mostly {palette_words(shares, 2)}"
        )
    inside = (facts.times >= part.span.start_s - 1e-6) & (facts.times < part.span.end_s)
    over_time = [_share_of(row, colour) for row in facts.palette[inside]] or [share]
    peak = int(np.argmax(over_time))
    if over_time[peak] < _ANY:
        return part.lead(f"no, I find no {colour} worth mentioning")
    when = float(facts.times[inside][peak]) if inside.any() else part.span.start_s
    most = (
        f", most of it at {wording.at(when)} ({wording.share(over_time[peak])})"
        if over_time[peak] > 1.6 * share
        else ""
    )
    verdict = "yes, " if ask.question.yes_no else "I find "
    some = "a little " if share < 0.03 else ""
    return part.lead(f"{verdict}{some}{colour}: {wording.share(share)} of the picture on average{most}")


def _monochrome(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    colour = 1 - sum(float(v) for name, v in zip(NAMES, shares, strict=True) if name in _GREYS)
    if colour < 0.01:
        return "Yes: it has no colour, only black, white and greys."
    return f"No: {wording.share(colour)} of it has a colour. It is mostly {palette_words(shares)}."


# --- brightness ----------------------------------------------------------------------------------------------------


def brightness(ask: Ask) -> list[str]:
    facts, part, question = ask.facts, ask.part, ask.question
    if question.extreme and question.extreme[0] == "brightness":
        return [extreme_shot(ask)] if question.has("shot") else [_peak(ask)]
    sentences: list[str] = []
    level = brightness_in(facts, part.span)
    if question.has("night", "daylight", "day", "sunny"):
        sentences.append("I cannot tell day from night, only light from dark.")
    changes = question.has("change", "get", "become", "turn", "when", "brighter", "darker", "towards")
    if changes and part.span.length_s > 0.5 and facts.moving:
        return sentences + _changes(ask)
    lead = ""
    if (
        question.yes_no
        and question.has("dark", "bright", "dim", "overexposed", "underexposed")
        and not (question.has("dark") and question.has("bright"))
    ):
        if question.has("overexposed"):
            yes = level > 0.8
        elif question.has("dark", "dim", "underexposed"):
            yes = level < 0.34
        else:
            yes = level > 0.55
        lead = "yes, " if yes else "no, "
    sentences.append(
        part.lead(f"{lead}it is {level_word(level)} ({level * 100:.0f} on a scale from 0, black, to 100, white)")
    )
    if part.whole and len(facts.shots) > 1:
        by = sorted(facts.shots, key=lambda shot: brightness_in(facts, shot.span))
        if brightness_in(facts, by[-1].span) - brightness_in(facts, by[0].span) > 0.1:
            sentences.append(
                f"Shot {by[0].number} {wording.bracketed(by[0].span)} is the darkest, "
                f"shot {by[-1].number} {wording.bracketed(by[-1].span)} the brightest."
            )
    return sentences


def level_word(level: float) -> str:
    """Brightness from 0 to 1, in a word."""
    for bound, word in (
        (0.1, "almost black"),
        (0.22, "very dark"),
        (0.34, "dark"),
        (0.55, "of middling brightness"),
        (0.75, "bright"),
    ):
        if level < bound:
            return word
    return "very bright"


def _peak(ask: Ask) -> str:
    sign = ask.question.extreme[1] if ask.question.extreme else 1
    facts, span = ask.facts, ask.part.span
    inside = np.flatnonzero((facts.times >= span.start_s) & (facts.times <= span.end_s))
    index = inside[int(np.argmax(sign * facts.brightness[inside]))]
    word = "brightest" if sign > 0 else "darkest"
    return f"It is {word} at {wording.at(float(facts.times[index]))} ({facts.brightness[index] * 100:.0f} of 100)."


def _changes(ask: Ask) -> list[str]:
    """Where it gets brighter or darker: from shot to shot, and inside shots."""
    facts, span = ask.facts, ask.part.span
    found: list[tuple[str, str]] = []
    previous: float | None = None
    for shot in facts.shots_in(span):
        own = Span(max(shot.span.start_s, span.start_s), min(shot.span.end_s, span.end_s))
        quarter = own.length_s / 4
        start, end = (
            brightness_in(facts, Span(own.start_s, own.start_s + quarter)),
            brightness_in(facts, Span(own.end_s - quarter, own.end_s)),
        )
        if previous is not None and abs(start - previous) > _CHANGE:
            found.append(("brighter" if start > previous else "darker", f"with the cut at {wording.at(own.start_s)}"))
        if abs(end - start) > _CHANGE:
            found.append(("brighter" if end > start else "darker", wording.stretch(own)))
        previous = end
    wanted = (
        "brighter"
        if ask.question.has("brighter", "bright", "light")
        else "darker"
        if ask.question.has("darker", "dark", "dim")
        else ""
    )
    kept = [item for item in found if not wanted or item[0] == wanted]
    yes = "yes, " if ask.question.yes_no else ""
    no = "no, " if ask.question.yes_no else ""
    if not kept:
        steady = "its brightness hardly changes" if not found else f"it does not get {wanted}"
        return [ask.part.lead(f"{no}{steady}")]
    grouped = [
        f"{word} {listing([when for way, when in kept if way == word][:5])}"
        for word in ("darker", "brighter")
        if any(way == word for way, _ in kept)
    ]
    told = [ask.part.lead(f"{yes}it gets {'; it gets '.join(grouped)}")]
    return told + ([fades(facts)] if facts.fades and ask.part.whole else [])


# --- text ----------------------------------------------------------------------------------------------------------


def text(ask: Ask) -> list[str]:
    part = ask.part
    readings = ask.read(ask.facts, part.span)
    yes, no = ("yes, ", "no, ") if ask.question.yes_no else ("", "")
    if not readings:
        return [part.lead(f"{no}I can read no text in the frames that I looked at")]
    told = [_quoted(reading) for reading in readings[:8]]
    if not readings[0].text:
        return [part.lead(f"{yes}there are {told[0]}")]
    more = (
        []
        if ask.facts.info.kind == "image"
        else ["I read a few frames only, so short or small text may have escaped me."]
    )
    return [part.lead(f"{yes}I read {listing(told)}"), *more]


def _quoted(reading: Reading) -> str:
    said = f"“{reading.text}”" if reading.text else "letters that I can't read"
    return f"{said} ({_when(reading)})"


def _when(reading: Reading) -> str:
    first, last = reading.times_s[0], reading.times_s[-1]
    return f"at {wording.at(first)}" if first == last else f"from {wording.at(first)} to {wording.at(last)}"


def text_words(readings: tuple[Reading, ...]) -> str:
    """The on-screen text, in a sentence; empty without any."""
    if not readings:
        return ""
    lead = "on screen I can read" if readings[0].text else "on screen there are"
    return sentence(f"{lead} {listing([_quoted(reading) for reading in readings[:4]])}")


def look_words(facts: ClipFacts, span: Span) -> str:
    """ "dark, mostly black and brown": the look of a part in half a sentence."""
    return f"{level_word(brightness_in(facts, span))}, mostly {palette_words(palette_in(facts, span), 2)}"
