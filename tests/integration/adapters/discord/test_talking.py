"""Somebody talks to the bot: mentions, replies, forwards, direct messages; and everything that is not for it."""

from __future__ import annotations

import discord
import pytest

from adapters.base import State, View

CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")


async def test_a_mention_with_a_clip_becomes_a_question_without_the_mention(world) -> None:
    sent = await world.ask(attachments=[CLIP])
    asked = world.handler.message_
    assert asked.event_id == str(sent.id)
    assert asked.text == "what happens here?"
    assert asked.author.id == str(world.ann.id)
    assert not asked.author.is_admin
    assert [(item.name, item.content_type, item.size) for item in asked.attachments] == [
        ("bikes.mp4", "video/mp4", len(CLIP[1]))
    ]
    assert (asked.place.platform, asked.place.community, asked.place.channel, asked.place.thread) == (
        "discord",
        str(world.guild.id),
        str(world.channel.id),
        "",
    )
    assert asked.place.upload_limit == 10 * 1024 * 1024
    assert not asked.place.private


async def test_the_placeholder_is_a_reply_that_pings_nobody_and_cannot_double(world) -> None:
    sent = await world.ask()
    answer = world.answer()
    assert answer.content == "One moment …"
    assert answer.reference.message_id == sent.id
    (body,) = [entry.json for entry in world.env.http_requests if entry.path.endswith("/messages")]
    assert body["nonce"] == str(sent.id)
    assert body["enforce_nonce"] is True
    assert body["allowed_mentions"] == {"parse": [], "replied_user": False}


async def test_text_only_is_a_question_too(world) -> None:
    await world.ask("hello there")
    assert world.handler.message_.text == "hello there"
    assert world.handler.message_.attachments == ()


async def test_other_files_than_clips_are_ignored(world) -> None:
    await world.ask(attachments=[("notes.txt", b"x"), ("a.gif", b"GIF89a"), ("b.png", b"x"), ("c.svg", b"<svg/>")])
    assert [item.name for item in world.handler.message_.attachments] == ["a.gif", "b.png"]


async def test_a_link_to_discords_own_files_is_a_clip_and_any_other_link_is_text(world) -> None:
    own = "https://cdn.discordapp.com/attachments/1/2/dog.mp4?ex=1&is=2&hm=3"
    await world.ask(f"and this {own} and https://evil.example/cat.mp4")
    asked = world.handler.message_
    assert [item.name for item in asked.attachments] == ["dog.mp4"]
    assert "https://evil.example/cat.mp4" in asked.text
    assert own not in asked.text


@pytest.mark.message_content
async def test_with_the_message_content_intent_a_reply_to_somebodys_clip_brings_that_clip(world) -> None:
    bob = world.member("bob")
    clip = await bob.send(world.channel, "look", attachments=[CLIP])
    await world.ask(reply_to=clip)
    assert [item.name for item in world.handler.message_.attachments] == ["bikes.mp4"]


async def test_a_reply_to_a_clip_that_was_posted_for_the_bot_brings_that_clip(world) -> None:
    bob = world.member("bob")
    clip = await bob.send(world.channel, f"look, {world.at_bot}", attachments=[CLIP])
    await world.ask(reply_to=clip)
    assert [item.name for item in world.handler.messages[-1].attachments] == ["bikes.mp4"]


async def test_a_reply_to_a_message_that_discord_hides_says_how_to_ask_instead(world) -> None:
    bob = world.member("bob")
    clip = await bob.send(world.channel, "look", attachments=[CLIP])
    await world.ask(reply_to=clip)
    assert world.handler.messages == []
    assert "Ask about this video" in world.answer().content


async def test_a_reply_that_pings_the_bot_needs_no_written_mention(world) -> None:
    await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    await world.ann.send(world.channel, "which breed?", reply_to=world.answer())
    assert [asked.text for asked in world.handler.messages] == ["first", "which breed?"]


async def test_a_forwarded_clip_in_a_direct_message_is_a_question(world) -> None:
    clip = await world.ann.send(world.channel, "look", attachments=[CLIP])
    await world.ann.send_dm("hello")
    room = world.ann.user.dm_channel
    await world.ann.forward(clip, room)
    assert [item.name for item in world.handler.messages[-1].attachments] == ["bikes.mp4"]


async def test_a_direct_message_needs_no_mention(world) -> None:
    await world.ann.send_dm("hello")
    files = world.env.backend.store_attachments(world.ann.user.dm_channel.id, [CLIP])
    await world.ann.send_dm("what is this?", attachments=files)
    asked = world.handler.messages[-1]
    assert asked.text == "what is this?"
    assert asked.place.community == "dm"
    assert asked.place.private
    assert len(asked.attachments) == 1


async def test_a_thread_is_a_place_of_its_own_within_its_channel(world) -> None:
    start = await world.ann.send(world.channel, "thread here")
    data = world.client.get_channel(world.channel.id)
    thread = await data.create_thread(name="riders", message=discord.Object(start.id))
    handle = next(item for item in world.channel.threads if item.id == thread.id)
    await world.ann.send(handle, f"{world.at_bot} hello")
    place = world.handler.message_.place
    assert (place.channel, place.thread) == (str(world.channel.id), str(thread.id))


async def test_who_may_manage_the_guild_is_an_admin_here(world) -> None:
    mod = world.moderator()
    await mod.send(world.channel, f"{world.at_bot} hello")
    assert world.handler.message_.author.is_admin


async def test_the_mention_of_somebody_else_becomes_a_name(world) -> None:
    bob = world.member("bob")
    await world.ask(f"is this {bob.mention}?")
    assert world.handler.message_.text == "is this @bob?"


async def test_talk_between_others_is_none_of_its_business(world) -> None:
    await world.ann.send(world.channel, "what a day", attachments=[CLIP])
    await world.ann.send(world.channel, "@everyone look")
    assert world.handler.messages == []
    assert world.answers() == []


async def test_other_bots_and_webhooks_are_not_answered(world) -> None:
    other = world.guild.add_member(world.env.create_user("otherbot", bot=True))
    await other.send(world.channel, f"{world.at_bot} hello")
    hook = world.guild.create_webhook(world.channel)
    await hook.send(f"{world.at_bot} hello")
    assert world.handler.messages == []


async def test_the_same_event_twice_is_one_question(world) -> None:
    sent = await world.ask()
    await world.client.on_message(sent)
    assert len(world.handler.messages) == 1
    assert len(world.answers()) == 1


async def test_an_application_that_breaks_is_a_sentence_in_the_place_of_the_answer(world) -> None:
    world.handler.fail = True
    await world.ask()
    assert world.answer().content == "This one did not work. I wrote you why."


async def test_no_privileged_intent_is_asked_for(world) -> None:
    wanted = world.client.intents
    assert {name for name, on in wanted if on} == {"guilds", "guild_messages", "dm_messages"}
