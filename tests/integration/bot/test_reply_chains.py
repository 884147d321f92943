"""What a question replies to, and what it replaces: which words reach the model, in which order, checked or not."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.base import Place, Quoted, State
from bot.answering import AnswerSettings
from engine.types import Moderate, Started, Token, Turn, Understand
from tests.fakes.engine import says
from tests.fakes.house import ANN, BOB, ROOM, House, Platform, Posted


def sent(house: House) -> list[tuple[str, str]]:
    """The turns of the latest question, as the model got them."""
    turns: tuple[Turn, ...] = house.job(Understand).turns
    return [(turn.role, turn.text) for turn in turns]


async def talk(house: House, event: str, question: str, answer: str, *files: Posted, **options: Any) -> None:
    house.engine.answers = [says(answer)]
    await (await house.ask(question, *files, event=event, **options)).end()


async def test_what_the_question_replies_to_comes_last_before_it(house: House) -> None:
    await talk(house, "e1", "About the dog?", "It barks.")
    await talk(house, "e2", "About the cat?", "It sleeps.")
    chain = (Quoted("e1", "Ann", "About the dog?"), Quoted("m1", "Bot", "It barks.", mine=True))
    await talk(house, "e3", "How loud?", "Very.", chain=chain)
    assert [text for _, text in sent(house)] == [
        "About the cat?",
        "It sleeps.",
        "About the dog?",
        "It barks.",
        "How loud?",
    ]


async def test_a_tight_budget_drops_the_rest_of_the_conversation_first(house: House) -> None:
    house.answers = AnswerSettings(token_budget=60)
    house.open()
    await talk(house, "e1", "About the dog?", "It barks.")
    await talk(house, "e2", "About the cat, which I describe at length " + "so " * 60, "It sleeps.")
    chain = (Quoted("e1", "Ann", "About the dog?"),)
    await talk(house, "e3", "How loud?", "Very.", chain=chain)
    texts = [text for _, text in sent(house)]
    assert texts[-3:] == ["About the dog?", "It barks.", "How loud?"]
    assert not any("at length" in text for text in texts)


async def test_a_chain_brings_its_clip_back(house: House) -> None:
    await talk(house, "e1", "What is this?", "Bikes.", Posted())
    await talk(house, "e2", "And this?", "Cars.", Posted("cars.mp4"))
    house.answers = AnswerSettings(token_budget=10)
    house.open()
    await talk(house, "e3", "How many?", "Two.", chain=(Quoted("e1", "Ann", "What is this?"),))
    clips = [clip.name for turn in house.job(Understand).turns for clip in turn.clips]
    assert clips == ["bikes.mp4"]


async def test_messages_that_no_request_knows_are_quoted_with_their_author(house: House) -> None:
    chain = (Quoted("m1", "Bob", "I saw two of them"), Quoted("m2", "Cleo", "No, three"))
    await talk(house, "e1", "Who is right?", "Cleo.", chain=chain)
    assert sent(house) == [
        ("user", "Bob wrote: I saw two of them"),
        ("user", "Cleo wrote: No, three"),
        ("user", "Who is right?"),
    ]


async def test_what_is_quoted_is_checked_before_the_model_reads_it(house: House) -> None:
    slip = await house.ask("Who is right?", chain=(Quoted("m1", "Bob", "something vile"),))
    view = await slip.end()
    assert view.state is State.BLOCKED
    assert {chip.where for chip in view.chips if chip.action == "block"} == {"question"}
    assert not house.engine.of(Understand)


async def test_a_name_is_checked_as_well(house: House) -> None:
    assert (await (await house.ask("Hm?", chain=(Quoted("m1", "vile", "hello"),))).end()).state is State.BLOCKED


async def test_words_of_a_stored_answer_are_not_checked_again(house: House) -> None:
    await talk(house, "e1", "About the dog?", "It barks.")
    before = len(house.engine.of(Moderate))
    await talk(house, "e2", "How loud?", "Very.", chain=(Quoted("e1", "Ann", "About the dog?"),))
    assert len(house.engine.of(Moderate)) == before + 2  # the question and the answer


async def test_an_answer_of_mine_that_is_forgotten_is_quoted_as_mine(house: House) -> None:
    await talk(house, "e1", "How loud?", "Very.", chain=(Quoted("m1", "Bot", "It barks.", mine=True),))
    assert sent(house)[0] == ("assistant", "It barks.")


async def test_a_blocked_question_does_not_come_back_through_a_chain(house: House) -> None:
    await (await house.ask("something vile", event="e1")).end()
    chain = (Quoted("e1", "Ann", "something vile"), Quoted("m1", "Bot", "I won't answer that", mine=True))
    await talk(house, "e2", "Why not?", "Because.", chain=chain)
    assert sent(house) == [("user", "Why not?")]


async def test_a_request_of_another_room_is_not_read_through_a_chain(house: House) -> None:
    secret = Place("test", "guild", "secret", upload_limit=1000)
    await talk(house, "e1", "The password?", "Swordfish.", place=secret)
    await talk(house, "e2", "Tell me?", "No.", chain=(Quoted("e1", "Ann", "a link"),))
    assert sent(house) == [("user", "Ann wrote: a link"), ("user", "Tell me?")]


async def test_a_chain_survives_a_restart(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()], says("Whole.")]
    slip = await house.ask("Who is right?", chain=(Quoted("m1", "Bob", "I saw two"),))
    await slip.until(lambda view: bool(view.text))
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    await platform.slip.end()
    assert sent(house) == [("user", "Bob wrote: I saw two"), ("user", "Who is right?")]


# --- edited questions -----------------------------------------------------------------------------------------------


async def test_an_edited_question_takes_the_place_of_the_first_one(house: House) -> None:
    await talk(house, "e1", "How lnog?", "Hm?", Posted())
    await talk(house, "e2", "How long?", "Ten seconds.", Posted(), replaces="e1")
    assert sent(house) == [("user", "How long?")]
    assert [exchange.text for exchange in await house.assistant.history(ROOM)] == ["How long?"]
    assert await house.assistant.find("test", "e1") is None
    assert house.files() == ["0-bikes.mp4", "0-bikes.mp4.json"]  # the clip, and that nothing is said in it


async def test_an_edit_ends_what_still_runs(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()], says("Ten.")]
    first = await house.ask("How lnog?", event="e1")
    await first.until(lambda view: bool(view.text))
    second = await house.ask("How long?", event="e2", replaces="e1")
    assert (await second.end()).text == "Ten."
    assert (await first.end()).notice == "You have changed the question, so I answer it anew."
    assert len(house.engine.cancelled) == 1


async def test_an_edit_that_is_delivered_twice_is_answered_once(house: House) -> None:
    await talk(house, "e1", "How lnog?", "Hm?")
    await talk(house, "e2", "How long?", "Ten.", replaces="e1")
    again = await house.ask("How long?", event="e2", replaces="e1")
    assert again.views == []
    assert len(house.engine.of(Understand)) == 2


async def test_nobody_replaces_somebody_elses_question(house: House) -> None:
    await talk(house, "e1", "How long?", "Ten.", author=ANN)
    await talk(house, "e2", "How wide?", "Two.", author=BOB, replaces="e1")
    assert await house.assistant.find("test", "e1") is not None
