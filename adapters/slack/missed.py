"""What was said to the bot while Slack could tell it nothing: read once from the conversations that it is in.

Slack delivers some of it again, but not all. It does not say where anything was said, so that every conversation is
read, those in which somebody spoke last first; a message is known by its place and ts, however it comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

from adapters.shared.marks import OVERLAP_S, Gap, Marks
from adapters.slack.intake import Heard, heard
from adapters.slack.questions import Questions
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import UNREACHED, Fault, Workspace, Workspaces, code_of, fault_of

log = logging.getLogger(__name__)

HEARD_FILE = "slack-heard.json"
PER_SECOND = 1_000_000  # a ts as a number, in microseconds
MOST_AGE_S = 30 * 60.0  # who asked before that has asked again, or somebody else
BEGUN_WITHIN_S = 24 * 3600.0  # a thread that began before that is read only if the bot was spoken to in it
MOST_PLACES = 100  # of one workspace
MOST_MESSAGES = 100  # of one conversation or thread, the newest
MOST_THREADS = 20  # of one conversation
LISTED = 200  # conversations of a page; a workspace with more has the first of them read
AT_ONCE = 3  # workspaces
BURST, EVERY_S = 20, 1.2  # calls in a row, and what Slack takes of such calls after that: fifty a minute
CLOCKS_S = 2.0  # how far this machine's clock and Slack's may be apart, where only the one is known
AGAIN_S = (2.0, 10.0, 30.0, 60.0)  # after Slack or the application did not answer
KINDS = "public_channel,private_channel,mpim,im"


class Missed:
    """Hears messages, and asks for those that it could not hear."""

    def __init__(
        self,
        questions: Questions,
        workspaces: Workspaces,
        marks: Marks,
        tasks: Tasks,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` is the time of day, as Slack has it too."""
        self._questions = questions
        self._workspaces = workspaces
        self._marks = marks
        self._tasks = tasks
        self._clock = clock
        self._catching: asyncio.Task[None] | None = None
        self._after: asyncio.Task[Any] | None = None

    async def heard(self, message: Heard) -> None:
        """A message came."""
        place, number = place_of(message.team, message.channel), number_of(message.ts)
        with self._marks.taking(message.team, place, number, known=True):
            await self._questions.heard(message)
        workspace = await self._workspaces.get(message.team)
        if workspace is not None and message.is_for(workspace.bot_user):
            self._marks.know(place_of(message.team, message.channel, message.root), number)
            await self._marks.save()

    def forget_team(self, team: str) -> None:
        """Nothing of a workspace that removed the app is remembered."""
        self._marks.forget(team, f"{team}/")

    # --- gaps -----------------------------------------------------------------------------------------------------

    def began(self) -> None:
        """From now on everything is heard, and nothing of it has been yet."""
        for team in self._marks.sources():
            self._marks.gap(team)

    def catch_up(self, after: asyncio.Task[Any] | None = None) -> None:
        """Begin to take what was missed until `began`, once `after` is done."""
        self._after = after or self._after
        if self._catching is not None:
            self._catching.cancel()
        self._catching = asyncio.create_task(self._catch_up(), name="slack missed")

    async def stop(self) -> None:
        """Read no more, and note no more of what is heard; what is left is for the next process."""
        self._marks.freeze()
        if self._catching is not None:
            self._catching.cancel()
            await asyncio.gather(self._catching, return_exceptions=True)

    async def _catch_up(self) -> None:
        if self._after is not None:
            await asyncio.wait({self._after})
        some = asyncio.Semaphore(AT_ONCE)

        async def one(team: str) -> None:
            async with some:
                await self._team(team)

        for delay in chain(AGAIN_S, repeat(AGAIN_S[-1])):
            try:
                await asyncio.gather(*(one(team) for team in await self._workspaces.teams()))
            except Exception:
                log.exception("what was missed on Slack was not taken; that is tried again in %.0f s", delay)
                await asyncio.sleep(delay)
            else:
                return

    async def _team(self, team: str) -> None:
        gap, workspace = self._marks.gap(team), await self._workspaces.get(team)
        if workspace is None:
            return
        if gap is None:  # nobody has ever listened: what is said from now on counts
            await self._marks.caught_up(team, int((self._clock() + OVERLAP_S - CLOCKS_S) * PER_SECOND))
            return
        reading = _Reading(self, workspace, gap, self._marks, self._clock)
        until = self._clock() + MOST_AGE_S
        unread, delays, delay = await reading.places(), iter(AGAIN_S), 0.0
        while unread:
            unread = [(channel, kind) for channel, kind in unread if await reading.again(channel, kind)]
            if unread and self._clock() > until:
                log.warning("what was said in %d conversations meanwhile can't be read", len(unread))
                break
            if unread:
                delay = next(delays, delay)
                await asyncio.sleep(delay)
        await self._marks.caught_up(team, 0)

    async def offer(self, message: Heard) -> bool:
        """Hand over one message. Returns whether that has to be tried again. A stop interrupts the reading alone."""
        try:
            await asyncio.shield(self._tasks.start(self._questions.missed(message), f"slack missed {message.ts}"))
        except UNREACHED as error:
            log.warning("message %s, which was missed, was not taken: %s", message.ts, code_of(error) or error)
            return fault_of(error) in (Fault.PASSING, Fault.BUSY)
        except Exception as error:  # noqa: BLE001 - the task has logged it
            log.warning("message %s, which was missed, is tried again: %r", message.ts, error)
            return True
        return False


class _Reading:
    """Reads one workspace."""

    def __init__(
        self, missed: Missed, workspace: Workspace, gap: Gap, marks: Marks, clock: Callable[[], float]
    ) -> None:
        self._missed = missed
        self._workspace = workspace
        self._gap = gap
        self._marks = marks
        self._clock = clock
        self._calls = 0

    async def places(self) -> list[tuple[str, str]]:
        """The conversations to be read, each with its kind: those that were spoken in last first."""
        listed = await self._listed()
        known = [channel for channel, thread in self._known() if not thread]
        if listed is None:
            return [(channel, "") for channel in known[:MOST_PLACES]]
        order = dict.fromkeys([*known, *sorted(listed, key=lambda channel: listed[channel] != "im")])
        found = [(channel, listed[channel]) for channel in order if channel in listed]
        if len(found) > MOST_PLACES:
            log.warning("the bot is in %d conversations; %d are read for what it missed", len(found), MOST_PLACES)
        return found[:MOST_PLACES]

    async def again(self, channel: str, kind: str) -> bool:
        """Take what was missed in a conversation. Returns whether that has to be tried again."""
        place = place_of(self._workspace.team, channel)
        since = max(self._gap.since(place), int((self._clock() - MOST_AGE_S) * PER_SECOND))
        try:
            said = await self._read(channel, since)
        except UNREACHED as error:
            log.info("conversation %s can't be read: %s", channel, code_of(error) or error)
            return fault_of(error) in (Fault.PASSING, Fault.BUSY)
        again = False
        for each in said:
            message = heard(self._workspace.team, {"channel": channel, "channel_type": kind}, each)
            if message is not None and message.is_for(self._workspace.bot_user):
                again |= await self._missed.offer(message)
        if said and not again:
            self._marks.read(place, number_of(str(said[-1]["ts"])))
        return again

    async def _read(self, channel: str, since: int) -> list[dict[str, Any]]:
        """What was said there after `since`, in threads too, the oldest first. Raises what Slack answers."""
        begun = since - int(BEGUN_WITHIN_S * PER_SECOND)
        latest = await self._call("conversations_history", channel=channel, oldest=ts_of(begun))
        moved = [str(each["ts"]) for each in latest if number_of(str(each.get("latest_reply") or "0")) > since]
        roots = {str(each["ts"]) for each in latest}
        older = [root for where, root in self._known() if where == channel and root and root not in roots]
        for root in [*moved, *older][:MOST_THREADS]:
            try:
                latest += await self._call("conversations_replies", channel=channel, ts=root, oldest=ts_of(since))
            except UNREACHED as error:
                if fault_of(error) in (Fault.PASSING, Fault.BUSY):
                    raise
                log.info("thread %s can't be read: %s", root, code_of(error) or error)
        found = {str(each["ts"]): each for each in latest if number_of(str(each.get("ts") or "0")) > since}
        return [found[ts] for ts in sorted(found, key=number_of)]

    async def _listed(self) -> dict[str, str] | None:
        """The kinds of the conversations that the bot is in, by their ids; None where Slack does not tell."""
        for method in ("users_conversations", "conversations_list"):
            try:
                await self._pause()
                answer = await getattr(self._workspace.client, method)(types=KINDS, exclude_archived=True, limit=LISTED)
            except UNREACHED as error:
                log.info("the conversations that the bot is in are not told: %s", code_of(error) or error)
                continue
            return {
                str(each["id"]): _kind(each)
                for each in answer.get("channels") or ()
                if each.get("is_member", True) or each.get("is_im")
            }
        return None

    async def _call(self, method: str, **what: str) -> list[dict[str, Any]]:
        await self._pause()
        answer = await getattr(self._workspace.client, method)(limit=MOST_MESSAGES, **what)
        return [each for each in answer.get("messages") or () if isinstance(each, dict)]

    async def _pause(self) -> None:
        self._calls += 1
        if self._calls > BURST:
            await asyncio.sleep(EVERY_S)

    def _known(self) -> Iterator[tuple[str, str]]:
        """The conversations and threads in which somebody spoke, with their channels; the latest first."""
        for place, _ in self._marks.known():
            team, channel, thread = [*place.split("/"), ""][:3]
            if team == self._workspace.team:
                yield channel, thread


def place_of(team: str, channel: str, thread: str = "") -> str:
    """The name of a conversation, or of a thread in it."""
    return "/".join(part for part in (team, channel, thread) if part)


def number_of(ts: str) -> int:
    """A ts as a number that grows with it."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds or 0) * PER_SECOND + int(fraction.ljust(6, "0")[:6])


def ts_of(number: int) -> str:
    """The ts of a number."""
    return f"{max(0, number) // PER_SECOND}.{max(0, number) % PER_SECOND:06}"


def _kind(conversation: dict[str, Any]) -> str:
    """What events call `channel_type`."""
    if conversation.get("is_im"):
        return "im"
    if conversation.get("is_mpim"):
        return "mpim"
    return "group" if conversation.get("is_private") or conversation.get("is_group") else "channel"
