"""Which of Slack's events the bot listens to. Every one is acknowledged at once; the work goes on as a task."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from slack_bolt.async_app import AsyncApp

from adapters.slack import notices
from adapters.slack.answers import Answers
from adapters.slack.intake import heard
from adapters.slack.missed import Missed
from adapters.slack.questions import Questions
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import UNREACHED, Workspaces, code_of

log = logging.getLogger(__name__)

# The bot itself is told that it left by `channel_left` and `group_left`; Slack sometimes withholds them.
_CLOSED = ("channel_archive", "channel_deleted", "channel_left", "group_archive", "group_deleted", "group_left")


def register_events(
    app: AsyncApp, *, missed: Missed, questions: Questions, answers: Answers, workspaces: Workspaces, tasks: Tasks
) -> None:
    """Listen to messages, mentions, the assistant and the end of channels."""

    def begin(work: Coroutine[Any, Any, None], what: str, event: dict[str, Any]) -> None:
        tasks.start(work, f"slack {what} {event.get('ts') or event.get('event_ts') or ''}")

    async def on_message(event: dict[str, Any], body: dict[str, Any]) -> None:
        team, subtype = team_of(body), event.get("subtype")
        channel = str(event.get("channel") or "")
        if subtype == "message_changed" and (event.get("message") or {}).get("subtype") == "tombstone":
            # A deleted message that has replies stays as a stone.
            begin(questions.deleted(team, channel, str(event["message"].get("ts") or "")), "deletion", event)
        elif subtype == "message_changed":
            said = heard(team, event, event.get("message") or {})
            before = event.get("previous_message") or {}
            if said is not None and before.get("user") in (None, said.user):
                begin(questions.edited(said, str(before.get("text") or "")), "edit", event)
        elif subtype == "message_deleted":
            begin(questions.deleted(team, channel, str(event.get("deleted_ts") or "")), "deletion", event)
        else:
            said = heard(team, event)
            if said is not None:
                begin(missed.heard(said), "message", event)

    async def on_mention(event: dict[str, Any], body: dict[str, Any]) -> None:
        said = heard(team_of(body), event)
        if said is not None:
            begin(missed.heard(said), "mention", event)

    async def on_assistant(event: dict[str, Any], body: dict[str, Any]) -> None:
        begin(_greet(workspaces, team_of(body), event.get("assistant_thread") or {}), "assistant", event)

    async def on_context(event: dict[str, Any]) -> None:
        """Which channel somebody looks at beside the assistant is none of the bot's business."""

    async def on_left(event: dict[str, Any], body: dict[str, Any]) -> None:
        workspace = await workspaces.get(team_of(body))
        if workspace is not None and event.get("user") == workspace.bot_user:
            begin(answers.place_gone(workspace.team, str(event.get("channel") or "")), "leaving", event)

    async def on_closed(event: dict[str, Any], body: dict[str, Any]) -> None:
        begin(answers.place_gone(team_of(body), str(event.get("channel") or "")), "closing", event)

    app.event("message")(on_message)
    app.event("app_mention")(on_mention)
    app.event("assistant_thread_started")(on_assistant)
    app.event("assistant_thread_context_changed")(on_context)
    app.event("member_left_channel")(on_left)
    for name in _CLOSED:
        app.event(name)(on_closed)


def team_of(body: dict[str, Any]) -> str:
    """The workspace in whose name an event comes: in shared channels not always the one where it happened."""
    for authorization in body.get("authorizations") or ():
        if authorization.get("team_id"):
            return str(authorization["team_id"])
    return str(body.get("team_id") or "")


async def _greet(workspaces: Workspaces, team: str, thread: dict[str, Any]) -> None:
    """Somebody has opened the assistant: say what one may ask."""
    workspace = await workspaces.get(team)
    if workspace is None:
        return
    try:
        await workspace.client.assistant_threads_setSuggestedPrompts(
            channel_id=str(thread.get("channel_id") or ""),
            thread_ts=str(thread.get("thread_ts") or ""),
            title=notices.PROMPTS_TITLE,
            prompts=[{"title": title, "message": message} for title, message in notices.PROMPTS],
        )
    except UNREACHED as error:
        log.info("no prompts were suggested: %s", code_of(error) or error)
