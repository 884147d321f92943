"""The application's front door: what everyone may ask for, on every platform.

It implements `adapters.base.Handler` and passes everything on: to `running.py` what has to be done, to `answering.py`
and `making.py` how, to `keeping.py` and `cases.py` what becomes of it later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from adapters.base import (
    Adapter,
    Attachment,
    Author,
    Case,
    Exchange,
    GenerateCommand,
    Holdings,
    Message,
    ModelOption,
    Place,
    RemakeCommand,
    Reply,
    State,
    Usage,
    View,
    Wants,
)
from bot.access import Access
from bot.answering import Answering, remembered
from bot.cases import Cases
from bot.errand import Errand
from bot.errors import BadInput
from bot.evidence import Evidence
from bot.files import Shelf
from bot.keeping import Keeping
from bot.making import Making, Wish
from bot.pauses import Pauses
from bot.remaking import Remaking, new_wish
from bot.requests import exchange_of, new_request, quoted_out
from bot.running import MOST_ATTEMPTS, NOT_TAKEN, Running
from bot.safety import Safety
from bot.store import NewTurn, Request, Store, StoreError
from engine import Engine
from engine.types import Role

__all__ = ["MOST_ATTEMPTS", "Assistant"]

LONGEST_TEXT = 8_000  # characters of a question or a prompt, as on the page


class Assistant:
    """Takes messages and commands from every adapter. `cases` is for the moderators' desk, `keeping` for retention."""

    def __init__(
        self,
        *,
        store: Store,
        engine: Engine,
        safety: Safety,
        shelf: Shelf,
        access: Access,
        answering: Answering,
        making: Making,
        clock: Callable[[], float] = time.monotonic,
        late: Pauses | None = None,
        away: Pauses | None = None,
        witness: Callable[[datetime], None] = lambda at: None,
    ) -> None:
        """The pauses: `late` between tries to show an answer, `away` between tries of a database that is. `witness` is
        told what time it is at least, by a platform's clock."""
        self._witness = witness
        self._store = store
        self._engine = engine
        self._access = access
        self._answering = answering
        self._making = making
        self._adapters: dict[str, Adapter] = {}
        evidence = Evidence(engine, shelf)
        self._running = Running(
            self._flow,
            store=store,
            safety=safety,
            access=access,
            evidence=evidence,
            clock=clock,
            late=late,
            away=away,
        )
        self.keeping = Keeping(store, shelf, self._running, self._adapters)
        self._remaking = Remaking(store, making.defaults)
        self.cases = Cases(
            store=store,
            safety=safety,
            access=access,
            evidence=evidence,
            running=self._running,
            keeping=self.keeping,
            adapters=self._adapters,
        )

    # --- asking -------------------------------------------------------------------------------------------------

    async def message(self, message: Message, reply: Reply) -> str:
        """Take a question. Returns the request id, the earlier one's if this event was seen before."""
        if message.posted_at is not None:
            self._witness(message.posted_at)
        params = {
            "attachments": [item.name for item in message.attachments],
            "chain": quoted_out(message.chain),
        }
        new = new_request("ask", message, reply.ref, message.text, params)
        if message.replaces:
            try:
                with self._running.asking(reply):
                    await self.keeping.replace(message.place.platform, message.replaces, message.author)
            except StoreError as error:
                return await _refuse(reply, NOT_TAKEN, error.code)
        return await self._running.accept(new, message.author, reply, message.attachments)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        """Take a `/generate`. Returns the request id, the earlier one's if this event was seen before."""
        wish = new_wish(
            command.prompt,
            avoid=command.avoid,
            seed=command.seed,
            seconds=command.seconds,
            width=command.width,
            height=command.height,
            model=command.model,
        )
        params = {"wish": wish, "attachments": [item.name for item in command.attachments]}
        new = new_request("generate", command, reply.ref, command.prompt, params)
        return await self._running.accept(new, command.author, reply, command.attachments)

    async def remake(self, command: RemakeCommand, reply: Reply) -> str:
        """Make an earlier video again, changed. Returns the new request's id; empty when the reply says why not."""
        try:
            with self._running.asking(reply):
                remade = await self._remaking.remade(command)
        except BadInput as error:
            return await _refuse(reply, str(error), error.code)
        except StoreError as error:
            return await _refuse(reply, NOT_TAKEN, error.code)
        params = {"wish": asdict(remade.wish), **remade.params}
        new = new_request("generate", command, reply.ref, remade.wish.prompt, params)
        return await self._running.accept(new, command.author, reply, ())

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        """Why `author` may not ask for that here and now, as a sentence; empty when they may."""
        return await self._access.refusal(author, place, wants)

    def models(self, wants: Wants) -> Sequence[ModelOption]:
        """The loaded models, the default one first; none before the engine has started."""
        role = Role.GENERATION if wants is Wants.GENERATE else Role.UNDERSTANDING
        return [ModelOption(card.backend, card.name) for card in self._engine.cards if card.role is role]

    # --- what is asked already ----------------------------------------------------------------------------------

    async def cancel(self, request: str, author: Author) -> bool:
        """Cancel for the one who asked, or for a moderator."""
        asker = self._running.asker(request)
        if asker is None or not (author.id == asker.id or author.is_moderator or author.is_admin):
            return False
        self._running.cancel(request)
        return True

    async def erase(self, request: str, author: Author, place: Place) -> bool:
        """Cancel a request and delete all that is kept of it, for who asked or for a moderator of its community."""
        return await self.keeping.erase_for(request, author, place)

    async def look_up(self, request: str) -> Exchange | None:
        """One exchange; None when it is forgotten."""
        found = await self._store.request(request)
        return self._exchange(found) if found is not None else None

    async def find(self, platform: str, event_id: str) -> Exchange | None:
        """The exchange that a platform's event began; None when there is none."""
        found = await self._store.find(platform, event_id)
        return self._exchange(found) if found is not None else None

    async def waiting(self, platform: str, author: Author) -> Sequence[Exchange]:
        """What `author` has asked for, anywhere on this platform, and not got yet, oldest first."""
        return [self._exchange(request) for request in await self._store.waiting(platform, author.id)]

    async def usage(self, author: Author, place: Place) -> Sequence[Usage]:
        """What `author` has used of their quotas here; only quotas with a limit."""
        return await self._access.usage(author, place)

    async def appeal(self, request: str, author: Author, words: str) -> Case:
        """Ask moderators to look at a block, for the one who was blocked. Raises `Refusal`."""
        return await self.cases.appeal(request, author, words)

    async def report(self, request: str, author: Author, words: str) -> Case:
        """Tell moderators about an answer. Raises `Refusal`."""
        return await self.cases.report(request, author, words)

    # --- what is kept -------------------------------------------------------------------------------------------

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        """The latest exchanges, oldest first."""
        return [self._exchange(request) for request in await self._store.history(place.conversation, limit)]

    async def forget(self, place: Place) -> None:
        """Drop the conversation: what runs is cancelled, then turns, clips, videos and texts are deleted."""
        await self.keeping.forget(place)

    async def holdings(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        """What is kept of `author` in the conversation of `place`, or everywhere on the platform."""
        return await self.keeping.holdings(platform, author, place)

    async def forget_me(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        """Cancel and delete what `holdings` counts. Returns what was deleted."""
        return await self.keeping.forget_author(platform, author, place)

    async def communities(self, platform: str) -> Sequence[str]:
        """The communities of which anything is kept."""
        return await self._store.communities(platform)

    async def community_left(self, platform: str, community: str) -> None:
        """Delete everything of a community that removed the bot."""
        await self.keeping.forget_community(platform, community)

    def reconnected(self, platform: str) -> None:
        """Try again at once what could not be delivered there."""
        self._running.reconnected(platform)
        self.cases.resume()

    # --- life ---------------------------------------------------------------------------------------------------

    async def resume(self, adapters: Mapping[str, Adapter]) -> None:
        """Go on with what an earlier process left: answers, requests, rulings and cards."""
        self._adapters.update(adapters)
        await self._running.resume(adapters)
        self.cases.resume()

    async def drain(self, grace_s: float) -> None:
        """Let what ends within the grace end, and leave the rest to the next start."""
        await asyncio.gather(self._running.drain(grace_s), self.cases.drain(grace_s))

    # --- one request --------------------------------------------------------------------------------------------

    async def _flow(self, errand: Errand, attachments: Sequence[Attachment]) -> None:
        _check_length(errand)
        if errand.request.kind == "ask":
            await self._answering.answer(errand, attachments)
        else:
            await self._make(errand, attachments)

    async def _make(self, errand: Errand, attachments: Sequence[Attachment]) -> None:
        """A `/generate`: from words, from a clip, or from both.

        A model that animates begins with the clip's first frame, and needs words only for what happens then. For others
        the clip is put into words.
        """
        await errand.admit(Wants.GENERATE)
        wish = Wish(**errand.request.params["wish"])
        self._making.check(wish)
        clips = await self._answering.look_at(errand, attachments)
        words = wish.prompt.strip().rstrip(".")
        if clips and not wish.described and not (words and await self._making.animates(errand, wish)):
            described = await self._answering.describe(errand, clips)
            if described:
                wish = replace(wish, prompt=f"{words}. {described}" if words else described)
        earlier = await self._remaking.earlier(wish, errand.place)
        made = await self._making.make(errand, wish, picture=clips[0] if clips else None, earlier=earlier)
        errand.turns.append(NewTurn(role="user", text=f"/generate {made.prompt}", clips=clips))
        errand.turns.append(remembered("", [made]))

    def _exchange(self, request: Request) -> Exchange:
        return exchange_of(request, self._running.view(request))


def _check_length(errand: Errand) -> None:
    """Slack takes messages of 40,000 characters; checking one would keep everybody waiting. Raises `BadInput`."""
    avoid = errand.request.params["wish"]["avoid"] if "wish" in errand.request.params else ""
    length = max(len(errand.request.text), len(avoid))
    if length > LONGEST_TEXT:
        raise BadInput(
            f"That is {length:,} characters long; I take up to {LONGEST_TEXT:,}. Shorten it and send it again."
        )


async def _refuse(reply: Reply, notice: str, code: str) -> str:
    """Say why no request came of something."""
    await reply.show(View(request="", state=State.FAILED, notice=notice, code=code))
    return ""
