"""The two sides of the door: what the application offers to adapters, and what an adapter offers to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.base.accounts import Holdings, Usage
from adapters.base.asking import Author, GenerateCommand, Message, ModelOption, Place, RemakeCommand, Wants
from adapters.base.cases import Case
from adapters.base.errors import AdapterError
from adapters.base.views import Exchange, Reply


class Handler(Protocol):
    """What the application offers to everyone, on every platform.

    `message`, `generate` and `remake` return the request id as soon as the request is accepted; what goes wrong later,
    refusals included, is shown in the reply.
    """

    async def message(self, message: Message, reply: Reply) -> str:
        """Take a question. Returns the request id. The reply is fed until its state is final."""

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        """Take a `/generate`. Returns the request id."""

    async def remake(self, command: RemakeCommand, reply: Reply) -> str:
        """Make an earlier video again, changed. Returns the new request's id."""

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        """Why `author` may not ask for that here and now, as a sentence; empty when they may.

        For adapters that can say it privately before anything is posted. The same is checked again later.
        """

    def models(self, wants: Wants) -> Sequence[ModelOption]:
        """The models to choose from, the default one first."""

    # --- what is asked already

    async def cancel(self, request: str, author: Author) -> bool:
        """Cancel for the one who asked, or for a moderator. False when there is nothing (left) to cancel."""

    async def erase(self, request: str, author: Author, place: Place) -> bool:
        """Cancel a request and delete all that is kept of it, for the one who asked or for a moderator of its place.

        `place` is where they act from. The caller removes its messages. False when that is not theirs to do, or the
        request is gone already.
        """

    async def look_up(self, request: str) -> Exchange | None:
        """One exchange; None when it is forgotten."""

    async def find(self, platform: str, event_id: str) -> Exchange | None:
        """The exchange that a platform's event began; None when there is none."""

    async def waiting(self, platform: str, author: Author) -> Sequence[Exchange]:
        """What `author` has asked for, anywhere on this platform, and not got yet, oldest first."""

    async def usage(self, author: Author, place: Place) -> Sequence[Usage]:
        """What `author` has used of their quotas here; only quotas with a limit."""

    async def appeal(self, request: str, author: Author, words: str) -> Case:
        """Ask moderators to look at a block, for the one who was blocked. Raises `Refusal`."""

    async def report(self, request: str, author: Author, words: str) -> Case:
        """Tell moderators about an answer. Raises `Refusal`."""

    # --- what is kept

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        """The latest exchanges of a conversation, oldest first. Unfinished ones carry their current view."""

    async def forget(self, place: Place) -> None:
        """Drop the conversation of this place: turns, clips and made videos."""

    async def holdings(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        """What is kept of `author` in the conversation of `place`, or everywhere on the platform.

        With `EVERY_THREAD` as its thread it is the place's channel with all its threads: not every platform can tell
        in which of them somebody asks for that.
        """

    async def forget_me(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        """Cancel and delete what `holdings` counts; their names in the audit too. Returns what was deleted."""

    async def communities(self, platform: str) -> Sequence[str]:
        """The communities of which anything is kept."""

    async def community_left(self, platform: str, community: str) -> None:
        """Delete everything of a community that removed the bot: conversations, files, settings, rules, cases."""

    # --- the connection

    def reconnected(self, platform: str) -> None:
        """The connection to a platform has come (back): what could not be delivered there is tried again at once.

        To be called whenever that happens, however often; returns at once and raises nothing.
        """


class Adapter(Protocol):
    """A platform."""

    name: str

    async def start(self, handler: Handler) -> None:
        """Connect and begin to hand over messages."""

    async def restore(self, ref: str) -> Reply | None:
        """Find the message of an unfinished request again; None when it is gone. Raises what may pass."""

    async def post_case(self, channel: str, case: Case) -> str:
        """Post a case's card for the moderators. Returns the card's ref. Raises `DeliveryError`."""

    async def redraw_case(self, case: Case) -> None:
        """Make the card at `case.ref` look like the case. Raises `DeliveryError`."""

    async def remove(self, ref: str) -> None:
        """Take the messages of a reply away; those that are gone already are fine. Raises `DeliveryError`."""

    async def tell(self, author: Author, text: str) -> bool:
        """Say something to one person alone. False when they cannot be reached."""

    def trouble(self) -> str:
        """Why nothing is heard from the platform now, as a sentence for the operator; empty while all is well."""

    async def ended(self) -> AdapterError:
        """Wait until the platform can't be served any more, whatever is tried. Returns why, for the operator.

        A stop is no such end: then this goes on waiting.
        """

    async def stop(self) -> None:
        """Take no more messages, deliver what is pending, disconnect."""
