"""The whole interface of the room: what outlives the process, one method for each transaction.

It speaks in the records of `bot.store.records`; it knows no platform, no model and no policy. What a transaction does
is written by theme: `life`, `choices`, `usage`, `cases`, `audit` and `forgetting`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.store import audit, cases, choices, forgetting, installations, life, moments, schema, usage
from bot.store.database import connect_database, parse_url
from bot.store.migrate import check_schema, migrate
from bot.store.patience import PatientDatabase
from bot.store.records import (
    AuditRow,
    CaseRow,
    Ceiling,
    Forgotten,
    InstallationRow,
    Kept,
    NewCase,
    NewDecision,
    NewRequest,
    NewTurn,
    NewUsage,
    Overdrawn,
    QuotaRow,
    Request,
    RequestState,
    RuleRow,
    StoredClip,
    StoredTurn,
    UsageRow,
)
from bot.store.rows import new_id


def utcnow() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class Store:
    """Everything that outlives the process. `open()` it before use and `close()` it after; both are cheap to await.

    Methods raise a `StoreError` when the database does not do what it should; within `patient` they wait for one that
    is away.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._url = url
        self._clock = clock
        self._db = PatientDatabase(connect_database(parse_url(url)))
        self._insert = self._db.insert

    def __repr__(self) -> str:
        return f"<Store {self._db!r}>"

    async def open(self, *, migrate: bool = True) -> None:
        """Bring the schema up to date, or with `migrate=False` raise `SchemaOutdated` when it is not."""
        if migrate:
            await asyncio.to_thread(_migrate, self._url)
        await self._db.read(check_schema)

    async def close(self) -> None:
        """Let the writes under way end, then disconnect."""
        await self._db.close()

    # --- the life of a request -------------------------------------------------------------------------------------

    async def accept(self, new: NewRequest) -> Request | None:
        """Store a request, once: None when this (platform, event id) was seen before."""
        now, id = self._clock(), new_id()
        if not await self._db.write(life.accept(self._insert, new, id, now), durable=True):
            return None
        fields = {field: getattr(new, field) for field in NewRequest.__dataclass_fields__}
        return Request(**fields, id=id, created_at=now)

    async def attach(self, request_id: str, clips: Sequence[StoredClip]) -> bool:
        """Note the downloaded clips of a request. False when the request is gone (forgotten): delete the files."""
        return await self._db.write(life.attach(request_id, clips))

    async def claim(self, request_id: str) -> int | None:
        """Begin to work on a request. Returns which attempt this is (1 first); None when it has ended or is gone."""
        return await self._db.write(life.claim(request_id))

    async def lay_down(self, request_id: str) -> None:
        """Give an attempt back, because the bot is being stopped in good order: only a crash counts."""
        await self._db.write(life.lay_down(request_id))

    async def finish(
        self, request_id: str, state: RequestState, view: Mapping[str, Any], turns: Sequence[NewTurn] = ()
    ) -> bool:
        """End a request: its state, its final view (to be delivered) and its turns, together or not at all.

        False when it had ended already or is gone: then nothing is changed, and nothing is to be delivered.
        `view` holds JSON values only.
        """
        if not state.terminal:
            raise ValueError(f"{state} is not an end")
        return await self._db.write(life.finish(request_id, state, view, turns, self._clock()))

    async def delivered(self, request_id: str) -> None:
        """Note that the final view has reached its place."""
        await self._db.write(life.delivered(request_id, self._clock()))

    async def unfinished(self, platforms: Sequence[str] | None = None) -> list[Request]:
        """The accepted and running requests, oldest first: what a start has to resume."""
        return await self._db.read(life.unfinished(platforms))

    async def undelivered(self, platforms: Sequence[str] | None = None) -> list[Request]:
        """The ended requests whose final view has not reached its place, the longest waiting first."""
        return await self._db.read(life.undelivered(platforms))

    async def waiting(self, platform: str, author: str) -> list[Request]:
        """The accepted and running requests of an author, anywhere on the platform, oldest first."""
        return await self._db.read(life.waiting(platform, author))

    async def request(self, request_id: str) -> Request | None:
        """One request; None when there is none of that id."""
        found = await self._db.read(life.one(request_id))
        return found[0] if found else None

    async def find(self, platform: str, event_id: str) -> Request | None:
        """The request of a platform's event; None when it was never seen, or was forgotten."""
        found = await self.asked(platform, [event_id])
        return found[0] if found else None

    async def asked(self, platform: str, event_ids: Sequence[str]) -> list[Request]:
        """The requests that any of these events began and that are still kept, oldest first."""
        return await self._db.read(life.asked(platform, event_ids)) if event_ids else []

    # --- conversations ---------------------------------------------------------------------------------------------

    async def history(self, conversation: str, limit: int = 50) -> list[Request]:
        """The latest requests of a conversation, oldest first, open ones included."""
        return (await self._db.read(life.history(conversation, limit)))[::-1]

    async def turns(self, conversation: str, limit: int = 50) -> list[StoredTurn]:
        """The latest turns of a conversation, oldest first. Costs the same however long the conversation is."""
        return (await self._db.read(life.turns(conversation, limit)))[::-1]

    async def turns_of(self, request_ids: Sequence[str]) -> list[StoredTurn]:
        """The turns of these requests, of whatever conversations, oldest first."""
        return await self._db.read(life.turns_of(request_ids)) if request_ids else []

    # --- what admins choose ----------------------------------------------------------------------------------------

    async def rules(self, platform: str, community: str, channel: str) -> list[RuleRow]:
        """Every override that applies to a place, widest scope first: everyone's, the community's, the place's."""
        return await self._db.read(choices.rules(platform, community, channel))

    async def set_rule(self, rule: RuleRow, *, by: str) -> None:
        """Set an override and audit the change (who, from, to) in the same transaction."""
        await self._db.write(choices.set_rule(self._insert, rule, by, self._clock()), repeatable=False)

    async def reset_rule(self, platform: str, community: str, channel: str, category: str, *, by: str) -> bool:
        """Drop an override and audit that. False when there was none."""
        key = {"platform": platform, "community": community, "channel": channel, "category": category}
        return await self._db.write(choices.reset_rule(key, by, self._clock()), repeatable=False)

    async def settings(self, platform: str, community: str) -> dict[str, Any]:
        """What a community has set of its own, by name."""
        return await self._db.read(choices.settings(platform, community))

    async def set_setting(self, platform: str, community: str, name: str, value: Any, *, by: str) -> None:
        """Set one setting to a JSON value, None included, and audit the change in the same transaction."""
        key = {"platform": platform, "community": community, "name": name}
        await self._db.write(choices.set_setting(self._insert, key, value, by, self._clock()), repeatable=False)

    async def reset_setting(self, platform: str, community: str, name: str, *, by: str) -> bool:
        """Drop one setting and audit that. False when there was none."""
        key = {"platform": platform, "community": community, "name": name}
        return await self._db.write(choices.reset_setting(key, by, self._clock()), repeatable=False)

    async def quotas(self, platform: str, community: str) -> list[QuotaRow]:
        """A community's own quotas: everyone's, then those of roles, then those of users."""
        return await self._db.read(choices.quotas(platform, community))

    async def set_quota(self, quota: QuotaRow, *, by: str) -> None:
        """Set one quota and audit the change in the same transaction."""
        await self._db.write(choices.set_quota(self._insert, quota, by, self._clock()), repeatable=False)

    async def reset_quota(
        self, platform: str, community: str, subject: str, measure: str, window: str, *, by: str
    ) -> bool:
        """Drop one quota and audit that. False when there was none."""
        work = choices.reset_quota(platform, community, subject, measure, window, by, self._clock())
        return await self._db.write(work, repeatable=False)

    # --- what people use up ----------------------------------------------------------------------------------------

    async def usage(self, platform: str, community: str, author: str, since: datetime) -> list[UsageRow]:
        """What an author has reserved in a community at `since` or later, oldest first."""
        return await self._db.read(usage.used(platform, community, author, since))

    async def reserve(self, new: NewUsage, ceilings: Sequence[Ceiling]) -> Overdrawn | None:
        """Reserve one more of a measure. None when every ceiling allows it; else nothing is reserved.

        Of several ceilings in the way, the one that is so for longest is returned. Those of another measure do not
        count, those of GPU seconds always do, and allow one more while any are left. An author's reservations are
        made one after the other, so that two at once cannot both take the last place. A request that has reserved
        this measure already keeps its reservation, whatever the ceilings are now.
        """
        return await self._db.write(usage.reserve(new, ceilings, self._clock()))

    async def charge(self, request_id: str, measure: str, gpu_seconds: float) -> None:
        """Set the GPU seconds that a reservation has cost. Nothing happens when there is none."""
        await self._db.write(usage.charge(request_id, measure, gpu_seconds))

    async def release(self, request_id: str, measure: str | None = None) -> None:
        """Give back what a request has reserved of one measure, or of all."""
        await self._db.write(usage.release(request_id, measure))

    # --- what moderators rule on -----------------------------------------------------------------------------------

    async def open_case(self, new: NewCase) -> tuple[CaseRow, bool]:
        """Open a case: the row, and whether it is new. An author has one of each kind about a request, ruled or not.

        Raises `RequestGone` when the request was forgotten in the meantime.
        """
        return await self._db.write(cases.open_case(self._insert, new, new_id(), self._clock()))

    async def case(self, case_id: str) -> CaseRow | None:
        """One case; None when there is none of that id (any more)."""
        return await self._db.read(cases.one(case_id))

    async def cases(self, platform: str, community: str, *, open_only: bool = True, limit: int = 25) -> list[CaseRow]:
        """A community's cases, newest first."""
        return await self._db.read(cases.of_community(platform, community, open_only, limit))

    async def rule_case(self, case_id: str, state: str, *, by: str, outcome: str = "") -> CaseRow | None:
        """Rule on an open case, and audit that in the same transaction. None when it was ruled on before, or is gone.

        An appeal is "upheld" or "overturned", a report "removed" or "kept".
        """
        return await self._db.write(cases.rule(case_id, state, by, outcome, self._clock()))

    async def note_outcome(self, case_id: str, outcome: str) -> bool:
        """Note what happened after a ruling. False when the case is gone."""
        return await self._db.write(cases.note(case_id, outcome=outcome))

    async def note_card(self, case_id: str, ref: str) -> bool:
        """Note how the case's card is found again. False when the case is gone (forgotten): take the card away."""
        return await self._db.write(cases.note(case_id, ref=ref))

    async def cards_missing(self, platforms: Sequence[str]) -> list[CaseRow]:
        """The open cases of which no card was noted, oldest first."""
        return await self._db.read(cases.without_card(platforms))

    async def cases_unsettled(self, platforms: Sequence[str]) -> list[CaseRow]:
        """The closed cases without an outcome, oldest first: a start finishes what follows from these rulings."""
        return await self._db.read(cases.unsettled(platforms))

    # --- where an app is installed ---------------------------------------------------------------------------------

    async def installation(self, platform: str, community: str) -> InstallationRow | None:
        """The installation of a community; None when it has none."""
        return await self._db.read(installations.one(platform, community))

    async def installed(self, platform: str) -> list[str]:
        """The communities that have installed the platform's app, sorted."""
        return await self._db.read(installations.communities(platform))

    async def save_installation(self, row: InstallationRow) -> None:
        """Keep an installation, in the place of an older one of the same community."""
        await self._db.write(installations.save(self._insert, row), durable=True)

    async def delete_installation(self, platform: str, community: str, *, until: datetime | None = None) -> bool:
        """Delete an installation; with `until`, only one that is not newer. False when there was none."""
        return await self._db.write(installations.delete(platform, community, until), durable=True)

    # --- the audit -------------------------------------------------------------------------------------------------

    async def record(self, decisions: Sequence[NewDecision]) -> None:
        """Add decisions to the audit, all or none."""
        if decisions:
            await self._db.write(audit.record(decisions, self._clock()))

    async def audit(
        self,
        *,
        platform: str = "",
        community: str = "",
        channel: str = "",
        category: str = "",
        action: str = "",
        where: str = "",
        author: str = "",
        kind: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[AuditRow]:
        """The audit, newest first; an empty filter means any. `before` is the id to continue below."""
        filters = {
            "platform": platform,
            "community": community,
            "channel": channel,
            "category": category,
            "action": action,
            "check_point": where,
            "author": author,
            "kind": kind,
        }
        return await self._db.read(audit.select(filters, before, limit))

    async def decisions(
        self, *, platform: str = "", community: str = "", channel: str = "", category: str, limit: int = 200
    ) -> list[AuditRow]:
        """The latest decisions of a category that have a score, newest first: what a what-if is counted over."""
        filters = {"platform": platform, "community": community, "channel": channel, "category": category}
        return await self._db.read(audit.select(filters, None, limit, scored=True))

    # --- what is kept, and how it goes away ------------------------------------------------------------------------
    #
    # A request goes with its turns, its view, the cases about it (open or not) and what the audit quotes of it. A file
    # belongs to one request: the paths returned are of files that nobody needs any more. What stays: the ids of events
    # seen, so that a redelivery is not answered again; usage, so that forgetting refills no quota; the audit's numbers.

    async def kept(self, platform: str, author: str, conversation: str | None = None) -> Kept:
        """What is stored of an author: in one conversation (or with `/*` for its thread in all of its channel), or
        everywhere on the platform."""
        return await self._db.read(forgetting.kept(platform, author, conversation))

    async def communities(self, platform: str) -> list[str]:
        """The communities of which there is any conversation, setting, quota, rule or case, sorted."""
        return await self._db.read(forgetting.communities(platform))

    async def forget(self, conversation: str) -> Forgotten:
        """Delete a conversation, with everybody's requests in it."""
        return await self._db.write(forgetting.conversation(conversation), durable=True)

    async def erase(self, request_id: str) -> Forgotten:
        """Delete one request. Its id is not among those returned when it was gone already."""
        return await self._db.write(forgetting.request(request_id), durable=True)

    async def forget_author(self, platform: str, author: str, conversation: str | None = None) -> Forgotten:
        """Delete an author's requests and the cases that they opened, in one conversation or on the whole platform.

        In the audit their decisions lose quote and name. The changes that they made keep theirs: who may change rules
        is not to take their own name off them.
        """
        return await self._db.write(forgetting.author(platform, author, conversation), durable=True)

    async def forget_community(self, platform: str, community: str) -> Forgotten:
        """Delete all of a community: requests, settings, quotas, usage, rules, cases and its audit, too."""
        return await self._db.write(forgetting.community(platform, community), durable=True)

    async def prune(self, platform: str, community: str, before: datetime, limit: int = 200) -> Forgotten:
        """Delete a community's requests that ended before a time, oldest first. Call again while it returns `limit`."""
        return await self._db.write(forgetting.ended(platform, community, before, limit), durable=True)

    async def prune_records(
        self, *, events_before: datetime, usage_before: datetime, audit_before: datetime | None = None
    ) -> int:
        """Delete what is older of the events seen, of usage and, unless None, of the audit. Returns how many rows."""
        wanted = [(schema.events_seen, "seen_at", events_before), (schema.usage, "at", usage_before)]
        if audit_before is not None:
            wanted.append((schema.audit, "at", audit_before))
        total = 0
        for table, time, before in wanted:
            while gone := await self._db.write(forgetting.some_records(table, time, before)):
                total += gone
        return total

    # --- the clock -------------------------------------------------------------------------------------------------

    async def known_time(self) -> datetime | None:
        """When the clock was last known to be right; None when it was never looked at."""
        return await self._db.read(moments.read(moments.KNOWN))

    async def know_time(self, at: datetime) -> None:
        """Remember that the clock was right at `at`, even when a later time was known."""
        await self._db.write(moments.write(self._insert, moments.KNOWN, at))


_migrate = migrate
