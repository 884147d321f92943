"""Tables and lines of the panels: pure text, narrow enough for a phone. Knows the neutral types, no Discord objects."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from adapters.base import Chip, Quota, Rule, Scope, WhatIf
from adapters.base.accounts import Measure, Window
from adapters.discord.admin import strings
from adapters.discord.markup import plain

MENTIONS = 30  # shown in one line; 30 of them fit into an embed's field
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_NAME_CELLS = 16  # "violence/graphic"


def number(value: float) -> str:
    """`10`, `0.5`, `1,200`."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def limit(value: float) -> str:
    """A threshold or a score: at least two places, and more only where they say something."""
    text = f"{value:.3f}"
    return text[:-1] if text.endswith("0") else text


def clock(seconds: float) -> str:
    """A time in a clip: `0:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def read_number(text: str) -> float:
    """What somebody wrote as a number: `10`, `0.5`, `0,5`, `1,200`. Raises `ValueError` with a sentence."""
    digits = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        value = float(digits)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(strings.NOT_A_NUMBER.format(text=plain(text)))
    return value


def mentions(ids: Sequence[str], mark: str, most: int = MENTIONS) -> str:
    """`<#1>, <#2>` for channels (`#`), `<@&1>` for roles (`@&`); long lists are cut short."""
    shown = [f"<{mark}{each}>" for each in ids[:most]]
    if len(ids) > most:
        shown.append(strings.MORE.format(count=len(ids) - most))
    return ", ".join(shown)


def person(id: str) -> str:
    """Somebody as Discord shows them, or that they are not known any more."""
    return f"<@{id}>" if id.isdigit() else quoted(id, 64) or strings.SOMEONE


def quoted(text: str, most: int) -> str:
    """Somebody's words on one line, harmless, at most `most` characters long however much had to be escaped."""
    line = " ".join(text.split())
    shown = plain(line)
    room = most
    while len(shown) > most:
        room -= max(1, (len(shown) - most) // 2)
        shown = plain(line[: max(0, room)]) + "…"
    return shown


def spoiler(text: str, most: int) -> str:
    """Somebody's words, shown only to who wants to see them."""
    return f"||{quoted(text, most - 4)}||"


# --- safety -------------------------------------------------------------------------------------------------------


def rules_table(rules: Sequence[Rule]) -> str:
    """One row per category in a code block, at most 36 characters wide."""
    head = f"{'':{_NAME_CELLS}} T F limit action"
    return "\n".join(["```", head, *(_rule_row(rule) for rule in rules), "```"])


def _rule_row(rule: Rule) -> str:
    name = rule.category[:_NAME_CELLS].replace("`", "'")
    row = f"{name:{_NAME_CELLS}} {_dot(rule.text)} {_dot(rule.frames)} "
    if not (rule.text or rule.frames):
        return f"{row}{strings.NOT_COVERED}"
    return f"{row}{limit(rule.threshold):5} {rule.action:6} {strings.ORIGIN_MARKS.get(rule.origin, '')}".rstrip()


def _dot(covered: bool) -> str:
    return "●" if covered else "–"


def rules_legend(rules: Sequence[Rule]) -> str:
    """What the marks of the table mean, and what no guard covers."""
    used = {strings.ORIGIN_MARKS.get(rule.origin, "") for rule in rules if rule.text or rule.frames}
    origins = ", ".join(strings.ORIGIN_LEGEND[mark] for mark in strings.ORIGIN_MARKS.values() if mark in used)
    lines = [strings.LEGEND + (f"\n{origins}." if origins else "")]
    bare = [plain(rule.category) for rule in rules if not (rule.text or rule.frames)]
    if bare:
        lines.append(strings.NOT_COVERED_LINE.format(names=", ".join(bare)))
    return "\n".join(lines)


def what_if_line(found: WhatIf, threshold: float) -> str:
    """What another limit would have done."""
    changed = found.would_block + found.would_allow
    if not found.decisions:
        return strings.WHAT_IF_EMPTY
    if not changed:
        return strings.WHAT_IF_NONE.format(limit=limit(threshold), decisions=found.decisions)
    parts = [
        text.format(count=count)
        for text, count in ((strings.STOPPED, found.would_block), (strings.LET_THROUGH, found.would_allow))
        if count
    ]
    return strings.WHAT_IF.format(
        limit=limit(threshold), changed=changed, decisions=found.decisions, how=": " + ", ".join(parts)
    )


def scores_table(chips: Sequence[Chip], most: int = 12) -> str:
    """Verdicts against their limits, the worst first, in a code block."""
    worst = sorted(chips, key=lambda chip: (chip.action != "block", chip.threshold - chip.score))[:most]
    rows = []
    for chip in worst:
        sign = "≥" if chip.score >= chip.threshold else "<"
        when = f" {clock(chip.time_s)}" if chip.time_s is not None else ""
        name = chip.category.replace("`", "'")
        rows.append(f"{name}\n  {limit(chip.score)} {sign} {limit(chip.threshold)} {chip.action} · {chip.where}{when}")
    return "\n".join(["```", *rows, "```"])


# --- quotas -------------------------------------------------------------------------------------------------------


def by_subject(quotas: Iterable[Quota]) -> dict[str, dict[tuple[Measure, Window], Quota]]:
    """Everyone's first. The community's own limit hides the default for the same."""
    found: dict[str, dict[tuple[Measure, Window], Quota]] = {"": {}}
    for quota in quotas:
        held = found.setdefault(quota.subject, {})
        key = (quota.measure, quota.window)
        if key not in held or quota.origin == "community":
            held[key] = quota
    return found


def subject_name(subject: str) -> str:
    """`Everyone`, or the mention of a role or a member."""
    kind, _, id = subject.partition(":")
    return {"role": f"<@&{id}>", "user": f"<@{id}>"}.get(kind, strings.EVERYONE)


def amount(quota: Quota) -> str:
    return strings.NO_LIMIT if quota.amount is None else number(quota.amount)


def quota_lines(held: Mapping[tuple[Measure, Window], Quota]) -> list[str]:
    """`Videos: 2 an hour · 10 a day (default)`, one line per measure that is limited."""
    lines = []
    for measure in Measure:
        quotas = [held[measure, window] for window in Window if (measure, window) in held]
        parts = [
            f"{amount(quota)} {strings.WINDOWS[quota.window]}"
            + (f" *({strings.DEFAULT})*" if quota.origin == "default" else "")
            for quota in quotas
        ]
        if parts:
            lines.append(f"{strings.MEASURES[measure]}: {' · '.join(parts)}")
    return lines


def quotas_text(quotas: Iterable[Quota], room: int) -> str:
    """Everyone's limits and those of roles and members, in at most `room` characters."""
    blocks = []
    for subject, held in by_subject(quotas).items():
        lines = quota_lines(held) or [strings.QUOTA_NONE]
        blocks.append("\n".join([f"**{subject_name(subject)}**", *lines]))
    shown: list[str] = []
    for index, block in enumerate(blocks):
        more = strings.MORE.format(count=len(blocks) - index)
        if len("\n\n".join([*shown, block, more])) > room:
            return "\n\n".join([*shown, more])
        shown.append(block)
    return "\n\n".join(shown)


# --- places -------------------------------------------------------------------------------------------------------


def audit_place(place: str) -> str:
    """`discord/GUILD/CHANNEL`, as the desk writes it, for people."""
    parts = place.split("/")
    community, channel = [*parts, "", ""][1:3]
    if community == "dm":
        return strings.DIRECT
    if channel.isdigit():
        return f"<#{channel}>"
    return strings.AGE_PLACE if channel else strings.WHOLE_SERVER


def place_line(scope: Scope) -> str:
    """Whose rules a safety panel shows."""
    if not scope.channel:
        return strings.PLACE_SERVER
    if not scope.channel.isdigit():
        return strings.PLACE_AGE
    line = strings.PLACE_AGE_CHANNEL if scope.age_restricted else strings.PLACE_CHANNEL
    return line.format(channel=scope.channel)
