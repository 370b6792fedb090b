"""A mean that is weighed with what it is of, `Σ l² / Σ l`, where squares leave the range or vanish."""

from __future__ import annotations

import numpy as np
import pytest

import objc

TEXTS = (
    "sum[i](l[i]^2) / sum[i](l[i])",
    "mean[i](l[i]^2) / mean[i](l[i])",
    "sum[i](l[i] / sum[j](l[j]) * l[i])",
)


@pytest.mark.parametrize("text", TEXTS)
def test_losses_of_one_size(text: str) -> None:
    """Value, slopes and a product with the Hessian are those of losses about one, by their size.
    (Slopes are (2·l − v)/s with the value v and the sum s.)"""
    kernel = objc.compile(f"loss f(l: nonnegative[I]) = {text}", target="numpy").f
    losses = np.array([1.0, 0.5, 3.0])
    total = losses.sum()
    value = (losses**2).sum() / total
    slope = (2 * losses - value) / total
    product = (2 * np.array([0.0, 1.0, 0.0]) - slope[1] - slope) / total
    for dtype, sizes in ((np.float32, (1e-30, 1.0, 1e30)), (np.float64, (1e-250, 1.0, 1e250))):
        for size in sizes:
            given = (losses * size).astype(dtype)
            found, slopes = kernel.value_and_grad(given)
            tolerance = 10 * float(np.finfo(dtype).eps)
            assert float(found) == pytest.approx(value * size, rel=tolerance)
            np.testing.assert_allclose(slopes, slope, 10 * tolerance)
            if size <= 1:
                continue
            vector = np.array([0.0, 1.0, 0.0], dtype)
            second = kernel.hessian_vector_product(given, vector=vector)
            np.testing.assert_allclose(second, product / size, 10 * tolerance)
    if text in TEXTS[:2]:
        assert kernel(np.zeros(3)) == 0
