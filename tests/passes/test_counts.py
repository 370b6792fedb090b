"""How many points a comparison of indices leaves a loop: by brute force, and in means over pairs."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest
import sympy

import objc
from objc.ir.index import Dimension, Index
from objc.ir.program import Let
from objc.ir.symbols import Extent, IndexValue
from objc.passes.counts import number_of_points

N, M = Dimension("N"), Dimension("M")
I, J, K, L = Index("i", N), Index("j", N), Index("k", N), Index("l", M)
RELATIONS = {
    sympy.Ne: operator.ne, sympy.Eq: operator.eq, sympy.Lt: operator.lt, sympy.Le: operator.le,
    sympy.Gt: operator.gt, sympy.Ge: operator.ge,
}  # fmt: skip
SIZES = {N: 5, M: 3}


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("free", [(), (I,), (J,), (L,)])
@pytest.mark.parametrize("more", [(), ((sympy.Ne, (J, K)),), ((sympy.Lt, (K, J)),)])
def test_by_brute_force(relation: Any, free: tuple[Index, ...], more: Any) -> None:
    conditions = [(relation, (I, J)), *more]
    over = tuple(one for one in (I, J, K, L) if one not in free)
    guard = sympy.And(
        *(kind(IndexValue(a), IndexValue(b), evaluate=False) for kind, (a, b) in conditions)
    )
    found = number_of_points(Let("number", free, sympy.Integer(1), "sum", over, guard))
    if found is None:
        assert more  # not even one condition
        return
    for given in itertools.product(*(range(SIZES[one.dimension]) for one in free)):
        number = 0
        for rest in itertools.product(*(range(SIZES[one.dimension]) for one in over)):
            value = dict(zip((*free, *over), (*given, *rest), strict=True))
            number += all(RELATIONS[kind](value[a], value[b]) for kind, (a, b) in conditions)
        places = {IndexValue(one): value for one, value in zip(free, given, strict=True)}
        sizes = {Extent(one): size for one, size in SIZES.items()}
        assert found.xreplace(places).xreplace(sizes) == number


def test_what_hangs_on_data_is_counted() -> None:
    text = "loss some(x: real[N] | keep: binary[N]) = mean[i, j | i != j and keep[i] == 1](x[i] * x[j])"
    x, keep = np.arange(1.0, 5), np.array([1, 0, 1, 1])
    pairs = [x[i] * x[j] for i in range(4) for j in range(4) if i != j and keep[i]]
    assert objc.compile(text).some(x[None], keep[None]) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("guard", ["i != j", "i < j", "j <= i", "i != j and j != k"])
@pytest.mark.parametrize("size", [2, 7])
def test_means_over_pairs(guard: str, size: int) -> None:
    """The value and the slopes, of a batch, as of all the pairs that there are."""
    text = f"loss pairs(x: real[N] | y: real) = mean[i, j, k | {guard}](tanh(x[i] - 2 * x[j] + x[k]) * y)"
    x, y = np.random.default_rng(0).normal(size=(3, size)), np.array([1.0, -2, 0.5])
    holds = guard.replace(" and ", ") & (")
    index = dict(zip("ijk", np.indices((size, size, size)), strict=True))
    i, j, k = (index[one][eval(f"({holds})", {}, index)] for one in "ijk")
    value, slopes = objc.compile(text).pairs.value_and_grad(x, y)
    inside = x[:, i] - 2 * x[:, j] + x[:, k]
    assert value == pytest.approx((np.tanh(inside).mean(1) * y).mean())
    slope = y[:, None] / np.cosh(inside) ** 2 / len(i) / 3
    true = np.zeros_like(x)
    for row in range(3):
        for places, factor in ((i, 1), (j, -2), (k, 1)):
            np.add.at(true[row], places, factor * slope[row])
    np.testing.assert_allclose(slopes, true, rtol=1e-11, atol=1e-13)


def test_partners_of_one() -> None:
    text = (
        "loss near(x: real[N]) = sum[i | i > 0](log(mean[j | j < i](exp(x[i] * x[j]))"
        " + mean[j | j != i](x[j]^2)))"
    )
    x = np.array([0.5, -1.0, 2.0, 0.25])
    rows = [
        np.log(np.mean(np.exp(x[i] * x[:i])) + np.mean(np.delete(x, i) ** 2)) for i in range(1, 4)
    ]
    assert objc.compile(text).near(x[None]) == pytest.approx(np.sum(rows))
