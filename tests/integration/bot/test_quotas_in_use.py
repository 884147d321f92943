"""What a request costs: counted when it begins, charged by what it brought, given back when it brought nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.base import Audience, Author, Measure, Quota, State, Usage, Wants, Window
from bot.access import Defaults
from bot.store import UsageRow
from engine.errors import EngineUnavailable
from engine.types import Generate, Progress, Rendered, Started, Token, Understand, VideoWanted
from tests.fakes.engine import ANSWERED, says
from tests.fakes.house import ADMIN, ANN, BOB, MODERATOR, ROOM, House, Platform, Posted

DAILY_VIDEOS = Quota("", Measure.VIDEOS, Window.DAY, 1, "default")
DAILY_ASKS = Quota("", Measure.ASKS, Window.DAY, 1, "default")
HOURLY_SECONDS = Quota("", Measure.GPU_SECONDS, Window.HOUR, 2.0, "default")
SHOWS = [Started(), Token(text="Here."), VideoWanted(prompt="a red ball"), ANSWERED]


def rendered(seconds: float) -> Rendered:
    return Rendered(path="", seed=0, width=0, height=0, frames=1, fps=24, model="", seconds=seconds)


async def rows(house: House, author: Author = ANN) -> list[UsageRow]:
    return await house.store.usage("test", "guild", author.id, house.clock.now - timedelta(days=365))


async def limited(house: House, *quotas: Quota) -> House:
    house.defaults = Defaults(quotas=quotas)
    house.open()
    return house


async def test_an_answer_is_charged_with_the_seconds_that_the_model_worked(house: House) -> None:
    await (await house.ask("What happens?")).end()
    assert [(row.measure, row.gpu_seconds) for row in await rows(house)] == [("asks", 1.5)]


async def test_a_video_is_charged_with_its_own_seconds(house: House) -> None:
    house.engine.videos = [[Started(), rendered(12.5)]]
    await (await house.generate("a red ball")).end()
    assert [(row.measure, row.gpu_seconds) for row in await rows(house)] == [("videos", 12.5)]


async def test_a_video_inside_an_answer_is_charged_beside_the_answer(house: House) -> None:
    house.engine.answers, house.engine.videos = [SHOWS], [[Started(), rendered(9.0)]]
    await (await house.ask("Show me a ball")).end()
    assert {row.measure: row.gpu_seconds for row in await rows(house)} == {"asks": 1.5, "videos": 9.0}


async def test_who_has_used_it_all_is_told_when_it_goes_on_and_nothing_runs(house: House) -> None:
    await limited(house, DAILY_VIDEOS)
    await (await house.generate("a red ball")).end()
    view = await (await house.generate("a blue ball")).end()
    assert (view.state, view.code) == (State.FAILED, "over_quota")
    assert "1 video of today" in view.notice
    assert len(house.engine.of(Generate)) == 1
    assert await house.assistant.refusal(ANN, ROOM, Wants.GENERATE) == view.notice


async def test_somebody_elses_use_counts_nothing_for_me(house: House) -> None:
    await limited(house, DAILY_VIDEOS)
    await (await house.generate("a red ball")).end()
    assert (await (await house.generate("a red ball", author=BOB)).end()).state is State.DONE


async def test_what_is_used_can_be_looked_up(house: House) -> None:
    await limited(house, DAILY_VIDEOS)
    await (await house.generate("a red ball")).end()
    (used,) = await house.assistant.usage(ANN, ROOM)
    assert isinstance(used, Usage)
    assert (used.measure, used.used, used.amount) == (Measure.VIDEOS, 1, 1)


async def test_without_a_quota_for_videos_the_answer_stays_and_says_so(house: House) -> None:
    await limited(house, DAILY_VIDEOS)
    await (await house.generate("a red ball")).end()
    house.engine.answers = [SHOWS]
    view = await (await house.ask("Show me a ball")).end()
    assert (view.state, view.text, view.videos) == (State.DONE, "Here.", ())
    assert "1 video of today" in view.notice


async def test_model_time_that_is_used_up_stops_questions_too(house: House) -> None:
    await limited(house, HOURLY_SECONDS)
    house.engine.videos = [[Started(), rendered(5.0)]]
    await (await house.generate("a red ball")).end()
    assert (await (await house.ask("What happens?")).end()).code == "over_quota"


async def test_a_blocked_question_costs_nothing(house: House) -> None:
    await limited(house, DAILY_ASKS)
    assert (await (await house.ask("something vile")).end()).state is State.BLOCKED
    assert await rows(house) == []
    assert (await (await house.ask("something nice")).end()).state is State.DONE


async def test_a_blocked_video_costs_nothing_and_says_so(house: House) -> None:
    await limited(house, DAILY_VIDEOS)
    house.engine.unsafe_video = True
    view = await (await house.generate("a red ball")).end()
    assert "your quota was not charged" in view.notice.lower()
    assert await rows(house) == []
    house.engine.unsafe_video = False
    assert (await (await house.generate("a red ball")).end()).state is State.DONE


async def test_a_blocked_answer_costs_nothing(house: House) -> None:
    house.engine.answers = [says("Something vile.")]
    await (await house.ask("What happens?")).end()
    assert await rows(house) == []


async def test_a_blocked_video_inside_an_answer_leaves_the_answer_charged(house: House) -> None:
    house.engine.answers, house.engine.unsafe_video = [SHOWS], True
    view = await (await house.ask("Show me a ball")).end()
    assert (view.state, view.text) == (State.BLOCKED, "Here.")
    assert [row.measure for row in await rows(house)] == ["asks"]


async def test_what_failed_costs_nothing(house: House) -> None:
    house.engine.answers = [[EngineUnavailable("The model is restarting.")]]
    assert (await (await house.ask("What happens?")).end()).state is State.FAILED
    assert await rows(house) == []


async def test_what_was_cancelled_mid_way_costs_the_time_that_it_took(house: House) -> None:
    house.engine.videos = [[Started(), Progress(step=1, total=9), asyncio.Event()]]
    slip = await house.generate("a red ball")
    view = await slip.until(lambda view: view.bar is not None)
    house.clock.forward(seconds=30)
    assert await house.assistant.cancel(view.request, ANN)
    assert (await slip.end()).state is State.CANCELLED
    (row,) = await rows(house)
    assert row.measure == "videos"
    assert row.gpu_seconds == pytest.approx(30, abs=0.1)


async def test_what_was_cancelled_before_a_model_began_costs_nothing(house: House) -> None:
    house.engine.answers = [[asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    view = await slip.until(lambda view: view.status.startswith("Watching"))
    await house.assistant.cancel(view.request, ANN)
    await slip.end()
    assert await rows(house) == []


async def test_a_restart_counts_a_request_once(house: House) -> None:
    await limited(house, DAILY_ASKS)
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()], says("Whole.")]
    slip = await house.ask("What happens?")
    await slip.until(lambda view: bool(view.text))
    await house.assistant.drain(0)
    assert len(await rows(house)) == 1
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    assert (await platform.slip.end()).state is State.DONE
    assert [(row.measure, row.gpu_seconds) for row in await rows(house)] == [("asks", 1.5)]


async def test_a_redelivered_event_counts_once(house: House) -> None:
    first = await house.ask("Hello?", event="e1")
    await first.end()
    await house.ask("Hello?", event="e1")
    assert len(await rows(house)) == 1


async def test_a_request_whose_message_is_gone_at_the_restart_costs_nothing(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()]]
    slip = await house.ask("What happens?")
    await slip.until(lambda view: bool(view.text))
    await house.assistant.drain(0)
    house.open()
    platform = Platform()
    platform.slip = None
    await house.start(platform)
    assert await rows(house) == []


async def test_what_has_ended_just_before_it_would_be_resumed_stays_charged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await (await house.ask("What happens?")).end()
    await house.assistant.drain(5)
    request = await house.store.request(view.request)

    async def late(platforms: object) -> list[object]:
        return [request]

    monkeypatch.setattr(house.store, "unfinished", late)
    platform = await house.start(Platform())
    await house.assistant.drain(5)
    assert len(await rows(house)) == 1
    assert platform.slip is not None
    assert platform.slip.views == []


async def test_forgetting_refills_no_quota(house: House) -> None:
    await limited(house, DAILY_ASKS)
    await (await house.ask("What happens?")).end()
    await house.assistant.forget_me("test", ANN)
    assert (await (await house.ask("And now?")).end()).code == "over_quota"


async def test_a_resumed_request_still_has_the_roles_of_its_author(house: House) -> None:
    house.defaults = Defaults(ask=Audience("roles", ("painters",)))
    house.open()
    painter = Author("pia", "Pia", roles=("painters",))
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()], says("Whole.")]
    slip = await house.ask("What happens?", author=painter)
    await slip.until(lambda view: bool(view.text))
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    assert (await platform.slip.end()).text == "Whole."


async def test_a_moderator_may_cancel_what_somebody_else_asked(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()]]
    slip = await house.ask("What happens?")
    view = await slip.until(lambda view: bool(view.text))
    assert not await house.assistant.cancel(view.request, BOB)
    assert await house.assistant.cancel(view.request, MODERATOR)
    assert (await slip.end()).state is State.CANCELLED


async def test_forgetting_a_place_needs_no_permission(house: House) -> None:
    await (await house.ask("What happens?")).end()
    house.defaults = Defaults(ask=Audience("nobody"), generate=Audience("nobody"))
    house.open()
    assert (await (await house.ask("And now?", author=ADMIN)).end()).code == "not_permitted"
    assert len(house.engine.of(Understand)) == 1
    await house.assistant.forget(ROOM)
    assert await house.assistant.history(ROOM) == []
