"""`/audit`: what moderators see of decisions and changes, its filters, its pages, and who sees only their channel."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest

from adapters.base import AuditEntry, AuditQuery, Rule, Scope
from tests.fakes.handler import NOON

AT = f"<t:{int(NOON.timestamp())}:R>"


def entry(id: int, **more) -> AuditEntry:
    return AuditEntry(
        **{
            "id": id,
            "at": NOON,
            "kind": "decision",
            "request": f"r{id}",
            "place": "discord/1/22",
            "author": "77",
            "where": "answer",
            "category": "violence",
            "score": 0.83,
            "threshold": 0.7,
            "action": "block",
            "time_s": None,
            "excerpt": "",
            **more,
        }
    )


class Ledger:
    """An audit of entries with the ids 1 to `length` that answers queries as the desk does."""

    def __init__(self, length: int) -> None:
        self.entries = [entry(id) for id in range(length, 0, -1)]
        self.queries: list[AuditQuery] = []

    async def audit(self, query: AuditQuery) -> list[AuditEntry]:
        self.queries.append(query)
        before = query.before if query.before is not None else len(self.entries) + 1
        return [each for each in self.entries if each.id < before][: query.limit]


def ids(panel) -> list[int]:
    lines = (panel.embed.description or "").split("\n")
    return [int(line.split("request r")[1]) for line in lines if "request r" in line]


async def test_a_decision_says_what_why_where_when_and_about_whom(office) -> None:
    office.desk.entries = [entry(9, where="video", time_s=7.4, excerpt="he *hits* @everyone ||really||")]
    panel = await office.open(office.mod, "audit")
    assert panel.result.ephemeral
    assert (
        "**⛔ blocked** · violence 0.83 ≥ 0.70 · video at 0:07\n"
        f"{AT} · <@77> in <#22> · request r9\n"
        "||he \\*hits\\* @\u200beveryone \\|\\|really\\|\\|||"
    ) in panel.text


async def test_what_was_let_through_is_quoted_without_a_spoiler(office) -> None:
    office.desk.entries = [entry(9, action="allow", score=0.1, excerpt="two people ride")]
    panel = await office.open(office.mod, "audit")
    assert "**✅ let through** · violence 0.10 < 0.70 · answer" in panel.text
    assert "\n> two people ride" in panel.text


async def test_a_change_says_who_changed_what_from_what_to_what(office) -> None:
    details = {"what": "rule", "from": {"threshold": 0.7, "action": "block"}, "to": None}
    office.desk.entries = [entry(9, kind="change", details=details, score=None, place="discord/1")]
    panel = await office.open(office.mod, "audit")
    assert f"✏️ **rule for violence** changed by <@77>: 0.70 block → the wider rule\n{AT} · this server" in panel.text


async def test_somebody_who_was_forgotten_has_no_name(office) -> None:
    office.desk.entries = [entry(9, author="")]
    panel = await office.open(office.mod, "audit")
    assert "somebody whose data is deleted in <#22>" in panel.text


async def test_every_filter_reaches_the_desk_and_is_named_above_the_list(office) -> None:
    office.desk.table = [Rule("violence", 0.7, "block", "default", True, True)]
    panel = await office.open(
        office.mod,
        "audit",
        category="violence",
        action="block",
        where="video",
        member=office.other,
        kind="decision",
        channel=office.world.channel,
    )
    (query,) = office.desk.queries
    assert query == AuditQuery(
        platform="discord",
        community=str(office.world.guild.id),
        channel=str(office.world.channel.id),
        category="violence",
        action="block",
        where="video",
        author=str(office.other.id),
        kind="decision",
        limit=query.limit,
    )
    channel = office.world.channel.id
    assert f"violence · ⛔ blocked · video · <@{office.other.id}> · decisions · <#{channel}>" in panel.text
    assert "Nothing is recorded that fits." in panel.text


async def test_categories_are_offered_while_typing(office) -> None:
    names = ["harassment", "violence", "violence/graphic"]
    office.desk.table = [Rule(name, 0.7, "block", "default", True, True) for name in names]
    found = await office.mod.autocomplete(office.world.channel, "audit", "category", "Viol")
    assert [choice["value"] for choice in found] == ["violence", "violence/graphic"]


async def test_categories_are_not_offered_to_who_may_not_see_the_audit(office) -> None:
    office.desk.table = [Rule("violence", 0.7, "block", "default", True, True)]
    await office.allow_all_to_see("audit")
    assert await office.other.autocomplete(office.world.channel, "audit", "category", "") == []


async def test_an_unknown_category_is_answered_with_the_known_ones(office) -> None:
    office.desk.table = [Rule("violence", 0.7, "block", "default", True, True)]
    result = await office.mod.slash(office.world.channel, "audit", category="rude*ness")
    assert result.ephemeral
    assert result.response.content == "There is no category “rude\\*ness”. There are: violence."


async def test_pages_go_down_and_up_again_without_gap_or_repetition(office, monkeypatch) -> None:
    ledger = Ledger(20)
    monkeypatch.setattr(office.desk, "audit", ledger.audit)
    panel = await office.open(office.mod, "audit")
    seen = [ids(panel)]
    assert panel.button("Newer")["disabled"]
    while not panel.button("Older").get("disabled"):
        await panel.click(office.mod, "Older")
        seen.append(ids(panel))
    assert [id for page in seen for id in page] == list(range(20, 0, -1))
    await panel.click(office.mod, "Newer")
    assert ids(panel) == seen[-2]
    await panel.click(office.mod, "Newer")
    assert ids(panel) == seen[-3]
    await panel.click(office.mod, "Newer")
    assert ids(panel) == seen[0]
    assert panel.button("Newer")["disabled"]


async def test_a_page_far_down_goes_up_to_the_newest_one(office, monkeypatch) -> None:
    ledger = Ledger(1300)
    monkeypatch.setattr(office.desk, "audit", ledger.audit)
    panel = await office.open(office.mod, "audit")
    down = panel.button("Older")["custom_id"].replace(":1295:", ":20:")
    stored = office.world.env.backend.get_message(office.world.channel.id, panel.message.id)
    next(item for item in stored.components[0]["components"] if item["label"] == "Older")["custom_id"] = down
    await panel.click(office.mod, "Older")
    assert ids(panel)[0] == 19
    await panel.click(office.mod, "Newer")
    assert ids(panel)[0] == 1300


async def test_pages_keep_their_filters_over_a_restart(office, monkeypatch) -> None:
    monkeypatch.setattr(office.desk, "audit", Ledger(20).audit)
    office.desk.table = [Rule("sexual/minors", 0.7, "block", "default", True, True)]
    panel = await office.open(
        office.mod,
        "audit",
        category="sexual/minors",
        action="allow",
        where="prompt",
        member=office.other,
        kind="change",
        channel=office.world.channel,
    )
    assert all(len(item["custom_id"]) <= 100 for item in panel.controls)
    fresh = office.world.new_client()
    ledger = Ledger(20)
    monkeypatch.setattr(fresh.admin, "audit", ledger.audit)
    await office.world.env.restart_bot(fresh)
    await panel.click(office.mod, "Older")
    (query,) = ledger.queries
    assert (query.before, query.category, query.action, query.where, query.author, query.kind, query.channel) == (
        15,
        "sexual/minors",
        "allow",
        "prompt",
        str(office.other.id),
        "change",
        str(office.world.channel.id),
    )


async def test_who_moderates_one_channel_sees_that_one_only(office) -> None:
    guild = office.world.guild
    nook = guild.create_text_channel(
        "nook", overwrites={office.other: discord.PermissionOverwrite(manage_messages=True)}
    )
    await office.allow_all_to_see("audit")
    panel = await office.open(office.other, "audit", at=nook, channel=office.world.channel)
    assert [query.channel for query in office.desk.queries] == [str(nook.id)]
    assert f"Only <#{nook.id}>, because that is where you may manage messages." in panel.text
    result = await office.other.slash(office.world.channel, "audit")
    assert result.response.content.startswith("Only members who may manage messages here")


async def test_who_is_demoted_to_one_channel_turns_no_pages_of_others(office, monkeypatch) -> None:
    ledger = Ledger(20)
    monkeypatch.setattr(office.desk, "audit", ledger.audit)
    guild = office.world.guild
    nook = guild.create_text_channel("nook", overwrites={office.mod: discord.PermissionOverwrite(manage_messages=True)})
    panel = await office.open(office.mod, "audit", at=nook)
    office.grant(office.mod_role)
    await panel.click(office.mod, "Older")
    assert [query.channel for query in ledger.queries] == ["", str(nook.id)]


async def test_a_member_is_refused(office) -> None:
    await office.allow_all_to_see("audit")
    result = await office.other.slash(office.world.channel, "audit")
    assert result.ephemeral
    assert result.response.content.startswith("Only members who may manage messages here")
    assert office.desk.queries == []


@pytest.mark.parametrize("kind", ["decision", "change"])
async def test_the_longest_entries_fit_into_what_an_embed_holds(office, kind: str) -> None:
    value = {f"key{number}": ["*_|`" * 90] * 9 for number in range(30)}
    longest = entry(10**12, kind=kind, excerpt="|" * 4000, details={"what": "_" * 900, "from": value, "to": value})
    office.desk.entries = [replace(longest, id=10**12 - number, request="_" * 300) for number in range(9)]
    panel = await office.open(office.mod, "audit")
    assert len(panel.embed.description or "") <= 4096
    assert not panel.button("Older").get("disabled")


async def test_the_audit_is_the_servers_own(office) -> None:
    await office.open(office.mod, "audit")
    (query,) = office.desk.queries
    assert Scope(query.platform, query.community) == Scope(*office.scope)


async def test_a_broken_store_is_said_in_a_sentence(office, monkeypatch) -> None:
    async def broken(query: AuditQuery) -> list[AuditEntry]:
        raise RuntimeError("no such table")

    monkeypatch.setattr(office.desk, "audit", broken)
    result = await office.mod.slash(office.world.channel, "audit")
    assert result.ephemeral
    assert result.response.content.startswith("Something broke on my side")
