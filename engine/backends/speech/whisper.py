"""The Whisper family through transformers: windows of sound in, utterances with times out. It knows no question.

A model is shown one window at a time, so that a cancel and waiting moderation get their turn between tokens.
"""

from __future__ import annotations

import math
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.backends.speech.utterances import Heard, Stamps, ordered, read_window, without_loops
from engine.errors import BadRequest
from engine.presets import pin_of
from engine.types import (
    Clip,
    HubSettings,
    ModelCard,
    ModelChoice,
    Progress,
    Role,
    RuntimeConfig,
    Transcribed,
    Utterance,
)

if TYPE_CHECKING:
    import torch

    from engine.backends.base import JobContext
    from engine.backends.speech.windows import Samples, Window
    from engine.media import ClipReader

# How the family's authors decode: again and with more chance while the text repeats itself or is improbable. Six tries
# are theirs; three keep a window of music, where none of them helps, from taking twice as long.
_TEMPERATURES = (0.0, 0.4, 0.8)
_REPEATS_ITSELF = 2.4  # bytes of the text over its bytes when compressed
_IMPROBABLE = -1.0  # mean logarithm of the tokens' probabilities
_NOBODY_SPEAKS = 0.6  # probability, together with an improbable text
_SURELY_NOBODY = 0.95  # probability, whatever the text
_LEAST_ADVANCE = 1 / 6  # of a window, so that a model that hears nothing but beginnings comes to an end
_SEED = 0  # the same clip shall be heard the same
_KEPT = 64  # transcripts; a follow-up question costs nothing
_PEAK_BYTES = 512 << 20  # one window of the largest model, with its cache; until it was measured


class Whisper:
    """`SpeechBackend` and `ResidentBackend` for Whisper checkpoints with safetensors, `openai/whisper-…` and kin.

    The option `language`, such as `de`, is taken instead of what the model believes to hear.
    """

    def __init__(self, choice: ModelChoice, hub: HubSettings | None = None, device: str = "") -> None:
        """Raises `BadRequest` for an option that does not exist."""
        self._choice = choice
        self._hub = hub or HubSettings()
        self._device_name = device
        self._language = _language_of(choice.options, choice.key)
        self._model: Any = None
        self._processor: Any = None
        self._device: torch.device | None = None
        self._thrifty = False  # on the processor, because the device had no room
        self._beat: Callable[[], None] = lambda: None  # the running job's checkpoint
        self._peak = 0
        self._known: OrderedDict[tuple[str, int, int], Transcribed] = OrderedDict()

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        return cls(choice, config.hub, config.device)

    def card(self) -> ModelCard:
        pin = pin_of(self._choice.model)
        return ModelCard(
            role=Role.SPEECH,
            backend=self._choice.key,
            name=pin.name if pin else self._choice.model.rstrip("/").rpartition("/")[2],
            licence=pin.licence if pin else "",
            download_bytes=pin.download_bytes if pin else 0,
            missing=accelerator.missing("av"),
            model=self._choice.model,
            revision=self._choice.revision or (pin.revision if pin else ""),
        )

    # --- memory -------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the model from this machine's disk onto the device. Raises `MissingModel` when it is not there, and
        `BadRequest` when it is no Whisper, or not as safetensors."""
        if self._model is not None:
            return
        from engine.hub import locate

        accelerator.prepare()
        self._device = accelerator.device("cpu" if self._thrifty else self._device_name)
        folder = locate(self._choice.model, self._choice.revision, self._hub)
        self._model, self._processor = _load(folder, self._choice.model, self._device)
        for layer in self._model.get_encoder().layers:  # on a processor, a whole encoder takes seconds
            layer.register_forward_pre_hook(lambda *_: self._beat())

    def unload(self) -> None:
        self._model = self._processor = None
        if self._device is not None:
            accelerator.free(self._device)

    def footprint(self) -> Footprint:
        if self._thrifty:
            return Footprint(0)
        if self._model is not None:
            return Footprint(accelerator.weights_of([self._model]), self._peak or _PEAK_BYTES)
        pin = pin_of(self._choice.model)
        return Footprint(pin.memory_bytes if pin else _stored_bytes(self._choice.model), self._peak or _PEAK_BYTES)

    def relieve(self) -> bool:
        """Work on the processor from now on: slower, and beside the device's memory."""
        on = self._device or accelerator.device(self._device_name)
        if self._thrifty or on.type == "cpu":
            return False
        loaded = self._model is not None
        self.unload()
        self._thrifty = True
        if loaded:
            self.load()
        return True

    # --- hearing ------------------------------------------------------------------------------------------------

    def transcribe(self, clip: Clip, context: JobContext) -> Transcribed:
        """What is said in the clip, with times from its first frame on; nothing for a clip without sound.

        A file that was heard before is not heard again. Raises `MediaError` for a clip that cannot be used.
        """
        key = _identity(clip.path)
        known = self._known.get(key) if key else None
        if known is None:
            known = self._hear(clip, context)
            if key:
                self._known[key] = known
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        elif key:
            self._known.move_to_end(key)
        return known

    def _hear(self, clip: Clip, context: JobContext) -> Transcribed:
        from engine import media

        if self._model is None:
            self.load()
        with (
            media.open_clip(Path(clip.path), context.limits, checkpoint=context.checkpoint) as reader,
            self._measured(),
            self._beating(context.checkpoint),
            _repeatable(self._device),
        ):
            utterances, language = self._hear_windows(reader, context)
        return Transcribed(utterances=tuple(without_loops(utterances)), language=language if utterances else "")

    def _hear_windows(self, reader: ClipReader, context: JobContext) -> tuple[list[Utterance], str]:
        from engine.backends.speech.windows import Windows, is_quiet

        rate, size = self._processor.feature_extractor.sampling_rate, self._processor.feature_extractor.n_samples
        length_s, language = reader.info.duration_s, self._language
        utterances: list[Utterance] = []
        with closing(reader.sound(rate=rate, block_s=size / rate)) as sounds:
            windows = Windows(sounds, rate, size)
            for window in windows:
                context.checkpoint()
                if not is_quiet(window.samples, rate):
                    language, heard = self._hear_window(window, language)
                    if heard.until_s is not None:
                        windows.advance(max(heard.until_s, _LEAST_ADVANCE * size / rate))
                    moved = [_moved(each, window.start_s) for each in heard.utterances]
                    utterances += ordered(moved, utterances[-1].end_s if utterances else 0.0, math.inf)
                if not window.last:
                    done_s = min(length_s, max(0.0, window.start_s + size / rate))
                    context.emit(Progress(step=math.floor(done_s), total=math.ceil(length_s), label="seconds"))
        return utterances, language

    def _hear_window(self, window: Window, language: str) -> tuple[str, Heard]:
        """What is said in one window, and in which language: the given one, else the one that it is believed to be."""
        rate = self._processor.feature_extractor.sampling_rate
        encoded = self._encoded(window.samples, rate)
        spoken, nobody = self._first_guess(encoded)
        if nobody > _SURELY_NOBODY:
            return language, Heard(())
        tokens, probability = self._decoded(encoded, language or spoken)
        if nobody > _NOBODY_SPEAKS and probability < _IMPROBABLE:
            return language, Heard(())
        length_s = len(window.samples) / rate
        return language or spoken, read_window(tokens, self._stamps, self._text, length_s=length_s)

    def _encoded(self, samples: Samples, rate: int) -> Any:
        """The encoder's output for a window, padded to its whole length. It is computed once and decoded often."""
        import torch

        features = self._processor.feature_extractor(samples, sampling_rate=rate, return_tensors="pt").input_features
        with torch.no_grad():
            return self._model.get_encoder()(features.to(self._model.device, self._model.dtype))

    def _first_guess(self, encoded: Any) -> tuple[str, float]:
        """The language that is most likely spoken, and how likely nobody speaks."""
        import torch

        generation = self._model.generation_config
        start = torch.tensor([[generation.decoder_start_token_id]], device=self._model.device)
        with torch.no_grad():
            logits = (
                self._model(encoder_outputs=encoded, decoder_input_ids=start, use_cache=False).logits[0, -1].float()
            )
        # In every Whisper vocabulary the token for "no speech" stands right before the one for "no time stamps".
        nobody = float(logits.softmax(-1)[generation.no_timestamps_token_id - 1])
        if not _is_multilingual(generation):
            return "en", nobody
        names = list(generation.lang_to_id)
        best = int(logits[[generation.lang_to_id[name] for name in names]].argmax())
        return names[best].strip("<|>"), nobody

    def _decoded(self, encoded: Any, language: str) -> tuple[list[int], float]:
        """The window's text and time stamps, and how probable they are. A checkpoint is made after each token."""
        from transformers import StoppingCriteriaList

        spoken = {"language": language, "task": "transcribe"} if _is_multilingual(self._model.generation_config) else {}
        tokens, probability = [], -math.inf
        for temperature in _TEMPERATURES:
            found = self._model.generate(
                encoder_outputs=encoded,
                return_timestamps=True,
                force_unique_generate_call=True,  # once over the window; where to go on from is decided here
                condition_on_prev_tokens=False,
                temperature=temperature,
                return_dict_in_generate=True,
                output_scores=True,
                stopping_criteria=StoppingCriteriaList([self._criterion]),
                **spoken,
            )
            probability = _mean_probability(found)
            tokens = self._without_special(found.sequences[0].tolist())
            if probability >= _IMPROBABLE and not _repeats_itself(self._text(tokens)):
                break
        return tokens, probability

    def _without_special(self, tokens: list[int]) -> list[int]:
        stamps, special = self._stamps, set(self._processor.tokenizer.all_special_ids)
        return [token for token in tokens if stamps.is_one(token) or token not in special]

    def _criterion(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Never stops anything: the checkpoint raises when the job was cancelled."""
        import torch

        self._beat()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)

    @property
    def _stamps(self) -> Stamps:
        extractor, config = self._processor.feature_extractor, self._model.config
        return Stamps(
            self._model.generation_config.no_timestamps_token_id + 1,
            extractor.chunk_length / config.max_source_positions,
        )

    def _text(self, tokens: Any) -> str:
        return str(self._processor.tokenizer.decode(tokens, skip_special_tokens=True))

    @contextmanager
    def _beating(self, checkpoint: Callable[[], None]) -> Iterator[None]:
        before, self._beat = self._beat, checkpoint
        try:
            yield
        finally:
            self._beat = before

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """Note what the work takes on top of the weights, where the device keeps count."""
        import torch

        on = self._device
        if on is None or on.type != "cuda":
            yield
            return
        torch.cuda.reset_peak_memory_stats(on)
        before = torch.cuda.memory_allocated(on)
        try:
            yield
        finally:
            self._peak = max(self._peak, torch.cuda.max_memory_allocated(on) - before)


def _load(folder: Path, name: str, on: torch.device) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForSpeechSeq2Seq, AutoProcessor

    if not any(folder.glob("*.safetensors")):
        raise BadRequest(
            f"{name} has no weights as safetensors. Other formats can carry code, so they are not loaded; choose a "
            "model or revision with safetensors.",
            model=name,
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if config.model_type != "whisper":
            raise BadRequest(
                f"{name} is a model of type {config.model_type}, and the speech role takes Whisper and its kin. Choose "
                "one of them, or a preset.",
                model=name,
                type=config.model_type,
            )
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSpeechSeq2Seq.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=accelerator.dtype(on),
            device_map={"": on},
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadRequest(
            f"{name} cannot be loaded: {reason}. Fetch it anew with: gpt4video models pull {name}", model=name
        ) from error
    if not hasattr(model.generation_config, "no_timestamps_token_id"):
        raise BadRequest(
            f"{name} does not say how it writes time stamps: its generation_config.json is of the time before them. "
            "Choose a newer revision.",
            model=name,
        )
    model.eval()
    model.requires_grad_(False)
    return model, processor


@contextmanager
def _repeatable(on: torch.device | None) -> Iterator[None]:
    """Chance that begins alike each time, and is nobody else's."""
    import torch

    devices = [on] if on is not None and on.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(_SEED)
        yield


def _mean_probability(found: Any) -> float:
    """The mean logarithm of the probabilities of the tokens that were made."""
    made = found.sequences[0, -len(found.scores) :].tolist()
    each = [float(scores[0].float().log_softmax(-1)[token]) for token, scores in zip(made, found.scores, strict=True)]
    return sum(each) / len(each) if each else -math.inf


def _repeats_itself(text: str) -> bool:
    data = text.encode()
    return bool(data) and len(data) / len(zlib.compress(data)) > _REPEATS_ITSELF


def _is_multilingual(generation: Any) -> bool:
    return bool(getattr(generation, "is_multilingual", False)) and bool(getattr(generation, "lang_to_id", None))


def _moved(utterance: Utterance, by_s: float) -> Utterance:
    return msgspec.structs.replace(utterance, start_s=utterance.start_s + by_s, end_s=utterance.end_s + by_s)


def _language_of(options: Mapping[str, object], name: str) -> str:
    if unknown := next((option for option in options if option != "language"), ""):
        raise BadRequest(f"{name} has no option “{unknown}”. The only one is “language”.", option=unknown)
    return str(options.get("language", ""))


def _identity(path: str) -> tuple[str, int, int] | None:
    """What tells a file from a later one of its name; None when it is gone, which reading it will say better."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return path, status.st_size, status.st_mtime_ns


def _stored_bytes(model: str) -> int:
    return sum(file.stat().st_size for file in Path(model).expanduser().glob("*.safetensors"))
