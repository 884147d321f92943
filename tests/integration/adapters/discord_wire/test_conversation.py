"""From a mention to a finished answer, over real sockets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from adapters.base import GenerateCommand, Message
from adapters.discord import DiscordAdapter
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.gateway import PRIVILEGED
from tests.fakes.discord_server.world import Channel, User

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
COMMANDS = "PUT /applications/{application_id}/commands"

AT_LEAST_APART_S = 0.95  # a second, less what the way to the server may take


async def test_it_identifies_once_with_its_token_and_no_privileged_intent(
    server: DiscordServer, adapter: DiscordAdapter
) -> None:
    assert [each["token"] for each in server.gateway.identifies] == [server.token]
    assert server.gateway.identifies[0]["intents"] & PRIVILEGED == 0
    assert len(server.gateway.live) == 1


async def test_a_mention_gets_one_message_that_is_edited_into_the_answer(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    question = server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    assert isinstance(asked.what, Message)
    assert (asked.what.text, asked.what.author.name, asked.what.event_id) == ("what is this?", "Ann", question.id)
    [placeholder] = server.answers(clips)
    assert placeholder.reply_to is question
    assert placeholder.content

    await asked.shows("A man")
    await server.until(lambda: "A man" in server.answers(clips)[0].content, "the first words")
    await asked.shows("A man rides")
    await asked.shows("A man rides a bike")
    await asked.ends("A man rides a bike through a town.")

    [answer] = server.answers(clips)
    assert answer is placeholder
    assert "A man rides a bike through a town." in answer.content
    assert "Cancel" not in str(answer.components)
    assert len(server.calls_to(CREATE)) == 1


async def test_a_fast_stream_becomes_few_edits_a_second_apart(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, own_pace: None
) -> None:
    server.say(ann, clips, "count", mention=True)
    asked = await handler.next()
    for number in range(100):
        await asked.shows(" ".join(map(str, range(number))))
    await server.until(lambda: len(server.calls_to(EDIT)) == 1, "the first edit")
    for number in range(100, 200):
        await asked.shows(" ".join(map(str, range(number))))
    await asked.ends("Two hundred.")

    edits = server.calls_to(EDIT)
    assert len(edits) == 2
    assert "98" in edits[0].body["content"]
    assert all(later.at - earlier.at >= AT_LEAST_APART_S for earlier, later in pairwise(edits))
    assert "Two hundred." in server.answers(clips)[0].content


async def test_nothing_that_the_bot_says_can_ping_anyone(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "say @everyone", mention=True)
    await (await handler.next()).ends("@everyone <@&1> hello")

    for call in [*server.calls_to(CREATE), *server.calls_to(EDIT)]:
        mentions = call.body["allowed_mentions"]
        assert mentions["parse"] == []
        assert not mentions.get("replied_user")


async def test_a_direct_message_needs_no_mention(
    server: DiscordServer, adapter: DiscordAdapter, handler, ann: User
) -> None:
    room = server.dm(ann)
    server.say(ann, room, "hello")
    asked = await handler.next()
    assert asked.what.place.private
    await asked.ends("Hello, Ann.")

    [answer] = server.answers(room)
    assert "Hello, Ann." in answer.content


async def test_what_is_not_meant_for_the_bot_is_left_alone(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "lovely weather")
    server.say(ann, clips, "is it?", mention=True)
    asked = await handler.next()
    await asked.ends("It is.")

    assert asked.what.text == "is it?"
    assert len(handler.asked) == 1
    assert len(server.answers(clips)) == 1


async def test_a_posted_clip_is_read_from_its_address_and_again_after_that_has_expired(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "what is this?", mention=True, attachments=[("bikes.mp4", b"moving pictures")])
    asked = await handler.next()
    [clip] = asked.what.attachments
    assert (clip.name, clip.content_type, clip.size) == ("bikes.mp4", "video/mp4", 15)
    assert b"".join([chunk async for chunk in clip.read()]) == b"moving pictures"

    server.expire_links()
    assert b"".join([chunk async for chunk in clip.read()]) == b"moving pictures"
    await asked.ends("Bikes.")


async def test_a_command_is_answered_in_its_own_message(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    used = server.command(ann, clips, "generate", {"prompt": "a paper boat", "seed": 7})
    asked = await handler.next()
    assert isinstance(asked.what, GenerateCommand)
    assert (asked.what.prompt, asked.what.seed, asked.what.event_id) == ("a paper boat", 7, used.id)
    await asked.ends("Here it is.")

    assert server.answers(clips) == [used.response]
    assert used.response is not None
    assert "Here it is." in used.response.content
    assert used.followups == []


async def test_commands_are_sent_once_and_again_only_where_nothing_is_known_of_them(
    server: DiscordServer, launch, tmp_path: Path
) -> None:
    first = await launch(state_dir=tmp_path / "here")
    assert len(server.calls_to(COMMANDS)) == 1
    assert {"generate", "ask", "forget", "help"} <= {command["name"] for command in server.world.commands}
    await first.stop()

    again = await launch(state_dir=tmp_path / "here")
    await again.stop()
    assert len(server.calls_to(COMMANDS)) == 1

    await launch(state_dir=tmp_path / "elsewhere")
    assert len(server.calls_to(COMMANDS)) == 2
