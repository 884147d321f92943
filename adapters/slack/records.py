"""Where the messages of an answer are: what a reply's `ref` holds. Knows no API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.base import Author

EVENT_TYPE = "gpt4video_answer"  # of the metadata that the bot's messages carry


@dataclass
class Anchor:
    """Enough to find an answer again after a restart.

    `messages` are the ts of the answer and of its continuations. `key` is what the first one was posted for: a message
    or an interaction, and no other answer has it. `thread` is the ts that the thread begins with, empty for an answer
    that begins one itself. `private`: nobody else reads along.
    """

    team: str
    channel: str
    author: Author
    messages: list[str]
    key: str = ""
    thread: str = ""
    source_ts: str = ""  # the message that asked, empty for interactions
    private: bool = False
    files: list[str] = field(default_factory=list)  # ids of uploaded videos

    @property
    def ts(self) -> str:
        """The answer's first message."""
        return self.messages[0]

    @property
    def root(self) -> str:
        """The thread in which everything about this answer belongs."""
        return self.thread or self.messages[0]

    def dump(self) -> str:
        return json.dumps(
            {
                "team": self.team,
                "channel": self.channel,
                "messages": self.messages,
                "key": self.key,
                "thread": self.thread,
                "source": self.source_ts,
                "private": self.private,
                "author": self.author.id,
                "name": self.author.name,
                **({"files": self.files} if self.files else {}),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def load(cls, ref: str) -> Anchor | None:
        """None when `ref` is not one of ours."""
        try:
            data = json.loads(ref)
            anchor = cls(
                team=str(data["team"]),
                channel=str(data["channel"]),
                author=Author(str(data["author"]), str(data["name"])),
                messages=[str(each) for each in data["messages"]],
                key=str(data["key"]),
                thread=str(data["thread"]),
                source_ts=str(data["source"]),
                private=bool(data["private"]),
                files=[str(each) for each in data.get("files", ())],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return anchor if anchor.messages and all(anchor.messages) else None

    def copy(self) -> Anchor:
        return replace(self, messages=list(self.messages), files=list(self.files))


def metadata(key: str, page: int = 0) -> dict[str, Any]:
    """What marks a message as a part of an answer: Slack has no nonces, so this is how a repeated send is found out."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key, "page": page}}


def mark_of(message: dict[str, Any]) -> tuple[str, int] | None:
    """The key and the page of one of the bot's messages; None for any other message."""
    found = message.get("metadata") or {}
    payload = found.get("event_payload") or {}
    if found.get("event_type") != EVENT_TYPE:
        return None
    try:
        return str(payload["key"]), int(payload.get("page", 0))
    except (KeyError, TypeError, ValueError):
        return None


def event_id(team: str, channel: str, ts: str, wording: str = "") -> str:
    """The event id of a question: its message's place and ts, and for a later wording the ts of the edit."""
    return f"{team}/{channel}/{ts}:{wording}" if wording else f"{team}/{channel}/{ts}"


def split_event_id(event: str) -> tuple[str, str, str] | None:
    """Team, channel and ts of a message's event id; None for that of an interaction."""
    match = re.fullmatch(r"(\w+)/(\w+)/([\d.]+)(?::[\d.]+)?", event)
    return (match[1], match[2], match[3]) if match else None
