"""Reads Slack's message events: what is meant for the bot, what it says, and what it is about. Asks nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.markup import unescape

_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^<>]*))?>")
_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


@dataclass(frozen=True)
class Heard:
    """A message of a person. `thread` is the ts of its thread's beginning, empty outside of threads. `kind` is Slack's
    `channel_type`, empty where the event does not tell. `edited` is the ts of the last change."""

    team: str
    channel: str
    ts: str
    user: str
    text: str  # as Slack transmits it
    thread: str = ""
    kind: str = ""
    edited: str = ""
    files: tuple[dict[str, Any], ...] = ()

    @property
    def root(self) -> str:
        """The thread that the answer belongs into, which the message itself may begin."""
        return self.thread or self.ts

    @property
    def is_direct(self) -> bool:
        """Whether nobody but this person and the bot read along."""
        return self.kind == "im" or (not self.kind and self.channel.startswith("D"))

    def mentions(self, user: str) -> bool:
        return any(found[1] == user for found in _USER.finditer(self.text))

    def is_for(self, bot_user: str) -> bool:
        """Whether the bot is spoken to: directly, or by a mention, in threads too."""
        return self.is_direct or self.mentions(bot_user)

    def mentioned(self) -> set[str]:
        return {found[1] for found in _USER.finditer(self.text)}


def heard(team: str, event: Mapping[str, Any], message: Mapping[str, Any] | None = None) -> Heard | None:
    """A `message` or `app_mention` event as a message of a person; None for everything else.

    `message` is the inner message of an event about a change.
    """
    said = event if message is None else message
    subtype = str(said.get("subtype") or "")
    user, ts = str(said.get("user") or ""), str(said.get("ts") or "")
    if subtype not in _SPOKEN or said.get("bot_id") or said.get("bot_profile") or user in ("", "USLACKBOT"):
        return None
    if message is None and event.get("hidden"):
        return None
    channel = str(event.get("channel") or "")
    thread = str(said.get("thread_ts") or "")
    if not (team and channel and re.fullmatch(r"\d+\.\d+", ts)):
        return None
    return Heard(
        team=team,
        channel=channel,
        ts=ts,
        user=user,
        text=str(said.get("text") or ""),
        thread="" if thread == ts else thread,
        kind=str(event.get("channel_type") or ""),
        edited=str((said.get("edited") or {}).get("ts") or ""),
        files=tuple(file for file in said.get("files") or () if isinstance(file, dict)),
    )


def spoken(text: str, bot_user: str, names: Mapping[str, str]) -> str:
    """The words as people read them: without the mention of the bot, with names and plain links for Slack's tokens."""

    def name(found: re.Match[str]) -> str:
        user = found[1]
        return "" if user == bot_user else f"@{names.get(user) or found[2] or 'someone'}"

    def token(found: re.Match[str]) -> str:
        target, label = found[1], found[2] or ""
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:].split('^')[0]}"
        address = target.removeprefix("mailto:")
        return address if not label or label in (address, target) else f"{label} ({address})"

    words = unescape(_TOKEN.sub(token, _USER.sub(name, text)))
    return re.sub(r"[ \t]{2,}", " ", words).strip()
