"""Making a video again: with a new seed, with other words, longer; and making one like a clip."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Audience, Change, ModelOption, Place, State, Wants
from bot.access import Defaults
from bot.making import GenerationDefaults
from engine.types import Generate, Moderate, Started, Token, Understand, VideoWanted
from tests.fakes.engine import ANSWERED, says
from tests.fakes.house import ADMIN, ANN, BOB, ROOM, House, Posted

ELSEWHERE = Place("test", "another guild", "general", upload_limit=1000)


async def made(house: House, prompt: str = "a red ball", *files: Posted, **options: Any) -> str:
    """The request of a finished video."""
    view = await (await house.generate(prompt, *files, **options)).end()
    assert view.state is State.DONE
    return view.request


async def test_again_is_the_same_wish_with_a_new_seed(house: House) -> None:
    request = await made(house, seed=7, seconds=2.0, width=320, height=200, avoid="rain")
    view = await (await house.remake(request, Change.AGAIN)).end()
    assert view.state is State.DONE
    first, second = house.engine.of(Generate)
    assert isinstance(first, Generate)
    assert isinstance(second, Generate)
    assert second.seed not in (None, 7)
    assert (second.prompt, second.seconds, second.width, second.height, second.negative_prompt) == (
        first.prompt,
        first.seconds,
        first.width,
        first.height,
        first.negative_prompt,
    )


async def test_vary_keeps_the_seed_and_takes_other_words(house: House) -> None:
    request = await made(house, seed=7)
    view = await (await house.remake(request, Change.VARY, "a blue ball")).end()
    assert [(video.prompt, video.seed) for video in view.videos] == [("a blue ball", 7)]


async def test_vary_keeps_a_seed_that_was_chosen_by_chance(house: House) -> None:
    request = await made(house)
    await (await house.remake(request, Change.VARY, "a blue ball")).end()
    first, second = house.engine.of(Generate)
    assert isinstance(first, Generate)
    assert isinstance(second, Generate)
    assert first.seed == second.seed is not None


async def test_vary_without_words_says_what_is_missing(house: House) -> None:
    view = await (await house.remake(await made(house), Change.VARY, " ")).end()
    assert (view.state, view.code) == (State.FAILED, "bad_input")


async def test_longer_is_twice_as_long_up_to_the_longest_and_then_says_so(house: House) -> None:
    house.generation = GenerationDefaults(seconds=3, max_seconds=10)
    house.open()
    request = await made(house, seed=7)
    for seconds in (6.0, 10.0):
        view = await (await house.remake(request, Change.LONGER)).end()
        job = house.job(Generate)
        assert (job.seconds, job.seed) == (seconds, 7)
        request = view.request
    view = await (await house.remake(request, Change.LONGER)).end()
    assert (view.state, view.notice) == (State.FAILED, "It is as long as I make videos already: 10 seconds.")


async def test_a_video_that_the_model_wanted_itself_can_be_made_again(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Here."), VideoWanted(prompt="a red ball"), ANSWERED]]
    answer = await (await house.ask("Show me a ball")).end()
    view = await (await house.remake(answer.request, Change.VARY, "a green ball")).end()
    assert view.videos[0].prompt == "a green ball"
    assert house.job(Generate).seed == answer.videos[0].seed


async def test_a_blocked_video_can_be_tried_with_another_seed(house: House) -> None:
    house.engine.unsafe_video = True
    blocked = await (await house.generate("a red ball", seed=7)).end()
    house.engine.unsafe_video = False
    view = await (await house.remake(blocked.request, Change.AGAIN)).end()
    assert view.state is State.DONE
    assert view.videos[0].seed != 7


async def test_other_words_are_checked_like_any(house: House) -> None:
    view = await (await house.remake(await made(house), Change.VARY, "something vile")).end()
    assert view.state is State.BLOCKED
    assert len(house.engine.of(Generate)) == 1


async def test_the_new_video_belongs_to_who_pressed_and_is_asked_of_their_permission(house: House) -> None:
    house.defaults = Defaults(generate=Audience("admins"))
    house.open()
    request = await made(house, author=ADMIN)
    view = await (await house.remake(request, Change.AGAIN, author=BOB)).end()
    assert (view.state, view.code) == (State.FAILED, "not_permitted")
    exchange = await house.assistant.look_up(view.request)
    assert exchange is not None
    assert exchange.author.id == "bob"
    assert len(house.engine.of(Generate)) == 1


async def test_it_is_made_in_the_place_where_it_was_pressed(house: House) -> None:
    room = Place("test", "guild", "other", upload_limit=1000)
    view = await (await house.remake(await made(house), Change.AGAIN, place=room)).end()
    exchange = await house.assistant.look_up(view.request)
    assert exchange is not None
    assert exchange.place == room


@pytest.mark.parametrize("place", [ELSEWHERE, Place("test", "guild", "general", private=True, upload_limit=1000)])
async def test_another_community_cannot_remake_it(house: House, place: Place) -> None:
    request = await made(house, place=ROOM if place is ELSEWHERE else Place("test", "guild", "dm of bob", private=True))
    view = await (await house.remake(request, Change.AGAIN, place=place)).end()
    assert (view.state, view.request) == (State.FAILED, "")
    assert "forgotten" in view.notice
    assert len(house.engine.of(Generate)) == 1


async def test_a_forgotten_video_cannot_be_made_again(house: House) -> None:
    request = await made(house)
    await house.assistant.forget(ROOM)
    view = await (await house.remake(request, Change.AGAIN)).end()
    assert "forgotten" in view.notice


async def test_an_answer_without_a_video_has_nothing_to_make_again(house: House) -> None:
    answer = await (await house.ask("How are you?")).end()
    view = await (await house.remake(answer.request, Change.AGAIN)).end()
    assert view.notice == "There is no video to make again. Ask for one with a prompt."


# --- like a clip ----------------------------------------------------------------------------------------------------


async def test_a_video_like_a_clip_is_made_from_its_description_and_the_persons_words(house: House) -> None:
    house.engine.answers = [says("Two people ride ", "past a café.\n")]
    view = await (await house.generate("in winter.", Posted())).end()
    assert [video.prompt for video in view.videos] == ["in winter. Two people ride past a café."]
    assert view.text == ""
    texts = [job.text for job in house.engine.of(Moderate) if isinstance(job, Moderate)]
    assert texts == ["", "in winter. Two people ride past a café.", ""]
    assert "scripted · 8 frames" in view.footer


async def test_without_words_the_description_is_the_prompt(house: House) -> None:
    house.engine.answers = [[Started(), VideoWanted(prompt="bikes pass"), ANSWERED]]
    assert (await (await house.generate("", Posted())).end()).videos[0].prompt == "bikes pass"


async def test_a_second_attempt_at_the_description_takes_nothing_from_the_first(house: House) -> None:
    first = [Started(), Token(text="Two bikes stand there. "), Token(text="They ")]
    house.engine.answers = [[*first, Started(attempt=2), Token(text="Two bikes."), ANSWERED]]
    await (await house.generate("", Posted())).end()
    assert house.job(Generate).prompt == "Two bikes."


async def test_an_unsafe_clip_is_never_described(house: House) -> None:
    view = await (await house.generate("like this", Posted("nude.mp4"))).end()
    assert view.state is State.BLOCKED
    assert {chip.where for chip in view.chips} == {"clip"}
    assert not house.engine.of(Understand)


async def test_an_unsafe_description_is_never_rendered(house: House) -> None:
    house.engine.answers = [says("vile things")]
    view = await (await house.generate("like this", Posted())).end()
    assert view.state is State.BLOCKED
    assert not house.engine.of(Generate)


async def test_describing_a_clip_is_charged_with_the_video(house: House) -> None:
    await (await house.generate("like this", Posted())).end()
    rows = await house.store.usage("test", "guild", ANN.id, house.clock.now.replace(year=2020))
    assert [(row.measure, row.gpu_seconds) for row in rows] == [("videos", 1.5)]


async def test_again_of_a_video_like_a_clip_needs_no_new_description(house: House) -> None:
    house.engine.answers = [says("Two people ride past.")]
    request = await made(house, "in winter", Posted())
    view = await (await house.remake(request, Change.AGAIN)).end()
    assert view.videos[0].prompt == "in winter. Two people ride past."
    assert len(house.engine.of(Understand)) == 1


async def test_another_seed_of_a_blocked_video_like_a_clip_looks_at_the_clip_again(house: House) -> None:
    house.engine.unsafe_video = True
    blocked = await (await house.generate("", Posted())).end()
    house.engine.unsafe_video = False
    view = await (await house.remake(blocked.request, Change.AGAIN)).end()
    assert view.videos[0].prompt == "All is well."
    await house.assistant.erase(blocked.request, ANN, ROOM)
    assert "0-bikes.mp4" in house.files()  # the second request has the clip for itself


# --- models ---------------------------------------------------------------------------------------------------------


async def test_the_loaded_models_can_be_listed_the_default_first(house: House) -> None:
    videos = [ModelOption("painter", "Scripted painter"), ModelOption("dreamer", "Scripted dreamer")]
    assert house.assistant.models(Wants.GENERATE) == videos
    assert house.assistant.models(Wants.ASK) == [ModelOption("reader", "Scripted reader")]


async def test_a_model_can_be_chosen_and_again_keeps_it(house: House) -> None:
    request = await made(house, model="dreamer")
    await (await house.remake(request, Change.AGAIN)).end()
    assert [job.model for job in house.engine.of(Generate) if isinstance(job, Generate)] == ["dreamer", "dreamer"]


async def test_an_unknown_model_is_refused_with_those_that_there_are(house: House) -> None:
    view = await (await house.generate("a ball", model="sora")).end()
    assert view.notice == "I have no video model called 'sora'. I have painter and dreamer."


async def test_a_place_prefers_the_model_of_its_settings_while_that_is_loaded(house: House) -> None:
    await house.store.set_setting("test", "guild", "model", "dreamer", by="root")
    await made(house)
    assert house.job(Generate).model == "dreamer"
    await house.store.set_setting("test", "guild", "model", "unloaded", by="root")
    await made(house)
    assert house.job(Generate).model == ""
