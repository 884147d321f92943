"""The loaded models of the inference process: makes room for the one that is to work, and measures what each takes.

It knows no job and no role; who leaves for whom is decided by `engine.memory`. Everything runs on the inference thread.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

from engine.backends import accelerator
from engine.backends.base import Backend, Footprint, ResidentBackend
from engine.errors import OutOfMemory
from engine.memory import Expected, Ledger, fits
from engine.types import RuntimeConfig

_GIB = 1 << 30
# A container may have less memory than the machine that it runs on.
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY_INFO = Path("/proc/meminfo")

# Told before a model of so many bytes is loaded: until the next checkpoint nothing can be heard.
Loading = Callable[[int], None]

log = logging.getLogger(__name__)


class Residents:
    """Loads models and lets them take turns on the device. One that takes nothing of it is loaded once and forgotten.

    A model is known by a key, which stands in the log. `loading` may be set before the first one is loaded.
    """

    def __init__(self, config: RuntimeConfig, *, alone: bool = False) -> None:
        """`alone` tells that nothing else of weight goes on in this process, so that its garbage is ours."""
        self.loading: Loading = lambda size: None
        self._config = config
        self._alone = alone
        self._backends: dict[str, Backend] = {}
        self._residents: dict[str, ResidentBackend] = {}  # those of them that take a part of the device

    def add(self, key: str, backend: Backend, *, guard: bool = False) -> None:
        """Take a model in. A `guard` stays loaded for good, and also works between the steps of others.

        All are added before the first is loaded: what a model expects to take may depend on what the device has free.
        """
        self._backends[key] = backend
        if _is_resident(backend):
            expected = backend.footprint()
            self._ledger.add(Expected(key, expected.weights, expected.peak, guard=guard))
            self._residents[key] = backend

    def load(self, key: str) -> None:
        """Load a model for the first time, in place of others if need be.

        Raises what its `load()` raises, and `OutOfMemory` when it does not fit even alone.
        """
        if key in self._residents:
            self._bring(key)
        else:
            self.loading(0)
            self._backends[key].load()

    def settle(self) -> None:
        """Everything is loaded: leave it out of what the garbage collector goes through.

        The libraries' and models' half a million objects take it half a second, which would be part of every cancel.
        """
        if self._alone:
            if self._residents:  # what their loading left behind may be large
                gc.collect()
            gc.freeze()

    @contextmanager
    def at_work(self, key: str, checkpoint: Callable[[], None]) -> Iterator[None]:
        """Have a model loaded while a job works with it; then note what that took.

        One job at a time: between its steps only guards work, which stay where they are. Loading is announced and
        cannot be stopped; `checkpoint` is called before and after.
        """
        if key not in self._residents:
            yield
            return
        if key in self._ledger.loaded:
            self._bring(key)
        else:
            checkpoint()
            self._bring(key)
            self.settle()
            checkpoint()
        yield
        self.measure(key)

    def relieve(self, key: str) -> bool:
        """A job ran out of memory with this model: let all others leave, and have it work in a way that needs less.

        Nothing may refer to what the failed job had made. False when nothing could be done.
        """
        if key not in self._residents:
            return False
        others = self._ledger.leavable(key)
        self._unload(others)
        self.loading(self._ledger[key].weights)  # some have to load themselves anew for that
        gc.unfreeze()
        try:
            thriftier = self._residents[key].relieve()
        except Exception:
            self._unload([key])  # nobody knows what is left of it: the next job loads it anew
            raise
        self._free()
        self._note(key)
        return thriftier or bool(others)

    def measure(self, key: str) -> None:
        """A model has worked: note what it took."""
        if key in self._residents:
            self._note(key)

    @property
    def footprints(self) -> dict[str, Footprint]:
        """What each model takes, as far as it was measured, by its key."""
        return {key: backend.footprint() for key, backend in self._residents.items()}

    @cached_property
    def _ledger(self) -> Ledger:
        """Opened for the first model that needs it, before anything of it is on the device."""
        return Ledger(_budget(self._config))

    def _bring(self, key: str) -> None:
        self._unload(self._ledger.plan(key))
        if key not in self._ledger.loaded:
            self._load(key)
            # It may take more than was expected of it.
            self._unload(self._ledger.plan(key))
            if not fits(map(self._ledger.__getitem__, self._ledger.loaded), self._ledger.budget, self._ledger[key]):
                log.warning("memory: %s needs more than is planned for it, even alone with the guards", key)
        self._ledger.use(key)

    def _load(self, key: str) -> None:
        began = time.monotonic()
        if not self._has_loaded(key):
            self._unload(self._ledger.leavable(key))
            self._residents[key].relieve()
            if not self._has_loaded(key):
                raise OutOfMemory(
                    f"There is not enough memory to load the model “{key}”. An operator can choose a smaller one, or "
                    "end other programs that use the device."
                )
        self._ledger.use(key)
        self._note(key, f", loaded in {time.monotonic() - began:.1f} s")

    def _has_loaded(self, key: str) -> bool:
        """Load a model. False when there is no memory for that; then, as after any error, nothing of it is left."""
        self.loading(self._ledger[key].weights)
        try:
            self._residents[key].load()
        except Exception as error:
            if not accelerator.is_out_of_memory(error):
                self._unload([key])
                raise
            log.warning("memory: there is none left to load %s", key)
        else:
            return True
        self._unload([key])  # here nothing refers to the error any more, nor to what its frames held
        return False

    def _unload(self, keys: Iterable[str]) -> None:
        """What cannot be unloaded is not used again before it has been loaded anew."""
        leaving = tuple(keys)
        if leaving:
            gc.unfreeze()  # what is left out of collections never goes
        for key in leaving:
            self._ledger.drop(key)
            try:
                self._residents[key].unload()
                log.info("memory: %s was unloaded", key)
            except Exception as error:
                if accelerator.is_device_lost(error):
                    raise
                log.exception("memory: %s could not be unloaded", key)
        if leaving:
            self._free()

    def _note(self, key: str, remark: str = "") -> None:
        before, seen = self._ledger[key], self._residents[key].footprint()
        self._ledger.record(key, weights=seen.weights, peak=seen.peak)
        if remark or (before.weights, before.peak) != (seen.weights, seen.peak):
            log.info(
                "memory: %s takes %s, and %s more while it works%s; all models take %s of %s",
                key,
                _gib(seen.weights),
                _gib(seen.peak),
                remark,
                _gib(self._ledger.taken),
                _gib(self._ledger.budget),
            )

    def _free(self) -> None:
        if "torch" in sys.modules:  # else nobody has put anything on a device
            accelerator.free(accelerator.device(self._config.device))
        else:
            gc.collect()
        if self._alone:
            gc.freeze()


def _is_resident(backend: Backend) -> TypeGuard[ResidentBackend]:
    return hasattr(backend, "footprint")


def _budget(config: RuntimeConfig) -> int:
    """Bytes for models: what the device has left now, or less where the operator wants it so."""
    there = _main_memory() if config.device == "cpu" else _device_memory(config.device)
    return min(config.memory_bytes or there, there)


def _device_memory(name: str) -> int:
    import torch

    device = accelerator.device(name)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return _main_memory()


def _main_memory() -> int:
    """Bytes that programs can have without swapping, as the kernel estimates; all there is where it does not."""
    page = os.sysconf("SC_PAGE_SIZE")
    there = page * os.sysconf("SC_PHYS_PAGES")
    if _MEMORY_INFO.exists():
        lines = (line.split() for line in _MEMORY_INFO.read_text().splitlines())
        there = next((int(words[1]) * 1024 for words in lines if words[0] == "MemAvailable:"), there)
    limit = _CONTAINER_LIMIT.read_text().strip() if _CONTAINER_LIMIT.exists() else "max"
    return min(there, int(limit)) if limit.isdecimal() else there


def _gib(size: int) -> str:
    return f"{size / _GIB:.2f} GiB"
