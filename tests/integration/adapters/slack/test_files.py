"""Posted files on Slack: fetched with the bot's token, from Slack's own hosts and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from adapters.base import Attachment, AttachmentError
from adapters.shared.media import media_type
from adapters.slack.files import FileHosts, SlackFile
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import CLIP, ScriptedHandler


async def read(attachment: Attachment) -> bytes:
    return b"".join([chunk async for chunk in attachment.read()])


async def ask(slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, *files: Any) -> Any:
    slack.say(ann, clips, "what?", mention=True, files=files)
    return await handler.next()


async def test_a_clip_is_read_with_the_bots_token(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann, CLIP)
    (clip,) = asked.what.attachments
    assert (clip.name, clip.content_type, clip.size) == ("bikes.mp4", "video/mp4", len(CLIP[1]))
    assert await read(clip) == CLIP[1]
    assert slack.uploads.downloads[-1][1] == f"Bearer {slack.bot_token}"
    await asked.ends("A bike.")


async def test_other_files_are_no_clips(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann, ("notes.pdf", b"%PDF"), ("cat.gif", b"GIF89a"))
    assert [each.name for each in asked.what.attachments] == ["cat.gif"]
    await asked.ends("A cat.")


async def test_a_file_of_another_organisation_is_looked_up(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann, slack.file(ann, *CLIP, stub=True))
    (clip,) = asked.what.attachments
    assert clip.name == "bikes.mp4"
    assert await read(clip) == CLIP[1]
    await asked.ends("A bike.")


async def test_a_missing_scope_is_told_to_the_author_and_to_the_log(
    slack: SlackServer,
    adapter: Any,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = await ask(slack, handler, clips, ann, CLIP)
    slack.team.scopes.discard("files:read")
    with pytest.raises(AttachmentError, match="files:read"):
        await read(asked.what.attachments[0])
    assert any("files:read" in each.getMessage() and each.levelname == "ERROR" for each in caplog.records)
    assert slack.bot_token not in caplog.text
    await asked.ends("I could not.")


async def test_a_download_that_breaks_off_is_said_so(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann, ("long.mp4", b"x" * 500_000))
    slack.uploads.cut_after = 100_000
    with pytest.raises(AttachmentError, match="broke off"):
        await read(asked.what.attachments[0])
    await asked.ends("I could not.")


async def test_a_file_that_was_deleted_is_said_so(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    file = slack.file(ann, *CLIP)
    asked = await ask(slack, handler, clips, ann, file)
    file.deleted = True
    with pytest.raises(AttachmentError, match="no longer"):
        await read(asked.what.attachments[0])
    await asked.ends("I could not.")


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """A stranger's server, and the tokens that it was given."""
    tokens: list[str] = []

    async def take(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization", ""))
        return web.Response(body=b"gotcha", content_type="video/mp4")

    app = web.Application()
    app.router.add_get("/{rest:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", tokens
    await runner.cleanup()


async def test_the_token_goes_nowhere_else_whatever_a_file_says(
    slack: SlackServer, adapter: Any, elsewhere: tuple[str, list[str]]
) -> None:
    address, tokens = elsewhere
    workspace = await adapter.workspaces.get(slack.team.id)
    file = {"id": "F1", "url_private_download": f"{address}/a.mp4"}
    hosts = FileHosts(adapter.workspaces.api_base)
    clip = SlackFile(file, "a.mp4", "video/mp4", adapter.workspaces, workspace, hosts)
    with pytest.raises(AttachmentError):
        await read(clip)
    assert tokens == []


async def test_a_redirect_to_elsewhere_is_not_followed(
    slack: SlackServer, adapter: Any, elsewhere: tuple[str, list[str]]
) -> None:
    address, tokens = elsewhere

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{address}/a.mp4")

    app = web.Application()
    app.router.add_get("/a.mp4", away)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    workspace = await adapter.workspaces.get(slack.team.id)
    file = {"id": "F1", "url_private_download": f"{own}/a.mp4"}
    clip = SlackFile(file, "a.mp4", "video/mp4", adapter.workspaces, workspace, FileHosts(f"{own}/api/"))
    with pytest.raises(AttachmentError):
        await read(clip)
    assert tokens == []
    await runner.cleanup()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.mp4", True),
        ("https://acme.slack.com/files-pri/T1-F1/a.mp4", True),
        ("http://files.slack.com/a.mp4", False),
        ("https://files.slack.com.evil.example/a.mp4", False),
        ("https://evilslack.com/a.mp4", False),
        ("https://user@files.slack.com/a.mp4", False),
        ("https://files.slack.com:8443/a.mp4", False),
        ("https://169.254.169.254/latest", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_slacks_own_hosts_get_the_token(url: str, allowed: bool) -> None:
    assert FileHosts("https://slack.com/api/").allow(url) is allowed


@pytest.mark.parametrize(
    ("name", "claim", "kind"),
    [
        ("a.mp4", "video/mp4", "video/mp4"),
        ("a.MOV", "", "video/quicktime"),
        ("a.gif", "image/gif", "image/gif"),
        ("a.svg", "image/svg+xml", None),
        ("a.pdf", "application/pdf", None),
    ],
)
def test_clips_are_known_by_their_type_or_their_name(name: str, claim: str, kind: str | None) -> None:
    assert media_type(name, claim) == kind
