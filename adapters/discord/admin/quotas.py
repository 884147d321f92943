"""The quotas' pages of `/settings`: what is limited for whom, and forms to set and remove limits."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from adapters.base import AdminDesk, Quota, Scope
from adapters.base.accounts import Measure, Window
from adapters.discord.admin import strings
from adapters.discord.admin.controls import Control, Page, button, someone_menu
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.texts import (
    amount,
    by_subject,
    number,
    quota_lines,
    quotas_text,
    read_number,
    subject_name,
)
from adapters.discord.admin.visit import Stale, Visit

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
        quotas = by_subject(await self._desk.quotas(scope))
        special = len(quotas) - 1
        own = any(quota.origin == "community" for held in quotas.values() for quota in held.values())
        everyone = "; ".join(quota_lines(quotas[""])) or strings.QUOTA_NONE
        more = f"\n{strings.QUOTAS_SPECIAL.format(count=special)}" if special else ""
        return f"{everyone}{more} · *{strings.SET_HERE if own else strings.DEFAULT}*"

    async def open(self, visit: Visit) -> None:
        """All limits, and whose to change."""
        text = quotas_text(await self._desk.quotas(visit.scope), _TEXT_LIMIT)
        embed = discord.Embed(title=strings.QUOTAS_TITLE, description=f"{text}\n\n{strings.QUOTAS_HELP}")
        buttons = [button(strings.BACK, "set:home"), button(strings.QUOTA_EVERYONE, "quo:e")]
        await visit.show(Page(embed, [[someone_menu(strings.QUOTA_MENU, "quo:pick")], buttons]))

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
        own = any(quota.origin == "community" for quota in held.values())
        nothing = strings.QUOTA_NONE_OWN if subject else strings.QUOTA_NONE
        lines = [f"**{subject_name(subject)}**", *(quota_lines(held) or [nothing]), *([f"\n{said}"] if said else [])]
        code = _code(subject)
        rows: list[list[Control]] = [
            [
                button(strings.QUOTA_HOUR, f"quo:{code}:hour", style=discord.ButtonStyle.primary),
                button(strings.QUOTA_DAY, f"quo:{code}:day", style=discord.ButtonStyle.primary),
            ],
            [
                button(strings.BACK, "quo:home"),
                button(strings.QUOTA_CLEAR, f"quo:{code}:clear", disabled=not own),
            ],
        ]
        await visit.show(Page(discord.Embed(title=strings.QUOTAS_TITLE, description="\n".join(lines)), rows))

    async def _ask(self, visit: Visit, subject: str, window: Window) -> None:
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        hint = strings.QUOTA_HINT if subject else strings.QUOTA_HINT_EVERYONE
        fields = []
        for measure in Measure:
            quota = held.get((measure, window))
            own = quota is not None and quota.origin == "community"
            fields.append(
                Field(
                    measure.value,
                    f"{strings.MEASURES[measure]} {strings.WINDOWS[window]}",
                    value=_written(quota) if quota is not None and own else "",
                    hint=hint,
                    ghost=f"{strings.DEFAULT}: {amount(quota)}" if quota is not None and not own else "",
                )
            )

        path = f"quo:{_code(subject)}:{window.value}"
        await visit.ask(form(f"{strings.QUOTAS} {strings.WINDOWS[window]}", path, fields))

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None:
        """Set and drop what the form changes. Everything is read before anything is changed."""
        await visit.begin()
        match steps:
            case [code, "hour" | "day" as name]:
                subject, window = _subject(code), Window(name)
            case _:
                raise Stale
        wanted = {measure: _read(written[measure.value]) for measure in Measure if written.get(measure.value)}
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        try:
            for measure in Measure:
                quota = held.get((measure, window))
                own = quota if quota is not None and quota.origin == "community" else None
                if measure not in wanted:
                    if own is not None:
                        await self._desk.reset_quota(visit.scope, visit.author, subject, measure, window)
                elif own is None or own.amount != wanted[measure]:
                    changed = Quota(subject, measure, window, wanted[measure])
                    await self._desk.set_quota(visit.scope, visit.author, changed)
        except ValueError as error:
            await visit.whisper(str(error))
            await self._page(visit, subject)
        else:
            await self._page(visit, subject, strings.SAVED)

    async def _clear(self, visit: Visit, subject: str) -> None:
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        for quota in held.values():
            if quota.origin == "community":
                await self._desk.reset_quota(visit.scope, visit.author, subject, quota.measure, quota.window)
        await self._page(visit, subject, strings.QUOTA_CLEARED)


def _read(text: str) -> float | None:
    """A limit, None for none. Raises `ValueError` with a sentence."""
    return None if text.lower() in strings.NO_LIMIT_WORDS else read_number(text)


def _written(quota: Quota) -> str:
    return strings.NO_LIMIT if quota.amount is None else number(quota.amount).replace(",", "")


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
