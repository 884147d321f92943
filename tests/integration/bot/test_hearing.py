"""What is said in a clip on its way into the answer: heard, checked, remembered, and said when it was not."""

from __future__ import annotations

import asyncio

import pytest

from adapters.base import CaseState, State
from bot.safety import Action
from engine.errors import GuardUnavailable, JobFailed, Overloaded
from engine.types import (
    Inspect,
    ModelCard,
    Moderate,
    Progress,
    Queued,
    Role,
    Started,
    Token,
    Transcribe,
    Transcribed,
    Understand,
)
from tests.fakes.engine import ANSWERED, EARS, hears, says
from tests.fakes.house import ADMIN, ANN, GUILD, MODERATOR, ROOM, House, Platform, Posted


@pytest.fixture
def house(house: House) -> House:
    """With clips that have sound, and somebody to hear it."""
    house.engine.has_audio = True
    house.engine.cards = (*house.engine.cards, EARS)
    return house


def deaf(house: House) -> None:
    house.engine.cards = tuple(card for card in house.engine.cards if card is not EARS)


def spoken(house: House, turn: int = -1, job: int = -1) -> list[list[str] | None]:
    """What the model that answers was told is said in the clips of a turn."""
    clips = house.job(Understand, job).turns[turn].clips
    return [[each.text for each in clip.speech] if clip.speech is not None else None for clip in clips]


async def test_what_is_said_is_checked_before_it_reaches_the_model(house: House) -> None:
    house.engine.speeches = [hears("Good morning.", "Lovely weather.")]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert view.state is State.DONE
    assert spoken(house) == [["Good morning.", "Lovely weather."]]
    kinds = [type(job) for job in house.engine.jobs]
    assert kinds[:5] == [Inspect, Moderate, Transcribe, Moderate, Understand]
    assert house.job(Moderate, 1).text == "Good morning.\nLovely weather."
    assert {chip.where for chip in view.chips} == {"question", "clip", "speech", "answer"}
    assert "speech heard" in view.footer


async def test_speech_over_the_limit_is_refused_and_the_model_never_hears_it(house: House) -> None:
    house.engine.speeches = [hears("Good morning.", "Something vile.")]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert view.state is State.BLOCKED
    assert view.notice == (
        "I won't answer questions about that clip here: harassment 0.99 in what is said is over this place's limit of "
        "0.70."
    )
    assert view.can_appeal
    assert not house.engine.of(Understand)
    rows = {row.where: row for row in await house.store.audit()}
    assert (rows["speech"].action, rows["speech"].score) == ("block", 0.99)
    assert "vile" in rows["speech"].excerpt
    assert not [name for name in house.files() if name.endswith(".json")]


async def test_a_long_speech_is_checked_in_pieces_and_one_of_them_is_enough(house: House) -> None:
    lines = [f"This is sentence number {number} of a long speech." for number in range(80)]
    house.engine.speeches = [hears(*lines[:60], "Something vile.", *lines[60:])]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert view.state is State.BLOCKED
    texts = [job.text for job in house.engine.of(Moderate) if isinstance(job, Moderate)][1:]
    assert len(texts) > 3
    assert all(len(text) <= 1000 for text in texts)
    case = await house.assistant.appeal(view.request, ANN, "")
    assert "Something vile." in case.excerpt


async def test_an_overturned_block_lets_the_same_speech_pass(house: House) -> None:
    house.engine.speeches = [hears("Something vile.")] * 2
    await house.start()
    blocked = await (await house.ask("What do they say?", Posted())).end()
    case = await house.assistant.appeal(blocked.request, ANN, "It is a play.")
    assert case.excerpt == "Something vile."
    assert [chip.where for chip in case.chips] == ["speech"]
    await house.cases.rule(GUILD, MODERATOR, case.id, CaseState.OVERTURNED)
    assert house.platform.slip is not None
    view = await house.platform.slip.end()
    assert view.state is State.DONE
    assert spoken(house) == [["Something vile."]]


async def test_a_warning_about_what_is_said_stands_with_the_answer(house: House) -> None:
    house.action = Action.WARN
    house.open()
    house.engine.speeches = [hears("Something vile.")]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert view.state is State.DONE
    assert [chip.action for chip in view.chips if chip.where == "speech"] == ["warn"]


async def test_a_guard_that_fails_on_what_is_said_closes_the_door(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = house.engine._score

    def only_clips(job: Moderate) -> object:
        if "morning" in job.text:
            raise GuardUnavailable("The guard is ill.")
        return score(job)

    monkeypatch.setattr(house.engine, "_score", only_clips)
    house.engine.speeches = [hears("Good morning.")]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert (view.state, view.notice) == (State.FAILED, "The guard is ill.")
    assert not house.engine.of(Understand)


@pytest.mark.parametrize("error", [JobFailed("The ears hurt."), Overloaded("Too much to do.", retry_after_s=3)])
async def test_when_listening_fails_the_answer_goes_on_and_says_so(house: House, error: Exception) -> None:
    house.engine.speeches = [[Started(), error]]
    view = await (await house.ask("What happens?", Posted())).end()
    assert (view.state, view.text) == (State.DONE, "All is well.")
    assert "sound not heard" in view.footer
    assert spoken(house) == [None]


async def test_without_a_model_for_speech_the_answer_says_that_the_sound_was_not_heard(house: House) -> None:
    deaf(house)
    view = await (await house.ask("What happens?", Posted())).end()
    assert view.footer == "scripted · 8 frames · sound not heard · 1.5 s"
    assert not house.engine.of(Transcribe)
    assert spoken(house) == [None]


async def test_a_model_that_hears_by_itself_needs_no_such_remark(house: House) -> None:
    house.engine.cards = (ModelCard(role=Role.UNDERSTANDING, backend="ear", name="All ears", hears=True),)
    view = await (await house.ask("What happens?", Posted())).end()
    assert "sound" not in view.footer


async def test_a_clip_without_sound_is_not_listened_to_and_nothing_is_said_about_it(house: House) -> None:
    house.engine.has_audio = False
    view = await (await house.ask("What happens?", Posted())).end()
    assert not house.engine.of(Transcribe)
    assert "sound" not in view.footer
    assert spoken(house) == [[]]


async def test_the_placeholder_says_what_is_being_listened_to_and_how_far(house: House) -> None:
    go = asyncio.Event()
    house.engine.speeches = [
        [Queued(position=1), Started(), Progress(step=30, total=60, label="seconds"), go, *hears()]
    ]
    slip = await house.ask("What happens?", Posted())
    view = await slip.until(lambda view: view.bar is not None)
    assert view.bar is not None
    assert (view.bar.step, view.bar.total, view.bar.label) == (30, 60, "seconds")
    go.set()
    await slip.end()
    house.engine.speeches = [[Started(), go, *hears()]]
    go.clear()
    slip = await house.ask("What happens?", Posted("other.mp4"))
    await slip.until(lambda view: view.status == "Listening to other.mp4 …")
    go.set()
    await slip.end()


async def test_a_cancel_while_listening_ends_the_request(house: House) -> None:
    house.engine.speeches = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    view = await slip.until(lambda view: view.status.startswith("Listening"))
    assert await house.assistant.cancel(view.request, ADMIN)
    assert (await slip.end()).state is State.CANCELLED
    assert isinstance(house.engine.cancelled[0], Transcribe)
    assert not house.engine.of(Understand)


async def test_listening_is_charged_with_the_answer(house: House) -> None:
    house.engine.speeches = [hears("Hello.", seconds=2.5)]
    view = await (await house.ask("What happens?", Posted())).end()
    assert view.seconds == pytest.approx(4.0)
    rows = await house.store.usage("test", "guild", ANN.id, house.clock.now.replace(year=2020))
    assert [(row.measure, row.gpu_seconds) for row in rows] == [("asks", pytest.approx(4.0))]


async def test_listening_that_failed_costs_nothing(house: House) -> None:
    house.engine.speeches = [[Started(), JobFailed("The ears hurt.")]]
    await (await house.ask("What happens?", Posted())).end()
    rows = await house.store.usage("test", "guild", ANN.id, house.clock.now.replace(year=2020))
    assert [row.gpu_seconds for row in rows] == [pytest.approx(1.5)]


async def test_a_second_question_knows_what_was_said_without_listening_again(house: House) -> None:
    house.engine.speeches = [hears("Good morning.")]
    await (await house.ask("What happens?", Posted())).end()
    view = await (await house.ask("And what do they say?")).end()
    assert len(house.engine.of(Transcribe)) == 1
    assert spoken(house, 0) == [["Good morning."]]
    assert "speech heard" in view.footer


async def test_a_restart_forgets_nothing_of_it_and_forgetting_does(house: House) -> None:
    house.engine.speeches = [hears("Good morning.")]
    await (await house.ask("What happens?", Posted())).end()
    house.open()
    await (await house.ask("And what do they say?")).end()
    assert len(house.engine.of(Transcribe)) == 1
    assert spoken(house, 0) == [["Good morning."]]
    assert [name for name in house.files() if name.endswith(".json")] == ["0-bikes.mp4.json"]
    await house.assistant.forget(ROOM)
    assert house.files() == []


async def test_a_restart_while_listening_listens_again_and_answers_once(house: House) -> None:
    house.engine.speeches = [[Started(), asyncio.Event()], hears("Good morning.")]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda view: view.status.startswith("Listening"))
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    view = await platform.slip.end()
    assert (view.state, view.text) == (State.DONE, "All is well.")
    assert spoken(house) == [["Good morning."]]
    assert len(house.engine.of(Understand)) == 1


async def test_a_restart_after_listening_checks_again_what_is_known(house: House) -> None:
    house.engine.speeches = [hears("Good morning.")]
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda _: bool(house.engine.of(Understand)))
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    view = await platform.slip.end()
    assert view.state is State.DONE
    assert len(house.engine.of(Transcribe)) == 1
    assert "speech" in {chip.where for chip in view.chips}
    assert spoken(house) == [["Good morning."]]


async def test_an_earlier_clip_that_was_not_heard_is_heard_for_the_next_question(house: House) -> None:
    deaf(house)
    await (await house.ask("What happens?", Posted())).end()
    house.engine.cards = (*house.engine.cards, EARS)
    house.engine.speeches = [hears("Good morning.")]
    view = await (await house.ask("And what do they say?")).end()
    assert spoken(house, 0) == [["Good morning."]]
    assert "speech heard" in view.footer


async def test_an_earlier_clip_that_is_known_to_be_silent_is_not_opened_again(house: House) -> None:
    house.engine.has_audio = False
    await (await house.ask("What happens?", Posted())).end()
    await (await house.generate("a red ball")).end()
    opened = len(house.engine.of(Inspect))
    await (await house.ask("And then?")).end()
    assert len(house.engine.of(Inspect)) == opened
    assert [spoken(house, turn) for turn in (0, 3)] == [[[]], [[]]]  # the posted one, the made one


async def test_forbidden_words_in_an_earlier_clip_are_left_out_and_the_question_is_answered(house: House) -> None:
    deaf(house)
    await (await house.ask("What happens?", Posted())).end()
    house.engine.cards = (*house.engine.cards, EARS)
    house.engine.speeches = [hears("Something vile.")]
    view = await (await house.ask("How many people are there?")).end()
    assert view.state is State.DONE
    assert spoken(house, 0) == [None]
    assert "sound not heard" in view.footer
    assert [row.action for row in await house.store.audit() if row.where == "speech"] == ["block"]


async def test_a_clip_to_make_a_video_like_is_not_listened_to(house: House) -> None:
    await (await house.generate("in winter", Posted())).end()
    assert not house.engine.of(Transcribe)


async def test_a_second_attempt_of_the_answer_keeps_what_was_heard(house: House) -> None:
    house.engine.speeches = [hears("Good morning.")]
    house.engine.answers = [[Started(), Token(text="Half. "), Started(attempt=2), Token(text="Whole."), ANSWERED]]
    view = await (await house.ask("What happens?", Posted())).end()
    assert view.text == "Whole."
    assert len(house.engine.of(Transcribe)) == 1


async def test_a_transcriber_that_dies_once_is_followed_through_its_second_attempt(house: House) -> None:
    house.engine.speeches = [[Started(), Started(attempt=2), Transcribed(utterances=(), seconds=1.0)]]
    house.engine.answers = [says("Fine.")]
    view = await (await house.ask("What happens?", Posted())).end()
    assert (view.state, view.seconds) == (State.DONE, pytest.approx(2.5))
    assert spoken(house) == [[]]
