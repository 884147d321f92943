"""The page's websocket, spoken as the page's script speaks it. Its views are put into the words of the shared lines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from adapters.base import AdminDesk, Handler, QueueSpot
from adapters.shared.actions import Action
from adapters.shared.words import queue_line
from adapters.web import WebAdapter
from tests.integration.adapters.conformance.driver import MENTIONS, STRANGERS, Clip, Shown

T = TypeVar("T")
CONVERSATION = "conversation-0001"
PATIENT_S = 15.0
_FINAL = ("done", "blocked", "cancelled", "failed")


class WebDriver:
    """Ann has the page open. It opens its socket anew when the server was away, as the page does."""

    name = "web"
    lacks: Mapping[str, str] = {
        STRANGERS: "a conversation of the page belongs to whoever has opened it: nobody else reads along or presses",
        MENTIONS: "the page shows words as words, and there is nobody whom they could call",
    }

    async def open(self) -> None:
        self.adapter: WebAdapter | None = None
        self._numbers = count(1)
        self._views: dict[str, dict[str, Any]] = {}
        self._errors: list[str] = []
        self._changed = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None

    async def close(self) -> None:
        await self.stop()

    async def start(self, handler: Handler, desk: AdminDesk, folder: Path) -> None:
        self.adapter = WebAdapter(
            host="127.0.0.1", port=0, token=None, inbox=folder / "inbox", max_upload_bytes=1 << 20, desk=desk
        )
        await self.adapter.start(handler)
        self._session = aiohttp.ClientSession(self.adapter.url)
        self._socket = await self._session.ws_connect("/api/socket")
        await self._socket.send_json({"type": "hello", "conversation": CONVERSATION})
        self._take(await self._socket.receive_json(timeout=PATIENT_S))
        self._reader = asyncio.create_task(self._read())

    async def stop(self) -> None:
        adapter, self.adapter = self.adapter, None
        if adapter is None:
            return
        await adapter.stop()
        assert self._reader is not None
        assert self._session is not None
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._session.close()

    async def ask(self, text: str, *clips: Clip) -> dict[str, Any]:
        uploads = [await self._upload(*clip) for clip in clips]
        said = {"type": "ask", "id": f"message-{next(self._numbers):08}", "text": text, "uploads": uploads}
        await self._socket.send_json(said)
        return said

    async def redeliver(self, asked: dict[str, Any]) -> None:
        await self._socket.send_json(asked)

    async def generate(self, prompt: str) -> None:
        number = f"message-{next(self._numbers):08}"
        await self._socket.send_json({"type": "generate", "id": number, "prompt": prompt})

    async def press(self, action: Action, who: str = "ann") -> None:
        assert (action, who) == (Action.CANCEL, "ann"), f"the page has no button to {action} for {who}"
        request = await self.until(lambda: next(filter(self._cancellable, self._views), ""), "a button to cancel")
        await self._socket.send_json({"type": "cancel", "request": request})

    def shown(self) -> list[Shown]:
        return [self._shown(request) for request in self._views]

    def whispered(self, to: str = "ann") -> str:
        notices = [view["notice"] for view in self._views.values() if view["state"] in ("blocked", "failed")]
        return "\n".join([*notices, *self._errors])

    async def fetch(self, shown: Shown, file: str) -> tuple[bytes, str]:
        assert self._session is not None
        async with self._session.get(file) as answer:
            assert answer.status == 200
            return await answer.read(), answer.content_type

    def called(self) -> set[str]:
        return set()

    async def kept(self) -> str:
        return "\n".join(shown.text for shown in self.shown())

    async def forget(self) -> None:
        await self._socket.send_json({"type": "forget"})
        await self.until(lambda: not self._views, "that it is done")

    async def until(self, wanted: Callable[[], T], what: str) -> T:
        try:
            async with asyncio.timeout(PATIENT_S):
                while not (found := wanted()):
                    self._changed.clear()
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"there was never {what}; there is {self.shown()} and {self._errors}") from None

    async def _upload(self, name: str, data: bytes) -> str:
        assert self._session is not None
        headers = {"X-File-Name": name, "Content-Type": "video/mp4"}
        async with self._session.post("/api/uploads", data=data, headers=headers) as answer:
            assert answer.status == 201
            return str((await answer.json())["id"])

    async def _read(self) -> None:
        async for frame in self._socket:
            self._take(frame.json())

    def _take(self, said: dict[str, Any]) -> None:
        match said["type"]:
            case "history":
                self._views = {each["request"]: each["view"] for each in said["exchanges"]}
            case "view":
                self._views[said["request"]] = said["view"]
            case "forgotten":
                self._views.clear()
            case "error":
                self._errors.append(said["message"])
        self._changed.set()

    def _cancellable(self, request: str) -> bool:
        view = self._views[request]
        return bool(view["can_cancel"]) and view["state"] not in _FINAL

    def _shown(self, request: str) -> Shown:
        view = self._views[request]
        spot = view["queue"]
        waits = queue_line(QueueSpot(spot["position"], spot["eta_s"])) if spot else ""
        text = "\n".join(filter(None, (view["text"], view["notice"], waits, view["footer"])))
        actions = frozenset([Action.CANCEL] if self._cancellable(request) else [])
        return Shown(text, tuple(video["url"] for video in view["videos"]), actions, view)
