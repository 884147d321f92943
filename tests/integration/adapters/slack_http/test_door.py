"""HTTP mode: what Slack signed gets in, once, and is answered in time; nothing else does."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack.errors import SlackSetupError
from adapters.slack.http import (
    EVENTS_PATH,
    FORM,
    JSON,
    MAX_BODY,
    PRUNE_S,
    READING_OF_ONE,
    WINDOW_S,
    HttpDoor,
    Signatures,
)
from tests.integration.adapters.slack_http.conftest import SECRET, Clock, Opened, Slack, event, sign


class Bolt:
    """Stands for Bolt: writes down what was handed over, and answers as the test says."""

    def __init__(self) -> None:
        self.taken: list[AsyncBoltRequest] = []
        self.answers: list[BoltResponse | Exception] = []
        self.hold: asyncio.Event | None = None
        self.came = asyncio.Event()

    async def __call__(self, request: AsyncBoltRequest) -> BoltResponse:
        self.taken.append(request)
        self.came.set()
        if self.hold is not None:
            await self.hold.wait()
        answer = self.answers.pop(0) if self.answers else BoltResponse(status=200, body="")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def bolt() -> Bolt:
    return Bolt()


@pytest.fixture
async def slack(bolt: Bolt, opened: Opened) -> AsyncIterator[Slack]:
    async with opened(bolt) as slack:
        yield slack


# --- who gets in ---------------------------------------------------------------------------------------------------


async def test_what_slack_signed_is_handed_over_as_it_came(slack: Slack, bolt: Bolt) -> None:
    assert await slack.send(event()) == (200, "")
    (taken,) = bolt.taken
    assert taken.body == event()
    assert taken.mode == "http"


async def test_slacks_own_example_of_a_signature_is_right() -> None:
    """From https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": signature}
    assert Signatures(SECRET, lambda: 1531420618).take(headers, body.encode())


BODY = json.dumps(event()).encode()
NOW = int(Clock().now)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": str(NOW)},
        {"X-Slack-Signature": sign(BODY, NOW)["X-Slack-Signature"]},
        sign(BODY, NOW, "another secret"),
        sign(BODY, NOW) | {"X-Slack-Request-Timestamp": str(NOW + 1)},
        sign(BODY, NOW) | {"X-Slack-Signature": sign(BODY, NOW)["X-Slack-Signature"].upper()},
        sign(BODY, NOW) | {"X-Slack-Signature": sign(BODY, NOW)["X-Slack-Signature"].replace("v0=", "v1=")},
        sign(BODY, NOW) | {"X-Slack-Signature": sign(BODY, NOW)["X-Slack-Signature"][:-1]},
        sign(BODY, NOW) | {"X-Slack-Signature": "v0=é"},
        sign(BODY, NOW - int(WINDOW_S) - 1),
        sign(BODY, NOW + int(WINDOW_S) + 1),
        sign(BODY, f"{NOW}.5"),
        sign(BODY, f"-{NOW}"),
        sign(BODY, "nan"),
        sign(BODY, "9" * 400),
        sign(BODY, ""),
    ],
)
async def test_what_slack_did_not_sign_just_now_is_refused(slack: Slack, bolt: Bolt, headers: dict[str, str]) -> None:
    status, _ = await slack.post(BODY, {"Content-Type": JSON} | headers)
    assert status == 401
    assert bolt.taken == []


@pytest.mark.parametrize("seconds", [-WINDOW_S, 0, WINDOW_S])
async def test_clocks_may_differ_by_five_minutes_in_both_directions(slack: Slack, bolt: Bolt, seconds: float) -> None:
    status, _ = await slack.post(BODY, {"Content-Type": JSON} | sign(BODY, int(NOW + seconds)))
    assert (status, len(bolt.taken)) == (200, 1)


@pytest.mark.parametrize("place", [0, len(BODY) // 2, len(BODY) - 1])
async def test_one_changed_byte_is_enough_to_be_refused(slack: Slack, bolt: Bolt, place: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    status, _ = await slack.post(changed, {"Content-Type": JSON} | sign(BODY, NOW))
    assert (status, bolt.taken) == (401, [])
    assert (await slack.post(BODY, {"Content-Type": JSON} | sign(BODY, NOW)))[0] == 200


@pytest.mark.parametrize("later", [0, 1, WINDOW_S, 2 * WINDOW_S])
async def test_what_was_taken_is_not_taken_again(slack: Slack, bolt: Bolt, later: float) -> None:
    """Signed as late as may be, and so valid for as long as may be."""
    headers = {"Content-Type": JSON} | sign(BODY, int(NOW + WINDOW_S))
    assert (await slack.post(BODY, headers))[0] == 200
    slack.clock.now += later
    assert (await slack.post(BODY, headers))[0] in (401, 409)
    assert len(bolt.taken) == 1


async def test_of_two_at_the_same_time_one_is_taken(slack: Slack, bolt: Bolt) -> None:
    bolt.hold = asyncio.Event()
    headers = {"Content-Type": JSON} | sign(BODY, NOW)
    first = asyncio.create_task(slack.post(BODY, headers))
    await bolt.came.wait()
    assert (await slack.post(BODY, headers))[0] == 409
    bolt.hold.set()
    assert (await first)[0] == 200
    assert len(bolt.taken) == 1


async def test_signatures_are_remembered_no_longer_than_they_are_valid(clock: Clock) -> None:
    signatures = Signatures(SECRET, clock)
    for _ in range(1000):
        clock.now += 1
        signatures.take(sign(b"{}", int(clock.now)), b"{}")
    assert len(signatures._taken) <= WINDOW_S + PRUNE_S + 1


async def test_too_much_is_refused_whether_its_length_is_said_or_not(slack: Slack, bolt: Bolt) -> None:
    body = b" " * (MAX_BODY + 1)
    headers = {"Content-Type": JSON} | sign(body, NOW)

    async def bit_by_bit() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 65536 + 1):
            yield b" " * 65536

    for data in (io.BytesIO(body), bit_by_bit()):
        async with slack.session.post(slack.door.url + EVENTS_PATH, data=data, headers=headers) as answer:
            assert answer.status == 413
    assert bolt.taken == []


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "multipart/form-data; boundary=x", "application/xml"])
async def test_only_json_and_forms_are_read(slack: Slack, bolt: Bolt, kind: str) -> None:
    assert (await slack.post(BODY, {"Content-Type": kind} | sign(BODY, NOW)))[0] == 415
    assert bolt.taken == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[1]", JSON),
        (b"\xff\xfe", JSON),
        (b"[" * 100_000, JSON),
        (b"payload=%7B", FORM),
        (b"payload=5", FORM),
        (b"\xff", FORM),
        (b'{"type": "event_callback", "event": 5, "team": 7}', JSON),
    ],
)
async def test_signed_nonsense_is_no_accident(slack: Slack, bolt: Bolt, body: bytes, kind: str) -> None:
    status, _ = await slack.post(body, {"Content-Type": kind} | sign(body, NOW))
    assert status in (200, 400)
    if status == 200:  # Bolt may make something of it; the door has not fallen over it
        assert len(bolt.taken) == 1


async def test_without_a_signature_no_body_is_awaited(slack: Slack, bolt: Bolt) -> None:
    host, port = slack.door.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 1000000\r\n\r\n{{"
    writer.write(head.encode())
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


async def test_bodies_that_a_stranger_never_ends_take_no_more_memory_than_a_few(slack: Slack, bolt: Bolt) -> None:
    host, port = slack.door.url.removeprefix("http://").split(":")
    head = f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nX-Slack-Signature: v0=1\r\n"
    lines = [await asyncio.open_connection(host, int(port)) for _ in range(READING_OF_ONE // MAX_BODY + 1)]
    for _, writer in lines:
        writer.write(f"{head}Content-Length: {MAX_BODY}\r\n\r\n{{".encode())
    answers = [asyncio.create_task(reader.readline()) for reader, _ in lines]
    done, waiting = await asyncio.wait(answers, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert [b" 503 " in task.result() for task in done] == [True]
    assert len(waiting) == READING_OF_ONE // MAX_BODY
    for _, writer in lines:
        writer.close()
    await asyncio.wait(waiting)
    async with asyncio.timeout(10):
        while slack.door._reading:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert (await slack.send(event()))[0] == 200


async def test_other_methods_and_addresses_lead_nowhere(slack: Slack, bolt: Bolt) -> None:
    for method, path, status in [("GET", EVENTS_PATH, 405), ("POST", "/", 404), ("GET", "/slack/install", 404)]:
        async with slack.session.request(method, slack.door.url + path) as answer:
            assert answer.status == status
    assert bolt.taken == []


async def test_headers_that_are_orders_to_bolt_do_not_reach_it(slack: Slack, bolt: Bolt) -> None:
    await slack.send(event(), headers={"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "f"})
    assert not bolt.taken[0].lazy_only
    assert bolt.taken[0].lazy_function_name is None


async def test_strangers_cannot_fill_the_log_and_the_operator_learns_of_a_wrong_secret(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "adapters")
    for _ in range(20):
        await slack.post(BODY, {"Content-Type": JSON} | sign(BODY, NOW, "wrong"))
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "slack.signing_secret" in line
    assert SECRET not in caplog.text
    slack.clock.now += 61
    await slack.send({}, signed=False)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 2


# --- what Slack gets for an answer ---------------------------------------------------------------------------------


async def test_slacks_first_question_is_answered_with_its_challenge(slack: Slack, bolt: Bolt) -> None:
    asked = {"type": "url_verification", "challenge": "<b>3eZbrw</b>", "token": "x"}
    async with slack.session.post(
        slack.door.url + EVENTS_PATH,
        data=json.dumps(asked).encode(),
        headers={"Content-Type": JSON} | sign(json.dumps(asked).encode(), NOW),
    ) as answer:
        assert (answer.status, await answer.text()) == (200, "<b>3eZbrw</b>")
        assert answer.content_type == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await slack.send(asked, signed=False))[0] == 401
    assert bolt.taken == []


async def test_slacks_look_at_the_certificate_is_answered_and_leads_to_nothing(slack: Slack, bolt: Bolt) -> None:
    assert await slack.send({"token": "x", "ssl_check": "1"}, signed=False, form=True) == (200, "")
    assert (await slack.send({"ssl_check": "1", "pad": "x" * 2000}, signed=False, form=True))[0] == 401
    assert bolt.taken == []


async def test_commands_and_buttons_come_as_forms_and_get_bolts_answer(slack: Slack, bolt: Bolt) -> None:
    bolt.answers = [BoltResponse(status=200, body={"text": "one moment"}), BoltResponse(status=404, body="")]
    command = {"command": "/generate", "text": "a ball & <b>", "team_id": "T1", "user_id": "U1"}
    status, text = await slack.send(command, form=True)
    assert (status, json.loads(text)) == (200, {"text": "one moment"})
    assert bolt.taken[0].body["text"] == "a ball & <b>"
    pressed = {"payload": json.dumps({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}})}
    assert (await slack.send(pressed, form=True))[0] == 404
    assert bolt.taken[1].body["type"] == "block_actions"


async def test_an_event_that_nobody_listens_to_is_not_sent_again(slack: Slack, bolt: Bolt) -> None:
    bolt.answers = [BoltResponse(status=404, body={"error": "unhandled request"})]
    assert await slack.send(event()) == (200, "")


async def test_what_takes_too_long_goes_on_and_the_event_is_asked_for_again(
    bolt: Bolt, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    bolt.hold = asyncio.Event()
    async with opened(bolt, answer_s=0.01) as slack:
        assert (await slack.send(event()))[0] == 503
        pressed = {"payload": json.dumps({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}})}
        assert await slack.send(pressed, form=True) == (200, "")  # Slack sends these once: no error for the person
        bolt.hold.set()
    assert len(bolt.taken) == 2
    assert caplog.text == ""


async def test_what_fails_is_said_to_slack_and_to_the_log_and_may_come_again_within_the_second(
    slack: Slack, bolt: Bolt, caplog: pytest.LogCaptureFixture
) -> None:
    bolt.answers = [RuntimeError("a bug")]
    assert (await slack.send(event()))[0] == 500
    assert "could not be handled" in caplog.text
    assert (await slack.send(event(), headers={"X-Slack-Retry-Num": "1"}))[0] == 200
    assert len(bolt.taken) == 2


async def test_retries_at_once_after_a_minute_and_after_five_are_not_thrown_away(slack: Slack, bolt: Bolt) -> None:
    """Each may be the only one that gets through; the event's id, not the door, says that they are the same."""
    start = slack.clock.now
    assert (await slack.send(event()))[0] == 200
    for number, seconds in enumerate([3, 63, 363], 1):
        slack.clock.now = start + seconds
        headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"}
        assert (await slack.send(event(), headers=headers))[0] == 200
    assert [taken.headers.get("x-slack-retry-num") for taken in bolt.taken] == [None, ["1"], ["2"], ["3"]]
    assert {taken.body["event_id"] for taken in bolt.taken} == {"Ev1.1"}


async def test_a_bolt_app_behind_it_hears_events_and_answers_commands(opened: Opened) -> None:
    heard: list[str] = []

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_id="B1", bot_token="xoxb-1")

    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    spoken = asyncio.Event()

    async def mention(event: dict[str, Any]) -> None:
        heard.append(event["ts"])
        spoken.set()

    async def generate(ack: Any, command: dict[str, Any]) -> None:
        heard.append(command["text"])
        await ack()

    app.event("app_mention")(mention)
    app.command("/generate")(generate)
    async with opened(app.async_dispatch) as slack:
        assert (await slack.send(event()))[0] == 200
        await asyncio.wait_for(spoken.wait(), 5)
        command = {"command": "/generate", "text": "a ball", "team_id": "T1", "user_id": "U2", "channel_id": "C1"}
        assert (await slack.send(command, form=True))[0] == 200
        assert (await slack.send(event("2.2", type="reaction_added")))[0] == 200  # nobody listens
    assert heard == ["1.1", "a ball"]


# --- the server ----------------------------------------------------------------------------------------------------


async def test_what_is_under_way_is_answered_before_the_server_is_gone(bolt: Bolt, clock: Clock) -> None:
    bolt.hold = asyncio.Event()
    door = HttpDoor(host="127.0.0.1", port=0, signing_secret=SECRET, clock=clock)
    await door.start(bolt)
    async with aiohttp.ClientSession() as session:
        slack = Slack(door, clock, session)
        sending = asyncio.create_task(slack.send(event()))
        await bolt.came.wait()
        stopping = asyncio.create_task(door.stop())
        await asyncio.sleep(0)
        bolt.hold.set()
        assert (await sending)[0] == 200
        await stopping
        with pytest.raises(aiohttp.ClientConnectionError):
            await slack.send(event("2.2"))
    await door.stop()


async def test_a_taken_port_is_said_with_the_setting_to_change(bolt: Bolt, slack: Slack) -> None:
    port = int(slack.door.url.rpartition(":")[2])
    second = HttpDoor(host="127.0.0.1", port=port, signing_secret=SECRET)
    with pytest.raises(SlackSetupError, match=r"slack\.port"):
        await second.start(bolt)


async def test_without_a_secret_nothing_opens() -> None:
    with pytest.raises(SlackSetupError, match="GPT4VIDEO_SLACK__SIGNING_SECRET"):
        HttpDoor(host="127.0.0.1", port=0, signing_secret=" ")


async def test_the_door_says_that_it_is_open(slack: Slack) -> None:
    async with slack.session.get(slack.door.url + "/healthz") as answer:
        assert await answer.json() == {"ok": True}
    assert SECRET not in repr(slack.door)
