"""How the bot is spoken to on Slack: mentions, direct messages, threads, the assistant, edits and deletions."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import CLIP, ScriptedHandler


async def test_a_mention_with_a_clip_is_a_question_and_the_answer_stands_in_its_thread(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "what happens here?", mention=True, files=[CLIP])
    asked = await handler.next()
    assert asked.what.text == "what happens here?"
    assert asked.what.event_id == f"{slack.team.id}/{clips.id}/{post.ts}"
    assert [each.name for each in asked.what.attachments] == ["bikes.mp4"]
    await asked.shows("Two people ride past a street café. ")
    await asked.ends("Two people ride past a street café. The end.", footer="lite · 2 s")
    (answer,) = slack.answers(clips)
    assert answer.thread_ts == post.ts
    assert "Two people ride past a street café. The end." in answer.shown
