"""What is wrong is said with a place, a key, what would be right, and all at once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config import Config, ConfigError, load_config
from bot.config.environment import variable
from bot.config.explain import _keys
from engine.types import Category

Problems = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[safety.rules]\nviolense = 1", 'config.toml:2: safety.rules.violense: unknown key. Did you mean "violence"?'),
        ("[webb]\nport = 1", 'config.toml:1: webb: unknown key. Did you mean "web"?'),
        ("web.max_pixels = 1", 'config.toml:1: web.max_pixels: unknown key. Did you mean "media.max_pixels"?'),
        ("[web]\nqqq = 1", "config.toml:2: web.qqq: unknown key."),
        ('safety.rules.self_harm.action="warn"', 'safety.rules.self_harm: unknown key. Did you mean "self-harm"?'),
        ('[web]\nport = "8080"', 'config.toml:2: web.port: must be a whole number, not "8080".'),
        ("web.port = 80.5", "config.toml:1: web.port: must be a whole number, not 80.5."),
        ("web.port = 70000", "config.toml:1: web.port: must be at most 65535, not 70000."),
        ("web.enabled = 1", "config.toml:1: web.enabled: must be true or false, not 1."),
        ("web.title = 5", "config.toml:1: web.title: must be a text in quotes, not 5."),
        ("web.title = ''", "config.toml:1: web.title: must not be empty."),
        ("bot.data_dir = 3", "config.toml:1: bot.data_dir: must be a text in quotes, not 3."),
        ("engine.max_wait_s = 'x'", 'config.toml:1: engine.max_wait_s: must be a number, not "x".'),
        ("engine.max_wait_s = nan", "config.toml:1: engine.max_wait_s: must be a finite number"),
        ("engine.max_wait_s = 0", "config.toml:1: engine.max_wait_s: must be more than 0, not 0."),
        ("media.frames = 0", "config.toml:1: media.frames: must be at least 1, not 0."),
        ("web = 5", "config.toml:1: web: must be a table."),
        ("[generation]\nwidth = 641", "config.toml:2: generation.width: must be an even number, not 641."),
        ("bot.log_level = 'debug'", 'must be one of "DEBUG", "INFO", "WARNING", "ERROR", not "debug".'),
        ('permissions.ask = "admin"', 'not "admin". Did you mean "admins"?'),
        ('safety.must_cover = [\n"hate",\n"gore"]', "config.toml:3: safety.must_cover[1]: must be one of"),
        ("safety.must_cover = 'hate'", 'config.toml:1: safety.must_cover: must be a list, not "hate".'),
        ('[safety.rules]\n"sexual/minors".threshold = 2', 'config.toml:2: safety.rules."sexual/minors".threshold: '),
        ('models.text_guard = "profanty"', "config.toml:1: models.text_guard: there is no such backend"),
        (
            'models.generation = ["storyboard", "storybord"]',
            'models.generation: there is no such backend as "storybord"; known are storyboard, diffusers, '
            '"package.module:Class", or a model as org/name. Did you mean "storyboard"?',
        ),
        ('models.understanding = "qwen3.5-4b"', 'Did you mean "Qwen/Qwen3.5-4B"?'),
        ('models.understanding = "transformers"', 'needs a model: { backend = "transformers", model = "org/name" }.'),
        (
            'models.understanding = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"',
            "makes videos. It belongs in models.generation.",
        ),
        ('models.text_guard = "org/some-classifier"', 'nothing is known of "org/some-classifier". Say how to read it:'),
        ('models.frame_guard = { backend = "opennsfw", model = "a/b" }', '"opennsfw" brings its own model.'),
        (
            'models.speech = { backend = "whisper", model = "tiny" }',
            'models.speech: "tiny" is no model: those are named',
        ),
        ("models.speech = { name = 'x' }", "models.speech: a backend or a model is missing."),
        (
            '[models]\ngeneration = ["a/b",\n{ backend = "diffusers", modle = "a/c" }]',
            'config.toml:3: models.generation[1].modle: unknown key. Did you mean "model"?',
        ),
        (
            '[models.understanding]\nbackend = "openai"\nmodel = "m"\noptions = { api_key = "hunter2" }',
            "config.toml:1: models.understanding: options.api_key: a secret does not belong here.",
        ),
        ('models.preset = "16bg"', 'not "16bg". Did you mean "16gb"?'),
        ('models.device = "tpu"', 'config.toml:1: models.device: is not written as it has to be, not "tpu".'),
        ('models.remote_code = ["all"]', 'models.remote_code[0]: is not written as it has to be, not "all".'),
        ("models.memory_gb = 0", "models.memory_gb: must be more than 0, not 0."),
        ('models.generation = ["a/same", "b/same"]', '"same" stands here twice. Name each model once, or give one'),
        ('models.generation = ["storyboard", "storyboard"]', '"storyboard" stands here twice.'),
        ('[models]\ngeneration = ["storyboard",\n 5]', "config.toml:3: models.generation[1]: must be a text in quotes"),
        ("models.generation = []", "config.toml:1: models.generation: must not be empty."),
        ("[generation]\nwidth = 640\nmax_width = 320", "config.toml:2: generation.width: 640 is more than max_width"),
        ("[generation]\n\nmax_seconds = 1", "config.toml:1: generation.seconds: 3 is more than max_seconds"),
        ('bot.data_dir = "~nobody-at-all/x"', "config.toml:1: bot.data_dir: there is no such home folder."),
        (
            'web.token_file = "~nobody-at-all/x"',
            "config.toml:1: web.token_file: ~nobody-at-all/x cannot be read:",
        ),
        ('bot.data_dir = "what?"', "config.toml:1: bot.data_dir: a question mark"),
        ("web.launched = 1979-05-27", "config.toml:1: web.launched: unknown key."),
        ("[web]\nport =", "config.toml:2: Invalid value."),
        ("[web]\nport = 1\nport = 2", "config.toml:3: Cannot overwrite a value."),
        ("[web]\nport = 1 2\n", "config.toml:2: Expected newline or end of document after a statement (column 10)."),
        ('title = """never closed', "config.toml:1: Unterminated string"),
    ],
)
def test_a_mistake_is_told_with_its_line_its_key_and_what_would_be_right(
    problems: Problems, text: str, expected: str
) -> None:
    (told,) = problems(text)
    assert expected in told


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("GPT4VIDEO_WEB__PORT", "http", 'GPT4VIDEO_WEB__PORT: must be a whole number, not "http".'),
        ("GPT4VIDEO_WEB__PROT", "1", 'GPT4VIDEO_WEB__PROT: unknown key. Did you mean "port"?'),
        ("GPT4VIDEO_WEBB__PORT", "1", "GPT4VIDEO_WEBB__PORT: unknown section. Did you mean GPT4VIDEO_WEB__…?"),
        ("GPT4VIDEO_SAFETY__MUST_COVER", "hate", "GPT4VIDEO_SAFETY__MUST_COVER: must be JSON"),
        (
            "GPT4VIDEO_SAFETY__RULES__SELF_HARM__THRESHOLD",
            "9",
            "GPT4VIDEO_SAFETY__RULES__SELF_HARM__THRESHOLD: must be",
        ),
        ("GPT4VIDEO_GENERATION__SECONDS", "99", "GPT4VIDEO_GENERATION__SECONDS: 99 is more than max_seconds"),
        ("GPT4VIDEO_WEB__HOST", "0.0.0.0", "GPT4VIDEO_WEB__HOST: "),
        ("GPT4VIDEO_WEB__ENABLED", "", 'GPT4VIDEO_WEB__ENABLED: must be true or false, not "".'),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    problems: Problems, name: str, value: str, expected: str
) -> None:
    (told,) = problems("[web]\nport = 1234", {name: value})
    assert told.startswith(expected)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    told = problems(
        "[web]\nprot = 1\nport = true\n\n[media]\nframes = -1\n[safety.rules.violense]\n",
        {"GPT4VIDEO_MEDIA__MAX_MB": "x"},
    )
    assert [problem.split(": ")[0] for problem in told] == [
        "config.toml:2",
        "config.toml:3",
        "config.toml:6",
        "config.toml:7",
        "GPT4VIDEO_MEDIA__MAX_MB",
    ]


def test_what_the_environment_overrides_need_not_fit_the_file(load: Callable[..., Config]) -> None:
    config = load("generation.seconds = 30", {"GPT4VIDEO_GENERATION__MAX_SECONDS": "60"})
    assert config.generation.seconds == 30


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"[web]\n\xff\xfe = 1")
    with pytest.raises(ConfigError, match=r"^binary\.toml:2: The file is not UTF-8 text\.$"):
        load_config(tmp_path / "binary.toml", {})


def test_files_with_a_byte_order_mark_and_dos_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "dos.toml").write_bytes(b"\xef\xbb\xbf[web]\r\nport = 99\r\n")
    assert load_config(tmp_path / "dos.toml", {}).web.port == 99


anything = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("~/\0"), max_size=5),
    st.none(),
)
options = st.sampled_from([key for key in _keys() if len(key) > 1])


variables = st.dictionaries(options, st.text("a1-.~[{\"', ", max_size=5), max_size=2)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(options, anything, max_size=4), environment=variables)
def test_whatever_the_values_are_there_is_a_configuration_or_a_list_of_problems(
    values: dict[tuple[str, ...], Any], environment: dict[tuple[str, ...], str]
) -> None:
    lines = []
    for key, value in values.items():
        names = ".".join(json.dumps(name) for name in key)
        inside = "nan" if value != value else json.dumps(value).replace("Infinity", "inf").replace("\x7f", "\\u007f")
        lines.append(f"{names} = {inside if value is not None else '{ }'}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text("\n".join(lines))
        try:
            config = load_config(file, {variable(key): value for key, value in environment.items()})
        except ConfigError as error:
            assert error.problems
            assert all(problem.text for problem in error.problems)
        else:
            assert config.runtime_config().limits.max_bytes > 0
            assert set(config.rules()) == set(Category)
