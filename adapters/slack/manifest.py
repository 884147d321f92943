"""What the app needs at Slack: scopes, events, commands and shortcuts. The one place where they are written down.

`docs/slack-manifest.yaml` is made of this, doctor asks for these scopes, and the listeners take their names from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack import notices

EVENTS_PATH = "/slack/events"  # events, commands, buttons and dialogs: Slack may send all of them to one address
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command as Slack's menu shows it."""

    name: str  # with the slash
    description: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An entry in a message's menu. Slack takes at most 24 characters for the name."""

    callback_id: str
    name: str
    description: str


# Why each is asked for. Without one of them, what stands here does not work.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "being mentioned",
    "assistant:write": "what it is doing, shown below the conversation, and suggested prompts",
    "channels:history": "follow-ups in threads of public channels, and what is asked while the bot is away",
    "channels:read": "the names of public channels, and when one is closed or left",
    "chat:write": "answering",
    "commands": "/generate, /queue, /forget and the entries in a message's menu",
    "files:read": "fetching posted clips",
    "files:write": "made videos",
    "groups:history": "follow-ups in threads of private channels",
    "groups:read": "the same for private channels that the bot is in",
    "im:history": "direct messages",
    "im:read": "telling direct messages from channels",
    "im:write": "writing to one person, where a notice concerns nobody else",
    "mpim:history": "direct messages of several people",
    "mpim:read": "telling those from channels",
    "usergroups:read": "permissions and quotas for user groups",
    "users:read": "who is an admin, and how people are called",
}


def lacking(headers: Mapping[str, str]) -> dict[str, str]:
    """The scopes that a token lacks, with what each is for. Slack says what it may in a header of each answer; where
    it says nothing, nothing is known to be lacking."""
    given = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    held = {scope.strip() for scope in given.split(",") if scope.strip()}
    return {scope: what for scope, what in SCOPES.items() if held and scope not in held}


# `app_home_opened` with the tab "messages" says that somebody has opened the conversation with the agent.
EVENTS: Sequence[str] = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "group_archive",
    "group_deleted",
    "group_left",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)

# Listened to as well, for apps that were made with `assistant_view`. Slack lets no new app have that, and an app with
# `agent_view`, as below, cannot subscribe to these: https://docs.slack.dev/ai/migrating-to-agent-messaging.
ASSISTANT_EVENTS: Sequence[str] = ("assistant_thread_context_changed", "assistant_thread_started")

GENERATE = SlashCommand("/generate", "Make a video from words", "[what the video should show]")
QUEUE = SlashCommand("/queue", "What you have asked for and not got yet")
FORGET = SlashCommand("/forget", "See what the bot keeps of you here or everywhere, and delete it", "[everywhere]")
COMMANDS: Sequence[SlashCommand] = (GENERATE, QUEUE, FORGET)

BOT_USER = "gpt4video"  # Slack takes a-z, 0-9, dashes, underscores and dots

ASK_ABOUT = Shortcut("g4v:ask-about", "Ask about this video", "Ask the bot about the video of this message")
MAKE_LIKE = Shortcut(
    "g4v:make-like", "Make a video like this", "Have a video made that is like the one in this message"
)
SHORTCUTS: Sequence[Shortcut] = (ASK_ABOUT, MAKE_LIKE)


def app_manifest(*, name: str = "GPT4Video", public_url: str = "") -> dict[str, Any]:
    """The manifest of an app, in the shape of https://docs.slack.dev/reference/app-manifest.

    Without a `public_url` for Socket Mode, with it for HTTP mode.
    """
    events = public_url.rstrip("/") + EVENTS_PATH if public_url else ""
    target = {"request_url": events} if events else {}
    redirect = {"redirect_urls": [public_url.rstrip("/") + REDIRECT_PATH]} if public_url else {}
    return {
        "display_information": {
            "name": name,
            "description": "Watches the videos you post, answers questions about them, and makes new ones.",
            "background_color": "#17324d",
        },
        "features": {
            "agent_view": {
                "agent_description": "Post a clip and ask about it, or say what a video should show.",
                "suggested_prompts": [{"title": title, "message": message} for title, message in notices.PROMPTS],
            },
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": BOT_USER, "always_online": True},
            "shortcuts": [
                {
                    "name": shortcut.name,
                    "type": "message",
                    "callback_id": shortcut.callback_id,
                    "description": shortcut.description,
                }
                for shortcut in SHORTCUTS
            ],
            "slash_commands": [_command(command, events) for command in COMMANDS],
        },
        "oauth_config": {**redirect, "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**target, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **target},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not public_url,
            "token_rotation_enabled": False,
        },
    }


def _command(command: SlashCommand, url: str) -> dict[str, Any]:
    return {
        "command": command.name,
        **({"url": url} if url else {}),
        "description": command.description,
        **({"usage_hint": command.hint} if command.hint else {}),
        # The words as they were typed: a prompt is not a message.
        "should_escape": False,
    }
