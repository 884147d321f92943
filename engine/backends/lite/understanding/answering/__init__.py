"""Answering: facts and a question in, sentences out. Nothing here opens a file or says what was not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..language.intents import Intent
from . import look, motion, overview, structure
from .ask import Ask

_ANSWERS: dict[Intent, Callable[[Ask], list[str]]] = {
    Intent.DURATION: structure.duration,
    Intent.SHOTS: structure.shots,
    Intent.SUBJECT_MOTION: motion.subjects,
    Intent.CAMERA_MOTION: motion.camera,
    Intent.ACTIVITY: motion.activity,
    Intent.COLOURS: look.colours,
    Intent.BRIGHTNESS: look.brightness,
    Intent.TEXT: look.text,
    Intent.SOUND: structure.sound,
    Intent.FORMAT: structure.format_,
    Intent.COMPARE: overview.compare,
    Intent.SUMMARY: overview.summary,
    Intent.UNKNOWABLE: overview.unknowable,
}


_OF_THINGS = frozenset({Intent.COLOURS, Intent.SUBJECT_MOTION, Intent.CAMERA_MOTION, Intent.BRIGHTNESS})
WHICH_IS_WHICH = "I cannot tell which thing is which, so this is about the whole picture."


def answer(ask: Ask) -> list[str]:
    """The sentences that answer a question about a clip, in order; never empty."""
    if ask.part.outside:
        return [ask.part.outside]
    sentences: list[str] = []
    for intent in ask.question.intents:
        question = ask.question.about(intent)
        if question.names_a_thing and intent in _OF_THINGS:
            # A "yes" would say that the thing is there and that it is the one which was measured.
            question = replace(question, yes_no=False)
            sentences.append(WHICH_IS_WHICH)
        sentences += _ANSWERS[intent](replace(ask, question=question))
    return list(dict.fromkeys(text for text in sentences if text))
