"""Turns and what was seen with them, as neutral messages for any chat model, fitted to what the model can take.

Pure and deterministic: the messages of a follow-up begin with the messages of the question before. What people wrote
and what a clip contains cannot pass for a model's own marks. It knows no model and no server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.backends.chat.instructions import examples, system_prompt
from engine.backends.chat.sampling import Views, Watched, subject
from engine.types import Turn, Utterance

_TRANSCRIPT = 4000  # characters: some 1,000 tokens, five minutes of talk
_SHORT_TRANSCRIPT = 800
_NEAR_S = 3.0  # what is said this close to a part that is looked at again
_NAME = 80  # characters of a file's name
_FEW = 4  # frames of the clip in question that are worth more than the examples

# What chat templates and processors take for their own: <|im_end|>, <image>, <image_soft_token>, </think>, <tool_call>,
# <start_of_turn>, <turn|>, [INST], [IMG] …
_MARKS = re.compile(
    r"<(?=[|｜]"
    r"|/?\s*(?:image|video|audio|think|tool|turn|bos|eos|pad|unk|mask|img|unused)(?![^\W\d_])"
    r"|/?\s*(?:s|row_\d\w*|global-img|extra_id_\d+|fake_token\w*|vision\w*)\b"
    r"|/?\s*(?:start|end|im|begin)_\w+)"
    r"|\[(?=/?(?:INST|IMG|TOOL|AVAILABLE_TOOLS|SYSTEM_PROMPT)(?:_\w+)?\])|<(?=<SYS>>|</SYS>>)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?P<close>/?)video>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message. A `Watched` among its parts stands for that clip's frames, in time order."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[str | Watched, ...]


def chat(turns: Sequence[Turn], views: Views, *, can_generate: bool = True, tag: str = "video") -> list[ChatMessage]:
    """System prompt, examples, then the conversation; user and assistant take turns, the user has the last word.

    `views` is what `Viewer.look` saw with each turn. `tag` spells the tag's name in all messages; the parser of the
    answer takes any letter case.
    """
    return _Draft(turns, views, can_generate, tag).messages()


def fit(
    turns: Sequence[Turn],
    views: Views,
    *,
    budget: int,
    text_tokens: Callable[[str], int],
    frame_tokens: Callable[[Watched], int],
    can_generate: bool = True,
    tag: str = "video",
) -> list[ChatMessage]:
    """The messages of `chat`, thinned until they cost at most `budget` tokens, if need be to the bare question.

    `text_tokens` counts a text, `frame_tokens` all frames of a clip as it is handed over. First earlier clips lose
    frames, the oldest first, down to one each; then the oldest turns go; then long transcripts, some frames of the
    clip in question, the examples. The last question and one frame of each clip that it is about always stay, even
    when they cost more than there is.
    """
    known: dict[str, int] = {}

    def cost(messages: Sequence[ChatMessage]) -> int:
        total = 0
        for part in (part for message in messages for part in message.parts):
            if isinstance(part, Watched):
                total += frame_tokens(part)
            else:
                known[part] = known[part] if part in known else text_tokens(part)
                total += known[part]
        return total

    draft = _Draft(turns, views, can_generate, tag)
    messages = draft.messages()
    for thin in (draft.thin_earlier, draft.drop_oldest, draft.shorten, draft.thin_subject, draft.thin_last):
        while cost(messages) > budget and thin():
            messages = draft.messages()
    return messages


def in_question(messages: Sequence[ChatMessage], turns: Sequence[Turn]) -> tuple[Watched, ...]:
    """Of what the model sees, what the last question is about: that is what people are shown beside the answer."""
    last = [part for part in messages[-1].parts if isinstance(part, Watched)]
    if last:
        return tuple(last)
    about = subject(turns)
    seen = [part for message in messages for part in message.parts if isinstance(part, Watched)]
    latest = {watched.clip.path: watched for watched in seen if watched.clip.path in about}
    return tuple(latest.values())


class _Draft:
    """The messages in the making: what is still in them, and ways to make them cost less.

    Each way does one step and says whether there was one to do.
    """

    def __init__(self, turns: Sequence[Turn], views: Views, can_generate: bool, tag: str) -> None:
        self._turns = list(turns)
        self._views = [list(seen) for seen in views]
        self._about = subject(turns)
        self._can_generate = can_generate
        self._tag = tag
        self._examples = True
        self._transcript = _TRANSCRIPT

    def messages(self) -> list[ChatMessage]:
        """The messages as they are now."""
        said: list[ChatMessage] = []
        numbers = {watched.clip.path: watched.number for seen in self._views for watched in seen}
        shown: set[str] = set()
        for turn, seen in zip(self._turns, self._views, strict=True):
            if turn.role == "assistant":
                parts: list[str | Watched] = [self._spelt(_neutral(turn.text, keep_tags=True))] if turn.text else []
            else:
                parts = self._user_parts(turn, seen, numbers, shown)
            if said and said[-1].role == turn.role:
                said[-1] = ChatMessage(turn.role, (*said[-1].parts, *parts))
            elif parts and (said or turn.role == "user"):  # an answer without its question says nothing
                said.append(ChatMessage(turn.role, tuple(parts)))
        return [*self._opening(), *said]

    def thin_earlier(self) -> bool:
        """Halve the frames of the oldest earlier clip that has more than one."""
        for seen in self._views[:-1]:
            for index, watched in enumerate(seen):
                if len(watched.frames) > 1 and not self._is_subject(watched):
                    seen[index] = thinned(watched, len(watched.frames) // 2)
                    return True
        return False

    def drop_oldest(self) -> bool:
        """Drop the oldest turn and the answers to it; the clip in question moves on to the next turn."""
        if len(self._turns) < 2:
            return False
        gone = 1
        while gone < len(self._turns) - 1 and self._turns[gone].role == "assistant":
            gone += 1
        kept = [watched for seen in self._views[:gone] for watched in seen if self._is_subject(watched)]
        del self._turns[:gone], self._views[:gone]
        self._views[0][:0] = kept
        return True

    def shorten(self) -> bool:
        """Shorten what is said in clips."""
        if self._transcript == _SHORT_TRANSCRIPT:
            return False
        self._transcript = _SHORT_TRANSCRIPT
        return True

    def thin_subject(self) -> bool:
        """Take a frame of the clip that has most of them, down to a few each; then leave the examples out."""
        if self._take_frame(_FEW):
            return True
        had, self._examples = self._examples, False
        return had

    def thin_last(self) -> bool:
        """Take a frame of the clip that has most of them, down to one each."""
        return self._take_frame(1)

    def _take_frame(self, least: int) -> bool:
        places = [(seen, index) for seen in self._views for index in range(len(seen))]
        if not places:
            return False
        seen, index = max(places, key=lambda place: len(place[0][place[1]].frames))
        count = len(seen[index].frames)
        if count <= least:
            return False
        seen[index] = thinned(seen[index], count - 1)
        return True

    def _is_subject(self, watched: Watched) -> bool:
        return watched.clip.path in self._about and not watched.closer

    def _opening(self) -> list[ChatMessage]:
        prompt = system_prompt(can_generate=self._can_generate, examples=self._examples, tag=self._tag)
        opening = [ChatMessage("system", (prompt,))]
        for example in examples(can_generate=self._can_generate, tag=self._tag) if self._examples else ():
            opening.append(ChatMessage("user", (example.question,)))
            opening.append(ChatMessage("assistant", (example.answer,)))
        return opening

    def _user_parts(
        self, turn: Turn, seen: Sequence[Watched], numbers: dict[str, int], shown: set[str]
    ) -> list[str | Watched]:
        parts: list[str | Watched] = []
        for watched in seen:
            parts += [introduction(watched), watched]
            if heard := sound(watched, self._transcript):
                parts.append(heard)
            shown.add(watched.clip.path)
        for clip in turn.clips:
            if clip.path not in shown and clip.path in numbers:
                continue  # it comes with a later turn, as far as there is room
            if clip.path not in shown:
                parts.append(f"(The clip {_quoted(clip.name)} cannot be seen any more.)")
            elif all(watched.clip.path != clip.path for watched in seen):
                parts.append(f"(Clip {numbers[clip.path]}, {_quoted(clip.name)}, was posted again.)")
        if turn.text.strip():
            parts.append(_neutral(turn.text.strip()))
        return parts

    def _spelt(self, text: str) -> str:
        return _TAG.sub(lambda found: f"<{found['close']}{self._tag}>", text)


def introduction(watched: Watched) -> str:
    """What is said before a clip's frames: its number, name, length, and when the frames were taken."""
    info, name = watched.info, _quoted(watched.clip.name)
    times = ", ".join(stamp(frame.time_s) for frame in watched.frames)
    frames = f"1 frame, at {times}" if len(watched.frames) == 1 else f"{len(watched.frames)} frames, at {times}"
    if watched.closer:
        return f"A closer look at clip {watched.number}, {name}: {frames}."
    what = "the video that was made" if watched.made else f"{name}"
    if info.kind == "image":
        return f"Clip {watched.number} is {what}, a picture."
    kind = "an animation" if info.kind == "animation" else "a video"
    return f"Clip {watched.number} is {what}, {kind}, {stamp(info.duration_s)} long: {frames}."


def sound(watched: Watched, longest: int = _TRANSCRIPT) -> str:
    """What is known of a clip's sound, in at most about `longest` characters; empty for pictures."""
    said = watched.clip.speech
    if watched.closer:
        near = _near(watched, said or ())
        return _transcript("What is said there:", near, _SHORT_TRANSCRIPT) if near else ""
    if watched.info.kind == "image":
        return ""
    if not watched.info.has_audio:
        return "It has no sound."
    if said is None:
        return "Its sound was not heard."
    return _transcript("What is said in it:", said, longest) if said else "Nobody speaks in it."


def stamp(seconds: float) -> str:
    """A time in a clip as people write it, to a tenth of a second where it is not whole: 0:07, 1:20.5, 1:02:03."""
    tenths = round(max(0.0, seconds) * 10)
    whole, tenth = divmod(tenths, 10)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    clock = f"{hours}:{minutes:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"
    return f"{clock}.{tenth}" if tenth else clock


def thinned(watched: Watched, count: int) -> Watched:
    """The same clip with `count` of its frames, evenly chosen; at least one."""
    have, count = len(watched.frames), max(1, count)
    if have <= count:
        return watched
    kept = tuple(watched.frames[int((index + 0.5) * have / count)] for index in range(count))
    return replace(watched, frames=kept)


def _near(watched: Watched, said: Sequence[Utterance]) -> list[Utterance]:
    start_s, end_s = watched.frames[0].time_s - _NEAR_S, watched.frames[-1].time_s + _NEAR_S
    return [utterance for utterance in said if utterance.end_s >= start_s and utterance.start_s <= end_s]


def _transcript(heading: str, said: Sequence[Utterance], longest: int) -> str:
    """Each utterance with its times, one a line; of too many the middle is left out."""
    lines = [
        f"{stamp(round(utterance.start_s))}–{stamp(round(utterance.end_s))} {text}"
        for utterance in said
        if (text := _neutral(" ".join(utterance.text.split()))[:longest])
    ]
    if sum(map(len, lines)) <= longest:
        return "\n".join([heading, *lines])
    first = _while_short(lines, longest // 2)
    last = _while_short(lines[: len(first) - 1 : -1] if first else lines[::-1], longest // 2)[::-1]
    return "\n".join([heading, *first, "(more is said here, left out)", *last])


def _while_short(lines: Sequence[str], longest: int) -> list[str]:
    taken: list[str] = []
    for line in lines:
        longest -= len(line)
        if longest < 0:
            break
        taken.append(line)
    return taken


def _quoted(name: str) -> str:
    """A file's name in one line and in quotation marks that it cannot close."""
    plain = " ".join(_neutral(name).split()).replace("“", "'").replace("”", "'")
    return f"“{plain if len(plain) <= _NAME else plain[: _NAME - 1] + '…'}”"


def _neutral(text: str, *, keep_tags: bool = False) -> str:
    """Text in which nothing passes for a mark of a chat template; of these `<video>` may stay."""

    def harmless(found: re.Match[str]) -> str:
        if keep_tags and _TAG.match(text, found.start()):
            return found[0]
        return "‹" if found[0] == "<" else "("

    return _MARKS.sub(harmless, text)
