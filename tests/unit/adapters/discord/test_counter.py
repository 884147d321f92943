"""Discord's three seconds: what the application does not say in time is not waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.base import Author, Exchange, Place, State, View, Wants
from adapters.discord import counter as module
from adapters.discord.counter import Counter
from tests.fakes.handler import NOON, QuietHandler

ANN, PLACE = Author("1", "ann"), Place("discord", "2", "3")


class SlowHandler(QuietHandler):
    """Never answers the questions that are asked before an acknowledgement."""

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        await asyncio.Event().wait()
        return "too late"

    async def look_up(self, request: str) -> Exchange | None:
        await asyncio.Event().wait()
        return None


class BrokenHandler(QuietHandler):
    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        raise RuntimeError("scripted")


class FakeInteraction:
    """Notes what is said in response."""

    id = 9

    def __init__(self) -> None:
        self.said: list[str] = []
        self.extras: dict[str, Any] = {}
        self.response = self

    def is_done(self) -> bool:
        return False

    async def send_message(self, text: str, *, ephemeral: bool, **more: Any) -> None:
        assert ephemeral
        self.said.append(text)


class FakeHost:
    def __init__(self, handler: QuietHandler) -> None:
        self.handler = handler


def counter_of(handler: QuietHandler) -> Counter:
    host: Any = FakeHost(handler)
    return Counter(host)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFUSAL_PATIENCE_S", 0.01)
    monkeypatch.setattr(module, "LOOK_UP_PATIENCE_S", 0.01)


async def test_who_is_not_refused_in_time_goes_on() -> None:
    assert await counter_of(SlowHandler()).refusal(ANN, PLACE, Wants.ASK) == ""


async def test_who_cannot_be_asked_about_goes_on() -> None:
    assert await counter_of(BrokenHandler()).refusal(ANN, PLACE, Wants.ASK) == ""


async def test_a_request_that_is_not_found_in_time_is_said_before_discord_gives_up() -> None:
    interaction: Any = FakeInteraction()
    assert await counter_of(SlowHandler()).look_up(interaction, "r1") is None
    assert interaction.said == ["I can't look that up at the moment. Please try again."]


async def test_a_forgotten_request_is_said_to_be_forgotten() -> None:
    interaction: Any = FakeInteraction()
    assert await counter_of(QuietHandler()).look_up(interaction, "r1") is None
    assert interaction.said == ["I no longer keep this one. Ask for it anew, with a mention of me or with /generate."]


async def test_a_request_that_is_kept_is_found_without_a_word() -> None:
    handler, interaction = QuietHandler(), FakeInteraction()
    kept = Exchange("r1", ANN, "a red ball", (), NOON, View("r1", State.DONE))
    handler.exchanges["r1"] = kept
    asked: Any = interaction
    assert await counter_of(handler).look_up(asked, "r1") is kept
    assert interaction.said == []


def test_both_waits_together_leave_time_for_the_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert module.REFUSAL_PATIENCE_S + module.LOOK_UP_PATIENCE_S < 2.5
