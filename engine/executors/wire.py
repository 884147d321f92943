"""The messages between an executor's front and its worker, and their bytes (`msgspec` MessagePack)."""

from __future__ import annotations

import msgspec

from engine.decoding.wire import Decoded, Operation
from engine.types import Coverage, Event, Failed, Job, JobClass, ModelCard, RuntimeConfig

# The worker's exit statuses beside 0.
EXIT_BROKEN = 3  # the models could not be loaded, as `Broken` has said
EXIT_DEVICE_LOST = 4


class Boot(msgspec.Struct, frozen=True, kw_only=True, tag="boot"):
    """The first message to a fresh process. `reads` is False where clips are read elsewhere, by asking."""

    config: RuntimeConfig
    log_level: int
    reads: bool = True


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag="submit"):
    number: int
    job: Job
    job_class: JobClass
    request: str
    attempt: int
    may_yield: bool = False


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    number: int


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """The answer to the run's `Asked`."""

    number: int
    asked: int
    answer: Decoded | Failed


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Cancel what runs, drop what waits, leave."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """All models are ready."""

    cards: tuple[ModelCard, ...] = ()
    coverage: Coverage = Coverage()


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """Loading failed with an error that a second try would meet again."""

    failed: Failed


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """The run `number` wants something read, its question `asked`."""

    number: int
    asked: int
    path: str
    operation: Operation
    skip: int
    after_s: float


class Yielded(msgspec.Struct, frozen=True, kw_only=True, tag="yielded"):
    """The run is over without a result: others need not wait while it waits for its question `asked`."""

    number: int
    asked: int


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag="happened"):
    """An event of the run `number`."""

    number: int
    event: Event


Command = Boot | Submit | Cancel | Told | Stop
Report = Loaded | Broken | Happened | Asked | Yielded


class Codec:
    """Encodes both directions; one for each thread, for an encoder keeps a buffer."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._commands: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
        self._reports: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)

    def encode(self, message: Command | Report) -> bytes:
        return self._encoder.encode(message)

    def command(self, data: bytes) -> Command:
        return self._commands.decode(data)

    def report(self, data: bytes) -> Report:
        return self._reports.decode(data)
