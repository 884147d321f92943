"""Colours, brightness, text on screen, and what changes over time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.watching.span import Span

from ..facts import ClipFacts, Reading
from ..measuring.colour import NAMES
from .ask import Ask
from .wording import Wording, clock

if TYPE_CHECKING:
    from ..facts import Series

_GREYS = frozenset({"black", "dark grey", "grey", "light grey", "white"})
_STRONG, _NOTEWORTHY = 0.18, 0.07
_ANY = 0.004  # of the picture at some moment: what counts as "is there any"
_LIGHT_CHANGE = 0.06
_CHANGED = 8.0  # of 255, in the cell of the small grey picture that differs most
_TEXTS = 8
# "Is there text?" was tested, "does it show a taxi?" was not.
_WORDS = "texts?|words?|written|writing|letters?|numbers?|digits?|readable|lettering|read"
_OF_THE_PICTURE = (
    "it|there|thing|video|picture|screen|shot|scene|background|see|seen|contains?|any|something|some|mostly"
)


# --- colours ---------------------------------------------------------------------------------------------------------


def colours(ask: Ask) -> Iterator[str]:
    facts, slots, words = ask.facts(), ask.slots, ask.words
    shares = facts.colours(ask.span)
    if slots.has("monochrome|greyscale|grayscale|sepia") or set(slots.colours) == {"black", "white"}:
        vivid = 1 - _share(shares, _GREYS)
        said = ask.say("grey_only") if vivid < 0.01 else ask.say("coloured", share=words.share(vivid))
        yield ask.put(said, yes=vivid < 0.01)
    elif slots.colours:
        for colour in slots.colours:
            yield from _colour(ask, facts, colour, shares)
    else:
        yield ask.answer("mostly", colours=palette_words(words, shares))
        if ask.whole and len(facts.shots) > 1:
            looks = [(shot, palette_words(words, facts.colours(shot.span), 2)) for shot in facts.shots[:8]]
            if len({look for _, look in looks}) > 1:
                told = [
                    ask.say("shot_look", number=shot.number, time=clock(shot.span.start_s), look=look)
                    for shot, look in looks
                ]
                yield ask.say("by_shot", told="; ".join(told))
    if slots.has("square|circle|car|bus|shirt|dress|house|ball|bike|bicycle|dog|cat|hair|man|woman|he|she"):
        yield ask.say("which_thing_colour")


def _colour(ask: Ask, facts: ClipFacts, colour: str, shares: Series) -> Iterator[str]:
    words, slots = ask.words, ask.slots
    names = {"dark grey", "grey", "light grey"} if colour == "grey" else {colour}
    looks = facts.looks_in(ask.span)
    over_time = [_share(row, names) for row in facts.palette[looks]]
    share, peak = _share(shares, names), int(np.argmax(over_time))
    if over_time[peak] < _ANY:
        yield ask.answer("no_colour", yes=False, colour=words.colour(colour))
        return
    yes: bool | None = True if slots.has(_OF_THE_PICTURE) else None  # of a named thing nobody knows its colour
    if slots.limit and slots.limit.unit in ("%", "percent", "of", "the", ""):
        yes = slots.limit.holds(share * 100, 0.5)
    elif slots.has("mostly|mainly|dominant|all|everything"):
        yes = share >= 0.5
    elif slots.has("background"):
        yes = share >= 0.35
    elif slots.has("turns?|turned|becomes?"):
        yes = over_time[peak] > over_time[0] + 0.1
    elif slots.has("car|bus|shirt|dress|house|ball|bike|bicycle|dog|cat|hair|man|woman|he|she|person"):
        yes = None  # a "yes" would say that the thing is there and that it has this colour
    yield ask.answer(
        "has_colour",
        yes=yes,
        colour=words.colour(colour),
        share=words.share(share),
        time=clock(float(facts.times[looks][peak])),
        peak=words.share(over_time[peak]),
    )
    if slots.has("when|changes?|turns?|becomes?"):
        there = _runs(facts.times[looks], np.array(over_time) > max(_ANY, 0.5 * over_time[peak]), ask.span.end_s)
        yield ask.say("colour_when", when=words.whens(there))


def _share(shares: Series, names: frozenset[str] | set[str]) -> float:
    return float(sum(value for name, value in zip(NAMES, shares, strict=True) if name in names))


def _runs(times: Series, flags: np.ndarray, end_s: float) -> list[Span]:
    """The stretches in which a flag holds."""
    found: list[Span] = []
    for at, (time_s, flag) in enumerate(zip(times.tolist(), flags.tolist(), strict=True)):
        until = float(times[at + 1]) if at + 1 < len(times) else end_s
        if flag and found and abs(found[-1].end_s - time_s) < 1e-6:
            found[-1] = Span(found[-1].start_s, until)
        elif flag:
            found.append(Span(time_s, until))
    return found


def palette_words(words: Wording, shares: Series, most: int = 4) -> str:
    """ "dark grey and brown, with some white"."""
    order = [int(at) for at in np.argsort(shares)[::-1]]
    strong = [at for at in order if shares[at] >= _STRONG][:most] or order[:1]
    weak = [at for at in order if _NOTEWORTHY <= shares[at] < _STRONG and at not in strong][
        : max(0, most - len(strong))
    ]
    said = words.listing([words.colour(NAMES[at]) for at in strong])
    if not weak:
        return said
    return words.say("with_some", strong=said, weak=words.listing([words.colour(NAMES[at]) for at in weak]))


# --- brightness ------------------------------------------------------------------------------------------------------


def brightness(ask: Ask) -> Iterator[str]:
    facts, slots, words = ask.facts(), ask.slots, ask.words
    level = facts.light(ask.span)
    if slots.has("night|day|daylight|sunny"):
        yield ask.say("no_day")
    if slots.extreme and slots.extreme[0] == "brightness" and not slots.has("shot"):
        sign, looks = slots.extreme[1], facts.looks_in(ask.span)
        at = looks[int(np.argmax(sign * facts.brightness[looks]))]
        word = words.words["brightest"][sign < 0]
        yield ask.answer(
            "light_peak", word=word, time=clock(float(facts.times[at])), level=f"{facts.brightness[at] * 100:.0f}"
        )
        return
    if slots.has("changes?|gets?|become|turns?|when|brighter|darker|lighter|over") and facts.moving:
        yield from _light_changes(ask, facts)
        return
    yes = None
    if slots.has("dark|dim|underexposed") != slots.has("bright|overexposed|lit|light"):
        yes = (
            level < 0.34 if slots.has("dark|dim|underexposed") else level > (0.8 if slots.has("overexposed") else 0.55)
        )
    yield ask.answer("light", yes=yes, word=level_word(words, level), level=f"{level * 100:.0f}")


def level_word(words: Wording, level: float) -> str:
    """Brightness from 0 to 1, in a word."""
    return str(words.words["levels"][int(np.digitize(level, (0.1, 0.22, 0.34, 0.55, 0.75)))])


def _light_changes(ask: Ask, facts: ClipFacts) -> Iterator[str]:
    """Where it gets brighter or darker: from shot to shot, and inside shots."""
    found: list[tuple[int, str]] = []
    before: float | None = None
    for shot in facts.shots_in(ask.span):
        own = Span(max(shot.span.start_s, ask.span.start_s), min(shot.span.end_s, ask.span.end_s))
        quarter = own.length_s / 4
        start = facts.light(Span(own.start_s, own.start_s + quarter))
        end = facts.light(Span(own.end_s - quarter, own.end_s))
        if before is not None and abs(start - before) > _LIGHT_CHANGE:
            found.append((int(start < before), ask.say("with_cut", time=clock(own.start_s))))
        if abs(end - start) > _LIGHT_CHANGE:
            found.append((int(end < start), ask.words.when(own)))
        before = end
    names = ask.words.words["lighter"]
    wanted = 1 if ask.slots.has("darker|dark|dim") else 0 if ask.slots.has("brighter|bright|lighter|light") else None
    told = [
        ask.say("gets", word=names[way], when=ask.words.listing(whens[:5]))
        for way in (1, 0)
        if (whens := [when for other, when in found if other == way]) and wanted in (None, way)
    ]
    if not told:
        key = "not_gets" if found and wanted is not None else "no_light_change"
        yield ask.answer(key, yes=False, word=names[wanted or 0])
    yield from (ask.put(said, yes=True) if at == 0 else said for at, said in enumerate(told))


# --- text ------------------------------------------------------------------------------------------------------------


def text(ask: Ask) -> Iterator[str]:
    readings = ask.clip.readings(ask.span)
    if ask.slots.quotes and ask.slots.has("when|long|where"):
        readings = tuple(r for r in readings if any(_holds(r.text, wanted) for wanted in ask.slots.quotes)) or readings
    legible = tuple(reading for reading in readings if reading.text)
    if legible:
        yield ask.answer("text_read", yes=True if ask.slots.has(_WORDS) else None, texts=quoted(ask, legible))
    elif not readings:
        yield ask.answer("no_text", yes=False if ask.slots.has(_WORDS) else None)
    for unread in (reading for reading in readings if not reading.text):
        yield ask.answer("unreadable", yes=None if legible else True, when=_when(ask.words, unread))
    if ask.clip.moving and not legible:
        yield ask.say("text_escapes")


def text_says(ask: Ask) -> Iterator[str]:
    """Yes or no to a text that was asked for: the only claim about words that was tested."""
    wanted = ask.slots.quotes
    if not wanted:
        yield from text(ask)
        return
    readings = tuple(reading for reading in ask.clip.readings(ask.span) if reading.text)
    whole = " ".join(reading.text for reading in readings)
    missing = [text for text in wanted if not _holds(whole, text)]
    if not missing:
        matching = tuple(r for r in readings if any(_holds(r.text, text) for text in wanted)) or readings
        yield ask.answer("that_text", yes=True, texts=quoted(ask, matching))
    elif readings:
        yield ask.answer("not_that_text", yes=False, wanted=missing[0], texts=quoted(ask, readings))
    else:
        yield ask.answer("not_that_no_text", yes=False, wanted=missing[0])


def _holds(text: str, wanted: str) -> bool:
    """Whether a text holds the wanted words, in whatever case and spacing."""
    bare, plain = (re.sub(r"[\W_]+", " ", each.lower()).strip() for each in (text, wanted))
    if not plain:
        return False
    # A short word must stand alone: "ten" is not in "often".
    return f" {plain} " in f" {bare} " or (len(plain) > 4 and plain.replace(" ", "") in bare.replace(" ", ""))


def quoted(ask: Ask, readings: Sequence[Reading]) -> str:
    """ "“HELLO 42” (from 0:01 to 0:02)"; times are left out for a still picture."""
    told = [
        ask.words.quote(r.text) + (f" ({_when(ask.words, r)})" if ask.clip.moving else "") for r in readings[:_TEXTS]
    ]
    return ask.words.listing(told)


def _when(words: Wording, reading: Reading) -> str:
    return words.when(Span(reading.times_s[0], reading.times_s[-1]))


def glance(ask: Ask) -> Iterator[str]:
    """The text, for an overview: fewer pictures are read, and without text nothing is said."""
    readings = ask.clip.readings(ask.span, closely=False)
    legible = tuple(reading for reading in readings if reading.text)
    if legible:
        yield ask.say("text_read", texts=quoted(ask, legible[:5]))
    elif readings:
        yield ask.say("unreadable", when=_when(ask.words, readings[0]))


# --- change ----------------------------------------------------------------------------------------------------------


def change(ask: Ask) -> Iterator[str]:
    """What is different from moment to moment of a part: colours, light, motion, text and cuts."""
    if not ask.clip.moving:
        yield ask.say("still_nothing")
        return
    facts, words = ask.facts(motion=True), ask.words
    edge = min(0.3, ask.span.length_s / 4)
    first, last = Span(ask.span.start_s, ask.span.start_s + edge), Span(ask.span.end_s - edge, ask.span.end_s)
    told = []
    before, after = (palette_words(words, facts.colours(part), 2) for part in (first, last))
    if float(np.abs(facts.colours(first) - facts.colours(last)).sum()) > 0.3 and before != after:
        told.append(ask.say("change_colour", before=before, after=after))
    difference = facts.light(last) - facts.light(first)
    if abs(difference) > _LIGHT_CHANGE:
        told.append(ask.say("change_light", word=words.words["lighter"][difference < 0]))
    told += _motion_changes(ask, facts)
    told += _text_changes(ask)
    cuts = [s.span.start_s for s in facts.shots[1:] if ask.span.start_s < s.span.start_s < ask.span.end_s]
    if cuts:
        told.append(ask.say("change_cut", when=words.whens([Span(cut, cut) for cut in cuts])))
    if not told and (stirs := _stirs(facts, ask.span)):
        told.append(ask.say("change_small", when=words.whens(stirs)))
    same = ask.slots.has("same|still|frozen|stays?|equal")
    tested = same or ask.slots.has("changes?|changed|different|differ|differs|happens?|other")
    if told:
        yield ask.answer("changes", yes=not same if tested else None, told="; ".join(told))
    else:
        yield ask.answer("nothing_changes", yes=same if tested else None)
    if not facts.complete:
        yield ask.say("parts_only")


def _motion_changes(ask: Ask, facts: ClipFacts) -> list[str]:
    movers = sorted((m for m in facts.movers_in(ask.span)[:6] if m.direction), key=lambda mover: mover.span.start_s)
    ways = [m.direction for m in movers if m.direction]
    if len(ways) > 1 and ways[0] != ways[-1]:
        return [ask.say("change_motion", before=ask.words.way(ways[0]), after=ask.words.way(ways[-1]))]
    return [ask.say("change_moves")] if facts.movers_in(ask.span) else []


def _text_changes(ask: Ask) -> list[str]:
    """Texts that come after the start of the part, and those that go before its end."""
    slack = 0.15
    readings = [reading for reading in ask.clip.readings(ask.span) if reading.text]
    come = [ask.words.quote(r.text) for r in readings if r.times_s[0] > ask.span.start_s + slack]
    gone = [
        ask.words.quote(r.text)
        for r in readings
        if r.times_s[-1] < ask.span.end_s - slack and ask.words.quote(r.text) not in come
    ]
    said = [ask.say("change_text", texts=ask.words.listing(come[:_TEXTS]))] if come else []
    return said + ([ask.say("change_text_gone", texts=ask.words.listing(gone[:_TEXTS]))] if gone else [])


def _stirs(facts: ClipFacts, span: Span) -> list[Span]:
    """Moments at which some place of the picture is no more as it was."""
    looks = facts.looks_in(span)
    found: list[Span] = []
    anchor = facts.gists[looks[0]].astype(np.float32)
    for at in looks[1:]:
        if float(np.abs(facts.gists[at] - anchor).max()) > _CHANGED:
            anchor = facts.gists[at].astype(np.float32)
            moment = float(facts.times[at])
            if not found or moment - found[-1].end_s > 0.2:
                found.append(Span(moment, moment))
            else:
                found[-1] = Span(found[-1].start_s, moment)
    return found
