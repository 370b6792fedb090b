"""Correlations of classes by their shares, over their sums by rows, as of minimum class confusion (Jin et al.
2020): numbers where no example is of a class, and all its shares have left the range."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

PLAIN = """
loss f(z: real[N, K]) = sum[j, k | j != k](c[j, k] / sum[l](c[j, l])) / K
    where p[i, k] = softmax(z[i])[k]
          c[j, k] = sum[i](p[i, j] * p[i, k])
"""
WEIGHTED = """
loss f(z: real[N, K]; t: positive = 2.5) = (sum[j, k](m[j, k]) - sum[k](m[k, k])) / K
    where p[i, k] = softmax(u[i])[k]
          u[i, k] = z[i, k] / t
          h[i] = -sum[k](p[i, k] * log(p[i, k]))
          w[i] = N * (1 + exp(-h[i])) / sum[n](1 + exp(-h[n]))
          c[j, k] = sum[i](p[i, j] * w[i] * p[i, k])
          m[j, k] = c[j, k] / sum[l](c[j, l])
"""
SCORES = [[300.0, 0.0, 40.0], [0.0, 290.0, -20.0], [10.0, 320.0, 45.0], [280.0, 10.0, 1.0]]


def _confusion(z: Any, t: Any = 1, weighted: bool = False) -> Any:
    shares = [[mpmath.exp(one / t) for one in row] for row in z]
    shares = [[one / sum(row) for one in row] for row in shares]
    weights = [mpmath.mpf(1)] * len(z)
    if weighted:
        weights = [1 + mpmath.exp(sum(p * mpmath.log(p) for p in row)) for row in shares]
    whole, classes = mpmath.mpf(0), range(len(z[0]))
    for j in classes:
        row = [sum(w * p[j] * p[k] for w, p in zip(weights, shares, strict=True)) for k in classes]
        whole += (sum(row) - row[j]) / sum(row)
    return whole / len(z[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", [PLAIN, WEIGHTED.replace("(sum[j, k](m[j, k]) - sum[k](m[k, k]))",
                                                          "sum[j, k | j != k](m[j, k])")],
                         ids=["plain", "weighted"])  # fmt: skip
def test_a_class_of_which_no_example_is(text: str, dtype: str) -> None:
    kernel = objc.compile(text, target="numpy").f
    scores = np.array(SCORES) * (1 if dtype == "float32" else 8)
    # Differences of shares that are one but for nothing, in the type, are nothing.
    nothing = 1e-6 if dtype == "float32" else 1e-14
    weighted = text != PLAIN
    with mpmath.workdps(60):
        value, slope = value_and_slope(
            lambda z: _confusion(z, mpmath.mpf("2.5") if weighted else 1, weighted), scores.tolist()
        )
    found, slopes = kernel.value_and_grad(scores.astype(dtype))
    tolerance = 1e-4 if dtype == "float32" else 1e-11  # scores of thousands are rounded
    np.testing.assert_allclose(found, value, rtol=tolerance)
    np.testing.assert_allclose(slopes, slope, rtol=tolerance, atol=nothing)


@pytest.mark.slow
def test_its_curvature_is_compiled() -> None:
    """A polynomial with branches of what is read was no number after them."""
    kernel = objc.compile(WEIGHTED, target="numpy").f
    scores = np.array([[0.5, -1.0], [2.0, 0.25]])
    diagonal, step = kernel.hessian_diagonal(scores), 1e-5
    for place in np.ndindex(2, 2):
        moved = np.zeros((2, 2))
        moved[place] = step
        up, down = kernel.gradient(scores + moved), kernel.gradient(scores - moved)
        np.testing.assert_allclose(diagonal[place], (up - down)[place] / (2 * step), rtol=1e-6)
