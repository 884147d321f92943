"""How the commands of admins and moderators look to Discord: who is shown them, where, and in which words."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from adapters.discord.admin.visit import serve

NAMES = {"settings": "einstellungen", "safety": "sicherheit", "audit": "protokoll", "cases": "fälle"}


async def payload(world, name: str) -> dict[str, Any]:
    tree = world.client.tree
    return dict(await tree.get_command(name).get_translated_payload(tree, tree.translator))


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("settings", "manage_guild"),
        ("safety", "manage_guild"),
        ("audit", "manage_messages"),
        ("cases", "manage_messages"),
    ],
)
async def test_discord_shows_a_command_to_those_who_may_use_it_and_only_on_servers(world, name, right) -> None:
    sent = await payload(world, name)
    assert sent["default_member_permissions"] == discord.Permissions(**{right: True}).value
    assert sent["contexts"] == [0]
    assert sent["integration_types"] == [0]


@pytest.mark.parametrize("name", NAMES)
async def test_every_word_of_a_command_has_a_german_one(world, name: str) -> None:
    sent = await payload(world, name)
    assert sent["name_localizations"]["de"] == NAMES[name]
    for part in (sent, *sent.get("options", ())):
        assert part["name_localizations"]["de"] == part["name_localizations"]["de"].lower()
        assert part["description_localizations"]["de"] != part["description"]
        for choice in part.get("choices", ()):
            assert choice["name_localizations"]["de"]


async def test_a_direct_message_has_nothing_to_administer(world) -> None:
    said: list[str] = []

    class Response:
        def is_done(self) -> bool:
            return False

        async def send_message(self, text: str, **options: Any) -> None:
            assert options["ephemeral"]
            said.append(text)

    class Interaction:
        guild_id = None
        response = Response()

    async def work(visit: Any) -> None:
        raise AssertionError("nobody may get here")

    await serve(Interaction(), work, admin=False)  # type: ignore[arg-type]
    assert said == ["This works on a server. Use it there."]
