"""`/audit`: what was decided lately and who changed what, with filters that live in the buttons' ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord

from adapters.base import AdminDesk, AuditQuery, Scope
from adapters.discord.admin import strings
from adapters.discord.admin.controls import Page, button
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.discord.markup import plain
from adapters.shared.admin import sentences
from adapters.shared.admin.entries import audit_entry
from adapters.shared.admin.paging import AuditPage, newer, older
from adapters.shared.admin.rules import no_category

PAGE = 6  # entries; an embed holds that many of the longest ones, and a phone's screen no more
_ACTIONS = {"a": "allow", "w": "warn", "b": "block"}
_WHERE = {"q": "question", "c": "clip", "s": "speech", "a": "answer", "p": "prompt", "v": "video"}
_KINDS = {"d": "decision", "c": "change"}
_LONGEST_CATEGORY = 24


@dataclass(frozen=True)
class Filters:
    """What somebody looks for; empty means any. `member` and `channel` are ids."""

    category: str = ""
    action: str = ""
    where: str = ""
    member: str = ""
    kind: str = ""
    channel: str = ""

    def path(self, turn: str, cursor: int) -> str:
        """The path of a button that turns a page; at most 95 characters with the longest ids."""
        codes = (
            self.category,
            _code(_ACTIONS, self.action),
            _code(_WHERE, self.where),
            self.member,
            _code(_KINDS, self.kind),
            self.channel,
        )
        return f"aud:{turn}:{cursor}:{':'.join(codes)}"

    @classmethod
    def load(cls, codes: Sequence[str]) -> Filters:
        """The filters of a path. Raises `Stale` for those of another version."""
        try:
            category, action, where, member, kind, channel = codes
            return cls(
                category=category,
                action=_ACTIONS[action] if action else "",
                where=_WHERE[where] if where else "",
                member=member,
                kind=_KINDS[kind] if kind else "",
                channel=channel,
            )
        except (ValueError, KeyError) as error:
            raise Stale from error

    def query(self, scope: Scope) -> AuditQuery:
        return AuditQuery(
            platform=scope.platform,
            community=scope.community,
            channel=self.channel,
            category=self.category,
            action=self.action,
            where=self.where,
            author=self.member,
            kind=self.kind,
        )


class AuditPanel:
    """Paths: `o` (older than an entry) or `n` (newer than one), the entry's id, and the filters."""

    admin = False

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def open(self, visit: Visit, filters: Filters) -> None:
        """The newest entries that fit."""
        if filters.category:
            await self._check_category(visit, filters.category)
        await self._older(visit, _within(visit, filters), None)

    async def categories(self, visit: Visit, typed: str) -> list[str]:
        """The categories to choose from."""
        names = [rule.category for rule in await self._desk.rules(visit.scope)]
        return [name for name in names if typed.lower() in name and len(name) <= _LONGEST_CATEGORY]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Turn a page."""
        await visit.begin()
        match steps:
            case ["o", cursor, *codes] if cursor.isdigit():
                await self._older(visit, _within(visit, Filters.load(codes)), int(cursor))
            case ["n", cursor, *codes] if cursor.isdigit():
                await self._newer(visit, _within(visit, Filters.load(codes)), int(cursor))
            case _:
                raise Stale

    async def _check_category(self, visit: Visit, category: str) -> None:
        known = await self.categories(visit, "")
        if category not in known:
            raise ValueError(no_category(category, known, DISCORD))

    async def _older(self, visit: Visit, filters: Filters, before: int | None) -> None:
        await self._show(visit, filters, await older(self._desk, filters.query(visit.scope), before, PAGE))

    async def _newer(self, visit: Visit, filters: Filters, after: int) -> None:
        await self._show(visit, filters, await newer(self._desk, filters.query(visit.scope), after, PAGE))

    async def _show(self, visit: Visit, filters: Filters, page: AuditPage) -> None:
        entries = page.entries
        told = [audit_entry(entry, DISCORD) for entry in entries] or [sentences.AUDIT_EMPTY]
        embed = discord.Embed(title=sentences.AUDIT_TITLE, description="\n\n".join([_heading(visit, filters), *told]))
        first, last = (entries[0].id, entries[-1].id) if entries else (0, 0)
        turn = [
            button(sentences.NEWER, filters.path("n", first), disabled=not page.newer),
            button(sentences.OLDER, filters.path("o", last), disabled=not page.older),
        ]
        await visit.show(Page(embed, [turn]))


def _within(visit: Visit, filters: Filters) -> Filters:
    """Who moderates one channel sees that one: what was said in others is none of theirs."""
    return filters if visit.everywhere else replace(filters, channel=visit.channel)


def _heading(visit: Visit, filters: Filters) -> str:
    parts = [
        plain(filters.category),
        sentences.ACTED.get(filters.action, ""),
        sentences.WHERE.get(filters.where, ""),
        f"<@{filters.member}>" if filters.member else "",
        sentences.KINDS.get(filters.kind, ""),
        f"<#{filters.channel}>" if filters.channel and visit.everywhere else "",
    ]
    chosen = " · ".join(part for part in parts if part)
    lines = [f"{sentences.AUDIT_NEWEST} {chosen}".strip()]
    if not visit.everywhere:
        lines.append(strings.AUDIT_LOCAL.format(channel=visit.channel))
    return "\n".join(lines)


def _code(codes: dict[str, str], value: str) -> str:
    return next((code for code, name in codes.items() if name == value), "")
