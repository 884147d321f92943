"""Entries of the audit in words: every kind of change as the store writes it, and none that breaks the list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AuditEntry
from adapters.discord.dialect import DISCORD
from adapters.shared.admin.entries import audit_entry

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
    max_leaves=12,
)
RULE = {"threshold": 0.6, "action": "block"}


def entry(**more) -> AuditEntry:
    return AuditEntry(
        **{
            "id": 1,
            "at": NOON,
            "kind": "change",
            "request": "",
            "place": "discord/1/22",
            "author": "77",
            "where": "",
            "category": "violence",
            "score": None,
            "threshold": None,
            "action": "",
            "time_s": None,
            "excerpt": "",
            **more,
        }
    )


def setting(name: str, before: object, after: object, **more: object) -> dict[str, object]:
    return {"what": "setting", "name": name, "from": before, "to": after, **more}


def quota(subject: str, before: object, after: object, **more: object) -> dict[str, object]:
    named = {"what": "quota", "subject": subject, "measure": "videos", "window": "day"}
    return {**named, "from": before, "to": after, **more}


@pytest.mark.parametrize(
    ("details", "line"),
    [
        (
            {"what": "rule", "from": None, "to": RULE},
            "**rule for violence** changed by <@77>: the wider rule → 0.60 block",
        ),
        (
            setting("retention_days", 30, None, to_default=False),
            "**how long I keep things** changed by <@77>: 30 days → until somebody makes me forget it",
        ),
        (
            setting("retention_days", None, 7, from_default=True),
            "**how long I keep things** changed by <@77>: the default → 7 days",
        ),
        (
            setting("rooms", {"mode": "all", "channels": []}, {"mode": "only", "channels": ["5", "6"]}),
            "**where I answer** changed by <@77>: Everywhere → Only in <#5>, <#6>",
        ),
        (
            setting("generate", {"who": "nobody", "roles": []}, {"who": "roles", "roles": ["8"]}),
            "**who may make videos** changed by <@77>: Nobody → Members with <@&8>",
        ),
        (
            setting("moderator_channel", "", "22"),
            "**moderator channel** changed by <@77>: the default → <#22>",
        ),
        (quota("role:8", 5.0, None), "**quota of <@&8>: Videos a day** changed by <@77>: 5 → no limit"),
        (
            quota("", None, 10.0, from_default=True),
            "**quota of Everyone: Videos a day** changed by <@77>: the default → 10",
        ),
        (
            {"what": "case", "case": "c1", "kind": "appeal", "from": "open", "to": "upheld"},
            "**Appeal c1** changed by <@77>: open → upheld",
        ),
        (
            {"what": "colour_of_the_bot", "from": "red", "to": "blue"},
            "**colour of the bot** changed by <@77>: red → blue",
        ),
    ],
)
def test_a_change_is_told_in_words(details: dict[str, object], line: str) -> None:
    first, second = audit_entry(entry(details=details), DISCORD).split("\n")
    assert first == f"✏️ {line}"
    assert second == f"<t:{int(NOON.timestamp())}:R> · <#22>"


@given(
    st.dictionaries(st.sampled_from(["from", "to", "name", "subject", "measure", "window", "case", "kind"]), JSON),
    st.sampled_from(["rule", "setting", "quota", "case", "else"]),
    st.sampled_from(["rooms", "ask", "generate", "model", "retention_days", "moderator_channel", "else"]),
)
def test_whatever_is_stored_makes_two_short_lines(details: dict[str, object], what: str, name: str) -> None:
    text = audit_entry(entry(details={**details, "what": what, "name": name}), DISCORD)
    assert text.count("\n") == 1
    assert len(text) <= 650
    assert "@everyone" not in text


@given(st.text(max_size=600), st.sampled_from(["allow", "warn", "block"]))
def test_whatever_was_said_makes_three_short_lines(excerpt: str, action: str) -> None:
    told = entry(kind="decision", where="clip", score=0.9, threshold=0.7, action=action, time_s=61.0, excerpt=excerpt)
    text = audit_entry(told, DISCORD)
    assert text.count("\n") <= 2
    assert len(text) <= 650
    assert "violence 0.90 ≥ 0.70 · clip at 1:01" in text
