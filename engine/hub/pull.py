"""Brings a model here, whole and checked, or as far as it comes: the next try goes on from there.

It writes the tree that `engine.hub.store` reads. It blocks for as long as gigabytes take: never on an event loop.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from engine.errors import BadRequest, CorruptDownload, DownloadFailed, DownloadStopped, StorageFull
from engine.hub.selection import RemoteFile, select
from engine.hub.source import Repository, Source
from engine.hub.store import COMMIT, LOCK, Held, HeldFile, Store, is_repository, lock_key, pinned
from engine.types import HubSettings

MAIN = "main"
# Left free for everything else on the disk, so that a model never brings the database down.
_RESERVE = 512 << 20
_PIECE = 1 << 20  # bytes read at once for a checksum
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CHECKSUM = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOOK_UP_S = 0.2  # how long a waiting pull looks away from its stop button


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a pull is, in bytes: of the current file, and of the whole model. What was here before counts as done."""

    model: str
    file: str
    file_done: int
    file_total: int
    done: int
    total: int


OnProgress = Callable[[Advance], None]


def pull(
    model: str,
    revision: str = "",
    *,
    hub: HubSettings,
    source: Source,
    update: bool = False,
    variant: str = "",
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Held:
    """Fetch a model's missing files, check every one, and note the commit.

    Without a revision it is the pinned commit, else the one that was noted before, else what `main` is now; `update`
    asks anew what a branch is now. Asks no network when everything is here. Raises `DownloadFailed` in one of its kinds
    (`DownloadStopped` when `should_stop` said so), `StorageFull`, `MissingExtra`, and `BadRequest` for a name that
    cannot be a model's.
    """
    if not is_repository(model):
        raise BadRequest(f"“{model}” is no model of the hub: those are named like org/model.")
    store = Store.of(hub)
    code = model in hub.remote_code
    patient = replace(source, pause=_interruptible(source.pause, should_stop))

    def here() -> Held | None:
        commit = "" if update else store.commit_of(model, revision)
        return store.complete(model, commit, variant=variant, code=code) if commit else None

    if held := here():
        return held
    patient.check()
    with _said(store.folder), _alone(store.lock(model), should_stop):
        if held := here():  # by somebody else, meanwhile
            return held
        asked = revision or pinned(model)
        wanted = ("" if update else store.commit_of(model, revision)) or asked or MAIN
        repository = patient.look_up(model, wanted)
        _is_asked_for(repository, wanted)
        work = _Pull(store, patient, repository, on_progress, should_stop)
        work.fetch(select(repository.files, work.content, model=model, variant=variant, code=code))
        held = work.keep(variant=variant, code=code)
        if not COMMIT.fullmatch(asked):
            _note(store, lock_key(model, revision), repository.commit, should_stop)
    return held


class _Pull:
    """One repository's way here."""

    def __init__(
        self,
        store: Store,
        source: Source,
        repository: Repository,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> None:
        self._store = store
        self._source = source
        self._repository = repository
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._blobs = store.blobs(repository.model)
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._checked = store.checked(repository.model)
        self._files: list[RemoteFile] = []
        self._done = self._total = 0

    def content(self, file: RemoteFile) -> bytes:
        """The content of a small file, which is fetched now."""
        self._bring(file)
        return self._blob(file).read_bytes()

    def fetch(self, files: list[RemoteFile]) -> None:
        """Bring all of them. Raises `StorageFull` at once when they cannot fit."""
        self._files, self._done, self._total = files, 0, sum(file.size for file in files)
        missing = sum(max(0, file.size - _size(self._blob(file)) - _size(self._part(file))) for file in files)
        free = shutil.disk_usage(self._blobs).free
        if missing and missing + _RESERVE > free:
            raise _full(self._store.folder, missing + _RESERVE, free)
        for file in files:
            self._bring(file)
            self._report(file, file.size)
            self._done += file.size

    def keep(self, *, variant: str, code: bool) -> Held:
        """Lay the names of the snapshot over the blobs, and write down what was checked."""
        model, commit = self._repository.model, self._repository.commit
        snapshot = self._store.snapshot(model, commit)
        for file in self._files:
            _link(snapshot / file.path, self._blob(file))
        files = tuple(HeldFile(path=file.path, size=file.size, blob=file.checksum) for file in self._files)
        licence = self._repository.licence
        held = Held(model=model, commit=commit, files=files, licence=licence, variant=variant, code=code)
        _write(self._store.record(model, commit), msgspec.json.encode(held))
        return held

    def _bring(self, file: RemoteFile) -> None:
        blob, part = self._blob(file), self._part(file)
        if blob.is_file():
            if file.checksum in self._checked or self._is_right(file, blob):
                self._checked.add(file.checksum)
                return
            blob.unlink()
        if _size(part) > file.size:
            part.unlink()
        self._download(file, part)
        if not self._is_right(file, part):
            part.unlink()
            raise CorruptDownload(
                f"{file.path} of {self._repository.model} arrived damaged: it is not the file that the hub announced. "
                "It was deleted. Try again; if it happens again, something on the way changes files."
            )
        part.replace(blob)
        self._checked.add(file.checksum)

    def _download(self, file: RemoteFile, part: Path) -> None:
        start = _size(part)
        with part.open("r+b" if start else "wb") as out:
            out.seek(start)
            for place, piece in self._source.read(self._repository.model, self._repository.commit, file, start):
                _check(self._should_stop)
                if place != out.tell():
                    out.seek(place)
                    out.truncate()
                out.write(piece)
                self._report(file, place + len(piece))

    def _is_right(self, file: RemoteFile, path: Path) -> bool:
        """Whether this is the file that the hub announced. Git hashes what it keeps itself with a header."""
        if _size(path) != file.size:
            return False
        digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        with path.open("rb") as content:
            while piece := content.read(_PIECE):
                _check(self._should_stop)
                digest.update(piece)
        return digest.hexdigest() == file.checksum

    def _report(self, file: RemoteFile, done: int) -> None:
        if self._total:
            self._on_progress(
                Advance(
                    model=self._repository.model,
                    file=file.path,
                    file_done=done,
                    file_total=file.size,
                    done=self._done + done,
                    total=self._total,
                )
            )

    def _blob(self, file: RemoteFile) -> Path:
        if not _CHECKSUM.fullmatch(file.checksum):
            raise CorruptDownload(f"The hub announces {file.path} without a checksum, so it is not fetched.")
        return self._blobs / file.checksum

    def _part(self, file: RemoteFile) -> Path:
        return self._blob(file).with_suffix(".incomplete")


def _is_asked_for(repository: Repository, wanted: str) -> None:
    """A commit becomes a folder's name here, and one that is pinned stands for what somebody has looked at."""
    commit = repository.commit
    if COMMIT.fullmatch(commit) and (commit == wanted or not COMMIT.fullmatch(wanted)):
        return
    raise CorruptDownload(
        f"The hub was asked for {wanted} of {repository.model} and answers with {commit[:40]!r}, so nothing was "
        "fetched. Check models.hub."
    )


def _interruptible(pause: Callable[[float], None], should_stop: Callable[[], bool]) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        _check(should_stop)
        pause(seconds)

    return wait


def _check(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise DownloadStopped("The download was stopped. What has arrived is kept: the next one goes on from there.")


@contextmanager
def _alone(lock: Path, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Let no other process or thread through here at the same time."""
    from filelock import FileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    door = FileLock(lock)
    while True:
        _check(should_stop)
        with suppress(Timeout):
            door.acquire(timeout=_LOOK_UP_S, poll_interval=0.02)
            break
    try:
        yield
    finally:
        door.release()


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder) from error
        raise DownloadFailed(
            f"{folder} cannot be written ({error.strerror}). Choose another models.folder, or change who owns it."
        ) from error


def _full(folder: Path, needed: int = 0, free: int = 0) -> StorageFull:
    numbers = f": {_gb(needed)} are needed and {_gb(free)} are free" if needed else ""
    return StorageFull(
        f"The disk with {folder} is too full for this model{numbers}. Free some space or name another folder as "
        "models.folder, then try again: what has arrived is kept."
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _note(store: Store, key: str, commit: str, should_stop: Callable[[], bool]) -> None:
    """Write down which commit a name means from now on."""
    with _alone(store.lock(LOCK), should_stop):
        noted = dict(sorted({**store.locked(), key: commit}.items()))
        _write(store.folder / LOCK, msgspec.json.format(msgspec.json.encode(noted), indent=2) + b"\n")


def _link(name: Path, blob: Path) -> None:
    """Give a blob its name, as a link where the system has links."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.unlink(missing_ok=True)
    try:
        name.symlink_to(os.path.relpath(blob, name.parent))
    except (NotImplementedError, PermissionError):  # Windows asks for a privilege
        shutil.copyfile(blob, name)


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
