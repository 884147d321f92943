"""The settings of a workspace: one page of what holds, and a form for each thing that can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from adapters.base import AdminDesk, Audience, Rooms, Settings
from adapters.shared.admin import quotas, sentences
from adapters.shared.admin.numbers import read_days
from adapters.shared.admin.settings import TITLES, held_line, listed_line
from adapters.slack.home import strings
from adapters.slack.home.dialect import PLAIN, HomeDialect
from adapters.slack.home.groups import Groups, choices
from adapters.slack.home.kit import (
    Block,
    Choice,
    Element,
    Filled,
    button,
    channel_menu,
    divider,
    field,
    form,
    header,
    line,
    menu,
    row,
    section,
    small,
)
from adapters.slack.home.visit import Answer, Stale, Visit, Wrong
from adapters.slack.manifest import lacking
from adapters.slack.workspace import UNREACHED, Workspace, code_of

NAMES = {**TITLES, "moderator_channel": sentences.MODERATORS}
_DIALECT = HomeDialect()


class SettingsPage:
    """Paths: `set`, and under it `edit` and `reset` with the name of a setting."""

    admin = True

    def __init__(self, desk: AdminDesk, groups: Groups) -> None:
        self._desk = desk
        self._groups = groups

    # --- the page -------------------------------------------------------------------------------------------------

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """What holds now, where it comes from, and a button to change each of it."""
        settings = await self._desk.settings(visit.scope)
        dialect = HomeDialect(await self._groups.names(visit.workspace))
        models = self._desk.models()
        blocks = [header(PLAIN.say(sentences.SETTINGS_TITLE)), *await _rights(visit.workspace)]
        for name, title in TITLES.items():
            if name == "model" and len(models) < 2:
                continue
            held = listed_line(settings, name, models, dialect)
            blocks += _setting(name, title, held, is_own=name in settings.own)
        blocks += await self._moderators(visit, settings)
        summary = quotas.summary(await self._desk.quotas(visit.scope), dialect)
        more = button(strings.CHANGE, "go:quo", "quo")
        return [*blocks, divider(), section(f"*{sentences.QUOTAS}*\n{summary}", more)]

    async def _moderators(self, visit: Visit, settings: Settings) -> list[Block]:
        """The moderator channel, with what is wrong with it now: rights change, and channels are archived."""
        held = settings.moderator_channel
        said = _DIALECT.channel(held) if held else strings.MODS_NONE
        blocks = _setting("moderator_channel", sentences.MODERATORS, said, is_own="moderator_channel" in settings.own)
        notes = [strings.MODS_HELP]
        if held:
            found = await look_at(visit.workspace, held)
            notes += [strings.MODS_WARNING.format(why=found.wrong)] if found.wrong else []
            notes += [strings.MODS_OPEN] if found.is_open else []
            notes += [strings.MODS_SHARED_NOW] if found.is_shared else []
        return [*blocks, small("\n".join(notes))]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Open the form of a setting, or let the operator's default hold again."""
        match steps:
            case ["edit", name] if name in NAMES:
                await visit.open(self._form(visit, name))
            case ["reset", name] if name in NAMES:
                await self._desk.reset(visit.scope, visit.author, name)
                await visit.draw("set", sentences.CLEARED)
            case _:
                raise Stale

    # --- forms ----------------------------------------------------------------------------------------------------

    async def _form(self, visit: Visit, name: str) -> Element:
        settings = await self._desk.settings(visit.scope)
        held = held_line(settings, name, self._desk.models(), HomeDialect(await self._groups.names(visit.workspace)))
        fields = {
            "rooms": self._rooms,
            "ask": self._audience,
            "generate": self._audience,
            "model": self._model,
            "retention_days": self._days,
            "moderator_channel": self._channel,
        }[name]
        blocks = await fields(visit, settings, name)
        head = [section(held)] if name != "moderator_channel" else []
        return form(
            NAMES[name],
            f"set:{name}",
            [*head, *blocks],
            {"page": "set"},
            submit=sentences.SAVE,
            close=strings.CANCEL,
        )

    async def _rooms(self, visit: Visit, settings: Settings, name: str) -> list[Block]:
        modes = [Choice(label, mode) for mode, label in sentences.MODES.items()]
        return [
            field("mode", strings.MODE_LABEL, menu("mode", modes, [settings.rooms.mode])),
            field(
                "channels",
                strings.CHANNELS_LABEL,
                channel_menu("channels", settings.rooms.channels, many=True),
                hint=strings.CHANNELS_HINT,
                optional=True,
            ),
        ]

    async def _audience(self, visit: Visit, settings: Settings, name: str) -> list[Block]:
        audience: Audience = getattr(settings, name)
        offered = choices(await self._groups.names(visit.workspace))
        who = [Choice(label, key) for key, label in strings.AUDIENCES.items() if key != "roles" or offered]
        blocks = [field("who", strings.WHO_LABEL, menu("who", who, [audience.who]))]
        if offered:
            groups = menu("groups", offered, audience.roles, many=True)
            blocks.append(field("groups", strings.GROUPS_LABEL, groups, hint=strings.GROUPS_HINT, optional=True))
        else:
            blocks.append(small(strings.NO_GROUPS))
        return [*blocks, small(sentences.GENERATE_HELP)] if name == "generate" else blocks

    async def _model(self, visit: Visit, settings: Settings, name: str) -> list[Block]:
        models = [Choice(model.label, model.name) for model in self._desk.models()]
        if not models:
            raise Stale
        return [field("model", strings.MODEL_LABEL, menu("model", models, [settings.model]))]

    async def _days(self, visit: Visit, settings: Settings, name: str) -> list[Block]:
        days = str(settings.retention_days or "")
        return [field("days", sentences.KEEP_LABEL, line("days", days), hint=strings.KEEP_HINT, optional=True)]

    async def _channel(self, visit: Visit, settings: Settings, name: str) -> list[Block]:
        held = [settings.moderator_channel] if settings.moderator_channel else []
        return [field("channel", strings.MODS_LABEL, channel_menu("channel", held), hint=strings.MODS_HINT)]

    async def submit(self, visit: Visit, steps: list[str], filled: Filled) -> Answer:
        """Take a form. Raises `Wrong` for a field, or what the desk does."""
        match steps:
            case ["rooms"]:
                await self._desk.change(visit.scope, visit.author, "rooms", _read_rooms(filled))
            case ["ask" | "generate" as name]:
                await self._desk.change(visit.scope, visit.author, name, _read_audience(filled))
            case ["model"]:
                await self._desk.change(visit.scope, visit.author, "model", filled.text("model"))
            case ["retention_days"]:
                days = _read_days(filled.text("days"))
                await self._desk.change(visit.scope, visit.author, "retention_days", days)
            case ["moderator_channel"]:
                channel = filled.text("channel")
                found = await look_at(visit.workspace, channel)
                if found.wrong:  # cards would be lost there
                    raise Wrong("channel", found.wrong)
                if found.is_shared:
                    raise Wrong("channel", strings.MODS_SHARED)
                await self._desk.change(visit.scope, visit.author, "moderator_channel", channel)
            case _:
                raise Stale
        return Answer(page="set", said=sentences.SAVED)


async def _rights(workspace: Workspace) -> list[Block]:
    """What the app may not do here, for those who can mend it: its people only see that something does not work."""
    try:
        answer = await workspace.client.auth_test()
    except UNREACHED:
        return []
    missing = lacking(answer.headers)
    what = "\n".join(f"• `{scope}`: {use}" for scope, use in missing.items())
    return [section(strings.SCOPES_LACKING.format(what=what))] if missing else []


def _setting(name: str, title: str, held: str, *, is_own: bool) -> list[Block]:
    change = button(strings.CHANGE, f"set:edit:{name}")
    blocks = [divider(), section(f"*{title}*\n{held}", change)]
    return [*blocks, row(button(sentences.RESET, f"set:reset:{name}"))] if is_own else blocks


def _read_rooms(filled: Filled) -> Rooms:
    mode, channels = filled.text("mode"), filled.texts("channels")
    if mode not in sentences.MODES:
        raise Stale
    if mode != "all" and not channels:
        raise Wrong("channels", strings.CHOOSE_CHANNELS)
    return Rooms(cast(Any, mode), channels if mode != "all" else ())


def _read_audience(filled: Filled) -> Audience:
    who, groups = filled.text("who"), filled.texts("groups")
    if who not in strings.AUDIENCES:
        raise Stale
    if who == "roles" and not groups:
        raise Wrong("groups" if "groups" in filled.state else "who", strings.CHOOSE_GROUPS)
    return Audience(cast(Any, who), groups if who == "roles" else ())


def _read_days(text: str) -> int | None:
    try:
        return read_days(text, PLAIN)
    except ValueError as error:
        raise Wrong("days", str(error)) from error


# --- the moderator channel --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """A channel as the bot sees it: what keeps cards from it, as a sentence, and who reads there beside its members.

    `is_open`: everybody in the workspace; `is_shared`: people of another organisation.
    """

    wrong: str = ""
    is_open: bool = False
    is_shared: bool = False


async def look_at(workspace: Workspace, channel: str) -> Room:
    """Ask Slack about a channel. What can't be found out is wrong too."""
    try:
        found: Mapping[str, Any] = (await workspace.client.conversations_info(channel=channel))["channel"]
    except UNREACHED as error:
        known = code_of(error)
        return Room(strings.MODS_UNKNOWN if known == "channel_not_found" else strings.MODS_UNTOLD)
    if found.get("is_archived"):
        return Room(strings.MODS_ARCHIVED)
    if not found.get("is_member"):
        return Room(strings.MODS_NOT_IN)
    return Room(is_open=not found.get("is_private"), is_shared=bool(found.get("is_ext_shared")))
