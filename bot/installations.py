"""Slack's installations, kept in the store. Imported only where several workspaces may install the app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.slack.installs import PLATFORM, Installation
from bot.store import InstallationRow, Store


class StoredInstallations:
    """Implements `adapters.slack.installs.Installations`. Raises `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, team: str) -> Installation | None:
        """The installation of a workspace; None when it has none."""
        row = await self._store.installation(PLATFORM, team)
        if row is None:
            return None
        return Installation(
            team=row.community,
            name=row.name,
            token=row.token,
            bot_user=row.bot_user,
            scopes=row.scopes,
            installed_by=row.installed_by,
            installed_at=row.installed_at,
        )

    async def teams(self) -> Sequence[str]:
        """The ids of all workspaces with an installation."""
        return await self._store.installed(PLATFORM)

    async def save(self, installation: Installation) -> None:
        """Keep an installation, in the place of an older one of the same workspace."""
        await self._store.save_installation(
            InstallationRow(
                platform=PLATFORM,
                community=installation.team,
                name=installation.name,
                token=installation.token,
                bot_user=installation.bot_user,
                scopes=installation.scopes,
                installed_by=installation.installed_by,
                installed_at=installation.installed_at,
            )
        )

    async def delete(self, team: str, *, until: datetime | None = None) -> bool:
        """Delete an installation; with `until`, only one that is not newer. False when there was none."""
        return await self._store.delete_installation(PLATFORM, team, until=until)
