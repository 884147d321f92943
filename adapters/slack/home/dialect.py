"""How pages and cards write people, channels and groups, and the plain words of menus and of forms' errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.shared.admin import sentences
from adapters.slack.dialect import SlackDialect
from adapters.slack.markup import plain

_JOINER = "\u2060"  # invisible; takes an @ its meaning
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"C[A-Z0-9]{2,20}")


class HomeDialect(SlackDialect):
    """For the Home, where a mention shows a name and calls nobody.

    `groups` are the handles of user groups by their ids, `names` those of people who are to be named and not mentioned.
    """

    def __init__(self, groups: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None) -> None:
        self._groups = groups or {}
        self._names = names or {}

    def channel(self, id: str) -> str:
        if id[:1] == "D":
            return sentences.DIRECT
        return f"<#{id}>" if _CHANNEL.fullmatch(id) else plain(id)

    def role(self, id: str) -> str:
        return f"@{_JOINER}{plain(self._groups.get(id, id))}" if id else ""

    def person(self, id: str) -> str:
        if id in self._names:
            return f"*{plain(self._names[id]) or '–'}*"
        return f"<@{id}>" if _USER.fullmatch(id) else ""


class PlainDialect(HomeDialect):
    """Without any marks: for menus, labels and the errors of forms, where Slack shows them as they are."""

    def marked(self, sentence: str) -> str:
        return sentence.replace("*", "").replace("`", "")

    def plain(self, text: str) -> str:
        return " ".join(text.split())


PLAIN = PlainDialect()
