"""Telling an error that the next job survives from one that takes the device along."""

from __future__ import annotations

import pytest

from engine.backends.accelerator import is_device_lost, is_out_of_memory
from engine.errors import GuardUnavailable


class OutOfMemoryError(RuntimeError):
    """torch.OutOfMemoryError, by name."""


class AcceleratorError(RuntimeError):
    """torch.AcceleratorError, by name."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 17.00 GB)"),
    ],
)
def test_a_want_of_memory_leaves_the_device_usable(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert not is_device_lost(error)


@pytest.mark.parametrize(
    "error",
    [
        AcceleratorError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("HIP error: the operation cannot be performed in the present state"),
    ],
)
def test_anything_else_from_the_device_means_that_it_is_lost(error: Exception) -> None:
    assert is_device_lost(error)
    assert not is_out_of_memory(error)


def test_other_errors_are_neither() -> None:
    for error in (ValueError("CUDA error"), RuntimeError("shapes do not match"), KeyError("x")):
        assert not is_device_lost(error)
        assert not is_out_of_memory(error)


def test_what_an_error_was_raised_from_counts() -> None:
    refused = GuardUnavailable("The safety check failed.")
    refused.__cause__ = AcceleratorError("CUDA error: unspecified launch failure")
    assert is_device_lost(refused)
    refused.__cause__ = OutOfMemoryError()
    assert is_out_of_memory(refused)


def test_what_torch_says_when_the_machine_has_too_little_is_understood() -> None:
    import torch

    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 48)
    assert is_out_of_memory(raised.value)
