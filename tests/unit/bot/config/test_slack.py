"""What `[slack]` may say: which tokens go together, in which mode, and what is said when they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Config
from bot.config.environment import variable

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

TOKENS = {
    "bot_token": "xoxb-hunter2",
    "app_token": "xapp-hunter2",
    "signing_secret": "hunter2",
    "client_secret": "hunter2",
}
CLIENT = 'mode = "http"\nclient_id = "1.2"\npublic_url = "https://bot.example.org"'


def given(*names: str, **others: str) -> dict[str, str]:
    """An environment with these secrets."""
    chosen = {name: TOKENS[name] for name in names} | others
    return {variable(("slack", name)): value for name, value in chosen.items()}


def test_slack_is_off_until_something_says_how_to_log_in(load: Load) -> None:
    assert not load().slack.enabled
    assert not load("", given("signing_secret")).slack.enabled


def test_two_tokens_are_enough_for_one_workspace_and_nothing_listens(load: Load) -> None:
    slack = load("", given("bot_token", "app_token")).slack
    assert slack.enabled
    assert (slack.mode, slack.host) == ("socket", "127.0.0.1")


def test_http_mode_may_listen_everywhere_since_every_request_is_signed(load: Load) -> None:
    slack = load('[slack]\nmode = "http"\nhost = "0.0.0.0"', given("bot_token", "signing_secret")).slack
    assert (slack.enabled, slack.host, slack.port) == (True, "0.0.0.0", 3000)


def test_several_workspaces_need_no_bot_token(load: Load) -> None:
    slack = load(f"[slack]\n{CLIENT}", given("signing_secret", "client_secret")).slack
    assert slack.enabled
    assert slack.bot_token is None


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("", ["bot_token"], "slack.app_token: is missing: Socket Mode needs one"),
        ("", ["app_token"], "slack.bot_token: is missing beside app_token"),
        ('mode = "http"', ["bot_token", "app_token"], "slack.signing_secret: is missing"),
        (CLIENT, ["client_secret"], "slack.signing_secret: is missing"),
        (CLIENT, ["signing_secret"], "slack.client_secret: is missing beside client_id"),
        ("", ["client_secret"], "slack.client_id: is missing beside client_secret"),
        (CLIENT, ["signing_secret", "client_secret", "bot_token"], "GPT4VIDEO_SLACK__BOT_TOKEN: is for one workspace"),
        (CLIENT.replace("http", "socket", 1), ["client_secret", "app_token"], 'slack.mode: must be "http"'),
        ('mode = "http"\nclient_id = "1.2"', ["signing_secret", "client_secret"], "slack.public_url: is missing"),
        ('public_url = "http://bot.example.org"', [], "slack.public_url: must begin with https://"),
        ('public_url = "bot.example.org"', [], "slack.public_url: "),
        ('public_url = "https://bot.example.org/?a=b"', [], "slack.public_url: "),
        ('mode = "sockets"', [], 'slack.mode: must be one of "socket", "http"'),
    ],
)
def test_what_does_not_go_together_is_said_with_what_to_do(
    problems: Problems, text: str, secrets: list[str], expected: str
) -> None:
    (told,) = problems(f"[slack]\n{text}", given(*secrets))
    assert expected in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"bot_token": "xapp-hunter2"}, "this is the app token"),
        ({"bot_token": "xoxp-hunter2"}, "this is a person's token"),
        ({"app_token": "xoxb-hunter2"}, "this is no app token"),
    ],
)
def test_tokens_in_each_others_place_are_told_apart_and_not_repeated(
    problems: Problems, wrong: dict[str, str], expected: str
) -> None:
    (told,) = problems("", given("bot_token", "app_token", **wrong))
    assert expected in told
    assert "hunter2" not in told


@pytest.mark.parametrize("name", list(TOKENS))
def test_a_secret_is_refused_in_the_file_and_taken_from_a_file_of_its_own(
    load: Load, problems: Problems, tmp_path: Path, name: str
) -> None:
    (told,) = [line for line in problems(f'slack.{name} = "{TOKENS[name]}"') if "does not belong" in line]
    assert f"slack.{name}_file" in told
    assert f"GPT4VIDEO_SLACK__{name.upper()}" in told
    assert "hunter2" not in told
    several = name == "client_secret"
    lines = [CLIENT] if several else []
    for key in TOKENS.keys() - {"bot_token" if several else "client_secret"}:
        (tmp_path / key).write_text(f"{TOKENS[key]}\n")
        lines.append(f'{key}_file = "{key}"')
    config = load("[slack]\n" + "\n".join(lines))
    assert getattr(config.slack, name).get_secret_value() == TOKENS[name]
    assert "hunter2" not in f"{config!r} {config.model_dump_json()}"
