"""How the messages of one answer are sent, changed, streamed and taken away. Knows Slack's API; knows no views.

Slack has no nonces. Every message therefore carries the key of its answer as metadata, and after a send whose
acknowledgement was lost the thread is looked through before anything is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.shared.pacing import Timing
from adapters.slack.records import Anchor, mark_of, metadata
from adapters.slack.workspace import UNREACHED, Fault, Workspace, code_of, fault_of

log = logging.getLogger(__name__)

AGAIN_S = (1.0, 3.0, 9.0, 27.0)
PAGES_LOOKED_AT = 5
PAGE_SIZE = 200
TEXT = 39_000  # characters of a message's text, of which Slack shows 40,000

Blocks = Sequence[dict[str, Any]]


class Cut(Exception):
    """Nothing goes out through this post any more."""


class Post:
    """The messages of one answer. What goes wrong raises as `fault_of` sorts it, or `Cut`."""

    def __init__(self, workspace: Workspace, anchor: Anchor, timing: Timing) -> None:
        self.workspace = workspace
        self.anchor = anchor
        self._timing = timing
        self._cut = False
        self._busy = asyncio.Lock()

    async def cut(self) -> None:
        """Let nothing out any more; returns once what is on its way has arrived."""
        self._cut = True
        async with self._busy:
            return

    @property
    def is_cut(self) -> bool:
        return self._cut

    # --- messages -------------------------------------------------------------------------------------------------

    async def follow(self, page: int, text: str, blocks: Blocks) -> str:
        """Send a continuation. Returns its ts, also when an earlier try had got through."""
        anchor = self.anchor
        return await self._once(
            lambda: send(self.workspace, anchor, page, text, blocks),
            lambda: self._find(page),
        )

    async def edit(self, ts: str, text: str, blocks: Blocks, *, mark: dict[str, Any] | None = None) -> None:
        """Change a message. Raises at once where Slack wants to be left alone: something newer may come meanwhile."""
        await self._out(
            lambda: self.workspace.hasty.chat_update(
                channel=self.anchor.channel,
                ts=ts,
                text=text[:TEXT],
                blocks=list(blocks),
                parse="none",
                link_names=False,
                metadata=mark,
            )
        )

    async def delete(self, ts: str) -> None:
        """Take a message away; one that is gone already is fine."""
        try:
            await self._out(lambda: self.workspace.client.chat_delete(channel=self.anchor.channel, ts=ts))
        except UNREACHED as error:
            if fault_of(error) is not Fault.MESSAGE_GONE:
                raise

    async def tell(self, text: str, blocks: Blocks) -> bool:
        """Say something to the one who asked, and to nobody else. False when that did not work."""
        if self._cut:
            return True
        return await whisper(
            self.workspace, self.anchor.channel, self.anchor.author.id, text, blocks, thread=self.anchor.root
        )

    async def status(self, text: str) -> None:
        """What the assistant's pane says while people wait; empty takes it away."""
        if not self._cut:
            await self.workspace.hasty.assistant_threads_setStatus(
                channel_id=self.anchor.channel, thread_ts=self.anchor.root, status=text
            )

    # --- streams --------------------------------------------------------------------------------------------------

    async def start_stream(self, markdown: str) -> str:
        """Begin to stream a message. Returns its ts."""
        answer = await self._out(
            lambda: self.workspace.hasty.chat_startStream(
                channel=self.anchor.channel,
                thread_ts=self.anchor.root,
                markdown_text=markdown,
                recipient_team_id=self.workspace.team,
                recipient_user_id=self.anchor.author.id,
            )
        )
        return str(answer["ts"])

    async def append_stream(self, ts: str, markdown: str) -> None:
        await self._out(
            lambda: self.workspace.hasty.chat_appendStream(channel=self.anchor.channel, ts=ts, markdown_text=markdown)
        )

    async def stop_stream(self, ts: str, markdown: str = "", blocks: Blocks = ()) -> None:
        """End a stream, with its last words and what stands under them."""
        more: dict[str, Any] = {"markdown_text": markdown} if markdown else {}
        await self._out(
            lambda: self.workspace.client.chat_stopStream(
                channel=self.anchor.channel,
                ts=ts,
                blocks=list(blocks) or None,
                metadata=metadata(self.anchor.key),
                **more,
            )
        )

    async def end_stream(self, ts: str) -> None:
        """End a stream as it is. One that is over already is fine."""
        try:
            await self.stop_stream(ts)
        except UNREACHED as error:
            if fault_of(error) is not Fault.STREAM_OVER:
                raise

    async def lost_streams(self, known: set[str]) -> list[str]:
        """The bot's messages after the placeholder that nobody knows: streams whose beginning was not acknowledged."""
        return [
            str(message["ts"])
            for message in await self._thread(oldest=self.anchor.ts)
            if str(message["ts"]) not in known and _may_be_a_stream(message)
        ]

    # --- finding --------------------------------------------------------------------------------------------------

    async def find(self) -> dict[int, str]:
        """All messages of this answer that are there, by page. Raises what Slack answers."""
        return await find(self.workspace, self.anchor)

    async def _find(self, page: int) -> str:
        return (await self.find()).get(page, "")

    async def _thread(self, oldest: str) -> list[dict[str, Any]]:
        return await read_own(self.workspace, self.anchor, oldest)

    async def _once(self, do: Callable[[], Awaitable[str]], find: Callable[[], Awaitable[str]]) -> str:
        async with self._busy:
            if self._cut:
                raise Cut
            return await once(do, find, self._timing)

    async def _out(self, do: Callable[[], Awaitable[Any]]) -> Any:
        async with self._busy:
            if self._cut:
                raise Cut
            return await do()


def _may_be_a_stream(message: dict[str, Any]) -> bool:
    """A stream has no mark and no file; the bot's notices, which have no mark either, are laid out in sections."""
    laid_out = any(block.get("type") in ("section", "actions") for block in message.get("blocks") or ())
    return not (message.get("files") or message.get("metadata") or laid_out)


async def send(workspace: Workspace, anchor: Anchor, page: int, text: str, blocks: Blocks = ()) -> str:
    """Post one message of an answer. Returns its ts."""
    thread = anchor.thread if page == 0 else anchor.root
    more: dict[str, Any] = {"thread_ts": thread} if thread else {}
    answer = await workspace.client.chat_postMessage(
        channel=anchor.channel,
        text=text[:TEXT],
        blocks=list(blocks) or None,
        metadata=metadata(anchor.key, page),
        parse="none",
        link_names=False,
        unfurl_links=False,
        unfurl_media=False,
        **more,
    )
    return str(answer["ts"])


async def once(do: Callable[[], Awaitable[str]], find: Callable[[], Awaitable[str]], timing: Timing) -> str:
    """Send with patience, and never twice: what may have got through is looked for first, and not sent again where
    that cannot be found out. Raises what Slack answers."""
    delays = iter(AGAIN_S)
    while True:
        try:
            return await do()
        except UNREACHED as error:
            if fault_of(error) is not Fault.PASSING:
                raise
            failure = error
        while True:
            delay = next(delays, None)
            if delay is None:
                raise failure
            await timing.sleep(delay)
            try:
                found = await find()
                break
            except UNREACHED as error:
                if fault_of(error) is not Fault.PASSING:
                    raise failure from error
        if found:
            return found


async def find(workspace: Workspace, anchor: Anchor, oldest: str = "") -> dict[int, str]:
    """The messages that carry an answer's key, by page. Raises what Slack answers."""
    found: dict[int, str] = {}
    since = oldest or anchor.source_ts or (anchor.messages[0] if anchor.messages else "")
    for message in await read_own(workspace, anchor, since):
        mark = mark_of(message)
        if mark is not None and mark[0] == anchor.key:
            found.setdefault(mark[1], str(message["ts"]))
    return found


async def read_own(workspace: Workspace, anchor: Anchor, oldest: str) -> list[dict[str, Any]]:
    """The bot's own messages of a thread, or of a channel for an answer that begins a thread, from `oldest` on."""
    root = anchor.thread or (anchor.messages[0] if anchor.messages else "")
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(PAGES_LOOKED_AT):
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        asked = {
            "channel": anchor.channel,
            "limit": PAGE_SIZE,
            "inclusive": True,
            "include_all_metadata": True,
            **({"oldest": oldest} if oldest else {}),
            **more,
        }
        if root:
            answer = await workspace.client.conversations_replies(ts=root, **asked)
        else:
            answer = await workspace.client.conversations_history(**asked)
        found += [each for each in answer.get("messages") or () if is_own(workspace, each)]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return found


def is_own(workspace: Workspace, message: dict[str, Any]) -> bool:
    by_bot = bool(workspace.bot_id) and message.get("bot_id") == workspace.bot_id
    return by_bot or message.get("user") == workspace.bot_user


async def whisper(
    workspace: Workspace, channel: str, user: str, text: str, blocks: Blocks = (), *, thread: str = ""
) -> bool:
    """Say something in a channel that one person alone sees; where that is impossible, in a direct message.

    False when they cannot be reached. What may have got through is not said again.
    """
    more: dict[str, Any] = {"thread_ts": thread} if thread else {}
    try:
        await workspace.client.chat_postEphemeral(
            channel=channel, user=user, text=text[:TEXT], blocks=list(blocks) or None, link_names=False, **more
        )
    except UNREACHED as error:
        log.info("user %s was not told in channel %s: %s", user, channel, code_of(error) or error)
        if fault_of(error) is Fault.PASSING:
            return False
        return await write_to(workspace, user, text, blocks)
    return True


async def write_to(
    workspace: Workspace, user: str, text: str, blocks: Blocks = (), *, channel: str = "", thread: str = ""
) -> bool:
    """Write to one person, in the `channel` of their direct messages where that is known. False when they cannot be
    reached."""
    try:
        if not channel:
            channel = str((await workspace.client.conversations_open(users=user))["channel"]["id"])
        await workspace.client.chat_postMessage(
            channel=channel,
            text=text[:TEXT],
            blocks=list(blocks) or None,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            thread_ts=thread or None,
        )
    except UNREACHED as error:
        log.warning("user %s could not be told: %s", user, code_of(error) or error)
        return False
    return True
