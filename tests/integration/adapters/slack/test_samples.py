"""Slack's own sample payloads: the Slack of our tests speaks as they do, and the adapter understands them."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.fakes.slack_samples import filled, names, sample, unknown
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.delivery import Envelope
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import CLIP, ScriptedHandler

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
    slack.subscribed.add("file_shared")
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


# --- what the adapter makes of the samples ----------------------------------------------------------------------------


class Sender:
    """Sends samples with the ids of our workspace in them."""

    def __init__(self, slack: SlackServer, user: User, channel: Channel) -> None:
        self.slack, self.user, self.channel = slack, user, channel

    def given(self, **more: Any) -> dict[str, Any]:
        ts = self.slack.world.new_ts()
        return {
            "token": "verification-token",
            "team_id": self.slack.team.id,
            "api_app_id": self.slack.team.app_id,
            "event_id": self.slack.world.new_id("Ev"),
            "user": self.user.id,
            "channel": self.channel.id,
            "channel_type": self.channel.kind,
            "ts": ts,
            "event_ts": ts,
            "action_id": "unheard-of",
            **more,
        }

    def event(self, name: str, **more: Any) -> Envelope:
        """An event of the samples; what is not given is left out, as Slack leaves out what does not apply."""
        payload = filled(sample(f"events/{name}"), self.given(**more))
        payload["type"] = "event_callback"
        # An app that only knows about itself: a sample names every kind of author at once.
        payload["event"].pop("bot_profile", None)
        if "files" in payload["event"]:
            payload["event"]["files"] = [self.file(each) for each in payload["event"]["files"]]
        return self.slack.delivery.hand_over("events_api", payload)

    def file(self, shown: dict[str, Any]) -> dict[str, Any]:
        file = self.slack.file(self.user, *CLIP)
        whole = {"url_private": "", **shown, "id": file.id, "name": file.name, "mimetype": file.mimetype}
        url = f"{self.slack.url}/files-pri/{self.slack.team.id}-{file.id}/download/{file.name}"
        return {**whole, "url_private": url, "url_private_download": url, "size": len(file.data), "mode": "hosted"}

    def interaction(self, name: str, **more: Any) -> Envelope:
        payload = filled(sample(f"app-backend/{name}"), self.given(trigger_id=self.slack.dialogs.trigger(self.user)))
        people = {"user": {"id": self.user.id, "name": "ann", "team_id": self.slack.team.id}}
        where = {"team": {"id": self.slack.team.id}, "channel": {"id": self.channel.id, "name": self.channel.name}}
        return self.slack.delivery.hand_over("interactive", {**payload, **people, **where, **more})


@pytest.fixture
def sender(slack: SlackServer, adapter: object, ann: User, clips: Channel) -> Sender:
    return Sender(slack, ann, clips)


NO_WORKSPACE = "AuthorizeResult"  # in Bolt's words for a payload without a team


def troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    return [each for each in said if NO_WORKSPACE not in each]


@pytest.mark.parametrize("name", names("events"))
async def test_every_event_of_the_samples_is_understood_or_left_alone(
    slack: SlackServer, adapter: object, sender: Sender, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    empty = slack.delivery.hand_over("events_api", {**sample(f"events/{name}"), "type": "event_callback"})
    await empty.acknowledged()
    await sender.event(name).acknowledged()
    await adapter.stop()  # type: ignore[attr-defined]
    assert troubles(caplog) == []


@pytest.mark.parametrize("part", ["interactive-components", "views", "dialogs"])
async def test_every_interaction_of_the_samples_is_understood_or_left_alone(
    slack: SlackServer, adapter: object, sender: Sender, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name in names(f"app-backend/{part}"):
        await sender.interaction(f"{part}/{name}").acknowledged()
    await adapter.stop()  # type: ignore[attr-defined]
    assert troubles(caplog) == []


async def test_the_sample_of_a_mention_is_a_question(
    slack: SlackServer, sender: Sender, handler: ScriptedHandler, ann: User, clips: Channel
) -> None:
    sender.event("AppMentionPayload", text=f"<@{slack.bot.id}> what happens here?")
    asked = await handler.next()
    question = handler.messages[0]
    assert (question.text, question.author.id) == ("what happens here?", ann.id)
    assert (question.place.community, question.place.channel) == (slack.team.id, clips.id)
    await asked.ends("a dog")


async def test_the_sample_of_a_shared_file_is_a_question_with_a_clip(
    slack: SlackServer, sender: Sender, handler: ScriptedHandler, ann: User
) -> None:
    sender.channel = slack.dm(ann)
    sender.event("MessageFileSharePayload", text="what happens here?")
    asked = await handler.next()
    (clip,) = handler.messages[0].attachments
    assert clip.name == CLIP[0]
    assert b"".join([part async for part in clip.read()]) == CLIP[1]
    await asked.ends("a dog")


@pytest.mark.parametrize(
    "name",
    [
        "MessageBotPayload",
        "MessageChannelJoinPayload",
        "MessageChannelTopicPayload",
        "MessageMePayload",
        "MessagePayload",
        "MessageRepliedPayload",
    ],
)
async def test_samples_of_what_nobody_asked_the_bot_are_no_questions(
    slack: SlackServer, adapter: object, sender: Sender, handler: ScriptedHandler, name: str
) -> None:
    await sender.event(name, text="nice weather", bot_id=slack.world.new_id("B")).acknowledged()
    await adapter.stop()  # type: ignore[attr-defined]
    assert handler.messages == []


@pytest.mark.parametrize("name", ["AppUninstalledPayload", "TokensRevokedPayload"])
async def test_the_samples_of_a_farewell_purge_the_workspace(
    slack: SlackServer, sender: Sender, handler: ScriptedHandler, name: str
) -> None:
    slack.team.installed = False
    sender.event(name, bot=[slack.bot.id])
    await handler.goodbye.wait()
    assert handler.left == [("slack", slack.team.id)]


async def test_the_sample_of_an_opened_home_shows_the_home(slack: SlackServer, sender: Sender, ann: User) -> None:
    sender.event("AppHomeOpenedPayload", tab="home")
    await slack.until(lambda: slack.home(ann), "Ann's home")


async def test_the_sample_of_a_command_is_a_wish(
    slack: SlackServer, adapter: object, handler: ScriptedHandler, ann: User, clips: Channel
) -> None:
    payload = filled(
        sample("app-backend/slash-commands/SlashCommandPayload"),
        {
            "team_id": slack.team.id,
            "channel_id": clips.id,
            "user_id": ann.id,
            "command": "/generate",
            "text": "a red ball",
            "trigger_id": slack.dialogs.trigger(ann),
        },
    )
    slack.delivery.hand_over("slash_commands", payload)
    asked = await handler.next()
    assert handler.commands[0].prompt == "a red ball"
    await asked.ends("done")


async def test_the_sample_of_a_button_cancels(
    slack: SlackServer, adapter: object, sender: Sender, handler: ScriptedHandler, ann: User, clips: Channel
) -> None:
    slack.say(ann, clips, "what happens here?", mention=True)
    asked = await handler.next()
    await asked.shows("a d")
    (answer,) = await slack.until(lambda: slack.answers(clips), "an answer")
    action = {"type": "button", "action_id": "g4v:cancel", "value": asked.request, "block_id": "b"}
    sender.interaction(
        "interactive-components/BlockActionPayload",
        type="block_actions",
        actions=[action],
        container={"type": "message", "message_ts": answer.ts, "channel_id": clips.id},
    )
    await slack.until(lambda: handler.cancelled, "a cancellation")
    assert [(request, who.id) for request, who in handler.cancelled] == [(asked.request, ann.id)]
    await asked.ends("done")


async def test_the_sample_of_a_message_shortcut_opens_a_dialog(
    slack: SlackServer, sender: Sender, ann: User, clips: Channel
) -> None:
    post = slack.say(ann, clips, "look", files=[CLIP])
    sender.interaction(
        "interactive-components/MessageShortcutPayload",
        callback_id="g4v:ask-about",
        message_ts=post.ts,
        message={"type": "message", "user": ann.id, "ts": post.ts, "text": "look", "files": [sender.file({})]},
    )
    await slack.until(lambda: slack.modal(ann), "a dialog")
