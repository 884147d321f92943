"""The bot and its database at the start: one that is away is waited for, one that another bot serves is left alone."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli
from tests.harness import CONSOLE, environment, launch
from tests.postgres import PostgresServer, throw_away


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    yield from throw_away()


def test_a_second_bot_on_one_database_ends_with_a_sentence_and_commands_work_beside_the_first(
    tmp_path: Path, gpt4video: Cli
) -> None:
    (tmp_path / "data").mkdir()
    first = launch(tmp_path / "data")
    try:
        second = gpt4video("run")
        assert second.returncode == 4
        assert f"process {first.process.pid} on" in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1
        assert gpt4video("moderate", "hello there").returncode == 0
    finally:
        first.stop()


def test_a_database_that_is_away_at_the_start_is_waited_for_with_one_calm_line(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.url("postgres")
    postgres.stop()
    told = environment(tmp_path) | {"GPT4VIDEO_DATABASE__URL": url}
    command = [CONSOLE, "moderate", "hello"]
    short = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert short.returncode == 4
    assert short.stderr.strip() == "The database cannot be reached. Check that it runs."
    with subprocess.Popen(
        [CONSOLE, "run"], env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as bot:
        watch = threading.Timer(90, bot.kill)
        watch.start()
        assert bot.stderr is not None
        assert bot.stdout is not None
        assert bot.stderr.readline().startswith("The database cannot be reached. Check that it runs. I keep trying")
        with subprocess.Popen([CONSOLE, "run"], env=told, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as other:
            assert other.stderr is not None
            other.stderr.readline()
            other.terminate()  # who waits can be stopped
            assert other.wait(30) == 0
        postgres.start()
        assert any("http://" in line for line in bot.stdout)
        bot.terminate()
        assert bot.wait(30) == 0
        watch.cancel()
        assert "cannot be reached" not in bot.stderr.read()
