"""The NumPy target against the interpreter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from objc.atoms import ATOMS, Branch
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import BATCH, Dimension, Index, Position, at
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import IndexValue
from objc.target import Emitted, IndexOutOfRange, available, load

from .. import programs

TARGET = load("numpy")
TOLERANCE = {"float64": {"rtol": 1e-12, "atol": 1e-13}, "float32": {"rtol": 2e-5, "atol": 2e-6}}
CASES = {case.name: case for case in programs.all_cases()}


def run(
    program: Program, inputs: Mapping[str, Any], dtype: str, emitted: Emitted | None = None
) -> dict[str, Any]:
    """Through the protocol of targets, with results filled with what must be overwritten."""
    executable = TARGET.load(emitted or TARGET.emit(program, dtype))
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(inputs.get(one.name, one.default))
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.dtype(dtype)
        if one.dimensions:
            arguments[one.name] = np.ascontiguousarray(value, kind)
        else:
            arguments[one.name] = int(value) if one.domain.is_integer else float(value)
    results = {}
    for key, name in program.outputs.items():
        let = program.let[name]
        shape = [sizes.get(d.name, d.size) for d in let.dimensions]
        kind = np.int64 if let.domain.is_integer else np.dtype(dtype)
        if let.free:
            results[key] = np.full(shape, -77, kind)
    return {**executable(arguments, sizes, results), **results}


def given(case: programs.Case, results: tuple[str, ...]) -> tuple[Program, dict[str, Any]]:
    inputs = case.inputs(np.random.default_rng(11))
    program = programs.derived(case, results, inputs)
    internal = [one.name for one in program.inputs if one.role == "internal"]
    return program, {**inputs, **dict.fromkeys(internal, 0.5)}


def agree(program: Program, inputs: Mapping[str, Any], dtype: str, emitted: Any = None) -> None:
    expected = evaluate(program, inputs)
    found = run(program, inputs, dtype, emitted)
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("what", programs.VARIANTS)
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_interpreter(name: str, what: str, dtype: str) -> None:
    case = CASES[name]
    if not case.wrt and what != "per_example":
        pytest.skip("a metric has no derivative")
    program, inputs = given(case, programs.VARIANTS[what])
    assert TARGET.supports(program) is None
    agree(program, inputs, dtype)


@pytest.mark.parametrize("name", CASES)
def test_blocks_do_not_matter(name: str) -> None:
    """The same with blocks of one or two examples."""
    what = "value_and_grad" if CASES[name].wrt else "per_example"
    program, inputs = given(CASES[name], programs.VARIANTS[what])
    emitted = TARGET.emit(program, "float64")
    small = replace(emitted, text=emitted.text.replace("(1 << 23)", "8"))
    agree(program, inputs, "float64", small)


def test_is_found_by_name() -> None:
    assert "numpy" in available()
    assert not any(name.startswith("_") for name in available())


# ------------------------------------------------------------------ single constructs

K, N = Dimension("K"), Dimension("N")
k, n = Index("k", K), Index("n", N)
x = Input("x", (K,), Domain("real"), "differentiable")
y = Input("y", (N,), Domain("index", dimension=K), "data")
a = Input("a", (N, K), Domain("real"), "differentiable")
b = Input("b", (K, N), Domain("real"), "data")


def function(inputs: tuple[Input, ...], *lets: Let) -> Program:
    return Program("f", inputs, lets, {"result": lets[-1].name}, "function")


def test_transposed_and_diagonal_reads() -> None:
    square = Input("s", (K, K), Domain("real"), "data")
    body = a.read(n, k) * b.read(k, n) + square.read(k, k)
    inputs = {"a": np.arange(6.0).reshape(2, 3), "b": np.ones((3, 2)), "s": np.eye(3) * 7}
    agree(function((a, b, square), Let("r", (n, k), body)), inputs, "float64")


def test_contractions_are_products() -> None:
    let = Let("r", (), a.read(n, k) * x.read(k) * 3, "sum", (n, k))
    assert "einsum" not in TARGET.emit(function((a, x), let), "float64").text
    other = Index("m", N)
    product = Let("r", (n, other), a.read(n, k) * a.read(other, k) / 2, "sum", (k,))
    program = function((a,), product)
    assert "((v_a) @ (v_a).T)" in TARGET.emit(program, "float64").text
    inputs = {"a": np.random.default_rng(0).normal(size=(4, 3)), "x": np.arange(3.0)}
    agree(program, {"a": inputs["a"]}, "float64")
    vector = Let("r", (n,), a.read(n, k) * sympy.exp(-x.read(k)), "sum", (k,))
    agree(function((a, x), vector), inputs, "float64")
    last = Index("l", K)
    triple = Let("r", (n, other), a.read(n, k) * a.read(other, last), "sum", (k, last))
    assert "np.einsum('ac,bd->ab'" in TARGET.emit(function((a,), triple), "float64").text
    agree(function((a,), triple), {"a": inputs["a"]}, "float64")


def test_scatter_leaves_out_what_has_no_place() -> None:
    guard = sympy.And(sympy.Eq(IndexValue(k), y.read(n)), IndexValue(n) > 0)
    program = function((x, y, a), Let("r", (k,), a.read(n, k) + IndexValue(k), "sum", (n,), guard))
    assert "scatter(" in TARGET.emit(program, "float64").text
    inputs = {"x": np.zeros(3), "y": [0, 2, 7, 2, -1], "a": np.arange(15.0).reshape(5, 3)}
    agree(program, inputs, "float64")


def test_positions_are_checked_where_taken() -> None:
    label = Input("label", (BATCH,), Domain("index", dimension=K), "data")
    example = Index("n", BATCH)
    read = x.read(Position(label.read(example)))
    known = label.read(example) < 2
    safe = function((x, label), Let("r", (example,), Branch(known, read, sympy.Integer(0))))
    inputs = {"x": [1.0, 2.0], "label": [0, 9, 1]}
    agree(safe, inputs, "float64")
    with pytest.raises(IndexOutOfRange) as caught:
        run(function((x, label), Let("r", (example,), read)), inputs, "float64")
    fault = caught.value
    assert (fault.tensor, fault.axis, fault.value, fault.extent, fault.example) == ("x", 0, 9, 2, 1)


def test_the_side_not_taken_does_no_harm() -> None:
    body = Branch(x.read(k) > 0, sympy.log(x.read(k)) / x.read(k), x.read(at(k, 0)))
    agree(function((x,), Let("r", (k,), body)), {"x": [0.0, -1.0, 2.0, np.inf]}, "float64")
    shifted = Branch(IndexValue(k) > 0, x.read(at(k, -1)), sympy.Integer(0))
    agree(function((x,), Let("r", (k,), shifted)), {"x": [5.0]}, "float64")


def test_a_let_that_only_a_branch_takes_may_have_no_value_elsewhere() -> None:
    step = Let("step", (k,), sympy.exp(x.read(at(k, -1))))
    total = Let("r", (), step.read(k), "sum", (k,), IndexValue(k) > 0)
    agree(function((x,), step, total), {"x": [1.0, 2.0, 3.0]}, "float64")


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("entries", [[], [2.0], [1.0, np.nan, 3.0], [3.0, 1.0, 3.0, 1.0]])
@pytest.mark.parametrize("least", [0, 1, 9])
def test_reductions(name: str, entries: list[float], least: int) -> None:
    domain = Domain("index", dimension=K) if name.startswith("arg") else Domain("real")
    for guard in (sympy.true, IndexValue(k) >= least, sympy.Ge(0, least)):
        let = Let("r", (), x.read(k), name, (k,), guard, domain)
        agree(function((x,), let), {"x": entries}, "float64")
    constant = Let("r", (), sympy.Integer(2), name, (k,), domain=domain)
    agree(function((x,), constant), {"x": entries}, "float64")


def test_sums_over_the_batch_are_in_double_precision() -> None:
    value = Input("v", (BATCH,), Domain("real"), "data")
    example = Index("n", BATCH)
    program = function((value,), Let("r", (), value.read(example), "sum", (example,)))
    found = run(program, {"v": np.full(1_000_000, 0.1, np.float32)}, "float32")
    assert found["result"] == pytest.approx(1e6 * float(np.float32(0.1)), rel=1e-12)


def test_large_integers_are_compared_exactly() -> None:
    left = Input("p", (), Domain("count"), "data")
    right = Input("q", (), Domain("count"), "data")
    body = Branch(sympy.Eq(left.read(), right.read()), sympy.Integer(1), sympy.Integer(0))
    program = function((left, right), Let("r", (), body))
    assert run(program, {"p": 2**53 + 1, "q": 2**53}, "float32")["result"] == 0


# ------------------------------------------------------------------ atoms


def test_every_atom_is_spelled_or_declined() -> None:
    from objc.targets.numpy.spellings import DECLINED, SPELLINGS

    assert set(SPELLINGS) | set(DECLINED) == set(ATOMS)
    assert not set(SPELLINGS) & set(DECLINED)
    for name, spelling in SPELLINGS.items():
        assert len(re.findall(r"\{\}", spelling)) == ATOMS[name].arity


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ATOMS)
def test_atoms(name: str, dtype: str) -> None:
    """Within a few units in the last place, and as the interpreter at the edges."""
    atom = ATOMS[name]
    limit = float(np.finfo(dtype).max)
    low, high = (min(max(one, -limit), limit) for one in atom.test_range)
    random = np.random.default_rng(5)
    points = [random.uniform(max(low, -30), min(high, 30), 40), 10 ** random.uniform(-12, 0, 20)]
    points = np.concatenate([*points, -points[1]])
    points = points[(points >= low) & (points <= high)].astype(dtype).astype(float)
    u = Input("u", (K,), Domain("real"), "data")
    v = Input("v", (K,), Domain("real"), "data")
    arguments = [u.read(k), v.read(k)][: atom.arity]
    order = [sympy.Integer(0)] if name == "digamma" else []
    program = function((u, v), Let("r", (k,), atom.function(*order, *arguments)))
    inputs = {"u": points, "v": abs(points[::-1])}
    found = run(program, inputs, dtype)["result"]
    with mpmath.workdps(40):
        pairs = zip(inputs["u"], inputs["v"], strict=True)
        expected = [float(atom.reference(*map(mpmath.mpf, pair[: atom.arity]))) for pair in pairs]
    tiny = 2e-15 if name in ("digamma", "lgamma") else np.finfo(dtype).tiny  # absolute at zeros
    np.testing.assert_allclose(found, expected, rtol=12 * np.finfo(dtype).eps, atol=tiny)
    edges = np.array([0.0, np.inf, np.nan, 1.0])
    agree(program, {"u": edges, "v": edges}, dtype)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_polygamma(order: int) -> None:
    u = Input("u", (K,), Domain("positive"), "data")
    program = function((u,), Let("r", (k,), sympy.polygamma(order, u.read(k))))
    points = np.concatenate([np.geomspace(1e-8, 1e8, 80), [0.0, np.inf]])
    found = run(program, {"u": points}, "float64")["result"]
    expected = evaluate(program, {"u": points})["result"]
    np.testing.assert_allclose(found, expected, rtol=2e-14)


def test_what_is_not_expanded_is_declined() -> None:
    program = function((x,), Let("r", (), x.read(k), "logsumexp", (k,)))
    assert TARGET.supports(program) == "`logsumexp` in `r` has not been expanded"
