"""The application's own errors. Each message is a sentence for the person who caused it."""

from __future__ import annotations

from typing import ClassVar


class BotError(Exception):
    """Base of the application's errors. `code` is stable and goes into views, logs and `--json`."""

    code: ClassVar[str] = "bot"


class NotPermitted(BotError):
    """This person may not do this here."""

    code = "not_permitted"


class OverQuota(BotError):
    """This person has used up what they may have here for now. The message says how much, and when it goes on."""

    code = "over_quota"


class BadInput(BotError):
    """What was asked cannot be done as asked: an empty prompt, an impossible size, too many clips."""

    code = "bad_input"


class Blocked(BotError):
    """A safety decision stopped the request. The message names category, score and threshold.

    `by_score` tells a verdict that a moderator can look at from a guard that is missing.
    """

    code = "blocked"

    def __init__(self, message: str, *, by_score: bool = True) -> None:
        super().__init__(message)
        self.by_score = by_score


class Interrupted(BotError):
    """The bot was restarted at a moment from which this request cannot go on by itself."""

    code = "interrupted"
