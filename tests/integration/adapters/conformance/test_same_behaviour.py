"""What people may rely on wherever they talk to the bot: the same scenarios on Discord, on Slack and on the page."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from adapters.base import Measure, Quota, Window
from adapters.shared import sentences
from adapters.shared.actions import Action
from bot.access import Defaults
from engine.types import Answered, Generate, Inspect, Progress, Queued, Rendered, Started, Token, Understand
from tests.fakes.engine import ANSWERED, Script, says
from tests.integration.adapters.conformance.conftest import Scene
from tests.integration.adapters.conformance.driver import MENTIONS, STRANGERS, Shown

BIKES = ("bikes.mp4", b"\0\0\0\x18ftypmp42 two bikes ride past")
ONE_QUESTION = Defaults(quotas=(Quota("", Measure.ASKS, Window.DAY, 1, "default"),))


def slowly(gate: asyncio.Event, *, first: str = "", then: str) -> Script:
    """An answer that waits in the middle until the gate is opened."""
    begun = [Token(text=first)] if first else []
    return [Started(), *begun, gate, Token(text=then), ANSWERED]


def can_cancel(shown: Shown) -> bool:
    return Action.CANCEL in shown.actions


# --- asking


async def test_a_question_with_a_clip_arrives_with_its_words_its_author_its_place_and_the_clip(scene: Scene) -> None:
    await scene.driver.ask("what happens here?", BIKES)
    await scene.reads("All is well.")
    (message,) = scene.handler.heard
    assert message.text == "what happens here?"
    assert message.author.id
    assert message.author.name
    assert (message.place.platform, message.place.private) == (scene.driver.name, scene.without(STRANGERS))
    assert message.place.channel
    assert [(clip.name, clip.size) for clip in message.attachments] == [("bikes.mp4", len(BIKES[1]))]
    inspected: Inspect = scene.house.job(Inspect, 0)
    assert Path(inspected.clip.path).read_bytes() == BIKES[1]


async def test_an_answer_is_read_while_it_is_written_and_ends_in_the_same_message(scene: Scene) -> None:
    gate = asyncio.Event()
    scene.engine.answers = [slowly(gate, first="Two people ride past. ", then="One looks back.")]
    await scene.driver.ask("what happens here?")
    await scene.reads("Two people ride past.")
    assert "looks back" not in scene.text()
    gate.set()
    await scene.ends("One looks back.")
    (only,) = scene.driver.shown()
    assert "scripted" in only.text  # the footer names the model
    assert only.text.count("Two people ride past.") == 1


async def test_the_same_event_twice_is_one_request_with_one_answer(scene: Scene) -> None:
    gate = asyncio.Event()
    scene.engine.answers = [slowly(gate, then="A dog.")]
    asked = await scene.driver.ask("what is that?")
    await scene.sees(can_cancel, "the request at work")
    await scene.driver.redeliver(asked)
    gate.set()
    await scene.ends("A dog.")
    await scene.driver.redeliver(asked)
    await scene.driver.generate("a ball")  # once this is made, what came before it has been dealt with
    await scene.sees(lambda shown: shown.files, "a video")
    assert len(scene.engine.of(Understand)) == 1
    assert scene.text().count("A dog.") == 1
    assert "All is well." not in scene.text()  # what a second request would have been answered


async def test_a_long_answer_is_complete_in_its_order_and_its_code_is_whole_in_every_message(scene: Scene) -> None:
    numbers = [f"n{number:04}" for number in range(600)]
    lines = [f"say_{number}()  # the number is {number[1:]}" for number in numbers]
    prose, code = lines[:300], lines[300:]
    text = ".\n".join(prose) + ".\n```py\n" + "\n".join(code) + "\n```\nThat was it."
    scene.engine.answers = [says(*(text[at : at + 500] for at in range(0, len(text), 500)))]
    await scene.driver.ask("count for me")
    await scene.ends("That was it.")
    pages = scene.driver.shown()
    assert re.findall(r"say[_\\\u2060]+(n\d{4})", "\n".join(page.text for page in pages)) == numbers
    assert all(page.text.count("```") % 2 == 0 for page in pages)


async def test_what_a_model_writes_calls_nobody(scene: Scene) -> None:
    scene.needs(MENTIONS)
    calls = "@everyone @here <!channel> <!here> <@123456789012345678> <@U0TEST00002> <!subteam^S0TEST00001> <@&12345>"
    scene.engine.answers = [says(f"Hello {calls}, look. ", "That is it.")]
    await scene.driver.ask("greet everybody")
    await scene.ends("That is it.")
    assert "Hello" in scene.text()
    assert scene.driver.called() == set()


# --- waiting and cancelling


async def test_who_waits_sees_their_place_in_the_queue_and_a_way_to_cancel(scene: Scene) -> None:
    gate = asyncio.Event()
    scene.engine.answers = [[Queued(position=2, eta_s=40), gate, Started(), Token(text="A dog."), ANSWERED]]
    await scene.driver.ask("what is that?")
    shown = await scene.sees(lambda shown: "2nd in line · about 40 s" in shown.text, "the place in the queue")
    await scene.sees(can_cancel, "a button to cancel")
    gate.set()
    await scene.ends("A dog.")
    (only,) = scene.driver.shown()
    assert "in line" not in only.text
    assert shown.files == ()


async def test_who_asked_can_cancel_and_the_model_stops(scene: Scene) -> None:
    scene.engine.answers = [slowly(asyncio.Event(), then="never")]
    await scene.driver.ask("what is that?")
    await scene.driver.press(Action.CANCEL)
    await scene.ends("ancelled")
    assert len(scene.driver.shown()) == 1
    assert scene.engine.of(Understand) == scene.engine.cancelled


async def test_a_stranger_cannot_cancel_and_is_told_so_alone(scene: Scene) -> None:
    scene.needs(STRANGERS)
    gate = asyncio.Event()
    scene.engine.answers = [slowly(gate, then="A dog.")]
    await scene.driver.ask("what is that?")
    await scene.driver.press(Action.CANCEL, who="bob")
    await scene.hears(sentences.NOTHING_TO_CANCEL, who="bob")
    assert sentences.NOTHING_TO_CANCEL not in scene.text()
    gate.set()
    await scene.reads("A dog.")
    assert scene.engine.cancelled == []


# --- videos


async def test_a_made_video_arrives_as_a_file_that_plays_in_place(scene: Scene) -> None:
    await scene.driver.generate("a red ball bouncing on green grass")
    shown = await scene.sees(lambda shown: shown.files, "a video")
    (job,) = scene.engine.of(Generate)
    assert isinstance(job, Generate)
    data, kind = await scene.driver.fetch(shown, shown.files[0])
    assert data == Path(job.out).read_bytes()
    assert kind == "video/mp4"
    assert job.prompt == "a red ball bouncing on green grass"


async def test_a_video_in_the_making_can_be_cancelled_and_leaves_no_file(scene: Scene) -> None:
    rendered = Rendered(path="", seed=0, width=0, height=0, frames=1, fps=24, model="")
    scene.engine.videos = [[Started(), Progress(step=1, total=2), asyncio.Event(), rendered]]
    await scene.driver.generate("a castle at night")
    await scene.driver.press(Action.CANCEL)
    await scene.ends("ancelled")
    assert [shown.files for shown in scene.driver.shown()] == [()]


# --- safety and permission


async def test_only_the_author_of_what_is_blocked_reads_why(scene: Scene) -> None:
    await scene.driver.ask("say something vile")
    await scene.hears("harassment 0.99")
    if scene.without(STRANGERS):
        return
    await scene.reads(sentences.BLOCKED_HERE)
    assert "0.99" not in scene.text()
    assert "harassment" not in scene.text()
    assert scene.driver.whispered("bob") == ""
    assert scene.engine.of(Understand) == []


async def test_who_may_not_ask_any_more_is_told_alone_and_nothing_is_posted(scene: Scene) -> None:
    await scene.restart(defaults=ONE_QUESTION)
    await scene.driver.ask("what is that?")
    await scene.ends("All is well.")
    await scene.driver.ask("and that?")
    await scene.hears("You have asked your 1 question of")
    if scene.without(STRANGERS):
        return
    assert len(scene.driver.shown()) == 1
    assert "You have asked" not in scene.text()
    assert scene.driver.whispered("bob") == ""


# --- what stays


async def test_after_a_restart_the_answer_is_found_and_finished_once(scene: Scene) -> None:
    scene.engine.answers = [slowly(asyncio.Event(), first="Two people ride past. ", then="never")]
    asked = await scene.driver.ask("what happens here?")
    await scene.reads("Two people ride past.")
    await scene.restart()
    await scene.ends("All is well.")
    await scene.driver.redeliver(asked)
    await scene.driver.ask("and then?")
    await scene.driver.until(lambda: scene.text().count("All is well.") >= 2, "the second answer")
    assert len(scene.engine.of(Understand)) == 2
    assert len(scene.driver.shown()) == 2
    assert "Two people ride past." not in scene.text()


async def test_who_asks_reads_what_is_kept_and_can_have_it_forgotten(scene: Scene) -> None:
    scene.engine.answers = [[Started(), Token(text="A dog runs."), Answered(model="scripted", seconds=1.0)]]
    await scene.driver.ask("what is that?", BIKES)
    await scene.ends("A dog runs.")
    (message,) = scene.handler.heard
    held = await scene.handler.holdings(scene.driver.name, message.author)
    assert (held.questions, held.clips) == (1, 1)
    assert "1 question" in (kept := await scene.driver.kept()) or "A dog runs." in kept
    await scene.driver.forget()
    held = await scene.handler.holdings(scene.driver.name, message.author)
    assert (held.questions, held.clips, held.file_bytes) == (0, 0, 0)
    assert scene.house.files() == []
