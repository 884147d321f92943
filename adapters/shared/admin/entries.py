"""Entries of the audit in words: what was decided and why, and who changed what from what to what. Pure text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.base import AuditEntry
from adapters.shared.admin import sentences
from adapters.shared.admin.names import audit_place, mentions, person, subject_name
from adapters.shared.admin.numbers import limit, number
from adapters.shared.dialect import Dialect, quoted, spoiler
from adapters.shared.words import clock

_EXCERPT = 220  # characters
_VALUE = 200
_NAME = 80


def audit_entry(entry: AuditEntry, dialect: Dialect) -> str:
    """One decision or change in two or three lines, at most some 650 characters."""
    return _change(entry, dialect) if entry.kind == "change" else _decision(entry, dialect)


def _decision(entry: AuditEntry, dialect: Dialect) -> str:
    acted = sentences.ACTED.get(entry.action, dialect.plain(entry.action))
    where = sentences.WHERE.get(entry.where, dialect.plain(entry.where))
    if entry.time_s is not None:
        where += f" at {clock(entry.time_s)}"
    title = dialect.say(sentences.TITLED, name=acted)
    head = " · ".join(part for part in (title, _reason(entry, dialect), where) if part)
    asked = f"{person(entry.author, dialect)} in {audit_place(entry.place, dialect)}"
    request = f" · request {quoted(entry.request, 64, dialect)}" if entry.request else ""
    lines = [head, f"{dialect.moment(entry.at)} · {asked}{request}"]
    if entry.excerpt:
        hidden = entry.action == "block"
        excerpt = entry.excerpt
        lines.append(spoiler(excerpt, _EXCERPT, dialect) if hidden else f"> {quoted(excerpt, _EXCERPT, dialect)}")
    return "\n".join(lines)


def _reason(entry: AuditEntry, dialect: Dialect) -> str:
    category = dialect.plain(entry.category)
    if entry.score is None:
        return f"{category} {sentences.NOT_SCORED}".strip()
    if entry.threshold is None:
        return f"{category} {limit(entry.score)}"
    sign = "≥" if entry.score >= entry.threshold else "<"
    return f"{category} {limit(entry.score)} {sign} {limit(entry.threshold)}"


def _change(entry: AuditEntry, dialect: Dialect) -> str:
    line = dialect.say(
        sentences.CHANGED,
        what=_what(entry, dialect),
        who=person(entry.author, dialect),
        before=_side(entry.details, "from", dialect),
        after=_side(entry.details, "to", dialect),
    )
    return f"{line}\n{dialect.moment(entry.at)} · {audit_place(entry.place, dialect)}"


def _what(entry: AuditEntry, dialect: Dialect) -> str:
    """The thing that was changed. What this version does not know is named as it is."""
    details = entry.details
    match details.get("what") or "rule":
        case "rule":
            return sentences.A_RULE.format(category=quoted(entry.category, _NAME, dialect))
        case "setting":
            name = str(details.get("name", ""))
            return sentences.SETTING_NAMES.get(name, quoted(name.replace("_", " "), _NAME, dialect))
        case "quota":
            measure = sentences.MEASURES.get(str(details.get("measure")), "")
            window = sentences.WINDOWS.get(str(details.get("window")), "")
            subject = subject_name(str(details.get("subject", "")), dialect)
            return sentences.A_QUOTA.format(measure=measure, window=window, subject=subject)
        case "case":
            kind = sentences.CASE_KINDS.get(str(details.get("kind")), sentences.A_CASE)
            return f"{kind} {quoted(str(details.get('case', '')), 64, dialect)}".strip()
        case what:
            return quoted(str(what).replace("_", " "), _NAME, dialect)


def _side(details: Mapping[str, Any], side: str, dialect: Dialect) -> str:
    """The value before or after."""
    value = details.get(side)
    if details.get(f"{side}_default"):
        return sentences.NOTHING
    match details.get("what"), details.get("name"):
        case (("rule" | None), _) if value is None:
            return sentences.WIDER_RULE
        case "quota", _ if value is None:
            return sentences.NO_LIMIT
        case "setting", "retention_days":
            days = quoted(str(value), 20, dialect)
            return sentences.KEEP_ALWAYS_SHORT if value is None else sentences.DAYS.format(days=days)
        case "setting", "moderator_channel" if isinstance(value, str) and dialect.channel(value):
            return dialect.channel(value)
        case "setting", "rooms" if isinstance(value, Mapping) and value.get("mode") in sentences.MODE_LINES:
            channels = _ids(value.get("channels"), dialect.channel)
            return dialect.say(sentences.MODE_LINES[value["mode"]], channels=channels)
        case "setting", "ask" | "generate" if isinstance(value, Mapping) and value.get("who") in sentences.AUDIENCES:
            names = _ids(value.get("roles"), dialect.role)
            return dialect.say(sentences.AUDIENCE_LINES[value["who"]], names=names)
    if value is None or value == "":
        return sentences.NOTHING
    return quoted(_spelled(value), _VALUE, dialect)


def _ids(value: Any, write: Callable[[str], str]) -> str:
    ids = [str(each) for each in value if write(str(each))] if isinstance(value, list | tuple) else []
    return mentions(ids, write, most=5) or "–"


def _spelled(value: Any) -> str:
    """A stored value as people write it."""
    if isinstance(value, Mapping) and set(value) == {"threshold", "action"} and isinstance(value["threshold"], float):
        return f"{limit(value['threshold'])} {value['action']}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_spelled(each)}" for key, each in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "–"
    return number(value) if isinstance(value, float) else str(value)
