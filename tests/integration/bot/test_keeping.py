"""What is kept of people, who may have it deleted, and that nothing of it stays: rows, files, cards."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.base import EVERY_THREAD, Author, Holdings, Place, State
from engine.types import Progress, Started, Token
from tests.fakes.engine import says
from tests.fakes.house import ADMIN, ANN, BOB, GUILD, MODERATOR, ROOM, House, Platform, Posted

OTHER_ROOM = Place("test", "guild", "other", upload_limit=1000)
NEXT_DOOR = Place("test", "guild", f"{ROOM.channel}-2", upload_limit=1000)
ELSEWHERE = Place("test", "another guild", "general", upload_limit=1000)


async def answered(house: House, text: str = "What happens?", *files: Posted, **options: object) -> str:
    view = await (await house.ask(text, *files, **options)).end()  # type: ignore[arg-type]
    return view.request


# --- one request ----------------------------------------------------------------------------------------------------


async def test_who_asked_can_erase_it_with_its_files_and_turns(house: House) -> None:
    request = await answered(house, "What happens?", Posted())
    keep = await (await house.generate("a red ball")).end()
    assert await house.assistant.erase(request, ANN, ROOM)
    assert await house.assistant.look_up(request) is None
    assert house.files() == [f"{keep.request}-0.mp4"]
    assert [turn.request for turn in await house.store.turns(ROOM.conversation)] == [keep.request, keep.request]
    assert not await house.assistant.erase(request, ANN, ROOM)


@pytest.mark.parametrize("author", [MODERATOR, ADMIN])
async def test_a_moderator_can_erase_it_from_within_the_community(house: House, author: Author) -> None:
    request = await answered(house)
    assert await house.assistant.erase(request, author, OTHER_ROOM)


async def test_a_stranger_cannot_erase_it_nor_a_moderator_of_another_community(house: House) -> None:
    request = await answered(house)
    assert not await house.assistant.erase(request, BOB, ROOM)
    assert not await house.assistant.erase(request, MODERATOR, ELSEWHERE)
    assert not await house.assistant.erase(request, ANN, Place("elsewhere", "guild", "general"))
    assert await house.assistant.look_up(request) is not None


async def test_what_runs_is_cancelled_before_it_is_erased(house: House) -> None:
    house.engine.videos = [[Started(), Progress(step=1, total=9), asyncio.Event()]]
    slip = await house.generate("a red ball", Posted())
    view = await slip.until(lambda view: view.bar is not None)
    assert await house.assistant.erase(view.request, ANN, ROOM)
    assert (await slip.end()).state is State.CANCELLED
    assert house.files() == []
    assert len(house.engine.cancelled) == 1
    assert await house.assistant.waiting("test", ANN) == []


# --- looking things up ----------------------------------------------------------------------------------------------


async def test_a_request_is_found_by_its_id_and_by_its_event(house: House) -> None:
    request = await answered(house, "What happens?", Posted(), event="e1")
    exchange = await house.assistant.look_up(request)
    assert exchange is not None
    assert exchange == await house.assistant.find("test", "e1")
    assert (exchange.kind, exchange.ref, exchange.place, exchange.attachments) == ("ask", "slip", ROOM, ("bikes.mp4",))
    assert exchange.view.state is State.DONE
    assert await house.assistant.find("other platform", "e1") is None


async def test_what_somebody_waits_for_is_listed_with_its_current_view(house: House) -> None:
    await answered(house)
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()]]
    slip = await house.ask("What happens?", place=OTHER_ROOM)
    await slip.until(lambda view: bool(view.text))
    (exchange,) = await house.assistant.waiting("test", ANN)
    assert (exchange.place, exchange.view.text) == (OTHER_ROOM, "One. ")
    assert await house.assistant.waiting("test", BOB) == []
    await house.assistant.cancel(exchange.request, ANN)
    await slip.end()


# --- one person -----------------------------------------------------------------------------------------------------


async def test_holdings_count_what_is_kept_here_and_everywhere(house: House) -> None:
    await answered(house, "What happens?", Posted(data=b"1234"))
    await (await house.generate("a red ball", place=OTHER_ROOM)).end()
    await answered(house, "And mine?", author=BOB)
    here = await house.assistant.holdings("test", ANN, ROOM)
    assert here == Holdings(questions=1, videos=0, clips=1, file_bytes=4, conversations=1)
    everywhere = await house.assistant.holdings("test", ANN)
    assert everywhere == Holdings(questions=2, videos=1, clips=1, file_bytes=104, conversations=2)


async def test_somebody_can_be_forgotten_here_or_everywhere_and_others_stay(house: House) -> None:
    await answered(house, "What happens?", Posted())
    await (await house.generate("a red ball", place=OTHER_ROOM)).end()
    await answered(house, "And mine?", author=BOB)
    gone = await house.assistant.forget_me("test", ANN, ROOM)
    assert (gone.questions, gone.clips) == (1, 1)
    assert (await house.assistant.holdings("test", ANN)).questions == 1
    await house.assistant.forget_me("test", ANN)
    assert await house.assistant.holdings("test", ANN) == Holdings()
    assert (await house.assistant.holdings("test", BOB)).questions == 1
    assert house.files() == []


async def test_somebody_can_be_forgotten_in_a_channel_with_all_its_threads(house: House) -> None:
    for place in (ROOM, replace(ROOM, thread="1"), replace(ROOM, thread="2"), OTHER_ROOM, NEXT_DOOR):
        view = await (await house.ask("What happens?", place=place)).end()
        assert view.state is State.DONE
    everywhere = replace(ROOM, thread=EVERY_THREAD)
    assert await house.assistant.holdings("test", ANN, everywhere) == Holdings(questions=3, conversations=3)
    assert (await house.assistant.forget_me("test", ANN, everywhere)).questions == 3
    assert (await house.assistant.holdings("test", ANN)).questions == 2
    assert (await house.assistant.holdings("test", ANN, NEXT_DOOR)).questions == 1


async def test_being_forgotten_in_a_channel_cancels_what_runs_in_its_threads(house: House) -> None:
    house.engine.videos = [[Started(), Progress(step=1, total=9), asyncio.Event()]]
    slip = await house.generate("a red ball", place=replace(ROOM, thread="1"))
    await slip.until(lambda view: view.bar is not None)
    await house.assistant.forget_me("test", ANN, replace(ROOM, thread=EVERY_THREAD))
    assert (await slip.end()).state is State.CANCELLED


async def test_the_audit_keeps_the_numbers_of_who_was_forgotten_and_not_the_name(house: House) -> None:
    await (await house.ask("something vile")).end()
    await house.assistant.forget_me("test", ANN)
    rows = await house.store.audit()
    assert rows
    assert all((row.author, row.excerpt) == ("forgotten", "") for row in rows)


async def test_being_forgotten_cancels_what_runs(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda view: bool(view.text))
    await house.assistant.forget_me("test", ANN)
    assert (await slip.end()).state is State.CANCELLED
    assert house.files() == []
    assert await house.assistant.holdings("test", ANN) == Holdings()


async def test_what_was_judged_is_deleted_when_its_author_is_forgotten(house: House) -> None:
    await (await house.ask("What is it?", Posted("nude.mp4"))).end()
    assert house.files() == ["0-nude.mp4", "0.jpg"]
    await house.assistant.forget_me("test", ANN)
    assert house.files() == []


async def test_the_card_of_a_case_goes_with_what_it_is_about(house: House) -> None:
    await house.start()
    await house.store.set_setting("test", "guild", "moderator_channel", "mods", by="root")
    view = await (await house.ask("something vile")).end()
    await house.assistant.appeal(view.request, ANN, "Not at all")
    assert list(house.platform.cards) == ["card-1"]
    await house.assistant.forget_me("test", ANN)
    assert house.platform.removed == ["card-1"]
    assert await house.cases.list(GUILD) == []


# --- one community --------------------------------------------------------------------------------------------------


async def test_a_community_that_removed_the_bot_leaves_nothing(house: House) -> None:
    await answered(house, "What happens?", Posted())
    await (await house.generate("a red ball")).end()
    await house.store.set_setting("test", "guild", "retention_days", 3, by="root")
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()], says("Stays.")]
    running = await house.ask("And now?")
    await running.until(lambda view: bool(view.text))
    await answered(house, place=ELSEWHERE)
    assert await house.assistant.communities("test") == ["another guild", "guild"]
    await house.assistant.community_left("test", "guild")
    assert (await running.end()).state is State.CANCELLED
    assert await house.assistant.communities("test") == ["another guild"]
    assert house.files() == []
    assert (await house.access.settings("test", "guild")).own == frozenset()
    assert {row.community for row in await house.store.audit()} == {"another guild"}
    assert len(await house.assistant.history(ELSEWHERE)) == 1


async def test_a_platform_that_is_away_keeps_nobody_from_being_forgotten(house: House) -> None:
    await house.start(Platform())
    await house.store.set_setting("test", "guild", "moderator_channel", "mods", by="root")
    view = await (await house.ask("something vile")).end()
    await house.assistant.appeal(view.request, ANN, "")
    house.platform.away = True
    await house.assistant.forget_me("test", ANN)
    assert await house.assistant.look_up(view.request) is None
