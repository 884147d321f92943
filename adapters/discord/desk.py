"""Where commands, menus, dialogs and buttons arrive, and who does their work. Knows nothing of the gateway."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Sequence

import discord

from adapters.base import GenerateCommand, ModelOption, Wants
from adapters.discord import strings
from adapters.discord.attachments import DiscordFile
from adapters.discord.buttons import Reach
from adapters.discord.counter import UNREACHED, Counter, Host
from adapters.discord.dialogs import Kind, Submission, dialog, submission
from adapters.discord.markup import plain
from adapters.discord.records import Records
from adapters.discord.results import Results
from adapters.shared import sentences
from adapters.shared.actions import Action
from adapters.shared.words import listing

log = logging.getLogger(__name__)

MODELS_NAMED = 10
OPEN_DIALOGS = 256  # menus whose clips are remembered until their dialog is sent


class FrontDesk:
    """Implements `commands.Bench` and `buttons.Desk`."""

    def __init__(self, host: Host) -> None:
        self._counter = Counter(host)
        self._results = Results(self._counter)
        self._records = Records(self._counter)
        self._clips: OrderedDict[str, Sequence[DiscordFile]] = OrderedDict()  # by the interaction that chose the menu

    # --- commands -----------------------------------------------------------------------------------------------

    async def generate(
        self,
        interaction: discord.Interaction,
        *,
        prompt: str,
        seconds: float | None = None,
        size: tuple[int, int] | None = None,
        seed: int | None = None,
        avoid: str = "",
        model: str = "",
        clip: discord.Attachment | None = None,
    ) -> None:
        """Make a video of words, and like a clip when there is one."""
        chosen = self._model(model)
        if model and chosen is None:
            await self._counter.whisper(interaction, _no_such_model(model, self.models()))
            return
        file = self._counter.host.intake().file(clip) if clip is not None else None
        if clip is not None and file is None:
            await self._counter.whisper(interaction, sentences.NOT_A_CLIP)
            return
        command = GenerateCommand(
            event_id=str(interaction.id),
            author=self._counter.author(interaction),
            place=self._counter.place(interaction),
            prompt=prompt,
            seconds=seconds,
            width=size[0] if size else None,
            height=size[1] if size else None,
            seed=seed,
            avoid=avoid,
            model=chosen.name if chosen is not None else "",
            attachments=(file,) if file is not None else (),
        )
        await self._make(interaction, command)

    def models(self) -> Sequence[ModelOption]:
        """The models that `/generate` offers, the default one first."""
        return self._counter.handler.models(Wants.GENERATE)

    async def ask_about_file(self, interaction: discord.Interaction, question: str, clip: discord.Attachment) -> None:
        file = self._counter.host.intake().file(clip)
        if file is None:
            await self._counter.whisper(interaction, sentences.NOT_A_CLIP)
        else:
            await self._ask(interaction, question, [file])

    async def open_question(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await self._open_about_clips(interaction, message, Kind.ASK, Wants.ASK)

    async def open_likeness(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await self._open_about_clips(interaction, message, Kind.LIKE, Wants.GENERATE)

    async def show_queue(self, interaction: discord.Interaction) -> None:
        await self._records.show_queue(interaction)

    async def offer_forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        await self._records.offer_forget(interaction, reach)

    async def help(self, interaction: discord.Interaction) -> None:
        more = f"\n\n{strings.HELP_ADMIN}" if self._counter.author(interaction).is_admin else ""
        await self._counter.whisper(interaction, strings.HELP + more)

    async def command_broke(self, interaction: discord.Interaction, error: Exception) -> None:
        log.error("interaction %s broke", interaction.id, exc_info=error)
        await self._counter.whisper(interaction, sentences.BROKEN)

    # --- buttons and dialogs ------------------------------------------------------------------------------------

    async def press(self, interaction: discord.Interaction, action: Action, request: str) -> None:
        await self._guard(interaction, self._results.press(interaction, action, request))

    async def press_drop(self, interaction: discord.Interaction, request: str) -> None:
        await self._guard(interaction, self._records.drop(interaction, request))

    async def press_forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        await self._guard(interaction, self._records.forget(interaction, reach))

    async def take_dialog(self, interaction: discord.Interaction) -> None:
        """Read a dialog that was sent, if this interaction is one of these dialogs."""
        sent = submission(dict(interaction.data or {}))
        if interaction.type is not discord.InteractionType.modal_submit or sent is None:
            return
        if sent.kind in (Kind.ASK, Kind.LIKE):
            await self._guard(interaction, self._take_about_clips(interaction, sent))
        else:
            await self._guard(interaction, self._results.take(interaction, sent))

    # --- helpers ------------------------------------------------------------------------------------------------

    async def _guard(self, interaction: discord.Interaction, work: Awaitable[None]) -> None:
        """Say it to the one who acted when something breaks; discord.py would only log it."""
        try:
            await work
        except Exception:
            log.exception("interaction %s broke", interaction.id)
            await self._counter.whisper(interaction, sentences.BROKEN)

    async def _ask(self, interaction: discord.Interaction, question: str, files: Sequence[DiscordFile]) -> None:
        """Put a question about files; the answer is the response to the interaction."""
        if await self._counter.refused(interaction, Wants.ASK):
            return
        asked = self._counter.host.intake().question(interaction, question, files)
        reply = await self._counter.open_answer(interaction)
        if reply is not None:
            await self._counter.host.admit(reply, lambda: self._counter.handler.message(asked, reply))

    async def _make(self, interaction: discord.Interaction, command: GenerateCommand) -> None:
        if await self._counter.refused(interaction, Wants.GENERATE):
            return
        reply = await self._counter.open_answer(interaction)
        if reply is not None:
            await self._counter.host.admit(reply, lambda: self._counter.handler.generate(command, reply))

    async def _open_about_clips(
        self, interaction: discord.Interaction, message: discord.Message, kind: Kind, wants: Wants
    ) -> None:
        """Open a dialog about the clips of a message. Only this process can read them again: the bot is shown other
        people's messages when they choose a menu, and not later."""
        files = self._counter.host.intake().files(message)
        if not files:
            await self._counter.whisper(interaction, sentences.NO_CLIP)
            return
        if await self._counter.refused(interaction, wants):
            return
        self._clips[str(interaction.id)] = files
        while len(self._clips) > OPEN_DIALOGS:
            self._clips.popitem(last=False)
        try:
            await interaction.response.send_modal(dialog(kind, str(interaction.id)))
        except UNREACHED as error:
            log.warning("the dialog of interaction %s was not opened: %s", interaction.id, error)

    async def _take_about_clips(self, interaction: discord.Interaction, sent: Submission) -> None:
        files = self._clips.pop(sent.about, None)
        if files is None:
            await self._counter.whisper(interaction, sentences.DIALOG_OLD)
        elif sent.kind is Kind.ASK:
            await self._ask(interaction, sent.words, files)
        else:
            command = GenerateCommand(
                event_id=str(interaction.id),
                author=self._counter.author(interaction),
                place=self._counter.place(interaction),
                prompt=sent.words,
                attachments=tuple(files),
            )
            await self._make(interaction, command)

    def _model(self, wanted: str) -> ModelOption | None:
        """The option that was chosen from the list, or typed as it is named or labelled there."""
        word = wanted.strip().casefold()
        return next((each for each in self.models() if word in (each.name.casefold(), each.label.casefold())), None)


def _no_such_model(name: str, options: Sequence[ModelOption]) -> str:
    if not options:
        return sentences.NO_MODELS
    return sentences.NO_SUCH_MODEL.format(
        name=plain(name[:100]), names=listing([plain(each.label[:80]) for each in options[:MODELS_NAMED]])
    )
