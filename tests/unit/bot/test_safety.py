"""Thresholds, actions and the sentences that explain them."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from adapters.base import Scope
from bot.config import Config
from bot.safety import Action, Decision, Limit, Policy, Safety, Verdict, Where, decide, explain
from bot.store import RuleRow
from engine.errors import GuardUnavailable
from engine.types import Category, Coverage, Score, Scored

HARASSMENT, SEXUAL, VIOLENCE = Category.HARASSMENT, Category.SEXUAL, Category.VIOLENCE


def policy(
    action: Action = Action.BLOCK,
    threshold: float = 0.7,
    must: frozenset[Category] = frozenset(),
    share: float = 0.0,
) -> Policy:
    return Policy({category: Limit(threshold, action, share=share) for category in Category}, must)


def of_text(category: Category, score: float) -> Score:
    return Score(category=category, score=score, guard="words", source="text")


def of_frame(category: Category, score: float, time_s: float, clip: int = 0) -> Score:
    return Score(category=category, score=score, guard="eyes", source="frame", time_s=time_s, clip=clip)


def of_clip(*scores: float, clip: int = 0) -> list[Score]:
    """A clip's scores for violence, a frame each second."""
    return [of_frame(VIOLENCE, score, float(second), clip) for second, score in enumerate(scores)]


def scored(*scores: Score) -> Scored:
    text = tuple({score.category for score in scores if score.source == "text"})
    frames = tuple({score.category for score in scores if score.source == "frame"})
    return Scored(scores=scores, coverage=Coverage(text=text, frames=frames))


def test_a_score_at_its_threshold_takes_the_action() -> None:
    decision = decide(policy(), scored(of_text(HARASSMENT, 0.7)), text=Where.QUESTION, frames=None)
    assert decision.blocked


def test_a_score_below_its_threshold_is_allowed_and_still_recorded() -> None:
    decision = decide(policy(), scored(of_text(HARASSMENT, 0.69)), text=Where.QUESTION, frames=None)
    assert not decision.blocked
    assert [verdict.score for verdict in decision.verdicts] == [0.69]


@pytest.mark.parametrize("action", [Action.ALLOW, Action.WARN])
def test_only_the_action_block_blocks(action: Action) -> None:
    decision = decide(policy(action), scored(of_text(HARASSMENT, 1.0)), text=Where.QUESTION, frames=None)
    assert not decision.blocked
    assert decision.verdicts[0].action is action


def test_the_worst_frame_of_a_clip_counts_and_brings_its_time() -> None:
    frames = scored(of_frame(SEXUAL, 0.1, 1.0), of_frame(SEXUAL, 0.9, 7.2), of_frame(SEXUAL, 0.4, 9.0))
    decision = decide(policy(), frames, text=None, frames=Where.CLIP)
    assert [(verdict.score, verdict.time_s) for verdict in decision.verdicts] == [(0.9, 7.2)]


def test_a_source_that_came_back_without_scores_is_an_error_and_not_an_allow() -> None:
    with pytest.raises(GuardUnavailable):
        decide(policy(), Scored(scores=(), coverage=Coverage()), text=Where.QUESTION, frames=None)


def test_a_covered_category_without_a_score_is_an_error_and_not_an_allow() -> None:
    half = Scored(scores=(of_text(HARASSMENT, 0.0),), coverage=Coverage(text=(HARASSMENT, VIOLENCE)))
    with pytest.raises(GuardUnavailable):
        decide(policy(), half, text=Where.QUESTION, frames=None)


def test_what_no_guard_scores_is_reported_as_not_covered() -> None:
    decision = decide(policy(), scored(of_text(HARASSMENT, 0.0)), text=Where.QUESTION, frames=None)
    assert set(decision.not_covered) == set(Category) - {HARASSMENT}


def test_a_category_scored_in_the_text_alone_is_not_covered_when_frames_were_checked_too() -> None:
    both = scored(of_text(HARASSMENT, 0.0), of_frame(SEXUAL, 0.0, 1.0))
    decision = decide(policy(), both, text=Where.QUESTION, frames=Where.CLIP)
    assert {HARASSMENT, SEXUAL} <= set(decision.not_covered)


def test_what_is_scored_in_a_language_that_no_guard_knows_counts_and_is_not_covered() -> None:
    foreign = msgspec.structs.replace(
        scored(of_text(HARASSMENT, 0.9), of_text(VIOLENCE, 0.1)), unread=(HARASSMENT, VIOLENCE)
    )
    decision = decide(policy(), foreign, text=Where.QUESTION, frames=None)
    assert decision.blocked
    assert set(decision.not_covered) == set(Category)
    assert decision.unread == (HARASSMENT, VIOLENCE)


def test_a_demanded_check_of_a_language_that_no_guard_knows_blocks_and_says_why() -> None:
    foreign = msgspec.structs.replace(scored(of_text(VIOLENCE, 0.1)), unread=(VIOLENCE,))
    decision = decide(policy(must=frozenset({VIOLENCE})), foreign, text=Where.QUESTION, frames=None)
    assert decision.blocked
    assert "no loaded guard knows this language" in explain(decision, Where.QUESTION)


def test_two_checks_together_keep_what_was_unread_in_either() -> None:
    known = decide(policy(), scored(of_text(VIOLENCE, 0.1)), text=Where.QUESTION, frames=None)
    assert (known + Decision(unread=(VIOLENCE,), not_covered=(VIOLENCE,))).unread == (VIOLENCE,)


def test_a_demanded_category_that_nobody_scores_blocks() -> None:
    demanding = policy(must=frozenset({VIOLENCE}))
    decision = decide(demanding, scored(of_text(HARASSMENT, 0.0)), text=Where.QUESTION, frames=None)
    assert decision.blocked
    assert "violence" in explain(decision, Where.QUESTION)


def test_the_explanation_names_category_score_limit_and_frame() -> None:
    decision = decide(policy(), scored(of_frame(VIOLENCE, 0.83, 7.4)), text=None, frames=Where.CLIP)
    sentence = explain(decision, Where.CLIP)
    assert all(part in sentence for part in ("violence", "0.83", "0.70", "0:07"))


@pytest.mark.parametrize("where", [Where.QUESTION, Where.PROMPT])
def test_whoever_writes_of_harming_themselves_is_told_where_help_is(where: Where) -> None:
    decision = decide(policy(), scored(of_text(Category.SELF_HARM, 0.9)), text=where, frames=None)
    assert explain(decision, where).endswith("a help line from findahelpline.com.")


def test_help_is_offered_for_no_other_category_and_not_for_what_others_said() -> None:
    violent = decide(policy(), scored(of_text(VIOLENCE, 0.9)), text=Where.QUESTION, frames=None)
    said = decide(policy(), scored(of_text(Category.SELF_HARM, 0.9)), text=Where.SPEECH, frames=None)
    assert "findahelpline" not in explain(violent, Where.QUESTION) + explain(said, Where.SPEECH)


def test_adding_decisions_keeps_the_stricter_verdict_of_each_check_point() -> None:
    def one(score: float, action: Action, where: Where) -> Decision:
        return Decision((Verdict(HARASSMENT, score, 0.5, action, where, "words"),))

    total = (
        one(0.4, Action.ALLOW, Where.ANSWER)
        + one(0.6, Action.WARN, Where.ANSWER)
        + one(0.1, Action.ALLOW, Where.PROMPT)
    )
    assert [(verdict.where, verdict.score) for verdict in total.verdicts] == [(Where.ANSWER, 0.6), (Where.PROMPT, 0.1)]


def test_a_pardon_lets_pass_what_was_judged_and_nothing_that_is_worse() -> None:
    pardoned = policy().pardon(VIOLENCE, 0.83)
    for score, blocked in ((0.83, False), (0.8301, False), (0.86, True)):
        seen = scored(of_frame(VIOLENCE, score, 7.4))
        assert decide(pardoned, seen, text=None, frames=Where.VIDEO).blocked == blocked


def test_a_pardon_is_for_one_category() -> None:
    pardoned = policy().pardon("violence", 1.0)
    assert not decide(pardoned, scored(of_text(VIOLENCE, 1.0)), text=Where.QUESTION, frames=None).blocked
    assert decide(pardoned, scored(of_text(HARASSMENT, 0.7)), text=Where.QUESTION, frames=None).blocked


def test_a_pardon_makes_no_rule_stricter_and_keeps_what_must_be_covered() -> None:
    strict = policy(threshold=0.9, must=frozenset({VIOLENCE}))
    pardoned = strict.pardon(HARASSMENT, 0.3)
    assert pardoned.limits[HARASSMENT].threshold == 0.9
    assert pardoned.must_cover == strict.must_cover
    assert strict.pardon(HARASSMENT, 0.95).pardon(VIOLENCE, 0.95).limits[HARASSMENT].threshold > 0.95
    assert strict.limits[HARASSMENT].threshold == 0.9


# --- the share of a clip's frames ---


@pytest.mark.parametrize(
    ("harmful", "of_frames", "by_the_highest", "by_the_papers_rule"),
    [(0, 10, False, False), (1, 10, True, False), (4, 10, True, False), (5, 10, True, True), (10, 10, True, True)],
)
def test_the_highest_frame_and_the_papers_share_of_frames_are_different_rules(
    harmful: int, of_frames: int, by_the_highest: bool, by_the_papers_rule: bool
) -> None:
    clip = scored(*of_clip(*[0.9] * harmful, *[0.1] * (of_frames - harmful)))
    for share, blocked in ((0.0, by_the_highest), (0.4, by_the_papers_rule)):
        decision = decide(policy(share=share), clip, text=None, frames=Where.CLIP)
        assert decision.blocked == blocked


def test_a_share_shows_the_score_and_the_frame_that_decided() -> None:
    clip = scored(*of_clip(0.1, 0.95, 0.72, 0.3, 0.8))
    decision = decide(policy(share=0.4), clip, text=None, frames=Where.CLIP)
    assert [(each.score, each.time_s, each.action) for each in decision.verdicts] == [(0.72, 2.0, Action.BLOCK)]
    assert "violence 0.72 in more than 40% of its frames is over this place's limit of 0.70 (frame at 0:02)" in explain(
        decision, Where.CLIP
    )
    assert not decide(policy(threshold=0.73, share=0.4), clip, text=None, frames=Where.CLIP).blocked


@pytest.mark.parametrize(
    ("share", "frames", "needed"),
    [(0.0, 1, 1), (0.4, 1, 1), (0.99, 1, 1), (0.7, 10, 8), (0.29, 100, 30), (0.3, 10, 4), (0.5, 3, 2), (0.999, 10, 10)],
)
def test_more_than_the_share_is_counted_exactly(share: float, frames: int, needed: int) -> None:
    for harmful in (needed - 1, needed):
        clip = scored(*of_clip(*[0.9] * harmful, *[0.1] * (frames - harmful)))
        blocked = decide(policy(share=share), clip, text=None, frames=Where.CLIP).blocked
        assert blocked == (harmful == needed)


def test_every_clip_is_measured_by_itself() -> None:
    harmless, harmful = of_clip(*[0.1] * 30), of_clip(0.9, 0.8, 0.85, 0.2, clip=1)
    decision = decide(policy(share=0.4), scored(*harmless, *harmful), text=None, frames=Where.CLIP)
    assert [(each.clip, each.score) for each in decision.verdicts] == [(1, 0.85)]
    spread = scored(*of_clip(0.9, 0.1, 0.1), *of_clip(0.9, 0.1, 0.1, clip=1))
    assert not decide(policy(share=0.4), spread, text=None, frames=Where.CLIP).blocked


def test_a_share_is_for_frames_and_changes_nothing_for_texts() -> None:
    both = scored(of_text(VIOLENCE, 0.9), *of_clip(0.9, 0.1, 0.1))
    decision = decide(policy(share=0.5), both, text=Where.QUESTION, frames=Where.CLIP)
    assert {each.where: each.action for each in decision.verdicts} == {
        Where.QUESTION: Action.BLOCK,
        Where.CLIP: Action.ALLOW,
    }
    assert "%" not in explain(decision, Where.QUESTION)


def test_a_pardon_keeps_the_share() -> None:
    pardoned = policy(share=0.4).pardon(VIOLENCE, 0.72)
    assert not decide(pardoned, scored(*of_clip(0.1, 0.95, 0.72, 0.3, 0.8)), text=None, frames=Where.CLIP).blocked
    assert decide(pardoned, scored(*of_clip(0.1, 0.95, 0.78, 0.3, 0.8)), text=None, frames=Where.CLIP).blocked
    assert pardoned.limits[VIOLENCE].share == 0.4


async def test_a_communitys_rule_takes_the_place_of_threshold_and_action_and_the_operators_share_stays() -> None:
    class Store:
        async def rules(self, platform: str, community: str, channel: str) -> list[RuleRow]:
            return [RuleRow(platform, community, "", "violence", 0.3, "warn")]

    safety = Safety(cast(Any, None), cast(Any, Store()), policy(share=0.4).limits)
    limit = (await safety.policy(Scope("web", "club"))).limits[VIOLENCE]
    assert limit == Limit(0.3, Action.WARN, "community", share=0.4)


def test_the_operator_sets_a_share_for_a_category() -> None:
    config = Config.model_validate({"safety": {"rules": {"sexual": {"threshold": 0.5, "share": 0.4}}}})
    assert (config.shares()[SEXUAL], config.shares()[VIOLENCE]) == (0.4, 0.0)
    for impossible in (1, -0.1, "nan"):
        with pytest.raises(ValueError, match=r"sexual\.share"):
            Config.model_validate({"safety": {"rules": {"sexual": {"threshold": 0.5, "share": impossible}}}})
