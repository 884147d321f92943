"""What a configuration may say, where it comes from, and what it means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.base import Measure, Window
from bot.config import Config, ConfigError, load_config
from bot.config.explain import SECRETS, _keys
from bot.store.database import parse_url
from engine.types import Category, Role

Load = Callable[..., Config]
EXAMPLE = Path(__file__).parents[4] / "config.example.toml"


def test_the_example_is_the_defaults() -> None:
    assert load_config(EXAMPLE, {}).model_dump() == load_config(None, {}).model_dump() == Config().model_dump()


def test_the_example_shows_every_option() -> None:
    shown = set()
    table = ""
    for line in EXAMPLE.read_text().splitlines():
        if header := re.match(r"\[(.+)\]$", line):
            table = header[1].replace('"', "")
        elif pair := re.match(r"(?:# )?(\w+) = ", line):
            shown.add(f"{table}.{pair[1]}")
    leaves = {".".join(key) for key in _keys()} - {".".join(key[:-1]) for key in _keys()}
    # Secrets have no place in a file, except a URL that holds none.
    assert shown == leaves - {f"{section}.{key}" for section, key in SECRETS if key != "url"}


@pytest.mark.parametrize(
    ("without", "mode"), [("client_id|client_secret_file", "socket"), ("bot_token_file|app_token_file", "http")]
)
def test_every_commented_option_of_the_example_can_be_switched_on(tmp_path: Path, without: str, mode: str) -> None:
    (tmp_path / "secret").write_text("postgresql://ada:hunter2@host/db")
    text = re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    text = re.sub(r"/run/secrets/\w+", "secret", text)
    text = re.sub(rf"^(url|{without}) = .*\n", "", text, flags=re.MULTILINE)  # Slack: one workspace, or several
    (tmp_path / "config.toml").write_text(text.replace('mode = "socket"', f'mode = "{mode}"'))
    config = load_config(tmp_path / "config.toml", {})
    assert config.web.token is not None
    assert config.slack.enabled
    assert config.models.openai_key is not None
    assert config.models.hub_token is not None
    assert all(choices for choices in config.models.chosen().values())


def test_the_defaults_say_the_same_as_the_engine_and_cover_every_category() -> None:
    config = Config()
    runtime = config.runtime_config()
    assert {role: choice.backend for role, choice in runtime.models.items()} == {
        Role.UNDERSTANDING: "lite",
        Role.GENERATION: "storyboard",
        Role.TEXT_GUARD: "lite",
        Role.FRAME_GUARD: "opennsfw",
    }
    assert runtime.limits == type(runtime.limits)()
    rules = config.rules()
    assert set(rules) == set(Category)
    assert min(rules, key=lambda category: rules[category][0]) is Category.SEXUAL_MINORS


def test_a_file_changes_what_it_names_and_nothing_else(load: Load) -> None:
    config = load('web.port = 9000\n[safety.rules."sexual/minors"]\nthreshold = 0.1\n[media]\nmax_mb = 5')
    assert config.web.port == 9000
    assert config.web.host == "127.0.0.1"
    assert config.rules()[Category.SEXUAL_MINORS] == (0.1, "block")
    assert config.rules()[Category.SEXUAL] == Config().rules()[Category.SEXUAL]
    assert config.runtime_config().limits.max_bytes == 5 * 1024 * 1024


def test_half_a_rule_keeps_the_other_half(load: Load) -> None:
    rules = load('[safety.rules]\nviolence.action = "warn"\nself-harm = { threshold = 0.3 }').rules()
    assert rules[Category.VIOLENCE] == (0.7, "warn")
    assert rules[Category.SELF_HARM] == (0.3, "block")


def test_another_backend_can_fill_one_role(load: Load) -> None:
    models = load('models.generation = "my_pkg.video:Wan"').runtime_config().models
    assert models[Role.GENERATION].backend == "my_pkg.video:Wan"
    assert models[Role.UNDERSTANDING].backend == "lite"


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ('models.generation = ["storyboard", "my_pkg.video:Wan"]', {}),
        ("", {"GPT4VIDEO_MODELS__GENERATION": '["storyboard", "my_pkg.video:Wan"]'}),
    ],
)
def test_videos_may_have_several_models_the_first_one_is_the_default(
    load: Load, text: str, env: dict[str, str]
) -> None:
    runtime = load(text, env).runtime_config()
    assert [choice.backend for choice in runtime.choices(Role.GENERATION)] == ["storyboard", "my_pkg.video:Wan"]
    assert runtime.models[Role.GENERATION].backend == "storyboard"


def test_one_model_for_videos_is_one_however_it_is_written(load: Load) -> None:
    plain = load('models.generation = "storyboard"').runtime_config()
    assert plain == load('models.generation = ["storyboard"]').runtime_config() == load().runtime_config()
    assert plain == load("", {"GPT4VIDEO_MODELS__GENERATION": "storyboard"}).runtime_config()


def test_the_environment_wins_over_the_file(load: Load) -> None:
    env = {
        "GPT4VIDEO_WEB__PORT": "7000",
        "gpt4video_bot__log_json": "true",
        "GPT4VIDEO_SAFETY__RULES__SELF_HARM__ACTION": "warn",
        "GPT4VIDEO_SAFETY__MUST_COVER": '["violence", "sexual/minors"]',
        "GPT4VIDEO_REQUIRE_ALL": "1",
        "UNRELATED__PORT": "1",
    }
    config = load("web.port = 9000\nweb.title = 'Cinema'\nsafety.rules.self-harm.threshold = 0.4", env)
    assert (config.web.port, config.web.title, config.bot.log_json) == (7000, "Cinema", True)
    assert config.rules()[Category.SELF_HARM] == (0.4, "warn")
    assert config.safety.must_cover == (Category.VIOLENCE, Category.SEXUAL_MINORS)


def test_a_configuration_cannot_be_changed(load: Load) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().web.port = 1  # type: ignore[misc]


# --- where the file is ---------------------------------------------------------------------------------------------


def test_the_file_is_the_argument_then_the_variable_then_here_then_the_users(tmp_path: Path) -> None:
    def write(path: Path, title: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'web.title = "{title}"')
        return path

    assert load_config(None, {}).source is None
    users = write(tmp_path / "xdg-config" / "gpt4video-bot" / "config.toml", "user's")
    assert load_config(None, {}).web.title == "user's"
    assert load_config(None, {}).source == users
    write(tmp_path / "config.toml", "here")
    assert load_config(None, {}).web.title == "here"
    env = {"GPT4VIDEO_CONFIG": str(write(tmp_path / "a.toml", "variable"))}
    assert load_config(None, env).web.title == "variable"
    assert load_config(write(tmp_path / "b.toml", "argument"), env).web.title == "argument"


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_a_file_that_is_named_must_exist(tmp_path: Path, how: str) -> None:
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(ConfigError, match=r"nowhere\.toml: The file cannot be read: No such file"):
        load_config(*((missing, {}) if how == "argument" else (None, {"GPT4VIDEO_CONFIG": str(missing)})))


def test_relative_paths_start_at_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "token").write_text("s3cret\n")
    (folder / "config.toml").write_text('bot.data_dir = "data"\nweb.token_file = "token"')
    monkeypatch.chdir("/")
    config = load_config(folder / "config.toml", {})
    assert config.bot.data_dir == folder / "data"
    assert config.clips_dir == folder / "data" / "clips"
    assert len({config.clips_dir, config.videos_dir, config.inbox_dir}) == 3
    assert parse_url(config.database_url).database == str(folder / "data" / "bot.db")
    assert config.web.token is not None
    assert config.web.token.get_secret_value() == "s3cret"


# --- secrets -------------------------------------------------------------------------------------------------------


def test_secrets_come_from_variables_and_are_not_shown(load: Load) -> None:
    env = {"GPT4VIDEO_WEB__TOKEN": "hunter2", "GPT4VIDEO_DATABASE__URL": "postgresql://ada:hunter2@host/db"}
    config = load(env=env)
    assert config.web.token is not None
    assert config.web.token.get_secret_value() == "hunter2"
    assert config.database_url == env["GPT4VIDEO_DATABASE__URL"]
    assert "hunter2" not in f"{config!r} {config} {config.model_dump_json()}"


def test_a_secret_file_can_be_named_by_a_variable(load: Load, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://ada:hunter2@host/db\n")
    config = load(env={"GPT4VIDEO_DATABASE__URL_FILE": str(tmp_path / "url")})
    assert config.database_url == "postgresql://ada:hunter2@host/db"


def test_a_database_url_without_a_password_may_stand_in_the_file(load: Load) -> None:
    assert load('database.url = "postgresql://ada@host/db"').database_url == "postgresql://ada@host/db"


@pytest.mark.parametrize(
    "line",
    [
        'web.token = "hunter2"',
        "web.token = 77_hunter2",
        'web = "hunter2"',
        'database = "hunter2"',
        'web = { token = ["hunter2"] }',
        'database.url = "postgresql://ada:hunter2@host/db"',
        'database.url = "postgresql://host/db?user=ada&password=hunter2"',
        "database.url = { hunter2 = 1 }\ndatabase.urls = 2",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(problems: Callable[..., list[str]], line: str) -> None:
    told = problems(line)
    assert told
    assert "hunter2" not in " ".join(told)
    assert all(problem.startswith("config.toml:") for problem in told)


def test_the_refusal_of_a_secret_says_where_it_belongs(problems: Callable[..., list[str]]) -> None:
    assert problems('\nweb.token = "hunter2"') == [
        "config.toml:2: web.token: a secret does not belong in this file. "
        "Set GPT4VIDEO_WEB__TOKEN, or name a file that holds it as web.token_file."
    ]


@pytest.mark.parametrize(
    ("content", "expected"), [(None, "cannot be read: No such file"), (b" \n", "is empty"), (b"\xff", "not UTF-8")]
)
def test_a_secret_file_that_holds_no_secret_is_named(
    problems: Callable[..., list[str]], tmp_path: Path, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    (told,) = problems('web.token_file = "token"')
    assert told.startswith("config.toml:1: web.token_file: ")
    assert expected in told
    (told,) = problems(env={"GPT4VIDEO_WEB__TOKEN_FILE": str(tmp_path / "token")})
    assert told.startswith("GPT4VIDEO_WEB__TOKEN_FILE: ")


def test_a_secret_and_its_file_at_once_are_one_too_many(problems: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a")
    (told,) = problems('web.token_file = "token"', {"GPT4VIDEO_WEB__TOKEN": "hunter2"})
    assert "Keep one of the two" in told


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "bot.example.org"])
def test_off_loopback_the_page_needs_a_token(load: Load, problems: Callable[..., list[str]], host: str) -> None:
    (told,) = problems(f'[web]\nhost = "{host}"')
    assert told.startswith("config.toml:2: web.host: ")
    assert "GPT4VIDEO_WEB__TOKEN" in told
    assert load(f'web.host = "{host}"', {"GPT4VIDEO_WEB__TOKEN": "s"}).web.host == host
    assert not load(f'web = {{ host = "{host}", enabled = false }}').web.enabled


def test_an_empty_token_is_no_token(problems: Callable[..., list[str]]) -> None:
    told = problems(env={"GPT4VIDEO_WEB__TOKEN": "", "GPT4VIDEO_WEB__HOST": "0.0.0.0"})
    assert told == ["GPT4VIDEO_WEB__TOKEN: must not be empty."]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_loopback_needs_no_token(load: Load, host: str) -> None:
    assert load(f'web.host = "{host}"').web.token is None


def test_the_example_parses_as_plain_toml() -> None:
    assert set(tomllib.loads(EXAMPLE.read_text())) == set(Config.model_fields)


def test_quotas_are_unlimited_until_somebody_limits_them(load: Load) -> None:
    assert load().quotas.limits() == {}
    config = load("[quotas]\nvideos_per_day = 0\n", {"GPT4VIDEO_QUOTAS__GPU_SECONDS_PER_HOUR": "90.5"})
    assert config.quotas.limits() == {(Measure.VIDEOS, Window.DAY): 0, (Measure.GPU_SECONDS, Window.HOUR): 90.5}


@pytest.mark.parametrize("line", ["quotas.asks_per_hour = -1", "quotas.videos_per_day = 1.5", "retention.days = 0"])
def test_impossible_quotas_and_retention_are_refused(problems: Callable[..., list[str]], line: str) -> None:
    (told,) = problems(line)
    assert line.split(" ", maxsplit=1)[0] in told


def test_what_is_kept_is_kept_until_the_operator_says_how_long(load: Load) -> None:
    assert (load().retention.days, load().retention.audit_days) == (None, None)
    assert load("[retention]\ndays = 30\naudit_days = 365").retention.audit_days == 365
