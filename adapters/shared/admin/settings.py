"""A community's settings in words: what holds, and where that comes from. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Audience, ModelOption, Rooms, Settings
from adapters.shared.admin import sentences
from adapters.shared.admin.names import mentions
from adapters.shared.dialect import Dialect

# The names of the fields of `Settings`, in the order of the page, and what people call them.
TITLES = {
    "rooms": sentences.ROOMS,
    "ask": sentences.ASK,
    "generate": sentences.GENERATE,
    "model": sentences.MODEL,
    "retention_days": sentences.KEEP,
}


def setting_line(settings: Settings, name: str, models: Sequence[ModelOption], dialect: Dialect) -> str:
    """What holds for one field of `Settings`: `Only in #films`, `30 days, then I forget it`."""
    match name:
        case "rooms":
            return rooms_line(settings.rooms, dialect)
        case "ask":
            return audience_line(settings.ask, dialect)
        case "generate":
            return audience_line(settings.generate, dialect)
        case "model":
            labels = {model.name: model.label for model in models}
            return dialect.plain(labels.get(settings.model, settings.model)) or sentences.OPERATORS_MODEL
        case _:
            return days_line(settings.retention_days)


def rooms_line(rooms: Rooms, dialect: Dialect) -> str:
    """Where the bot answers."""
    return dialect.say(sentences.MODE_LINES[rooms.mode], channels=mentions(rooms.channels, dialect.channel) or "–")


def audience_line(audience: Audience, dialect: Dialect) -> str:
    """Who may."""
    return dialect.say(sentences.AUDIENCE_LINES[audience.who], names=mentions(audience.roles, dialect.role) or "–")


def days_line(days: int | None) -> str:
    """How long things are kept."""
    if days is None:
        return sentences.KEEP_ALWAYS
    return sentences.KEEP_DAY if days == 1 else sentences.KEEP_DAYS.format(days=days)


def origin(settings: Settings, name: str) -> str:
    """`set here` or `default`."""
    return sentences.SET_HERE if name in settings.own else sentences.DEFAULT


def held_line(settings: Settings, name: str, models: Sequence[ModelOption], dialect: Dialect) -> str:
    """One setting with where it comes from, as the head of its own page."""
    line = setting_line(settings, name, models, dialect)
    return dialect.say(sentences.HELD, line=line, word=origin(settings, name))


def listed_line(settings: Settings, name: str, models: Sequence[ModelOption], dialect: Dialect) -> str:
    """One setting with where it comes from, in the list of all."""
    line = setting_line(settings, name, models, dialect)
    return dialect.say(sentences.ORIGIN, line=line, word=origin(settings, name))
