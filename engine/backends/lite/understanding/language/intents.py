"""What a question is after: a table of clues per intent, and a scorer that adds them up.

A clue is one lemma, or several that follow each other with at most two words between them. The table is the place to
teach a new phrasing; the code below it knows no word.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache

from .words import Lemmatiser


class Intent(StrEnum):
    """The kinds of question. The first group is answered from measurements."""

    DURATION = "duration"
    SHOTS = "shots"
    SUBJECT_MOTION = "subject_motion"
    CAMERA_MOTION = "camera_motion"
    ACTIVITY = "activity"
    COLOURS = "colours"
    BRIGHTNESS = "brightness"
    TEXT = "text"
    SOUND = "sound"
    FORMAT = "format"
    COMPARE = "compare"
    SUMMARY = "summary"
    UNKNOWABLE = "unknowable"
    GREETING = "greeting"
    HELP = "help"
    THANKS = "thanks"
    PROVENANCE = "provenance"
    IDENTITY = "identity"
    VIDEO_REQUEST = "video_request"
    UNSAFE = "unsafe"
    FOREIGN = "foreign"
    OTHER = "other"


MEASURED = frozenset(list(Intent)[: list(Intent).index(Intent.UNKNOWABLE)])
ABOUT_A_CLIP = MEASURED | {Intent.UNKNOWABLE}

_LEAST = 1.5
_GAP = 2


def _clues(*groups: tuple[float, str]) -> dict[tuple[str, ...], float]:
    """Unfold (weight, "clue, clue, several words") groups."""
    return {tuple(clue.split()): weight for weight, text in groups for clue in text.split(", ")}


CLUES: dict[Intent, dict[tuple[str, ...], float]] = {
    Intent.DURATION: _clues(
        (4, "how long, duration, length, runtime, running time, playtime"),
        (
            3,
            "how many second, how much time, how many minute, longer second, shorter second, longer minute, "
            "shorter minute, more than second, more than minute, less than second, less than minute, "
            "under second, under minute, over minute, over second, run for, long last, shorter than, "
            "longer than, short or long",
        ),
        (1.5, "last, longer, shorter, longest, shortest, long, second long"),
        (-4, "same, difference"),
    ),
    Intent.SHOTS: _clues(
        (
            4,
            "cut, shot change, how many shot, number of shot, list shot, transition, edit, fade, single shot, "
            "continuous, uncut, jump cut, scene change, montage, dissolve",
        ),
        (2.5, "which shot, shot last, shot, when shot, shot longest, longest shot, shortest shot, all shot"),
        (1, "time stamp, timestamp, black"),
        (-1.5, "in shot, of shot, during shot, last shot, second shot, first shot, third shot, colour, steady"),
        (-2, "bright, brightest, darkest, busiest, calmest, loudest"),
    ),
    Intent.SUBJECT_MOTION: _clues(
        (
            3.5,
            "what move, what be move, which way, which direction, where move, where to, movement, motion, "
            "direction, thing move, thing come, thing go, anybody move, come towards, come closer, come near, "
            "get closer, go from left, left to right, right to left, enter, leave frame, thing enter, head to",
        ),
        (2.5, "move, head, move to, approach, drift, leave, thing"),
        (2, "left, towards, away, upwards, downwards"),
        (1, "right, up, down, go, come, fast, direction go, car go, ball go"),
        (-3, "camera, why"),
        (-1.5, "portrait, which video, compare"),
        (-2, "on screen"),
    ),
    Intent.CAMERA_MOTION: _clues(
        (
            4,
            "camera, pan, tilt, zoom, tripod, handheld, shaky, shake, wobble, wobbly, gimbal, dolly, "
            "tracking shot, steady, camera move, jittery",
        ),
        (1.5, "still, static, filmed handheld, stable, viewpoint"),
    ),
    Intent.ACTIVITY: _clues(
        (
            4,
            "action, busiest, busy, calm, most movement, most motion, how much motion, how much movement, "
            "motion over time, calmest, most happen, lively, hectic, activity, nothing move, least motion, "
            "quietest movement, action peak, dynamic",
        ),
        (2.5, "how much move, when nothing, nothing move, stand still, most, peak, nothing happen, when still"),
        (1, "when happen, which part, over time"),
        (-2, "bright, loud, brightness, camera"),
    ),
    Intent.COLOURS: _clues(
        (4, "colour, colourful, palette, hue, tint, black and white, monochrome, greyscale, saturated, tone"),
        (
            3,
            "any red, any green, any blue, any yellow, mostly red, mostly green, mostly blue, mostly black, "
            "mostly white, mostly grey",
        ),
        (2, "red, green, blue, yellow, orange, purple, pink, brown, beige, cyan, grey, turquoise"),
        (1, "dominant, main, white, stand out, black, mostly"),
    ),
    Intent.BRIGHTNESS: _clues(
        (
            4,
            "bright, dark, brightness, brighter, darker, brightest, darkest, overexposed, underexposed, "
            "exposure, dim, luminance, light or dark, lightness, lit, lighting, light change, by day, at night, "
            "gloomy, sunny, get light",
        ),
        (1.5, "light, night, daylight, day"),
        (-1, "colour"),
    ),
    Intent.TEXT: _clues(
        (
            4,
            "text, subtitle, caption, ocr, read, written, write, writing, sign, title, lettering, inscription, "
            "title card, word visible, any word, what word, headline, label, logo say, number plate, "
            "licence plate, slogan, spell",
        ),
        (2, "word, on screen, say, screen"),
        (-3, "he say, she say, they say, people say, you say, man say, woman say"),
        (-2, "talk, speak"),
    ),
    Intent.SOUND: _clues(
        (
            4,
            "sound, loud, silent, silence, volume, noise, noisy, hear, music, loudness, mute, decibel, "
            "soundtrack, louder, loudest, quiet, quieter, sound track, audible, quietest",
        ),
        (-3, "what song, song, which song"),
    ),
    Intent.FORMAT: _clues(
        (
            4,
            "resolution, fps, frame rate, frame per second, aspect ratio, codec, file size, how big, what size, "
            "format, width, height, vertical, horizontal, portrait, landscape, hd, 4k, 1080p, 720p, megabyte, "
            "pixel, dimension, bitrate, how many frame, container, file type, hdr, square, widescreen, mb, "
            "full hd, encode, encoded, ratio",
        ),
        (2.5, "size, frame, rate, file"),
        (-2, "in frame, leave frame, or leave"),
    ),
    Intent.COMPARE: _clues(
        (
            4,
            "compare, difference, different, both video, two video, of two, first or second, second or first, "
            "than first, than second, which one longer, which one brighter, first one than second, comparison, "
            "same length, same size, than other, than video, both same, video 2 than, similar, versus, vs, "
            "between two, first than second, second than first",
        ),
        (3.5, "which video, which one, which be brighter, which be longer"),
        (2, "both, than, same"),
        (-2, "shot be, than second, than minute"),
        (-1, "longer than 8"),
    ),
    Intent.SUMMARY: _clues(
        (
            4,
            "describe, summary, summarise, summarize, what happen, gist, sum up, what video about, explain, "
            "overview, tldr, recap, walk through, what do you see, what can you see, sum it up, what go on, "
            "what be go on, happen here",
        ),
        (
            3,
            "tell about, be shown, what show, what in video, what be in video, look at, what be this, "
            "what video, tell me video, what be this video, watch this, what see, what happening, "
            "what do it show, analyse, analyze, what be it, this about, tell me about this, tell me about video, "
            "about video",
        ),
        (1, "happen, about, watch, look"),
        (-3, "why, who, colour, sound, text, camera, can you do, movement, sure about, about movement"),
        (-6, "what move, you able, motion"),
    ),
    Intent.UNKNOWABLE: _clues(
        (
            4,
            "background, foreground, vibe, mood, atmosphere, "
            "who, why, what kind, what sort, what breed, what brand, which city, which country, where filmed, "
            "what animal, what song, talk, speak, language, emotion, feel, real or fake, fake, funny, "
            "when record, when filmed, how old, how many car, how many people, how many person, be there dog, "
            "recognise, identify, genre, he say, she say, they say, people say, man say, woman say, "
            "ai generated, which place, what city, what country, where be this, famous, be he, be she, "
            "people do, man do, woman do, he do, she do, beautiful, how many man, how many animal, "
            "how many bike, what do people, weather, who make, season, story, meaning, mean",
        ),
        (
            2.5,
            "happy, sad, angry, people, person, man, woman, child, he, she, dog, cat, breed, brand, model of, "
            "year, city, country, kind of, animal, face, actor, they, somebody, someone, anyone, everybody, "
            "good, song, record, made",
        ),
        (1, "car, bike, bicycle, tree, house, ball, bird, horse, how many, bus, truck, train, boat, bag, shirt"),
        (-2, "which way, which direction, move, colour, sign, text, written, bright, dark"),
        (-5, "are you, be you, you say, you think, you know, can you do, made you, you sure"),
    ),
    Intent.GREETING: _clues(
        (
            3,
            "hi, hello, hey, heya, hiya, yo, howdy, good morning, good evening, good afternoon, greetings, sup, hola",
        ),
    ),
    Intent.HELP: _clues(
        (
            4,
            "help, what can you, what can i, how use you, how do i use, you able, what question, can i ask, "
            "how this work, your abilities, what you do, commands, instruction, can you generate video, "
            "can you make video, can you create video, how do this work, usage, features, how work, "
            "what you support, how do you work",
        ),
    ),
    Intent.THANKS: _clues(
        (
            3,
            "thanks, thank, cheers, thank you, great job, well done, awesome, nice, cool, perfect, brilliant, "
            "love it, good bot, bye, goodbye",
        ),
    ),
    Intent.PROVENANCE: _clues(
        (
            5,
            "why say, why you say, how you know, you sure, how you measure, how measure, make you think, prove, "
            "get that from, how come, how certain, evidence, how reliable, how accurate, why you think, "
            "how you tell, how you figure, how confident, really sure, source, why that, how you get that",
        ),
    ),
    Intent.IDENTITY: _clues(
        (
            5,
            "who be you, what be you, be you ai, be you an ai, real ai, what model, which model, chatgpt, "
            "be you human, be you bot, be you robot, who made you, what ai, be you gpt, your name, "
            "language model, gpt, be you real, am i talk to",
        ),
    ),
}


@cache
def lemmatiser() -> Lemmatiser:
    """The lemmatiser whose vocabulary is the words of all clues."""
    return Lemmatiser({word for clues in CLUES.values() for clue in clues for word in clue})


@cache
def things() -> frozenset[str]:
    """The lemmas that name people and objects, which no measurement can tell apart."""
    return frozenset(
        word
        for line in (
            "people person man woman child he she girl boy guy actor face dog cat animal bird horse rabbit bunny",
            "car bike bicycle bus truck van taxi train boat tree house building road sky grass ball bag shirt",
        )
        for word in line.split()
    )


@cache
def _lemmatised_clues() -> dict[Intent, list[tuple[tuple[str, ...], float]]]:
    """The table in the lemmatiser's own forms, so that a clue may be written the way people say it."""
    lemma = lemmatiser().lemma
    return {
        intent: list({tuple(lemma(word) for word in clue): weight for clue, weight in clues.items()}.items())
        for intent, clues in CLUES.items()
    }


def scores(lemmas: Sequence[str]) -> dict[Intent, float]:
    """How strongly each intent speaks, by the sum of its clues; intents without any are left out."""
    found: dict[Intent, float] = {}
    for intent, clues in _lemmatised_clues().items():
        total = sum(weight for clue, weight in clues if _occurs(clue, lemmas))
        if total > 0:
            found[intent] = total
    return found


def best(lemmas: Sequence[str]) -> Intent | None:
    """The intent with the highest score; None when nothing speaks clearly enough."""
    ranked = sorted(scores(lemmas).items(), key=lambda pair: -pair[1])
    return ranked[0][0] if ranked and ranked[0][1] >= _LEAST else None


def _occurs(clue: tuple[str, ...], lemmas: Sequence[str]) -> bool:
    """Whether the words of a clue follow each other, at most `_GAP` words apart."""
    return any(_follows(clue, lemmas, start) for start, lemma in enumerate(lemmas) if lemma == clue[0])


def _follows(clue: tuple[str, ...], lemmas: Sequence[str], at: int) -> bool:
    for word in clue[1:]:
        near = lemmas[at + 1 : at + 2 + _GAP]
        if word not in near:
            return False
        at += 1 + near.index(word)
    return True
