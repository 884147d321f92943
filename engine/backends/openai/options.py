"""What an operator can set for a model server, read and checked. It knows no network."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.errors import BadRequest

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Options:
    """`base_url` ends before `/chat/completions`; a name and password in it became the `login`, because addresses are
    logged. `key_name` is the environment variable that holds the key.

    `video` says how clips are handed over: as pictures with their times, or whole as a `video_url`, up to
    `max_video_mb`. Whoever waits longer than `first_token_timeout_s` for the first token, or for the next one, gives
    up, and so does who waits `timeout_s` for the whole answer. `max_side` is the longer side of a frame in pixels.
    `pictures` is false for a model that cannot see: it is told what was recognised in a clip instead.
    `context_tokens` is what the model can take; 0 asks the server. `extra` is added to the body of each request.
    """

    base_url: str
    login: str = field(default="", repr=False)
    key_name: str = "OPENAI_API_KEY"
    video: Literal["frames", "url"] = "frames"
    timeout_s: float = 300.0
    first_token_timeout_s: float = 60.0
    max_side: int = 640
    context_tokens: int = 0
    max_video_mb: float = 20.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    pictures: bool = True
    given_key: str = field(default="", repr=False)  # in place of the environment's

    @property
    def key(self) -> str:
        """The key, as it is in the environment now; empty for a server that wants none."""
        return self.given_key or os.environ.get(self.key_name, "").strip()

    @property
    def authorization(self) -> dict[str, str]:
        """The header that lets us in, if one is needed."""
        if self.key:
            return {"Authorization": f"Bearer {self.key}"}
        if self.login:
            return {"Authorization": f"Basic {base64.b64encode(self.login.encode()).decode()}"}
        return {}

    @property
    def host(self) -> str:
        """The server without anything secret, for sentences."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def is_here(self) -> bool:
        """Whether the server runs on this machine, where no proxy leads."""
        return (urlsplit(self.base_url).hostname or "") in _LOOPBACK


def read(options: Mapping[str, str | int | float | bool]) -> Options:
    """Check the options of a `ModelChoice`. Raises `BadRequest` with a sentence that names the option.

    A missing `base_url` is no error yet: the card says so.
    """
    known = {"base_url", "api_key_env", *_NUMBERS, "pictures", "video", "extra"}
    if unknown := sorted(set(options) - known):
        raise BadRequest(f"The openai backend has no option “{unknown[0]}”. It has: {', '.join(sorted(known))}.")
    numbers = {name: _number(name, options[name]) for name in _NUMBERS if name in options}
    base_url, login = _address(str(options.get("base_url", "")))
    return Options(
        base_url=base_url,
        login=login,
        key_name=str(options.get("api_key_env", "OPENAI_API_KEY")),
        video=_video(options.get("video", "frames")),
        pictures=_pictures(options.get("pictures", True)),
        extra=_body(str(options.get("extra", ""))),
        **cast("dict[str, Any]", numbers),
    )


_NUMBERS: Mapping[str, type[int] | type[float]] = {
    "timeout_s": float,
    "first_token_timeout_s": float,
    "max_side": int,
    "context_tokens": int,
    "max_video_mb": float,
}


def _number(name: str, value: str | int | float | bool) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise BadRequest(f"The option {name} of the openai backend must be a number, and not negative: {value!r}.")
    if value == 0 and name not in ("context_tokens", "max_video_mb"):
        raise BadRequest(f"The option {name} of the openai backend must be more than 0.")
    return _NUMBERS[name](value)


def _address(url: str) -> tuple[str, str]:
    """The address without the name and password in it, and these."""
    url = url.strip().rstrip("/").removesuffix("/chat/completions")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise BadRequest("The option base_url of the openai backend must be like http://localhost:8000/v1.")
    login, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), unquote(login)


def _video(value: str | int | float | bool) -> Literal["frames", "url"]:
    if value not in ("frames", "url"):
        raise BadRequest(f"The option video of the openai backend is “frames” or “url”, not {value!r}.")
    return cast("Literal['frames', 'url']", value)


def _pictures(value: str | int | float | bool) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"The option pictures of the openai backend is true or false, not {value!r}.")
    return value


def _body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise BadRequest(f"The option extra of the openai backend must be JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BadRequest('The option extra of the openai backend must be a JSON object, like {"top_p": 0.9}.')
    return body
