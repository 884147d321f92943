"""Videos that begin with something: with a posted picture or clip, or with the video that they continue."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.base import Change, Place, State
from bot.making import GenerationDefaults
from bot.requests import view_of
from engine.types import Generate, Moderate, Rendered, Started, Token, Transcribe, Understand, VideoWanted
from tests.fakes.engine import ANSWERED, EARS, says
from tests.fakes.house import ANN, BOB, ROOM, House, Platform, Posted

DM = Place("test", "guild", "dm of ann", private=True, upload_limit=1000)
PRIVATE = Place("test", "guild", "dm of bob", private=True, upload_limit=1000)
ELSEWHERE = Place("test", "another guild", "general", upload_limit=1000)


def animate(house: House, *backends: str) -> None:
    """Let these video models begin with pictures."""
    house.engine.cards = tuple(
        msgspec.structs.replace(card, animates=card.backend in backends) for card in house.engine.cards
    )


@pytest.fixture
def house(house: House) -> House:
    animate(house, "painter")
    return house


async def made(house: House, prompt: str = "a red ball", *files: Posted, **options: Any) -> str:
    view = await (await house.generate(prompt, *files, **options)).end()
    assert view.state is State.DONE, view.notice
    return view.request


# --- with a posted picture or clip ----------------------------------------------------------------------------------


async def test_a_posted_picture_is_what_the_video_begins_with(house: House) -> None:
    view = await (await house.generate("it waves", Posted("dog.png"))).end()
    job = house.job(Generate)
    assert (Path(job.image).name, job.prompt, job.extends) == ("0-dog.png", "it waves", "")
    assert not house.engine.of(Understand)
    assert view.videos[0].begins == "dog.png"
    assert view.footer.endswith("· begins with dog.png")


async def test_without_words_the_picture_is_described_and_still_begins_the_video(house: House) -> None:
    house.engine.answers = [says("A dog sits in the snow.")]
    await (await house.generate("", Posted("dog.png"))).end()
    job = house.job(Generate)
    assert (Path(job.image).name, job.prompt) == ("0-dog.png", "A dog sits in the snow.")


async def test_a_clip_begins_a_video_like_it(house: House) -> None:
    await (await house.generate("at night", Posted())).end()
    assert Path(house.job(Generate).image).name == "0-bikes.mp4"


async def test_the_picture_and_the_result_are_checked(house: House) -> None:
    blocked = await (await house.generate("it waves", Posted("nude.png"))).end()
    assert blocked.state is State.BLOCKED
    assert not house.engine.of(Generate)
    await (await house.generate("it waves", Posted("dog.png"))).end()
    assert [clip.name for clip in house.job(Moderate).clips] == ["video"]


async def test_a_model_that_goes_by_words_gets_the_description_as_before(house: House) -> None:
    house.engine.answers = [says("A dog sits in the snow.")]
    view = await (await house.generate("at night", Posted("dog.png"), model="dreamer")).end()
    job = house.job(Generate)
    assert (job.image, job.prompt) == ("", "at night. A dog sits in the snow.")
    assert view.videos[0].begins == ""
    assert "begins" not in view.footer


async def test_the_model_that_a_place_prefers_decides(house: House) -> None:
    await house.store.set_setting("test", "guild", "model", "dreamer", by="root")
    await (await house.generate("at night", Posted("dog.png"))).end()
    assert house.job(Generate).image == ""
    animate(house, "dreamer")
    await (await house.generate("at night", Posted("dog.png"))).end()
    assert Path(house.job(Generate).image).name == "0-dog.png"


async def test_nothing_is_transcribed_for_it(house: House) -> None:
    house.engine.has_audio = True
    house.engine.cards = (*house.engine.cards, EARS)
    await (await house.generate("at night", Posted())).end()
    assert not house.engine.of(Transcribe)


async def test_again_begins_with_the_same_picture_and_describes_nothing(house: House) -> None:
    request = await made(house, "it waves", Posted("dog.png"))
    view = await (await house.remake(request, Change.AGAIN)).end()
    first, second = house.engine.of(Generate)
    assert isinstance(first, Generate)
    assert isinstance(second, Generate)
    assert Path(second.image).name == "0-dog.png"
    assert (second.prompt, second.seed != first.seed) == ("it waves", True)
    assert not house.engine.of(Understand)
    await house.assistant.erase(request, ANN, ROOM)
    assert Path(house.job(Generate).image).exists()
    assert view.videos[0].begins == "dog.png"


async def test_vary_keeps_the_picture_and_takes_other_words(house: House) -> None:
    request = await made(house, "it waves", Posted("dog.png"))
    await (await house.remake(request, Change.VARY, "it jumps")).end()
    job = house.job(Generate)
    assert (Path(job.image).name, job.prompt) == ("0-dog.png", "it jumps")


async def test_when_the_picture_is_gone_again_asks_for_it(house: House) -> None:
    request = await made(house, "it waves", Posted("dog.png"))
    for path in house.folder.rglob("*.png"):
        path.unlink()
    view = await (await house.remake(request, Change.AGAIN)).end()
    assert (view.state, view.code) == (State.FAILED, "bad_input")
    assert "send it again" in view.notice


# --- in a conversation ----------------------------------------------------------------------------------------------


def wanting(prompt: str) -> list[Any]:
    return [Started(), Token(text="Here it comes."), VideoWanted(prompt=prompt), ANSWERED]


async def test_a_video_asked_for_with_one_picture_begins_with_it_and_says_so(house: House) -> None:
    house.engine.answers = [wanting("the dog wags its tail")]
    view = await (await house.ask("Bring it to life!", Posted("dog.png"))).end()
    assert Path(house.job(Generate).image).name == "0-dog.png"
    assert "begins with dog.png" in view.footer
    await (await house.remake(view.request, Change.AGAIN)).end()
    assert Path(house.job(Generate).image).name == "0-dog.png"


@pytest.mark.parametrize("files", [(), (Posted("a.png"), Posted("b.png")), (Posted("a.mp4"),)])
async def test_without_exactly_one_picture_the_words_alone_count(house: House, files: tuple[Posted, ...]) -> None:
    house.engine.answers = [wanting("a dragon")]
    await (await house.ask("Show me a dragon", *files)).end()
    assert house.job(Generate).image == ""


# --- longer ---------------------------------------------------------------------------------------------------------


async def test_longer_continues_the_video_from_its_end(house: House) -> None:
    request = await made(house, seed=7, width=320, height=200)
    earlier = house.job(Generate)
    view = await (await house.remake(request, Change.LONGER)).end()
    job = house.job(Generate)
    assert job.extends == earlier.out
    assert (job.seconds, job.seed, job.prompt, job.width, job.height, job.image) == (3.0, 7, "a red ball", 320, 200, "")
    assert "are new" in view.footer
    assert view.state is State.DONE


async def test_longer_of_a_continued_video_goes_on_up_to_the_longest(house: House) -> None:
    house.generation = GenerationDefaults(seconds=3, max_seconds=10)
    house.open()
    request = await made(house)
    house.engine.videos = [_rendered(6.0)]
    second = await (await house.remake(request, Change.LONGER)).end()
    assert second.videos[0].seconds == 6.0
    house.engine.videos = [_rendered(10.0)]
    third = await (await house.remake(second.request, Change.LONGER)).end()
    job = house.job(Generate)
    assert (job.extends, job.seconds) == (second.videos[0].path, 4.0)
    last = await (await house.remake(third.request, Change.LONGER)).end()
    assert last.notice == "It is as long as I make videos already: 10 seconds."


def _rendered(seconds: float) -> list[Any]:
    video = Rendered(path="", seed=0, width=0, height=0, frames=round(seconds * 24), fps=24, model="")
    return [Started(), video]


async def test_longer_of_an_animated_picture_needs_the_picture_no_more(house: House) -> None:
    request = await made(house, "it waves", Posted("dog.png"))
    for path in house.folder.rglob("*.png"):
        path.unlink()
    view = await (await house.remake(request, Change.LONGER)).end()
    assert view.state is State.DONE
    assert house.job(Generate).extends


async def test_a_model_that_cannot_continue_renders_it_twice_as_long(house: House) -> None:
    request = await made(house, seed=7, model="dreamer")
    view = await (await house.remake(request, Change.LONGER)).end()
    job = house.job(Generate)
    assert (job.extends, job.seconds, job.seed) == ("", 6.0, 7)
    assert "new" not in view.footer


async def test_when_the_file_is_gone_it_is_rendered_twice_as_long_from_its_picture(house: House) -> None:
    request = await made(house, "it waves", Posted("dog.png"), seed=7)
    Path(house.job(Generate).out).unlink()
    await (await house.remake(request, Change.LONGER)).end()
    job = house.job(Generate)
    assert (job.extends, Path(job.image).name, job.seconds, job.seed) == ("", "0-dog.png", 6.0, 7)


async def test_a_blocked_video_is_not_continued_but_made_anew(house: House) -> None:
    house.engine.unsafe_video = True
    blocked = await (await house.generate("a red ball", seed=7)).end()
    house.engine.unsafe_video = False
    await (await house.remake(blocked.request, Change.LONGER)).end()
    assert (house.job(Generate).extends, house.job(Generate).seconds) == ("", 6.0)


async def test_a_longer_video_that_came_out_unsafe_is_deleted_and_the_first_one_stays(house: House) -> None:
    request = await made(house)
    earlier = Path(house.job(Generate).out)
    house.engine.unsafe_video = True
    view = await (await house.remake(request, Change.LONGER)).end()
    assert view.state is State.BLOCKED
    assert earlier.exists()
    assert not Path(house.job(Generate).out).exists()


async def test_again_of_a_continued_video_continues_the_same_one_with_another_seed(house: House) -> None:
    request = await made(house, seed=7)
    earlier = house.job(Generate).out
    longer = await (await house.remake(request, Change.LONGER)).end()
    await (await house.remake(longer.request, Change.AGAIN)).end()
    job = house.job(Generate)
    assert job.extends == earlier
    assert job.seed != 7


@pytest.mark.parametrize("place", [ELSEWHERE, PRIVATE])
async def test_a_video_of_another_place_cannot_be_continued(house: House, place: Place) -> None:
    request = await made(house, place=DM)
    view = await (await house.remake(request, Change.LONGER, author=BOB, place=place)).end()
    assert (view.state, view.request) == (State.FAILED, "")
    assert len(house.engine.of(Generate)) == 1


async def test_a_restart_in_the_middle_continues_the_same_video(house: House) -> None:
    request = await made(house, seed=7)
    house.engine.videos = [[Started(), asyncio.Event()]]
    slip = await house.remake(request, Change.LONGER)
    await slip.until(lambda view: view.status == "Making the video …")
    before = house.job(Generate)
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    assert (await platform.slip.end()).state is State.DONE
    assert msgspec.structs.replace(house.job(Generate), out=before.out) == before


async def test_when_the_first_video_is_deleted_before_the_restart_all_of_it_is_rendered(house: House) -> None:
    request = await made(house, seed=7)
    house.engine.videos = [[Started(), asyncio.Event()]]
    slip = await house.remake(request, Change.LONGER)
    await slip.until(lambda view: view.status == "Making the video …")
    await house.assistant.drain(0)
    house.open()
    await house.assistant.erase(request, ANN, ROOM)
    platform = await house.start(Platform())
    assert platform.slip is not None
    view = await platform.slip.end()
    assert view.state is State.DONE
    assert (house.job(Generate).extends, house.job(Generate).seconds) == ("", 6.0)


async def test_a_continued_video_counts_like_any_other(house: House) -> None:
    request = await made(house)
    house.engine.videos = [[Started(), msgspec.structs.replace(_rendered(6.0)[1], seconds=4.5)]]
    await (await house.remake(request, Change.LONGER)).end()
    rows = await house.store.usage("test", "guild", ANN.id, house.clock.now.replace(year=2020))
    assert [row.measure for row in rows] == ["videos", "videos"]
    assert max(row.gpu_seconds for row in rows) == pytest.approx(4.5)


async def test_what_it_begins_with_survives_in_the_stored_view(house: House) -> None:
    request = await house.store.request(await made(house, "it waves", Posted("dog.png")))
    assert request is not None
    assert view_of(request).videos[0].begins == "dog.png"
