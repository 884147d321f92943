"""The settings and the quotas: what holds, what forms change, and who is kept from it."""

from __future__ import annotations

import asyncio

import pytest

from adapters.base import Audience, Measure, ModelOption, Quota, Rooms, Scope, Settings, Window
from tests.fakes.slack_server.people import find


async def test_the_page_shows_what_holds_and_where_it_comes_from(office) -> None:
    group = office.slack.group("riders", office.ann)
    office.desk.held = Settings(
        rooms=Rooms("only", (office.clips.id,)),
        generate=Audience("roles", (group.id,)),
        retention_days=30,
        own=frozenset({"rooms"}),
    )
    home = await office.open(office.boss, "Settings")
    assert f"Only in <#{office.clips.id}> · _set here_" in home.shown
    assert "@\u2060riders" in home.shown
    assert "!subteam" not in home.shown
    assert "30 days, then I forget it · _default_" in home.shown
    assert "Model of the videos" not in home.shown  # there is no choice


async def test_admins_see_which_rights_the_app_lacks_and_others_do_not(office) -> None:
    assert "lack rights" not in (await office.open(office.boss, "Settings")).shown
    office.slack.team.scopes -= {"files:read"}
    home = await office.open(office.boss, "Settings")
    assert "• `files:read`: fetching posted clips" in home.shown
    assert "install it again" in home.shown
    assert "files:read" not in (await office.open(office.ann)).shown


async def test_rooms_are_chosen_in_a_form(office) -> None:
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:rooms")
    await office.send(form, mode="except", channels=[office.clips.id])
    assert office.desk.changes == [
        ("setting", Scope(*office.scope), office.boss.id, "rooms", Rooms("except", (office.clips.id,)))
    ]
    assert office.slack.modal(office.boss) is None
    home = office.home(office.boss)
    assert "Saved." in home.shown
    assert f"Everywhere except in <#{office.clips.id}>" in home.shown


async def test_only_some_channels_needs_channels(office) -> None:
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:rooms")
    await office.send(form, mode="only")
    assert form.errors == {"channels": "Choose at least one channel, or let me answer everywhere."}
    assert office.desk.changes == []


@pytest.mark.parametrize("name", ["ask", "generate"])
async def test_an_audience_of_user_groups(office, name: str) -> None:
    group = office.slack.group("riders", office.ann)
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, f"set:edit:{name}")
    await office.send(form, who="roles")
    assert form.errors == {"groups": "Choose at least one user group, or somebody else who may."}
    await office.send(form, who="roles", groups=[group.id])
    assert office.desk.changes[-1][3:] == (name, Audience("roles", (group.id,)))


async def test_a_hundred_and_thirty_groups_with_long_names_can_all_be_chosen(office) -> None:
    groups = [office.slack.group(f"{number:03}" + "x" * 100, office.ann) for number in range(130)]
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:ask")
    await office.send(form, who="roles", groups=[groups[0].id, groups[129].id])
    assert office.desk.changes[-1][4] == Audience("roles", (groups[0].id, groups[129].id))


async def test_without_the_scope_for_user_groups_the_others_can_be_chosen(office) -> None:
    office.slack.team.scopes.discard("usergroups:read")
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:ask")
    assert "usergroups:read" in form.shown
    await office.send(form, who="admins")
    assert office.desk.changes[-1][4] == Audience("admins")


async def test_a_model_is_offered_where_there_is_a_choice(office) -> None:
    office.desk.options = [ModelOption(f"m{number}", "Wan " * 40) for number in range(30)]
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:model")
    await office.send(form, model="m29")
    assert office.desk.changes[-1][3:] == ("model", "m29")


@pytest.mark.parametrize(("written", "days"), [("30", 30), ("", None)])
async def test_days_to_keep_things(office, written: str, days: int | None) -> None:
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.send(form, days=written)
    assert office.desk.changes[-1][3:] == ("retention_days", days)


@pytest.mark.parametrize("written", ["soon", "1.5", "nan"])
async def test_days_that_are_none_are_refused_at_their_field(office, written: str) -> None:
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.send(form, days=written)
    assert form.errors == {"days": f"“{written}” is not a number. Write it in digits, like 10 or 0.5."}
    assert office.desk.changes == []


async def test_what_the_desk_finds_impossible_stands_in_the_form(office) -> None:
    office.desk.impossible = "Things are kept from 1 to 3650 days."
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.send(form, days="9999")
    assert form.errors == {"days": "Things are kept from 1 to 3650 days."}


async def test_what_the_desk_refuses_stands_in_the_form_too(office) -> None:
    office.desk.refused = "Only admins can change this."
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:ask")
    await office.send(form, who="nobody")
    assert form.errors == {"who": "Only admins can change this."}


async def test_a_form_whose_answer_takes_too_long_closes_and_the_home_says_what_came_of_it(office) -> None:
    office.service.home.haste_s = 0.0
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:retention_days")
    acknowledged = asyncio.Event()

    async def slow(*_: object) -> None:
        await acknowledged.wait()
        raise ValueError("Things are kept from 1 to 3650 days.")

    office.desk.change = slow
    envelope = office.slack.submit(form, {"days": "9999"})
    assert not await envelope.acknowledged()
    acknowledged.set()
    await office.quiet()
    assert office.slack.modal(office.boss) is None
    assert "Things are kept from 1 to 3650 days." in office.home(office.boss).shown


async def test_the_default_holds_again(office) -> None:
    office.desk.held = Settings(retention_days=3, own=frozenset({"retention_days"}))
    await office.open(office.boss, "Settings")
    home = await office.press(office.boss, "set:reset:retention_days")
    assert office.desk.changes == [("setting reset", Scope(*office.scope), office.boss.id, "retention_days")]
    assert "The default holds again." in home.shown


async def test_the_moderator_channel_must_be_one_that_the_bot_is_in(office) -> None:
    elsewhere = office.slack.channel("elsewhere")
    elsewhere.members.remove(office.slack.bot)
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:moderator_channel")
    await office.send(form, channel=elsewhere.id)
    assert form.errors["channel"].startswith("I am not in that channel.")
    await office.send(form, channel="C0NOWHERE")
    assert form.errors["channel"].startswith("I can't see that channel.")
    office.clips.archived = True
    await office.send(form, channel=office.clips.id)
    assert form.errors["channel"].startswith("That channel is archived.")
    assert office.desk.changes == []
    await office.send(form, channel=office.mods.id)
    assert office.desk.changes[-1][3:] == ("moderator_channel", office.mods.id)


async def test_a_public_or_lost_moderator_channel_is_warned_of(office) -> None:
    office.desk.held = Settings(moderator_channel=office.clips.id)
    assert "Everyone in the workspace can read it" in (await office.open(office.boss, "Settings")).shown
    office.slack.archive(office.clips)
    assert "I can't post cards there at the moment. That channel is archived." in (await office.open(office.boss)).shown


async def test_a_channel_that_is_gone_does_not_keep_the_form_from_opening(office) -> None:
    office.desk.held = Settings(rooms=Rooms("only", ("C0GONE",)))
    await office.open(office.boss, "Settings")
    office.slack.fail_next("views.open", "invalid_arguments")
    form = await office.form(office.boss, "set:edit:rooms")
    assert "what you choose replaces it" in form.shown
    await office.send(form, mode="only", channels=[office.clips.id])
    assert office.desk.changes[-1][4] == Rooms("only", (office.clips.id,))


async def test_a_form_that_opens_too_late_is_said_to(office) -> None:
    await office.open(office.boss, "Settings")
    gate = office.slack.hold("views.open")
    office.slack.press(office.boss, office.home(office.boss), "set:edit:rooms")
    await gate.arrived.wait()
    office.slack.expire_triggers()
    gate.open()
    await office.quiet()
    assert "Please press it once more." in office.home(office.boss).shown


async def test_a_slow_desk_fills_the_form_in_afterwards(office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.slack.home.visit.HASTE_S", 0.0)
    await office.open(office.boss, "Settings")
    opened, settings = asyncio.Event(), office.desk.settings

    async def slow(scope: Scope) -> Settings:
        await opened.wait()
        return await settings(scope)

    office.desk.settings = slow
    office.slack.press(office.boss, office.home(office.boss), "set:edit:rooms")
    form = await office.slack.until(lambda: office.slack.modal(office.boss), "a form")
    opened.set()
    await office.quiet()
    assert "One moment" in str(form.history[0])
    assert "Everywhere except in some channels" in form.shown


async def test_who_is_no_admin_can_do_nothing_by_forging(office) -> None:
    home = await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.open(office.ann)
    for action in ("set:reset:rooms", "set:edit:ask", "go:saf", "go:aud"):
        envelope = office.slack.press(office.boss, home, "set:edit:rooms")
        forged = {
            **envelope.payload,
            "user": {"id": office.ann.id},
            "trigger_id": office.slack.dialogs.trigger(office.ann),
        }
        acted = {**envelope.payload["actions"][0], "action_id": f"g4h:{action}", "value": action.split(":")[-1]}
        office.slack.delivery.hand_over("interactive", {**forged, "actions": [acted]})
        await office.quiet()
        assert "Only admins of this workspace can do that." in office.home(office.ann).shown
        assert "Settings of this workspace" not in office.home(office.ann).shown
    assert office.slack.modal(office.ann) is None
    sent = office.slack.submit(form, {"days": "1"})
    forged = {**sent.payload, "user": {"id": office.ann.id}}
    office.desk.changes.clear()
    answer = await office.slack.delivery.hand_over("interactive", forged).acknowledged()
    assert answer["errors"] == {"days": "Only admins of this workspace can do that. Ask one of them."}
    assert [change for change in office.desk.changes if change[2] == office.ann.id] == []


async def test_who_is_no_admin_any_more_is_asked_again(office) -> None:
    await office.open(office.boss, "Settings")
    office.boss.admin = False
    office.service.later(11 * 60)
    home = await office.press(office.boss, "set:edit:rooms")
    assert "Only admins of this workspace can do that." in home.shown
    assert office.slack.modal(office.boss) is None


async def test_a_page_and_a_form_of_an_earlier_process_still_work(office) -> None:
    await office.open(office.boss, "Settings")
    await office.service.restart()
    form = await office.form(office.boss, "set:edit:retention_days")
    await office.service.restart()
    await office.send(form, days="7")
    assert office.desk.changes[-1][3:] == ("retention_days", 7)


async def test_a_button_of_another_version_shows_the_page_of_now(office) -> None:
    home = await office.open(office.boss, "Settings")
    _, element = find(home.blocks, "set:edit:rooms")
    element["action_id"] = "g4h:set:edit:colours"
    shown = (await office.press(office.boss, "colours")).shown
    assert "from an earlier version of me" in shown
    assert "Settings of this workspace" in shown


# --- quotas -----------------------------------------------------------------------------------------------------------


async def test_quotas_are_listed_by_whom_they_are_for(office) -> None:
    office.desk.limits = [
        Quota("", Measure.VIDEOS, Window.DAY, 10, "default"),
        Quota(f"user:{office.ann.id}", Measure.VIDEOS, Window.DAY, None),
    ]
    home = await office.open(office.boss, "Quotas")
    assert "Everyone*\nVideos: 10 a day _(default)_" in home.shown
    assert f"<@{office.ann.id}>*\nVideos: no limit a day" in home.shown


async def test_quotas_for_everyone_are_set_and_dropped_in_one_form(office) -> None:
    office.desk.limits = [Quota("", Measure.ASKS, Window.HOUR, 5)]
    await office.open(office.boss, "Quotas")
    form = await office.form_beside(office.boss, "Everyone")
    await office.send(form, **{"asks.hour": "", "videos.day": "1,200", "gpu_seconds.day": "no limit"})
    assert [change[3:] for change in office.desk.changes] == [
        ("", Measure.ASKS, Window.HOUR),
        (Quota("", Measure.VIDEOS, Window.DAY, 1200.0),),
        (Quota("", Measure.GPU_SECONDS, Window.DAY, None),),
    ]


@pytest.mark.parametrize("kind", ["role", "user"])
async def test_quotas_for_a_group_or_a_person(office, kind: str) -> None:
    group = office.slack.group("riders", office.ann)
    whom = group.id if kind == "role" else office.ann.id
    await office.open(office.boss, "Quotas")
    form = await office.form(office.boss, f"quo:new:{kind}")
    await office.send(form, whom=whom)
    assert list(form.errors.values()) == ["Write at least one limit."]
    await office.send(form, whom=whom, **{"videos.day": "2"})
    assert [change[3] for change in office.desk.changes] == [Quota(f"{kind}:{whom}", Measure.VIDEOS, Window.DAY, 2.0)]
    home = office.home(office.boss)
    assert "Saved." in home.shown
    assert "Videos: 2 a day" in home.shown


async def test_an_amount_that_is_none_changes_nothing(office) -> None:
    await office.open(office.boss, "Quotas")
    form = await office.form_beside(office.boss, "Everyone")
    await office.send(form, **{"asks.hour": "3", "videos.day": "many"})
    assert form.errors == {"videos.day": "“many” is not a number. Write it in digits, like 10 or 0.5."}
    assert office.desk.changes == []


async def test_what_the_desk_says_about_a_limit_stands_at_that_limit(office) -> None:
    office.desk.impossible = "There are no parts of videos."
    await office.open(office.boss, "Quotas")
    form = await office.form_beside(office.boss, "Everyone")
    await office.send(form, **{"videos.day": "1.5"})
    assert form.errors == {"videos.day": "There are no parts of videos."}


async def test_limits_are_removed_after_a_question(office) -> None:
    office.desk.limits = [Quota(f"user:{office.ann.id}", Measure.VIDEOS, Window.DAY, 3)]
    home = await office.open(office.boss, "Quotas")
    _, element = find(home.blocks, "quo:drop")
    assert element["confirm"]["title"]["text"] == "Remove these limits?"
    home = await office.press(office.boss, "quo:drop")
    assert [change[3:] for change in office.desk.changes] == [(f"user:{office.ann.id}", Measure.VIDEOS, Window.DAY)]
    assert "These limits are removed." in home.shown


async def test_more_people_with_quotas_than_a_page_holds_are_paged(office) -> None:
    office.desk.limits = [Quota(f"user:U{number:05}", Measure.VIDEOS, Window.DAY, 1) for number in range(90)]
    home = await office.open(office.boss, "Quotas")
    assert "U00018" in home.shown
    assert "U00060" not in home.shown
    for _ in range(3):
        home = await office.press(office.boss, "go:next")
    assert "U00060" in home.shown
    home = await office.press(office.boss, "go:previous")
    assert "U00040" in home.shown


async def test_a_channel_shared_with_another_organisation_is_none_for_moderators(office) -> None:
    office.mods.shared = True
    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:moderator_channel")
    await office.send(form, channel=office.mods.id)
    assert form.errors["channel"].startswith("That channel is shared with another organisation")
    assert office.desk.changes == []
    office.desk.held = Settings(moderator_channel=office.mods.id)
    assert "It is shared with another organisation" in (await office.open(office.boss)).shown


# --- what goes wrong at Slack -----------------------------------------------------------------------------------------


async def test_a_page_that_slack_does_not_take_at_first_says_that_something_broke(office) -> None:
    await office.open(office.boss)
    office.slack.fail_next("views.publish", "internal_error")
    home = await office.press(office.boss, "Settings")
    assert "Something broke on my side." in home.shown


async def test_a_page_waits_as_long_as_slack_asks_for(office) -> None:
    await office.open(office.boss)
    office.slack.fail_next("views.publish", "ratelimited", retry_after=0)
    home = await office.press(office.boss, "Settings")
    assert "Settings of this workspace" in home.shown
    assert "Something broke" not in home.shown


async def test_whose_rights_are_not_told_has_none(office) -> None:
    office.slack.fail_next("users.info", "internal_error", times=2)
    assert "Settings" not in (await office.open(office.boss)).shown
    assert office.slack.modal(office.boss) is None


async def test_a_form_that_slack_does_not_open_is_said_to_have_failed(office) -> None:
    await office.open(office.boss, "Settings")
    office.slack.fail_next("views.open", "internal_error")
    home = await office.press(office.boss, "set:edit:ask")
    assert "Something broke on my side." in home.shown
    assert office.slack.modal(office.boss) is None


async def test_a_desk_that_breaks_behind_a_form_says_so_in_the_form(office, caplog) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("scripted")

    await office.open(office.boss, "Settings")
    form = await office.form(office.boss, "set:edit:ask")
    office.desk.change = broken
    await office.send(form, who="nobody")
    assert "Something broke on my side." in form.shown
    assert "scripted" in caplog.text
