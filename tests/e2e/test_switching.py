"""From the lite models to others and back on the page and in the terminal, while people ask. The hub is on loopback and
its checkpoints are tiny, but of the real architectures and under the names of the preset `cpu`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.presets import PINS
from tests.e2e.test_page import PATIENT, ask, drop, picture, settled
from tests.fakes.hub_server import HubServer
from tests.fakes.hub_server.world import Trouble
from tests.fakes.openai_server import OpenAiServer, answer, refusal
from tests.harness import CONSOLE, Running, environment, launch
from tests.tiny.guards import make_image_classifier, make_text_classifier
from tests.tiny.mllm import make_talker
from tests.tiny.speech import make_whisper

SAID = "Two people ride past a café at 0:02."
LABELS = ["toxic", "obscene", "severe_toxic", "threat", "insult", "identity_hate"]
PATIENCE_S = 240
VLM = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    make_talker(folder / "talker", SAID, context=32_768)
    make_whisper(folder / "whisper")
    make_text_classifier(folder / "words", LABELS, markers=["kraken", ""], multi_label=True)
    make_image_classifier(folder / "pictures", ["normal", "nsfw"])
    return {
        VLM: folder / "talker",
        "openai/whisper-tiny": folder / "whisper",
        "unitary/toxic-bert": folder / "words",
        "Falconsai/nsfw_image_detection": folder / "pictures",
    }


@pytest.fixture
def hub(checkpoints: dict[str, Path]) -> Iterator[HubServer]:
    with HubServer() as server:
        for model, folder in checkpoints.items():
            files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
            server.add(model, files, commit=PINS[model].revision)
        yield server


@pytest.fixture
def bot(tmp_path: Path, hub: HubServer) -> Iterator[Running]:
    running = launch(tmp_path, GPT4VIDEO_MODELS__HUB=hub.url, GPT4VIDEO_MODELS__DEVICE="cpu")
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


def use(bot: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CONSOLE, "models", "use", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=environment(bot.data),
        cwd=bot.data,
    )


def test_a_click_fetches_stops_fetches_on_and_changes_over_while_questions_are_answered(
    page: Page, bot: Running, hub: HubServer
) -> None:
    card = page.locator("#models")
    expect(card).to_contain_text("The lite models answer here.")
    expect(card).to_contain_text(re.compile(r"preset cpu: .* to fetch, about .* Apache-2\.0"))
    picture(page, "models-offer")
    trouble = hub.trouble["model.safetensors"] = Trouble(hold_after=20_000)
    card.get_by_role("button", name="Use the preset cpu").click()
    expect(card).to_contain_text("Fetching ")
    assert trouble.reached.wait(60)
    expect(card.get_by_role("progressbar")).to_be_visible()
    picture(page, "models-fetching")
    card.get_by_role("button", name="Cancel").click()
    trouble.go_on.set()
    expect(card).to_contain_text("Stopped. What was fetched is kept. Nothing has changed: lite")

    hub.trouble.clear()
    card.get_by_role("button", name="Use the preset cpu").click()
    during = ask(page, "Hello?")
    expect(page.locator("#empty")).to_be_hidden()
    settled(during, "done")
    page.goto(f"{bot.url}admin")
    expect(page.locator("#models")).to_contain_text("Now answering: SmolVLM2-500M", timeout=PATIENCE_S * 1000)
    picture(page, "models-done")
    page.goto(bot.url)
    after = settled(ask(page, "What happens here?"), "done")
    expect(after.locator(".text")).to_contain_text(SAID)
    expect(after.locator(".foot")).to_contain_text("SmolVLM2-500M")

    back = use(bot, "lite")
    assert back.returncode == 0, back.stderr
    assert "Now answering: lite" in back.stderr
    again = settled(ask(page, "Hello?"), "done")
    expect(again.locator(".foot")).to_contain_text("lite")
    states = page.locator("article.exchange").evaluate_all("(all) => all.map((one) => one.dataset.state)")
    assert set(states) == {"done"}


def test_what_was_chosen_without_a_running_bot_is_there_at_its_start(tmp_path: Path, hub: HubServer) -> None:
    env = environment(tmp_path) | {"GPT4VIDEO_MODELS__HUB": hub.url, "GPT4VIDEO_MODELS__DEVICE": "cpu"}
    chosen = subprocess.run(
        [CONSOLE, "models", "use", "cpu"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=env,
        cwd=tmp_path,
    )
    assert chosen.returncode == 0, chosen.stderr
    assert "From the next start on: SmolVLM2-500M" in chosen.stderr
    listed = subprocess.run(
        [CONSOLE, "models", "list", "--json"], capture_output=True, text=True, check=True, env=env, cwd=tmp_path
    )
    assert json.loads(listed.stdout)["preset"] == "cpu"


def test_a_pasted_server_is_tried_and_one_that_cannot_see_is_told_what_was_recognised(
    page: Page, bot: Running, bikes: Path
) -> None:
    blind = refusal(
        500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    )
    with OpenAiServer(replies=[answer("Hello"), blind, answer("It shows a ride.")]) as server:
        page.goto(f"{bot.url}admin")
        card = page.locator("#models")
        card.get_by_role("button", name="Other ways").click()
        card.get_by_label("A model server's address").fill(server.url)
        card.get_by_label("Its key").fill("s3cret")
        picture(page, "models-server")
        card.get_by_role("button", name="Try and use it").click()
        expect(card).to_contain_text("tiny/model answers, but cannot see")
        expect(card.get_by_label("Its key")).to_have_value("")
        page.goto(bot.url)
        drop(page, bikes)
        told = settled(ask(page, "What happens here?"), "done")
        expect(told.locator(".text")).to_contain_text("It shows a ride.")
        expect(told.locator(".foot")).to_contain_text("from recognised text, not from pictures")
        assert "image_url" not in json.dumps(server.questions[2:])
        failed = use(bot, "--server", "http://127.0.0.1:1/v1")
        assert failed.returncode == 4
        assert "does not answer" in failed.stderr
        assert "Nothing has changed: tiny/model goes on." in failed.stderr
    assert not [
        file
        for file in bot.data.rglob("*")
        if file.is_file() and b"s3cret" in file.read_bytes() and file.name != "server.key"
    ]
