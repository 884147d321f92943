"""The made-up Slack's things as Slack writes them in JSON."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack_server.world import Channel, File, Group, Post, Team, User, View


def user(each: User) -> dict[str, Any]:
    return {
        "id": each.id,
        "team_id": each.team.id,
        "name": each.name.lower(),
        "real_name": each.name,
        "deleted": each.gone,
        "is_admin": each.admin or each.owner,
        "is_owner": each.owner,
        "is_primary_owner": False,
        "is_restricted": each.guest,
        "is_ultra_restricted": False,
        "is_bot": each.bot,
        "is_app_user": False,
        "tz": "Europe/Berlin",
        "tz_offset": 3600,
        "profile": {"real_name": each.name, "display_name": each.name, "team": each.team.id},
    }


def group(each: Group) -> dict[str, Any]:
    return {
        "id": each.id,
        "is_usergroup": True,
        "name": each.handle.title(),
        "handle": each.handle,
        "date_delete": 0,
        "users": [member.id for member in each.users],
        "user_count": len(each.users),
    }


def channel(each: Channel) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": each.id,
        "is_channel": each.kind == "channel",
        "is_group": each.kind == "group",
        "is_im": each.kind == "im",
        "is_mpim": each.kind == "mpim",
        "is_private": each.kind != "channel",
        "is_archived": each.archived,
        "is_ext_shared": each.shared,
        "is_member": each.team.bot in each.members,
        "context_team_id": each.team.id,
    }
    if each.kind == "im":
        return {**shown, "user": next(member.id for member in each.members if not member.bot)}
    return {**shown, "name": each.name, "name_normalized": each.name, "num_members": len(each.members)}


def file(each: File, base: str, *, whole: bool = False) -> dict[str, Any]:
    """`whole` shows a Slack Connect stub's rest, as files.info does."""
    if each.deleted:
        return {"id": each.id, "mode": "tombstone"}
    if each.stub and not whole:
        return {"id": each.id, "created": 1, "timestamp": 1, "mode": "hosted", "file_access": "check_file_info"}
    address = f"{base}/files-pri/{each.user.team.id}-{each.id}"
    shares: dict[str, dict[str, list[dict[str, str]]]] = {}
    for post in each.shares:
        kind = "public" if post.channel.kind == "channel" else "private"
        share = {"ts": post.ts, **({"thread_ts": post.thread_ts} if post.thread_ts else {})}
        shares.setdefault(kind, {}).setdefault(post.channel.id, []).append(share)
    return {
        "id": each.id,
        "created": 1,
        "timestamp": 1,
        "name": each.name,
        "title": each.title,
        "mimetype": each.mimetype,
        "filetype": each.name.rpartition(".")[2],
        "user": each.user.id,
        "user_team": each.user.team.id,
        "size": len(each.data),
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": f"{address}/{each.name}",
        "url_private_download": f"{address}/download/{each.name}",
        "permalink": f"{base}/files/{each.user.id}/{each.id}/{each.name}",
        "shares": shares,
        "file_access": "visible",
        **({"channels": [post.channel.id for post in each.shares]} if whole else {}),
    }


def post(each: Post, base: str) -> dict[str, Any]:
    """A message as the API and events show it, without its channel."""
    shown: dict[str, Any] = {"type": "message", "ts": each.ts, "user": each.user.id, "text": each.text}
    shown["team"] = each.user.team.id
    if each.by_bot:
        shown |= {"bot_id": each.channel.team.bot_id, "app_id": each.channel.team.app_id}
    else:
        shown["client_msg_id"] = f"client-{each.ts}"
    if each.blocks:
        shown["blocks"] = each.blocks
    if each.files:
        shown |= {"files": [file(one, base) for one in each.files], "upload": False, "display_as_bot": False}
        shown["subtype"] = "file_share"
        shown = {key: value for key, value in shown.items() if key not in ("team", "client_msg_id")}
    if each.thread_ts:
        shown["thread_ts"] = each.thread_ts
    if each.begins_assistant:
        shown["subtype"] = "assistant_app_thread"
    if each.broadcast:
        shown["subtype"] = "thread_broadcast"
    if each.edited_ts:
        shown["edited"] = {"user": each.user.id, "ts": each.edited_ts}
    if each.metadata:
        shown["metadata"] = each.metadata
    replies = [one for one in each.channel.posts.values() if one.thread_ts == each.ts and one is not each]
    if replies:
        shown |= {"thread_ts": each.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    return shown


def event_post(each: Post, base: str) -> dict[str, Any]:
    """A message as its `message` event shows it."""
    return {
        **post(each, base),
        "channel": each.channel.id,
        "channel_type": each.channel.kind,
        "event_ts": each.ts,
    }


def view(each: View) -> dict[str, Any]:
    root = each
    while root.parent is not None:
        root = root.parent
    return {
        "id": each.id,
        "team_id": each.team.id,
        "app_id": each.team.app_id,
        "app_installed_team_id": each.team.id,
        "bot_id": each.team.bot_id,
        "hash": each.hash,
        "root_view_id": root.id,
        "previous_view_id": each.parent.id if each.parent else None,
        "external_id": "",
        "callback_id": "",
        "private_metadata": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "state": {"values": {}},
        **each.body,
    }


def person(each: User) -> dict[str, str]:
    """Who acted, in an interaction."""
    return {"id": each.id, "username": each.name.lower(), "name": each.name.lower(), "team_id": each.team.id}


def team(each: Team) -> dict[str, str]:
    return {"id": each.id, "domain": each.name.lower().replace(" ", "-")}
