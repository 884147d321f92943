"""How a body that the bot sends becomes a message that people see, and who is told. Knows no route and no socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.discord_server import wire
from tests.fakes.discord_server.calls import ApiError, Upload
from tests.fakes.discord_server.world import LOADING, Channel, File, Interaction, Post, User, World, now

Announce = Callable[[str, Post], None]


class Posting:
    """Creates, edits and deletes the bot's messages; `announce` hears of each with the gateway's name for it."""

    def __init__(self, world: World, bot: User, announce: Announce) -> None:
        self._world, self._bot, self._announce = world, bot, announce

    def create(
        self,
        channel: Channel,
        body: dict[str, Any],
        uploads: Sequence[Upload] = (),
        interaction: Interaction | None = None,
    ) -> Post:
        """A new message; the same one again for a nonce that was used before and is enforced."""
        nonce = None if body.get("nonce") is None else str(body["nonce"])
        if nonce is not None and body.get("enforce_nonce") and nonce in channel.nonces:
            return channel.nonces[nonce]
        files = self._files(channel, body, uploads, kept=())
        self._refuse_nothing(body, files)
        reference = body.get("message_reference") or {}
        answered = str(reference.get("message_id") or "")
        if answered and answered not in channel.posts and reference.get("fail_if_not_exists", True):
            raise ApiError(400, 50035, "Invalid Form Body: message_reference: Unknown message")
        post = self._world.post(
            channel,
            self._bot,
            body.get("content") or "",
            reply_to=channel.posts.get(answered),
            reply_to_id=answered if answered in channel.posts else "",
            flags=body.get("flags") or 0,
            nonce=nonce,
            embeds=body.get("embeds") or [],
            components=body.get("components") or [],
            files=files,
            interaction=interaction,
        )
        if nonce is not None:
            channel.nonces[nonce] = post
        self._tell("MESSAGE_CREATE", post)
        return post

    def edit(self, post: Post, body: dict[str, Any], uploads: Sequence[Upload] = ()) -> None:
        files = self._files(post.channel, body, uploads, kept=post.files)
        kept = {key: getattr(post, key) for key in ("content", "embeds", "components", "flags")}
        merged = {key: body.get(key, old) for key, old in kept.items()}
        self._refuse_nothing(merged, files)
        post.content = merged["content"] or ""
        post.embeds, post.components = merged["embeds"] or [], merged["components"] or []
        post.flags = (merged["flags"] or 0) & ~LOADING
        post.files, post.edited = files, now()
        post.history.append(post.content)
        self._tell("MESSAGE_UPDATE", post)

    def delete(self, post: Post) -> None:
        del post.channel.posts[post.id]
        self._tell("MESSAGE_DELETE", post)

    def readable(self, post: Post, reads_content: bool) -> bool:
        """Whether the bot may read a message: its own, a DM, one that mentions it, or every one with the intent."""
        meant = post.author is self._bot or post.channel.guild is None or self._bot in post.mentions
        return meant or reads_content

    def _tell(self, event: str, post: Post) -> None:
        if not post.ephemeral:
            self._announce(event, post)

    def _files(
        self, channel: Channel, body: dict[str, Any], uploads: Sequence[Upload], kept: Sequence[File]
    ) -> list[File]:
        tier = channel.guild.premium_tier if channel.guild else 0
        if sum(len(upload.data) for upload in uploads) > wire.UPLOAD_LIMITS[tier]:
            raise ApiError(413, 40005, "Request entity too large")
        sent = {upload.field: upload for upload in uploads}
        named = body.get("attachments")
        if named is None:
            return [*kept, *(self._world.file(each.name, each.data, guess_type(each.name)) for each in uploads)]
        files = []
        there = {file.id: file for file in kept}
        for facts in named:
            key = str(facts["id"])
            if key in there:
                files.append(there[key])
            elif upload := sent.get(f"files[{key}]"):
                name = facts.get("filename") or upload.name
                files.append(self._world.file(name, upload.data, guess_type(name), facts.get("description")))
            else:
                raise ApiError(400, 50035, f"Invalid Form Body: attachments: no file {key}")
        return files

    def _refuse_nothing(self, body: dict[str, Any], files: Sequence[File]) -> None:
        loading = (body.get("flags") or 0) & LOADING
        if not (body.get("content") or body.get("embeds") or body.get("components") or files or loading):
            raise ApiError(400, 50006, "Cannot send an empty message")


def guess_type(name: str) -> str:
    """The content type that Discord shows for a file, by its name."""
    known = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "jpg": "image/jpeg", "png": "image/png"}
    return known.get(name.rpartition(".")[2].lower(), "application/octet-stream")
