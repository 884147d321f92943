"""Lends files out under unguessable addresses. Only what a view named can be fetched; paths stay inside."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from pathlib import Path

from aiohttp import web

from adapters.web.errors import Problem

# Enough for weeks of looking at videos; the oldest addresses end first and come back with the next history.
MAX_ADDRESSES = 20_000

_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


class MediaShelf:
    """Which file stands behind which address. The same path keeps its address while the server runs."""

    def __init__(self, limit: int = MAX_ADDRESSES) -> None:
        self._limit = limit
        self._by_path: OrderedDict[str, str] = OrderedDict()
        self._by_id: dict[str, str] = {}

    def url(self, path: str) -> str:
        """The address of a file; made at the first call for it."""
        found = self._by_path.get(path)
        if found is None:
            found = secrets.token_urlsafe(24)
            self._by_path[path] = found
            self._by_id[found] = path
            if len(self._by_path) > self._limit:
                _, oldest = self._by_path.popitem(last=False)
                del self._by_id[oldest]
        else:
            self._by_path.move_to_end(path)
        return f"/media/{found}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """`GET /media/{id}`, with Range. Raises `Problem` 404 for an unknown id or a file that is gone."""
        found = self._by_id.get(request.match_info["id"])
        content_type = _CONTENT_TYPES.get(Path(found).suffix.lower()) if found else None
        if found is None or content_type is None or not Path(found).is_file():
            raise Problem(404, "media_gone", "This picture or video is no longer here.")
        # A made file never changes under its address, so the browser may keep it, but only this person's browser.
        headers = {"Content-Type": content_type, "Cache-Control": "private, max-age=86400, immutable"}
        return web.FileResponse(Path(found), headers=headers)
