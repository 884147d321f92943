"""The safety rules and the audit: what is shown, and what a change would have done before it is saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.base import AuditEntry, Rule, Scope, WhatIf
from tests.fakes.handler import NOON
from tests.fakes.slack_server.people import find

VIOLENCE = Rule("violence", 0.7, "block", "default", text=True, frames=False)
HATE = Rule("hate", 0.5, "warn", "community", text=False, frames=False)


@pytest.fixture(autouse=True)
def rules(desk) -> None:
    desk.table = [VIOLENCE, HATE]
    desk.foresight = WhatIf(200, 1, 2)


async def rule_form(office, category: str = "violence"):
    await office.open(office.boss, "Safety")
    return await office.form_beside(office.boss, category)


async def test_the_page_shows_limits_actions_and_what_nobody_covers(office) -> None:
    home = await office.open(office.boss, "Safety")
    assert "For this workspace" in home.shown
    assert "*violence*" in home.shown
    assert "Now: *0.70*, _don't show it_ (the operator's default)." in home.shown
    assert "Only text is scored; frames are _not covered_." in home.shown
    assert "*Not covered*: hate." in home.shown


async def test_slack_has_no_age_restricted_channels_so_none_are_offered(office) -> None:
    home = await office.open(office.boss, "Safety")
    assert "age-restricted" not in str(home.body)
    assert all(not scope.age_restricted for scope in office.desk.scopes)


async def test_a_change_is_tried_on_the_past_before_it_is_saved(office) -> None:
    form = await rule_form(office)
    assert form.body["submit"]["text"] == "See what changes"
    await office.send(form, limit="0.6")
    assert office.desk.changes == []
    assert "New: *0.60*, _don't show it_. Not saved yet." in form.shown
    assert "With 0.60, 3 of the last 200 decisions here would differ: 1 more stopped, 2 more let through." in form.shown
    assert office.desk.imagined == [(Scope(*office.scope), "violence", 0.6, "block")]
    assert form.body["submit"]["text"] == "Save"
    await office.send(form)
    assert office.desk.changes == [("rule", Scope(*office.scope), office.boss.id, "violence", 0.6, "block")]
    assert office.slack.modal(office.boss) is None
    assert "Saved: violence 0.60, block." in office.home(office.boss).shown


async def test_what_is_written_after_the_look_is_looked_at_again(office) -> None:
    form = await rule_form(office)
    await office.send(form, limit="0.6")
    await office.send(form, limit="0.5")
    assert office.desk.changes == []
    assert "With 0.50" in form.shown
    await office.send(form)
    assert office.desk.changes[-1][4] == 0.5


async def test_a_choice_in_the_form_shows_its_consequences_at_once(office) -> None:
    form = await rule_form(office)
    office.slack.press(office.boss, form, "try:action", "warn", values={"g4h:saf:try:limit": "0,65"})
    await office.quiet()
    assert "New: *0.65*, _show it with a warning_." in form.shown
    await office.send(form)
    assert office.desk.changes[-1][3:] == ("violence", 0.65, "warn")


async def test_the_button_shows_them_too_and_a_mistake_is_named(office) -> None:
    form = await rule_form(office)
    office.slack.press(office.boss, form, "try:see", values={"g4h:saf:try:limit": "a lot"})
    await office.quiet()
    assert "“a lot” is not a number." in form.shown
    await office.send(form, limit="1.2")
    assert form.errors == {"limit": "A limit is a number from 0 to 1. Lower is stricter."}
    await office.send(form, limit="0.70")
    assert form.errors["limit"].startswith("That is what holds now.")


async def test_a_form_that_has_moved_on_is_left_as_it_is(office) -> None:
    form = await rule_form(office)
    gate = office.slack.hold("views.update")
    office.slack.press(office.boss, form, "try:see", values={"g4h:saf:try:limit": "0.1"})
    await gate.arrived.wait()
    office.slack.dialogs.change(form, {**form.body, "title": {"type": "plain_text", "text": "newer"}})
    gate.open()
    await office.quiet()
    assert form.body["title"]["text"] == "newer"
    assert "Something broke" not in office.home(office.boss).shown


async def test_a_closed_form_is_no_mistake(office) -> None:
    form = await rule_form(office)
    gate = office.slack.hold("views.update")
    office.slack.press(office.boss, form, "try:see", values={"g4h:saf:try:limit": "0.1"})
    await gate.arrived.wait()
    office.slack.dismiss(form)
    gate.open()
    await office.quiet()
    assert "Something broke" not in office.home(office.boss).shown


async def test_the_rules_of_a_channel_are_its_own(office) -> None:
    await office.open(office.boss, "Safety")
    home = await office.press(office.boss, "saf:place", office.clips.id)
    assert f"For <#{office.clips.id}>" in home.shown
    form = await office.form_beside(office.boss, "violence")
    await office.send(form, limit="0.4")
    await office.send(form)
    here = Scope(*office.scope, office.clips.id)
    assert office.desk.changes == [("rule", here, office.boss.id, "violence", 0.4, "block")]
    assert f"For <#{office.clips.id}>" in office.home(office.boss).shown
    assert "For this workspace" in (await office.press(office.boss, "Rules of the workspace")).shown


async def test_the_wider_rule_is_offered_where_there_is_an_own_one(office) -> None:
    form = await rule_form(office)
    assert "Use the wider rule" not in form.shown
    office.slack.dismiss(form)
    form = await office.form_beside(office.boss, "hate")
    office.slack.press(office.boss, form, "saf:wider")
    await office.quiet()
    assert office.desk.changes == [("rule reset", Scope(*office.scope), office.boss.id, "hate")]
    assert "hate follows the wider rule again." in form.shown
    assert "hate follows the wider rule again." in office.home(office.boss).shown


async def test_what_the_desk_says_is_shown_at_the_limit(office) -> None:
    office.desk.impossible = "That category is no longer scored."
    form = await rule_form(office)
    await office.send(form, limit="0.6")
    await office.send(form)
    assert form.errors == {"limit": "That category is no longer scored."}


async def test_a_refusal_of_the_desk_is_shown_above_the_form(office) -> None:
    office.desk.refused = "Only admins can change this."
    form = await rule_form(office, "hate")
    office.slack.press(office.boss, form, "saf:wider")
    await office.quiet()
    assert "Only admins can change this." in office.top(office.boss).shown
    assert office.slack.modal(office.boss) is not form


async def test_a_rule_that_is_gone_is_said_to_be(office) -> None:
    form = await rule_form(office)
    office.desk.table = [HATE]
    await office.send(form, limit="0.6")
    assert form.errors == {"limit": "There is no category “violence”. There are: hate."}


async def test_a_hundred_and_twenty_rules_with_long_names_are_paged(office) -> None:
    office.desk.table = [replace(VIOLENCE, category=f"{number:03}<&>*" + "x" * 400) for number in range(120)]
    home = await office.open(office.boss, "Safety")
    assert "000&lt;&amp;&gt;*" in home.shown
    assert "119" not in home.shown
    home = await office.press(office.boss, "go:next")
    home = await office.press(office.boss, "go:next")
    assert "119&lt;" in home.shown


# --- the audit --------------------------------------------------------------------------------------------------------


def decision(number: int, **more) -> AuditEntry:
    return AuditEntry(
        **{
            "id": number,
            "at": NOON - timedelta(minutes=100 - number),
            "kind": "decision",
            "request": f"r{number}",
            "place": "slack/T0/C0TEST1",
            "author": "U0TEST1",
            "where": "clip",
            "category": "violence",
            "score": 0.83,
            "threshold": 0.7,
            "action": "block",
            "time_s": 7.0,
            "excerpt": "",
            **more,
        }
    )


async def test_the_audit_shows_scores_limits_and_harmless_excerpts(office) -> None:
    office.desk.entries = [decision(1, excerpt="<!channel> *boo* <@U1> & more")]
    home = await office.open(office.boss, "Audit")
    assert "violence 0.83 ≥ 0.70 · clip at 0:07" in home.shown
    assert "<@U0TEST1> in <#C0TEST1>" in home.shown
    assert "&lt;!channel&gt;" in home.shown
    assert "<!channel>" not in home.shown


async def test_changes_say_who_changed_what(office) -> None:
    details = {"what": "setting", "name": "retention_days", "from": None, "to": 30, "from_default": True}
    office.desk.entries = [decision(1, kind="change", category="", score=None, threshold=None, details=details)]
    home = await office.open(office.boss, "Audit")
    assert "how long I keep things" in home.shown
    assert "the default → 30 days" in home.shown


async def test_filters_are_chosen_in_a_form_and_stay_while_one_turns_pages(office) -> None:
    office.desk.table = [VIOLENCE]
    office.desk.entries = [decision(number) for number in range(40, 0, -1)]
    await office.open(office.boss, "Audit")
    form = await office.form(office.boss, "aud:filter")
    await office.send(
        form, category="violence", action="block", where="clip", author=office.ann.id, channel=office.clips.id,
        kind="decision",
    )  # fmt: skip
    query = office.desk.queries[-1]
    assert (query.platform, query.community) == office.scope
    wanted = ("violence", "block", "clip", office.ann.id, office.clips.id, "decision")
    assert (query.category, query.action, query.where, query.author, query.channel, query.kind) == wanted
    home = await office.press(office.boss, "Older")
    query = office.desk.queries[-1]
    assert (query.category, query.action, query.where, query.author, query.channel, query.kind) == wanted
    assert query.before == 31
    assert f"<@{office.ann.id}> · decisions · <#{office.clips.id}>" in home.shown
    await office.press(office.boss, "Show everything")
    assert office.desk.queries[-1].category == ""


async def test_the_pages_of_the_audit_lead_back(office) -> None:
    entries = [decision(number) for number in range(25, 0, -1)]

    async def audit(query):
        return [entry for entry in entries if query.before is None or entry.id < query.before][: query.limit]

    office.desk.audit = audit
    home = await office.open(office.boss, "Audit")
    assert "request r25" in home.shown
    assert "Newer" not in home.shown
    home = await office.press(office.boss, "Older")
    assert "request r15" in home.shown
    assert "request r16" not in home.shown
    home = await office.press(office.boss, "Older")
    assert "request r1" in home.shown
    assert "Older" not in home.shown
    home = await office.press(office.boss, "Newer")
    assert "request r15" in home.shown
    await office.service.restart()
    home = await office.press(office.boss, "Newer")
    assert "request r25" in home.shown


async def test_an_audit_without_entries_says_so(office) -> None:
    assert "Nothing is recorded that fits." in (await office.open(office.boss, "Audit")).shown


async def test_a_cursor_that_is_none_shows_the_newest(office) -> None:
    home = await office.open(office.boss, "Audit")
    _, element = find(home.blocks, "go:set")
    element["value"] = "aud:zzz:colour=red"
    home = await office.press(office.boss, "go:set")
    assert "Audit" in home.shown
    assert "from an earlier version of me" in home.shown


async def test_a_form_that_is_delivered_twice_is_answered_the_same_and_saved_once(office) -> None:
    form = await rule_form(office)
    await office.send(form, limit="0.6")
    envelope = office.slack.submit(form)
    await office.quiet()
    office.slack.delivery.redeliver(envelope)
    await office.slack.until(lambda: envelope.acks == 2, "a second acknowledgement")
    await office.quiet()
    assert len(office.desk.changes) == 1
    assert not envelope.answer
    assert "Saved: violence 0.60, block." in office.home(office.boss).shown


async def test_the_rules_of_a_channel_that_is_gone_are_shown_all_the_same(office) -> None:
    await office.open(office.boss, "Safety")
    office.slack.fail_next("views.publish", "invalid_arguments")
    home = await office.press(office.boss, "saf:place", office.clips.id)
    assert f"For <#{office.clips.id}>" in home.shown
    assert "initial_conversation" not in str(home.body)
