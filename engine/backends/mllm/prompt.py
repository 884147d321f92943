"""From neutral messages to what a model is fed: the chat template filled in, frames as videos or pictures, token ids.

It finds out what a processor can do by trying (`examine`), counts what things cost with the processor itself, and knows
no cache and no answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.backends.chat.conversation import ChatMessage, stamp
from engine.backends.chat.sampling import Watched
from engine.backends.chat.thinking import opens_thought
from engine.backends.mllm.families import Family, Traits, family_of
from engine.backends.mllm.loading import Loaded
from engine.errors import BadRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pictures = Sequence[NDArray[np.uint8]]

# Times are told to processors as numbers of frames of a clip with as many frames a second: exact to the millisecond,
# whatever the clip's own rate, which may vary.
_RATE = 1000
_TRIED_PX = 64  # the sides of frames that only try a processor out
_REMEMBERED = 512  # texts whose length in tokens is remembered
# Variables of chat templates that decide about thinking aloud.
_QUIET = {"enable_thinking": False, "thinking": False}
# Marks behind which a chat model has nothing more to say, where its template uses them.
_ENDS = ("<|im_end|>", "<end_of_utterance>", "<|eot_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|user|>")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation as a model reads it.

    `inputs` are the processor's tensors, a batch of one. `pictures` are digests of the clips behind them, in order.
    `shared` is how many ids belong to the conversation itself: a later question begins with the same ones, while what
    follows only makes the model answer. `thinks` when the prompt opens a thought.
    """

    inputs: Mapping[str, Any]
    ids: tuple[int, ...]
    pictures: tuple[bytes, ...]
    shared: int
    thinks: bool


class Prompter:
    """Writes prompts for one loaded model."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._family: Family = family_of(loaded.config.model_type)
        self._costs: dict[tuple[int, ...], int] = {}
        self._lengths: dict[str, int] = {}
        self.traits = self._examine()

    def write(self, messages: Sequence[ChatMessage]) -> Prompt:
        """Raises what the processor raises for clips that it cannot take."""
        media = _Media(self.traits.video and (self.traits.mixes or not _has_picture(messages)))
        filled = [{"role": message.role, "content": self._content(message, media)} for message in messages]
        if not self.traits.uneven:
            media.make_even()
        text, tail = self._rendered(filled)
        inputs = self._processed([text], media)
        ids = tuple(inputs["input_ids"][0].tolist())
        ending = self._encoded(tail)
        told = len(ids) - len(ending) if ending and list(ids[-len(ending) :]) == ending else len(ids)
        return Prompt(inputs, ids, tuple(media.digests), told, opens_thought(text))

    def about_pictures(self, pictures: Pictures, question: str) -> Mapping[str, Any]:
        """Inputs that ask the same question about each picture, all of one size: a batch without padding."""
        content = [{"type": "image"}, {"type": "text", "text": self._harmless(question)}]
        text, _ = self._rendered([{"role": "user", "content": content}])
        media = _Media(videos=False)
        media.images = [[picture] for picture in pictures]
        return self._processed([text] * len(pictures), media)

    def text_tokens(self, text: str) -> int:
        """What a text costs; remembered, because most of a prompt is the same each time."""
        if text not in self._lengths:
            if len(self._lengths) >= _REMEMBERED:
                self._lengths.clear()
            self._lengths[text] = len(self._encoded(text))
        return self._lengths[text]

    def frame_tokens(self, watched: Watched) -> int:
        """What the frames of a clip cost, counted once for each number and size of frames."""
        count, (height, width) = len(watched.frames), watched.frames[0].image.shape[:2]
        if (count, height, width) not in self._costs:
            alone = self._content(ChatMessage("user", (watched,)), media := _Media(self.traits.video))
            text, _ = self._rendered([{"role": "user", "content": alone}])
            bare, _ = self._rendered([{"role": "user", "content": [{"type": "text", "text": ""}]}])
            cost = self._processed([text], media)["input_ids"].shape[-1] - self.text_tokens(bare)
            self._costs[count, height, width] = max(count, cost)
        return self._costs[count, height, width]

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The ids that end an answer: the model's own, the tokenizer's, and what ends a turn in the template."""
        tokenizer, template = self._loaded.tokenizer, self._loaded.template
        own = getattr(self._loaded.model.generation_config, "eos_token_id", None)
        found = set(own if isinstance(own, list | tuple) else [own]) | {tokenizer.eos_token_id}
        added = tokenizer.get_added_vocab()
        found |= {added[mark] for mark in _ENDS if mark in added and mark in template}
        return tuple(sorted(each for each in found if each is not None))

    @cached_property
    def hidden(self) -> frozenset[int]:
        """Special ids that are no text for people. A placeholder spelled like our tag is text when a model says it."""
        return frozenset(index for mark, index in self._special.items() if mark not in ("<video>", "</video>"))

    @cached_property
    def placeholders(self) -> tuple[int, ...]:
        """The ids that stand where features of pictures and videos go."""
        names = [mark for kind in ("image", "video") if (mark := self._placeholder(kind))]
        config = self._loaded.config
        found = {self._loaded.tokenizer.convert_tokens_to_ids(name) for name in names}
        for key in ("image_token_id", "video_token_id", "image_token_index", "video_token_index"):
            found.add(getattr(config, key, None))
        return tuple(sorted(each for each in found if isinstance(each, int)))

    def _examine(self) -> Traits:
        """Look what the template and the processor make of a picture and of a video."""
        processor = self._loaded.processor
        name = self._loaded.config.model_type
        if not self._takes("image"):
            raise BadRequest(
                f"The chat template of this {name} model has no place for pictures, so it could not see anything. "
                "Choose another model, or a version with a chat template for pictures."
            )
        video = getattr(processor, "video_processor", None) is not None and self._takes("video")
        # Where both kinds fill the same input, the second one overwrites the first.
        inputs = [
            set(getattr(each, "model_input_names", ()))
            for each in (processor.image_processor, video and processor.video_processor)
        ]
        marks = {self._placeholder("video"), *self._special}
        return Traits(
            video=video,
            mixes=not inputs[0] & inputs[1],
            uneven=video and self._takes_uneven(),
            tag="VIDEO" if "<video>" in marks else "video",
        )

    def _takes_uneven(self) -> bool:
        """Whether two videos of different lengths go through the processor: some stack all into one tensor."""
        import numpy as np

        media = _Media(videos=True)
        for count in (2, 4):
            media.take_video(
                np.zeros((count, _TRIED_PX, _TRIED_PX, 3), np.uint8), list(map(float, range(count))), count
            )
        text, _ = self._rendered([{"role": "user", "content": [{"type": "video"}, {"type": "video"}]}])
        try:
            self._processed([text], media)
        except (ValueError, RuntimeError, TypeError, IndexError):
            return False
        return True

    def _takes(self, kind: str) -> bool:
        """Whether the template writes something for it: most skip what they have no place for."""
        texts = [{"type": "text", "text": "?"}]
        with_it, without = (
            self._rendered([{"role": "user", "content": content}])[0] for content in ([{"type": kind}, *texts], texts)
        )
        return with_it != without

    def _placeholder(self, kind: str) -> str:
        """What a processor replaces by the features of a picture or a video; Gemma's spells it differently."""
        processor = self._loaded.processor
        return getattr(processor, f"{kind}_token", None) or getattr(processor.tokenizer, f"{kind}_token", None) or ""

    def _content(self, message: ChatMessage, media: _Media) -> list[dict[str, str]]:
        content: list[dict[str, str]] = []
        for part in message.parts:
            if isinstance(part, Watched):
                content += media.take(part)
            else:
                content.append({"type": "text", "text": self._harmless(part)})
        return _joined(content)

    def _rendered(self, messages: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
        """The filled-in template, and the end of it that makes the model answer."""
        from jinja2.exceptions import TemplateError

        try:
            return self._render(messages)
        except TemplateError:
            if messages[0]["role"] != "system":
                raise
            # A family without system prompts: what it is told stands before the first question.
            told, first, *rest = messages
            content = [*told["content"], {"type": "text", "text": "\n\n"}, *first["content"]]
            return self._render([{"role": "user", "content": _joined(content)}, *rest])

    def _render(self, messages: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
        processor, template = self._loaded.processor, self._loaded.template
        variables = {name: value for name, value in _QUIET.items() if name in template}
        asked = processor.apply_chat_template(list(messages), add_generation_prompt=True, **variables)
        plain = processor.apply_chat_template(list(messages), add_generation_prompt=False, **variables)
        return asked, asked.removeprefix(plain) if asked.startswith(plain) else ""

    def _processed(self, texts: list[str], media: _Media) -> Mapping[str, Any]:
        bos = self._loaded.tokenizer.bos_token
        written = bos is not None and texts[0].startswith(bos)
        more: dict[str, Any] = {"add_special_tokens": False} if written else {}
        if media.images:
            more["images"] = media.images
            if media.whole:
                more |= self._family.frame
        if media.videos:
            more |= {"videos": media.videos, "video_metadata": media.metadata, "do_sample_frames": False}
        inputs = dict(self._loaded.processor(text=texts, return_tensors="pt", **more))
        return {name: value for name, value in inputs.items() if hasattr(value, "shape")}

    def _encoded(self, text: str) -> list[int]:
        ids: list[int] = self._loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _harmless(self, text: str) -> str:
        """Text in which nothing is a control token of this tokenizer: a blank breaks the spell and can be read over."""
        for mark in self._control_tokens:
            if mark in text:
                text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text

    @cached_property
    def _special(self) -> Mapping[str, int]:
        """The special tokens and their ids: those with a part to play, and those that were only added as such."""
        tokenizer = self._loaded.tokenizer
        added = {str(mark): index for index, mark in tokenizer.added_tokens_decoder.items() if mark.special}
        return {**added, **dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))}

    @cached_property
    def _control_tokens(self) -> tuple[str, ...]:
        marks = {*self._special, self._placeholder("image"), self._placeholder("video")}
        return tuple(sorted((mark for mark in marks if len(mark) > 1 and not mark.isspace()), key=len, reverse=True))


class _Media:
    """The pictures and videos of a conversation in the order in which they come."""

    def __init__(self, videos: bool) -> None:
        self._as_videos = videos
        self.images: list[Any] = []
        self.videos: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self.digests: list[bytes] = []  # of all clips
        self._of_videos: list[int] = []  # which of them are those of videos
        self.whole = False  # frames of a clip are among the pictures

    def take(self, watched: Watched) -> list[dict[str, str]]:
        """The parts of a message that stand for a clip."""
        import numpy as np

        self.digests.append(_digest(watched))
        frames = watched.frames
        if len(frames) == 1:
            self.images.append(frames[0].image)
            return [{"type": "image"}]
        if self._as_videos:
            self._of_videos.append(len(self.digests) - 1)
            times = [frame.time_s for frame in frames]
            self.take_video(np.stack([frame.image for frame in frames]), times, watched.info.duration_s)
            return [{"type": "video"}]
        self.whole = True
        self.images += [frame.image for frame in frames]
        stamps = [{"type": "text", "text": f"[{stamp(frame.time_s)}]"} for frame in frames]
        return [part for text in stamps for part in (text, {"type": "image"})]

    def take_video(self, video: NDArray[np.uint8], times: Sequence[float], duration_s: float) -> None:
        """Frames (F, H, W, 3), and when in a clip of that length they were taken."""
        self.videos.append(video)
        self.metadata.append(_metadata(video, times, duration_s))

    def make_even(self) -> None:
        """Repeat the last frame of shorter videos until all are equally long."""
        import numpy as np

        longest = max(map(len, self.videos), default=0)
        for index, video in enumerate(self.videos):
            if more := longest - len(video):
                self.videos[index] = np.concatenate([video, np.repeat(video[-1:], more, axis=0)])
                indices = self.metadata[index]["frames_indices"]
                indices += [indices[-1]] * more
                self.digests[self._of_videos[index]] += longest.to_bytes(2, "big")  # it is another video now


def _metadata(video: NDArray[np.uint8], times: Sequence[float], duration_s: float) -> dict[str, Any]:
    duration = max(duration_s, times[-1] + 1 / _RATE)
    return {
        "fps": float(_RATE),
        "frames_indices": [round(time_s * _RATE) for time_s in times],
        "total_num_frames": max(1, round(duration * _RATE)),
        "duration": duration,
        "height": video.shape[1],
        "width": video.shape[2],
    }


def _digest(watched: Watched) -> bytes:
    """Equal for the same frames at the same times."""
    found = hashlib.blake2b(digest_size=16)
    for frame in watched.frames:
        found.update(f"{frame.time_s}{frame.image.shape}".encode())
        found.update(frame.image.data if frame.image.flags.c_contiguous else frame.image.tobytes())
    return found.digest()


def _has_picture(messages: Sequence[ChatMessage]) -> bool:
    return any(isinstance(part, Watched) and len(part.frames) == 1 for message in messages for part in message.parts)


def _joined(content: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Neighbouring texts become one, in paragraphs: templates write them without anything between."""
    joined: list[dict[str, str]] = []
    for part in content:
        if joined and part["type"] == "text" == joined[-1]["type"]:
            joined[-1]["text"] += f"\n\n{part['text']}"
        else:
            joined.append(dict(part))
    return joined
