"""Sums over two indices that have a product of matrices in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.source import Source

TEXT = """
loss form(A: real[D, D], m: real[D] | x: real[D]) = sum[i, j]((x[i] - m[i]) * A[i, j] * (x[j] - m[j]))
loss matched(u: real[D], A: real[D, E] | v: real[E], y: sign) =
    log(1 + exp(-y * sum[i, j](u[i] * A[i, j] * v[j])))
loss gated(A: real[D, D] | x: real[D]) = sum[i, j](tanh(x[i]) * A[i, j] * exp(-x[j]^2)) / D
loss apart(A: real[D, D] | x: real[D]) = sum[i, j | i != j](x[i] * A[i, j] * x[j])
loss turned(A: real[3, 3] | x: real[3]) = sum[i, j](x[i] * A[i, j] * x[j])
"""
SHARED = ["form", "matched", "gated"]


def _derived(name: str, *shared: str) -> Program:
    program = lower(parse(Source("text", TEXT))).programs[name]
    wrt = tuple(one.name for one in program.differentiable)
    batched = frozenset(one.name for one in program.inputs) - set(shared)
    return derive(program, Variant(("value", "gradient"), wrt, batched))


def _over_two(program: Program) -> list[str]:
    return [let.name for let in program.lets if len(let.over) > 1]


@pytest.mark.parametrize("name", SHARED)
def test_a_form_of_all_examples_is_a_product(name: str) -> None:
    program = _derived(name, "A", "m")
    assert not _over_two(program)
    along = [let for let in program.lets if let.over and len({*let.free, *let.over}) == 3]
    assert len(along) <= 3  # with A, with its transpose, and its slope


@pytest.mark.parametrize(("name", "shared"), [("form", ()), ("apart", ("A",)), ("turned", ("A",))])
def test_what_is_no_product_stays(name: str, shared: tuple[str, ...]) -> None:
    assert len(_over_two(_derived(name, *shared))) == 1


def _expected(name: str, A: Any, x: Any, m: Any, u: Any, y: Any) -> Any:
    if name == "form":
        return np.einsum("ni,ij,nj->n", x - m, A, x - m)
    if name == "matched":
        return np.log1p(np.exp(-y * np.einsum("ni,ij,nj->n", u, A, x)))
    return np.einsum("ni,ij,nj->n", np.tanh(x), A, np.exp(-(x**2))) / x.shape[1]


@pytest.mark.parametrize("name", SHARED)
def test_values_and_slopes(name: str) -> None:
    drawn = np.random.default_rng(6)
    A, m = drawn.normal(size=(11, 11)), drawn.normal(size=11)
    x, u = drawn.normal(size=(2, 37, 11))
    y = np.sign(drawn.normal(size=37))
    kernel = getattr(objc.compile(TEXT), name)
    given = {"form": (A, m, x), "matched": (u, A, x, y), "gated": (A, x)}[name]
    np.testing.assert_allclose(
        kernel.per_example(*given), _expected(name, A, x, m, u, y), rtol=1e-11, atol=1e-12
    )
    slope = kernel.gradient(*given, wrt="A", reduction="sum")
    for i, j in [(0, 0), (3, 8), (10, 2)]:
        ends = []
        for step in (1e-5, -1e-5):
            moved = A.copy()
            moved[i, j] += step
            ends.append(_expected(name, moved, x, m, u, y).sum())
        assert slope[i, j] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
