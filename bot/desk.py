"""What admins and moderators can see and change: settings, quotas, safety rules, cases, the audit, and trials.

One desk serves every platform. Whether somebody may is checked here again, whatever a platform has checked before.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.base import (
    Attachment,
    AttachmentError,
    AuditEntry,
    AuditQuery,
    Author,
    Case,
    CaseState,
    Measure,
    ModelOption,
    Quota,
    Refusal,
    Rule,
    Scope,
    Settings,
    Trial,
    WhatIf,
    Window,
)
from bot.files import Shelf
from bot.safety import Decision, Safety, Where
from bot.settings import DIRECT, Value, check_quota_key, checked, checked_quota, known, written
from bot.store import AuditRow, QuotaRow, Store
from engine.errors import EngineError
from engine.types import Category, Clip

if TYPE_CHECKING:
    from bot.access import Access
    from bot.cases import Cases


class Desk:
    """Implements `adapters.base.AdminDesk`. `models` gives the video models to choose from, the default one first."""

    def __init__(
        self,
        store: Store,
        safety: Safety,
        shelf: Shelf,
        *,
        access: Access,
        cases: Cases,
        models: Callable[[], Sequence[ModelOption]],
    ) -> None:
        self._store = store
        self._safety = safety
        self._shelf = shelf
        self._access = access
        self._cases = cases
        self._models = models

    # --- settings and quotas ---------------------------------------------------------------------------------------

    async def settings(self, scope: Scope) -> Settings:
        """What holds in the scope's community, and which of it is its own."""
        return await self._access.settings(scope.platform, scope.community)

    async def change(self, scope: Scope, author: Author, name: str, value: Value) -> Settings:
        """Set one field of `Settings` and audit it. Raises `ValueError` with a sentence for impossible values."""
        _only_admins(author)
        _of_a_community(scope)
        kept = written(checked(name, value, self._models()))
        await self._store.set_setting(scope.platform, scope.community, name, kept, by=author.id)
        if name == "moderator_channel":
            await self._cases.post_waiting(scope.platform, scope.community)
        return await self.settings(scope)

    async def reset(self, scope: Scope, author: Author, name: str) -> Settings:
        """Fall back to the operator's default for one field of `Settings`."""
        _only_admins(author)
        _of_a_community(scope)
        await self._store.reset_setting(scope.platform, scope.community, known(name), by=author.id)
        return await self.settings(scope)

    async def quotas(self, scope: Scope) -> Sequence[Quota]:
        """The defaults and the community's own, everyone's first."""
        return await self._access.quotas(scope.platform, scope.community)

    async def set_quota(self, scope: Scope, author: Author, quota: Quota) -> Sequence[Quota]:
        """Set one limit and audit it. Raises `ValueError` with a sentence for impossible values."""
        _only_admins(author)
        _of_a_community(scope)
        wanted = checked_quota(quota)
        row = QuotaRow(
            scope.platform,
            scope.community,
            wanted.subject,
            wanted.measure.value,
            wanted.window.value,
            wanted.amount,
        )
        await self._store.set_quota(row, by=author.id)
        return await self.quotas(scope)

    async def reset_quota(
        self, scope: Scope, author: Author, subject: str, measure: Measure, window: Window
    ) -> Sequence[Quota]:
        """Drop one limit of the community."""
        _only_admins(author)
        _of_a_community(scope)
        check_quota_key(subject, measure, window)
        await self._store.reset_quota(
            scope.platform, scope.community, subject, measure.value, window.value, by=author.id
        )
        return await self.quotas(scope)

    def models(self) -> Sequence[ModelOption]:
        """The video models that the operator offers, the default one first."""
        return self._models()

    # --- cases -----------------------------------------------------------------------------------------------------

    async def cases(self, scope: Scope, *, open_only: bool = True, limit: int = 25) -> Sequence[Case]:
        """A community's cases, newest first."""
        return await self._cases.list(scope, open_only=open_only, limit=limit)

    async def rule_case(self, scope: Scope, author: Author, case: str, ruling: CaseState) -> Case:
        """Rule on a case, once. Raises `ValueError` with a sentence when it is closed, gone or not this community's."""
        if not (author.is_moderator or author.is_admin):
            raise Refusal("Only moderators can rule on this. Leave it to one of them.")
        return await self._cases.rule(scope, author, case, ruling)

    # --- safety ----------------------------------------------------------------------------------------------------

    async def rules(self, scope: Scope) -> Sequence[Rule]:
        """One row per category, in the enum's order."""
        policy, coverage = await self._safety.policy(scope), self._safety.coverage
        return [
            Rule(
                category=category.value,
                threshold=policy.limits[category].threshold,
                action=policy.limits[category].action.value,
                origin=policy.limits[category].origin,
                text=category in coverage.text,
                frames=category in coverage.frames,
            )
            for category in Category
        ]

    async def set_rule(
        self, scope: Scope, author: Author, category: str, threshold: float, action: str
    ) -> Sequence[Rule]:
        """Change one rule and audit the change. Raises `ValueError` with a sentence for impossible values."""
        _only_admins(author)
        _of_a_community(scope)
        await self._safety.set_rule(scope, category, threshold, action, by=author.id)
        return await self.rules(scope)

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        """Fall back to the next wider scope's rule."""
        _only_admins(author)
        _of_a_community(scope)
        await self._store.reset_rule(scope.platform, scope.community, scope.channel, category, by=author.id)
        return await self.rules(scope)

    async def what_if(self, scope: Scope, category: str, threshold: float, action: str = "") -> WhatIf:
        """Replay the latest recorded decisions of a category against another threshold, or another action."""
        return await self._safety.what_if(scope, category, threshold, action)

    async def suggestion(self, scope: Scope, category: str, score: float) -> str:
        """A sentence about the threshold that would have let `score` pass."""
        return await self._safety.suggestion(scope, category, score)

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Newest first."""
        rows = await self._store.audit(
            platform=query.platform,
            community=query.community,
            channel=query.channel,
            category=query.category,
            action=query.action,
            where=query.where,
            author=query.author,
            kind=query.kind,
            before=query.before,
            limit=query.limit,
        )
        return [_entry(row) for row in rows]

    async def try_text(self, scope: Scope, text: str) -> Trial:
        """Judge a text as a question would be judged there."""
        return await self.judge(scope, text=text)

    async def try_clip(self, scope: Scope, attachment: Attachment) -> Trial:
        """Judge a clip as a posted one would be judged there. Raises `AttachmentError` with a sentence."""
        request = f"trial-{secrets.token_hex(6)}"
        try:
            stored = await self._shelf.fetch(request, 0, attachment)
            return await self.judge(scope, clip=Path(stored.path))
        except EngineError as error:
            raise AttachmentError(str(error)) from error
        finally:
            await self._shelf.drop(request)

    async def judge(self, scope: Scope, *, text: str = "", clip: Path | None = None) -> Trial:
        """Score and decide without recording anything. Raises `EngineError` when it cannot be scored."""
        started = time.perf_counter()
        decision = await self._safety.check(
            await self._safety.policy(scope),
            request=f"trial-{secrets.token_hex(6)}",
            text=text,
            text_at=Where.QUESTION,
            clips=[Clip(path=str(clip), name=clip.name)] if clip is not None else [],
            clips_at=Where.CLIP,
        )
        return _trial(decision, time.perf_counter() - started)


def _only_admins(author: Author) -> None:
    if not author.is_admin:
        raise Refusal("Only admins can change this. Ask somebody who manages this community.")


def _of_a_community(scope: Scope) -> None:
    """Nobody is an admin of direct messages, or of everyone."""
    if scope.community in ("", DIRECT):
        raise ValueError("The operator's configuration decides that. Change it for a community instead.")


def _trial(decision: Decision, seconds: float) -> Trial:
    scores: dict[str, float] = {}
    for verdict in decision.verdicts:
        scores[verdict.category.value] = max(verdict.score, scores.get(verdict.category.value, 0.0))
    return Trial(
        allowed=not decision.blocked,
        chips=decision.chips,
        scores=scores,
        not_covered=tuple(category.value for category in decision.not_covered),
        unread=tuple(category.value for category in decision.unread),
        seconds=seconds,
    )


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        kind=row.kind,
        request=row.request,
        place="/".join(filter(None, (row.platform, row.community, row.channel))),
        author=row.author,
        where=row.where,
        category=row.category,
        score=row.score,
        threshold=row.threshold,
        action=row.action,
        time_s=row.time_s,
        excerpt=row.excerpt,
        details=row.details,
    )
