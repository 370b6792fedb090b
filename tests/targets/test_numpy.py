"""What is the NumPy target's own: blocks, products, atoms."""

from __future__ import annotations

import re
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy

from objc.atoms import ATOMS
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension, Index
from objc.ir.program import Input, Let, Program
from objc.target import available, load

from .. import programs
from . import running
from .running import agree, given, run

TARGET = load("numpy")
CASES = {case.name: case for case in programs.all_cases()}


@pytest.fixture(autouse=True)
def numpy_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TARGET", TARGET)


@pytest.mark.parametrize("name", CASES)
def test_blocks_do_not_matter(name: str) -> None:
    """The same with blocks of one or two examples."""
    what = "value_and_grad" if CASES[name].wrt else "per_example"
    program, inputs = given(CASES[name], what)
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
