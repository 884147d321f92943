"""What people see of a request: one immutable view after another, drawn natively by each adapter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from adapters.base.asking import Author, Place


class State(StrEnum):
    """What a reply is, as people see it."""

    WAITING = "waiting"  # in the queue
    WORKING = "working"  # being checked, watched, answered or rendered
    DONE = "done"
    BLOCKED = "blocked"  # a safety decision; `notice` says which
    CANCELLED = "cancelled"
    FAILED = "failed"  # `notice` says what happened and what to do next

    @property
    def final(self) -> bool:
        return self not in (State.WAITING, State.WORKING)


@dataclass(frozen=True)
class QueueSpot:
    """`position` 1 is next. `eta_s` is seconds until the start, measured, or None while nothing was measured yet."""

    position: int
    eta_s: float | None = None


@dataclass(frozen=True)
class Bar:
    """Progress: `step` of `total`; `eta_s` seconds left, None at first."""

    step: int
    total: int
    label: str = ""
    eta_s: float | None = None


@dataclass(frozen=True)
class Still:
    """A frame that the model looked at: a JPEG on this machine's disk, and its time in the clip."""

    path: str
    time_s: float
    clip: int = 0


@dataclass(frozen=True)
class MadeVideo:
    """A checked, finished MP4 on this machine's disk."""

    path: str
    prompt: str
    seed: int
    width: int
    height: int
    seconds: float
    frames: int = 0
    fps: float = 0.0
    model: str = ""
    begins: str = ""  # the name of the posted picture or clip that it begins with


@dataclass(frozen=True)
class Chip:
    """One safety verdict, small enough to show: `category` scored `score` against `threshold`.

    `where` is "question", "clip", "speech" (what is said in a clip), "screen" (what can be read in it, as the answer
    quotes it), "answer", "prompt" or "video"; `action` is "allow", "warn" or "block".
    """

    category: str
    score: float
    threshold: float
    action: str
    where: str
    time_s: float | None = None


@dataclass(frozen=True)
class View:
    """What the one message of a request should look like right now. Views replace each other; the newest wins."""

    request: str
    state: State
    text: str = ""
    status: str = ""  # one line about what is going on: "Watching bikes.mp4 (0:10) …"
    notice: str = ""  # why it is blocked, failed or cancelled, and what to do next
    queue: QueueSpot | None = None
    bar: Bar | None = None
    stills: tuple[Still, ...] = ()
    videos: tuple[MadeVideo, ...] = ()
    chips: tuple[Chip, ...] = ()
    not_covered: tuple[str, ...] = ()  # categories that no guard scored
    unread: tuple[str, ...] = ()  # those of them that are so only because no guard knows the language
    footer: str = ""
    model: str = ""  # the model that answered, as the footer names it
    seconds: float | None = None  # spent by the models on this answer
    code: str = ""  # machine-readable reason of a blocked, failed or cancelled state, for operators and scripts
    can_cancel: bool = False
    can_appeal: bool = False  # blocked by a score, so a moderator can look at it


class Reply(Protocol):
    """The one message that a request lives in."""

    @property
    def ref(self) -> str:
        """Enough for the adapter to find the message again after a restart (`Adapter.restore`)."""

    async def show(self, view: View) -> None:
        """Make the message look like `view`. May coalesce; a view whose state is final is never dropped.

        Raises `DeliveryError` only for a final view that could not be delivered."""


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, for an adapter that has to redraw a conversation."""

    request: str
    author: Author
    text: str
    attachments: tuple[str, ...]  # names
    asked_at: datetime
    view: View
    place: Place | None = None
    kind: Literal["ask", "generate"] = "ask"
    ref: str = ""  # of its reply, for `Adapter.restore`
