"""The quotas' pages of `/settings`: the table, setting limits with a form, and removing them."""

from __future__ import annotations

import pytest

from adapters.base import Quota, Scope, Settings
from adapters.base.accounts import Measure, Window

VIDEOS_A_DAY = Quota("", Measure.VIDEOS, Window.DAY, 10, "default")


async def quotas(office):
    panel = await office.open(office.boss, "settings")
    await panel.select(office.boss, "menu", "quotas")
    return panel


def changes(office) -> list[tuple[object, ...]]:
    """What was changed, without the scope and the author, which every test would repeat."""
    for what in office.desk.changes:
        assert what[1:3] == (Scope(*office.scope), str(office.boss.id))
    return [(what[0], *what[3:]) for what in office.desk.changes]


async def test_the_table_shows_everyone_roles_and_members_and_what_is_default(office) -> None:
    office.desk.limits = [
        VIDEOS_A_DAY,
        Quota("", Measure.ASKS, Window.HOUR, 20),
        Quota("role:7", Measure.VIDEOS, Window.DAY, 30),
        Quota("role:7", Measure.GPU_SECONDS, Window.DAY, 1200.5),
        Quota("user:8", Measure.VIDEOS, Window.HOUR, None),
    ]
    panel = await quotas(office)
    assert (panel.embed.description or "").startswith(
        "**Everyone**\nQuestions: 20 an hour\nVideos: 10 a day *(default)*\n\n"
        "**<@&7>**\nVideos: 30 a day\nGPU-seconds: 1,200.5 a day\n\n"
        "**<@8>**\nVideos: no limit an hour\n\n"
    )


async def test_the_home_of_the_settings_sums_the_quotas_up(office) -> None:
    office.desk.limits = [VIDEOS_A_DAY, Quota("role:7", Measure.VIDEOS, Window.DAY, 30)]
    panel = await office.open(office.boss, "settings")
    assert panel.field("Quotas") == (
        "Videos: 10 a day *(default)*\nMembers and roles with limits of their own: 1 · *set here*"
    )


async def test_a_role_gets_limits_from_one_form(office) -> None:
    riders = office.world.guild.create_role("riders")
    panel = await quotas(office)
    await panel.select(office.boss, "pick", riders)
    assert f"**<@&{riders.id}>**\nNo limits of their own" in panel.text
    form = await panel.click(office.boss, "Per day …")
    await office.boss.submit_modal(form, {"asks": "", "videos": "30", "gpu_seconds": "1,200"})
    subject = f"role:{riders.id}"
    assert changes(office) == [
        ("quota", Quota(subject, Measure.VIDEOS, Window.DAY, 30.0)),
        ("quota", Quota(subject, Measure.GPU_SECONDS, Window.DAY, 1200.0)),
    ]
    assert "Videos: 30 a day" in panel.text
    assert "Saved." in panel.text


async def test_a_member_can_be_freed_of_a_limit(office) -> None:
    panel = await quotas(office)
    await panel.select(office.boss, "pick", office.mod)
    form = await panel.click(office.boss, "Per hour …")
    await office.boss.submit_modal(form, {"videos": "No limit"})
    assert changes(office) == [("quota", Quota(f"user:{office.mod.id}", Measure.VIDEOS, Window.HOUR, None))]


async def test_the_form_stands_filled_in_and_saves_only_what_was_changed(office) -> None:
    office.desk.limits = [
        VIDEOS_A_DAY,
        Quota("", Measure.ASKS, Window.DAY, 100),
        Quota("", Measure.GPU_SECONDS, Window.DAY, 600),
    ]
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    form = await panel.click(office.boss, "Per day …")
    lines = [line["component"] for line in form.modal["components"]]
    assert [line.get("value", "") for line in lines] == ["100", "", "600"]
    assert lines[1]["placeholder"] == "default: 10"
    await office.boss.submit_modal(form, {"asks": "100", "videos": "", "gpu_seconds": ""})
    assert changes(office) == [("quota reset", "", Measure.GPU_SECONDS, Window.DAY)]


async def test_the_role_that_everyone_has_means_everyone(office) -> None:
    panel = await quotas(office)
    await panel.select(office.boss, "pick", office.world.guild.default_role)
    assert "**Everyone**" in panel.text


async def test_all_limits_of_somebody_are_removed_at_once(office) -> None:
    office.desk.limits = [
        VIDEOS_A_DAY,
        Quota("", Measure.ASKS, Window.HOUR, 20),
        Quota("", Measure.ASKS, Window.DAY, 100),
    ]
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    await panel.click(office.boss, "Remove these limits")
    assert changes(office) == [
        ("quota reset", "", Measure.ASKS, Window.HOUR),
        ("quota reset", "", Measure.ASKS, Window.DAY),
    ]


async def test_removing_is_not_offered_where_there_are_only_defaults(office) -> None:
    office.desk.limits = [VIDEOS_A_DAY]
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    assert panel.button("Remove these limits")["disabled"]


async def test_one_unreadable_line_saves_nothing_of_the_form(office) -> None:
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    form = await panel.click(office.boss, "Per day …")
    result = await office.boss.submit_modal(form, {"asks": "20", "videos": "many"})
    assert [word.content for word in result.followups] == [
        "“many” is not a number. Write it in digits, like 10 or 0.5."
    ]
    assert office.desk.changes == []


async def test_a_limit_that_the_desk_refuses_is_said_in_its_own_words(office) -> None:
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    form = await panel.click(office.boss, "Per day …")
    office.desk.impossible = "A limit is a number from 0 to 1,000,000."
    result = await office.boss.submit_modal(form, {"asks": "-1"})
    (word,) = result.followups
    assert (word.ephemeral, word.content) == (True, "A limit is a number from 0 to 1,000,000.")
    assert "Saved." not in panel.text


async def test_who_lost_the_permission_while_the_form_was_open_changes_nothing(office) -> None:
    panel = await quotas(office)
    await panel.click(office.boss, "Everyone …")
    form = await panel.click(office.boss, "Per day …")
    office.grant(office.boss_role)
    result = await office.boss.submit_modal(form, {"asks": "20"})
    assert result.response.content.startswith("Only members who may manage this server")
    assert office.desk.changes == []


async def test_the_pages_work_after_a_restart(office) -> None:
    riders = office.world.guild.create_role("riders")
    panel = await quotas(office)
    await panel.select(office.boss, "pick", riders)
    fresh = office.world.new_client()
    await office.world.env.restart_bot(fresh)
    form = await panel.click(office.boss, "Per hour …")
    await office.boss.submit_modal(form, {"asks": "5"})
    assert fresh.admin.limits == [Quota(f"role:{riders.id}", Measure.ASKS, Window.HOUR, 5.0)]


async def test_a_form_that_was_open_over_a_restart_is_taken_all_the_same(office) -> None:
    panel = await quotas(office)
    await panel.select(office.boss, "pick", office.other)
    form = await panel.click(office.boss, "Per hour …")
    fresh = office.world.new_client()
    await office.world.env.restart_bot(fresh)
    await office.boss.submit_modal(form, {"asks": "5"})
    assert fresh.admin.limits == [Quota(f"user:{office.other.id}", Measure.ASKS, Window.HOUR, 5.0)]
    assert "Saved." in panel.text


async def test_many_roles_are_cut_to_what_an_embed_holds(office) -> None:
    office.desk.limits = [
        Quota(f"role:{10**18 + number}", measure, window, 123456)
        for number in range(60)
        for measure in Measure
        for window in Window
    ]
    panel = await quotas(office)
    assert len(panel.embed.description or "") <= 4096
    assert " more." in (panel.embed.description or "")


@pytest.mark.parametrize("channel", ["", "5"])
async def test_the_settings_say_where_cases_go(office, channel: str) -> None:
    office.desk.held = Settings(moderator_channel=channel)
    panel = await office.open(office.boss, "settings")
    assert "/safety" in panel.field("Moderator channel")
