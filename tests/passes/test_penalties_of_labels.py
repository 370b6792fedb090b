"""Cross-entropy with a penalty of its own softmax, where the class is sure: what its share lacks of one keeps
its digits beside other addends that have the share as a factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

P = "\n    where p[k] = softmax(z)[k]"


def _entropy(p: list[Any]) -> Any:
    return -sum(one * mpmath.log(one) for one in p)


LOSSES: dict[str, tuple[str, Callable[[Any, list[Any], int], Any]]] = {
    # Pereyra et al. 2017
    "confidence penalty": (
        f"-log(p[y]) + 0.125 * sum[k](p[k] * log(p[k])){P}",
        lambda z, p, y: -mpmath.log(p[y]) - _entropy(p) / 8,
    ),
    # Reed et al. 2014
    "soft bootstrapping": (
        f"-sum[k]((0.75 * (if k == y then 1 else 0) + 0.25 * p[k]) * log(p[k])){P}",
        lambda z, p, y: (-3 * mpmath.log(p[y]) + _entropy(p)) / 4,
    ),
    # Chowdhery et al. 2022
    "squared logarithm of the normalizer": (
        "log(sum[k](exp(z[k]))) - z[y] + 0.125 * log(sum[k](exp(z[k])))^2",
        lambda z, p, y: -mpmath.log(p[y]) + mpmath.log(sum(map(mpmath.exp, z))) ** 2 / 8,
    ),
    "cost of the others": (
        f"-log(p[y]) + 0.5 * sum[k](p[k] * (if k == y then 0 else 4)){P}",
        lambda z, p, y: -mpmath.log(p[y]) + 2 * sum(one for k, one in enumerate(p) if k != y),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_sure_class(name: str) -> None:
    text, formula = LOSSES[name]
    kernel = objc.compile(f"loss f(z: real[K] | y: index(K)) = {text}", target="numpy").f
    along = np.array([0.5, -1.0, 0.25])
    for z, y in (((20.0, 0.0, -1.0), 0), ((40.0, 1.0, -1.5), 0), ((-17.0, 0.25, 1.0), 2)):

        def loss(logits: Any, y: int = y) -> Any:
            powers = [mpmath.exp(one) for one in logits]
            return formula(logits, [one / sum(powers) for one in powers], y)

        value, slope = value_and_slope(loss, z)
        product = hessian_product(loss, z, along)
        for dtype, digits in ((np.float32, 4e-6), (np.float64, 2e-14)):
            found, gradient = kernel.value_and_grad(np.array(z, dtype), y)
            assert float(found) == pytest.approx(value, rel=digits)
            np.testing.assert_allclose(gradient, slope, digits)
            bent = kernel.hessian_vector_product(np.array(z, dtype), y, vector=along.astype(dtype))
            np.testing.assert_allclose(bent, product, 0, digits * np.abs(product).max())
