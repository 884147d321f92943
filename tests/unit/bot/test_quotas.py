"""Which limit holds for somebody, when they have used it up, and what they are told then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from adapters.base import Author, Measure, Quota, Wants, Window
from bot.quotas import SPANS, ceilings, holding, sentence, shortage, standing
from bot.store.records import Ceiling, UsageRow

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ASKS, VIDEOS, SECONDS = Measure.ASKS, Measure.VIDEOS, Measure.GPU_SECONDS
HOUR, DAY = Window.HOUR, Window.DAY
ANN = Author("ann", "Ann", roles=("painters", "singers"))
DEFAULT = Quota("", VIDEOS, DAY, 5, origin="default")


def quota(subject: str, amount: float | None, measure: Measure = VIDEOS, window: Window = DAY) -> Quota:
    return Quota(subject, measure, window, amount)


def ago(minutes: float, measure: Literal["asks", "videos"] = "videos", seconds: float = 0.0) -> UsageRow:
    return UsageRow(f"request-{minutes}", measure, NOON - timedelta(minutes=minutes), seconds)


def limits(*quotas: Quota) -> list[Ceiling]:
    return [Ceiling(one.measure.value, SPANS[one.window].total_seconds(), one.amount or 0.0) for one in quotas]


def told(limit: Quota, *rows: UsageRow, now: datetime = NOON) -> str:
    short = shortage(limits(limit), rows, now)
    assert short is not None
    return sentence(short, now, who_can="An admin")


@pytest.mark.parametrize(
    ("others", "amount"),
    [
        ([], 5),
        ([quota("", 3)], 3),
        ([quota("", 30), quota("role:painters", 1)], 1),
        ([quota("role:painters", 1), quota("role:singers", 4)], 4),
        ([quota("role:painters", None), quota("role:singers", 4)], None),
        ([quota("role:painters", None), quota("user:ann", 0)], 0),
        ([quota("user:ann", None), quota("", 0)], None),
        ([quota("user:bob", 9), quota("role:cooks", 9)], 5),
    ],
)
def test_the_nearest_limit_holds_and_of_several_roles_the_most_generous(
    others: list[Quota], amount: float | None
) -> None:
    for order in (others, others[::-1]):
        (held,) = holding([DEFAULT, *order], ANN)
        assert held.amount == amount


def test_a_nearer_limit_of_one_window_leaves_the_others_alone() -> None:
    held = holding([DEFAULT, quota("user:ann", 2, window=HOUR), quota("", 7, ASKS)], ANN)
    assert [(one.measure, one.window, one.amount) for one in held] == [
        (ASKS, DAY, 7),
        (VIDEOS, HOUR, 2),
        (VIDEOS, DAY, 5),
    ]


def test_asking_spends_questions_and_making_spends_videos_and_both_the_models_time() -> None:
    held = [quota("", 1, ASKS), quota("", 2, VIDEOS), quota("", 3, SECONDS), quota("", None, SECONDS, HOUR)]
    assert ceilings(held, Wants.ASK) == [Ceiling("asks", 86_400, 1), Ceiling("gpu_seconds", 86_400, 3)]
    assert ceilings(held, Wants.GENERATE) == [Ceiling("videos", 86_400, 2), Ceiling("gpu_seconds", 86_400, 3)]


def test_only_what_is_in_the_window_counts() -> None:
    rows = [ago(24 * 60), ago(70), ago(60), ago(59), ago(1, "asks")]
    assert standing(quota("", 9), rows, NOON).used == 3
    assert standing(quota("", 9, window=HOUR), rows, NOON).used == 1
    assert standing(quota("", 9, ASKS), rows, NOON).used == 1


def test_seconds_of_questions_and_of_videos_are_one_sum() -> None:
    rows = [ago(55), ago(50, "asks", 1.5), ago(40, "videos", 20), ago(1)]
    used = standing(quota("", 60, SECONDS, HOUR), rows, NOON)  # what took no time frees none either
    assert (used.used, used.amount, used.frees_at) == (21.5, 60, NOON + timedelta(minutes=10))


def test_nothing_used_is_nothing_to_become_free() -> None:
    assert standing(quota("", 5), [], NOON).frees_at is None


def test_below_the_limit_nothing_is_short() -> None:
    assert shortage(limits(quota("", 2), quota("", 10, SECONDS)), [ago(5, seconds=9.9)], NOON) is None


def test_the_sentence_says_how_much_of_what_and_when_the_next_is_free() -> None:
    ten = [ago(17 * 60 + 40), *(ago(minute) for minute in range(9, 0, -1))]
    assert told(quota("", 10), *ten) == "You have used your 10 videos of today. The next one is free at 18:20 UTC."


def test_within_the_hour_the_wait_is_said_in_minutes() -> None:
    line = told(quota("", 1, ASKS, HOUR), ago(48.5, "asks"))
    assert line == "You have asked your 1 question of this hour. The next one is free in 12 min."


def test_beyond_midnight_the_sentence_says_tomorrow() -> None:
    line = told(quota("", 1), ago(60), now=NOON)
    assert line == "You have used your 1 video of today. The next one is free tomorrow at 11:00 UTC."


def test_a_time_is_never_said_too_early() -> None:
    used = UsageRow("r", "videos", NOON - timedelta(hours=17, minutes=40, seconds=-1), 0.0)
    assert "18:21 UTC" in told(quota("", 1), used)


def test_who_is_over_a_lowered_limit_waits_until_enough_is_free() -> None:
    rows = [ago(50), ago(40), ago(30), ago(20)]
    short = shortage(limits(quota("", 2, window=HOUR)), rows, NOON)
    assert short is not None
    assert short.frees_at == NOON + timedelta(minutes=30)


def test_model_time_is_free_again_once_less_than_the_limit_is_left() -> None:
    limit = quota("", 600, SECONDS, HOUR)
    rows = [ago(50, seconds=1), ago(30, "asks", 300), ago(20, seconds=299.5)]
    assert told(limit, *rows) == "You have used your 10 min of GPU time of this hour. More is free in 10 min."


def test_of_several_used_up_limits_the_one_that_lasts_longest_is_told() -> None:
    short = shortage(limits(quota("", 1, window=HOUR), quota("", 1)), [ago(30)], NOON)
    assert short is not None
    assert short.ceiling.span_s == 86_400


def test_a_limit_of_zero_is_not_something_to_wait_for() -> None:
    assert told(quota("", 0)) == "There are no videos for you here. An admin can change that."
    assert told(quota("", 0, SECONDS)) == "There are no seconds of GPU time for you here. An admin can change that."
    short = shortage(limits(quota("", 1), quota("", 0, ASKS)), [ago(1)], NOON)
    assert short is not None
    assert short.frees_at is None


@pytest.mark.parametrize(
    ("amount", "said"),
    [(60, "60 s"), (90.5, "90.5 s"), (125, "125 s"), (3600, "60 min"), (7200, "2 h"), (1_000_000, "1,000,000 s")],
)
def test_a_limit_of_model_time_is_said_as_it_was_set(amount: float, said: str) -> None:
    line = told(quota("", amount, SECONDS, HOUR), ago(5, seconds=amount))
    assert line == f"You have used your {said} of GPU time of this hour. More is free in 55 min."


def test_large_numbers_are_said_in_full() -> None:
    rows = [ago(number / 100) for number in range(1200, 0, -1)]
    assert "your 1,200 videos of today" in told(quota("", 1200), *rows)
