"""What jobs took is kept over restarts, for the same models only, and never in the way."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import msgspec
import pytest

from engine.learned import LearnedTimes
from engine.scheduler import CostModel, Key, cost_key
from engine.types import (
    Clip,
    Generate,
    Inspect,
    ModelChoice,
    Moderate,
    Role,
    RuntimeConfig,
    Transcribe,
    Turn,
    Understand,
)

CLIP = Clip(path="c")
QUESTION = cost_key(Understand(turns=(Turn(role="user", text="?", clips=(CLIP,)),)))
VIDEO = cost_key(Generate(prompt="p", out="o", model="painter"))
CHECK, LOOK, SPEECH = (cost_key(job) for job in (Moderate(text="?"), Inspect(clip=CLIP), Transcribe(clip=CLIP)))
TIMES: dict[Key, float] = {QUESTION: 4.0, VIDEO: 80.5, CHECK: 0.2, LOOK: 0.1, SPEECH: 9.0}
CONFIG = RuntimeConfig(
    models={
        Role.UNDERSTANDING: ModelChoice(backend="transformers", model="a/chat"),
        Role.GENERATION: ModelChoice(backend="diffusers", model="a/painter"),
        Role.TEXT_GUARD: ModelChoice(backend="profanity"),
        Role.SPEECH: ModelChoice(backend="whisper", model="a/ears"),
    }
)


def recalled(path: Path, config: RuntimeConfig = CONFIG) -> dict[Key, float]:
    """What a start with this configuration knows from the file."""
    costs = CostModel()
    LearnedTimes(path, config, costs).load()
    return costs.known()


def keep(path: Path, times: dict[Key, float], config: RuntimeConfig = CONFIG) -> None:
    LearnedTimes(path, config, CostModel()).save(times)


def with_model(role: Role, **changed: object) -> RuntimeConfig:
    models = {**CONFIG.models, role: msgspec.structs.replace(CONFIG.models[role], **changed)}
    return msgspec.structs.replace(CONFIG, models=models)


def test_what_was_learned_is_known_at_the_next_start(tmp_path: Path) -> None:
    keep(tmp_path / "new folder" / "times.json", TIMES)
    assert recalled(tmp_path / "new folder" / "times.json") == TIMES
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["times.json"]


@pytest.mark.parametrize(
    ("config", "gone"),
    [
        (with_model(Role.UNDERSTANDING, model="a/larger-chat"), {QUESTION}),
        (with_model(Role.UNDERSTANDING, options={"frame_side": 896}), {QUESTION}),
        (with_model(Role.GENERATION, options={"steps": 8}), {VIDEO}),
        (with_model(Role.TEXT_GUARD, backend="qwen3guard"), {CHECK}),
        (with_model(Role.SPEECH, model="a/larger-ears"), {SPEECH}),
        (msgspec.structs.replace(CONFIG, device="cuda"), set(TIMES)),
    ],
)
def test_another_model_or_device_is_measured_anew_and_the_others_are_still_known(
    config: RuntimeConfig, gone: set[Key], tmp_path: Path
) -> None:
    keep(tmp_path / "times.json", TIMES)
    assert set(recalled(tmp_path / "times.json", config)) == set(TIMES) - gone
    keep(tmp_path / "times.json", {QUESTION: 77.0}, config)
    assert recalled(tmp_path / "times.json") == TIMES | ({} if QUESTION in gone else {QUESTION: 77.0})


def test_two_that_share_a_folder_keep_what_the_other_one_learned(tmp_path: Path) -> None:
    keep(tmp_path / "times.json", {QUESTION: 4.0})
    keep(tmp_path / "times.json", {VIDEO: 80.0})
    assert recalled(tmp_path / "times.json") == {QUESTION: 4.0, VIDEO: 80.0}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"{",
        b"[]",
        b'{"times": 3}',
        b'{"times": [{"kind": "understand"}]}',
        b'\xff\xfe{"times": []}',
        b'{"times": [' + b" " * (2 << 20),
    ],
)
def test_a_broken_file_is_left_aside_and_written_anew(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "times.json").write_bytes(content)
    assert recalled(tmp_path / "times.json") == {}
    keep(tmp_path / "times.json", TIMES)
    assert recalled(tmp_path / "times.json") == TIMES


@pytest.mark.parametrize("seconds", [0, -1, 1e300])
def test_a_time_that_cannot_be_is_not_believed(seconds: float, tmp_path: Path) -> None:
    keep(tmp_path / "times.json", TIMES)
    told = json.loads((tmp_path / "times.json").read_text())
    told["times"][0]["seconds"] = seconds
    (tmp_path / "times.json").write_text(json.dumps(told))
    assert len(recalled(tmp_path / "times.json")) == len(TIMES) - 1


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    times = LearnedTimes(tmp_path / "file" / "times.json", CONFIG, CostModel())
    with caplog.at_level(logging.WARNING):
        times.load()
        times.save(TIMES)
        times.save(TIMES)
    assert sum("cannot be kept" in record.message for record in caplog.records) == 1


def test_the_file_stays_small_and_the_latest_stay_in_it(tmp_path: Path) -> None:
    for number in range(30):
        config = with_model(Role.UNDERSTANDING, model=f"a/{number}")
        keep(tmp_path / "times.json", {("understand", f"{clips} clips"): 1.0 for clips in range(20)}, config)
    assert len(recalled(tmp_path / "times.json", config)) == 20
    assert (tmp_path / "times.json").stat().st_size < 64 * 1024
