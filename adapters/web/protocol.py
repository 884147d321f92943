"""The words that the page and the server exchange over the websocket, and how a view is put into them.

Client to server: `hello`, `ask`, `generate`, `cancel`, `forget`. Server to client: `history`, `accepted`, `view`,
`forgotten`, `error`. Every message is a JSON object whose `type` is one of these. Nothing here knows a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec

from adapters.base import Exchange, View

ID_PATTERN = r"^[A-Za-z0-9_-]{16,64}$"

# Made by the page at random; whoever knows it may read the conversation, so short ones are refused.
ConversationId = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
# Made by the page for each message; becomes the event id, so that sending it twice is harmless.
MessageId = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
UploadId = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]

MAX_UPLOADS_PER_ASK = 8

PathToUrl = Callable[[str], str]


class _Incoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of what the page may send."""


class Hello(_Incoming, frozen=True, tag="hello"):
    """First message on a socket, and again whenever the page turns to another conversation."""

    conversation: ConversationId


class Ask(_Incoming, frozen=True, tag="ask"):
    id: MessageId
    text: str = ""
    uploads: Annotated[tuple[UploadId, ...], msgspec.Meta(max_length=MAX_UPLOADS_PER_ASK)] = ()


class Generate(_Incoming, frozen=True, tag="generate"):
    """`seconds`, `width`, `height` (pixels) and `seed` are chosen by the configuration when left out."""

    id: MessageId
    prompt: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    avoid: str = ""


class Cancel(_Incoming, frozen=True, tag="cancel"):
    request: RequestId


class Forget(_Incoming, frozen=True, tag="forget"):
    """Drop the conversation of the last `hello`."""


Incoming = Hello | Ask | Generate | Cancel | Forget


class _Outgoing(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """Base of what the server sends."""


class Question(msgspec.Struct, frozen=True):
    """What was asked, for the other windows that show the same conversation."""

    text: str
    attachments: tuple[str, ...] = ()


class Accepted(_Outgoing, frozen=True, tag="accepted"):
    """The message `id` became the request `request`. Always sent before the first view of that request."""

    conversation: str
    id: str
    request: str
    question: Question


class ShownView(_Outgoing, frozen=True, tag="view"):
    request: str
    view: dict[str, Any]


class History(_Outgoing, frozen=True, tag="history"):
    conversation: str
    exchanges: list[dict[str, Any]]


class Forgotten(_Outgoing, frozen=True, tag="forgotten"):
    conversation: str


class Refused(_Outgoing, frozen=True, tag="error"):
    """`id` or `request` say what it is about, when it is about one."""

    code: str
    message: str
    id: str = ""
    request: str = ""


Outgoing = Accepted | ShownView | History | Forgotten | Refused

_decoder: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(Incoming)


def decode(data: str) -> Incoming:
    """Read one message of the page. Raises `msgspec.DecodeError` for anything else."""
    return _decoder.decode(data)


def encode(message: Outgoing) -> str:
    return msgspec.json.encode(message).decode()


def wire_view(view: View, url: PathToUrl) -> dict[str, Any]:
    """A view as the page reads it: the fields of `View`, with a `url` in place of every `path`."""
    wire = asdict(view)
    for piece in (*wire["stills"], *wire["videos"]):
        piece["url"] = url(piece.pop("path"))
    return wire


def wire_exchange(exchange: Exchange, url: PathToUrl) -> dict[str, Any]:
    return {
        "request": exchange.request,
        "author": exchange.author.name,
        "question": Question(text=exchange.text, attachments=exchange.attachments),
        "asked_at": exchange.asked_at,
        "view": wire_view(exchange.view, url),
    }
