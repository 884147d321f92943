"""Where model files lie: the same tree that the hub's own library keeps, so that one folder can serve both.

`<folder>/models--org--name/blobs/<checksum>` holds each file once, `snapshots/<commit>/…` links to them under their
names. What we have checked is listed in `verified/<commit>.json` beside them; only that counts as being here. Which
commit a name means is kept in `<folder>/models.lock.json`. This module only reads and deletes; nothing here imports the
hub's library or reaches a network.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.errors import EngineError, MissingModel
from engine.presets import pin_of
from engine.types import HubSettings

LOCK = "models.lock.json"
COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class HeldFile(msgspec.Struct, frozen=True):
    """A checked file: its path inside the repository, and the name of the blob that holds it, which is its checksum."""

    path: str
    size: int
    blob: str


class Held(msgspec.Struct, frozen=True):
    """A checked snapshot of a repository."""

    model: str
    commit: str
    files: tuple[HeldFile, ...]
    licence: str = ""
    variant: str = ""
    code: bool = False

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def locate(model: str, revision: str, hub: HubSettings) -> Path:
    """The folder with a model's files. Reads names and sizes only.

    `model` is a repository of the hub (`org/name`) or a folder, which is returned as it is; `revision` a commit, branch
    or tag, empty for the pinned one. Raises `MissingModel` with the command that fetches it.
    """
    if is_folder(model):
        folder = Path(model)
        if not folder.is_dir():
            raise MissingModel(f"There is no folder {model}. Correct the path in the configuration.", model=model)
        return folder
    store = Store.of(hub)
    commit = store.commit_of(model, revision)
    if commit and store.is_whole(model, commit):
        return store.snapshot(model, commit)
    raise MissingModel(
        f"The model {model} is not on this machine yet. Fetch it with: gpt4video models pull {model}", model=model
    )


def is_folder(model: str) -> bool:
    """Whether a model is named by a path: absolute, or beginning with a dot or a tilde. Anything else is the hub's."""
    return model.startswith((".", "~")) or Path(model).is_absolute()


def is_repository(model: str) -> bool:
    """Whether this is the name of a repository: `org/name`."""
    return not is_folder(model) and bool(_REPOSITORY.fullmatch(model)) and ".." not in model and "--" not in model


@dataclass(frozen=True)
class Store:
    """The folder of all models."""

    folder: Path

    @classmethod
    def of(cls, hub: HubSettings) -> Store:
        return cls(Path(hub.folder).expanduser() if hub.folder else _library_folder())

    def repository(self, model: str) -> Path:
        return self.folder / f"models--{model.replace('/', '--')}"

    def blobs(self, model: str) -> Path:
        return self.repository(model) / "blobs"

    def snapshot(self, model: str, commit: str) -> Path:
        return self.repository(model) / "snapshots" / commit

    def record(self, model: str, commit: str) -> Path:
        """The file that lists what was checked."""
        return self.repository(model) / "verified" / f"{commit}.json"

    def commit_of(self, model: str, revision: str = "") -> str:
        """The commit that stands for this revision here; empty while none does.

        A commit is itself. A branch or tag, and no revision at all where no commit is pinned, mean what they meant when
        they were first fetched.
        """
        revision = revision or pinned(model)
        return revision if COMMIT.fullmatch(revision) else self.locked().get(lock_key(model, revision), "")

    def locked(self) -> dict[str, str]:
        """What the lock file says: a model, or `model@revision`, and its commit. Raises `MissingModel` when damaged."""
        path = self.folder / LOCK
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (msgspec.DecodeError, OSError) as error:
            raise MissingModel(
                f"{path} cannot be read ({error}). Restore it from a copy, or delete it and run: gpt4video models pull"
            ) from None

    def held(self, model: str, commit: str) -> Held | None:
        """What was checked of this snapshot, whether or not all of it is still there."""
        try:
            return msgspec.json.decode(self.record(model, commit).read_bytes(), type=Held)
        except (OSError, msgspec.DecodeError):
            return None

    def complete(self, model: str, commit: str, *, variant: str = "", code: bool = False) -> Held | None:
        """What was checked, if every file of it is there in its full length, and it is of this kind."""
        held = self.held(model, commit)
        if held is None or held.variant != variant or (code and not held.code):
            return None
        return held if self._is_whole(held) else None

    def is_whole(self, model: str, commit: str) -> bool:
        """Whether what was checked of this snapshot is all there."""
        held = self.held(model, commit)
        return held is not None and self._is_whole(held)

    def checked(self, model: str) -> set[str]:
        """The checksums of the blobs that need not be looked at again."""
        blobs = self.blobs(model)
        records = self.repository(model).glob("verified/*.json")
        found = [held for record in records if (held := self.held(model, record.stem))]
        return {file.blob for held in found for file in held.files if _size(blobs / file.blob) == file.size}

    def lock(self, name: str) -> Path:
        """The file that is locked while something of this name changes."""
        return self.folder / ".locks" / f"{name.replace('/', '--')}.lock"

    def models(self) -> list[str]:
        """Every model that has files here, whole or not."""
        found = sorted(folder.name for folder in self.folder.glob("models--*--*") if (folder / "blobs").is_dir())
        return [name.removeprefix("models--").replace("--", "/") for name in found]

    def all(self) -> list[Held]:
        """Every checked snapshot that is whole, by model."""
        found = []
        for model in self.models():
            for record in sorted(self.repository(model).glob("verified/*.json")):
                held = self.held(model, record.stem)
                found += [held] if held and self._is_whole(held) else []
        return found

    def used_bytes(self, model: str) -> int:
        """What a model's files, whole or partly fetched, take on disk."""
        blobs = self.blobs(model)
        return sum(path.stat().st_size for path in blobs.iterdir()) if blobs.is_dir() else 0

    def remove(self, model: str) -> int:
        """Delete everything of a model and say how many bytes that freed; 0 when nothing was there.

        A link in the place of a model's folder goes alone: what it leads to belongs to somebody else. Raises
        `EngineError` for what cannot be deleted.
        """
        folder = self.repository(model)
        freed = 0 if folder.is_symlink() else self.used_bytes(model)
        try:
            if folder.is_symlink():
                folder.unlink()
            elif folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise EngineError(
                f"{folder} cannot be deleted ({error.strerror}). Change who owns it, or delete it yourself."
            ) from error
        return freed

    def _is_whole(self, held: Held) -> bool:
        snapshot = self.snapshot(held.model, held.commit)
        return all(_size(snapshot / file.path) == file.size for file in held.files)


def pinned(model: str) -> str:
    """The commit that this version of the bot names for a model; empty for none."""
    pin = pin_of(model)
    return pin.revision if pin else ""


def lock_key(model: str, revision: str) -> str:
    return f"{model}@{revision}" if revision else model


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _library_folder() -> Path:
    """Where the hub's library keeps its files (its documentation on environment variables)."""
    if found := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(found).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"
