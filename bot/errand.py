"""One request on its way through the flows: who asked, where, under which rules, and what has been decided so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.base import Author, Place
from bot.errors import Blocked
from bot.safety import Decision, Policy, Safety, Where, explain
from bot.stage import Stage
from bot.store import NewTurn, Request
from engine.types import Clip


@dataclass
class Errand:
    """What the flows of a request share. `seconds` is time spent by models; `footers` name those that worked."""

    request: Request
    author: Author
    place: Place
    stage: Stage
    policy: Policy
    safety: Safety
    decision: Decision = field(default_factory=Decision)
    turns: list[NewTurn] = field(default_factory=list)
    footers: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def user(self) -> str:
        """The key under which the scheduler shares the model fairly."""
        return f"{self.place.platform}/{self.author.id}"

    @property
    def community(self) -> str:
        return f"{self.place.platform}/{self.place.community}"

    async def check(
        self,
        *,
        text: str = "",
        text_at: Where | None = None,
        clips: Sequence[Clip] = (),
        clips_at: Where | None = None,
    ) -> None:
        """Check, record and show the verdicts. Raises `Blocked` with the reason, or `EngineError` when unscored."""
        decision = await self.safety.check(
            self.policy, request=self.id, text=text, text_at=text_at, clips=clips, clips_at=clips_at
        )
        where = text_at or clips_at or Where.QUESTION
        await self.record(decision, where, text)
        self.judge(decision, where)

    async def record(self, decision: Decision, where: Where, excerpt: str) -> None:
        """Write the verdicts to the audit."""
        await self.safety.record(
            decision, where, request=self.id, place=self.place, author=self.author.id, excerpt=excerpt
        )

    def judge(self, decision: Decision, where: Where) -> None:
        """Add a decision to what is shown, and stop here if it blocks."""
        self.decision += decision
        self.stage.update(
            chips=self.decision.chips, not_covered=tuple(category.value for category in self.decision.not_covered)
        )
        if decision.blocked:
            raise Blocked(explain(decision, where))
