"""How Discord writes what all platforms say."""

from __future__ import annotations

from datetime import datetime

from adapters.discord import markup
from adapters.shared.dialect import Dialect


class DiscordDialect(Dialect):
    """Discord's markdown. Mentions call nobody, because every message is sent without allowed mentions."""

    platform = "Discord"
    community = "server"
    group = "role"

    def marked(self, sentence: str) -> str:
        return sentence  # our sentences are written as Discord writes

    def plain(self, text: str) -> str:
        return markup.plain(text)

    def harmless(self, text: str) -> str:
        return markup.harmless(text)

    def hidden(self, text: str) -> str:
        return markup.hidden(text)

    def table(self, text: str) -> str:
        return f"```\n{text.replace('`', chr(39))}\n```"

    def moment(self, at: datetime) -> str:
        return markup.moment(at)

    def channel(self, id: str) -> str:
        return f"<#{id}>" if id.isdigit() else ""

    def role(self, id: str) -> str:
        return f"<@&{id}>" if id.isdigit() else ""

    def person(self, id: str) -> str:
        return f"<@{id}>" if id.isdigit() else ""


DISCORD = DiscordDialect()
