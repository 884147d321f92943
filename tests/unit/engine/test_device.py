"""Looking for a device without importing torch, whatever torch does when it is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import device
from engine.device import detect


@pytest.fixture
def torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A torch of our own, for the process that is asked. Its content is up to the test."""
    module = tmp_path / "torch.py"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return module


CUDA = """
class cuda:
    is_available = staticmethod(lambda: True)
    mem_get_info = staticmethod(lambda device=None: (5 << 30, (8 << 30) + (int(str(device or 0)[-1]) << 30)))
    get_device_name = staticmethod(lambda device=None: f"NVIDIA Test {device or 0}")
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
class device(str):
    type = "cuda"
print("a library says hello on stdout")
"""


def test_a_gpu_is_told_with_its_name_and_memory(torch: Path) -> None:
    torch.write_text(CUDA)
    found = detect()
    assert (found.kind, found.name, found.memory_bytes, found.free_bytes) == ("cuda", "NVIDIA Test 0", 8 << 30, 5 << 30)
    assert found.is_gpu


def test_another_gpu_than_the_first_can_be_asked_about(torch: Path) -> None:
    torch.write_text(CUDA)
    assert detect("cuda:1").name == "NVIDIA Test cuda:1"
    assert detect("cuda:1").memory_bytes == 9 << 30


def test_a_torch_that_does_not_start_is_a_processor_with_a_reason(torch: Path) -> None:
    torch.write_text("raise ImportError('libcudart.so is missing')")
    found = detect()
    assert (found.kind, found.packages) == ("cpu", True)
    assert "libcudart.so is missing" in found.reason


def test_a_driver_that_hangs_is_given_up(torch: Path) -> None:
    torch.write_text("import threading\nthreading.Event().wait()")
    found = detect(timeout_s=1.0)
    assert found.kind == "cpu"
    assert "hang" in found.reason


def test_an_answer_that_is_none_is_a_processor_with_a_reason(torch: Path) -> None:
    torch.write_text("import os\nprint('nonsense', flush=True)\nos._exit(0)")
    assert detect().reason


def test_without_the_packages_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    found = detect()
    assert (found.packages, found.kind) == (False, "cpu")


def test_for_the_processor_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    assert detect("cpu").memory_bytes > 0


def test_a_containers_limit_counts_as_the_machines_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(device, "_CONTAINER_LIMIT", limit)
    limit.write_text("1000000\n")
    assert detect("cpu").memory_bytes == 1_000_000
    limit.write_text("max\n")
    assert detect("cpu").memory_bytes > 1_000_000


def test_memory_that_the_system_would_give_back_counts_as_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr(device, "_MEMINFO", meminfo)
    meminfo.write_text("MemTotal:  4096 kB\nMemFree:  10 kB\nMemAvailable:  2048 kB\n")
    assert detect("cpu").free_bytes == 2 << 20
    meminfo.write_text("nonsense")
    assert detect("cpu").free_bytes > 2 << 20


def test_the_real_torch_answers_and_is_not_imported_here() -> None:
    code = "import sys\nfrom engine.device import detect\nprint(detect().packages, 'torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False"]
