"""Everybody's own page: what they wait for, what they have used, and what is kept of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from adapters.base import (
    EVERY_THREAD,
    Author,
    Exchange,
    Holdings,
    Measure,
    Place,
    QueueSpot,
    Scope,
    Settings,
    State,
    Usage,
    View,
    Window,
)
from tests.fakes.handler import NOON


def waiting(request: str, text: str, position: int = 2, **more) -> Exchange:
    view = View(request=request, state=State.WAITING, queue=QueueSpot(position, 40.0), can_cancel=True)
    return Exchange(request, Author("U1", "Ann"), text, (), NOON, view, **more)


async def test_a_page_of_their_own_shows_the_queue_the_quotas_and_what_is_kept(office) -> None:
    office.handler.waits = [waiting("r1", "a red *ball*")]
    office.handler.used = [Usage(Measure.VIDEOS, Window.DAY, 3, 10)]
    office.handler.kept = Holdings(questions=3, videos=1, file_bytes=14_000_000, conversations=1)
    home = await office.open(office.ann)
    assert "2nd in line · about 40 s" in home.shown
    assert "a red *\u2060ball*\u2060" in home.shown
    assert "videos: 3 of 10 in the past 24 hours" in home.shown
    assert "In all of Slack I keep of you: 3 questions and 1 video (14 MB of files)." in home.shown
    assert "/generate" in home.shown


async def test_who_has_nothing_reads_so(office) -> None:
    home = await office.open(office.ann)
    for sentence in ("You have nothing waiting.", "There are no limits for you here.", "I keep nothing of you."):
        assert sentence in home.shown


async def test_cancel_is_done_in_the_name_of_who_presses(office) -> None:
    office.handler.waits = [waiting("r1", "a red ball"), waiting("r2", "a blue one", 3)]
    office.handler.askers = {"r1": office.ann.id, "r2": office.ann.id}
    await office.open(office.ann)
    office.slack.press(office.ann, office.home(office.ann), "r2")
    office.handler.waits = office.handler.waits[:1]
    await office.quiet()
    assert [(request, author.id) for request, author in office.handler.cancelled] == [("r2", office.ann.id)]
    shown = office.home(office.ann).shown
    assert "Cancelled." in shown
    assert "a blue one" not in shown


async def test_more_requests_than_the_page_holds_are_counted(office) -> None:
    office.handler.waits = [waiting(f"r{number}", "x" * 500, number) for number in range(1, 41)]
    home = await office.open(office.ann)
    assert "… and 25 more." in home.shown


async def test_forgetting_asks_first_and_says_what_will_go(office) -> None:
    office.handler.kept = Holdings(questions=2)
    home = await office.open(office.ann)
    buttons = [each for block in home.blocks for each in block.get("elements", ()) if each.get("style") == "danger"]
    assert [each["text"]["text"] for each in buttons] == [
        "Delete it in our direct messages …",
        "Delete it everywhere …",
    ]
    assert all("I will delete 2 questions" in each["confirm"]["text"]["text"] for each in buttons)
    assert office.handler.forgotten_people == []


async def test_forgetting_here_is_about_the_direct_messages_and_everywhere_about_all(office) -> None:
    office.handler.kept = Holdings(questions=2)
    await office.open(office.ann)
    home = await office.press(office.ann, "forget:here")
    assert "Done. I deleted 2 questions." in home.shown
    await office.press(office.ann, "forget:everywhere")
    direct = Place("slack", office.team, office.slack.dm(office.ann).id, EVERY_THREAD, private=True)
    assert [(platform, author.id, place) for platform, author, place in office.handler.forgotten_people] == [
        ("slack", office.ann.id, direct),
        ("slack", office.ann.id, None),
    ]


async def test_without_direct_messages_only_everywhere_is_offered(office) -> None:
    office.handler.kept = Holdings(questions=2)
    office.slack.fail_next("conversations.open", "missing_scope", times=5)
    home = await office.open(office.ann)
    assert "Delete it everywhere …" in home.shown
    assert "direct messages …" not in home.shown


async def test_only_the_home_tab_is_drawn(office) -> None:
    office.slack.open_home(office.ann, tab="messages")
    await office.quiet()
    assert office.slack.home(office.ann) is None


async def test_the_pages_of_admins_are_not_offered_to_others(office) -> None:
    assert "Settings" not in (await office.open(office.ann)).shown
    assert "Settings" in (await office.open(office.boss)).shown


async def test_a_page_that_breaks_says_so(office, caplog) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("scripted")

    await office.open(office.ann)
    office.handler.usage = broken
    office.slack.open_home(office.ann)
    await office.quiet()
    assert office.home(office.ann).shown.startswith("Something broke on my side.")
    assert "scripted" in caplog.text
    del office.handler.usage
    assert "You have nothing waiting." in (await office.open(office.ann)).shown


async def test_an_old_page_is_drawn_anew_where_it_was_left(office) -> None:
    await office.open(office.boss, "Settings")
    await office.service.restart()
    home = await office.open(office.boss)
    assert "Settings of this workspace" in home.shown


async def test_the_last_of_two_presses_decides_what_is_shown(office) -> None:
    first = await office.open(office.boss)
    reading, go_on, settings = asyncio.Event(), asyncio.Event(), office.desk.settings

    async def slow(scope: Scope) -> Settings:
        reading.set()
        await go_on.wait()
        return await settings(scope)

    office.desk.settings = slow
    office.slack.press(office.boss, first, "go:set")
    await reading.wait()
    office.slack.press(office.boss, first, "go:cas")
    await office.slack.until(lambda: "no open cases" in office.home(office.boss).shown, "the later page")
    go_on.set()
    await office.quiet()
    assert "There are no open cases." in office.home(office.boss).shown


async def test_a_person_of_a_workspace_without_the_app_is_left_alone(office) -> None:
    office.slack.team.installed = False
    office.slack.open_home(office.ann)
    await office.quiet()
    assert office.slack.home(office.ann) is None


async def test_a_request_that_ended_meanwhile_is_said_to_have_ended(office) -> None:
    office.handler.waits = [waiting("r1", "a red ball")]
    await office.open(office.ann)

    async def too_late(request: str, author: Author) -> bool:
        return False

    office.handler.cancel = too_late
    office.handler.waits = [replace(office.handler.waits[0])]
    home = await office.press(office.ann, "me:drop")
    assert "There was nothing left to cancel" in home.shown


async def test_admins_read_how_to_get_from_the_lite_models_to_others(office) -> None:
    office.service.hint = "Larger ones: `gpt4video models use auto`."
    assert "models use auto" in (await office.open(office.boss)).shown
    assert "models use auto" not in (await office.open(office.ann)).shown
    office.service.hint = ""
    assert "models use auto" not in (await office.open(office.boss)).shown
