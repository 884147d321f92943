"""`/settings`: one panel over what a server's admins decide. Draws it and takes its changes to the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import discord

from adapters.base import AdminDesk, Audience, Rooms, Settings
from adapters.discord.admin import strings
from adapters.discord.admin.controls import (
    MENU_LIMIT,
    PLACES,
    Control,
    Page,
    button,
    channel_menu,
    menu,
    option,
    role_menu,
)
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.quotas import QuotaPanel
from adapters.discord.admin.texts import mentions, read_number
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.markup import plain

Mode = Literal["all", "only", "except"]
Who = Literal["everyone", "admins", "nobody", "roles"]

_TITLES = {
    "rooms": strings.ROOMS,
    "ask": strings.ASK,
    "generate": strings.GENERATE,
    "quotas": strings.QUOTAS,
    "model": strings.MODEL,
    "keep": strings.KEEP,
}
_SETTING = {"rooms": "rooms", "ask": "ask", "generate": "generate", "model": "model", "keep": "retention_days"}


class SettingsPanel:
    """Paths: `home`, `menu`, and a page's name with what is done there."""

    admin = True

    def __init__(self, desk: AdminDesk, quotas: QuotaPanel) -> None:
        self._desk = desk
        self._quotas = quotas

    async def open(self, visit: Visit) -> None:
        """What holds now, and a menu of what can be changed."""
        settings = await self._desk.settings(visit.scope)
        embed = discord.Embed(title=strings.SETTINGS_TITLE)
        names = [name for name in _SETTING if name != "model" or len(self._desk.models()) > 1]
        for name in names:
            line = f"{self._line(settings, name)} · {_origin(settings, name)}"
            embed.add_field(name=_TITLES[name], value=line, inline=False)
        embed.add_field(name=strings.QUOTAS, value=await self._quotas.summary(visit.scope), inline=False)
        channel = settings.moderator_channel
        line = strings.MODERATORS_LINE.format(channel=channel) if channel else strings.MODERATORS_HINT
        embed.add_field(name=strings.MODERATORS, value=line, inline=False)
        choices = [option(title, name) for name, title in _TITLES.items() if name in (*names, "quotas")]
        await visit.show(Page(embed, [[menu(strings.SETTINGS_MENU, "set:menu", choices)]]))

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control of the panel says, and show what comes of it."""
        if steps != ["keep", "days"]:
            await visit.begin()
        match steps:
            case ["keep", "days"]:
                await self._ask_for_days(visit)
            case ["home"]:
                await self.open(visit)
            case ["menu"] if visit.value == "quotas":
                await self._quotas.open(visit)
            case ["menu"] if visit.value in _SETTING:
                await self._page(visit, visit.value, await self._desk.settings(visit.scope))
            case [name, "reset"] if name in _SETTING:
                settings = await self._desk.reset(visit.scope, visit.author, _SETTING[name])
                await self._page(visit, name, settings, strings.CLEARED)
            case ["rooms", "mode"]:
                await self._choose_mode(visit, _known_mode(visit.value))
            case ["rooms", "in", mode]:
                rooms = Rooms(_known_mode(mode), tuple(visit.values))
                await self._change(visit, "rooms", rooms)
            case ["ask" | "generate" as name, "who"]:
                await self._choose_who(visit, name, _known_who(visit.value))
            case ["ask" | "generate" as name, "roles"]:
                # The role that everyone has bears the server's own id.
                everyone = visit.scope.community in visit.values
                audience = Audience() if everyone else Audience("roles", tuple(visit.values))
                await self._change(visit, name, audience)
            case ["model", "pick"]:
                await self._change(visit, "model", visit.value)
            case _:
                raise Stale

    # --- changes ------------------------------------------------------------------------------------------------

    async def _change(self, visit: Visit, page: str, value: Rooms | Audience | str | int | None) -> None:
        settings = await self._desk.change(visit.scope, visit.author, _SETTING[page], value)
        await self._page(visit, page, settings, strings.SAVED)

    async def _choose_mode(self, visit: Visit, mode: Mode) -> None:
        """Save a mode; one that needs channels is first only offered while there are none."""
        settings = await self._desk.settings(visit.scope)
        if mode == "all":
            await self._change(visit, "rooms", Rooms())
        elif settings.rooms.channels:
            await self._change(visit, "rooms", Rooms(mode, settings.rooms.channels))
        else:
            await self._page(visit, "rooms", settings, strings.CHOOSE_CHANNELS, pending=mode)

    async def _choose_who(self, visit: Visit, name: str, who: Who) -> None:
        settings = await self._desk.settings(visit.scope)
        held: Audience = getattr(settings, name)
        if who != "roles":
            await self._change(visit, name, Audience(who))
        elif held.roles:
            await self._change(visit, name, Audience("roles", held.roles))
        else:
            await self._page(visit, name, settings, strings.CHOOSE_ROLES, pending="roles")

    async def _ask_for_days(self, visit: Visit) -> None:
        days = (await self._desk.settings(visit.scope)).retention_days
        field = Field("days", strings.KEEP_LABEL, "" if days is None else str(days), strings.KEEP_HINT)
        await visit.ask(form(strings.KEEP, "set:keep", [field]))

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None:
        """Take the form with the days."""
        await visit.begin()
        if steps != ["keep"]:
            raise Stale
        text = written.get("days", "")
        days = read_number(text) if text else None
        if days is not None and days != int(days):
            raise ValueError(strings.NOT_A_NUMBER.format(text=plain(text)))
        await self._change(visit, "keep", None if days is None else int(days))

    # --- pages --------------------------------------------------------------------------------------------------

    async def _page(
        self, visit: Visit, name: str, settings: Settings, said: str = "", pending: Mode | Who | None = None
    ) -> None:
        """One setting: what holds, where that comes from, and the controls to change it."""
        lines = [f"**{self._line(settings, name)}** · {_origin(settings, name)}", said, _HELP.get(name, "")]
        rows: list[list[Control]]
        if name == "rooms":
            rows = _room_rows(visit, settings.rooms, cast(Mode | None, pending))
            lines.append(_too_many(settings.rooms.channels))
        elif name in ("ask", "generate"):
            audience: Audience = getattr(settings, name)
            rows = _audience_rows(visit, name, audience, cast(Who | None, pending))
            lines.append(_too_many(audience.roles))
        elif name == "model":
            rows = [[menu(strings.MODEL_MENU, "set:model:pick", self._model_options(settings))]]
        else:
            rows = [[button(strings.KEEP_BUTTON, "set:keep:days", style=discord.ButtonStyle.primary)]]
        own = _SETTING[name] in settings.own
        rows.append([button(strings.BACK, "set:home"), button(strings.RESET, f"set:{name}:reset", disabled=not own)])
        embed = discord.Embed(title=_TITLES[name], description="\n\n".join(line for line in lines if line))
        await visit.show(Page(embed, rows))

    def _model_options(self, settings: Settings) -> list[discord.SelectOption]:
        """The models that Discord's menu can show; the chosen one is always among them."""
        first, *others = self._desk.models()
        shown = [first, *others][:MENU_LIMIT]
        if settings.model and settings.model not in {model.name for model in shown}:
            shown[-1:] = [model for model in others if model.name == settings.model] or shown[-1:]
        return [option(model.label, model.name, chosen=model.name == settings.model) for model in shown]

    def _line(self, settings: Settings, name: str) -> str:
        """One setting in words."""
        if name == "rooms":
            channels = mentions(settings.rooms.channels, "#") or "–"
            return strings.MODE_LINES[settings.rooms.mode].format(channels=channels)
        if name in ("ask", "generate"):
            audience: Audience = getattr(settings, name)
            return strings.AUDIENCE_LINES[audience.who].format(roles=mentions(audience.roles, "@&") or "–")
        if name == "model":
            labels = {model.name: model.label for model in self._desk.models()}
            return plain(labels.get(settings.model, settings.model)) or strings.OPERATORS_MODEL
        if settings.retention_days is None:
            return strings.KEEP_ALWAYS
        return (
            strings.KEEP_DAY if settings.retention_days == 1 else strings.KEEP_DAYS.format(days=settings.retention_days)
        )


_HELP = {
    "rooms": strings.ROOMS_HELP,
    "ask": strings.AUDIENCE_HELP,
    "generate": f"{strings.GENERATE_HELP} {strings.AUDIENCE_HELP}",
    "keep": strings.KEEP_HELP,
}


def _origin(settings: Settings, name: str) -> str:
    return f"*{strings.SET_HERE if _SETTING[name] in settings.own else strings.DEFAULT}*"


def _room_rows(visit: Visit, rooms: Rooms, pending: Mode | None) -> list[list[Control]]:
    mode = pending or rooms.mode
    options = [option(label, key, chosen=key == mode) for key, label in strings.MODES.items()]
    rows = [[menu(strings.MODE_MENU, "set:rooms:mode", options)]]
    if mode != "all":
        there = visit.there(rooms.channels, PLACES)
        rows.append([channel_menu(strings.CHANNELS_MENU, f"set:rooms:in:{mode}", there, most=MENU_LIMIT)])
    return rows


def _audience_rows(visit: Visit, name: str, audience: Audience, pending: Who | None) -> list[list[Control]]:
    who = pending or audience.who
    options = [option(label, key, chosen=key == who) for key, label in strings.AUDIENCES.items()]
    rows = [[menu(strings.AUDIENCE_MENU, f"set:{name}:who", options)]]
    if who == "roles":
        guild = visit.interaction.guild
        there = [int(id) for id in audience.roles if id.isdigit() and guild and guild.get_role(int(id))]
        rows.append([role_menu(strings.ROLES_MENU, f"set:{name}:roles", there)])
    return rows


def _too_many(ids: tuple[str, ...]) -> str:
    """Discord's menus hold 25; more can only have been chosen elsewhere."""
    return strings.TOO_MANY.format(count=len(ids), shown=MENU_LIMIT) if len(ids) > MENU_LIMIT else ""


def _known_mode(value: str) -> Mode:
    if value not in strings.MODES:
        raise Stale
    return cast(Mode, value)


def _known_who(value: str) -> Who:
    if value not in strings.AUDIENCES:
        raise Stale
    return cast(Who, value)
