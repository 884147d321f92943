"""The main job with real models of the large libraries in place of the lite ones: tiny, with random or quickly taught
weights, but through the same commands and the same page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_page import PATIENT, ask, drop, settled
from tests.harness import CONSOLE, Running, environment, launch, real_clip
from tests.tiny.house import MARKER, PROMPT, SAID, WIDTH, furnish

PATIENCE_S = 240


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a configuration with tiny real models."""
    return furnish(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def data(models: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    (folder / "config.toml").write_text(models)
    return folder


@pytest.fixture(scope="module")
def bot(data: Path) -> Iterator[Running]:
    running = launch(data)
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, bot: Running) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1180, "height": 860}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(PATIENT)
    page.goto(bot.url)
    yield page
    context.close()


def command(data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CONSOLE, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=environment(data / "data"),
        cwd=data,
    )


def frames_in(path: str | Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_question_is_answered_in_words_and_with_the_video_that_the_model_asks_for(data: Path) -> None:
    result = command(data, "ask", real_clip("bigbuckbunny.mp4"), "Show me something like this", "--json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["answer"] == SAID
    assert answer["model"] == "talker"
    assert {verdict["where"] for verdict in answer["verdicts"]} >= {"question", "clip", "answer", "prompt", "video"}
    (video,) = answer["videos"]
    assert frames_in(video) > 1


def test_a_video_is_the_file_that_was_asked_for(data: Path) -> None:
    result = command(data, "generate", PROMPT, "-o", "ball.mp4", "--seed", "3", "--json")
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert (made["model"], made["seed"], made["width"]) == ("wan", 3, WIDTH)
    assert made["frames"] == frames_in(data / "ball.mp4")


def test_the_page_shows_the_answer_without_the_tag_and_plays_the_video(page: Page) -> None:
    drop(page, real_clip("bigbuckbunny.mp4"))
    exchange = settled(ask(page, "Show me something like this"), "done")
    expect(exchange.locator(".text")).to_have_text(SAID)
    expect(exchange.locator(".foot")).to_contain_text("talker")
    expect(exchange.locator("img")).not_to_have_count(0)
    video = exchange.get_by_label(f"Made video: {PROMPT}")
    expect(video).to_be_visible()
    assert video.evaluate("(video) => video.videoWidth") == WIDTH
    follow_up = settled(ask(page, "And what else?"), "done")
    expect(follow_up.locator(".text")).to_have_text(SAID)


def test_what_the_guard_was_taught_is_blocked_before_anything_is_made(page: Page) -> None:
    exchange = settled(ask(page, f"/generate a {MARKER} in the sea"), "blocked")
    expect(exchange).to_contain_text("harassment 1.00 is over this place's limit")
    expect(exchange.locator("video")).to_have_count(0)


def test_a_video_on_the_page_shows_its_steps_and_can_be_cancelled(page: Page) -> None:
    exchange = ask(page, f"/generate {PROMPT} --seed 7 --seconds 3")
    expect(exchange.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("[1-9]"), timeout=PATIENT)
    exchange.get_by_role("button", name="Cancel").click()
    settled(exchange, "cancelled")
    again = settled(ask(page, f"/generate {PROMPT} --seed 7"), "done")
    expect(again.locator("video")).to_be_visible()
    expect(again.locator(".foot")).to_contain_text("seed 7")
