"""Slack's own sample payloads: the Slack of our tests speaks as they do, and the adapter understands them."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.fakes.slack_samples import sample, unknown
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import CLIP

ELEMENT = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go", "value": "1"}
BUTTONS = [{"type": "actions", "block_id": "row", "elements": [ELEMENT]}]
# What newer Slack sends and these samples do not have yet.
NEWER = ("context_team_id", "app_installed_team_id", "has_rich_preview", "file_access", "return_im")


def told(slack: SlackServer, what: str) -> dict[str, Any]:
    return slack.envelopes(what)[-1].payload


def news(shown: object, known: object) -> list[str]:
    return [each for each in unknown(shown, known) if not each.endswith(NEWER)]


async def test_the_events_of_our_slack_have_no_field_that_slack_does_not_send(
    slack: SlackServer, ann: User, clips: Channel
) -> None:
    post = slack.say(ann, clips, "look", mention=True)
    assert news(told(slack, "app_mention"), sample("events/AppMentionPayload")) == []
    assert news(told(slack, "message"), sample("events/MessagePayload")) == []
    slack.say(ann, clips, "a clip", files=[CLIP], thread=post)
    assert news(told(slack, "message"), sample("events/MessageFileSharePayload")) == []
    assert news(told(slack, "file_shared"), sample("events/FileSharedPayload")) == []
    slack.edit(post, "look here")
    assert news(told(slack, "message"), sample("events/MessageChangedPayload")) == []
    slack.retract(slack.say(ann, clips, "never mind", thread=post))
    assert news(told(slack, "message"), sample("events/MessageDeletedPayload")) == []
    slack.open_home(ann)
    assert news(told(slack, "app_home_opened"), sample("events/AppHomeOpenedPayload")) == []
    slack.uninstall(slack.team)
    assert news(told(slack, "app_uninstalled"), sample("events/AppUninstalledPayload")) == []
    assert news(told(slack, "tokens_revoked"), sample("events/TokensRevokedPayload")) == []


async def test_the_interactions_of_our_slack_have_no_field_that_slack_does_not_send(
    slack: SlackServer, ann: User, clips: Channel
) -> None:
    slack.command(ann, clips, "/generate", "a boat")
    assert news(told(slack, "/generate"), sample("app-backend/slash-commands/SlashCommandPayload")) == []
    post = slack.world.post(clips, slack.bot, "press", blocks=BUTTONS)
    slack.press(ann, post, "go")
    assert news(told(slack, "block_actions"), sample("app-backend/interactive-components/BlockActionPayload")) == []
    slack.shortcut(ann, "ask", post)
    shown = sample("app-backend/interactive-components/MessageShortcutPayload")
    # The sample is older than `api_app_id` and `username`, which Bolt needs and Slack sends.
    assert set(news(told(slack, "message_action"), shown)) <= {".api_app_id", ".user.username"}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("auth.test", {}),
        ("users.info", {"user": "ann"}),
        ("conversations.info", {"channel": "clips"}),
        ("chat.postMessage", {"channel": "clips", "text": "x"}),
        ("chat.postEphemeral", {"channel": "clips", "text": "x", "user": "ann"}),
        ("chat.update", {"channel": "clips", "text": "y", "ts": "own"}),
        ("chat.delete", {"channel": "clips", "ts": "own"}),
        ("conversations.history", {"channel": "clips"}),
        ("conversations.replies", {"channel": "clips", "ts": "own"}),
        ("reactions.add", {"channel": "clips", "timestamp": "own", "name": "eyes"}),
        ("files.info", {"file": "clip"}),
        ("files.getUploadURLExternal", {"filename": "a.mp4", "length": "3"}),
        ("chat.startStream", {"channel": "clips", "thread_ts": "own", "recipient_user_id": "ann"}),
        ("assistant.threads.setStatus", {"channel_id": "dm", "thread_ts": "own", "status": "thinking"}),
    ],
)
async def test_the_answers_of_our_slack_have_no_field_that_slack_does_not_send(
    slack: SlackServer, ann: User, clips: Channel, method: str, arguments: dict[str, str]
) -> None:
    known = sample(f"api/{method}")
    own = slack.world.post(clips, slack.bot, "mine")
    file = slack.file(ann, *CLIP)
    ids = {"ann": ann.id, "clips": clips.id, "own": own.ts, "clip": file.id, "dm": slack.dm(ann).id}
    sent = {key: ids.get(value, value) for key, value in arguments.items()} | {"recipient_team_id": slack.team.id}
    token = {"Authorization": f"Bearer {slack.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=token) as session,
        session.post(slack.base_url + method, data=sent) as response,
    ):
        answer = await response.json()
    assert answer["ok"], answer
    assert news(answer, known) == []
