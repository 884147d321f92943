"""Which settings make sense, and what is made of those that are stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.base import Audience, Measure, ModelOption, Quota, Rooms, Settings, Window
from bot.settings import NAMES, Value, checked, checked_quota, known, read_settings, written

MODELS = [ModelOption("storyboard", "Storyboard (lite)"), ModelOption("wan", "Wan 2.1")]
GOOD: list[tuple[str, Value]] = [
    ("rooms", Rooms("only", ("one", "two"))),
    ("rooms", Rooms("except", ("one",))),
    ("rooms", Rooms()),
    ("ask", Audience("admins")),
    ("generate", Audience("roles", ("painters",))),
    ("model", "wan"),
    ("retention_days", 30),
    ("retention_days", None),
    ("moderator_channel", "mods"),
    ("moderator_channel", ""),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_was_set_is_read_back_as_it_was(name: str, value: Value) -> None:
    stored = json.loads(json.dumps({name: written(checked(name, value, MODELS))}))
    found = read_settings(Settings(retention_days=7), stored)
    assert getattr(found, name) == value
    assert found.own == {name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rooms", Rooms("only")),
        ("rooms", Rooms("except", ())),
        ("rooms", Rooms("only", ("",))),
        ("rooms", Rooms("only", tuple(str(number) for number in range(201)))),
        ("ask", Audience("roles")),
        ("ask", Audience("roles", ("x" * 65,))),
        ("ask", "everyone"),
        ("generate", None),
        ("model", "sora"),
        ("model", 3),
        ("retention_days", 0),
        ("retention_days", -1),
        ("retention_days", 3651),
        ("retention_days", True),
        ("retention_days", "30"),
        ("moderator_channel", "x" * 65),
        ("moderator_channel", None),
        ("own", "x"),
        ("quotas", 3),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(name: str, value: Value) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        checked(name, value, MODELS)


def test_a_list_of_rooms_or_roles_that_does_not_count_is_not_kept() -> None:
    assert checked("rooms", Rooms("all", ("one",)), MODELS) == Rooms()
    assert checked("ask", Audience("admins", ("painters",)), MODELS) == Audience("admins")
    assert checked("rooms", Rooms("only", ("one", "one")), MODELS) == Rooms("only", ("one",))


def test_modes_of_another_version_are_refused() -> None:
    mode: Any = "some"
    for name, value in (("rooms", Rooms(mode, ("a",))), ("ask", Audience(mode))):
        with pytest.raises(ValueError, match="Choose one of these"):
            checked(name, value, MODELS)


def test_the_names_of_settings_are_those_of_their_fields() -> None:
    assert all(known(name) == name for name in NAMES)
    with pytest.raises(ValueError, match="There are: rooms, ask"):
        known("colour")


@pytest.mark.parametrize("name", ["ask", "generate"])
@pytest.mark.parametrize("stored", [{"who": "friends"}, "everyone", None, {"who": ["everyone"]}])
def test_an_audience_that_cannot_be_read_is_nobody(name: str, stored: object) -> None:
    found = read_settings(Settings(), {name: stored})
    assert getattr(found, name) == Audience("nobody")


def test_rooms_that_cannot_be_read_are_none() -> None:
    assert read_settings(Settings(), {"rooms": {"mode": "most"}}).rooms == Rooms("only")


def test_a_stored_setting_that_no_longer_exists_is_left_alone() -> None:
    assert read_settings(Settings(), {"colour": "red"}) == Settings()


@pytest.mark.parametrize("subject", ["", "role:1", "user:2"])
@pytest.mark.parametrize("amount", [None, 0, 10, 1_000_000])
def test_quotas_are_for_everyone_a_role_or_a_person(subject: str, amount: float | None) -> None:
    assert checked_quota(Quota(subject, Measure.ASKS, Window.DAY, amount)).amount == amount


def test_seconds_may_have_parts() -> None:
    assert checked_quota(Quota("", Measure.GPU_SECONDS, Window.HOUR, 7.5)).amount == 7.5


@pytest.mark.parametrize("amount", [-1, 0.5, float("nan"), float("inf"), 1_000_001, True])
def test_impossible_amounts_are_refused_with_a_sentence(amount: float) -> None:
    with pytest.raises(ValueError, match=r"no limit\.$"):
        checked_quota(Quota("", Measure.VIDEOS, Window.DAY, amount))


@pytest.mark.parametrize("subject", ["role", "role:", "user:" + "x" * 65, "everyone", "guild:1"])
def test_a_quota_for_something_else_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="Choose one of these"):
        checked_quota(Quota(subject, Measure.VIDEOS, Window.DAY, 1))


def test_a_quota_of_something_else_is_refused() -> None:
    measure: Any = "likes"
    window: Any = "week"
    with pytest.raises(ValueError, match="not 'likes'"):
        checked_quota(Quota("", measure, Window.DAY, 1))
    with pytest.raises(ValueError, match="not for 'week'"):
        checked_quota(Quota("", Measure.ASKS, window, 1))
