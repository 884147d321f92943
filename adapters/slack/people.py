"""Who somebody is, what kind of place a channel is, and in which workspace a person was last seen.

Asks Slack, and remembers the answers for a while. Knows no messages.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from adapters.base import AdminDesk, Author, Place, Scope
from adapters.shared.state import StateFile
from adapters.slack.workspace import PLATFORM, UNREACHED, Workspace, code_of

log = logging.getLogger(__name__)

FRESH_S = 10 * 60.0  # how long an answer about people counts
CHANNEL_FRESH_S = 60 * 60.0
REMEMBERED = 4096
UPLOAD_LIMIT = 1_000_000_000  # bytes; Slack takes a gigabyte
SEEN_FILE = "slack-people.json"

K = TypeVar("K")
V = TypeVar("V")


class _Shelf(Generic[K, V]):
    """Remembers the newest values for a while."""

    def __init__(self, fresh_s: float, now: Callable[[], float]) -> None:
        self._fresh_s, self._now = fresh_s, now
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        return found[1] if found is not None and self._now() - found[0] < self._fresh_s else None

    def put(self, key: K, value: V) -> V:
        self._kept[key] = (self._now(), value)
        self._kept.move_to_end(key)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return value


@dataclass(frozen=True)
class _Person:
    name: str
    is_admin: bool


class People:
    """Builds the neutral `Author` and `Place`."""

    def __init__(self, desk: AdminDesk, state_dir: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._people: _Shelf[tuple[str, str], _Person] = _Shelf(FRESH_S, now)
        self._groups: _Shelf[str, dict[str, tuple[str, ...]]] = _Shelf(FRESH_S, now)
        self._kinds: _Shelf[tuple[str, str], str] = _Shelf(CHANNEL_FRESH_S, now)
        self._seen_file = StateFile(state_dir / SEEN_FILE)
        self._seen: dict[str, str] | None = None

    async def author(self, workspace: Workspace, user: str, channel: str = "") -> Author:
        """Who somebody is, acting in `channel`. What Slack does not tell, they are not."""
        await self._saw(user, workspace.team)
        person = await self._person(workspace, user)
        groups = await self._groups_of(workspace)
        moderating = person.is_admin or await self._is_moderator_channel(workspace.team, channel)
        return Author(
            id=user,
            name=person.name,
            is_admin=person.is_admin,
            is_moderator=moderating,
            roles=groups.get(user, ()),
        )

    async def place(self, workspace: Workspace, channel: str, thread: str = "", kind: str = "") -> Place:
        """Where it is said. `kind` is Slack's `channel_type`, where an event tells it."""
        kind = kind or await self._kind(workspace, channel)
        return Place(
            platform=PLATFORM,
            community=workspace.team,
            channel=channel,
            thread=thread,
            private=kind in ("im", "mpim"),
            upload_limit=UPLOAD_LIMIT,
        )

    async def name(self, workspace: Workspace, user: str) -> str:
        return (await self._person(workspace, user)).name

    async def team_of(self, user: str) -> str:
        """The workspace in which somebody was last seen; empty when they never were."""
        return (await self._load()).get(user, "")

    def forget_team(self, team: str) -> None:
        """Nothing of a workspace that removed the app is remembered."""
        if self._seen:
            self._seen = {user: where for user, where in self._seen.items() if where != team}

    # --- asking Slack ---------------------------------------------------------------------------------------------

    async def _person(self, workspace: Workspace, user: str) -> _Person:
        known = self._people.get((workspace.team, user))
        if known is not None:
            return known
        try:
            found: dict[str, Any] = (await workspace.client.users_info(user=user))["user"]
        except UNREACHED as error:
            log.warning("who user %s is was not told: %s", user, code_of(error) or error)
            return _Person("someone", is_admin=False)
        profile = found.get("profile") or {}
        name = profile.get("display_name") or found.get("real_name") or found.get("name") or "someone"
        ours = found.get("team_id") in (None, workspace.team)  # somebody of another organisation is no admin here
        admin = ours and bool(found.get("is_admin") or found.get("is_owner"))
        return self._people.put((workspace.team, user), _Person(str(name), admin))

    async def _groups_of(self, workspace: Workspace) -> dict[str, tuple[str, ...]]:
        """The user groups of each person. A missing scope means none."""
        known = self._groups.get(workspace.team)
        if known is not None:
            return known
        try:
            answer = await workspace.client.usergroups_list(include_users=True)
        except UNREACHED as error:
            log.info("the user groups of %s were not told: %s", workspace.team, code_of(error) or error)
            return self._groups.put(workspace.team, {}) if code_of(error) else {}
        found: dict[str, tuple[str, ...]] = {}
        for group in answer.get("usergroups") or ():
            for user in group.get("users") or ():
                found[user] = (*found.get(user, ()), str(group["id"]))
        return self._groups.put(workspace.team, found)

    async def _kind(self, workspace: Workspace, channel: str) -> str:
        """`channel`, `group`, `im` or `mpim`. What is not known counts as a channel, where others read along."""
        if channel.startswith("D"):
            return "im"
        known = self._kinds.get((workspace.team, channel))
        if known is not None:
            return known
        try:
            found: dict[str, Any] = (await workspace.client.conversations_info(channel=channel))["channel"]
        except UNREACHED as error:
            log.info("what channel %s is was not told: %s", channel, code_of(error) or error)
            return "channel"
        kinds = [kind for kind in ("im", "mpim", "group") if found.get(f"is_{kind}")]
        return self._kinds.put((workspace.team, channel), kinds[0] if kinds else "channel")

    async def _is_moderator_channel(self, team: str, channel: str) -> bool:
        if not channel:
            return False
        try:
            settings = await self._desk.settings(Scope(PLATFORM, team))
        except Exception:
            log.exception("the moderator channel of %s is not known now", team)
            return False
        return settings.moderator_channel == channel

    # --- memory ---------------------------------------------------------------------------------------------------

    async def _saw(self, user: str, team: str) -> None:
        seen = await self._load()
        if seen.get(user) == team:
            return
        seen.pop(user, None)
        seen[user] = team
        while len(seen) > REMEMBERED:
            del seen[next(iter(seen))]
        await self._seen_file.save(lambda: self._seen)

    async def _load(self) -> dict[str, str]:
        if self._seen is None:
            read = await self._seen_file.load()
            found = {str(user): str(team) for user, team in read.items()} if isinstance(read, dict) else {}
            self._seen = self._seen if self._seen is not None else found
        return self._seen


def as_bystander(author: Author) -> Author:
    """The same person without any rights, for what is done in their name."""
    return replace(author, is_admin=False, is_moderator=False, roles=())
