"""What was said in a thread before somebody spoke to the bot, and which clips lie there. Knows no request.

Slack throttles the reading of threads, so a thread is read once, and only when nothing of it is kept; what is said
there later is noted as it is heard.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from adapters.base import Quoted
from adapters.slack.intake import Heard, heard, spoken
from adapters.slack.people import People
from adapters.slack.posts import is_own
from adapters.slack.records import event_id
from adapters.slack.workspace import UNREACHED, Workspace, code_of

log = logging.getLogger(__name__)

READ = 15  # messages, as many as Slack gives those whom it throttles
QUOTES = 8  # messages handed over
THREADS = 512  # remembered
KEPT = 64  # messages of one thread


@dataclass
class _Thread:
    said: OrderedDict[str, Heard] = field(default_factory=OrderedDict)  # by ts
    read: bool = False


class Chains:
    """Remembers threads."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._threads: OrderedDict[tuple[str, str, str], _Thread] = OrderedDict()

    def note(self, message: Heard) -> None:
        """Somebody said something in a thread, to whomever; an edit takes the place of what was said."""
        thread = self._thread(message)
        if message.ts in thread.said or message.thread or message.is_direct:
            thread.said[message.ts] = message
            while len(thread.said) > KEPT:
                thread.said.popitem(last=False)

    def forget(self, team: str, channel: str, ts: str) -> None:
        """A message was deleted; nothing of it is quoted any more."""
        for (at, where, _), thread in self._threads.items():
            if (at, where) == (team, channel):
                thread.said.pop(ts, None)

    def forget_team(self, team: str) -> None:
        for key in [key for key in self._threads if key[0] == team]:
            del self._threads[key]

    async def before(
        self, workspace: Workspace, message: Heard, *, known: bool
    ) -> tuple[tuple[Quoted, ...], tuple[dict[str, Any], ...]]:
        """What was said in the thread before `message`, oldest first, and the files of the latest one that had some.

        `known`: the application keeps turns of this conversation, so that the thread need not be read.
        """
        if not message.thread:
            return (), ()
        thread = self._thread(message)
        if not (thread.read or known):
            await self._read(workspace, message, thread)
        earlier = [each for _, each in sorted(thread.said.items()) if each.ts < message.ts]
        quotes = [await self._quote(workspace, each) for each in earlier[-QUOTES:]]
        files = next((each.files for each in reversed(earlier) if each.files), ())
        return tuple(quote for quote in quotes if quote.text), () if known else files

    async def _read(self, workspace: Workspace, message: Heard, thread: _Thread) -> None:
        try:
            answer = await workspace.client.conversations_replies(
                channel=message.channel, ts=message.thread, latest=message.ts, limit=READ
            )
        except UNREACHED as error:
            log.info("thread %s can't be read: %s", message.thread, code_of(error) or error)
            return
        thread.read = True
        for each in answer.get("messages") or ():
            if is_own(workspace, each):
                continue  # of its own answers the application knows more, and has forgotten what it must
            said = heard(message.team, {"channel": message.channel}, each)
            if said is not None and said.ts != message.ts:
                thread.said[said.ts] = said

    async def _quote(self, workspace: Workspace, message: Heard) -> Quoted:
        names = {user: await self._people.name(workspace, user) for user in message.mentioned()}
        return Quoted(
            event_id(message.team, message.channel, message.ts),
            await self._people.name(workspace, message.user),
            spoken(message.text, workspace.bot_user, names),
        )

    def _thread(self, message: Heard) -> _Thread:
        key = (message.team, message.channel, message.root)
        found = self._threads.get(key)
        if found is None:
            found = self._threads[key] = _Thread()
        self._threads.move_to_end(key)
        while len(self._threads) > THREADS:
            self._threads.popitem(last=False)
        return found
