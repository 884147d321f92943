"""The two pages with which a workspace installs the app: where it begins, and where Slack sends people back.

Whoever comes back must be the one who began: the state is signed, expires, is used once, and lies in a cookie of the
same browser. Knows no events; what is kept goes through `Installations`.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import logging
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from aiohttp import web
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.installs import Installation, Installations
from adapters.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES

log = logging.getLogger(__name__)

STATE_S = 600.0  # how long somebody may take between the two pages
COOKIE = "gpt4video_slack_install"
TIMEOUT_S = 20

_STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto 0;padding:0 1.5rem;color:#1d2733}"
    "a.go{display:inline-block;padding:.7rem 1.3rem;border-radius:.5rem;background:#17324d;color:#fff;"
    "text-decoration:none;font-weight:600}"
)
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class States:
    """Makes and checks the `state` of an installation. Keeps only what was used, so that strangers can fill nothing."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        # A key of its own, made of the client's secret: what is signed here is of use nowhere else.
        self._key = hmac.digest(secret.encode(), b"gpt4video: state of an installation", hashlib.sha256)
        self._clock = clock
        self._used: dict[str, float] = {}

    def issue(self) -> str:
        """A new state."""
        return self._signed(f"{int(self._clock() + STATE_S)}.{secrets.token_urlsafe(24)}")

    def consume(self, state: str, cookie: str) -> bool:
        """Whether this is a state of ours, of this browser, in time, and not used before; it is used now."""
        now = self._clock()
        self._used = {used: until for used, until in self._used.items() if until >= now}
        unsigned = state.rpartition(".")[0]
        expires = unsigned.partition(".")[0]
        ours = hmac.compare_digest(self._signed(unsigned).encode(), state.encode("utf-8", "replace"))
        same = hmac.compare_digest(cookie.encode("utf-8", "replace"), state.encode("utf-8", "replace"))
        if not (ours and same) or int(expires) < now or state in self._used:
            return False
        self._used[state] = float(expires)
        return True

    def _signed(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()}"


class OAuthPages:
    """`/slack/install` and `/slack/oauth_redirect`. `on_installed` is told the id of each workspace that was added."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        public_url: str,
        installations: Installations,
        api_base: str = "https://slack.com/api/",
        title: str = "GPT4Video",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._public_url = public_url.rstrip("/")
        self._installations = installations
        self._api_base = api_base
        self._title = title
        self._clock = clock
        self._states = States(client_secret, clock)
        self.on_installed: Callable[[str], None] | None = None

    @property
    def install_url(self) -> str:
        """What an admin of a workspace opens."""
        return self._public_url + INSTALL_PATH

    def routes(self) -> list[web.RouteDef]:
        return [web.get(INSTALL_PATH, self._begin), web.get(REDIRECT_PATH, self._end)]

    async def _begin(self, request: web.Request) -> web.Response:
        state = self._states.issue()
        query = {
            "client_id": self._client_id,
            "scope": ",".join(SCOPES),
            "user_scope": "",
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        # The page for people lies beside the API: https://slack.com/oauth/v2/authorize.
        target = f"{urljoin(self._api_base.rstrip('/') + '/', '../oauth/v2/authorize')}?{urlencode(query)}"
        response = self._page(
            f"Add {self._title} to a workspace",
            "It watches the videos people post where it is asked to, answers questions about them, and makes new ones.",
            link=("Add to Slack", target),
        )
        response.set_cookie(
            COOKIE,
            state,
            max_age=int(STATE_S),
            path=self._cookie_path,
            httponly=True,
            secure=self._public_url.startswith("https:"),
            samesite="Lax",  # Slack sends people back from its own site
        )
        return response

    async def _end(self, request: web.Request) -> web.Response:
        response = await self._finish(request.query, request.cookies.get(COOKIE, ""))
        response.del_cookie(COOKIE, path=self._cookie_path)
        return response

    async def _finish(self, query: Mapping[str, str], cookie: str) -> web.Response:
        """Judge who comes back, and keep the installation."""
        if not self._states.consume(query.get("state", ""), cookie):
            return self._sorry(400, "This page was not opened from here, or too long ago. Nothing was installed.")
        if query.get("error"):
            return self._sorry(200, "Slack was told not to install the app. Nothing was installed.")
        try:
            found = await self._redeem(query.get("code", ""))
        except _NotInstalled as error:
            return self._sorry(502 if error.later else 400, str(error))
        try:
            await self._installations.save(found)
        except Exception:
            log.exception("the installation of workspace %s could not be kept", found.team)
            return self._sorry(
                500, "The installation could not be kept on this side, so the bot can't answer there yet."
            )
        log.info("workspace %s has installed the app", found.team)
        if self.on_installed is not None:
            self.on_installed(found.team)
        return self._page(
            f"{self._title} is in {found.name}",
            "Invite it to a channel (/invite), post a clip, and mention it with a question. "
            "Everything else is on its page under Apps.",
        )

    async def _redeem(self, code: str) -> Installation:
        """Exchange the code for a token. Raises `_NotInstalled`."""
        client = AsyncWebClient(base_url=self._api_base, timeout=TIMEOUT_S)
        try:
            # Not `oauth_v2_access`: it authenticates with a class that aiohttp is about to remove.
            answer: Any = await client.api_call(
                "oauth.v2.access",
                headers={"Authorization": aiohttp.encode_basic_auth(self._client_id, self._client_secret)},
                data={"code": code, "redirect_uri": self._redirect_uri},
            )
        except SlackApiError as error:
            why = str(error.response.get("error", "")) if hasattr(error.response, "get") else ""
            log.warning("Slack did not exchange the code of an installation: %s", why)  # the code itself stays unsaid
            if why in ("bad_client_secret", "invalid_client_id"):
                raise _NotInstalled("The bot's operator has set a wrong client, so Slack refused.") from None
            raise _NotInstalled("Slack did not confirm the installation.") from None
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("Slack could not be asked about an installation: %s", type(error).__name__)
            raise _NotInstalled("Slack could not be reached.", later=True) from None
        return await self._checked(client, answer)

    async def _checked(self, client: AsyncWebClient, answer: Any) -> Installation:
        team, token = answer.get("team") or {}, str(answer.get("access_token") or "")
        if answer.get("is_enterprise_install") or not team.get("id") or not token.startswith("xoxb-"):
            await _give_back(client, token)
            raise _NotInstalled("The app can be added to one workspace at a time, not to a whole organisation.")
        if answer.get("expires_in"):
            await _give_back(client, token)
            raise _NotInstalled("The app has token rotation switched on, which the bot does not do.")
        return Installation(
            team=str(team["id"]),
            name=str(team.get("name") or team["id"]),
            token=token,
            bot_user=str(answer.get("bot_user_id") or ""),
            scopes=tuple(scope for scope in str(answer.get("scope") or "").split(",") if scope),
            installed_by=str((answer.get("authed_user") or {}).get("id") or ""),
            # In whole seconds, as the times of the events that it is compared with.
            installed_at=datetime.fromtimestamp(int(self._clock()), UTC),
        )

    @property
    def _redirect_uri(self) -> str:
        return self._public_url + REDIRECT_PATH

    @property
    def _cookie_path(self) -> str:
        """Where browsers see the redirect page; a proxy may have put a folder in front of it."""
        return urlsplit(self._redirect_uri).path

    def _sorry(self, status: int, text: str) -> web.Response:
        return self._page("Not installed", text, link=("Try again", self.install_url), status=status)

    def _page(self, heading: str, text: str, *, link: tuple[str, str] | None = None, status: int = 200) -> web.Response:
        shown = f'<p><a class="go" href="{html.escape(link[1])}">{html.escape(link[0])}</a></p>' if link else ""
        body = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(heading)}</title><style>{_STYLE}</style>"
            f"<h1>{html.escape(heading)}</h1><p>{html.escape(text)}</p>{shown}</html>"
        )
        return web.Response(status=status, text=body, content_type="text/html", headers=_HEADERS)


class _NotInstalled(Exception):
    """Why not, as a sentence for whoever sits at the browser. `later`: trying again may help."""

    def __init__(self, text: str, *, later: bool = False) -> None:
        super().__init__(f"{text} Nothing was installed.")
        self.later = later


async def _give_back(client: AsyncWebClient, token: str) -> None:
    """Revoke a token that is not kept; what lies around unknown is of no use to anybody good."""
    if not token:
        return
    try:
        await client.auth_revoke(token=token)
    except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        log.warning("a token that is not used could not be revoked: %s", type(error).__name__)
