"""The one message that a request lives in: born as a placeholder, lives by edits, ends as the answer.

Knows how views become messages and what to do when Discord refuses; knows nothing of the gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import aiohttp
import discord

from adapters.base import Author, DeliveryError, Undeliverable, View
from adapters.discord import notices
from adapters.discord.buttons import action_buttons
from adapters.discord.dialect import DISCORD
from adapters.discord.drafts import Draft, draft, private_notice
from adapters.discord.pacing import Pace
from adapters.discord.posts import Fault, Post, VideoGone, fault_of, is_final
from adapters.discord.splitting import LIMIT
from adapters.shared import sentences
from adapters.shared.actions import Action, is_private, offered_privately
from adapters.shared.pacing import Timing
from adapters.shared.pump import EDIT_EVERY_S, RETRY_AFTER_S, Pump, patiently
from adapters.shared.splitting import units

log = logging.getLogger(__name__)

TYPING_EVERY_S = 8.0  # Discord shows it for ten
QUEUE_LOOK_S = 1.0  # who waits in the queue is not typed for; this often is looked whether that is over
_WITHOUT_VIDEOS = {Fault.TOO_LARGE: DISCORD.say(sentences.TOO_LARGE), Fault.NO_FILES: notices.MAY_NOT_ATTACH}
_PLAIN = Draft(pages=(DISCORD.say(sentences.ANSWER_REFUSED),))


@dataclass
class Anchor:
    """Where a request's messages are: enough to find them again after a restart."""

    kind: str  # "message" or "interaction"
    channel: int
    author: Author
    messages: list[int]
    source: int = 0  # the message that asked, 0 for interactions
    private: bool = False  # a direct message: nobody else reads along

    def dump(self) -> str:
        return json.dumps(
            {
                "kind": self.kind,
                "channel": self.channel,
                "messages": self.messages,
                "author": self.author.id,
                "name": self.author.name,
                "source": self.source,
                "private": self.private,
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
                kind=str(data["kind"]),
                channel=int(data["channel"]),
                author=Author(str(int(data["author"])), str(data["name"])),
                messages=[int(message) for message in data["messages"]],
                source=int(data["source"]),
                private=bool(data["private"]),
            )
        except (ValueError, KeyError, TypeError):
            return None
        return anchor if anchor.messages else None


@dataclass
class _Shown:
    pages: dict[int, tuple[str, tuple[Action, ...]]] = field(default_factory=dict)  # by message id: text and buttons


class DiscordReply:
    """Implements `adapters.base.Reply`. Edits are at least a second apart and the newest view wins."""

    def __init__(
        self,
        post: Post,
        anchor: Anchor,
        *,
        timing: Timing,
        pace: Pace | None = None,
        ended: Callable[[DiscordReply], None] = lambda reply: None,
        lost: Callable[[DiscordReply], Awaitable[None]] | None = None,
    ) -> None:
        """`pace` is what all replies of a connection share. `ended` is called after the final view; `lost` when the
        message or its place is gone before that.
        """
        self.anchor = anchor
        self.request = ""
        self.withdrawn = False  # the question or the place for the answer is gone
        self._post = post
        self._timing = timing
        self._pace = pace or Pace(timing.now, timing.sleep)
        self._on_end = ended
        self._on_lost = lost
        self._shown = _Shown()
        self._pump = Pump(
            glimpse=self._glimpse,
            end=self._end,
            is_new=self._is_new,
            turn=self._turn,
            timing=timing,
            every_s=EDIT_EVERY_S,
            name=f"discord reply in {anchor.channel}",
        )
        self._typing: asyncio.Task[None] | None = None
        self._lost = False
        self._closed = False  # intermediate edits are refused; the final one moves
        self._told: bool | None = None

    def __repr__(self) -> str:
        return f"DiscordReply({self.ref})"

    @property
    def ref(self) -> str:
        """JSON: kind, channel id, message ids, author, source."""
        return self.anchor.dump()

    @property
    def ending(self) -> bool:
        """Whether the final view has come; there is nothing left to cancel then."""
        return self._pump.ending

    async def show(self, view: View) -> None:
        """Have the message look like `view` soon; a final view is waited for. Raises `DeliveryError` only then."""
        self.request = self.request or view.request
        if not (view.state.final or self.ending):
            self._keep_typing()
        await self._pump.show(view)

    async def settled(self) -> None:
        """Wait until what was asked to be shown has been shown or has failed."""
        await self._pump.settled()

    def close(self) -> None:
        """Stop typing; nothing else is running once the reply has settled."""
        if self._typing is not None:
            self._typing.cancel()

    # --- one edit at a time --------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        if self.anchor.kind == "message":
            await self._pace.edit(self.anchor.channel, lambda: self._pump.haste, EDIT_EVERY_S)

    def _is_new(self, view: View) -> bool:
        """Whether an intermediate view would look different: what changes nothing must not take a turn."""
        try:
            wanted = draft(view, public=not self.anchor.private)
        except Exception:  # noqa: BLE001 - drawing it will say what is wrong
            return True
        pages = [(page, wanted.actions if index == wanted.seat else ()) for index, page in enumerate(wanted.pages)]
        return pages != [self._shown.pages.get(message) for message in self.anchor.messages]

    async def _glimpse(self, view: View) -> None:
        """Show an intermediate view. What goes wrong is noted; the next view tries again, if there is sense in it."""
        if self._lost or self._closed:
            return
        try:
            await self._draw(draft(view, public=not self.anchor.private), final=False)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            fault = fault_of(error)
            log.info("request %s: an intermediate view was not shown: %s", view.request, error)
            self._closed = fault is Fault.CLOSED
            self._lost = fault in (Fault.MESSAGE_GONE, Fault.PLACE_GONE)
        except Exception:
            log.exception("request %s: an intermediate view was not shown", view.request)
        if self._lost and self._on_lost is not None:
            try:
                await self._on_lost(self)
            except Exception:
                log.exception("request %s: could not be cancelled", view.request)

    async def _end(self, view: View) -> None:
        self.close()
        try:
            await self._deliver(view)
        finally:
            self._on_end(self)

    async def _deliver(self, view: View) -> None:
        """Show the final view, with patience. Raises `DeliveryError`."""
        try:
            await patiently(
                lambda: self._present(view),
                passing=lambda error: fault_of(error) is Fault.PASSING,
                timing=self._timing,
                delays=RETRY_AFTER_S,
                what=f"request {view.request}: the answer",
            )
        except Exception as error:
            kind = Undeliverable if is_final(error) else DeliveryError
            raise kind(f"Discord did not take the answer: {error}") from error

    async def _present(self, view: View) -> None:
        public = not self.anchor.private
        if not (public and is_private(view)):
            await self._draw(draft(view, public=public), final=True)
        elif self._post.first_then_private:
            await self._draw(draft(view, public=True), final=True)
            await self._tell(view)
        else:
            told = await self._tell(view)
            await self._draw(draft(view, public=True, told=told), final=True)

    async def _tell(self, view: View) -> bool:
        if self._told is None:
            buttons = action_buttons(view.request, offered_privately(view))
            nonce = f"{self.anchor.messages[0]}p"
            self._told = await self._post.tell(private_notice(view), nonce, view=buttons)
        return self._told

    # --- drawing ------------------------------------------------------------------------------------------------

    async def _draw(self, wanted: Draft, *, final: bool) -> None:
        """Draw that; what is refused for good, without its videos, and a final view at least as a plain sentence."""
        try:
            await self._draw_pages(wanted, final=final)
            return
        except VideoGone as error:
            log.warning("request %s: a made video can't be read: %s", self.request, error)
            less = without_videos(wanted, sentences.VIDEO_GONE)
        except Exception as error:
            left = _less(wanted, error, final=final)
            if left is None:
                raise
            less = left
            log.warning("request %s: Discord refuses a part of it for good: %s", self.request, error)
        await self._draw(less, final=final)

    async def _draw_pages(self, wanted: Draft, *, final: bool) -> None:
        messages = self.anchor.messages
        for index, page in enumerate(wanted.pages):
            actions = wanted.actions if index == wanted.seat else ()
            if index >= len(messages):
                nonce = f"{messages[0]}-{index}"
                view = action_buttons(self.request, actions)
                messages.append(await self._post.follow(messages[-1], page, nonce, view=view))
            elif (wanted.videos and index == 0) or self._shown.pages.get(messages[index]) != (page, actions):
                await self._edit(index, page, wanted, actions, final=final)
            self._shown.pages[messages[index]] = (page, actions)
        while len(messages) > len(wanted.pages):
            with contextlib.suppress(discord.NotFound):
                await self._post.delete(messages[-1])
            messages.pop()

    async def _edit(self, index: int, page: str, wanted: Draft, actions: Sequence[Action], *, final: bool) -> None:
        videos = wanted.videos if index == 0 else ()
        view = action_buttons(self.request, actions)
        try:
            await self._post.edit(self.anchor.messages[index], page, view, videos, spoiler=wanted.spoiler)
        except discord.HTTPException as error:
            if not (final and self._may_move(fault_of(error), index)):
                raise
            await self._move(index, page, wanted, view)

    def _may_move(self, fault: Fault, index: int) -> bool:
        return fault is Fault.CLOSED or (fault is Fault.MESSAGE_GONE and index > 0)

    async def _move(self, index: int, page: str, wanted: Draft, view: discord.ui.View | None) -> None:
        """Say it in a new message, because the old one can't be edited any more (or a continuation was deleted)."""
        messages = self.anchor.messages
        old, after = messages[index], messages[max(index - 1, 0)]
        videos = wanted.videos if index == 0 else ()
        messages[index] = await self._post.follow(after, page, f"{old}m", videos, view=view, spoiler=wanted.spoiler)
        with contextlib.suppress(discord.HTTPException):
            await self._post.delete(old)

    # --- typing -------------------------------------------------------------------------------------------------

    def _keep_typing(self) -> None:
        if self._typing is None:
            self._typing = asyncio.create_task(self._type(), name=f"discord typing {self.request}")

    async def _type(self) -> None:
        try:
            while not (self.ending or self._lost):
                if self._pump.working and self._pace.may_type(self.anchor.channel, TYPING_EVERY_S * 0.9):
                    await self._post.typing()
                await asyncio.sleep(TYPING_EVERY_S if self._pump.working else QUEUE_LOOK_S)
        except (discord.HTTPException, OSError) as error:
            log.debug("request %s: typing is not shown: %s", self.request, error)


def _less(wanted: Draft, error: Exception, *, final: bool) -> Draft | None:
    """What is left of a draft that was refused for good; None when that would be refused as well, or may pass."""
    fault = fault_of(error)
    if wanted.videos and fault in _WITHOUT_VIDEOS:
        return without_videos(wanted, _WITHOUT_VIDEOS[fault])
    if not (final and fault is Fault.REFUSED and is_final(error)) or wanted == _PLAIN:
        return None
    return without_videos(wanted, DISCORD.say(sentences.VIDEO_REFUSED)) if wanted.videos else _PLAIN


def without_videos(wanted: Draft, sentence: str) -> Draft:
    """The same pages, with a sentence in place of the videos."""
    first = f"{wanted.pages[0]}\n{sentence}"
    pages = (first, *wanted.pages[1:]) if units(first) <= LIMIT else (*wanted.pages, sentence)
    return replace(wanted, pages=pages, videos=())
