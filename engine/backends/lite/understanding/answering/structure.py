"""Answers about how a clip is made: its length, its shots, its format and its sound."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

import numpy as np

from engine.backends.watching.span import Span

from ..facts import ClipFacts, Shot
from . import wording
from .ask import Ask, brightness_in, motion_in
from .wording import at, count, listing, seconds, sentence

SILENT_DB = -50.0
_SHORTEST_SILENCE_S = 0.25
_LISTED = 12


# --- length --------------------------------------------------------------------------------------------------------


def duration(ask: Ask) -> list[str]:
    length = ask.facts.info.duration_s
    if not ask.facts.moving:
        return ["It is a still picture, so it has no length."]
    if ask.question.scope.kind == "shot" and ask.part.shot:
        return [ask.part.lead(f"it lasts {seconds(ask.part.span.length_s)}")]
    if ask.question.limit:
        kind, limit = ask.question.limit
        over, same = length > limit + 0.02, abs(length - limit) <= max(0.05, 0.5 / max(1.0, ask.facts.info.fps))
        yes = {"over": over and not same, "under": length < limit and not same, "exactly": same}[kind]
        return [f"{'Yes' if yes else 'No'}: this clip is {seconds(length)} long" + (" exactly." if same else ".")]
    return [f"This clip is {seconds(length)} long."]


# --- shots ---------------------------------------------------------------------------------------------------------


def shots(ask: Ask) -> list[str]:
    facts = ask.facts
    if not facts.moving:
        return ["It is a still picture: there is nothing to cut."]
    if ask.question.extreme:
        return [extreme_shot(ask)]
    if ask.part.shot and not ask.question.has("cut", "many", "number"):
        shot = ask.part.shot
        return [f"Shot {shot.number} runs {wording.stretch(shot.span)}, {seconds(shot.span.length_s)}."]
    if ask.question.has("fade", "black") and not ask.question.has("cut"):
        return [fades(facts)]
    inside = [s for s in facts.shots[1:] if ask.part.span.start_s <= s.span.start_s < ask.part.span.end_s]
    if not ask.part.whole:
        if not inside:
            return [ask.part.lead("there is no cut")]
        return [ask.part.lead(f"I find {count(len(inside), 'cut')}, at {_times(inside)}")]
    lead = ""
    if ask.question.yes_no:
        wants_one = ask.question.has("single", "continuous", "one", "uncut")
        lead = "Yes: " if bool(inside) != wants_one else "No: "
    if not inside:
        sentences = [lead + "it is a single shot; I find no cut in it."]
    else:
        changes = "cuts" if all(s.opening == "cut" for s in inside) else "changes"
        changes = changes if len(inside) > 1 else f"a {changes[:-1]}"
        least, near = ("", "at") if facts.complete else ("at least ", "near")
        sentences = [f"{lead}{least}{count(len(facts.shots), 'shot')}, with {changes} {near} {_times(inside)}."]
    if facts.fades:
        sentences.append(fades(facts))
    return [sentence(text) for text in sentences] + partial_note(facts)


def fades(facts: ClipFacts) -> str:
    """The fades, in a sentence."""
    if not facts.fades:
        return "No, I find no fade in it." if facts.complete else "I find no fade in the parts that I looked at."
    found = [
        f"fades {'out to' if way == 'out' else 'in from'} {colour} {wording.stretch(span)}"
        for span, way, colour in facts.fades
    ]
    return sentence(f"The picture {listing(found)}")


def partial_note(facts: ClipFacts) -> list[str]:
    """For long clips, what was looked at."""
    if facts.complete:
        return []
    return [
        "It is a long clip, so I looked at key frames and short stretches only: what lies between them may escape me."
    ]


def _times(found: list[Shot]) -> str:
    shown = [at(shot.span.start_s) for shot in found[:_LISTED]]
    more = len(found) - len(shown)
    return listing([*shown, f"{more} more"] if more else shown)


_EXTREMES = {
    "length": ("longest", "shortest"),
    "brightness": ("brightest", "darkest"),
    "motion": ("busiest", "calmest"),
    "sound": ("loudest", "quietest"),
}


def extreme_shot(ask: Ask) -> str:
    """The longest, brightest, busiest … shot, in a sentence."""
    kind, sign = ask.question.extreme or ("length", 1)
    found = ask.facts.shots
    if len(found) == 1:
        return f"There is only one shot; it runs {wording.stretch(found[0].span)}."
    values: dict[str, Callable[[Shot], float]] = {
        "length": lambda shot: shot.span.length_s,
        "brightness": lambda shot: brightness_in(ask.facts, shot.span),
        "motion": lambda shot: motion_in(ask.facts, shot.span),
        "sound": lambda shot: mean_level(ask.facts, shot.span),
    }
    shot = max(found, key=lambda shot: sign * values[kind](shot))
    high, low = _EXTREMES[kind]
    name = high if sign > 0 else low
    return f"Shot {shot.number} is the {name}: it runs {wording.stretch(shot.span)} ({seconds(shot.span.length_s)})."


# --- format --------------------------------------------------------------------------------------------------------


def format_(ask: Ask) -> list[str]:
    info, question = ask.facts.info, ask.question
    size = f"{info.width} × {info.height} pixels"
    shape = (
        "square" if info.width == info.height else "wide (landscape)" if info.width > info.height else "tall (portrait)"
    )
    wide, tall = question.has("horizontal", "widescreen", "landscape"), question.has("vertical", "portrait")
    if wide or tall or question.has("square"):
        wants = "" if wide == tall else "wide" if wide else "tall"
        lead = ("Yes, it is " if shape.startswith(wants) else "No, it is ") if question.yes_no and wants else "It is "
        return [f"{lead}{shape}: {size}."]
    if question.has("hd", "4k", "1080p", "720p"):
        need = 2160 if question.has("4k") else 1080 if question.has("1080p", "full") else 720
        enough = min(info.width, info.height) >= need
        name = "4K" if need == 2160 else "full HD" if need == 1080 else "HD"
        return [f"{'Yes' if enough else 'No'}: it is {size}; {name} starts at {need} lines."]
    if question.has("ratio"):
        return [f"The picture is {size}, an aspect ratio of {_ratio(info.width, info.height)}."]
    if question.has("codec", "encode", "encoded", "container", "format", "type"):
        return [f"It is {info.codec} in {info.container}, {size}{_rate(ask.facts)}, {wording.bytes_(info.size_bytes)}."]
    if question.has("fps", "rate", "frame") and not question.has("big", "size", "resolution", "width", "height"):
        if not ask.facts.moving:
            return ["It is a still picture: one frame."]
        frames = f", {info.frames} frames in all" if info.frames else ""
        return [f"It runs at {_fps(info.fps)} frames per second{frames}."]
    if question.has("file", "mb", "megabyte") or (question.has("big") and not question.has("picture")):
        return [f"The file has {wording.bytes_(info.size_bytes)}; the picture is {size}."]
    return [f"The picture is {size}{_rate(ask.facts)}; the file has {wording.bytes_(info.size_bytes)}."]


def _fps(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rate(facts: ClipFacts) -> str:
    return f" at {_fps(facts.info.fps)} frames per second" if facts.moving else ""


def _ratio(width: int, height: int) -> str:
    for wide, high in ((16, 9), (9, 16), (4, 3), (3, 4), (1, 1), (3, 2), (2, 3), (21, 9), (11, 9)):
        if abs(width / height - wide / high) < 0.012 * wide / high:
            return f"{'' if width * high == height * wide else 'about '}{wide}:{high}"
    divisor = gcd(width, height)
    exact = f"{width // divisor}:{height // divisor}"
    return exact if max(width, height) // divisor < 50 else f"{width / height:.2f}:1"


# --- sound ---------------------------------------------------------------------------------------------------------


def sound(ask: Ask) -> list[str]:
    facts, question = ask.facts, ask.question
    if facts.loudness is None:
        return ["No, it has no sound track." if question.yes_no else "It has no sound track."]
    part = ask.part
    levels = [(t, v) for t, v in facts.loudness if part.span.start_s <= t <= part.span.end_s] or list(facts.loudness)
    quiet = silences(facts, part.span)
    mean = mean_level(facts, part.span)
    if mean < SILENT_DB:
        return [part.lead("there is a sound track, but it is silent throughout")]
    loudest = max(levels, key=lambda pair: pair[1])
    if question.has("silent", "silence", "quiet", "mute", "quieter", "quietest"):
        if quiet:
            told = listing([wording.stretch(silence) for silence in quiet[:6]])
            return [part.lead(f"{'yes, ' if question.yes_no else ''}it is silent {told}")]
        time_s, level = min(levels, key=lambda pair: pair[1])
        no = "no, " if question.yes_no else ""
        return [part.lead(f"{no}it is never silent; the quietest moment is at {at(time_s)} ({level:.0f} dBFS)")]
    sentences = []
    if question.yes_no and part.whole:
        sentences.append("Yes, it has sound.")
    peak = f"the loudest moment is at {at(loudest[0])} ({loudest[1]:.0f} dBFS)"
    sentences.append(part.lead(f"it is {_level_word(mean)} on the whole ({mean:.0f} dBFS); {peak}"))
    if quiet and part.whole:
        sentences.append(f"It is silent {listing([wording.stretch(s) for s in quiet[:6]])}.")
    elif part.whole and question.has("change", "volume"):
        sentences.append(f"It stays between {min(v for _, v in levels):.0f} and {loudest[1]:.0f} dBFS.")
    if question.has("music", "noise", "hear", "voice", "speech"):
        sentences.append("I measure loudness only: I cannot tell music from speech or noise.")
    return sentences


def mean_level(facts: ClipFacts, span: Span) -> float:
    """Mean loudness of a part in dBFS, averaged as power. -120 without sound."""
    levels = np.array([v for t, v in facts.loudness or () if span.start_s <= t <= span.end_s])
    return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if len(levels) else -120.0


def silences(facts: ClipFacts, span: Span) -> list[Span]:
    """The stretches without a sound that people would hear."""
    found: list[Span] = []
    half = facts.loudness_window_s / 2
    for time_s, level in facts.loudness or ():
        if level >= SILENT_DB or not span.start_s <= time_s <= span.end_s:
            continue
        window = Span(max(0.0, time_s - half), time_s + half)
        if found and window.start_s - found[-1].end_s < half:
            found[-1] = Span(found[-1].start_s, window.end_s)
        else:
            found.append(window)
    return [s for s in found if s.length_s >= _SHORTEST_SILENCE_S]


def _level_word(level: float) -> str:
    return (
        "loud" if level > -16 else "of middling loudness" if level > -28 else "quiet" if level > -42 else "very quiet"
    )
