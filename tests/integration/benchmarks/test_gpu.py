"""The bench of models of real size, with toy ones: it runs from end to end, and what it counts is right."""

from __future__ import annotations

import re

import pytest

from benchmarks import gpu


def test_every_measure_is_taken_and_the_page_says_on_what() -> None:
    page = gpu.measure(toy=True)
    assert page.startswith("### Models of real size on the processor, with toy models")
    found = {name.strip(): value for name, value in re.findall(r"^\| ([^|]+) \| ([\d.]+)", page, re.MULTILINE)}
    assert len(found) == 22
    assert all(float(value) > 0 for value in found.values())
    assert found["attempts at a video that ran out of memory"] == "2"
    assert found["videos of these that were made in the end"] == found["attempts at the next one"] == "1"


def test_without_a_gpu_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert gpu.main([]) == 1
    assert "--toy" in capsys.readouterr().err
