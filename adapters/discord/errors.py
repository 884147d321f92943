"""What can keep the bot from Discord, each as a type with a sentence for the operator. Knows nothing of chats."""

from __future__ import annotations

from adapters.base import AdapterError


class DiscordError(AdapterError):
    """Base of everything this adapter raises at its start. `str(error)` is a sentence for the operator."""


class DiscordSetupError(DiscordError):
    """Discord does not take the bot with these settings; the sentence says what to change."""


class TokenRefused(DiscordSetupError):
    def __init__(self) -> None:
        super().__init__(
            "Discord refused the bot token. Copy it again from the Developer Portal, page Bot, and set it anew."
        )


class IntentsRefused(DiscordSetupError):
    """Close code 4014."""

    def __init__(self) -> None:
        super().__init__(
            "Discord closed the connection because of an intent that is not switched on (4014). "
            "Switch it on in the Developer Portal, page Bot, under Privileged Gateway Intents."
        )


class Unreachable(DiscordError):
    """No answer, or none that makes sense. Trying again later may help."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Discord could not be reached ({why}). Check the network and try again.")
