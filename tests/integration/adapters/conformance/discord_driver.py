"""Discord, as a server of our own that the real discord.py connects to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from adapters.base import AdminDesk, Handler
from adapters.discord import DiscordAdapter
from adapters.shared.actions import Action
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.limits import custom_ids
from tests.fakes.discord_server.world import Post
from tests.fakes.openapi import discord_api
from tests.integration.adapters.conformance.driver import Clip, Shown

T = TypeVar("T")
_BUTTON = re.compile(r"g4v:([a-z]+):")
_CALLS = re.compile(r"@everyone|@here|<@[!&]?\d+>")


class DiscordDriver:
    """Ann and Bob are members of a guild with one channel, and the bot is there."""

    name = "discord"
    lacks: Mapping[str, str] = {}

    async def open(self) -> None:
        self.server = DiscordServer(spec=discord_api())
        await self.server.start()
        self.people = {name: self.server.user(name.title()) for name in ("ann", "bob")}
        self.channel = self.server.channel(self.server.guild("Riders"), "clips")
        self.adapter: DiscordAdapter | None = None

    async def close(self) -> None:
        await self.stop()
        await self.server.stop()
        assert [str(violation) for violation in self.server.violations] == []
        assert self.server.unserved == []

    async def start(self, handler: Handler, desk: AdminDesk, folder: Path) -> None:
        self.adapter = DiscordAdapter(
            token=self.server.token, state_dir=folder, desk=desk, api_base=self.server.api_base
        )
        await self.adapter.start(handler)

    async def stop(self) -> None:
        adapter, self.adapter = self.adapter, None
        if adapter is not None:
            await adapter.stop()

    async def ask(self, text: str, *clips: Clip) -> Post:
        return self.server.say(self.people["ann"], self.channel, text, attachments=clips, mention=True)

    async def redeliver(self, asked: Post) -> None:
        self.server.redeliver(asked)

    async def generate(self, prompt: str) -> None:
        self.server.command(self.people["ann"], self.channel, "generate", {"prompt": prompt})

    async def press(self, action: Action, who: str = "ann") -> None:
        post = await self.until(lambda: self._with_button(action, who), f"a button to {action}")
        wanted = next(each for each in custom_ids(post.components) if each.startswith(f"g4v:{action}:"))
        self.server.press(self.people[who], post, wanted)

    def shown(self) -> list[Shown]:
        return [_shown(post) for post in self.server.answers(self.channel)]

    def whispered(self, to: str = "ann") -> str:
        return "\n".join(post.content for post in self._whispers(to))

    async def fetch(self, shown: Shown, file: str) -> tuple[bytes, str]:
        found = next(each for each in shown.native.files if each.name == file)
        return found.data, found.content_type

    def called(self) -> set[str]:
        return {call for post in self.server.answers(self.channel) for call in _CALLS.findall(post.content)}

    async def kept(self) -> str:
        return (await self._offer()).content

    async def forget(self) -> None:
        offer = await self._offer()
        (button,) = custom_ids(offer.components)
        self.server.press(self.people["ann"], offer, button)
        await self.until(lambda: offer.content.startswith("Done."), "that it is done")

    async def until(self, wanted: Callable[[], T], what: str) -> T:
        return await self.server.until(wanted, what)

    async def _offer(self) -> Post:
        asked = self.server.command(self.people["ann"], self.channel, "forget")
        return await self.until(
            lambda: asked.response if asked.response is not None and asked.response.content else None,  # type: ignore[return-value]
            "an answer to /forget",
        )

    def _whispers(self, to: str) -> list[Post]:
        person = self.people[to]
        posts = self.server.answers(self.channel, viewer=person)
        return [*(post for post in posts if post.ephemeral), *self.server.answers(self.server.dm(person))]

    def _with_button(self, action: Action, who: str) -> Post | None:
        posts = [*self.server.answers(self.channel), *self._whispers(who)]
        return next((post for post in reversed(posts) if action in _shown(post).actions), None)


def _shown(post: Post) -> Shown:
    ids: list[Any] = [_BUTTON.match(each) for each in custom_ids(post.components)]
    actions = frozenset(Action(match[1]) for match in ids if match and match[1] in set(Action))
    return Shown(post.content, tuple(file.name for file in post.files), actions, post)
