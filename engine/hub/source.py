"""The hub: what a repository has, and the bytes of its files from any place on. It knows no disk.

Whatever the hub or the way to it refuses is said in a sentence that tells what to do next; a token appears in none.
The hub's own library asks and authenticates. It does not stream, because since version 2 it throws half a file away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import msgspec

from engine.backends.accelerator import SENTENCE
from engine.errors import CorruptDownload, DownloadFailed, HubUnreachable, MissingExtra, ModelGated, ModelNotFound
from engine.hub.selection import RemoteFile

ENDPOINT = "https://huggingface.co"
# As patient as the hub's own library.
_TIMEOUT_S = 10.0
_TRIES_TO_ASK = 3
_TRIES_TO_GO_ON = 6  # in a row, without one new byte
_LONGEST_PAUSE_S = 30.0
_LATER = frozenset({408, 429, 500, 502, 503, 504})
# What comes of reading an answer that is no description of a model, in the hub's library or here.
_NONSENSE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, msgspec.ValidationError)


@dataclass(frozen=True)
class Repository:
    """A repository at one commit."""

    model: str
    commit: str
    files: tuple[RemoteFile, ...]
    licence: str = ""


@dataclass(frozen=True)
class Source:
    """A hub and how to ask it. `pause` waits a number of seconds between two tries."""

    endpoint: str = ENDPOINT
    token: str = field(default="", repr=False)
    offline: bool = False
    pause: Callable[[float], None] = time.sleep

    def look_up(self, model: str, revision: str) -> Repository:
        """What the repository has at this revision. Raises `DownloadFailed` in one of its kinds, or `MissingExtra`."""
        self.check()
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.endpoint, token=self.token or False)
        patience = _Patience(self, model, revision, tries=_TRIES_TO_ASK)
        info: Any = None
        try:
            while info is None:
                with patience:
                    info = api.model_info(model, revision=revision, files_metadata=True, timeout=_TIMEOUT_S)
            files = tuple(_remote_file(sibling) for sibling in info.siblings or ())
            repository = Repository(model, str(info.sha or ""), files, _licence(info.tags or ()))
        except _NONSENSE as error:
            raise CorruptDownload(
                f"What {self.endpoint} answers about {model} is not what a hub of models answers. Check models.hub, "
                "and whether the network wants you to sign in first."
            ) from error
        if not repository.commit or not files:
            raise ModelNotFound(f"The hub has no files of {model}. Check its name at {self.page(model)}.")
        return repository

    def read(self, model: str, commit: str, file: RemoteFile, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """The bytes of a file from `start` on, each piece with its place in the file.

        A lost connection is taken up again where it was lost. A hub that cannot begin in the middle begins at 0 again:
        mind the places. Raises as `look_up` does.
        """
        self.check()
        patience = _Patience(self, model, commit, tries=_TRIES_TO_GO_ON)
        at = start
        while at < file.size:
            with patience:
                for place, piece in self._stream(model, commit, file, at):
                    at = place + len(piece)
                    patience.renew()
                    yield place, piece
                if at < file.size:
                    raise _Interrupted

    def check(self) -> None:
        """Raises `HubUnreachable` or `MissingExtra` when nothing can be fetched whatever the hub would say."""
        if self.offline:
            raise HubUnreachable(
                "Nothing is fetched, because models.offline is set. Unset it, or copy the folder of models from a "
                "machine that has them."
            )
        if find_spec("huggingface_hub") is None:
            raise MissingExtra(SENTENCE)
        from huggingface_hub import get_session

        try:
            get_session()
        except (ImportError, OSError, ValueError) as error:  # proxies and certificates are read here
            raise HubUnreachable(
                f"The network's settings cannot be used ({_reason(error)}). Check the variables HTTPS_PROXY, ALL_PROXY "
                "and SSL_CERT_FILE."
            ) from error

    def page(self, model: str) -> str:
        """Where people read about a model."""
        return f"{self.endpoint}/{model}"

    def explain(self, error: Exception, model: str, revision: str) -> DownloadFailed:
        """The sentence for what asking for this model has raised."""
        from huggingface_hub import errors as hub

        status = _status(error)
        if isinstance(error, hub.OfflineModeIsEnabled):
            return HubUnreachable("Nothing is fetched, because HF_HUB_OFFLINE is set. Unset it, and try again.")
        if isinstance(error, hub.GatedRepoError) or status == 403:
            return ModelGated(self._gated(model, status), url=self.page(model))
        if isinstance(error, hub.RevisionNotFoundError):
            return ModelNotFound(
                f"{model} has no revision {revision}. It has those at {self.page(model)}/commits/main."
            )
        if isinstance(error, hub.RemoteEntryNotFoundError):
            return DownloadFailed(f"A file of {model} that the hub had announced is gone. Try again in a while.")
        if isinstance(error, hub.RepositoryNotFoundError) or status in (401, 404):
            return ModelNotFound(self._unknown(model, status))
        if status:
            return DownloadFailed(f"The hub {self.endpoint} answers with error {status}. Try again in a while.")
        return HubUnreachable(
            f"The hub {self.endpoint} cannot be reached ({_reason(error)}). Check the network and models.hub, and try "
            "again: what has arrived is kept."
        )

    def _stream(self, model: str, commit: str, file: RemoteFile, start: int) -> Iterator[tuple[int, bytes]]:
        """One answer of the hub."""
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

        url = hf_hub_url(model, file.path, revision=commit, endpoint=self.endpoint)
        # What is compressed on the way has no places to go on from.
        headers = build_hf_headers(token=self.token or False, headers={"Accept-Encoding": "identity"})
        if start:
            headers["Range"] = f"bytes={start}-"
        with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_S) as response:
            hf_raise_for_status(response)
            at = start if response.status_code == 206 else 0
            for piece in response.iter_bytes():  # as they come: gathering them would lose some with the connection
                if at + len(piece) > file.size:
                    raise CorruptDownload(f"The hub sends more of {file.path} than it had announced. Try again later.")
                yield at, piece
                at += len(piece)

    def _gated(self, model: str, status: int) -> str:
        steps = f"{model} is handed out only to those who have accepted its licence. Accept it at {self.page(model)}"
        if self.token and status == 403:
            return f"{steps} with the account that the token belongs to, and try again."
        return (
            f"{steps}, make a token that may read at {self.endpoint}/settings/tokens, and set it as HF_TOKEN or name a "
            "file that holds it as models.hub_token_file."
        )

    def _unknown(self, model: str, status: int) -> str:
        if status == 401 and self.token:
            return f"The hub does not accept the token. Make a new one at {self.endpoint}/settings/tokens."
        return (
            f"The hub has no model {model}, or shows it only to its owners. Check its name at {self.page(model)}; for "
            "a private one, set HF_TOKEN."
        )


class _Interrupted(Exception):
    """The answer ended before the file did."""

    def __str__(self) -> str:
        return "the connection was lost"


class _Patience:
    """A number of tries in a row. Around each of them: what may have passed the next time is waited for, and the rest,
    or the last of it, becomes the error that people read."""

    def __init__(self, source: Source, model: str, revision: str, tries: int) -> None:
        self._source = source
        self._about = (model, revision)
        self._tries = tries
        self._failures = 0

    def renew(self) -> None:
        """It has got on: count anew."""
        self._failures = 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, _hurdles()):
            return False
        self._failures += 1
        if self._failures >= self._tries or not _may_pass(error):
            raise self._source.explain(error, *self._about) from error
        self._source.pause(_pause_s(error, self._failures))
        return True


def _hurdles() -> tuple[type[Exception], ...]:
    """What asking a hub may raise."""
    import httpx2
    from huggingface_hub import errors as hub

    return (_Interrupted, httpx2.HTTPError, httpx2.InvalidURL, hub.OfflineModeIsEnabled, hub.HFValidationError)


def _may_pass(error: Exception) -> bool:
    import httpx2

    return isinstance(error, _Interrupted | httpx2.TransportError) or _status(error) in _LATER


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return int(response.status_code) if response is not None else 0


def _pause_s(error: Exception, failures: int) -> float:
    """Twice as long each time, or as long as the hub says."""
    response = getattr(error, "response", None)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(asked) if asked.isdigit() else 0.5 * 2 ** (failures - 1), _LONGEST_PAUSE_S)


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0].strip().rstrip(".") or type(error).__name__


def _remote_file(sibling: Any) -> RemoteFile:
    """Checked, because a hub may say anything."""
    large = sibling.lfs
    described = {
        "path": sibling.rfilename,
        "size": large.size if large else sibling.size or 0,
        "blob": sibling.blob_id or "",
        "sha256": large.sha256 if large else "",
    }
    return msgspec.convert(described, RemoteFile)


def _licence(tags: Iterable[str]) -> str:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith("license:")), "")
