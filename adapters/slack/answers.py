"""The answers that are being given: begun, found again, cancelled, moved to a new wording, and taken away.

Knows replies and the application; what a question is stands in `questions.py`, what a button is in `counter.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from adapters.base import Author, DeliveryError, Handler, Place, State, View
from adapters.shared.pacing import Timing, Turns
from adapters.shared.pump import RETRY_AFTER_S
from adapters.shared.state import Notes
from adapters.slack import notices
from adapters.slack.blocks import section
from adapters.slack.markup import sections
from adapters.slack.people import as_bystander
from adapters.slack.posts import Blocks, find, once, send, whisper, write_to
from adapters.slack.records import Anchor, metadata
from adapters.slack.reply import Desk, Hooks, SlackReply
from adapters.slack.uploads import Uploads
from adapters.slack.workspace import (
    PLATFORM,
    UNREACHED,
    Fault,
    Workspace,
    Workspaces,
    code_of,
    fault_of,
    is_final,
    patiently,
)

log = logging.getLogger(__name__)

ANSWERS_FILE = "slack-answers.json"
VIDEOS_FILE = "slack-videos.json"
JUST_NOW_S = 600.0  # how far back a message is looked for that may have been posted a moment ago


class Answers:
    """Opens replies, and finds them by their messages."""

    def __init__(
        self, handler: Handler, workspaces: Workspaces, *, state_dir: Path, timing: Timing | None = None
    ) -> None:
        self.handler = handler
        self.workspaces = workspaces
        self.timing = timing or Timing()
        self.desk = Desk(self.timing, Turns(self.timing.now, self.timing.sleep))
        self.uploads = Uploads(lambda: workspaces.session, Notes(state_dir / VIDEOS_FILE), self.timing)
        self._moved = Notes(state_dir / ANSWERS_FILE)  # where answers are that are elsewhere than their `ref` says
        self._live: dict[tuple[str, str, str], SlackReply] = {}  # by team, channel, ts

    def replies(self) -> set[SlackReply]:
        return set(self._live.values())

    def of(self, team: str, channel: str, ts: str) -> SlackReply | None:
        """The unfinished answer that a message asked for, or that it is."""
        return self._live.get((team, channel, ts))

    # --- beginning ------------------------------------------------------------------------------------------------

    async def begin(
        self,
        workspace: Workspace,
        author: Author,
        *,
        channel: str,
        key: str,
        thread: str = "",
        private: bool = False,
        source_ts: str = "",
        again: bool = False,
    ) -> SlackReply:
        """Post the placeholder that an answer will live in, and open its reply.

        `key` is the event id of what asked; a message posted for it earlier is found again, which is looked for at once
        with `again`, else only after a send that may have got through. Without a `thread` the answer begins one: its
        ts is then `reply.anchor.root`. Raises what Slack answers.
        """
        anchor = Anchor(
            workspace.team, channel, author, [], key=key, thread=thread, source_ts=source_ts, private=private
        )

        async def posted() -> str:
            since = source_ts or thread or f"{time.time() - JUST_NOW_S:.6f}"
            return (await find(workspace, anchor, since)).get(0, "")

        ts = await posted() if again else ""
        if not ts:
            text = notices.PLACEHOLDER
            ts = await once(lambda: send(workspace, anchor, 0, text, [section(text)]), posted, self.timing)
        anchor.messages.append(ts)
        return self.open(workspace, anchor)

    def open(self, workspace: Workspace, anchor: Anchor) -> SlackReply:
        """A reply that is cancelled when one of its messages disappears."""
        hooks = Hooks(ended=self._retire, lost=self.withdraw, moved=self._note, unshown=self._explain)
        reply = SlackReply(workspace, anchor, desk=self.desk, uploads=self.uploads, hooks=hooks)
        for ts in (anchor.source_ts, *anchor.messages):
            if ts:
                self._live[anchor.team, anchor.channel, ts] = reply
        return reply

    async def admit(self, reply: SlackReply, ask: Callable[[], Awaitable[str]]) -> None:
        """Hand a request over. What the application fails to take is said in the reply."""
        try:
            request = await ask()
        except Exception:
            log.exception("a request from Slack was not taken")
            await reply.show(View(request="", state=State.FAILED, notice=notices.BROKEN))
            return
        reply.request = reply.request or request
        if reply.unwanted:
            await self.discard(reply)
        elif reply.withdrawn:
            await self.withdraw(reply)

    async def whisper(
        self, workspace: Workspace, channel: str, user: str, text: str, blocks: Blocks = (), *, thread: str = ""
    ) -> bool:
        """Say something to one person alone, in a channel, or in a direct message where that is none."""
        if channel.startswith("D"):
            return await write_to(workspace, user, text, blocks, channel=channel, thread=thread)
        return await whisper(workspace, channel, user, text, blocks, thread=thread)

    async def whisper_words(
        self, workspace: Workspace, place: Place, user: str, markdown: str, *, thread: str = ""
    ) -> bool:
        """As `whisper`, for a sentence of the application's."""
        pieces = sections(markdown)[:4]
        blocks = [section(piece) for piece in pieces]
        return await self.whisper(workspace, place.channel, user, "\n".join(pieces), blocks, thread=thread)

    def _retire(self, reply: SlackReply) -> None:
        for place in [place for place, live in self._live.items() if live is reply]:
            del self._live[place]
        self.desk.streams -= reply.messages

    async def _note(self, reply: SlackReply) -> None:
        """An answer has got other messages than those that its `ref` tells of."""
        anchor = reply.anchor
        for ts in reply.messages:
            if not reply.ending:
                self._live[anchor.team, anchor.channel, ts] = reply
        stream = sorted(reply.messages - set(anchor.messages))
        await self._moved.put(anchor.key, {"messages": list(anchor.messages), "streams": stream})

    async def _explain(self, reply: SlackReply, error: BaseException | None) -> None:
        """Tell the one who asked why nothing comes, where the reason lies in the place."""
        anchor = reply.anchor
        sentence = cannot_write(anchor.channel, error)
        if sentence and not anchor.private:
            await write_to(reply.workspace, anchor.author.id, sentence)

    # --- the end before the end -----------------------------------------------------------------------------------

    async def withdraw(self, reply: SlackReply) -> None:
        """Cancel for the one who asked, because the place for the answer is gone."""
        reply.withdrawn = True
        if reply.request:
            await self.handler.cancel(reply.request, as_bystander(reply.anchor.author))

    async def discard(self, reply: SlackReply) -> None:
        """Cancel, forget and take away, because the question is gone. Raises `DeliveryError`."""
        reply.withdrawn = reply.unwanted = True
        await reply.post.cut()
        reply.close()
        if reply.request:
            anchor = reply.anchor
            await self.erase(reply.request, anchor.author, None, anchor.team, anchor.channel)
        await self._delete(reply.workspace, reply.anchor, reply.messages)

    async def erase(self, request: str, author: Author, place: Place | None, team: str, channel: str) -> None:
        """Have the application forget a request, in the name of the one who asked."""
        acting_from = place or Place(PLATFORM, team, channel)
        try:
            await self.handler.erase(request, as_bystander(author), acting_from)
        except Exception:
            log.exception("request %s could not be forgotten, though its question was deleted", request)

    async def place_gone(self, team: str, channel: str) -> None:
        """Nothing can be answered in a channel any more."""
        replies = {reply for reply in self.replies() if (reply.anchor.team, reply.anchor.channel) == (team, channel)}
        if replies:
            log.info("channel %s is closed; %d requests there are cancelled", channel, len(replies))
        for reply in replies:
            await self.withdraw(reply)

    # --- by reference ---------------------------------------------------------------------------------------------

    async def restore(self, ref: str) -> SlackReply | None:
        """Find the message of an unfinished request again, with its continuations; None when it is gone. Raises
        `DeliveryError` when that may be found out later.
        """
        anchor = Anchor.load(ref)
        workspace = await self.workspaces.get(anchor.team) if anchor is not None else None
        if anchor is None or workspace is None:
            return None
        try:
            there = await self._whole(workspace, anchor)
        except UNREACHED as error:
            there = fault_of(error) is not Fault.MESSAGE_GONE
            if not is_final(error):  # what follows it is not known: shown now, it might be there twice
                raise DeliveryError(f"answer {anchor.ts} can't be looked up: {code_of(error) or error}") from error
            if there:
                log.warning(
                    "answer %s can't be looked up, it is taken to be there: %s", anchor.ts, code_of(error) or error
                )
        if not there:
            log.info("answer %s in channel %s is gone", anchor.ts, anchor.channel)
            return None
        reply = self.open(workspace, anchor)
        reply.fresh = False
        return reply

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply; those that are gone already are fine. Raises `DeliveryError`."""
        anchor = Anchor.load(ref)
        if anchor is None:
            return
        workspace = await self.workspaces.get(anchor.team)
        if workspace is None:
            raise DeliveryError("The app is not installed in that workspace any more, so nothing was deleted there.")
        live = self._live.get((anchor.team, anchor.channel, anchor.ts))
        if live is not None:
            await live.post.cut()
            live.close()
            anchor = live.anchor
            await self._delete(workspace, anchor, live.messages)
            return
        try:
            await self._whole(workspace, anchor)
        except UNREACHED as error:
            log.info("what belongs to answer %s can't be looked up: %s", anchor.ts, code_of(error) or error)
        await self._delete(workspace, anchor, anchor.messages)

    async def take_over(self, workspace: Workspace, anchor: Anchor, key: str) -> SlackReply | None:
        """Make room for another answer in the message of an earlier one. None when that message is gone.

        Its continuations are deleted, and whatever still works on the earlier answer shows nothing any more.
        """
        live = self._live.get((anchor.team, anchor.channel, anchor.ts))
        if live is not None:
            await live.post.cut()
            live.close()
            anchor = live.anchor
            extra = [*anchor.messages[1:], *(live.messages - set(anchor.messages))]
            self._retire(live)
        else:
            try:
                await self._whole(workspace, anchor)
            except UNREACHED as error:
                log.info("what belongs to answer %s can't be looked up: %s", anchor.ts, code_of(error) or error)
            extra = anchor.messages[1:]
        try:
            await self._delete(workspace, anchor, extra)
        except DeliveryError as error:
            log.warning("parts of an earlier answer stay: %s", error)
        fresh = Anchor(
            anchor.team,
            anchor.channel,
            anchor.author,
            [anchor.ts],
            key=key,
            thread=anchor.thread,
            source_ts=anchor.source_ts,
            private=anchor.private,
        )
        reply = self.open(workspace, fresh)
        text = notices.PLACEHOLDER
        try:
            await reply.post.edit(anchor.ts, text, [section(text)], mark=metadata(key))
        except UNREACHED as error:
            if fault_of(error) is Fault.MESSAGE_GONE:
                self._retire(reply)
                return None
            log.info("message %s was not cleared for a new answer: %s", anchor.ts, code_of(error) or error)
        return reply

    async def _whole(self, workspace: Workspace, anchor: Anchor) -> bool:
        """Let an anchor name every message of its answer. False when there is none left. Raises what Slack answers."""
        noted: Any = await self._moved.get(anchor.key)
        if noted:
            anchor.messages = [str(ts) for ts in noted.get("messages") or ()] or anchor.messages
            for ts in noted.get("streams") or ():  # an earlier process was streaming there
                await self._delete_one(workspace, anchor.channel, str(ts))
        found = await find(workspace, anchor, anchor.source_ts or anchor.ts)
        if not found:
            return False
        if 0 in found:
            anchor.messages = [ts for _, ts in sorted(found.items())]
        return True

    async def _delete(self, workspace: Workspace, anchor: Anchor, messages: Sequence[str] | set[str]) -> None:
        """Delete these, the last one first, and the uploaded videos. Raises `DeliveryError` once each was tried."""
        failures = []
        for ts in sorted(messages, reverse=True):
            try:
                await self._delete_one(workspace, anchor.channel, ts)
            except UNREACHED as error:
                failures.append(error)
        try:
            await patiently(lambda: self.uploads.remove(workspace, anchor), RETRY_AFTER_S[:2], self.timing.sleep)
        except UNREACHED as error:
            failures.append(error)
        if failures:
            why = code_of(failures[0]) or failures[0]
            raise DeliveryError(f"Slack did not delete the answer: {why}") from failures[0]
        await self._moved.drop(anchor.key)

    async def _delete_one(self, workspace: Workspace, channel: str, ts: str) -> None:
        try:
            await patiently(
                lambda: workspace.client.chat_delete(channel=channel, ts=ts), RETRY_AFTER_S[:2], self.timing.sleep
            )
        except UNREACHED as error:
            if fault_of(error) is not Fault.MESSAGE_GONE:
                raise

    async def settled(self, patience_s: float) -> None:
        """Let what is to be shown arrive, and end what streams: the next process goes on from there."""
        replies = self.replies()
        if replies:
            await asyncio.wait({asyncio.ensure_future(reply.settled()) for reply in replies}, timeout=patience_s)
        for reply in replies:
            try:
                await reply.leave()
            except Exception as error:  # noqa: BLE001 - the next start finds it as it is
                log.info("request %s was left as it is: %s", reply.request, error)


def cannot_write(channel: str, error: BaseException | None) -> str:
    """What to tell the one who asked there; empty when the error says nothing about the place."""
    if error is None or fault_of(error) is not Fault.PLACE_GONE:
        return ""
    sentence = notices.ARCHIVED if code_of(error) == "is_archived" else notices.CANNOT_WRITE
    return sentence.format(where=f"<#{channel}>")
