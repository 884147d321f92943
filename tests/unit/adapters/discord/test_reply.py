"""The life of one message, against a scripted Discord and a clock that only moves when it is waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from adapters.base import Author, DeliveryError, MadeVideo, State, Undeliverable, View
from adapters.discord import reply as module
from adapters.discord.posts import Fault, VideoGone, fault_of, open_videos
from adapters.discord.reply import Anchor, DiscordReply
from adapters.shared.pacing import Timing
from adapters.shared.pump import RETRY_AFTER_S


def http_error(status: int, code: int = 0) -> discord.HTTPException:
    kind: Any = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    return kind(SimpleNamespace(status=status, reason="", headers={}), {"code": code, "message": "scripted"})


class Clock:
    def __init__(self) -> None:
        self.time = 100.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def ids(view: Any) -> list[str]:
    """The ids of the buttons."""
    return [item.item.custom_id for item in view.children] if view is not None else []


REMAKE = ["g4v:again:r1", "g4v:vary:r1", "g4v:longer:r1", "g4v:delete:r1", "g4v:report:r1"]


@dataclass
class FakePost:
    """Remembers what it was told; raises what `errors` holds, one error per call, before doing anything."""

    clock: Clock
    first_then_private: bool = False
    errors: list[Exception] = field(default_factory=list)
    tell_result: bool = True
    log: list[tuple[Any, ...]] = field(default_factory=list)
    edits: list[tuple[float, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    next_id: int = 50
    typed: int = 0
    typed_often: asyncio.Event = field(default_factory=asyncio.Event)

    def _maybe_fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    async def edit(
        self, message: int, content: str, view: Any, videos: Sequence[MadeVideo], *, spoiler: bool = False
    ) -> None:
        self._maybe_fail()
        for file in open_videos(videos):
            file.close()
        self.log.append(("edit", message, content, ids(view), len(videos)))
        self.edits.append((self.clock.time, content))

    async def follow(
        self,
        after: int,
        content: str,
        nonce: str,
        videos: Sequence[MadeVideo] = (),
        *,
        view: Any = None,
        spoiler: bool = False,
    ) -> int:
        self._maybe_fail()
        self.next_id += 1
        self.log.append(("follow", after, content, nonce, len(videos)))
        return self.next_id

    async def delete(self, message: int) -> None:
        self.log.append(("delete", message))

    async def typing(self) -> None:
        self.typed += 1
        if self.typed == 3:
            self.typed_often.set()

    async def tell(self, content: str, nonce: str, *, view: Any = None) -> bool:
        self._maybe_fail()
        self.told.append(content)
        self.log.append(("tell", nonce))
        return self.tell_result


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def post(clock: Clock) -> FakePost:
    return FakePost(clock)


def reply_to(post: FakePost, **options: Any) -> DiscordReply:
    anchor = Anchor("message", 7, Author("1", "ann"), [42], source=41, private=options.pop("private", False))
    return DiscordReply(post, anchor, timing=Timing(post.clock.now, post.clock.sleep), **options)


@pytest.fixture
def reply(post: FakePost) -> DiscordReply:
    return reply_to(post)


def working(text: str) -> View:
    return View("r1", State.WORKING, text=text, can_cancel=True)


def done(text: str = "A dog.", **more: Any) -> View:
    return View("r1", State.DONE, text=text, **more)


async def test_views_in_between_are_dropped_and_the_newest_wins(reply: DiscordReply, post: FakePost) -> None:
    for text in ("A", "A d", "A do", "A dog"):
        await reply.show(working(text))
    await reply.settled()
    assert [text for _, text in post.edits] == ["A dog"]
    reply.close()


async def test_edits_are_at_least_a_second_apart_from_the_placeholder_on(reply: DiscordReply, post: FakePost) -> None:
    born = post.clock.time
    for text in ("A", "A d"):
        await reply.show(working(text))
        await reply.settled()
    await reply.show(done())
    times = [born, *(time for time, _ in post.edits)]
    assert len(times) == 4
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))


async def test_the_final_view_is_shown_even_when_it_overtakes_a_waiting_edit(
    reply: DiscordReply, post: FakePost
) -> None:
    await reply.show(working("A d"))
    await reply.show(done())
    assert [text for _, text in post.edits] == ["A dog."]


async def test_a_view_that_comes_after_the_end_is_ignored(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(done())
    await reply.show(working("late"))
    await reply.settled()
    assert [text for _, text in post.edits] == ["A dog."]


async def test_the_cancel_button_goes_with_the_end(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(working("A"))
    await reply.settled()
    await reply.show(done())
    assert [entry[3] for entry in post.log] == [["g4v:cancel:r1"], ["g4v:delete:r1", "g4v:report:r1"]]


@pytest.mark.parametrize("error", [http_error(500), http_error(429), http_error(503), OSError("reset")])
async def test_a_final_view_is_tried_again_after_a_passing_error(
    reply: DiscordReply, post: FakePost, error: Exception
) -> None:
    post.errors = [error, error]
    await reply.show(done())
    assert [text for _, text in post.edits] == ["A dog."]
    assert post.clock.waits[-2:] == [1.0, 3.0]


async def test_a_final_view_that_never_gets_through_is_an_error(reply: DiscordReply, post: FakePost) -> None:
    post.errors = [http_error(500)] * (len(RETRY_AFTER_S) + 1)
    with pytest.raises(DeliveryError) as caught:
        await reply.show(done())
    assert post.log == []
    assert not isinstance(caught.value, Undeliverable)


@pytest.mark.parametrize(
    "error", [http_error(503), http_error(401), http_error(403, 20028), OSError(), RuntimeError("Session is closed")]
)
async def test_what_may_pass_is_never_refused_for_good(reply: DiscordReply, post: FakePost, error: Exception) -> None:
    post.errors = [error] * (len(RETRY_AFTER_S) + 1)
    with pytest.raises(DeliveryError) as caught:
        await reply.show(done())
    assert not isinstance(caught.value, Undeliverable)
    post.errors = []
    await reply.show(done())
    assert [text for _, text in post.edits] == ["A dog."]


async def test_an_answer_that_discord_refuses_for_good_gives_way_to_a_plain_sentence_without_cancel(
    reply: DiscordReply, post: FakePost
) -> None:
    post.errors = [http_error(400, 50035)]
    await reply.show(done())
    (shown,) = post.log
    assert shown[2:4] == ("Discord does not take the answer as I wrote it. Ask again, in other words perhaps.", [])


@pytest.mark.parametrize("code", [50035, 50006, 240000, 200000, 0])
async def test_a_video_that_is_refused_for_good_is_left_out_and_that_is_said(
    reply: DiscordReply, post: FakePost, tmp_path: Path, code: int
) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"\0")
    post.errors = [http_error(400, code)]
    await reply.show(done("", videos=(MadeVideo(str(path), "a red ball", 7, 64, 64, 1.0),)))
    (shown,) = post.log
    assert shown[2].startswith("a red ball\nDiscord did not take the video.")
    assert (shown[3], shown[4]) == (REMAKE, 0)


@pytest.mark.parametrize("error", [http_error(403, 50013), http_error(404, 10003), http_error(404, 10008)])
async def test_a_final_view_without_a_place_is_an_error_at_once(
    reply: DiscordReply, post: FakePost, error: Exception
) -> None:
    post.errors = [error]
    with pytest.raises(Undeliverable):
        await reply.show(done())
    assert post.errors == []


async def test_an_intermediate_error_is_never_raised_and_the_next_view_tries_again(
    reply: DiscordReply, post: FakePost
) -> None:
    post.errors = [http_error(500)]
    await reply.show(working("A"))
    await reply.settled()
    await reply.show(working("A d"))
    await reply.settled()
    assert [text for _, text in post.edits] == ["A d"]
    reply.close()


@pytest.mark.parametrize("error", [http_error(404, 10008), http_error(404, 10003), http_error(403, 50001)])
async def test_a_message_that_is_gone_is_reported_once_and_left_alone(post: FakePost, error: Exception) -> None:
    lost: list[DiscordReply] = []

    async def note(reply: DiscordReply) -> None:
        lost.append(reply)

    reply = reply_to(post, lost=note)
    post.errors = [error]
    for text in ("A", "A d"):
        await reply.show(working(text))
        await reply.settled()
    assert lost == [reply]
    assert post.log == []
    reply.close()


@pytest.mark.parametrize("code", [30046, 50083])
async def test_an_answer_moves_to_a_new_message_when_the_old_one_cannot_be_edited(
    reply: DiscordReply, post: FakePost, code: int
) -> None:
    post.errors = [http_error(429 if code == 30046 else 400, code)]
    await reply.show(done())
    assert post.log == [("follow", 42, "A dog.", "42m", 0), ("delete", 42)]
    assert json.loads(reply.ref)["messages"] == [51]


async def test_an_archived_thread_that_takes_no_message_either_is_an_error(reply: DiscordReply, post: FakePost) -> None:
    post.errors = [http_error(400, 50083), http_error(403, 50013)]
    with pytest.raises(DeliveryError):
        await reply.show(done())


async def test_a_long_answer_goes_on_in_the_reply_chain_and_is_edited_there(
    reply: DiscordReply, post: FakePost
) -> None:
    await reply.show(working("word " * 500))
    await reply.settled()
    await reply.show(done("word " * 500 + "end"))
    kinds = [(entry[0], entry[1]) for entry in post.log]
    assert kinds == [("edit", 42), ("follow", 42), ("edit", 42), ("edit", 51)]
    assert post.log[1][3] == "42-1"
    assert post.log[-1][2].endswith("end")


async def test_messages_that_the_answer_no_longer_needs_are_deleted(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(working("word " * 500))
    await reply.settled()
    await reply.show(done("short"))
    assert post.log[-1] == ("delete", 51)
    assert json.loads(reply.ref)["messages"] == [42]


async def test_a_view_that_changes_nothing_is_no_edit(reply: DiscordReply, post: FakePost) -> None:
    for _ in range(2):
        await reply.show(working("A dog"))
        await reply.settled()
    assert len(post.edits) == 1
    reply.close()


async def test_a_deleted_continuation_is_sent_again(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(working("word " * 500))
    await reply.settled()
    post.errors = []

    async def edit(message: int, content: str, view: Any, videos: Any, *, spoiler: bool = False) -> None:
        if message == 51:
            raise http_error(404, 10008)

    post.edit = edit  # type: ignore[method-assign]
    await reply.show(done("word " * 500 + "end"))
    assert json.loads(reply.ref)["messages"] == [42, 52]


async def test_a_made_video_is_uploaded_in_the_edit_of_the_message(
    reply: DiscordReply, post: FakePost, tmp_path: Path
) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"\0")
    await reply.show(done("", videos=(MadeVideo(str(path), "a red ball", 7, 64, 64, 1.0),)))
    assert post.log == [("edit", 42, "a red ball", REMAKE, 1)]


async def test_a_made_video_that_is_no_longer_on_the_disk_is_a_sentence(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(done("", videos=(MadeVideo("/nowhere/ball.mp4", "a red ball", 7, 64, 64, 1.0),)))
    assert post.log == [
        ("edit", 42, "a red ball\nThe file of this video is no longer on my disk. Ask for it again.", REMAKE, 0)
    ]


async def test_a_video_that_discord_finds_too_large_is_a_sentence(
    reply: DiscordReply, post: FakePost, tmp_path: Path
) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"\0")
    post.errors = [http_error(413, 40005)]
    await reply.show(done("", videos=(MadeVideo(str(path), "a red ball", 7, 64, 64, 1.0),)))
    assert post.log[0][2].startswith("a red ball\nThe video is larger")
    assert post.log[0][4] == 0


async def test_typing_is_renewed_until_the_end(
    reply: DiscordReply, post: FakePost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TYPING_EVERY_S", 0)
    await reply.show(working("A"))
    await asyncio.wait_for(post.typed_often.wait(), 5)
    await reply.show(done())
    typed = post.typed
    for _ in range(5):
        await asyncio.sleep(0)
    assert post.typed == typed


BLOCKED = View("r1", State.BLOCKED, notice="violence 0.83 is over 0.70")


async def test_why_something_is_blocked_is_told_to_its_author_alone(reply: DiscordReply, post: FakePost) -> None:
    await reply.show(BLOCKED)
    assert post.told == ["violence 0.83 is over 0.70\n-# request r1"]
    assert post.edits[0][1] == "I can't answer this one here. I wrote you why.\n-# request r1"


async def test_with_closed_direct_messages_the_public_line_has_no_scores(reply: DiscordReply, post: FakePost) -> None:
    post.tell_result = False
    await reply.show(BLOCKED)
    assert post.edits[0][1] == "I can't answer this one here.\n-# request r1"


async def test_an_interaction_is_answered_before_the_private_word(post: FakePost) -> None:
    post.first_then_private = True
    await reply_to(post).show(BLOCKED)
    assert [entry[0] for entry in post.log] == ["edit", "tell"]


async def test_the_private_word_is_not_repeated_when_the_edit_is(reply: DiscordReply, post: FakePost) -> None:
    tell = post.tell

    async def told_and_then_an_error(content: str, nonce: str, *, view: Any = None) -> bool:
        result = await tell(content, nonce, view=view)
        post.errors = [http_error(500)]
        return result

    post.tell = told_and_then_an_error  # type: ignore[method-assign]
    await reply.show(BLOCKED)
    assert len(post.told) == 1
    assert len(post.edits) == 1


async def test_a_direct_message_needs_no_second_message(post: FakePost) -> None:
    await reply_to(post, private=True).show(BLOCKED)
    assert post.told == []
    assert post.edits[0][1].startswith("violence 0.83")


async def test_the_end_is_announced_once_delivered_or_not(post: FakePost) -> None:
    ended: list[DiscordReply] = []
    reply = reply_to(post, ended=ended.append)
    post.errors = [http_error(404, 10008)]
    with pytest.raises(DeliveryError):
        await reply.show(done())
    assert ended == [reply]


async def test_a_cancelled_caller_does_not_break_the_last_edit(reply: DiscordReply, post: FakePost) -> None:
    task = asyncio.create_task(reply.show(done()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await reply.settled()
    assert [text for _, text in post.edits] == ["A dog."]


def test_a_reference_survives_the_round_trip() -> None:
    anchor = Anchor("message", 7, Author("1", "ann ☕"), [42, 43], source=41, private=True)
    assert Anchor.load(anchor.dump()) == anchor


@pytest.mark.parametrize("ref", ["", "{}", "[]", "null", "abc:def", '{"kind":"message","channel":"x"}'])
def test_a_foreign_reference_is_no_reference(ref: str) -> None:
    assert Anchor.load(ref) is None


def test_errors_are_sorted_by_code_before_status() -> None:
    assert fault_of(http_error(429, 30046)) is Fault.CLOSED
    assert fault_of(http_error(400, 50035)) is Fault.REFUSED
    assert fault_of(ValueError()) is Fault.REFUSED


def test_no_file_stays_open_when_one_of_several_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0")
    there, gone = (MadeVideo(str(name), "a", 1, 64, 64, 1.0) for name in (path, tmp_path / "b.mp4"))
    with pytest.raises(VideoGone):
        open_videos([there, gone])
