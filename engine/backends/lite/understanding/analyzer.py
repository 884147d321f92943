"""What is known of clips, measured when a question first needs it and remembered by what is in the file.

Nothing is kept on disk, pictures only of the clip that was looked at last, and facts of a handful of clips.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.lite.recognition.evidence import Heard, Seen
from engine.backends.lite.recognition.reader import Lines, Reader
from engine.backends.lite.recognition.recogniser import Recogniser
from engine.backends.watching import shots
from engine.backends.watching.span import Span
from engine.media import open_clip, write_stills
from engine.types import Clip, ClipInfo, Frame, MediaLimits

from .facts import ClipFacts, Loudness, Reading
from .measuring import reading, scan

if TYPE_CHECKING:
    from engine.media import ClipReader, SampledFrame

Checkpoint = Callable[[], None]

_CAPACITY = 8
_FIRST_LOOK = 8  # pictures, evenly spread: for what is seen, for text, and to be shown
_READ_AT_A_GLANCE = 5
_READ_WELL = 14
_ALIKE = 3.0  # of 255, in the mean; pictures this close show the same text
_ALIKE_CELL = 40.0  # of 255, in the cell that differs most
_EDGE_S = 0.06  # how closely the first and the last moment of a text are looked for
_EDGES = 6  # texts of which they are looked for


@dataclass
class _Memory:
    """What is known of one file."""

    info: ClipInfo | None = None
    first_look: list[SampledFrame] = field(default_factory=list)
    seen: Seen | None = None
    heard: Heard | None = None
    loudness: Loudness | None = None
    watched: scan.Watched | None = None
    looks: ClipFacts | None = None
    glance: ClipFacts | None = None
    motion: ClipFacts | None = None
    close_ups: dict[Span, ClipFacts] = field(default_factory=dict)
    lines: dict[float, Lines] = field(default_factory=dict)
    edges: dict[tuple[str, float], Reading] = field(default_factory=dict)


class ClipAnalyzer:
    """Remembers clips by their content, the least recently used out first. Its models load with the first need."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._memories: OrderedDict[bytes, _Memory] = OrderedDict()
        self._hashes: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self.reader = Reader()
        self.recogniser = Recogniser()

    def analyse(self, clip: Clip, limits: MediaLimits, checkpoint: Checkpoint) -> ClipAnalysis:
        """A view of what is known of `clip`. Close it, or use it as a context manager."""
        key = self._content(clip.path)
        memory = self._memories.setdefault(key, _Memory())
        self._memories.move_to_end(key)
        for other in self._memories.values():
            if other is not memory:
                other.watched, other.first_look = None, []
        while len(self._memories) > self._capacity:
            self._memories.popitem(last=False)
        return ClipAnalysis(self, memory, clip, limits, checkpoint)

    def _content(self, path: str) -> bytes:
        """The hash of a file's bytes, taken once for a (path, size, time of change)."""
        try:
            stat = Path(path).stat()
            key = path, stat.st_size, stat.st_mtime_ns
            if key not in self._hashes:
                with Path(path).open("rb") as file:
                    self._hashes[key] = hashlib.file_digest(file, "blake2b").digest()
                while len(self._hashes) > 8 * self._capacity:
                    self._hashes.popitem(last=False)
            return self._hashes[key]
        except OSError:
            return path.encode()  # opening it will say what is wrong


class ClipAnalysis:
    """One clip in one job. Each property measures what is not known yet, and raises `MediaError`, `MissingExtra` and
    whatever the job's checkpoint raises."""

    def __init__(
        self, analyzer: ClipAnalyzer, memory: _Memory, clip: Clip, limits: MediaLimits, checkpoint: Checkpoint
    ) -> None:
        self.name = clip.name
        self._analyzer, self._memory, self._clip = analyzer, memory, clip
        self._limits, self._checkpoint = limits, checkpoint
        self._opened = ExitStack()
        self._reader: ClipReader | None = None

    def __enter__(self) -> ClipAnalysis:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        self._reader = None

    def _open(self) -> ClipReader:
        if self._reader is None:
            self._reader = self._opened.enter_context(
                open_clip(self._clip.path, self._limits, checkpoint=self._checkpoint)
            )
        return self._reader

    @property
    def info(self) -> ClipInfo:
        if self._memory.info is None:
            self._memory.info = self._open().info
        return self._memory.info

    @property
    def moving(self) -> bool:
        """False for a still picture, which has neither shots nor motion nor length."""
        return self.info.kind != "image" and self.info.duration_s > 0

    @property
    def whole(self) -> Span:
        return Span(0.0, self.info.duration_s)

    def first_look(self) -> list[SampledFrame]:
        """A few pictures, evenly spread."""
        if not self._memory.first_look:
            self._memory.first_look = self._open().sample(_FIRST_LOOK, max_side=reading.READ_SIDE)
        return self._memory.first_look

    def stills(self, index: int, count: int, folder: Path) -> tuple[Frame, ...]:
        """Write `count` evenly spread pictures as JPEGs. Raises `StorageFull` too."""
        frames = self.first_look() if count == _FIRST_LOOK else self._open().sample(count, max_side=320)
        return write_stills(frames, folder, clip=index, max_side=320)

    @property
    def seen(self) -> Seen:
        if self._memory.seen is None:
            frames = [(frame.time_s, frame.image) for frame in self.first_look()]
            self._memory.seen = self._analyzer.recogniser.look(frames, self._checkpoint)
        return self._memory.seen

    def seen_in(self, span: Span) -> Seen:
        """What is recognised in some pictures of a part."""
        step = span.length_s / 5
        frames = self._open().frames_at(
            [span.start_s + (at + 0.5) * step for at in range(5)], max_side=reading.READ_SIDE
        )
        apart = {frame.time_s: frame.image for frame in frames}
        return self._analyzer.recogniser.look(list(apart.items()), self._checkpoint)

    @property
    def heard(self) -> Heard:
        if self._memory.heard is None:
            sound = self._open().sound() if self.info.has_audio else iter(())
            self._memory.heard = self._analyzer.recogniser.listen(sound, self.info.duration_s, self._checkpoint)
        return self._memory.heard

    @property
    def loudness(self) -> Loudness | None:
        """None without a sound track."""
        if self._memory.loudness is None and self.info.has_audio:
            self._memory.loudness = Loudness(*scan.loudness(self._open()))
        return self._memory.loudness

    def facts(self, motion: bool = False) -> ClipFacts:
        """How the clip looks and where it is cut; with `motion` also what moves and what the camera does."""
        memory = self._memory
        if memory.motion is None and (memory.looks is None or (motion and memory.watched is None)):
            memory.watched = scan.watch(self._open(), self._checkpoint)
            memory.looks = scan.conclude(memory.watched, self.info, None)
        if motion and memory.motion is None and memory.watched is not None:
            memory.motion = scan.conclude(memory.watched, self.info, scan.follow(memory.watched, self._checkpoint))
            memory.watched = None
        found = memory.motion or memory.looks
        if found is None:  # pragma: no cover - one of them was made above
            raise AssertionError
        return found

    def glance(self, span: Span) -> ClipFacts:
        """As `facts` with motion, but of fewer steps: the most conspicuous things are found all the same."""
        memory = self._memory
        self.facts()
        if span != self.whole or memory.motion is not None or memory.watched is None:
            return self.facts_in(span, motion=True) if memory.glance is None or span != self.whole else memory.glance
        if memory.glance is None:
            steps = scan.follow(memory.watched, self._checkpoint, scan.GLANCE_S)
            memory.glance = scan.conclude(memory.watched, self.info, steps)
        return memory.glance

    def facts_in(self, span: Span, motion: bool = False) -> ClipFacts:
        """As `facts`, with a closer look at a short part of a long clip."""
        facts = self.facts(motion=motion and span == self.whole)
        if facts.complete or span == self.whole or not scan.can_close_up(self.info, span):
            return self.facts(motion=motion)
        if span not in self._memory.close_ups:
            self._memory.close_ups[span] = scan.close_up(self._open(), facts, span, self._checkpoint)
        return self._memory.close_ups[span]

    # --- text --------------------------------------------------------------------------------------------------------

    def readings(self, span: Span, closely: bool = True) -> tuple[Reading, ...]:
        """The text on screen in a part. `closely` reads more pictures, and looks for its first and last moment."""
        if not self.moving:
            times = [0.0]
        else:
            facts = self.facts_in(span)
            times = reading.varied(
                facts.times, facts.gists, span, _READ_WELL if closely else _READ_AT_A_GLANCE, _evenly(span)
            )
        self._read(times)
        found = self._gathered(span)
        if closely and self.moving:
            found = tuple(self._with_edges(item, span) if at < _EDGES else item for at, item in enumerate(found))
        return found

    def _gathered(self, span: Span) -> tuple[Reading, ...]:
        end = span.end_s + (1e-3 if span.end_s >= self.info.duration_s - _EDGE_S else -1e-3)
        known = {t: lines for t, lines in self._memory.lines.items() if span.start_s - 1e-3 <= t <= end}
        unread = tuple(sorted(time_s for time_s, lines in known.items() if lines.unread))
        found = reading.gather([(time_s, lines.texts) for time_s, lines in known.items()])
        return (*found, *([Reading("", unread)] if unread else []))

    def _read(self, times: Iterable[float]) -> None:
        """Read the pictures at these times, but of pictures that look alike only one."""
        wanted = [time_s for time_s in times if time_s not in self._memory.lines]
        known: list[tuple[np.ndarray, Lines]] = []
        for time_s, frame in zip(wanted, self._pictures(wanted), strict=False):
            self._checkpoint()
            thumb = shots.thumb(frame.image)
            lines = next((lines for other, lines in known if _alike(thumb, other)), None)
            if lines is None:
                lines = self._analyzer.reader.read(frame.image)
                known.append((thumb, lines))
            self._memory.lines[time_s] = lines

    def _pictures(self, times: list[float]) -> Iterator[SampledFrame]:
        yield from self._open().frames_at(times, max_side=reading.READ_SIDE) if times else ()

    def _with_edges(self, found: Reading, span: Span) -> Reading:
        """With the moments at which it comes and goes, between those at which it was read and was not."""
        entry = found.text, found.times_s[0]
        if entry not in self._memory.edges:
            first = self._edge(found.text, found.times_s[0], self._without(found, span, -1))
            last = self._edge(found.text, found.times_s[-1], self._without(found, span, +1))
            self._memory.edges[entry] = replace(found, times_s=(first, *found.times_s, last))
        return self._memory.edges[entry]

    def _without(self, found: Reading, span: Span, way: int) -> float | None:
        """The nearest moment before or after it at which it was not read; the end of the part; None at the clip's."""
        edge = found.times_s[0 if way < 0 else -1]
        beyond = [t for t in self._memory.lines if (t - edge) * way > 0 and span.start_s <= t <= span.end_s]
        if beyond:
            return min(beyond, key=lambda t: abs(t - edge))
        end = span.start_s if way < 0 else max(span.start_s, span.end_s - _EDGE_S)
        return end if abs(end - edge) > _EDGE_S else None

    def _edge(self, text: str, there: float, away: float | None) -> float:
        """The last moment on the way from `there` to `away` at which the text still reads the same."""
        if away is None:
            return there
        self._read([away])
        if self._shows(text, away):
            return away
        while abs(there - away) > _EDGE_S:
            middle = (there + away) / 2
            self._read([middle])
            if self._shows(text, middle):
                there = middle
            else:
                away = middle
        return there

    def _shows(self, text: str, time_s: float) -> bool:
        lines = self._memory.lines.get(time_s, Lines())
        return lines.unread if not text else any(reading.same(text, line) for line in lines.texts)


def _evenly(span: Span) -> list[float]:
    return [span.start_s + (at + 0.5) * span.length_s / 3 for at in range(3)]


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    difference = np.abs(one - other).mean(axis=2)
    return float(difference.mean()) < _ALIKE and float(difference.max()) < _ALIKE_CELL
