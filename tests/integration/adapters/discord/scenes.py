"""What the tests of buttons and commands begin with: an answer that stands there, and the exchange behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord

from adapters.base import Author, Chip, Exchange, MadeVideo, Place, State, Still, View
from tests.fakes.handler import NOON

CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")


def place_of(world: Any, **more: Any) -> Place:
    return Place("discord", str(world.guild.id), str(world.channel.id), **more)


def author_of(person: Any) -> Author:
    return Author(str(person.id), person.name)


def made(tmp_path: Path, prompt: str = "a red ball") -> MadeVideo:
    path = tmp_path / "made.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    return MadeVideo(str(path), prompt, 1234, 640, 360, 3.0)


def stills(tmp_path: Path, *times: float, clip: int = 0) -> tuple[Still, ...]:
    found = []
    for time in times:
        path = tmp_path / f"still-{clip}-{time}.jpg"
        path.write_bytes(b"\xff\xd8\xff" + str(time).encode())
        found.append(Still(str(path), time, clip))
    return tuple(found)


def warn(where: str, *, category: str = "violence", score: float = 0.62, time_s: float | None = None) -> Chip:
    return Chip(category, score, 0.6, "warn", where, time_s)


def blocked(where: str = "question", *, can_appeal: bool = True) -> View:
    chip = Chip("violence", 0.83, 0.7, "block", where)
    notice = "I won't show that here: violence 0.83 is over this place's limit of 0.70."
    return View("r1", State.BLOCKED, notice=notice, chips=(chip,), can_appeal=can_appeal)


def exchange(world: Any, view: View, *, asker: Any = None, place: Place | None = None, ref: str = "") -> Exchange:
    """What the application keeps of a view; the newest reply is its message."""
    return Exchange(
        view.request,
        author_of(asker or world.ann),
        "a red ball",
        (),
        NOON,
        view,
        place=place or place_of(world),
        ref=ref or world.handler.reply.ref,
    )


async def answered(world: Any, view: View, *, handler: Any = None) -> Any:
    """Ask, show a final view, and keep it as the application would. Returns the message."""
    await world.ask()
    await world.show(view)
    (handler or world.handler).exchanges[view.request] = exchange(world, view)
    return world.answers()[-1]


async def restart(world: Any) -> Any:
    """A new process over the same database; returns its handler."""
    fresh = world.new_client()
    fresh.handler.exchanges = dict(world.handler.exchanges)
    fresh.handler.askers = dict(world.handler.askers)
    await world.env.restart_bot(fresh)
    return fresh.handler


async def deny(world: Any, permission: str) -> None:
    """Take a permission from everyone in the channel; the bot is not meant."""
    room = world.client.get_channel(world.channel.id)
    await room.set_permissions(room.guild.me, overwrite=discord.PermissionOverwrite(**{permission: True}))
    await room.set_permissions(room.guild.default_role, overwrite=discord.PermissionOverwrite(**{permission: False}))
    world.env.http_requests.clear()  # that was the test, not the bot


def labels(message: Any) -> list[str]:
    """What the buttons of a message say."""
    rows = message.components
    found = []
    for row in rows:
        parts = row["components"] if isinstance(row, dict) else row.children
        found += [part["label"] if isinstance(part, dict) else part.label for part in parts]
    return found


def field_of(shown: Any) -> dict[str, Any]:
    """The one field of a dialog."""
    (label,) = shown.modal["components"]
    return label["component"]


async def fill(person: Any, shown: Any, words: str) -> Any:
    """Write into a dialog and send it."""
    return await person.submit_modal(shown, {field_of(shown)["custom_id"]: words})
