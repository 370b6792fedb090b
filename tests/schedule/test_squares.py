"""What grows as the square of a size is in no array, whatever guards and orders of summation ask for."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import sympy

from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.ir.symbols import Read
from objc.schedule import Loops, Products, schedule
from objc.schedule.loops import Accumulate, Block, Product, step_items, walk
from objc.syntax import read_source

from ..targets.running import agree

PROGRAMS = lower(parse(read_source(Path(__file__).with_name("pairs.objc")))).programs
BATCHED = pytest.mark.parametrize("batched", [False, True], ids=["whole", "batched"])


@functools.cache
def derived(name: str, batched: bool) -> Program:
    program = PROGRAMS[name]
    tensors = frozenset(one.name for one in program.inputs if one.dimensions)
    wrt = tuple(one.name for one in program.inputs if one.role in ("differentiable", "learned"))
    variant = Variant(("value", "gradient"), wrt, tensors if batched else frozenset())
    return derive(program, variant)


def squares(loops: Loops) -> list[str]:
    """The lets of which an array has the square of the number of items, or more."""
    return [
        name
        for name, kept in loops.storage.items()
        if kept.kind in ("stored", "scratch")
        and [
            loops.program.let[name].dimensions[axis].name
            for axis in kept.axes
            if axis != kept.block
        ].count("N")
        > 1
    ]


@BATCHED
@pytest.mark.parametrize("products", [Products.ALL, Products.EACH])
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_array_grows_as_the_square_of_a_size(
    name: str, products: Products, batched: bool
) -> None:
    assert not squares(schedule(derived(name, batched), products))


def test_matrices_of_each_example_are_multiplied_in_blocks() -> None:
    """Scores, what they weigh, and their adjoints: of an entry a loop of its own adds up nothing."""
    loops = schedule(derived("attending", True), Products.EACH)
    items = [found for step in loops.steps for found in walk(step_items(step))]
    multiplied = [around for item, around in items if isinstance(item, Product)]
    assert len(multiplied) == 6 and all(isinstance(around[-1], Block) for around in multiplied)
    assert not any(isinstance(item, Accumulate) and len(around) > 4 for item, around in items)
    alone = schedule(derived("attending", True), Products.ALL)
    assert not any(
        isinstance(item, Product) for step in alone.steps for item, _ in walk(step.items)
    )


@BATCHED
def test_a_mean_of_exponentials_is_taken_in_one_pass(batched: bool) -> None:
    """It is multiplied by a weight and added, which can't be where it is not: nothing is gained by a
    logsumexp, whose largest is to be known first."""
    assert all(let.reduction != "max" for let in derived("smooth", batched).lets)


def test_without_copies_there_would_be_squares() -> None:
    """What is asserted above can fail."""
    assert squares(schedule(derived("both_ways", True), Products.NONE))


@pytest.mark.parametrize(
    ("name", "batched"),
    [("ordered", True), ("both_ways", True), ("scaled", False), ("kernels", True)],
)
def test_copies_say_the_same(name: str, batched: bool) -> None:
    draw = np.random.default_rng(3)
    rows = (2, 5) if batched else (5,)
    program = derived(name, batched)
    inputs = {
        one.name: draw.normal(size=(*rows, *[3] * (len(one.dimensions) - len(rows))))
        if one.dimensions
        else 0.5
        for one in program.inputs
    }
    agree(program, inputs)


@pytest.mark.parametrize("name", ["overflowing", "scaled"])
def test_sums_whose_terms_a_zero_annuls_are_products(name: str) -> None:
    """One factor may be infinite where the other is zero, and seldom is."""
    steps = schedule(derived(name, False)).steps
    found = [item for step in steps for item in step_items(step) if isinstance(item, Product)]
    zeros = {type(part.args[0]) for item in found for part in item.guard.atoms(sympy.Ne)}
    assert zeros == {Read}
