"""How Slack writes what all platforms say."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from adapters.shared.dialect import Dialect
from adapters.slack import markup

_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}")


class SlackDialect(Dialect):
    """Slack's mrkdwn. Slack has no spoilers, and no mentions that call nobody."""

    platform = "Slack"
    community = "workspace"
    group = "user group"

    def marked(self, sentence: str) -> str:
        return markup.mrkdwn(sentence)

    def plain(self, text: str) -> str:
        return markup.plain(text)

    def harmless(self, text: str) -> str:
        return markup.mrkdwn(text)

    def hidden(self, text: str) -> str:
        return text

    def table(self, text: str) -> str:
        return f"```\n{markup.escape(text).replace('`', chr(39))}\n```"

    def moment(self, at: datetime) -> str:
        moment = at.astimezone(UTC)
        return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{moment:%Y-%m-%d %H:%M} UTC>"

    def channel(self, id: str) -> str:
        return f"<#{id}>" if _ID.fullmatch(id) else ""

    def role(self, id: str) -> str:
        return f"`{id}`" if _ID.fullmatch(id) else ""  # a mention would call the whole group

    def person(self, id: str) -> str:
        return f"<https://slack.com/app_redirect?channel={id}|{id}>" if _ID.fullmatch(id) else ""


SLACK = SlackDialect()
