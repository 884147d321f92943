"""The page in a real browser against the real bot. `make screenshots` keeps the pictures taken here in docs/images."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import re
import signal
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.harness import Running, launch
from tests.lines import HARMFUL

KEEP = os.environ.get("GPT4VIDEO_SCREENSHOTS") == "1"
PICTURES = Path(__file__).parents[2] / "docs" / "images" if KEEP else Path(tempfile.mkdtemp(prefix="screenshots-"))
PATIENT = 60_000  # milliseconds for models on two busy cores
UNSAFE = "you stupid fucking idiot"


def picture(page: Page, name: str) -> None:
    """Take a screenshot for the documents."""
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def drop(page: Page, clip: Path) -> None:
    """Drop a file onto the page, as a hand does."""
    data = page.evaluate_handle(
        """async ([bytes, name]) => {
            const data = new DataTransfer();
            const raw = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
            data.items.add(new File([raw], name, { type: "video/mp4" }));
            return data;
        }""",
        [base64.b64encode(clip.read_bytes()).decode(), clip.name],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", kind, {"dataTransfer": data})
    expect(page.locator("#files li")).to_have_count(1)


def ask(page: Page, text: str) -> Locator:
    """Type a question, send it, and return its exchange."""
    expect(page.locator("#exchanges[data-ready]")).to_be_attached()
    number = page.locator("article.exchange").count()
    page.locator("#question").fill(text)
    page.keyboard.press("Enter")
    exchange = page.locator("article.exchange").nth(number)
    expect(exchange).to_be_visible()
    return exchange


def settled(exchange: Locator, state: str) -> Locator:
    expect(exchange).to_have_attribute("data-state", state, timeout=PATIENT)
    return exchange


def test_a_dropped_clip_is_watched_and_the_second_question_knows_the_first(page: Page, bikes: Path) -> None:
    drop(page, bikes)
    first = settled(ask(page, "How long is this clip?"), "done")
    expect(first.locator(".text")).to_contain_text(re.compile(r"10(\.0)? seconds"))
    expect(first.locator(".foot")).to_contain_text("lite")
    expect(first.locator("img")).not_to_have_count(0)
    second = settled(ask(page, "what moves, and where to?"), "done")
    expect(second.locator(".text")).to_contain_text(re.compile("left|right"))
    page.set_viewport_size({"width": 1180, "height": 1340})
    picture(page, "answer")
    page.emulate_media(color_scheme="dark")
    picture(page, "answer-dark")


def test_an_answer_streams_in_before_it_is_complete(page: Page, bikes: Path) -> None:
    views: list[dict[str, Any]] = []

    def read(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "view":
            views.append(message["view"])

    page.on("websocket", lambda socket: socket.on("framereceived", read))
    page.reload()
    drop(page, bikes)
    settled(ask(page, "What happens here?"), "done")
    texts = list(dict.fromkeys(view["text"] for view in views if view["text"]))
    assert len(texts) >= 2
    assert all(later.startswith(earlier.rstrip()) for earlier, later in itertools.pairwise(texts))


def test_a_video_is_made_with_progress_and_plays_in_place(page: Page) -> None:
    exchange = ask(page, "/generate a red ball bouncing on green grass --seed 7 --size 640x360 --seconds 3")
    expect(exchange.get_by_role("progressbar")).to_be_visible(timeout=PATIENT)
    expect(exchange.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("[1-9]"), timeout=PATIENT)
    picture(page, "progress")
    settled(exchange, "done")
    video = exchange.locator("video")
    expect(video).to_be_visible()
    video.evaluate("(video) => video.play()")
    assert video.evaluate("(video) => video.videoWidth") == 640
    expect(exchange.locator(".foot")).to_contain_text("seed 7")
    picture(page, "video")


def test_a_question_in_words_can_lead_to_a_video(page: Page) -> None:
    exchange = settled(ask(page, "Show me a paper boat on a calm lake"), "done")
    expect(exchange.locator("video")).to_be_visible()
    expect(exchange.locator(".text")).not_to_contain_text("video>")


def test_a_running_video_can_be_cancelled(page: Page) -> None:
    exchange = ask(page, "/generate a train in the mountains --seconds 10 --size 1280x720")
    expect(exchange.get_by_role("progressbar")).to_be_visible(timeout=PATIENT)
    exchange.get_by_role("button", name="Cancel").click()
    settled(exchange, "cancelled")
    expect(exchange.locator("video")).to_have_count(0)
    settled(ask(page, "Hello?"), "done")


def test_a_second_video_waits_in_line_and_is_made_when_the_first_is_cancelled(page: Page) -> None:
    first = ask(page, "/generate a train in the mountains --seconds 10 --size 1280x720")
    expect(first.get_by_role("progressbar")).to_be_visible(timeout=PATIENT)
    second = ask(page, "/generate a blue fish --seconds 1 --size 320x180")
    expect(second).to_contain_text(re.compile("next|in line", re.IGNORECASE))
    first.get_by_role("button", name="Cancel").click()
    settled(first, "cancelled")
    settled(second, "done")


def test_a_blocked_message_says_why(page: Page) -> None:
    exchange = settled(ask(page, UNSAFE), "blocked")
    expect(exchange).to_contain_text("harassment")
    expect(exchange).to_contain_text("limit of")
    picture(page, "blocked")


def test_the_plainest_sentence_of_each_category_is_blocked_and_a_question_is_not(page: Page) -> None:
    for category, texts in HARMFUL.items():
        expect(settled(ask(page, texts[0]), "blocked")).to_contain_text(category)
    settled(ask(page, "How many balls are there?"), "done")


def test_a_language_that_no_guard_knows_is_said_to_be_not_covered(page: Page) -> None:
    exchange = settled(ask(page, "Kuinka monta palloa pöydällä on?"), "done")
    expect(exchange).to_contain_text("language not covered")


def test_a_reload_brings_the_conversation_back(page: Page) -> None:
    settled(ask(page, "Hello there"), "done")
    before = page.locator("article.exchange .text").inner_text()
    page.reload()
    expect(page.locator("article.exchange .text")).to_have_text(before)


def set_action(page: Page, bot: Running, category: str, action: str) -> None:
    """Change a rule on the safety page and go back to the chat."""
    page.goto(f"{bot.url.rstrip('/')}/admin")
    row = page.locator(f"[data-category={category}]")
    row.locator("select").select_option(action)
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(bot.url)


def test_an_admin_sees_scores_and_changes_what_is_blocked(page: Page, bot: Running) -> None:
    settled(ask(page, UNSAFE), "blocked")
    page.goto(f"{bot.url.rstrip('/')}/admin")
    expect(page.locator("[data-category=harassment]").first).to_be_visible()
    expect(page.get_by_text("not covered").first).to_be_visible()
    picture(page, "safety")
    set_action(page, bot, "harassment", "allow")
    settled(ask(page, UNSAFE), "done")
    set_action(page, bot, "harassment", "block")
    settled(ask(page, UNSAFE), "blocked")


def test_the_page_fits_a_phone(browser: Browser, bot: Running, bikes: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2)
    page = context.new_page()
    page.goto(bot.url)
    drop(page, bikes)
    settled(ask(page, "How many shots are there?"), "done")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    picture(page, "phone")
    context.close()


def test_killing_the_inference_process_in_the_middle_still_ends_well(page: Page, bot: Running) -> None:
    exchange = ask(page, "/generate a castle at night --seconds 6 --size 640x360")
    expect(exchange.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("[1-9]"), timeout=PATIENT)
    bot.inference().kill()
    settled(exchange, "done")
    expect(exchange.locator("video")).to_be_visible()
    settled(ask(page, "Hello?"), "done")


def test_killing_the_inference_process_in_the_middle_of_an_answer_still_ends_well(
    page: Page, bot: Running, bikes: Path
) -> None:
    drop(page, bikes)
    exchange = ask(page, "Describe this clip: shots, colours, movement and text.")
    expect(exchange).to_contain_text("Watching", timeout=PATIENT)
    bot.inference().kill()
    expect(exchange).to_have_attribute("data-state", re.compile("done|failed"), timeout=PATIENT)
    assert len(exchange.inner_text()) > 40
    settled(ask(page, "Hello?"), "done")


@pytest.mark.parametrize("number", [9, 15])
def test_a_bot_that_stops_in_the_middle_finishes_the_request_when_it_is_back(
    browser: Browser, tmp_path: Path, number: int
) -> None:
    first = launch(tmp_path)
    port = first.url.rstrip("/").rsplit(":", 1)[1]
    page = browser.new_context().new_page()
    page.goto(first.url)
    exchange = ask(page, "/generate a lighthouse at sunset --seconds 8 --size 640x360")
    expect(exchange.get_by_role("progressbar")).to_be_visible(timeout=PATIENT)
    orphan = first.inference()
    first.stop(number)
    deadline = time.monotonic() + 20
    while orphan.is_running() and orphan.status() != "zombie" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not orphan.is_running() or orphan.status() == "zombie"
    second = launch(tmp_path, GPT4VIDEO_WEB__PORT=port)
    settled(exchange, "done")
    expect(exchange.locator("video")).to_have_count(1)
    page.context.close()
    second.stop()


def test_a_second_ctrl_c_stops_at_once_and_the_request_is_not_lost(browser: Browser, tmp_path: Path) -> None:
    first = launch(tmp_path, GPT4VIDEO_ENGINE__DRAIN_S="600")
    page = browser.new_context().new_page()
    page.goto(first.url)
    exchange = ask(page, "/generate a train in the mountains --seconds 10 --size 1280x720")
    expect(exchange.get_by_role("progressbar")).to_be_visible(timeout=PATIENT)
    first.process.send_signal(signal.SIGINT)
    expect(exchange.get_by_role("progressbar")).to_be_visible()
    assert first.stop(signal.SIGINT) == 0
    page.context.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        assert connection.execute("SELECT state FROM requests").fetchall() == [("accepted",)]
