"""Where a request comes from: the connection, unless a proxy that is trusted says something else."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from adapters.http.addresses import TrustedProxies, group_of, looks_like_a_proxy, parse_address

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"])


def headers(*lines: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(lines))


def forwarded_for(*lines: str) -> CIMultiDictProxy[str]:
    return headers(*(("X-Forwarded-For", line) for line in lines))


def test_what_a_stranger_writes_into_the_headers_is_not_read() -> None:
    given = headers(("X-Forwarded-For", "198.51.100.7"), ("Forwarded", "for=198.51.100.7"))
    assert PROXIES.client("203.0.113.9", given) == "203.0.113.9"
    assert TrustedProxies().client("127.0.0.1", given) == "127.0.0.1"


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["1.2.3.4, 198.51.100.7"], "198.51.100.7"),  # the left one is what the client made up
        (["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7, 10.1.2.3"], "198.51.100.7"),  # through two of ours
        (["1.2.3.4", "198.51.100.7, 10.1.2.3"], "198.51.100.7"),  # two header lines are one list
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8:9::7]:4711"], "2001:db8:9::7"),
        (["2001:db8:9::7"], "2001:db8:9::7"),
        (["2001:db8:9::7, 2001:db8:1::1"], "2001:db8:9::7"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7, ::ffff:10.0.0.1"], "198.51.100.7"),
        (["10.0.0.9, 10.0.0.1"], "10.0.0.9"),  # somebody within
        (["198.51.100.7, unknown, 10.0.0.1"], "10.0.0.1"),  # as far as it can be read
        (["nonsense"], "127.0.0.1"),
        ([""], "127.0.0.1"),
        ([","], "127.0.0.1"),
        (["198.51.100.7, " + ", ".join(["10.0.0.1"] * 1000)], "10.0.0.1"),
    ],
)
def test_the_right_most_address_that_is_not_ours_counts(lines: list[str], client: str) -> None:
    assert PROXIES.client("127.0.0.1", forwarded_for(*lines)) == client


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ("For=198.51.100.7;proto=https;by=10.0.0.1", "198.51.100.7"),
        ("proto=https; for=198.51.100.7:80", "198.51.100.7"),
        ('for="[2001:db8:9::7]:80"', "2001:db8:9::7"),
        ('for=1.2.3.4, for=198.51.100.7, for="10.0.0.1"', "198.51.100.7"),
        ("for=198.51.100.7, for=_hidden", "127.0.0.1"),
        ("for=198.51.100.7, proto=https", "127.0.0.1"),
    ],
)
def test_the_standards_own_header_is_read_too(line: str, client: str) -> None:
    assert PROXIES.client("127.0.0.1", headers(("Forwarded", line))) == client


def test_a_header_that_the_proxy_hands_on_unread_is_not_believed() -> None:
    given = headers(("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "198.51.100.7"))
    assert PROXIES.client("127.0.0.1", given) == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "is_one"), [("127.0.0.1", True), ("172.17.0.2", True), ("8.8.8.8", False), ("", False)]
)
def test_only_who_is_near_can_be_a_proxy_that_the_settings_forgot(peer: str, is_one: bool) -> None:
    assert looks_like_a_proxy(peer, forwarded_for("198.51.100.7")) is is_one
    assert not looks_like_a_proxy(peer, headers())


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="nginx"):
        TrustedProxies(["nginx"])


def test_one_customer_of_a_provider_is_one_sender() -> None:
    assert group_of("2001:db8:9:1::7") == group_of("2001:db8:9:1:ffff::1") != group_of("2001:db8:9:2::7")
    assert group_of("198.51.100.7") != group_of("198.51.100.8")
    assert group_of("::ffff:198.51.100.7") == group_of("198.51.100.7")
    assert group_of("what is this") == "what is this"


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "[::1", "host", "_x", "1.2.3.4:", "a:b:c:d:e:f:g:h:i"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None
