"""What `gpt4video doctor` asks Slack: are the tokens taken, which scopes are missing, and how does Slack reach the bot.

Speaks only HTTP, opens no socket and changes nothing. No token and no secret is in any sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import AppTokenRefused, NotSlack, SlackError, TokenRefused, Unreachable
from adapters.slack.manifest import EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH, lacking

TIMEOUT_S = 20
API_BASE = "https://slack.com/api/"

_REFUSED = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_WRONG_KIND = frozenset({"not_allowed_token_type", "missing_scope", "no_permission"})
_WRONG_CLIENT = frozenset({"invalid_client_id", "bad_client_secret"})

ADD_SCOPES = (
    "Paste docs/slack-manifest.yaml again on the app's page App Manifest, or add them on the page OAuth & Permissions. "
    "Then press Reinstall to Workspace there."
)
APP_PAGE = "the app's page Basic Information (https://api.slack.com/apps)"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` is what to do when it is not ok."""

    name: str
    ok: bool
    says: str
    advice: str = ""


@dataclass(frozen=True)
class Door:
    """Where HTTP mode listens, and what people's browsers call it."""

    host: str
    port: int
    public_url: str = ""


async def check_workspace(bot_token: str, *, api_base: str = API_BASE) -> list[Finding]:
    """Look at the token of one workspace. Never raises for what Slack answers or does not answer."""
    try:
        answer = await _ask(api_base, "auth.test", token=bot_token)
        if not answer.get("user"):
            raise NotSlack(api_base)
        who = f"the token is {answer['user']}'s in {answer['team']}, and Slack takes it"
        if not answer.get("bot_id"):
            says = "the token is a person's, not a bot's"
            return [Finding("slack", False, says, str(TokenRefused()).partition(". ")[2])]
        return [Finding("slack", True, who), _scopes(answer.headers)]
    except _Answered as error:
        if error.code in _REFUSED | _WRONG_KIND:
            return [_finding("slack", TokenRefused())]
        return [_finding("slack", Unreachable(f"it answered {error.code}"))]
    except SlackError as error:
        return [_finding("slack", error)]


async def check_socket(app_token: str, *, api_base: str = API_BASE) -> Finding:
    """Whether Slack would let the bot open a socket. Asks for its address and does not open it."""
    try:
        await _ask(api_base, "apps.connections.open", token=app_token)
    except _Answered as error:
        if error.code in _REFUSED | _WRONG_KIND:
            return _finding("slack mode", AppTokenRefused())
        says = f"Slack gives no socket: {error.code}"
        return Finding("slack mode", False, says, "Switch Socket Mode on, on the app's page Socket Mode.")
    except SlackError as error:
        return _finding("slack mode", error)
    return Finding("slack mode", True, "Socket Mode; the app token is taken, and nothing has to be reachable")


def describe_door(door: Door) -> Finding:
    """Where HTTP mode listens. Whether Slack gets there can only be seen from outside."""
    at = f"HTTP mode; listens on {door.host}:{door.port}"
    if not door.public_url:
        return Finding("slack mode", True, f"{at}, for all request URLs of the app: https://…{EVENTS_PATH}")
    return Finding("slack mode", True, f"{at}, for all request URLs of the app: {door.public_url}{EVENTS_PATH}")


async def check_client(
    client_id: str, client_secret: str, installed: Sequence[str], door: Door, *, api_base: str = API_BASE
) -> list[Finding]:
    """Look at the client with which workspaces install the app. `installed` are those that have."""
    count = f"{len(installed)} workspace" + ("" if len(installed) == 1 else "s")
    invite = Finding("slack install", True, f"{door.public_url}{INSTALL_PATH}")
    try:
        # A code that nobody was given: what Slack says to it tells whether the client is right.
        await _ask(
            api_base,
            "oauth.v2.access",
            headers={"Authorization": aiohttp.encode_basic_auth(client_id, client_secret)},
            data={"code": "doctor", "redirect_uri": door.public_url + REDIRECT_PATH},
        )
    except _Answered as error:
        if error.code in _WRONG_CLIENT:
            advice = f"Copy both from {APP_PAGE}; the secret goes into GPT4VIDEO_SLACK__CLIENT_SECRET."
            return [Finding("slack", False, "Slack refuses slack.client_id or its secret", advice)]
        if error.code == "bad_redirect_uri":
            advice = f"Add {door.public_url}{REDIRECT_PATH} on the app's page OAuth & Permissions, under Redirect URLs."
            return [Finding("slack", False, "Slack does not know slack.public_url", advice), invite]
    except SlackError as error:
        return [_finding("slack", error)]
    return [Finding("slack", True, f"the client is taken; {count} installed the app"), invite]


def _scopes(headers: Mapping[str, str]) -> Finding:
    """What the token lacks."""
    if not any(name.lower() == "x-oauth-scopes" for name in headers):
        return Finding("slack scopes", True, "Slack did not say which scopes the token has")
    missing = lacking(headers)
    if not missing:
        return Finding("slack scopes", True, "every scope that is needed")
    named = "; ".join(f"{scope} ({what})" for scope, what in missing.items())
    return Finding("slack scopes", False, f"missing: {named}", ADD_SCOPES)


class _Answered(Exception):
    """Slack's no, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def _ask(api_base: str, method: str, *, token: str = "", **options: Any) -> Any:
    """Raises `_Answered`, `NotSlack` or `Unreachable`."""
    client = AsyncWebClient(token=token or None, base_url=api_base, timeout=TIMEOUT_S, retry_handlers=[])
    try:
        return await client.api_call(method, **options)
    except SlackApiError as error:
        response: Any = error.response
        code = str(response.get("error") or "") if isinstance(getattr(response, "data", response), dict) else ""
        if code == "ratelimited":
            raise Unreachable("it was asked too often; wait some minutes") from None
        if not code:
            raise NotSlack(api_base) from None
        raise _Answered(code) from None
    except TimeoutError:
        raise Unreachable("it did not answer in time") from None
    except (SlackClientError, aiohttp.ClientError, OSError, ValueError):
        raise Unreachable("no connection") from None


def _finding(name: str, error: SlackError) -> Finding:
    """A typed error as what was found, and what to do about it."""
    says, _, advice = str(error).partition(". ")
    return Finding(name, False, f"{says}.", advice)
