"""Workspaces that have installed an app, on both databases: kept, replaced, and gone for good."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import InstallationRow, Store, StoreError

NOW = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIRST = InstallationRow(
    platform="slack",
    community="T1",
    name="Film club 🎬",
    token="xoxb-hunter2",
    bot_user="U1",
    scopes=("chat:write", "files:read"),
    installed_by="U2",
    installed_at=NOW,
)


async def test_what_was_installed_is_found_again(store: Store) -> None:
    assert await store.installation("slack", "T1") is None
    await store.save_installation(FIRST)
    await store.save_installation(replace(FIRST, community="T0", scopes=()))
    assert await store.installation("slack", "T1") == FIRST
    assert (await store.installation("slack", "T0")).scopes == ()  # type: ignore[union-attr]
    assert await store.installation("other", "T1") is None
    assert await store.installed("slack") == ["T0", "T1"]
    assert await store.installed("other") == []


async def test_installing_again_replaces_the_token(store: Store) -> None:
    await store.save_installation(FIRST)
    again = replace(FIRST, token="xoxb-new", name="Riders", installed_at=NOW + SECOND)
    await store.save_installation(again)
    assert await store.installation("slack", "T1") == again
    assert await store.installed("slack") == ["T1"]


async def test_an_older_installation_that_comes_late_replaces_nothing(store: Store) -> None:
    await store.save_installation(FIRST)
    await store.save_installation(replace(FIRST, token="xoxb-old", installed_at=NOW - SECOND))
    assert await store.installation("slack", "T1") == FIRST


async def test_a_deleted_installation_is_gone_and_the_others_stay(store: Store) -> None:
    await store.save_installation(FIRST)
    await store.save_installation(replace(FIRST, community="T2"))
    assert await store.delete_installation("slack", "T1")
    assert not await store.delete_installation("slack", "T1")
    assert await store.installed("slack") == ["T2"]


async def test_an_uninstalling_that_is_told_late_does_not_take_the_new_installation_away(store: Store) -> None:
    await store.save_installation(FIRST)
    assert not await store.delete_installation("slack", "T1", until=NOW - SECOND)
    assert await store.installation("slack", "T1") == FIRST
    assert await store.delete_installation("slack", "T1", until=NOW)


async def test_forgetting_a_community_leaves_its_installation(store: Store) -> None:
    """The adapter deletes it afterwards, so that forgetting is tried again when it was cut short."""
    await store.save_installation(FIRST)
    await store.forget_community("slack", "T1")
    assert await store.installed("slack") == ["T1"]


async def test_the_token_is_in_no_repr_no_log_and_no_error(
    store: Store, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    assert "hunter2" not in repr(FIRST)
    await store.save_installation(FIRST)
    with pytest.raises(StoreError) as caught:
        await store.save_installation(replace(FIRST, name=object()))  # type: ignore[arg-type]
    with pytest.raises(StoreError) as naive:
        await store.save_installation(replace(FIRST, installed_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    told = f"{caught.value!r}{caught.value.__cause__!r}{naive.value!r}{caplog.text}{capsys.readouterr()}"
    assert "hunter2" not in told
