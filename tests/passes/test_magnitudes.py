"""Ratios in the place of squares: the same value in 100 digits, in range in float64, nothing else touched."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from sympy import exp

import objc
from objc.atoms import BY_FUNCTION, Branch, log1p, quotient
from objc.ir.domain import Domain
from objc.ir.symbols import Read
from objc.passes.evaluation.ranges.magnitudes import keep_in_range

x = Read("x", (), Domain("real").assumptions)
s = Read("s", (), Domain("positive").assumptions)
t = Read("t", (), Domain("real").assumptions)

MENDED = [
    log1p(x**2),
    log1p(x**2 / (2 * s**2)),
    1 / (1 + x**2),
    x**2 / (4 + 3 * x**2) ** 2,
    x * (3 - x**2) / (1 + x**2) ** 3,
    (5 * x**4 - 6 * x**2 + 1) / (1 + x**2 / 7) ** 2,
    x**4 * exp(-3 * x**2 / s**2),
    x**2 / s**2,
    x / s**3,
    x * sympy.Abs(x) / (s + sympy.Abs(x)) ** 2,
    x * (2 * s + sympy.Abs(x)) / (s + sympy.Abs(x)) ** 2,
    x**4 - x**2,
    2 * x**2 - 3 * x**3 + x**5,
]

UNTOUCHED = [
    1 / (x**2 - 1),
    1 / (1 - x**2),
    1 / (t + x**2),
    1 / (1 + x**4),
    1 / (1 + x),
    1 / (1 + x**2 + x),
    x**9 / (1 + x**2),
    exp(x) * x / (1 + x**2),
    log1p(-(x**2)),
    log1p(x**3),
    (1 - x**2) * exp(x**2),
    x * exp(-(x**2) / 2),
    x / s,
    s**2 * x,
    x**4 + x**2,
    x * s / (1 + x**2 + s),
]
POINTS = (-1e300, -1e160, -3e5, -2.0, -1.0, -0.3, -1e-170, 1e-8, 0.7, 1.0, 1.5, 1e9, 1e200)


@pytest.mark.parametrize("body", MENDED, ids=str)
def test_value_stays_and_is_in_range(body: Any) -> None:
    changed = keep_in_range(body, {})
    assert changed != body
    for a in POINTS:
        for b in (1e-3, 1.0, 1e200):
            with mpmath.workdps(400):
                before, after = (
                    _value(one, mpmath.mpf(a), mpmath.mpf(b)) for one in (body, changed)
                )
                assert (
                    abs(after - before)
                    <= mpmath.mpf(10) ** -90 * abs(before) + mpmath.mpf(10) ** -320
                )
            nearest = float(before)
            if 1e-290 < abs(nearest) < 1e290:
                found = _value(changed, a, b)
                assert math.isclose(found, nearest, rel_tol=1e-13), (a, b, found, nearest)


@pytest.mark.parametrize("body", UNTOUCHED, ids=str)
def test_near_misses_stay(body: Any) -> None:
    assert keep_in_range(body, {}) == body


@pytest.mark.parametrize(("degree", "root"), [(2, 0.5), (3, 0.5), (3, 1.5), (1, 1.5)])
def test_there_is_no_root_of_what_may_be_negative(degree: int, root: float) -> None:
    source = f"loss form(a: real, r: positive) = a^{degree} / r^{root}"
    kernel = objc.compile(source, target="numpy").form
    a, r = np.array([-2.0, 0.0, 2.0]), np.array([4.0, 4.0, 4.0])
    np.testing.assert_allclose(kernel.per_example(a, r), a**degree * r**-root, rtol=1e-15)
    by_a, by_r = kernel.gradient(a, r)
    np.testing.assert_allclose(3 * by_a, degree * a ** (degree - 1) * r**-root, rtol=1e-15)
    np.testing.assert_allclose(3 * by_r, -root * a**degree * r ** (-root - 1), rtol=1e-15)


def _value(body: Any, a: Any, b: Any) -> Any:
    """With a for x, b for s and 1.5 for t, in the arithmetic of a."""
    exact = isinstance(a, mpmath.mpf)
    if isinstance(body, Read):
        return {"x": a, "s": b, "t": type(a)(1.5)}[body.tensor]
    if body.is_number:
        return mpmath.mpf(str(body.evalf(420))) if exact else float(body)
    if isinstance(body, Branch):
        left, right = (_value(one, a, b) for one in body.args[0].args)
        holds = left > right if isinstance(body.args[0], sympy.Gt) else right > left
        return _value(body.args[1 if holds else 2], a, b)
    values = [_value(one, a, b) for one in body.args]
    if isinstance(body, sympy.Add):
        return sum(values)
    if isinstance(body, sympy.Mul):
        return math.prod(values)
    if isinstance(body, sympy.Pow):
        return _power(values[0], int(body.exp))
    if isinstance(body, quotient):
        return values[0] / values[1]
    with mpmath.workdps(400 if exact else 40):
        result = BY_FUNCTION[body.func].reference(*map(mpmath.mpf, values))
    return result if exact else float(result)


def _power(base: Any, exponent: int) -> Any:
    try:
        return base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.inf
