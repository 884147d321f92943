"""What is asked of a decoding process and what it answers, and their bytes (`msgspec` MessagePack)."""

from __future__ import annotations

import msgspec

from engine.types import ClipInfo, Failed, MediaLimits

# --- operations ----------------------------------------------------------------------------------------------------
# Each is a method of `engine.media.ClipReader`, and with the clip's content it names a result.


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """Open it, and no more."""


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    count: int
    max_side: int | None = None


class Moments(msgspec.Struct, frozen=True, tag="moments"):
    """The times, as `numbers`."""

    count: int


class FramesAt(msgspec.Struct, frozen=True, tag="frames_at"):
    times: tuple[float, ...]
    max_side: int | None = None


class Scan(msgspec.Struct, frozen=True, tag="scan"):
    max_fps: float
    max_side: int
    start_s: float = 0.0
    end_s: float | None = None


class KeyFrames(msgspec.Struct, frozen=True, tag="key_frames"):
    max_side: int
    limit: int


class Looks(msgspec.Struct, frozen=True, tag="looks"):
    """The frames that a check looks at (`engine.looks.choose`); `numbers` say which are like which."""

    count: int


class Stills(msgspec.Struct, frozen=True, tag="stills"):
    """JPEGs: of these times, or evenly spread."""

    count: int
    times: tuple[float, ...]
    max_side: int


class Loudness(msgspec.Struct, frozen=True, tag="loudness"):
    """(time, level) after (time, level) as `numbers`; `silent` without a sound track."""

    windows: int


class Hear(msgspec.Struct, frozen=True, tag="hear"):
    rate: int
    block_s: float


Operation = Probe | Sample | Moments | FramesAt | Scan | KeyFrames | Looks | Stills | Loudness | Hear


# --- front → process -----------------------------------------------------------------------------------------------


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Do `operation` on the file that comes along as a descriptor, leaving out the first `skip` pieces, the last of
    which was of `after_s`.

    Without a file `path` is to be opened only for the sentence that says why that cannot be. `content` is the file's
    hash: what was opened stays open for the next order. `budget_s` is the time there is; `result` the name of the file
    to write.
    """

    number: int
    path: str
    has_file: bool
    content: str
    operation: Operation
    skip: int
    after_s: float
    limits: MediaLimits
    budget_s: float
    result: str


# --- process → front -----------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """The process is ready. `walls` are the protections that this kernel gives, `lacking` those that it does not."""

    walls: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One array of the result file, behind those before it: a picture (height, width, 3), a block of sound (samples,),
    or a JPEG (bytes,)."""

    time_s: float
    shape: tuple[int, ...]


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The order is carried out, or the next part of it: with `more` there may be pieces behind these.

    `opened` counts how often the file was opened for it. A `tired` process is to be replaced.
    """

    number: int
    info: ClipInfo
    pieces: tuple[Piece, ...] = ()
    numbers: tuple[float, ...] = ()
    silent: bool = False
    more: bool = False
    opened: int = 0
    tired: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The file cannot be used. `opening` when no operation on it can succeed; `late` when the time was up."""

    number: int
    failed: Failed
    opening: bool = False
    late: bool = False
    opened: int = 0
    tired: bool = False


class Unable(msgspec.Struct, frozen=True, kw_only=True, tag="unable"):
    """The process can read nothing at all."""

    failed: Failed


Reply = Hello | Done | Refused | Unable


# --- front → whoever asked -----------------------------------------------------------------------------------------


class Decoded(msgspec.Struct, frozen=True, kw_only=True, tag="decoded"):
    """A result. `path` is the file of its pieces, which may be gone by the time that it is opened: then ask again."""

    info: ClipInfo
    path: str = ""
    pieces: tuple[Piece, ...] = ()
    numbers: tuple[float, ...] = ()
    silent: bool = False
    more: bool = False


_encoder = msgspec.msgpack.Encoder()
_orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
LENGTH = 4  # bytes before each message that say how long it is


def packed(message: Order | Reply) -> bytes:
    """The message behind its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


def order(body: bytes) -> Order:
    return _orders.decode(body)


def reply(body: bytes) -> Reply:
    """Raises `msgspec.MsgspecError` for what is none."""
    return _replies.decode(body)


def key_of(operation: Operation) -> bytes:
    """The same bytes for the same operation."""
    return _encoder.encode(operation)
