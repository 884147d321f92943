"""The engine's errors: one hierarchy, each with a stable code and a sentence that a user can act on.

They cross the pipe as `Failed(code, message, details)` and come out as the same class on the other side.
"""

from __future__ import annotations

from typing import ClassVar

from engine.types import Failed

Details = dict[str, str | int | float]


class EngineError(Exception):
    """Base of everything the engine raises. `str(error)` is a sentence for people."""

    code: ClassVar[str] = "engine"

    def __init__(self, message: str, **details: str | int | float) -> None:
        super().__init__(message)
        self.message = message
        self.details: Details = details

    def to_event(self) -> Failed:
        """The struct that carries this error through the pipe."""
        return Failed(code=self.code, message=self.message, details=self.details)


class MediaError(EngineError):
    """A file cannot be used. The sentence says why and what to do."""

    code = "media"


class NotAVideo(MediaError):
    """The bytes are no video, animation or picture that we read, whatever the file's name says."""

    code = "media.not_a_video"


class EmptyFile(MediaError):
    """Zero bytes."""

    code = "media.empty"


class NoPicture(MediaError):
    """A readable container without one decodable picture: sound only, or zero frames."""

    code = "media.no_picture"


class TruncatedClip(MediaError):
    """The file ends before its own headers say it does, so that nothing useful can be decoded."""

    code = "media.truncated"


class DamagedClip(MediaError):
    """The file's structure or data is broken."""

    code = "media.damaged"


class UnsupportedClip(MediaError):
    """A container or codec, or a kind of it (a playlist, an encrypted track), that is not read here."""

    code = "media.unsupported"


class ClipTooLarge(MediaError):
    """More bytes than the cap."""

    code = "media.too_large"


class ClipTooLong(MediaError):
    """A longer duration than the cap."""

    code = "media.too_long"


class TooManyPixels(MediaError):
    """Larger pictures than the cap."""

    code = "media.too_many_pixels"


class DecodeTimeout(MediaError):
    """Decoding took longer than the cap."""

    code = "media.decode_timeout"


class PoisonedClip(MediaError):
    """Reading these bytes broke a decoding process twice, so they are not read again, whoever posts them."""

    code = "media.poisoned"


class BudgetTooSmall(MediaError):
    """A video cannot be made small enough for where it has to go."""

    code = "media.budget_too_small"


class StorageFull(EngineError):
    """No room on disk for a clip, a still or a made video."""

    code = "storage_full"


class BadRequest(EngineError):
    """The job's parameters cannot be met: an impossible size, length or an empty prompt."""

    code = "bad_request"


class UnknownModel(BadRequest):
    """A `Generate` names a model that is not loaded here; the sentence names those that are."""

    code = "bad_request.model"


class MissingExtra(EngineError):
    """A backend needs packages that are not installed; the sentence says which command installs them."""

    code = "missing_extra"


class MissingModel(EngineError):
    """A model's files are not on this machine; the sentence says which command fetches them."""

    code = "missing_model"


class DownloadFailed(EngineError):
    """A model's files could not be fetched. What had arrived stays, and the next try goes on from there."""

    code = "download_failed"


class DownloadStopped(DownloadFailed):
    """Somebody stopped the download."""

    code = "download_failed.stopped"


class ModelNotFound(DownloadFailed):
    """The hub knows no such model, or no such revision of it."""

    code = "download_failed.not_found"


class ModelGated(DownloadFailed):
    """The hub hands the model out only to accounts that have accepted its licence; the sentence says where and how."""

    code = "download_failed.gated"


class HubUnreachable(DownloadFailed):
    """No way to the hub: no network, the offline switch, or a hub that is down."""

    code = "download_failed.unreachable"


class CorruptDownload(DownloadFailed):
    """What arrived is not what the hub announced. It was deleted."""

    code = "download_failed.corrupt"


class UnsafeModel(DownloadFailed):
    """The model can only be loaded from formats that may run code of a stranger."""

    code = "download_failed.unsafe"


class GuardUnavailable(EngineError):
    """A moderation was asked for and a guard that must score it is absent or failed. Fail closed."""

    code = "guard_unavailable"


class JobCancelled(EngineError):
    """Somebody cancelled the job."""

    code = "cancelled"


class JobFailed(EngineError):
    """A backend raised; the process lives on."""

    code = "job_failed"


class OutOfMemory(JobFailed):
    """A job needs more memory than the device has, in the thriftiest way of working too."""

    code = "job_failed.memory"


class ServerFailed(JobFailed):
    """The server that a model runs on cannot be reached, refuses, or broke off in the middle."""

    code = "job_failed.server"


class ServerTimeout(ServerFailed):
    """The server that a model runs on took too long."""

    code = "job_failed.server.timeout"


class JobPoisoned(EngineError):
    """The inference process died twice on this job, so it is not tried again."""

    code = "poisoned"


class EngineUnavailable(EngineError):
    """The engine is stopped, cannot start, or its restart breaker is open."""

    code = "unavailable"


class Overloaded(EngineError):
    """Admission refused the job. `details["retry_after_s"]` says when to come back."""

    code = "overloaded"


def _subclasses(cls: type[EngineError]) -> list[type[EngineError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in _subclasses(child))]


def from_event(failed: Failed) -> EngineError:
    """Rebuild the typed error. An unknown code becomes a plain `JobFailed`, so that nothing is swallowed."""
    by_code = {cls.code: cls for cls in _subclasses(EngineError)}
    return by_code.get(failed.code, JobFailed)(failed.message, **failed.details)
