"""The door: which hosts need a token, and how slow guessing is."""

from __future__ import annotations

import pytest

from adapters.web.door import MAX_STRIKES, STRIKE_WINDOW_S, Door, Strikes, is_loopback
from adapters.web.errors import WebSetupError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_these_hosts_reach_this_machine_only(host: str) -> None:
    assert is_loopback(host)
    Door(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "bot.example.org", "127.0.0.1.example.org"])
@pytest.mark.parametrize("token", [None, "", "   "])
def test_any_other_host_demands_a_token_and_says_which_setting(host: str, token: str | None) -> None:
    with pytest.raises(WebSetupError, match=r"web\.token"):
        Door(host, token)
    Door(host, "a long random string")


def test_wrong_tokens_make_an_address_wait_and_only_that_one() -> None:
    clock = Clock()
    strikes = Strikes(clock)
    for _ in range(MAX_STRIKES):
        assert strikes.wait_s("10.0.0.1") == 0
        strikes.count("10.0.0.1")
        clock.now += 1

    assert strikes.wait_s("10.0.0.1") == pytest.approx(STRIKE_WINDOW_S - MAX_STRIKES)
    assert strikes.wait_s("10.0.0.2") == 0


def test_waiting_long_enough_allows_another_try() -> None:
    clock = Clock()
    strikes = Strikes(clock)
    for _ in range(MAX_STRIKES):
        strikes.count("10.0.0.1")

    clock.now += STRIKE_WINDOW_S

    assert strikes.wait_s("10.0.0.1") == 0
