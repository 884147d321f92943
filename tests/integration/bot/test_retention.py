"""What grows old is deleted as its community wants it, by a clock of the test."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.base import Place, State
from bot import retention
from bot.access import Defaults
from bot.retention import EVERY_S, Retention
from bot.store import StoreError
from engine.types import Started, Token
from tests.fakes.engine import ANSWERED
from tests.fakes.house import ANN, ROOM, House, Posted

ELSEWHERE = Place("test", "another guild", "general", upload_limit=1000)


class Later:
    """A clock some days ahead of the store's."""

    def __init__(self, days: float = 0) -> None:
        self.days = days

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


def cleaner(house: House, clock: Later, *, audit_days: int | None = None) -> Retention:
    return Retention(house.store, house.assistant.keeping, house.access, ["test"], audit_days=audit_days, clock=clock)


async def keeps(house: House, community: str, days: int) -> None:
    await house.store.set_setting("test", community, "retention_days", days, by="root")


async def test_a_community_that_set_nothing_keeps_everything(house: House) -> None:
    await (await house.ask("What happens?", Posted())).end()
    assert await cleaner(house, Later(days=400)).clean() == 0
    assert len(await house.assistant.history(ROOM)) == 1


async def test_requests_and_their_files_go_after_the_days_that_the_community_chose(house: House) -> None:
    await keeps(house, "guild", 30)
    view = await (await house.ask("What happens?", Posted())).end()
    await (await house.generate("a red ball")).end()
    clock = Later(days=29)
    assert await cleaner(house, clock).clean() == 0
    clock.days = 31
    assert await cleaner(house, clock).clean() == 2
    assert await house.assistant.look_up(view.request) is None
    assert await house.store.turns(ROOM.conversation) == []
    assert house.files() == []


async def test_the_cards_of_old_cases_go_with_them(house: House) -> None:
    await keeps(house, "guild", 30)
    await house.store.set_setting("test", "guild", "moderator_channel", "mods", by="root")
    await house.start()
    view = await (await house.ask("something vile")).end()
    await house.assistant.appeal(view.request, ANN, "")
    await cleaner(house, Later(days=31)).clean()
    assert house.platform.removed == ["card-1"]


async def test_each_community_has_days_of_its_own_and_the_operators_hold_for_the_rest(house: House) -> None:
    house.defaults = Defaults(retention_days=100)
    house.open()
    await keeps(house, "guild", 10)
    await (await house.ask("Here?")).end()
    await (await house.ask("There?", place=ELSEWHERE)).end()
    assert await cleaner(house, Later(days=50)).clean() == 1
    assert await house.assistant.history(ROOM) == []
    assert len(await house.assistant.history(ELSEWHERE)) == 1
    assert await cleaner(house, Later(days=101)).clean() == 1


async def test_what_still_runs_is_never_too_old(house: House) -> None:
    await keeps(house, "guild", 1)
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, ANSWERED]]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda view: bool(view.text))
    assert await cleaner(house, Later(days=9)).clean() == 0
    go.set()
    assert (await slip.end()).state is State.DONE


async def test_many_are_deleted_in_batches_with_others_in_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    await keeps(house, "guild", 1)
    for number in range(5):
        await (await house.ask(f"Question {number}?", Posted())).end()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    tidy = Retention(house.store, house.assistant.keeping, house.access, ["test"], clock=Later(days=2), sleep=sleep)
    assert await tidy.clean() == 5
    assert pauses == [0, 0]
    assert house.files() == []


async def test_old_events_are_forgotten_and_younger_ones_still_known(house: House) -> None:
    await (await house.ask("Hello?", event="e1")).end()
    await house.assistant.forget(ROOM)
    await cleaner(house, Later(days=29)).clean()
    assert (await house.ask("Hello?", event="e1")).views == []
    await cleaner(house, Later(days=31)).clean()
    assert (await (await house.ask("Hello?", event="e1")).end()).state is State.DONE


async def test_what_was_used_is_kept_for_as_long_as_a_quota_looks_back(house: House) -> None:
    await (await house.ask("Hello?")).end()
    since = datetime(2020, 1, 1, tzinfo=UTC)
    await cleaner(house, Later(days=1.5)).clean()
    assert len(await house.store.usage("test", "guild", ANN.id, since)) == 1
    await cleaner(house, Later(days=2.5)).clean()
    assert await house.store.usage("test", "guild", ANN.id, since) == []


async def test_the_audit_goes_after_the_days_of_the_operator_and_stays_without(house: House) -> None:
    await (await house.ask("Hello?")).end()
    await cleaner(house, Later(days=400)).clean()
    assert await house.store.audit()
    await cleaner(house, Later(days=400), audit_days=365).clean()
    assert await house.store.audit() == []


async def test_the_task_cleans_every_hour_and_survives_what_fails(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await keeps(house, "guild", 1)
    await (await house.ask("Hello?")).end()
    slept: list[float] = []
    twice = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            monkeypatch.undo()
        else:
            twice.set()
            await asyncio.Event().wait()

    async def fails(platform: str) -> list[str]:
        raise StoreError("The database does not answer.")

    monkeypatch.setattr(house.store, "communities", fails)
    tidy = Retention(house.store, house.assistant.keeping, house.access, ["test"], clock=Later(days=2), sleep=sleep)
    task = asyncio.create_task(tidy.run())
    async with asyncio.timeout(5):
        await twice.wait()
    task.cancel()
    assert slept == [EVERY_S, EVERY_S]
    assert "cleaning up failed" in caplog.text
    assert await house.assistant.history(ROOM) == []
