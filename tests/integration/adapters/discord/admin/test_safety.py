"""`/safety`: the table of a place, changing a rule with a look at what it would have done, the moderator channel."""

from __future__ import annotations

import discord
import pytest

from adapters.base import AGE_RESTRICTED, Rule, Scope, Settings, WhatIf

RULES = [
    Rule("harassment", 0.7, "block", "default", text=True, frames=False),
    Rule("sexual/minors", 0.2, "block", "community", text=True, frames=True),
    Rule("violence", 0.8, "warn", "age-restricted", text=True, frames=True),
    Rule("illicit", 0.5, "block", "default", text=False, frames=False),
]


@pytest.fixture(autouse=True)
def rules(office) -> None:
    office.desk.table = list(RULES)


def rule_changes(office) -> list[tuple[object, ...]]:
    return [what for what in office.desk.changes if what[0] in ("rule", "rule reset")]


async def test_the_table_shows_limits_actions_origins_and_what_is_not_covered(office) -> None:
    panel = await office.open(office.boss, "safety")
    assert panel.result.ephemeral
    assert "**For this server**" in panel.text
    assert (
        "                 T F limit action\n"
        "harassment       ● – 0.70  block\n"
        "sexual/minors    ● ● 0.20  block  S\n"
        "violence         ● ● 0.80  warn   A\n"
        "illicit          – – not covered\n"
    ) in panel.text
    assert "S set for this server, A for age-restricted channels." in panel.text
    assert "**Not covered**: illicit." in panel.text


@pytest.mark.parametrize(
    ("place", "heading"), [("s", "For this server"), ("h", "For <#{here}>"), ("a", "For age-restricted channels")]
)
async def test_a_place_can_be_named_in_the_command(office, place: str, heading: str) -> None:
    panel = await office.open(office.boss, "safety", place=place)
    here = str(office.world.channel.id)
    assert heading.format(here=here) in panel.text
    wanted = {"s": "", "h": here, "a": AGE_RESTRICTED}[place]
    assert office.desk.scopes == [Scope(*office.scope, wanted)]


async def test_a_given_channel_can_be_named_in_the_command(office) -> None:
    other = office.world.guild.create_text_channel("n" * 100)
    panel = await office.open(office.boss, "safety", channel=other)
    assert f"For <#{other.id}>" in panel.text
    assert office.desk.scopes == [Scope(*office.scope, str(other.id))]


async def test_of_an_age_restricted_channel_the_profile_of_such_channels_is_shown_too(office) -> None:
    night = office.world.guild.create_text_channel("night")
    office.world.env.bot.get_channel(night.id).nsfw = True  # as Discord would have told the bot
    panel = await office.open(office.boss, "safety", channel=night)
    assert f"For <#{night.id}>, which is age-restricted" in panel.text
    await panel.select(office.boss, ":cat", "violence")
    assert office.desk.scopes == [Scope(*office.scope, str(night.id), age_restricted=True)] * 2


async def test_in_a_thread_this_channel_is_the_channel_of_the_thread(office) -> None:
    start = await office.world.ann.send(office.world.channel, "look")
    thread = await office.world.env.bot.get_channel(office.world.channel.id).create_thread(
        name="rides", message=discord.Object(start.id)
    )
    handle = next(each for each in office.world.channel.threads if each.id == thread.id)
    await office.open(office.boss, "safety", at=handle, place="h")
    assert office.desk.scopes == [Scope(*office.scope, str(office.world.channel.id))]


async def test_the_menus_lead_to_the_rules_of_another_place(office) -> None:
    other = office.world.guild.create_text_channel("other")
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":go", "a")
    assert panel.chosen(":go") == ["a"]
    await panel.select(office.boss, ":go", "h")
    assert panel.chosen(":go") == ["h"]
    await panel.select(office.boss, ":channel", other)
    assert f"For <#{other.id}>" in panel.text
    assert [scope.channel for scope in office.desk.scopes] == [
        "",
        AGE_RESTRICTED,
        str(office.world.channel.id),
        str(other.id),
    ]


@pytest.mark.parametrize("who", ["mod", "other"])
async def test_neither_members_nor_moderators_see_the_rules(office, who: str) -> None:
    office.other = getattr(office, who)
    await office.allow_all_to_see("safety")
    result = await office.other.slash(office.world.channel, "safety")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage this server")
    assert office.desk.scopes == []


async def test_before_saving_it_says_what_the_change_would_have_done(office) -> None:
    office.desk.foresight = WhatIf(200, 3, 0)
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    assert "Now: **0.80**, *show it with a warning* (set for age-restricted channels)." in panel.text
    assert panel.button("Save")["disabled"]
    await panel.select(office.boss, ":limit", "0.60")
    assert "With 0.60, 3 of the last 200 decisions here would differ: 3 more stopped." in panel.text
    assert rule_changes(office) == []
    await panel.select(office.boss, ":action", "block")
    scope = Scope(*office.scope)
    assert office.desk.imagined == [(scope, "violence", 0.6, "warn"), (scope, "violence", 0.6, "block")]
    await panel.click(office.boss, "Save")
    assert rule_changes(office) == [("rule", scope, str(office.boss.id), "violence", 0.6, "block")]
    assert "Saved: violence 0.60, block." in panel.text
    assert "0.60  block" in panel.text


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (WhatIf(0, 0, 0), "There are no decisions here yet to try it on."),
        (WhatIf(40, 0, 0), "With 0.60, none of the last 40 decisions here would differ."),
        (
            WhatIf(40, 1, 2),
            "With 0.60, 3 of the last 40 decisions here would differ: 1 more stopped, 2 more let through.",
        ),
    ],
)
async def test_the_preview_counts_both_ways(office, found: WhatIf, sentence: str) -> None:
    office.desk.foresight = found
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    await panel.select(office.boss, ":limit", "0.60")
    assert sentence in panel.text


async def test_back_leaves_the_rule_as_it_is(office) -> None:
    panel = await office.open(office.boss, "safety", place="a")
    await panel.select(office.boss, ":cat", "violence")
    await panel.select(office.boss, ":limit", "0.60")
    await panel.click(office.boss, "Back")
    assert office.desk.changes == []
    assert "For age-restricted channels" in panel.text


async def test_the_wider_rule_is_offered_only_where_this_place_has_its_own(office) -> None:
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    assert panel.button("Use the wider rule")["disabled"]
    await panel.click(office.boss, "Back")
    await panel.select(office.boss, ":cat", "sexual/minors")
    await panel.click(office.boss, "Use the wider rule")
    assert rule_changes(office) == [("rule reset", Scope(*office.scope), str(office.boss.id), "sexual/minors")]


async def test_another_number_comes_from_a_form(office) -> None:
    panel = await office.open(office.boss, "safety", place="h")
    await panel.select(office.boss, ":cat", "sexual/minors")
    form = await panel.click(office.boss, "Another number …")
    await office.boss.submit_modal(form, {"limit": "0,333"})
    assert panel.chosen(":limit") == ["0.333"]
    await panel.click(office.boss, "Save")
    scope = Scope(*office.scope, str(office.world.channel.id))
    assert rule_changes(office) == [("rule", scope, str(office.boss.id), "sexual/minors", 0.333, "block")]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [("1.5", "A limit is a number from 0 to 1."), ("strict", "“strict” is not a number."), ("-0.1", "A limit is")],
)
async def test_a_number_that_is_no_limit_is_refused_in_a_sentence(office, written: str, sentence: str) -> None:
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    form = await panel.click(office.boss, "Another number …")
    result = await office.boss.submit_modal(form, {"limit": written})
    (word,) = result.followups
    assert word.ephemeral
    assert word.content.startswith(sentence)


async def test_a_rule_that_the_desk_refuses_is_said_in_its_own_words(office) -> None:
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    await panel.select(office.boss, ":limit", "1.00")
    office.desk.impossible = "A channel cannot be laxer than the operator allows."
    result = await panel.click(office.boss, "Save")
    assert [(word.ephemeral, word.content) for word in result.followups] == [
        (True, "A channel cannot be laxer than the operator allows.")
    ]


async def test_a_draft_survives_a_restart(office) -> None:
    panel = await office.open(office.boss, "safety", place="h")
    await panel.select(office.boss, ":cat", "sexual/minors")
    await panel.select(office.boss, ":limit", "0.60")
    fresh = office.world.new_client()
    fresh.admin.table = list(RULES)
    await office.world.env.restart_bot(fresh)
    await panel.click(office.boss, "Save")
    scope = Scope(*office.scope, str(office.world.channel.id))
    assert fresh.admin.changes == [("rule", scope, str(office.boss.id), "sexual/minors", 0.6, "block")]


async def test_a_number_written_over_a_restart_is_taken_all_the_same(office) -> None:
    panel = await office.open(office.boss, "safety", place="h")
    await panel.select(office.boss, ":cat", "sexual/minors")
    form = await panel.click(office.boss, "Another number …")
    fresh = office.world.new_client()
    fresh.admin.table = list(RULES)
    await office.world.env.restart_bot(fresh)
    await office.boss.submit_modal(form, {"limit": "0.15"})
    assert panel.chosen(":limit") == ["0.15"]


async def test_who_lost_the_permission_cannot_save(office) -> None:
    panel = await office.open(office.boss, "safety")
    await panel.select(office.boss, ":cat", "violence")
    await panel.select(office.boss, ":limit", "0.60")
    office.grant(office.boss_role, manage_messages=True)
    result = await panel.click(office.boss, "Save")
    assert result.response.content.startswith("Only members who may manage this server")
    assert office.desk.changes == []


async def test_a_category_that_no_longer_exists_is_said(office) -> None:
    panel = await office.open(office.boss, "safety")
    office.desk.table = RULES[:1]
    result = await panel.select(office.boss, ":cat", "violence")
    (word,) = result.followups
    assert word.content == "There is no category “violence”. There are: harassment."


async def test_without_rules_there_is_nothing_to_change(office) -> None:
    office.desk.table = []
    panel = await office.open(office.boss, "safety")
    assert "There are no rules to show." in panel.text


# --- the moderator channel ------------------------------------------------------------------------------------------


def hidden(office, name: str = "mods", **mine: bool | None):
    """A channel that only moderators and the bot see; `mine` are what the bot may do there besides."""
    guild = office.world.guild
    return guild.create_text_channel(
        name,
        overwrites={
            guild.default_role: discord.PermissionOverwrite(view_channel=False),
            office.boss_role: discord.PermissionOverwrite(view_channel=True),
            office.world.env.bot.user: discord.PermissionOverwrite(**{"view_channel": True, **mine}),
        },
    )


async def test_the_moderator_channel_is_chosen_from_a_menu(office) -> None:
    mods = hidden(office, attach_files=True, embed_links=True, send_messages=True)
    panel = await office.open(office.boss, "safety")
    await panel.click(office.boss, "Moderator channel")
    assert "There is none, so cases wait in `/cases`." in panel.text
    await panel.select(office.boss, ":pick", mods)
    assert office.desk.changes == [
        ("setting", Scope(*office.scope), str(office.boss.id), "moderator_channel", str(mods.id))
    ]
    assert f"Now: <#{mods.id}>." in panel.text
    assert panel.defaults(":pick") == [str(mods.id)]
    assert "Everyone here can read" not in panel.text


@pytest.mark.parametrize(
    ("lacks", "named"),
    [
        ({"attach_files": False}, "Attach Files"),
        ({"send_messages": False, "embed_links": False}, "Send Messages, Embed Links"),
        ({"view_channel": False}, "View Channel"),
    ],
)
async def test_a_channel_in_which_the_bot_cannot_post_is_refused_with_what_it_needs(office, lacks, named) -> None:
    mods = hidden(office, **lacks)
    panel = await office.open(office.boss, "safety")
    await panel.click(office.boss, "Moderator channel")
    result = await panel.select(office.boss, ":pick", mods)
    (word,) = result.followups
    assert word.ephemeral
    assert word.content.startswith(f"I can't post cards in <#{mods.id}> yet.")
    assert named in word.content
    assert office.desk.changes == []


async def test_a_channel_that_everyone_reads_is_taken_with_a_warning(office) -> None:
    panel = await office.open(office.boss, "safety")
    await panel.click(office.boss, "Moderator channel")
    await panel.select(office.boss, ":pick", office.world.channel)
    assert office.desk.held.moderator_channel == str(office.world.channel.id)
    assert f"Everyone here can read <#{office.world.channel.id}>." in panel.text


async def test_rights_that_were_taken_away_later_are_named_on_the_page(office) -> None:
    mods = hidden(office, attach_files=False)
    office.desk.held = Settings(moderator_channel=str(mods.id), own=frozenset({"moderator_channel"}))
    panel = await office.open(office.boss, "safety")
    await panel.click(office.boss, "Moderator channel")
    assert "I can't post cards there at the moment: I need Attach Files." in panel.text


async def test_a_moderator_channel_that_is_gone_is_said_and_can_be_reset(office) -> None:
    office.desk.held = Settings(moderator_channel="123", own=frozenset({"moderator_channel"}))
    panel = await office.open(office.boss, "safety", place="a")
    await panel.click(office.boss, "Moderator channel")
    assert "I can't see that channel any more. Choose another one." in panel.text
    await panel.click(office.boss, "Back to the default")
    assert office.desk.held.moderator_channel == ""
    await panel.click(office.boss, "Back")
    assert "For age-restricted channels" in panel.text


async def test_open_cases_are_counted_and_one_press_away(office) -> None:
    panel = await office.open(office.boss, "safety")
    assert panel.button("Open cases (0)")["disabled"]
    office.desk.open_cases = [office.case("c1")]
    panel = await office.open(office.boss, "safety")
    await panel.click(office.boss, "Open cases (1)")
    assert panel.embed.title == "Open cases"
    assert "**Appeal**" in panel.text
