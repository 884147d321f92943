"""Slack's adapter as the configuration wants it, and its installations in the store. Imported only if Slack is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import SecretStr

from adapters.base import Adapter, AdminDesk
from adapters.http import TrustedProxies
from adapters.slack import SlackAdapter
from adapters.slack.http import HttpDoor
from adapters.slack.installs import PLATFORM, Installation
from adapters.slack.oauth import OAuthPages
from bot.config import Config
from bot.hosting import door_limits
from bot.store import InstallationRow, Store

# Of one address of Slack's: it calls from few, for all workspaces.
EVENTS_PER_S = 1000.0


def slack_adapter(config: Config, store: Store, desk: AdminDesk, hint: Callable[[], str] = str) -> Adapter:
    """The adapter: one workspace by its token or several by their installations, over a socket or over HTTP. `hint` is
    a sentence for admins, or empty."""
    slack = config.slack
    installations = StoredInstallations(store) if slack.client_id is not None else None
    signing_secret = _plain(slack.signing_secret) if slack.mode == "http" else None
    http = None
    if signing_secret is not None:
        pages = _pages(config, installations) if installations is not None else None
        http = HttpDoor(
            host=slack.host,
            port=slack.port,
            signing_secret=signing_secret,
            pages=pages,
            limits=door_limits(slack, rate=EVENTS_PER_S),
            proxies=TrustedProxies(slack.trusted_proxies),
        )
    return SlackAdapter(
        desk=desk,
        state_dir=config.state_dir / "slack",
        bot_token=_plain(slack.bot_token),
        app_token=_plain(slack.app_token) if slack.mode == "socket" else None,
        signing_secret=signing_secret,
        api_base=slack.api_base,
        http=http,
        installations=installations,
        hint=hint,
    )


def _pages(config: Config, installations: StoredInstallations) -> OAuthPages:
    slack = config.slack
    return OAuthPages(
        client_id=slack.client_id or "",
        client_secret=_plain(slack.client_secret) or "",
        public_url=slack.public_url or "",
        installations=installations,
        api_base=slack.api_base,
        title=config.web.title,
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


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
