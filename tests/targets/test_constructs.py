"""Every target against the interpreter, and every construct at its edges."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sympy

from objc.atoms import Branch, maximum
from objc.ir.domain import Domain
from objc.ir.index import BATCH, Dimension, Index, Position, at
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import IndexValue
from objc.target import IndexOutOfRange, load

from .. import programs
from . import running
from .running import agree, given, run

CASES = {case.name: case for case in programs.all_cases()}
K, N = Dimension("K"), Dimension("N")
k, n, m, row = Index("k", K), Index("n", N), Index("m", N), Index("n", BATCH)
x = Input("x", (K,), Domain("real"), "differentiable")
y = Input("y", (N,), Domain("index", dimension=K), "data")
a = Input("a", (N, K), Domain("real"), "differentiable")
b = Input("b", (K, N), Domain("real"), "data")
label = Input("label", (BATCH,), Domain("index", dimension=K), "data")
rows = Input("rows", (BATCH, K), Domain("real"), "differentiable")
ROWS = np.random.default_rng(0).normal(size=(5, 4))


def function(inputs: tuple[Input, ...], *lets: Let, **outputs: str) -> Program:
    return Program("f", inputs, lets, outputs or {"result": lets[-1].name}, "function")


@pytest.fixture(params=["cpu", "numpy"], autouse=True)
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """All of these run on each target."""
    monkeypatch.setattr(running, "TARGET", load(request.param))
    return str(request.param)


LONG = ("aligned", "warped")
"""Tables whose second derivatives take half a dozen seconds to compile; gated and recurrent ones run."""


def _calls() -> Iterator[Any]:
    """Every case and result in both types. A type more is a compilation more and the text is the same but
    for it: float32 is tried where the most is computed by the same steps, and with --slow everywhere."""
    for name, case in CASES.items():
        for what in programs.VARIANTS if case.wrt else ("per_example",):
            usual = what == ("value_and_grad" if case.wrt else "per_example")
            is_long = what == "hessian_diagonal" and name in LONG
            yield pytest.param(name, what, "float64", marks=[pytest.mark.slow] * is_long)
            yield pytest.param(name, what, "float32", marks=[] if usual else pytest.mark.slow)


@pytest.mark.parametrize(("name", "what", "dtype"), list(_calls()))
@pytest.mark.share(1 / 2)
def test_agrees_with_the_interpreter(name: str, what: str, dtype: str) -> None:
    program, inputs = given(CASES[name], what)
    assert running.TARGET.supports(program) is None
    agree(program, inputs, dtype)


# ------------------------------------------------------------------ reductions


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("entries", [[], [2.0], [1.0, np.nan, 3.0], [3.0, 1.0, 3.0, 1.0]])
@pytest.mark.parametrize("least", [0, 1, 9])
def test_reductions_of_one_loop(name: str, entries: list[float], least: int) -> None:
    domain = Domain("index", dimension=K) if name.startswith("arg") else Domain("real")
    for guard in (sympy.true, IndexValue(k) >= least):
        let = Let("r", (), x.read(k), name, (k,), guard, domain)
        agree(function((x,), let), {"x": entries})


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_reductions_within_rows_and_over_them(name: str, dtype: str) -> None:
    index = name.startswith("arg")
    domain = Domain("index", dimension=K) if index else Domain("real")
    within = Let("w", (row,), rows.read(row, k), name, (k,), domain=domain)
    over = Let("o", (), 1 + within.read(row) / 2, "sum", (row,))
    tensor = [] if index else [Let("t", (k,), rows.read(row, k), name, (row,))]
    outputs = {"within": "w", "over": "o"} | ({"tensor": "t"} if tensor else {})
    agree(function((rows,), within, over, *tensor, **outputs), {"rows": ROWS}, dtype)


def test_nan_does_not_vanish() -> None:
    values = [1.0, np.nan, 3.0]
    for name in ("max", "min"):
        let = Let("r", (), x.read(k), name, (k,))
        assert np.isnan(run(function((x,), let), {"x": values}, "float32")["result"])
    clipped = Let("r", (k,), maximum(0, x.read(k)))
    found = run(function((x,), clipped), {"x": values}, "float64")["result"]
    assert np.isnan(found[1])


def test_sums_of_a_row_over_several_indices_and_transposed_reads() -> None:
    transposed = Let("r", (n, k), a.read(n, k) * b.read(k, n))
    agree(function((a, b), transposed), {"a": ROWS, "b": ROWS.T.copy()})
    both = Let("r", (), a.read(n, k) * x.read(k), "sum", (n, k))
    agree(function((a, x), both), {"a": ROWS, "x": ROWS[0]})
    gram = Let("g", (n, m), a.read(n, k) * a.read(m, k), "sum", (k,))
    back = Let("r", (m, k), gram.read(n, m) ** 2 * a.read(n, k), "sum", (n,))
    agree(function((a,), gram, back), {"a": ROWS})
    column = Let("c", (k,), a.read(n, k) * x.read(k), "sum", (n,))
    agree(function((a, x), column), {"a": ROWS, "x": ROWS[0]})


def test_scatter_leaves_out_what_has_no_place(target: str) -> None:
    guard = sympy.And(sympy.Eq(IndexValue(k), y.read(n)), IndexValue(n) > 0)
    body = a.read(n, k) + IndexValue(k)
    program = function((x, y, a), Let("r", (k,), body, "sum", (n,), guard))
    inputs = {"x": np.zeros(3), "y": [0, 2, 7, 2, -1], "a": np.arange(15.0).reshape(5, 3)}
    agree(program, inputs)
    text = running.TARGET.emit(program, "float64").text
    if target == "cpu":
        assert text.count("for i_k") == 3  # cleared, combined, stored: no loop looks for the place
    else:
        assert "scatter(" in text


def test_scatter_along_a_shift() -> None:
    guard = sympy.Eq(IndexValue(k), IndexValue(Index("t", K)) + 1)
    inner = Index("t", K)
    program = function((x,), Let("r", (k,), x.read(inner) ** 2, "sum", (inner,), guard))
    agree(program, {"x": [1.0, 2.0, 3.0]})


def test_sums_over_the_batch_are_in_double_precision() -> None:
    value = Input("v", (BATCH,), Domain("real"), "data")
    program = function((value,), Let("r", (), value.read(row), "sum", (row,)))
    found = run(program, {"v": np.full(1_000_000, 0.1, np.float32)}, "float32")
    assert found["result"] == pytest.approx(1e6 * float(np.float32(0.1)), rel=1e-12)


# ------------------------------------------------------------------ phases


def test_a_row_that_needs_a_sum_over_rows_comes_after_it() -> None:
    squares = Let("s", (row,), rows.read(row, k) ** 2, "sum", (k,))
    total = Let("t", (), squares.read(row), "sum", (row,))
    share = Let("p", (row, k), squares.read(row) * rows.read(row, k) / total.read())
    rest = Let("r", (), share.read(row, k) ** 2, "sum", (row, k))
    program = function((rows,), squares, total, share, rest, share="p", rest="r")
    for dtype in ("float64", "float32"):
        agree(program, {"rows": ROWS}, dtype)


def test_a_let_read_at_other_rows() -> None:
    power = Let("p", (row,), rows.read(row, at(k, 0)) ** 2, "sum", (k,))
    first = Let("d", (row,), power.read(row) - power.read(Position(None, 0)))
    agree(function((rows,), power, first), {"rows": ROWS})


def test_serial_lets_before_and_after() -> None:
    size = Let("q", (), x.read(k) ** 2, "sum", (k,))
    fit = Let("f", (row,), rows.read(row, k) * x.read(k) / sympy.sqrt(size.read()), "sum", (k,))
    total = Let("t", (), fit.read(row), "sum", (row,))
    value = Let("v", (), sympy.log(1 + total.read() ** 2) + size.read() / 2)
    slope = Let("g", (k,), value.read() * x.read(k))
    program = function((rows, x), size, fit, total, value, slope, value="v", slope="g")
    for dtype in ("float64", "float32"):
        agree(program, {"rows": ROWS, "x": ROWS[0]}, dtype)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_small_batches(count: int) -> None:
    program, _ = given(CASES["cross_entropy"], "value_and_grad")
    inputs = {"logits": ROWS[:count], "label": [1, 3, 0][:count], "scale": 0.25}
    agree(program, inputs)


def test_no_classes() -> None:
    program, _ = given(CASES["cross_entropy"], "value_and_grad")
    with pytest.raises(IndexOutOfRange):
        run(program, {"logits": np.zeros((2, 0)), "label": [0, 0], "scale": 1.0}, "float32")


def test_two_results_that_are_one_tensor() -> None:
    double = Let("d", (k,), 2 * x.read(k))
    found = run(function((x,), double, one="d", other="d"), {"x": [1.0, 2.0]}, "float32")
    assert found["one"].tolist() == found["other"].tolist() == [2.0, 4.0]


# ------------------------------------------------------------------ positions and branches


def test_positions_are_checked_where_taken() -> None:
    read = x.read(Position(label.read(row)))
    known = label.read(row) < 2
    safe = function((x, label), Let("r", (row,), Branch(known, read, sympy.Integer(0))))
    inputs = {"x": [1.0, 2.0], "label": [0, 9, 1]}
    agree(safe, inputs)
    with pytest.raises(IndexOutOfRange) as caught:
        run(function((x, label), Let("r", (row,), read)), inputs, "float64")
    fault = caught.value
    assert (fault.tensor, fault.axis, fault.value, fault.extent, fault.example) == ("x", 0, 9, 2, 1)


def test_the_side_not_taken_does_no_harm() -> None:
    body = Branch(x.read(k) > 0, sympy.log(x.read(k)) / x.read(k), x.read(at(k, 0)))
    agree(function((x,), Let("r", (k,), body)), {"x": [0.0, -1.0, 2.0, np.inf]})
    shifted = Branch(IndexValue(k) > 0, x.read(at(k, -1)), sympy.Integer(0))
    program = function((x,), Let("r", (k,), shifted))
    agree(program, {"x": [5.0, 6.0]})
    assert (
        "inside(" not in running.TARGET.emit(program, "float64").text
    )  # proved from the condition


def test_a_let_that_only_a_branch_takes_may_have_no_value_elsewhere() -> None:
    step = Let("step", (k,), sympy.exp(x.read(at(k, -1))))
    total = Let("r", (), step.read(k), "sum", (k,), IndexValue(k) > 0)
    agree(function((x,), step, total), {"x": [1.0, 2.0, 3.0]})


def test_large_integers_are_compared_exactly() -> None:
    left = Input("p", (), Domain("count"), "data")
    right = Input("q", (), Domain("count"), "data")
    body = Branch(sympy.Eq(left.read(), right.read()), sympy.Integer(1), sympy.Integer(0))
    program = function((left, right), Let("r", (), body))
    assert run(program, {"p": 2**53 + 1, "q": 2**53}, "float32")["result"] == 0


def test_powers_and_fractions() -> None:
    read = x.read(k)
    half = sympy.Rational(1, 2)
    body = read**3 / 3 + read**-2 + abs(read) ** half - 1 / abs(read) ** (3 * half) + 2**read
    body += sympy.sqrt(2) * read / 7 + abs(read) ** sympy.Rational(1, 3) + read**0
    for dtype in ("float64", "float32"):
        agree(function((x,), Let("r", (k,), body)), {"x": [-1.5, 0.25, 3.0, 10.0]}, dtype)


# ------------------------------------------------------------------ names


def test_names_can_not_break_out() -> None:
    names = ["lambda", "α", "a'); import os; ('", "__import__", "range", "c"]
    inputs = tuple(Input(name, (K,), Domain("real"), "data") for name in names)
    total = sum((one.read(k) * factor for factor, one in enumerate(inputs, 1)), sympy.Integer(0))
    lets = Let("math", (k,), total), Let("add", (), Let("math", (k,), total).read(k), "sum", (k,))
    program = function(inputs, *lets)
    agree(program, {name: [1.0, 2.0] for name in names})
    text = ast.walk(ast.parse(running.TARGET.emit(program, "float64").text))
    assert "os" not in {
        each.name for one in text if isinstance(one, ast.Import) for each in one.names
    }
