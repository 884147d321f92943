"""The gateway side: hears messages, opens replies, finds them again, and notices what disappears.

Knows discord.py and the neutral `Handler`; what commands and buttons do stands in `desk.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from adapters.base import AdminDesk, Author, Case, DeliveryError, Handler, State, View
from adapters.discord import strings
from adapters.discord.attachments import FileHosts
from adapters.discord.buttons import ITEMS
from adapters.discord.commands import build_commands, sync_if_changed
from adapters.discord.desk import FrontDesk
from adapters.discord.intake import Intake, is_for_me, withheld
from adapters.discord.posts import ChannelPost, Fault, Post, fault_of, tell
from adapters.discord.reply import Anchor, DiscordReply, Timing

log = logging.getLogger(__name__)

REMEMBERED_EVENTS = 4096
SETTLE_S = 10.0  # how long a stop waits for edits that are on their way
PLACEHOLDER_RETRY_S = (1.0, 3.0)
NONCE_LENGTH = 25  # what Discord takes at most
UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)
CHAIN_LOOKUP = 50  # messages looked through for the continuations of an answer after a restart


def intents(*, message_content: bool) -> discord.Intents:
    """None that is privileged, unless asked for: mentions, replies that ping, and direct messages come anyway."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = message_content
    return wanted


class Cards(Protocol):
    """The moderators' cards, as `adapters.discord.admin` draws them. Both raise `DeliveryError`."""

    async def post(self, channel: str, case: Case) -> str: ...

    async def redraw(self, case: Case) -> None: ...


class BotClient(discord.AutoShardedClient):
    """The connection to Discord, with everything that hangs on it."""

    def __init__(
        self,
        handler: Handler,
        admin: AdminDesk,
        *,
        state_dir: Path,
        hosts: FileHosts,
        gateway: str | None = None,
        keep_gateway: bool = False,
        message_content: bool = False,
        timing: Timing | None = None,
        **options: Any,
    ) -> None:
        """`keep_gateway` makes the gateway that the server names the one for new sessions, too.

        `message_content` asks for that privileged intent: then a reply also brings clips of messages that
        do not mention the bot.
        """
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            **options,
        )
        self.handler = handler
        self.admin = admin
        self.cards: Cards | None = None
        self.timing = timing or Timing()
        self.desk = FrontDesk(self)
        self.tree: app_commands.CommandTree[BotClient] = app_commands.CommandTree(self)
        build_commands(self.tree, self.desk)
        self._state_dir = state_dir
        self._hosts = hosts
        self._gateway = yarl.URL(gateway) if gateway else None
        self._keep_gateway = keep_gateway
        self._session: aiohttp.ClientSession | None = None
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._live: dict[int, DiscordReply] = {}  # by the ids of the message that asked and of the one that answers
        self._leaving = False

    # --- life ---------------------------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*ITEMS)
        await self.tree.set_translator(strings.GermanTranslator())
        try:
            if await sync_if_changed(self.tree, self.application_id or 0, self._state_dir):
                log.info("Discord has got the commands")
        except (discord.HTTPException, app_commands.CommandSyncFailure, OSError) as error:
            log.warning("Discord did not take the commands; messages are answered all the same: %s", error)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Connect to the configured gateway, if there is one, instead of the one that Discord names."""
        chosen = self._gateway or gateway
        if self._keep_gateway:
            DiscordWebSocket.DEFAULT_GATEWAY = chosen  # discord.py's own place for it, used for every new session
        await super().launch_shard(chosen, shard_id, initial=initial)

    async def close(self) -> None:
        self._leaving = True
        await super().close()
        if self._session is not None:
            await self._session.close()

    async def leave(self) -> None:
        """Take nothing new, let edits that are on their way arrive, and disconnect."""
        self._leaving = True
        replies = set(self._live.values())
        if replies:
            await asyncio.wait({asyncio.ensure_future(reply.settled()) for reply in replies}, timeout=SETTLE_S)
        for reply in replies:
            reply.close()
        await self.close()

    def session(self) -> aiohttp.ClientSession:
        """The session that posted files are read with; opened when the first one is."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    def me(self) -> int:
        return self.user.id if self.user is not None else 0

    def intake(self) -> Intake:
        return Intake(self.me(), self._hosts, self.session)

    # --- messages -----------------------------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        if self._leaving or not is_for_me(message, self.me()) or not self._first_time(message.id):
            return
        placeholder = await self._placeholder(message)
        if placeholder is None:
            return
        referenced = await self._referenced(message)
        asked = self.intake().message(message, referenced)
        anchor = Anchor(
            kind="message",
            channel=message.channel.id,
            author=asked.author,
            messages=[placeholder],
            source=message.id,
            private=asked.place.private,
        )
        reply = self.open_reply(ChannelPost(self, message.channel.id, message.author.id), anchor)
        if referenced is not None and not asked.attachments and withheld(referenced):
            await reply.show(View(request="", state=State.DONE, text=strings.HIDDEN_REFERENCE))
            return
        await self.admit(reply, lambda: self.handler.message(asked, reply))

    def _first_time(self, event: int) -> bool:
        """Whether this event is new; a resumed session may bring one again."""
        if event in self._seen:
            return False
        self._seen[event] = None
        while len(self._seen) > REMEMBERED_EVENTS:
            self._seen.popitem(last=False)
        return True

    async def _placeholder(self, message: discord.Message) -> int | None:
        """Reply at once, without a ping. The nonce keeps a repeated send from doubling."""
        post = ChannelPost(self, message.channel.id, message.author.id)
        delays = iter(PLACEHOLDER_RETRY_S)
        while True:
            try:
                return await post.follow(message.id, strings.PLACEHOLDER, nonce=str(message.id))
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                fault = fault_of(error)
                delay = next(delays, None) if fault is Fault.PASSING else None
                if delay is None:
                    log.warning("no answer to message %s in channel %s: %s", message.id, message.channel.id, error)
                    break
            await self.timing.sleep(delay)
        if fault is Fault.PLACE_GONE and message.guild is not None:
            await self._explain_silence(post, message)
        return None

    async def _explain_silence(self, post: Post, message: discord.Message) -> None:
        name = getattr(message.channel, "name", None)
        where = f"#{name}" if name else "that channel"
        try:
            await post.tell(strings.CANNOT_WRITE.format(where=where), nonce=f"{message.id}p")
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("the author of message %s could not be told: %s", message.id, error)

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
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("the message that %s replies to can't be read: %s", message.id, error)
            return None

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Commands and buttons find their way by themselves; dialogs are read here, so that they outlive a restart."""
        await self.desk.take_dialog(interaction)

    # --- replies ------------------------------------------------------------------------------------------------

    def open_reply(self, post: Post, anchor: Anchor) -> DiscordReply:
        """A reply that is cancelled when one of its messages disappears."""
        reply = DiscordReply(post, anchor, timing=self.timing, ended=self._retire, lost=self._withdraw)
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
            await reply.show(View(request="", state=State.FAILED, notice=strings.BROKEN))
            return
        reply.request = reply.request or request
        if reply.withdrawn:
            await self._withdraw(reply)

    def _retire(self, reply: DiscordReply) -> None:
        for message in [message for message, live in self._live.items() if live is reply]:
            del self._live[message]

    async def _withdraw(self, reply: DiscordReply) -> None:
        """Cancel for the one who asked, because the question or the place for the answer is gone."""
        reply.withdrawn = True
        if reply.request:
            author = reply.anchor.author
            await self.handler.cancel(reply.request, Author(author.id, author.name))

    async def restore(self, ref: str) -> DiscordReply | None:
        """Find the message of an unfinished request again, with its continuations; None when it is gone."""
        anchor = Anchor.load(ref)
        if anchor is None:
            return None
        first = anchor.messages[0]
        try:
            await self.get_partial_messageable(anchor.channel).fetch_message(first)
            await self._find_continuations(anchor)
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("message %s in channel %s is gone: %s", first, anchor.channel, error)
            return None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("message %s could not be looked up, it is taken to be there: %s", first, error)
        return self.open_reply(ChannelPost(self, anchor.channel, int(anchor.author.id)), anchor)

    async def _find_continuations(self, anchor: Anchor) -> None:
        """Add the messages that go on where those of `anchor` end. Raises what Discord answers."""
        first = anchor.messages[0]
        room = self.get_partial_messageable(anchor.channel)
        async for message in room.history(after=discord.Object(first), limit=CHAIN_LOOKUP, oldest_first=True):
            used = message.interaction_metadata
            follows = message.reference is not None and message.reference.message_id == anchor.messages[-1]
            follows = follows or (used is not None and used.original_response_message_id == first)
            if message.author.id == self.me() and follows and message.id not in anchor.messages:
                anchor.messages.append(message.id)

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply; those that are gone already are fine. Raises `DeliveryError`."""
        anchor = Anchor.load(ref)
        if anchor is None:
            return
        live = self._live.get(anchor.messages[0])
        if live is not None:
            anchor = live.anchor
        else:
            try:
                await self._find_continuations(anchor)
            except UNREACHED as error:
                log.info("what follows message %s can't be looked up: %s", anchor.messages[0], error)
        room = self.get_partial_messageable(anchor.channel)
        for message in reversed(anchor.messages):
            try:
                await room.get_partial_message(message).delete()
            except discord.NotFound:
                continue
            except UNREACHED as error:
                raise DeliveryError(f"Discord did not delete the answer: {error}") from error

    async def tell(self, author: Author, text: str) -> bool:
        """Say something to one person alone; the same words twice within minutes are said once."""
        nonce = hashlib.sha256(f"{author.id} {text}".encode()).hexdigest()[:NONCE_LENGTH]
        try:
            return await tell(self, int(author.id), text, nonce)
        except UNREACHED as error:
            log.warning("user %s could not be told: %s", author.id, error)
            return False

    # --- what disappears ----------------------------------------------------------------------------------------

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._gone(payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message in payload.message_ids:
            await self._gone(message)

    async def _gone(self, message: int) -> None:
        reply = self._live.get(message)
        if reply is not None and not reply.ending:
            log.info("message %s was deleted; request %s is cancelled", message, reply.request or "(new)")
            await self._withdraw(reply)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._place_gone(channel.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self._place_gone(payload.thread_id)

    async def _place_gone(self, channel: int) -> None:
        replies = {reply for reply in self._live.values() if reply.anchor.channel == channel}
        log.info("channel %s was deleted; %d requests there are cancelled", channel, len(replies))
        for reply in replies:
            await self._withdraw(reply)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        log.info("joined guild %s", guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        log.info("left guild %s", guild.id)
