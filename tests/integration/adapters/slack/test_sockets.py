"""Sockets that Slack does not want: they are closed first, asked for again with growing pauses, and never pile up."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from adapters.slack import adapter as adapter_module
from adapters.slack import sockets as module
from adapters.slack.errors import AppTokenRefused, SocketModeOff, TokenRefused, TooManySockets
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import Launch, ScriptedHandler

REASONS = ("too_many_websockets", "link_disabled", "something_new")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited before each try; nothing is really waited for."""
    waited: list[float] = []
    real = asyncio.sleep

    class Quick:
        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)
            await real(0)

    monkeypatch.setattr(module, "asyncio", Quick())
    return waited


@pytest.mark.parametrize("reason", REASONS)
async def test_sockets_that_slack_turns_away_are_asked_for_with_growing_pauses(
    slack: SlackServer, launch: Launch, clips: Channel, pauses: list[float], reason: str
) -> None:
    await launch(sockets=1)
    slack.delivery.turned_away.extend([reason] * 9)
    await slack.refresh(reason)
    await slack.until(lambda: not slack.delivery.turned_away and slack.delivery.sockets, "a socket again")

    assert len(pauses) == 10
    assert all(later > earlier for earlier, later in pairwise(pauses[:5]))
    assert sum(pauses) > 120  # seconds: no storm
    assert slack.delivery.opened == 11
    assert slack.delivery.at_once == 1  # the old one is closed before the next is asked for


async def test_a_socket_that_slack_renews_again_and_again_is_no_storm(
    slack: SlackServer, launch: Launch, clips: Channel, pauses: list[float]
) -> None:
    await launch()
    for number in range(2, 22):
        await slack.until(lambda number=number: slack.delivery.opened >= number, "another socket")
        await slack.refresh()
    await slack.until(lambda: any(not each.leaving for each in slack.delivery.sockets), "a socket that stays")

    assert len(pauses) >= 18
    assert slack.delivery.at_once <= 10
    assert not any("too_many" in str(each.heard) for each in slack.delivery.sockets)


async def test_pauses_begin_anew_once_a_socket_has_lived_for_a_while(
    slack: SlackServer, launch: Launch, clips: Channel, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    await launch(sockets=1)
    slack.delivery.turned_away.extend(["too_many_websockets"] * 4)
    await slack.refresh("too_many_websockets")
    await slack.until(lambda: not slack.delivery.turned_away and slack.delivery.sockets, "a socket again")
    monkeypatch.setattr(module, "SETTLED_S", 0.0)  # by now it has lived for so long
    await slack.refresh("too_many_websockets")
    await slack.until(lambda: slack.delivery.opened >= 7 and slack.delivery.sockets, "another socket")
    assert pauses[-1] < 1
    assert pauses[-2] > 5


async def test_socket_mode_that_is_switched_off_is_said_and_heals_when_it_is_on_again(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    adapter = await launch(backoff_s=(0.02, 0.05))
    assert adapter.trouble() == ""
    await slack.switch_link(on=False)
    opened = slack.delivery.opened
    await slack.until(lambda: slack.delivery.opened > opened + 1, "another try")
    assert adapter.trouble() == str(SocketModeOff())

    await slack.switch_link(on=True)
    await slack.connected(2)
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")
    assert adapter.trouble() == ""


@pytest.mark.parametrize(
    ("reason", "error"), [("link_disabled", SocketModeOff), ("too_many_websockets", TooManySockets)]
)
async def test_a_slack_that_wants_no_socket_at_the_start_is_said_in_a_sentence(
    slack: SlackServer, launch: Launch, reason: str, error: type[Exception]
) -> None:
    slack.delivery.turned_away.append(reason)
    with pytest.raises(error):
        await launch()
    await slack.until(lambda: not slack.delivery.sockets, "no socket left behind")


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "not_authed"])
async def test_an_app_token_that_slack_refuses_later_is_not_tried_again(
    slack: SlackServer, launch: Launch, clips: Channel, code: str
) -> None:
    adapter = await launch(backoff_s=(0.02, 0.05))
    await slack.connected(2)
    slack.fail_next("apps.connections.open", code, times=99)
    before = len(slack.calls_to("apps.connections.open"))
    slack.drop()
    async with asyncio.timeout(15):
        error = await adapter.ended()

    assert isinstance(error, AppTokenRefused)
    assert adapter.trouble() == str(error)
    assert len(slack.calls_to("apps.connections.open")) == before + 2  # once for each socket


async def test_a_bot_token_that_was_revoked_is_noticed_though_slack_did_not_say_so(
    slack: SlackServer, launch: Launch, clips: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_module, "TOKEN_CHECK_S", 0.01)
    adapter = await launch()
    slack.fail_next("auth.test", status=503)
    slack.team.installed = False
    async with asyncio.timeout(15):
        error = await adapter.ended()
    assert isinstance(error, TokenRefused)
    assert adapter.trouble() == str(error)


async def test_a_stop_is_no_end_with_a_reason(slack: SlackServer, launch: Launch, clips: Channel) -> None:
    adapter = await launch()
    waiting = asyncio.create_task(adapter.ended())
    await asyncio.sleep(0)
    await adapter.stop()
    assert not waiting.done()
    waiting.cancel()
