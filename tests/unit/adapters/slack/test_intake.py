"""Which events are messages of people to the bot, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Author
from adapters.slack.intake import heard, spoken
from adapters.slack.records import Anchor, event_id, mark_of, metadata, split_event_id

EVENT: dict[str, Any] = {
    "type": "message",
    "channel": "C1",
    "channel_type": "channel",
    "user": "U1",
    "text": "<@UBOT> hi",
    "ts": "1700000000.000100",
}


def test_a_message_is_heard() -> None:
    said = heard("T1", EVENT)
    assert said is not None
    assert (said.team, said.channel, said.ts, said.user, said.root) == ("T1", "C1", EVENT["ts"], "U1", EVENT["ts"])
    assert said.is_for("UBOT")
    assert not said.is_for("UOTHER")
    assert not said.is_direct


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_these_subtypes_are_messages_of_people(subtype: str) -> None:
    assert heard("T1", {**EVENT, "subtype": subtype}) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "bot_message"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"subtype": "assistant_app_thread"},
        {"bot_id": "B1"},
        {"bot_profile": {"id": "B1"}},
        {"user": ""},
        {"user": "USLACKBOT"},
        {"hidden": True},
        {"ts": "soon"},
        {"channel": ""},
    ],
)
def test_these_are_not(more: dict[str, Any]) -> None:
    assert heard("T1", {**EVENT, **more}) is None


def test_a_direct_message_is_for_the_bot_without_a_mention() -> None:
    said = heard("T1", {**EVENT, "channel": "D1", "channel_type": "im", "text": "hi"})
    assert said is not None
    assert said.is_for("UBOT")


def test_a_group_direct_message_needs_a_mention() -> None:
    said = heard("T1", {**EVENT, "channel_type": "mpim", "text": "hi"})
    assert said is not None
    assert not said.is_for("UBOT")


def test_a_thread_is_known_by_its_beginning() -> None:
    said = heard("T1", {**EVENT, "thread_ts": "1600000000.000001"})
    assert said is not None
    assert said.root == "1600000000.000001"
    own = heard("T1", {**EVENT, "thread_ts": EVENT["ts"]})
    assert own is not None
    assert own.thread == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<@UBOT>  what   is it?", "what is it?"),
        ("ask <@U2> or <@U3|zoe> or <@U9>", "ask @Bob or @zoe or @someone"),
        ("see <https://a.b|site> and <https://c.d>", "see site (https://a.b) and https://c.d"),
        ("mail <mailto:a@b.c|a@b.c>", "mail a@b.c"),
        ("in <#C1|general> and <#C2>", "in #general and #C2"),
        ("<!here> and <!subteam^S1|@riders>", "@here and @riders"),
        ("a &lt;b&gt; &amp; c &amp;lt;", "a <b> & c &lt;"),
    ],
)
def test_words_are_read_as_people_see_them(text: str, said: str) -> None:
    assert spoken(text, "UBOT", {"U2": "Bob"}) == said


def test_an_anchor_survives_being_stored() -> None:
    anchor = Anchor(
        "T1", "C1", Author("U1", "Zoë"), ["1.1", "1.2"], key="k", thread="1.0", source_ts="1.0", files=["F1"]
    )
    assert Anchor.load(anchor.dump()) == anchor


@pytest.mark.parametrize("ref", ["", "{}", "[]", "null", "nonsense", '{"team":"T1"}'])
def test_other_refs_are_none_of_ours(ref: str) -> None:
    assert Anchor.load(ref) is None


def test_messages_are_known_by_their_mark() -> None:
    assert mark_of({"metadata": metadata("k", 2)}) == ("k", 2)
    assert mark_of({}) is None
    assert mark_of({"metadata": {"event_type": "other", "event_payload": {"key": "k"}}}) is None


def test_event_ids_tell_where_a_message_is() -> None:
    assert split_event_id(event_id("T1", "C1", "1.2")) == ("T1", "C1", "1.2")
    assert split_event_id(event_id("T1", "C1", "1.2", "1.3")) == ("T1", "C1", "1.2")
    assert split_event_id("12345.678") is None
