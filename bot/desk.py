"""The safety page's side of the application: rules, the audit, and trials. One desk serves every platform."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.base import Attachment, AttachmentError, AuditEntry, AuditQuery, Author, Rule, Scope, Trial, WhatIf
from bot.files import Shelf
from bot.safety import Action, Decision, Safety, Where
from bot.store import AuditRow, Store
from engine.errors import EngineError
from engine.types import Category, Clip

LOOK_BACK = 200  # decisions that a "what if" replays


class Desk:
    """Implements `adapters.base.AdminDesk`."""

    def __init__(self, store: Store, safety: Safety, shelf: Shelf) -> None:
        self._store = store
        self._safety = safety
        self._shelf = shelf

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
        await self._safety.set_rule(scope, category, threshold, action, by=author.id)
        return await self.rules(scope)

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        """Fall back to the next wider scope's rule."""
        await self._store.reset_rule(scope.platform, scope.community, scope.channel, category, by=author.id)
        return await self.rules(scope)

    async def what_if(self, scope: Scope, category: str, threshold: float, action: str = "") -> WhatIf:
        """Replay the latest recorded decisions of a category against another threshold, or another action."""
        rows = await self._store.decisions(
            platform=scope.platform,
            community=scope.community,
            channel=scope.channel,
            category=category,
            limit=LOOK_BACK,
        )
        current = (await self._safety.policy(scope)).limits[Category(category)].action
        blocks = (Action(action) if action else current) is Action.BLOCK
        stopped = [row.action == Action.BLOCK for row in rows]
        would = [blocks and row.score is not None and row.score >= threshold for row in rows]
        return WhatIf(
            decisions=len(rows),
            would_block=sum(then and not now for now, then in zip(stopped, would, strict=True)),
            would_allow=sum(now and not then for now, then in zip(stopped, would, strict=True)),
        )

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Newest first."""
        rows = await self._store.audit(
            platform=query.platform,
            community=query.community,
            channel=query.channel,
            category=query.category,
            action=query.action,
            where=query.where,
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


def _trial(decision: Decision, seconds: float) -> Trial:
    scores: dict[str, float] = {}
    for verdict in decision.verdicts:
        scores[verdict.category.value] = max(verdict.score, scores.get(verdict.category.value, 0.0))
    return Trial(
        allowed=not decision.blocked,
        chips=decision.chips,
        scores=scores,
        not_covered=tuple(category.value for category in decision.not_covered),
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
