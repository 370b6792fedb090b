"""Slopes of what is learned from a label that is a distribution, where nearly all of it is in the one class
that is sure: with priors and temperatures, of which the factors have names of their own in derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

PRIOR = (0.625, 2.0, 1.5)
WEIGHTED: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "sum[k](t[k]*log(t[k]/softmax(z + log(n))[k]))": lambda z, n: (z + mpmath.log(n), 1),
    "-c^2*sum[k](t[k]*log(softmax(z/c)[k]))": lambda z, n: (z / 2, 4),
}


@pytest.mark.parametrize("text", WEIGHTED)
def test_where_one_class_is_sure(text: str) -> None:
    inputs = "z: real[K] | t: simplex[K], n: positive[K]; c: positive = 2"
    kernel = objc.compile(f"loss f({inputs}) = {text}", target="numpy").f
    _agrees(
        kernel, lambda z: [WEIGHTED[text](a, mpmath.mpf(n)) for a, n in zip(z, PRIOR, strict=True)]
    )


def test_of_a_learned_temperature() -> None:
    text = "-sum[k](t[k]*log(softmax(z/c)[k])) + 0*sum(n)"
    inputs = "z: real[K] | t: simplex[K], n: positive[K], c: positive"
    kernel = objc.compile(f"loss f({inputs}) = {text}", target="numpy").f
    _agrees(kernel, lambda z: [(one / 2, 1) for one in z], c=2.0)


def _agrees(kernel: Any, logits: Callable[[Any], Any], **settings: float) -> None:
    for t, z in (((0.0, 1.0, 0.0), (-1.0, 16.0, 0.5)), ((0.0, 1.0, 0.0), (0.5, 41.0, -1.0))):

        def loss(at: Any, t: Any = t) -> Any:
            rows = logits(at)
            total = mpmath.log(sum(mpmath.exp(one) for one, _ in rows))
            return -rows[0][1] * sum(w * (one - total) for w, (one, _) in zip(t, rows, strict=True))

        _, slope = value_and_slope(loss, z)
        for number, digits in ((np.float32, 1e-5), (np.float64, 1e-13)):
            given = {"z": z, "t": t, "n": PRIOR} | settings
            arrays = {name: np.array([one], number) for name, one in given.items()}
            found = kernel.gradient(**arrays)
            tiny = float(np.finfo(number).tiny)
            np.testing.assert_allclose(found[0], slope, digits, digits * np.abs(slope).max() + tiny)
