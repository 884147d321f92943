"""One request on its way through the flows: who asked, where, under which rules, what has been decided so far, and
what the models have spent on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapters.base import Author, Place, Wants
from bot.access import Access
from bot.errors import Blocked
from bot.evidence import Evidence
from bot.safety import Action, Decision, Policy, Safety, Where, explain
from bot.stage import Stage
from bot.store import NewTurn, Request
from engine.types import Clip


@dataclass
class Tab:
    """One thing that quotas count: an answer, or a video. `served` once its author has it, which makes it cost.

    `since` is when a model began on it, on the errand's clock; None while none works.
    """

    id: str
    wants: Wants
    spent_s: float = 0.0
    since: float | None = None
    served: bool = False


@dataclass
class Errand:
    """What the flows of a request share. `seconds` is time spent by models; `footers` name those that worked."""

    request: Request
    author: Author
    place: Place
    stage: Stage
    policy: Policy
    safety: Safety
    access: Access
    evidence: Evidence
    clock: Callable[[], float]
    decision: Decision = field(default_factory=Decision)
    turns: list[NewTurn] = field(default_factory=list)
    footers: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tabs: list[Tab] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def user(self) -> str:
        """The key under which the scheduler shares the model fairly."""
        return f"{self.place.platform}/{self.author.seat or self.author.id}"

    @property
    def community(self) -> str:
        return f"{self.place.platform}/{self.place.community}"

    # --- quotas -------------------------------------------------------------------------------------------------

    async def admit(self, wants: Wants, index: int = 0) -> None:
        """Ask whether this may be done and count it; `index` tells the videos of one request apart.

        Raises `NotPermitted` or `OverQuota`.
        """
        id = f"{self.id}-{index}" if index else self.id
        await self.access.admit(id, self.author, self.place, wants)
        self.tabs.append(Tab(id, wants))

    def model_began(self) -> None:
        """A model has started to work on what was admitted last; a second start replaces the first."""
        self.tabs[-1].since = self.clock()

    def model_ended(self, seconds: float) -> None:
        """It is done, after `seconds` of its own time."""
        tab = self.tabs[-1]
        tab.since, tab.spent_s = None, tab.spent_s + seconds
        self.seconds += seconds

    def served(self) -> None:
        """What was admitted last has been brought."""
        self.tabs[-1].served = True

    async def settle(self, *, cancelled: bool) -> None:
        """Charge what was brought, and what was cancelled while a model worked; give back the rest."""
        for tab in self.tabs:
            running = 0.0 if tab.since is None else self.clock() - tab.since
            spent = tab.spent_s + running
            if tab.served or (cancelled and (tab.since is not None or spent)):
                await self.access.charge(tab.id, tab.wants, spent)
            else:
                await self.access.release(tab.id, tab.wants)

    # --- safety -------------------------------------------------------------------------------------------------

    async def check(
        self,
        *,
        text: str = "",
        text_at: Where | None = None,
        clips: Sequence[Clip] = (),
        clips_at: Where | None = None,
    ) -> None:
        """Check, record and show the verdicts. Raises `Blocked` with the reason, or `EngineError` when unscored."""
        decision = await self.decide(text=text, text_at=text_at, clips=clips, clips_at=clips_at)
        where = text_at or clips_at or Where.QUESTION
        await self.record(decision, where, text)
        await self.judge(decision, where, text=text, clips=clips)

    async def decide(
        self,
        *,
        text: str = "",
        text_at: Where | None = None,
        clips: Sequence[Clip] = (),
        clips_at: Where | None = None,
    ) -> Decision:
        """Check, and no more: at the expense of whoever asked. Raises `EngineError` when unscored."""
        return await self.safety.check(
            self.policy,
            request=self.id,
            text=text,
            text_at=text_at,
            clips=clips,
            clips_at=clips_at,
            user=self.user,
            community=self.community,
        )

    async def record(self, decision: Decision, where: Where, excerpt: str) -> None:
        """Write the verdicts to the audit."""
        await self.safety.record(
            decision, where, request=self.id, place=self.place, author=self.author.id, excerpt=excerpt
        )

    async def judge(self, decision: Decision, where: Where, *, text: str = "", clips: Sequence[Clip] = ()) -> None:
        """Add a decision to what is shown. If it blocks, keep what was judged and stop here.

        In private there are no moderators who could look at it, so there nothing is kept.
        """
        self.decision += decision
        self.stage.update(
            chips=self.decision.chips,
            not_covered=tuple(category.value for category in self.decision.not_covered),
            unread=tuple(category.value for category in self.decision.unread),
        )
        if decision.blocked:
            if not self.place.private:
                await self.evidence.keep(
                    self.id, decision, text=text, clips=clips, user=self.user, community=self.community
                )
            worst = decision.worst
            by_score = worst is not None and worst.action is Action.BLOCK
            raise Blocked(explain(decision, where), by_score=by_score)
