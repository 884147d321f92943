"""How things look in Discord's JSON. Pure functions of the world; knows neither HTTP nor sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.fakes.discord_server.world import (
    DM,
    JOINED,
    THREADS,
    Channel,
    File,
    Guild,
    Interaction,
    Post,
    User,
)

DEFAULT_MESSAGE, REPLY, CHAT_COMMAND = 0, 19, 20
UPLOAD_LIMITS = {0: 10 << 20, 1: 10 << 20, 2: 50 << 20, 3: 100 << 20}


class Cdn:
    """Makes the signed addresses of files. Addresses of an older `generation` have expired."""

    def __init__(self, base: str = "") -> None:
        self.base, self.generation = base, 1

    def url(self, post_channel: str, file: File) -> str:
        return f"{self.base}/attachments/{post_channel}/{file.id}/{quote(file.name)}?ex={self.generation:x}&is=1&hm=abc"


def user(person: User) -> dict[str, Any]:
    return {
        "id": person.id,
        "username": person.name.lower().replace(" ", "."),
        "global_name": None if person.bot else person.name,
        "discriminator": "0",
        "avatar": None,
        "bot": person.bot,
    }


def member(person: User, guild: Guild, *, whole: bool = True) -> dict[str, Any]:
    permissions = (1 << 53) - 1 if person is guild.owner else guild.permissions
    shown = {
        "roles": [],
        "joined_at": JOINED,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None,
        "avatar": None,
        "pending": False,
    }
    return {**shown, "user": user(person), "permissions": str(permissions)} if whole else shown


def channel(place: Channel) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": place.id, "type": place.kind, "last_message_id": place.last or None, "flags": 0}
    if place.kind == DM:
        assert place.recipient is not None
        return {**shown, "recipients": [user(place.recipient)]}
    assert place.guild is not None
    shown |= {"name": place.name, "guild_id": place.guild.id, "parent_id": place.parent.id if place.parent else None}
    if place.kind in THREADS:
        metadata = {
            "archived": place.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": JOINED,
            "locked": place.locked,
        }
        return {
            **shown,
            "owner_id": place.guild.owner.id,
            "message_count": len(place.posts),
            "member_count": 2,
            "thread_metadata": metadata,
            "rate_limit_per_user": 0,
        }
    return {
        **shown,
        "position": 0,
        "nsfw": place.nsfw,
        "permission_overwrites": [{"id": place.guild.id, "type": 0, "allow": "0", "deny": str(place.denied)}],
        "topic": None,
        "rate_limit_per_user": 0,
        "bitrate": 64000,
        "user_limit": 0,
        "available_tags": [],
    }


def guild(place: Guild, bot: User) -> dict[str, Any]:
    everyone = {
        "id": place.id,
        "name": "@everyone",
        "permissions": str(place.permissions),
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    return {
        "id": place.id,
        "name": place.name,
        "owner_id": place.owner.id,
        "unavailable": False,
        "joined_at": place.joined,
        "large": False,
        "member_count": len(place.members) + 1,
        "members": [{**member(bot, place), "joined_at": place.joined}],
        "roles": [everyone],
        "channels": [channel(each) for each in place.channels if each.kind not in THREADS],
        "threads": [channel(each) for each in place.channels if each.kind in THREADS],
        "emojis": [],
        "stickers": [],
        "features": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": place.premium_tier,
        "preferred_locale": "en-US",
        "system_channel_id": None,
        "system_channel_flags": 0,
        "afk_timeout": 300,
    }


def attachment(file: File, channel_id: str, cdn: Cdn) -> dict[str, Any]:
    url = cdn.url(channel_id, file)
    shown = {"id": file.id, "filename": file.name, "size": len(file.data), "url": url, "proxy_url": url}
    return {**shown, "content_type": file.content_type, "description": file.description, "flags": 0}


def message(post: Post, cdn: Cdn, *, readable: bool = True, depth: int = 1) -> dict[str, Any]:
    """A message as the API shows it; without `readable` as an app sees it that may not read message content."""
    shown: dict[str, Any] = {
        "id": post.id,
        "channel_id": post.channel.id,
        "author": user(post.author),
        "content": post.content if readable else "",
        "timestamp": post.created.isoformat(),
        "edited_timestamp": post.edited.isoformat() if post.edited else None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user(each) for each in post.mentions],
        "mention_roles": [],
        "attachments": [attachment(file, post.channel.id, cdn) for file in post.files] if readable else [],
        "embeds": [{"type": "rich", **embed} for embed in post.embeds] if readable else [],
        "components": post.components if readable else [],
        "pinned": False,
        "type": DEFAULT_MESSAGE,
        "flags": post.flags,
    }
    if post.nonce is not None:
        shown["nonce"] = post.nonce
    if post.reply_to_id:
        shown["type"] = REPLY
        shown["message_reference"] = {"type": 0, "message_id": post.reply_to_id, "channel_id": post.channel.id}
        if depth:
            there = post.reply_to is not None and post.reply_to.id in post.channel.posts
            shown["referenced_message"] = (
                message(post.reply_to, cdn, readable=readable, depth=0) if there and post.reply_to else None
            )
    if post.forwarded is not None:
        origin = post.forwarded
        shown["message_reference"] = {"type": 1, "message_id": origin.id, "channel_id": origin.channel.id}
        parts = message(origin, cdn, depth=0)
        kept = ("content", "attachments", "embeds", "timestamp", "edited_timestamp", "flags", "type", "components")
        snapshot = {key: parts[key] for key in (*kept, "mentions", "mention_roles")}
        shown["message_snapshots"] = [{"message": snapshot}] if readable else []
    if post.interaction is not None:
        asked = post.interaction
        shown["type"] = CHAT_COMMAND
        shown["application_id"] = shown["webhook_id"] = post.author.id
        shown["interaction_metadata"] = {
            "id": asked.id,
            "type": asked.kind,
            "user": user(asked.user),
            "authorizing_integration_owners": {},
        }
    return shown


def interaction(asked: Interaction, bot: User, cdn: Cdn) -> dict[str, Any]:
    place = asked.channel.guild
    shown: dict[str, Any] = {
        "id": asked.id,
        "application_id": bot.id,
        "type": asked.kind,
        "token": asked.token,
        "version": 1,
        "data": asked.data,
        "channel_id": asked.channel.id,
        "channel": channel(asked.channel),
        "app_permissions": str(place.permissions if place else 0),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": place.id if place else "0"},
        "context": 1 if asked.channel.kind == DM else 0,
        "attachment_size_limit": UPLOAD_LIMITS[place.premium_tier if place else 0],
    }
    if place is not None:
        shown |= {
            "guild_id": place.id,
            "guild": {"id": place.id, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": member(asked.user, place),
        }
    else:
        shown["user"] = user(asked.user)
    if asked.message is not None:
        shown["message"] = message(asked.message, cdn)
    return shown


def application(bot: User, owner: User, flags: int) -> dict[str, Any]:
    return {
        "id": bot.id,
        "name": bot.name,
        "description": "",
        "icon": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user(owner),
        "verify_key": "0" * 64,
        "flags": flags,
        "summary": "",
        "hook": True,
    }


def own_guild(place: Guild) -> dict[str, Any]:
    """A guild as the list of the bot's own guilds shows it."""
    return {
        "id": place.id,
        "name": place.name,
        "icon": None,
        "owner": False,
        "permissions": str(place.permissions),
        "features": [],
    }


def audit_log(place: Guild, bot: User) -> dict[str, Any]:
    """Who added the bot, and nothing else."""
    entries = []
    if place.added_by is not None:
        entries = [{"id": str(int(place.id) + 1), "user_id": place.added_by.id, "target_id": bot.id, "action_type": 28}]
    people = [user(place.added_by)] if place.added_by is not None else []
    empty = ("webhooks", "integrations", "threads", "application_commands", "auto_moderation_rules")
    return {
        "audit_log_entries": entries,
        "users": people,
        **{name: [] for name in empty},
        "guild_scheduled_events": [],
    }
