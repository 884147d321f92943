"""Posted files: which of them are clips, and how they are read from Slack. Knows no messages.

The bot's token goes to Slack's own hosts and nowhere else, whatever a file says about where it lies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError

from adapters.base import AttachmentError
from adapters.shared.media import media_type
from adapters.slack import notices
from adapters.slack.workspace import UNREACHED, Workspace, Workspaces, code_of

log = logging.getLogger(__name__)

_HOSTS = ("slack.com", "slack-files.com", "slack-edge.com")
_REDIRECTS = 3
_CHUNK = 64 * 1024
_READ_S = 60
_GONE = frozenset({"file_not_found", "file_deleted", "files_not_found"})
_STUBS = frozenset({"check_file_info", "file_not_found"})


class FileHosts:
    """Where files may be fetched from: Slack's own hosts, and the host of another `api_base`."""

    def __init__(self, api_base: str) -> None:
        parts = urlsplit(api_base)
        self._extra = "" if _is_slack(parts.hostname or "") else f"{parts.scheme}://{parts.netloc}".lower()

    def allow(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if self._extra and f"{parts.scheme}://{parts.netloc}".lower() == self._extra:
            return True
        plain = parts.username is None and parts.password is None and port in (None, 443)
        return parts.scheme == "https" and plain and _is_slack(parts.hostname or "")


def _is_slack(host: str) -> bool:
    return any(host == own or host.endswith(f".{own}") for own in _HOSTS)


async def clips(workspaces: Workspaces, workspace: Workspace, files: list[dict[str, Any]]) -> list[SlackFile]:
    """The clips among the files of a message. What Slack shows by its id alone, as files of another organisation are,
    is looked up."""
    hosts = FileHosts(workspaces.api_base)
    found = []
    for file in files:
        whole = await _whole(workspace, file) if _is_stub(file) else file
        if whole is None or whole.get("is_external") or whole.get("mode") in ("tombstone", "hidden_by_limit"):
            continue
        name = str(whole.get("name") or whole.get("title") or "file")
        kind = media_type(name, str(whole.get("mimetype") or ""))
        if kind is not None:
            found.append(SlackFile(whole, name, kind, workspaces, workspace, hosts))
    return found


def _is_stub(file: dict[str, Any]) -> bool:
    return file.get("file_access") in _STUBS or ("mimetype" not in file and file.get("mode") != "tombstone")


async def _whole(workspace: Workspace, file: dict[str, Any]) -> dict[str, Any] | None:
    try:
        answer = await workspace.client.files_info(file=str(file.get("id") or ""))
    except UNREACHED as error:
        if code_of(error) == "missing_scope":
            log.error(
                "workspace %s: files can't be read, the app lacks files:read; install it again there", workspace.team
            )
        else:
            log.warning("file %s can't be looked up: %s", file.get("id"), code_of(error) or error)
        return None
    found: dict[str, Any] = answer["file"]
    return found


class SlackFile:
    """A posted file. Implements `adapters.base.Attachment`; size 0 means that nobody said."""

    def __init__(
        self,
        file: dict[str, Any],
        name: str,
        content_type: str,
        workspaces: Workspaces,
        workspace: Workspace,
        hosts: FileHosts,
    ) -> None:
        self.id = str(file.get("id") or "")
        self.name = name
        self.content_type = content_type
        self.size = int(file.get("size") or 0)
        self._url = str(file.get("url_private_download") or file.get("url_private") or "")
        self._workspaces = workspaces
        self._workspace = workspace
        self._hosts = hosts

    def __repr__(self) -> str:
        return f"SlackFile({self.name!r}, {self.content_type!r}, {self.size})"

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes. Raises `AttachmentError`."""
        try:
            response = await self._open()
            try:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    yield chunk
            finally:
                response.close()
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, TimeoutError, asyncio.IncompleteReadError):
            raise AttachmentError(notices.FILE_BROKE_OFF.format(name=self.name)) from None
        except (aiohttp.ClientError, OSError):
            raise AttachmentError(notices.FILE_UNREACHED.format(name=self.name)) from None

    async def _open(self) -> aiohttp.ClientResponse:
        """Ask for the file, following redirects only as far as Slack's own hosts. Raises `AttachmentError`."""
        url = self._url or await self._address()
        for _ in range(_REDIRECTS + 1):
            if not self._hosts.allow(url):
                log.warning("file %s lies elsewhere than on Slack's own hosts, so it was not fetched", self.id)
                raise AttachmentError(notices.FILE_FORBIDDEN.format(name=self.name))
            response = await self._workspaces.session.get(
                url,
                headers={"Authorization": f"Bearer {self._workspace.token}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_READ_S, sock_read=_READ_S),
            )
            if response.status not in (301, 302, 303, 307, 308):
                return await self._checked(response)
            url = urljoin(url, response.headers.get("Location", ""))
            response.close()
        raise AttachmentError(notices.FILE_UNREACHED.format(name=self.name))

    async def _checked(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """The response, if it is the file. Who may not read it gets a page to sign in, with a 200."""
        if response.status == 200 and response.content_type != "text/html":
            return response
        response.close()
        if response.status == 200 or response.status in (401, 403):
            log.error(
                "workspace %s: Slack did not give out file %s; most likely the app lacks files:read, so install it "
                "again there",
                self._workspace.team,
                self.id,
            )
            raise AttachmentError(notices.FILE_SCOPE)
        sentence = notices.FILE_GONE if response.status in (404, 410) else notices.FILE_UNREACHED
        raise AttachmentError(sentence.format(name=self.name))

    async def _address(self) -> str:
        """Where the file lies, when the message did not say."""
        try:
            found = (await self._workspace.client.files_info(file=self.id))["file"]
        except SlackApiError as error:
            sentence = notices.FILE_GONE if code_of(error) in _GONE else notices.FILE_UNREACHED
            raise AttachmentError(sentence.format(name=self.name)) from error
        return str(found.get("url_private_download") or found.get("url_private") or "")
