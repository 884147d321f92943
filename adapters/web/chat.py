"""One websocket of the chat page: hands its messages to the application, and answers what is wrong with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from adapters.base import Author, Exchange, GenerateCommand, Handler, Message, Place
from adapters.web.errors import unexpected
from adapters.web.hub import Feed, FeedOverflow, Hub, WebReply
from adapters.web.media import MediaShelf
from adapters.web.protocol import (
    Accepted,
    Ask,
    Cancel,
    Forget,
    Forgotten,
    Generate,
    Hello,
    History,
    Incoming,
    Question,
    Refused,
    decode,
    wire_exchange,
)
from adapters.web.sessions import Seats
from adapters.web.uploads import Inbox

log = logging.getLogger(__name__)

COMMUNITY = "local"
# What a browser takes as one file is not the platform's limit but our own caution.
UPLOAD_LIMIT = 200 * 1024 * 1024
MAX_TEXT = 8_000  # characters of a question or a prompt
MAX_MESSAGE_BYTES = 64 * 1024
# Beyond this the socket is closed instead of answered: nobody writes a megabyte by hand.
MAX_FRAME_BYTES = 1024 * 1024
HEARTBEAT_S = 25.0
# A page says hello at once; what has not after this time is no page. Whether its session goes on is asked as often.
LOOK_S = 10.0
# How long a closing socket may take for what is still waiting.
FLUSH_S = 2.0


def place_of(conversation: str) -> Place:
    return Place(platform="web", community=COMMUNITY, channel=conversation, private=True, upload_limit=UPLOAD_LIMIT)


@dataclass(frozen=True)
class ChatRoom:
    """What every socket of the page shares."""

    handler: Handler
    hub: Hub
    shelf: MediaShelf
    inbox: Inbox
    seats: Seats


class ChatSocket:
    """The life of one websocket. It is served by two tasks: this one reads, the feed's pump writes.

    `address` is where it comes from. `shared` says that everybody there is the same author, whose windows then wait in
    the queue each for itself. `welcome` says whether its session goes on.
    """

    def __init__(
        self, room: ChatRoom, author: Author, *, address: str, shared: bool, welcome: Callable[[], bool]
    ) -> None:
        self._room = room
        self.author = author
        self._address = address
        self._shared = shared
        self._welcome = welcome
        self._ws = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME_BYTES, compress=False)
        self._feed = Feed(self._ws.send_str, room.shelf.url)
        self._conversation = ""
        self._writer: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[bool] | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk until either side hangs up."""
        await self._ws.prepare(request)
        self._writer = writer = asyncio.create_task(self._write())
        self._look_later()
        try:
            async for frame in self._ws:
                if not self._welcome():
                    await self._ws.close(code=WSCloseCode.POLICY_VIOLATION)
                elif frame.type is WSMsgType.TEXT:
                    await self._take(frame.data)
                elif frame.type is WSMsgType.BINARY:
                    self._refuse("not_text", "Messages have to be text. Reload the page.")
        finally:
            self._looking.cancel()
            self._leave()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return self._ws

    async def close(self) -> None:
        """Send what is waiting, then say goodbye; the page will look for the server again."""
        self._feed.close()
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=FLUSH_S)
        await self._ws.close(code=WSCloseCode.GOING_AWAY)

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        """Close a socket that shows no conversation, or whose session has ended."""
        if self._conversation and self._welcome():
            self._look_later()
        else:
            self._closing = asyncio.create_task(self._ws.close(code=WSCloseCode.POLICY_VIOLATION))

    def _seated(self) -> Author:
        """The author, at their place in the queue."""
        person = self._conversation if self._shared else self.author.id
        return replace(self.author, seat=self._room.seats.seat(self._address, person))

    async def _write(self) -> None:
        try:
            await self._feed.pump()
        except FeedOverflow:
            log.info("a socket does not read its messages; closing it")
            await self._ws.close(code=WSCloseCode.TRY_AGAIN_LATER)
        except ConnectionError:
            # The reader notices the same and ends the socket.
            log.debug("a socket went away while it was written to")
        except Exception:  # noqa: BLE001 - a socket that falls silent is worse than one that ends
            unexpected("writing to a socket")
            await self._ws.close(code=WSCloseCode.INTERNAL_ERROR)

    async def _take(self, data: str) -> None:
        if len(data.encode()) > MAX_MESSAGE_BYTES:
            self._refuse("too_long", "That message is too long. Shorten it and send it again.")
            return
        try:
            message = decode(data)
        except msgspec.DecodeError as error:
            log.debug("a message was not understood: %s", error)
            self._refuse("not_understood", "The server did not understand the page. Reload it and try again.")
            return
        about = {"id": getattr(message, "id", ""), "request": getattr(message, "request", "")}
        if not isinstance(message, Hello) and not self._conversation:
            self._refuse("no_hello", "This page has not said which conversation it shows. Reload it.", about)
            return
        try:
            await self._act(message)
        except Exception:  # noqa: BLE001 - one failed message must not end the socket
            problem = unexpected(f"handling {type(message).__name__.lower()}")
            self._refuse(problem.code, problem.message, about)

    async def _act(self, message: Incoming) -> None:
        match message:
            case Hello():
                await self._hello(message.conversation)
            case Ask():
                await self._ask(message)
            case Generate():
                await self._generate(message)
            case Cancel():
                await self._cancel(message.request)
            case Forget():
                await self._forget()

    async def _hello(self, conversation: str) -> None:
        self._leave()
        self._conversation = conversation
        self._feed.clear_views()
        self._feed.hold()
        self._room.hub.join(conversation, self._feed)
        try:
            exchanges = await self._room.handler.history(place_of(conversation))
            wire = [wire_exchange(self._newest(exchange), self._room.shelf.url) for exchange in exchanges]
            self._feed.say(History(conversation=conversation, exchanges=wire))
        finally:
            self._feed.release()

    def _newest(self, exchange: Exchange) -> Exchange:
        if exchange.view.state.final:
            return exchange
        live = self._room.hub.newest(self._conversation, exchange.request)
        return replace(exchange, view=live) if live else exchange

    async def _ask(self, ask: Ask) -> None:
        if not self._fits(ask.id, ask.text):
            return
        if not ask.text.strip() and not ask.uploads:
            self._refuse("empty", "Write a question, or attach a clip.", {"id": ask.id})
            return
        attachments = tuple(self._room.inbox.find(number) for number in ask.uploads)
        reply = WebReply(self._room.hub, self._conversation, ask.id)
        message = Message(
            event_id=ask.id,
            author=self._seated(),
            place=place_of(self._conversation),
            text=ask.text.strip(),
            attachments=attachments,
        )
        request = await self._room.handler.message(message, reply)
        question = Question(text=message.text, attachments=tuple(file.name for file in attachments))
        self._answer(reply, ask.id, request, question)

    async def _generate(self, wanted: Generate) -> None:
        prompt = wanted.prompt.strip()
        if not self._fits(wanted.id, prompt) or not self._fits(wanted.id, wanted.avoid):
            return
        if not prompt:
            self._refuse("empty", "Say what the video should show.", {"id": wanted.id})
            return
        reply = WebReply(self._room.hub, self._conversation, wanted.id)
        command = GenerateCommand(
            event_id=wanted.id,
            author=self._seated(),
            place=place_of(self._conversation),
            prompt=prompt,
            seconds=wanted.seconds,
            width=wanted.width,
            height=wanted.height,
            seed=wanted.seed,
            avoid=wanted.avoid.strip(),
        )
        request = await self._room.handler.generate(command, reply)
        self._answer(reply, wanted.id, request, Question(text=f"/generate {prompt}"))

    def _answer(self, reply: WebReply, message_id: str, request: str, question: Question) -> None:
        """Say what became of a message: a request, or, without an id, a refusal that the reply explains."""
        if request:
            reply.open(Accepted(self._conversation, message_id, request, question))
            return
        notice = reply.early.notice if reply.early else ""
        self._refuse("refused", notice or "That could not be taken. Try again in a moment.", {"id": message_id})

    async def _cancel(self, request: str) -> None:
        if not await self._room.handler.cancel(request, self.author):
            self._refuse("nothing_to_cancel", "That is finished already.", {"request": request})

    async def _forget(self) -> None:
        await self._room.handler.forget(place_of(self._conversation))
        self._room.hub.forget(self._conversation)
        self._room.hub.announce(self._conversation, Forgotten(conversation=self._conversation))

    def _fits(self, message_id: str, text: str) -> bool:
        if len(text) <= MAX_TEXT:
            return True
        sentence = f"That is {len(text):,} characters long; I take up to {MAX_TEXT:,}. Shorten it and send it again."
        self._refuse("too_long", sentence, {"id": message_id})
        return False

    def _refuse(self, code: str, sentence: str, about: Mapping[str, str] | None = None) -> None:
        self._feed.say(Refused(code=code, message=sentence, **(about or {})))

    def _leave(self) -> None:
        if self._conversation:
            self._room.hub.leave(self._conversation, self._feed)
