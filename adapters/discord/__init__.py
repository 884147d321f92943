"""Discord: mentions, direct messages, commands and buttons, over gateway and REST. Knows no policy and no model."""

from __future__ import annotations

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.errors import DiscordError, DiscordSetupError, IntentsRefused, TokenRefused, Unreachable

__all__ = ["DiscordAdapter", "DiscordError", "DiscordSetupError", "IntentsRefused", "TokenRefused", "Unreachable"]
