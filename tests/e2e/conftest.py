"""Fixtures around the whole bot: one running for the session, a browser, and the console command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import ARGUMENTS, CHROMIUM, CONSOLE, Cli, Running, environment, launch, real_clip


@pytest.fixture(scope="session")
def bikes() -> Path:
    return real_clip("bikes.mp4")


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = launch(tmp_path_factory.mktemp("bot"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: while Playwright's synchronous interface is open, no other test can have an event loop."""
    if CHROMIUM is None:
        if os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1":
            pytest.fail("chromium is not installed, and this run demands it")
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, bot: Running) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1180, "height": 860}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(bot.url)
    yield page
    context.close()


@pytest.fixture
def gpt4video(tmp_path: Path) -> Cli:
    """Run the console command as a person does."""

    def call(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CONSOLE, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment(tmp_path / "data") | extra,
            cwd=tmp_path,
        )

    return call
