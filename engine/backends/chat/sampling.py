"""What a model sees of the clips of a conversation: frames that follow the shots and the questions' own time words.

What is seen with a turn depends on that turn alone, never on what is asked later: so the messages of a conversation
only ever grow at their end. It knows no model and no prompt. Needs the packages of the `lite` extra.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.backends.watching.plan import close, moments, settle, spread
from engine.backends.watching.scope import WHOLE, Scope, clip_number, resolve, split_scope
from engine.backends.watching.span import Span
from engine.errors import MediaError
from engine.types import Clip, ClipInfo, FramesSeen, Turn

if TYPE_CHECKING:
    from engine.backends.base import JobContext
    from engine.media import SampledFrame

# A player shows 1:20 until it is 1:21, and people are a second late or early.
_BEFORE_S, _AFTER_S = 1.0, 2.0
_MADE_SHARE = 2  # a video that was made here is known by its prompt already: half of the frames do
_REMEMBERED_BYTES = 96 * 1024 * 1024  # some 200 frames of 512 × 288


@dataclass(frozen=True, slots=True)
class Watched:
    """One clip as a model sees it.

    `number` counts the clips of a conversation from 1. `frames` ascend in time; a picture has one. `closer` tells a
    second look at a part of a clip that was shown before; `made` a video that the assistant had made.
    """

    clip: Clip
    number: int
    info: ClipInfo
    frames: tuple[SampledFrame, ...]
    closer: bool = False
    made: bool = False


Views = tuple[tuple[Watched, ...], ...]  # for each turn of a conversation what is seen with it


def watch(
    clips: Sequence[Clip], question: str, *, frames: int, max_side: int | None, context: JobContext
) -> tuple[Watched, ...]:
    """Look at each of the clips for a question: up to `frames` frames each, of at most `max_side` pixels a side.

    A part that the question names ("at 1:20", "the last shot") gets most of the frames; when the question numbers a
    clip ("at the end of the second video"), only that one's. Raises `MediaError` and what the context raises.
    """
    scope = split_scope(question)[0]
    meant = _numbered(clips, clips, question)
    return tuple(
        _watch(clip, number, scope if meant in (None, clip) else WHOLE, frames, max_side, context)
        for number, clip in enumerate(clips, start=1)
    )


def show(watched: Sequence[Watched], stills_dir: str | None, context: JobContext) -> None:
    """Write what a model sees as stills and say so (`FramesSeen`); without a folder nobody wants to know.

    Raises `StorageFull`.
    """
    if stills_dir is None or not watched:
        return
    from engine.media import write_stills

    stills = [
        still for index, each in enumerate(watched) for still in write_stills(each.frames, Path(stills_dir), clip=index)
    ]
    context.emit(FramesSeen(frames=tuple(stills)))


class Viewer:
    """Looks at the clips of conversations, and remembers the latest looks, so that a follow-up finds them again."""

    def __init__(self, capacity_bytes: int = _REMEMBERED_BYTES) -> None:
        self._capacity = capacity_bytes
        self._known: OrderedDict[tuple[object, ...], Watched] = OrderedDict()
        self.latest: Views = ()  # what the last `look` found

    def look(self, turns: Sequence[Turn], *, frames: int, max_side: int | None, context: JobContext) -> Views:
        """What is seen with each turn; nothing with the assistant's, whose videos are seen with the turn behind.

        A clip is looked at for the words of the turn that brings it. Later turns look again only when they name a part
        of it. Raises `MediaError` for a clip that the last turn is about (an earlier one that cannot be read any
        more is left out) and what the context raises.
        """
        last = next((index for index in reversed(range(len(turns))) if turns[index].role == "user"), -1)
        about = subject(turns)
        seen: dict[str, int] = {}
        views: list[tuple[Watched, ...]] = []
        for index, turn in enumerate(turns):
            views.append(())
            if turn.role != "user":
                continue
            looks = self._of_turn(turns, index, seen)
            found = []
            for look in looks:
                try:
                    found.append(self._look(look, frames, max_side, context))
                except MediaError:
                    if index == last or look.clip.path in about:
                        raise
            views[-1] = tuple(watched for watched in found if watched.frames)
        self.latest = tuple(views)
        return self.latest

    def forget(self) -> None:
        """Give back what is remembered: tens of megabytes of main memory."""
        self._known.clear()
        self.latest = ()

    def _of_turn(self, turns: Sequence[Turn], index: int, seen: dict[str, int]) -> list[_Look]:
        """The looks that a turn asks for. `seen` numbers the clips of the turns before, and learns of new ones."""
        turn = turns[index]
        made = [clip for before in _answers_before(turns, index) for clip in before.clips]
        brought = _clips([turn])
        scope = split_scope(turn.text)[0]
        pointed, meant = _pointed(turns[: index + 1]), _meant(turns[: index + 1])
        looks = []
        for clip in [*made, *brought]:
            known = clip.path in seen
            number = seen.setdefault(clip.path, len(seen) + 1)
            named = clip.path == pointed.path if pointed else clip in brought
            if not known:
                looks.append(_Look(clip, number, scope if named else WHOLE, made=clip in made))
        if meant is not None and not scope.whole and all(meant.path != look.clip.path for look in looks):
            looks.append(_Look(meant, seen.setdefault(meant.path, len(seen) + 1), scope, closer=True))
        return looks

    def _look(self, look: _Look, frames: int, max_side: int | None, context: JobContext) -> Watched:
        count = max(1, frames // _MADE_SHARE) if look.made else frames
        key = (*_identity(look.clip), look.scope, look.closer, count, max_side)
        if key in self._known:
            self._known.move_to_end(key)
            known = self._known[key]
            return replace(known, clip=look.clip, number=look.number, made=look.made)
        watch_it = _watch_closer if look.closer else _watch
        watched = replace(watch_it(look.clip, look.number, look.scope, count, max_side, context), made=look.made)
        self._known[key] = watched
        while len(self._known) > 1 and sum(map(_size, self._known.values())) > self._capacity:
            self._known.popitem(last=False)
        return watched


def subject(turns: Sequence[Turn]) -> frozenset[str]:
    """The paths of the clips that the last question is about: those it brings, else the one that is meant."""
    question = turns[-1] if turns else None
    if question is not None and question.clips:
        return frozenset(clip.path for clip in question.clips)
    meant = _meant(turns)
    return frozenset([meant.path]) if meant else frozenset()


@dataclass(frozen=True)
class _Look:
    clip: Clip
    number: int
    scope: Scope
    closer: bool = False
    made: bool = False


def _watch(clip: Clip, number: int, scope: Scope, frames: int, max_side: int | None, context: JobContext) -> Watched:
    """A first look at a clip: all of it, and most of it where `scope` is."""
    from engine.backends.watching.survey import survey
    from engine.media import open_clip

    frames = max(1, frames)
    with open_clip(clip.path, context.limits, checkpoint=context.checkpoint) as reader:
        info = reader.info
        if _is_small(info, frames):
            return Watched(clip, number, info, tuple(reader.sample(frames, max_side=max_side)))
        found = survey(reader, scope, context.checkpoint)
        part = None if scope.whole else _part(scope, info, found.shots)
        times = settle(moments(info.duration_s, found.shots, frames, part), found.cheap, part)
        return Watched(clip, number, info, _distinct(reader.frames_at(times, max_side=max_side)))


def _watch_closer(
    clip: Clip, number: int, scope: Scope, frames: int, max_side: int | None, context: JobContext
) -> Watched:
    """A second look, at the part that `scope` names only; without frames when the clip has no such part."""
    from engine.backends.watching.survey import survey
    from engine.media import open_clip

    with open_clip(clip.path, context.limits, checkpoint=context.checkpoint) as reader:
        info = reader.info
        if _is_small(info, frames):
            return Watched(clip, number, info, (), closer=True)  # all of it was seen
        shots = survey(reader, scope, context.checkpoint).shots if scope.kind == "shot" else ()
        part = _part(scope, info, shots)
        times = spread([part], close(part, frames)) if part else []
        return Watched(clip, number, info, _distinct(reader.frames_at(times, max_side=max_side)), closer=True)


def _is_small(info: ClipInfo, frames: int) -> bool:
    """Whether a clip has no more pictures than may be seen of it."""
    return info.kind == "image" or info.duration_s <= 0 or (info.frames is not None and info.frames <= frames)


def _part(scope: Scope, info: ClipInfo, shots: Sequence[Span]) -> Span | None:
    return resolve(scope, info.duration_s, shots, before_s=_BEFORE_S, after_s=_AFTER_S)


def _distinct(frames: Sequence[SampledFrame]) -> tuple[SampledFrame, ...]:
    by_time = {frame.time_s: frame for frame in frames}
    return tuple(by_time[time_s] for time_s in sorted(by_time))


def _answers_before(turns: Sequence[Turn], index: int) -> list[Turn]:
    """The assistant's turns between a user's turn and the one before it."""
    start = index
    while start > 0 and turns[start - 1].role != "user":
        start -= 1
    return list(turns[start:index])


def _meant(turns: Sequence[Turn]) -> Clip | None:
    """The one clip that the last turn is about: the one that its words point at, else the latest."""
    clips = _clips(turns)
    return _pointed(turns) or (clips[-1] if clips else None)


def _clips(turns: Sequence[Turn]) -> list[Clip]:
    """All clips of a conversation, each where it was posted last."""
    by_path: dict[str, Clip] = {}
    for clip in (clip for turn in turns for clip in turn.clips):
        by_path.pop(clip.path, None)
        by_path[clip.path] = clip
    return list(by_path.values())


def _pointed(turns: Sequence[Turn]) -> Clip | None:
    """The clip that the last turn's words name or number."""
    clips = _clips(turns)
    spoken = turns[-1].text.lower() if turns else ""
    for clip in clips:
        stem = PurePath(clip.name).stem.lower()
        if len(stem) > 3 and stem not in ("clip", "video", "image", "made video") and stem in spoken:
            return clip
    own = _clips(turns[-1:])
    return _numbered(own if len(own) > 1 else clips, own if len(own) > 1 else _in_order(turns), spoken)


def _in_order(turns: Sequence[Turn]) -> list[Clip]:
    """All clips of a conversation, each where it was posted first: that is how they are numbered."""
    return list({clip.path: clip for turn in turns for clip in turn.clips}.values())


def _numbered(latest_last: Sequence[Clip], in_order: Sequence[Clip], question: str) -> Clip | None:
    """The clip that a question numbers; "the last one" and "the other one" count from the latest."""
    number = clip_number(question) if len(in_order) > 1 else None
    if number is None or number > len(in_order):
        return None
    return in_order[number - 1] if number > 0 else latest_last[-1 if number < 0 else -2]


def _identity(clip: Clip) -> tuple[str, int, int]:
    try:
        stat = Path(clip.path).stat()
    except OSError:
        return clip.path, -1, -1  # opening it will say what is wrong
    return clip.path, stat.st_size, stat.st_mtime_ns


def _size(watched: Watched) -> int:
    return sum(frame.image.nbytes for frame in watched.frames)
