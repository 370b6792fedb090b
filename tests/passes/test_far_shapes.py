"""Counts with shapes of any size: a negative binomial is a Poisson probability there, in every type."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

TEXTS = (
    "lgamma(y + 1) - lgamma(y + r) + lgamma(r) - r * log(r / (r + m)) - y * log(m / (r + m))",
    "lgamma(y + 1) - lgamma(y + r) + lgamma(r) - r * log(r) + (r + y) * log(r + m) - y * log(m)",
)
MEANS, SHAPES, COUNTS = (
    (3.0, 300.0, 3e5),
    (1e4, 1e11, 1e18, 1e38, 1e80, 1e150),
    (0.0, 1.0, 301.0, 3e5),
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
def test_a_shape_of_any_size(text: str, dtype: str, tolerance: float) -> None:
    kernel = objc.compile(
        f"loss form(m: positive, r: positive | y: nonnegative) = {text}", target="numpy"
    ).form
    rows = [
        (m, r, y) for m in MEANS for r in SHAPES for y in COUNTS if r < float(np.finfo(dtype).max)
    ]
    m, r, y = np.array(rows, dtype).T
    value, slopes = kernel.per_example(m, r, y), kernel.gradient(m, r, y)
    assert value.dtype == dtype
    limits = np.finfo(dtype)
    for place, row in enumerate(zip(m, r, y, strict=True)):
        with mpmath.workdps(400):
            found = (value[place], *(one[place] * len(rows) for one in slopes))
            for one, exact in zip(found, _exact(*map(mpmath.mpf, map(float, row))), strict=True):
                assert abs(one - exact) <= tolerance * abs(exact) + limits.tiny * len(rows), (
                    row,
                    one,
                    exact,
                )


def _exact(m: Any, r: Any, y: Any) -> tuple[Any, Any, Any]:
    value = (
        mpmath.loggamma(y + 1) - mpmath.loggamma(y + r) + mpmath.loggamma(r)
        - r * mpmath.log(r / (r + m)) - y * mpmath.log(m / (r + m))
    )  # fmt: skip
    by_mean = (r + y) / (r + m) - y / m
    gammas = mpmath.digamma(r) - mpmath.digamma(r + y)
    return value, by_mean, gammas - mpmath.log(r / (r + m)) - 1 + (r + y) / (r + m)
