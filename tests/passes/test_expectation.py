"""Objectives in which the responsibilities of a mixture stand beside logarithms of its densities: what
expectation maximization maximizes (Dempster, Laird and Rubin 1977), and their entropy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest

import objc

DENSITY = "w[k] * exp(-(y - m[k])^2 / (2 * s[k]^2)) / s[k]"
LOGARITHM = "log(softmax(w)[k]) - (y - m[k])^2 / (2 * s[k]^2) - log(s[k])"
TEXTS = {
    "expected, by densities": (
        "-sum[k](r[k] * log(g[k]))", f"g[k] = {DENSITY}\n          r[k] = g[k] / sum[j](g[j])"),
    "entropy, by densities": (
        "-sum[k](r[k] * log(r[k]))", f"g[k] = {DENSITY}\n          r[k] = g[k] / sum[j](g[j])"),
    "expected, by logarithms": (
        "-sum[k](r[k] * g[k])", f"g[k] = {LOGARITHM}\n          r[k] = softmax(g)[k]"),
    "entropy, by logarithms": (
        "-sum[k](r[k] * log(r[k]))", f"g[k] = {LOGARITHM}\n          r[k] = softmax(g)[k]"),
}  # fmt: skip
"""By name, the objective and what it is made of: weights that are a simplex, or logits of them."""

NEAR = ([0.0, 1.0, 2.0], [1.0, 2.0, 0.5], 0.75)
FAR = ([0.0, 1.0, 2.0], [0.5, 0.25, 0.125], 600.0)
NARROW = ([0.0, 0.125, 0.25], [2.0**-8, 2.0**-9, 2.0**-10], 1.0)
BESIDE = ([0.0, 2.0**-10, 4.0], [1.0, 1.0, 2.0**-9], 1000.0)
"""Places, widths and an example: among the parts, thousands of widths from them, between two of them."""
WEIGHTS = [0.25, 0.25, 0.5]

Point = Sequence[mpmath.mpf]


def _exact(name: str, y: float) -> Callable[[Point, Point], mpmath.mpf]:
    def objective(places: Point, widths: Point) -> mpmath.mpf:
        weights = [mpmath.mpf(one) for one in WEIGHTS]
        if "logarithms" in name:
            weights = [mpmath.exp(one) for one in weights]
        logs = [
            mpmath.log(w / sum(weights)) - (y - m) ** 2 / (2 * s**2) - mpmath.log(s)
            for w, m, s in zip(weights, places, widths, strict=True)
        ]
        total = mpmath.log(sum(mpmath.exp(one - max(logs)) for one in logs)) + max(logs)
        less = total if "entropy" in name else 0
        return -sum(mpmath.exp(one - total) * (one - less) for one in logs)

    return objective


def _moved(point: Point, along: Point, step: mpmath.mpf) -> list[mpmath.mpf]:
    return [one + step * by for one, by in zip(point, along, strict=True)]


def _along(of: Callable[[Point], mpmath.mpf], point: Point, along: Point) -> mpmath.mpf:
    step = mpmath.mpf(10) ** -80
    return (of(_moved(point, along, step)) - of(_moved(point, along, -step))) / (2 * step)


def _bend(of: Callable[[Point], mpmath.mpf], point: Point, one: Point, other: Point) -> mpmath.mpf:
    return _along(lambda moved: _along(of, moved, other), point, one)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, np.float64) for name in TEXTS),
        *(
            pytest.param(name, np.float32, marks=[pytest.mark.slow] * ("densities" in name))
            for name in TEXTS
        ),
    ],
)
@pytest.mark.share(1 / 2)
def test_objectives_with_responsibilities(name: str, dtype: type) -> None:
    objective, where = TEXTS[name]
    weights = "real" if "logarithms" in name else "simplex"
    kernel = objc.compile(
        f"loss em(m: real[K], s: positive[K] | w: {weights}[K], y: real) = {objective}\n    where {where}\n"
    ).em
    for places, widths, y in (NEAR, FAR, NARROW, BESIDE):
        with mpmath.workdps(800):
            exact = _exact(name, y)
            point = [mpmath.mpf(one) for one in (*places, *widths)]
            along = [mpmath.mpf(one) for one in (1, -0.5, 0.25, 0.5, 1, -1)]
            units = [[mpmath.mpf(n == k) for n in range(6)] for k in range(6)]

            def at(moved: Point, exact: Callable[[Point, Point], mpmath.mpf] = exact) -> mpmath.mpf:
                return exact(moved[:3], moved[3:])

            value = float(at(point))
            slopes = [float(_along(at, point, u)) for u in units]
            bent = [float(_bend(at, point, u, along)) for u in units]
        given = {"m": places, "s": widths, "w": WEIGHTS}
        given = {name: np.array([one], dtype) for name, one in given.items()}
        given["y"] = np.array([y], dtype)
        vector = tuple(
            np.array([[float(one) for one in half]], dtype) for half in (along[:3], along[3:])
        )
        single = dtype == np.float32
        if single and y == BESIDE[2]:
            continue  # which of both it is of is then a rounding of the example
        np.testing.assert_allclose(
            kernel(**given), value, rtol=1e-6 if single else 1e-13, atol=1e-30
        )
        found = np.concatenate([np.ravel(one) for one in kernel.gradient(**given)])
        np.testing.assert_allclose(found, slopes, rtol=4e-6 if single else 1e-13, atol=1e-30)
        if single and y != NEAR[2]:
            continue
        product = kernel.hessian_vector_product(**given, vector=vector)
        found = np.concatenate([np.ravel(one) for one in product])
        np.testing.assert_allclose(found, bent, rtol=4e-6 if single else 1e-10, atol=1e-30)


@pytest.mark.parametrize("name", TEXTS)
def test_collapsed_part(name: str) -> None:
    """((y - m)/s)^2 leaves the range: such a part has no share, and others learn as without it."""
    objective, where = TEXTS[name]
    weights = "real" if "logarithms" in name else "simplex"
    kernel = objc.compile(
        f"loss em(m: real[K], s: positive[K] | w: {weights}[K], y: real) = {objective}\n    where {where}\n"
    ).em
    given = {"m": [0.0, 1.0, 2.0], "s": [1.0, 2.0, 1e-25], "w": WEIGHTS}
    single = {name: np.array([one], np.float32) for name, one in given.items()}
    double = {name: np.array([one]) for name, one in given.items()}
    found = kernel.value_and_grad(**single, y=np.array([0.5], np.float32))
    exact = kernel.value_and_grad(**double, y=np.array([0.5]))
    np.testing.assert_allclose(found[0], exact[0], rtol=1e-5)
    for one, other in zip(found[1], exact[1], strict=True):
        np.testing.assert_allclose(one[:, :2], other[:, :2], rtol=1e-5)
