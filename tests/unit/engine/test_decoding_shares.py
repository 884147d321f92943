"""Who is read for next, and what a request has left: pure, by a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.decoding.kept import Kept
from engine.decoding.payer import Payer
from engine.decoding.poison import Poison
from engine.decoding.shares import Budgets, Line
from engine.decoding.wire import Decoded
from engine.errors import DecodeTimeout, PoisonedClip
from engine.types import ClipInfo

INFO = ClipInfo(
    kind="image", container="png", codec="png", width=1, height=1, duration_s=0.0, fps=0.0, frames=1,
    rotation=0, has_audio=False, hdr=False, alpha=False, size_bytes=1,
)  # fmt: skip


@dataclass(eq=False)
class Item:
    payer: Payer
    urgent: bool = False
    suspect: bool = False


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def by(user: str, community: str = "guild", request: str = "r", **marks: bool) -> Item:
    return Item(Payer(request=request, user=user, community=community), **marks)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line[Item]:
    return Line(clock)


def fill(line: Line[Item], *items: Item) -> None:
    for item in items:
        line.add(item)


def order(line: Line[Item], decoders: int = 2) -> list[Item]:
    found = []
    while (item := line.pick([], decoders)) is not None:
        found.append(item)
    return found


def test_without_a_history_the_first_come_is_the_first_served(line: Line[Item]) -> None:
    items = [by("ann"), by("bob"), by("ann")]
    fill(line, *items)
    assert order(line) == items


def test_who_has_used_more_lately_waits_for_those_who_used_less(line: Line[Item]) -> None:
    slow, quick, new = by("mallory"), by("ann"), by("bob")
    line.charge(slow.payer, 30.0)
    line.charge(quick.payer, 0.2)
    fill(line, slow, quick, new)
    assert order(line) == [new, quick, slow]


def test_a_community_pays_for_its_members_so_that_many_accounts_gain_nothing(line: Line[Item]) -> None:
    for number in range(200):
        line.charge(by(f"bot-{number}", "flood").payer, 1.0)
    fresh, other = by("bot-201", "flood"), by("ann", "quiet")
    line.charge(other.payer, 5.0)
    fill(line, fresh, other)
    assert order(line) == [other, fresh]


def test_what_was_used_is_forgotten_in_time(line: Line[Item], clock: Clock) -> None:
    slow, quick = by("mallory"), by("ann")
    line.charge(slow.payer, 30.0)
    clock.now = 3600.0
    line.charge(quick.payer, 1.0)
    fill(line, quick, slow)
    assert order(line) == [slow, quick]


def test_nobody_gets_all_decoders_so_that_a_newcomer_finds_one(line: Line[Item]) -> None:
    first, second, other = by("mallory"), by("mallory", request="s"), by("ann")
    fill(line, second)
    assert line.pick([first.payer], 2) is None
    fill(line, other)
    assert line.pick([first.payer], 2) is other
    assert line.pick([first.payer], 3) is second


def test_with_one_decoder_it_is_everybodys_in_turn(line: Line[Item]) -> None:
    only = by("ann")
    fill(line, only)
    assert line.pick([], 1) is only


def test_requests_without_a_user_are_somebody_each(line: Line[Item]) -> None:
    first, second = by("", "", "a"), by("", "", "b")
    fill(line, second)
    assert line.pick([first.payer], 2) is second


def test_what_a_model_waits_for_goes_first(line: Line[Item]) -> None:
    early, urgent = by("ann"), by("bob", urgent=True)
    fill(line, early, urgent)
    assert order(line) == [urgent, early]


def test_a_suspect_waits_until_nobody_else_does_even_if_a_model_waits_for_it(line: Line[Item]) -> None:
    suspect, waiting = by("mallory", urgent=True, suspect=True), by("ann")
    running = by("ann", request="other")
    fill(line, suspect, waiting)
    assert line.pick([running.payer], 2) is None
    assert line.pick([], 2) is waiting
    assert line.pick([], 2) is suspect


def test_a_request_has_one_budget_for_all_its_operations(clock: Clock) -> None:
    budgets = Budgets(clock, 30.0)
    budgets.charge("r", 12.0)
    budgets.charge("r", 13.0)
    assert budgets.left_s("r") == pytest.approx(5.0)
    assert budgets.left_s("other") == 30.0
    clock.now = 4000.0
    assert budgets.left_s("r") == 30.0


def test_a_content_is_poisoned_by_its_second_death_and_after_a_restart(tmp_path: Path) -> None:
    poison = Poison(tmp_path / "state")
    assert not poison.broke("c", b"looks")
    assert poison.verdict("c") is None
    assert poison.is_suspect("c")
    assert poison.broke("c", b"looks")
    poison.save()
    again = Poison(tmp_path / "state")
    again.load()
    verdict = again.verdict("c")
    assert isinstance(verdict, PoisonedClip)
    assert str(verdict) == "I could not read that file: reading it broke my decoder twice. Other files are fine."
    assert again.verdict("d") is None


def test_an_operation_that_goes_well_the_second_time_clears_the_content(tmp_path: Path) -> None:
    poison = Poison(None)
    poison.broke("c", b"looks")
    assert not poison.held("c", b"probe")
    assert poison.held("c", b"looks")
    assert not poison.is_suspect("c")


def test_a_list_that_cannot_be_read_or_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "broke-a-decoder.json").write_text("{")
    Poison(tmp_path).load()
    (tmp_path / "file").touch()
    lost = Poison(tmp_path / "file")
    lost.broke("c", b"looks")
    lost.save()
    assert lost.is_suspect("c")


def test_what_was_too_slow_twice_is_not_tried_again_until_the_next_start() -> None:
    poison = Poison(None)
    poison.was_slow("c")
    assert poison.verdict("c") is None
    poison.was_slow("c")
    assert isinstance(poison.verdict("c"), DecodeTimeout)


def test_results_are_kept_up_to_a_number_of_bytes_the_latest_used_longest(tmp_path: Path) -> None:
    kept = Kept(100, lambda: 0.0, 900.0)
    paths = [tmp_path / str(number) for number in range(3)]
    for path in paths:
        path.touch()
    for number in (0, 1):
        kept.put(("c", b"op", number), Decoded(info=INFO, path=str(paths[number])), 50)
    assert kept.get(("c", b"op", 0)) is not None
    kept.put(("c", b"op", 2), Decoded(info=INFO, path=str(paths[2])), 50)
    assert [path.exists() for path in paths] == [True, False, True]
    assert kept.get(("c", b"op", 1)) is None
    kept.clear()
    assert not any(path.exists() for path in paths)


def test_what_nobody_asked_for_in_a_while_is_gone(tmp_path: Path, clock: Clock) -> None:
    kept = Kept(100, clock, 900.0)
    for number in (0, 1):
        (tmp_path / str(number)).touch()
        kept.put(("c", b"op", number), Decoded(info=INFO, path=str(tmp_path / str(number))), 1)
    clock.now = 800.0
    assert kept.get(("c", b"op", 1)) is not None
    clock.now = 900.0
    kept.expire()
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
    clock.now = 1700.0
    kept.expire()
    assert len(kept) == 0
