"""The Slack of our tests behaves as the documents say that Slack does, seen through Slack's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        yield slack


@pytest.fixture
def ann(slack: SlackServer) -> User:
    return slack.user("Ann")


@pytest.fixture
def clips(slack: SlackServer, ann: User) -> Channel:
    return slack.channel("clips")


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(slack.bot_token, slack.base_url, session=session, retry_handlers=[])


async def error(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_stream_grows_until_it_is_stopped_and_never_after(
    slack: SlackServer, client: AsyncWebClient, ann: User, clips: Channel
) -> None:
    root = slack.say(ann, clips, "tell me")
    where: dict[str, Any] = {"channel": clips.id, "thread_ts": root.ts}
    assert await error(client.chat_startStream(**where)) == "missing_recipient_user_id"
    whom = {"recipient_user_id": ann.id, "recipient_team_id": slack.team.id}
    ts = (await client.chat_startStream(**where, **whom, markdown_text="one"))["ts"]
    await client.chat_appendStream(channel=clips.id, ts=ts, markdown_text=" two")
    assert await error(client.chat_update(channel=clips.id, ts=ts, text="x")) == "streaming_state_conflict"
    await client.chat_stopStream(channel=clips.id, ts=ts, markdown_text=" three")
    assert clips.posts[ts].text == "one two three"
    late = client.chat_appendStream(channel=clips.id, ts=ts, markdown_text=" four")
    assert await error(late) == "message_not_in_streaming_state"
    assert [each.partition(":")[0] for each in slack.violations] == [
        "chat.startStream",
        "chat.update",
        "chat.appendStream",
    ]


async def test_streaming_can_be_absent(slack: SlackServer, client: AsyncWebClient, clips: Channel) -> None:
    slack.switch_off("chat.startStream")
    assert await error(client.chat_startStream(channel=clips.id, thread_ts="1.1")) == "unknown_method"


async def test_an_uploaded_file_is_seen_later_than_its_upload_is_answered(
    slack: SlackServer, client: AsyncWebClient, clips: Channel
) -> None:
    slack.uploads.delayed = True
    await client.files_upload_v2(channel=clips.id, filename="a.mp4", content=b"video")
    assert slack.answers(clips) == []
    slack.uploads.publish()
    (post,) = slack.answers(clips)
    assert [(file.name, file.data) for file in post.files] == [("a.mp4", b"video")]


async def test_a_file_is_read_with_the_token_and_else_there_is_a_page_to_sign_in(
    slack: SlackServer, ann: User, clips: Channel
) -> None:
    slack.say(ann, clips, "look", files=[("a.mp4", b"video")])
    (file,) = slack.envelopes("message")[0].payload["event"]["files"]
    async with aiohttp.ClientSession() as session:

        async def get(token: str) -> tuple[str, bytes]:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(file["url_private_download"], headers=headers) as response:
                return response.content_type, await response.read()

        assert await get(slack.bot_token) == ("video/mp4", b"video")
        assert (await get("wrong"))[0] == "text/html"
        slack.team.scopes.discard("files:read")
        assert (await get(slack.bot_token))[0] == "text/html"


async def test_what_a_lost_socket_has_not_acknowledged_comes_over_the_next_one(
    slack: SlackServer, client: AsyncWebClient, ann: User, clips: Channel
) -> None:
    async with aiohttp.ClientSession() as session:

        async def connect() -> aiohttp.ClientWebSocketResponse:
            url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
            socket = await session.ws_connect(url)
            assert (await socket.receive_json())["type"] == "hello"
            return socket

        first = await connect()
        slack.say(ann, clips, "hello")
        lost = await first.receive_json()
        await first.close()
        second = await connect()
        again = await second.receive_json()
        assert (again["envelope_id"], again["retry_attempt"]) == (lost["envelope_id"], 1)
        await second.send_json({"envelope_id": again["envelope_id"]})
        await slack.settled()
        await second.close()


async def test_a_trigger_opens_one_view_and_a_view_takes_three_in_a_stack(
    slack: SlackServer, client: AsyncWebClient, ann: User
) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [{"type": "divider"}]}
    trigger = slack.dialogs.trigger(ann)
    await client.views_open(trigger_id=trigger, view=view)
    assert await error(client.views_open(trigger_id=trigger, view=view)) == "exchanged_trigger_id"
    for _ in range(2):
        await client.views_push(trigger_id=slack.dialogs.trigger(ann), view=view)
    assert await error(client.views_push(trigger_id=slack.dialogs.trigger(ann), view=view)) == "push_limit_reached"
    top = slack.modal(ann)
    assert top is not None
    stale = client.views_update(view_id=top.id, hash="old", view=view)
    assert await error(stale) == "hash_conflict"


async def test_faults_come_as_a_test_orders_them(slack: SlackServer, client: AsyncWebClient, clips: Channel) -> None:
    slack.fail_next("chat.postMessage", "ratelimited", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=clips.id, text="one")
    assert caught.value.response.headers["Retry-After"] == "7"
    slack.fail_next("chat.postMessage", applied=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=clips.id, text="two")
    await client.chat_postMessage(channel=clips.id, text="three")
    assert [post.text for post in slack.answers(clips)] == ["two", "three"]


async def test_a_command_and_a_form_come_signed_over_http(slack: SlackServer, ann: User, clips: Channel) -> None:
    from tests.fakes.slack_server.delivery import encode, sign

    envelope = slack.command(ann, clips, "/generate", "a boat & a ball")
    body, kind = encode(envelope)
    assert kind == "application/x-www-form-urlencoded"
    assert b"text=a+boat+%26+a+ball" in body
    assert sign("secret", "1", body) == sign("secret", "1", body) != sign("secret", "2", body)
    shortcut, _ = encode(slack.shortcut(ann, "make"))
    assert shortcut.startswith(b"payload=")
    event = slack.open_home(ann)
    assert event is not None
    assert json.loads(encode(event)[0])["event"]["type"] == "app_home_opened"
