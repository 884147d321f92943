"""The workspaces that the bot is in: whose token speaks there, and what went wrong when Slack did not answer.

Knows tokens and the Web API; knows no messages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import TokenRefused, Unreachable
from adapters.slack.installs import Installations

log = logging.getLogger(__name__)

PLATFORM = "slack"
API_BASE = "https://slack.com/api/"
TIMEOUT_S = 20
PATIENCE = 3  # how often one call waits as long as Slack asks for
UNREACHED = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError)


class Fault(Enum):
    """What an error of Slack's means for a message."""

    PASSING = auto()  # worth another try; it may have been done all the same
    BUSY = auto()  # too many calls: it was not done, and `retry_after` says when to try again
    MESSAGE_GONE = auto()
    PLACE_GONE = auto()  # the channel is gone, archived, or the bot is not in it any more
    SIGNED_OFF = auto()  # the token is dead
    TOO_LONG = auto()
    NOT_OFFERED = auto()  # the workspace does not have this method
    STREAM_OVER = auto()  # nothing can be appended to this message any more
    REFUSED = auto()


_FAULTS = {
    "ratelimited": Fault.BUSY,
    "rate_limited": Fault.BUSY,
    "message_not_found": Fault.MESSAGE_GONE,
    "thread_not_found": Fault.MESSAGE_GONE,
    "channel_not_found": Fault.PLACE_GONE,
    "not_in_channel": Fault.PLACE_GONE,
    "is_archived": Fault.PLACE_GONE,
    "restricted_action": Fault.PLACE_GONE,
    "restricted_action_read_only_channel": Fault.PLACE_GONE,
    "restricted_action_thread_only_channel": Fault.PLACE_GONE,
    "restricted_action_thread_locked": Fault.PLACE_GONE,
    "account_inactive": Fault.SIGNED_OFF,
    "invalid_auth": Fault.SIGNED_OFF,
    "not_authed": Fault.SIGNED_OFF,
    "token_revoked": Fault.SIGNED_OFF,
    "token_expired": Fault.SIGNED_OFF,
    "team_access_not_granted": Fault.SIGNED_OFF,
    "org_login_required": Fault.PASSING,
    "msg_too_long": Fault.TOO_LONG,
    "msg_blocks_too_long": Fault.TOO_LONG,
    "markdown_text_too_long": Fault.TOO_LONG,
    "unknown_method": Fault.NOT_OFFERED,
    "method_deprecated": Fault.NOT_OFFERED,
    "not_allowed": Fault.NOT_OFFERED,
    "not_allowed_token_type": Fault.NOT_OFFERED,
    "feature_not_enabled": Fault.NOT_OFFERED,
    "message_not_in_streaming_state": Fault.STREAM_OVER,
    "streaming_state_conflict": Fault.STREAM_OVER,
    "fatal_error": Fault.PASSING,
    "internal_error": Fault.PASSING,
    "service_unavailable": Fault.PASSING,
    "request_timeout": Fault.PASSING,
}


_OF_UPLOADS = {408: Fault.PASSING, 429: Fault.BUSY}


def code_of(error: BaseException) -> str:
    """Slack's own word for an error; empty when it gave none."""
    if not isinstance(error, SlackApiError):
        return ""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def fault_of(error: BaseException) -> Fault:
    """Sort an error of the Web API or of the network below it."""
    if not isinstance(error, SlackApiError):
        if isinstance(error, aiohttp.ClientResponseError) and 400 <= error.status < 500:  # of an upload
            return _OF_UPLOADS.get(error.status, Fault.REFUSED)
        passing = isinstance(error, aiohttp.ClientError | OSError | TimeoutError | SlackClientError)
        return Fault.PASSING if passing else Fault.REFUSED
    status = getattr(error.response, "status_code", getattr(error.response, "status", 200))
    if status == 429:
        return Fault.BUSY
    if status >= 500:
        return Fault.PASSING
    code = code_of(error)
    return _FAULTS.get(code, Fault.REFUSED) if code else Fault.PASSING


def is_final(error: BaseException) -> bool:
    """Whether Slack will answer the same whenever it is asked again. A dead token may be replaced by a living one, and
    what is no answer of Slack's never is final."""
    answered = isinstance(error, SlackApiError | aiohttp.ClientResponseError)
    return answered and fault_of(error) not in (Fault.PASSING, Fault.BUSY, Fault.SIGNED_OFF)


def retry_after(error: BaseException, usual: float = 1.0) -> float:
    """How many seconds Slack wants to be left alone."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    for name, value in dict(headers).items():
        if str(name).lower() == "retry-after":
            try:
                return max(0.0, float(value[0] if isinstance(value, list) else value))
            except ValueError:
                break
    return usual


@dataclass(eq=False)
class Workspace:
    """One workspace. `client` waits out rate limits by itself; `hasty` raises them, for who has something newer soon.

    `streams` is False once the workspace has said that it has no native streaming.
    """

    team: str
    bot_user: str
    client: AsyncWebClient = field(repr=False)
    token: str = field(repr=False)
    hasty: AsyncWebClient = field(repr=False)
    bot_id: str = ""
    name: str = ""
    streams: bool = True


class Workspaces:
    """Finds workspaces by their id: the one of the configured token, and those in the installation store."""

    def __init__(
        self, *, api_base: str = API_BASE, bot_token: str | None = None, installations: Installations | None = None
    ) -> None:
        self.api_base = api_base.rstrip("/") + "/"
        self._bot_token = bot_token
        self._installations = installations
        self._known: dict[str, Workspace] = {}
        self._own = ""  # the team of the configured token
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Ask Slack whose token it is. Raises `TokenRefused` or `Unreachable`."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        if not self._bot_token:
            return
        try:
            me = await self._client(self._bot_token, PATIENCE).auth_test()
        except UNREACHED as error:
            if fault_of(error) is Fault.SIGNED_OFF:
                raise TokenRefused from error
            raise Unreachable(code_of(error) or "no connection") from error
        self._own = str(me["team_id"])
        self._known[self._own] = self._open(
            self._own, str(me["user_id"]), self._bot_token, str(me.get("team") or ""), str(me.get("bot_id") or "")
        )

    async def check(self) -> None:
        """Ask Slack whether the configured token is still good. Raises `TokenRefused` where Slack says it is not."""
        own = self._known.get(self._own)
        if own is None:
            return
        try:
            await own.client.auth_test()
        except UNREACHED as error:
            if fault_of(error) is Fault.SIGNED_OFF:
                raise TokenRefused from error
            log.info("whether the token is still good was not told: %s", code_of(error) or error)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session of all calls. Only between `start` and `close`."""
        if self._session is None:
            raise RuntimeError("the workspaces are not open")
        return self._session

    async def get(self, team: str) -> Workspace | None:
        """None when the app is not installed there (any more)."""
        known = self._known.get(team)
        if known is not None or self._installations is None:
            return known
        found = await self._installations.find(team)
        if found is None:
            return None
        return self._known.setdefault(team, self._open(team, found.bot_user, found.token, found.name))

    async def teams(self) -> Sequence[str]:
        """All workspaces that there are."""
        stored = await self._installations.teams() if self._installations is not None else ()
        return list(dict.fromkeys([*([self._own] if self._own in self._known else []), *stored]))

    def drop(self, team: str) -> None:
        """A workspace has removed the app, or installed it again: its token is not the one that it was."""
        self._known.pop(team, None)

    def bare(self) -> AsyncWebClient:
        """A client without a token, for what needs none or another one."""
        return self._client(None, PATIENCE)

    async def authorize(self, enterprise: str | None, team: str | None) -> AuthorizeResult | None:
        """Bolt's question on whose behalf to act. None: on nobody's."""
        workspace = await self.get(team or "")
        if workspace is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise,
            team_id=workspace.team,
            bot_user_id=workspace.bot_user,
            bot_id=workspace.bot_id or None,
            bot_token=workspace.token,
        )

    def _open(self, team: str, bot_user: str, token: str, name: str, bot_id: str = "") -> Workspace:
        return Workspace(
            team=team,
            bot_user=bot_user,
            client=self._client(token, PATIENCE),
            token=token,
            hasty=self._client(token, 0),
            bot_id=bot_id,
            name=name,
        )

    def _client(self, token: str | None, patience: int) -> AsyncWebClient:
        """Repeats nothing but what was refused for being too much: anything else may have been done already."""
        retries: list[Any] = [AsyncRateLimitErrorRetryHandler(max_retry_count=patience)] if patience else []
        return AsyncWebClient(
            token=token, base_url=self.api_base, timeout=TIMEOUT_S, session=self._session, retry_handlers=retries
        )


async def patiently(
    call: Callable[[], Any], delays: Sequence[float], sleep: Callable[[float], Any] = asyncio.sleep
) -> Any:
    """Call again after what may pass. Only for calls that may be repeated. Raises the last error."""
    left = iter(delays)
    while True:
        try:
            return await call()
        except UNREACHED as error:
            delay = next(left, None) if fault_of(error) in (Fault.PASSING, Fault.BUSY) else None
            if delay is None:
                raise
            await sleep(max(delay, retry_after(error, 0.0)))
