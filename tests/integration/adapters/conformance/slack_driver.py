"""Slack, as a server of our own that the real adapter connects to over Socket Mode, with and without native streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from adapters.base import AdminDesk, Handler
from adapters.shared.actions import Action
from adapters.slack.adapter import SlackAdapter
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.limits import elements
from tests.fakes.slack_server.world import Post, words
from tests.integration.adapters.conformance.driver import Clip, Shown

T = TypeVar("T")


class SlackDriver:
    """Ann and Bob are members of a workspace with one channel, and the app is there."""

    lacks: Mapping[str, str] = {}
    name = "slack"

    def __init__(self, *, streaming: bool) -> None:
        self._streaming = streaming

    async def open(self) -> None:
        self.slack = SlackServer(streaming=self._streaming)
        await self.slack.__aenter__()
        self.people = {name: self.slack.user(name.title()) for name in ("ann", "bob")}
        self.channel = self.slack.channel("clips")
        self.adapter: SlackAdapter | None = None

    async def close(self) -> None:
        await self.stop()
        await self.slack.__aexit__(None, None, None)
        assert self.slack.violations == []
        assert self.slack.unserved == []

    async def start(self, handler: Handler, desk: AdminDesk, folder: Path) -> None:
        self.adapter = SlackAdapter(
            desk=desk,
            state_dir=folder,
            bot_token=self.slack.bot_token,
            app_token=self.slack.app_token,
            api_base=self.slack.base_url,
        )
        await self.adapter.start(handler)
        await self.slack.connected()

    async def stop(self) -> None:
        adapter, self.adapter = self.adapter, None
        if adapter is not None:
            await adapter.stop()

    async def ask(self, text: str, *clips: Clip) -> Post:
        return self.slack.say(self.people["ann"], self.channel, text, files=clips, mention=True)

    async def redeliver(self, asked: Post) -> None:
        for kind in ("message", "app_mention"):
            for envelope in self.slack.envelopes(kind):
                if envelope.payload["event"].get("ts") == asked.ts:
                    self.slack.delivery.redeliver(envelope)

    async def generate(self, prompt: str) -> None:
        self.slack.command(self.people["ann"], self.channel, "/generate", prompt)

    async def press(self, action: Action, who: str = "ann") -> None:
        post = await self.until(lambda: self._with_button(action, who), f"a button to {action}")
        self.slack.press(self.people[who], post, f"g4v:{action}")

    def shown(self) -> list[Shown]:
        return [_shown(post) for post in self.slack.answers(self.channel)]

    def whispered(self, to: str = "ann") -> str:
        return "\n".join(_shown(post).text for post in self._whispers(to))

    async def fetch(self, shown: Shown, file: str) -> tuple[bytes, str]:
        found = next(each for each in shown.native.files if each.name == file)
        return found.data, found.mimetype

    def called(self) -> set[str]:
        posts = self.slack.answers(self.channel)
        loud = {"<!" for post in posts if "<!" in post.shown and "<!date" not in post.shown}
        return self.slack.mentioned(self.channel) | loud

    async def kept(self) -> str:
        return _shown(await self._offer()).text

    async def forget(self) -> None:
        self.slack.press(self.people["ann"], await self._offer(), "g4v:forget:yes:here")
        await self.until(lambda: "Done." in self.whispered(), "that it is done")

    async def until(self, wanted: Callable[[], T], what: str) -> T:
        return await self.slack.until(wanted, what)

    async def _offer(self) -> Post:
        before = self._whispers("ann")
        self.slack.command(self.people["ann"], self.channel, "/forget")
        return await self.until(
            lambda: next((post for post in self._whispers("ann") if post not in before), None),  # type: ignore[return-value]
            "an answer to /forget",
        )

    def _whispers(self, to: str) -> list[Post]:
        person = self.people[to]
        return [*self.slack.whispers(self.channel, person), *self.slack.answers(self.slack.dm(person))]

    def _with_button(self, action: Action, who: str) -> Post | None:
        posts = [*self.slack.answers(self.channel), *self._whispers(who)]
        return next((post for post in reversed(posts) if action in _shown(post).actions), None)


def _shown(post: Post) -> Shown:
    """Blocks take the place of the text, but for streamed words, which stand above them until the message is edited."""
    streamed = post.text if post.streamed and not post.edited_ts else ""
    text = "\n".join([streamed, *words(post.blocks)]) if post.blocks else post.text
    ids: list[Any] = [each.get("action_id", "") for block in post.blocks for each in elements(block)]
    names = [each.removeprefix("g4v:") for each in ids if each.startswith("g4v:")]
    actions = frozenset(Action(name) for name in names if name in set(Action))
    return Shown(text, tuple(file.name for file in post.files), actions, post)
