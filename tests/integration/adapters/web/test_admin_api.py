"""The safety page's REST, against a fake `AdminDesk`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from adapters.base import AuditEntry, AuditQuery, Scope

EVERYONE = Scope("web", "local", "")
PLACE = Scope("web", "local", "conversation-0001")


def _entries(sample: AuditEntry, count: int) -> list[AuditEntry]:
    return [dataclasses.replace(sample, id=number) for number in range(1, count + 1)]


async def _get(server: Any, path: str, status: int = 200) -> Any:
    async with server.http() as http, http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def _send(server: Any, method: str, path: str, body: Any, status: int = 200) -> Any:
    async with server.http() as http, http.request(method, path, json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_the_rules_of_everyone_and_of_a_place(server: Any) -> None:
    rules = (await _get(server, "/api/admin/rules"))["rules"]
    await _get(server, "/api/admin/rules?channel=conversation-0001")

    assert rules[2] == {
        "category": "sexual/minors",
        "threshold": 0.2,
        "action": "block",
        "origin": "default",
        "text": False,
        "frames": False,
    }
    assert [scope for _, scope in server.desk.calls] == [EVERYONE, PLACE]


async def test_a_rule_is_changed_by_a_named_admin_and_reset(server: Any) -> None:
    change = {"category": "sexual/minors", "threshold": 0.1, "action": "warn", "channel": "conversation-0001"}
    changed = await _send(server, "PUT", "/api/admin/rules", change)
    assert changed["rules"][2]["threshold"] == 0.1
    assert changed["rules"][2]["origin"] == "place"

    await _send(server, "POST", "/api/admin/rules/reset", {"category": "sexual/minors"})

    calls = [call for call in server.desk.calls if call[0] != "rules"]
    assert (calls[0][1], calls[0][2].id, calls[0][3:]) == (PLACE, "local", ("sexual/minors", 0.1, "warn"))
    assert (calls[1][0], calls[1][1], calls[1][3]) == ("reset_rule", EVERYONE, "sexual/minors")


async def test_an_impossible_rule_is_refused_in_the_words_of_the_desk(server: Any) -> None:
    change = {"category": "violence", "threshold": 7, "action": "block"}
    body = await _send(server, "PUT", "/api/admin/rules", change, 400)
    assert body["error"]["message"] == "A threshold lies between 0 and 1. Choose one in between."


@pytest.mark.parametrize("body", [{}, [], "x", {"category": "violence"}, {"category": 1, "threshold": 1, "action": ""}])
async def test_a_body_that_makes_no_sense_is_refused(server: Any, body: Any) -> None:
    answer = await _send(server, "PUT", "/api/admin/rules", body, 400)
    assert answer["error"]["code"] == "not_understood"


async def test_what_a_threshold_would_have_done(server: Any) -> None:
    found = await _get(server, "/api/admin/what-if?category=violence&threshold=0.6")
    assert found == {"decisions": 6, "would_block": 2, "would_allow": 0}


@pytest.mark.parametrize("threshold", ["", "high", "nan", "inf"])
async def test_a_threshold_that_is_no_number_is_refused(server: Any, threshold: str) -> None:
    body = await _get(server, f"/api/admin/what-if?category=violence&threshold={threshold}", 400)
    assert body["error"]["code"] == "not_a_number"


async def test_a_scope_that_is_no_conversation_is_refused(server: Any) -> None:
    assert (await _get(server, "/api/admin/rules?channel=../x", 400))["error"]["code"] == "no_such_place"


async def test_the_audit_is_filtered_and_paged_within_this_page(server: Any, sample_entry: AuditEntry) -> None:
    server.desk.entries = _entries(sample_entry, 5)
    first = await _get(server, "/api/admin/audit?category=violence&action=block&where=question&limit=3")
    rest = await _get(server, f"/api/admin/audit?limit=3&before={first['entries'][-1]['id']}")

    assert [entry["id"] for entry in first["entries"]] == [5, 4, 3]
    assert [entry["id"] for entry in rest["entries"]] == [2, 1]
    assert (first["more"], rest["more"]) == (True, False)
    assert first["entries"][0]["at"] == "2026-11-20T12:01:00Z"
    assert server.desk.calls[0][1] == AuditQuery(
        "web", "local", category="violence", action="block", where="question", limit=3
    )


async def test_one_page_of_the_audit_is_never_huge(server: Any) -> None:
    await _get(server, "/api/admin/audit?limit=1000000")
    assert server.desk.calls[0][1].limit == 200


async def test_a_text_is_tried(server: Any) -> None:
    trial = await _send(server, "POST", "/api/admin/try/text", {"text": "how to punch"})
    assert (trial["allowed"], trial["scores"]["violence"], trial["not_covered"]) == (False, 0.92, ["sexual/minors"])
    await _send(server, "POST", "/api/admin/try/text", {"text": "  "}, 400)
    await _send(server, "POST", "/api/admin/try/text", {"text": "x" * 9000}, 400)


async def test_a_clip_is_tried_and_leaves_nothing(server: Any) -> None:
    async with server.http() as http, http.post("/api/uploads", data=b"a bad clip") as answer:
        upload = (await answer.json())["id"]
    trial = await _send(server, "POST", "/api/admin/try/clip", {"upload": upload})
    again = await _send(server, "POST", "/api/admin/try/clip", {"upload": upload}, 422)

    assert (trial["allowed"], trial["chips"][0]["time_s"]) == (False, 7.0)
    assert "Attach it again" in again["error"]["message"]
    assert list(server.inbox.iterdir()) == []


async def test_who_is_no_admin_sees_and_changes_nothing(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    author = server.adapter._door.author(None)
    monkeypatch.setattr(server.adapter._door, "author", lambda _: dataclasses.replace(author, is_admin=False))

    for path in ("/api/admin/rules", "/api/admin/audit", "/api/admin/what-if?category=violence&threshold=0.5"):
        assert (await _get(server, path, 403))["error"]["code"] == "not_admin"
    await _send(server, "PUT", "/api/admin/rules", {"category": "violence", "threshold": 0.9, "action": "allow"}, 403)
    await _send(server, "POST", "/api/admin/try/text", {"text": "x"}, 403)
    assert server.desk.calls == []
