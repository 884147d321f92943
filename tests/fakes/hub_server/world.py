"""What a fake hub holds: repositories with their commits, and what it does wrong on purpose."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LARGE = (".safetensors", ".bin", ".pt", ".ckpt", ".onnx", ".h5")  # what repositories keep with Git LFS


@dataclass(frozen=True)
class File:
    """A file of a commit."""

    path: str
    content: bytes

    @property
    def large(self) -> bool:
        return self.path.endswith(LARGE)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def blob(self) -> str:
        """Git's own checksum: of the content, or of the pointer that stands for a large file."""
        return hashlib.sha1(b"blob %d\0" % len(self._kept) + self._kept).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.blob

    @property
    def _kept(self) -> bytes:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n"
        return pointer.encode() if self.large else self.content

    def as_sibling(self) -> dict[str, Any]:
        described: dict[str, Any] = {"rfilename": self.path, "blobId": self.blob, "size": len(self.content)}
        if self.large:
            described["lfs"] = {"sha256": self.sha256, "size": len(self.content), "pointerSize": len(self._kept)}
        return described


@dataclass
class Repository:
    """A repository: what each commit has, and what branches mean."""

    name: str
    licence: str
    gated: bool
    readers: set[str]
    commits: dict[str, dict[str, File]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes], branch: str, commit: str) -> str:
        number = f"{self.name} {len(self.commits)}".encode()
        commit = commit or hashlib.sha1(number).hexdigest()
        self.commits[commit] = {path: File(path, content) for path, content in files.items()}
        self.branches[branch] = commit
        return commit

    def resolve(self, revision: str) -> str:
        """The commit of a branch or of a commit's beginning; empty for none."""
        if revision in self.branches:
            return self.branches[revision]
        return next((commit for commit in self.commits if commit.startswith(revision)), "")


@dataclass
class Request:
    """What was asked, and how many bytes of a file went out for it."""

    method: str
    path: str
    start: int = 0
    sent: int = 0
    token: str = ""


@dataclass
class Trouble:
    """What goes wrong with a file."""

    cut_after: int | None = None  # bytes of an answer, then the connection is closed
    times: int = 1
    tampered: bytes | None = None  # goes out instead of the content
    ignore_ranges: bool = False
    status: int = 0
    hold_after: int | None = None  # bytes of an answer; then it waits until `go_on` is set
    go_on: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
