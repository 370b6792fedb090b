"""Consistency beyond margins of two classes: transforms of risks, label noise, rankings, several classes.
True statements stand beside false ones that differ by a sign, a constant or a branch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.optimize
import sympy

from objc.analysis.statistics.excess import transform
from objc.analysis.statistics.margins import margin_of
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.claimed import verdict

_USE = "use metrics (zero_one, accuracy, roc_auc)\n"
_T = sympy.Symbol("t", positive=True)


@pytest.mark.parametrize(
    ("body", "psi"),
    [
        ("max(0, 1 - y * s)", _T),
        ("max(0, a - y * s)", _T * 2),
        ("max(0, 1 - y * s)^2", _T**2),
        ("(1 - y * s)^2", _T**2),
        ("exp(-y * s)", 1 - sympy.sqrt(1 - _T**2)),
        ("exp(-a * y * s)", 1 - sympy.sqrt(1 - _T**2)),
        ("log(1 + exp(-y * s))",
         ((1 + _T) * sympy.log(1 + _T) + (1 - _T) * sympy.log(1 - _T)) / 2),
        ("if y * s >= -1 then max(0, 1 - y * s)^2 else -4 * y * s", _T**2),
        # Its least risk is −∞: nothing follows for the zero-one risk.
        ("1 - y * s", None),
        # Not convex: the theorem's other half, with the convex hull, is not tried.
        ("min(1, max(0, (1 - y * s) / 2))", None),
        ("1 / (1 + exp(2 * y * s))^2", None),
    ],
)  # fmt: skip
def test_transforms_of_the_risk(body: str, psi: sympy.Expr | None) -> None:
    """The literature's ψ (Bartlett, Jordan and McAuliffe 2006, examples 1 to 5), and the infimum itself by
    mpmath, which knows neither."""
    text = f"loss f(s: real | y: sign; a: positive = 2) = {body}"
    subject = Subject(lower(parse(Source("psi.objc", text))).programs["f"])
    margin = margin_of(subject)
    assert margin is not None
    found = transform(subject, margin)
    if psi is None:
        assert found is None
        return
    at_two = {one: sympy.Integer(2) for one in margin.phi.free_symbols if one.name == "a"}
    assert sympy.simplify(found.xreplace(at_two) - psi) == 0
    phi = sympy.lambdify(margin.score, margin.phi.xreplace(at_two), _FUNCTIONS)
    share = mpmath.mpf("0.8")
    grid = (mpmath.mpf(k) / 500 for k in range(-2500, 2501))
    least = min(share * phi(s) + (1 - share) * phi(-s) for s in grid)
    assert abs(phi(0) - least - psi.subs(_T, sympy.Rational(3, 5)).evalf()) < 1e-4


_FUNCTIONS = [
    {"maximum": max, "Branch": lambda c, a, b: a if c else b,
     "softplus": lambda x: mpmath.log1p(mpmath.exp(x))},
    "mpmath",
]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("s: real | y: sign", "1 / (1 + exp(y * s))", "proved"),
        ("s: real | y: sign", "1 / (1 + exp(y * s))^2", "refuted"),
        ("s: real | y: sign", "min(1, max(0, (1 - y * s) / 2))", "proved"),
        ("s: real | y: sign", "min(1, max(0, (1 - y * s) / 3))", "refuted"),
        ("s: real | y: sign", "max(0, 1 - y * s)", "refuted"),
        ("s: real | y: sign; a: positive = 1", "1 - a * y * s", "proved"),
        ("s: real | y: sign; a: positive = 1", "1 - a * y * s + s^2 / 1000", "refuted"),
        # The sum jumps at 0, though it has no slope anywhere else.
        ("s: real | y: sign", "atan(1 / s) + atan(s) + y * s", "refuted"),
        ("s: real | y: sign", "[y * s <= 0]", "refuted"),
        ("z: real[K] | k: index(K)", "1 - softmax(z)[k]", "proved"),
        ("z: real[K] | k: index(K)", "1 - softmax(z)[k]^2", "refuted"),
        ("z: real[K] | k: index(K)", "sum[j](abs(softmax(z)[j] - [j == k]))", "proved"),
        ("z: real[K] | k: index(K)", "sum[j](abs(softmax(z)[j] - 2 * [j == k]))", "proved"),
        ("z: real[K] | k: index(K)", "sum[j](abs(softmax(z)[j] - [j == k] / 2))", "refuted"),
        ("z: real[K] | k: index(K)", "sum[j]((softmax(z)[j] - [j == k])^2)", "refuted"),
        ("z: real[K] | k: index(K)", "-log(softmax(z)[k])", "refuted"),
        ("p: simplex[K] | k: index(K)", "2 - 2 * p[k]", "proved"),
        ("p: simplex[K] | k: index(K)", "1 - p[0]", "refuted"),
        ("p: simplex[K] | k: index(K)", "(1 - p[k])^2", "refuted"),
    ],
)  # fmt: skip
def test_tolerance_of_label_noise(head: str, body: str, expected: str) -> None:
    assert verdict(head, body, "noise_tolerant") == expected


_TWO = "a: real, b: real; m: positive = 1"
_LIST = "s: real[N] | r: real[N]"
_CLASSES = "z: real[K] | k: index(K)"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (_TWO, "log(1 + exp(-m * (a - b)))", "proved"),
        (_TWO, "log(1 + exp(-m * (a + b)))", "unknown"),
        (_TWO, "max(0, m - (a - b))^2", "proved"),
        (_TWO, "max(0, m - (a - b))", "refuted"),
        # Not bounded below: scores that run off may leave some instances in no order.
        (_TWO, "b - a", "unknown"),
        (_TWO, "(1 - a + b)^2", "unknown"),
        (_LIST, "sum[i, j | r[i] > r[j]](log(1 + exp(s[j] - s[i])))", "proved"),
        (_LIST, "sum[i, j | r[i] > r[j]](log(1 + exp(s[i] - s[j])))", "unknown"),
        (_LIST, "sum[i, j | r[i] < r[j]](exp(s[i] - s[j]))", "proved"),
        (_LIST, "sum[i, j | r[i] > r[j]](max(0, 1 - (s[i] - s[j])))", "refuted"),
        (_LIST, "sum[i, j | r[i] > r[j]](r[i] * log(1 + exp(s[j] - s[i])))", "unknown"),
        (_LIST, "sum[i, j](log(1 + exp(s[j] - s[i])))", "unknown"),
    ],
)  # fmt: skip
def test_the_area_under_the_curve(head: str, body: str, expected: str) -> None:
    assert verdict(head, body, "calibrated for roc_auc", _USE) == expected


@pytest.mark.parametrize("phi", ["log(1 + exp(-d))", "max(0, 1 - d)^2", "exp(-d)"])
@pytest.mark.parametrize("shares", [(0.7, 0.55, 0.5), (0.9, 0.2, 0.15), (0.52, 0.5, 0.48)])
def test_minimizers_stand_in_the_order_that_is_proved(phi: str, shares: tuple[float, ...]) -> None:
    """The expected loss of pairs of three instances, minimized by SciPy: what is proved of φ has to hold
    where the hinge fails."""
    body = phi.replace("d", "(a - b)").replace("(a - b) )", "(a - b))")
    assert verdict("a: real, b: real", body, "calibrated for roc_auc", _USE) == "proved"
    loss: Callable[[float], float] = {
        "log(1 + exp(-d))": lambda d: float(np.logaddexp(0, -d)),
        "max(0, 1 - d)^2": lambda d: max(0.0, 1 - d) ** 2,
        "exp(-d)": lambda d: float(np.exp(-d)),
    }[phi]

    def risk(scores: Any) -> float:
        pairs = itertools.permutations(zip(shares, scores, strict=True), 2)
        return sum(one * (1 - other) * loss(s - t) for (one, s), (other, t) in pairs)

    found = scipy.optimize.minimize(risk, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    assert found[0] > found[1] > found[2]


def test_the_area_is_what_it_says_and_not_its_name() -> None:
    own = (
        "metric roc_auc(s: real[N] | label: binary[N]) = sum[i, j | label[i] == 1 and label[j] == 0]"
        "([s[i] < s[j]]) / (count[i](label[i] == 1) * count[j](label[j] == 0))\n"
    )
    assert verdict(_TWO, "log(1 + exp(b - a))", "calibrated for roc_auc", own) == "unknown"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("log(1 + exp(-z[k])) + sum[j | j != k](log(1 + exp(z[j])))", "proved"),
        ("log(1 + exp(-z[k])) + sum[j | j != k](log(1 + exp(-z[j])))", "unknown"),
        ("sum[j](if j == k then (1 - z[j])^2 else (1 + z[j])^2)", "proved"),
        ("sum[j](if j == k then (1 - z[j])^2 else (2 + z[j])^2)", "proved"),
        ("sum[j](if j != k then (1 - z[j])^2 else (1 + z[j])^2)", "unknown"),
        ("sum[j | j != k](log(1 + exp(z[j] - z[k])))", "proved"),
        ("sum[j | j != k](log(1 + exp(z[k] - z[j])))", "unknown"),
        ("sum[j | j < k](log(1 + exp(z[j] - z[k])))", "unknown"),
        ("sum[j | j != k](max(0, 1 - z[k] + z[j])^2)", "proved"),
        ("sum[j | j != k](max(0, 1 - z[k] + z[j]))", "refuted"),
        ("sum[j | j != k](z[j] - z[k])", "unknown"),
    ],
)  # fmt: skip
def test_several_classes(body: str, expected: str) -> None:
    assert verdict(_CLASSES, body, "calibrated for accuracy", _USE) == expected


_POINTS = "x: real[N] | y: real[N]"
_SHARES = "x: simplex[N] | y: simplex[N]"
_JS = "sum[i | x[i] + y[i] > 0](x[i] * log(2 * x[i] / (x[i] + y[i])) + y[i] * log(2 * y[i] / (x[i] + y[i])))"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (_POINTS, "sum[i](abs(x[i] - y[i]))", "proved"),
        (_POINTS, "sum[i](abs(x[i] - 2 * y[i]))", "refuted"),
        (_POINTS, "sqrt(sum[i]((x[i] - y[i])^2))", "proved"),
        (_POINTS, "sum[i]((x[i] - y[i])^2)", "refuted"),
        (_POINTS, "sum[i](abs(x[i] - y[i])^3)^(1/3)", "proved"),
        (_POINTS, "sum[i](abs(x[i] - y[i])^3)^(1/2)", "refuted"),
        (_POINTS, "max[i](abs(x[i] - y[i]))", "proved"),
        (_POINTS, "log(1 + sum[i](abs(x[i] - y[i])))", "proved"),
        (_POINTS, "1 + sum[i](abs(x[i] - y[i]))", "unknown"),
        (_SHARES, "sqrt(sum[i | x[i] != y[i]]((sqrt(x[i]) - sqrt(y[i]))^2) / 2)", "proved"),
        (_SHARES, "sum[i | x[i] != y[i]]((sqrt(x[i]) - sqrt(y[i]))^2) / 2", "refuted"),
        (_SHARES, "sum[i | x[i] > 0](x[i] * log(x[i] / y[i]))", "refuted"),
        ("x: real | y: real", "sqrt(abs(x - y))", "proved"),
        ("x: real | y: real", "abs(x - y)^(3/2)", "refuted"),
        ("x: real | y: real", "abs(tanh(x) - tanh(y))", "proved"),
        ("x: real | y: real", "abs(x - y) / (1 + abs(x - y))", "proved"),
        ("x: real | y: real", "log(1 + abs(x - y))", "proved"),
        ("x: real | y: real", "min(1, abs(x - y))", "proved"),
        ("x: real | y: real", "1 - exp(-abs(exp(x) - exp(y)))", "proved"),
        ("x: real | y: real", "max(1, abs(x - y)) - 1", "refuted"),
        ("x: real | y: real", "abs(x - y)^2 / (1 + abs(x - y))", "refuted"),
        ("x: real | y: real", "log(1 + abs(x - y)^2)", "refuted"),
        ("x: real | y: real", "abs(x - y) * exp(-abs(x - y))", "refuted"),
        ("x: real | y: real", "log(1 + abs(x - 2 * y))", "refuted"),
        (_SHARES, f"sqrt({_JS} / 2)", "proved"),
        (_SHARES, f"({_JS})^(3/4)", "refuted"),
        (_SHARES, f"sqrt({_JS}) - sum[i](abs(x[i] - y[i])) / 10", "unknown"),
        (_SHARES, "sqrt(sum[i | x[i] > 0](x[i] * log(x[i] / y[i])))", "refuted"),
        (_SHARES, "sqrt(sum[i | x[i] != y[i]]((x[i] - y[i])^2 / (x[i] + y[i])))", "proved"),
        (_SHARES, "(sum[i | x[i] != y[i]]((x[i] - y[i])^2 / (x[i] + y[i])))^(3/4)", "refuted"),
    ],
)  # fmt: skip
def test_the_triangle(head: str, body: str, expected: str) -> None:
    assert verdict(head, body, "triangle in x, y") == expected


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (_CLASSES, "if softmax(z)[k] > 1/2 then 0 else 1"),
        (_CLASSES, "sum[j](abs(softmax(z)[j] - [j == k])) * [z[0] > 0]"),
        ("x: simplex[N] | y: index(N)", "if x[y] > 1/2 then 0 else -x[y] / norm(x)"),
        (
            _SHARES,
            "if sum[i](x[i] * log(x[i] / y[i])) > 1 then 1 else sum[i](x[i] * log(x[i] / y[i]))",
        ),
        (_SHARES, "abs(sum[i](x[i] * log(x[i] / y[i])) - sum[i](y[i] * log(y[i] / x[i])))"),
        ("x: probability | y: binary", "if max(x, 1/2) > y then x else y"),
    ],
)
def test_branches_are_no_fault(head: str, body: str) -> None:
    """What is asked about a loss with branches is answered; no formula with one is differentiated."""
    claims = ["proper", "strictly_proper", "noise_tolerant", "nonnegative"]
    claims += ["divergence in x, y", "triangle in x, y"] * (head == _SHARES)
    found = {one: verdict(head, body, one) for one in claims}
    assert found["strictly_proper"] != "proved" and found.get("divergence in x, y") != "proved"
