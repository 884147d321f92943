"""What this machine has to run models on, asked without importing torch where the question is asked.

It knows no model and no preset. `python -m engine.device` prints the answer as JSON; `detect()` runs that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMINFO = Path("/proc/meminfo")
Kind = Literal["cuda", "mps", "cpu"]

# Importing torch takes 2.5 s on a warm disk, up to a minute on a cold network drive, and forever where a driver hangs.
TIMEOUT_S = 90.0


@dataclass(frozen=True, kw_only=True)
class Device:
    """The best device here. Bytes are 0 where they are not known.

    `memory_bytes` is all that the device has, `free_bytes` what nobody uses right now. `packages` tells whether the
    large models' packages are installed at all. `reason` says in a sentence why it is not a better one, if something
    kept it from being found.
    """

    kind: Kind = "cpu"
    name: str = "this machine's processor"
    memory_bytes: int = 0
    free_bytes: int = 0
    packages: bool = True
    reason: str = ""

    @property
    def is_gpu(self) -> bool:
        return self.kind != "cpu"


def has_packages() -> bool:
    """Whether torch and transformers are installed. Imports neither."""
    return all(find_spec(module) is not None for module in ("torch", "transformers"))


def detect(name: str = "", timeout_s: float = TIMEOUT_S) -> Device:
    """Look for the best device, or the one that torch calls `name`, in a process of its own. Takes seconds: never call
    it on an event loop.

    Never raises: what keeps torch from answering is told by `Device.reason`, and then it is the processor. Nothing is
    started without the packages, or for the processor.
    """
    if not has_packages():
        return _processor(packages=False)
    if name.startswith("cpu"):
        return _processor("The configuration says that models run on the processor.")
    command = (sys.executable, "-m", "engine.device", *([name] if name else []))
    root = str(Path(__file__).resolve().parent.parent)
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    env = {**os.environ, "PYTHONPATH": paths}
    try:
        done = subprocess.run(command, env=env, capture_output=True, timeout=timeout_s, check=True)  # noqa: S603
        return msgspec.json.decode(done.stdout.rstrip().rpartition(b"\n")[2], type=Device)
    except subprocess.TimeoutExpired:
        return _processor(f"No GPU answered within {timeout_s:.0f} s. Its driver may hang: restart the machine.")
    except subprocess.CalledProcessError as error:
        return _processor(f"No GPU was found, because torch could not say: {_last_line(error.stderr)}")
    except (OSError, msgspec.DecodeError) as error:
        return _processor(f"No GPU was found: {error}")


def inspect(name: str = "") -> Device:
    """Ask torch, in this process. Raises what torch raises for a device that is not there."""
    import torch

    wanted = torch.device(name) if name else None
    if (wanted is None and torch.cuda.is_available()) or (wanted is not None and wanted.type == "cuda"):
        free, total = torch.cuda.mem_get_info(wanted)
        return Device(kind="cuda", name=torch.cuda.get_device_name(wanted), memory_bytes=total, free_bytes=free)
    if torch.backends.mps.is_available():
        total = torch.mps.recommended_max_memory()
        free = max(0, total - torch.mps.driver_allocated_memory())
        return Device(kind="mps", name="Apple GPU", memory_bytes=total, free_bytes=free)
    return _processor(_why_no_gpu(torch.version.cuda or torch.version.hip or ""))


def _why_no_gpu(built_for: str) -> str:
    """A card that torch cannot use looks like no card at all, so say what would have to be there."""
    if built_for or not Path("/proc/driver/nvidia").exists():
        return ""
    return "There is an NVIDIA GPU, but the installed torch is a build without CUDA. Install torch's CUDA build."


def _processor(reason: str = "", *, packages: bool = True) -> Device:
    total, free = _memory()
    return Device(memory_bytes=total, free_bytes=free, packages=packages, reason=reason)


def _memory() -> tuple[int, int]:
    """Bytes of main memory: all, and what can be had. Zeros where the system does not tell."""
    total, free = _pages("SC_PHYS_PAGES"), _available() or _pages("SC_AVPHYS_PAGES")
    limit = _container_limit()
    return (min(total, limit), min(free, limit)) if limit else (total, free)


def _available() -> int:
    """Linux counts what it would give back when asked, too: files that it merely remembers (proc(5), MemAvailable)."""
    try:
        lines = _MEMINFO.read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return 0


def _pages(name: str) -> int:
    try:
        return max(0, os.sysconf("SC_PAGE_SIZE") * os.sysconf(name))
    except (AttributeError, ValueError, OSError):
        return 0


def _container_limit() -> int:
    """Bytes that a container's machine lets it have; 0 for no limit."""
    try:
        return int(_CONTAINER_LIMIT.read_text())
    except (OSError, ValueError):  # the file says "max"
        return 0


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(inspect(*sys.argv[1:2])) + b"\n")
