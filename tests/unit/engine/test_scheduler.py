"""Who goes next, who waits and who is refused, on a clock that the tests turn."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.scheduler import CostModel, Item, Scheduler, admission, class_of, cost_key
from engine.settings import EngineSettings
from engine.types import Clip, Generate, Inspect, Job, JobClass, Moderate, Transcode, Turn, Understand

SETTINGS = EngineSettings()
M, U, G = JobClass.MODERATION, JobClass.UNDERSTANDING, JobClass.GENERATION


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A scheduler with a clock and short words for adding."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.scheduler: Scheduler[str] = Scheduler(self.clock, SETTINGS)
        self.ids = itertools.count(1)

    def add(self, job_class: JobClass, who: str, cost_s: float = 1.0, times: int = 1) -> list[int]:
        community, _, user = who.partition("/")
        added = []
        for _ in range(times):
            item = Item(next(self.ids), job_class, community, user, cost_s, who)
            self.scheduler.add(item)
            added.append(item.id)
        return added

    def picks(self, count: int) -> list[str]:
        return [item.payload for _ in range(count) if (item := self.scheduler.pick()) is not None]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_most_urgent_class_goes_first(desk: Desk) -> None:
    desk.add(G, "a/g")
    desk.add(U, "a/u")
    desk.add(M, "a/m")
    assert desk.picks(4) == ["a/m", "a/u", "a/g"]


def test_only_the_classes_asked_for_are_picked(desk: Desk) -> None:
    desk.add(M, "a/m")
    assert desk.scheduler.pick(among=(U, G)) is None


def test_a_class_that_was_passed_over_for_long_gets_one_turn(desk: Desk) -> None:
    desk.add(G, "a/g", times=2)
    desk.add(U, "a/u", times=4)
    desk.clock.now += SETTINGS.ageing_s[G] - 1
    assert desk.picks(1) == ["a/u"]
    desk.clock.now += 1
    assert desk.picks(3) == ["a/g", "a/u", "a/u"]


def test_a_cheap_video_is_made_after_a_question_or_two_of_a_flood(desk: Desk) -> None:
    for number in range(200):
        desk.add(U, f"guild/{number}", times=3)
    desk.picks(20)
    desk.add(G, "guild/g", cost_s=0.1)
    assert "guild/g" in desk.picks(2)


def test_a_costly_video_waits_until_questions_have_had_their_share(desk: Desk) -> None:
    for number in range(200):
        desk.add(U, f"guild/{number}", times=3)
    desk.add(G, "guild/g", cost_s=20.0, times=3)
    picked = desk.picks(200)
    assert [index for index, who in enumerate(picked) if who == "guild/g"] == [79, 160]


def test_videos_save_nothing_while_none_waits(desk: Desk) -> None:
    desk.add(U, "guild/u", times=500)
    desk.picks(300)
    desk.add(G, "guild/g", cost_s=20.0, times=2)
    assert "guild/g" not in desk.picks(78)


def test_a_cheap_check_does_not_wait_for_the_checks_of_forty_clips(desk: Desk) -> None:
    for number in range(40):
        desk.add(M, f"guild/{number}", cost_s=1.0)
    desk.picks(2)
    desk.add(M, "guild/text", cost_s=0.02, times=3)
    assert desk.picks(3) == ["guild/text"] * 3


def test_cheap_checks_take_no_more_time_than_the_others(desk: Desk) -> None:
    for number in range(40):
        desk.add(M, f"guild/{number}", cost_s=1.0)
        desk.add(M, f"guild/text{number}", cost_s=0.1, times=50)
    used = Counter[bool]()
    for who in desk.picks(220):
        used["text" in who] += 1
    assert used[False] == pytest.approx(used[True] / 10, abs=2)


def test_checks_still_go_before_everything(desk: Desk) -> None:
    desk.add(G, "a/g", cost_s=0.1, times=5)
    desk.add(U, "a/u", times=5)
    desk.picks(1)
    desk.add(M, "a/m", times=3)
    assert desk.picks(3) == ["a/m"] * 3


def test_questions_do_not_wait_behind_a_backlog_of_videos(desk: Desk) -> None:
    desk.add(G, "a/g", cost_s=60, times=50)
    waits = []
    for _ in range(20):
        desk.add(U, "b/u")
        desk.clock.now += 60  # one video was rendered
        picked = desk.picks(2)
        waits.append(picked.index("b/u"))
    assert max(waits) <= 1


def test_a_newcomer_is_served_within_one_round_of_a_flooder(desk: Desk) -> None:
    desk.add(U, "guild/flooder", times=1000)
    desk.picks(10)
    desk.add(U, "guild/newcomer")
    assert "guild/newcomer" in desk.picks(2)
    desk.add(U, "other/newcomer")
    assert "other/newcomer" in desk.picks(2)


def test_communities_share_alike_whatever_their_size(desk: Desk) -> None:
    for number in range(20):
        desk.add(U, f"large/{number}", times=5)
    desk.add(U, "small/only", times=50)
    assert Counter(who.split("/")[0] for who in desk.picks(40)) == {"large": 20, "small": 20}


def test_users_who_come_and_go_are_served_in_turn(desk: Desk) -> None:
    for number in range(10):
        desk.add(U, f"guild/{number}")
    assert desk.picks(10) == [f"guild/{number}" for number in range(10)]


def test_shares_are_measured_in_gpu_seconds_and_not_in_jobs(desk: Desk) -> None:
    desk.add(G, "guild/long", cost_s=10, times=100)
    desk.add(G, "guild/short", cost_s=1, times=1000)
    used = Counter[str]()
    for who in desk.picks(220):
        used[who] += 10 if who == "guild/long" else 1
    assert used["guild/long"] == pytest.approx(used["guild/short"], abs=10)


def test_a_cancelled_job_is_gone_and_its_seconds_with_it(desk: Desk) -> None:
    first, second = desk.add(U, "a/u", cost_s=3, times=2)
    removed = desk.scheduler.remove(first)
    assert removed is not None
    assert desk.scheduler.remove(first) is None
    assert (desk.scheduler.waiting_s(U), len(desk.scheduler)) == (3, 1)
    picked = desk.scheduler.pick()
    assert picked is not None
    assert picked.id == second


def test_the_wait_of_a_class_counts_what_goes_before_it(desk: Desk) -> None:
    desk.add(M, "a/a", cost_s=1)
    desk.add(U, "a/a", cost_s=10)
    desk.add(G, "a/a", cost_s=100)
    assert [desk.scheduler.waiting_s(each) for each in (M, U, G)] == [1, 11, 111]


def test_a_forecast_is_what_then_happens_and_changes_nothing(desk: Desk) -> None:
    for number in range(30):
        desk.add((M, U, G)[number % 3], f"{number % 4}/{number % 7}", cost_s=1 + number % 5)
    desk.picks(3)
    forecast = [item.id for item in desk.scheduler.forecast()]
    assert forecast == [item.id for item in desk.scheduler.forecast()]
    picked = [item.id for _ in range(27) if (item := desk.scheduler.pick())]
    assert picked == forecast


# --- admission and costs ---


def test_a_user_is_refused_above_the_cap_and_told_when_to_come_back() -> None:
    assert admission(SETTINGS, waiting_of_user=2, ahead_s=0, counts_user=True) is None
    refusal = admission(SETTINGS, waiting_of_user=3, ahead_s=80, counts_user=True)
    assert refusal is not None
    assert (refusal.why, refusal.retry_after_s) == ("user", 20)
    assert admission(SETTINGS, waiting_of_user=3, ahead_s=80, counts_user=False) is None


def test_nobody_is_admitted_beyond_the_target_wait() -> None:
    assert admission(SETTINGS, waiting_of_user=0, ahead_s=600, counts_user=True) is None
    refusal = admission(SETTINGS, waiting_of_user=0, ahead_s=720, counts_user=False)
    assert refusal is not None
    assert (refusal.why, refusal.retry_after_s) == ("queue", 120)
    assert "10 minutes" in refusal.message
    assert "2 minutes" in refusal.message


def video(width: int) -> tuple[str, str]:
    return cost_key(Generate(prompt="p", out="o", width=width, height=100, seconds=1.0))


def test_costs_are_learned_by_size_as_a_moving_average() -> None:
    costs = CostModel()
    assert not costs.measured(video(320))
    costs.learn(video(320), 10.0)
    costs.learn(video(1920), 100.0)
    assert costs.estimate(video(320)) == 10.0
    assert costs.estimate(video(1920)) == 100.0
    costs.learn(video(320), 20.0)
    assert costs.estimate(video(320)) == pytest.approx(13.0)


def test_an_unknown_size_is_expected_to_take_no_less_than_what_is_known_suggests() -> None:
    costs = CostModel()
    costs.learn(video(400), 40.0)
    assert costs.measured(video(100))
    assert costs.estimate(video(100)) == 40.0
    assert not costs.measured(video(1600))
    assert costs.estimate(video(1600)) == pytest.approx(160.0)
    costs.learn(video(200), 25.0)
    assert costs.estimate(video(100)) == 25.0


def test_small_talk_does_not_foretell_how_long_a_clip_takes() -> None:
    costs = CostModel()
    clip = Clip(path="c")
    talk, about = (Understand(turns=(Turn(role="user", text="t", clips=clips),)) for clips in ((), (clip,)))
    prior_s = costs.estimate(cost_key(about))
    for _ in range(100):
        costs.learn(cost_key(talk), 0.01)
    assert not costs.measured(cost_key(about))
    assert costs.estimate(cost_key(about)) >= prior_s


def test_a_guess_counts_for_a_part_only_until_something_was_measured() -> None:
    costs = CostModel()
    assert 0 < costs.at_least(video(100)) < costs.estimate(video(100))
    costs.learn(video(100), 3.0)
    assert costs.at_least(video(100)) == costs.estimate(video(100)) == 3.0


def test_the_first_of_a_kind_is_tried_for_next_to_nothing_and_then_paid_for() -> None:
    costs = CostModel()
    assert costs.price(video(100)) < 0.01
    costs.learn(video(100), 40.0)
    assert costs.price(video(100)) == 40.0
    assert costs.price(video(200)) == pytest.approx(80.0)


def test_turns_are_paid_for_at_todays_prices(desk: Desk) -> None:
    prices = {("u", ""): 1.0, ("g", ""): 0.25}
    scheduler: Scheduler[str] = Scheduler(desk.clock, SETTINGS, lambda key: prices[key])
    for number in range(100):
        scheduler.add(Item(number, U, "guild", str(number), 0.05, "u", ("u", "")))
    scheduler.add(Item(101, G, "guild", "g", 20.0, "g", ("g", "")))
    scheduler.add(Item(102, G, "guild", "g", 20.0, "g", ("g", "")))
    picked = [item.payload for _ in range(2) if (item := scheduler.pick())]
    assert picked == ["g", "u"]
    prices["g", ""] = 5.0
    picked = [item.payload for _ in range(30) if (item := scheduler.pick())]
    assert picked.index("g") == 19


def test_what_is_measured_now_is_better_than_what_was_kept() -> None:
    costs = CostModel()
    costs.learn(video(100), 3.0)
    costs.recall(video(100), 60.0)
    costs.recall(video(200), 60.0)
    assert costs.known() == {video(100): 3.0, video(200): 60.0}
    costs.learn(video(200), 50.0)
    assert costs.estimate(video(200)) == pytest.approx(57.0)


def test_one_video_model_is_not_expected_to_cost_what_another_one_does() -> None:
    costs = CostModel()
    quick, slow = (cost_key(Generate(prompt="p", out="o", model=model)) for model in ("quick", "pkg.slow:Slow"))
    prior_s = costs.estimate(slow)
    costs.learn(quick, prior_s * 100)
    assert not costs.measured(slow)
    assert costs.estimate(slow) == prior_s


def test_every_job_has_a_class_and_a_cost_before_it_was_ever_seen() -> None:
    clip = Clip(path="c")
    jobs = {
        Moderate(text="t"): M,
        Inspect(clip=clip): M,
        Understand(turns=(Turn(role="user", text="t", clips=(clip,)),)): U,
        Transcode(source="s", out="o", max_bytes=1): U,
        Generate(prompt="p", out="o"): G,
        Generate(prompt="p", out="o", model="pkg.module:Model"): G,
    }
    for job, job_class in jobs.items():
        assert class_of(job) is job_class
        assert CostModel().estimate(cost_key(job)) > 0


class SchedulerLife(RuleBasedStateMachine):
    """Whatever happens in whatever order: nothing is lost, nothing comes twice, the seconds add up."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.waiting: dict[int, Item[str]] = {}

    @rule(
        job_class=st.sampled_from(JobClass), who=st.sampled_from(["a/1", "a/2", "b/1", "/"]), cost=st.floats(0.001, 99)
    )
    def arrive(self, job_class: JobClass, who: str, cost: float) -> None:
        community, _, user = who.partition("/")
        item = Item(next(self.desk.ids), job_class, community, user, cost, who)
        self.desk.scheduler.add(item)
        self.waiting[item.id] = item

    @rule(among=st.sets(st.sampled_from(JobClass)))
    def pick(self, among: set[JobClass]) -> None:
        item = self.desk.scheduler.pick(among)
        candidates = [each for each in self.waiting.values() if each.job_class in among]
        assert (item is None) == (not candidates)
        if item is not None:
            assert item.job_class in among
            # First come, first served within one user's jobs of a class; only cheap checks overtake.
            mine = [each for each in candidates if each.payload == item.payload and each.job_class is item.job_class]
            overtaken = [each for each in mine if each.id < item.id]
            assert not overtaken or (item.job_class is M and item.cost_s < min(each.cost_s for each in overtaken) <= 99)
            del self.waiting[item.id]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        item_id = data.draw(st.sampled_from(sorted(self.waiting)))
        assert self.desk.scheduler.remove(item_id) is self.waiting.pop(item_id)

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.desk.clock.now += seconds

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.desk.scheduler) == len(self.waiting)
        assert sorted(item.id for item in self.desk.scheduler.forecast()) == sorted(self.waiting)
        assert sum(count for _, count in self.desk.scheduler.waiting(G)) == len(self.waiting)
        assert all(count > 0 for _, count in self.desk.scheduler.waiting(G))
        total_s = sum(item.cost_s for item in self.waiting.values())
        assert self.desk.scheduler.waiting_s(G) == pytest.approx(total_s, abs=1e-6)


TestSchedulerLife = SchedulerLife.TestCase
TestSchedulerLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("kind", get_args(Job))
def test_every_kind_of_job_can_be_guessed_at_before_one_was_measured(kind: type) -> None:
    """A kind without a guess would be refused with a traceback, the first time that somebody asks for it."""
    clip = Clip(path="a.mp4")
    given = {
        "clip": clip, "turns": (), "prompt": "a cat", "out": "b.mp4", "texts": ("a",), "source": "a.mp4", "max_bytes": 1
    }  # fmt: skip
    job = kind(**{field: value for field, value in given.items() if field in kind.__struct_fields__})
    assert CostModel().estimate(cost_key(job)) > 0
