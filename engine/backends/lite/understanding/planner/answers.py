"""Which answer an intent gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import figures, looks, motion, seen
from .ask import Ask

Answer = Callable[[Ask], Iterator[str]]

ANSWERS: dict[str, Answer] = {
    "overview": seen.overview,
    "people": seen.people,
    "people_count": seen.people_count,
    "things": seen.things,
    "count": seen.count,
    "length": figures.length,
    "cuts": figures.cuts,
    "sound": figures.sound,
    "speech": figures.speech,
    "music": figures.music,
    "size": figures.size,
    "rate": figures.rate,
    "file": figures.file,
    "compare": figures.compare,
    "moves": motion.moves,
    "count_moving": motion.count_moving,
    "camera": motion.camera,
    "activity": motion.activity,
    "colours": looks.colours,
    "brightness": looks.brightness,
    "text": looks.text,
    "text_says": looks.text_says,
    "change": looks.change,
    "speed": seen.cant("cant_speed", "motion"),
    "who": seen.cant("cant_who", "seen"),
    "where": seen.cant("cant_where", "seen"),
    "why": seen.cant("cant_why", "seen"),
    "doing": seen.cant("cant_doing", "seen", "motion"),
    "said": seen.cant("cant_said", "speech"),
    "real": seen.cant("cant_real", "seen"),
}
# What needs no more than the file's header.
OF_THE_FILE = frozenset({"length", "size", "rate", "file"})

HOW = {
    "length": "how_length", "cuts": "how_cuts", "moves": "how_moves", "count_moving": "how_moves",
    "camera": "how_moves", "activity": "how_moves", "colours": "how_colours", "brightness": "how_colours",
    "text": "how_text", "text_says": "how_text", "sound": "how_sound", "speech": "how_sound", "music": "how_sound",
    "size": "how_file", "rate": "how_file", "file": "how_file",
}  # fmt: skip
