"""The web page as a platform: binds the port, lays out the routes, and turns the page into the neutral chat types."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from adapters.base import AdapterError, AdminDesk, Author, Case, DeliveryError, Handler, ModelDesk, Reply, Scope
from adapters.http import HttpServer, Limits, TrustedProxies, client_address
from adapters.http.addresses import group_of
from adapters.web.admin import AdminRoutes
from adapters.web.chat import COMMUNITY, MAX_TEXT, ChatRoom, ChatSocket
from adapters.web.door import Door, add_security_headers
from adapters.web.errors import Problem, WebError, WebSetupError
from adapters.web.hub import Hub, WebReply
from adapters.web.media import MediaShelf
from adapters.web.models import ModelRoutes
from adapters.web.protocol import ID_PATTERN, MAX_UPLOADS_PER_ASK
from adapters.web.sessions import Seats
from adapters.web.uploads import Inbox

STATIC = Path(__file__).parent / "static"
# Sockets get this long to take what is pending when the server stops, in seconds.
STOP_S = 3.0
MAX_NAME = 120
MAX_BODY_BYTES = 256 * 1024  # of everything but an upload


class WebAdapter:
    """The playground. Loopback needs no token; any other host does.

    `max_upload_bytes` caps one posted file; `inbox` is a folder that belongs to this adapter alone. Raises
    `WebSetupError`, here and in `start`, with a sentence that names the setting to change.
    """

    name = "web"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        token: str | None,
        inbox: Path,
        max_upload_bytes: int,
        desk: AdminDesk,
        models: ModelDesk | None = None,
        title: str = "GPT4Video",
        troubles: Callable[[], Mapping[str, str]] = dict,
        limits: Limits | None = None,
        proxies: TrustedProxies | None = None,
        state_dir: Path | None = None,
    ) -> None:
        """Sessions end with the process where there is no `state_dir`. `troubles` says what `/healthz` has to report: a
        sentence by platform, for those that hear nothing now."""
        self._host = host
        self._port = port
        self._title = title
        self._troubles = troubles
        self._max_upload_bytes = max_upload_bytes
        self._desk = desk
        self._models = models
        self._limits = limits
        self._proxies = proxies
        self._door = Door(host, token, sessions_file=state_dir / "sessions.json" if state_dir else None)
        self._seats = Seats()
        self._inbox = Inbox(inbox, max_upload_bytes)
        self._hub = Hub()
        self._shelf = MediaShelf()
        self._room: ChatRoom | None = None
        self._server: HttpServer | None = None
        self._sockets: set[ChatSocket] = set()
        self._url = ""

    def __repr__(self) -> str:
        return f"WebAdapter({self._url or 'not started'})"

    @property
    def url(self) -> str:
        """Where the page is, once started. Never contains the token."""
        if not self._url:
            raise WebError("The web page has no address before it is started.")
        return self._url

    async def start(self, handler: Handler) -> None:
        """Listen. Raises `WebSetupError` when the port cannot be had."""
        await self._inbox.open()
        await self._door.open()
        self._room = ChatRoom(handler, self._hub, self._shelf, self._inbox, self._seats)
        server = HttpServer(
            self._application(),
            host=self._host,
            port=self._port,
            name="The web page",
            setting="web.trusted_proxies",
            limits=self._limits,
            proxies=self._proxies,
            stop_s=STOP_S,
        )
        try:
            await server.start()
        except OSError as error:
            raise WebSetupError(
                f"The web page cannot listen on {self._host}:{self._port} ({error.strerror or error}). "
                "Set web.port to a free port, or stop what uses this one."
            ) from error
        self._server = server
        self._url = _address(self._host, server.port)

    async def restore(self, ref: str) -> Reply | None:
        """The place of an unfinished request; a page that shows its conversation gets the views again."""
        conversation, _, message_id = ref.partition(":")
        if not re.fullmatch(ID_PATTERN, conversation) or not re.fullmatch(ID_PATTERN, message_id):
            return None
        return WebReply(self._hub, conversation, message_id, opened=True)

    async def post_case(self, channel: str, case: Case) -> str:
        """Raises `DeliveryError`: the page has no channel of moderators, for whoever uses it is one."""
        raise DeliveryError("The web page has no place for cases: whoever uses it decides by themselves.")

    async def redraw_case(self, case: Case) -> None:
        """Raises `DeliveryError`: no card was ever posted here."""
        raise DeliveryError("The web page shows no cases, so there is no card to redraw.")

    async def remove(self, ref: str) -> None:
        """Nothing to do: the page keeps no messages, and what was deleted is not in its next history."""

    async def tell(self, author: Author, text: str) -> bool:
        """Always False: nobody can be reached who does not look at the page."""
        return False

    def trouble(self) -> str:
        """Nothing: whoever can ask for this is heard."""
        return ""

    async def ended(self) -> AdapterError:
        """Never returns: the page is served until it is stopped."""
        never: asyncio.Future[AdapterError] = asyncio.get_running_loop().create_future()
        return await never

    async def stop(self) -> None:
        """Let the sockets take what is pending, close them and the port, and empty the inbox."""
        if self._server is None:
            return
        server, self._server = self._server, None
        await server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(*(socket.close() for socket in self._sockets), return_exceptions=True)
        await server.stop()
        await self._inbox.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._door.middleware])
        app.on_response_prepare.append(add_security_headers)
        app.add_routes(
            [
                web.get("/", self._page("index.html")),
                web.get("/admin", self._page("admin.html")),
                web.get("/login", self._page("login.html")),
                web.post("/api/login", self._door.login),
                web.post("/api/logout", self._logout),
                web.get("/api/config", self._config),
                web.post("/api/uploads", self._upload),
                web.delete("/api/uploads/{id}", self._drop_upload),
                web.get("/api/socket", self._socket),
                web.get("/media/{id}", self._shelf.serve),
                web.get("/healthz", self._health),
                *AdminRoutes(self._desk, self._door, self._inbox).routes(),
            ]
        )
        if self._models is not None:
            app.add_routes(ModelRoutes(self._models, self._door).routes())
        app.router.add_static("/static", STATIC)
        return app

    def _page(self, file: str) -> WebHandler:
        async def serve(_: web.Request) -> web.StreamResponse:
            return web.FileResponse(STATIC / file, headers={"Cache-Control": "no-cache"})

        return serve

    async def _health(self, _: web.Request) -> web.Response:
        trouble = dict(self._troubles())
        if trouble:
            return web.json_response({"ok": False, "trouble": trouble}, status=503)
        return web.json_response({"ok": True})

    async def _config(self, request: web.Request) -> web.Response:
        rules = await self._desk.rules(Scope(platform="web", community=COMMUNITY))
        return web.json_response(
            {
                "title": self._title,
                "max_upload_bytes": self._max_upload_bytes,
                "max_uploads": MAX_UPLOADS_PER_ASK,
                "max_text": MAX_TEXT,
                "signed_in": self._door.asks_for_token,
                "models": self._models is not None and self._door.author(request).is_admin,
                "unwatched": [rule.category for rule in rules if not rule.frames],
            }
        )

    async def _upload(self, request: web.Request) -> web.Response:
        self._inbox.prune()
        number, size = await self._inbox.receive(
            request.content,
            _file_name(request),
            request.content_type,
            request.content_length,
            self._owner(request),
        )
        return web.json_response({"id": number, "size": size}, status=201)

    def _owner(self, request: web.Request) -> str:
        """Whose an upload is: the session's, or where there are none the address's."""
        return self._door.author(request).id if self._door.asks_for_token else group_of(client_address(request))

    async def _logout(self, request: web.Request) -> web.Response:
        """End the session, its sockets, and what it has uploaded and not asked about."""
        response = await self._door.logout(request)
        if self._door.asks_for_token:
            author = self._door.author(request)
            self._inbox.discard_all(author.id)
            ended = [socket for socket in self._sockets if socket.author.id == author.id]
            await asyncio.gather(*(socket.close() for socket in ended), return_exceptions=True)
        return response

    async def _drop_upload(self, request: web.Request) -> web.Response:
        self._inbox.discard(request.match_info["id"])
        return web.json_response({"ok": True})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Problem(400, "not_a_websocket", "This address speaks websocket only.")
        if self._room is None:
            raise Problem(503, "stopping", "The server is just going away. Try again in a moment.")
        address = group_of(client_address(request))
        socket = ChatSocket(
            self._room,
            self._door.author(request),
            address=address,
            shared=not self._door.asks_for_token,
            welcome=lambda: self._door.knows(request),
        )
        self._sockets.add(socket)
        try:
            return await socket.serve(request)
        finally:
            self._sockets.discard(socket)


def _file_name(request: web.Request) -> str:
    """The name that the browser gave, percent-encoded in `X-File-Name`: one line, no folders, not too long."""
    given = unquote(request.headers.get("X-File-Name", ""))
    name = "".join(char for char in given.replace("\\", "/").rsplit("/", 1)[-1] if char.isprintable()).strip()
    if len(name) > MAX_NAME:
        name = name[: MAX_NAME - 20] + "…" + name[-19:]
    return name or "clip"


def _address(host: str, port: int) -> str:
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - shown, not bound
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}/"
