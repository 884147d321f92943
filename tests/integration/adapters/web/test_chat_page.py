"""The chat page in a real browser, as a person uses it, with a scripted application behind it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect

from adapters.base import Bar, Chip, MadeVideo, QueueSpot, State, Still
from adapters.web import uploads as uploads_module

PHONE = {"width": 360, "height": 720}


async def test_a_question_is_asked_and_cancelled_with_the_keyboard_alone(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    keyboard = chat.page.keyboard

    await chat.page.locator("body").click(position={"x": 5, "y": 400})
    await keyboard.press("/")
    await keyboard.type("what happens?")
    await keyboard.press("Shift+Enter")
    await keyboard.type("and where?")
    await keyboard.press("Enter")
    asked = await server.handler.arrived.get()
    await server.handler.show(asked, status="Watching …")
    await expect(chat.answer.locator(".status")).to_have_text("Watching …")
    await expect(chat.field).to_be_focused()
    await keyboard.press("Shift+Tab")
    await expect(chat.page.locator(".cancel:visible")).to_be_focused()
    await keyboard.press("Enter")

    await expect(chat.answer.locator(".callout")).to_contain_text("You cancelled it.")
    await expect(chat.field).to_be_focused()
    assert server.handler.calls[0].text == "what happens?\nand where?"
    assert server.handler.cancelled[0][0] == asked.request


async def test_an_answer_streams_and_ends_with_its_footer(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("what happens?")
    asked = await server.handler.arrived.get()
    text = chat.answer.locator(".text")

    await server.handler.show(asked, state=State.WAITING, queue=QueueSpot(2, 41.0))
    await expect(chat.answer.locator(".status")).to_have_text("2nd in line · about 40 s")
    await server.handler.show(asked, state=State.WORKING, queue=None, text="Two people")
    await expect(text).to_have_text("Two people")
    await server.handler.show(asked, text="Two people ride past.\n\nOne looks back at **0:07**.")
    await expect(text.locator("p")).to_have_count(2)
    await server.handler.show(asked, state=State.DONE, can_cancel=False, footer="lite · 8 frames · 2.1 s")

    await expect(chat.answer.locator(".foot")).to_have_text("lite · 8 frames · 2.1 s")
    await expect(text.locator("strong")).to_have_text("0:07")
    await expect(chat.page.locator(".cancel:visible")).to_have_count(0)
    await expect(chat.page.locator("#announcer")).to_contain_text("One looks back")


async def test_what_is_above_does_not_move_while_an_answer_streams(open_chat: Any, server: Any, clip: Path) -> None:
    chat = await open_chat(server)
    await chat.drop(clip)
    await chat.ask("what happens?")
    asked = await server.handler.arrived.get()
    await server.handler.show(asked, status="Watching …")
    await expect(chat.answer.locator(".status")).to_have_text("Watching …")
    await chat.becomes("document.querySelector('.clip video').readyState > 0")
    before = await chat.answer.bounding_box()

    await server.handler.show(asked, status="Answering …", text="One. ")
    await expect(chat.answer.locator(".text")).to_have_text("One.")
    first = await chat.answer.locator(".text").bounding_box()
    await server.handler.show(asked, text="One. Two. Three.")
    await expect(chat.answer.locator(".text")).to_have_text("One. Two. Three.")
    after = await chat.answer.bounding_box()

    assert before["y"] == first["y"] == after["y"]


async def test_a_reader_who_scrolled_up_is_left_where_they_are(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("a long story")
    asked = await server.handler.arrived.get()
    await server.handler.show(asked, text="A sentence.\n\n" * 60)
    await expect(chat.answer.locator(".text p")).to_have_count(60)
    at_end = "innerHeight + scrollY >= document.documentElement.scrollHeight - 2"
    await chat.becomes(at_end)

    await chat.page.mouse.move(600, 300)
    await chat.page.mouse.wheel(0, -900)
    await expect(chat.page.locator("#latest")).to_be_visible()
    place = await chat.page.evaluate("scrollY")
    await server.handler.show(asked, text="A sentence.\n\n" * 90)
    await expect(chat.answer.locator(".text p")).to_have_count(90)

    assert await chat.page.evaluate("scrollY") == place
    await chat.page.locator("#latest").click()
    await chat.becomes(at_end)


async def test_a_dropped_clip_is_uploaded_shown_and_handed_over(
    open_chat: Any, server: Any, clip: Path, stills: list[Path]
) -> None:
    chat = await open_chat(server)
    await chat.drop(clip)
    await expect(chat.page.locator(".file")).to_contain_text("bikes.mp4")
    await chat.ask("how long is it?")
    asked = await server.handler.arrived.get()
    await expect(chat.page.locator(".clip video")).to_be_visible()
    data = b"".join([chunk async for chunk in asked.attachments[0].read()])
    await server.handler.show(
        asked, stills=tuple(Still(str(path), number * 0.48) for number, path in enumerate(stills))
    )

    frames = chat.page.locator(".strip button")
    await expect(frames).to_have_count(len(stills))
    await expect(frames.nth(3)).to_have_text("0:01")
    await frames.nth(1).click()
    box = chat.page.locator("#lightbox")
    await expect(box).to_be_visible()
    await chat.page.keyboard.press("ArrowRight")
    await expect(box.locator(".lightbox-time")).to_contain_text("3 of 4")
    await chat.page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    assert data == clip.read_bytes()
    assert asked.attachments[0].content_type == "video/mp4"


async def test_enter_during_an_upload_sends_when_it_is_done(open_chat: Any, server: Any, clip: Path) -> None:
    chat = await open_chat(server)
    gate = asyncio.Event()

    async def hold(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await chat.page.route("**/api/uploads", hold)
    await chat.drop(clip)
    await chat.ask("how long is it?")
    await expect(chat.page.locator("#send")).to_have_attribute("aria-label", "Sends when the upload is done")
    assert server.handler.calls == []

    gate.set()
    asked = await server.handler.arrived.get()

    assert [file.name for file in asked.attachments] == ["bikes.mp4"]
    await expect(chat.page.locator(".file")).to_have_count(0)


async def test_a_file_over_the_cap_is_refused_at_once_with_the_cap(open_chat: Any, start: Any, clip: Path) -> None:
    server = await start(max_upload_bytes=100_000)
    chat = await open_chat(server)
    await chat.drop(clip)

    await expect(chat.page.locator(".file")).to_contain_text("I take up to 0.1 MB")
    await chat.page.get_by_role("button", name="Remove bikes.mp4").click()
    await expect(chat.page.locator(".file")).to_have_count(0)


async def test_a_typed_generate_becomes_a_command_with_its_options(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("/generate a red ball --seconds 3 --size 640x360 --seed 7 --avoid text")
    await server.handler.arrived.get()

    command = server.handler.calls[0]
    assert (command.prompt, command.seconds, command.width, command.height) == ("a red ball", 3.0, 640, 360)
    assert (command.seed, command.avoid) == (7, "text")


async def test_a_wrong_option_is_explained_and_nothing_is_lost(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("/generate a red ball --size big")

    await expect(chat.page.locator("#toast")).to_contain_text("--size needs a width and a height")
    await expect(chat.field).to_have_value("/generate a red ball --size big")
    assert server.handler.calls == []


async def test_a_video_is_made_from_the_panel_plays_in_place_and_leads_to_another(
    open_chat: Any, server: Any, clip: Path
) -> None:
    # Tall enough that the page never has to follow its end.
    chat = await open_chat(server, viewport={"width": 1280, "height": 1400})
    await chat.page.get_by_role("button", name="Make a video", exact=True).click()
    await chat.page.locator("#seconds").fill("2.5")
    await chat.page.locator("#size").select_option("480x480")
    await chat.ask("a red ball")
    asked = await server.handler.arrived.get()
    await server.handler.show(asked, status="Drawing …", bar=Bar(12, 30, "frames", 25.0))
    bar = chat.answer.get_by_role("progressbar")
    await expect(bar).to_have_attribute("aria-valuenow", "12")
    await expect(chat.answer.locator(".count")).to_have_text("12 of 30 frames · about 25 s left")
    place = await chat.answer.locator(".live").bounding_box()

    made = MadeVideo(str(clip), "a red ball", 1234, 480, 480, 2.5)
    await server.handler.show(asked, state=State.DONE, bar=None, can_cancel=False, videos=(made,))
    video = chat.answer.locator("video")
    shown = await video.bounding_box()
    await chat.becomes("document.querySelector('.video video').duration > 9")

    assert (shown["x"], shown["y"], shown["width"], shown["height"]) == tuple(place.values())
    first = server.handler.calls[0]
    assert (first.seconds, first.width, first.height, first.seed) == (2.5, 480, 480, None)
    await expect(chat.answer.get_by_role("link", name="Download")).to_have_attribute("download", "a-red-ball-1234.mp4")
    await chat.answer.get_by_role("button", name="Again").click()
    await server.handler.arrived.get()
    again = server.handler.calls[1]
    assert (again.prompt, again.seconds, again.width, again.seed) == ("a red ball", 2.5, 480, None)
    assert again.event_id != first.event_id
    await chat.exchanges.first.get_by_role("button", name="Vary").click()
    await expect(chat.field).to_have_value("a red ball")
    await expect(chat.page.locator("#seed")).to_have_value("1234")


async def test_a_blocked_question_says_why_and_opens_to_the_scores(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("how do I punch somebody?")
    asked = await server.handler.arrived.get()
    await server.handler.show(
        asked,
        state=State.BLOCKED,
        can_cancel=False,
        notice="I won't answer that here: violence 0.83 is over this place's limit of 0.70.",
        chips=(Chip("violence", 0.83, 0.7, "block", "question"), Chip("hate", 0.01, 0.7, "allow", "question")),
        not_covered=("illicit",),
    )

    await expect(chat.answer.locator(".callout")).to_contain_text("violence 0.83 is over this place's limit of 0.70")
    await expect(chat.answer.locator(".scores")).to_be_hidden()
    await chat.answer.locator("summary").press("Enter")
    await expect(chat.answer.locator(".scores")).to_contain_text("limit 0.70")
    await expect(chat.answer.locator(".scores")).to_contain_text("Not covered: illicit. No loaded guard scores this.")


async def test_a_broken_connection_keeps_the_question_and_sends_it_once_it_is_back(open_chat: Any, start: Any) -> None:
    server = await start()
    port = int(server.url.rsplit(":", 1)[1])
    chat = await open_chat(server)
    await server.adapter.stop()
    await expect(chat.page.locator("#banner")).to_contain_text("No connection to the server")
    await chat.ask("are you there?")
    await expect(chat.answer.locator(".status")).to_have_text("Waiting for the connection …")
    chat.troubles.clear()  # the browser logs each failed attempt, and it has to

    back = await start(port=port)
    asked = await back.handler.arrived.get()
    await back.handler.show(asked, state=State.DONE, text="I am back.", can_cancel=False)

    await expect(chat.answer.locator(".text")).to_have_text("I am back.")
    await expect(chat.page.locator("#banner")).to_be_hidden()
    await expect(chat.exchanges).to_have_count(1)
    assert len(back.handler.calls) == 1
    chat.troubles.clear()


async def test_an_unsent_question_survives_a_reload_with_the_same_id(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    server.handler.history_gate = asyncio.Event()
    await chat.page.reload()
    await chat.ask("are you there?")
    await expect(chat.answer.locator(".status")).to_have_text("Waiting for the connection …")
    outbox = "Object.entries(sessionStorage).find(([key]) => key.includes('outbox'))[1]"
    kept = re.search(r'"id":"([^"]+)"', await chat.page.evaluate(outbox))
    await chat.page.reload()
    server.handler.history_gate.set()

    await server.handler.arrived.get()

    assert kept is not None
    assert [call.event_id for call in server.handler.calls] == [kept[1]]


async def test_a_reload_shows_the_conversation_and_goes_on_with_it(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("what happens?")
    asked = await server.handler.arrived.get()
    await server.handler.show(asked, text="Two people")
    await expect(chat.answer.locator(".text")).to_have_text("Two people")

    await chat.page.reload()
    await expect(chat.exchanges.locator(".bubble")).to_have_text("what happens?")
    await expect(chat.answer.locator(".text")).to_have_text("Two people")
    await server.handler.show(asked, state=State.DONE, text="Two people ride.")

    await expect(chat.answer.locator(".text")).to_have_text("Two people ride.")


async def test_a_new_conversation_is_empty_and_back_returns(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("what happens?")
    await server.handler.arrived.get()
    await chat.page.get_by_role("button", name="New conversation").click()
    await expect(chat.page.locator("#empty")).to_be_visible()
    await expect(chat.exchanges).to_have_count(0)

    await chat.page.go_back()

    await expect(chat.exchanges.locator(".bubble")).to_have_text("what happens?")


async def test_what_is_accepted_late_does_not_stray_into_a_new_conversation(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    first = (await chat.page.evaluate("location.hash"))[1:]
    async with server.socket(first) as other:
        await chat.page.evaluate(
            """() => {
                const field = document.getElementById("question");
                field.value = "what happens?";
                field.dispatchEvent(new Event("input"));
                document.getElementById("composer").requestSubmit();
                document.getElementById("new").click();
            }"""
        )
        await other.hear("accepted")
    await expect(chat.page.locator("#empty")).to_be_visible()
    await expect(chat.exchanges).to_have_count(0)

    await chat.page.go_back()

    await expect(chat.exchanges).to_have_count(1)
    assert len(server.handler.calls) == 1


async def test_a_history_that_cannot_be_read_is_said_and_can_be_tried_again(
    open_chat: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(server.handler, "history", broken)
        chat = await open_chat(server, ready=False)
        await expect(chat.page.locator("#banner")).to_contain_text("Something went wrong on this side.")
    await chat.page.get_by_role("button", name="Try again").click()

    await expect(chat.page.locator("#empty")).to_be_visible()
    await expect(chat.page.locator("#banner")).to_be_hidden()


TYPED = [
    ("/generate a red ball", {"prompt": "a red ball"}),
    ("  /GENERATE a ball --seed 7", {"prompt": "a ball", "seed": 7}),
    ("/generate a --size 640×360 --seconds 2.5", {"prompt": "a", "width": 640, "height": 360, "seconds": 2.5}),
    ("/generate --seed 1 a ball", None),
    ("/generate well-known -- dashes --avoid two words", {"prompt": "well-known -- dashes", "avoid": "two words"}),
    ("/generate a\nball\n--seed=9", {"prompt": "a\nball", "seed": 9}),
    ("/generate", None),
    ("/generate a --speed 3", None),
    ("/generate a --seconds soon", None),
    ("/generate a --seed 1.5", None),
    ("/generate a --avoid", None),
]


async def test_the_typed_form_of_a_video_is_read_and_written(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    script = """async (texts) => {
        const { parseGenerate, writeGenerate } = await import("/static/command.js");
        return texts.map(parseGenerate).map((one) => ({
            command: one, again: one.problem ? one : parseGenerate(writeGenerate(one)),
        }));
    }"""
    read = await chat.page.evaluate(script, [text for text, _ in TYPED])

    for (text, wanted), found in zip(TYPED, read, strict=True):
        assert found["again"] == found["command"], text
        if wanted is None:
            assert re.match(r"(--\w+|Say)", found["command"]["problem"]), text
        else:
            assert found["command"] == wanted


async def test_forgetting_says_what_is_deleted_and_can_be_called_off(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("what happens?")
    await server.handler.arrived.get()
    forget = chat.page.get_by_role("button", name="Forget this conversation")
    dialog = chat.page.locator("#confirm-forget")

    await forget.click()
    await expect(dialog).to_contain_text("the videos made here are deleted")
    await chat.page.keyboard.press("Escape")
    await expect(chat.exchanges).to_have_count(1)
    await forget.click()
    await dialog.get_by_role("button", name="Forget it").click()

    await expect(chat.exchanges).to_have_count(0)
    assert server.handler.asked == {}


async def test_a_models_words_stay_words(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask('<img src=x onerror="document.title=1">')
    asked = await server.handler.arrived.get()
    text = (
        '<script>document.title = "taken"</script> <b>bold</b> [evil](javascript:alert(1)) '
        "[good](https://example.org/a) `<i>`\n\n```html\n<u>code</u>\n```"
    )
    await server.handler.show(asked, state=State.DONE, text=text)

    answer = chat.answer.locator(".text")
    await expect(answer).to_contain_text("<b>bold</b> [evil](javascript:alert(1))")
    await expect(answer.locator("pre")).to_have_text("<u>code</u>")
    await expect(answer.locator("b, i, u, script, img")).to_have_count(0)
    await expect(answer.locator("a")).to_have_count(1)
    assert "noopener" in (await answer.locator("a").get_attribute("rel"))
    assert await chat.page.title() == "GPT4Video"


async def test_lists_stand_between_paragraphs_also_without_blank_lines(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    await chat.ask("what moves?")
    asked = await server.handler.arrived.get()
    text = "Two shots:\n• one, with `code`\n- two\n  and more of it\nThat is all I can tell.\n\n*not* a list"
    await server.handler.show(asked, state=State.DONE, text=text)

    answer = chat.answer.locator(".text")
    await expect(answer.locator("p")).to_have_text(["Two shots:", "That is all I can tell.", "*not* a list"])
    await expect(answer.locator("li")).to_have_text(["one, with code", "two and more of it"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_is_readable_in_light_and_dark(open_chat: Any, server: Any, scheme: str) -> None:
    chat = await open_chat(server, color_scheme=scheme)
    await chat.ask("what happens?")
    asked = await server.handler.arrived.get()
    await server.handler.show(
        asked,
        state=State.BLOCKED,
        notice="A notice.",
        footer="a footer",
        chips=(Chip("violence", 0.8, 0.7, "block", "question"), Chip("hate", 0.7, 0.7, "warn", "question")),
        not_covered=("illicit",),
    )
    await chat.answer.locator("summary").click()
    await expect(chat.answer.locator(".scores")).to_be_visible()
    found = await chat.page.evaluate(CONTRAST)

    dark = await chat.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in re.findall(r"\d+", dark)) < 200) == (scheme == "dark")
    assert len(found) > 12
    assert [one for one in found if one["ratio"] < 4.5] == []


@pytest.mark.parametrize("path", ["/", "/admin", "/login"])
async def test_nothing_is_wider_than_a_small_phone(
    open_chat: Any, server: Any, path: str, clip: Path, stills: list[Path], sample_entry: Any
) -> None:
    server.desk.entries = [sample_entry]
    chat = await open_chat(server, path=path, ready=path == "/", viewport=PHONE)
    if path == "/":
        assert await chat.overflow() == 0
        await chat.page.get_by_role("button", name="Make a video", exact=True).click()
        await chat.drop(clip)
        await chat.ask("averyveryverylongwordwithoutanyspace" * 5)
        asked = await server.handler.arrived.get()
        await server.handler.show(
            asked,
            text="anotherlongwordwithoutanyspace" * 5 + "\n\n```\n" + "code " * 60 + "\n```",
            stills=tuple(Still(str(path), 1.0) for path in stills * 4),
            videos=(MadeVideo(str(clip), "a ball", 1, 1280, 544, 10.0), MadeVideo(str(clip), "b", 2, 360, 640, 10.0)),
            chips=tuple(Chip(f"violence/graphic{n}", 0.8, 0.7, "block", "question") for n in range(4)),
        )
        await expect(chat.answer.locator("video")).to_have_count(2)
        await chat.answer.locator("summary").click()
    elif path == "/admin":
        await expect(chat.page.locator(".rule")).to_have_count(3)
        await expect(chat.page.locator("#entries tr")).to_have_count(1)

    assert await chat.overflow() == 0


async def test_with_a_token_the_page_asks_for_it_once(open_chat: Any, start: Any) -> None:
    server = await start(token="a long random string")
    chat = await open_chat(server, ready=False)
    await chat.page.get_by_label("Token").fill("wrong")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("alert")).to_contain_text("That is not the token.")
    chat.troubles.clear()  # the browser logs the 401, and it has to

    await chat.page.get_by_label("Token").fill("a long random string")
    await chat.page.keyboard.press("Enter")
    await chat.page.locator("#exchanges[data-ready]").wait_for(state="attached")
    await chat.ask("hello")
    await server.handler.arrived.get()

    assert "random" not in chat.page.url


# Every visible piece of text against the colour behind it (WCAG 2 contrast ratio).
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = (color) => {
    const [r, g, b] = color.map((one) => one / 255).map((one) =>
      one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] > 0.99) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest(".sr-only, .skip, script, dialog, option")) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    found.push({ text, ratio: (one + 0.05) / (other + 0.05) });
  }
  return found;
}"""


@pytest.mark.parametrize("path", ["/", "/admin"])
async def test_who_signs_out_is_out_and_the_button_is_there_only_for_who_is_in(
    open_chat: Any, start: Any, path: str
) -> None:
    server = await start(token="a long random string")
    chat = await open_chat(server, path=path, ready=False)
    await chat.page.get_by_label("Token").fill("a long random string")
    await chat.page.get_by_role("button", name="Open the page").click()
    await chat.page.get_by_role("button", name="Sign out").click()
    await expect(chat.page).to_have_url(re.compile("/login"))
    await chat.page.goto(server.url + path)
    await expect(chat.page).to_have_url(re.compile("/login"))
    # What the browser says of a websocket that was closed while it was being opened is no trouble of the page's.
    chat.troubles.clear()

    free = await open_chat(await start(), path=path, ready=False)
    await expect(
        free.page.get_by_role("link", name="Back to the chat" if path == "/admin" else "Safety")
    ).to_be_visible()
    await expect(free.page.get_by_role("button", name="Sign out")).to_be_hidden()


async def test_an_upload_that_is_one_too_many_says_so_and_can_be_tried_again(
    open_chat: Any, server: Any, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "MAX_WAITING_OF_ONE", 1)
    chat = await open_chat(server)
    await chat.drop(clip)
    await expect(chat.page.locator(".file[data-state=done]")).to_have_count(1)
    await chat.drop(clip)
    failed = chat.page.locator(".file[data-state=failed]")
    await expect(failed).to_contain_text("Too many files wait for their question.")
    await chat.page.get_by_role("button", name="Remove bikes.mp4").first.click()
    await failed.get_by_role("button", name="Try bikes.mp4 again").click()
    await expect(chat.page.locator(".file[data-state=done]")).to_have_count(1)
    chat.troubles.clear()  # the browser's own line about a status of 429


async def test_the_first_page_says_which_harms_nobody_looks_for_in_pictures(open_chat: Any, server: Any) -> None:
    chat = await open_chat(server)
    line = chat.page.locator("#unwatched")
    await expect(line).to_have_text(
        "Not covered in pictures: harassment, sexual/minors. No loaded guard looks for these."
    )
    await chat.ask("what happens?")
    await expect(line).to_be_hidden()
