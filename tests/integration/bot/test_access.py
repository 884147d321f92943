"""Who may ask for what, where and how much, on both databases and with a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.base import Audience, Author, Measure, Place, Quota, Rooms, Wants, Window
from bot.access import Access, Defaults
from bot.errors import NotPermitted, OverQuota
from bot.settings import written
from bot.store import Store
from bot.store.records import QuotaRow

ASK, GENERATE = Wants.ASK, Wants.GENERATE
ANN = Author("ann", "Ann")
BOB = Author("bob", "Bob")
PAINTER = Author("pia", "Pia", roles=("painters",))
ADMIN = Author("root", "Root", is_admin=True, is_moderator=True)
ROOM = Place("test", "guild", "general")
THREAD = Place("test", "guild", "general", thread="a thread")
ELSEWHERE = Place("test", "guild", "random")
WHISPER = Place("test", "dm", "ann-and-bot", private=True)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Gate:
    """An `Access` over a real store, whose defaults a test may choose."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = Clock()
        self.store = Store(url, clock=self.clock)
        self.access = Access(self.store, Defaults(), clock=self.clock)

    def defaults(self, *quotas: Quota, **options: Any) -> None:
        self.access = Access(self.store, Defaults(quotas=quotas, **options), clock=self.clock)

    async def restart(self) -> None:
        await self.store.close()
        self.store = Store(self.url, clock=self.clock)
        await self.store.open()
        self.access = Access(self.store, Defaults(), clock=self.clock)

    async def set(self, name: str, value: Any, community: str = "guild") -> None:
        await self.store.set_setting("test", community, name, written(value), by="root")

    async def limit(
        self, measure: Any, window: Any, amount: float | None, subject: str = "", community: str = "guild"
    ) -> None:
        await self.store.set_quota(QuotaRow("test", community, subject, measure, window, amount), by="root")

    async def refused(self, request: str, author: Author = ANN, place: Place = ROOM, wants: Wants = GENERATE) -> str:
        """The sentence of the refusal when the request is not admitted, else nothing."""
        try:
            await self.access.admit(request, author, place, wants)
        except (NotPermitted, OverQuota) as error:
            return str(error)
        return ""


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    gate = Gate(database_url)
    await gate.store.open()
    yield gate
    await gate.store.close()


# --- where, and who -----------------------------------------------------------------------------------------------


async def test_without_any_setting_everyone_may_everything_everywhere(gate: Gate) -> None:
    for place in (ROOM, THREAD, WHISPER):
        for wants in Wants:
            assert await gate.access.refusal(ANN, place, wants) == ""
            assert await gate.refused(f"{place}{wants}", place=place, wants=wants) == ""


async def test_the_bot_answers_only_where_it_was_told_to(gate: Gate) -> None:
    await gate.set("rooms", Rooms("only", ("general",)))
    assert await gate.access.refusal(ANN, ROOM, ASK) == ""
    assert await gate.access.refusal(ANN, THREAD, ASK) == ""
    assert "other channels only" in await gate.access.refusal(ANN, ELSEWHERE, ASK)
    with pytest.raises(NotPermitted, match="other channels only"):
        await gate.access.admit("r1", ADMIN, ELSEWHERE, ASK)


async def test_the_bot_keeps_out_of_where_it_was_told_to(gate: Gate) -> None:
    await gate.set("rooms", Rooms("except", ("general",)))
    assert await gate.access.refusal(ANN, ELSEWHERE, ASK) == ""
    for place in (ROOM, THREAD):
        assert "keep me out of this channel" in await gate.access.refusal(ANN, place, ASK)


async def test_one_thread_alone_can_be_chosen(gate: Gate) -> None:
    await gate.set("rooms", Rooms("only", ("a thread",)))
    assert await gate.access.refusal(ANN, THREAD, ASK) == ""
    assert await gate.access.refusal(ANN, ROOM, ASK) != ""


@pytest.mark.parametrize(
    ("audience", "welcome"),
    [
        (Audience("everyone"), [ANN, PAINTER, ADMIN]),
        (Audience("roles", ("painters",)), [PAINTER, ADMIN]),
        (Audience("admins"), [ADMIN]),
        (Audience("nobody"), []),
    ],
)
async def test_an_audience_lets_in_who_belongs_to_it(gate: Gate, audience: Audience, welcome: list[Author]) -> None:
    await gate.set("generate", audience)
    for author in (ANN, PAINTER, ADMIN):
        refusal = await gate.access.refusal(author, ROOM, GENERATE)
        assert (refusal == "") == (author in welcome)
        assert await gate.refused(f"of {author.id}", author) == refusal


async def test_who_may_ask_may_not_for_that_have_videos_made(gate: Gate) -> None:
    await gate.set("generate", Audience("nobody"))
    assert await gate.refused("r1", wants=ASK) == ""
    assert await gate.refused("r1") == "Having videos made is switched off here. An admin can change that."


async def test_a_direct_message_follows_the_operator_alone(gate: Gate) -> None:
    gate.defaults(Quota("", Measure.ASKS, Window.DAY, 1, "default"), generate=Audience("admins"))
    for community in ("guild", "dm"):
        await gate.set("ask", Audience("nobody"), community)
        await gate.set("generate", Audience("everyone"), community)
        await gate.set("rooms", Rooms("only", ("general",)), community)
        await gate.limit("asks", "day", 50, community=community)
    assert await gate.refused("r1", place=WHISPER, wants=ASK) == ""
    assert "your 1 question of today" in await gate.refused("r2", place=WHISPER, wants=ASK)
    assert "The operator of this bot can change that." in await gate.refused("r3", place=WHISPER)
    assert (await gate.access.settings("test", "dm")).own == frozenset()
    assert await gate.access.quotas("test", "dm") == [Quota("", Measure.ASKS, Window.DAY, 1, "default")]


async def test_a_private_place_of_a_community_follows_the_operator_alone_too(gate: Gate) -> None:
    gate.defaults(Quota("", Measure.ASKS, Window.DAY, 1, "default"))
    private = Place("test", "guild", "a browser", private=True)
    await gate.set("ask", Audience("nobody"))
    await gate.limit("asks", "day", 0)
    assert await gate.access.refusal(ANN, private, ASK) == ""
    assert await gate.access.refusal(ANN, ROOM, ASK) != ""
    assert [one.amount for one in await gate.access.usage(ANN, private)] == [1]


async def test_a_community_decides_for_itself_alone_and_the_rest_follows_the_operator(gate: Gate) -> None:
    gate.defaults(ask=Audience("admins"), retention_days=30, model="storyboard")
    await gate.set("retention_days", 7)
    mine, other = await gate.access.settings("test", "guild"), await gate.access.settings("test", "other")
    assert (mine.retention_days, mine.own, mine.model) == (7, frozenset({"retention_days"}), "storyboard")
    assert (mine.ask, other.ask) == (Audience("admins"), Audience("admins"))
    assert (other.retention_days, other.own) == (30, frozenset())


# --- how much -----------------------------------------------------------------------------------------------------


async def test_the_request_over_the_limit_is_refused_and_says_when_the_next_is_free(gate: Gate) -> None:
    await gate.limit("videos", "day", 2)
    await gate.access.admit("r1", ANN, ROOM, GENERATE)
    gate.clock.forward(minutes=10)
    await gate.access.admit("r2", ANN, ROOM, GENERATE)
    gate.clock.forward(hours=7, minutes=50)
    told = "You have used your 2 videos of today. The next one is free tomorrow at 12:00 UTC."
    with pytest.raises(OverQuota) as refused:
        await gate.access.admit("r3", ANN, ROOM, GENERATE)
    assert (str(refused.value), refused.value.code) == (told, "over_quota")
    assert await gate.access.refusal(ANN, ROOM, GENERATE) == told


async def test_the_window_rolls_on_and_frees_one_after_the_other(gate: Gate) -> None:
    await gate.limit("videos", "hour", 2)
    assert await gate.refused("r1") == ""
    gate.clock.forward(minutes=40)
    assert await gate.refused("r2") == ""
    assert "in 20 min" in await gate.refused("r3")
    gate.clock.forward(minutes=20)
    assert await gate.refused("r3") == ""
    assert "in 40 min" in await gate.refused("r4")
    gate.clock.forward(days=1)
    assert await gate.access.refusal(ANN, ROOM, GENERATE) == ""


async def test_of_many_at_once_just_as_many_come_in_as_the_limit_has_room_for(gate: Gate) -> None:
    await gate.limit("asks", "hour", 3)
    answers = await asyncio.gather(*(gate.refused(f"r{number}", wants=ASK) for number in range(10)))
    assert sorted(bool(answer) for answer in answers) == [False] * 3 + [True] * 7
    assert (await gate.access.usage(ANN, ROOM))[0].used == 3


async def test_looking_whether_one_may_uses_nothing_up(gate: Gate) -> None:
    await gate.limit("videos", "day", 1)
    for _ in range(3):
        assert await gate.access.refusal(ANN, ROOM, GENERATE) == ""
    assert await gate.refused("r1") == ""


async def test_a_request_that_is_admitted_again_counts_once_and_is_let_in_at_the_limit(gate: Gate) -> None:
    await gate.limit("videos", "day", 1)
    for _ in range(3):
        assert await gate.refused("r1") == ""
    assert (await gate.access.usage(ANN, ROOM))[0].used == 1


async def test_a_restart_refills_nothing(gate: Gate) -> None:
    await gate.limit("videos", "day", 1)
    assert await gate.refused("r1") == ""
    await gate.restart()
    assert "your 1 video of today" in await gate.refused("r2")
    assert await gate.refused("r1") == ""  # the one that is resumed


async def test_what_is_given_back_can_be_used_again(gate: Gate) -> None:
    await gate.limit("videos", "day", 1)
    await gate.limit("asks", "day", 1)
    await gate.access.admit("r1", ANN, ROOM, ASK)
    await gate.access.admit("r1", ANN, ROOM, GENERATE)
    await gate.access.release("r1", GENERATE)
    assert await gate.access.refusal(ANN, ROOM, GENERATE) == ""
    assert await gate.access.refusal(ANN, ROOM, ASK) != ""
    await gate.access.release("r1")
    assert await gate.access.refusal(ANN, ROOM, ASK) == ""


async def test_questions_and_videos_are_counted_apart_and_their_seconds_together(gate: Gate) -> None:
    await gate.limit("gpu_seconds", "hour", 60)
    await gate.access.admit("r1", ANN, ROOM, ASK)
    await gate.access.charge("r1", ASK, 25.0)
    gate.clock.forward(minutes=15)
    await gate.access.admit("r1", ANN, ROOM, GENERATE)
    assert await gate.access.refusal(ANN, ROOM, ASK) == ""
    await gate.access.charge("r1", GENERATE, 35.0)
    told = "You have used your 60 s of GPU time of this hour. More is free in 45 min."
    assert await gate.refused("r2", wants=ASK) == told
    assert await gate.refused("r2") == told
    gate.clock.forward(minutes=45)
    assert await gate.refused("r2") == ""


async def test_usage_lists_what_is_limited_and_what_is_left_of_it(gate: Gate) -> None:
    await gate.limit("videos", "day", 10)
    await gate.limit("gpu_seconds", "day", 100)
    await gate.limit("asks", "day", None)
    await gate.access.admit("r1", ANN, ROOM, GENERATE)
    await gate.access.charge("r1", GENERATE, 12.5)
    used = await gate.access.usage(ANN, ROOM)
    assert [(one.measure, one.window, one.used, one.amount) for one in used] == [
        (Measure.VIDEOS, Window.DAY, 1, 10),
        (Measure.GPU_SECONDS, Window.DAY, 12.5, 100),
    ]
    assert {one.frees_at for one in used} == {gate.clock.now + timedelta(days=1)}
    assert await gate.access.usage(ANN, WHISPER) == []


async def test_everyone_has_a_quota_of_their_own_in_each_community(gate: Gate) -> None:
    gate.defaults(Quota("", Measure.VIDEOS, Window.DAY, 1, "default"))
    other = Place("test", "other", "general")
    assert await gate.refused("r1") == ""
    assert await gate.refused("r2") != ""
    assert await gate.refused("r3", BOB) == ""
    assert await gate.refused("r4", place=other) == ""
    assert await gate.refused("r5", place=WHISPER) == ""


async def test_admins_are_counted_like_everybody(gate: Gate) -> None:
    await gate.limit("videos", "day", 1)
    assert await gate.refused("r1", ADMIN) == ""
    assert "your 1 video of today" in await gate.refused("r2", ADMIN)


async def test_the_nearest_limit_holds_from_the_next_request_on(gate: Gate) -> None:
    gate.defaults(Quota("", Measure.VIDEOS, Window.DAY, 0, "default"))
    assert await gate.refused("r1", PAINTER) == "There are no videos for you here. An admin can change that."
    await gate.limit("videos", "day", 1)
    assert await gate.refused("r1", PAINTER) == ""
    assert await gate.refused("r2", PAINTER) != ""
    await gate.limit("videos", "day", 2, subject="role:painters")
    assert await gate.refused("r2", PAINTER) == ""
    assert await gate.refused("r3", PAINTER) != ""
    await gate.limit("videos", "day", None, subject="user:pia")
    assert await gate.refused("r3", PAINTER) == ""
    await gate.limit("videos", "day", 0, subject="user:pia")
    assert await gate.refused("r4", PAINTER) != ""


async def test_what_was_used_before_a_quota_was_set_counts(gate: Gate) -> None:
    for number in range(3):
        assert await gate.refused(f"r{number}") == ""
    await gate.limit("videos", "day", 3)
    assert await gate.refused("r3") != ""


async def test_who_may_not_is_told_that_and_nothing_is_counted(gate: Gate) -> None:
    await gate.set("generate", Audience("nobody"))
    await gate.limit("videos", "day", 5)
    assert "switched off" in await gate.refused("r1")
    assert (await gate.access.usage(ANN, ROOM))[0].used == 0


async def test_of_two_used_up_limits_people_hear_of_the_one_that_lasts_longer(gate: Gate) -> None:
    await gate.limit("videos", "hour", 1)
    await gate.limit("videos", "day", 1)
    assert await gate.refused("r1") == ""
    gate.clock.forward(minutes=1)
    for told in (await gate.refused("r2"), await gate.access.refusal(ANN, ROOM, GENERATE)):
        assert "of today" in told
        assert "tomorrow at 12:00 UTC" in told
