"""Power series and what they are used for: sums that cancel around zero, and those that don't."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from sympy import asinh, atan, cos, cosh, exp, sin, sinh, sqrt, tan, tanh

from objc.atoms import Branch, expm1, log1p, log_cosh, quotient, sigmoid, sqrt1pm1, xlog1py
from objc.ir.domain import REAL, Domain
from objc.ir.evaluate import evaluate
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Read
from objc.passes.evaluation.differences.cancellation import expand_at_zero
from objc.passes.evaluation.differences.series import Expansion

x = Read("x", (), Domain("real").assumptions)
y = Read("y", (), Domain("real").assumptions)

FUNCTIONS = [
    exp(x), expm1(3 * x), log1p(x), sin(2 * x), cos(x), tan(x), sinh(x), cosh(x**2), tanh(x), atan(x),
    asinh(x), sigmoid(2 * x), log_cosh(x), sqrt1pm1(x), sqrt(1 + x), (1 + x) ** sympy.Rational(-1, 3),
    1 / (2 + x), exp(x) / (1 + x**2), sin(x) / x, quotient(expm1(x), x), exp(sin(x)), log1p(expm1(x)),
]  # fmt: skip

CANCEL = [
    xlog1py(1 / x, x) - 1 / (1 + x),
    expm1(x) - x,
    y * (expm1(x) - x),
    expm1(x) + y - x,
    x - log1p(x),
    x - sin(x),
    tan(x) - x,
    x - tanh(x),
    sinh(x) - x,
    x - atan(x),
    asinh(x) - x,
    exp(x) / x - expm1(x) / x**2,
    (x * exp(x) - expm1(x)) / x**2,
    cos(x) / x - sin(x) / x**2,
    log_cosh(x) - x**2 / 2,
    sigmoid(x) - sympy.Rational(1, 2) - x / 4,
    expm1(x) - x - x**2 / 2,
    sin(x / 2) ** 2 / x**2,
]

LEFT = [
    expm1(x) + x,
    expm1(x) - 2 * x,
    expm1(x) - y,
    exp(x) - x,
    x - log1p(2 * x),
    sin(x) / x,
    1 / x - exp(x),
    sin(x) / x**3,
    sigmoid(x) - x,
    Branch(sympy.Gt(x, 0), expm1(x), x) - x,
    expm1(x) - abs(x),
]


@pytest.mark.parametrize("body", FUNCTIONS, ids=str)
def test_series_is_that_of_the_function(body: Any) -> None:
    series = Expansion(x, 24).of(body)
    assert series is not None
    with mpmath.workdps(60):
        at = mpmath.mpf(1) / 64
        found = sum(c.numerator * at**n / c.denominator for n, c in enumerate(series.taylor()))
        exact = _value(body, {"x": at, "y": mpmath.mpf(0)})
        assert abs(found - exact) < mpmath.mpf(10) ** -25 * max(abs(exact), 1), (
            found,
            exact,
        )


@pytest.mark.parametrize("body", CANCEL, ids=str)
def test_what_cancels_keeps_its_digits(body: Any) -> None:
    changed = _changed(body)
    assert changed.has(Branch)
    for at in (-30.0, -1.5, -1.0, -0.9, -0.26, -0.1, -1e-3, -1e-9, -1e-100,
               1e-150, 1e-20, 1e-6, 0.01, 0.124, 0.126, 0.4, 0.51, 0.99, 1.01, 1.4, 20.0):  # fmt: skip
        if at <= -1 and body.has(log1p, xlog1py):
            continue
        with mpmath.workdps(700):
            exact = _value(body, {"x": mpmath.mpf(at), "y": mpmath.mpf(0)})
        found = _float(changed, at)
        assert abs(found - float(exact)) <= 2e-14 * abs(float(exact)), (at, found, float(exact))


@pytest.mark.parametrize("body", LEFT, ids=str)
def test_what_does_not_cancel_is_left_alone(body: Any) -> None:
    assert _changed(body) == body


def test_a_sum_of_entries_is_left() -> None:
    assert _changed(expm1(x + y) - x - y) == expm1(x + y) - x - y


@pytest.mark.parametrize(
    "at", [(3.0, 0.1), (1e-8, 0.3), (-2e-5, 1e-4), (1e-200, 1e190), (30.0, -1.0)]
)
def test_a_product_of_entries_is_one_number(at: tuple[float, float]) -> None:
    program = expand_at_zero(_program(expm1(x * y) - x * y))
    given = dict(zip("xy", at, strict=True))
    found = float(evaluate(program, given)["per_example"])
    with mpmath.workdps(60):
        u = mpmath.mpf(at[0]) * mpmath.mpf(at[1])
        exact = mpmath.exp(u) - 1 - u if abs(u) > 1e-9 else u**2 / 2 + u**3 / 6
    assert found == pytest.approx(float(exact), rel=1e-13, abs=0)


def _program(body: Any) -> Program:
    inputs = tuple(Input(name, (), REAL, "data") for name in "xy")
    return Program("form", inputs, (Let("loss", (), body),), {"per_example": "loss"})


def _changed(body: Any) -> Any:
    return expand_at_zero(_program(body)).let["loss"].body


def _float(body: Any, at: float) -> float:
    with np.errstate(all="ignore"):
        return float(evaluate(_program(body), {"x": at, "y": 0.0})["per_example"])


def _value(body: Any, at: dict[str, Any]) -> Any:
    return evaluate(_program(body), at, mpmath.mp.dps)["per_example"]


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.75, 1.0, 1.5, 40.0])
def test_less_a_weight(weight: float) -> None:
    c = Read("y", (), Domain("nonnegative").assumptions)
    inputs = tuple(Input(name, (), Domain(kind), "data")
                   for name, kind in (("x", "real"), ("y", "nonnegative")))  # fmt: skip
    body = 3 * x * exp(x) - 3 * x * c
    program = Program("form", inputs, (Let("loss", (), body),), {"per_example": "loss"})
    changed = expand_at_zero(program)
    for at in (-800.0, -3.0, -0.5, -1e-9, -1e-300, 1e-12, 0.2, 5.0):
        given = {"x": at, "y": weight}
        with mpmath.workdps(700):
            exact = float(evaluate(program, given, 700)["per_example"])
        found = float(evaluate(changed, given)["per_example"])
        assert abs(found - exact) <= 1e-14 * abs(exact), (at, found, exact)
