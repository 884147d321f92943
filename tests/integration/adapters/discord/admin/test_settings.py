"""`/settings`: what an admin sees, how each setting is changed and reset, and who may not."""

from __future__ import annotations

import pytest

from adapters.base import Audience, ModelOption, Rooms, Scope, Settings

MODELS = [ModelOption("wan", "Wan 2.1 · 1.3B"), ModelOption("ltx", "LTX")]


async def test_settings_shows_what_holds_and_what_of_it_is_the_servers_own(office) -> None:
    channel = str(office.world.channel.id)
    office.desk.held = Settings(
        rooms=Rooms("only", (channel,)), retention_days=30, own=frozenset({"rooms"}), moderator_channel=channel
    )
    panel = await office.open(office.boss, "settings")
    assert panel.result.ephemeral
    assert panel.field("Where I answer") == f"Only in <#{channel}> · *set here*"
    assert panel.field("Who may ask") == "Everyone · *default*"
    assert panel.field("How long I keep things") == "30 days, then I forget it · *default*"
    assert f"<#{channel}>" in panel.field("Moderator channel")
    assert office.desk.scopes == [Scope(*office.scope)]


async def test_a_member_without_the_permission_is_refused_however_they_got_there(office) -> None:
    await office.allow_all_to_see("settings")
    result = await office.other.slash(office.world.channel, "settings")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage this server")
    assert office.desk.scopes == []


async def test_a_moderator_is_no_admin(office) -> None:
    panel = await office.open(office.boss, "settings")
    office.grant(office.boss_role, manage_messages=True)
    result = await panel.select(office.boss, "menu", "keep")
    assert result.response.content.startswith("Only members who may manage this server")


async def test_who_lost_the_permission_cannot_go_on_with_an_open_panel(office) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "rooms")
    office.grant(office.boss_role)
    result = await panel.select(office.boss, "mode", "all")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage this server")
    assert office.desk.changes == []


async def test_where_i_answer_is_saved_only_once_channels_are_chosen(office) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "rooms")
    await panel.select(office.boss, "mode", "only")
    assert "Nothing is changed yet" in panel.text
    assert panel.chosen("mode") == ["only"]
    assert office.desk.changes == []
    await panel.select(office.boss, "in:only", office.world.channel)
    channel = str(office.world.channel.id)
    assert office.desk.changes == [
        ("setting", Scope(*office.scope), str(office.boss.id), "rooms", Rooms("only", (channel,)))
    ]
    assert f"Only in <#{channel}>" in panel.text
    assert panel.defaults("in:only") == [channel]


async def test_another_mode_keeps_the_channels(office) -> None:
    channel = str(office.world.channel.id)
    office.desk.held = Settings(rooms=Rooms("only", (channel,)), own=frozenset({"rooms"}))
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "rooms")
    await panel.select(office.boss, "mode", "except")
    assert office.desk.held.rooms == Rooms("except", (channel,))


async def test_everywhere_needs_no_channels(office) -> None:
    office.desk.held = Settings(rooms=Rooms("only", ("1",)), own=frozenset({"rooms"}))
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "rooms")
    await panel.select(office.boss, "mode", "all")
    assert office.desk.held.rooms == Rooms()
    assert not any(item["custom_id"].startswith("g4va:set:rooms:in") for item in panel.controls)


async def test_a_reset_brings_the_default_back_and_is_only_offered_for_what_is_set(office) -> None:
    office.desk.held = Settings(ask=Audience("nobody"), own=frozenset({"ask"}))
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    await panel.click(office.boss, "Back to the default")
    assert office.desk.changes == [("setting reset", Scope(*office.scope), str(office.boss.id), "ask")]
    assert "**Everyone** · *default*" in panel.text
    assert panel.button("Back to the default")["disabled"]


@pytest.mark.parametrize("who", ["admins", "nobody"])
async def test_who_may_ask_is_saved_at_once_where_no_roles_are_needed(office, who: str) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    await panel.select(office.boss, "who", who)
    assert office.desk.held.ask == Audience(who)  # type: ignore[arg-type]


async def test_who_may_make_videos_is_another_setting_than_who_may_ask(office) -> None:
    riders = office.world.guild.create_role("riders")
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "generate")
    assert "no leave to make videos" in panel.text
    await panel.select(office.boss, "who", "roles")
    assert office.desk.changes == []
    await panel.select(office.boss, "generate:roles", riders)
    assert office.desk.held.generate == Audience("roles", (str(riders.id),))
    assert office.desk.held.ask == Audience()
    assert f"Members with <@&{riders.id}>" in panel.text


async def test_the_role_that_everyone_has_means_everyone(office) -> None:
    everyone = office.world.guild.default_role
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    await panel.select(office.boss, "who", "roles")
    await panel.select(office.boss, "ask:roles", everyone)
    assert office.desk.held.ask == Audience()


async def test_more_roles_than_a_menu_holds_are_shown_as_such(office) -> None:
    roles = [office.world.guild.create_role(f"role {number} {'x' * 80}") for number in range(40)]
    office.desk.held = Settings(ask=Audience("roles", tuple(str(role.id) for role in roles)), own=frozenset({"ask"}))
    panel = await office.open(office.boss, "settings")
    assert "… and 10 more." in panel.field("Who may ask")
    await panel.select(office.boss, "menu", "ask")
    assert "There are 40; Discord's menu shows 25." in panel.text
    assert len(panel.defaults("ask:roles")) == 25


async def test_roles_and_channels_that_are_gone_are_not_offered_as_chosen(office) -> None:
    riders = office.world.guild.create_role("riders")
    group = office.world.guild.create_category("Clips")  # no channel to answer in; chosen elsewhere
    office.desk.held = Settings(
        rooms=Rooms("only", ("1", str(group.id), str(office.world.channel.id))),
        ask=Audience("roles", ("2", str(riders.id))),
    )
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    assert panel.defaults("ask:roles") == [str(riders.id)]
    await panel.click(office.boss, "Back")
    await panel.select(office.boss, "menu", "rooms")
    assert panel.defaults("in:only") == [str(office.world.channel.id)]


async def test_the_model_can_be_chosen_only_where_there_is_a_choice(office) -> None:
    office.desk.options = MODELS[:1]
    panel = await office.open(office.boss, "settings")
    assert "model" not in panel.values("menu")
    office.desk.options = MODELS
    panel = await office.open(office.boss, "settings")
    assert panel.field("Model of the videos") == "the operator's choice · *default*"
    await panel.select(office.boss, "menu", "model")
    await panel.select(office.boss, "pick", "ltx")
    assert office.desk.held.model == "ltx"
    assert panel.chosen("pick") == ["ltx"]
    assert "**LTX** · *set here*" in panel.text


async def test_a_long_gallery_still_shows_the_chosen_model(office) -> None:
    office.desk.options = [ModelOption(f"m{number}", f"Model {number} {'x' * 120}") for number in range(40)]
    office.desk.held = Settings(model="m39", own=frozenset({"model"}))
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "model")
    assert len(panel.values("pick")) == 25
    assert panel.chosen("pick") == ["m39"]


async def test_days_are_written_into_a_form_that_stands_filled_in(office) -> None:
    office.desk.held = Settings(retention_days=30)
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "keep")
    form = await panel.click(office.boss, "Change the days …")
    assert form.modal["components"][0]["component"]["value"] == "30"
    await office.boss.submit_modal(form, {"days": "7"})
    assert office.desk.held.retention_days == 7
    assert "7 days, then I forget it" in panel.text


async def test_no_days_mean_until_somebody_makes_me_forget(office) -> None:
    office.desk.held = Settings(retention_days=30)
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "keep")
    form = await panel.click(office.boss, "Change the days …")
    await office.boss.submit_modal(form, {"days": ""})
    assert office.desk.held.retention_days is None
    assert "Until somebody makes me forget it" in panel.text


@pytest.mark.parametrize("days", ["soon", "1.5", "nan"])
async def test_what_is_no_number_of_days_is_said_and_changes_nothing(office, days: str) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "keep")
    form = await panel.click(office.boss, "Change the days …")
    result = await office.boss.submit_modal(form, {"days": days})
    (word,) = result.followups
    assert word.ephemeral
    assert word.content == f"“{days}” is not a number. Write it in digits, like 10 or 0.5."
    assert office.desk.changes == []


@pytest.mark.parametrize("kind", ["impossible", "refused"])
async def test_what_the_desk_refuses_is_said_in_its_own_words(office, kind: str) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    setattr(office.desk, kind, "That can't be meant. Choose another one.")
    result = await panel.select(office.boss, "who", "nobody")
    (word,) = result.followups
    assert word.ephemeral
    assert word.content == "That can't be meant. Choose another one."


async def test_a_broken_store_is_said_in_a_sentence(office, monkeypatch) -> None:
    async def broken(scope: Scope) -> Settings:
        raise ConnectionRefusedError("the database is away")

    monkeypatch.setattr(office.desk, "settings", broken)
    result = await office.boss.slash(office.world.channel, "settings")
    assert result.ephemeral
    assert result.response.content.startswith("Something broke on my side")


async def test_a_panel_works_after_a_restart(office) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    fresh = office.world.new_client()
    await office.world.env.restart_bot(fresh)
    await panel.select(office.boss, "who", "admins")
    assert fresh.admin.held.ask == Audience("admins")
    assert "**Only who may manage this server** · *set here*" in panel.text


async def test_a_form_that_was_open_over_a_restart_is_taken_all_the_same(office) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "keep")
    form = await panel.click(office.boss, "Change the days …")
    fresh = office.world.new_client()
    await office.world.env.restart_bot(fresh)
    await office.boss.submit_modal(form, {"days": "7"})
    assert fresh.admin.held.retention_days == 7


async def test_a_control_of_an_earlier_version_says_so(office, monkeypatch) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    monkeypatch.setitem(office.world.client.admin_room._panels, "set", None)
    result = await panel.select(office.boss, "who", "admins")
    assert "earlier version" in result.response.content


async def test_a_failed_edit_is_said_and_the_change_stands(office) -> None:
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "ask")
    office.world.env.inject_error("PATCH", "/webhooks/*", status=400, code=50035, times=1)
    result = await panel.select(office.boss, "who", "nobody")
    assert office.desk.held.ask == Audience("nobody")
    assert [word.content for word in result.followups] == [
        "Something broke on my side. Open it again to see what holds now, and try once more."
    ]
