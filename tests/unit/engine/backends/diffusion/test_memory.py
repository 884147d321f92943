"""The ladder of placements: pure arithmetic, and what is called on a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backends.base import Footprint
from engine.backends.diffusion.memory import (
    LAYERS_SHARE,
    TILED_SHARE,
    Placement,
    Rung,
    below,
    budget_of,
    calls_for_tiles,
    choose,
    demand,
    ladder,
    place,
    tile,
)

GB = 10**9
# As Wan 2.1 1.3B: a text encoder that is larger than all the rest.
PARTS = {"text_encoder": 11 * GB, "transformer": 3 * GB, "vae": GB // 2}
WORK = 4 * GB


@pytest.mark.parametrize(
    ("budget", "placement"),
    [
        (80 * GB, Placement(Rung.RESIDENT, tiled=False)),
        (17 * GB, Placement(Rung.RESIDENT, tiled=True)),
        (12 * GB, Placement(Rung.MODEL, tiled=True)),
        (8 * GB, Placement(Rung.GROUP, tiled=True)),
        (1 * GB, Placement(Rung.SEQUENTIAL, tiled=True)),
    ],
)
def test_the_fastest_placement_that_fits_is_chosen(budget: int, placement: Placement) -> None:
    assert choose(PARTS, WORK, budget, "cuda") == placement


@pytest.mark.parametrize("kind", ["cpu", "mps"])
def test_where_there_is_nowhere_to_offload_to_only_tiles_help(kind: str) -> None:
    assert {placement.rung for placement in ladder(kind)} == {Rung.RESIDENT}
    assert choose(PARTS, WORK, 1, kind) == Placement(Rung.RESIDENT, tiled=True)


def test_more_memory_never_leads_to_a_thriftier_placement() -> None:
    rungs = ladder("cuda")
    chosen = [rungs.index(choose(PARTS, WORK, budget * GB // 2, "cuda")) for budget in range(100)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] == len(rungs) - 1
    assert chosen[-1] == 0


def test_the_ladder_is_gone_down_step_by_step_to_its_end() -> None:
    placement, seen = ladder("cuda")[0], []
    while placement is not None:
        seen.append(placement)
        placement = below(placement, "cuda")
    assert seen == list(ladder("cuda"))


def test_demand_counts_what_is_on_the_device_at_once() -> None:
    tiled = round(WORK * TILED_SHARE)
    assert demand(Placement(Rung.RESIDENT, False), PARTS, WORK) == Footprint(sum(PARTS.values()), WORK)
    # The text encoder has left before the work begins.
    assert demand(Placement(Rung.MODEL, True), PARTS, WORK) == Footprint(0, 11 * GB)
    assert demand(Placement(Rung.MODEL, True), {"transformer": 9 * GB}, WORK) == Footprint(0, 9 * GB + tiled)
    assert demand(Placement(Rung.GROUP, True), PARTS, WORK) == Footprint(0, round(11 * GB * LAYERS_SHARE) + tiled)


def test_a_job_is_decoded_in_tiles_when_nothing_else_fits() -> None:
    here = Placement(Rung.RESIDENT, tiled=False)
    assert not calls_for_tiles(here, PARTS, WORK, 20 * GB)
    assert calls_for_tiles(here, PARTS, 3 * WORK, 20 * GB)
    assert calls_for_tiles(Placement(Rung.RESIDENT, tiled=True), PARTS, 1, 20 * GB)


@pytest.mark.parametrize(
    ("limit", "own", "budget"),
    [
        (0, 0, 52),  # what the driver has, and what torch holds without using it
        (100, 0, 52),  # a limit makes nobody else's memory ours
        (30, 0, 20),  # guards hold ten of these
        (30, 6, 26),  # of the ten six are the model's own
        (5, 0, -5),
    ],
)
def test_a_model_may_use_what_is_free_and_what_others_leave_of_the_limit(
    limit: int, own: int, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (50 * GB, 80 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 12 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 10 * GB)
    assert budget_of(torch.device("cuda"), limit * GB, own * GB) == budget * GB


class Calls:
    """A pipeline or decoder that writes down what is called on it."""

    def __init__(self) -> None:
        self.made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        if name == "disable_slicing":
            raise AttributeError(name)
        return lambda *arguments, **named: self.made.append((name, arguments, named))


@pytest.mark.parametrize(
    ("rung", "called"),
    [
        (Rung.RESIDENT, "to"),
        (Rung.MODEL, "enable_model_cpu_offload"),
        (Rung.GROUP, "enable_group_offload"),
        (Rung.SEQUENTIAL, "enable_sequential_cpu_offload"),
    ],
)
def test_each_rung_is_one_call_on_the_pipeline(rung: Rung, called: str) -> None:
    class Device:
        type = "cuda"

    pipe, device = Calls(), Device()
    place(pipe, rung, device)  # type: ignore[arg-type]
    ((name, arguments, named),) = pipe.made
    assert name == called
    assert device in (*arguments, *named.values())
    if rung is Rung.GROUP:
        assert named["use_stream"]


def test_tiles_are_switched_where_the_decoder_can() -> None:
    vae = Calls()
    tile(vae, True)
    tile(vae, False)
    assert [name for name, _, _ in vae.made] == ["enable_tiling", "enable_slicing", "disable_tiling"]
