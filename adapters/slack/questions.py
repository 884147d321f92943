"""What people ask by writing: mentions and direct messages, their edits within a minute, and their deletion.

Knows messages and the application; how an answer is shown stands in `answers.py` and `reply.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from adapters.base import Author, DeliveryError, Exchange, Message, Place, Wants
from adapters.shared.pump import RETRY_AFTER_S, RETRY_EVERY_S
from adapters.shared.state import Notes
from adapters.slack.answers import Answers, cannot_write
from adapters.slack.chain import Chains
from adapters.slack.files import clips
from adapters.slack.intake import Heard, spoken
from adapters.slack.people import People
from adapters.slack.posts import write_to
from adapters.slack.records import Anchor, event_id
from adapters.slack.reply import SlackReply
from adapters.slack.workspace import PLATFORM, UNREACHED, Fault, Workspace, Workspaces, code_of, fault_of, retry_after

log = logging.getLogger(__name__)

EDITABLE_S = 60.0
REMEMBERED = 4096  # questions; more than come in the ten minutes within which Slack delivers again
TAKEN_LATE_S = 24 * 3600.0  # later than that nobody waits for an answer any more
TOLD_AGAIN_AFTER_S = 10 * 60.0  # a refusal is said once per person and place in this time
MOST_WORDINGS = 32  # of one question; nobody edits that often in a minute
LOOKUPS_AT_ONCE = 4  # in the store, for deleted messages
TITLE = 60  # characters of the title of an assistant's thread
TAKING_FILE = "slack-taking.json"
WORDINGS_FILE = "slack-wordings.json"


@dataclass
class Question:
    """What is known of a message that asked. `asked` are the event ids of its wordings, oldest first."""

    text: str | None = None  # None: not asked yet
    asked: list[str] = field(default_factory=list)
    reply: SlackReply | None = None
    gone: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Questions:
    """Takes questions, each wording of each once, however often and over however many sockets Slack tells of it."""

    def __init__(self, answers: Answers, people: People, workspaces: Workspaces, *, state_dir: Path) -> None:
        self._answers = answers
        self._people = people
        self._workspaces = workspaces
        self._handler = answers.handler
        self._taking = Notes(state_dir / TAKING_FILE)
        self._wordings = Notes(state_dir / WORDINGS_FILE)
        self._chains = Chains(people)
        self._known: OrderedDict[str, Question] = OrderedDict()
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    # --- heard ----------------------------------------------------------------------------------------------------

    async def heard(self, message: Heard) -> None:
        """A message was posted. That it was, may come more than once, and as two kinds of events."""
        workspace = await self._workspace(message)
        if workspace is None:
            return
        self._chains.note(message)
        if not message.is_for(workspace.bot_user):
            return
        question = self._remember(message)
        async with question.lock:
            # Only what was handed over counts as known: a redelivery may be the one that gets through.
            if question.text is None and not question.gone and not await self._earlier(message, question):
                await self._ask(workspace, message, question)

    async def missed(self, message: Heard) -> None:
        """A message was posted while nothing was heard. Raises what the application raises; then it is not taken."""
        if await self._handler.find(PLATFORM, event_id(message.team, message.channel, message.ts)) is None:
            await self.heard(message)

    async def edited(self, message: Heard, before: str) -> None:
        """A message has changed from `before`: its words, or nothing but what Slack shows of its links."""
        if not message.edited or message.text == before:
            return
        if float(message.edited) - float(message.ts) > EDITABLE_S:
            return
        workspace = await self._workspace(message)
        if workspace is None or not message.is_for(workspace.bot_user):
            return
        self._chains.note(message)
        question = self._remember(message)
        async with question.lock:
            if not question.gone and question.text != message.text:
                await self._ask_again(workspace, message, question)

    async def deleted(self, team: str, channel: str, ts: str) -> None:
        """A message is gone. If it asked something, nothing of that stays; if it was an answer, it is cancelled."""
        self._chains.forget(team, channel, ts)
        question = self._known.get(event_id(team, channel, ts))
        if question is not None:
            question.gone = True
        reply = self._answers.of(team, channel, ts)
        if reply is not None and ts != reply.anchor.source_ts:
            if ts in reply.messages and not (reply.ending or reply.unwanted or reply.post.is_cut):
                log.info("answer %s was deleted; request %s is cancelled", ts, reply.request or "(new)")
                await self._answers.withdraw(reply)
            return
        if reply is not None:
            await self._quietly(reply)
        async with self._lookups:
            wordings = await self._find(event_id(team, channel, ts), question)
        rest = [each for _, each in wordings if reply is None or each.request != reply.request]
        for each in rest:
            await self._answers.erase(each.request, each.author, each.place, team, channel)
        for ref in dict.fromkeys(each.ref for each in rest):
            try:
                await self._answers.remove(ref)
            except DeliveryError as error:
                log.warning("the answer to the deleted message %s stays: %s", ts, error)

    def forget_team(self, team: str) -> None:
        """Nothing of a workspace that removed the app is remembered."""
        self._chains.forget_team(team)
        for key in [key for key in self._known if key.startswith(f"{team}/")]:
            del self._known[key]

    async def _quietly(self, reply: SlackReply) -> None:
        log.info("message %s was deleted; request %s is dropped", reply.anchor.source_ts, reply.request or "(new)")
        try:
            await self._answers.discard(reply)
        except DeliveryError as error:
            log.warning("the answer to the deleted message %s stays: %s", reply.anchor.source_ts, error)

    async def _workspace(self, message: Heard) -> Workspace | None:
        workspace = await self._workspaces.get(message.team)
        if workspace is None:
            log.warning("a message came from workspace %s, which has not installed the app", message.team)
        elif message.user == workspace.bot_user:
            return None
        return workspace

    # --- after a kill ---------------------------------------------------------------------------------------------

    async def resume(self) -> None:
        """Take the questions that an earlier process had heard, and acknowledged, and was killed over."""
        for key, noted in list((await self._taking.load()).items()):
            message = _heard_again(noted)
            if message is None or time.time() - float(message.ts) > TAKEN_LATE_S:
                await self._taking.drop(key)
                continue
            workspace = await self._workspace(message)
            if workspace is None:
                await self._taking.drop(key)
                continue
            question = self._remember(message)
            async with question.lock:
                if question.text is not None:
                    continue
                earlier = await self._earlier(message, question)
                if message.edited and earlier:
                    await self._ask_again(workspace, message, question)
                elif not earlier:
                    await self._ask(workspace, message, question, again=True)
                else:
                    await self._taking.drop(key)

    # --- asked ----------------------------------------------------------------------------------------------------

    async def _ask(self, workspace: Workspace, message: Heard, question: Question, *, again: bool = False) -> None:
        """Take a question for the first time. `again`: its placeholder may be there already."""
        key = event_id(message.team, message.channel, message.ts)
        author, place = await self._who_and_where(workspace, message)
        if await self._refused(workspace, author, place, message):
            question.text = message.text
            return
        question.text = message.text
        try:
            await self._taking.put(key, asdict(message))
            reply = await self._placeholder(workspace, message, author, place, key, question, again=again)
            if reply is not None:
                await self._hand_over(workspace, message, question, (author, place, key, ""), reply)
        except BaseException:
            if not question.asked:
                question.text = None  # not taken: the next delivery may get through
            raise
        await self._taking.drop(key)

    async def _ask_again(self, workspace: Workspace, message: Heard, question: Question) -> None:
        """Put the new wording in place of the last one; a message that asked nothing yet asks now."""
        earlier = await self._earlier(message, question)
        if not earlier and not question.asked:
            await self._ask(workspace, message, question)
            return
        base = event_id(message.team, message.channel, message.ts)
        key = event_id(message.team, message.channel, message.ts, message.edited)
        noted = [str(each) for each in await self._wordings.get(base) or ()]
        if key in question.asked or key in [event for event, _ in earlier] or len(noted) >= MOST_WORDINGS:
            return
        author, place = await self._who_and_where(workspace, message)
        question.text = message.text
        if await self._refused(workspace, author, place, message):
            return
        last = question.asked[-1] if question.asked else earlier[-1][0]
        await self._taking.put(base, asdict(message))
        await self._wordings.put(base, [*noted, key])  # first, so that a kill from here on loses nothing
        anchor = question.reply.anchor if question.reply is not None else None
        if anchor is None and earlier:
            anchor = Anchor.load(earlier[-1][1].ref)
        reply = await self._answers.take_over(workspace, anchor, key) if anchor is not None else None
        if reply is None:
            reply = await self._placeholder(workspace, message, author, place, key, question)
        if reply is not None:
            await self._hand_over(workspace, message, question, (author, place, key, last), reply)
        await self._taking.drop(base)

    async def _hand_over(
        self,
        workspace: Workspace,
        message: Heard,
        question: Question,
        asked: tuple[Author, Place, str, str],
        reply: SlackReply,
    ) -> None:
        """Give a question to the application, with what was said in its thread before."""
        author, place, key, replaces = asked
        question.reply = reply
        known = bool(replaces) or await self._is_kept(place)
        chain, thread_files = await self._chains.before(workspace, message, known=known)
        files = await clips(self._workspaces, workspace, [*message.files])
        if not files:
            files = await clips(self._workspaces, workspace, [*thread_files])
        names = {user: await self._people.name(workspace, user) for user in message.mentioned()}
        words = spoken(message.text, workspace.bot_user, names)
        ask = Message(key, author, place, words, tuple(files), chain, replaces, posted_at=posted_at(message.ts))
        if question.gone:
            await self._quietly(reply)
            return
        question.asked.append(key)
        await self._answers.admit(reply, lambda: self._handler.message(ask, reply))
        if place.private and message.thread and not known:
            await self._entitle(workspace, message, words)

    async def _who_and_where(self, workspace: Workspace, message: Heard) -> tuple[Author, Place]:
        author, place = await asyncio.gather(
            self._people.author(workspace, message.user, message.channel),
            self._people.place(workspace, message.channel, message.root, message.kind),
        )
        return author, place

    async def _refused(self, workspace: Workspace, author: Author, place: Place, message: Heard) -> bool:
        """Whether the application says no. The one who asked is told why, once in a while, and nobody else is."""
        try:
            why = await self._handler.refusal(author, place, Wants.ASK)
        except Exception:
            log.exception("the application did not say whether user %s may ask", author.id)
            return False  # what is wrong with it will be said in the answer
        if not why:
            return False
        now, key = self._answers.timing.now(), (author.id, place.conversation)
        said = self._told.get(key)
        if said is None or now - said >= TOLD_AGAIN_AFTER_S:
            self._told[key] = now
            while len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
            await self._answers.whisper_words(workspace, place, author.id, why, thread=message.root)
        return True

    async def _placeholder(
        self,
        workspace: Workspace,
        message: Heard,
        author: Author,
        place: Place,
        key: str,
        question: Question,
        *,
        again: bool = False,
    ) -> SlackReply | None:
        """The message that the answer will live in, tried for as long as somebody may wait for it; None when that is
        impossible."""
        for delay in chain(RETRY_AFTER_S, repeat(RETRY_EVERY_S)):
            try:
                return await self._answers.begin(
                    workspace,
                    author,
                    channel=message.channel,
                    key=key,
                    thread=message.root,
                    private=place.private,
                    source_ts=message.ts,
                    again=again,
                )
            except UNREACHED as error:
                if fault_of(error) not in (Fault.PASSING, Fault.BUSY):
                    await self._explain_silence(workspace, message, author, place, error)
                    return None
                if question.gone or time.time() - float(message.ts) > TAKEN_LATE_S:
                    log.warning("nobody waits for an answer to message %s in %s any more", message.ts, message.channel)
                    return None
                log.info("message %s is answered later, in %.0f s: %s", message.ts, delay, code_of(error) or error)
                again = True
                await self._answers.timing.sleep(max(delay, retry_after(error, 0.0)))
        return None

    async def _explain_silence(
        self, workspace: Workspace, message: Heard, author: Author, place: Place, error: BaseException
    ) -> None:
        log.warning("no answer to message %s in %s: %s", message.ts, message.channel, code_of(error) or error)
        sentence = cannot_write(message.channel, error)
        if sentence and not place.private:
            await write_to(workspace, author.id, sentence)

    async def _entitle(self, workspace: Workspace, message: Heard, words: str) -> None:
        """Give an assistant's thread the title under which people find it again."""
        title = " ".join(words.split())
        if not title:
            return
        try:
            await workspace.hasty.assistant_threads_setTitle(
                channel_id=message.channel, thread_ts=message.thread, title=title[:TITLE]
            )
        except UNREACHED as error:  # most likely a conversation that is none with the assistant
            log.debug("thread %s got no title: %s", message.thread, code_of(error) or error)

    # --- what the application knows -------------------------------------------------------------------------------

    async def _is_kept(self, place: Place) -> bool:
        try:
            return bool(await self._handler.history(place, 1))
        except Exception:
            log.exception("the application did not say what it keeps of a conversation")
            return False

    async def _earlier(self, message: Heard, question: Question) -> Sequence[tuple[str, Exchange]]:
        return await self._find(event_id(message.team, message.channel, message.ts), question)

    async def _find(self, base: str, question: Question | None) -> Sequence[tuple[str, Exchange]]:
        """The wordings of a question that the application still knows, with their event ids: one at most, usually."""
        noted = [str(each) for each in await self._wordings.get(base) or ()]
        events = [base, *noted, *(question.asked if question is not None else ())]
        found = [(event, await self._known_as(event)) for event in dict.fromkeys(events)]
        return [(event, exchange) for event, exchange in found if exchange is not None]

    async def _known_as(self, event: str) -> Exchange | None:
        try:
            return await self._handler.find(PLATFORM, event)
        except Exception:
            log.exception("the application did not say whether it knows message %s", event)
            return None

    def _remember(self, message: Heard) -> Question:
        key = event_id(message.team, message.channel, message.ts)
        question = self._known.get(key)
        if question is None:
            question = self._known[key] = Question()
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return question


def posted_at(ts: str) -> datetime | None:
    """When a message was posted, by Slack's clock."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _heard_again(noted: Any) -> Heard | None:
    """A message out of the notes."""
    try:
        return Heard(**{**noted, "files": tuple(noted["files"])})
    except (TypeError, KeyError):
        return None
