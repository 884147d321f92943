"""Changing the models of a bot: fetched from a hub on loopback, stopped, broken off, kept, and told to the terminal."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.base import Author, Refusal
from bot import chosen, controls
from bot.chosen import Choice, Server, applied
from bot.config import Config, load_config
from bot.errors import BadInput
from bot.model_desk import Models
from bot.models import PASTED_KEY
from bot.switching import BUSY, ModelSwitch, Phase, Progress, Wish
from engine.device import Device
from engine.errors import EngineUnavailable
from engine.presets import PINS, PRESETS
from engine.settings import Health
from engine.types import ModelCard, Role, RuntimeConfig
from tests.fakes import openai_server
from tests.fakes.hub_server import HubServer
from tests.fakes.hub_server.world import Trouble

CPU = {choice.model for choices in PRESETS["cpu"].values() for choice in choices if choice.model}
FILES = {"config.json": b"{}", "model.safetensors": bytes(300_000)}
ADMIN, STRANGER = Author("root", "Root", is_admin=True), Author("ann", "Ann")
LARGEST = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"


class Switching:
    """Stands where an engine stands: takes a moment to load what it is told, or fails."""

    def __init__(self) -> None:
        self.cards: tuple[ModelCard, ...] = (ModelCard(role=Role.UNDERSTANDING, backend="lite", name="lite"),)
        self.configs: list[RuntimeConfig] = []
        self.broken = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.loading = asyncio.Event()

    def health(self) -> Health:
        return Health(ready=True, pid=1, restarts=0, running=0, queued=0, breaker_open=False)

    async def switch(self, config: RuntimeConfig, *, beside: bool = True) -> None:
        self.loading.set()
        await self.gate.wait()
        if self.broken:
            raise EngineUnavailable(self.broken)
        self.configs.append(config)
        model = config.models[Role.UNDERSTANDING]
        self.cards = (ModelCard(role=Role.UNDERSTANDING, backend=model.backend, name=model.key),)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        for model in CPU:
            server.add(model, FILES, commit=PINS[model].revision)
        yield server


def configured(folder: Path, hub: HubServer, more: str = "") -> Config:
    file = folder / "config.toml"
    file.write_text(f'bot.data_dir = "data"\n[models]\nhub = "{hub.url}"\ndevice = "cpu"\n{more}')
    return load_config(file, {})


@pytest.fixture
def config(tmp_path: Path, hub: HubServer) -> Config:
    return configured(tmp_path, hub)


@pytest.fixture
def engine() -> Switching:
    return Switching()


@pytest.fixture
async def switch(config: Config, engine: Switching) -> AsyncIterator[ModelSwitch]:
    made = ModelSwitch(config, engine)
    yield made
    await made.close()


async def ended(switch: ModelSwitch) -> list[Progress]:
    steps = [switch.progress]
    async with asyncio.timeout(20):
        while steps[-1].phase in BUSY:
            steps.append(await switch.wait(steps[-1]))
    return steps


async def test_a_preset_is_fetched_with_progress_and_takes_over_and_is_kept(
    switch: ModelSwitch, config: Config, engine: Switching
) -> None:
    switch.use(Wish(preset="cpu"))
    steps = await ended(switch)
    fetching = [step for step in steps if step.phase is Phase.FETCHING and step.total]
    assert fetching
    assert [step.done for step in fetching] == sorted(step.done for step in fetching)
    assert {step.model for step in fetching} <= CPU
    assert steps[-1].phase is Phase.DONE
    assert steps[-1].says == "Now answering: SmolVLM2-500M-Video-Instruct."
    assert engine.configs[-1].models[Role.UNDERSTANDING].model == LARGEST
    assert applied(config).models.preset == "cpu"
    switch.use(Wish(preset="lite"))
    assert (await ended(switch))[-1].phase is Phase.DONE
    assert applied(config).models.preset == "lite"


async def test_auto_is_what_fits_this_machine(
    switch: ModelSwitch, engine: Switching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.models.detect", lambda name: Device(memory_bytes=16 << 30))
    assert (await switch.offer()).preset == "cpu"
    switch.use(Wish(preset="auto"))
    assert (await ended(switch))[-1].preset == "cpu"


@pytest.mark.parametrize("preset", ["auto", "cpu"])
async def test_nothing_is_fetched_that_could_not_be_loaded(
    switch: ModelSwitch, hub: HubServer, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    monkeypatch.setattr("bot.models.detect", lambda name: Device(memory_bytes=16 << 30, packages=False))
    monkeypatch.setattr("bot.switching.has_packages", lambda: False)
    switch.use(Wish(preset=preset))
    end = (await ended(switch))[-1]
    assert end.phase is Phase.FAILED
    assert "pip install" in end.says
    assert not hub.requests


async def test_an_offer_says_size_licence_and_time(switch: ModelSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.models.detect", lambda name: Device(memory_bytes=16 << 30))
    offer = await switch.offer()
    assert offer.says.startswith("preset cpu: 2.8 GB to fetch, about 5 min at 10 MB/s; Apache-2.0")
    assert not offer.install


async def test_an_offer_says_what_has_to_be_installed_first(
    switch: ModelSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.models.detect", lambda name: Device(memory_bytes=16 << 30, packages=False))
    offer = await switch.offer()
    assert offer.preset == "cpu"
    assert "pip install" in offer.install


async def test_a_stop_while_fetching_keeps_what_arrived_and_changes_nothing(
    switch: ModelSwitch, config: Config, engine: Switching, hub: HubServer
) -> None:
    trouble = hub.trouble["model.safetensors"] = Trouble(hold_after=100_000)
    switch.use(Wish(preset="cpu"))
    assert await asyncio.to_thread(trouble.reached.wait, 20)
    switch.cancel()
    trouble.go_on.set()
    end = (await ended(switch))[-1]
    assert end.phase is Phase.CANCELLED
    assert "lite goes on" in end.says
    assert not engine.configs
    assert chosen.read(config.state_dir) is None
    hub.trouble.clear()
    switch.use(Wish(preset="cpu"))
    assert (await ended(switch))[-1].phase is Phase.DONE


async def test_a_stop_while_loading_changes_nothing(switch: ModelSwitch, engine: Switching, config: Config) -> None:
    engine.gate.clear()
    switch.use(Wish(preset="lite"))
    await engine.loading.wait()
    switch.cancel()
    assert (await ended(switch))[-1].phase is Phase.CANCELLED
    assert chosen.read(config.state_dir) is None


async def test_a_hub_that_breaks_off_is_told_and_the_models_before_go_on(
    switch: ModelSwitch, config: Config, hub: HubServer
) -> None:
    hub.repositories.pop(LARGEST)
    switch.use(Wish(preset="cpu"))
    end = (await ended(switch))[-1]
    assert end.phase is Phase.FAILED
    assert LARGEST in end.says
    assert end.says.endswith("Nothing has changed: lite goes on.")
    assert chosen.read(config.state_dir) is None


async def test_models_that_do_not_load_are_told_and_not_kept(
    switch: ModelSwitch, engine: Switching, config: Config
) -> None:
    engine.broken = "The model could not be loaded: its weights are corrupt."
    switch.use(Wish(preset="cpu"))
    end = (await ended(switch))[-1]
    assert (end.phase, end.preset) == (Phase.FAILED, "lite")
    assert "corrupt" in end.says
    assert chosen.read(config.state_dir) is None


async def test_there_is_one_change_at_a_time(switch: ModelSwitch, engine: Switching) -> None:
    engine.gate.clear()
    switch.use(Wish(preset="lite"))
    with pytest.raises(BadInput, match="already"):
        switch.use(Wish(preset="cpu"))
    engine.gate.set()
    await ended(switch)


@pytest.mark.parametrize("wish", [Wish(), Wish(preset="huge"), Wish(preset="lite", server="http://here")])
def test_a_wish_that_means_nothing_is_refused(config: Config, engine: Switching, wish: Wish) -> None:
    with pytest.raises(BadInput):
        ModelSwitch(config, engine).use(wish)


@pytest.mark.parametrize("line", ['preset = "lite"', 'understanding = "lite"'])
async def test_what_the_configuration_says_is_not_overruled_at_the_next_start(
    tmp_path: Path, hub: HubServer, engine: Switching, line: str
) -> None:
    config = configured(tmp_path, hub, line)
    switch = ModelSwitch(config, engine)
    switch.use(Wish(preset="cpu"))
    end = (await ended(switch))[-1]
    assert end.phase is Phase.DONE
    assert "change it there" in end.says
    chosen.write(config.state_dir, Choice(preset="cpu"))
    assert applied(config) is config


@pytest.mark.parametrize("content", [b"", b"{", b'{"preset": "huge"}', b'{"preset": 1}', b"\xff\xfe"])
def test_a_choice_that_cannot_be_read_is_as_none(config: Config, content: bytes) -> None:
    config.state_dir.mkdir(parents=True)
    (config.state_dir / chosen.FILE).write_bytes(content)
    assert applied(config) is config


def test_the_key_of_a_server_is_for_its_owner_alone_and_in_no_other_file(config: Config) -> None:
    server = Server(address="http://localhost:1/v1", model="m", sees=False)
    chosen.write(config.state_dir, Choice(preset="lite", server=server), key="s3cret")
    file = config.state_dir / chosen.KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "s3cret" not in (config.state_dir / chosen.FILE).read_text()
    found = applied(config)
    assert "s3cret" not in repr(found)
    assert found.models.openai_key is not None
    assert found.runtime_config().models[Role.UNDERSTANDING].options == {
        "base_url": "http://localhost:1/v1",
        "api_key_env": PASTED_KEY,
        "pictures": False,
    }
    chosen.write(config.state_dir, Choice(preset="lite"))
    assert not file.exists()


@pytest.mark.parametrize(("gigabytes", "beside"), [(80, True), (16, False)])
async def test_models_load_beside_the_others_where_the_device_holds_both(
    tmp_path: Path, hub: HubServer, engine: Switching, monkeypatch: pytest.MonkeyPatch, gigabytes: int, beside: bool
) -> None:
    card = Device(kind="cuda", name="NVIDIA Test", memory_bytes=gigabytes << 30)
    monkeypatch.setattr("bot.models.detect", lambda name: card)
    config = chosen.with_choice(configured(tmp_path, hub), Choice(preset="16gb"))
    other = chosen.with_choice(config, Choice(preset="8gb"))
    switch = ModelSwitch(config, engine)
    assert switch._is_room_for_both(other) is beside
    assert switch._is_room_for_both(chosen.with_choice(config, Choice(preset="lite")))


# --- servers ---


def reply(said: str) -> openai_server.Reply:
    return openai_server.answer(said)


async def test_a_server_that_sees_is_tried_and_kept(
    switch: ModelSwitch, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-another-server")
    monkeypatch.setenv(PASTED_KEY, "")
    with openai_server.OpenAiServer(replies=[reply("Hello"), reply("It is 417.")]) as server:
        switch.use(Wish(server=server.url, key="s3cret"))
        end = (await ended(switch))[-1]
        assert all(asked.headers.get("Authorization") == "Bearer s3cret" for asked in server.asked)
    assert end.phase is Phase.DONE
    assert "sees pictures" in end.says
    choice = chosen.read(config.state_dir)
    assert choice is not None
    assert choice.server is not None
    assert choice.server.sees
    assert (os.environ["OPENAI_API_KEY"], os.environ[PASTED_KEY]) == ("of-another-server", "s3cret")


async def test_no_server_gets_the_key_of_another(
    switch: ModelSwitch, config: Config, engine: Switching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-another-server")
    monkeypatch.setenv(PASTED_KEY, "of-the-one-before")
    with openai_server.OpenAiServer(replies=[reply("Hello"), reply("It is 417.")]) as server:
        switch.use(Wish(server=server.url))
        assert (await ended(switch))[-1].phase is Phase.DONE
        assert not any("Authorization" in asked.headers for asked in server.asked)
    assert PASTED_KEY not in os.environ
    assert engine.configs[-1].models[Role.UNDERSTANDING].options["api_key_env"] == PASTED_KEY


@pytest.mark.parametrize(
    "about_the_picture",
    [
        reply("A lovely cat."),
        openai_server.refusal(500, "image input is not supported - hint: you may need to provide the mmproj"),
        openai_server.broken,
    ],
)
async def test_a_server_that_cannot_see_is_kept_as_such(
    switch: ModelSwitch, config: Config, about_the_picture: openai_server.Reply
) -> None:
    with openai_server.OpenAiServer(replies=[reply("Hello"), about_the_picture]) as server:
        switch.use(Wish(server=server.url))
        end = (await ended(switch))[-1]
        assert len(server.asked) <= 4
    assert end.phase is Phase.DONE
    assert "cannot see" in end.says
    choice = chosen.read(config.state_dir)
    assert choice is not None
    assert choice.server is not None
    assert not choice.server.sees


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (openai_server.refusal(401, "wrong key s3cret"), "refuses the bot's key"),
        (openai_server.refusal(404, "no such model"), "404"),
        (openai_server.broken, "broke off"),
    ],
)
async def test_a_server_that_does_not_answer_is_told_and_not_kept(
    switch: ModelSwitch, config: Config, answer: openai_server.Reply, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with openai_server.OpenAiServer(replies=[answer]) as server:
        switch.use(Wish(server=server.url, key="s3cret"))
        end = (await ended(switch))[-1]
    assert end.phase is Phase.FAILED
    assert says in end.says
    assert "s3cret" not in end.says + caplog.text + repr(Wish(server="x", key="s3cret"))
    assert chosen.read(config.state_dir) is None


async def test_a_server_that_is_not_there_is_told(switch: ModelSwitch) -> None:
    switch.use(Wish(server="http://127.0.0.1:1"))
    end = (await ended(switch))[-1]
    assert end.phase is Phase.FAILED
    assert "does not answer" in end.says


# --- on a page ---


async def test_only_who_runs_the_bot_sees_and_changes_the_models(switch: ModelSwitch) -> None:
    desk = Models(switch)
    for call in (lambda: desk.now(STRANGER), lambda: desk.use(STRANGER, preset="lite"), lambda: desk.cancel(STRANGER)):
        with pytest.raises(Refusal):
            call()
    with pytest.raises(Refusal):
        await desk.offer(STRANGER)
    with pytest.raises(ValueError, match="no preset"):
        desk.use(ADMIN, preset="huge")
    assert desk.now(ADMIN).lite
    assert "models use auto" in switch.hint()
    assert desk.use(ADMIN, preset="cpu").change.busy
    await ended(switch)
    now = desk.now(ADMIN)
    assert (now.preset, now.lite, now.change.busy) == ("cpu", False, False)
    assert not switch.hint()


# --- from a terminal ---


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_command_changes_the_models_of_the_bot_that_runs(switch: ModelSwitch, config: Config) -> None:
    folder = config.bot.data_dir
    folder.mkdir()
    assert await controls.ask(folder, Wish(preset="cpu"), stop=never) is None
    door = controls.Controls(folder, switch)
    await door.start()
    assert stat.S_IMODE((folder / controls.SOCKET).stat().st_mode) == 0o600
    steps = await controls.ask(folder, Wish(preset="cpu"), stop=never)
    assert steps is not None
    seen = [step async for step in steps]
    assert seen[-1].phase is Phase.DONE
    assert any(step.total for step in seen)
    refused = await controls.ask(folder, Wish(preset="huge"), stop=never)
    assert refused is not None
    assert ["no preset" in step.says async for step in refused] == [True]
    await door.stop()
    assert not (folder / controls.SOCKET).exists()


async def test_a_command_can_stop_what_it_began_and_going_away_stops_nothing(
    switch: ModelSwitch, config: Config, engine: Switching
) -> None:
    folder = config.bot.data_dir
    folder.mkdir()
    door = controls.Controls(folder, switch)
    await door.start()
    engine.gate.clear()

    async def once_it_loads() -> None:
        await engine.loading.wait()

    steps = await controls.ask(folder, Wish(preset="lite"), stop=once_it_loads)
    assert steps is not None
    assert [step async for step in steps][-1].phase is Phase.CANCELLED
    engine.loading.clear()
    gone = await controls.ask(folder, Wish(preset="lite"), stop=never)
    assert gone is not None
    await anext(gone)
    await gone.aclose()
    await engine.loading.wait()
    engine.gate.set()
    assert (await ended(switch))[-1].phase is Phase.DONE
    await door.stop()


async def test_a_socket_that_a_killed_bot_left_is_taken_over(switch: ModelSwitch, config: Config) -> None:
    folder = config.bot.data_dir
    folder.mkdir()
    (folder / controls.SOCKET).touch()
    door = controls.Controls(folder, switch)
    await door.start()
    steps = await controls.ask(folder, Wish(preset="lite"), stop=never)
    assert steps is not None
    assert [step async for step in steps][-1].phase is Phase.DONE
    await door.stop()
