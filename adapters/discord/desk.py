"""What commands, menus, dialogs and buttons do. Knows interactions; knows nothing of the gateway."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import aiohttp
import discord

from adapters.base import GenerateCommand, Handler
from adapters.discord import strings
from adapters.discord.attachments import DiscordFile
from adapters.discord.buttons import forget_buttons
from adapters.discord.intake import Intake
from adapters.discord.posts import InteractionPost, Post
from adapters.discord.reply import Anchor, DiscordReply, Timing

log = logging.getLogger(__name__)

DIALOG_LIFE_S = 15 * 60
_ALREADY_ACKNOWLEDGED = 40060
_UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)


class Host(Protocol):
    """What the desk needs of the client."""

    handler: Handler
    timing: Timing

    def intake(self) -> Intake: ...

    def open_reply(self, post: Post, anchor: Anchor) -> DiscordReply: ...

    async def admit(self, reply: DiscordReply, ask: Callable[[], Any]) -> None: ...


class FrontDesk:
    """Implements `commands.Bench` and `buttons.Desk`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    # --- commands -----------------------------------------------------------------------------------------------

    async def generate(
        self,
        interaction: discord.Interaction,
        *,
        prompt: str,
        seconds: float | None,
        size: tuple[int, int] | None,
        seed: int | None,
        avoid: str,
    ) -> None:
        intake = self._host.intake()
        command = GenerateCommand(
            event_id=str(interaction.id),
            author=intake.author(interaction),
            place=intake.place(interaction),
            prompt=prompt,
            seconds=seconds,
            width=size[0] if size else None,
            height=size[1] if size else None,
            seed=seed,
            avoid=avoid,
        )
        reply = await self._defer(interaction)
        if reply is not None:
            await self._host.admit(reply, lambda: self._host.handler.generate(command, reply))

    async def ask_about_file(self, interaction: discord.Interaction, question: str, clip: discord.Attachment) -> None:
        file = self._host.intake().file(clip)
        if file is None:
            await _whisper(interaction, strings.NOT_A_CLIP)
        else:
            await self.ask(interaction, question, [file])

    async def ask(self, interaction: discord.Interaction, question: str, files: Sequence[DiscordFile]) -> None:
        """Put a question about files; the answer is the response to the interaction."""
        asked = self._host.intake().question(interaction, question, files)
        reply = await self._defer(interaction)
        if reply is not None:
            await self._host.admit(reply, lambda: self._host.handler.message(asked, reply))

    async def open_question(self, interaction: discord.Interaction, message: discord.Message) -> None:
        files = self._host.intake().files(message)
        if not files:
            await _whisper(interaction, strings.NO_CLIP)
            return
        try:
            await interaction.response.send_modal(QuestionDialog(self, files))
        except _UNREACHED as error:
            log.warning("the dialog of interaction %s was not opened: %s", interaction.id, error)

    async def offer_forget(self, interaction: discord.Interaction) -> None:
        if self._may_forget(interaction):
            await _whisper(interaction, strings.FORGET_ASK, forget_buttons())
        else:
            await _whisper(interaction, strings.FORGET_SHARED)

    async def help(self, interaction: discord.Interaction) -> None:
        await _whisper(interaction, strings.HELP)

    async def command_broke(self, interaction: discord.Interaction, error: Exception) -> None:
        log.error("interaction %s broke", interaction.id, exc_info=error)
        await _whisper(interaction, strings.BROKEN)

    # --- buttons ------------------------------------------------------------------------------------------------

    async def press_cancel(self, interaction: discord.Interaction, request: str) -> None:
        """Cancel for the one who asked or for a moderator; the application knows who asked."""
        if await self._host.handler.cancel(request, self._host.intake().author(interaction)):
            try:
                await interaction.response.defer()
            except _UNREACHED as error:
                log.info("interaction %s was not acknowledged: %s", interaction.id, error)
        else:
            await _whisper(interaction, strings.NOTHING_TO_CANCEL)

    async def press_forget(self, interaction: discord.Interaction) -> None:
        if not self._may_forget(interaction):
            await _whisper(interaction, strings.FORGET_SHARED)
            return
        try:
            await interaction.response.defer()
            await self._host.handler.forget(self._host.intake().place(interaction))
            await interaction.edit_original_response(content=strings.FORGOTTEN, view=None)
        except _UNREACHED as error:
            log.warning("interaction %s: the end of /forget was not shown: %s", interaction.id, error)

    def _may_forget(self, interaction: discord.Interaction) -> bool:
        """A direct message is its author's own; elsewhere the conversation is everyone's."""
        return interaction.guild_id is None or self._host.intake().author(interaction).is_admin

    # --- replies ------------------------------------------------------------------------------------------------

    async def _defer(self, interaction: discord.Interaction) -> DiscordReply | None:
        """Acknowledge within Discord's three seconds; what follows are edits of that response."""
        try:
            message = await _acknowledge(interaction)
        except _UNREACHED as error:
            log.warning("interaction %s was not acknowledged in time: %s", interaction.id, error)
            return None
        post = InteractionPost(interaction.client, interaction, message, now=self._host.timing.now)
        anchor = Anchor(
            kind="interaction",
            channel=interaction.channel_id or 0,
            author=self._host.intake().author(interaction),
            messages=[message],
            private=interaction.guild_id is None,
        )
        return self._host.open_reply(post, anchor)


class QuestionDialog(discord.ui.Modal, title=strings.ASK_TITLE):
    """Asks for the question about the clips of a message."""

    question: discord.ui.Label[Any] = discord.ui.Label(
        text=strings.ASK_LABEL,
        component=discord.ui.TextInput(
            style=discord.TextStyle.paragraph, placeholder=strings.ASK_HINT, max_length=1500
        ),
    )

    def __init__(self, desk: FrontDesk, files: Sequence[DiscordFile]) -> None:
        super().__init__(timeout=DIALOG_LIFE_S)
        self._desk = desk
        self._files = files

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        written = self.question.component
        text = written.value if isinstance(written, discord.ui.TextInput) else ""
        await self._desk.ask(interaction, text, self._files)

    # A dialog's errors come without the item that a view's errors name; discord.py's own class differs there, too.
    async def on_error(  # type: ignore[override]
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        await self._desk.command_broke(interaction, error)


async def _acknowledge(interaction: discord.Interaction) -> int:
    """Defer, and return the id of the message that will be edited. Raises what Discord answers."""
    try:
        response = await interaction.response.defer(thinking=True)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ACKNOWLEDGED:  # an earlier try got through although its answer was lost
            raise
        response = None
    if response is not None and response.message_id is not None:
        return response.message_id
    return (await interaction.original_response()).id


async def _whisper(interaction: discord.Interaction, text: str, view: discord.ui.View | None = None) -> None:
    """Say something to the one who acted, and to nobody else."""
    shown = view if view is not None else discord.utils.MISSING
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, view=shown)
        else:
            await interaction.response.send_message(text, ephemeral=True, view=shown)
    except _UNREACHED as error:
        log.info("interaction %s got no word: %s", interaction.id, error)
