"""The moderators' cards and the page of open cases: what they show, who may rule, and what goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.base import (
    Author,
    CaseKind,
    CaseState,
    Chip,
    DeliveryError,
    Exchange,
    MadeVideo,
    Settings,
    State,
    Still,
    View,
)
from adapters.slack.records import Anchor
from tests.fakes.handler import NOON

CHIP = Chip("violence", 0.83, 0.7, "block", "clip", 7.0)


@pytest.fixture(autouse=True)
def moderated(office) -> None:
    office.desk.held = Settings(moderator_channel=office.mods.id)


@pytest.fixture
def frame(tmp_path: Path) -> Still:
    path = tmp_path / "frame.jpg"
    path.write_bytes(b"jpeg")
    return Still(str(path), 7.0)


async def press_card(office, user, post, label: str) -> None:
    office.slack.press(user, post, label)
    await office.quiet()


def thread(office, post) -> list:
    return [each for each in office.slack.answers(office.mods, thread=post.ts) if each is not post]


async def test_a_card_says_who_where_what_and_how_it_scored(office) -> None:
    said = "please <!here> *look*"
    post = await office.card(office.case(words=said, excerpt="a <b> fight", chips=(CHIP,)))
    assert f"*Ann* appeals: what they asked for in <#{office.clips.id}> was blocked." in post.shown
    assert "please &lt;!here&gt;" in post.shown
    assert "a &lt;b&gt; fight" in post.shown
    assert "0.83 ≥ 0.70 block · clip 0:07" in post.shown
    assert "request r-c1 · case c1" in post.shown
    assert "Uphold the block" in post.shown
    assert "Overturn it" in post.shown
    assert office.slack.mentioned(office.mods) == set()
    assert "fight" not in post.text  # what notifications show


async def test_a_card_leads_to_the_answer(office) -> None:
    answer = office.slack.world.post(office.clips, office.slack.bot, "no")
    anchor = Anchor(office.team, office.clips.id, Author(office.ann.id, "Ann"), [answer.ts])
    view = View("r-c1", State.BLOCKED)
    office.handler.exchanges["r-c1"] = Exchange(
        "r-c1", Author(office.ann.id, "Ann"), "x", (), NOON, view, ref=anchor.dump()
    )
    post = await office.card(office.case())
    assert f"/archives/{office.clips.id}/p{answer.ts.replace('.', '')}|Go there>" in post.shown


async def test_the_frame_and_the_video_stand_in_the_thread(office, frame: Still, tmp_path: Path) -> None:
    path = tmp_path / "made.mp4"
    path.write_bytes(b"mp4")
    video = MadeVideo(str(path), "a red ball", 1, 64, 64, 1.0)
    ref = await office.service.cards.post(office.mods.id, office.case(still=frame, videos=(video,)))
    post = office.mods.posts[ref.split("/")[2]]
    assert "Open the thread to see the frame or the video." in post.shown
    await office.slack.until(lambda: thread(office, post), "files in the thread")
    (files,) = thread(office, post)
    assert [(file.name, file.data) for file in files.files] == [("frame-0m07.jpg", b"jpeg"), ("a-red-ball.mp4", b"mp4")]
    assert post.files == []


async def test_a_frame_that_is_gone_is_said_to_be(office) -> None:
    post = await office.card(office.case(still=Still("/nowhere/frame.jpg", 1.0)))
    assert "no longer on my disk" in post.shown
    assert "Open the thread" not in post.shown


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_card_stands_without_files_that_slack_does_not_take(office, frame: Still, method: str) -> None:
    office.slack.fail_next(method, "file_upload_size_restricted")
    post = await office.card(office.case(still=frame))
    assert "could not be uploaded (file\\_upload" in post.shown.replace("_\u2060", "\\_")
    assert "Open the thread" not in post.shown


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("channel_not_found", "The moderator channel is gone."),
        ("is_archived", "The moderator channel is archived."),
        ("not_in_channel", "I am not in the moderator channel. Invite me"),
        ("restricted_action", "I may not post in the moderator channel."),
        ("missing_scope", "The app lacks a scope"),
        ("token_revoked", "The app is not installed in that workspace any more"),
        ("fatal_error", "Slack did not take the card of this case (fatal_error)."),
        ("", "Slack did not take the card of this case (no connection)."),
    ],
)
async def test_a_card_that_can_not_be_posted_says_why(office, error: str, sentence: str) -> None:
    office.slack.fail_next("chat.postMessage", error)
    with pytest.raises(DeliveryError) as raised:
        await office.service.cards.post(office.mods.id, office.case())
    assert str(raised.value).startswith(sentence)


async def test_the_missing_scope_is_named(office) -> None:
    office.slack.team.scopes.discard("chat:write")
    with pytest.raises(DeliveryError, match="chat:write"):
        await office.service.cards.post(office.mods.id, office.case())


async def test_a_card_whose_answer_was_lost_is_found_and_not_posted_twice(office) -> None:
    office.slack.fail_next("chat.postMessage", applied=True)
    ref = await office.service.cards.post(office.mods.id, office.case())
    (post,) = office.slack.answers(office.mods)
    assert ref == f"{office.team}/{office.mods.id}/{post.ts}/"


async def test_a_case_of_a_workspace_that_is_gone(office) -> None:
    elsewhere = replace(office.case(), place=replace(office.case().place, community="T0GONE"))
    with pytest.raises(DeliveryError, match="not installed"):
        await office.service.cards.post(office.mods.id, elsewhere)


# --- ruling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "label", "ruling"),
    [
        (CaseKind.APPEAL, "Uphold the block", CaseState.UPHELD),
        (CaseKind.APPEAL, "Overturn it", CaseState.OVERTURNED),
        (CaseKind.REPORT, "Remove the answer", CaseState.REMOVED),
        (CaseKind.REPORT, "Keep it", CaseState.KEPT),
    ],
)
async def test_a_member_of_the_moderator_channel_rules(office, kind, label: str, ruling: CaseState) -> None:
    case = office.case(kind=kind)
    post = await office.card(case)
    office.desk.open_cases = [case]
    await press_card(office, office.bob, post, label)
    assert [change[2:] for change in office.desk.changes] == [(office.bob.id, "c1", ruling)]
    assert f"by <@{office.bob.id}>" in post.shown
    assert label not in post.shown  # no buttons any more


async def test_an_admin_rules_from_a_card_anywhere(office) -> None:
    case = office.case()
    post = await office.card(case)
    office.desk.open_cases = [case]
    office.desk.held = Settings()
    await press_card(office, office.boss, post, "Overturn it")
    assert office.desk.changes[0][2:] == (office.boss.id, "c1", CaseState.OVERTURNED)


async def test_who_is_not_in_the_moderator_channel_may_not(office) -> None:
    post = await office.card(office.case())
    office.desk.open_cases = [office.case()]
    office.mods.members.append(office.ann)
    office.slack.press(office.ann, post, "Overturn it")
    office.mods.members.remove(office.ann)
    await office.quiet()
    assert office.desk.changes == []
    direct = office.slack.dm(office.ann)
    assert "Only admins of this workspace and members of the moderator channel" in office.slack.answers(direct)[0].text


async def test_a_card_in_a_channel_that_is_not_the_moderators_any_more_is_for_admins(office) -> None:
    post = await office.card(office.case())
    office.desk.open_cases = [office.case()]
    office.desk.held = Settings(moderator_channel=office.clips.id)
    await press_card(office, office.bob, post, "Overturn it")
    assert office.desk.changes == []
    (word,) = office.slack.whispers(office.mods, office.bob)
    assert word.text.startswith("Only admins of this workspace and members")


async def test_when_slack_does_not_tell_who_is_in_the_channel_nobody_but_admins_may(office) -> None:
    post = await office.card(office.case())
    office.desk.open_cases = [office.case()]
    office.slack.fail_next("conversations.members", "missing_scope")
    await press_card(office, office.bob, post, "Overturn it")
    assert office.desk.changes == []


async def test_of_two_moderators_at_once_one_rules_and_the_other_reads_so(office) -> None:
    case = office.case()
    post = await office.card(case)
    office.desk.open_cases = [case]
    office.slack.press(office.bob, post, "Overturn it")
    office.slack.press(office.boss, post, "Uphold the block")
    await office.quiet()
    assert len(office.desk.changes) == 1
    winner = office.desk.changes[0][2]
    loser = office.boss if winner == office.bob.id else office.bob
    assert [word.text for word in office.slack.whispers(office.mods, loser)] == ["This case is closed already."]
    assert f"by <@{winner}>" in post.shown


async def test_the_sentence_of_the_second_one_comes_as_a_direct_message_where_nothing_else_works(office) -> None:
    post = await office.card(office.case())
    office.slack.fail_next("chat.postEphemeral", "user_not_in_channel")
    await press_card(office, office.bob, post, "Overturn it")
    assert office.slack.answers(office.slack.dm(office.bob))[0].text == "This case is closed already."


async def test_a_card_of_an_earlier_process_still_works(office) -> None:
    case = office.case()
    post = await office.card(case)
    office.desk.open_cases = [case]
    await office.service.restart()
    await press_card(office, office.bob, post, "Uphold the block")
    assert len(office.desk.changes) == 1


async def test_a_ruling_stands_though_the_card_can_not_be_redrawn(office) -> None:
    case = office.case()
    post = await office.card(case)
    office.desk.open_cases = [case]
    office.slack.fail_next("chat.update", "message_not_found")
    await press_card(office, office.bob, post, "Uphold the block")
    assert len(office.desk.changes) == 1
    (word,) = office.slack.whispers(office.mods, office.bob)
    assert word.text == "Your ruling stands (upheld), but Slack did not let me redraw this card."


async def test_nothing_but_rulings_can_be_forged_on_a_card(office) -> None:
    post = await office.card(office.case())
    envelope = office.slack.press(office.bob, post, "Overturn it")
    await office.quiet()
    for action in ("set:reset:rooms", "go:aud", "cas:rule:exploded", "quo:drop"):
        acted = {**envelope.payload["actions"][0], "action_id": f"g4h:{action}"}
        office.slack.delivery.hand_over("interactive", {**envelope.payload, "actions": [acted]})
        await office.quiet()
    assert office.desk.changes == []
    assert office.slack.home(office.bob) is None


# --- redrawing --------------------------------------------------------------------------------------------------------


async def test_what_was_removed_is_shown_nowhere_any_more(office, frame: Still) -> None:
    case = office.case(kind=CaseKind.REPORT, excerpt="something bad", still=frame)
    ref = await office.service.cards.post(office.mods.id, case)
    post = office.mods.posts[ref.split("/")[2]]
    await office.slack.until(lambda: thread(office, post), "files in the thread")
    ruled = replace(case, state=CaseState.REMOVED, decided_by=office.bob.id, decided_at=NOON, ref=ref)
    await office.service.cards.redraw(ruled)
    assert "something bad" not in post.shown
    assert "Open the thread" not in post.shown
    assert all(file.deleted for each in thread(office, post) for file in each.files)


async def test_a_file_that_stays_though_it_must_go_is_a_fault(office, frame: Still) -> None:
    ref = await office.service.cards.post(office.mods.id, office.case(kind=CaseKind.REPORT, still=frame))
    office.slack.fail_next("files.delete", "cant_delete_file")
    with pytest.raises(DeliveryError, match="cant_delete_file"):
        await office.service.cards.redraw(office.case(kind=CaseKind.REPORT, state=CaseState.REMOVED, ref=ref))


async def test_removing_a_card_takes_its_files_along_and_may_be_repeated(office, frame: Still) -> None:
    ref = await office.service.cards.post(office.mods.id, office.case(still=frame))
    await asyncio.sleep(0)
    assert await office.service.cards.remove(ref)
    assert await office.service.cards.remove(ref)
    assert [post for post in office.slack.answers(office.mods) if post.blocks] == []


async def test_a_ref_that_is_none_of_a_card_is_left_to_others(office) -> None:
    assert not await office.service.cards.remove('{"team":"T0"}')
    with pytest.raises(DeliveryError, match="no card of mine"):
        await office.service.cards.redraw(office.case(ref="elsewhere"))


# --- the page ---------------------------------------------------------------------------------------------------------


async def test_admins_rule_on_the_home(office) -> None:
    office.desk.open_cases = [office.case(excerpt="a fight", chips=(CHIP,))]
    home = await office.open(office.boss, "Open cases")
    assert "a fight" in home.shown
    assert "0.83 ≥ 0.70" in home.shown
    home = await office.press(office.boss, "Overturn it")
    assert "The ruling stands: overturned." in home.shown
    assert "There are no open cases." in home.shown


async def test_who_comes_second_on_the_home_reads_so(office) -> None:
    office.desk.open_cases = [office.case()]
    await office.open(office.boss, "Open cases")
    office.desk.open_cases = []
    home = await office.press(office.boss, "Overturn it")
    assert "This case is closed already." in home.shown
    assert "There are no open cases." in home.shown


async def test_a_moderator_who_is_no_admin_has_no_page_of_cases(office) -> None:
    home = await office.open(office.bob)
    assert "Open cases" not in home.shown


async def test_sixty_long_cases_are_paged(office) -> None:
    more = {"words": "<" * 3000, "excerpt": "&" * 3000, "chips": (CHIP,) * 20, "suggestion": "s" * 3000}
    office.desk.open_cases = [office.case(f"c{number:02}", **more) for number in range(60)]
    home = await office.open(office.boss, "Open cases")
    assert "case c00" in home.shown
    assert "case c59" not in home.shown
    for _ in range(4):
        home = await office.press(office.boss, "go:next")
    assert "case c59" in home.shown


async def test_a_press_that_is_delivered_twice_rules_once_and_says_nothing_strange(office) -> None:
    case = office.case()
    post = await office.card(case)
    office.desk.open_cases = [case]
    envelope = office.slack.press(office.bob, post, "Overturn it")
    await office.quiet()
    office.slack.delivery.redeliver(envelope)
    await office.slack.until(lambda: envelope.acks == 2, "a second acknowledgement")
    await office.quiet()
    assert len(office.desk.changes) == 1
    assert office.slack.whispers(office.mods, office.bob) == []
