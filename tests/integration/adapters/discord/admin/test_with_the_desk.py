"""The panels over the real desk and a real store: what is set there holds, is audited, and comes back as it was set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Audience, Quota, Rooms, Scope
from adapters.base.accounts import Measure, Window
from adapters.discord.attachments import FileHosts
from adapters.discord.client import BotClient
from adapters.shared.pacing import Timing
from bot.store import Store, migrate
from tests.fakes.house import House
from tests.integration.adapters.discord.admin.conftest import Panel


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    migrate(url)
    store = Store(url)
    try:
        yield House(tmp_path, store)
    finally:
        await store.close()


@pytest.fixture
def new_client(house: House, tmp_path: Path, clock: Any) -> Callable[[], BotClient]:
    def build() -> BotClient:
        return BotClient(
            house.assistant,
            house.desk,
            state_dir=tmp_path,
            hosts=FileHosts(),
            timing=Timing(clock.now, clock.sleep),
            shard_count=1,
        )

    return build


async def page(office, command: str, name: str) -> Panel:
    panel = await office.open(office.boss, command)
    await panel.select(office.boss, ":menu" if command == "settings" else ":cat", name)
    return panel


async def test_every_setting_is_kept_and_the_audit_says_who_set_it(office, house: House) -> None:
    riders = office.world.guild.create_role("riders")
    panel = await page(office, "settings", "rooms")
    await panel.select(office.boss, "mode", "only")
    await panel.select(office.boss, "in:only", office.world.channel)
    panel = await page(office, "settings", "generate")
    await panel.select(office.boss, "who", "roles")
    await panel.select(office.boss, "generate:roles", riders)
    panel = await page(office, "settings", "keep")
    form = await panel.click(office.boss, "Change the days …")
    await office.boss.submit_modal(form, {"days": "7"})
    channel = str(office.world.channel.id)
    held = await house.desk.settings(Scope(*office.scope))
    assert (held.rooms, held.generate) == (Rooms("only", (channel,)), Audience("roles", (str(riders.id),)))
    assert (held.retention_days, held.own) == (7, {"rooms", "generate", "retention_days"})
    audit = await office.open(office.mod, "audit", kind="change")
    boss = f"changed by <@{office.boss.id}>"
    assert f"**where I answer** {boss}: the default → Only in <#{channel}>" in audit.text
    assert f"**who may make videos** {boss}: the default → Members with <@&{riders.id}>" in audit.text
    assert f"**how long I keep things** {boss}: the default → 7 days" in audit.text


async def test_days_that_make_no_sense_are_refused_in_the_desks_words(office, house: House) -> None:
    panel = await page(office, "settings", "keep")
    form = await panel.click(office.boss, "Change the days …")
    result = await office.boss.submit_modal(form, {"days": "0"})
    (word,) = result.followups
    assert word.content.startswith("Things are kept from 1 to 3650 days")
    assert (await house.desk.settings(Scope(*office.scope))).own == frozenset()


async def test_a_quota_is_kept_shown_and_removed(office, house: House) -> None:
    panel = await page(office, "settings", "quotas")
    await panel.select(office.boss, "pick", office.other)
    form = await panel.click(office.boss, "Per hour …")
    await office.boss.submit_modal(form, {"asks": "5", "gpu_seconds": "90.5"})
    assert "Questions: 5 an hour\nGPU-seconds: 90.5 an hour" in panel.text
    subject = f"user:{office.other.id}"
    own = [quota for quota in await house.desk.quotas(Scope(*office.scope)) if quota.subject == subject]
    assert own == [
        Quota(subject, Measure.ASKS, Window.HOUR, 5.0),
        Quota(subject, Measure.GPU_SECONDS, Window.HOUR, 90.5),
    ]
    result = await office.boss.submit_modal(await panel.click(office.boss, "Per day …"), {"videos": "1.5"})
    assert result.followups[0].content.startswith("There are no parts of videos")
    await panel.click(office.boss, "Remove these limits")
    assert "No limits of their own" in panel.text
    assert not [quota for quota in await house.desk.quotas(Scope(*office.scope)) if quota.subject == subject]


async def test_a_rule_of_a_channel_holds_there_and_falls_back_to_the_servers(office, house: House) -> None:
    panel = await page(office, "safety", "violence")
    await panel.select(office.boss, ":limit", "0.50")
    assert "There are no decisions here yet to try it on." in panel.text
    await panel.click(office.boss, "Save")
    await panel.select(office.boss, ":go", "h")
    await panel.select(office.boss, ":cat", "violence")
    assert "Now: **0.50**, *don't show it* (set for this server)." in panel.text
    await panel.select(office.boss, ":action", "warn")
    await panel.click(office.boss, "Save")
    here = Scope(*office.scope, str(office.world.channel.id))
    found = {rule.category: rule for rule in await house.desk.rules(here)}
    assert (found["violence"].threshold, found["violence"].action, found["violence"].origin) == (0.5, "warn", "place")
    await panel.select(office.boss, ":cat", "violence")
    await panel.click(office.boss, "Use the wider rule")
    found = {rule.category: rule for rule in await house.desk.rules(here)}
    assert (found["violence"].action, found["violence"].origin) == ("block", "community")
