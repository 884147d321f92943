"""Made videos on their way into a thread: uploaded once, and shown before anybody says so. Knows no views.

A video is a message of its own in the thread. Slack has no spoilers, and no file that one person alone sees, so a
"Show" button would have to upload a copy for everybody who presses it. A warned video is therefore announced by the
warning under the answer, stands in the thread, one click away from the channel, and says in its title what it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from adapters.base import MadeVideo
from adapters.shared.pacing import Timing
from adapters.shared.state import Notes
from adapters.shared.words import file_name, shorten
from adapters.slack.records import Anchor
from adapters.slack.workspace import UNREACHED, Fault, Workspace, code_of, fault_of

log = logging.getLogger(__name__)

SEEN_AFTER_S = (0.3, 0.7, 1.5, 3.0, 5.0, 10.0, 20.0)  # Slack shows a file some time after it has taken it
AGAIN_S = (1.0, 3.0, 9.0)
UPLOAD_S = 300
ALT_TEXT = 1000  # characters
TITLE = 200
_TOO_LARGE = frozenset({"file_upload_size_restricted", "file_size_limit_exceeded", "storage_limit_reached"})


class VideoGone(Exception):
    """A made video can't be read from the disk any more."""


class TooLarge(Exception):
    """Slack does not take a file of this size."""


class Uploads:
    """Brings videos into threads. What was uploaded is noted, so that a second try and a restart don't do it again."""

    def __init__(self, session: Callable[[], aiohttp.ClientSession], notes: Notes, timing: Timing) -> None:
        self._session = session
        self._notes = notes
        self._timing = timing

    async def share(
        self, workspace: Workspace, anchor: Anchor, videos: Sequence[MadeVideo], *, title: str = ""
    ) -> bool:
        """Show these in the anchor's thread. True once all of them can be seen there, False when Slack takes longer.

        Raises `VideoGone`, `TooLarge`, or what Slack answers.
        """
        seen = True
        for number, video in enumerate(videos):
            note = f"{anchor.key}#{number}"
            file = str(await self._notes.get(note) or "")
            if not file:
                file = await self._upload(workspace, video, number)
                await self._notes.put(note, file)
            if file not in anchor.files:
                anchor.files.append(file)
            if not await self._is_seen(workspace, anchor, file):
                shown = " ".join(part for part in (title, shorten(video.prompt, TITLE)) if part)
                await self._complete(workspace, anchor, file, shown or file_name(video.prompt, number))
                seen = await self._wait_until_seen(workspace, anchor, file) and seen
        return seen

    async def _upload(self, workspace: Workspace, video: MadeVideo, number: int) -> str:
        """Hand Slack the bytes. Returns the file's id; nobody sees it yet, so this may be repeated."""
        path = Path(video.path)
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except OSError as error:
            raise VideoGone(str(error)) from error
        try:
            ticket = await workspace.client.files_getUploadURLExternal(
                filename=file_name(video.prompt, number), length=size, alt_txt=shorten(video.prompt, ALT_TEXT) or None
            )
        except SlackApiError as error:
            raise (TooLarge(code_of(error)) if code_of(error) in _TOO_LARGE else error) from error
        try:
            body = await asyncio.to_thread(path.open, "rb")
        except OSError as error:
            raise VideoGone(str(error)) from error
        with body:
            timeout = aiohttp.ClientTimeout(total=UPLOAD_S)
            async with self._session().post(str(ticket["upload_url"]), data=body, timeout=timeout) as response:
                if response.status == 413:
                    raise TooLarge(str(response.status))
                if response.status >= 400:
                    raise aiohttp.ClientResponseError(
                        response.request_info, response.history, status=response.status, message="upload refused"
                    )
        return str(ticket["file_id"])

    async def _complete(self, workspace: Workspace, anchor: Anchor, file: str, title: str) -> None:
        """Have a file shown. Whether it got through is looked up before it is said again."""
        delays = iter(AGAIN_S)
        while True:
            try:
                await workspace.client.files_completeUploadExternal(
                    files=[{"id": file, "title": title}], channel_id=anchor.channel, thread_ts=anchor.root
                )
            except UNREACHED as error:
                delay = next(delays, None) if fault_of(error) is Fault.PASSING else None
                if delay is None:
                    raise
                await self._timing.sleep(delay)
                if await self._is_seen(workspace, anchor, file):
                    return
            else:
                return

    async def _wait_until_seen(self, workspace: Workspace, anchor: Anchor, file: str) -> bool:
        """Slack's answer is no proof of a visible message; the file's shares are."""
        for delay in SEEN_AFTER_S:
            if await self._is_seen(workspace, anchor, file):
                return True
            await self._timing.sleep(delay)
        return await self._is_seen(workspace, anchor, file)

    async def _is_seen(self, workspace: Workspace, anchor: Anchor, file: str) -> bool:
        try:
            found: dict[str, Any] = (await workspace.client.files_info(file=file))["file"]
        except UNREACHED as error:
            log.info("file %s can't be looked up: %s", file, code_of(error) or error)
            return False
        shares = found.get("shares") or {}
        return any(anchor.channel in (shares.get(kind) or {}) for kind in ("public", "private"))

    async def remove(self, workspace: Workspace, anchor: Anchor) -> None:
        """Delete the videos of an answer, and with them their messages. Those that are gone already are fine."""
        noted = [await self._notes.get(f"{anchor.key}#{number}") for number in range(10)]
        for file in dict.fromkeys([*anchor.files, *(str(each) for each in noted if each)]):
            try:
                await workspace.client.files_delete(file=file)
            except UNREACHED as error:
                if code_of(error) not in ("file_not_found", "file_deleted"):
                    raise
        for number in range(10):
            await self._notes.drop(f"{anchor.key}#{number}")
