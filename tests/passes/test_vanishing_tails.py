"""What is left of tails that vanish: shares of powers of t-distributions, and the logarithm of an expected
improvement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest

import objc

Point = Sequence[mpmath.mpf]
Function = Callable[[Point], mpmath.mpf]


def _along(of: Function, point: Point, along: Point) -> mpmath.mpf:
    step = mpmath.mpf(10) ** -60
    there, back = ([a + h * b for a, b in zip(point, along, strict=True)] for h in (step, -step))
    return (of(there) - of(back)) / (2 * step)


def _derivatives(of: Function, point: Point, along: Point) -> tuple[list[float], list[float]]:
    """Slopes, and those of what it is along a direction."""
    units = [[mpmath.mpf(n == k) for n in range(len(point))] for k in range(len(point))]
    slopes = [float(_along(of, point, unit)) for unit in units]
    return slopes, [float(_along(lambda at: _along(of, at, along), point, unit)) for unit in units]


IMPROVEMENTS = {
    "by the error function": "-log(u * s * (1 + erf(u / sqrt(2))) / 2 + s * exp(-u^2 / 2) / sqrt(2 * pi))",
    "scaled": "-log(s * (exp(-u^2 / 2) / sqrt(2 * pi) + u * (1 + erf(u / sqrt(2))) / 2))",
    "of the difference":
        "-log((y - m) * (1 + erf((y - m) / (s * sqrt(2)))) / 2"
        " + s / sqrt(2 * pi) * exp(-(y - m)^2 / (2 * s^2)))",
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", IMPROVEMENTS)
def test_logarithm_of_expected_improvement(name: str, dtype: type) -> None:
    """Ament et al. (2023): it was the logarithm of nothing at six widths below in float32."""
    kernel = objc.compile(
        f"loss improvement(m: real, s: positive | y: real) = {IMPROVEMENTS[name]}\n"
        + ("" if "difference" in name else "    where u = (y - m) / s\n")
    ).improvement

    def exact(point: Point) -> mpmath.mpf:
        m, s = point
        u = (mpmath.mpf(y) - m) / s
        return -mpmath.log(s * (mpmath.npdf(u) + u * mpmath.erfc(-u / mpmath.sqrt(2)) / 2))

    for m, s, y in (
        (0.5, 1.0, 0.25),
        (0.0, 0.5, 3.0),
        (10.0, 1.0, 0.0),
        (3.0, 0.0625, 1.0),
        (60.0, 0.25, 1.0),
    ):
        with mpmath.workdps(250):
            point, along = [mpmath.mpf(m), mpmath.mpf(s)], [mpmath.mpf(1), mpmath.mpf(0.5)]
            value = float(exact(point))
            slopes, bent = _derivatives(exact, point, along)
        given = {"m": m, "s": s, "y": y}
        rows = {name: np.array([one], dtype) for name, one in given.items()}
        vector = (np.array([1.0], dtype), np.array([0.5], dtype))
        product = kernel.hessian_vector_product(**rows, vector=vector)
        found = [kernel(**rows), np.ravel(kernel.gradient(**rows)), np.ravel(product)]
        # Of a second derivative as many digits are lost as the square of the widths has.
        lost = max(1.0, ((m - y) / s) ** 2)
        for one, right, bound in zip(found, (value, slopes, bent), (1, 1, lost), strict=True):
            tolerance = bound * (2e-6 if dtype == np.float32 else 1e-14)
            np.testing.assert_allclose(one, right, rtol=tolerance)


ASSIGNMENTS = {
    "a hyperparameter": "(1 + d[k] / a)^(-(a + 1) / 2)",
    "a number": "(1 + d[k] / 100)^(-50.5)",
    "below": "1 / (1 + d[k] / a)^((a + 1) / 2)",
}


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_shares_of_powers(name: str, dtype: type) -> None:
    """Xie, Girshick and Farhadi (2016), with a hundred degrees of freedom."""
    kernel = objc.compile(
        "loss assignment(z: real[D], c: real[K, D] | p: simplex[K]; a: positive = 100) =\n"
        "    sum[k](p[k] * log(p[k] / q[k]))\n"
        f"    where u[k] = {ASSIGNMENTS[name]}\n"
        "          d[k] = sum[e]((z[e] - c[k, e])^2)\n"
        "          q[k] = u[k] / sum[j](u[j])\n"
    ).assignment
    weights = [0.25, 0.5, 0.25]

    def exact(point: Point) -> mpmath.mpf:
        z, c = point[:2], [point[2:4], point[4:6], point[6:8]]
        distances = [sum((a - b) ** 2 for a, b in zip(z, row, strict=True)) for row in c]
        powers = [(1 + d / 100) ** mpmath.mpf("-50.5") for d in distances]
        return sum(
            p * mpmath.log(p * sum(powers) / u) for p, u in zip(weights, powers, strict=True)
        )

    for far in (1.0, 40.0, 1000.0):
        places = [far, 0.5, -1.0, 0.0, 1.0, 0.25, 0.0, 2.0]
        with mpmath.workdps(250):
            point = [mpmath.mpf(one) for one in places]
            along = [mpmath.mpf(one) for one in (1, -0.5, 0.25, 1, 0, 0.5, -1, 0.25)]
            value = float(exact(point))
            slopes, bent = _derivatives(exact, point, along)
        rows = {
            "z": np.array([places[:2]], dtype), "c": np.array(places[2:], dtype).reshape(1, 3, 2),
            "p": np.array([weights], dtype),
        }  # fmt: skip
        steps = [float(one) for one in along]
        vector = (np.array([steps[:2]], dtype), np.array(steps[2:], dtype).reshape(1, 3, 2))
        found = np.concatenate([np.ravel(one) for one in kernel.gradient(**rows)])
        product = kernel.hessian_vector_product(**rows, vector=vector)
        second = np.concatenate([np.ravel(one) for one in product])
        # An exponent of 700 is rounded.
        tolerance = 4e-5 if dtype == np.float32 else 1e-13
        for one, right in ((kernel(**rows), value), (found, slopes), (second, bent)):
            size = np.max(np.abs(right)) if np.ndim(right) else 1.0
            np.testing.assert_allclose(one, right, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_hyperparameters_rest_over_a_share_that_has_vanished(dtype: type) -> None:
    """Label relaxation (Lienen & Hüllermeier 2021): log((1 − a)/p) is log(1 − a) − log p whatever a is."""
    text = (
        "loss f(z: real[K] | y: index(K); a: positive = 0.1) ="
        " if p[y] >= 1 - a then 0 else (1 - a) * log((1 - a) / p[y]) + a * log(a / (1 - p[y]))\n"
        "    where p[k] = softmax(z)[k]"
    )
    kernel = objc.compile(text).f
    logits = np.array([-1000.0, 0.5, 1000.0], dtype)
    value, slopes = kernel.value_and_grad(logits, 0)
    rounding = 4 * float(np.finfo(dtype).eps)
    assert value == pytest.approx(0.9 * (2000 + np.log(0.9)) + 0.1 * np.log(0.1), rel=rounding)
    np.testing.assert_allclose(slopes, [-0.9, 0, 0.9], rounding)
    assert kernel(np.array([20.0, 0.0, 1.0], dtype), 0) == 0
