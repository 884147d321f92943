"""An answer lives in one message: it streams, grows into the reply chain, ends, and survives what Discord does."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from adapters.base import Bar, DeliveryError, MadeVideo, QueueSpot, State, View
from tests.integration.adapters.discord.scenes import made, warn

BLOCKED = View("r1", State.BLOCKED, notice="I won't answer that here: violence 0.83 is over 0.70 (frame at 0:07).")


def edits(world) -> list[str]:
    return [entry.json["content"] for entry in world.env.http_requests if entry.method == "PATCH"]


async def test_an_answer_streams_into_the_placeholder_and_ends_with_its_footer(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, status="Watching bikes.mp4 (0:10) …", can_cancel=True))
    await world.show(View("r1", State.WORKING, text="Two people ride", can_cancel=True))
    await world.show(View("r1", State.DONE, text="Two people ride past.", footer="lite · 8 frames · 2.1 s"))
    assert edits(world) == [
        "Watching bikes.mp4 (0:10) …",
        "Two people ride",
        "Two people ride past.\n-# lite · 8 frames · 2.1 s",
    ]
    answer = world.answer()
    assert answer.content == "Two people ride past.\n-# lite · 8 frames · 2.1 s"
    assert "Cancel" not in str(answer.components)


async def test_a_hundred_tokens_are_a_few_edits(world) -> None:
    await world.ask()
    for number in range(100):
        await world.handler.reply.show(View("r1", State.WORKING, text="word " * number))
    await world.handler.reply.show(View("r1", State.DONE, text="done"))
    assert edits(world) == ["done"]


async def test_waiting_shows_the_place_in_the_queue_and_rendering_a_bar(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WAITING, queue=QueueSpot(2, 40), can_cancel=True))
    assert world.answer().content == "2nd in line · about 40 s"
    await world.show(View("r1", State.WORKING, bar=Bar(12, 30, eta_s=25), can_cancel=True))
    assert world.answer().content == "▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left"


async def test_the_bot_is_seen_typing_while_it_works(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, status="Watching …"))
    assert world.paths("POST").count(f"/channels/{world.channel.id}/typing") == 1
    await world.show(View("r1", State.DONE, text="A dog."))


async def test_a_long_answer_goes_on_in_the_reply_chain_and_is_edited_there(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, text="word " * 700))
    await world.show(View("r1", State.DONE, text="word " * 700 + "end", footer="lite"))
    first, second = world.answers()
    assert second.reference.message_id == first.id
    assert second.content.endswith("end\n-# lite")
    assert len(first.content) <= 2000
    assert first.content.split() + second.content.split()[:-3] == ["word"] * 700


async def test_what_the_model_writes_pings_nobody(world) -> None:
    await world.ask()
    await world.show(View("r1", State.DONE, text="@everyone <@1234567890123456> -# fake\n-# fake"))
    answer = world.answer()
    assert not answer.mention_everyone
    assert answer.mentions == []
    assert "\n-#" not in answer.content
    for entry in world.env.http_requests:
        if entry.method == "PATCH":
            assert entry.json["allowed_mentions"]["parse"] == []


async def test_the_reason_of_a_block_goes_to_its_author_alone(world) -> None:
    await world.ask()
    await world.show(BLOCKED)
    assert world.answer().content == "I can't answer this one here. I wrote you why.\n-# request r1"
    (private,) = world.answers(world.ann.user.dm_channel)
    assert "violence 0.83" in private.content


async def test_with_closed_direct_messages_a_short_line_without_scores_is_all(world) -> None:
    await world.ask()
    world.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    await world.show(BLOCKED)
    assert world.answer().content == "I can't answer this one here.\n-# request r1"


async def test_a_block_in_a_direct_message_is_said_right_there(world) -> None:
    await world.ann.send_dm("hello")
    await world.show(BLOCKED)
    assert "violence 0.83" in world.answer(world.ann.user.dm_channel).content


async def test_a_made_video_is_uploaded_into_the_same_message(world, tmp_path: Path) -> None:
    path = tmp_path / "made.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    await world.ask("show me a red ball")
    video = MadeVideo(str(path), "a red ball", 7, 640, 360, 3.0)
    await world.show(View("r1", State.DONE, text="Here it is.", videos=(video,)))
    (uploaded,) = world.answer().attachments
    assert (uploaded.filename, uploaded.description) == ("a-red-ball.mp4", "a red ball")
    assert world.env.backend.cdn.get(uploaded.url) == path.read_bytes()


async def test_a_video_with_a_warning_is_uploaded_as_a_spoiler_and_says_why(world, tmp_path: Path) -> None:
    await world.ask("show me a fight")
    view = View("r1", State.DONE, videos=(made(tmp_path, "a fight"),), chips=(warn("video", time_s=2.0),))
    await world.show(view)
    (uploaded,) = world.answer().attachments
    assert uploaded.filename == "SPOILER_a-fight.mp4"
    assert uploaded.is_spoiler()
    assert "⚠ Sensitive: violence 0.62 in the video at 0:02." in world.answer().content


async def test_a_video_with_a_warning_that_moves_to_a_new_message_stays_a_spoiler(world, tmp_path: Path) -> None:
    await world.ask("show me a fight")
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=429, code=30046)
    await world.show(View("r1", State.DONE, videos=(made(tmp_path),), chips=(warn("video"),)))
    assert [item.is_spoiler() for item in world.answer().attachments] == [True]


async def test_a_command_whose_video_has_a_warning_gets_a_spoiler_with_either_token(world, tmp_path: Path) -> None:
    for seconds in (0, 14 * 60 + 1):
        result = await world.ann.slash(world.channel, "generate", prompt="a fight")
        world.clock.time += seconds
        await world.show(View("r1", State.DONE, videos=(made(tmp_path),), chips=(warn("video"),)))
        assert [item.is_spoiler() for item in result.response.attachments] == [True]


async def test_an_answer_with_a_warning_is_behind_a_spoiler(world) -> None:
    await world.ask()
    await world.show(View("r1", State.DONE, text="They fight.", chips=(warn("answer"),), footer="lite"))
    assert world.answer().content.splitlines()[0] == "||They fight.||"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_final_answer_outlives_a_passing_error(world, status: int) -> None:
    await world.ask()
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=status, times=2)
    await world.show(View("r1", State.DONE, text="A dog."))
    assert world.answer().content == "A dog."


@pytest.mark.parametrize("status", [429, 500])
async def test_a_continuation_that_could_not_be_sent_is_sent_after_all_and_only_once(world, status: int) -> None:
    await world.ask()
    world.env.inject_error("POST", "/channels/*/messages", status=status)
    await world.show(View("r1", State.DONE, text="word " * 700))
    assert len(world.answers()) == 2


@pytest.mark.parametrize("status", [429, 500])
async def test_the_placeholder_outlives_a_passing_error(world, status: int) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=status, times=2)
    await world.ask()
    assert world.answer().content == "One moment …"
    assert len(world.handler.messages) == 1


async def test_nobody_is_asked_anything_when_the_answer_would_have_no_place(world) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=500, times=None)
    await world.ask()
    assert world.handler.messages == []
    assert world.env.errors == []


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (404, 10008), (404, 10003), (500, 0)])
async def test_a_final_answer_that_cannot_be_shown_is_reported_to_the_application(
    world, status: int, code: int
) -> None:
    await world.ask()
    world.env.inject_error("*", "/channels/*/messages/*", status=status, code=code, times=None)
    with pytest.raises(DeliveryError):
        await world.handler.reply.show(View("r1", State.DONE, text="A dog."))


async def test_an_answer_older_than_an_hour_moves_to_a_new_message(world) -> None:
    await world.ask()
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=429, code=30046)
    await world.show(View("r1", State.DONE, text="A dog."))
    assert world.answer().content == "A dog."
    assert world.handler.cancelled == []


@pytest.mark.parametrize("code", [50001, 50013])
async def test_a_place_where_the_bot_may_not_write_is_told_to_the_one_who_asked(world, code: int) -> None:
    world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=403, code=code)
    await world.ask()
    assert world.handler.messages == []
    (private,) = world.answers(world.ann.user.dm_channel)
    assert private.content.startswith("I can't write in #clips.")


async def test_deleting_the_answer_cancels_the_request(world) -> None:
    await world.ask()
    await world.moderator_with_messages().delete(world.answer())
    assert [request for request, _ in world.handler.cancelled] == ["r1"]


async def test_a_deleted_channel_cancels_what_runs_there(world) -> None:
    await world.ask()
    await world.client.get_channel(world.channel.id).delete()
    await world.env.settle()
    assert [request for request, _ in world.handler.cancelled] == ["r1"]
    with pytest.raises(DeliveryError):
        await world.handler.reply.show(View("r1", State.CANCELLED, notice="Cancelled."))


async def test_leaving_the_guild_breaks_nothing(world) -> None:
    await world.ask()
    await world.client.get_guild(world.guild.id).leave()
    await world.env.settle()
    with pytest.raises(DeliveryError):
        await world.handler.reply.show(View("r1", State.DONE, text="A dog."))
    assert world.env.errors == []


async def test_an_unfinished_answer_is_found_again_after_a_restart(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, text="word " * 700))
    ref = world.handler.reply.ref
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    reply = await fresh.restore(ref)
    assert reply is not None
    await reply.show(View("r1", State.DONE, text="word " * 700 + "end"))
    first, second = world.answers()
    assert second.content.endswith("end")
    assert first.id == reply.anchor.messages[0]


async def test_the_reference_from_before_the_answer_grew_finds_its_continuations_too(world) -> None:
    await world.ask()
    early = world.handler.reply.ref
    await world.show(View("r1", State.WORKING, text="word " * 700))
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    reply = await fresh.restore(early)
    await reply.show(View("r1", State.DONE, text="short after all"))
    assert [answer.content for answer in world.answers()] == ["short after all"]


async def test_an_answer_whose_message_is_gone_is_not_found_again(world) -> None:
    await world.ask()
    ref = world.handler.reply.ref
    await world.moderator_with_messages().delete(world.answer())
    assert await world.client.restore(ref) is None
    assert await world.client.restore("nonsense") is None


async def test_no_message_of_the_bot_is_ever_longer_than_discord_takes(world) -> None:
    await world.ask()
    text = "```py\n" + "print('😀')\n" * 900 + "```\nand more"
    await world.show(View("r1", State.DONE, text=text, footer="lite"))
    assert len(world.answers()) > 3
    for answer in world.answers():
        assert len(answer.content) <= 2000
        assert answer.content.count("```") % 2 == 0


def test_the_bot_may_mention_nobody_by_default(world) -> None:
    assert world.client.allowed_mentions.to_dict() == discord.AllowedMentions.none().to_dict()
