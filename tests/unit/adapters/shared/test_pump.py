"""One message follows its request: the newest view wins, never too often, and the last one is never dropped."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from adapters.base import DeliveryError, State, View
from adapters.shared.pacing import Haste, Timing
from adapters.shared.pump import Pump, patiently
from tests.fakes.clock import Clock


class Wall:
    """Where views are drawn: which text, and when."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.timing = Timing(self.clock.now, self.clock.sleep)
        self.drawn: list[tuple[float, str]] = []
        self.failures: list[Exception] = []
        self.pump = Pump(glimpse=self._draw, end=self._end, is_new=self._is_new, timing=self.timing)

    async def _draw(self, view: View) -> None:
        self.drawn.append((self.clock.time, view.text))

    async def _end(self, view: View) -> None:
        if self.failures:
            raise self.failures.pop(0)
        await self._draw(view)

    def _is_new(self, view: View) -> bool:
        return not self.drawn or view.text != self.drawn[-1][1]

    async def show(self, *texts: str, state: State = State.WORKING) -> None:
        for text in texts:
            await self.pump.show(View("r1", state, text=text))

    async def settle(self) -> None:
        await self.clock.run(asyncio.create_task(self.pump.settled()))

    async def finish(self, text: str) -> asyncio.Task[None]:
        ending = asyncio.create_task(self.pump.show(View("r1", State.DONE, text=text)))
        await self.clock.run(ending)
        return ending

    def texts(self) -> list[str]:
        return [text for _, text in self.drawn]


@pytest.fixture
def wall() -> Wall:
    return Wall()


async def test_views_in_between_are_dropped_and_the_newest_wins(wall: Wall) -> None:
    await wall.show("A", "A d", "A dog")
    await wall.settle()
    assert wall.texts() == ["A dog"]


async def test_a_message_changes_at_most_once_a_second_from_its_birth_on(wall: Wall) -> None:
    born = wall.clock.time
    for text in ("A", "A d"):
        await wall.show(text)
        await wall.settle()
    await wall.finish("A dog.")
    assert wall.texts() == ["A", "A d", "A dog."]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise([born, *(at for at, _ in wall.drawn)]))


async def test_the_final_view_overtakes_one_that_waits_and_is_waited_for(wall: Wall) -> None:
    await wall.show("A d")
    assert (await wall.finish("A dog.")).exception() is None
    assert wall.texts() == ["A dog."]


async def test_a_final_view_is_drawn_even_when_it_looks_like_what_is_shown(wall: Wall) -> None:
    await wall.show("A dog.")
    await wall.settle()
    await wall.finish("A dog.")
    assert wall.texts() == ["A dog.", "A dog."]


async def test_what_comes_after_the_end_is_ignored(wall: Wall) -> None:
    await wall.finish("A dog.")
    await wall.show("late")
    await wall.settle()
    assert wall.texts() == ["A dog."]


async def test_who_shows_the_end_hears_that_it_did_not_get_there_and_may_try_again(wall: Wall) -> None:
    wall.failures = [DeliveryError("no room")]
    assert isinstance((await wall.finish("A dog.")).exception(), DeliveryError)
    assert (await wall.finish("A dog.")).exception() is None
    assert wall.texts() == ["A dog."]


async def test_a_cancelled_caller_does_not_stop_the_end(wall: Wall) -> None:
    ending = asyncio.create_task(wall.pump.show(View("r1", State.DONE, text="A dog.")))
    await asyncio.sleep(0)
    ending.cancel()
    await wall.settle()
    assert wall.texts() == ["A dog."]


async def test_the_end_is_most_urgent_and_a_place_in_the_queue_the_least(wall: Wall) -> None:
    hastes = []
    for state in (State.WAITING, State.WORKING):
        await wall.show("x", state=state)
        hastes.append(wall.pump.haste)
    await wall.finish("y")
    assert [*hastes, wall.pump.haste] == [Haste.QUEUE, Haste.NEWS, Haste.END]


async def test_the_newest_view_is_drawn_when_the_turn_comes() -> None:
    drawn: list[str] = []
    mine = asyncio.Event()

    async def draw(view: View) -> None:
        drawn.append(view.text)

    async def turn() -> None:
        await mine.wait()

    pump = Pump(glimpse=draw, end=draw, is_new=lambda view: True, turn=turn, timing=Timing(), every_s=0.0)
    await pump.show(View("r1", State.WORKING, text="old"))
    await asyncio.sleep(0)
    await pump.show(View("r1", State.WORKING, text="new"))
    mine.set()
    await pump.settled()
    assert drawn == ["new"]


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = 0

    async def work(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done += 1


async def _patiently(flaky: Flaky, clock: Clock) -> BaseException | None:
    task = asyncio.create_task(
        patiently(
            flaky.work,
            passing=lambda error: isinstance(error, OSError),
            timing=Timing(clock.now, clock.sleep),
            delays=(1.0, 3.0),
        )
    )
    await clock.run(task)
    return task.exception()


async def test_what_passes_is_tried_again_after_each_delay() -> None:
    flaky, clock = Flaky(OSError(), OSError()), Clock()
    assert await _patiently(flaky, clock) is None
    assert (flaky.done, clock.time) == (1, 104.0)


async def test_what_does_not_pass_in_time_is_raised() -> None:
    assert isinstance(await _patiently(Flaky(OSError(), OSError(), OSError()), Clock()), OSError)


async def test_what_will_not_pass_is_raised_at_once() -> None:
    clock = Clock()
    assert isinstance(await _patiently(Flaky(ValueError()), clock), ValueError)
    assert clock.time == 100.0
