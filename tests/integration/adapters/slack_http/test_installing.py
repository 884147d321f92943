"""Installing the app in a browser, from the first page to the kept token, and the ways in which that must not work."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from adapters.slack.http import HttpDoor
from adapters.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES
from adapters.slack.oauth import COOKIE, STATE_S, OAuthPages, States
from tests.integration.adapters.slack_http.conftest import Api, Clock, Kept, Opened, Slack

CLIENT_SECRET = "0123456789hunter2"
TOKEN = "xoxb-hunter2"
PUBLIC = "http://127.0.0.1:1/bot"  # what a proxy shows, with a folder of its own
GIVEN: dict[str, Any] = {
    "ok": True,
    "app_id": "A1",
    "access_token": TOKEN,
    "token_type": "bot",
    "scope": "chat:write,commands",
    "bot_user_id": "U1",
    "team": {"id": "T1", "name": "Film & <b>club</b>"},
    "enterprise": None,
    "is_enterprise_install": False,
    "authed_user": {"id": "U2"},
}


class Browser:
    """Somebody who installs the app: opens the first page, and comes back from Slack."""

    def __init__(self, door: HttpDoor, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = door.url
        self.cookie = ""
        self.state = ""

    async def begins(self) -> str:
        """Open the first page. Returns where its link leads."""
        async with self._session.get(self._url + INSTALL_PATH) as answer:
            assert answer.status == 200
            self.cookie = answer.cookies[COOKIE].value
            self.set_cookie = answer.headers["Set-Cookie"]
            self.headers = answer.headers
            link = re.search(r'href="([^"]+)"', await answer.text())
        assert link is not None
        target = unescape(link[1])
        self.state = parse_qs(urlsplit(target).query)["state"][0]
        return target

    async def comes_back(self, cookie: str | None = None, **query: str) -> tuple[int, str]:
        query = {"code": "c0de", "state": self.state} | query
        cookies = {COOKIE: self.cookie if cookie is None else cookie}
        async with (
            aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            session.get(self._url + REDIRECT_PATH, params=query) as answer,
        ):
            return answer.status, await answer.text()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def added() -> list[str]:
    """The workspaces of which the adapter was told."""
    return []


@pytest.fixture
async def slack(opened: Opened, api: Api, kept: Kept, clock: Clock, added: list[str]) -> AsyncIterator[Slack]:
    pages = OAuthPages(
        client_id="1.2",
        client_secret=CLIENT_SECRET,
        public_url=PUBLIC,
        installations=kept,
        api_base=api.base,
        clock=clock,
    )
    api.says("oauth.v2.access", GIVEN)
    async with opened(None, pages=pages, on_installed=added.append) as slack:
        yield slack


@pytest.fixture
async def browser(slack: Slack) -> Browser:
    return Browser(slack.door, slack.session)


async def test_from_the_first_page_to_the_kept_token(
    browser: Browser, api: Api, kept: Kept, added: list[str], clock: Clock
) -> None:
    target = urlsplit(await browser.begins())
    asked = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}{target.path}" == api.base.replace("/api/", "/oauth/v2/authorize")
    assert asked["client_id"] == ["1.2"]
    assert asked["scope"] == [",".join(SCOPES)]
    assert asked["redirect_uri"] == [PUBLIC + REDIRECT_PATH]

    status, page = await browser.comes_back()
    assert status == 200
    assert "Film &amp; &lt;b&gt;club&lt;/b&gt;" in page
    (call,) = api.called("oauth.v2.access")
    assert (call["code"], call["redirect_uri"]) == ("c0de", PUBLIC + REDIRECT_PATH)
    found = kept.rows["T1"]
    assert (found.token, found.bot_user, found.installed_by) == (TOKEN, "U1", "U2")
    assert found.scopes == ("chat:write", "commands")
    assert found.installed_at.timestamp() == int(clock.now)
    assert added == ["T1"]


async def test_installing_again_replaces_the_token_and_says_so_to_the_adapter(
    browser: Browser, api: Api, kept: Kept, added: list[str]
) -> None:
    for token in (TOKEN, "xoxb-new"):
        api.says("oauth.v2.access", GIVEN | {"access_token": token})
        await browser.begins()
        assert (await browser.comes_back())[0] == 200
    assert kept.rows["T1"].token == "xoxb-new"
    assert added == ["T1", "T1"]


# --- who must not get through --------------------------------------------------------------------------------------


async def test_somebody_elses_link_installs_nothing(browser: Browser, slack: Slack, api: Api, kept: Kept) -> None:
    """An attacker begins, and gets a victim to open the address that Slack sent the attacker to."""
    await browser.begins()
    victim = Browser(slack.door, slack.session)
    await victim.begins()
    for cookie in ("", "x", victim.cookie):
        status, page = await browser.comes_back(cookie=cookie)
        assert status == 400
        assert "Nothing was installed" in page
    assert (kept.rows, api.calls) == ({}, [])


@pytest.mark.parametrize("state", ["", "x", "é", "1.2.3", "9999999999.nonce.", "." * 50, "-1.a.b"])
async def test_a_made_up_state_installs_nothing(browser: Browser, api: Api, state: str) -> None:
    await browser.begins()
    assert (await browser.comes_back(state=state))[0] == 400
    assert (await browser.comes_back(state=state, cookie=state.encode("ascii", "ignore").decode()))[0] == 400
    assert api.calls == []


async def test_a_state_whose_end_was_moved_is_not_ours(browser: Browser, api: Api, clock: Clock) -> None:
    await browser.begins()
    later = re.sub(r"^\d+", lambda end: str(int(end[0]) + 1), browser.state)
    assert (await browser.comes_back(state=later, cookie=later))[0] == 400
    assert api.calls == []


async def test_a_state_is_good_once_and_not_for_long(browser: Browser, api: Api, clock: Clock) -> None:
    await browser.begins()
    assert (await browser.comes_back())[0] == 200
    assert (await browser.comes_back())[0] == 400
    await browser.begins()
    clock.now += STATE_S + 1
    assert (await browser.comes_back())[0] == 400
    assert len(api.called("oauth.v2.access")) == 1


async def test_states_of_another_app_are_not_taken(clock: Clock) -> None:
    state = States("another secret", clock).issue()
    assert not States(CLIENT_SECRET, clock).consume(state, state)


async def test_opening_the_page_a_thousand_times_keeps_nothing(clock: Clock) -> None:
    states = States(CLIENT_SECRET, clock)
    issued = {states.issue() for _ in range(1000)}
    assert len(issued) == 1000
    assert not states._used
    first = issued.pop()
    assert states.consume(first, first)
    clock.now += STATE_S + 1
    assert not states.consume("x", "x")
    assert not states._used


async def test_the_cookie_and_the_page_are_bound_to_the_browser(browser: Browser) -> None:
    await browser.begins()
    assert "HttpOnly" in browser.set_cookie
    assert "SameSite=Lax" in browser.set_cookie
    assert f"Path=/bot{REDIRECT_PATH}" in browser.set_cookie
    assert "Secure" not in browser.set_cookie  # http://127.0.0.1, which only a test uses
    assert "default-src 'none'" in browser.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in browser.headers["Content-Security-Policy"]
    assert browser.headers["Cache-Control"] == "no-store"


async def test_behind_tls_the_cookie_never_leaves_it(opened: Opened, kept: Kept) -> None:
    pages = OAuthPages(client_id="1.2", client_secret="s", public_url="https://bot.example.org/", installations=kept)
    async with opened(None, pages=pages) as slack:
        browser = Browser(slack.door, slack.session)
        target = urlsplit(await browser.begins())
    assert "Secure" in browser.set_cookie
    assert (target.netloc, target.path) == ("slack.com", "/oauth/v2/authorize")
    assert pages.install_url == "https://bot.example.org/slack/install"


# --- what goes wrong -----------------------------------------------------------------------------------------------


async def test_who_changes_their_mind_is_told_that_nothing_happened(browser: Browser, api: Api) -> None:
    await browser.begins()
    status, page = await browser.comes_back(error="access_denied", code="")
    assert status == 200
    assert "told not to install" in page
    assert "Try again" in page
    assert api.calls == []


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        ({"ok": False, "error": "invalid_code"}, 400, "did not confirm"),
        ({"ok": False, "error": "bad_client_secret"}, 400, "wrong client"),
        (GIVEN | {"is_enterprise_install": True, "team": None}, 400, "one workspace at a time"),
        (GIVEN | {"expires_in": 43200}, 400, "token rotation"),
        (GIVEN | {"access_token": ""}, 400, "one workspace at a time"),
    ],
)
async def test_what_slack_does_not_give_is_not_kept_and_is_said_in_a_sentence(
    browser: Browser, api: Api, kept: Kept, added: list[str], answer: Any, status: int, sentence: str
) -> None:
    api.says("oauth.v2.access", answer)
    await browser.begins()
    told, page = await browser.comes_back()
    assert told == status
    assert sentence in page
    assert "Nothing was installed" in page
    assert (kept.rows, added) == ({}, [])


async def test_a_token_that_is_not_kept_is_given_back(browser: Browser, api: Api) -> None:
    api.says("oauth.v2.access", GIVEN | {"is_enterprise_install": True, "team": None})
    api.says("auth.revoke", {"ok": True, "revoked": True})
    await browser.begins()
    await browser.comes_back()
    assert [authorization for name, authorization, _ in api.calls if name == "auth.revoke"] == [f"Bearer {TOKEN}"]


async def test_slack_out_of_reach_is_said_and_another_try_may_work(browser: Browser, api: Api, kept: Kept) -> None:
    api.says("oauth.v2.access", 502, GIVEN)
    await browser.begins()
    status, page = await browser.comes_back()
    assert status in (400, 502)
    assert "Try again" in page
    await browser.begins()
    assert (await browser.comes_back())[0] == 200
    assert "T1" in kept.rows


async def test_what_cannot_be_kept_is_not_called_installed(browser: Browser, kept: Kept, added: list[str]) -> None:
    kept.broken = True
    await browser.begins()
    status, page = await browser.comes_back()
    assert status == 500
    assert "could not be kept" in page
    assert added == []


@pytest.mark.parametrize("answer", [GIVEN, {"ok": False, "error": "invalid_code"}, GIVEN | {"expires_in": 1}, 500])
async def test_no_secret_is_on_a_page_or_in_the_log(
    browser: Browser, api: Api, kept: Kept, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "adapters")
    api.says("oauth.v2.access", answer)
    await browser.begins()
    _, page = await browser.comes_back()
    kept.broken = True
    await browser.begins()
    _, broken = await browser.comes_back()
    for told in (page, broken, caplog.text, repr(kept.rows)):
        assert "hunter2" not in told
        assert "c0de" not in told
