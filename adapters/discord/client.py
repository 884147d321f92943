"""The gateway side: hears messages, opens replies, finds them again, and notices what disappears.

Knows discord.py and the neutral `Handler`; what commands and buttons do stands in `desk.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from adapters.base import AdminDesk, Author, Case, Handler
from adapters.discord import strings
from adapters.discord.admin import ADMIN_GERMAN, ADMIN_ITEMS, AdminRoom, add_admin_commands
from adapters.discord.answers import UNREACHED, Answers
from adapters.discord.attachments import FileHosts
from adapters.discord.buttons import ITEMS
from adapters.discord.commands import build_commands, sync_patiently
from adapters.discord.desk import FrontDesk
from adapters.discord.guilds import Guilds
from adapters.discord.intake import PLATFORM, Intake, guild_of, is_for_me
from adapters.discord.memory import Edits, Taking
from adapters.discord.missed import Missed
from adapters.discord.pacing import Pace, hold_back
from adapters.discord.posts import Post, tell
from adapters.discord.questions import Questions
from adapters.discord.relay import short_digest
from adapters.discord.reply import Anchor, DiscordReply
from adapters.shared.marks import Marks
from adapters.shared.pacing import Timing

log = logging.getLogger(__name__)

HEARD_FILE = "discord-heard.json"
SETTLE_S = 10.0  # how long a stop waits for edits that are on their way


def intents(*, message_content: bool) -> discord.Intents:
    """None that is privileged, unless asked for: mentions, replies that ping, and direct messages come anyway."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = message_content
    return wanted


class Cards(Protocol):
    """The moderators' cards, as `adapters.discord.admin` draws them. All raise `DeliveryError`."""

    async def post(self, channel: str, case: Case) -> str: ...

    async def redraw(self, case: Case) -> None: ...

    async def remove(self, ref: str) -> bool: ...


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
        hint: Callable[[], str] = str,
        **options: Any,
    ) -> None:
        """`keep_gateway` makes the gateway that the server names the one for new sessions, too.

        `message_content` asks for that privileged intent: then a reply also brings clips of messages that
        do not mention the bot. `hint` is a further sentence of the hello, or empty.
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
        self.admin_room = AdminRoom(admin, self, handler.look_up)
        self.cards: Cards = self.admin_room.cards
        self.timing = timing or Timing()
        self.pace = Pace(self.timing.now, self.timing.sleep)
        hold_back(self.http, self.pace)
        self.desk = FrontDesk(self)
        self.tree: app_commands.CommandTree[BotClient] = app_commands.CommandTree(self)
        build_commands(self.tree, self.desk)
        add_admin_commands(self.tree, self.admin_room)
        self._state_dir = state_dir
        self._hosts = hosts
        self._gateway = yarl.URL(gateway) if gateway else None
        self._keep_gateway = keep_gateway
        self._session: aiohttp.ClientSession | None = None
        self.answers = Answers(self)
        self._questions = Questions(self, Edits(state_dir), Taking(state_dir))
        self._guilds = Guilds(self, state_dir, hint)
        self._marks = Marks(state_dir / HEARD_FILE, per_second=1000 << 22, same=True)
        self._missed = Missed(self, self._marks)
        self._leaving = False
        self._connecting: asyncio.Task[Any] | None = None
        self._syncing: asyncio.Task[None] | None = None
        self.deaf: set[int] = set()  # the shards that are not connected now

    # --- life ---------------------------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        await self._questions.prepare()
        await self._marks.load()
        self.add_dynamic_items(*ITEMS, *ADMIN_ITEMS)
        await self.tree.set_translator(strings.GermanTranslator(ADMIN_GERMAN))
        self._guard_parsers()
        # Beside the connection: Discord may want to be left alone for hours, and messages are answered meanwhile.
        self._syncing = asyncio.create_task(
            sync_patiently(self.tree, self.application_id or 0, self._state_dir), name="discord commands"
        )

    async def commands_sent(self, patience_s: float) -> None:
        """Wait until Discord has the commands, at most so long."""
        if self._syncing is not None:
            await asyncio.wait({self._syncing}, timeout=patience_s)

    def _guard_parsers(self) -> None:
        """See to it that one event that discord.py can't read costs that event, and not the connection."""
        parsers = self._connection.parsers
        for event, parse in parsers.items():
            if event != "READY":  # without it there is no session
                parsers[event] = _forgiving(event, parse)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Connect to the configured gateway, if there is one, instead of the one that Discord names."""
        chosen = self._gateway or gateway
        if self._keep_gateway:
            DiscordWebSocket.DEFAULT_GATEWAY = chosen  # discord.py's own place for it, used for every new session
        await super().launch_shard(chosen, shard_id, initial=initial)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected for as long as discord.py knows what to do. What it gives up with is raised."""
        self._connecting = asyncio.current_task()
        await super().connect(reconnect=reconnect)

    async def renew(self, *, shards: bool) -> None:
        """Make ready for another `connect`; with `shards`, one that asks anew how many there are to be."""
        await self._async_setup_hook()  # discord.py begins each connection with what this makes: a queue and an event
        if shards:
            self.shard_count = None  # type: ignore[assignment]  # as before the first connection

    async def close(self) -> None:
        """Disconnect for good. discord.py calls this when it gives up, too: then only the gateway is let go, for the
        bot connects again and answers are shown meanwhile."""
        if asyncio.current_task() is self._connecting and not self._leaving:
            await asyncio.gather(*(shard.disconnect() for shard in self.shards.values()), return_exceptions=True)
            return
        self._leaving = True
        if self._syncing is not None:
            self._syncing.cancel()
        self._missed.stop()
        await self._marks.close()
        await super().close()
        if self._session is not None:
            await self._session.close()

    async def leave(self) -> None:
        """Take nothing new, let edits that are on their way arrive, and disconnect."""
        self._leaving = True
        self._marks.freeze()
        self._missed.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._questions.settled(), SETTLE_S)
        replies = self.answers.replies()
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
        if self._leaving:
            return  # it is for the next process
        guild = guild_of(message)
        shard = 0 if guild is None else (guild >> 22) % (self.shard_count or 1)
        with self._marks.taking(str(shard), str(message.channel.id), message.id, known=guild is None):
            await self._questions.heard(message)
        if is_for_me(message, self.me()):
            await self._marks.save()

    async def take_missed(self, message: discord.Message) -> None:
        """Take a message that was posted while nothing was heard, unless the application has had it."""
        if not self._leaving:
            await self._questions.missed(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if not self._leaving:
            await self._questions.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._questions.deleted(payload.message_id, payload.channel_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await asyncio.gather(*(self._questions.deleted(each, payload.channel_id) for each in payload.message_ids))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Commands and buttons find their way by themselves; dialogs are read here, so that they outlive a restart."""
        await self.desk.take_dialog(interaction)
        await self.admin_room.take_form(interaction)

    # --- answers ------------------------------------------------------------------------------------------------

    def open_reply(self, post: Post, anchor: Anchor) -> DiscordReply:
        """A reply that is cancelled when one of its messages disappears."""
        return self.answers.open(post, anchor)

    async def admit(self, reply: DiscordReply, ask: Callable[[], Awaitable[str]]) -> None:
        """Hand a request over. What the application fails to take is said in the reply."""
        await self.answers.admit(reply, ask)

    async def restore(self, ref: str) -> DiscordReply | None:
        """Find the message of an unfinished request again, with its continuations; None when it is gone."""
        return await self.answers.restore(ref)

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply, or a card; those that are gone already are fine. Raises `DeliveryError`."""
        if not await self.cards.remove(ref):
            await self.answers.remove(ref)

    async def tell(self, author: Author, text: str) -> bool:
        """Say something to one person alone; the same words twice within minutes are said once."""
        try:
            return await tell(self, int(author.id), text, short_digest(author.id, text))
        except UNREACHED as error:
            log.warning("user %s could not be told: %s", author.id, error)
            return False

    # --- places -------------------------------------------------------------------------------------------------

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self.answers.place_gone(channel.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self.answers.place_gone(payload.thread_id)

    async def on_shard_disconnect(self, shard: int) -> None:
        self.deaf.add(shard)

    async def on_shard_connect(self, shard: int) -> None:
        self.deaf.discard(shard)
        self._missed.began(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        self.deaf.discard(shard)
        self.handler.reconnected(PLATFORM)

    async def on_shard_ready(self, shard: int) -> None:
        """There is a session, the first one or another, and its guilds are known."""
        self.deaf &= set(self.shards)  # there may be fewer shards than before
        self.handler.reconnected(PLATFORM)
        await self._questions.resume()
        await self._missed.catch_up(shard)

    async def on_ready(self) -> None:
        await self._guilds.start()
        await self._questions.resume()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        log.info("joined guild %s", guild.id)
        await self._guilds.joined(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._guilds.joined(guild)
        await self._missed.back(guild)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        log.warning("guild %s is unavailable; what is asked there is answered once it is back", guild.id)
        self._missed.lost(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._guilds.left(guild.id)


def _forgiving(event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parsed(data: Any) -> None:
        try:
            parse(data)
        except Exception:
            log.exception("an event of Discord's can't be read and is left out: %s", event)

    return parsed
