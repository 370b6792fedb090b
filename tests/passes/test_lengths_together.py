"""Two lengths under one root, `sqrt(sum(x^2) + sum(w^2))`, as of boxes with one center and two sizes: where
one is zero and the other is not the root is smooth, and has a Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import curvatures, value_and_slope

Y, W = (1.0, 2.0), (3.0, 4.0)


def _length(x: Any) -> Any:
    return mpmath.sqrt(sum((a - b) ** 2 for a, b in zip(x, Y, strict=True)) + 25)


LOSSES: dict[str, Callable[[Any], Any]] = {
    "sqrt(sum[d]((x[d] - y[d])^2) + sum[d](w[d]^2))": _length,
    "sqrt(norm(x - y)^2 + norm(w)^2)": _length,
    "1 - exp(-sqrt(sum[d]((x[d] - y[d])^2) + sum[d](w[d]^2))/5)": lambda x: (
        1 - mpmath.exp(-_length(x) / 5)
    ),
}


@pytest.mark.parametrize("text", LOSSES)
def test_where_one_is_zero(text: str) -> None:
    source = f"loss f(x: real[D], w: real[D] | y: real[D]) = {text}"
    kernel = objc.compile(source, target="numpy").f
    along = np.array([0.5, -1.0])
    for x in (Y, (1.0, 2.5)):
        _, slope = value_and_slope(LOSSES[text], x)
        product, diagonal = curvatures(LOSSES[text], x, along)
        given = np.array([x]), np.array([W]), np.array([Y])
        np.testing.assert_allclose(kernel.gradient(*given)[0][0], slope, 1e-14, 1e-16)
        vector = along[None], np.zeros((1, 2))
        found = kernel.hessian_vector_product(*given, vector=vector)
        np.testing.assert_allclose(found[0][0], product, 1e-13, 1e-16)
        np.testing.assert_allclose(kernel.hessian_diagonal(*given)[0][0], diagonal, 1e-13, 1e-16)


def test_where_both_are_zero() -> None:
    source = "loss f(x: real[D], w: real[D]) = sqrt(sum[d](x[d]^2) + sum[d](w[d]^2))"
    kernel = objc.compile(source, target="numpy").f
    nothing = np.zeros((1, 2))
    for slope in kernel.gradient(nothing, nothing):
        assert slope.tolist() == [[0, 0]]
    for product in kernel.hessian_vector_product(nothing, nothing, vector=(nothing + 1, nothing)):
        assert product.tolist() == [[0, 0]]
