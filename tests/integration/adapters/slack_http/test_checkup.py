"""What `gpt4video doctor` finds out about the bot on Slack, and what it says when it finds out nothing."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adapters.slack.checkup import Door, Finding, check_client, check_socket, check_workspace, describe_door
from adapters.slack.manifest import SCOPES
from bot import doctor
from bot.store import InstallationRow, Store, utcnow
from tests.integration.adapters.slack_http.conftest import Api

BOT, APP = "xoxb-hunter2", "xapp-hunter2"
ME = {"ok": True, "user": "gpt4video", "team": "Film club", "team_id": "T1", "user_id": "U1", "bot_id": "B1"}
DOOR = Door("127.0.0.1", 3000, "https://bot.example.org")
NO_CODE = {"ok": False, "error": "invalid_code"}


def named(findings: list[Finding], name: str) -> Finding:
    (only,) = (finding for finding in findings if finding.name == name)
    return only


def no(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


async def test_a_good_token_names_the_bot_and_its_workspace(api: Api) -> None:
    api.says("auth.test", ME)
    api.scopes = ",".join(SCOPES)
    findings = await check_workspace(BOT, api_base=api.base)
    assert named(findings, "slack").says == "the token is gpt4video's in Film club, and Slack takes it"
    assert named(findings, "slack scopes").ok
    assert all(finding.ok for finding in findings)


async def test_missing_scopes_are_named_with_what_does_not_work_without_them(api: Api) -> None:
    api.says("auth.test", ME)
    api.scopes = ", ".join(scope for scope in SCOPES if scope not in ("files:read", "usergroups:read"))
    finding = named(await check_workspace(BOT, api_base=api.base), "slack scopes")
    assert not finding.ok
    assert finding.says == (
        "missing: files:read (fetching posted clips); usergroups:read (permissions and quotas for user groups)"
    )
    assert "Reinstall to Workspace" in finding.advice


async def test_a_server_that_says_no_scopes_is_not_blamed(api: Api) -> None:
    api.says("auth.test", ME)
    assert named(await check_workspace(BOT, api_base=api.base), "slack scopes").ok


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked", "not_allowed_token_type"])
async def test_a_refused_token_says_where_to_get_another_and_is_not_shown(api: Api, error: str) -> None:
    api.says("auth.test", no(error))
    (only,) = await check_workspace(BOT, api_base=api.base)
    assert not only.ok
    assert "refused the bot token" in only.says
    assert "GPT4VIDEO_SLACK__BOT_TOKEN" in only.advice
    assert "hunter2" not in f"{only}"


async def test_a_persons_token_is_not_a_bots(api: Api) -> None:
    api.says("auth.test", {name: value for name, value in ME.items() if name != "bot_id"})
    (only,) = await check_workspace(BOT, api_base=api.base)
    assert not only.ok
    assert "person's" in only.says


async def test_the_socket_is_asked_for_and_not_opened(api: Api) -> None:
    api.says("apps.connections.open", {"ok": True, "url": "wss://nowhere.invalid/?ticket=hunter2"})
    finding = await check_socket(APP, api_base=api.base)
    assert finding.ok
    assert finding.says.startswith("Socket Mode;")
    assert "hunter2" not in f"{finding}"
    assert [authorization for _, authorization, _ in api.calls] == [f"Bearer {APP}"]


@pytest.mark.parametrize("error", ["invalid_auth", "not_allowed_token_type", "missing_scope"])
async def test_a_refused_app_token_says_which_scope_it_needs(api: Api, error: str) -> None:
    api.says("apps.connections.open", no(error))
    finding = await check_socket(APP, api_base=api.base)
    assert not finding.ok
    assert "connections:write" in finding.advice
    assert "hunter2" not in f"{finding}"


async def test_an_app_without_socket_mode_is_told_where_to_switch_it_on(api: Api) -> None:
    api.says("apps.connections.open", no("socket_mode_not_enabled"))
    finding = await check_socket(APP, api_base=api.base)
    assert not finding.ok
    assert "page Socket Mode" in finding.advice


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (503, "is not Slack"),
        (no("ratelimited"), "asked too often"),
        ({"hello": "world"}, "is not Slack"),
        (no("fatal_error"), "fatal_error"),
    ],
)
async def test_an_unreachable_slack_is_a_sentence(api: Api, answer: Any, why: str) -> None:
    api.says("auth.test", answer)
    (only,) = await check_workspace(BOT, api_base=api.base)
    assert not only.ok
    assert why in only.says


async def test_nobody_there_at_all_is_a_sentence() -> None:
    nowhere = "http://127.0.0.1:9/api/"
    findings = [*await check_workspace(BOT, api_base=nowhere), await check_socket(APP, api_base=nowhere)]
    findings += await check_client("1.2", "s", [], DOOR, api_base=nowhere)
    assert [finding.ok for finding in findings] == [False] * 3
    assert all("no connection" in finding.says for finding in findings)


async def test_something_that_answers_ok_and_is_not_slack_is_a_sentence(api: Api) -> None:
    api.says("auth.test", {"ok": True})
    (only,) = await check_workspace(BOT, api_base=api.base)
    assert not only.ok
    assert "slack.api_base" in only.advice


def test_http_mode_says_where_it_listens_and_what_to_enter_at_slack() -> None:
    assert describe_door(DOOR).says.endswith(
        "127.0.0.1:3000, for all request URLs of the app: https://bot.example.org/slack/events"
    )
    assert "https://…/slack/events" in describe_door(Door("0.0.0.0", 80)).says


@pytest.mark.parametrize(("installed", "count"), [([], "0 workspaces"), (["T1"], "1 workspace ")])
async def test_a_client_is_tried_with_a_code_that_nobody_was_given(api: Api, installed: list[str], count: str) -> None:
    api.says("oauth.v2.access", NO_CODE)
    findings = await check_client("1.2", "hunter2", installed, DOOR, api_base=api.base)
    assert count in named(findings, "slack").says
    assert named(findings, "slack install").says == "https://bot.example.org/slack/install"
    assert all(finding.ok for finding in findings)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("bad_client_secret", "GPT4VIDEO_SLACK__CLIENT_SECRET"),
        ("invalid_client_id", "Basic Information"),
        ("bad_redirect_uri", "https://bot.example.org/slack/oauth_redirect"),
    ],
)
async def test_a_wrong_client_says_where_to_find_the_right_one(api: Api, error: str, advice: str) -> None:
    api.says("oauth.v2.access", no(error))
    finding = named(await check_client("1.2", "hunter2", [], DOOR, api_base=api.base), "slack")
    assert not finding.ok
    assert advice in finding.advice
    assert "hunter2" not in f"{finding}"


# --- in the report -------------------------------------------------------------------------------------------------

Shown = Callable[..., Any]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What doctor prints for a `[slack]` section and its secrets."""

    async def no_models(*_: object) -> None:
        return None

    monkeypatch.setattr(doctor, "_models", no_models)

    async def shown(section: str, **given: str) -> str:
        for name in ("bot_token", "app_token", "signing_secret", "client_secret"):
            monkeypatch.delenv(f"GPT4VIDEO_SLACK__{name.upper()}", raising=False)
        for name, value in given.items():
            monkeypatch.setenv(f"GPT4VIDEO_SLACK__{name.upper()}", value)
        config = tmp_path / "config.toml"
        config.write_text(f'[bot]\ndata_dir = "{tmp_path}"\n[slack]\n{section}\n')
        out = StringIO()
        doctor.render(await doctor.examine(config), Console(file=out, width=400))
        assert "hunter2" not in out.getvalue()
        return out.getvalue()

    return shown


async def test_doctor_says_how_to_switch_slack_on(shown: Shown) -> None:
    told = await shown("")
    assert "✓ slack  off; set GPT4VIDEO_SLACK__BOT_TOKEN" in told


async def test_doctor_shows_what_was_found_in_socket_mode(api: Api, shown: Shown) -> None:
    api.says("auth.test", ME)
    api.says("apps.connections.open", no("invalid_auth"))
    api.scopes = ",".join(SCOPES)
    told = await shown(f'api_base = "{api.base}"', bot_token=BOT, app_token=APP)
    assert "✓ slack  the token is gpt4video's in Film club" in told
    assert "✓ slack scopes  every scope that is needed" in told
    assert "✗ slack mode  Slack refused the app token." in told


async def test_doctor_shows_what_was_found_in_http_mode(api: Api, shown: Shown) -> None:
    api.says("auth.test", ME)
    told = await shown(f'mode = "http"\napi_base = "{api.base}"', bot_token=BOT, signing_secret="hunter2")
    assert "✓ slack mode  HTTP mode; listens on 127.0.0.1:3000" in told
    assert not api.called("apps.connections.open")


async def test_doctor_counts_the_workspaces_that_installed_the_app(api: Api, shown: Shown, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'bot.db'}")
    section = f'mode = "http"\napi_base = "{api.base}"\nclient_id = "1.2"\npublic_url = "https://bot.example.org/"'
    api.says("oauth.v2.access", NO_CODE)
    secrets = {"client_secret": "hunter2", "signing_secret": "hunter2"}
    assert "the client is taken; 0 workspaces installed the app" in await shown(section, **secrets)
    await store.open()
    row = InstallationRow(
        platform="slack",
        community="T1",
        name="Film club",
        token=BOT,
        bot_user="U1",
        scopes=(),
        installed_by="U2",
        installed_at=utcnow(),
    )
    await store.save_installation(row)
    await store.close()
    told = await shown(section, **secrets)
    assert "the client is taken; 1 workspace installed the app" in told
    assert "✓ slack install  https://bot.example.org/slack/install" in told
