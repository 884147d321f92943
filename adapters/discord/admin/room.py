"""Where admins and moderators are served: finds the panel that a command or a control belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import discord

from adapters.base import AdminDesk
from adapters.discord.admin.audit import AuditPanel, Filters
from adapters.discord.admin.cards import CaseCards, LookUp
from adapters.discord.admin.cases import CasesPanel
from adapters.discord.admin.forms import sent_form
from adapters.discord.admin.moderators import ModeratorsPanel
from adapters.discord.admin.quotas import QuotaPanel
from adapters.discord.admin.safety import SafetyPanel
from adapters.discord.admin.settings import SettingsPanel
from adapters.discord.admin.visit import Stale, Visit, quietly, serve


class Panel(Protocol):
    """`admin` says whether its controls need an admin; the others need a moderator."""

    admin: bool

    async def press(self, visit: Visit, steps: list[str]) -> None: ...


class FormPanel(Panel, Protocol):
    """A panel that also takes forms."""

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None: ...


class AdminRoom:
    """Implements `commands.Counter` and `controls.Room`; `cards` are for `Adapter.post_case` and `redraw_case`."""

    def __init__(self, desk: AdminDesk, client: discord.Client, look_up: LookUp) -> None:
        self.cards = CaseCards(client, look_up)
        quotas = QuotaPanel(desk)
        self._settings = SettingsPanel(desk, quotas)
        self._cases = CasesPanel(desk, self.cards)
        moderators = ModeratorsPanel(desk)
        self._safety = SafetyPanel(desk)
        self._audit = AuditPanel(desk)
        self._forms: dict[str, FormPanel] = {"set": self._settings, "quo": quotas, "saf": self._safety}
        self._panels: dict[str, Panel] = {
            "set": self._settings,
            "quo": quotas,
            "saf": self._safety,
            "mod": moderators,
            "aud": self._audit,
            "cas": self._cases,
        }

    async def settings(self, interaction: discord.Interaction) -> None:
        """`/settings`."""

        async def work(visit: Visit) -> None:
            await visit.begin()
            await self._settings.open(visit)

        await serve(interaction, work, admin=True)

    async def safety(self, interaction: discord.Interaction, place: str) -> None:
        """`/safety`; `place` is `s`, `h`, `a`, or `c` with a channel's id."""

        async def work(visit: Visit) -> None:
            await visit.begin()
            await self._safety.open(visit, f"c{visit.channel}" if place == "h" else place)

        await serve(interaction, work, admin=True)

    async def audit(self, interaction: discord.Interaction, filters: Filters) -> None:
        """`/audit`."""

        async def work(visit: Visit) -> None:
            await visit.begin()
            await self._audit.open(visit, filters)

        await serve(interaction, work, admin=False)

    async def cases(self, interaction: discord.Interaction) -> None:
        """`/cases`."""

        async def work(visit: Visit) -> None:
            await visit.begin()
            await self._cases.open(visit)

        await serve(interaction, work, admin=False)

    async def categories(self, interaction: discord.Interaction, typed: str) -> list[str]:
        """The categories that a moderator may filter by; nothing for others, and nothing when they can't be read."""
        found: list[str] = []

        async def work(visit: Visit) -> None:
            found.extend(await self._audit.categories(visit, typed))

        await quietly(interaction, work)
        return found

    async def press(self, interaction: discord.Interaction, path: str) -> None:
        """Take a pressed control to its panel. Everyone is asked again whether they may."""
        name, *steps = path.split(":")
        panel = self._panels.get(name)

        async def work(visit: Visit) -> None:
            if panel is None:
                raise Stale
            await panel.press(visit, steps)

        await serve(interaction, work, admin=panel is None or panel.admin)

    async def take_form(self, interaction: discord.Interaction) -> None:
        """Take a form that was sent to its panel, if this interaction is one of these forms."""
        sent = sent_form(interaction)
        if sent is None:
            return
        path, written = sent
        name, *steps = path.split(":")
        panel = self._forms.get(name)

        async def work(visit: Visit) -> None:
            if panel is None:
                raise Stale
            await panel.submit(visit, steps, written)

        await serve(interaction, work, admin=panel is None or panel.admin)
