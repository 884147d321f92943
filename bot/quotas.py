"""Quotas as arithmetic: which limits hold for somebody, what is used of them, and the sentence for who has used it all.

Pure functions over the store's records, which alone enforces the limits. It knows no database, no platform and no
clock; times are aware UTC.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from adapters.base import Author, Measure, Quota, Usage, Wants, Window
from bot.store.records import Ceiling, Overdrawn, UsageRow
from bot.store.usage import overdrawn

COUNTS = {Wants.ASK: Measure.ASKS, Wants.GENERATE: Measure.VIDEOS}
SPANS = {Window.HOUR: timedelta(hours=1), Window.DAY: timedelta(days=1)}
LONGEST = max(SPANS.values())

_ORDER = [(measure, window) for measure in Measure for window in Window]
_NAMES = {"asks": "questions", "videos": "videos", "gpu_seconds": "seconds of GPU time"}


def holding(quotas: Iterable[Quota], author: Author) -> list[Quota]:
    """The one quota per measure and window that holds for `author`: their own, else the most generous of their roles',
    else the community's for everyone, else the default."""
    own = f"user:{author.id}"
    roles = {f"role:{role}" for role in author.roles}
    best: dict[tuple[Measure, Window], tuple[tuple[int, float], Quota]] = {}
    for quota in quotas:
        if quota.subject == own:
            nearness = 3
        elif quota.subject in roles:
            nearness = 2
        elif quota.subject == "":
            nearness = 1 if quota.origin == "community" else 0
        else:
            continue
        rank = (nearness, math.inf if quota.amount is None else quota.amount)
        key = (quota.measure, quota.window)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, quota)
    return [best[key][1] for key in _ORDER if key in best]


def ceilings(held: Iterable[Quota], wants: Wants) -> list[Ceiling]:
    """The limits that `wants` uses up, its own count and the models' time, as the store enforces them."""
    measures = (COUNTS[wants], Measure.GPU_SECONDS)
    return [
        Ceiling(quota.measure.value, SPANS[quota.window].total_seconds(), quota.amount)
        for quota in held
        if quota.amount is not None and quota.measure in measures
    ]


def standing(quota: Quota, rows: Sequence[UsageRow], now: datetime) -> Usage:
    """What is used of a quota; it frees when the oldest use of its window falls out. `rows` are oldest first."""
    counted = _counted(quota, rows, now)
    return Usage(
        measure=quota.measure,
        window=quota.window,
        used=math.fsum(weight for _, weight in counted),
        amount=quota.amount,
        frees_at=counted[0][0] + SPANS[quota.window] if counted else None,
    )


def shortage(limits: Iterable[Ceiling], rows: Sequence[UsageRow], now: datetime) -> Overdrawn | None:
    """The used-up limit that lasts longest; None when one more fits into all of them. `rows` are oldest first."""
    found = [over for limit in limits if (over := overdrawn(limit, rows, now)) is not None]
    return max(found, key=lambda over: (over.frees_at is None, over.frees_at or now), default=None)


def sentence(over: Overdrawn, now: datetime, *, who_can: str) -> str:
    """Say what is used up and when it goes on. `who_can` names who may change a limit that waiting does not free."""
    measure, amount = over.ceiling.measure, over.ceiling.amount
    when = "this hour" if over.ceiling.span_s == SPANS[Window.HOUR].total_seconds() else "today"
    if over.frees_at is None:
        return f"There are no {_NAMES[measure]} for you here. {who_can} can change that."
    free = f"free {_moment(over.frees_at, now)}"
    if measure == Measure.GPU_SECONDS:
        return f"You have used your {_duration(amount)} of GPU time of {when}. More is {free}."
    verb, name = ("asked", "question") if measure == Measure.ASKS else ("used", "video")
    return f"You have {verb} your {amount:,.0f} {name}{'' if amount == 1 else 's'} of {when}. The next one is {free}."


def _counted(quota: Quota, rows: Sequence[UsageRow], now: datetime) -> list[tuple[datetime, float]]:
    """When each use in the window was, and how much it weighs. What is as old as the window is out of it."""
    since = now - SPANS[quota.window]
    recent = [row for row in rows if row.at > since]
    if quota.measure is Measure.GPU_SECONDS:
        return [(row.at, row.gpu_seconds) for row in recent if row.gpu_seconds > 0]
    return [(row.at, 1.0) for row in recent if row.measure == quota.measure]


def _moment(at: datetime, now: datetime) -> str:
    """A time to come, never too early: "in 12 min", "at 18:20 UTC", "tomorrow at 03:05 UTC"."""
    minutes = math.ceil((at - now).total_seconds() / 60)
    if minutes < 60:
        return f"in {max(minutes, 1)} min"
    full = at if at.second == at.microsecond == 0 else at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return f"{'tomorrow ' if full.date() > now.date() else ''}at {full:%H:%M} UTC"


def _duration(seconds: float) -> str:
    """A limit as it was set, in the largest unit that keeps it whole: 600 → "10 min", 90.5 → "90.5 s"."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length and seconds % length == 0:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.10g} s"
