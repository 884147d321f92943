"""How the bot is spoken to on Slack: mentions, direct messages, threads, the assistant, edits and deletions."""

from __future__ import annotations

from typing import Any

from adapters.base import Exchange, State, View, Wants
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
from tests.integration.adapters.slack.conftest import CLIP, Asked, Launch, ScriptedHandler


def event_of(slack: SlackServer, post: Post) -> str:
    return f"{slack.team.id}/{post.channel.id}/{post.ts}"


def keep(handler: ScriptedHandler, asked: Asked) -> None:
    """The application remembers a request, as it does in its store."""
    what = asked.what
    assert hasattr(what, "text")
    view = View(asked.request, State.WORKING)
    handler.exchanges[asked.request] = Exchange(
        asked.request, what.author, what.text, (), NOON, view, what.place, ref=asked.reply.ref
    )


async def quiet(slack: SlackServer, adapter: Any) -> None:
    """Everything that the app was told is dealt with."""
    await slack.settled()
    await adapter._tasks.drain(5)


async def test_a_mention_with_a_clip_is_a_question_and_the_answer_stands_in_its_thread(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what happens here?", mention=True, files=[CLIP])
    asked = await handler.next()
    assert asked.what.text == "what happens here?"
    assert asked.what.event_id == event_of(slack, post)
    assert asked.what.author.id == ann.id
    assert asked.what.author.name == "Ann"
    assert asked.what.place.thread == post.ts
    assert not asked.what.place.private
    assert [each.name for each in asked.what.attachments] == ["bikes.mp4"]
    await asked.shows("Two people ride past a street café. ")
    await asked.ends("Two people ride past a street café. The end.", footer="lite · 2 s")
    (answer,) = slack.answers(clips)
    assert answer.thread_ts == post.ts
    assert "Two people ride past a street café. The end." in answer.shown


async def test_a_mention_that_comes_as_two_kinds_of_events_is_one_question(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")
    await quiet(slack, adapter)
    assert len(slack.envelopes("message")) >= 1
    assert len(slack.envelopes("app_mention")) == 1
    assert len(handler.messages) == 1
    assert len(slack.answers(clips)) == 1


async def test_a_direct_message_needs_no_mention_and_is_private(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, ann: User
) -> None:
    room = slack.dm(ann)
    post = slack.say(ann, room, "what is &lt;this&gt; about R&D?", files=[CLIP], markup=True)
    asked = await handler.next()
    assert asked.what.place.private
    assert asked.what.text == "what is <this> about R&D?"
    await asked.ends("A *ball*.")
    (answer,) = slack.answers(room)
    assert answer.thread_ts == post.ts


async def test_who_does_not_speak_to_the_bot_is_not_answered(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "look at this", files=[CLIP])
    slack.say(bob, clips, f"<@{ann.id}> nice", thread=post, markup=True)
    await quiet(slack, adapter)
    assert handler.messages == []
    assert slack.answers(clips) == []


async def test_in_a_thread_that_the_bot_is_in_only_those_who_mention_it_are_answered(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "what is it?", mention=True, files=[CLIP])
    await (await handler.next()).ends("A bike.")
    slack.say(bob, clips, "I like bikes", thread=post)
    await quiet(slack, adapter)
    assert len(handler.messages) == 1
    slack.say(bob, clips, "which colour?", mention=True, thread=post)
    asked = await handler.next()
    assert asked.what.place.conversation == handler.messages[0].place.conversation
    assert [(each.name, each.text) for each in asked.what.chain][-1] == ("Bob", "I like bikes")
    await asked.ends("Red.")
    assert [each.thread_ts for each in slack.answers(clips)] == [post.ts, post.ts]


async def test_a_mention_under_somebodys_clip_is_about_that_clip(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "my ride", files=[CLIP])
    slack.say(bob, clips, "what happens here?", mention=True, thread=post)
    asked = await handler.next()
    assert [each.name for each in asked.what.attachments] == ["bikes.mp4"]
    assert [(each.name, each.text, each.event_id) for each in asked.what.chain] == [
        ("Ann", "my ride", event_of(slack, post))
    ]
    await asked.ends("Two people ride.")


async def test_a_thread_from_before_the_bot_was_there_is_read_once(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.world.post(clips, ann, "my ride")
    file = slack.file(ann, *CLIP)
    post.files.append(file)
    await launch()
    for words in ("what happens here?", "and then?"):
        slack.say(bob, clips, words, mention=True, thread=post)
        asked = await handler.next()
        await asked.ends("Two people ride.")
    assert [each.name for each in handler.messages[0].attachments] == ["bikes.mp4"]
    assert len(slack.calls_to("conversations.replies")) == 1


async def test_the_assistant_suggests_what_to_ask_and_names_the_thread(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, ann: User, clips: Channel
) -> None:
    thread = slack.open_assistant(ann, clips)
    room = slack.dm(ann)
    await slack.until(lambda: room.prompts.get(thread), "suggested prompts")
    slack.look_elsewhere(ann, thread, clips)
    slack.say(ann, room, "what happens in this video?", thread=thread, files=[CLIP])
    asked = await handler.next()
    assert asked.what.place.thread == thread
    await asked.shows(status="Watching bikes.mp4 (0:10) …")
    await slack.until(lambda: (thread, "Watching bikes.mp4 (0:10) …") in room.statuses, "a status")
    await asked.ends("Two people ride.")
    assert room.titles[thread] == "what happens in this video?"
    assert room.statuses[-1] == (thread, "")
    assert all(each.thread_ts == thread for each in slack.answers(room)[1:])


async def test_who_may_not_ask_is_told_alone_and_nothing_is_posted(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.refused[Wants.ASK] = "I only answer in *#bots* here."
    for _ in range(2):
        slack.say(ann, clips, "hello", mention=True)
    await slack.until(lambda: slack.whispers(clips, ann), "a private notice")
    await quiet(slack, adapter)
    assert len(slack.whispers(clips, ann)) == 2  # two threads: two places
    assert [each for each in slack.answers(clips) if not each.ephemeral] == []
    assert handler.messages == []


async def test_an_admin_of_the_workspace_and_user_groups_are_known(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, boss: User, ann: User
) -> None:
    group = slack.group("riders", ann)
    slack.say(boss, clips, "hello", mention=True)
    slack.say(ann, clips, "hello", mention=True)
    authors = {asked.what.author.name: asked.what.author for asked in [await handler.next(), await handler.next()]}
    assert authors["Boss"].is_admin
    assert authors["Boss"].is_moderator
    assert not authors["Ann"].is_admin
    assert not authors["Ann"].is_moderator
    assert authors["Ann"].roles == (group.id,)
    for asked in handler.asked:
        await asked.ends("Hi.")


async def test_a_missing_scope_for_user_groups_means_none(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.team.scopes.discard("usergroups:read")
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    assert asked.what.author.roles == ()
    await asked.ends("Hi.")


async def test_whoever_speaks_in_the_moderator_channel_is_a_moderator(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, desk: Any
) -> None:
    from dataclasses import replace

    desk.held = replace(desk.held, moderator_channel=clips.id)
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    assert asked.what.author.is_moderator
    assert not asked.what.author.is_admin
    await asked.ends("Hi.")


async def test_an_edit_within_a_minute_asks_anew_in_the_same_message(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what is it?", mention=True, files=[CLIP])
    first = await handler.next()
    keep(handler, first)
    await first.shows(status="Watching …")
    slack.edit(post, "what colour is it?")
    second = await handler.next()
    assert second.what.text == "what colour is it?"
    assert second.what.replaces == first.what.event_id
    assert second.what.event_id != first.what.event_id
    assert [each.name for each in second.what.attachments] == ["bikes.mp4"]
    await first.ends("A bike.")  # late, and shown nowhere
    await second.ends("Red.")
    (answer,) = slack.answers(clips)
    assert "Red." in answer.shown
    assert "A bike." not in answer.shown


async def test_a_link_preview_and_a_late_edit_ask_nothing(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    slack.unfurl(post)
    old = slack.world.post(clips, ann, f"<@{slack.bot.id}> what?")
    clips.posts.pop(old.ts)
    old.ts = "1500000000.000100"
    clips.posts[old.ts] = old
    slack.edit(old, "what now?")
    await quiet(slack, adapter)
    assert len(handler.messages) == 1
    await asked.ends("A bike.")


async def test_a_deleted_question_takes_its_answer_with_it(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    await asked.shows(status="Thinking …")
    slack.retract(post)
    await slack.until(lambda: not slack.answers(clips), "no answer left")
    await quiet(slack, adapter)
    assert [request for request, _, _ in handler.erased] == [asked.request]
    await asked.ends("A bike.")
    assert slack.answers(clips) == []


async def test_a_finished_answer_goes_with_its_question_too(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    keep(handler, asked)
    await asked.shows("A long story, ")
    await asked.ends("A long story, " + "word " * 5000)
    assert len(slack.answers(clips)) > 1
    slack.retract(post)
    await slack.until(lambda: not slack.answers(clips), "no answer left")
    await quiet(slack, adapter)
    assert [request for request, _, _ in handler.erased] == [asked.request]


async def test_an_answer_that_a_moderator_deletes_is_cancelled(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    (placeholder,) = slack.answers(clips)
    slack.chat.remove(placeholder)
    await quiet(slack, adapter)
    assert [request for request, _ in handler.cancelled] == [asked.request]


async def test_bots_and_the_bot_itself_are_not_listened_to(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    room = slack.dm(ann)
    slack.posted(slack.world.post(room, slack.bot, "an echo"))
    event = {"type": "message", "channel": clips.id, "channel_type": "channel", "ts": "1700000000.000001"}
    text = f"<@{slack.bot.id}> hi"
    slack.event(slack.team, {**event, "subtype": "bot_message", "bot_id": "B1", "text": text})
    slack.event(slack.team, {**event, "subtype": "channel_join", "user": ann.id, "text": text})
    slack.event(slack.team, {**event, "user": ann.id, "bot_id": "B1", "text": text})
    await quiet(slack, adapter)
    assert handler.messages == []


async def test_a_reply_that_is_also_sent_to_the_channel_is_a_question(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "my ride")
    slack.say(ann, clips, "what is it?", mention=True, thread=post, broadcast=True)
    asked = await handler.next()
    assert asked.what.place.thread == post.ts
    await asked.ends("A bike.")


async def test_what_the_application_fails_to_take_is_said_in_the_answer(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.fail = True
    slack.say(ann, clips, "what is it?", mention=True)
    await slack.until(lambda: any("did not work" in each.shown for each in slack.answers(clips)), "an explanation")
    await quiet(slack, adapter)


async def test_a_question_that_is_deleted_while_it_is_taken_leaves_nothing(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    gate = slack.hold("chat.postMessage")
    post = slack.say(ann, clips, "what is it?", mention=True)
    await gate.arrived.wait()
    slack.chat.remove(post)
    await slack.settled()
    gate.open()
    await quiet(slack, adapter)
    assert handler.messages == []
    assert slack.answers(clips) == []


async def test_a_question_that_is_deleted_while_the_application_takes_it_is_erased(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post: list[Post] = []

    async def deleted() -> None:
        slack.retract(post[0])
        await slack.settled()

    handler.meanwhile = deleted
    gate = slack.hold("users.info")
    post.append(slack.say(ann, clips, "what is it?", mention=True))
    gate.open()
    await handler.next()
    await quiet(slack, adapter)
    assert [request for request, _, _ in handler.erased] == ["r1"]
    assert slack.answers(clips) == []


async def test_an_edit_after_a_restart_finds_the_earlier_wording(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    post = slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    keep(handler, asked)
    await asked.ends("A bike.")
    await first.stop()
    second = await launch()
    slack.edit(post, "what colour is it?")
    again = await handler.next()
    assert again.what.replaces == asked.what.event_id
    await again.ends("Red.")
    (answer,) = slack.answers(clips)
    assert "Red." in answer.shown
    keep(handler, again)
    del handler.exchanges[asked.request]
    slack.retract(post)
    await quiet(slack, second)
    assert slack.answers(clips) == []
    assert handler.erased[-1][0] == again.request


async def test_a_streamed_answer_that_a_moderator_deletes_is_cancelled(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "what is it?", mention=True)
    asked = await handler.next()
    await asked.shows("Two people ride. ")
    await slack.until(lambda: len(slack.answers(clips)) == 2, "a stream")
    await asked.reply.settled()
    slack.chat.remove(slack.answers(clips)[1])
    await quiet(slack, adapter)
    assert [request for request, _ in handler.cancelled] == [asked.request]
    await asked.ends("Two people ride. ", state=State.CANCELLED)
    assert len(slack.answers(clips)) == 1
