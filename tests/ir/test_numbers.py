"""The interpreter's numbers: every atom in float64 against its reference, and both kinds at the edges."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from objc.atoms import ATOMS
from objc.ir.numbers import Arbitrary, Float64

INFINITY = math.inf
EDGES = [0.0, 1.0, -1.0, INFINITY, -INFINITY, math.nan, 1e300, -1e300, 5e-324]


def _points(low: float, high: float) -> list[float]:
    random = np.random.default_rng(3)
    near = random.uniform(max(low, -40), min(high, 40), 60)
    tiny = 10.0 ** random.uniform(-18, 0, 30)
    both = np.concatenate([near, tiny, -tiny])
    return [float(x) for x in both if low <= x <= high]


@pytest.mark.parametrize("name", ATOMS)
def test_float64_agrees_with_the_reference(name: str) -> None:
    atom, numbers = ATOMS[name], Float64()
    points = _points(*atom.test_range)
    others = points[::-1] if atom.arity == 2 else points
    for x, y in zip(points, others, strict=True):
        arguments = (x, abs(y)) if atom.arity == 2 else (x,)
        with mpmath.workdps(50):
            expected = float(atom.reference(*map(mpmath.mpf, arguments)))
        assert numbers.function(name)(*arguments) == pytest.approx(expected, rel=4e-15, abs=1e-300)


@pytest.mark.parametrize("name", ATOMS)
def test_both_kinds_agree_at_the_edges(name: str) -> None:
    exact = Arbitrary(30)
    with exact.working():
        for x in EDGES:
            arguments = (x, x) if ATOMS[name].arity == 2 else (x,)
            plain = Float64().function(name)(*arguments)
            precise = exact.function(name)(*map(mpmath.mpf, arguments))
            if abs(x) in (1e300, 5e-324) and not math.isfinite(plain):
                continue  # beyond the range of float64 only
            assert float(precise) == pytest.approx(plain, rel=1e-12, abs=1e-12, nan_ok=True), x


@pytest.mark.parametrize("numbers", [Float64(), Arbitrary(30)], ids=["float64", "mpmath"])
def test_arithmetic_is_total(numbers: Float64 | Arbitrary) -> None:
    n = numbers.number
    assert numbers.divide(n(1), n(0)) == INFINITY
    assert numbers.divide(n(-1), n(0)) == -INFINITY
    assert math.isnan(numbers.divide(n(0), n(0)))
    assert numbers.power(n(0), n(0)) == 1
    assert numbers.power(n(0), n(-1.5)) == INFINITY
    assert math.isnan(numbers.power(n(-8), n(1 / 3)))
    assert numbers.power(n(-2), n(3)) == -8
    assert numbers.power(n(math.nan), n(0)) == 1
    assert math.isnan(numbers.root(n(-1)))
    assert numbers.function("log")(n(0)) == -INFINITY
    assert math.isnan(numbers.function("log")(n(-1)))
    assert numbers.function("exp")(n(-INFINITY)) == 0
    assert math.isnan(numbers.total([n(INFINITY), n(-INFINITY)]))


def test_overflow_is_infinite() -> None:
    numbers = Float64()
    assert numbers.function("exp")(1e4) == INFINITY
    assert numbers.function("sinh")(-1e4) == -INFINITY
    assert numbers.power(10.0, 400.0) == INFINITY
    assert numbers.power(-10.0, 401.0) == -INFINITY
    assert numbers.number(10**400) == INFINITY


@pytest.mark.parametrize("order", [0, 1, 2])
def test_polygamma(order: int) -> None:
    for x in (1e-3, 0.7, 1.4616321449683622, 12.5, 1e6):
        expected = float(mpmath.psi(order, x))
        assert Float64().polygamma(order)(x) == pytest.approx(expected, rel=1e-14)
    assert Float64().polygamma(order)(0.0) == (INFINITY if order == 1 else -INFINITY)


def test_a_function_is_computed_once_in_each_precision() -> None:
    numbers = Arbitrary(30)
    with numbers.working():
        x = numbers.number(0.7)
        first = numbers.function("exp")(x)
        assert numbers.function("exp")(x) is first
        with mpmath.workdps(60):
            finer = numbers.function("exp")(x)
    assert 0 < abs(finer - first) < 1e-38
