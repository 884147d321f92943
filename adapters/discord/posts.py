"""How the messages of one request are sent and changed: with the bot's token, or with an interaction's while it lives.

Knows Discord's API and its error codes; knows no views.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

import aiohttp
import discord

from adapters.base import MadeVideo
from adapters.shared.words import file_name

log = logging.getLogger(__name__)

TOKEN_LIFE_S = 14 * 60  # an interaction's token dies after 15 minutes; the last one is not worth the risk
_NOBODY = discord.AllowedMentions.none()
_MISSING = discord.utils.MISSING
_DEAD_TOKEN = frozenset({10015, 10062, 50027})  # unknown webhook, unknown interaction, invalid webhook token


class Fault(Enum):
    """What an error of Discord means for a message."""

    PASSING = auto()  # worth another try
    MESSAGE_GONE = auto()
    PLACE_GONE = auto()  # the channel or the guild, or the right to see it or to write there
    CLOSED = auto()  # this message can't be edited now: older than an hour and edited often, or in an archived thread
    TOO_LARGE = auto()
    NO_FILES = auto()  # files may not be attached in that place
    REFUSED = auto()


_FAULTS = {
    10003: Fault.PLACE_GONE,
    10004: Fault.PLACE_GONE,
    10008: Fault.MESSAGE_GONE,
    30046: Fault.CLOSED,
    40005: Fault.TOO_LARGE,
    50001: Fault.PLACE_GONE,
    50013: Fault.PLACE_GONE,
    50083: Fault.CLOSED,
    160005: Fault.CLOSED,
    20016: Fault.PASSING,  # slow mode
    20022: Fault.PASSING,  # announcement edits, and
    20028: Fault.PASSING,  # writes to this channel, and
    20029: Fault.PASSING,  # writes to this server: too many for now
    40333: Fault.PASSING,  # a proxy of Discord's stands in the way
    130000: Fault.PASSING,  # overloaded
}
_MISSING_PERMISSIONS = 50013
_MAY_NOT_REPLY = 160002  # replying needs the right to read the history; sending does not


def fault_of(error: BaseException) -> Fault:
    """Sort an error of discord.py or of the network below it."""
    if isinstance(error, MayNotAttach):
        return Fault.NO_FILES
    if isinstance(error, discord.HTTPException):
        if error.code in _FAULTS:
            return _FAULTS[error.code]
        if error.status == 413:
            return Fault.TOO_LARGE
        if error.status == 404:
            return Fault.MESSAGE_GONE
        # 401 says nothing of the message: with another token, or a moment later, it may be taken.
        return Fault.PASSING if error.status in (401, 408, 429) or error.status >= 500 else Fault.REFUSED
    passing = isinstance(error, discord.RateLimited | aiohttp.ClientError | OSError)
    return Fault.PASSING if passing else Fault.REFUSED


def is_final(error: BaseException) -> bool:
    """Whether Discord will answer the same whenever it is asked again. What is no answer of Discord's never is."""
    answered = isinstance(error, discord.HTTPException | MayNotAttach)
    return answered and fault_of(error) is not Fault.PASSING


class VideoGone(Exception):
    """A made video can't be read from the disk any more."""


class MayNotAttach(Exception):
    """Discord lets the bot write there, but attach no files."""


def open_videos(videos: Sequence[MadeVideo], *, spoiler: bool = False) -> list[discord.File]:
    """Open made videos for one upload; sending closes them, whatever comes of it. Raises `VideoGone`."""
    files: list[discord.File] = []
    try:
        for number, video in enumerate(videos):
            name = file_name(video.prompt, number)
            files.append(discord.File(video.path, name, spoiler=spoiler, description=video.prompt[:1024]))
    except OSError as error:
        for file in files:
            file.close()
        raise VideoGone(str(error)) from error
    return files


async def tell(
    client: discord.Client, user: int, content: str, nonce: str, *, view: discord.ui.View | None = None
) -> bool:
    """Write to one person. False when they take no messages from the bot; raises what may pass."""
    try:
        room = await client.create_dm(discord.Object(user))
        await room.send(content, nonce=nonce, view=view or _MISSING, allowed_mentions=_NOBODY)
    except discord.HTTPException as error:
        if fault_of(error) is Fault.PASSING:
            raise
        return False
    return True


class Post(Protocol):
    """The messages of one request, as its reply uses them. Every call may raise what `fault_of` sorts."""

    first_then_private: bool  # whether the private word can only be said after the first edit

    async def edit(
        self,
        message: int,
        content: str,
        view: discord.ui.View | None,
        videos: Sequence[MadeVideo],
        *,
        spoiler: bool = False,
    ) -> None:
        """Change a message. `spoiler` hides the videos until somebody wants to see them."""

    async def follow(
        self,
        after: int,
        content: str,
        nonce: str,
        videos: Sequence[MadeVideo] = (),
        *,
        view: discord.ui.View | None = None,
        spoiler: bool = False,
    ) -> int:
        """Send one more message in the reply chain. Returns its id."""

    async def delete(self, message: int) -> None: ...

    async def typing(self) -> None: ...

    async def tell(self, content: str, nonce: str, *, view: discord.ui.View | None = None) -> bool:
        """Say something to the author alone. False when they don't take messages from the bot."""


class ChannelPost:
    """Messages in a channel, by the bot's own token. Needs nothing but ids, so it also works after a restart."""

    first_then_private = False

    def __init__(self, client: discord.Client, channel: int, author: int) -> None:
        self._client = client
        self._author = author
        self._room = client.get_partial_messageable(channel)
        self._may_not_reply = False

    async def edit(
        self,
        message: int,
        content: str,
        view: discord.ui.View | None,
        videos: Sequence[MadeVideo],
        *,
        spoiler: bool = False,
    ) -> None:
        try:
            await self._room.get_partial_message(message).edit(
                content=content,
                view=view,
                attachments=open_videos(videos, spoiler=spoiler) or _MISSING,
                allowed_mentions=_NOBODY,
            )
        except discord.Forbidden as error:
            _name_the_right(error, videos)
            raise

    async def clear(self, message: int, content: str) -> None:
        """Let a message say only this, without the files and the buttons that it had."""
        await self._room.get_partial_message(message).edit(
            content=content, view=None, attachments=[], allowed_mentions=_NOBODY
        )

    async def follow(
        self,
        after: int,
        content: str,
        nonce: str,
        videos: Sequence[MadeVideo] = (),
        *,
        view: discord.ui.View | None = None,
        spoiler: bool = False,
    ) -> int:
        there = discord.MessageReference(message_id=after, channel_id=self._room.id, fail_if_not_exists=False)
        while True:
            more: dict[str, Any] = {} if self._may_not_reply else {"reference": there}
            try:
                sent: discord.Message = await self._room.send(
                    content,
                    files=open_videos(videos, spoiler=spoiler) or _MISSING,
                    view=view or _MISSING,
                    nonce=nonce,
                    allowed_mentions=_NOBODY,
                    mention_author=False,
                    **more,
                )
            except discord.HTTPException as error:
                if error.code != _MAY_NOT_REPLY or self._may_not_reply:
                    _name_the_right(error, videos)
                    raise
                self._may_not_reply = True
            else:
                return sent.id

    async def delete(self, message: int) -> None:
        await self._room.get_partial_message(message).delete()

    async def typing(self) -> None:
        await self._room.typing()

    async def tell(self, content: str, nonce: str, *, view: discord.ui.View | None = None) -> bool:
        return await tell(self._client, self._author, content, nonce, view=view)


def _name_the_right(error: discord.HTTPException, videos: Sequence[MadeVideo]) -> None:
    """Raise `MayNotAttach` where the missing right can only be that one: words alone would have been taken."""
    if videos and error.code == _MISSING_PERMISSIONS:
        raise MayNotAttach(str(error)) from error


class InteractionPost(ChannelPost):
    """The response to an interaction. Goes on by the bot's own token once the interaction's has died."""

    first_then_private = True

    def __init__(
        self,
        client: discord.Client,
        interaction: discord.Interaction,
        original: int,
        *,
        now: Callable[[], float],
    ) -> None:
        channel = interaction.channel_id
        if channel is None:
            raise ValueError("an interaction without a channel has no message to edit")
        super().__init__(client, channel, interaction.user.id)
        self._interaction = interaction
        self._original = original
        self._by_token = {original}  # the messages that the interaction's token may edit
        self._now = now
        self._until = now() + TOKEN_LIFE_S

    def _alive(self) -> bool:
        return self._now() < self._until

    def _dies_of(self, error: discord.HTTPException) -> bool:
        """Remember that the token is dead, when that is what the error says."""
        dead = error.code in _DEAD_TOKEN or error.status == 401
        if dead:
            self._until = float("-inf")
        return dead

    async def edit(
        self,
        message: int,
        content: str,
        view: discord.ui.View | None,
        videos: Sequence[MadeVideo],
        *,
        spoiler: bool = False,
    ) -> None:
        if self._alive() and message in self._by_token:
            try:
                await self._edit_by_token(message, content, view, open_videos(videos, spoiler=spoiler))
            except discord.HTTPException as error:
                if not self._dies_of(error):
                    _name_the_right(error, videos)
                    raise
            else:
                return
        await super().edit(message, content, view, videos, spoiler=spoiler)

    async def _edit_by_token(
        self, message: int, content: str, view: discord.ui.View | None, files: list[discord.File]
    ) -> None:
        if message == self._original:
            await self._interaction.edit_original_response(
                content=content, view=view, attachments=files or _MISSING, allowed_mentions=_NOBODY
            )
        else:
            await self._interaction.followup.edit_message(
                message, content=content, view=view, attachments=files or _MISSING, allowed_mentions=_NOBODY
            )

    async def follow(
        self,
        after: int,
        content: str,
        nonce: str,
        videos: Sequence[MadeVideo] = (),
        *,
        view: discord.ui.View | None = None,
        spoiler: bool = False,
    ) -> int:
        """Send by the bot's own token, whose nonces keep a repeated send from doubling; an interaction's has none.

        Where the bot itself may not write, the interaction's token still may.
        """
        try:
            return await super().follow(after, content, nonce, videos, view=view, spoiler=spoiler)
        except discord.HTTPException as error:
            if fault_of(error) is not Fault.PLACE_GONE or not self._alive():
                raise
        sent = await self._interaction.followup.send(
            content,
            wait=True,
            files=open_videos(videos, spoiler=spoiler) or _MISSING,
            view=view or _MISSING,
            allowed_mentions=_NOBODY,
        )
        self._by_token.add(sent.id)
        return sent.id

    async def typing(self) -> None:
        """Discord shows by itself that the command is being worked on."""

    async def tell(self, content: str, nonce: str, *, view: discord.ui.View | None = None) -> bool:
        if self._alive():
            try:
                await self._interaction.followup.send(
                    content, ephemeral=True, view=view or _MISSING, allowed_mentions=_NOBODY
                )
            except discord.HTTPException as error:
                if fault_of(error) is Fault.PASSING:
                    raise
                self._dies_of(error)
            else:
                return True
        return await super().tell(content, nonce, view=view)
