"""What scores mean here: thresholds, actions and verdicts.

Guards (in the engine) say how strongly they see a category; this room decides what follows. It knows no platform and
no model. Everything that is not known to be scored is said to be *not covered*, and a check that did not happen is an
error, never an "allow".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from adapters.base import AGE_RESTRICTED, Chip, Place, Scope, WhatIf
from bot.store import AuditRow, NewDecision, RuleRow
from bot.store.records import CheckPoint
from bot.words import clock, listing, shorten
from engine.errors import GuardUnavailable
from engine.types import Category, Clip, Coverage, Moderate, Score, Scored

if TYPE_CHECKING:
    from bot.store import Store
    from engine import Engine

EXCERPT = 160
LOOK_BACK = 200  # decisions that a "what if" replays
PROFILE_FACTOR = 5  # so many times further back for those of age-restricted places, which are few among all
PARDON_MARGIN = 0.01  # the same frames may score a hair higher in another run, and scores are shown with two digits
SUGGESTED_STEP = 0.05
UNREAD = "language not covered"  # among the details of a decision: the score proves nothing
ON_SCREEN = "read on screen"  # likewise: what the answer would have quoted can be read in the clip
ROUNDING = 1e-9  # 0.7 of ten frames are seven of them, whatever floats say


class Action(StrEnum):
    """What happens at or over a threshold."""

    ALLOW = "allow"  # only recorded
    WARN = "warn"  # shown, with a warning
    BLOCK = "block"  # not shown

    @property
    def weight(self) -> int:
        return ("allow", "warn", "block").index(self)


class Where(StrEnum):
    """The check points."""

    QUESTION = "question"
    CLIP = "clip"
    SPEECH = "speech"  # what is said in a clip
    SCREEN = "screen"  # what can be read in a clip, as an answer quotes it
    ANSWER = "answer"
    PROMPT = "prompt"
    VIDEO = "video"


@dataclass(frozen=True)
class Limit:
    """`action` is taken when a score reaches `threshold` (0 to 1), in a clip when those of more than a `share` of its
    frames do: 0 means that one frame is enough. `origin` is "default", "community", "age-restricted" or "place"."""

    threshold: float
    action: Action
    origin: str = "default"
    share: float = 0.0

    def deciding(self, scores: Sequence[Score]) -> Score:
        """Of one clip's (or one text's) scores in one category the one that reaches the threshold exactly when more
        than the share of them do. Every frame that was looked at counts once, near-duplicates and those at shot changes
        too."""
        ranked = sorted(scores, key=lambda score: -score.score)
        return ranked[min(math.floor(self.share * len(ranked) + ROUNDING), len(ranked) - 1)]


@dataclass(frozen=True)
class Policy:
    """The limits that hold at one place, and the categories that some guard must be able to score there."""

    limits: Mapping[Category, Limit]
    must_cover: frozenset[Category] = frozenset()

    def pardon(self, category: Category | str, score: float) -> Policy:
        """The same policy with the limit of one category just above `score`, for a verdict that was overturned. What
        scores higher still meets the rule, and no limit becomes lower."""
        limit = self.limits[Category(category)]
        threshold = max(limit.threshold, score + PARDON_MARGIN)
        raised = replace(limit, threshold=min(threshold, 1.0), action=limit.action if threshold <= 1 else Action.ALLOW)
        return replace(self, limits={**self.limits, Category(category): raised})


@dataclass(frozen=True)
class Verdict:
    """One category, measured against its limit by the score that decided. `time_s` is the frame's time in its clip,
    `clip` which of the checked ones that is; None for text. `share` is the limit's, for frames."""

    category: Category
    score: float
    threshold: float
    action: Action
    where: Where
    guard: str
    time_s: float | None = None
    clip: int | None = None
    share: float = 0.0

    def chip(self) -> Chip:
        return Chip(
            category=self.category.value,
            score=self.score,
            threshold=self.threshold,
            action=self.action.value,
            where=self.where.value,
            time_s=self.time_s,
        )


@dataclass(frozen=True)
class Decision:
    """The outcome of one check: a verdict per category and source, and what nobody could score.

    `unread` are those of `not_covered` that are so only because no guard knows the language of the text.
    """

    verdicts: tuple[Verdict, ...] = ()
    not_covered: tuple[Category, ...] = ()
    missing: tuple[Category, ...] = field(default=())  # demanded by the policy, scored by nobody
    unread: tuple[Category, ...] = ()

    @property
    def blocked(self) -> bool:
        return bool(self.missing) or any(verdict.action is Action.BLOCK for verdict in self.verdicts)

    @property
    def worst(self) -> Verdict | None:
        """The verdict that mattered most: the strictest action, then the largest excess over the threshold."""
        return max(
            self.verdicts, key=lambda verdict: (verdict.action.weight, verdict.score - verdict.threshold), default=None
        )

    @property
    def chips(self) -> tuple[Chip, ...]:
        return tuple(verdict.chip() for verdict in self.verdicts)

    def __add__(self, other: Decision) -> Decision:
        """Both checks together: per check point and category the stricter verdict stays, and a category counts as
        covered only where neither check misses it."""
        strictest: dict[tuple[Where, Category], Verdict] = {}
        for verdict in self.verdicts + other.verdicts:
            known = strictest.get((verdict.where, verdict.category))
            if known is None or (verdict.action.weight, verdict.score) > (known.action.weight, known.score):
                strictest[verdict.where, verdict.category] = verdict
        both = set(self.not_covered) | set(other.not_covered)
        return Decision(
            tuple(strictest.values()),
            tuple(category for category in Category if category in both),
            tuple(dict.fromkeys(self.missing + other.missing)),
            tuple(category for category in Category if category in {*self.unread, *other.unread}),
        )


def decide(policy: Policy, scored: Scored, *, text: Where | None, frames: Where | None) -> Decision:
    """Measure scores against a policy. `text` and `frames` name the check points of each source that was checked.

    Raises:
        GuardUnavailable: a source was to be checked and no score came back for it, so nothing is known about it.
    """
    covered: dict[Where, frozenset[Category]] = {}
    if text is not None:
        covered[text] = frozenset(scored.coverage.text)
    if frames is not None:
        covered[frames] = frozenset(scored.coverage.frames)
    highest: dict[tuple[Where, Category], Verdict] = {}
    for (where, category, _), scores in _grouped(scored.scores, text, frames).items():
        verdict = _verdict(policy.limits[category], where, scores)
        known = highest.get((where, category))
        if known is None or verdict.score > known.score:
            highest[where, category] = verdict
    for where, categories in covered.items():
        unscored = [category for category in categories if (where, category) not in highest]
        if unscored or not categories:
            raise GuardUnavailable(
                "I could not check this for safety, so it stays unanswered. Try again in a minute, "
                "and tell the operator if it goes on."
            )
    unread = frozenset(scored.unread) if text is not None else frozenset()
    never = [category for category in Category if any(category not in some for some in covered.values())]
    uncovered = [category for category in Category if category in never or category in unread]
    return Decision(
        verdicts=tuple(highest.values()),
        not_covered=tuple(uncovered),
        missing=tuple(category for category in uncovered if category in policy.must_cover),
        unread=tuple(category for category in uncovered if category not in never),
    )


def _grouped(
    scores: Iterable[Score], text: Where | None, frames: Where | None
) -> dict[tuple[Where, Category, int | None], list[Score]]:
    """The scores of each check point, category and clip."""
    groups: dict[tuple[Where, Category, int | None], list[Score]] = {}
    for score in scores:
        where = text if score.source == "text" else frames
        if where is not None:
            groups.setdefault((where, score.category, score.clip), []).append(score)
    return groups


def _verdict(limit: Limit, where: Where, scores: Sequence[Score]) -> Verdict:
    score = limit.deciding(scores)
    action = limit.action if score.score >= limit.threshold else Action.ALLOW
    share = limit.share if score.source == "frame" else 0.0
    return Verdict(
        score.category, score.score, limit.threshold, action, where, score.guard, score.time_s, score.clip, share
    )


REFUSALS = {
    Where.QUESTION: "I won't answer that here",
    Where.CLIP: "I won't answer questions about that clip here",
    Where.SPEECH: "I won't answer questions about that clip here",
    Where.SCREEN: "I won't repeat what can be read in that clip",
    Where.ANSWER: "I stopped this answer and took it away",
    Where.PROMPT: "I won't make that video here",
    Where.VIDEO: "The video came out unsafe for this place, so nobody sees it",
}

# No number is named: they differ by country. The page lists free help lines of most.
HELP = "If this is about you, please talk to somebody now: a person you trust, or a help line from findahelpline.com."


def explain(decision: Decision, where: Where) -> str:
    """Say why something is blocked: category, score, limit and the frame's time."""
    worst = decision.worst
    if worst is None or worst.action is not Action.BLOCK:
        names = listing([category.value for category in decision.missing])
        if set(decision.missing) <= set(decision.unread):
            return (
                f"{REFUSALS[where]}: the rules demand a check for {names}, and no loaded guard knows this language. "
                "Please write it in English."
            )
        return (
            f"{REFUSALS[where]}: the rules demand a check for {names}, and no loaded guard can score that. "
            "An admin can load another guard or relax the rule."
        )
    frame = f" (frame at {clock(worst.time_s)})" if worst.time_s is not None else ""
    said = " in what is said" if worst.where is Where.SPEECH else ""
    spread = f" in more than {worst.share:.0%} of its frames" if worst.share else ""
    return (
        f"{REFUSALS[worst.where]}: {worst.category.value} {worst.score:.2f}{said}{spread} is over "
        f"this place's limit of {worst.threshold:.2f}{frame}.{_care(worst)}"
    )


def _care(worst: Verdict) -> str:
    """What to say to somebody whose own words, in a question or a prompt, may be about themselves."""
    about_oneself = worst.category is Category.SELF_HARM and worst.where in (Where.QUESTION, Where.PROMPT)
    return f" {HELP}" if about_oneself else ""


def not_covered(coverage: Coverage) -> tuple[tuple[Category, ...], tuple[Category, ...]]:
    """The categories that no guard scores for text, and for frames."""
    return (
        tuple(category for category in Category if category not in coverage.text),
        tuple(category for category in Category if category not in coverage.frames),
    )


class Safety:
    """Checks texts and clips against the rules of a place, and records every decision."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        defaults: Mapping[Category, Limit],
        *,
        must_cover: Iterable[Category] = (),
        frames: int = 10,
    ) -> None:
        self._engine = engine
        self._store = store
        self._defaults = dict(defaults)
        self._must_cover = frozenset(must_cover)
        self._frames = frames

    @property
    def coverage(self) -> Coverage:
        return self._engine.coverage

    async def policy(self, scope: Scope, age_restricted: bool = False) -> Policy:
        """The rules of a scope, the narrower over the wider: the defaults, everyone's, the community's, those of its
        age-restricted places (when this is one, or the scope is that profile itself), the place's."""
        limits = dict(self._defaults)
        rows = await self._store.rules(scope.platform, scope.community, scope.channel)
        if (age_restricted or scope.age_restricted) and scope.channel != AGE_RESTRICTED:
            rows += await self._store.rules(scope.platform, scope.community, AGE_RESTRICTED)
        for row in sorted(rows, key=_narrowness):
            category = Category(row.category)
            share = limits[category].share  # of the operator: communities choose threshold and action
            limits[category] = Limit(row.threshold, Action(row.action), _origin(row), share)
        return Policy(limits, self._must_cover)

    async def what_if(
        self, scope: Scope, category: str, threshold: float, action: str = "", *, age_restricted: bool = False
    ) -> WhatIf:
        """Replay the latest recorded decisions of a category in a scope against another threshold and action (empty:
        that of the current rule).

        The profile of age-restricted places is tried on what was decided in such places. Raises `ValueError` with a
        sentence for impossible values.
        """
        current = await self.policy(scope, age_restricted)
        _possible(category, threshold, action or Action.BLOCK)
        blocks = (Action(action) if action else current.limits[Category(category)].action) is Action.BLOCK
        rows = await self._decided(scope, category)
        stopped = [row.action == Action.BLOCK for row in rows]
        would = [blocks and row.score is not None and row.score >= threshold for row in rows]
        return WhatIf(
            decisions=len(rows),
            would_block=sum(then and not now for now, then in zip(stopped, would, strict=True)),
            would_allow=sum(now and not then for now, then in zip(stopped, would, strict=True)),
        )

    async def _decided(self, scope: Scope, category: str) -> list[AuditRow]:
        profile = scope.channel == AGE_RESTRICTED
        rows = await self._store.decisions(
            platform=scope.platform,
            community=scope.community,
            channel="" if profile else scope.channel,
            category=category,
            limit=LOOK_BACK * PROFILE_FACTOR if profile else LOOK_BACK,
        )
        return [row for row in rows if not profile or row.details.get(AGE_RESTRICTED)][:LOOK_BACK]

    async def suggestion(self, scope: Scope, category: str, score: float, *, age_restricted: bool = False) -> str:
        """A sentence about the threshold that would have let `score` pass there, and what else it would change."""
        limit = (await self.policy(scope, age_restricted)).limits[Category(category)]
        if limit.action is not Action.BLOCK or score < limit.threshold:
            return f"The rule for {category} has changed since: this would be shown now."
        if score >= 1:
            return f"No threshold would have shown this, for {category} scored 1.00; the action warn would."
        threshold = min(1.0, round((math.floor(round(score / SUGGESTED_STEP, 6)) + 1) * SUGGESTED_STEP, 2))
        found = await self.what_if(scope, category, threshold, age_restricted=age_restricted)
        differ = found.would_block + found.would_allow
        sentence = f"With {category} at {threshold:.2f} this would have been shown"
        if not found.decisions:
            return f"{sentence}."
        return f"{sentence}; {differ or 'none'} of the last {found.decisions} decisions here would differ."

    async def check(
        self,
        policy: Policy,
        *,
        request: str,
        text: str = "",
        text_at: Where | None = None,
        clips: Sequence[Clip] = (),
        clips_at: Where | None = None,
        user: str = "",
        community: str = "",
    ) -> Decision:
        """Score and decide. `user` of `community` is charged for what reading the clips takes.

        Raises `EngineError` when a guard is missing or failed: callers must not go on.
        """
        has_text = bool(text.strip())
        if not has_text and not clips:
            return Decision()
        scored = await self._engine.run(
            Moderate(text=text if has_text else "", clips=tuple(clips), frames=self._frames),
            request=request,
            user=user,
            community=community,
            system=True,
        )
        if not isinstance(scored, Scored):
            raise GuardUnavailable("The safety check gave no scores, so I stop here. Tell the operator.")
        return decide(policy, scored, text=text_at if has_text else None, frames=clips_at if clips else None)

    async def record(
        self, decision: Decision, at: Where, *, request: str, place: Place, author: str, excerpt: str = ""
    ) -> None:
        """Write every verdict to the audit, and every category whose missing guard decided."""
        short = shorten(excerpt, EXCERPT)

        def row(category: Category, action: Action, where: Where, verdict: Verdict | None) -> NewDecision:
            return NewDecision(
                request=request,
                platform=place.platform,
                community=place.community,
                channel=place.channel,
                conversation=place.conversation,
                author=author,
                where=_check_point(where),
                category=category.value,
                score=verdict.score if verdict else None,
                threshold=verdict.threshold if verdict else None,
                action=action.value,
                time_s=verdict.time_s if verdict else None,
                excerpt=short if verdict is None or verdict.time_s is None else "",
                guard=verdict.guard if verdict else "",
                details={
                    **({AGE_RESTRICTED: True} if place.age_restricted else {}),
                    **({UNREAD: True} if category in decision.unread else {}),
                    **({ON_SCREEN: True} if where is Where.SCREEN else {}),
                },
            )

        rows = [row(verdict.category, verdict.action, verdict.where, verdict) for verdict in decision.verdicts]
        rows += [row(category, Action.BLOCK, at, None) for category in decision.missing]
        if rows:
            await self._store.record(rows)

    async def set_rule(self, scope: Scope, category: str, threshold: float, action: str, *, by: str) -> None:
        """Change one rule. Raises `ValueError` with a sentence when a value is impossible."""
        _possible(category, threshold, action)
        row = RuleRow(scope.platform, scope.community, scope.channel, category, threshold, action)
        await self._store.set_rule(row, by=by)


def _check_point(where: Where) -> CheckPoint:
    """As the audit knows it: what is quoted from the screen is a part of the answer."""
    return "answer" if where is Where.SCREEN else cast("CheckPoint", where.value)


def _possible(category: str, threshold: float, action: str) -> None:
    if not 0 <= threshold <= 1:
        raise ValueError("A threshold lies between 0 and 1.")
    if category not in set(Category):
        raise ValueError(f"There is no category {category!r}. There are: {listing([c.value for c in Category])}.")
    if action not in set(Action):
        raise ValueError(f"There is no action {action!r}. There are: allow, warn and block.")


def _narrowness(row: RuleRow) -> tuple[bool, bool, int]:
    """The order in which rules are laid over each other."""
    return bool(row.platform), bool(row.community), 0 if not row.channel else 1 if row.channel == AGE_RESTRICTED else 2


def _origin(row: RuleRow) -> str:
    if not row.community:
        return "default"
    if not row.channel:
        return "community"
    return "age-restricted" if row.channel == AGE_RESTRICTED else "place"
