"""One answer's words as they come, in Slack's native streaming. Knows no views.

A stream only ever grows. What does not continue it, or could have been lost on the way, ends it.
"""

from __future__ import annotations

import logging

from adapters.slack.markup import STREAMED, steady, streamable
from adapters.slack.posts import Post
from adapters.slack.workspace import UNREACHED, Fault, code_of, fault_of

log = logging.getLogger(__name__)


class StreamEnded(Exception):
    """The words can't go on in the stream. They have to be shown another way."""


class Stream:
    """The streamed message of one answer. `ts` is empty until it has begun."""

    def __init__(self, post: Post, known: set[str]) -> None:
        """`known` are the ts of all streams of this process, so that those of others are not taken for lost ones."""
        self._post = post
        self._known = known
        self._sent = ""
        self.ts = ""
        self.gone = False  # somebody deleted the message
        self.open = False
        self._lost: set[str] = set()
        self.lost = False  # one may stand there whose beginning was not acknowledged

    async def grow(self, text: str) -> None:
        """Show more of the words. Raises `StreamEnded`, or what Slack answers when it was not done but may be later."""
        wanted = steady(streamable(text))
        more = self._rest(wanted)
        if not more:
            return
        try:
            if not self.ts:
                self.ts = await self._post.start_stream(more)
                self._known.add(self.ts)
                self.open = True
            else:
                await self._post.append_stream(self.ts, more)
        except UNREACHED as error:
            await self._failed(error)
        self._sent = wanted

    def rest(self, text: str) -> str | None:
        """The last words that are missing; None when `text` is something else than what was streamed."""
        wanted = streamable(text)
        if not self.open or not wanted.startswith(self._sent) or len(wanted) > STREAMED:
            return None
        return wanted[len(self._sent) :]

    def _rest(self, wanted: str) -> str:
        if not wanted.startswith(self._sent) or len(wanted) > STREAMED:
            raise StreamEnded
        return wanted[len(self._sent) :]

    async def _failed(self, error: BaseException) -> None:
        """Say what an error means for the stream."""
        fault = fault_of(error)
        if fault in (Fault.BUSY, Fault.PLACE_GONE, Fault.SIGNED_OFF):
            raise error
        log.info("a stream in %s goes on by edits: %s", self._post.anchor.channel, code_of(error) or error)
        if fault is Fault.MESSAGE_GONE and self.ts:
            self.gone, self.open = True, False
        elif fault is Fault.STREAM_OVER:
            self.open = False
        elif fault is Fault.PASSING and not self.ts:
            self.lost = True
            try:
                await self.clear()
            except UNREACHED as problem:
                log.info("a lost stream in %s may stay for now: %s", self._post.anchor.channel, problem)
        elif not self.ts:  # the workspace, or this place, has no streams
            self._post.workspace.streams = False
        raise StreamEnded from error

    async def clear(self) -> None:
        """Take away a stream whose beginning may have got through although nobody heard of it. Raises what Slack
        answers."""
        if self.lost:
            # Remembered, because one that was ended carries the mark of an answer and is found no more.
            self._lost.update(await self._post.lost_streams(self._known))
            for ts in list(self._lost):
                try:
                    await self._post.end_stream(ts)
                    await self._post.delete(ts)
                except UNREACHED as error:
                    if fault_of(error) is not Fault.MESSAGE_GONE:
                        raise
                self._lost.remove(ts)
            self.lost = False

    def another(self) -> Stream:
        """A stream in place of this one, which is gone, with what there is still to clear."""
        fresh = Stream(self._post, self._known)
        fresh.lost, fresh._lost = self.lost, self._lost
        return fresh
