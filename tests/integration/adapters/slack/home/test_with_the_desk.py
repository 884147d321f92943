"""The Home over the whole adapter, the real desk and a real store: what is set there holds, and is audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Audience, Author, CaseState, Measure, Place, Rooms, Scope, State, Window
from adapters.slack.adapter import SlackAdapter
from bot.store import Store, migrate
from tests.fakes.house import House
from tests.integration.adapters.slack.home.conftest import Office


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    migrate(url)
    store = Store(url)
    try:
        yield House(tmp_path, store)
    finally:
        await store.close()


class Running:
    """The adapter, as the office's service."""

    def __init__(self, adapter: SlackAdapter) -> None:
        self.tasks = adapter._tasks
        self.cards = adapter


@pytest.fixture
async def desk_office(house: House, slack, ann, bob, boss, clips, mods, tmp_path: Path) -> AsyncIterator[Office]:
    adapter = SlackAdapter(
        desk=house.desk,
        state_dir=tmp_path,
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_base=slack.base_url,
    )
    await adapter.start(house.assistant)
    await slack.connected()
    await house.assistant.resume({"slack": adapter})
    service: Any = Running(adapter)
    yield Office(slack, service, house.desk, house.assistant, ann, bob, boss, clips, mods)
    await house.assistant.drain(5)
    await adapter.stop()


async def test_every_setting_is_kept_and_the_audit_says_who_set_it(desk_office: Office, house: House) -> None:
    office = desk_office
    group = office.slack.group("riders", office.ann)
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:rooms")
    await office.send(form, mode="only", channels=[office.clips.id])
    form = await office.form(office.boss, "set:edit:generate")
    await office.send(form, who="roles", groups=[group.id])
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.send(form, days="0")
    assert form.errors["days"].startswith("Things are kept from 1 to 3650 days")
    await office.send(form, days="7")
    held = await house.desk.settings(Scope(*office.scope))
    assert (held.rooms, held.generate) == (Rooms("only", (office.clips.id,)), Audience("roles", (group.id,)))
    assert (held.retention_days, held.own) == (7, {"rooms", "generate", "retention_days"})
    home = await office.press(office.boss, "Audit")
    assert f"*where I answer* changed by <@{office.boss.id}>: the default → Only in <#{office.clips.id}>" in home.shown
    assert "the default → 7 days" in home.shown


async def test_a_quota_is_kept_shown_and_removed(desk_office: Office, house: House) -> None:
    office = desk_office
    await office.open(office.boss, "Quotas")
    form = await office.form(office.boss, "quo:new:user")
    await office.send(form, whom=office.ann.id, **{"videos.day": "1.5"})
    assert form.errors["videos.day"].startswith("There are no parts of videos")
    await office.send(form, whom=office.ann.id, **{"videos.day": "2", "gpu_seconds.hour": "90.5"})
    subject = f"user:{office.ann.id}"
    own = [quota for quota in await house.desk.quotas(Scope(*office.scope)) if quota.subject == subject]
    assert {(quota.measure, quota.window, quota.amount) for quota in own} == {
        (Measure.VIDEOS, Window.DAY, 2.0),
        (Measure.GPU_SECONDS, Window.HOUR, 90.5),
    }
    assert "videos: 0 of 2 in the past 24 hours" in (await office.open(office.ann)).shown
    await office.press(office.boss, "quo:drop")
    assert not [quota for quota in await house.desk.quotas(Scope(*office.scope)) if quota.subject == subject]


async def test_a_rule_of_a_channel_holds_there_and_falls_back_to_the_workspaces(
    desk_office: Office, house: House
) -> None:
    office = desk_office
    await office.open(office.boss, "Safety")
    form = await office.form_beside(office.boss, "*violence*")
    await office.send(form, limit="0.50")
    assert "There are no decisions here yet to try it on." in form.shown
    await office.send(form)
    await office.press(office.boss, "saf:place", office.clips.id)
    form = await office.form_beside(office.boss, "*violence*")
    assert "Now: *0.50*, _don't show it_ (set for this workspace)." in form.shown
    await office.send(form, **{"g4h:saf:try:action": "warn"})
    await office.send(form)
    here = Scope(*office.scope, office.clips.id)
    found = {rule.category: rule for rule in await house.desk.rules(here)}
    assert (found["violence"].threshold, found["violence"].action, found["violence"].origin) == (0.5, "warn", "place")
    form = await office.form_beside(office.boss, "*violence*")
    office.slack.press(office.boss, form, "saf:wider")
    await office.quiet()
    found = {rule.category: rule for rule in await house.desk.rules(here)}
    assert (found["violence"].action, found["violence"].origin) == ("block", "community")


async def test_a_report_reaches_the_moderator_channel_and_is_ruled_on_once(desk_office: Office, house: House) -> None:
    office = desk_office
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:moderator_channel")
    await office.send(form, channel=office.mods.id)
    place = Place("slack", office.team, office.clips.id, "1718.0001")
    slip = await house.ask("what is it?", author=Author(office.ann.id, "Ann"), place=place)
    view = await slip.end()
    assert view.state is State.DONE
    await house.assistant.report(view.request, Author(office.bob.id, "Bob"), "it is rude")
    (post,) = [post for post in office.slack.answers(office.mods) if post.blocks]
    assert "*Bob* reports an answer to *Ann*" in post.shown
    assert "it is rude" in post.shown
    office.slack.press(office.bob, post, "Keep it")
    office.slack.press(office.boss, post, "Keep it")
    await office.quiet()
    (case,) = await house.desk.cases(Scope(*office.scope), open_only=False)
    assert case.state is CaseState.KEPT
    assert "Keep it" not in post.shown
    assert f"{case.state.value.capitalize()} by" in post.shown
    assert case.outcome
    assert case.outcome in post.shown
    words = [*office.slack.whispers(office.mods, office.bob), *office.slack.whispers(office.mods, office.boss)]
    assert [word.text for word in words] == ["Somebody has ruled on this case already, and a ruling is final."]


async def test_what_is_kept_of_somebody_is_deleted_where_they_say_and_for_nobody_else(
    desk_office: Office, house: House
) -> None:
    office = desk_office
    ann, bob = Author(office.ann.id, "Ann"), Author(office.bob.id, "Bob")
    direct = Place("slack", office.team, office.slack.dm(office.ann).id, "1718.0001", private=True)
    channel = Place("slack", office.team, office.clips.id, "1718.0002")
    for author, place in ((ann, direct), (ann, channel), (bob, channel)):
        await (await house.ask("what is it?", author=author, place=place)).end()
    home = await office.open(office.ann)
    assert "In all of Slack I keep of you: 2 questions in 2 conversations." in home.shown
    assert "In our direct messages I keep of you: 1 question." in home.shown
    home = await office.press(office.ann, "forget:here")
    assert "Done. I deleted 1 question." in home.shown
    assert "In our direct messages I keep nothing of you." in home.shown
    home = await office.press(office.ann, "forget:everywhere")
    assert "I keep nothing of you." in home.shown
    assert (await house.assistant.holdings("slack", bob)).questions == 1
