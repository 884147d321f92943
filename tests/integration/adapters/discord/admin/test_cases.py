"""Cases: the cards in the moderator channel, rulings from there and from `/cases`, and what can go wrong with both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import discord
import pytest

from adapters.base import (
    Author,
    Case,
    CaseKind,
    CaseState,
    Chip,
    DeliveryError,
    Exchange,
    MadeVideo,
    Place,
    Scope,
    State,
    Still,
    View,
)
from tests.fakes.handler import NOON
from tests.integration.adapters.discord.admin.conftest import flat

CHIPS = (
    Chip("violence", 0.2, 0.7, "allow", "question"),
    Chip("violence", 0.83, 0.7, "block", "clip", 7.4),
)


@pytest.fixture
def mods(office):
    """The moderator channel, in which `mod` may manage messages and `other` may only read."""
    return office.world.guild.create_text_channel("mods")


def card_in(channel) -> discord.Message:
    (only,) = [message for message in channel.history() if message.author.bot]
    return only


def text_of(message) -> str:
    (embed,) = message.embeds
    parts = [embed.title, embed.description, *(f"{field.name}\n{field.value}" for field in embed.fields)]
    return "\n".join(str(part) for part in parts if part)


def labels_of(message) -> list[str]:
    return [button.label for row in message.components for button in row.children]


def frame(tmp_path: Path) -> Still:
    path = tmp_path / "frame.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    return Still(str(path), 67.4)


def video(tmp_path: Path, name: str = "a.mp4") -> MadeVideo:
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    return MadeVideo(str(path), "a red ball", 1, 640, 360, 3.0)


async def post(office, mods, case: Case) -> Case:
    """Post a case's card, as the application does, and remember where it is."""
    ref = await office.world.client.cards.post(str(mods.id), case)
    posted = replace(case, ref=ref)
    office.desk.open_cases = [*office.desk.open_cases, posted]
    await office.world.env.settle()
    return posted


# --- the cards ------------------------------------------------------------------------------------------------------


async def test_the_card_of_an_appeal_shows_what_is_needed_to_rule(office, mods, tmp_path: Path) -> None:
    case = office.case(
        "c1",
        words="It is *only* a game, @everyone",
        excerpt="he ||hits|| the ball",
        chips=CHIPS,
        still=frame(tmp_path),
        request="7f3k",
    )
    await post(office, mods, case)
    card = card_in(mods)
    text = text_of(card)
    ann, channel = office.world.ann.id, office.world.channel.id
    assert card.embeds[0].title == "Appeal · open"
    assert f"<@{ann}> appeals: what they asked for in <#{channel}> was blocked." in text
    assert "It is \\*only\\* a game, @\u200beveryone" in text
    assert "||he \\|\\|hits\\|\\| the ball||" in text
    assert "violence\n  0.83 ≥ 0.70 block · clip 0:07\nviolence\n  0.20 < 0.70 allow · question" in text
    assert card.embeds[0].footer.text == "request 7f3k · case c1"
    assert [item.filename for item in card.attachments] == ["SPOILER_frame-1m07.jpg"]
    assert labels_of(card) == ["Uphold the block", "Overturn it"]
    assert card.mentions == []


async def test_the_card_of_a_report_brings_the_video_behind_a_spoiler(office, mods, tmp_path: Path) -> None:
    case = office.case("c1", CaseKind.REPORT, author=Author(str(office.other.id), "other"), videos=(video(tmp_path),))
    await post(office, mods, case)
    card = card_in(mods)
    assert f"<@{office.other.id}> reports an answer to <@{office.world.ann.id}>" in text_of(card)
    assert [item.filename for item in card.attachments] == ["SPOILER_a-red-ball.mp4"]
    assert labels_of(card) == ["Remove the answer", "Keep it"]


async def test_the_card_links_to_the_answer_where_one_can_go(office, mods) -> None:
    world = office.world
    await world.ask()
    ref = world.handler.reply.ref
    author = Author(str(world.ann.id), "ann")
    world.handler.exchanges["r1"] = Exchange("r1", author, "?", (), NOON, View("r1", State.BLOCKED), ref=ref)
    await post(office, mods, office.case("c1", request="r1"))
    answer = world.answer()
    link = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{answer.id}"
    assert f"[Go there]({link})" in text_of(card_in(mods))


async def test_a_request_that_cannot_be_looked_up_only_costs_the_link(office, mods, monkeypatch) -> None:
    async def broken(request: str) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(office.world.client.admin_room.cards, "_look_up", broken)
    await post(office, mods, office.case("c1"))
    assert "Go there" not in text_of(card_in(mods))


async def test_a_case_from_a_direct_message_says_so_and_links_nowhere(office, mods) -> None:
    await post(office, mods, office.case("c1", place=Place("discord", "dm", "5", private=True)))
    assert "what they asked for in a direct message was blocked" in text_of(card_in(mods))


async def test_everything_at_its_longest_fits_into_a_card(office, mods, tmp_path: Path) -> None:
    chips = tuple(replace(CHIPS[1], category="violence/graphic", time_s=float(second)) for second in range(100))
    case = office.case(
        "c" * 64,
        words="*_|`" * 500,
        excerpt="|" * 5000,
        suggestion="~" * 3000,
        chips=chips,
        author=Author("1", "n" * 500),
        videos=tuple(video(tmp_path, f"{number}.mp4") for number in range(14)),
    )
    await post(office, mods, case)
    card = card_in(mods)
    assert len(card.embeds[0]) <= 6000
    assert all(len(field.value or "") <= 1024 for field in card.embeds[0].fields)
    assert len(card.attachments) == 10


async def test_a_file_that_is_gone_or_too_large_is_left_out_and_said(office, mods, tmp_path: Path) -> None:
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    case = office.case(
        "c1",
        CaseKind.REPORT,
        videos=(video(tmp_path), MadeVideo(str(huge), "huge", 1, 640, 360, 3.0)),
        still=Still(str(tmp_path / "gone.jpg"), 1.0),
    )
    await post(office, mods, case)
    card = card_in(mods)
    assert [item.filename for item in card.attachments] == ["SPOILER_a-red-ball.mp4"]
    assert "is larger than Discord takes in this channel" in text_of(card)
    assert "no longer on my disk" in text_of(card)


async def test_what_discord_finds_too_large_is_posted_without_files(office, mods, tmp_path: Path) -> None:
    office.world.env.inject_error("POST", f"/channels/{mods.id}/messages", status=413, code=40005)
    await post(office, mods, office.case("c1", still=frame(tmp_path)))
    card = card_in(mods)
    assert card.attachments == []
    assert "is larger than Discord takes in this channel" in text_of(card)
    assert labels_of(card) == ["Uphold the block", "Overturn it"]


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, 10003, "The moderator channel is gone. Choose another one with /safety."),
        (403, 50001, "I may not post cards in the moderator channel."),
        (403, 50013, "I may not post cards in the moderator channel."),
        (400, 50035, "Discord did not take the card of this case (HTTP 400)."),
    ],
)
async def test_a_card_that_cannot_be_posted_fails_with_a_sentence(office, mods, status, code, sentence) -> None:
    office.world.env.inject_error("POST", f"/channels/{mods.id}/messages", status=status, code=code, times=None)
    with pytest.raises(DeliveryError) as failure:
        await office.world.client.cards.post(str(mods.id), office.case("c1"))
    assert str(failure.value).startswith(sentence)


async def test_a_channel_that_is_none_fails_with_a_sentence(office) -> None:
    with pytest.raises(DeliveryError, match="The moderator channel is gone"):
        await office.world.client.cards.post("#mods", office.case("c1"))


async def test_a_card_is_redrawn_with_what_became_of_the_case(office, mods, tmp_path: Path) -> None:
    posted = await post(office, mods, office.case("c1", chips=CHIPS, still=frame(tmp_path)))
    closed = replace(
        posted,
        state=CaseState.OVERTURNED,
        decided_by=str(office.mod.id),
        decided_at=NOON,
        outcome="It runs again.",
        suggestion="A limit of 0.85 would have let it through.",
    )
    await office.world.client.cards.redraw(closed)
    card = card_in(mods)
    text = text_of(card)
    assert card.embeds[0].title == "Appeal · overturned"
    assert f"Overturned by <@{office.mod.id}>" in text
    assert "It runs again." in text
    assert "A limit of 0.85 would have let it through." in text
    assert labels_of(card) == []
    assert [item.filename for item in card.attachments] == ["SPOILER_frame-1m07.jpg"]


async def test_what_was_removed_leaves_the_card_as_well(office, mods, tmp_path: Path) -> None:
    case = office.case("c1", CaseKind.REPORT, videos=(video(tmp_path),), excerpt="secret")
    posted = await post(office, mods, case)
    assert "secret" in text_of(card_in(mods))
    await office.world.client.cards.redraw(replace(posted, state=CaseState.REMOVED, decided_by=str(office.mod.id)))
    assert card_in(mods).attachments == []
    assert "secret" not in text_of(card_in(mods))


async def test_a_frame_that_left_the_disk_stays_on_its_card_and_is_not_called_missing(office, mods, tmp_path) -> None:
    still = frame(tmp_path)
    posted = await post(office, mods, office.case("c1", still=still))
    Path(still.path).unlink()
    await office.world.client.cards.redraw(replace(posted, state=CaseState.UPHELD, decided_by=str(office.mod.id)))
    assert len(card_in(mods).attachments) == 1
    assert "no longer on my disk" not in text_of(card_in(mods))


async def test_a_card_that_was_deleted_cannot_be_redrawn_and_says_so(office, mods) -> None:
    posted = await post(office, mods, office.case("c1"))
    await office.mod.delete(card_in(mods))
    with pytest.raises(DeliveryError, match="was deleted"):
        await office.world.client.cards.redraw(posted)
    with pytest.raises(DeliveryError, match="no card of mine"):
        await office.world.client.cards.redraw(office.case("c2"))


async def test_a_card_is_taken_away_like_any_other_message(office, mods) -> None:
    posted = await post(office, mods, office.case("c1"))
    await office.world.client.remove(posted.ref)
    assert mods.history() == []
    await office.world.client.remove(posted.ref)  # gone already is fine


async def test_a_card_that_may_not_be_taken_away_fails_with_a_sentence(office, mods) -> None:
    posted = await post(office, mods, office.case("c1"))
    office.world.env.inject_error("DELETE", "/channels/*", status=403, code=50001)
    with pytest.raises(DeliveryError):
        await office.world.client.remove(posted.ref)


# --- rulings on the card --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "label", "ruling"),
    [
        (CaseKind.APPEAL, "Uphold the block", CaseState.UPHELD),
        (CaseKind.APPEAL, "Overturn it", CaseState.OVERTURNED),
        (CaseKind.REPORT, "Remove the answer", CaseState.REMOVED),
        (CaseKind.REPORT, "Keep it", CaseState.KEPT),
    ],
)
async def test_a_moderator_rules_with_a_button(office, mods, kind, label, ruling) -> None:
    await post(office, mods, office.case("c1", kind))
    result = await office.mod.click(card_in(mods), label=label)
    assert office.desk.changes == [("case", Scope(*office.scope), str(office.mod.id), "c1", ruling)]
    card = card_in(mods)
    assert card.embeds[0].title == f"{kind.value.capitalize()} · {ruling.value}"
    assert labels_of(card) == []
    assert result.followups == []


async def test_a_member_who_sees_the_card_cannot_rule(office, mods) -> None:
    await post(office, mods, office.case("c1"))
    result = await office.other.click(card_in(mods), label="Overturn it")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage messages here")
    assert office.desk.changes == []
    assert len(labels_of(card_in(mods))) == 2


async def test_the_buttons_of_a_card_work_after_a_restart(office, mods) -> None:
    posted = await post(office, mods, office.case("c1"))
    fresh = office.world.new_client()
    fresh.admin.open_cases = [posted]
    await office.world.env.restart_bot(fresh)
    await office.mod.click(card_in(mods), label="Overturn it")
    assert [what[-2:] for what in fresh.admin.changes] == [("c1", CaseState.OVERTURNED)]
    assert card_in(mods).embeds[0].title == "Appeal · overturned"


async def test_two_moderators_at_once_make_one_ruling_and_the_second_reads_why(office, mods, monkeypatch) -> None:
    await post(office, mods, office.case("c1"))
    room = office.world.client.admin_room
    press, pressed = room.press, []

    async def hold(interaction, path) -> None:
        pressed.append((interaction, path))

    monkeypatch.setattr(room, "press", hold)
    card = card_in(mods)
    await office.mod.click(card, label="Overturn it")
    result = await office.boss.click(card, label="Uphold the block")
    rule, second_was_told = office.desk.rule_case, asyncio.Event()

    async def slow(scope, author, case, ruling):
        try:
            ruled = await rule(scope, author, case, ruling)
        except ValueError:
            second_was_told.set()
            raise
        await second_was_told.wait()  # the first one has ruled, and its card is not redrawn yet
        return ruled

    monkeypatch.setattr(office.desk, "rule_case", slow)
    await asyncio.gather(*(press(interaction, path) for interaction, path in pressed))
    await office.world.env.settle()
    assert [what[-2:] for what in office.desk.changes] == [("c1", CaseState.OVERTURNED)]
    assert [(word.ephemeral, word.content) for word in result.followups] == [(True, "This case is closed already.")]
    assert card_in(mods).embeds[0].title == "Appeal · overturned"
    assert labels_of(card_in(mods)) == []


async def test_a_press_on_an_old_card_of_a_closed_case_says_so_and_mends_the_card(office, mods) -> None:
    posted = await post(office, mods, office.case("c1"))
    office.desk.open_cases = []
    office.desk.closed_cases = [replace(posted, state=CaseState.UPHELD, decided_by=str(office.boss.id))]
    result = await office.mod.click(card_in(mods), label="Overturn it")
    assert [word.content for word in result.followups] == ["This case is closed already."]
    assert card_in(mods).embeds[0].title == "Appeal · upheld"


async def test_a_press_on_the_card_of_a_forgotten_case_says_so_and_leaves_the_card(office, mods) -> None:
    await post(office, mods, office.case("c1"))
    office.desk.open_cases = []
    result = await office.mod.click(card_in(mods), label="Overturn it")
    assert [word.content for word in result.followups] == ["This case is closed already."]
    assert card_in(mods).embeds[0].title == "Appeal · open"


async def test_a_refusal_of_the_desk_is_whispered(office, mods) -> None:
    await post(office, mods, office.case("c1"))
    office.desk.refused = "Only moderators rule on cases."
    result = await office.mod.click(card_in(mods), label="Overturn it")
    assert [(word.ephemeral, word.content) for word in result.followups] == [(True, "Only moderators rule on cases.")]


async def test_a_ruling_stands_when_the_card_cannot_be_redrawn(office, mods) -> None:
    await post(office, mods, office.case("c1"))
    office.world.env.inject_error("PATCH", "/webhooks/*", status=400, code=50035)
    result = await office.mod.click(card_in(mods), label="Overturn it")
    assert [what[-1] for what in office.desk.changes] == [CaseState.OVERTURNED]
    assert [word.content for word in result.followups] == [
        "Your ruling stands (overturned), but Discord did not let me redraw this card."
    ]


async def test_a_lost_acknowledgement_does_not_lose_the_ruling(office, mods) -> None:
    await post(office, mods, office.case("c1"))
    office.world.env.inject_error("POST", "/interactions/*", status=400, code=40060)
    await office.mod.click(card_in(mods), label="Overturn it")
    assert [what[-1] for what in office.desk.changes] == [CaseState.OVERTURNED]


# --- /cases ---------------------------------------------------------------------------------------------------------


async def test_cases_lists_what_is_open_and_shows_one_with_its_buttons(office, tmp_path: Path) -> None:
    office.desk.open_cases = [
        office.case("c2", chips=CHIPS, excerpt="secret", still=frame(tmp_path)),
        office.case("c1", CaseKind.REPORT, author=Author("1", "n" * 300)),
    ]
    panel = await office.open(office.mod, "cases")
    assert panel.result.ephemeral
    assert f"**Appeal** · violence · <@{office.world.ann.id}> in <#{office.world.channel.id}>" in panel.text
    assert panel.values("pick") == ["c2", "c1"]
    assert "secret" not in str(panel.message.components)
    await panel.select(office.mod, "pick", "c2")
    assert "||secret||" in panel.text
    assert [item.filename for item in panel.message.attachments] == ["SPOILER_frame-1m07.jpg"]
    assert panel.labels == ["Uphold the block", "Overturn it", "Back"]
    await panel.click(office.mod, "Overturn it")
    assert [what[-2:] for what in office.desk.changes] == [("c2", CaseState.OVERTURNED)]
    assert panel.embed.title == "Appeal · overturned"
    assert panel.labels == ["Back"]
    await panel.click(office.mod, "Back")
    assert panel.values("pick") == ["c1"]
    assert panel.message.attachments == []


async def test_without_cases_it_says_so(office) -> None:
    panel = await office.open(office.mod, "cases")
    assert panel.text == "Open cases\nThere are no open cases."
    assert flat(panel.message.components) == []


async def test_a_case_that_is_gone_when_it_is_chosen_is_said(office) -> None:
    office.desk.open_cases = [office.case("c1")]
    panel = await office.open(office.mod, "cases")
    office.desk.open_cases = []
    result = await panel.select(office.mod, "pick", "c1")
    assert [word.content for word in result.followups] == ["That case is gone: what it was about has been deleted."]
    assert "There are no open cases." in panel.text


async def test_the_list_works_after_a_restart(office) -> None:
    office.desk.open_cases = [office.case("c1")]
    panel = await office.open(office.mod, "cases")
    fresh = office.world.new_client()
    fresh.admin.open_cases = [office.case("c1")]
    await office.world.env.restart_bot(fresh)
    await panel.select(office.mod, "pick", "c1")
    await panel.click(office.mod, "Uphold the block")
    assert [what[-2:] for what in fresh.admin.changes] == [("c1", CaseState.UPHELD)]


async def test_who_moderates_one_channel_sees_and_rules_on_its_cases_only(office) -> None:
    guild = office.world.guild
    nook = guild.create_text_channel(
        "nook", overwrites={office.other: discord.PermissionOverwrite(manage_messages=True)}
    )
    place = Place("discord", str(guild.id), str(nook.id))
    office.desk.open_cases = [office.case("c1"), office.case("c2", place=place)]
    await office.allow_all_to_see("cases")
    panel = await office.open(office.other, "cases", at=nook)
    assert panel.values("pick") == ["c2"]
    await panel.select(office.other, "pick", "c2")
    stored = office.world.env.backend.get_message(nook.id, panel.message.id)
    for button in stored.components[0]["components"]:  # as if the panel had been of the other case
        button["custom_id"] = button["custom_id"].replace(":c2", ":c1")
    result = await panel.click(office.other, "Uphold the block")
    assert [word.content for word in result.followups] == ["That case is gone: what it was about has been deleted."]
    assert office.desk.changes == []


async def test_a_member_does_not_see_the_cases(office) -> None:
    office.desk.open_cases = [office.case("c1")]
    await office.allow_all_to_see("cases")
    result = await office.other.slash(office.world.channel, "cases")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage messages here")


async def test_more_cases_than_a_menu_holds_are_listed_up_to_it(office) -> None:
    office.desk.open_cases = [office.case(f"c{number}", chips=CHIPS) for number in range(60)]
    panel = await office.open(office.mod, "cases")
    assert len(panel.values("pick")) == 25
    assert len(panel.embed.description or "") <= 4096
