"""Losses over their sum for all classes (Ma et al. 2020, "Normalized Loss Functions for Deep Learning with
Noisy Labels"), where the class is sure: what stands at one place, and what all have alike, adds up to zero
with the softmax, so that the slope by the sure logit is what the others leave."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import curvatures, value_and_slope

CROSS_ENTROPY = "log(p[y]) / sum[k](log(p[k]))"
ABSOLUTE = "(1 - p[y]) / sum[k](1 - p[k])"
FOCAL = "(1 - p[y])^{g} * log(p[y]) / sum[k]((1 - p[k])^{g} * log(p[k]))"
LOSSES = (
    (CROSS_ENTROPY, lambda p: -mpmath.log(p)),
    (ABSOLUTE, lambda p: 1 - p),
    (FOCAL.format(g=2), lambda p: -((1 - p) ** 2) * mpmath.log(p)),
    (FOCAL.format(g="0.5"), lambda p: -mpmath.sqrt(1 - p) * mpmath.log(p)),
)
POINTS = (
    ((20.0, 0.0, -1.0), 0),
    ((40.0, 1.0, -1.5), 0),
    ((40.0, 1.0, -1.5), 2),
    ((0.5, -1.0, 0.25), 1),
)


def _normalized(loss: Any, y: int) -> Any:
    def function(z: Any) -> Any:
        powers = [mpmath.exp(one) for one in z]
        losses = [loss(one / sum(powers)) for one in powers]
        return losses[y] / sum(losses)

    return function


@pytest.mark.parametrize(("text", "loss"), LOSSES, ids=[text for text, _ in LOSSES])
def test_a_sure_class(text: str, loss: Any) -> None:
    source = f"loss f(z: real[K] | y: index(K)) = {text}\n    where p[k] = softmax(z)[k]"
    kernel = objc.compile(source, target="numpy").f
    for z, y in POINTS:
        function = _normalized(loss, y)
        value, slope = value_and_slope(function, z)
        direction = np.array([0.5, -0.25, 1.0])
        product, diagonal = curvatures(function, z, direction)
        for dtype, digits in ((np.float32, 4e-6), (np.float64, 1e-13)):
            logits = np.array(z, dtype)
            found, slopes = kernel.value_and_grad(logits, y)
            assert float(found) == pytest.approx(value, rel=digits)
            np.testing.assert_allclose(slopes, slope, digits, np.finfo(dtype).tiny)
            if text in (CROSS_ENTROPY, ABSOLUTE):
                found = kernel.hessian_vector_product(logits, y, vector=direction.astype(dtype))
                np.testing.assert_allclose(found, product, digits, digits * np.abs(product).max())
            if text == ABSOLUTE:
                found, scale = kernel.hessian_diagonal(logits, y), np.abs(diagonal).max()
                np.testing.assert_allclose(found, diagonal, digits, digits * scale)
