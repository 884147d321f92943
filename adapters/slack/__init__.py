"""Slack: mentions, direct messages, commands, buttons and the App Home. Knows no policy and no model."""

from __future__ import annotations

from adapters.slack.adapter import SlackAdapter
from adapters.slack.errors import AppTokenRefused, NotSlack, SlackError, SlackSetupError, TokenRefused, Unreachable

__all__ = [
    "AppTokenRefused",
    "NotSlack",
    "SlackAdapter",
    "SlackError",
    "SlackSetupError",
    "TokenRefused",
    "Unreachable",
]
