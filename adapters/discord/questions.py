"""What people ask by writing: mentions and direct messages, their edits within a minute, and their deletion.

Knows messages and the application; how an answer is shown stands in `answers.py` and `reply.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, repeat
from typing import TYPE_CHECKING, TypeVar

import discord

from adapters.base import Author, DeliveryError, Exchange, Message, Place, State, View, Wants
from adapters.discord import strings
from adapters.discord.answers import UNREACHED, Answer
from adapters.discord.chain import Chains
from adapters.discord.intake import PLATFORM, is_for_me, withheld
from adapters.discord.memory import Edits, Taking
from adapters.discord.places import cannot_write
from adapters.discord.posts import ChannelPost, is_final
from adapters.discord.reply import Anchor
from adapters.shared import sentences
from adapters.shared.pump import RETRY_AFTER_S, RETRY_EVERY_S

if TYPE_CHECKING:
    from adapters.discord.client import BotClient

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

EDITABLE = timedelta(minutes=1)
REMEMBERED = 2048  # questions, and events that were seen
TAKEN_LATE = timedelta(days=1)  # later than that nobody waits for an answer any more
NONCE_LIFE_S = 60.0  # Discord checks nonces for "the past few minutes"
TOLD_AGAIN_AFTER_S = 10 * 60  # a refusal is said once per person and place in this time
MOST_WORDINGS = 32  # of one question; nobody edits that often in a minute
LOOKUPS_AT_ONCE = 4  # in the store, for deleted messages; a purge of thousands must not push questions aside


@dataclass
class Question:
    """What is known of a message that asked. `asked` are the event ids of its wordings, oldest first."""

    content: str = ""
    stranded: int = 0  # a placeholder that an earlier process left behind
    asked: list[str] = field(default_factory=list)
    reply: Answer | None = None
    gone: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Questions:
    """Takes questions, each wording of each once."""

    def __init__(self, client: BotClient, edits: Edits, taking: Taking) -> None:
        self._client = client
        self._edits = edits
        self._taking = taking
        self._resumed = False
        self._resuming = asyncio.Lock()  # who comes second waits until it is done
        self._chains = Chains(client, lambda message: event_id(message, edits.of(message)))
        self._known: OrderedDict[int, Question] = OrderedDict()
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def prepare(self) -> None:
        """Read what an earlier process has left, before anything is heard."""
        await self._edits.load()
        await self._taking.left()

    async def settled(self) -> None:
        """Wait until everything that was heard has been handed over or refused."""
        await self._idle.wait()

    # --- heard --------------------------------------------------------------------------------------------------

    async def heard(self, message: discord.Message) -> None:
        """A message was posted."""
        mine = message.author.id == self._client.me()
        if not mine and not is_for_me(message, self._client.me()):
            return
        self._chains.note(message)
        if mine or message.id in self._known:  # a resumed session may bring an event again
            return
        question = self._remember(message.id)
        with self._working():
            async with question.lock:
                if not await self._wordings(message.id, question):
                    await self._ask(message, question)

    async def missed(self, message: discord.Message) -> None:
        """A message was posted while nothing was heard. Raises what the application raises; then it is not taken."""
        if message.id in self._known or await self._client.handler.find(PLATFORM, str(message.id)) is not None:
            return
        if message.guild is not None and not isinstance(message.author, discord.Member):
            try:
                message.author = await message.guild.fetch_member(message.author.id)
            except discord.NotFound:
                return  # who asked has left
        if message.id not in await self._taking.left():
            await self.heard(message)
            return
        # An earlier process had heard it and could not be followed up at once: its placeholder may be there.
        await self._take_late(message, await self._client.answers.first_reply_to(message.channel.id, message.id))
        await self._taking.drop(message.id)

    async def edited(self, message: discord.Message) -> None:
        """A message has changed: its text, or nothing but what Discord shows of its links."""
        if message.edited_at is None or message.edited_at - message.created_at > EDITABLE:
            return
        if not is_for_me(message, self._client.me()):
            return
        self._chains.note(message)
        question = self._known.get(message.id)
        if question is not None and question.content == message.content:
            return
        question = question or self._remember(message.id)
        with self._working():
            async with question.lock:
                if not question.gone and question.content != message.content:
                    await self._ask_again(message, question)

    async def deleted(self, message: int, channel: int) -> None:
        """A message is gone. If it asked something, nothing of that stays; if it was an answer, it is cancelled."""
        self._chains.forget(message)
        question = self._known.get(message)
        if question is not None:
            question.gone = True
        reply = self._client.answers.of(message)
        if reply is not None and message != reply.anchor.source:
            if not reply.ending and not reply.unwanted:
                log.info("answer %s was deleted; request %s is cancelled", message, reply.request or "(new)")
                await self._client.answers.withdraw(reply)
            return
        with self._working():
            if reply is not None:
                await self._quietly(reply)
            async with self._lookups:
                wordings = await self._wordings(message, question)
            rest = [wording for _, wording in wordings if reply is None or wording.request != reply.request]
            for wording in rest:
                await self._client.answers.erase(wording.request, wording.author, wording.place, channel)
            for ref in dict.fromkeys(wording.ref for wording in rest):
                try:
                    await self._client.answers.remove(ref)
                except DeliveryError as error:
                    log.warning("the answer to the deleted message %s stays: %s", message, error)

    async def _quietly(self, reply: Answer) -> None:
        log.info("message %s was deleted; request %s is dropped", reply.anchor.source, reply.request or "(new)")
        try:
            await self._client.answers.discard(reply)
        except DeliveryError as error:
            log.warning("the answer to the deleted message %s stays: %s", reply.anchor.source, error)

    # --- after a kill -------------------------------------------------------------------------------------------

    async def resume(self) -> None:
        """Take the questions that an earlier process had heard and was killed over. Does nothing when called again."""
        async with self._resuming:
            if not self._resumed:
                self._resumed = True
                await self._resume()

    async def _resume(self) -> None:
        for message, channel in (await self._taking.left()).items():
            try:
                asked = await self._fetch(message, channel)
                stranded = await self._client.answers.first_reply_to(channel, message)
                if asked is not None:
                    await self._take_late(asked, stranded)
                elif stranded:
                    await self._client.answers.delete_messages(channel, [stranded])
            except (*UNREACHED, DeliveryError) as error:
                log.warning("message %s was not taken, that is tried again at the next start: %s", message, error)
            else:
                await self._taking.drop(message)

    async def _fetch(self, message: int, channel: int) -> discord.Message | None:
        """A message as the gateway would bring it, with what its author may do; None when it or they are gone."""
        try:
            room = self._client.get_channel(channel) or await self._client.fetch_channel(channel)
            if not isinstance(room, discord.abc.Messageable):
                return None
            found = await room.fetch_message(message)
            if found.guild is not None and not isinstance(found.author, discord.Member):
                found.author = await found.guild.fetch_member(found.author.id)
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("message %s, which was not answered yet, is gone: %s", message, error)
            return None
        return found

    async def _take_late(self, message: discord.Message, stranded: int) -> None:
        late = discord.utils.utcnow() - message.created_at > TAKEN_LATE
        if late or message.id in self._known or not is_for_me(message, self._client.me()):
            return
        question = self._remember(message.id)
        question.stranded = stranded
        with self._working():
            async with question.lock:
                await self._ask_again(message, question)

    # --- asked --------------------------------------------------------------------------------------------------

    async def _ask(self, message: discord.Message, question: Question) -> None:
        question.content = message.content
        asked = self._client.intake().message(message, None)
        if question.gone or await self._refused(asked.author, asked.place):
            return
        async with self._taking.hold(message.id, message.channel.id):
            placeholder = question.stranded or await self._placeholder(message, str(message.id), question)
            if placeholder is not None:
                await self._hand_over(message, question, asked, placeholder)

    async def _ask_again(self, message: discord.Message, question: Question) -> None:
        """Put the new wording in place of the last one; a message that asked nothing yet asks now."""
        earlier = await self._wordings(message.id, question)
        asked = self._client.intake().message(message, None)
        if not earlier and not question.asked:
            await self._ask(message, question)
            return
        question.content = message.content
        if earlier and earlier[-1][1].text == asked.text:  # known from before a restart
            return
        if await self._refused(asked.author, asked.place):
            return
        last = question.asked[-1] if question.asked else earlier[-1][0]
        number = max(len(question.asked), self._edits.of(message.id) + 1)
        if number >= MOST_WORDINGS:
            return
        anchor = question.reply.anchor if question.reply is not None else None
        if anchor is None and earlier:
            anchor = Anchor.load(earlier[-1][1].ref)
        async with self._taking.hold(message.id, message.channel.id):
            await self._edits.note(message.id, number)  # first, so that a kill from here on loses nothing
            placeholder = await self._client.answers.take_over(anchor) if anchor is not None else None
            if placeholder is None:
                placeholder = await self._placeholder(message, f"{message.id}e{number}", question)
            if placeholder is not None:
                asked = replace(asked, event_id=event_id(message.id, number), replaces=last)
                await self._hand_over(message, question, asked, placeholder)

    async def _hand_over(self, message: discord.Message, question: Question, asked: Message, placeholder: int) -> None:
        """Give a question to the application, with what it replies to."""
        referenced = await self._referenced(message)
        files = self._client.intake().message(message, referenced).attachments
        asked = replace(asked, attachments=files, chain=await self._chains.before(message, referenced))
        anchor = Anchor(
            kind="message",
            channel=message.channel.id,
            author=asked.author,
            messages=[placeholder],
            source=message.id,
            private=asked.place.private,
        )
        wording = asked.event_id if asked.replaces else ""
        reply = self._client.answers.open(
            ChannelPost(self._client, message.channel.id, message.author.id), anchor, wording
        )
        question.reply = reply
        if question.gone:
            await self._quietly(reply)
        elif referenced is not None and not asked.attachments and withheld(referenced):
            await reply.show(View(request="", state=State.DONE, text=strings.HIDDEN_REFERENCE))
        else:
            question.asked.append(asked.event_id)
            await self._client.answers.admit(reply, lambda: self._client.handler.message(asked, reply))

    async def _refused(self, author: Author, place: Place) -> bool:
        """Whether the application says no. The one who asked is told why, once in a while, and nobody else is."""
        try:
            why = await self._client.handler.refusal(author, place, Wants.ASK)
        except Exception:
            log.exception("the application did not say whether user %s may ask", author.id)
            return False  # what is wrong with it will be said in the answer
        if not why:
            return False
        now, key = self._client.timing.now(), (author.id, place.conversation)
        said = self._told.get(key)
        if said is None or now - said >= TOLD_AGAIN_AFTER_S:
            _keep(self._told, key, now)
            await self._client.tell(author, why)
        return True

    async def _placeholder(self, message: discord.Message, nonce: str, question: Question) -> int | None:
        """Reply at once, without a ping, and for as long as somebody may wait for it. None when that is impossible.

        The nonce keeps a repeated send from doubling, for some minutes; later it is looked whether one got through.
        """
        post = ChannelPost(self._client, message.channel.id, message.author.id)
        now = self._client.timing.now
        began = now()
        for delay in chain(RETRY_AFTER_S, repeat(RETRY_EVERY_S)):
            try:
                return await post.follow(message.id, sentences.PLACEHOLDER, nonce=nonce)
            except UNREACHED as error:
                if is_final(error) or question.gone or now() - began > TAKEN_LATE.total_seconds():
                    log.warning("no answer to message %s in channel %s: %s", message.id, message.channel.id, error)
                    await self._explain_silence(post, message, error)
                    return None
                log.info("message %s is answered later, in %.0f s: %s", message.id, delay, error)
            await self._client.timing.sleep(delay)
            if now() - began > NONCE_LIFE_S:
                found = await self._client.answers.first_reply_to(message.channel.id, message.id)
                if found:
                    return found
        return None

    async def _explain_silence(self, post: ChannelPost, message: discord.Message, error: BaseException) -> None:
        sentence = cannot_write(self._client, message.channel.id, error)
        if not sentence or message.guild is None:
            return
        try:
            await post.tell(sentence, nonce=f"{message.id}p")
        except UNREACHED as failure:
            log.warning("the author of message %s could not be told: %s", message.id, failure)

    async def _referenced(self, message: discord.Message) -> discord.Message | None:
        """The message that this one replies to. What a forward carries is in the message itself."""
        reference = message.reference
        if reference is None or reference.type is discord.MessageReferenceType.forward:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if isinstance(reference.resolved, discord.DeletedReferencedMessage) or reference.message_id is None:
            return None
        try:
            return await message.channel.fetch_message(reference.message_id)
        except UNREACHED as error:
            log.info("the message that %s replies to can't be read: %s", message.id, error)
            return None

    # --- what the application knows -----------------------------------------------------------------------------

    async def _wordings(self, message: int, question: Question | None) -> Sequence[tuple[str, Exchange]]:
        """The wordings of a question that the application still knows, with their event ids: one at most, usually."""
        await self._edits.load()
        events = [event_id(message, number) for number in range(self._edits.of(message) + 1)]
        events += question.asked if question is not None else ()
        found = [(event, await self._known_as(event)) for event in dict.fromkeys(events)]
        return [(event, exchange) for event, exchange in found if exchange is not None]

    async def _known_as(self, event: str) -> Exchange | None:
        try:
            return await self._client.handler.find(PLATFORM, event)
        except Exception:
            log.exception("the application did not say whether it knows message %s", event)
            return None

    # --- memory -------------------------------------------------------------------------------------------------

    def _remember(self, message: int) -> Question:
        question = Question()
        _keep(self._known, message, question)
        return question

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()


def event_id(message: int, wording: int) -> str:
    """The event id of a question: its message's own, and with a number for each later wording."""
    return f"{message}:{wording}" if wording else str(message)


def _keep(store: OrderedDict[K, V], key: K, value: V) -> None:
    """Remember something, and forget the oldest of too many."""
    store[key] = value
    store.move_to_end(key)
    while len(store) > REMEMBERED:
        store.popitem(last=False)
