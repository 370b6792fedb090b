"""Rules of the stable rewriting: the form that results, and that it is equal and accurate."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Eq, cosh, exp, log, sinh, sqrt

import objc
from objc.atoms import (
    BY_FUNCTION,
    Branch,
    erfc,
    expm1,
    hazard,
    hazard_excess,
    hypot,
    hypot1m1,
    iverson,
    log1mexp,
    log1p,
    log_cosh,
    log_ndtr,
    maximum,
    quotient,
    sigmoid,
    softplus,
    sqrt1pm1,
    xlog1py,
    xlogy,
)
from objc.ir.domain import Domain
from objc.ir.symbols import Read
from objc.passes.rewrites import rewrite
from objc.passes.tidying.untaken import sink_conditions

x = sympy.Symbol("x", real=True)
y = sympy.Symbol("y", nonnegative=True)
p = sympy.Symbol("p", nonnegative=True)
w = sympy.Symbol("w", positive=True)
k = sympy.Symbol("k", integer=True)

FORMS = [
    (log(1 + exp(x)), softplus(x)),
    (log(1 + exp(-w * x)), softplus(-w * x)),
    (log(1 / (1 + exp(-x))), -softplus(-x)),
    (-log(1 - sigmoid(x)), softplus(x)),
    (log(1 - 1 / (1 + exp(x))), -softplus(-x)),
    (log(sigmoid(x)), -softplus(-x)),
    (log(exp(x) / (1 + exp(x))), -softplus(-x)),
    (log(erfc(x) / 2), log_ndtr(-sqrt(2) * x)),
    (log(erfc(x) * w / 2), log_ndtr(-sqrt(2) * x) + log(w)),
    (exp(-(x**2)) / erfc(x), sqrt(sympy.pi / 2) * hazard(sqrt(2) * x)),
    (w * hazard(x) - w * x, w * hazard_excess(x)),
    (Branch(1 - x > 1 - w, x, w), Branch(-x > -w, x, w)),
    (Branch(x > 1, w, 0) ** 2, Branch(x > 1, w**2, 0)),
    (2 * Branch(x > 1, w, x) + w * Branch(x > 1, 3, y), Branch(x > 1, 5 * w, 2 * x + w * y)),
    (1 - sigmoid(x), sigmoid(-x)),
    (w - w * sigmoid(x), w * sigmoid(-x)),
    (1 / (1 + exp(x)), sigmoid(-x)),
    ((1 + exp(x)) ** -2, sigmoid(-x) ** 2),
    (exp(x) / (1 + exp(x)), sigmoid(x)),
    (exp(x) / (1 + exp(x)) ** 2, sigmoid(x) * sigmoid(-x)),
    (exp(3 * x) / (1 + exp(x)) ** 2, sigmoid(x) ** 2 * exp(x)),
    (sinh(x) / cosh(x) ** 2, sympy.tanh(x) / cosh(x)),
    (exp(x) - 1, expm1(x)),
    (1 - exp(-(x**2)), -expm1(-(x**2))),
    (w * exp(x) - w, w * expm1(x)),
    (exp(x) - exp(2 * x), -exp(x) * expm1(x)),
    (log(cosh(x)), log_cosh(x)),
    (log(1 + x**2), log1p(x**2)),
    (log(1 - exp(-w)), log1mexp(-w)),
    (sqrt(1 + x**2) - 1, hypot1m1(x)),
    (w * log(exp(x) + exp(y)) - w * x / 2 - w * y / 2,
     w * (log(2) + log_cosh(x / 2 - y / 2))),
    (log(y) + Branch(Eq(k, 2), 0, 1) - 1, log(y) + Branch(Eq(k, 2), -1, 0)),
    (1 - x * Branch(Eq(x, 0), 0, w) / w, 1 - x),
    (sqrt(1 + y) - 1, sqrt1pm1(y)),
    (sqrt(sympy.Abs(x * k)), sqrt(sympy.Abs(x)) * sqrt(sympy.Abs(k))),
    (1 / (1 + sympy.Abs(x) / w), w / (w + sympy.Abs(x))),
    (sqrt(y + w) - sqrt(y), w / (sqrt(y + w) + sqrt(y))),
    (sqrt(x**4 + x**2), sympy.Abs(x) * hypot(1, x)),
    (sqrt(x**2 * y**2 + w**2 * x**2), sympy.Abs(x) * hypot(w, y)),
    (w * hypot1m1(x) - w * x * quotient(x, hypot(1, x)),
     -w * quotient(hypot1m1(x), hypot(1, x))),
    (w**2 * sqrt(1 + x**2 / w**2) - w**2, w**2 * hypot1m1(x / w)),
    (1 - (1 - x) ** 3, x * (x * (x - 3) + 3)),
    (1 / w - 1 / (w + 1), 1 / (w * (w + 1))),
    (log((exp(x) + exp(-x)) / 2), log_cosh(x)),
    (softplus(x) - x, softplus(-x)),
    (y * log(p), xlogy(y, p)),
    ((1 - y) * log(1 - p), xlog1py(1 - y, -p)),
    (w * log(p), w * log(p)),
    (exp(x) - iverson(Eq(k, 2)), Branch(Eq(k, 2), expm1(x), exp(x))),
    (log(sinh(w) * 2), w + log1mexp(-2 * w)),
    (log(sigmoid(x + w) - sigmoid(x - w)),
     log1mexp(-2 * w) - softplus(-w - x) - softplus(x - w)),
    (log(sigmoid(x + k) - sigmoid(x)), log1mexp(-k) - softplus(-x - k) - softplus(x)),
    ((x * exp(x) + w * exp(w)) / (exp(x) + exp(w)), w * sigmoid(w - x) + x * sigmoid(x - w)),
    ((1 + w) * log(1 + w) - w * log(w), w * log1p(1 / w) + log1p(w)),
    (w - w * p**sympy.Rational(1, 7), w - w * p**sympy.Rational(1, 7)),
    (w**sympy.Rational(1, 7) - 1, expm1(log(w) / 7)),
    (Branch(Eq(x, 0), w, Branch(sympy.Ne(x, 0), y, k)), Branch(Eq(x, 0), w, y)),
    (w * sympy.sign(x) * sympy.Abs(x) / (1 + sympy.Abs(x)), w * x / (1 + sympy.Abs(x))),
    (sigmoid(x) - iverson(Eq(k, 2)), Branch(Eq(k, 2), -sigmoid(-x), sigmoid(x))),
]  # fmt: skip

PIECEWISE = [
    (1 + exp(x) + exp(2 * x)) ** -2,
    log((w + 1) / (w - 1)),
    log(1 - exp(-exp(x))),
    log(1 - exp(-(w**x))),
    log(sigmoid(x) + sigmoid(-x) * exp(-w)),
    log(sigmoid(x) * exp(w) + sigmoid(-x) * exp(3 * w)),
    log(p / 2 * exp(x) * 2 + (1 - p) * exp(w)),
    log(exp(x) + exp(w)) - maximum(x, w),
    log(exp(2 * x) + exp(x * w)) - maximum(x * w, 2 * x),
]
"""What becomes branches, whose form says little."""


@pytest.mark.parametrize(("written", "stable"), FORMS, ids=lambda one: str(one))
def test_form(written: Any, stable: Any) -> None:
    assert rewrite(written) == stable


@pytest.mark.parametrize("written", PIECEWISE, ids=str)
def test_forms_with_branches_are_rewritten(written: Any) -> None:
    assert rewrite(written).has(Branch)


@pytest.mark.parametrize("written", [*(one for one, _ in FORMS), *PIECEWISE], ids=str)
def test_rewriting_keeps_the_value(written: Any) -> None:
    """At 400 digits, where even the naive form is exact enough at ±300."""
    found = rewrite(written)
    points = [-300, -1, -1e-9, 0, 1e-9, 0.3, 1, 300]
    with mpmath.workdps(400):
        for at_x, at_w, at_p in itertools.product(points, (0.5, 2.0), (0.25, 0.75)):
            values = {x: at_x, w: at_w, p: at_p, y: 0.5, k: 2}
            assert mpmath.almosteq(
                evaluated(written, values), evaluated(found, values), rel_eps=mpmath.mpf(10) ** -60
            )


def evaluated(node: Any, values: dict[Any, Any]) -> Any:
    if node.is_Symbol:
        return mpmath.mpf(values[node])
    if node.is_number and not node.args:
        return (
            mpmath.mpmathify(sympy.N(node, 400))
            if not node.is_Rational
            else (mpmath.mpf(node.p) / node.q)
        )
    if isinstance(node, Branch):
        taken = node.args[1] if node.args[0].subs(values) == sympy.true else node.args[2]
        return evaluated(taken, values)
    inner = [evaluated(one, values) for one in node.args]
    if isinstance(node, sympy.Add):
        return mpmath.fsum(inner)
    if isinstance(node, sympy.Mul):
        return mpmath.fprod(inner)
    if isinstance(node, sympy.Pow):
        return mpmath.power(*inner)
    return BY_FUNCTION[node.func].reference(*inner)


def test_no_rule_without_its_condition() -> None:
    """log of a product of reals stays: its factors may both be negative. Beside an exponential one has the
    sign of the whole."""
    assert rewrite(log(x * y)) == log(x * y)
    assert rewrite(log(x * exp(y))) == y + log(x)
    assert rewrite(exp(x) - exp(w)) == exp(x) - exp(w)
    assert rewrite(1 / (1 + x**2 / w)) == 1 / (1 + x**2 / w)
    assert rewrite(sqrt(y + p) - sqrt(y)) == sqrt(y + p) - sqrt(y)


def test_factors_move_into_branches() -> None:
    found = sink_conditions(log(x) * iverson(x > 0) * w)
    assert found == Branch(x > 0, w * log(x), sympy.Integer(0))


def test_constant_comes_first_in_an_extreme() -> None:
    assert maximum(x, sympy.Integer(0)).args == (0, x)


@pytest.mark.parametrize(
    ("text", "point", "value", "slope", "second"),
    [
        ("x^2*log(x)", 0.0, 0.0, 0.0, -np.inf),
        ("x^3*log(x)", 0.0, 0.0, 0.0, 0.0),
        ("-x^1.5*log(x)", 0.0, 0.0, 0.0, np.inf),
        ("x*log(x)^2", 0.0, 0.0, np.inf, -np.inf),
        ("abs(x)^0.5*x", 0.0, 0.0, 0.0, None),
        ("log(1 + (x - 1)^2)", 1.0, 0.0, 0.0, 2.0),
        ("log(x^2 + 2*x + 2)", 1.0, np.log(5), 0.8, -0.24),
        ("abs(exp(sqrt(1 - x)))", 0.0, np.e, -np.e / 2, 0.0),
        ("x^2 + softplus(1)", 2.0, 4 + np.log1p(np.e), 4.0, 2.0),
    ],
)
def test_whole_derivations_at_points(
    text: str, point: float, value: float, slope: float, second: float | None
) -> None:
    kernel = objc.compile(f"loss form(x: probability) = {text}", target="numpy").form
    np.testing.assert_allclose(kernel(point), value, atol=1e-15, rtol=1e-14)
    np.testing.assert_allclose(kernel.gradient(point), slope, atol=1e-15, rtol=1e-14)
    if second is not None:
        found = kernel.hessian_diagonal(point)
        np.testing.assert_allclose(found, second, atol=1e-15, rtol=1e-14)


def test_branch_on_what_vanishes_anyway() -> None:
    q = Read("q", (), Domain("probability").assumptions)
    c = Read("c", (), Domain("real").assumptions)
    zero = sympy.Integer(0)
    assert rewrite(Branch(q > 0, c * q, zero)) == c * q
    for then in (c * log(q), q / c, c, exp(c) * q):
        assert rewrite(Branch(q > 0, then, zero)).has(Branch)
    assert rewrite(Branch(c > 0, c * q, zero)).has(Branch)
    assert rewrite(Branch(q > 1, c * q, zero)).has(Branch)


def test_masks_that_agree_are_one() -> None:
    zero = sympy.Integer(0)
    whole = rewrite(Branch(k > 0, x, zero) * Branch(k > 0, exp(x), zero))
    assert whole == Branch(k > 0, x * exp(x), zero)
    apart = Branch(k > 0, x, zero) * Branch(k > 1, exp(x), zero)
    assert rewrite(apart) == apart
    decided = Branch(k > 0, x, zero) * Branch(k > 0, exp(x), w)
    assert rewrite(decided) == Branch(k > 0, x * exp(x), zero)
    opposite = Branch(sympy.Eq(k, 3), x, zero) * (Branch(sympy.Ne(k, 3), exp(x), w) + x)
    assert rewrite(opposite) == Branch(sympy.Eq(k, 3), x * (w + x), zero)
