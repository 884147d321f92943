"""The model files are those whose origin is written down."""

import hashlib
import json
from importlib import resources

MODELS = resources.files("engine.backends.lite.recognition") / "models"


def test_every_model_has_the_hash_that_its_origin_names() -> None:
    origins = json.loads((MODELS / "origins.json").read_text())
    assert {f"{name}.onnx" for name in origins} == {
        path.name for path in MODELS.iterdir() if path.name.endswith(".onnx")
    }
    for name, origin in origins.items():
        assert hashlib.sha256((MODELS / f"{name}.onnx").read_bytes()).hexdigest() == origin["sha256"]


def test_every_model_has_its_licence_in_the_notice() -> None:
    notice = (MODELS / "NOTICE").read_text()
    for name in json.loads((MODELS / "origins.json").read_text()):
        assert f"\n{name}.onnx " in notice


def test_all_together_they_are_small() -> None:
    assert sum(len(path.read_bytes()) for path in MODELS.iterdir()) < 25_000_000
