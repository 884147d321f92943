"""A model server on loopback that speaks OpenAI's chat API, as well or as badly as a test wants. Real sockets.

Each request to `/v1/chat/completions` takes the next of the replies that were laid out; the last one is repeated.
"""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Wire:
    """The server's end of one answer."""

    def __init__(self, handler: BaseHTTPRequestHandler, hung_up: threading.Event) -> None:
        self._handler = handler
        self._hung_up = hung_up

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def send(self, text: str) -> None:
        data = text.encode()
        self._handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self._handler.wfile.flush()

    def end(self) -> None:
        self._handler.wfile.write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Close the connection in the middle of the answer."""
        self._handler.close_connection = True

    def wait(self, event: threading.Event) -> bool:
        """Say nothing until `event`; False when the other side hangs up first, which the server takes note of."""
        connection = self._handler.connection
        while not event.is_set():
            readable, _, _ = select.select([connection], [], [], 0.005)
            if readable and connection.recv(1) == b"":
                self._hung_up.set()
                self._handler.close_connection = True
                return False
        return True


Reply = Callable[[Wire], None]


def chunk(text: str = "", **more: Any) -> str:
    """One event of an answer as vLLM sends it."""
    choice = {
        "index": 0,
        "delta": {"content": text, **more.pop("delta", {})},
        "finish_reason": more.pop("finish", None),
    }
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice], **more})}\n\n"


def answer(*pieces: str, finish: str = "stop", prompt_tokens: int = 100) -> Reply:
    """A whole answer, streamed piece by piece, with usage at its end."""

    def reply(wire: Wire) -> None:
        wire.begin()
        wire.send(chunk(delta={"role": "assistant"}))
        for piece in pieces:
            wire.send(chunk(piece))
        wire.send(chunk(finish=finish))
        usage = {"choices": [], "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": len(pieces)}}
        wire.send(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n")
        wire.end()

    return reply


def raw(*events: str, end: bool = True) -> Reply:
    """These very events; without an `end` the connection breaks after them."""

    def reply(wire: Wire) -> None:
        wire.begin()
        for event in events:
            wire.send(event)
        wire.end() if end else wire.abort()

    return reply


def refusal(status: int, message: str = "", **headers: str) -> Reply:
    """An error as the OpenAI API words it."""

    def reply(wire: Wire) -> None:
        wire.begin(status, "application/json", **headers)
        wire.send(json.dumps({"error": {"message": message, "type": "error", "code": status}}))
        wire.end()

    return reply


def broken(wire: Wire) -> None:
    """No answer at all: the connection closes."""
    wire.abort()


@dataclass
class OpenAiServer:
    """`models` are listed at `/v1/models`, unless `listing` says something else. `hung_up` is set when a client leaves
    while the server waits (`Wire.wait`)."""

    models: Sequence[str | dict[str, Any]] = ("tiny/model",)
    listing: Reply | None = None
    key: str = ""
    replies: list[Reply] = field(default_factory=lambda: [answer("Hello.")])
    asked: list[Asked] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The bodies of the requests for answers."""
        return [asked.body for asked in self.asked if asked.path.endswith("/chat/completions")]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(Asked(self.path, dict(self.headers), {}))
                (server.listing or server._list)(Wire(self, server.hung_up))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(Asked(self.path, dict(self.headers), body))
                if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
                    refusal(401, f"Incorrect key: {self.headers.get('Authorization')}")(Wire(self, server.hung_up))
                    return
                reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
                reply(Wire(self, server.hung_up))

            def handle(self) -> None:
                try:
                    super().handle()
                except (BrokenPipeError, ConnectionResetError):
                    server.hung_up.set()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler

    def _list(self, wire: Wire) -> None:
        entries = [{"id": model} if isinstance(model, str) else model for model in self.models]
        wire.begin(kind="application/json")
        wire.send(json.dumps({"object": "list", "data": entries}))
        wire.end()
