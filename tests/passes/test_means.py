"""Means under a softmax of what its exponents are multiples of: assignments to centers that are far away, and
choices by costs of which one is much the least."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

ASSIGNMENTS = """
loss assignments(x: real[N, D], c: real[K, D]; t: positive = 1) = sum[n](sum[k](p[n, k] * d[n, k]))
    where
        d[n, k] = sum[i]((x[n, i] - c[k, i])^2)
        p[n, k] = exp(-d[n, k] / t) / sum[j](exp(-d[n, j] / t))
"""
CHOICE = """
loss choice(d: real[K]; t: positive = 1) = sum[k](softmax(y)[k] * d[k])
    where y[k] = -d[k] / t

loss weighed(d: real[K]; g: positive = 1) = sum[k](softmax(y)[k] * (3 - 2 * d[k]))
    where y[k] = g * d[k] + 5

loss masked(d: real[K] | mask: binary[K]; g: positive = 1) = sum[k | mask[k] == 1](p[k] * d[k])
    where p[k] = exp(-g * d[k]) / sum[j | mask[j] == 1](exp(-g * d[j]))
"""


def _slopes(x: Any, c: Any) -> np.ndarray:
    """By the rows of x, of differences in float64."""
    apart = x[:, None] - c[None]
    d = (apart**2).sum(-1)
    above = d - d.min(1, keepdims=True)
    p = np.exp(-above)
    p /= p.sum(1, keepdims=True)
    weight = p * (1 - above + (p * above).sum(1, keepdims=True))
    return np.asarray(2 * (weight[:, :, None] * apart).sum(1))


@pytest.mark.parametrize("scale", [1, 10, 100, 1e4])
def test_soft_assignments_keep_their_digits(scale: float) -> None:
    random = np.random.default_rng(0)
    x, c = ((random.normal(size=(size, 16)) * scale).astype(np.float32) for size in (40, 9))
    _, slopes = objc.compile(ASSIGNMENTS).assignments.value_and_grad(x, c)
    true = _slopes(x.astype(np.float64), c.astype(np.float64))
    assert np.abs(slopes.x - true).max() <= 4e-6 * np.abs(true).max()


@pytest.mark.parametrize("name", ["choice", "weighed", "masked"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "costs", [(3e4, 3e4 + 0.5, 3e4 + 1), (1e6, 1e6 + 4, 2e6), (0.1, 90.0, 5e3), (-7e5, 3.0, 2.0)]
)
def test_slopes_of_a_choice(name: str, dtype: Any, costs: tuple[float, ...]) -> None:
    kernel = objc.compile(CHOICE)[name]
    given = np.array([costs], dtype)
    mask = {"mask": np.array([[1, 1, 0]])} if name == "masked" else {}
    setting = {"t": 2.0} if name == "choice" else {"g": 0.5}
    _, found = kernel.value_and_grad(given, **mask, **setting)
    with mpmath.workdps(60):
        d = [mpmath.mpf(float(one)) for one in given[0]][: 2 if mask else 3]
        factor, sign = (-2, 1) if name == "weighed" else (1, -1)
        powers = [mpmath.exp(sign * one / 2) for one in d]
        p = [one / sum(powers) for one in powers]
        mean = sum(one * by for one, by in zip(d, p, strict=True))
        true = [
            float(factor * by * (1 + sign * (one - mean) / 2)) for one, by in zip(d, p, strict=True)
        ]
    worst = np.abs(found[0][: len(true)] - true).max()
    assert worst <= 8 * np.finfo(dtype).eps * max(map(abs, true))
    assert not mask or found[0][2] == 0
