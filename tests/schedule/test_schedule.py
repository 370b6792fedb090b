"""Schedules: each listing is pinned beside its case, and what must hold of all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy

from objc.atoms import Branch
from objc.compiler import Variant, derive, lower, parse
from objc.ir.domain import Domain
from objc.ir.index import BATCH, Dimension, Index
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.symbols import Extent, IndexValue, Read
from objc.schedule import Products, schedule
from objc.schedule.cost import operations, polynomial
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Blocked,
    Finish,
    Loop,
    Parallel,
    Peeled,
    Product,
    Serial,
    step_items,
    walk,
)
from objc.schedule.narrow import narrow
from objc.schedule.symmetry import without_mirrored
from objc.source import Source

from .. import programs

FOLDER = Path(__file__).parent / "listings"
CASES = {case.name: case for case in programs.all_cases()}
PINNED = [
    "huber",
    "cross_entropy",
    "pairs",
    "network",
    "chain_score",
    "masked_mean",
    "chain",
    "warped",
]
N, K = Dimension("N"), Dimension("K")
n, k, row = Index("n", N), Index("k", K), Index("n", BATCH)
rows = Input("rows", (BATCH, K), Domain("real"), "differentiable")


def derived(name: str) -> Program:
    case = CASES[name]
    what = "value_and_grad" if case.wrt else "per_example"
    inputs = case.inputs(np.random.default_rng(1))
    return programs.derived(case, programs.VARIANTS[what], inputs)


@pytest.mark.parametrize("name", PINNED)
def test_listing(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(FOLDER / f"{name}.txt", str(schedule(derived(name))))


@pytest.mark.parametrize("name", CASES)
def test_every_let_is_made_once_and_before_it_is_read(name: str) -> None:
    loops = schedule(derived(name))
    program = loops.program
    together = {
        one: {let.name for let in group.lets} for one, group in recurrence_of(program).items()
    }
    made: set[str] = set()
    count = dict.fromkeys(program.let, 0)
    for step in loops.steps:
        finished = step.combines if isinstance(step, Serial) else ()
        items = [*finished, *(item for item, _ in walk(step_items(step)))]
        for item in items:
            if isinstance(item, Assign | Accumulate):
                used = {r.tensor for r in item.body.free_symbols if hasattr(r, "tensor")}
                others = set(program.let) - together.get(item.let, set())
                assert used & others <= made, item
            if isinstance(item, Product):
                assert {one.tensor for one in item.terms.reads} & set(program.let) <= made, item
            adds = isinstance(item, Product) and item.over == step.index
            if isinstance(item, Assign | Finish | Product) and not adds:
                made.add(item.let)
                count[item.let] += 1
    assert set(count.values()) == {1}


def test_the_same_text_every_time() -> None:
    program = derived("cross_entropy")
    assert str(schedule(program)) == str(schedule(program))


def test_elementwise_programs_pass_memory_once() -> None:
    loops = schedule(derived("huber"))
    assert [type(step) for step in loops.steps] == [Parallel, Serial]
    assert not any(one.kind in ("stored", "scratch") for one in loops.storage.values())


def test_a_row_loss_needs_no_memory_but_its_results() -> None:
    loops = schedule(derived("cross_entropy"))
    assert not any(one.kind in ("stored", "scratch") for one in loops.storage.values())
    inner = [item for item, around in walk(step_items(loops.steps[0])) if isinstance(item, Loop)]
    assert len(inner) == 1 + 3  # over examples: largest; sum; gradient


def row_program(late: sympy.Expr, early: sympy.Expr) -> Program:
    """r[n, k] of a row and of its sum of `early`, a function of rows[n, k]."""
    total = Let("s", (row,), early, "sum", (k,))
    result = Let("r", (row, k), late * total.read(row))
    return Program("f", (rows, labels), (total, result), {"result": "r"}, "function")


labels = Input("labels", (BATCH,), Domain("index", dimension=K), "data")
x = rows.read(row, k)


def test_what_two_loops_need_is_kept_in_the_result() -> None:
    loops = schedule(row_program(2 * sympy.exp(x), sympy.exp(x)))
    (kept,) = [one for one in loops.storage.values() if one.kind == "lent"]
    assert kept.of == "r"
    assert sum(let.body.has(sympy.exp) for let in loops.program.lets) == 1


@pytest.mark.parametrize(
    ("late", "early"),
    [
        (x**2, x**2),  # computed as fast as it is fetched
        (sympy.exp(x - labels.read(row)), sympy.exp(x)),  # exp(x) may be infinite
    ],
)
def test_what_is_not_kept(late: sympy.Expr, early: sympy.Expr) -> None:
    loops = schedule(row_program(late, early))
    assert not any(one.kind == "lent" for one in loops.storage.values())


def test_no_point_is_made_after_the_loop_that_takes_what_is_kept() -> None:
    """Its memory then holds the result."""
    late = Branch(sympy.Eq(IndexValue(k), labels.read(row)), sympy.exp(x), 2 * sympy.exp(x))
    loops = schedule(row_program(late, sympy.exp(x)))
    assert any(one.kind == "lent" for one in loops.storage.values())
    assert not any(isinstance(one, Peeled) for one, _ in walk(step_items(loops.steps[0])))


def test_a_sum_over_rows_starts_a_phase_for_who_needs_it() -> None:
    total = Let("t", (), rows.read(row, k), "sum", (row, k))
    scaled = Let("r", (row, k), rows.read(row, k) / total.read())
    program = Program("f", (rows,), (total, scaled), {"result": "r"}, "function")
    steps = schedule(program).steps
    assert [type(step) for step in steps] == [Parallel, Serial, Parallel]


def test_contractions_run_along_memory() -> None:
    a = Input("a", (N, K), Domain("real"), "data")
    m = Index("m", N)
    weight = Input("w", (N, K), Domain("real"), "data")
    inner = Let("g", (n, m), a.read(n, k) * weight.read(m, k), "sum", (k,))
    outer = Let("g", (n, k), a.read(n, k) * weight.read(m, k), "sum", (m,))
    for let, last in ((inner, "k"), (outer, "k")):
        program = Program("f", (a, weight), (let,), {"result": "g"}, "function")
        found = [
            around
            for item, around in walk(step_items(schedule(program, Products.NONE).steps[0]))
            if isinstance(item, Accumulate)
        ]
        assert found[0][-1].index.name == last


def test_an_adjoint_of_a_gather_is_a_scatter() -> None:
    place = Input("place", (N,), Domain("index", dimension=K), "data")
    let = Let("r", (k,), IndexValue(n), "sum", (n,), sympy.Eq(IndexValue(k), place.read(n)))
    program = Program("f", (place,), (let,), {"result": "r"}, "function")
    (item,) = (
        i for i, _ in walk(step_items(schedule(program).steps[0])) if isinstance(i, Accumulate)
    )
    assert str(item.at[0]) == "place[n]" and item.guard == sympy.true


def test_costs_are_polynomials_of_the_sizes() -> None:
    loops = schedule(derived("pairs"))
    total = polynomial(operations(loops.steps[1]))
    assert total.startswith("6*B*D + ")
    assert polynomial({}) == "0"
    assert polynomial({("K",): 1, (): 3}) == "K + 3"


def test_a_number_that_hangs_on_no_loop_ends_none() -> None:
    """Value and gradient of a pair sum share one pass, in which nothing of a pair is kept."""
    i, j = Index("i", N), Index("j", N)
    x = Input("x", (N,), Domain("real"), "differentiable")
    gap = Let("gap", (i, j), x.read(i) - x.read(j))
    total = Let("total", (), gap.read(i, j) ** 2, "sum", (i, j))
    factor = Let("factor", (), 2 / Extent(N))
    pull = Let("pull", (i,), factor.read() * gap.read(i, j), "sum", (j,))
    outputs = {"value": "total", "gradient:x": "pull"}
    loops = schedule(Program("spread", (x,), (gap, total, factor, pull), outputs))
    assert sum(isinstance(step, Parallel) for step in loops.steps) == 1
    assert loops.storage["gap"].kind == "local"


def test_the_shares_of_both_in_a_pair_are_computed_once() -> None:
    """The gradient by an item as the second of a pair is that as the first, if the pair's is odd."""
    i, j, m = Index("i", N), Index("j", N), Index("m", N)
    x = Input("x", (N,), Domain("real"), "differentiable")
    gap = Let("gap", (i, j), x.read(i) - x.read(j))
    first = Let("first", (i,), sympy.tanh(gap.read(i, j)), "sum", (j,))
    second = Let("second", (i,), -sympy.tanh(gap.read(m, i)), "sum", (m,))
    other = Let("other", (i,), sympy.exp(gap.read(m, i)), "sum", (m,))
    body = first.read(i) + second.read(i) + other.read(i)
    lets = (gap, first, second, other, Let("pull", (i,), body))
    program = without_mirrored(Program("spread", (x,), lets, {"gradient:x": "pull"}))
    assert "second" not in program.let
    assert "other" in program.let
    assert program.let["pull"].body == 2 * first.read(i) + other.read(i)


CONTRAST = """
loss contrast(x: real[N, D] | y: count[N]; margin: positive = 1) =
    mean[i, j | i != j](if y[i] == y[j] then d[i, j] else max(0, margin - sqrt(d[i, j]))^2)
    where d[i, j] = sum[k]((x[i, k] - x[j, k])^2)
"""


def test_pairs_by_label_are_passed_once() -> None:
    """Labels compare alike in either order, what is largest in a pair too, and of pairs there are as many as
    their sizes say: value and slopes take one pass, a distance and two sums."""
    program = lower(parse(Source("contrast.objc", CONTRAST))).programs["contrast"]
    loops = schedule(derive(program, Variant(("value", "gradient"), ("x",))))
    assert sum(not isinstance(step, Serial) for step in loops.steps) == 1
    (block,) = [step for step in loops.steps if isinstance(step, Blocked)]
    assert sum(isinstance(item, Product) for item in block.items) == 3


def test_what_a_guard_reads_does_not_turn_the_loops() -> None:
    """What few pairs have is asked once a pair, not once for each of its entries."""
    text = CONTRAST.replace("then d[i, j]", "then 0")
    program = lower(parse(Source("contrast.objc", text))).programs["contrast"]
    loops = schedule(derive(program, Variant(("gradient",), ("x",))))
    (block,) = [step for step in loops.steps if isinstance(step, Blocked)]
    guarded = [
        around[-1].index.dimension.name
        for item, around in walk(block.items)
        if isinstance(item, Accumulate) and "part_d_x" in item.let
    ]
    assert guarded == ["D"]


def test_differences_of_all_pairs_are_not_kept() -> None:
    i, j = Index("i", N), Index("j", N)
    x = Input("x", (N, K), Domain("real"), "differentiable")
    gap = Let("gap", (i, j, k), x.read(i, k) - x.read(j, k))
    far = Let("far", (), gap.read(i, j, k) ** 2, "max", (i, j, k))
    near = Let("near", (), gap.read(i, j, k) ** 2 / far.read(), "sum", (i, j, k))
    loops = schedule(Program("spread", (x,), (gap, far, near), {"value": "near"}))
    assert "gap" not in loops.storage


def test_rows_of_few_entries_stand_side_by_side() -> None:
    """The loops over the rows of a block are the innermost; what is gathered has one of its own."""
    loops = narrow(schedule(derived("cross_entropy")), 63)
    assert loops is not None
    (block,) = [step for step in loops.steps if isinstance(step, Blocked)]
    for item, around in walk(block.items):
        if isinstance(item, Assign | Accumulate):
            assert around[-1].index == block.index
        if isinstance(item, Accumulate) and item.at:
            assert len(around) == 2
        if isinstance(item, Assign) and item.body.has(sympy.exp):
            assert not any(
                isinstance(position.base, Read)
                for read in item.body.atoms(Read)
                for position in read.positions
            )
    for name, storage in loops.storage.items():
        if storage.block is not None:
            assert storage.axes[-1] == storage.block, name


@pytest.mark.parametrize("name", ["huber", "network", "pairs", "chain", "warped"])
def test_what_has_no_rows_of_its_own_stays(name: str) -> None:
    assert narrow(schedule(derived(name)), 63) is None


@pytest.mark.parametrize("names", [("a", "b"), ("q", "k"), ("x", "anchor")], ids="-".join)
def test_what_inputs_are_called_decides_nothing(names: tuple[str, str]) -> None:
    """Scores of unit vectors are made once, along the rows that are summed, whichever comes first by name."""
    first, second = names
    source = Source(
        "t.objc",
        f"loss f({first}: real[B, D], {second}: real[B, D]) = mean[i](logsumexp[j](s[i, j]) - s[i, i])\n"
        f"    where s[i, j] = cosine({first}[i], {second}[j])\n",
    )
    program = lower(parse(source)).programs["f"]
    listed = str(schedule(derive(program, Variant(("value", "gradient"), names))))
    assert listed.count("  product ") == 3
    assert listed.count("\nstep ") <= 5


def test_rows_that_are_fetched_are_added_up_along_themselves() -> None:
    """Not along the places that say which: every entry would come from another row."""
    text = (
        "loss bag(e: real[V, D] | w: index(V)[L], t: real[D]) = sum[d]((h[d] - t[d])^2)\n"
        "    where h[d] = sum[l](e[w[l], d])\n"
    )
    program = lower(parse(Source("t.objc", text))).programs["bag"]
    derived = derive(program, Variant(("value",), batched=frozenset({"w", "t"})))
    (around,) = [
        [one.index.name for one in around if isinstance(one, Loop)]
        for step in schedule(derived).steps
        for item, around in walk(step.items)
        if isinstance(item, Accumulate) and item.let == "h"
    ]
    assert around[-2:] == ["l", "d"]
