"""Roots of what is zero by subtraction, where two sides agree: the slope is 0 there, and beside it right, in
float32 and float64 against 200 digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

Point = tuple[Any, ...]
TOLERANCES = {"float32": 2e-6, "float64": 1e-12}


@dataclass(frozen=True)
class Root:
    """A text by two arguments, of which the first is learned; `exact` is what it means of numbers of mpmath.
    Slopes are 0 at `zeros`, and right at `points`, to a share of the largest."""

    inputs: str
    text: str
    exact: Callable[..., Any]
    points: Sequence[Point]
    zeros: Sequence[Point]


def _softmax(z: Sequence[Any]) -> list[Any]:
    powers = [mpmath.exp(one - max(z)) for one in z]
    return [one / sum(powers) for one in powers]


def _of_softmaxes(divergence: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda z, y: divergence(_softmax(z), _softmax(y))


def _kl(p: Sequence[Any], q: Sequence[Any]) -> Any:
    return sum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True))


def _js(p: Sequence[Any], q: Sequence[Any]) -> Any:
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (_kl(p, middle) + _kl(q, middle)) / 2


def _power(p: Sequence[Any], q: Sequence[Any], alpha: Any) -> Any:
    return sum(a**alpha * b ** (1 - alpha) for a, b in zip(p, q, strict=True))


def _affinity(p: Sequence[Any], q: Sequence[Any]) -> Any:
    return sum(mpmath.sqrt(a * b) for a, b in zip(p, q, strict=True))


def _binomial(z: Any, y: Any) -> Any:
    """The deviance of a share of successes from a logit."""
    p, rest = _softmax([z, 0])
    hits, misses = (
        a * mpmath.log(a / b) if a else mpmath.mpf(0) for a, b in ((y, p), (1 - y, rest))
    )
    return 2 * (hits + misses)


def _of_normals(s: Any, t: Any, d: Any) -> Any:
    """The affinity of two normal distributions a distance apart."""
    squares = s**2 + t**2
    return mpmath.sqrt(2 * s * t / squares) * mpmath.exp(-(d**2) / (4 * squares))


WIDTHS = (
    (1.0, 1 + 2.0**-20, 0.0),
    (2.0, 2 + 2.0**-18, 2.0**-20),
    (2.0, 2.0, 2.0**-10),
    (3.0, 0.5, 1.0),
)
LABELS = ((1.0, 0.5), (-3.0, 0.0), (3.0, 1.0), (40.0, 1.0), (-60.0, 0.0), (5.0, 0.25), (0.125, 0.5))
LOGITS, STEP = (0.25, -1.0, 2.0), (1.0, -1.0, 0.5)
NEAR = tuple(
    (tuple(a + apart * b for a, b in zip(LOGITS, STEP, strict=True)), LOGITS)
    for apart in (2.0**-18, 2.0**-14, 2.0**-9, 2.0**-4, 1.0)
)
SATURATED = (((20.0, 0.0, -1.0), (21.0, 1.0, -2.0)), ((60.0, 0.0, -1.0), (63.0, 1.0, -2.0)))
ALIKE = ((LOGITS, LOGITS), ((500.0, 0.0, -1.0), (500.0, 0.0, -1.0)))
BOTH = "z: real[K] | y: real[K]"
WHERE = "\n    where p = softmax(z)\n          q = softmax(y)"
ROOTS = {
    "Hellinger": Root(
        BOTH, f"sqrt(1 - sum[k](sqrt(p[k] * q[k]))){WHERE}",
        _of_softmaxes(lambda p, q: mpmath.sqrt(1 - _affinity(p, q))), NEAR + SATURATED, ALIKE),
    "Hellinger, squared": Root(
        BOTH, f"2 - 2 * sum[k](sqrt(p[k]) * sqrt(q[k])){WHERE}",
        _of_softmaxes(lambda p, q: 2 - 2 * _affinity(p, q)), NEAR + SATURATED, ALIKE),
    "Bhattacharyya": Root(
        BOTH, f"-log(sum[k](sqrt(p[k] * q[k]))){WHERE}",
        _of_softmaxes(lambda p, q: -mpmath.log(_affinity(p, q))), NEAR + SATURATED, ALIKE),
    "Chernoff": Root(
        BOTH, f"-log(sum[k](p[k]^0.25 * q[k]^0.75)){WHERE}",
        _of_softmaxes(lambda p, q: -mpmath.log(_power(p, q, mpmath.mpf("0.25")))), NEAR + SATURATED, ALIKE),
    "Renyi": Root(
        BOTH, f"log(sum[k](p[k]^2 / q[k])){WHERE}",
        _of_softmaxes(lambda p, q: mpmath.log(_power(p, q, 2))), NEAR + SATURATED, ALIKE),
    "Hellinger, from what is given": Root(
        "z: real[K] | p: simplex[K]", "sqrt(1 - sum[k](sqrt(p[k] * q[k])))\n    where q = softmax(z)",
        lambda z, p: mpmath.sqrt(1 - _affinity(p, _softmax(z))),
        (((0.0, 1.0, -1.0), (0.25, 0.5, 0.25)), ((0.0, 0.0, 0.125), (0.25, 0.5, 0.25)),
         ((0.0, 0.0, -100.0), (0.5, 0.25, 0.25)), ((3.0, 0.0, -1.0), (0.0, 1.0, 0.0))),
        ()),
    "Kullback-Leibler": Root(
        BOTH, f"sqrt(sum[k](q[k] * log(q[k] / p[k]))){WHERE}",
        _of_softmaxes(lambda p, q: mpmath.sqrt(_kl(q, p))), NEAR + SATURATED, ALIKE),
    "Jensen-Shannon": Root(
        BOTH, "sqrt(sum[k](p[k] * log(p[k] / m[k]) + q[k] * log(q[k] / m[k])) / 2)"
        f"{WHERE}\n          m[k] = (p[k] + q[k]) / 2",
        _of_softmaxes(lambda p, q: mpmath.sqrt(_js(p, q))), NEAR + SATURATED, ALIKE),
    "Bernoulli, by logits": Root(
        "z: real | y: real", "sqrt(q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)))\n"
        "    where p = sigmoid(z)\n          q = sigmoid(y)",
        lambda z, y: mpmath.sqrt(_kl(_softmax([y, 0]), _softmax([z, 0]))),
        ((1.0, 1 + 2.0**-20), (1.0, 1.125), (40.0, 41.0), (-40.0, -41.0)), ((1.0, 1.0), (800.0, 900.0))),
    "normal, Hellinger": Root(
        "s: positive | t: positive, d: real",
        "sqrt(1 - sqrt(2 * s * t / (s^2 + t^2)) * exp(-d^2 / (4 * (s^2 + t^2))))",
        lambda s, t, d: mpmath.sqrt(1 - _of_normals(s, t, d)), WIDTHS, ((0.75, 0.75, 0.0),)),
    "normal, Hellinger, squared": Root(
        "s: positive | t: positive, d: real",
        "1 - sqrt(2 * s * t / (s^2 + t^2)) * exp(-d^2 / (4 * (s^2 + t^2)))",
        lambda s, t, d: 1 - _of_normals(s, t, d), WIDTHS, ((0.75, 0.75, 0.0),)),
    "binomial": Root(
        "z: real | y: probability", "sqrt(2 * (y * log(y / p) + (1 - y) * log((1 - y) / (1 - p))))\n"
        "    where p = sigmoid(z)",
        lambda z, y: mpmath.sqrt(_binomial(z, y)), LABELS, ((0.0, 0.5), (800.0, 1.0))),
    "binomial, signed": Root(
        "z: real | y: probability",
        "sign(y - p) * sqrt(2 * (y * log(y / p) + (1 - y) * log((1 - y) / (1 - p))))\n"
        "    where p = sigmoid(z)",
        lambda z, y: mpmath.sign(y - _softmax([z, 0])[0]) * mpmath.sqrt(_binomial(z, y)), LABELS,
        ((0.0, 0.5), (800.0, 1.0))),
    "binomial, unrooted": Root(
        "z: real | y: probability", "2 * (y * log(y) + (1 - y) * log(1 - y) + softplus(z) - y * z)",
        _binomial, LABELS, ((0.0, 0.5), (800.0, 1.0))),
    "Wasserstein": Root(
        "s: positive | t: positive", "sqrt(s^2 + t^2 - 2 * s * t)", lambda s, t: abs(s - t),
        ((1.0, 1 + 2.0**-20), (3.0, 0.5)), ((0.75, 0.75),)),
    "normal, Kullback-Leibler": Root(
        "s: positive | t: positive", "sqrt(log(t / s) + s^2 / (2 * t^2) - 1 / 2)",
        lambda s, t: mpmath.sqrt(mpmath.log(t / s) + s**2 / (2 * t**2) - mpmath.mpf(1) / 2),
        ((1.0, 1 + 2.0**-20), (2.0, 2.125), (3.0, 0.5)), ((0.75, 0.75),)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.share(1 / 2)
def test_roots(name: str, dtype: str) -> None:
    root = ROOTS[name]
    kernel = objc.compile(f"loss form({root.inputs}) =\n    {root.text}\n", target="numpy").form
    for point in root.zeros:
        given = [np.array([one], dtype) for one in point]
        assert kernel.per_example(*given)[0] == 0
        assert not kernel.gradient(*given).any()
    for point in root.points:
        given = [np.array([one], dtype) for one in point]
        value, slope = value_and_slope(root.exact, *point)
        tolerance, found = TOLERANCES[dtype], kernel.gradient(*given)[0]
        assert abs(kernel.per_example(*given)[0] - value) <= tolerance * abs(value), point
        np.testing.assert_allclose(
            found, slope, rtol=0, atol=tolerance * np.abs(slope).max(), err_msg=str(point)
        )


def test_what_is_never_negative_but_by_its_last_digits_is_no_misuse() -> None:
    """A divergence of 1e-113 was −1e-120 in fifty digits, and refused."""
    source = """loss form(z: real | y: real) = sqrt(q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)))
    where p = sigmoid(z)
          q = sigmoid(y)
"""
    assert objc.compile(source, target="numpy").form(1.0, 1.0) == 0
