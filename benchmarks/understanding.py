"""What our backend for understanding adds to the library's own call, and what it saves for a follow-up question.

Run `python -m benchmarks.understanding`. The model has random weights and is large enough that a token takes its time
on a processor; both ways see the same frames, already decoded, and take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import large
from benchmarks.report import Row, table
from engine.backends import accelerator
from engine.backends.mllm import Mllm
from engine.types import Clip, Event, MediaLimits, ModelChoice, Role, RuntimeConfig, Turn, Understand

MS = 1e3
TOKENS = 24
FRAMES = 8
QUESTION = "What happens in this clip?"
# Some 19 million parameters: 5 to 8 ms a token on one quiet core.
SHAPES = replace(
    large.TOY,
    text={
        "vocab_size": 512,
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_hidden_layers": 5,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "max_position_embeddings": 16_384,
    },
    vision={
        "depth": 4,
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_heads": 4,
        "patch_size": 16,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [1],
    },
    rope={"rope_type": "default", "rope_theta": 1e4, "mrope_section": [12, 10, 10], "mrope_interleaved": True},
    frame=(64 * 64, 768 * 768),
)


_Moment = tuple[float, float]
_CLOCK, _PROCESSOR = 0, 1


@dataclass
class _Clock:
    """A job's context, and a streamer of the library's, that only notes when each token came: on the clock, and in
    processor time, which a busy machine blurs less."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    times: list[_Moment] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        self.began = _now()

    def say(self, piece: str) -> None:
        self.times.append(_now())
        self.text += piece

    def emit(self, event: Event) -> None:
        pass

    def checkpoint(self) -> None:
        pass

    def put(self, value: Any) -> None:
        self.times.append(_now())

    def end(self) -> None:
        pass

    def first_s(self, skip: int = 0, kind: int = _CLOCK) -> float:
        return self.times[skip][kind] - self.began[kind]

    def rate(self, skip: int = 0, kind: int = _CLOCK) -> float:
        """Tokens a second after the first one."""
        times = [each[kind] for each in self.times[skip:]]
        return (len(times) - 1) / (times[-1] - times[0])


def _now() -> _Moment:
    return time.perf_counter(), time.process_time()


def rows(pairs: int = 11) -> list[Row]:
    """Measure everything; takes about two minutes with the defaults."""
    import torch

    accelerator.prepare()
    with tempfile.TemporaryDirectory() as folder:
        model = large.chat_model(Path(folder) / "model", SHAPES, torch.device("cpu"))
        clip = _clip(Path(folder) / "clip.mp4")
        return [*_against_the_library(model, clip, pairs), *_follow_up(model, clip, pairs)]


def _against_the_library(model: Path, clip: Clip, pairs: int) -> list[Row]:
    ours = _backend(model, reuse_conversations=0)
    job = _job(clip)
    bare = _bare(ours, job)
    runs = []
    for number in range(pairs + 1):
        if number % 2:  # nobody is always the second one
            theirs = bare()
        mine = _Clock()
        ours.answer(job, mine)
        if not number % 2:
            theirs = bare()
        assert len(mine.times) == len(theirs.times) - 1 == TOKENS
        if number:  # the first pair warms up
            runs.append((theirs, mine))
    return [
        Row("a token of the bare library call, median", statistics.median(MS / one.rate(1) for one, _ in runs), "ms"),
        *_ratios(
            "time to first token, the library's over ours",
            runs,
            lambda a, b, kind: a.first_s(1, kind) / b.first_s(0, kind),
        ),
        *_ratios(
            "tokens a second, ours over the library's", runs, lambda a, b, kind: b.rate(0, kind) / a.rate(1, kind)
        ),
    ]


def _ratios(
    name: str, runs: Sequence[tuple[_Clock, _Clock]], ratio: Callable[[_Clock, _Clock, int], float]
) -> list[Row]:
    """Of the library's run and ours: on the clock, its noise, and in processor time."""
    found = [ratio(*pair, _CLOCK) for pair in runs]
    return [
        Row(f"{name}, median", statistics.median(found), "", "≥ 0.98"),
        Row("the same: spread of the pairs (noise of this machine)", max(found) - min(found), ""),
        Row("the same: in processor time", statistics.median(ratio(*pair, _PROCESSOR) for pair in runs), "", "≥ 0.98"),
    ]


def _follow_up(model: Path, clip: Clip, pairs: int) -> list[Row]:
    keeping, plain = _backend(model), _backend(model, reuse_conversations=0)
    gains, firsts = [], []
    for number in range(pairs + 1):
        said = _Clock()
        keeping.answer(_job(clip, text=f"{QUESTION} ({number})"), said)
        before = (
            Turn(role="user", text=f"{QUESTION} ({number})", clips=(clip,)),
            Turn(role="assistant", text=said.text),
        )
        anew, kept = _Clock(), _Clock()
        plain.answer(_job(clip, before, "And then?"), anew)
        kept.began = _now()
        keeping.answer(_job(clip, before, "And then?"), kept)
        assert kept.text == anew.text
        if number:
            gains.append(anew.first_s() / kept.first_s())
            firsts.append(kept.first_s())
    return [
        Row("follow-up, time to first token, median", statistics.median(firsts) * MS, "ms"),
        Row("the same: computed anew over going on from what was kept, median", statistics.median(gains), "×"),
    ]


def _bare(ours: Mllm, job: Understand) -> Callable[[], _Clock]:
    """The library's own calls, one after the other, for the messages that our backend makes of the job: to words that
    its own streamer makes of the tokens."""
    import numpy as np

    from engine.backends.chat.conversation import chat
    from engine.backends.chat.sampling import Watched

    served = ours._ready()
    model, processor = served.loaded.model, served.loaded.processor
    views = served.viewer.look(job.turns, frames=job.frames, max_side=448, context=_Clock())
    messages, videos, metadata = [], [], []
    for message in chat(job.turns, views, can_generate=False):
        content = []
        for part in message.parts:
            if isinstance(part, Watched):
                content.append({"type": "video"})
                videos.append(np.stack([frame.image for frame in part.frames]))
                indices = [round(frame.time_s * 1000) for frame in part.frames]
                metadata.append({"fps": 1000.0, "frames_indices": indices, "total_num_frames": 2000, "duration": 2.0})
            else:
                content.append({"type": "text", "text": part})
        messages.append({"role": message.role, "content": content})

    def call() -> _Clock:
        import torch
        from transformers import TextStreamer

        clock = _Clock()
        written = TextStreamer(processor.tokenizer, skip_prompt=True)
        written.on_finalized_text = lambda text, stream_end=False: None  # words, as ours are; read by nobody

        class Streamer:
            def put(self, value: Any) -> None:
                written.put(value)
                clock.put(value)

            def end(self) -> None:
                written.end()

        with torch.inference_mode():
            text = processor.apply_chat_template(messages, add_generation_prompt=True)
            inputs = processor(
                text=[text], videos=videos, video_metadata=metadata, do_sample_frames=False, return_tensors="pt"
            )
            model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False, streamer=Streamer())
        return clock

    return call


def _backend(folder: Path, **options: int) -> Mllm:
    choice = ModelChoice(backend="transformers", model=str(folder), options=dict(options))
    ready = Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice}, device="cpu"))
    ready.load()
    return ready


def _job(clip: Clip, before: Sequence[Turn] = (), text: str = QUESTION) -> Understand:
    clips = () if before else (clip,)
    turns = (*before, Turn(role="user", text=text, clips=clips))
    return Understand(turns=turns, frames=FRAMES, max_tokens=TOKENS)


def _clip(path: Path) -> Clip:
    import numpy as np

    from engine.media import VideoWriter

    picture = np.random.default_rng(3).integers(0, 255, (144, 256, 3), dtype=np.uint8)
    with VideoWriter(path, 256, 144, 10.0) as writer:
        for index in range(20):
            picture[40:80, index * 8 : index * 8 + 40] = (240, 60, 30)
            writer.write(picture)
    return Clip(path=str(path), name="clip.mp4")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="turns of the library and us (default 11)")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    options = parser.parse_args(argv)
    found = rows(options.pairs)
    printed = json.dumps([asdict(row) for row in found], indent=2) if options.json else table("Understanding", found)
    print(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
