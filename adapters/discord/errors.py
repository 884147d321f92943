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
    """Close codes 4013 and 4014."""

    def __init__(self, code: int = 4014) -> None:
        super().__init__(
            f"Discord closed the connection because of an intent that is not switched on ({code}). "
            "Switch it on in the Developer Portal, page Bot, under Privileged Gateway Intents."
        )


class VersionRefused(DiscordSetupError):
    """Close code 4012."""

    def __init__(self) -> None:
        super().__init__(
            "Discord no longer speaks the version of its gateway that this bot speaks (4012). Update the bot."
        )


class MoreShardsWanted(DiscordError):
    """Close codes 4010 and 4011: the bot is in more guilds than its connections may serve."""

    def __init__(self, code: int = 4011) -> None:
        super().__init__(
            f"Discord wants the bot to spread its guilds over more connections ({code}). "
            "It asks how many, and connects again by itself."
        )


class Unreachable(DiscordError):
    """No answer, or none that makes sense. Trying again later may help."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Discord could not be reached ({why}). Check the network and try again.")
