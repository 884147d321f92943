"""The table of the safety rules, one rule in words, and what another limit would have done. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Chip, Rule, WhatIf
from adapters.shared.admin import sentences
from adapters.shared.admin.numbers import limit
from adapters.shared.dialect import Dialect
from adapters.shared.words import clock

STEPS = tuple(step / 20 for step in range(1, 21))  # the limits that a menu offers: 0.05 to 1.00
_NAME_CELLS = 16  # "violence/graphic"


def rules_table(rules: Sequence[Rule], dialect: Dialect) -> str:
    """One row per category, at most 36 characters wide."""
    head = f"{'':{_NAME_CELLS}} T F limit action"
    return dialect.table("\n".join([head, *map(_row, rules)]))


def _row(rule: Rule) -> str:
    row = f"{rule.category[:_NAME_CELLS]:{_NAME_CELLS}} {_dot(rule.text)} {_dot(rule.frames)} "
    if not (rule.text or rule.frames):
        return f"{row}{sentences.NOT_COVERED}"
    return f"{row}{limit(rule.threshold):5} {rule.action:6} {sentences.ORIGIN_MARKS.get(rule.origin, '')}".rstrip()


def _dot(covered: bool) -> str:
    return "●" if covered else "–"


def rules_legend(rules: Sequence[Rule], dialect: Dialect) -> str:
    """What the marks of the table mean, and what no guard covers."""
    used = {sentences.ORIGIN_MARKS.get(rule.origin, "") for rule in rules if rule.text or rule.frames}
    marks = [mark for mark in sentences.ORIGIN_MARKS.values() if mark in used]
    origins = ", ".join(dialect.say(sentences.ORIGIN_LEGEND[mark]) for mark in marks)
    lines = [dialect.say(sentences.LEGEND) + (f"\n{origins}." if origins else "")]
    bare = [dialect.plain(rule.category) for rule in rules if not (rule.text or rule.frames)]
    if bare:
        lines.append(dialect.say(sentences.NOT_COVERED_LINE, names=", ".join(bare)))
    return "\n".join(lines)


def rule_lines(rule: Rule, dialect: Dialect) -> str:
    """What scores a category, and the rule that holds."""
    origin = sentences.ORIGINS.get(rule.origin)
    held = dialect.say(
        sentences.RULE_NOW,
        limit=limit(rule.threshold),
        action=sentences.ACTIONS.get(rule.action, dialect.plain(rule.action)),
        origin=dialect.say(origin) if origin is not None else dialect.plain(rule.origin),
    )
    return f"{dialect.say(sentences.COVERS[rule.text, rule.frames])}\n{held}"


def draft_line(threshold: float, action: str, dialect: Dialect) -> str:
    """A rule that is not saved yet."""
    return dialect.say(
        sentences.RULE_DRAFT,
        limit=limit(threshold),
        action=sentences.ACTIONS.get(action, dialect.plain(action)),
    )


def saved_line(category: str, threshold: float, action: str, dialect: Dialect) -> str:
    """A rule that was just saved."""
    return dialect.say(
        sentences.RULE_SAVED, category=dialect.plain(category), limit=limit(threshold), action=dialect.plain(action)
    )


def what_if_line(found: WhatIf, threshold: float) -> str:
    """What another limit would have done."""
    changed = found.would_block + found.would_allow
    if not found.decisions:
        return sentences.WHAT_IF_EMPTY
    if not changed:
        return sentences.WHAT_IF_NONE.format(limit=limit(threshold), decisions=found.decisions)
    parts = [
        text.format(count=count)
        for text, count in ((sentences.STOPPED, found.would_block), (sentences.LET_THROUGH, found.would_allow))
        if count
    ]
    return sentences.WHAT_IF.format(
        limit=limit(threshold), changed=changed, decisions=found.decisions, how=": " + ", ".join(parts)
    )


def find_rule(rules: Sequence[Rule], category: str, dialect: Dialect) -> Rule:
    """The rule of a category. Raises `ValueError` with a sentence that names those that there are."""
    for rule in rules:
        if rule.category == category:
            return rule
    raise ValueError(no_category(category, [rule.category for rule in rules], dialect))


def no_category(category: str, known: Sequence[str], dialect: Dialect) -> str:
    """That there is no such category, and which there are."""
    names = ", ".join(dialect.plain(name) for name in known) or "–"
    return dialect.say(sentences.NO_CATEGORY, name=dialect.plain(category), known=names)


def scores_table(chips: Sequence[Chip], dialect: Dialect, most: int = 12) -> str:
    """Verdicts against their limits, the worst first."""
    worst = sorted(chips, key=lambda chip: (chip.action != "block", chip.threshold - chip.score))[:most]
    rows = []
    for chip in worst:
        sign = "≥" if chip.score >= chip.threshold else "<"
        when = f" {clock(chip.time_s)}" if chip.time_s is not None else ""
        scores = f"{limit(chip.score)} {sign} {limit(chip.threshold)}"
        rows.append(f"{chip.category}\n  {scores} {chip.action} · {chip.where}{when}")
    return dialect.table("\n".join(rows))
