"""Answers about motion: what moves and where to, what the camera does, and when the most happens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backends.watching.span import Span

from ..facts import Camera, ClipFacts, Direction, Mover, Shot
from . import wording
from .ask import Ask, Part, motion_in
from .structure import extreme_shot, partial_note
from .wording import listing, sentence

_PER_SHOT = 2  # movers told of one shot
_LED = 0.12  # of the shot's most conspicuous mover: what is told beside it
_GROWS = 0.25
_IN_DIRECTION = 0.1  # of its shot's most conspicuous mover: what counts as "something moves left"

_THINGS = "things move in {}"
NOT_WHAT = "I can tell that something moves and where to, not what it is."


# --- subjects ------------------------------------------------------------------------------------------------------


def subjects(ask: Ask) -> list[str]:
    facts, part, question = ask.facts, ask.part, ask.question
    if not facts.moving:
        return ["It is a still picture: nothing moves."]
    if question.has("enter", "leave"):
        return [*_doors(ask), *partial_note(facts)]
    if question.approach:
        return [*_approach(ask), *partial_note(facts)]
    if question.directions and question.yes_no:
        return [*_in_direction(ask, question.directions), *partial_note(facts)]
    inside = facts.shots_in(part.span)
    told = {shot: words for shot in inside if (words := _movers_words(facts, shot, part))}
    yes, no = ("yes: ", "no: ") if question.yes_no else ("", "")
    if not told:
        if not facts.followed(part.span):
            return [part.lead("I did not watch that closely enough to see motion; ask about a few seconds of it")]
        camera = any(camera_words(shot.camera) for shot in inside)
        return [
            part.lead(f"{no}I see nothing move by itself{', only the camera moves' if camera else ''}"),
            *partial_note(facts),
        ]
    if len(told) == 1:
        shot, words = next(iter(told.items()))
        where = f"in shot {shot.number} " if part.whole and len(facts.shots) > 1 else ""
        return [part.lead(f"{yes}{where}{words}"), NOT_WHAT, *partial_note(facts)]
    shots = _of_shots(len(told), len(inside))
    lead = f"{part.words}, {_THINGS.format(shots)}" if part.words else _THINGS.format(shots)
    told_shots = [wording.item(f"shot {shot.number}: {words}") for shot, words in told.items()]
    return [sentence(f"{yes}{lead}")[:-1] + ":", *told_shots, f"\n{NOT_WHAT}", *partial_note(facts)]


def _of_shots(some: int, every: int) -> str:
    """ "five of six shots", "both shots"."""
    if some < every:
        return f"{wording.number(some)} of {wording.number(every)} shots"
    return "both shots" if every == 2 else f"all {wording.number(every)} shots"


def _movers_words(facts: ClipFacts, shot: Shot, part: Part) -> str:
    """The one or two most conspicuous movers of a shot, in the order of time."""
    movers = [m for m in shot.movers if m in facts.movers_in(part.span)]
    movers = [m for m in movers[:_PER_SHOT] if m.weight >= _LED * movers[0].weight]
    return "; ".join(mover_words(mover) for mover in sorted(movers, key=lambda mover: mover.span.start_s))


def mover_words(mover: Mover) -> str:
    """ "something large and black moves fast to the right and leaves at the right edge (0:01.2–0:01.8)"."""
    thing, when = f"something {_size(mover)}{mover.colour}", wording.bracketed(mover.span)
    if mover.direction is None:
        return f"{thing} moves to and fro{_place(mover)} {when}"
    does = f"moves {_pace(mover)}{wording.way(mover.direction)}"
    if mover.enters:
        does = f"comes in from the {wording.edge(mover.enters)} edge and {does}"
    else:
        does += _path(mover)
    if mover.leaves:
        does += f"{', until it' if mover.enters else ' and'} leaves at the {wording.edge(mover.leaves)} edge"
    if mover.growth > _GROWS:
        does += ", growing as if it came closer"
    elif mover.growth < -_GROWS:
        does += ", shrinking as if it went away"
    return f"{thing} {does} {when}"


def _path(mover: Mover) -> str:
    """From where to where, along the way that it goes; what fills the picture has no place in it."""
    if mover.area > 0.3:
        return ""
    if mover.direction in ("left", "right"):
        start, end = wording.column(mover.start[0]), wording.column(mover.end[0])
        onward = mover.end[0] > mover.start[0] if mover.direction == "right" else mover.end[0] < mover.start[0]
    else:
        start, end = wording.row(mover.start[1]), wording.row(mover.end[1])
        onward = mover.end[1] > mover.start[1] if mover.direction == "down" else mover.end[1] < mover.start[1]
    if start == end or not onward:
        return _place(mover)
    if mover.leaves:
        return f" from the {start or 'middle'}"
    if start and end:
        return " across the picture"
    return f", from the {start or 'middle'} to the {end or 'middle'}"


def _place(mover: Mover) -> str:
    return "" if mover.area > 0.3 else f" in the {wording.place(mover.place)} of the picture"


def _size(mover: Mover) -> str:
    return "large and " if mover.area >= 0.15 else "small and " if mover.area < 0.03 else ""


def _pace(mover: Mover) -> str:
    return "fast " if mover.speed > 0.9 else "slowly " if mover.speed < 0.12 else ""


def _in_direction(ask: Ask, ways: Sequence[Direction]) -> list[str]:
    facts, part = ask.facts, ask.part
    inside = facts.movers_in(part.span)
    clear = _clear(facts)
    matching = [m for m in clear if m in inside and m.direction in ways]
    names = listing([wording.way(way) for way in ways], last="or")
    if matching:
        strongest_first = sorted(sorted(matching, key=lambda m: -m.weight)[:3], key=lambda m: m.span.start_s)
        return [part.lead(f"yes: {'; '.join(mover_words(m) for m in strongest_first)}"), NOT_WHAT]
    if not inside:
        return [
            part.lead(
                "no, I see nothing move by itself there" if not part.whole else "no, I see nothing move by itself"
            )
        ]
    others = sorted({wording.way(m.direction) for m in clear if m in inside and m.direction})
    seen = f" What moves goes {listing(others)}." if others else ""
    return [part.lead(f"no, I see nothing that clearly moves {names}") + seen]


def _approach(ask: Ask) -> list[str]:
    facts, part, sign = ask.facts, ask.part, ask.question.approach
    what = "come closer" if sign > 0 else "go away"
    matching = [m for m in facts.movers_in(part.span) if sign * m.growth > _GROWS]
    zooms = [s for s in facts.shots_in(part.span) if sign * s.camera.zoom > _ZOOM]
    if matching:
        yes = "yes, it looks so: " if ask.question.yes_no else ""
        return [
            part.lead(f"{yes}{listing([mover_words(m) for m in matching[:3]])}"),
            "I judge that by its size alone.",
        ]
    if zooms:
        return [
            part.lead(
                f"the whole picture {'grows' if sign > 0 else 'shrinks'} {wording.stretch(zooms[0].span)}: "
                "that is the camera, by zooming or travelling"
            )
        ]
    return [part.lead(f"I see nothing {what} for certain; nothing moving changes its size enough")]


def _doors(ask: Ask) -> list[str]:
    facts, part = ask.facts, ask.part
    inside = facts.movers_in(part.span)
    clear = [mover for mover in _clear(facts) if mover in inside]
    comings = [
        (m.span.start_s, f"something {m.colour} comes in at the {wording.edge(m.enters)} edge")
        for m in clear
        if m.enters
    ]
    goings = [
        (m.span.end_s, f"something {m.colour} leaves at the {wording.edge(m.leaves)} edge") for m in clear if m.leaves
    ]
    if not comings and not goings:
        return [part.lead("I see nothing enter or leave the picture for certain")]
    told = [f"{words} at {wording.at(time_s)}" for time_s, words in sorted(comings + goings)]
    return [part.lead(f"{'yes: ' if ask.question.yes_no else ''}{listing(told[:6])}"), NOT_WHAT]


def _clear(facts: ClipFacts) -> list[Mover]:
    """The movers that are conspicuous in their shot."""
    return [m for shot in facts.shots for m in shot.movers if m.weight >= _IN_DIRECTION * shot.movers[0].weight]


# --- camera --------------------------------------------------------------------------------------------------------

_PAN = 0.022  # widths: less is a tremor
_ZOOM = 0.09
_SHAKE = 0.006


def camera(ask: Ask) -> list[str]:
    facts, part, question = ask.facts, ask.part, ask.question
    if not facts.moving:
        return ["It is a still picture: the camera cannot move."]
    found = facts.shots_in(part.span)
    unknown = [shot for shot in found if not shot.camera.known]
    moving = [(shot, words) for shot in found if (words := camera_words(shot.camera))]
    if question.has("shake", "shaky", "handheld", "tripod", "steady", "stable", "wobble", "wobbly", "jittery"):
        return _shaking(ask, found, moving)
    if question.has("zoom"):
        zooming = [(s, w) for s, w in moving if abs(s.camera.zoom) >= _ZOOM]
        if not zooming:
            return [part.lead(f"{'no, ' if question.yes_no else ''}I see no zoom")]
        told = listing([_of_shot(facts, s, w) for s, w in zooming[:5]])
        return [part.lead(f"{'yes: ' if question.yes_no else ''}the camera {told}")]
    if question.has("still", "static") and question.yes_no:
        yes, no = "no: ", "yes: "
    else:
        yes, no = ("yes: ", "no: ") if question.yes_no else ("", "")
    if not moving:
        if len(unknown) == len(found):
            return [part.lead("I cannot tell: too little of the picture can be followed")]
        return [part.lead(f"{no}the camera is still")]
    sentences = [part.lead(f"{yes}the camera {listing([_of_shot(facts, s, w) for s, w in moving[:6]])}")]
    still = [shot for shot in found if shot.camera.known and not camera_words(shot.camera)]
    if still and len(found) > 1:
        sentences.append(sentence(f"In {_shot_numbers(still)} it is still"))
    if any("moves" in words for _, words in moving):
        sentences.append("I cannot tell a turn of the camera from a small move of it.")
    return sentences + partial_note(facts)


def camera_words(found: Camera) -> str:
    """What the camera does: "moves slowly to the right"; "" for a camera at rest or unknown."""
    if not found.known or found.seconds <= 0:
        return ""
    sideways, upright = abs(found.right), abs(found.down)
    ways: list[str] = []
    if max(sideways, upright) >= _PAN and sideways > 0.45 * upright:
        ways.append(wording.way("right" if found.right > 0 else "left"))
    if max(sideways, upright) >= _PAN and upright > 0.45 * sideways:
        ways.append(wording.way("down" if found.down > 0 else "up"))
    far, speed = max(sideways, upright), max(sideways, upright) / found.seconds
    pace = "slightly " if far < 0.05 else "slowly " if speed < 0.08 else "fast " if speed > 0.5 else ""
    does = [f"moves {pace}{listing(ways)}"] if ways else []
    if found.zoom >= _ZOOM:
        does.append("zooms in (or travels forwards)")
    elif found.zoom <= -_ZOOM:
        does.append("zooms out (or travels back)")
    if found.shake >= _SHAKE:
        does.append("shakes")
    return listing(does)


def _of_shot(facts: ClipFacts, shot: Shot, words: str) -> str:
    return words if len(facts.shots) == 1 else f"{words} in shot {shot.number} {wording.bracketed(shot.span)}"


def _shot_numbers(found: Sequence[Shot]) -> str:
    numbers = [str(shot.number) for shot in found]
    return f"shot {numbers[0]}" if len(numbers) == 1 else f"shots {listing(numbers)}"


def _shaking(ask: Ask, found: Sequence[Shot], moving: Sequence[tuple[Shot, str]]) -> list[str]:
    part, question = ask.part, ask.question
    shaking = [shot for shot in found if shot.camera.known and shot.camera.shake >= _SHAKE]
    asks_shaky = question.has("shake", "shaky", "wobble", "wobbly", "jittery")
    if shaking:
        lead = ("yes, " if asks_shaky else "no, ") if question.yes_no and not question.has("tripod", "handheld") else ""
        where = "" if len(shaking) == len(found) else f" in {_shot_numbers(shaking)}"
        return [part.lead(f"{lead}the camera shakes{where}, as if it was held by hand")]
    lead = ("no, " if asks_shaky else "yes, ") if question.yes_no and not question.has("tripod", "handheld") else ""
    drift = (
        f"; it only drifts in {_shot_numbers([s for s, _ in moving])}" if moving and len(ask.facts.shots) > 1 else ""
    )
    return [part.lead(f"{lead}the camera is steady{drift}"), "Whether it was held by hand I can only guess from that."]


# --- how much, and when --------------------------------------------------------------------------------------------


def activity(ask: Ask) -> list[str]:
    facts, part, question = ask.facts, ask.part, ask.question
    if not facts.moving or not len(facts.motion):
        return ["There is no motion that I could measure."]
    if question.extreme and question.has("shot"):
        return [extreme_shot(ask)]
    if question.has("nothing", "calm", "still", "quiet", "least") and not question.has("lively"):
        rests = _rests(facts, part.span)
        if rests:
            return [part.lead(f"almost nothing moves {listing([wording.stretch(rest) for rest in rests[:5]])}")]
        low = _window(facts, part.span, -1)
        return [part.lead(f"something always moves; the calmest second is around {wording.at(low)}")]
    mean = motion_in(facts, part.span)
    word = "very lively" if mean > 0.25 else "lively" if mean > 0.1 else "rather calm" if mean > 0.02 else "very calm"
    sentences = [part.lead(f"it is {word}: on average {wording.share(mean)} of the picture moves")]
    if part.span.length_s > 1.5:
        sentences.append(f"The most happens around {wording.at(_window(facts, part.span, 1))}.")
    if part.whole and len(facts.shots) > 1:
        watched = [shot for shot in facts.shots if facts.followed(shot.span)][:8]
        by = [f"shot {shot.number} {wording.share(motion_in(facts, shot.span))}" for shot in watched]
        sentences.append(sentence(f"By shot: {listing(by)}"))
    return sentences


def _window(facts: ClipFacts, span: Span, sign: int) -> float:
    """The middle of the second in which the most (+1) or the least (-1) moves."""
    starts = np.arange(span.start_s, max(span.start_s + 0.01, span.end_s - 0.99), 0.25)
    return float(max(starts, key=lambda s: sign * motion_in(facts, Span(float(s), float(s) + 1.0)))) + 0.5


def _rests(facts: ClipFacts, span: Span) -> list[Span]:
    """Stretches of at least half a second in which less than one per cent of the picture moves."""
    found: list[Span] = []
    for time_s, moving in zip(facts.motion_times, facts.motion, strict=True):
        if moving >= 0.01 or not span.start_s <= time_s <= span.end_s:
            continue
        own = Span(float(time_s) - 0.1, float(time_s) + 0.1)
        if found and own.start_s - found[-1].end_s < 0.15:
            found[-1] = Span(found[-1].start_s, own.end_s)
        else:
            found.append(own)
    return [Span(max(0.0, rest.start_s), rest.end_s) for rest in found if rest.length_s >= 0.5]
