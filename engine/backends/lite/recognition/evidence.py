"""What was recognised in a clip: plain values with their times, and nothing that was not recognised.

This module knows neither the models nor how the evidence is put into words. An empty value never means that something
is absent: it was only not recognised.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thing:
    """One everyday word that may be said of the clip.

    `word` is a key of `words.json`: an English noun in the singular, "bicycle". Not `sure` is said with "perhaps".
    `score` is the strongest in any one picture, 0 to 1. `times_s` are the pictures in which it was seen, in order.
    """

    word: str
    sure: bool
    score: float
    times_s: tuple[float, ...]


@dataclass(frozen=True)
class People:
    """That there are people, never who they are.

    `times_s` are the pictures with at least one person. `most_faces` is the most faces in any one picture, the one at
    `faces_at_s` (0 faces: people were seen by their shapes only): a count of what is seen at once, never of how many
    different people appear.
    """

    times_s: tuple[float, ...]
    most_faces: int
    faces_at_s: float
    sure: bool


@dataclass(frozen=True)
class Heard:
    """Spans of the clip, (start, end) in seconds, in which there is speech and in which there is music.

    Never who speaks, what is said or what is played. Either is empty when it was not heard for long enough to be sure.
    """

    speech: tuple[tuple[float, float], ...] = ()
    music: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Seen:
    """Everything that was recognised in some pictures of a clip, the strongest thing first.

    `people` is None where none were recognised. `drawing` is True for drawn pictures and recorded screens, of which
    little may be said: the models know photographs.
    """

    things: tuple[Thing, ...] = ()
    people: People | None = None
    drawing: bool = False
