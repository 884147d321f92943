"""Quotas in words, and what a form with a window's limits changes. Knows the desk's types, no forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adapters.base import AdminDesk, Author, Measure, Quota, Scope, Window
from adapters.shared.admin import sentences
from adapters.shared.admin.names import subject_name
from adapters.shared.admin.numbers import number, read_amount
from adapters.shared.dialect import Dialect

Held = Mapping[tuple[Measure, Window], Quota]
"""What holds for one subject."""


def by_subject(quotas: Iterable[Quota]) -> dict[str, dict[tuple[Measure, Window], Quota]]:
    """Everyone's first. The community's own limit hides the default for the same."""
    found: dict[str, dict[tuple[Measure, Window], Quota]] = {"": {}}
    for quota in quotas:
        held = found.setdefault(quota.subject, {})
        key = (quota.measure, quota.window)
        if key not in held or quota.origin == "community":
            held[key] = quota
    return found


def amount(quota: Quota) -> str:
    """`10`, `no limit`."""
    return sentences.NO_LIMIT if quota.amount is None else number(quota.amount)


def written(quota: Quota | None) -> str:
    """What stands in a form's line: the community's own amount, as people write it; empty for a default or none."""
    if quota is None or quota.origin != "community":
        return ""
    return amount(quota).replace(",", "")


def quota_lines(held: Held, dialect: Dialect) -> list[str]:
    """`Videos: 2 an hour · 10 a day (default)`, one line per measure that is limited."""
    lines = []
    for measure in Measure:
        quotas = [held[measure, window] for window in Window if (measure, window) in held]
        parts = [
            f"{amount(quota)} {sentences.WINDOWS[quota.window]}"
            + (f" {dialect.say(sentences.IN_TABLE, word=sentences.DEFAULT)}" if quota.origin == "default" else "")
            for quota in quotas
        ]
        if parts:
            lines.append(f"{sentences.MEASURES[measure]}: {' · '.join(parts)}")
    return lines


def quotas_text(quotas: Iterable[Quota], room: int, dialect: Dialect) -> str:
    """Everyone's limits and those of roles and members, in at most `room` characters."""
    blocks = []
    for subject, held in by_subject(quotas).items():
        lines = quota_lines(held, dialect) or [sentences.QUOTA_NONE]
        title = dialect.say(sentences.TITLED, name=subject_name(subject, dialect))
        blocks.append("\n".join([title, *lines]))
    shown: list[str] = []
    for index, block in enumerate(blocks):
        more = sentences.MORE.format(count=len(blocks) - index)
        if len("\n\n".join([*shown, block, more])) > room:
            return "\n\n".join([*shown, more])
        shown.append(block)
    return "\n\n".join(shown)


def summary(quotas: Iterable[Quota], dialect: Dialect) -> str:
    """All quotas in a line or two, for the home of the settings."""
    subjects = by_subject(quotas)
    special = len(subjects) - 1
    everyone = "; ".join(quota_lines(subjects[""], dialect)) or sentences.QUOTA_NONE
    more = f"\n{dialect.say(sentences.QUOTAS_SPECIAL, count=special)}" if special else ""
    word = sentences.SET_HERE if any(has_own(held) for held in subjects.values()) else sentences.DEFAULT
    return dialect.say(sentences.ORIGIN, line=f"{everyone}{more}", word=word)


def has_own(held: Held) -> bool:
    """Whether the community has set any of these itself."""
    return any(quota.origin == "community" for quota in held.values())


def read_form(lines: Mapping[str, str], dialect: Dialect) -> dict[Measure, float | None]:
    """What a form says, by the measures' values as keys; an empty line says nothing.

    Raises `ValueError` with a sentence.
    """
    return {measure: read_amount(lines[measure.value], dialect) for measure in Measure if lines.get(measure.value)}


async def save_form(
    desk: AdminDesk,
    scope: Scope,
    author: Author,
    subject: str,
    window: Window,
    wanted: Mapping[Measure, float | None],
) -> None:
    """Set what a form says for one subject and window, and drop what it says nothing about.

    What would change nothing is left alone, so that nothing is audited that did not happen. Raises what the desk does.
    """
    held = by_subject(await desk.quotas(scope)).get(subject, {})
    for measure in Measure:
        quota = held.get((measure, window))
        own = quota if quota is not None and quota.origin == "community" else None
        if measure not in wanted:
            if own is not None:
                await desk.reset_quota(scope, author, subject, measure, window)
        elif own is None or own.amount != wanted[measure]:
            await desk.set_quota(scope, author, Quota(subject, measure, window, wanted[measure]))


async def clear(desk: AdminDesk, scope: Scope, author: Author, subject: str) -> None:
    """Drop all limits of one subject that the community has set."""
    quotas: Sequence[Quota] = list(by_subject(await desk.quotas(scope)).get(subject, {}).values())
    for quota in quotas:
        if quota.origin == "community":
            await desk.reset_quota(scope, author, subject, quota.measure, quota.window)
