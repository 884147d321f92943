"""What moderators rule on: appeals against blocks, reports about answers, and what follows from a ruling.

A ruling is stored before anything follows from it, and every consequence may be begun twice, so that a start of the bot
can finish what a crash interrupted. How a card looks is the adapters' matter.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from adapters.base import (
    Adapter,
    Author,
    Case,
    CaseKind,
    CaseState,
    Chip,
    DeliveryError,
    MadeVideo,
    Place,
    Refusal,
    Scope,
    State,
    Still,
)
from bot.access import Access
from bot.clips import REUSED
from bot.evidence import Evidence
from bot.keeping import Keeping
from bot.requests import author_of, place_of, view_of
from bot.running import PARDONS, Running
from bot.safety import Safety
from bot.store import CaseRow, NewCase, NewRequest, Request, Store
from bot.store.errors import RequestGone
from bot.words import shorten

log = logging.getLogger(__name__)

EXCERPT = 500  # characters of what was judged, for moderators
ASKED = 80  # characters of their own words, for the one who appealed: never of what was blocked
LONGEST_WORDS = 1000  # characters that somebody may say about it
FITTING = {
    CaseKind.APPEAL: (CaseState.UPHELD, CaseState.OVERTURNED),
    CaseKind.REPORT: (CaseState.REMOVED, CaseState.KEPT),
}
_CHOICE = {
    CaseKind.APPEAL: "An appeal is either upheld or overturned.",
    CaseKind.REPORT: "After a report the answer is either removed or kept.",
}
_RULED = "Somebody has ruled on this case already, and a ruling is final."
FORGOTTEN = "That was deleted meanwhile, so there is nothing left to look at."


class Cases:
    """Opens cases, shows them to moderators, does what they rule. `adapters` are the platforms that run, by name."""

    def __init__(
        self,
        *,
        store: Store,
        safety: Safety,
        access: Access,
        evidence: Evidence,
        running: Running,
        keeping: Keeping,
        adapters: Mapping[str, Adapter],
    ) -> None:
        self._store = store
        self._safety = safety
        self._access = access
        self._evidence = evidence
        self._running = running
        self._keeping = keeping
        self._adapters = adapters
        self._posting: set[str] = set()
        self._concluding: set[str] = set()  # what this process is about to do for rulings, not to be done twice
        self._catching_up: asyncio.Task[None] | None = None

    # --- opening ------------------------------------------------------------------------------------------------

    async def appeal(self, request_id: str, author: Author, words: str) -> Case:
        """Ask moderators to look at a block. Raises `Refusal` for anybody but the one who was blocked by a score."""
        request = await self._known(request_id)
        view = view_of(request)
        if author.id != request.author_id:
            raise Refusal("Only the person who was blocked can ask moderators to look at it.")
        if view.state is not State.BLOCKED or not view.can_appeal:
            raise Refusal("There is no block here that a moderator could look at.")
        blocking = (chip for chip in view.chips if chip.action == "block")
        chips = sorted(blocking, key=lambda chip: chip.threshold - chip.score)
        frame = next((chip for chip in chips if chip.time_s is not None), None)
        snapshot = {
            "chips": msgspec.to_builtins(chips),
            "excerpt": shorten(await self._evidence.words(request.id) or request.text, EXCERPT),
            "still": msgspec.to_builtins(await self._evidence.still(request.id, frame.time_s if frame else None)),
            "videos": [],
        }
        return await self._open(CaseKind.APPEAL, request, author, words, snapshot)

    async def report(self, request_id: str, author: Author, words: str) -> Case:
        """Tell moderators about an answer that is shown. Raises `Refusal` while, or when, there is none."""
        request = await self._known(request_id)
        view = view_of(request)
        if not view.state.final:
            raise Refusal("It is still being worked on. Report it once it is finished.")
        if not view.text and not view.videos:
            raise Refusal("There is no answer here to report.")
        if place_of(request).private:
            raise Refusal("There are no moderators in a private conversation. Delete the answer, or forget it all.")
        snapshot = {
            "chips": msgspec.to_builtins(view.chips),
            "excerpt": shorten(view.text or request.text, EXCERPT),
            "still": None,
            "videos": msgspec.to_builtins(view.videos),
        }
        return await self._open(CaseKind.REPORT, request, author, words, snapshot)

    async def _known(self, request_id: str) -> Request:
        request = await self._store.request(request_id)
        if request is None:
            raise Refusal(FORGOTTEN)
        return request

    async def _open(
        self, kind: CaseKind, request: Request, author: Author, words: str, snapshot: Mapping[str, Any]
    ) -> Case:
        place = place_of(request)
        new = NewCase(
            kind=kind.value,
            request=request.id,
            platform=request.platform,
            community=request.community,
            channel=request.channel,
            thread=request.thread,
            author_id=author.id,
            author_name=author.name,
            asker_id=request.author_id,
            asker_name=request.author_name,
            words=words.strip()[:LONGEST_WORDS],
            snapshot={
                **snapshot,
                "asked": shorten(request.text, ASKED),
                "age_restricted": place.age_restricted,
                "upload_limit": place.upload_limit,
            },
        )
        try:
            row, is_new = await self._store.open_case(new)
        except RequestGone as error:
            raise Refusal(FORGOTTEN) from error
        if row.state != CaseState.OPEN:
            raise Refusal("Moderators have ruled on this already, and a ruling is final.")
        if is_new:
            await self._post(row)
        return await self._case(await self._store.case(row.id) or row)

    # --- the cards ----------------------------------------------------------------------------------------------

    async def _post(self, row: CaseRow) -> None:
        """Show a case to the moderators. What fails is tried again at the next start, and when a channel is chosen."""
        adapter = self._adapters.get(row.platform)
        if adapter is None or row.id in self._posting:
            return
        self._posting.add(row.id)
        try:
            settings = await self._access.settings(row.platform, row.community)
            if settings.moderator_channel:
                ref = await adapter.post_case(settings.moderator_channel, await self._case(row))
                await self._store.note_card(row.id, ref)
        except DeliveryError as error:
            log.warning("case %s could not be posted for the moderators: %s", row.id, error)
        except Exception:
            log.exception("case %s could not be posted for the moderators", row.id)
        finally:
            self._posting.discard(row.id)

    async def post_waiting(self, platform: str, community: str) -> None:
        """Show the open cases that have waited for a moderator channel."""
        for row in await self._store.cards_missing([platform]):
            if row.community == community:
                await self._post(row)

    async def _redraw(self, case: Case) -> None:
        adapter = self._adapters.get(case.place.platform)
        if adapter is None or not case.ref:
            return
        try:
            await adapter.redraw_case(case)
        except DeliveryError as error:
            log.warning("the card of case %s could not be redrawn: %s", case.id, error)
        except Exception:
            log.exception("the card of case %s could not be redrawn", case.id)

    # --- ruling -------------------------------------------------------------------------------------------------

    async def list(self, scope: Scope, open_only: bool = True, limit: int = 25) -> Sequence[Case]:
        """A community's cases, newest first."""
        rows = await self._store.cases(scope.platform, scope.community, open_only=open_only, limit=limit)
        return [await self._case(row) for row in rows]

    async def rule(self, scope: Scope, author: Author, case_id: str, ruling: CaseState) -> Case:
        """Rule on a case, once, and do what follows from it.

        Raises `Refusal` when `author` is no moderator, `ValueError` with a sentence when there is nothing to rule so.
        """
        if not (author.is_moderator or author.is_admin):
            raise Refusal("Only moderators rule on cases.")
        row = await self._store.case(case_id)
        if row is None or (row.platform, row.community) != (scope.platform, scope.community):
            raise ValueError("There is no such case here any more: what it was about may have been deleted.")
        if ruling not in FITTING[CaseKind(row.kind)]:
            raise ValueError(_CHOICE[CaseKind(row.kind)])
        if case_id in self._concluding:
            raise ValueError(_RULED)
        self._concluding.add(case_id)
        try:
            ruled = await self._store.rule_case(case_id, ruling.value, by=author.id, outcome="")
            if ruled is None:
                raise ValueError(_RULED)
            return await self._conclude(ruled)
        finally:
            self._concluding.discard(case_id)

    def resume(self) -> None:
        """Finish in the background what was left: rulings without consequences, cards that are not posted."""
        if self._catching_up is not None and not self._catching_up.done():
            return
        self._catching_up = asyncio.create_task(self._catch_up(tuple(self._adapters)), name="cases")

    async def drain(self, grace_s: float) -> None:
        """Wait for that; what is not finished within the grace waits for the next start."""
        if self._catching_up is not None:
            await asyncio.wait([self._catching_up], timeout=grace_s)
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)

    async def _catch_up(self, platforms: Sequence[str]) -> None:
        try:
            for case_id in [row.id for row in await self._store.cases_unsettled(platforms)]:
                row = await self._store.case(case_id)
                if row is not None and not row.outcome and case_id not in self._concluding:
                    await self._conclude(row)
            for case_id in [row.id for row in await self._store.cards_missing(platforms)]:
                row = await self._store.case(case_id)
                if row is not None and not row.ref:
                    await self._post(row)
        except Exception:
            log.exception("the cases of an earlier time are not all taken care of; the next start tries again")

    async def _conclude(self, row: CaseRow) -> Case:
        """Do what follows from a ruling, note what came of it, and redraw the card."""
        try:
            case, outcome = await self._follow(row, await self._case(row))
            await self._store.note_outcome(row.id, outcome)
        except Exception:
            log.exception("case %s is ruled on, but what follows from it failed; the next start tries again", row.id)
            case, outcome = await self._case(row), "This is noted. What follows from it will be done at the next start."
        case = replace(case, outcome=outcome)
        await self._redraw(case)
        return case

    async def _follow(self, row: CaseRow, case: Case) -> tuple[Case, str]:
        """The case as its card may show it from now on, and the outcome."""
        match case.state:
            case CaseState.UPHELD:
                said = f"A moderator has looked at the block of {_asked(row)}, and it stays."
                return case, await self._tell(case, said)
            case CaseState.OVERTURNED:
                return case, await self._run_again(case, _asked(row))
            case CaseState.REMOVED:
                # Nothing may show any more what is deleted now.
                return replace(case, excerpt="", still=None, videos=()), await self._take_away(case)
            case _:
                return case, "The answer stays."

    async def _run_again(self, case: Case, asked: str) -> str:
        """Let the blocked request run once more in its message, with the verdicts of the case waived."""
        request = await self._store.request(case.request)
        if request is None:
            return "The request was deleted meanwhile, so nothing runs again."
        event = f"appeal-{case.id}"
        if await self._store.find(request.platform, event) is not None:
            return "It runs again."
        about = f"A moderator has overturned the block of {asked}."
        if not await asyncio.to_thread(_all_exist, request):
            told = await self._tell(case, f"{about} Your clip was deleted meanwhile: please send it again.")
            return f"The clip was deleted meanwhile. {told}"
        reply = await self._adapters[request.platform].restore(request.reply_ref)
        if reply is None:
            told = await self._tell(case, f"{about} The message for the answer is gone: please ask again.")
            return f"The message for the answer is gone. {told}"
        new = _again(request, event, case.chips)
        started = await self._running.accept(new, author_of(request), reply, ())
        return "It runs again." if started else "The request was deleted meanwhile, so nothing runs again."

    async def _take_away(self, case: Case) -> str:
        request = await self._store.request(case.request)
        if request is None:
            return "The answer was deleted already."
        outcome = "The answer was removed."
        try:
            await self._adapters[request.platform].remove(request.reply_ref)
        except DeliveryError as error:
            outcome = f"All that was kept of the answer is deleted, but its message could not be: {error}"
        await self._keeping.erase(request, keep_card=case.ref)
        return outcome

    async def _tell(self, case: Case, text: str) -> str:
        told = await self._adapters[case.place.platform].tell(case.author, text)
        return "They were told." if told else "They could not be told: they take no messages from me."

    async def _case(self, row: CaseRow) -> Case:
        """A stored case as adapters know it."""
        kept = row.snapshot
        chips = msgspec.convert(kept.get("chips", ()), tuple[Chip, ...])
        place = Place(
            row.platform,
            row.community,
            row.channel,
            row.thread,
            age_restricted=bool(kept.get("age_restricted")),
            upload_limit=int(kept.get("upload_limit", 0)) or Place.upload_limit,
        )
        suggestion = ""
        if row.state == CaseState.OVERTURNED and chips:
            suggestion = await self._suggestion(place, chips[0])
        return Case(
            id=row.id,
            kind=CaseKind(row.kind),
            state=CaseState(row.state),
            request=row.request,
            place=place,
            author=Author(row.author_id, row.author_name),
            asker=Author(row.asker_id, row.asker_name),
            at=row.at,
            words=row.words,
            excerpt=str(kept.get("excerpt", "")),
            chips=chips,
            still=msgspec.convert(kept.get("still"), Still | None),
            videos=msgspec.convert(kept.get("videos", ()), tuple[MadeVideo, ...]),
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            outcome=row.outcome,
            suggestion=suggestion,
            ref=row.ref,
        )

    async def _suggestion(self, place: Place, chip: Chip) -> str:
        scope = Scope(place.platform, place.community, place.channel)
        return await self._safety.suggestion(scope, chip.category, chip.score, age_restricted=place.age_restricted)


def _again(request: Request, event: str, waived: Sequence[Chip]) -> NewRequest:
    """The same request for the same message, with its clips and without those verdicts."""
    pardons = [*request.params.get(PARDONS, ()), *([chip.category, chip.score] for chip in waived)]
    params = {**request.params, PARDONS: pardons}
    if request.clips:
        params[REUSED] = request.id
    fields = {name: getattr(request, name) for name in NewRequest.__dataclass_fields__}
    return NewRequest(**(fields | {"event_id": event, "params": params}))


def _all_exist(request: Request) -> bool:
    return all(Path(clip.path).exists() for clip in request.clips)


def _asked(row: CaseRow) -> str:
    asked = row.snapshot.get("asked")
    return f"“{asked}”" if asked else "your request"
