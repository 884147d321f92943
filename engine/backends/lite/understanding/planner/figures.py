"""Lengths, cuts, sound, the file's own figures, and comparisons: what is answered with a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import gcd

from engine.backends.watching.span import Span

from ..analyzer import ClipAnalysis
from ..facts import SILENT_DB, ClipFacts, Loudness
from .ask import Ask
from .wording import clock, size_of

_LISTED = 12


def length(ask: Ask) -> Iterator[str]:
    if not ask.clip.moving:
        yield ask.say("still_nothing")
        return
    info, limit = ask.clip.info, ask.slots.limit
    measured = ask.span.length_s if ask.slots.scope.kind == "shot" else info.declared_s or info.length_s
    said = ask.words.seconds(measured)
    yes = limit.holds(measured, max(0.05, 0.5 / max(1.0, info.fps))) if limit and limit.unit in ("second", "") else None
    if ask.slots.scope.kind == "shot":
        yield ask.answer("shot_length", yes=yes, length=said)
    else:
        arrived = ask.words.seconds(info.duration_s)
        said = ask.say("arrived" if info.declared_s else "length", length=said, arrived=arrived)
        yield said if yes is None or not (ask.slots.yes_no or limit) else ask.words.verdict(yes, said)
        if info.sound_end_s > info.duration_s + 0.5 and not info.declared_s:
            yield ask.say("length_of_picture", time=clock(info.duration_s))


# --- shots -----------------------------------------------------------------------------------------------------------


def cuts(ask: Ask) -> Iterator[str]:
    if not ask.clip.moving:
        yield ask.say("still_nothing")
        return
    facts, slots, words = ask.facts(), ask.slots, ask.words
    if slots.extreme:
        yield _best_shot(ask)
        return
    if slots.has("fades?|black") and not slots.has("cuts?|cross"):
        fades = list(_fades(ask, facts))
        yield ask.put(fades[0], yes=True) if fades else ask.answer("no_fade", yes=False)
        yield from fades[1:]
        return
    inside = [s for s in facts.shots[1:] if ask.span.start_s <= s.span.start_s < ask.span.end_s]
    times = [clock(shot.span.start_s) for shot in inside[:_LISTED]]
    number = len(inside) if slots.has("cuts?|changes?|transitions?") else len(inside) + 1
    if slots.limit and slots.limit.unit.rstrip("s") in ("cut", "shot", "scene", "change", "transition", "take", ""):
        yes = slots.limit.holds(number)
    elif slots.has("single|continuous|one|uncut|without"):
        yes = not inside
    else:
        yes = bool(inside)
    if not inside:
        yield ask.answer("one_shot" if ask.whole else "no_cut_there", yes=yes)
    else:
        shots = words.count(len(inside) + 1, "shot")
        shots = shots if facts.complete else ask.say("at_least", what=shots)
        yield ask.answer("some_shots", yes=yes, shots=shots, times=words.listing(times))
    dissolves = [clock(shot.span.start_s) for shot in inside if shot.opening == "dissolve"]
    if dissolves:
        yield ask.say("dissolve", times=words.listing(dissolves))
    yield from _fades(ask, facts)
    if not facts.complete:
        yield ask.say("parts_only")


def _fades(ask: Ask, facts: ClipFacts) -> Iterator[str]:
    for span, way, colour in facts.fades:
        if span.overlap(ask.span) > 0:
            when, colour_word = ask.words.when(span), ask.words.colour(colour).capitalize()
            colour_word = colour_word if ask.words.language == "de" else colour
            yield ask.say("fades_out" if way == "out" else "fades_in", colour=colour_word, when=when)


def _best_shot(ask: Ask) -> str:
    kind, sign = ask.slots.extreme or ("length", 1)
    facts = ask.clip.facts(motion=kind == "motion")
    if len(facts.shots) == 1:
        return ask.say("only_shot")
    loud = ask.clip.loudness if kind == "sound" else None
    values: dict[str, Callable[[Span], float]] = {
        "length": lambda span: span.length_s,
        "brightness": facts.light,
        "motion": facts.stir,
        "sound": lambda span: loud.mean(span) if loud else 0.0,
    }
    shot = max(facts.shots, key=lambda shot: sign * values[kind](shot.span))
    word = ask.words.words["extremes"][f"{kind}{'+' if sign > 0 else '-'}"]
    return ask.say("best_shot", number=shot.number, word=word, when=ask.words.when(shot.span))


# --- sound -----------------------------------------------------------------------------------------------------------


def sound(ask: Ask) -> Iterator[str]:
    loud, slots, words = ask.clip.loudness, ask.slots, ask.words
    wants_silence = slots.has("silen\\w*|mute\\w*|quiet|still")
    if loud is None:
        yield ask.answer("no_track", yes=wants_silence)
        return
    mean = loud.mean(ask.span)
    if mean < SILENT_DB:
        yield ask.answer("silent_track" if ask.whole else "silent_here", yes=wants_silence)
        return
    quiet = loud.silences(ask.span)
    inside = [(t, v) for t, v in loud.levels if ask.span.start_s <= t <= ask.span.end_s]
    if slots.has("stops?|ends?|starts?|begins?|whole"):
        yield _extent(ask, loud, quiet)
        return
    if wants_silence or slots.has("quietest"):
        low = min(inside, key=lambda pair: pair[1])
        if quiet:
            yield ask.answer("silent_when", yes=True, when=words.whens(quiet))
        else:
            yield ask.answer("never_silent", yes=False, time=clock(low[0]), level=f"{low[1]:.0f}")
        return
    if slots.yes_no and not slots.has("loud\\w*|nois\\w*"):
        yield ask.answer("has_sound", yes=True)
    top = max(inside, key=lambda pair: pair[1])
    word = words.words["loud"][0 if mean > -16 else 1 if mean > -28 else 2 if mean > -42 else 3]
    yield ask.answer("loudness", word=word, level=f"{mean:.0f}", time=clock(top[0]), peak=f"{top[1]:.0f}")
    if quiet and ask.whole:
        yield ask.say("silent_when", when=words.whens(quiet))


def _extent(ask: Ask, loud: Loudness, quiet: list[Span]) -> str:
    audible = [t for t, level in loud.levels if level >= SILENT_DB and ask.span.start_s <= t <= ask.span.end_s]
    start, end = max(0.0, audible[0] - loud.window_s / 2), audible[-1] + loud.window_s / 2
    between = [span for span in quiet if span.start_s > start and span.end_s < end]
    if end > ask.span.end_s - 0.2:
        said = ask.say("sound_to_end", start=clock(start))
    else:
        said = ask.say("sound_ends", start=clock(start), end=clock(end))
    gaps = ask.say("silent_when", when=ask.words.whens(between)) if between else ""
    return f"{ask.put(said, yes=not quiet)} {gaps}".strip()


def overview_of_sound(ask: Ask) -> Iterator[str]:
    """Sound, speech and music in a sentence or two."""
    loud = ask.clip.loudness
    if loud is None or loud.mean(ask.span) < SILENT_DB:
        yield ask.say("no_sound" if loud is None else "silent_track" if ask.whole else "silent_here")
        return
    told = [
        ask.say(key, when=ask.words.whens(spans, 3))
        for key, spans in (("speech", _heard(ask, "speech")), ("music", _heard(ask, "music")))
        if spans
    ]
    quiet = loud.silences(ask.span)
    yield from told or [
        ask.say("sound_silent", when=ask.words.whens(quiet, 3)) if quiet else ask.say("sound_throughout")
    ]


def _heard(ask: Ask, what: str) -> list[Span]:
    spans = [Span(*pair) for pair in getattr(ask.clip.heard, what)]
    return [span for span in spans if span.overlap(ask.span) > 0]


def speech(ask: Ask) -> Iterator[str]:
    yield from _presence(ask, "speech", "no_speech", "not_who_speaks")


def music(ask: Ask) -> Iterator[str]:
    yield from _presence(ask, "music", "no_music", "not_which_music")


def _presence(ask: Ask, what: str, absent: str, beyond: str) -> Iterator[str]:
    loud = ask.clip.loudness
    if loud is None or loud.mean(ask.span) < SILENT_DB:
        yield ask.answer("no_track" if loud is None else "silent_track" if ask.whole else "silent_here", yes=False)
        return
    spans = _heard(ask, what)
    yield ask.answer(what, yes=True, when=ask.words.whens(spans)) if spans else ask.answer(absent)
    yield ask.say(beyond)


# --- the file --------------------------------------------------------------------------------------------------------


def size(ask: Ask) -> Iterator[str]:
    info, slots = ask.clip.info, ask.slots
    wide, tall = slots.has("horizontal|widescreen|landscape|wide|wider"), slots.has("vertical|portrait|tall|taller")
    square = slots.has("square")
    shape = 0 if info.width == info.height else 1 if info.width > info.height else 2
    if slots.has("hd|4k|1080p|720p|2160p"):
        lines = 2160 if slots.has("4k|2160p") else 1080 if slots.has("1080p|full") else 720
        name = {2160: "4K", 1080: "Full HD", 720: "HD"}[lines]
        enough = min(info.width, info.height) >= lines
        yield ask.answer("hd", yes=enough, width=info.width, height=info.height, name=name, lines=lines)
        return
    yes: bool | None = {0: square, 1: wide, 2: tall}[shape] if wide + tall + square == 1 else None
    shape_word = ask.words.words["shapes"][shape]
    ratio = _ratio(info.width, info.height)
    yield ask.put(ask.say("size", width=info.width, height=info.height, shape=shape_word, ratio=ratio), yes)


def _ratio(width: int, height: int) -> str:
    for wide, high in ((16, 9), (9, 16), (4, 3), (3, 4), (1, 1), (3, 2), (2, 3), (21, 9), (11, 9)):
        if abs(width / height - wide / high) < 0.012 * wide / high:
            return f"{wide}:{high}"
    divisor = gcd(width, height)
    exact = f"{width // divisor}:{height // divisor}"
    return exact if max(width, height) // divisor < 50 else f"{width / height:.2f}:1"


def rate(ask: Ask) -> Iterator[str]:
    info, limit = ask.clip.info, ask.slots.limit
    if not ask.clip.moving:
        yield ask.answer("one_frame", yes=ask.slots.has("still"))
        return
    of_frames = ask.slots.has("frame|frames") and not ask.slots.has("per|rate|fps")
    value = float(info.frames or 0) if of_frames else info.fps
    yes = limit.holds(value, 0.5) if limit and value else False if ask.slots.has("still") else None
    fps = ask.words.figure(f"{info.fps:.2f}".rstrip("0").rstrip("."))
    frames = ask.say("frames", count=ask.words.count(info.frames, "frame")) if info.frames else ""
    yield ask.put(ask.say("rate", fps=fps, frames=frames), yes)


def file(ask: Ask) -> Iterator[str]:
    info, slots = ask.clip.info, ask.slots
    if slots.has("hdr"):
        yield ask.answer("hdr" if info.hdr else "no_hdr", yes=info.hdr)
        return
    kinds = {"mp4", "gif", "webm", "mov", "avi", "mkv", "png", "jpeg", "h264", "hevc", "av1", "vp9", "vp8", "h265"}
    asked = kinds & set(slots.words)
    yes = any(kind in (info.container.lower(), info.codec.lower()) for kind in asked) if asked else None
    if slots.limit and slots.limit.unit in ("mb", "megabytes", "megabyte", "kb"):
        yes = slots.limit.holds(info.size_bytes / (1e3 if slots.limit.unit == "kb" else 1e6), 0.01)
    yield ask.answer("file", yes=yes, codec=info.codec, container=info.container, bytes=size_of(info.size_bytes))


# --- comparing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """Something to compare clips by: what asks for it, its value, how that is said, and its margin."""

    asked: str
    value: Callable[[ClipAnalysis], float]
    said: Callable[[Ask, ClipAnalysis], str]
    margin: float


def _level(clip: ClipAnalysis) -> float:
    return clip.loudness.mean(clip.whole) if clip.loudness else -120.0


def _motion(clip: ClipAnalysis) -> ClipFacts:
    return clip.facts(motion=True)


_MEASURES: dict[str, _Measure] = {
    "length": _Measure("long|longer|short|shorter|length|duration|lasts?|longest|shortest", lambda c: c.info.duration_s,
                       lambda a, c: a.words.seconds(c.info.duration_s), 0.05),
    "size": _Measure("size|big|bigger|resolution|pixels?|larger|smaller", lambda c: c.info.width * c.info.height,
                     lambda a, c: f"{c.info.width} × {c.info.height}", 0.5),
    "shots": _Measure("shots?|cuts?", lambda c: len(c.facts().shots),
                      lambda a, c: a.words.count(len(c.facts().shots), "shot"), 0.5),
    "light": _Measure("bright|brighter|dark|darker|brightest|darkest|brightness|light|lighter|lit",
                      lambda c: c.facts().light(c.whole), lambda a, c: f"{c.facts().light(c.whole) * 100:.0f} %", 0.02),
    "motion": _Measure("moves?|motion|action|lively|calm|busy|busiest|movement|calmer",
                       lambda c: _motion(c).stir(c.whole), lambda a, c: a.words.share(_motion(c).stir(c.whole)), 0.01),
    "sound": _Measure("loud|louder|quiet|quieter|sound|loudest|noisy|volume|audio", _level,
                      lambda a, c: f"{_level(c):.0f} dBFS", 1.0),
    "rate": _Measure("fps|rate", lambda c: c.info.fps, lambda a, c: f"{c.info.fps:.4g}/s", 0.01),
}  # fmt: skip
_LESSER = "shorter|darker|quieter|smaller|calmer|less|fewer|short|dark|quiet|calm"


def compare(ask: Ask) -> Iterator[str]:
    if len(ask.clips) < 2:
        yield ask.say("compare_one")
        return
    one, other = ask.clips[-2:]
    names = (one.name, other.name) if one.name != other.name else (ask.say("first_clip"), ask.say("second_clip"))
    asked = [key for key, measure in _MEASURES.items() if ask.slots.has(measure.asked)]
    told = 0
    for key in asked[:2] or _MEASURES:
        measure, (what, more, less) = _MEASURES[key], ask.words.words["measures"][key]
        silent = [name for name, clip in zip(names, (one, other), strict=True) if not clip.loudness]
        if key == "sound" and silent:
            yield from (ask.say("no_sound_of", name=name) for name in silent if asked or len(silent) == 1)
            told += 1
            continue
        difference = measure.value(one) - measure.value(other)
        a, b = measure.said(ask, one), measure.said(ask, other)
        if abs(difference) > measure.margin:
            said = ask.say("is_more", one=names[0], more=more if difference > 0 else less, a=a, b=b)
            yield ask.put(said, _claim(ask, difference)) if asked else said
            told += 1
        elif asked:
            same = ask.slots.has("same|equal|equally|alike")
            yield ask.put(ask.say("alike_in", what=what, a=a, b=b), yes=same)
            told += 1
    if not told:
        yield ask.answer("alike", yes=True)


def _claim(ask: Ask, difference: float) -> bool:
    """Whether "is the second one darker than the first?" is true, given first minus second."""
    if ask.slots.has("same|alike|equal|equally"):
        return False
    sign = -1 if ask.slots.has(_LESSER) else 1
    return difference * (-1 if ask.slots.clip in (2, -1, 0) else 1) * sign > 0
