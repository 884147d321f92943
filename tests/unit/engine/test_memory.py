"""Who stays on the device and who leaves: no byte is ever taken that is not there, as long as one model alone fits."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.memory import Arrangement, Expected, Ledger, arrangement, fits, needed, usable

GIB = 1 << 30


def ledger(budget: int, *models: Expected, loaded: str = "") -> Ledger:
    """`loaded` are the one-letter keys of what is loaded, the least recently used first."""
    made = Ledger(budget)
    for model in models:
        made.add(model)
    for key in loaded:
        made.use(key)
    return made


# --- what fits ---


def test_what_is_loaded_counts_and_of_the_peaks_that_of_the_one_at_work_and_of_a_guard_between_its_steps() -> None:
    models = [
        Expected("chat", 8, peak=2),
        Expected("video", 10, peak=6),
        Expected("text guard", 1, peak=3, guard=True),
        Expected("frame guard", 1, peak=1, guard=True),
    ]
    assert needed(models, models[0]) == 20 + 2 + 3
    assert needed(models) == 20 + 6 + 3
    assert needed(models, models[2]) == 20 + 3
    assert needed([]) == 0


def test_a_part_of_every_budget_stays_empty() -> None:
    assert usable(1000) == 950
    assert fits([Expected("a", 900, peak=50)], 1000)
    assert not fits([Expected("a", 901, peak=50)], 1000)


# --- who leaves ---


def test_the_least_recently_used_leaves_first() -> None:
    models = [Expected(key, 300) for key in "abcd"]
    assert ledger(1000, *models, loaded="abc").plan("d") == ("a",)
    assert ledger(1000, *models, loaded="bca").plan("d") == ("b",)


def test_a_small_model_does_not_leave_when_that_alone_would_not_do() -> None:
    models = [Expected("s", 50), Expected("c", 500), Expected("v", 800)]
    assert ledger(1000, *models, loaded="sc").plan("v") == ("c",)


def test_a_loaded_model_that_needs_room_to_work_gets_it() -> None:
    models = [Expected("c", 400), Expected("v", 400, peak=300)]
    both = ledger(1000, *models, loaded="vc")
    assert both.plan("c") == ()
    assert both.plan("v") == ("c",)


def test_guards_do_not_leave() -> None:
    models = [Expected("g", 300, guard=True), Expected("r", 300), Expected("x", 900)]
    assert ledger(1000, *models, loaded="gr").plan("x") == ("r",)


def test_what_was_measured_takes_the_place_of_what_was_expected() -> None:
    made = ledger(1000, Expected("a", 100), Expected("b", 500), loaded="a")
    made.record("a", weights=600, peak=50)
    assert made.taken == 600
    assert made.plan("b") == ("a",)


def test_what_left_takes_nothing() -> None:
    made = ledger(1000, Expected("a", 600), Expected("b", 600), loaded="a")
    made.drop("a")
    made.drop("a")
    assert (made.taken, made.loaded, made.plan("b")) == (0, (), ())


SIZES = st.integers(0, 400)
MODELS = st.lists(st.tuples(SIZES, SIZES, st.booleans()), min_size=1, max_size=6).map(
    lambda rows: [
        Expected(str(number), weights, peak, guard=guard) for number, (weights, peak, guard) in enumerate(rows)
    ]
)
BUDGETS = st.integers(0, 1500)


@given(MODELS, BUDGETS, st.lists(st.integers(0, 5), max_size=30))
def test_whatever_is_used_in_whatever_order_the_budget_holds_unless_one_model_alone_is_too_large(
    models: list[Expected], budget: int, uses: list[int]
) -> None:
    made = ledger(budget, *models)
    for model in models:
        if model.guard:
            made.use(model.key)
    for at in uses:
        model = models[at % len(models)]
        before = made.loaded
        leaving = made.plan(model.key)
        assert leaving == made.plan(model.key)  # asking changes nothing
        assert set(leaving) <= set(before) - {model.key}
        assert not any(made[key].guard for key in leaving)
        assert [key for key in before if key in leaving] == list(leaving)  # the least recently used first
        for key in leaving:
            made.drop(key)
        made.use(model.key)
        now = [made[key] for key in made.loaded]
        alone = [each for each in now if each.guard or each is model]
        assert fits(now, budget, model) or now == alone
        for key in leaving:  # nobody left for nothing
            assert not fits([*now, made[key]], budget, model)


@given(st.integers(1, 10), st.integers(10, 100), st.permutations(range(6)))
def test_among_models_of_the_same_size_exactly_the_least_recently_used_leave(
    room: int, size: int, order: list[int]
) -> None:
    models = [Expected(str(number), size) for number in range(6)] + [Expected("new", size)]
    budget = -(-room * size * 20 // 19)  # room for so many
    made = ledger(budget, *models)
    for number in order:
        made.use(str(number))
    leaving = made.plan("new")
    assert leaving == made.loaded[: len(leaving)]
    assert len(leaving) == max(0, 7 - max(1, room))


# --- before anything is loaded ---


def test_what_fits_together_stays_together() -> None:
    models = [Expected("chat", 8 * GIB, GIB), Expected("video", 10 * GIB, 2 * GIB), Expected("guard", GIB, guard=True)]
    assert arrangement(models, 24 * GIB) == Arrangement(
        together=("chat", "video", "guard"), turns=(), alone=(), needed=21 * GIB, usable=usable(24 * GIB)
    )


def test_what_does_not_fit_together_takes_turns_and_the_small_one_stays() -> None:
    models = [
        Expected("chat", 8 * GIB, GIB),
        Expected("video", 10 * GIB, 2 * GIB),
        Expected("guard", GIB, guard=True),
        Expected("speech", GIB),
    ]
    found = arrangement(models, 16 * GIB)
    assert (found.together, found.turns, found.alone) == (("guard", "speech"), ("chat", "video"), ())


def test_a_model_that_does_not_fit_even_alone_is_named() -> None:
    models = [Expected("chat", 4 * GIB), Expected("video", 10 * GIB), Expected("guard", GIB, guard=True)]
    found = arrangement(models, 8 * GIB)
    assert (found.together, found.turns, found.alone) == (("guard",), ("chat",), ("video",))


def test_guards_that_do_not_fit_are_named_too() -> None:
    found = arrangement([Expected("chat", GIB), Expected("guard", 9 * GIB, guard=True)], 8 * GIB)
    assert (found.together, found.turns, found.alone) == ((), (), ("chat", "guard"))


@given(MODELS, BUDGETS)
def test_every_model_has_one_place_and_those_together_fit_together(models: list[Expected], budget: int) -> None:
    found = arrangement(models, budget)
    assert sorted((*found.together, *found.turns, *found.alone)) == sorted(model.key for model in models)
    together = [model for model in models if model.key in found.together]
    assert fits(together, budget)
    for model in models:
        if model.key in found.turns:
            assert fits([*together, model], budget, model)
    assert (not found.turns and not found.alone) == fits(models, budget)


@pytest.mark.parametrize("module", ["engine.memory", "engine.runtime", "engine.executors.child"])
def test_nothing_of_this_brings_torch_along(module: str) -> None:
    code = f"import {module}, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
