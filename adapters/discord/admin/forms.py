"""Forms of short lines: what they look like, and what was written into them. Knows no panels.

A form's id carries what it is about, and its answer is read from the interaction itself, so that a restart while
somebody writes harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord.admin.controls import PREFIX

_FORM = f"{PREFIX}form:"
_TITLE_LIMIT = 45
_LINE_LIMIT = 20  # characters; all that is asked for are numbers


@dataclass(frozen=True)
class Field:
    """One line of a form. `value` stands in it already, `hint` stands under its label."""

    key: str
    label: str
    value: str = ""
    hint: str = ""
    ghost: str = ""  # stands in the empty line
    required: bool = False


def form(title: str, path: str, fields: Sequence[Field]) -> discord.ui.Modal:
    """A form whose answer belongs to `path`, as the path of a control does."""
    modal = discord.ui.Modal(title=title[:_TITLE_LIMIT], custom_id=_FORM + path)
    for field in fields:
        line: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=field.key,
            default=field.value or None,
            placeholder=field.ghost or None,
            required=field.required,
            max_length=_LINE_LIMIT,
        )
        modal.add_item(discord.ui.Label(text=field.label, description=field.hint or None, component=line))
    modal.stop()  # discord.py is not to wait for it: the answer is read where all interactions are heard
    return modal


def sent_form(interaction: discord.Interaction) -> tuple[str, dict[str, str]] | None:
    """The path of a form that was sent, and what was written by the fields' keys; None when it is none of these."""
    data: Mapping[str, Any] = interaction.data or {}
    id = str(data.get("custom_id", ""))
    if interaction.type is not discord.InteractionType.modal_submit or not id.startswith(_FORM):
        return None
    written = {
        str(line["custom_id"]): str(line.get("value") or "").strip()
        for line in _lines(data.get("components", ()))
        if "custom_id" in line
    }
    return id.removeprefix(_FORM), written


def _lines(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield component
        inner = component.get("component")
        yield from _lines([inner] if inner else component.get("components", ()))
