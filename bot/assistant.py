"""The application's front door: admits requests, runs each one to exactly one end, and survives restarts.

It implements `adapters.base.Handler`. The flows themselves live in `answering.py` and `making.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import msgspec

from adapters.base import (
    Adapter,
    Attachment,
    AttachmentError,
    Author,
    Exchange,
    GenerateCommand,
    Message,
    Place,
    Reply,
    Scope,
    State,
    View,
)
from bot.answering import Answering, remembered
from bot.errand import Errand
from bot.errors import Blocked, BotError, Interrupted, NotPermitted
from bot.files import Shelf
from bot.making import Making, Wish
from bot.safety import Safety
from bot.stage import Stage
from bot.store import NewRequest, NewTurn, Request, RequestState, Store, StoreError
from engine.errors import EngineError, JobCancelled

log = logging.getLogger(__name__)

Who = Literal["everyone", "admins", "nobody"]
MOST_ATTEMPTS = 3  # of one request over restarts of the bot; a request that keeps killing it is given up


@dataclass(frozen=True)
class Permissions:
    """Who may ask, and who may have videos made. The one never implies the other."""

    ask: Who = "everyone"
    generate: Who = "everyone"

    def allow(self, who: Who, author: Author) -> bool:
        return who == "everyone" or (who == "admins" and author.is_admin)


@dataclass
class _Active:
    request: Request
    author: Author
    stage: Stage
    work: asyncio.Task[None] = field(init=False)  # the flow; cancelled by whoever cancels the request
    end: asyncio.Task[None] = field(init=False)  # waits for the flow and gives the request its one end
    turns: list[NewTurn] = field(default_factory=list)
    cancelled: bool = False


class Assistant:
    """Takes messages and commands from every adapter."""

    def __init__(
        self,
        *,
        store: Store,
        safety: Safety,
        shelf: Shelf,
        answering: Answering,
        making: Making,
        permissions: Permissions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._safety = safety
        self._shelf = shelf
        self._answering = answering
        self._making = making
        self._permissions = permissions
        self._clock = clock
        self._active: dict[str, _Active] = {}
        self._redeliveries: set[asyncio.Task[None]] = set()

    # --- Handler ------------------------------------------------------------------------------------------------

    async def message(self, message: Message, reply: Reply) -> str:
        """Take a question. Returns the request id, the earlier one's if this event was seen before."""
        new = _new_request(
            "ask", message, reply, message.text, {"attachments": [item.name for item in message.attachments]}
        )
        return await self._admit(new, message.author, reply, message.attachments)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        """Take a `/generate`. Returns the request id, the earlier one's if this event was seen before."""
        wish = Wish(
            prompt=command.prompt,
            avoid=command.avoid,
            seed=command.seed,
            seconds=command.seconds,
            width=command.width,
            height=command.height,
        )
        new = _new_request("generate", command, reply, command.prompt, {"wish": asdict(wish)})
        return await self._admit(new, command.author, reply, ())

    async def cancel(self, request: str, author: Author) -> bool:
        """Cancel for the one who asked, or for an admin of the place."""
        active = self._active.get(request)
        if active is None or active.work.done() or not (author.id == active.author.id or author.is_admin):
            return False
        active.cancelled = True
        active.work.cancel()
        return True

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        """The latest exchanges, oldest first."""
        return [self._exchange(request) for request in await self._store.history(place.conversation, limit)]

    async def forget(self, place: Place) -> None:
        """Drop the conversation: what runs is cancelled, then turns, clips, videos and texts are deleted."""
        going = [active for active in self._active.values() if active.request.conversation == place.conversation]
        for active in going:
            active.cancelled = True
            active.work.cancel()
        await asyncio.gather(*(active.end for active in going), return_exceptions=True)
        await self._shelf.remove((await self._store.forget(place.conversation)).paths)

    # --- life ---------------------------------------------------------------------------------------------------

    async def resume(self, adapters: Mapping[str, Adapter]) -> None:
        """Go on with what an earlier process left: deliver what was finished, run what was not."""
        for request in await self._store.undelivered(list(adapters)):
            task = asyncio.create_task(self._redeliver(request, adapters[request.platform]))
            self._redeliveries.add(task)
            task.add_done_callback(self._redeliveries.discard)
        for request in await self._store.unfinished(list(adapters)):
            try:
                reply = await adapters[request.platform].restore(request.reply_ref)
            except Exception:
                log.exception("request %s: its message could not be found; it waits for the next start", request.id)
                continue
            if reply is None:
                view = View(request=request.id, state=State.FAILED, code="interrupted")
                await self._store.finish(request.id, RequestState.FAILED, msgspec.to_builtins(view))
                continue
            author = Author(request.author_id, request.author_name, bool(request.params.get("is_admin")))
            self._begin(request, author, reply, ())

    async def drain(self, grace_s: float) -> None:
        """Let what ends within the grace end, and leave the rest to the next start."""
        going, late = list(self._active.values()), list(self._redeliveries)
        waited = [*(active.end for active in going), *late]
        if not waited:
            return
        await asyncio.wait(waited, timeout=grace_s)
        for task in [*(active.work for active in going), *late]:
            task.cancel()
        await asyncio.wait(waited)

    async def _redeliver(self, request: Request, adapter: Adapter) -> None:
        """Show an answer that an earlier process could not; what fails again waits for the next start."""
        try:
            reply = await adapter.restore(request.reply_ref)
            if reply is not None and request.view is not None:
                await reply.show(msgspec.convert(request.view, View))
            await self._store.delivered(request.id)
        except Exception:
            log.exception("request %s: its answer could not be delivered again", request.id)

    # --- one request --------------------------------------------------------------------------------------------

    async def _admit(self, new: NewRequest, author: Author, reply: Reply, attachments: Sequence[Attachment]) -> str:
        try:
            request = await self._store.accept(new)
            seen = await self._store.find(new.platform, new.event_id) if request is None else None
        except StoreError as error:
            log.error("a request was refused, the store does not answer: %s", error)
            await reply.show(View(request="", state=State.FAILED, notice=str(error), code=error.code))
            return ""
        if request is None:
            return seen.id if seen is not None else ""
        self._begin(request, author, reply, attachments)
        return request.id

    def _begin(self, request: Request, author: Author, reply: Reply, attachments: Sequence[Attachment]) -> None:
        stage = Stage(request.id, reply, clock=self._clock)
        active = _Active(request, author, stage)
        active.work = asyncio.create_task(self._work(active, attachments), name=f"work {request.id}")
        self._active[request.id] = active
        active.end = asyncio.create_task(self._see_through(active), name=f"request {request.id}")

    async def _work(self, active: _Active, attachments: Sequence[Attachment]) -> None:
        """Run the flow of a request. Its stage then holds what to show, and `active.turns` what to remember."""
        request, author, stage = active.request, active.author, active.stage
        attempts = await self._store.claim(request.id)
        if attempts is None:
            raise JobCancelled("This was over already.")
        if attempts > MOST_ATTEMPTS:
            raise Interrupted("It failed several times on this request, so I stopped. Others are not affected.")
        stage.update(status="One moment …")
        place = _place(request)
        scope = Scope(place.platform, place.community, place.channel)
        policy = await self._safety.policy(scope)
        errand = Errand(request, author, place, stage, policy, self._safety, turns=active.turns)
        may_generate = self._permissions.allow(self._permissions.generate, author)
        flow: Coroutine[Any, Any, None]
        if request.kind == "ask":
            flow = self._ask(errand, attachments, may_generate=may_generate)
        else:
            flow = self._make(errand, may_generate=may_generate)
        try:
            await flow
        finally:
            stage.update(footer=" | ".join(errand.footers), seconds=errand.seconds or None)

    async def _ask(self, errand: Errand, attachments: Sequence[Attachment], *, may_generate: bool) -> None:
        if not self._permissions.allow(self._permissions.ask, errand.author):
            raise NotPermitted("I'm not allowed to answer you in this place. Its admins can change that.")
        clips: Sequence[Any] = errand.request.clips
        if not clips and attachments:
            clips = await self._answering.fetch(errand, attachments)
        elif not clips and errand.request.params.get("attachments"):
            raise Interrupted("I was restarted before I had fetched your file. Please send it again.")
        await self._answering.answer(errand, clips, may_generate=may_generate)

    async def _make(self, errand: Errand, *, may_generate: bool) -> None:
        if not may_generate:
            raise NotPermitted("Making videos is not allowed for you in this place. Its admins can change that.")
        made = await self._making.make(errand, Wish(**errand.request.params["wish"]))
        errand.turns.append(NewTurn(role="user", text=f"/generate {made.prompt}"))
        errand.turns.append(remembered("", [made]))

    async def _see_through(self, active: _Active) -> None:
        """Wait for the work and give the request its one end: stored first, then shown, then marked as shown."""
        stage, request = active.stage, active.request
        try:
            state, view = await self._outcome(active)
            if state is None:
                await stage.leave("I'm being restarted; your request goes on in a moment.")
                return
            try:
                ended = await self._store.finish(request.id, state, msgspec.to_builtins(view), active.turns)
            except StoreError:
                log.exception("request %s: its end could not be stored", request.id)
                ended = True
            log.info("request %s (%s, %s): %s %s", request.id, request.platform, request.kind, state, view.code)
            if ended and await stage.finish(view):
                with suppress(StoreError):
                    await self._store.delivered(request.id)
        except Exception:
            log.exception("request %s: broke at its very end", request.id)
        finally:
            await stage.close()
            self._active.pop(request.id, None)

    async def _outcome(self, active: _Active) -> tuple[RequestState | None, View]:
        """The state to store (None: interrupted by a shutdown, to be resumed) and the last view."""
        stage, code = active.stage, ""
        try:
            await active.work
            state, shown, notice = RequestState.DONE, State.DONE, stage.view.notice
        except asyncio.CancelledError:
            if not active.cancelled:
                return None, stage.view
            state, shown, notice, code = RequestState.CANCELLED, State.CANCELLED, "Cancelled.", "cancelled"
        except Blocked as error:
            state, shown, notice, code = RequestState.BLOCKED, State.BLOCKED, str(error), error.code
        except (BotError, EngineError, StoreError, AttachmentError) as error:
            code = getattr(error, "code", "attachment")
            state, shown, notice = RequestState.FAILED, State.FAILED, str(error)
        except Exception:
            log.exception("request %s failed", active.request.id)
            state, shown, code = RequestState.FAILED, State.FAILED, "internal"
            notice = f"Something broke on my side. Try again, or give the operator this number: {active.request.id}."
        view = replace(
            stage.view, state=shown, notice=notice, code=code, status="", queue=None, bar=None, can_cancel=False
        )
        return state, view

    def _exchange(self, request: Request) -> Exchange:
        active = self._active.get(request.id)
        if active is not None:
            view = active.stage.view
        elif request.view is not None:
            view = msgspec.convert(request.view, View)
        else:
            view = View(request=request.id, state=State.WORKING)
        return Exchange(
            request=request.id,
            author=Author(request.author_id, request.author_name),
            text=request.text if request.kind == "ask" else f"/generate {request.text}",
            attachments=tuple(request.params.get("attachments", ())),
            asked_at=request.created_at,
            view=view,
        )


def _new_request(
    kind: Literal["ask", "generate"],
    asked: Message | GenerateCommand,
    reply: Reply,
    text: str,
    params: Mapping[str, Any],
) -> NewRequest:
    place = asked.place
    return NewRequest(
        event_id=asked.event_id,
        kind=kind,
        platform=place.platform,
        community=place.community,
        channel=place.channel,
        thread=place.thread,
        conversation=place.conversation,
        author_id=asked.author.id,
        author_name=asked.author.name,
        text=text,
        params={
            **params,
            "is_admin": asked.author.is_admin,
            "private": place.private,
            "age_restricted": place.age_restricted,
            "upload_limit": place.upload_limit,
        },
        reply_ref=reply.ref,
    )


def _place(request: Request) -> Place:
    return Place(
        platform=request.platform,
        community=request.community,
        channel=request.channel,
        thread=request.thread,
        private=request.params["private"],
        age_restricted=request.params["age_restricted"],
        upload_limit=request.params["upload_limit"],
    )
