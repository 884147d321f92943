"""Which posted files are clips, by what is claimed of them; what they are, only the inference process finds out."""

from __future__ import annotations

from pathlib import PurePosixPath

_SUFFIXES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


def media_type(name: str, content_type: str | None) -> str | None:
    """The type of a clip (video, picture, GIF), or None for any other file. Both arguments are claims."""
    kind = (content_type or "").split(";")[0].strip().lower()
    if kind.startswith(("video/", "image/")):
        return None if kind == "image/svg+xml" else kind
    if kind in ("", "application/octet-stream"):
        return _SUFFIXES.get(PurePosixPath(name).suffix.lower())
    return None
