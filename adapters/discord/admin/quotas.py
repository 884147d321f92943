"""The quotas' pages of `/settings`: what is limited for whom, and forms to set and remove limits."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from adapters.base import AdminDesk, Scope
from adapters.base.accounts import Measure, Window
from adapters.discord.admin.controls import Control, Page, button, someone_menu
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.shared.admin import sentences
from adapters.shared.admin.names import subject_name
from adapters.shared.admin.quotas import (
    amount,
    by_subject,
    clear,
    has_own,
    quota_lines,
    quotas_text,
    read_form,
    save_form,
    summary,
    written,
)

_TEXT_LIMIT = 3600  # of an embed's 4096 characters; the rest is for the help
_KINDS = {"r": "role", "u": "user"}


class QuotaPanel:
    """Paths: `home`, `pick`, and a subject (`e`, `r123`, `u123`) with a window or `clear`.

    A form per window keeps to Discord's five lines a form; it stands filled in with what the subject has.
    """

    admin = True

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def summary(self, scope: Scope) -> str:
        """One line for the home of the settings."""
        return summary(await self._desk.quotas(scope), DISCORD)

    async def open(self, visit: Visit) -> None:
        """All limits, and whose to change."""
        text = quotas_text(await self._desk.quotas(visit.scope), _TEXT_LIMIT, DISCORD)
        embed = discord.Embed(
            title=sentences.QUOTAS_TITLE, description=f"{text}\n\n{DISCORD.say(sentences.QUOTAS_HELP)}"
        )
        buttons = [button(sentences.BACK, "set:home"), button(sentences.QUOTA_EVERYONE, "quo:e")]
        await visit.show(Page(embed, [[someone_menu(DISCORD.say(sentences.QUOTA_MENU), "quo:pick")], buttons]))

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control of these pages says, and show what comes of it."""
        if steps[-1] not in set(Window):
            await visit.begin()
        match steps:
            case [code, "hour" | "day" as window]:
                await self._ask(visit, _subject(code), Window(window))
            case ["home"]:
                await self.open(visit)
            case ["pick"]:
                everyone = visit.value == visit.scope.community  # the role that everyone has
                kind = "r" if visit.chose_a_role() else "u"
                await self._page(visit, "" if everyone else _subject(f"{kind}{visit.value}"))
            case [code, "clear"]:
                await self._clear(visit, _subject(code))
            case [code]:
                await self._page(visit, _subject(code))
            case _:
                raise Stale

    async def _page(self, visit: Visit, subject: str, said: str = "") -> None:
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        nothing = sentences.QUOTA_NONE_OWN if subject else sentences.QUOTA_NONE
        title = DISCORD.say(sentences.TITLED, name=subject_name(subject, DISCORD))
        lines = [title, *(quota_lines(held, DISCORD) or [nothing]), *([f"\n{said}"] if said else [])]
        code = _code(subject)
        rows: list[list[Control]] = [
            [
                button(sentences.QUOTA_HOUR, f"quo:{code}:hour", style=discord.ButtonStyle.primary),
                button(sentences.QUOTA_DAY, f"quo:{code}:day", style=discord.ButtonStyle.primary),
            ],
            [
                button(sentences.BACK, "quo:home"),
                button(sentences.QUOTA_CLEAR, f"quo:{code}:clear", disabled=not has_own(held)),
            ],
        ]
        await visit.show(Page(discord.Embed(title=sentences.QUOTAS_TITLE, description="\n".join(lines)), rows))

    async def _ask(self, visit: Visit, subject: str, window: Window) -> None:
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        hint = sentences.QUOTA_HINT if subject else sentences.QUOTA_HINT_EVERYONE
        fields = []
        for measure in Measure:
            quota = held.get((measure, window))
            inherited = quota if quota is not None and quota.origin == "default" else None
            fields.append(
                Field(
                    measure.value,
                    f"{sentences.MEASURES[measure]} {sentences.WINDOWS[window]}",
                    value=written(quota),
                    hint=hint,
                    ghost=f"{sentences.DEFAULT}: {amount(inherited)}" if inherited is not None else "",
                )
            )

        path = f"quo:{_code(subject)}:{window.value}"
        await visit.ask(form(f"{sentences.QUOTAS} {sentences.WINDOWS[window]}", path, fields))

    async def submit(self, visit: Visit, steps: list[str], lines: Mapping[str, str]) -> None:
        """Set and drop what the form changes. Everything is read before anything is changed."""
        await visit.begin()
        match steps:
            case [code, "hour" | "day" as name]:
                subject, window = _subject(code), Window(name)
            case _:
                raise Stale
        wanted = read_form(lines, DISCORD)
        try:
            await save_form(self._desk, visit.scope, visit.author, subject, window, wanted)
        except ValueError as error:
            await visit.whisper(str(error))
            await self._page(visit, subject)
        else:
            await self._page(visit, subject, sentences.SAVED)

    async def _clear(self, visit: Visit, subject: str) -> None:
        await clear(self._desk, visit.scope, visit.author, subject)
        await self._page(visit, subject, sentences.QUOTA_CLEARED)


def _code(subject: str) -> str:
    kind, _, id = subject.partition(":")
    return f"{kind[0]}{id}" if subject else "e"


def _subject(code: str) -> str:
    if code == "e":
        return ""
    kind = _KINDS.get(code[:1])
    if kind is None or not code[1:].isdigit():
        raise Stale
    return f"{kind}:{code[1:]}"
