"""Recurrences and sums of products that nobody wrote for a test: value, gradients and products with the
Hessian are those of the other target, and the same to the bit for any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import objc

from .drawn_products import Drawn, products, recurrence

QUICK = {"recurrence": (3, 5), "products": (2, 5, 8)}
CASES = [
    pytest.param(draw, seed, marks=[] if seed in QUICK[draw.__name__] else [pytest.mark.slow])
    for draw in (recurrence, products)
    for seed in range(40)
]


def parts(found: Any) -> list[Any]:
    return [part for one in found for part in (one if isinstance(one, tuple) else (one,))]


def close(found: Any, expected: Any) -> None:
    for one, other in zip(parts(found), parts(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * (1e-200 + np.abs(other).max()))


@pytest.mark.parametrize(("draw", "seed"), CASES)
def test_a_drawn_loss(draw: Callable[[int], Drawn], seed: int) -> None:
    text, calls = draw(seed)
    ours, second = (objc.compile(text, target=one).f for one in ("cpu", "numpy"))
    for number, given in enumerate(calls):
        found = ours.value_and_grad(**given)
        close(found, second.value_and_grad(**given))
        threads = objc.get_threads()
        try:
            objc.set_threads(1)
            alone = ours.value_and_grad(**given)
        finally:
            objc.set_threads(threads)
        for one, other in zip(parts(found), parts(alone), strict=True):
            np.testing.assert_array_equal(one, other)
        if number == 1:
            learned = [one.name for one in ours.program.differentiable]
            vectors = tuple(np.cos(3 * given[name]) for name in learned)
            vector = vectors if len(vectors) > 1 else vectors[0]
            products_of = [
                one.hessian_vector_product(**given, vector=vector) for one in (ours, second)
            ]
            close([products_of[0]], [products_of[1]])
