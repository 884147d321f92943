"""Platforms and databases that are away for a while: what was accepted is answered once, and shown once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.base import DeliveryError, State, Undeliverable, View
from bot.pauses import Pauses
from bot.running import DATABASE_AWAY, NOT_TAKEN
from bot.store import RequestState, Store
from bot.store import database as database_module
from engine.types import Moderate, Started, Token, Understand
from tests.fakes.engine import ANSWERED, says
from tests.fakes.house import ANN, ROOM, House, Platform, Slip
from tests.postgres import PostgresServer

AGES = Pauses(3600.0, 3600.0)


class Deaf(Slip):
    """A slip that refuses final views, for so many tries or until `error` is None."""

    def __init__(self, error: Exception | None = None, tries: int = 1_000_000) -> None:
        super().__init__()
        self.error = error or DeliveryError("503")
        self.tries = tries
        self.tried = asyncio.Event()

    async def show(self, view: View) -> None:
        if view.state.final:
            self.tried.set()
            self.tries -= 1
            self.broken = self.error if self.tries >= 0 else None
        await super().show(view)


async def late(house: House, error: Exception | None = None) -> Deaf:
    """A slip that was refused the answer to a question."""
    slip = Deaf(error)
    await house.ask("What happens?", slip=slip)
    await slip.tried.wait()
    return slip


async def delivered(house: House) -> None:
    """Wait until nothing is left to be delivered."""
    async with asyncio.timeout(10):
        while await house.store.undelivered():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


# --- the platform ---------------------------------------------------------------------------------------------------


async def test_an_outage_of_the_platform_of_any_length_loses_no_answer_and_shows_it_once(house: House) -> None:
    slip = Deaf(tries=20)
    await house.ask("What happens?", slip=slip)
    assert (await slip.end()).text == "All is well."
    await delivered(house)
    assert len([view for view in slip.views if view.state.final]) == 1


async def test_an_answer_that_is_late_comes_at_once_when_the_platform_is_connected_again(house: House) -> None:
    house.late = AGES
    house.open()
    await house.start()
    slip = await late(house)
    await asyncio.sleep(0)
    slip.tries = 0
    house.assistant.reconnected("test")
    assert (await slip.end()).state is State.DONE
    await delivered(house)


async def test_what_an_earlier_process_could_not_show_is_tried_until_it_is_shown(house: House) -> None:
    await late(house)
    await house.assistant.drain(1)
    house.open()
    platform = Platform()
    platform.slip = Deaf(tries=5)
    await house.start(platform)
    assert (await platform.slip.end()).text == "All is well."
    await delivered(house)
    assert len(platform.slip.views) == 1


async def test_what_is_refused_for_good_is_not_tried_again(house: House) -> None:
    slip = await late(house, Undeliverable("the message is gone"))
    await delivered(house)
    slip.tried.clear()
    house.assistant.reconnected("test")
    await house.assistant.drain(1)
    assert not slip.tried.is_set()


async def test_what_is_refused_for_good_after_a_while_is_given_up_then(house: House) -> None:
    slip = await late(house)
    slip.error = Undeliverable("the channel was deleted")
    await delivered(house)


async def test_a_late_answer_that_was_forgotten_meanwhile_is_never_shown(house: House) -> None:
    house.late = AGES
    house.open()
    await house.start()
    slip = await late(house)
    await house.assistant.forget(ROOM)
    slip.tries = 0
    house.assistant.reconnected("test")
    await asyncio.sleep(0.1)
    assert not [view for view in slip.views if view.state.final]


async def test_a_stop_does_not_wait_for_answers_that_only_wait(house: House) -> None:
    house.late = AGES
    house.open()
    await late(house)
    async with asyncio.timeout(2):
        await house.assistant.drain(60)
    assert len(await house.store.undelivered()) == 1


async def test_an_adapter_with_a_bug_in_its_drawing_gets_the_answer_anew_from_its_message(house: House) -> None:
    await house.start()
    await late(house, RuntimeError("the session is closed"))
    assert house.platform.slip is not None
    assert (await house.platform.slip.end()).state is State.DONE


class Dizzy(Platform):
    """Does not find its messages at first."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def restore(self, ref: str) -> Slip | None:
        self.times -= 1
        if self.times >= 0:
            raise OSError("503")
        return await super().restore(ref)


async def test_a_request_whose_message_cannot_be_looked_up_at_the_start_goes_on_once_it_can(house: House) -> None:
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?")
    await slip.until(lambda view: view.status == "Thinking …")
    await house.assistant.drain(0)
    house.engine.answers = [says("The whole answer.")]
    house.open()
    platform = Dizzy(3)
    await house.start(platform)
    assert platform.slip is not None
    assert (await platform.slip.end()).state is State.DONE
    await delivered(house)
    assert await house.store.unfinished() == []


# --- the database ---------------------------------------------------------------------------------------------------


class Outage:
    """A database that goes away and comes back, for real: a server that is stopped, a file that is locked."""

    def __init__(self, url: str, server: PostgresServer | None) -> None:
        self.url = url
        self._server = server
        self._lock: sqlite3.Connection | None = None

    async def begin(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
        else:
            self._lock = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
            self._lock.execute("BEGIN IMMEDIATE")

    async def end(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.start)
        elif self._lock is not None:
            self._lock.close()
            self._lock = None


@pytest.fixture
async def outage(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outage]:
    monkeypatch.setattr(database_module, "SQLITE_BUSY_MS", 20)
    server = request.getfixturevalue("postgres") if database_url.startswith("postgres") else None
    outage = Outage(database_url, server)
    yield outage
    if outage._lock is not None:
        await outage.end()


@pytest.fixture
async def house(tmp_path: Path, database_url: str, outage: Outage) -> AsyncIterator[House]:
    store = Store(database_url)
    await store.open()
    house = House(tmp_path, store)
    yield house
    await house.assistant.drain(1)
    await store.close()


def ends(slip: Slip) -> list[View]:
    return [view for view in slip.views if view.state.final]


async def test_a_database_that_goes_away_in_the_middle_is_waited_for_and_the_asker_sees_why(
    house: House, outage: Outage
) -> None:
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, Token(text="Two."), ANSWERED]]
    slip = await house.ask("What happens?")
    await slip.until(lambda view: bool(view.text))
    await outage.begin()
    go.set()
    waiting = await slip.until(lambda view: view.status == DATABASE_AWAY)
    assert waiting.text.startswith("One. ")
    assert not ends(slip)
    await outage.end()
    view = await slip.end()
    assert (view.state, view.text, view.status) == (State.DONE, "One. Two.", "")
    await delivered(house)
    assert len(ends(slip)) == 1
    assert len(house.engine.of(Understand)) == 1
    kept = await house.store.request(view.request)
    assert kept is not None
    assert (kept.state, kept.attempts) == (RequestState.DONE, 1)
    assert len(await house.store.audit(where="answer")) == 1


async def test_a_question_that_is_asked_while_the_database_is_away_is_answered_once_it_is_back(
    house: House, outage: Outage
) -> None:
    await outage.begin()
    slip = Slip()
    asking = asyncio.create_task(house.ask("What happens?", slip=slip))
    await slip.until(lambda view: view.status == DATABASE_AWAY)
    assert not house.engine.of(Moderate)
    await outage.end()
    await asking
    assert (await slip.end()).state is State.DONE
    await delivered(house)
    assert len(ends(slip)) == 1


async def test_what_cannot_be_stored_in_good_time_is_refused_with_a_sentence_and_can_be_asked_again(
    house: House, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.running.ACCEPTED_WITHIN_S", 0.05)
    await outage.begin()
    slip = await house.ask("What happens?", event="the same")
    view = await slip.end()
    assert (view.state, view.notice, view.code) == (State.FAILED, NOT_TAKEN, "store")
    await outage.end()
    again = await house.ask("What happens?", event="the same")
    assert (await again.end()).state is State.DONE


async def test_a_request_that_waits_for_the_database_can_still_be_cancelled(house: House, outage: Outage) -> None:
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, Token(text="Two."), ANSWERED]]
    slip = await house.ask("What happens?")
    request = (await slip.until(lambda view: bool(view.text))).request
    await outage.begin()
    go.set()
    await slip.until(lambda view: view.status == DATABASE_AWAY)
    # Its end cannot be stored either: it is told once that can be done.
    cancelled = await house.assistant.cancel(request, ANN)
    await outage.end()
    view = await slip.end()
    assert view.state is (State.CANCELLED if cancelled else State.DONE)
    await delivered(house)
    assert await house.store.unfinished() == []


async def test_a_stop_while_the_database_is_away_does_not_hang_and_the_next_start_answers(
    house: House, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.running.LAST_WORDS_S", 0.1)
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, Token(text="Two."), ANSWERED], says("Anew.")]
    slip = await house.ask("What happens?")
    await slip.until(lambda view: bool(view.text))
    await outage.begin()
    go.set()
    await slip.until(lambda view: view.status == DATABASE_AWAY)
    async with asyncio.timeout(10):
        await house.assistant.drain(0)
    assert not ends(slip)
    await outage.end()
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    assert (await platform.slip.end()).text == "Anew."
    await delivered(house)


async def test_an_end_that_the_database_will_never_take_ends_as_broken_and_is_told(house: House) -> None:
    class Picky(Store):
        async def finish(self, request_id, state, view, turns=()):  # type: ignore[no-untyped-def]
            return await super().finish(request_id, state, {**view, "text": float("nan")} if turns else view, turns)

    house.store = Picky(house.store._url)
    house.open()
    view = await (await house.ask("What happens?")).end()
    assert (view.state, view.code) == (State.FAILED, "internal")
    assert view.request in view.notice
    assert await house.store.unfinished() == []
    await house.store.close()


async def test_a_question_that_waits_for_the_database_while_the_bot_stops_gets_no_answer_of_any_kind(
    house: House, outage: Outage
) -> None:
    """Its adapter has noted it, and would forget it with an answer; the next start takes it."""
    await outage.begin()
    slip = Slip()
    asking = asyncio.create_task(house.ask("What happens?", slip=slip))
    await slip.until(lambda view: view.status == DATABASE_AWAY)
    await house.assistant.drain(0)
    await house.store.close()
    done, _ = await asyncio.wait({asking}, timeout=0.3)
    asking.cancel()
    await outage.end()
    assert not done
    assert not ends(slip)
