"""Who has installed the app: the port to where that is kept, and what happens when a workspace takes it away.

Knows no database (`bot.store` keeps the rows) and no pages (`oauth` makes the installations).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.base import Handler

log = logging.getLogger(__name__)

PLATFORM = "slack"
# What Slack answers to a token whose workspace has removed the app, or is itself gone. Not `invalid_auth`: that may as
# well be another server at this address, and nothing is deleted because of a mistake in the settings.
GONE = frozenset({"account_inactive", "token_revoked", "team_access_not_granted"})


@dataclass(frozen=True, slots=True)
class Installation:
    """One workspace that has installed the app. The token is in no repr."""

    team: str  # the workspace's id
    name: str  # what people call the workspace
    token: str = field(repr=False)  # the bot's, xoxb-…
    bot_user: str
    scopes: tuple[str, ...]
    installed_by: str  # a user's id
    installed_at: datetime  # aware, in whole seconds like Slack's events


class Installations(Protocol):
    """Where installations are kept, one for each workspace."""

    async def find(self, team: str) -> Installation | None:
        """The installation of a workspace; None when it has none."""

    async def teams(self) -> Sequence[str]:
        """The ids of all workspaces with an installation."""

    async def save(self, installation: Installation) -> None:
        """Keep an installation, in the place of an older one of the same workspace."""

    async def delete(self, team: str, *, until: datetime | None = None) -> bool:
        """Delete an installation; with `until`, only one that is not newer. False when there was none."""


class Departures:
    """Forgets the workspaces that removed the app. `on_departed` is told the id first: its token is dead."""

    def __init__(
        self,
        handler: Handler,
        installations: Installations | None = None,
        on_departed: Callable[[str], None] | None = None,
    ) -> None:
        self._handler = handler
        self._installations = installations
        self._on_departed = on_departed
        self._leaving: set[str] = set()  # Slack says it twice, by both events

    def register(self, app: AsyncApp, start: Callable[[Coroutine[Any, Any, None], str], object]) -> None:
        """Listen to the two events with which Slack says so. `start` begins what is waited for at a stop."""

        async def uninstalled(body: dict[str, Any]) -> None:
            start(self.left(str(body.get("team_id", "")), _event_time(body)), "forgetting a workspace")

        async def revoked(body: dict[str, Any], event: dict[str, Any]) -> None:
            if (event.get("tokens") or {}).get("bot"):  # a person's own token is none of the bot's
                start(self.left(str(body.get("team_id", "")), _event_time(body)), "forgetting a workspace")

        app.event("app_uninstalled")(uninstalled)
        app.event("tokens_revoked")(revoked)

    async def left(self, team: str, when: datetime) -> None:
        """Delete all of a workspace, unless it has installed the app again after `when`. Harmless to repeat."""
        if not team or team in self._leaving:
            return
        self._leaving.add(team)
        try:
            if not await self._is_back(team, when):
                await self._forget(team, when)
        finally:
            self._leaving.discard(team)

    async def _forget(self, team: str, when: datetime) -> None:
        if self._on_departed is not None:
            self._on_departed(team)
        log.info("workspace %s removed the app; what is kept of it is deleted", team)
        try:
            await self._handler.community_left(PLATFORM, team)
        except Exception:
            # The installation stays as a reminder: `sweep` finds its token dead at the next start.
            then = (
                "that is tried again at the next start"
                if self._installations is not None
                else "its data is still there"
            )
            log.exception("workspace %s could not be forgotten; %s", team, then)
            return
        if self._installations is not None:
            await self._installations.delete(team, until=when)

    async def sweep(self, client: AsyncWebClient) -> None:
        """Forget the workspaces that removed the app while the bot was away, but only if Slack itself says so."""
        if self._installations is None:
            return
        for team in await self._installations.teams():
            found = await self._installations.find(team)
            if found is not None and await _is_dead(client, found.token):
                await self.left(team, datetime.now(UTC))

    async def _is_back(self, team: str, when: datetime) -> bool:
        """Whether an event is about an earlier installation: Slack may deliver it minutes late."""
        found = await self._installations.find(team) if self._installations is not None else None
        return found is not None and found.installed_at > when


async def _is_dead(client: AsyncWebClient, token: str) -> bool:
    try:
        await client.auth_test(token=token)
    except SlackApiError as error:
        return _code(error) in GONE
    except Exception as error:  # noqa: BLE001 - no answer is no goodbye, whatever the reason
        log.info("a workspace can't be looked up now, so it is kept: %s", type(error).__name__)
    return False


def _code(error: SlackApiError) -> str:
    response: Any = error.response
    return str(response.get("error", "")) if hasattr(response, "get") else ""


def _event_time(body: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(int(body["event_time"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)
