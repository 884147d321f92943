"""What the configuration becomes once everything is wired together, without loading a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.base import Audience, Author, Measure, Place, Quota, Wants, Window
from bot.app import App
from bot.config import load_config
from bot.store import NewRequest, RequestState, Store

Build = Callable[[str], App]
TERMINAL = Place("cli", "local", "a call", private=True)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build(text: str) -> App:
        file = tmp_path / "config.toml"
        file.write_text(f'bot.data_dir = "data"\n{text}')
        (tmp_path / "data").mkdir(exist_ok=True)
        return App(load_config(file, {}))

    return build


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[App]:
    """The app with its database and without its engine."""
    await app.store.open()
    try:
        yield app
    finally:
        await app.store.close()


async def test_the_operators_choices_are_everybodys_defaults(build: Build) -> None:
    lines = ['permissions.generate = "admins"', "quotas.asks_per_hour = 20", "quotas.gpu_seconds_per_day = 90.5"]
    async with opened(build("\n".join([*lines, "retention.days = 30"]))) as app:
        for community in ("dm", "guild"):
            settings = await app.access.settings("discord", community)
            assert (settings.ask, settings.generate) == (Audience("everyone"), Audience("admins"))
            assert (settings.retention_days, settings.own) == (30, frozenset())
            assert await app.access.quotas("discord", community) == [
                Quota("", Measure.ASKS, Window.HOUR, 20, "default"),
                Quota("", Measure.GPU_SECONDS, Window.DAY, 90.5, "default"),
            ]


async def test_the_assistant_and_the_desk_share_what_admins_settled(build: Build) -> None:
    async with opened(build("")) as app:
        ann, guild = Author("ann", "Ann"), Place("discord", "guild", "general")
        assert await app.assistant.refusal(ann, guild, Wants.GENERATE) == ""
        await app.store.set_setting("discord", "guild", "generate", {"who": "nobody"}, by="root")
        assert "switched off" in await app.assistant.refusal(ann, guild, Wants.GENERATE)
        assert await app.assistant.refusal(ann, TERMINAL, Wants.GENERATE) == ""


async def test_what_is_older_than_the_operator_keeps_is_cleaned_up_the_terminals_too(build: Build) -> None:
    async with opened(build("[retention]\ndays = 7")) as app:
        old = await finished(app, days=8)
        young = await finished(app, days=6)
        assert await app.retention(["discord"]).clean() == 1
        assert await app.store.request(old) is None
        assert await app.store.request(young) is not None


async def test_without_a_retention_everything_is_kept(build: Build) -> None:
    async with opened(build("")) as app:
        old = await finished(app, days=1000)
        assert await app.retention(["discord"]).clean() == 0
        assert await app.store.request(old) is not None


async def finished(app: App, *, days: int) -> str:
    """A request of the terminal that ended so many days ago."""
    then = datetime.now(UTC) - timedelta(days=days)
    store = Store(app.config.database_url, clock=lambda: then)
    new = NewRequest(
        event_id=f"{days}",
        kind="ask",
        platform=TERMINAL.platform,
        community=TERMINAL.community,
        channel=f"{days}",
        thread="",
        conversation=f"cli/local/{days}/",
        author_id="local",
        author_name="you",
        text="what happens here?",
    )
    request = await store.accept(new)
    assert request is not None
    await store.finish(request.id, RequestState.DONE, {})
    await store.close()
    return request.id
