"""The options of Slack, and which of them go together."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from bot.config.parts import AnyPath, Door, Port, Secret, Text, conflict, is_loopback


class Slack(Door):
    """On when there is a bot token (one workspace), or a client (OAuth, as many workspaces as install the app)."""

    bot_token: Secret | None = None
    bot_token_file: AnyPath | None = None
    app_token: Secret | None = None
    app_token_file: AnyPath | None = None
    signing_secret: Secret | None = None
    signing_secret_file: AnyPath | None = None
    client_id: Annotated[str, Field(pattern=r"^[\w.-]+$")] | None = None
    client_secret: Secret | None = None
    client_secret_file: AnyPath | None = None
    mode: Literal["socket", "http"] = "socket"
    host: Text = "127.0.0.1"
    port: Port = 3000
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")] | None = None
    api_base: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")] = "https://slack.com/api/"

    @property
    def enabled(self) -> bool:
        """Whether anything says how to log in."""
        return self.bot_token is not None or self.client_id is not None

    @model_validator(mode="after")
    def _tokens_are_in_their_places(self) -> Self:
        """The two tokens are easily swapped, and Slack's own answer to that helps nobody."""
        if _begins(self.bot_token, "xapp-"):
            raise conflict("bot_token", "this is the app token (xapp-…). The bot token begins with xoxb-.")
        if _begins(self.bot_token, "xoxp-"):
            raise conflict("bot_token", "this is a person's token (xoxp-…). The bot token begins with xoxb-.")
        if _begins(self.app_token, "xox"):
            raise conflict("app_token", "this is no app token (xapp-…), but a bot's or a person's.")
        return self

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.client_secret is not None and self.client_id is None:
            raise conflict(
                "client_id", "is missing beside client_secret. Both are on the app's page Basic Information."
            )
        if self.client_id is not None and self.client_secret is None:
            raise conflict(
                "client_secret",
                "is missing beside client_id. Set GPT4VIDEO_SLACK__CLIENT_SECRET, or client_secret_file.",
            )
        if self.client_id is not None and self.bot_token is not None:
            raise conflict(
                "bot_token",
                "is for one workspace, and client_id is for all that install the app. Keep one of the two.",
            )
        if self.app_token is not None and not self.enabled:
            raise conflict("bot_token", "is missing beside app_token. Set GPT4VIDEO_SLACK__BOT_TOKEN (xoxb-…).")
        return self

    @model_validator(mode="after")
    def _the_mode_has_what_it_needs(self) -> Self:
        if self.client_id is not None:
            if self.mode != "http":
                raise conflict("mode", 'must be "http" where several workspaces may install the app (client_id).')
            if self.public_url is None:
                raise conflict(
                    "public_url", "is missing: Slack sends people back there once they have installed the app."
                )
        if self.enabled and self.mode == "socket" and self.app_token is None:
            raise conflict(
                "app_token",
                "is missing: Socket Mode needs one (xapp-…). "
                'Set GPT4VIDEO_SLACK__APP_TOKEN or app_token_file, or mode to "http".',
            )
        if self.enabled and self.mode == "http" and self.signing_secret is None:
            raise conflict(
                "signing_secret",
                "is missing: without it nobody could tell Slack's requests from a stranger's. "
                "Set GPT4VIDEO_SLACK__SIGNING_SECRET or signing_secret_file.",
            )
        return self

    @model_validator(mode="after")
    def _the_public_address_is_safe(self) -> Self:
        url = urlsplit(self.public_url or "https://")
        if url.scheme == "http" and not is_loopback(url.hostname or ""):
            raise conflict("public_url", "must begin with https://, which Slack demands.")
        return self


def _begins(secret: SecretStr | None, prefix: str) -> bool:
    return secret is not None and secret.get_secret_value().startswith(prefix)
