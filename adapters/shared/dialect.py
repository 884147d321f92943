"""What a platform writes in its own way: marks, mentions, moments, and what it calls itself.

Shared sentences are written once, with **bold**, *italic* and `code`; each platform has one `Dialect` that turns them
into its own marks. Knows no platform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime


class Dialect(ABC):
    """How one platform writes. All of it is pure text; an id that is none of the platform's becomes an empty string."""

    platform: str
    """What people call the platform: `Discord`."""

    community: str
    """What people there call a community: `server`, `workspace`."""

    group: str = "group"
    """What people there call a role: `role`, `user group`."""

    def say(self, sentence: str, /, **values: object) -> str:
        """One of our own sentences with its blanks filled.

        `{platform}`, `{community}`, `{group}` and `{groups}` are filled anyway.

        Values are taken as they are: what people or models wrote must have been through `plain` or `harmless`.
        """
        own = {"platform": self.platform, "community": self.community, "group": self.group, "groups": f"{self.group}s"}
        return self.marked(sentence).format(**own, **values)

    @abstractmethod
    def marked(self, sentence: str) -> str:
        """One of our own sentences with its **bold**, *italic* and `code` in the platform's marks."""

    @abstractmethod
    def plain(self, text: str) -> str:
        """Names or prompts on one line, with every mark shown as itself."""

    @abstractmethod
    def harmless(self, text: str) -> str:
        """Text of people or models with the marks that they meant, and without pings or anything that deceives."""

    @abstractmethod
    def hidden(self, text: str) -> str:
        """Text, written by this dialect already, that could disturb: behind a spoiler where the platform has one."""

    @abstractmethod
    def table(self, text: str) -> str:
        """Lines whose columns stand below each other. Nothing in `text` ends the table early."""

    @abstractmethod
    def moment(self, at: datetime) -> str:
        """A moment as it reads for everybody where they are: `in 20 minutes`."""

    @abstractmethod
    def channel(self, id: str) -> str:
        """A channel as people see it."""

    @abstractmethod
    def role(self, id: str) -> str:
        """A role or a group."""

    @abstractmethod
    def person(self, id: str) -> str:
        """Somebody, without calling them."""


def quoted(text: str, most: int, dialect: Dialect) -> str:
    """Somebody's words on one line, harmless, at most `most` characters long however much had to be escaped."""
    line = " ".join(text.split())
    shown = dialect.plain(line)
    room = most
    while len(shown) > most:
        room -= max(1, (len(shown) - most) // 2)
        shown = dialect.plain(line[: max(0, room)]) + "…"
    return shown


def spoiler(text: str, most: int, dialect: Dialect) -> str:
    """Somebody's words, at most `most` characters long with what hides them from who does not want to see them."""
    return dialect.hidden(quoted(text, most - len(dialect.hidden("")), dialect))
