"""What is said in clips, heard by a tiny Whisper through the code that hears with large ones."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.backends.speech import Whisper
from engine.backends.speech.whisper import Footprint
from engine.errors import BadRequest, DamagedClip, JobCancelled, MissingModel
from engine.media import open_clip
from engine.runtime import Runtime
from engine.types import (
    Clip,
    Event,
    MediaLimits,
    ModelChoice,
    Progress,
    Role,
    RuntimeConfig,
    Transcribe,
    Transcribed,
)
from tests.fakes.sounds import Samples, silence, sounding, tone
from tests.tiny.speech import HIGH_HZ, LOW_HZ, WINDOW_S, make_whisper

LOW, HIGH = tone(WINDOW_S, LOW_HZ), tone(WINDOW_S, HIGH_HZ)
HELLO, GOODBYE = "hello there.", "good bye."


@dataclass
class Context:
    """A job's context: counts checkpoints, collects events, cancels when it is told to."""

    limits: MediaLimits = field(default_factory=lambda: MediaLimits(decode_timeout_s=20.0))
    cancel: Callable[[], bool] = lambda: False
    checkpoints: int = 0
    events: list[Event] = field(default_factory=list)

    def say(self, piece: str) -> None:
        raise AssertionError("nobody answers here")

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.cancel():
            raise JobCancelled("This was cancelled.")


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return make_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="session")
def loaded(checkpoint_folder: Path) -> Whisper:
    whisper = Whisper(ModelChoice(backend="whisper", model=str(checkpoint_folder)))
    whisper.load()
    return whisper


@pytest.fixture
def whisper(loaded: Whisper) -> Whisper:
    """Loaded, and knowing no transcripts."""
    loaded._known.clear()
    return loaded


def clip(folder: Path, *parts: Samples, name: str = "a.mp4", **options: Any) -> Clip:
    return Clip(path=str(sounding(folder / name, np.concatenate(parts), **options)))


def lines(heard: Transcribed) -> list[tuple[float, float, str]]:
    return [(round(each.start_s, 1), round(each.end_s, 1), each.text) for each in heard.utterances]


def test_it_is_light_until_it_is_loaded_and_says_what_it_is(checkpoint_folder: Path) -> None:
    whisper = Whisper.build(
        ModelChoice(backend="whisper", model=str(checkpoint_folder), name="ears"), RuntimeConfig(models={})
    )
    card = whisper.card()
    assert (card.role, card.backend, card.name) == (Role.SPEECH, "ears", checkpoint_folder.name)
    known = Whisper(ModelChoice(backend="whisper", model="openai/whisper-tiny")).card()
    assert known.name == "Whisper tiny"
    assert known.download_bytes
    assert known.revision
    assert (checkpoint_folder / "model.safetensors").stat().st_size < 3_000_000


def test_what_is_said_comes_with_its_times_and_its_language(whisper: Whisper, tmp_path: Path) -> None:
    heard = whisper.transcribe(clip(tmp_path, LOW), Context())
    assert lines(heard) == [(1.0, 2.5, HELLO)]
    assert heard.language == "en"


def test_a_long_clip_is_heard_in_windows_and_times_count_from_its_beginning(whisper: Whisper, tmp_path: Path) -> None:
    context = Context()
    heard = whisper.transcribe(clip(tmp_path, LOW, silence(WINDOW_S), HIGH, LOW), context)
    w = WINDOW_S
    assert lines(heard) == [(1.0, 2.5, HELLO), (2 * w + 1.0, 2 * w + 2.5, GOODBYE), (3 * w + 1.0, 3 * w + 2.5, HELLO)]
    steps = [event.step for event in context.events if isinstance(event, Progress)]
    assert steps == sorted(steps) == [w, 2 * w, 3 * w]
    assert all(event.step <= event.total for event in context.events if isinstance(event, Progress))


def test_the_language_of_the_first_words_holds_for_the_clip_and_another_can_be_demanded(
    whisper: Whisper, checkpoint_folder: Path, tmp_path: Path
) -> None:
    assert whisper.transcribe(clip(tmp_path, HIGH, LOW), Context()).language == "de"
    other = Whisper(ModelChoice(backend="whisper", model=str(checkpoint_folder), options={"language": "en"}))
    assert other.transcribe(clip(tmp_path, HIGH, name="b.mp4"), Context()).language == "en"


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_the_tracks_own_rate_does_not_matter(whisper: Whisper, tmp_path: Path, rate: int) -> None:
    asked = clip(tmp_path, tone(WINDOW_S, LOW_HZ, rate=rate), rate=rate, codec="pcm_u8", name="a.mkv")
    assert lines(whisper.transcribe(asked, Context())) == [(1.0, 2.5, HELLO)]


def test_sound_that_starts_late_is_timed_by_the_pictures(whisper: Whisper, tmp_path: Path) -> None:
    asked = clip(tmp_path, LOW, codec="pcm_s16le", name="a.mkv", sound_from_s=2.0, picture_s=WINDOW_S + 2)
    assert lines(whisper.transcribe(asked, Context())) == [(3.0, 4.5, HELLO)]


def test_silence_is_not_even_shown_to_the_model(
    whisper: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "_encoded", lambda *_: pytest.fail("the model was asked about silence"))
    heard = whisper.transcribe(clip(tmp_path, silence(2 * WINDOW_S)), Context())
    assert heard == Transcribed(utterances=())


def test_noise_in_which_nobody_speaks_gets_no_words(whisper: Whisper, tmp_path: Path) -> None:
    noise = np.random.default_rng(11).normal(0, 0.02, WINDOW_S * 16_000).astype(np.float32)
    asked = clip(tmp_path, noise, codec="pcm_s16le", name="a.mkv")
    assert whisper.transcribe(asked, Context()).utterances == ()


def test_an_improbable_text_is_tried_again_and_left_when_nobody_seems_to_speak(
    whisper: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    generate = whisper._model.generate

    def counted(**arguments: Any) -> Any:
        tried.append(arguments["temperature"])
        return generate(**arguments)

    monkeypatch.setattr(whisper._model, "generate", counted)
    monkeypatch.setattr("engine.backends.speech.whisper._mean_probability", lambda _: -2.0)
    assert lines(whisper.transcribe(clip(tmp_path, LOW), Context())) != []
    assert tried == [0.0, 0.4, 0.8]
    monkeypatch.setattr(whisper, "_first_guess", lambda _: ("en", 0.7))
    assert lines(whisper.transcribe(clip(tmp_path, LOW, name="b.mp4"), Context())) == []


def test_a_clip_without_sound_and_a_picture_say_nothing(whisper: Whisper, tmp_path: Path) -> None:
    silent = Clip(path=str(sounding(tmp_path / "silent.mp4")))
    assert whisper.transcribe(silent, Context()) == Transcribed(utterances=())


def test_a_broken_track_is_a_typed_error_and_the_next_clip_is_heard(whisper: Whisper, tmp_path: Path) -> None:
    broken = clip(tmp_path, LOW, codec="flac", name="broken.mkv")
    data = Path(broken.path).read_bytes().replace(b"\xff\xf8", b"\x00\x00")
    Path(broken.path).write_bytes(data)
    with pytest.raises(DamagedClip):
        whisper.transcribe(broken, Context())
    assert lines(whisper.transcribe(clip(tmp_path, LOW), Context())) == [(1.0, 2.5, HELLO)]


def test_a_cancel_stops_it_within_one_token(whisper: Whisper, tmp_path: Path) -> None:
    tokens = 0

    def count(*_: Any) -> None:
        nonlocal tokens
        tokens += 1

    hook = whisper._model.get_decoder().register_forward_hook(count)
    try:
        with pytest.raises(JobCancelled):
            whisper.transcribe(clip(tmp_path, LOW, HIGH), Context(cancel=lambda: tokens >= 3))
    finally:
        hook.remove()
    assert tokens == 3
    assert lines(whisper.transcribe(clip(tmp_path, LOW), Context())) == [(1.0, 2.5, HELLO)]


def test_a_checkpoint_is_made_at_every_token_and_every_layer(whisper: Whisper, tmp_path: Path) -> None:
    context = Context()
    whisper.transcribe(clip(tmp_path, LOW), context)
    forwards = 1 + 5  # the encoder's layer; the stamps, the words and the end
    with open_clip(clip(tmp_path, LOW).path, context.limits, checkpoint=(reading := Context()).checkpoint) as reader:
        list(reader.sound())
    assert context.checkpoints - reading.checkpoints >= forwards


def test_a_file_is_heard_once_until_it_changes(
    whisper: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    hear = whisper._hear

    def counted(asked: Clip, context: Any) -> Transcribed:
        heard.append(asked.path)
        return hear(asked, context)

    monkeypatch.setattr(whisper, "_hear", counted)
    first = whisper.transcribe(clip(tmp_path, LOW), Context())
    assert whisper.transcribe(Clip(path=str(tmp_path / "a.mp4"), name="renamed"), Context()) == first
    assert len(heard) == 1
    assert lines(whisper.transcribe(clip(tmp_path, HIGH, LOW), Context()))[0][2] == GOODBYE
    assert len(heard) == 2


def test_few_transcripts_are_kept(whisper: Whisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backends.speech.whisper._KEPT", 2)
    monkeypatch.setattr(whisper, "_hear", lambda asked, _: Transcribed(utterances=(), language=asked.path))
    for index in range(4):
        path = tmp_path / f"{index}.mp4"
        path.write_bytes(b"x")
        whisper.transcribe(Clip(path=str(path)), Context())
    assert len(whisper._known) == 2


def test_a_long_clip_is_never_in_memory_whole(tmp_path: Path) -> None:
    asked = clip(tmp_path, tone(300.0), codec="pcm_s16le", name="long.mkv", picture_s=1.0)
    with open_clip(asked.path, MediaLimits(decode_timeout_s=20.0)) as reader:
        tracemalloc.start()
        try:
            count = sum(len(sound.samples) for sound in reader.sound(block_s=5.0))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == pytest.approx(300 * 16_000, rel=0.01)
    assert peak < 300 * 16_000 * 4 / 5


def test_it_leaves_the_device_and_comes_back(checkpoint_folder: Path, tmp_path: Path) -> None:
    whisper = Whisper(ModelChoice(backend="whisper", model=str(checkpoint_folder)))
    expected = whisper.footprint()
    assert expected.weights == (checkpoint_folder / "model.safetensors").stat().st_size
    whisper.load()
    assert 0 < whisper.footprint().weights <= expected.weights
    whisper.unload()
    assert whisper.footprint() == expected
    assert lines(whisper.transcribe(clip(tmp_path, LOW), Context())) == [(1.0, 2.5, HELLO)]


def test_on_a_processor_there_is_no_thriftier_way(whisper: Whisper) -> None:
    assert not whisper.relieve()


def test_where_the_device_has_no_room_it_works_on_the_processor(
    checkpoint_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper = Whisper(ModelChoice(backend="whisper", model=str(checkpoint_folder)), device="meta")
    monkeypatch.setattr("engine.backends.accelerator.free", lambda _: None)
    assert whisper.relieve()
    assert whisper.footprint() == Footprint(0)
    assert lines(whisper.transcribe(clip(tmp_path, LOW), Context())) == [(1.0, 2.5, HELLO)]
    assert not whisper.relieve()


def test_the_same_clip_is_heard_the_same_in_another_process(checkpoint_folder: Path, tmp_path: Path) -> None:
    import torch

    asked = clip(tmp_path, LOW, HIGH)
    state = torch.random.get_rng_state()
    found = [
        Whisper(ModelChoice(backend="whisper", model=str(checkpoint_folder))).transcribe(asked, Context())
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert torch.equal(torch.random.get_rng_state(), state)


# --- what cannot be loaded ------------------------------------------------------------------------------------------


def test_a_model_that_is_not_here_is_said_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(MissingModel):
        Whisper(ModelChoice(backend="whisper", model=str(tmp_path / "nowhere"))).load()


def test_weights_that_could_carry_code_are_refused(checkpoint_folder: Path, tmp_path: Path) -> None:
    for file in checkpoint_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"code")
    with pytest.raises(BadRequest, match="safetensors"):
        Whisper(ModelChoice(backend="whisper", model=str(tmp_path))).load()


def test_another_kind_of_model_is_refused_by_its_name(checkpoint_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((checkpoint_folder / "model.safetensors").read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(BadRequest, match="type bert"):
        Whisper(ModelChoice(backend="whisper", model=str(tmp_path))).load()


def test_damaged_files_are_said_in_a_sentence(checkpoint_folder: Path, tmp_path: Path) -> None:
    for file in checkpoint_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(BadRequest, match="cannot be loaded"):
        Whisper(ModelChoice(backend="whisper", model=str(tmp_path))).load()


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadRequest, match="no option “beams”"):
        Whisper(ModelChoice(backend="whisper", model="openai/whisper-tiny", options={"beams": 5}))


# --- through the runtime --------------------------------------------------------------------------------------------


def test_the_runtime_hears_with_it_and_says_which_model_it_was(checkpoint_folder: Path, tmp_path: Path) -> None:
    choice = ModelChoice(backend="whisper", model=str(checkpoint_folder))
    runtime = Runtime(RuntimeConfig(models={Role.SPEECH: choice}))
    runtime.load()
    heard = runtime.run(Transcribe(clip=clip(tmp_path, LOW)), lambda _: None, lambda: None)
    assert isinstance(heard, Transcribed)
    assert heard.model == checkpoint_folder.name
    assert heard.seconds > 0
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(heard), type=Transcribed) == heard
