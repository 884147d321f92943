"""What moderators rule on: appeals and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapters.base.asking import Author, Place
from adapters.base.views import Chip, MadeVideo, Still


class CaseKind(StrEnum):
    """Why moderators look at something."""

    APPEAL = "appeal"  # its author thinks that a block was wrong
    REPORT = "report"  # somebody thinks that an answer should not be there


class CaseState(StrEnum):
    """A case is open until a moderator rules; a ruling is final."""

    OPEN = "open"
    UPHELD = "upheld"  # an appeal: the block stays
    OVERTURNED = "overturned"  # an appeal: the request runs again with that verdict waived
    REMOVED = "removed"  # a report: the answer is taken away
    KEPT = "kept"  # a report: the answer stays


@dataclass(frozen=True)
class Case:
    """Something for moderators to rule on.

    `chips` are the verdicts that blocked (an appeal) or all of the answer's (a report). `still` is the frame that was
    judged and `videos` what was made: to be shown only behind a spoiler. `outcome` says what happened to a closed case;
    `suggestion` is a sentence about the threshold that would agree with an overturned verdict.
    """

    id: str
    kind: CaseKind
    state: CaseState
    request: str
    place: Place
    author: Author  # who appealed or reported
    asker: Author  # whose request it is
    at: datetime
    words: str = ""  # what `author` says about it
    excerpt: str = ""
    chips: tuple[Chip, ...] = ()
    still: Still | None = None
    videos: tuple[MadeVideo, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None
    outcome: str = ""
    suggestion: str = ""
    ref: str = ""  # of its card, for `Adapter.redraw_case`
