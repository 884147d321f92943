"""Files: the three steps by which the app uploads them, and the addresses from which it fetches what people posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.slack_server import limits, wire
from tests.fakes.slack_server.calls import ApiError, Call
from tests.fakes.slack_server.chat import Chat
from tests.fakes.slack_server.door import Method
from tests.fakes.slack_server.world import File, World

SIGN_IN = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in to your workspace</body></html>"


class Uploads:
    """`delayed` keeps completed files from being seen until `publish` is called; else they are seen a moment later."""

    def __init__(self, world: World, chat: Chat, changed: Callable[[], None]) -> None:
        self.world, self.chat, self._changed = world, chat, changed
        self.delayed = False
        self.cut_after: int | None = None  # bytes of a download, then the connection ends
        self.downloads: list[tuple[str, str]] = []  # (file id, authorization)
        self._waiting: list[Callable[[], None]] = []

    def methods(self) -> dict[str, Method]:
        return {
            "files.getUploadURLExternal": self.reserve,
            "files.completeUploadExternal": self.complete,
            "files.info": self.info,
            "files.delete": self.delete,
        }

    def publish(self) -> None:
        """Make everything seen that `delayed` has kept back."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each()

    async def reserve(self, call: Call) -> dict[str, Any]:
        if not call["filename"] or not str(call["length"] or "").isdigit() or int(call["length"]) < 1:
            raise ApiError("invalid_arguments")
        file = self.world.file(call.workspace.bot, str(call["filename"]))
        file.mimetype = "video/mp4" if file.name.endswith(".mp4") else "application/octet-stream"
        return {"upload_url": f"{self.chat.base()}/upload/v1/{file.id}", "file_id": file.id}

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """The bytes, raw or in a form."""
        file = self.world.files.get(request.match_info["file_id"])
        if file is None or file.completed:
            return web.Response(status=404, text="no such upload")
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                file.data = bytes(await part.read())
        else:
            file.data = await request.read()
        file.uploaded = True
        self._changed()
        return web.Response(text=f"OK - {len(file.data)}")

    async def complete(self, call: Call) -> dict[str, Any]:
        wanted = [self.world.files.get(str(each.get("id"))) for each in call["files"] or ()]
        files = [each for each in wanted if each is not None and each.uploaded and not each.completed]
        if not files or len(files) != len(wanted):
            raise ApiError("file_not_found")
        for file, each in zip(files, call["files"], strict=True):
            file.completed, file.title = True, str(each.get("title") or file.name)
        if call["channel_id"] or call["channels"]:
            self._share(call, files)
        return {"files": [{"id": each.id, "title": each.title} for each in files]}

    def _share(self, call: Call, files: list[File]) -> None:
        wanted = str(call["channel_id"] or call["channels"])
        if wanted.startswith(("U", "W")):
            self.chat.door.blame(call, "channel_id is a user's id")
        call.args["channel"] = wanted
        channel = self.chat.channel(call)
        comment = str(call["initial_comment"] or "")
        for each in [*limits.check_markup(comment, "initial_comment"), *limits.check_blocks(call["blocks"] or [], 50)]:
            self.chat.door.blame(call, each)
        thread = str(call["thread_ts"] or "")

        def show() -> None:
            text = "" if call["blocks"] else comment
            post = self.world.post(
                channel, call.workspace.bot, text, blocks=call["blocks"] or [], thread_ts=thread, files=files
            )
            for file in files:
                file.shares.append(post)
            self.chat.echo.posted(post)

        if self.delayed:
            self._waiting.append(show)
        else:
            asyncio.get_running_loop().call_soon(show)

    async def info(self, call: Call) -> dict[str, Any]:
        file = self.world.files.get(str(call["file"]))
        if file is None:
            raise ApiError("file_not_found")
        if file.deleted:
            raise ApiError("file_deleted")
        return {"file": wire.file(file, self.chat.base(), whole=True)}

    async def delete(self, call: Call) -> dict[str, Any]:
        file = self.world.files.get(str(call["file"]))
        if file is None or file.deleted:
            raise ApiError("file_deleted" if file else "file_not_found")
        if file.user is not call.workspace.bot:
            raise ApiError("cant_delete_file")
        self.retract(file)
        return {}

    def retract(self, file: File) -> None:
        """A file goes; a message that had nothing else goes with it."""
        file.deleted = True
        for post in list(file.shares):
            if not post.text and not post.blocks and all(each.deleted for each in post.files):
                self.chat.remove(post)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes for who may have them. Everybody else gets the page to sign in, with a 200."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        file = self.world.files.get(request.match_info["address"].rpartition("-")[2])
        self.downloads.append((file.id if file else "", request.headers.get("Authorization", "")))
        self._changed()
        team = next((each for each in self.world.teams.values() if each.token == token), None)
        if team is None or not team.installed or "files:read" not in team.scopes:
            return web.Response(text=SIGN_IN, content_type="text/html")
        if file is None or file.deleted:
            return web.Response(status=404, text="not found")
        if self.cut_after is None:
            return web.Response(body=file.data, content_type=file.mimetype)
        response = web.StreamResponse(headers={"Content-Length": str(len(file.data)), "Content-Type": file.mimetype})
        await response.prepare(request)
        await response.write(file.data[: self.cut_after])
        if request.transport is not None:
            request.transport.close()
        return response
