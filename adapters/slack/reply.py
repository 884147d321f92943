"""The one message that a request lives in: born as a placeholder, lives by edits or as a stream, ends as the answer.

Knows how views become messages and what to do when Slack refuses; knows nothing of events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.base import DeliveryError, State, Undeliverable, View
from adapters.shared import sentences
from adapters.shared.actions import is_private
from adapters.shared.lines import warned
from adapters.shared.pacing import Timing, Turns
from adapters.shared.pump import RETRY_AFTER_S, Pump
from adapters.slack import notices
from adapters.slack.blocks import Layout, Page, layout, page_of, private_layout, section
from adapters.slack.dialect import SLACK
from adapters.slack.pages import smaller, with_line, without_buttons
from adapters.slack.posts import Cut, Post
from adapters.slack.records import Anchor, metadata
from adapters.slack.streaming import Stream, StreamEnded
from adapters.slack.uploads import TooLarge, Uploads, VideoGone
from adapters.slack.workspace import UNREACHED, Fault, Workspace, code_of, fault_of, is_final, retry_after

log = logging.getLogger(__name__)

EDIT_EVERY_S = 1.0
STATUS_EVERY_S = 90.0  # Slack shows it for two minutes
STATUS_LOOK_S = 1.0
SMALLER = 4  # how often pages are cut in two when Slack finds them too long


@dataclass
class Desk:
    """What all replies of a connection share. `streams` are the ts of all streams that this process has begun."""

    timing: Timing = field(default_factory=Timing)
    turns: Turns = field(default_factory=Turns)
    streams: set[str] = field(default_factory=set)
    quiet: dict[str, float] = field(default_factory=dict)  # until when a workspace wants to be left alone


async def _nothing(_: Any) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Hooks:
    """Who is told: `ended` after the final view; `lost` when the message or its place is gone before; `moved` when the
    answer has got other messages than its `ref` says; `unshown` when the final view did not get through, and why."""

    ended: Callable[[SlackReply], None] = lambda reply: None
    lost: Callable[[SlackReply], Awaitable[None]] = _nothing
    moved: Callable[[SlackReply], Awaitable[None]] = _nothing
    unshown: Callable[[SlackReply, BaseException | None], Awaitable[None]] = lambda reply, error: _nothing(reply)


class SlackReply:
    """Implements `adapters.base.Reply`. Edits are at least a second apart and the newest view wins."""

    def __init__(
        self, workspace: Workspace, anchor: Anchor, *, desk: Desk, uploads: Uploads, hooks: Hooks | None = None
    ) -> None:
        self.workspace = workspace
        self.anchor = anchor
        self.request = ""
        self.withdrawn = False  # the question or the place for the answer is gone
        self.unwanted = False  # the question is gone: nothing of it is to stay
        self.fresh = True  # not one that an earlier process could not show, whose asker has heard why already
        self.post = Post(workspace, anchor, desk.timing)
        self._desk = desk
        self._uploads = uploads
        self._hooks = hooks or Hooks()
        self._stream = Stream(self.post, desk.streams)
        self._streaming = bool(anchor.thread) or anchor.private
        self._shown: dict[str, Page] = {}  # by ts
        self._left_behind: list[str] = []  # the ts of messages that are still to be deleted
        self._lost = False
        self._told: bool | None = None
        self._status: asyncio.Task[None] | None = None
        self._status_text = ""
        self._pump = Pump(
            glimpse=self._glimpse,
            end=self._end,
            is_new=self._is_new,
            turn=self._turn,
            timing=desk.timing,
            every_s=EDIT_EVERY_S,
            name=f"slack reply {anchor.key}",
        )

    def __repr__(self) -> str:
        return f"SlackReply({self.ref})"

    @property
    def ref(self) -> str:
        """See `Anchor.dump`."""
        return self.anchor.dump()

    @property
    def ending(self) -> bool:
        """Whether the final view has come; there is nothing left to cancel then."""
        return self._pump.ending

    @property
    def messages(self) -> set[str]:
        """Every message that this answer has now, the streamed one included."""
        return {*self.anchor.messages, *([self._stream.ts] if self._stream.ts else [])}

    async def show(self, view: View) -> None:
        """Have the message look like `view` soon; a final view is waited for. Raises `DeliveryError` only then."""
        self.request = self.request or view.request
        self.fresh = self.fresh or not view.state.final
        if not view.state.final:
            self._keep_status(view)
        try:
            await self._pump.show(view)
        except DeliveryError as error:
            if self.fresh and isinstance(error, Undeliverable):
                self.fresh = False
                await self._hooks.unshown(self, error.__cause__)
            raise

    async def settled(self) -> None:
        """Wait until what was asked to be shown has been shown or has failed."""
        await self._pump.settled()

    def close(self) -> None:
        """Stop telling the status; nothing else is running once the reply has settled."""
        if self._status is not None:
            self._status.cancel()

    async def leave(self) -> None:
        """End a stream that is still open: this process is about to stop, and the next one goes on by edits."""
        self.close()
        if self._stream.open:
            await self._give_up_stream()

    # --- intermediate views ---------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        wait = self._desk.quiet.get(self.anchor.team, 0.0) - self._desk.timing.now()
        if wait > 0:
            await self._desk.timing.sleep(wait)
        place = (self.anchor.team, self.anchor.channel)
        await self._desk.turns.edit(place, lambda: self._pump.haste, EDIT_EVERY_S)

    def _is_new(self, view: View) -> bool:
        """Whether an intermediate view would look different: what changes nothing must not take a turn."""
        if self._wants_stream(view):
            return True
        try:
            wanted = self._layout(view)
        except Exception:  # noqa: BLE001 - drawing it will say what is wrong
            return True
        return list(wanted.pages) != [self._shown.get(ts) for ts in self.anchor.messages]

    async def _glimpse(self, view: View) -> None:
        """Show an intermediate view. What goes wrong is noted; the next view tries again, if there is sense in it."""
        if self._lost or self.post.is_cut:
            return
        try:
            await self._draw_on(view)
        except Cut:
            return
        except UNREACHED as error:
            log.info("request %s: an intermediate view was not shown: %s", view.request, code_of(error) or error)
            await self._heed(error)
        except Exception:
            log.exception("request %s: an intermediate view was not shown", view.request)

    async def _draw_on(self, view: View) -> None:
        """Draw a view whose words go on in the stream, if there is one, and else by edits."""
        if self._wants_stream(view):
            try:
                await self._stream.grow(view.text)
            except StreamEnded:
                await self._give_up_stream()
            else:
                if self._stream.ts:
                    await self._hooks.moved(self)
                    view = replace(view, text="")
        elif self._stream.open:
            await self._give_up_stream()
        await self._draw(self._layout(view))

    def _wants_stream(self, view: View) -> bool:
        return (
            self._streaming
            and self.workspace.streams
            and view.state is State.WORKING
            and bool(view.text.strip())
            and not view.videos
        )

    async def _heed(self, error: BaseException) -> None:
        """Draw the consequences of an error."""
        fault = fault_of(error)
        if fault is Fault.BUSY:
            self._desk.quiet[self.anchor.team] = self._desk.timing.now() + retry_after(error)
        self._lost = fault in (Fault.MESSAGE_GONE, Fault.PLACE_GONE, Fault.SIGNED_OFF)
        if self._lost:
            try:
                await self._hooks.lost(self)
            except Exception:
                log.exception("request %s: could not be cancelled", self.request)

    def _layout(self, view: View, *, told: bool = False) -> Layout:
        return layout(view, public=not self.anchor.private, told=told)

    # --- the end --------------------------------------------------------------------------------------------------

    async def _end(self, view: View) -> None:
        """Show the final view, with patience. Raises `DeliveryError`."""
        self.close()
        try:
            delays = iter(RETRY_AFTER_S)
            while True:
                try:
                    await self._present(view)
                    return
                except Cut:
                    return
                except Exception as error:
                    passing = fault_of(error) in (Fault.PASSING, Fault.BUSY)
                    delay = next(delays, None) if passing else None
                    if delay is None:
                        kind = Undeliverable if is_final(error) else DeliveryError
                        raise kind(f"Slack did not take the answer: {code_of(error) or error}") from error
                    delay = max(delay, retry_after(error, 0.0))
                    log.info("request %s: the answer is tried again in %.0f s: %s", view.request, delay, error)
                    await self._desk.timing.sleep(delay)
        finally:
            self._hooks.ended(self)

    async def _present(self, view: View) -> None:
        public = not self.anchor.private
        told = public and is_private(view) and await self._tell(view)
        wanted = self._layout(view, told=told)
        if wanted.videos:
            wanted = await self._with_videos(view, wanted)
        if not await self._end_stream(view, wanted):
            await self._draw_at_least(wanted)
        await self._tidy()
        await self._clear_status()

    async def _tidy(self) -> None:
        """Take away what could not be before: a placeholder, a stream whose beginning nobody heard of. Raises what may
        pass, for then the answer stands there twice."""
        try:
            await self._stream.clear()
            for ts in list(self._left_behind):
                await self.post.delete(ts)
                self._left_behind.remove(ts)
        except UNREACHED as error:
            if not is_final(error):
                raise
            log.warning("request %s: something of it stays: %s", self.request, code_of(error) or error)

    async def _draw_at_least(self, wanted: Layout) -> None:
        """Draw that; when Slack refuses it for good though the message is there, say so in a plain sentence."""
        try:
            await self._draw(wanted)
        except UNREACHED as error:
            if fault_of(error) not in (Fault.REFUSED, Fault.TOO_LONG) or not is_final(error):
                raise
            log.warning("request %s: Slack refuses the answer for good: %s", self.request, code_of(error) or error)
            await self._draw(Layout((page_of((section(SLACK.say(sentences.ANSWER_REFUSED)),)),)))

    async def _tell(self, view: View) -> bool:
        if self._told is None:
            notice = private_layout(view)
            self._told = await self.post.tell(notice.text, notice.blocks)
        return self._told

    async def _with_videos(self, view: View, wanted: Layout) -> Layout:
        """Upload the videos into the thread, and wait until they can be seen there. They are never uploaded twice."""
        warning = notices.SENSITIVE if warned(view, "video") else ""
        try:
            if warning:  # it stands there before there is anything to see
                await self._give_up_stream()
                await self._draw(without_buttons(wanted))
            late = not await self._uploads.share(self.workspace, self.anchor, wanted.videos, title=warning)
        except VideoGone as error:
            log.warning("request %s: a made video can't be read: %s", self.request, error)
            return with_line(wanted, notices.VIDEO_GONE)
        except TooLarge:
            return with_line(wanted, notices.TOO_LARGE)
        except UNREACHED as error:
            if not is_final(error):
                raise
            log.warning("request %s: Slack refuses a video for good: %s", self.request, code_of(error) or error)
            return with_line(wanted, SLACK.say(sentences.VIDEO_REFUSED))
        return with_line(wanted, notices.VIDEO_LATE) if late else wanted

    # --- drawing --------------------------------------------------------------------------------------------------

    async def _draw(self, wanted: Layout) -> None:
        """Make the messages look like that, in more of them if Slack finds one too long. Raises what it answers."""
        for _ in range(SMALLER):
            try:
                await self._draw_pages(wanted)
            except UNREACHED as error:
                if fault_of(error) is not Fault.TOO_LONG:
                    raise
                wanted = smaller(wanted)
            else:
                return
        await self._draw_pages(wanted)

    async def _draw_pages(self, wanted: Layout) -> None:
        messages = self.anchor.messages
        for index, page in enumerate(wanted.pages):
            if index >= len(messages):
                messages.append(await self.post.follow(index, page.text, page.blocks))
                await self._hooks.moved(self)
            elif self._shown.get(messages[index]) != page:
                await self._edit(index, page)
            self._shown[messages[index]] = page
        while len(messages) > len(wanted.pages):
            await self.post.delete(messages[-1])
            messages.pop()
            await self._hooks.moved(self)

    async def _edit(self, index: int, page: Page) -> None:
        messages = self.anchor.messages
        mark = metadata(self.anchor.key, index)
        try:
            await self.post.edit(messages[index], page.text, page.blocks, mark=mark)
        except UNREACHED as error:
            fault = fault_of(error)
            if fault is Fault.STREAM_OVER:  # it is still streaming, since an earlier process began that
                await self.post.end_stream(messages[index])
                await self.post.edit(messages[index], page.text, page.blocks, mark=mark)
            elif fault is Fault.MESSAGE_GONE and index > 0:  # a continuation was deleted
                messages[index] = await self.post.follow(index, page.text, page.blocks)
                await self._hooks.moved(self)
            else:
                raise

    # --- the stream -----------------------------------------------------------------------------------------------

    async def _end_stream(self, view: View, wanted: Layout) -> bool:
        """End the stream with the last words, if they continue it. False when the answer has to be drawn."""
        if not self._stream.ts:
            return False
        rest = self._stream.rest(view.text) if view.state is State.DONE and len(wanted.pages) == 1 else None
        if rest is None or wanted.videos:
            await self._give_up_stream()
            return False
        try:
            await self.post.stop_stream(self._stream.ts, rest, wanted.closing)
        except UNREACHED as error:
            # Whether the last words have arrived can't be known, or they came too late: an edit says them for certain.
            log.info("request %s: the stream was not ended well: %s", view.request, code_of(error) or error)
            await self._give_up_stream()
            return False
        self._stream.open = False
        await self._move_into_stream()
        self._shown[self.anchor.messages[0]] = wanted.pages[0]
        return True

    async def _give_up_stream(self) -> None:
        """Stop the stream; its message goes on as the answer's, by edits. Does nothing without one."""
        self._streaming = False
        if not self._stream.ts or self._stream.ts in self.anchor.messages:
            return
        if not self._stream.gone:
            try:
                await self.post.end_stream(self._stream.ts)
            except UNREACHED as error:
                if fault_of(error) is not Fault.MESSAGE_GONE:
                    raise
                self._stream.gone = True
        self._stream.open = False
        if self._stream.gone:
            self._stream = self._stream.another()
        else:
            await self._move_into_stream()

    async def _move_into_stream(self) -> None:
        """From now on the streamed message is the answer, and the placeholder is taken away."""
        old, self.anchor.messages[0] = self.anchor.messages[0], self._stream.ts
        self._shown.pop(old, None)
        await self._hooks.moved(self)
        try:
            await self.post.delete(old)
        except UNREACHED as error:
            log.info("request %s: a placeholder stays for now: %s", self.request, code_of(error) or error)
            self._left_behind.append(old)

    # --- the assistant's status -----------------------------------------------------------------------------------

    def _keep_status(self, view: View) -> None:
        """In direct messages the pane says what is going on; elsewhere there is no such thing."""
        self._status_text = (view.status or notices.AT_WORK)[:140]
        if self.anchor.private and self.anchor.thread and self._status is None:
            self._status = asyncio.create_task(self._renew_status(), name=f"slack status {self.anchor.key}")

    async def _renew_status(self) -> None:
        said, at = "", float("-inf")
        try:
            while not (self.ending or self._lost):
                now = self._desk.timing.now()
                if self._status_text != said or now - at >= STATUS_EVERY_S:
                    said, at = self._status_text, now
                    await self.post.status(said)
                await asyncio.sleep(STATUS_LOOK_S)
        except UNREACHED as error:  # most likely a conversation that is none with the assistant
            log.debug("request %s: no status is shown: %s", self.request, code_of(error) or error)
            self._status_text = ""

    async def _clear_status(self) -> None:
        if self._status is None or not self._status_text:
            return
        try:
            await self.post.status("")
        except UNREACHED as error:
            log.debug("request %s: the status stays for a while: %s", self.request, code_of(error) or error)
