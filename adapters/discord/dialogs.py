"""The dialogs: what they look like, and what was written into them.

A dialog's id carries what it is about, and its answer is read from the interaction itself instead of from a dialog
object that waits for it. So several people can have the same one open, and a restart in between harms nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord

from adapters.discord.dialect import DISCORD
from adapters.shared import sentences

PROMPT_LENGTH = 1500  # characters, as in `/generate`
WORDS_LENGTH = 1000
_FIELD = "words"


class Kind(StrEnum):
    """What a dialog is for. The value is part of its id."""

    VARY = "vary"
    REPORT = "report"
    APPEAL = "appeal"
    ASK = "ask"
    LIKE = "like"


@dataclass(frozen=True)
class Shape:
    """How a dialog looks."""

    title: str
    label: str
    hint: str = ""
    length: int = WORDS_LENGTH
    required: bool = True


_SHAPES = {
    Kind.VARY: Shape(sentences.VARY_TITLE, sentences.VARY_LABEL, length=PROMPT_LENGTH),
    Kind.REPORT: Shape(sentences.REPORT_TITLE, sentences.REPORT_LABEL, DISCORD.say(sentences.REPORT_HINT)),
    Kind.APPEAL: Shape(sentences.APPEAL_TITLE, sentences.APPEAL_LABEL, sentences.APPEAL_HINT, required=False),
    Kind.ASK: Shape(sentences.ASK_TITLE, sentences.ASK_LABEL, sentences.ASK_HINT, PROMPT_LENGTH),
    Kind.LIKE: Shape(sentences.LIKE_TITLE, sentences.LIKE_LABEL, sentences.LIKE_HINT, PROMPT_LENGTH, required=False),
}
_ID = re.compile(rf"g4v:dialog:(?P<kind>{'|'.join(Kind)}):(?P<about>[\w-]{{1,64}})")


@dataclass(frozen=True)
class Submission:
    """A dialog that was sent: `about` is what its id carries, `words` what was written, without blanks around it."""

    kind: Kind
    about: str
    words: str


def dialog(kind: Kind, about: str, written: str = "") -> discord.ui.Modal:
    """A dialog about something: a request, or the interaction that opened it. `written` stands in it already."""
    shape = _SHAPES[kind]
    modal = discord.ui.Modal(title=shape.title, custom_id=f"g4v:dialog:{kind}:{about}")
    modal.add_item(
        discord.ui.Label(
            text=shape.label,
            component=discord.ui.TextInput(
                style=discord.TextStyle.paragraph,
                custom_id=_FIELD,
                placeholder=shape.hint or None,
                default=written[: shape.length] or None,
                required=shape.required,
                max_length=shape.length,
            ),
        )
    )
    modal.stop()  # so that discord.py keeps no object that waits for an answer which is read elsewhere
    return modal


def submission(data: Mapping[str, Any]) -> Submission | None:
    """What the data of a submitted dialog say; None when it is not one of these."""
    match = _ID.fullmatch(str(data.get("custom_id", "")))
    if match is None:
        return None
    fields = {field.get("custom_id"): field.get("value") for field in _fields(data.get("components", ()))}
    return Submission(Kind(match["kind"]), match["about"], str(fields.get(_FIELD) or "").strip())


def _fields(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield component
        inner = component.get("component")
        yield from _fields([inner] if inner else component.get("components", ()))
