"""How a request ends: what its work came to, as the state to store and the last view to show. It knows every error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from adapters.base import AttachmentError, State, View
from bot.errors import Blocked, BotError
from bot.store import RequestState, StoreError
from engine.errors import EngineError

log = logging.getLogger(__name__)

_SHOWN = {
    RequestState.DONE: State.DONE,
    RequestState.BLOCKED: State.BLOCKED,
    RequestState.CANCELLED: State.CANCELLED,
    RequestState.FAILED: State.FAILED,
}


@dataclass(frozen=True)
class Outcome:
    """The end of a request's work. `notice` None keeps what the view says already."""

    state: RequestState
    notice: str | None = None
    code: str = ""
    by_score: bool = False  # blocked by a verdict, which a moderator can look at

    def view(self, current: View, *, private: bool) -> View:
        """The last view, from how the request looks now. In a `private` place there are no moderators to appeal to."""
        return replace(
            current,
            state=_SHOWN[self.state],
            notice=current.notice if self.notice is None else self.notice,
            code=self.code,
            status="",
            queue=None,
            bar=None,
            can_cancel=False,
            can_appeal=self.by_score and not private,
        )


async def outcome_of(work: asyncio.Task[None], request: str, *, cancelled: Callable[[], str]) -> Outcome | None:
    """Wait for the work of a request. `cancelled` tells, once it was cancelled, the sentence of who did it; empty when
    nobody did: then the bot is being stopped, the request goes on later, and the outcome is None."""
    try:
        await work
        return Outcome(RequestState.DONE)
    except asyncio.CancelledError:
        notice = cancelled()
        return Outcome(RequestState.CANCELLED, notice, "cancelled") if notice else None
    except Blocked as error:
        return Outcome(RequestState.BLOCKED, str(error), error.code, by_score=error.by_score)
    except (BotError, EngineError, StoreError, AttachmentError) as error:
        return Outcome(RequestState.FAILED, str(error), getattr(error, "code", "attachment"))
    except Exception:
        log.exception("request %s failed", request)
        notice = f"Something broke on my side. Try again, or give the operator this number: {request}."
        return Outcome(RequestState.FAILED, notice, "internal")
