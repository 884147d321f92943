"""Answers that draw on everything: the summary, the comparison of two clips, and what no measurement can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..facts import ClipFacts, Shot
from . import wording
from .ask import Ask, Part, brightness_in, motion_in
from .look import level_word, look_words, palette_words, text_words
from .motion import camera_words, mover_words
from .structure import mean_level, partial_note
from .wording import count, listing, seconds, sentence

_TOLD_SHOTS = 8
_BRIEF = ("sentence", "brief", "briefly", "short", "quick", "quickly", "tldr")


def summary(ask: Ask) -> list[str]:
    facts, part = ask.facts, ask.part
    info = facts.info
    if not facts.moving:
        told = [f"It is a still picture, {info.width} × {info.height} pixels, {look_words(facts, facts.whole)}."]
        return [*told, text_words(ask.read(facts, facts.whole)), OBJECTS]
    shots = facts.shots_in(part.span)
    sentences = []
    if part.whole:
        made = (
            f"a single shot of {seconds(info.duration_s)}"
            if len(shots) == 1
            else f"{seconds(info.duration_s)} in {'' if facts.complete else 'at least '}{count(len(shots), 'shot')}"
        )
        sentences.append(f"{sentence(made)[:-1]}, {_sound_words(facts)}.")
    else:
        sentences.append(part.lead(f"it is {look_words(facts, part.span)}"))
    if ask.question.has(*_BRIEF):
        strongest = sorted(facts.movers_in(part.span), key=lambda mover: -mover.weight)[:1]
        return [*sentences, *(sentence(mover_words(mover)) for mover in strongest)]
    several = len(shots) > 1
    for shot in shots[:_TOLD_SHOTS]:
        told = _happens(facts, shot, part, look=several or part.whole)
        if several:
            sentences.append(wording.item(f"shot {shot.number} {wording.bracketed(shot.span)}: {'; '.join(told)}"))
        else:
            sentences += [sentence(text) for text in told]
    if len(shots) > _TOLD_SHOTS:
        sentences.append(f"\nThere are {len(shots) - _TOLD_SHOTS} more shots; ask about any of them.")
    closing = [text for text in (text_words(ask.read(facts, part.span)), *partial_note(facts), OBJECTS) if text]
    return [*sentences, ("\n" if several else "") + closing[0], *closing[1:]]


def _happens(facts: ClipFacts, shot: Shot, part: Part, look: bool) -> list[str]:
    """A shot in two or three clauses: its look, its camera, its most conspicuous mover."""
    told = [look_words(facts, shot.span)] if look else []
    camera = camera_words(shot.camera)
    if camera:
        told.append(f"the camera {camera}")
    inside = facts.movers_in(part.span)
    movers = [mover_words(mover) for mover in shot.movers if mover in inside][:1]
    still = [] if camera or not facts.followed(shot.span) else ["nothing moves"]
    return told + (movers or still)


OBJECTS = "That is what I can measure; I cannot recognise what the things are. A larger model could."


def _sound_words(facts: ClipFacts) -> str:
    return "without sound" if facts.loudness is None else f"with sound ({mean_level(facts, facts.whole):.0f} dBFS)"


# --- comparing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """Something to compare clips by. Differences up to `margin` are none."""

    name: str
    value: Callable[[ClipFacts], float]
    words: Callable[[ClipFacts], str]
    more: str
    less: str
    margin: float


def _level(facts: ClipFacts) -> float:
    return mean_level(facts, facts.whole)


def _light(facts: ClipFacts) -> float:
    return brightness_in(facts, facts.whole)


def _moving(facts: ClipFacts) -> float:
    return motion_in(facts, facts.whole)


_MEASURES: tuple[_Measure, ...] = (
    _Measure("length", lambda f: f.info.duration_s, lambda f: seconds(f.info.duration_s), "longer", "shorter", 0.05),
    _Measure(
        "size",
        lambda f: f.info.width * f.info.height,
        lambda f: f"{f.info.width} × {f.info.height}",
        "larger",
        "smaller",
        0.5,
    ),
    _Measure(
        "shots",
        lambda f: len(f.shots),
        lambda f: count(len(f.shots), "shot"),
        "cut into more shots",
        "cut into fewer shots",
        0.5,
    ),
    _Measure("brightness", _light, lambda f: f"{_light(f) * 100:.0f} of 100", "brighter", "darker", 0.02),
    _Measure(
        "motion", _moving, lambda f: f"{wording.share(_moving(f))} of the picture moving", "livelier", "calmer", 0.01
    ),
    _Measure(
        "sound",
        _level,
        lambda f: "no sound" if f.loudness is None else f"{_level(f):.0f} dBFS",
        "louder",
        "quieter",
        1.0,
    ),
    _Measure(
        "frame rate",
        lambda f: f.info.fps,
        lambda f: f"{f.info.fps:.4g} frames per second",
        "higher in frame rate",
        "lower in frame rate",
        0.01,
    ),
)

_ASKED: dict[str, tuple[str, ...]] = {
    "length": ("long", "longer", "short", "shorter", "length", "duration", "last", "longest", "shortest"),
    "size": ("size", "big", "bigger", "resolution", "pixel", "larger", "smaller", "dimension"),
    "shots": ("shot", "cut", "edit"),
    "brightness": ("bright", "brighter", "dark", "darker", "brightest", "darkest", "brightness", "light"),
    "motion": ("move", "motion", "action", "lively", "calm", "busy", "busiest", "movement", "calmer"),
    "sound": ("loud", "louder", "quiet", "quieter", "sound", "loudest", "noisy", "volume", "quietest"),
    "frame rate": ("fps", "rate"),
}


def compare(ask: Ask) -> list[str]:
    if len(ask.clips) < 2:
        return ["I have only one clip of this conversation to look at; post a second one and I will compare them."]
    one, other = ask.clips[-2], ask.clips[-1]
    names = _names(one, other)
    asked = [key for key, words in _ASKED.items() if ask.question.has(*words)]
    if asked:
        return [text for key in asked[:2] for text in _compared(key, one, other, names, ask)]
    told = []
    for measure in _MEASURES:
        difference = measure.value(one) - measure.value(other)
        if abs(difference) > measure.margin:
            told.append(f"{names[0]} is {_difference(measure, one, other)}")
    looks = [palette_words(f.palette.mean(axis=0), 2) for f in (one, other)]
    if looks[0] != looks[1]:
        told.append(f"{names[0]} is mostly {looks[0]}, {names[1]} mostly {looks[1]}")
    if not told:
        return ["In everything that I measure the two clips are alike."]
    return [sentence(text) for text in told]


def _difference(measure: _Measure, one: ClipFacts, other: ClipFacts) -> str:
    more = measure.value(one) > measure.value(other)
    return f"{measure.more if more else measure.less} ({measure.words(one)} against {measure.words(other)})"


def _compared(key: str, one: ClipFacts, other: ClipFacts, names: tuple[str, str], ask: Ask) -> list[str]:
    measure = next(m for m in _MEASURES if m.name == key)
    if key == "sound" and (one.loudness is None or other.loudness is None):
        without = [name for name, facts in zip(names, (one, other), strict=True) if facts.loudness is None]
        return [sentence(f"{listing(without)} {'have' if len(without) > 1 else 'has'} no sound")]
    difference = measure.value(one) - measure.value(other)
    if abs(difference) <= measure.margin:
        lead = "Yes: b" if ask.question.yes_no and ask.question.has("same") else "B"
        return [f"{lead}oth are alike in {key} ({measure.words(one)} and {measure.words(other)})."]
    told = f"{names[0]} is {_difference(measure, one, other)}"
    if ask.question.yes_no:
        return [sentence(f"{'Yes' if _claim_holds(ask, difference) else 'No'}: {told}")]
    return [sentence(told)]


def _claim_holds(ask: Ask, difference: float) -> bool:
    """Whether "is the second one darker than the first?" is true, given first minus second."""
    if ask.question.has("same", "alike", "equal"):
        return False
    lesser = {"shorter", "darker", "quieter", "smaller", "calmer", "less", "fewer", "short", "dark", "quiet", "calm"}
    sign = -1 if any(word in lesser for word in ask.question.lemmas) else 1
    about_second = ask.question.clip in (2, -1, 0)
    return difference * (-1 if about_second else 1) * sign > 0


def _names(one: ClipFacts, other: ClipFacts) -> tuple[str, str]:
    """The file names, when they tell the clips apart."""
    return (one.name, other.name) if one.name != other.name else ("the first clip", "the second clip")


# --- what cannot be known ------------------------------------------------------------------------------------------

_BEYOND = "I measure pictures, I do not understand them."
_REASONS: tuple[tuple[str, str], ...] = (
    ("why mean meaning story", f"Why things happen is beyond me: {_BEYOND}"),
    (
        "talk speak language song say",
        "I cannot understand speech or tell a song; of sound I measure only how loud it is.",
    ),
    ("happy sad angry feel emotion funny beautiful good", f"Moods and feelings are beyond me: {_BEYOND}"),
    (
        "where city country place filmed record year weather season",
        "Where or when it was filmed I cannot know.",
    ),
    ("real fake generated", "Whether it is real I cannot know."),
    ("many", "I cannot count people or things, because I do not recognise them."),
    (
        "who he she man woman person people child they somebody anyone someone actor face",
        "I cannot recognise people, or even that somebody is a person.",
    ),
)
_THINGS = "I cannot recognise things: I measure motion, colours and light, and do not know what they belong to."


def unknowable(ask: Ask) -> list[str]:
    reason = next((text for words, text in _REASONS if ask.question.has(*words.split())), _THINGS)
    facts, part = ask.facts, ask.part
    told = []
    if facts.moving:
        movers = sorted(facts.movers_in(part.span), key=lambda mover: -mover.weight)[:1]
        if movers and not ask.question.has("talk", "speak", "song", "language"):
            told.append(sentence(f"What I can measure is, for example, that {mover_words(movers[0])}"))
        elif facts.loudness is not None:
            told.append(
                sentence(
                    f"What I can measure is that its sound is at {mean_level(facts, facts.whole):.0f} dBFS on average"
                )
            )
    if not told:
        told.append(
            sentence(
                f"What I can measure is that it is {level_word(brightness_in(facts, part.span))} "
                f"and mostly {palette_words(facts.palette.mean(axis=0), 2)}"
            )
        )
    return [reason, *told, "A larger model could tell you more."]
