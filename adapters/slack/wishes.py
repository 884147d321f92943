"""Asking by command, menu and dialog: what is to be answered or made, and the message that it will live in.

The application decides who may; it is asked before anything is posted, and says why not to that person alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.base import Author, GenerateCommand, Handler, Message, Place, Wants
from adapters.shared import sentences
from adapters.slack import strings
from adapters.slack.answers import Answers, cannot_write
from adapters.slack.dialect import SLACK
from adapters.slack.dialogs import (
    PROMPT_LENGTH,
    Kind,
    Origin,
    Submission,
    Wish,
    generate_dialog,
    words_dialog,
)
from adapters.slack.files import SlackFile, clips
from adapters.slack.people import People
from adapters.slack.reply import SlackReply
from adapters.slack.visit import Said, Visit
from adapters.slack.workspace import PLATFORM, UNREACHED, Fault, code_of, fault_of

log = logging.getLogger(__name__)

REFUSAL_PATIENCE_S = 0.7  # before a dialog opens; what is not known by then is asked again when it is sent


class Wishes:
    """New questions and new videos."""

    def __init__(self, answers: Answers, people: People) -> None:
        self._answers = answers
        self._people = people

    @property
    def handler(self) -> Handler:
        return self._answers.handler

    # --- /generate ------------------------------------------------------------------------------------------------

    async def generate(self, visit: Visit, prompt: str) -> None:
        """Begin at once with the words that were typed; without any open the dialog."""
        if not prompt:
            await visit.open_when_ready(self._generate_dialog(visit))
        elif len(prompt) > PROMPT_LENGTH:
            await visit.whisper(strings.PROMPT_TOO_LONG.format(most=PROMPT_LENGTH))
        else:
            await self._make(visit, Wish(prompt))

    async def _generate_dialog(self, visit: Visit) -> Mapping[str, Any] | Said:
        why = await self.soon_refused(visit, Wants.GENERATE)
        return Said(SLACK.harmless(why)) if why else generate_dialog(visit.origin, self.handler.models(Wants.GENERATE))

    # --- a message's menu -----------------------------------------------------------------------------------------

    async def open_about(self, visit: Visit, kind: Kind) -> None:
        """Open the dialog about the clips of a message."""
        await visit.open_when_ready(self._about_dialog(visit, kind))

    async def _about_dialog(self, visit: Visit, kind: Kind) -> Mapping[str, Any] | Said:
        files = await clips(self._answers.workspaces, visit.workspace, files_of(visit.message))
        if not files:
            return Said(sentences.NO_CLIP)
        why = await self.soon_refused(visit, Wants.ASK if kind is Kind.ASK else Wants.GENERATE)
        if why:
            return Said(SLACK.harmless(why))
        origin = Origin(visit.channel, visit.thread or visit.ts, files=tuple(file.id for file in files))
        return words_dialog(kind, origin, file_names=[file.name for file in files])

    # --- dialogs that were sent -----------------------------------------------------------------------------------

    async def take(self, visit: Visit, sent: Submission) -> None:
        """Ask or make what the dialog says."""
        if sent.kind is Kind.GENERATE:
            await self._make(visit, sent.wish)
            return
        files = await clips(self._answers.workspaces, visit.workspace, [{"id": id} for id in sent.about.files])
        if not files:
            await visit.whisper(strings.CLIPS_GONE)
        elif sent.kind is Kind.LIKE:
            await self._make(visit, Wish(sent.words), files)
        else:
            await self._ask(visit, sent.words, files)

    async def _make(self, visit: Visit, wish: Wish, files: list[SlackFile] | None = None) -> None:
        author, place = await self.who_and_where(visit)
        if await self.refused(visit, author, place, Wants.GENERATE):
            return
        reply = await self.begin(visit, author, place)
        if reply is None:
            return
        command = GenerateCommand(
            event_id=visit.key,
            author=author,
            place=replace(place, thread=reply.anchor.root),
            prompt=wish.prompt,
            seconds=wish.seconds,
            width=wish.size[0] if wish.size else None,
            height=wish.size[1] if wish.size else None,
            seed=wish.seed,
            avoid=wish.avoid,
            model=wish.model,
            attachments=tuple(files or ()),
        )
        await self._answers.admit(reply, lambda: self.handler.generate(command, reply))

    async def _ask(self, visit: Visit, question: str, files: list[SlackFile]) -> None:
        author, place = await self.who_and_where(visit)
        if await self.refused(visit, author, place, Wants.ASK):
            return
        reply = await self.begin(visit, author, place)
        if reply is None:
            return
        asked = Message(
            event_id=visit.key,
            author=author,
            place=replace(place, thread=reply.anchor.root),
            text=question,
            attachments=tuple(files),
        )
        await self._answers.admit(reply, lambda: self.handler.message(asked, reply))

    # --- before anything is posted --------------------------------------------------------------------------------

    async def who_and_where(self, visit: Visit) -> tuple[Author, Place]:
        """Who acts, and the place they act from."""
        author = await self._people.author(visit.workspace, visit.user, visit.channel)
        return author, await self._people.place(visit.workspace, visit.channel, visit.thread)

    async def refused(self, visit: Visit, author: Author, place: Place, wants: Wants) -> bool:
        """Whether they may not ask for that there and now; they have been told why, and nobody else has."""
        why = await self._refusal(author, place, wants)
        if why:
            await visit.whisper(SLACK.harmless(why))
        return bool(why)

    async def soon_refused(self, visit: Visit, wants: Wants) -> str:
        """Why they may not ask for that, as far as it is known in the time that a dialog has to open."""
        try:
            async with asyncio.timeout(REFUSAL_PATIENCE_S):
                author, place = await self.who_and_where(visit)
                return await self._refusal(author, place, wants)
        except TimeoutError:
            log.info("interaction %s: whether they may %s was not known in time", visit.key, wants)
            return ""

    async def _refusal(self, author: Author, place: Place, wants: Wants) -> str:
        """Without an answer they may: the application checks again."""
        try:
            return await self.handler.refusal(author, place, wants)
        except Exception:
            log.exception("whether %s may %s could not be asked", author.id, wants)
            return ""

    async def begin(self, visit: Visit, author: Author, place: Place) -> SlackReply | None:
        """Post the message that an answer will live in. None when this was begun already, or when Slack does not let
        the bot write there, of which they have been told."""
        if await self.handler.find(PLATFORM, visit.key) is not None:
            log.info("interaction %s came once more", visit.key)
            return None
        try:
            return await self._begin(visit, author, place, place.thread)
        except UNREACHED as error:
            log.warning("interaction %s: no message in %s: %s", visit.key, place.channel, code_of(error) or error)
            await visit.whisper(why_not(place.channel, error))
            return None

    async def _begin(self, visit: Visit, author: Author, place: Place, thread: str) -> SlackReply:
        try:
            return await self._answers.begin(
                visit.workspace,
                author,
                channel=place.channel,
                key=visit.key,
                thread=thread,
                private=place.private,
                again=visit.again,
            )
        except UNREACHED as error:
            if not (thread and fault_of(error) is Fault.MESSAGE_GONE):
                raise
        return await self._begin(visit, author, place, "")  # the thread's beginning was deleted


def why_not(channel: str, error: BaseException) -> str:
    """What to tell somebody whose answer could not be begun."""
    if fault_of(error) is Fault.PLACE_GONE and not channel.startswith(("C", "G")):
        return strings.CANNOT_WRITE_HERE
    return cannot_write(channel, error) or strings.SLACK_IS_BUSY


def files_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of a message, and those of the messages that it shares."""
    shared = [each for each in message.get("attachments") or () if isinstance(each, Mapping)]
    found = [file for part in (message, *shared) for file in part.get("files") or () if isinstance(file, dict)]
    return list({str(file.get("id")): file for file in found}.values())
