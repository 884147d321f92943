"""Entries of the audit in words: what was decided and why, and who changed what from what to what. Pure text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.base import AuditEntry
from adapters.discord.admin import strings
from adapters.discord.admin.texts import (
    audit_place,
    clock,
    limit,
    mentions,
    number,
    person,
    quoted,
    spoiler,
    subject_name,
)
from adapters.discord.markup import plain

_EXCERPT = 220  # characters
_VALUE = 200
_NAME = 80


def audit_entry(entry: AuditEntry) -> str:
    """One decision or change in two or three lines, at most 650 characters."""
    at = f"<t:{int(entry.at.timestamp())}:R>"
    return _change(entry, at) if entry.kind == "change" else _decision(entry, at)


def _decision(entry: AuditEntry, at: str) -> str:
    acted = strings.ACTED.get(entry.action, plain(entry.action))
    where = strings.WHERE.get(entry.where, plain(entry.where))
    if entry.time_s is not None:
        where += f" at {clock(entry.time_s)}"
    head = " · ".join(part for part in (f"**{acted}**", _reason(entry), where) if part)
    asked = f"{person(entry.author)} in {audit_place(entry.place)}"
    lines = [head, f"{at} · {asked}" + (f" · request {quoted(entry.request, 64)}" if entry.request else "")]
    if entry.excerpt:
        hidden = entry.action == "block"
        lines.append(spoiler(entry.excerpt, _EXCERPT) if hidden else f"> {quoted(entry.excerpt, _EXCERPT)}")
    return "\n".join(lines)


def _reason(entry: AuditEntry) -> str:
    category = plain(entry.category)
    if entry.score is None:
        return f"{category} {strings.NOT_SCORED}".strip()
    if entry.threshold is None:
        return f"{category} {limit(entry.score)}"
    sign = "≥" if entry.score >= entry.threshold else "<"
    return f"{category} {limit(entry.score)} {sign} {limit(entry.threshold)}"


def _change(entry: AuditEntry, at: str) -> str:
    details = entry.details
    line = strings.CHANGED.format(
        what=_what(entry),
        who=person(entry.author),
        before=_side(details, "from"),
        after=_side(details, "to"),
    )
    return f"{line}\n{at} · {audit_place(entry.place)}"


def _what(entry: AuditEntry) -> str:
    """The thing that was changed. What this version does not know is named as it is."""
    details = entry.details
    match details.get("what") or "rule":
        case "rule":
            return strings.A_RULE.format(category=quoted(entry.category, _NAME))
        case "setting":
            name = str(details.get("name", ""))
            return strings.SETTING_NAMES.get(name, quoted(name.replace("_", " "), _NAME))
        case "quota":
            measure = strings.MEASURES.get(str(details.get("measure")), "")
            window = strings.WINDOWS.get(str(details.get("window")), "")
            subject = subject_name(str(details.get("subject", "")))
            return strings.A_QUOTA.format(measure=measure, window=window, subject=_subject(subject))
        case "case":
            kind = strings.CASE_KINDS.get(str(details.get("kind")), strings.A_CASE)
            return f"{kind} {quoted(str(details.get('case', '')), 64)}".strip()
        case what:
            return quoted(str(what).replace("_", " "), _NAME)


def _subject(subject: str) -> str:
    """A mention as Discord writes it; anything else harmless."""
    return subject if subject.strip("<@&>").isdigit() else quoted(subject, _NAME)


def _side(details: Mapping[str, Any], side: str) -> str:
    """The value before or after."""
    value = details.get(side)
    if details.get(f"{side}_default"):
        return strings.NOTHING
    match details.get("what"), details.get("name"):
        case (("rule" | None), _) if value is None:
            return strings.WIDER_RULE
        case "quota", _ if value is None:
            return strings.NO_LIMIT
        case "setting", "retention_days":
            return strings.KEEP_ALWAYS_SHORT if value is None else strings.DAYS.format(days=quoted(str(value), 20))
        case "setting", "moderator_channel" if str(value).isdigit():
            return f"<#{value}>"
        case "setting", "rooms" if isinstance(value, Mapping) and value.get("mode") in strings.MODE_LINES:
            channels = _ids(value.get("channels"), "#")
            return strings.MODE_LINES[value["mode"]].format(channels=channels)
        case "setting", "ask" | "generate" if isinstance(value, Mapping) and value.get("who") in strings.AUDIENCE_LINES:
            return strings.AUDIENCE_LINES[value["who"]].format(roles=_ids(value.get("roles"), "@&"))
    if value is None or value == "":
        return strings.NOTHING
    return quoted(_spelled(value), _VALUE)


def _ids(value: Any, mark: str) -> str:
    ids = [str(each) for each in value if str(each).isdigit()] if isinstance(value, list | tuple) else []
    return mentions(ids, mark, most=5) or "–"


def _spelled(value: Any) -> str:
    """A stored value as people write it."""
    if isinstance(value, Mapping) and set(value) == {"threshold", "action"} and isinstance(value["threshold"], float):
        return f"{limit(value['threshold'])} {value['action']}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_spelled(each)}" for key, each in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "–"
    return number(value) if isinstance(value, float) else str(value)
