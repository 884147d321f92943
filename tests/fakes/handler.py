"""An application that says what the test tells it to: `Handler` and `AdminDesk` without a store or a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from adapters.base import (
    Attachment,
    Audience,
    AuditEntry,
    AuditQuery,
    Author,
    Case,
    CaseKind,
    CaseState,
    Exchange,
    GenerateCommand,
    Holdings,
    Measure,
    Message,
    ModelOption,
    Place,
    Quota,
    Refusal,
    RemakeCommand,
    Reply,
    Rooms,
    Rule,
    Scope,
    Settings,
    Trial,
    Usage,
    Wants,
    WhatIf,
    Window,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class QuietHandler:
    """Implements `adapters.base.Handler`: takes everything, answers nothing by itself, remembers what it was asked.

    What it answers to the smaller questions is set by the test: `refused`, `exchanges`, `waits`, `used`, `kept`.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.commands: list[GenerateCommand] = []
        self.remakes: list[RemakeCommand] = []
        self.replies: list[Reply] = []
        self.cancelled: list[tuple[str, Author]] = []
        self.erased: list[tuple[str, Author, Place]] = []
        self.appeals: list[tuple[str, Author, str]] = []
        self.reports: list[tuple[str, Author, str]] = []
        self.forgotten: list[Place] = []
        self.forgotten_people: list[tuple[str, Author, Place | None]] = []
        self.left: list[tuple[str, str]] = []
        self.reconnections: list[str] = []  # platforms
        self.refused: dict[Wants, str] = {}
        self.choices: dict[Wants, list[ModelOption]] = {}
        self.exchanges: dict[str, Exchange] = {}  # by request
        self.events: dict[str, str] = {}  # request by event id
        self.waits: list[Exchange] = []
        self.used: list[Usage] = []
        self.kept = Holdings()
        self.known: list[str] = []  # communities
        self.no_case = ""  # the sentence with which appeals and reports are refused
        self.may_erase = True

    def _take(self, event: str, reply: Reply) -> str:
        self.replies.append(reply)
        request = f"r{len(self.replies)}"
        self.events[event] = request
        return request

    async def message(self, message: Message, reply: Reply) -> str:
        self.messages.append(message)
        return self._take(message.event_id, reply)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        self.commands.append(command)
        return self._take(command.event_id, reply)

    async def remake(self, command: RemakeCommand, reply: Reply) -> str:
        self.remakes.append(command)
        return self._take(command.event_id, reply)

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        return self.refused.get(wants, "")

    def models(self, wants: Wants) -> Sequence[ModelOption]:
        return self.choices.get(wants, [])

    async def cancel(self, request: str, author: Author) -> bool:
        self.cancelled.append((request, author))
        return True

    async def erase(self, request: str, author: Author, place: Place) -> bool:
        if self.may_erase:
            self.erased.append((request, author, place))
        return self.may_erase

    async def look_up(self, request: str) -> Exchange | None:
        return self.exchanges.get(request)

    async def find(self, platform: str, event_id: str) -> Exchange | None:
        return self.exchanges.get(self.events.get(event_id, ""))

    async def waiting(self, platform: str, author: Author) -> Sequence[Exchange]:
        return self.waits

    async def usage(self, author: Author, place: Place) -> Sequence[Usage]:
        return self.used

    async def appeal(self, request: str, author: Author, words: str) -> Case:
        self.appeals.append((request, author, words))
        return self._case(CaseKind.APPEAL, request, author, words)

    async def report(self, request: str, author: Author, words: str) -> Case:
        self.reports.append((request, author, words))
        return self._case(CaseKind.REPORT, request, author, words)

    def _case(self, kind: CaseKind, request: str, author: Author, words: str) -> Case:
        if self.no_case:
            raise Refusal(self.no_case)
        place = Place("test", "guild", "channel")
        return Case("c1", kind, CaseState.OPEN, request, place, author, author, NOON, words=words)

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        return ()

    async def forget(self, place: Place) -> None:
        self.forgotten.append(place)

    async def holdings(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        return self.kept

    async def forget_me(self, platform: str, author: Author, place: Place | None = None) -> Holdings:
        self.forgotten_people.append((platform, author, place))
        return self.kept

    async def communities(self, platform: str) -> Sequence[str]:
        return self.known

    async def community_left(self, platform: str, community: str) -> None:
        self.left.append((platform, community))

    def reconnected(self, platform: str) -> None:
        self.reconnections.append(platform)


class QuietDesk:
    """Implements `adapters.base.AdminDesk` over plain attributes; every change is remembered in `changes`."""

    def __init__(self) -> None:
        self.held = Settings()
        self.table: list[Rule] = []
        self.limits: list[Quota] = []
        self.entries: list[AuditEntry] = []
        self.open_cases: list[Case] = []
        self.closed_cases: list[Case] = []
        self.options: list[ModelOption] = []
        self.foresight = WhatIf(0, 0, 0)
        self.trial = Trial(True, (), {}, (), 0.0)
        self.impossible = ""  # the sentence of the `ValueError` with which changes are refused
        self.refused = ""  # the sentence of the `Refusal` with which changes are refused
        self.changes: list[tuple[object, ...]] = []
        self.queries: list[AuditQuery] = []
        self.scopes: list[Scope] = []
        self.imagined: list[tuple[Scope, str, float, str]] = []  # what a "what if" was asked about

    def _note(self, *what: object) -> None:
        if self.refused:
            raise Refusal(self.refused)
        if self.impossible:
            raise ValueError(self.impossible)
        self.changes.append(what)

    async def rules(self, scope: Scope) -> Sequence[Rule]:
        self.scopes.append(scope)
        return self.table

    async def set_rule(
        self, scope: Scope, author: Author, category: str, threshold: float, action: str
    ) -> Sequence[Rule]:
        self._note("rule", scope, author.id, category, threshold, action)
        self.table = [
            replace(rule, threshold=threshold, action=action) if rule.category == category else rule
            for rule in self.table
        ]
        return self.table

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        self._note("rule reset", scope, author.id, category)
        return self.table

    async def what_if(self, scope: Scope, category: str, threshold: float, action: str = "") -> WhatIf:
        self.imagined.append((scope, category, threshold, action))
        return self.foresight

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        self.queries.append(query)
        return self.entries[: query.limit]

    async def try_text(self, scope: Scope, text: str) -> Trial:
        return self.trial

    async def try_clip(self, scope: Scope, attachment: Attachment) -> Trial:
        return self.trial

    async def settings(self, scope: Scope) -> Settings:
        self.scopes.append(scope)
        return self.held

    async def change(
        self, scope: Scope, author: Author, name: str, value: Rooms | Audience | str | int | None
    ) -> Settings:
        self._note("setting", scope, author.id, name, value)
        self.held = replace(self.held, **{name: value, "own": self.held.own | {name}})  # type: ignore[arg-type]
        return self.held

    async def reset(self, scope: Scope, author: Author, name: str) -> Settings:
        self._note("setting reset", scope, author.id, name)
        self.held = replace(self.held, **{name: getattr(Settings(), name), "own": self.held.own - {name}})
        return self.held

    async def quotas(self, scope: Scope) -> Sequence[Quota]:
        return self.limits

    async def set_quota(self, scope: Scope, author: Author, quota: Quota) -> Sequence[Quota]:
        self._note("quota", scope, author.id, quota)
        self.limits = [*self.limits, quota]
        return self.limits

    async def reset_quota(
        self, scope: Scope, author: Author, subject: str, measure: Measure, window: Window
    ) -> Sequence[Quota]:
        self._note("quota reset", scope, author.id, subject, measure, window)
        return self.limits

    def models(self) -> Sequence[ModelOption]:
        return self.options

    async def cases(self, scope: Scope, *, open_only: bool = True, limit: int = 25) -> Sequence[Case]:
        return [*self.open_cases, *([] if open_only else self.closed_cases)][:limit]

    async def rule_case(self, scope: Scope, author: Author, case: str, ruling: CaseState) -> Case:
        found = next((each for each in self.open_cases if each.id == case), None)
        if found is None:
            raise ValueError("This case is closed already.")
        self._note("case", scope, author.id, case, ruling)
        ruled = replace(found, state=ruling, decided_by=author.id, decided_at=NOON)
        self.open_cases = [each for each in self.open_cases if each.id != case]
        self.closed_cases = [ruled, *self.closed_cases]
        return ruled
