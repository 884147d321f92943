"""Appeals and reports: who may open one, what moderators see of it, what follows from a ruling, and that all of it
survives a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.base import AttachmentError, Author, Case, CaseKind, CaseState, Place, Refusal, Scope, State, View
from bot.safety import Action
from engine.types import Generate, Inspect, Started, Token, Understand, VideoWanted
from tests.fakes.engine import ANSWERED, says
from tests.fakes.house import ADMIN, ANN, BOB, GUILD, MODERATOR, ROOM, House, Platform, Posted, Slip

VILE = "something vile"


@pytest.fixture(autouse=True)
async def moderated(house: House) -> None:
    """A community with a moderator channel, on a platform that runs."""
    await house.store.set_setting("test", "guild", "moderator_channel", "mods", by="root")
    await house.start()


async def blocked(house: House, text: str = VILE, *files: Posted, **options: Any) -> View:
    view = await (await house.ask(text, *files, **options)).end()
    assert view.state is State.BLOCKED
    return view


async def appealed(house: House, text: str = VILE, *files: Posted) -> Case:
    view = await blocked(house, text, *files)
    return await house.assistant.appeal(view.request, ANN, "It is harmless")


async def _made(house: House) -> View:
    return await (await house.generate("a red ball")).end()


async def rule(house: House, case: Case, ruling: CaseState) -> Case:
    return await house.cases.rule(GUILD, MODERATOR, case.id, ruling)


def looks(house: House) -> list[Case]:
    """How the first card has looked, one after the other."""
    return house.platform.cards["card-1"]


async def restart(house: House) -> Platform:
    await house.assistant.drain(0)
    house.open()
    platform = Platform()
    platform.cards = house.platform.cards
    return await house.start(platform)


# --- appeals --------------------------------------------------------------------------------------------------------


async def test_only_a_block_by_a_score_can_be_appealed(house: House) -> None:
    assert (await blocked(house)).can_appeal
    assert not (await (await house.ask("Hello?")).end()).can_appeal
    house.engine.guards_work = False
    assert not (await (await house.ask("Hello?")).end()).can_appeal


async def test_an_appeal_reaches_the_moderators_with_words_scores_and_what_was_judged(house: House) -> None:
    case = await appealed(house)
    assert house.platform.channels == ["mods"]
    (card,) = looks(house)
    assert card.id == case.id
    assert (card.kind, card.state, card.author.id, card.asker.id) == (CaseKind.APPEAL, CaseState.OPEN, "ann", "ann")
    assert (card.words, card.excerpt, card.still) == ("It is harmless", VILE, None)
    assert [(chip.category, chip.score, chip.action) for chip in card.chips] == [("harassment", 0.99, "block")]
    assert (case.ref, case.place.channel) == ("card-1", "general")


async def test_a_blocked_clip_is_shown_to_moderators_by_the_frame_that_was_judged(house: House) -> None:
    case = await appealed(house, "What is it?", Posted("fine.mp4", b"fine"), Posted("nude.mp4", b"nude"))
    look = house.job(Inspect)
    assert look.times == (7.2,)
    assert look.clip.name == "nude.mp4"
    assert case.still is not None
    assert case.still.time_s == 7.2
    assert Path(case.still.path).read_bytes() == b"nude"


async def test_a_frame_of_a_blocked_video_is_kept_and_the_video_is_not(house: House) -> None:
    house.engine.unsafe_video = True
    view = await (await house.generate("a red ball")).end()
    case = await house.assistant.appeal(view.request, ANN, "")
    assert case.still is not None
    assert Path(case.still.path).read_bytes() == b"v" * 100
    assert case.videos == ()
    assert house.files() == ["0.jpg"]


async def test_words_of_a_blocked_answer_are_for_moderators_alone(house: House) -> None:
    house.engine.answers = [says("Fine. ", "Something vile.")]
    slip = await house.ask("What happens?")
    view = await slip.end()
    case = await house.assistant.appeal(view.request, ANN, "")
    assert "Something vile." in case.excerpt
    await rule(house, case, CaseState.UPHELD)
    assert house.platform.told == [
        ("ann", "A moderator has looked at the block of “What happens?”, and it stays."),
    ]


async def test_a_judged_frame_that_cannot_be_written_changes_no_block(house: House) -> None:
    house.engine.stills_fail = True
    case = await appealed(house, "What is it?", Posted("nude.mp4"))
    assert case.still is None


async def test_nobody_but_the_one_who_was_blocked_can_appeal(house: House) -> None:
    view = await blocked(house)
    with pytest.raises(Refusal, match="Only the person"):
        await house.assistant.appeal(view.request, BOB, "")
    with pytest.raises(Refusal, match="deleted meanwhile"):
        await house.assistant.appeal("nothing", ANN, "")


async def test_an_answer_cannot_be_appealed(house: House) -> None:
    view = await (await house.ask("Hello?")).end()
    with pytest.raises(Refusal, match="no block"):
        await house.assistant.appeal(view.request, ANN, "")


async def test_in_private_there_is_nobody_to_appeal_to_and_nothing_is_kept_for_it(house: House) -> None:
    view = await blocked(house, VILE, place=Place("test", "dm", "ann", private=True))
    assert not view.can_appeal
    assert house.files() == []
    with pytest.raises(Refusal):
        await house.assistant.appeal(view.request, ANN, "")


async def test_pressing_appeal_twice_is_one_case_and_one_card(house: House) -> None:
    case = await appealed(house)
    again = await house.assistant.appeal(case.request, ANN, "Really")
    assert again.id == case.id
    assert list(house.platform.cards) == ["card-1"]


async def test_two_appeals_at_once_are_one_card(house: House) -> None:
    view = await blocked(house)
    cases = await asyncio.gather(*(house.assistant.appeal(view.request, ANN, "") for _ in range(5)))
    assert len({case.id for case in cases}) == 1
    assert list(house.platform.cards) == ["card-1"]


async def test_without_a_moderator_channel_a_case_waits_in_the_list(house: House) -> None:
    await house.store.set_setting("test", "guild", "moderator_channel", "", by="root")
    case = await appealed(house)
    assert case.ref == ""
    assert [each.id for each in await house.cases.list(GUILD)] == [case.id]
    assert not house.platform.cards


async def test_a_case_that_waited_is_posted_once_when_an_admin_chooses_the_moderator_channel(house: House) -> None:
    await house.store.set_setting("test", "guild", "moderator_channel", "", by="root")
    await appealed(house)
    assert house.platform.channels == []
    await house.desk.change(GUILD, ADMIN, "moderator_channel", "mods")
    assert house.platform.channels == ["mods"]
    await house.desk.change(GUILD, ADMIN, "moderator_channel", "other")
    assert house.platform.channels == ["mods"]


async def test_a_card_that_could_not_be_posted_is_posted_at_the_next_start_once(house: House) -> None:
    house.platform.away = True
    case = await appealed(house)
    assert case.ref == ""
    platform = await restart(house)
    assert [each.id for look in platform.cards.values() for each in look] == [case.id]
    await restart(house)
    assert list(house.platform.cards) == ["card-1"]


# --- ruling on appeals ----------------------------------------------------------------------------------------------


async def test_an_upheld_appeal_is_told_to_its_author_and_drawn(house: House) -> None:
    case = await rule(house, await appealed(house), CaseState.UPHELD)
    assert case.outcome == "They were told."
    assert [look.state for look in looks(house)] == [CaseState.OPEN, CaseState.UPHELD]
    assert looks(house)[-1].decided_by == "mo"
    assert looks(house)[-1].outcome == "They were told."
    assert await house.cases.list(GUILD) == []
    assert [each.outcome for each in await house.cases.list(GUILD, open_only=False)] == ["They were told."]


async def test_somebody_who_takes_no_messages_changes_no_ruling(house: House) -> None:
    house.platform.reachable = False
    case = await rule(house, await appealed(house), CaseState.UPHELD)
    assert "could not be told" in case.outcome


async def test_an_overturned_question_runs_again_in_its_message(house: House) -> None:
    house.engine.answers = [says("A fine answer.")]
    case = await appealed(house, VILE, Posted())
    ruled = await rule(house, case, CaseState.OVERTURNED)
    assert ruled.outcome == "It runs again."
    assert house.platform.restored == ["slip"]
    assert house.platform.slip is not None
    view = await house.platform.slip.end()
    assert (view.state, view.text) == (State.DONE, "A fine answer.")
    assert [clip.name for clip in house.job(Understand).turns[-1].clips] == ["bikes.mp4"]
    exchange = await house.assistant.find("test", f"appeal-{case.id}")
    assert exchange is not None
    assert (exchange.text, exchange.ref, exchange.author.id) == (VILE, "slip", "ann")
    assert "harassment" in ruled.suggestion


async def test_an_overturned_video_is_made_with_the_same_seed(house: House) -> None:
    house.engine.unsafe_video = True
    view = await (await house.generate("a red ball")).end()
    case = await house.assistant.appeal(view.request, ANN, "")
    await rule(house, case, CaseState.OVERTURNED)
    assert house.platform.slip is not None
    assert (await house.platform.slip.end()).state is State.DONE
    first, second = house.engine.of(Generate)
    assert isinstance(first, Generate)
    assert isinstance(second, Generate)
    assert first.seed == second.seed


async def test_only_the_overturned_category_is_waived(house: House) -> None:
    case = await appealed(house, VILE)
    house.engine.answers = [[Started(), Token(text="Look. "), VideoWanted(prompt="a ball"), ANSWERED]]
    house.engine.unsafe_video = True  # scores for another category
    await rule(house, case, CaseState.OVERTURNED)
    assert house.platform.slip is not None
    view = await house.platform.slip.end()
    assert view.state is State.BLOCKED
    assert "sexual 0.95" in view.notice


async def test_an_overturned_request_counts_on_the_quota_of_who_asked(house: House) -> None:
    await rule(house, await appealed(house), CaseState.OVERTURNED)
    assert house.platform.slip is not None
    await house.platform.slip.end()
    rows = await house.store.usage("test", "guild", "ann", house.clock.now.replace(year=2020))
    assert len(rows) == 1


async def test_when_the_clip_is_gone_its_author_is_asked_for_it_again(house: House) -> None:
    case = await appealed(house, "What is it?", Posted("nude.mp4"))
    for path in (house.folder / "clips" / case.request).glob("*.mp4"):
        path.unlink()
    ruled = await rule(house, case, CaseState.OVERTURNED)
    assert "clip was deleted" in ruled.outcome
    assert "send it again" in house.platform.told[0][1]
    assert house.engine.of(Understand) == []


async def test_when_the_message_is_gone_its_author_is_asked_to_ask_again(house: House) -> None:
    case = await appealed(house)
    house.platform.slip = None
    ruled = await rule(house, case, CaseState.OVERTURNED)
    assert "message for the answer is gone" in ruled.outcome
    assert "ask again" in house.platform.told[0][1]


# --- reports --------------------------------------------------------------------------------------------------------


async def test_anyone_can_report_an_answer_and_moderators_see_it(house: House) -> None:
    view = await _made(house)
    case = await house.assistant.report(view.request, BOB, "Not nice")
    assert (case.kind, case.author.id, case.asker.id, case.words) == (CaseKind.REPORT, "bob", "ann", "Not nice")
    assert [video.prompt for video in looks(house)[0].videos] == ["a red ball"]
    assert {chip.where for chip in case.chips} == {"prompt", "video"}


async def test_what_shows_no_answer_cannot_be_reported(house: House) -> None:
    with pytest.raises(Refusal, match="no answer"):
        await house.assistant.report((await blocked(house)).request, BOB, "")
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, ANSWERED]]
    slip = await house.ask("What happens?")
    view = await slip.until(lambda view: bool(view.text))
    with pytest.raises(Refusal, match="still being worked on"):
        await house.assistant.report(view.request, BOB, "")
    go.set()
    await slip.end()


async def test_a_removed_answer_is_gone_everywhere_and_its_card_shows_nothing_of_it(house: House) -> None:
    view = await _made(house)
    case = await house.assistant.report(view.request, BOB, "")
    ruled = await rule(house, case, CaseState.REMOVED)
    assert ruled.outcome == "The answer was removed."
    assert house.platform.removed == ["slip"]
    assert house.files() == []
    assert await house.assistant.look_up(view.request) is None
    last = looks(house)[-1]
    assert (last.state, last.videos, last.excerpt, last.outcome) == (CaseState.REMOVED, (), "", ruled.outcome)


async def test_an_answer_whose_message_cannot_be_removed_is_deleted_here_and_that_is_said(house: House) -> None:
    case = await house.assistant.report((await _made(house)).request, BOB, "")
    house.platform.away = True
    ruled = await rule(house, case, CaseState.REMOVED)
    assert "could not be" in ruled.outcome
    assert await house.assistant.look_up(case.request) is None


async def test_a_kept_answer_stays(house: House) -> None:
    case = await house.assistant.report((await _made(house)).request, BOB, "")
    assert (await rule(house, case, CaseState.KEPT)).outcome == "The answer stays."
    assert await house.assistant.look_up(case.request) is not None
    assert house.platform.removed == []
    assert looks(house)[-1].state is CaseState.KEPT


# --- who rules, and once --------------------------------------------------------------------------------------------


async def test_only_moderators_rule(house: House) -> None:
    case = await appealed(house)
    with pytest.raises(Refusal):
        await house.cases.rule(GUILD, BOB, case.id, CaseState.OVERTURNED)
    assert (await house.cases.rule(GUILD, ADMIN, case.id, CaseState.UPHELD)).state is CaseState.UPHELD


async def test_a_case_of_another_community_is_not_there(house: House) -> None:
    case = await appealed(house)
    with pytest.raises(ValueError, match="no such case"):
        await house.cases.rule(Scope("test", "another guild"), MODERATOR, case.id, CaseState.UPHELD)
    assert await house.cases.list(Scope("test", "another guild")) == []


@pytest.mark.parametrize("ruling", [CaseState.REMOVED, CaseState.KEPT, CaseState.OPEN])
async def test_a_ruling_has_to_fit_the_kind_of_case(house: House, ruling: CaseState) -> None:
    case = await appealed(house)
    with pytest.raises(ValueError, match="upheld or overturned"):
        await rule(house, case, ruling)


async def test_two_moderators_at_once_make_one_ruling(house: House) -> None:
    case = await appealed(house)
    done = await asyncio.gather(
        *(rule(house, case, ruling) for ruling in (CaseState.UPHELD, CaseState.OVERTURNED)), return_exceptions=True
    )
    assert [type(each) for each in done].count(ValueError) == 1
    (entry,) = await house.store.audit(kind="change", author="mo")
    assert entry.details["what"] == "case"


async def test_what_was_ruled_on_cannot_be_appealed_again(house: House) -> None:
    case = await appealed(house)
    await rule(house, case, CaseState.UPHELD)
    with pytest.raises(Refusal, match="final"):
        await house.assistant.appeal(case.request, ANN, "Once more")


async def test_a_case_about_something_deleted_is_gone(house: House) -> None:
    case = await appealed(house)
    await house.assistant.erase(case.request, ANN, ROOM)
    with pytest.raises(ValueError, match="no such case"):
        await rule(house, case, CaseState.UPHELD)


# --- crashes --------------------------------------------------------------------------------------------------------


async def test_a_ruling_whose_consequence_a_crash_swallowed_is_finished_at_the_next_start(house: House) -> None:
    upheld, overturned = await appealed(house), await appealed(house, "vile again", Posted())
    removed = await house.assistant.report((await _made(house)).request, BOB, "")
    for case, state in ((upheld, "upheld"), (overturned, "overturned"), (removed, "removed")):
        assert await house.store.rule_case(case.id, state, by="mo") is not None
    platform = await restart(house)
    assert platform.told == [("ann", "A moderator has looked at the block of “something vile”, and it stays.")]
    assert platform.removed == ["slip"]
    assert platform.slip is not None
    assert (await platform.slip.end()).state is State.DONE
    assert len(house.engine.of(Understand)) == 1
    assert [look[-1].state for look in platform.cards.values()] == ["upheld", "overturned", "removed"]
    again = await restart(house)
    assert (again.told, again.removed, again.restored) == ([], [], [])


async def test_an_overturned_request_that_a_crash_interrupted_goes_on_and_runs_once(house: House) -> None:
    case = await appealed(house, VILE, Posted())
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()], says("Whole.")]
    await rule(house, case, CaseState.OVERTURNED)
    assert house.platform.slip is not None
    await house.platform.slip.until(lambda view: bool(view.text))
    platform = await restart(house)
    assert platform.slip is not None
    view = await platform.slip.end()
    assert (view.state, view.text) == (State.DONE, "Whole.")
    assert len(house.engine.of(Understand)) == 2
    assert {chip.where for chip in view.chips if chip.action == "block"} == set()


async def test_a_platform_that_fails_leaves_the_consequence_to_the_next_start(house: House) -> None:
    case = await appealed(house)

    async def fails(ref: str) -> Slip | None:
        raise AttachmentError("a bug in the adapter")

    house.platform.restore = fails  # type: ignore[method-assign]
    ruled = await rule(house, case, CaseState.OVERTURNED)
    assert "next start" in ruled.outcome
    platform = await restart(house)
    assert platform.slip is not None
    assert (await platform.slip.end()).state is State.DONE


async def test_a_start_does_not_repeat_what_a_moderator_has_just_set_going(house: House) -> None:
    case = await appealed(house)
    telling, go = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def slowly(author: Author, text: str) -> bool:
        begun.append(author.id)
        telling.set()
        await go.wait()
        return True

    house.platform.tell = slowly  # type: ignore[method-assign]
    ruling = asyncio.create_task(rule(house, case, CaseState.UPHELD))
    await telling.wait()
    await house.start()
    go.set()
    await ruling
    assert begun == ["ann"]


async def test_an_overturned_request_that_runs_already_is_not_looked_for_again(house: House) -> None:
    case = await appealed(house, VILE, Posted())
    await rule(house, case, CaseState.OVERTURNED)
    assert house.platform.slip is not None
    await house.platform.slip.end()
    await house.assistant.drain(5)
    await house.store.note_outcome(case.id, "")  # as if the crash had come just before it was noted
    platform = await restart(house)
    assert (platform.restored, platform.told) == ([], [])
    (closed,) = await house.cases.list(GUILD, open_only=False)
    assert closed.outcome == "It runs again."


async def test_what_is_only_warned_about_is_no_case(house: House) -> None:
    house.action = Action.WARN
    house.open()
    view = await (await house.ask(VILE)).end()
    assert (view.state, view.can_appeal) == (State.DONE, False)
