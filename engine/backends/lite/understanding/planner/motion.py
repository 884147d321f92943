"""What moves and where to, what the camera does, and when the most happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.backends.watching.span import Span

from ..facts import Camera, ClipFacts, Mover, Shot
from .ask import Ask
from .wording import Wording, clock

_PER_SHOT = 2  # movers told of one shot
_LED = 0.12  # of the shot's most conspicuous mover: what is told beside it
_CLEAR = 0.1  # the same: what counts as "something moves left"
_GROWS = 0.25
_PAN = 0.022  # widths: less is a tremor
_ZOOM = 0.09
_SHAKE = 0.006
_TOLD = 6
_STIRS = 0.005  # share of the picture: more than noise, so it can't be said that nothing moves

_UNTESTED = (
    "same|together|opposite|faster|slower|fast|slow|slowly|change|changes|direction|smoothly|both|all|everything"
)
_FAST, _SLOW = 0.9, 0.12  # widths a second


def moves(ask: Ask) -> Iterator[str]:
    if not ask.clip.moving:
        yield ask.say("still_nothing")
        return
    facts, slots = ask.facts(motion=True), ask.slots
    if facts.jumps and not facts.movers_in(ask.span):
        yield ask.answer("too_jumpy")
    elif slots.has("enters?|leaves?|entering|leaving") or ("into" in slots.words and slots.yes_no):
        yield from _matching(ask, facts, [m for m in _clear(facts, ask.span) if m.enters or m.leaves], "no_doors")
    elif slots.has(
        "closer|nearer|bigger|larger|grows?|approach\\w*|towards?|away|farther|further|recedes?|smaller|shrinks?"
    ):
        sign = -1 if slots.has("away|farther|further|recedes?|smaller|shrinks?") else 1
        found = [m for m in facts.movers_in(ask.span) if sign * m.growth > _GROWS]
        yield from _matching(ask, facts, found, "no_size_change")
    elif slots.ways and slots.yes_no and not slots.has("or"):
        found = [m for m in _clear(facts, ask.span) if m.direction in slots.ways]
        ways = ask.words.listing([ask.words.way(way) for way in slots.ways], "or")
        yield from _matching(ask, facts, found, "not_that_way", ways=ways)
    else:
        yield from _all(ask, facts)
    yield from _parts_only(ask, facts)


def _matching(ask: Ask, facts: ClipFacts, found: list[Mover], otherwise: str, **values: str) -> Iterator[str]:
    """What moves as was asked; else that nothing does, and what does move."""
    if found:
        first, *more = sorted(sorted(found, key=lambda m: -m.weight)[:4], key=lambda m: m.span.start_s)
        yield ask.put(mover_words(ask.words, first), yes=True)
        yield from (mover_words(ask.words, mover) for mover in more)
        return
    yield ask.answer(otherwise, yes=False if otherwise == "not_that_way" else None, **values)
    yield from _told(ask, facts, _TOLD)


def _all(ask: Ask, facts: ClipFacts) -> Iterator[str]:
    wanted = [m for m in facts.movers_in(ask.span) if ask.slots.colours and m.colour.split()[-1] in ask.slots.colours]
    if wanted:
        first, *more = sorted(wanted, key=lambda mover: mover.span.start_s)[:4]
        yield ask.put(mover_words(ask.words, first), yes=True)
        yield from (mover_words(ask.words, mover) for mover in more)
        return
    if not facts.followed(ask.span):
        yield ask.answer("ask_part")
        return
    told = list(_told(ask, facts, _TOLD))
    if told:
        yield ask.put(told[0], yes=None if ask.slots.has(_UNTESTED) else True)
        yield from told[1:]
    elif facts.jumps:
        yield ask.answer("too_jumpy")
    else:
        camera = any(camera_words(ask.words, shot.camera) for shot in facts.shots_in(ask.span))
        if not camera and facts.stir(ask.span) > _STIRS:
            yield ask.say("stirs")
        else:
            yield ask.answer("only_camera" if camera else "nothing_moves", yes=False)


def _told(ask: Ask, facts: ClipFacts, most: int) -> Iterator[str]:
    """The most conspicuous movers of each shot, in the order of time."""
    count = 0
    for shot in facts.shots_in(ask.span):
        inside = [m for m in shot.movers if m in facts.movers_in(ask.span)]
        kept = [m for m in inside[:_PER_SHOT] if m.weight >= _LED * inside[0].weight]
        for mover in sorted(kept, key=lambda mover: mover.span.start_s):
            if count < most:
                yield mover_words(ask.words, mover)
            count += 1


def mover_words(words: Wording, mover: Mover) -> str:
    """ "Something large and black moves fast to the right, out at the right edge (from 0:01.2 to 0:01.8)."."""
    thing, when = words.something(mover.colour, mover.area), words.when(mover.span)
    if mover.direction is None:
        return words.say("to_and_fro", thing=thing, when=when)
    pace = "fast" if mover.speed > _FAST else "slowly" if mover.speed < _SLOW else ""
    more = words.say("enters", edge=words.words["edges"][mover.enters]) if mover.enters else ""
    more += words.say("leaves", edge=words.words["edges"][mover.leaves]) if mover.leaves else ""
    more += words.say("grows") if mover.growth > _GROWS else words.say("shrinks") if mover.growth < -_GROWS else ""
    way = words.words["paces"].get(pace, "") + words.way(mover.direction)
    return words.say("moves", thing=thing, way=way, more=more, when=when)


def _clear(facts: ClipFacts, span: Span) -> list[Mover]:
    """The movers that are conspicuous in their shot."""
    inside = facts.movers_in(span)
    return [
        m for shot in facts.shots for m in shot.movers if m.weight >= _CLEAR * shot.movers[0].weight and m in inside
    ]


def count_moving(ask: Ask) -> Iterator[str]:
    facts = ask.facts(motion=True)
    movers = _clear(facts, ask.span)
    if not movers:
        yield from _all(ask, facts)
        return
    most = max(sum(other.span.overlap(mover.span) > 0 for other in movers) for mover in movers)
    limit = ask.slots.limit
    yield ask.answer("movers_most", yes=limit.holds(most) if limit else None, count=ask.words.count(most, "mover"))
    yield from _told(ask, facts, _TOLD)
    yield from _parts_only(ask, facts)


# --- camera ----------------------------------------------------------------------------------------------------------


def camera(ask: Ask) -> Iterator[str]:
    if not ask.clip.moving:
        yield ask.say("still_nothing")
        return
    facts, slots = ask.facts(motion=True), ask.slots
    found = facts.shots_in(ask.span)
    known = [shot for shot in found if shot.camera.known]
    told = [(shot, does) for shot in known if (does := camera_words(ask.words, shot.camera))]
    if not known:
        yield ask.answer("camera_jumpy" if facts.jumps else "camera_plain")
    elif slots.has("shak\\w*|shaky|handheld|tripod|steady|stable|wobbl\\w*|jittery|gimbal|held"):
        yield from _steadiness(ask, known)
    elif slots.has("zoom\\w*"):
        sign = -1 if slots.has("out") else 1 if slots.has("in") else 0
        zooms = [(s, d) for s, d in told if (s.camera.zoom * sign if sign else abs(s.camera.zoom)) >= _ZOOM]
        yield _camera_told(ask, facts, zooms, yes=True) if zooms else ask.answer("no_zoom", yes=False)
    else:
        still = slots.has("still|static|fixed|motionless|calm") and not slots.has("moves?|moving")
        ways = slots.ways if slots.yes_no else ()
        fits = [(s, d) for s, d in told if not ways or any(ask.words.way(way) in d for way in ways)]
        yield (
            _camera_told(ask, facts, told, yes=bool(fits) != still) if told else ask.answer("camera_still", yes=still)
        )
        plain = [shot for shot in found if not shot.camera.known]
        if plain:
            numbers = ask.words.listing([f"{shot.number}" for shot in plain])
            yield ask.say("camera_some_plain", shots=ask.say("in_shots", numbers=numbers))
    yield from _parts_only(ask, facts)


def _camera_told(ask: Ask, facts: ClipFacts, told: Sequence[tuple[Shot, str]], yes: bool | None = None) -> str:
    if len(facts.shots) == 1:
        return ask.answer("camera_does", yes=yes, does=told[0][1])
    return ask.answer("camera_shots", yes=yes, told=", ".join(_of_shot(ask, shot, does) for shot, does in told[:_TOLD]))


def _of_shot(ask: Ask, shot: Shot, does: str) -> str:
    start, end = clock(shot.span.start_s), clock(shot.span.end_s)
    return ask.say("camera_of_shot", number=shot.number, start=start, end=end, does=does)


def camera_words(words: Wording, found: Camera) -> str:
    """What the camera does: "moves slowly to the right"; "" for a camera at rest or unknown."""
    if not found.known or found.seconds <= 0:
        return ""
    sideways, upright = abs(found.right), abs(found.down)
    far, ways = max(sideways, upright), []
    if far >= _PAN and sideways > 0.45 * upright:
        ways.append(words.way("right" if found.right > 0 else "left"))
    if far >= _PAN and upright > 0.45 * sideways:
        ways.append(words.way("down" if found.down > 0 else "up"))
    speed = far / found.seconds
    pace = "slightly" if far < 0.05 else "slowly" if speed < 0.08 else "fast" if speed > 0.5 else ""
    does = [words.say("camera_moves", pace=words.words["paces"].get(pace, ""), way=words.listing(ways))] if ways else []
    if abs(found.zoom) >= _ZOOM:
        does.append(words.say("zooms_in" if found.zoom > 0 else "zooms_out"))
    if found.shake >= _SHAKE:
        does.append(words.say("shakes"))
    return words.listing(does)


def _steadiness(ask: Ask, known: Sequence[Shot]) -> Iterator[str]:
    shaking = [shot for shot in known if shot.camera.shake >= _SHAKE]
    unsteady = ask.slots.has("shak\\w*|shaky|wobbl\\w*|jittery")
    guess = ask.slots.has("handheld|tripod|gimbal|held")
    does = ask.say("shakes")
    yield ask.answer(
        "camera_does" if shaking else "steady", yes=None if guess else bool(shaking) == unsteady, does=does
    )
    if guess:
        yield ask.say("handheld")


# --- how much, and when ----------------------------------------------------------------------------------------------


def activity(ask: Ask) -> Iterator[str]:
    facts, words = ask.facts(motion=True), ask.words
    if not ask.clip.moving or not len(facts.motion):
        yield ask.say("still_nothing" if not ask.clip.moving else "too_jumpy" if facts.jumps else "nothing_moves")
        return
    if ask.slots.has("nothing|calmest|still|quietest|least|no|rest"):
        rests = _rests(facts, ask.span)
        low = clock(_busiest(facts, ask.span, -1))
        yield ask.answer("rests", when=words.whens(rests)) if rests else ask.answer("no_rest", time=low)
        return
    mean = facts.stir(ask.span)
    level = 0 if mean > 0.25 else 1 if mean > 0.1 else 2 if mean > 0.02 else 3
    time = clock(_busiest(facts, ask.span, 1))
    yield ask.answer("lively", word=words.words["lively"][level], share=words.share(mean), time=time)
    yield from _parts_only(ask, facts)


def _busiest(facts: ClipFacts, span: Span, sign: int) -> float:
    """The middle of the second in which the most (+1) or the least (-1) moves."""
    starts = np.arange(span.start_s, max(span.start_s + 0.01, span.end_s - 0.99), 0.25)
    return float(max(starts, key=lambda s: sign * facts.stir(Span(float(s), float(s) + 1.0)))) + 0.5


def _rests(facts: ClipFacts, span: Span) -> list[Span]:
    """Stretches of at least half a second in which less than one per cent of the picture moves."""
    found: list[Span] = []
    for time_s, moving in zip(facts.motion_times.tolist(), facts.motion.tolist(), strict=True):
        if moving >= 0.01 or not span.start_s <= time_s <= span.end_s:
            continue
        own = Span(max(0.0, time_s - 0.1), time_s + 0.1)
        if found and own.start_s - found[-1].end_s < 0.15:
            found[-1] = Span(found[-1].start_s, own.end_s)
        else:
            found.append(own)
    return [rest for rest in found if rest.length_s >= 0.5]


def _parts_only(ask: Ask, facts: ClipFacts) -> Iterator[str]:
    if not facts.complete:
        yield ask.say("parts_only")


def summary(ask: Ask) -> Iterator[str]:
    """Two sentences for an overview: the first shot's camera, and the most conspicuous thing that moves."""
    facts = ask.clip.glance(ask.span)
    told = [(s, does) for s in facts.shots_in(ask.span) if (does := camera_words(ask.words, s.camera))]
    if told:
        yield _camera_told(ask, facts, told[:2]).removeprefix(f"{ask.lead}: ")
    seen = sorted(facts.movers_in(ask.span), key=lambda mover: -mover.weight)
    movers = [m for m in seen if m.direction][:2] or seen[:1]
    yield from (mover_words(ask.words, m) for m in sorted(movers, key=lambda mover: mover.span.start_s))
    if not told and not movers and facts.followed(ask.span):
        yield ask.say("too_jumpy" if facts.jumps else "stirs" if facts.stir(ask.span) > _STIRS else "nothing_moves")
    yield from _parts_only(ask, facts)
