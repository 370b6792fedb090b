"""Rows that end in costly numbers, a block at a time: against NumPy's target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc

TEXT = """
loss regression(x: real[D] | y: sign; learn w: real[D]) = log(1 + exp(-y * score))
    where score = sum[d](w[d] * x[d])

objective counts(| x: real[D], y: count; learn w: real[D], learn b: real) =
    minimize
        fit:   exp(rate) - y * rate
        ridge: sum[d](w[d]^2)    over parameters
    where rate = b + sum[d](w[d] * x[d])
"""
OURS, SECOND = objc.compile(TEXT), objc.compile(TEXT, target="numpy")
DRAWN = np.random.default_rng(3)


def parts(result: Any) -> list[Any]:
    value, gradient = result
    return [value, *(gradient if isinstance(gradient, tuple) else (gradient,))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 95, 193, 5000])
def test_blocks_of_rows_give_what_rows_give(rows: int, dtype: str) -> None:
    x = DRAWN.normal(size=(rows, 37)).astype(dtype)
    w = (DRAWN.normal(size=37) / 10).astype(dtype)
    sign, count = DRAWN.choice([-1.0, 1.0], rows).astype(dtype), DRAWN.poisson(2.0, rows)
    weight = DRAWN.uniform(size=rows) * (DRAWN.uniform(size=rows) < 0.7) + 1e-3
    bias = np.asarray(0.1, dtype)
    for name, given in (("regression", (x, sign, w)), ("counts", (x, count, w, bias))):
        for options in ({}, {"weight": weight}):
            wide = [one.astype(float) if one.dtype.kind == "f" else one for one in given]
            found = parts(getattr(OURS, name).value_and_grad(*given, **options))
            expected = parts(getattr(SECOND, name).value_and_grad(*wide, **options))
            for ours, theirs in zip(found, expected, strict=True):
                tolerance = 1e-12 if dtype == "float64" else 2e-6
                np.testing.assert_allclose(
                    ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max()
                )


def test_what_a_weight_of_zero_leaves_out() -> None:
    x, w = DRAWN.normal(size=(300, 4)), DRAWN.normal(size=4)
    y, weight = np.ones(300), np.ones(300)
    x[7], weight[7] = np.nan, 0.0
    value, slopes = OURS.regression.value_and_grad(x, y, w, weight=weight)
    keep = weight > 0
    exact, others = OURS.regression.value_and_grad(x[keep], y[keep], w)
    assert value == pytest.approx(exact)
    np.testing.assert_allclose(slopes.w, others.w, rtol=1e-12)
