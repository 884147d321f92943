"""The answers that are being given: found again, cancelled, moved to a new wording, and taken away.

Knows replies and the application; what a question is stands in `questions.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from adapters.base import Author, DeliveryError, Place, State, Undeliverable, View
from adapters.discord.intake import PLATFORM
from adapters.discord.places import cannot_write
from adapters.discord.posts import ChannelPost, Fault, Post, fault_of, is_final
from adapters.discord.relay import Relay
from adapters.discord.reply import Anchor, DiscordReply
from adapters.shared import sentences

if TYPE_CHECKING:
    from adapters.discord.client import BotClient

log = logging.getLogger(__name__)

UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)
DELETE_AGAIN_S = (1.0, 3.0)
CHAIN_LOOKUP = 100  # messages looked through for the continuations of an answer after a restart
_FOUND_AGAIN = "restored"


class Answer(DiscordReply):
    """A reply that can be cut off, and whose asker hears why when it can't be shown in its place."""

    def __init__(
        self,
        relay: Relay,
        anchor: Anchor,
        explain: Callable[[Answer, BaseException | None], Awaitable[None]],
        recall: Callable[[Anchor], Awaitable[None]],
        **more: Any,
    ) -> None:
        """`recall` lets an anchor name the messages that got through although nobody heard of it."""
        super().__init__(relay, anchor, **more)
        self.relay = relay
        self.unwanted = False  # the question is gone: nothing of it is to stay
        self.fresh = True  # not one that an earlier process could not show, whose asker has heard why already
        self._explain = explain
        self._recall = recall
        self._failed = False  # an end was shown already, and Discord did not take it

    async def show(self, view: View) -> None:
        """As `DiscordReply.show`; when the place for the answer is closed, the one who asked hears of it, once."""
        self.fresh = self.fresh or not view.state.final
        try:
            if self._failed:  # nonces keep a repeated send from doubling for some minutes only
                await self._look_again()
            await super().show(view)
        except Undeliverable as error:
            if self.fresh:
                self.fresh = False
                await self._explain(self, error.__cause__)
            raise
        except DeliveryError:
            self._failed = True
            raise

    async def _look_again(self) -> None:
        try:
            await self._recall(self.anchor)
        except UNREACHED as error:
            if not is_final(error):
                raise DeliveryError(f"Discord does not say what is there already: {error}") from error


class Answers:
    """Opens replies, and finds them by their messages."""

    def __init__(self, client: BotClient) -> None:
        self._client = client
        self._live: dict[int, Answer] = {}  # by the ids of the message that asked and of the one that answers

    def replies(self) -> set[Answer]:
        return set(self._live.values())

    def of(self, message: int) -> Answer | None:
        """The unfinished answer that a message asked for, or that it is."""
        return self._live.get(message)

    def open(self, post: Post, anchor: Anchor, wording: str = "") -> Answer:
        """A reply that is cancelled when one of its messages disappears."""
        reply = Answer(
            Relay(post, wording),
            anchor,
            self._explain,
            self._find_continuations,
            timing=self._client.timing,
            pace=self._client.pace,
            ended=self._retire,
            lost=self.withdraw,
        )
        for message in (anchor.source, anchor.messages[0]):
            if message:
                self._live[message] = reply
        return reply

    async def admit(self, reply: DiscordReply, ask: Callable[[], Awaitable[str]]) -> None:
        """Hand a request over. What the application fails to take is said in the reply."""
        try:
            request = await ask()
        except Exception:
            log.exception("a request from Discord was not taken")
            await reply.show(View(request="", state=State.FAILED, notice=sentences.BROKEN))
            return
        reply.request = reply.request or request
        if isinstance(reply, Answer) and reply.unwanted:
            await self.discard(reply)
        elif reply.withdrawn:
            await self.withdraw(reply)

    def _retire(self, reply: DiscordReply) -> None:
        for message in [message for message, live in self._live.items() if live is reply]:
            del self._live[message]

    async def _explain(self, reply: Answer, error: BaseException | None) -> None:
        """Tell the one who asked why nothing comes, where the reason lies in the place."""
        sentence = cannot_write(self._client, reply.anchor.channel, error)
        if not sentence:
            return
        try:
            await reply.relay.tell(sentence, nonce=f"{reply.anchor.messages[0]}x")
        except UNREACHED as failure:
            log.warning("request %s: its author could not be told: %s", reply.request, failure)

    # --- the end before the end ---------------------------------------------------------------------------------

    async def withdraw(self, reply: DiscordReply) -> None:
        """Cancel for the one who asked, because the place for the answer is gone."""
        reply.withdrawn = True
        if reply.request:
            author = reply.anchor.author
            await self._client.handler.cancel(reply.request, Author(author.id, author.name))

    async def discard(self, reply: Answer) -> None:
        """Cancel, forget and take away, because the question is gone."""
        reply.withdrawn = reply.unwanted = True
        await reply.relay.cut()
        if reply.request:
            await self.erase(reply.request, reply.anchor.author, None, reply.anchor.channel)
        await self.delete(reply.anchor)

    async def erase(self, request: str, author: Author, place: Place | None, channel: int) -> None:
        """Have the application forget a request, in the name of the one who asked."""
        acting_from = place or Place(PLATFORM, "", str(channel))
        try:
            await self._client.handler.erase(request, Author(author.id, author.name), acting_from)
        except Exception:
            log.exception("request %s could not be forgotten, though its question was deleted", request)

    async def place_gone(self, channel: int) -> None:
        replies = {reply for reply in self._live.values() if reply.anchor.channel == channel}
        if replies:
            log.info("channel %s was deleted; %d requests there are cancelled", channel, len(replies))
        for reply in replies:
            await self.withdraw(reply)

    # --- by reference -------------------------------------------------------------------------------------------

    async def restore(self, ref: str) -> Answer | None:
        """Find the message of an unfinished request again, with its continuations; None when it is gone. Raises
        `DeliveryError` when that may be found out later.
        """
        anchor = Anchor.load(ref)
        if anchor is None:
            return None
        first, wording = anchor.messages[0], ""
        try:
            found = await self._client.get_partial_messageable(anchor.channel).fetch_message(first)
            await self._find_continuations(anchor)
            wording = _FOUND_AGAIN  # they are known, so nothing hangs on the nonces of an earlier life
            if anchor.source and _question_deleted(found):
                log.info("message %s was deleted meanwhile, so its answer is taken away", anchor.source)
                await self.delete(anchor)
                return None
        except discord.NotFound as error:
            log.info("message %s in channel %s is gone: %s", first, anchor.channel, error)
            return None
        except UNREACHED as error:
            if not is_final(error):  # what follows it is not known: shown now, it might be there twice
                raise DeliveryError(f"message {first} can't be looked up: {error}") from error
            log.warning("message %s may not be looked up, it is taken to be there: %s", first, error)
        except DeliveryError as error:
            log.warning("message %s: %s", first, error)
            return None
        reply = self.open(ChannelPost(self._client, anchor.channel, int(anchor.author.id)), anchor, wording)
        reply.fresh = False
        return reply

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply; those that are gone already are fine. Raises `DeliveryError`."""
        anchor = Anchor.load(ref)
        if anchor is not None:
            await self.delete(await self.whole(anchor))

    async def whole(self, anchor: Anchor) -> Anchor:
        """The anchor with every continuation, as far as they can be found."""
        live = self._live.get(anchor.messages[0])
        if live is not None:
            return live.anchor
        try:
            await self._find_continuations(anchor)
        except UNREACHED as error:
            log.info("what follows message %s can't be looked up: %s", anchor.messages[0], error)
        return anchor

    async def delete(self, anchor: Anchor) -> None:
        """Delete every message of an answer. Raises `DeliveryError`."""
        await self.delete_messages(anchor.channel, anchor.messages)

    async def delete_messages(self, channel: int, messages: list[int]) -> None:
        """Delete these, the last one first. Raises `DeliveryError` once each was tried."""
        failures = [failure for each in reversed(messages) if (failure := await self._delete(channel, each))]
        if failures:
            raise DeliveryError(f"Discord did not delete the answer: {failures[0]}") from failures[0]

    async def _delete(self, channel: int, message: int) -> Exception | None:
        """Delete one message, with patience. Returns why it is still there; one that is gone already is fine."""
        delays = iter(DELETE_AGAIN_S)
        while True:
            try:
                await self._client.get_partial_messageable(channel).get_partial_message(message).delete()
            except discord.NotFound:
                return None
            except UNREACHED as error:
                delay = next(delays, None) if fault_of(error) is Fault.PASSING else None
                if delay is None:
                    return error
            else:
                return None
            await self._client.timing.sleep(delay)

    async def _find_continuations(self, anchor: Anchor) -> None:
        """Add the messages that go on where those of `anchor` end. Raises what Discord answers."""
        first, me = anchor.messages[0], self._client.me()
        room = self._client.get_partial_messageable(anchor.channel)
        async for message in room.history(after=discord.Object(first), limit=CHAIN_LOOKUP, oldest_first=True):
            used = message.interaction_metadata
            follows = message.reference is not None and message.reference.message_id == anchor.messages[-1]
            follows = follows or (used is not None and used.original_response_message_id == first)
            if message.author.id == me and follows and message.id not in anchor.messages:
                anchor.messages.append(message.id)

    async def first_reply_to(self, channel: int, question: int) -> int:
        """The bot's own message that replies to a question; 0 when there is none, or none can be found."""
        room = self._client.get_partial_messageable(channel)
        try:
            async for message in room.history(after=discord.Object(question), limit=CHAIN_LOOKUP, oldest_first=True):
                reference = message.reference
                if (
                    message.author.id == self._client.me()
                    and reference is not None
                    and reference.message_id == question
                ):
                    return message.id
        except UNREACHED as error:
            log.info("what replies to message %s can't be looked up: %s", question, error)
        return 0

    async def take_over(self, anchor: Anchor) -> int | None:
        """Make room for another answer in the message of an earlier one. None when that message is gone.

        Its continuations are deleted, and whatever still works on the earlier answer shows nothing any more.
        """
        live = self._live.get(anchor.messages[0])
        if live is not None:
            live.close()
            await live.relay.cut()
        first, *more = (await self.whole(anchor)).messages
        try:
            await ChannelPost(self._client, anchor.channel, 0).clear(first, sentences.PLACEHOLDER)
        except UNREACHED as error:
            if fault_of(error) in (Fault.MESSAGE_GONE, Fault.CLOSED):
                more.append(first)
                first = 0
            log.info("message %s was not cleared for a new answer: %s", anchor.messages[0], error)
        try:
            await self.delete_messages(anchor.channel, more)
        except DeliveryError as error:
            log.warning("parts of an earlier answer stay: %s", error)
        return first or None


def _question_deleted(answer: discord.Message) -> bool:
    return answer.reference is not None and isinstance(answer.reference.resolved, discord.DeletedReferencedMessage)
