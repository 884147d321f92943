"""The safety page in a real browser, against a fake `AdminDesk`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from adapters.base import Scope


@pytest_asyncio.fixture(loop_scope="session")
async def chat(open_chat: Any, server: Any, sample_entry: Any) -> Any:
    server.desk.entries = [
        dataclasses.replace(sample_entry, id=number, category="violence" if number % 2 else "harassment")
        for number in range(1, 61)
    ]
    chat = await open_chat(server, path="/admin", ready=False)
    await expect(chat.page.locator(".rule")).to_have_count(3)
    return chat


@pytest.fixture
def page(chat: Any) -> Any:
    return chat.page


async def test_the_table_says_what_is_covered(page: Any) -> None:
    row = page.locator(".rule")
    await expect(row.nth(0).locator(".badge")).to_have_text(["text", "frames not covered"])
    await expect(row.nth(1).locator(".badge")).to_have_text(["text", "frames"])
    await expect(row.nth(2).locator(".badge")).to_have_text(["not covered"])


async def test_moving_a_slider_counts_what_would_differ_and_saves_on_demand(page: Any, server: Any) -> None:
    row = page.locator('[data-category="violence"]')
    slider = page.get_by_label("Limit for violence")
    await slider.focus()
    for _ in range(5):
        await page.keyboard.press("ArrowLeft")

    await expect(row.locator(".change p")).to_have_text(
        "With 0.65, 2 of the last 6 decisions here would differ: 2 more stopped."
    )
    assert not [call for call in server.desk.calls if call[0] == "set_rule"]
    await row.get_by_role("button", name="Save").click()
    await expect(row.locator(".origin")).to_contain_text("for everyone")
    await expect(row.locator(".change")).to_be_hidden()
    await row.get_by_role("button", name="Reset violence").click()
    await expect(row.locator("output")).to_have_text("0.70")

    calls = [call for call in server.desk.calls if call[0] in ("set_rule", "reset_rule")]
    assert calls[0][3:] == ("violence", 0.65, "block")
    assert [call[1] for call in calls] == [Scope("web", "local", "")] * 2


async def test_undo_puts_a_row_back(page: Any, server: Any) -> None:
    row = page.locator('[data-category="violence"]')
    await page.get_by_label("Action for violence").select_option("warn")
    await expect(row.locator(".change p")).to_contain_text("warn instead of block")
    await row.get_by_role("button", name="Undo").click()

    await expect(page.get_by_label("Action for violence")).to_have_value("block")
    await expect(row.locator(".change")).to_be_hidden()


async def test_the_scope_of_the_last_conversation_can_be_chosen(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server, path="/#conversation-0001")
    await chat.page.goto(server.url + "/admin")
    await expect(chat.page.locator(".rule")).to_have_count(3)
    await chat.page.get_by_label("Rules for").select_option("only your last conversation")
    await chat.page.wait_for_load_state("networkidle")  # its rules have come, and are shown in place of the others

    async with chat.page.expect_response("**/api/admin/rules"):
        await chat.page.get_by_label("Action for violence").select_option("allow")
        await chat.page.get_by_role("button", name="Save").click()

    changed = [call for call in server.desk.calls if call[0] == "set_rule"]
    assert changed[0][1] == Scope("web", "local", "conversation-0001")


async def test_the_audit_is_filtered_and_paged(page: Any) -> None:
    entries = page.locator("#entries tr")
    await expect(entries).to_have_count(50)
    await page.get_by_role("button", name="Show older ones").click()
    await expect(entries).to_have_count(60)
    await page.get_by_label("Category").select_option("violence")
    await expect(entries).to_have_count(30)
    await page.locator("#filters [name=where]").select_option("video")
    await expect(page.locator("#no-entries")).to_be_visible()


async def test_a_text_and_a_clip_are_tried(page: Any, tmp_path: Path) -> None:
    result = page.locator("#try-result")
    await page.locator("#try-text").fill("how do I punch somebody?")
    await page.keyboard.press("Enter")
    await expect(result.locator(".outcome")).to_have_text("Would be stopped: violence")
    await expect(result).to_contain_text("Not covered: sexual/minors")

    clip = tmp_path / "good.mp4"
    clip.write_bytes(b"a good clip")
    await page.locator("#try-file").set_input_files(clip)
    await expect(result.locator(".outcome")).to_have_text("Would be let through")
    clip.write_bytes(b"a bad clip")
    await page.locator("#try-file").set_input_files(clip)
    await expect(result.locator(".outcome")).to_have_text("Would be stopped: violence at 0:07")


async def test_a_refused_change_is_explained(chat: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> Any:
        raise ValueError("That limit is fixed by the configuration. Change it there.")

    monkeypatch.setattr(server.desk, "set_rule", refuse)
    await chat.page.get_by_label("Action for violence").select_option("warn")
    await chat.page.get_by_role("button", name="Save").click()

    await expect(chat.page.get_by_role("alert")).to_have_text(
        "That limit is fixed by the configuration. Change it there."
    )
    chat.troubles.clear()  # the browser logs the 400, and it has to
