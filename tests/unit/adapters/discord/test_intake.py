"""Places, people and what was said, as the application gets them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import discord

from adapters.discord.intake import author_of, guild_of, is_for_me, permissions_in, place_of, spoken

ME = 99


def test_the_mention_of_the_bot_is_taken_out_wherever_it_stands() -> None:
    assert spoken("<@99> what <@!99> is this?", ME, {}) == "what is this?"
    assert spoken("<@99>", ME, {}) == ""


def test_other_mentions_become_names_and_unknown_ones_somebody() -> None:
    assert spoken("<@99> is this <@5> or <@6>?", ME, {5: "bob"}) == "is this @bob or @someone?"


def test_lines_of_a_question_are_kept() -> None:
    assert spoken("<@99> one\n\ntwo", ME, {}) == "one\n\ntwo"


def person(name: str) -> Any:
    return SimpleNamespace(id=5, display_name=name)


def test_managing_the_guild_or_administrating_it_makes_an_admin() -> None:
    assert author_of(person("ann"), discord.Permissions(manage_guild=True)).is_admin
    assert author_of(person("ann"), discord.Permissions(administrator=True)).is_admin
    assert not author_of(person("ann"), discord.Permissions(manage_messages=True)).is_admin
    assert not author_of(person("ann"), None).is_admin


def member(guild: discord.Permissions) -> Any:
    found = Mock(spec=discord.Member, id=5, display_name="ann", guild_permissions=guild)
    found.roles = [SimpleNamespace(id=3, is_default=lambda: True), SimpleNamespace(id=8, is_default=lambda: False)]
    return found


def test_removing_other_peoples_messages_makes_a_moderator_and_every_admin_is_one() -> None:
    assert author_of(person("ann"), discord.Permissions(manage_messages=True)).is_moderator
    assert author_of(person("ann"), discord.Permissions(manage_guild=True)).is_moderator
    assert not author_of(person("ann"), discord.Permissions(send_messages=True)).is_moderator
    assert not author_of(person("ann"), None).is_moderator


def test_roles_are_ids_without_everyone() -> None:
    assert author_of(member(discord.Permissions.none()), None).roles == ("8",)
    assert author_of(person("ann"), None).roles == ()


def test_the_channel_decides_what_a_member_may_do_and_the_guild_where_it_is_not_known() -> None:
    ann = member(discord.Permissions(manage_messages=True))
    channel = Mock(spec=discord.TextChannel)
    channel.permissions_for.return_value = discord.Permissions.none()
    assert permissions_in(channel, ann) == discord.Permissions.none()
    assert permissions_in(SimpleNamespace(id=7), ann) == ann.guild_permissions
    thread = Mock(spec=discord.Thread, id=8)
    thread.permissions_for.side_effect = discord.ClientException("its channel is not known")
    assert permissions_in(thread, ann) == ann.guild_permissions
    assert permissions_in(channel, person("ann")) is None


def test_a_guilds_own_upload_limit_counts() -> None:
    guild: Any = SimpleNamespace(filesize_limit=50 * 1024 * 1024)
    assert place_of(SimpleNamespace(id=7), guild, 3).upload_limit == 50 * 1024 * 1024
    assert place_of(SimpleNamespace(id=7), None, 3).upload_limit == 10 * 1024 * 1024


def test_an_age_restricted_channel_is_known_as_one() -> None:
    assert place_of(SimpleNamespace(id=7, is_nsfw=lambda: True), None, 3).age_restricted
    assert not place_of(SimpleNamespace(id=7, is_nsfw=lambda: False), None, 3).age_restricted
    assert not place_of(SimpleNamespace(id=7), None, None).age_restricted


def test_a_thread_is_as_age_restricted_as_its_channel() -> None:
    thread = Mock(spec=discord.Thread, id=8, parent_id=7)
    thread.is_nsfw.return_value = True
    place = place_of(thread, None, 3)
    assert (place.channel, place.thread, place.age_restricted) == ("7", "8", True)


def test_a_message_from_a_guild_that_is_not_known_yet_is_no_direct_message() -> None:
    said: Any = SimpleNamespace(
        guild=None,
        channel=SimpleNamespace(id=7, guild_id=3),
        author=SimpleNamespace(bot=False),
        webhook_id=None,
        type=discord.MessageType.default,
        mentions=[],
    )
    assert guild_of(said) == 3
    assert not is_for_me(said, ME)
    said.channel = SimpleNamespace(id=7)
    assert guild_of(said) is None
    assert is_for_me(said, ME)
