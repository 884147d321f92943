"""What can keep the bot from Slack, each as a type with a sentence for the operator. Knows nothing of chats."""

from __future__ import annotations

from adapters.base import AdapterError


class SlackError(AdapterError):
    """Base of everything this adapter raises at its start. `str(error)` is a sentence for the operator."""


class SlackSetupError(SlackError):
    """Slack does not take the bot with these settings; the sentence says what to change."""


class TokenRefused(SlackSetupError):
    """The bot token is wrong, or was revoked."""

    def __init__(self) -> None:
        super().__init__(
            "Slack refused the bot token. Copy it again from the app's page OAuth & Permissions "
            "(it begins with xoxb-), and set GPT4VIDEO_SLACK__BOT_TOKEN."
        )


class AppTokenRefused(SlackSetupError):
    """The app-level token of Socket Mode is wrong, was revoked, or lacks its scope."""

    def __init__(self) -> None:
        super().__init__(
            "Slack refused the app token. Make one on the app's page Basic Information, under App-Level Tokens, "
            "with the scope connections:write (it begins with xapp-), and set GPT4VIDEO_SLACK__APP_TOKEN."
        )


class SocketModeOff(SlackError):
    """Slack closes the sockets because Socket Mode was switched off for the app. It works again once it is on."""

    def __init__(self) -> None:
        super().__init__(
            "Slack has closed the connection: Socket Mode is switched off for this app. "
            "Switch it on on the app's page Socket Mode; the bot connects again by itself."
        )


class TooManySockets(SlackError):
    """Slack allows an app ten sockets, and they are in use."""

    def __init__(self) -> None:
        super().__init__(
            "Slack lets this app open no more connections: ten are open already, most likely by other bots with this "
            "app token. Stop those, or give each an app of its own."
        )


class Unreachable(SlackError):
    """No answer, or none that makes sense. Trying again later may help."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Slack could not be reached ({why}). Check the network and try again.")


class NotSlack(SlackSetupError):
    """Something answers at the API's address, and speaks another language."""

    def __init__(self, api_base: str) -> None:
        super().__init__(f"What answers at {api_base} is not Slack. Correct slack.api_base.")
