"""What people can do with a request in the state that it is in. Pure; knows no buttons and no messages."""

from __future__ import annotations

from enum import StrEnum

from adapters.base import State, View


class Action(StrEnum):
    """One thing to do with a request. The value is part of a button's id and must not change."""

    CANCEL = "cancel"
    AGAIN = "again"  # the same wish with a new seed
    VARY = "vary"
    LONGER = "longer"
    FRAMES = "frames"  # see what the model looked at
    DELETE = "delete"
    REPORT = "report"
    WHY = "why"  # read the private notice, also where no private message could be sent
    APPEAL = "appeal"
    OTHER_SEED = "seed"  # again, for a video that came out unsafe


def offered(view: View, *, public: bool) -> tuple[Action, ...]:
    """What stands under the request's message. Where others read along, what its author alone may read is behind
    one more step."""
    if not view.request:
        return ()
    if not view.state.final:
        return (Action.CANCEL,) if view.can_cancel else ()
    if view.state is State.DONE:
        return _with_a_result(view)
    if public and is_private(view):
        return (Action.WHY,)
    return () if public else offered_privately(view)


def offered_privately(view: View) -> tuple[Action, ...]:
    """What stands under the notice that its author alone reads."""
    if view.state is not State.BLOCKED or not view.request:
        return ()
    made = any(chip.where == "video" and chip.action == "block" for chip in view.chips)
    return (*((Action.OTHER_SEED,) if made else ()), *((Action.APPEAL,) if view.can_appeal else ()))


def is_private(view: View) -> bool:
    """Whether the view says something that concerns its author alone."""
    return view.state in (State.BLOCKED, State.FAILED) and bool(view.notice.strip())


def _with_a_result(view: View) -> tuple[Action, ...]:
    frames = (Action.FRAMES,) if view.stills else ()
    if view.videos:  # the five of every video fill a row, and what is rare begins the next one
        return (Action.AGAIN, Action.VARY, Action.LONGER, Action.DELETE, Action.REPORT, *frames)
    return (*frames, Action.DELETE, Action.REPORT)
