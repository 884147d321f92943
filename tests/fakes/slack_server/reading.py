"""The methods that read: conversations, people, groups; and those of the app's own accounts and assistant threads."""

from __future__ import annotations

import secrets
from typing import Any

from tests.fakes.slack_server import wire
from tests.fakes.slack_server.calls import ApiError, Call
from tests.fakes.slack_server.chat import Chat
from tests.fakes.slack_server.door import Method
from tests.fakes.slack_server.world import Channel, Post, Team, World


class Reading:
    def __init__(self, world: World, chat: Chat) -> None:
        self.world, self.chat = world, chat

    def methods(self) -> dict[str, Method]:
        return {
            "conversations.info": self.info,
            "conversations.open": self.open,
            "conversations.list": self.listing,
            "users.conversations": self.mine,
            "conversations.members": self.members,
            "conversations.history": self.history,
            "conversations.replies": self.replies,
            "users.info": self.user,
            "users.list": self.users,
            "usergroups.list": self.groups,
            "team.info": self.team,
            "assistant.threads.setStatus": self.set_status,
            "assistant.threads.setSuggestedPrompts": self.set_prompts,
            "assistant.threads.setTitle": self.set_title,
        }

    async def info(self, call: Call) -> dict[str, Any]:
        return {"channel": wire.channel(self.chat.channel(call, writing=False))}

    async def open(self, call: Call) -> dict[str, Any]:
        if call["channel"]:
            return {"channel": wire.channel(self.chat.channel(call))}
        wanted = call["users"] if isinstance(call["users"], list) else str(call["users"] or "").split(",")
        user = self.world.users.get(wanted[0])
        if user is None or user.team is not call.team:
            raise ApiError("user_not_found")
        if user.gone or user.dnd:
            raise ApiError("user_disabled" if user.gone else "cannot_dm_user")
        channel = self.world.dm(user)
        return {"channel": wire.channel(channel) if call["return_im"] else {"id": channel.id}}

    async def listing(self, call: Call) -> dict[str, Any]:
        shown = [wire.channel(each) for each in call.workspace.channels if each.kind == "channel"]
        return {"channels": shown, "response_metadata": {"next_cursor": ""}}

    async def mine(self, call: Call) -> dict[str, Any]:
        """The conversations that the bot is in, of the kinds that are asked for."""
        names = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}
        kinds = [names[each] for each in str(call["types"] or "public_channel").split(",")]
        shown = [
            wire.channel(each)
            for each in call.workspace.channels
            if each.kind in kinds and call.workspace.bot in each.members and not each.archived
        ]
        return {"channels": shown[: int(call["limit"] or 100)], "response_metadata": {"next_cursor": ""}}

    async def members(self, call: Call) -> dict[str, Any]:
        channel = self.chat.channel(call, writing=False)
        return {"members": [each.id for each in channel.members], "response_metadata": {"next_cursor": ""}}

    async def history(self, call: Call) -> dict[str, Any]:
        channel = self._readable(call)
        posts = [each for each in _public(channel) if not each.thread_ts or each.thread_ts == each.ts or each.broadcast]
        return self._page(call, list(reversed(posts)))

    async def replies(self, call: Call) -> dict[str, Any]:
        channel, ts = self._readable(call), str(call["ts"])
        root = channel.posts.get(ts)
        if root is None and not any(each.thread_ts == ts for each in _public(channel)):
            raise ApiError("thread_not_found")
        if root is not None and root.thread_ts and root.thread_ts != ts:
            return self._page(call, [root])
        return self._page(call, [each for each in _public(channel) if ts in (each.ts, each.thread_ts)])

    def _readable(self, call: Call) -> Channel:
        channel = self.chat.channel(call, writing=False)
        if call.workspace.bot not in channel.members:
            raise ApiError("not_in_channel")
        return channel

    def _page(self, call: Call, posts: list[Post]) -> dict[str, Any]:
        low, high = float(call["oldest"] or 0), float(call["latest"] or "inf")
        inclusive = str(call["inclusive"]).lower() in ("1", "true")
        posts = [each for each in posts if low < float(each.ts) < high or (inclusive and float(each.ts) in (low, high))]
        start, limit = int(call["cursor"] or 0), int(call["limit"] or 100)
        shown = [wire.post(each, self.chat.base()) for each in posts[start : start + limit]]
        if str(call["include_all_metadata"]).lower() not in ("1", "true"):
            shown = [{key: value for key, value in each.items() if key != "metadata"} for each in shown]
        more = start + limit < len(posts)
        return {
            "messages": shown,
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + limit) if more else ""},
        }

    async def user(self, call: Call) -> dict[str, Any]:
        user = self.world.users.get(str(call["user"]))
        if user is None:
            raise ApiError("user_not_found")
        return {"user": wire.user(user)}

    async def users(self, call: Call) -> dict[str, Any]:
        members = [wire.user(each) for each in self.world.users.values() if each.team is call.team]
        return {"members": members, "response_metadata": {"next_cursor": ""}}

    async def groups(self, call: Call) -> dict[str, Any]:
        shown = [wire.group(each) for each in call.workspace.groups]
        if str(call["include_users"]).lower() not in ("1", "true"):
            shown = [{key: value for key, value in each.items() if key != "users"} for each in shown]
        return {"usergroups": shown}

    async def team(self, call: Call) -> dict[str, Any]:
        return {"team": {**wire.team(call.workspace), "name": call.workspace.name}}

    # --- the assistant's threads --------------------------------------------------------------------------------------

    async def set_status(self, call: Call) -> dict[str, Any]:
        channel, thread = self._assistant_thread(call)
        channel.statuses.append((thread, str(call["status"] or "")))
        return {}

    async def set_prompts(self, call: Call) -> dict[str, Any]:
        channel, thread = self._assistant_thread(call)
        prompts = call["prompts"]
        if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
            self.chat.door.blame(call, "one to four suggested prompts are allowed")
            raise ApiError("invalid_arguments")
        if any(not each.get("title") or not each.get("message") for each in prompts):
            raise ApiError("invalid_arguments")
        channel.prompts[thread] = prompts
        return {}

    async def set_title(self, call: Call) -> dict[str, Any]:
        channel, thread = self._assistant_thread(call)
        channel.titles[thread] = str(call["title"])
        return {}

    def _assistant_thread(self, call: Call) -> tuple[Channel, str]:
        channel = self.chat.channel(call)
        if not call["thread_ts"]:
            self.chat.door.blame(call, "no thread_ts")
            raise ApiError("invalid_thread_ts")
        return channel, str(call["thread_ts"])


def _public(channel: Channel) -> list[Post]:
    """What everybody there sees, oldest first."""
    return [each for each in channel.posts.values() if not each.ephemeral]


class Accounts:
    """Who the app is, and how it comes to a workspace. `codes` are what a browser brings back from the consent page."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client_id, self.client_secret = "1234.5678", "client-test-secret"
        self.codes: dict[str, Team] = {}

    def methods(self) -> dict[str, Method]:
        return {
            "api.test": self.try_out,
            "auth.test": self.who,
            "auth.revoke": self.revoke,
            "oauth.v2.access": self.access,
        }

    def consent(self, team: Team) -> str:
        """Somebody allows the app on the consent page. Returns the code that the browser brings back."""
        code = secrets.token_hex(8)
        self.codes[code] = team
        return code

    async def try_out(self, call: Call) -> dict[str, Any]:
        return {"args": call.args}

    async def who(self, call: Call) -> dict[str, Any]:
        team = call.workspace
        return {
            "url": f"https://{wire.team(team)['domain']}.slack.com/",
            "team": team.name,
            "user": team.bot.name,
            "team_id": team.id,
            "user_id": team.bot.id,
            "bot_id": team.bot_id,
            "is_enterprise_install": False,
            **({"enterprise_id": team.enterprise} if team.enterprise else {}),
        }

    async def revoke(self, call: Call) -> dict[str, Any]:
        if str(call["test"]).lower() not in ("1", "true"):
            call.workspace.installed = False
        return {"revoked": True}

    async def access(self, call: Call) -> dict[str, Any]:
        if (call["client_id"], call["client_secret"]) != (self.client_id, self.client_secret):
            raise ApiError("bad_client_secret")
        team = self.codes.pop(str(call["code"]), None)
        if team is None:
            raise ApiError("invalid_code")
        team.installed = True
        installer = next((each for each in self.world.users.values() if each.team is team and not each.bot), team.bot)
        return {
            "app_id": team.app_id,
            "authed_user": {"id": installer.id},
            "scope": ",".join(sorted(team.scopes)),
            "token_type": "bot",
            "access_token": team.token,
            "bot_user_id": team.bot.id,
            "team": {"id": team.id, "name": team.name},
            "enterprise": {"id": team.enterprise, "name": "Enterprise"} if team.enterprise else None,
            "is_enterprise_install": False,
        }
