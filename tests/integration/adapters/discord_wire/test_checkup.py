"""What `gpt4video doctor` finds out about the bot on Discord, and what it says when it finds out nothing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from adapters.discord.checkup import Finding, check_up, invite_link
from adapters.discord.places import NEEDED
from bot import doctor
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import ADMINISTRATOR, ATTACH, READ_HISTORY

ME = "GET /users/@me"
GUILDS = "GET /users/@me/guilds"
CONTENT_INTENT = 1 << 19


async def found(server: DiscordServer, name: str, *, message_content: bool = False) -> Finding:
    findings = await check_up(server.token, api_base=server.api_base, message_content=message_content)
    (only,) = (finding for finding in findings if finding.name == name)
    return only


async def test_a_good_token_names_the_bot_and_opens_no_gateway(server: DiscordServer) -> None:
    finding = await found(server, "discord")
    assert finding.ok
    assert server.bot.name in finding.says
    assert server.gateway.attempts == 0


async def test_a_refused_token_says_where_to_get_another_and_is_not_shown(server: DiscordServer) -> None:
    (only,) = await check_up("wrong.token", api_base=server.api_base)
    assert not only.ok
    assert "refuses the token" in only.says
    assert "Reset Token" in only.advice
    assert "GPT4VIDEO_DISCORD__TOKEN" in only.advice
    assert "wrong.token" not in f"{only.says} {only.advice}"


async def test_an_intent_that_is_asked_for_but_not_switched_on_says_where_to_switch_it(server: DiscordServer) -> None:
    finding = await found(server, "discord intents", message_content=True)
    assert not finding.ok
    assert "Privileged Gateway Intents" in finding.advice


async def test_an_intent_that_is_asked_for_and_switched_on_is_fine(server: DiscordServer) -> None:
    server.rest.flags = CONTENT_INTENT
    assert (await found(server, "discord intents", message_content=True)).ok


async def test_an_intent_that_is_switched_on_for_nothing_is_noted(server: DiscordServer) -> None:
    server.rest.flags = CONTENT_INTENT
    finding = await found(server, "discord intents")
    assert finding.ok
    assert "not asked for" in finding.says


async def test_missing_permissions_are_named_guild_by_guild(server: DiscordServer) -> None:
    server.guild("Film club")
    server.guild("Riders").permissions &= ~(ATTACH | READ_HISTORY)
    finding = await found(server, "discord guilds")
    assert not finding.ok
    assert finding.says == "2 guilds; missing in Riders: Attach Files, Read Message History"
    assert "invite link" in finding.advice


async def test_an_administrator_lacks_nothing(server: DiscordServer) -> None:
    server.guild("Riders").permissions = ADMINISTRATOR
    assert (await found(server, "discord guilds")).says == "1 guild, with every permission"


async def test_many_guilds_are_all_looked_at_and_a_few_are_named(server: DiscordServer) -> None:
    for number in range(212):
        server.guild(f"Guild {number}").permissions = 0
    finding = await found(server, "discord guilds")
    assert finding.says.startswith("212 guilds; missing in Guild 0: ")
    assert finding.says.endswith("; and 202 more")
    assert len(server.calls_to(GUILDS)) == 2


async def test_a_bot_without_a_guild_is_told_where_the_invite_link_is(server: DiscordServer) -> None:
    finding = await found(server, "discord guilds")
    assert finding.ok
    assert "invite link" in finding.says


@pytest.mark.parametrize(("public", "who"), [(True, "anyone may add"), (False, "only its owner may add")])
async def test_who_may_add_the_bot_is_said(server: DiscordServer, public: bool, who: str) -> None:
    server.rest.public = public
    assert who in (await found(server, "discord access")).says


async def test_the_invite_link_asks_for_the_needed_rights_and_scopes_and_no_more(server: DiscordServer) -> None:
    finding = await found(server, "discord invite")
    assert finding.says == invite_link(int(server.bot.id))
    assert f"client_id={server.bot.id}" in finding.says
    assert "scope=bot+applications.commands" in finding.says
    assert len(NEEDED) == int(finding.says.partition("permissions=")[2]).bit_count()


def test_the_readme_shows_that_very_link() -> None:
    readme = (Path(__file__).resolve().parents[4] / "README.md").read_text()
    assert invite_link(42).replace("client_id=42", "client_id=ID") in readme
    assert all(label in readme for label in NEEDED.values())


async def test_an_address_of_its_own_for_commands_is_found(server: DiscordServer) -> None:
    server.rest.endpoint = "https://example.org/interactions"
    finding = await found(server, "discord commands")
    assert not finding.ok
    assert "Interactions Endpoint URL" in finding.advice


@pytest.mark.parametrize(("status", "why"), [(503, "HTTP 503"), (429, "asked too often"), (None, "no connection")])
async def test_an_unreachable_discord_is_a_sentence(server: DiscordServer, status: int | None, why: str) -> None:
    server.fail_next(ME, status, times=5)
    (only,) = await check_up(server.token, api_base=server.api_base)
    assert not only.ok
    assert why in only.says


async def test_something_else_than_discord_is_a_sentence(server: DiscordServer) -> None:
    server.fail_next(ME, 200, body="<html>hello</html>")
    (only,) = await check_up(server.token, api_base=server.api_base)
    assert "is not Discord" in only.says


async def test_doctor_shows_what_was_found(
    server: DiscordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_models(*_: object) -> None:
        return None

    monkeypatch.setattr(doctor, "_models", no_models)
    monkeypatch.setenv("GPT4VIDEO_DISCORD__TOKEN", server.token)
    server.guild("Riders").permissions &= ~ATTACH
    config = tmp_path / "config.toml"
    config.write_text(f'[bot]\ndata_dir = "{tmp_path}"\n[discord]\napi_base = "{server.api_base}"\n')
    report = await doctor.examine(config)
    out = StringIO()
    doctor.render(report, Console(file=out, width=400))
    shown = out.getvalue()
    assert "✗ discord guilds  1 guild; missing in Riders: Attach Files" in shown
    assert "✓ discord invite  https://discord.com/oauth2/authorize" in shown
    assert server.token not in shown
    assert not report.ok


async def test_doctor_says_how_to_switch_discord_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_models(*_: object) -> None:
        return None

    monkeypatch.setattr(doctor, "_models", no_models)
    monkeypatch.delenv("GPT4VIDEO_DISCORD__TOKEN", raising=False)
    config = tmp_path / "config.toml"
    config.write_text(f'[bot]\ndata_dir = "{tmp_path}"\n')
    (check,) = (each for each in (await doctor.examine(config)).checks if each.name == "discord")
    assert check.ok
    assert "GPT4VIDEO_DISCORD__TOKEN" in check.says
