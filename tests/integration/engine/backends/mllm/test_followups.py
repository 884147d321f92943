"""A question about a clip that was asked about before: the same answer as ever, from what was computed already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.backends.mllm import Mllm
from engine.errors import JobCancelled
from engine.types import Clip, Turn, Understand
from tests.tiny import mllm

from .conftest import Checkpoint, Recorder, answer, ask, backend

FAMILIES = [*mllm.FAMILIES, *mllm.STILLS]
every_family = pytest.mark.parametrize("family", FAMILIES)
Clips = dict[str, Clip]
_TOWERS = ("visual", "vision_model", "vision_tower")


@pytest.fixture(scope="module")
def pair(checkpoint: Checkpoint) -> Callable[[str], tuple[Mllm, Mllm]]:
    """pair(family): a backend that keeps what it computed, and one that does not."""
    ready: dict[str, tuple[Mllm, Mllm]] = {}

    def load(family: str) -> tuple[Mllm, Mllm]:
        if family not in ready:
            folder = checkpoint(family)
            ready[family] = backend(folder), backend(folder, reuse_conversations=0)
            for each in ready[family]:
                each.load()
        prefixes = _prefixes(ready[family][0])
        prefixes.clear()
        return ready[family]

    return load


def _prefixes(model: Mllm) -> Any:
    assert model._served is not None
    return model._served.prefixes


@contextmanager
def looks(model: Mllm) -> Iterator[list[int]]:
    """Collects how often the vision tower works, and with how many tokens the language model is called."""
    assert model._served is not None
    core = model._served.loaded.model
    tower = next(each for name, each in core.named_modules() if name.rpartition(".")[2] in _TOWERS)
    seen: list[int] = []
    handle = tower.register_forward_hook(lambda *_: seen.append(1))
    try:
        yield seen
    finally:
        handle.remove()


def _first(model: Mllm, *clips: Clip) -> tuple[Turn, ...]:
    """A question about clips, its answer, and both as turns."""
    job = ask("What happens here?", *clips)
    said = answer(model, job)
    return (*job.turns, Turn(role="assistant", text=said.text))


@every_family
def test_a_follow_up_says_the_same_without_looking_again(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    keeping, plain = pair(family)
    before = _first(keeping, clips["one"], clips["two"])

    with looks(keeping) as seen:
        second = answer(keeping, ask("And what then?", before=before))
    assert seen == []
    before = (*before, Turn(role="user", text="And what then?"), Turn(role="assistant", text=second.text))
    with looks(keeping) as seen:
        third = answer(keeping, ask("Why?", before=before))
    assert seen == []

    assert second.pieces == answer(plain, ask("And what then?", before=before[:2])).pieces
    with looks(plain) as seen:
        assert third.pieces == answer(plain, ask("Why?", before=before)).pieces
    assert seen != []


@every_family
def test_a_follow_up_after_questions_of_others_says_the_same(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    keeping, plain = pair(family)
    before = _first(keeping, clips["one"])
    answer(keeping, ask("What is in the second one?", clips["two"], clips["one"]))
    answer(keeping, Understand(turns=(Turn(role="user", text="Good morning!"),), max_tokens=5))

    with looks(keeping) as seen:
        said = answer(keeping, ask("And what then?", before=before))

    assert seen == []
    assert said.pieces == answer(plain, ask("And what then?", before=before)).pieces


@every_family
def test_another_clip_of_the_same_shape_is_looked_at(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    keeping, plain = pair(family)
    same_name = [Clip(path=clips[name].path, name="clip.mp4") for name in ("one", "two")]
    _first(keeping, same_name[0])

    with looks(keeping) as seen:
        said = answer(keeping, ask("What happens here?", same_name[1]))

    assert seen != []
    assert said.pieces == answer(plain, ask("What happens here?", same_name[1])).pieces


@every_family
def test_a_follow_up_that_brings_a_new_clip_looks_at_it(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    keeping, plain = pair(family)
    before = _first(keeping, clips["one"])
    job = ask("And in this one?", clips["two"], before=before)

    with looks(keeping) as seen:
        said = answer(keeping, job)

    assert seen != []
    assert said.pieces == answer(plain, job).pieces


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("qwen3_5", "gemma3")])
def test_another_question_about_the_same_clip_looks_no_more_either(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    keeping, plain = pair(family)
    answer(keeping, ask("What happens here?", clips["one"]))

    with looks(keeping) as seen:
        said = answer(keeping, ask("Which colour is the square?", clips["one"]))

    assert seen == []
    assert said.pieces == answer(plain, ask("Which colour is the square?", clips["one"])).pieces


@every_family
def test_a_judgement_between_and_inside_follow_ups_changes_nothing(
    family: str, pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips
) -> None:
    import numpy as np

    keeping, plain = pair(family)
    picture = np.full((48, 64, 3), 200, dtype=np.uint8)
    before = _first(keeping, clips["one"])

    def judge(_: int = 0) -> None:
        keeping.yes_probability([picture], "Is there blood?")

    judge()
    with looks(keeping) as seen:
        recorder = Recorder()
        recorder.at_piece = lambda number: judge() if number == 3 else None
        keeping.answer(ask("And what then?", before=before), recorder)

    assert len(seen) == 1, "the judgement's own"
    assert recorder.pieces == answer(plain, ask("And what then?", before=before)).pieces


def test_a_cancelled_answer_is_not_kept(pair: Callable[[str], tuple[Mllm, Mllm]], clips: Clips) -> None:
    keeping, _ = pair("qwen3_vl")

    with pytest.raises(JobCancelled):
        keeping.answer(ask("What happens here?", clips["one"]), Recorder(cancel_at=2))

    assert len(_prefixes(keeping)) == 0


def test_only_the_latest_conversations_are_kept(checkpoint: Checkpoint, clips: Clips) -> None:
    model = backend(checkpoint("qwen2_5_vl"), reuse_conversations=2)
    model.load()

    for text in ("One?", "Two, a longer one?", "Three of them?"):
        answer(model, Understand(turns=(Turn(role="user", text=text, clips=(clips["one"],)),), max_tokens=3, frames=2))

    assert len(_prefixes(model)) <= 2
    assert 0 < _prefixes(model).size <= model.footprint().weights


def test_nothing_is_kept_where_it_would_not_fit(checkpoint: Checkpoint, clips: Clips) -> None:
    model = backend(checkpoint("qwen2_5_vl"), reuse_mb=0)
    model.load()

    answer(model, ask("What is it?", clips["one"]))

    assert _prefixes(model) is None


def test_short_memory_gives_up_what_was_kept(checkpoint: Checkpoint, clips: Clips) -> None:
    model = backend(checkpoint("qwen3_5"))
    model.load()
    before = _first(model, clips["one"])
    weights = model.footprint().weights
    assert len(_prefixes(model)) > 0
    assert _viewed(model) > 0

    assert model.relieve()

    assert (len(_prefixes(model)), _viewed(model)) == (0, 0)
    assert model.footprint().weights < weights
    assert answer(model, ask("And then?", before=before)).text
    assert len(_prefixes(model)) == 0


def _viewed(model: Mllm) -> int:
    assert model._served is not None
    return len(model._served.viewer._known)


def test_after_many_good_answers_or_when_loaded_anew_it_works_as_at_first(
    checkpoint: Checkpoint, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backends.mllm.backend._RECOVERS_AFTER", 2)
    model = backend(checkpoint("qwen2_5_vl"), frame_side=64)
    model.load()
    weights = model.footprint().weights
    job = ask("What is it?", clips["one"], frames=8, max_tokens=2)

    def size() -> int:
        assert model._served is not None
        return len(model._prompt(model._served, job, Recorder()).ids)

    sizes = [size()]
    for _ in range(2):
        assert model.relieve()
        sizes.append(size())
    assert sizes == sorted(set(sizes), reverse=True)

    for expected in (sizes[2], sizes[1], sizes[1], sizes[0]):
        answer(model, job)
        assert size() == expected
    assert model.footprint().weights == weights
    answer(model, job)
    assert len(_prefixes(model)) == 1

    assert model.relieve()
    model.unload()
    assert not model.relieve(), "nothing is loaded"
    model.load()
    assert size() == sizes[0]
