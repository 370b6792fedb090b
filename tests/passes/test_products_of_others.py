"""Derivatives of products: every factor but one, in a time that grows as the row does."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

TEXT = """
loss plain(x: real[K]) = prod[k](x[k])
loss some(x: real[K] | mask: binary[K]) = prod[k | mask[k] == 1](1 + x[k])
"""
CLOSELY = {"float32": 1e-6, "float64": 2e-13}
FAR = {"float32": 1e-5, "float64": 2e-13}
"""Where a product has left the range it is a sum of logarithms, whose rounding is that of their size."""


def _rows(size: int, dtype: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    drawn = np.random.default_rng(size)
    normal = drawn.normal(size=(4, size))
    normal[1, -1] = 0.0
    normal[2, [0, -1]] = 0.0
    far = drawn.normal(size=(3, size))
    far[0, 0] = 1e-30
    far[1] *= 1e20 if dtype == "float64" else 1e2
    far[2, size // 2 :] *= 1e-110 if dtype == "float64" else 1e-12
    far[2, : size // 2] *= 1e100 if dtype == "float64" else 1e10
    return np.vstack([normal, np.zeros((1, size)), np.ones((1, size))]).astype(dtype), far.astype(
        dtype
    )


def _without(factors: list[Any], *places: int) -> Any:
    return mpmath.fprod(one for place, one in enumerate(factors) if place not in places)


def _agree(found: Any, expected: list[list[Any]], dtype: str, within: float) -> None:
    for row, wanted in zip(np.asarray(found, float), expected, strict=True):
        largest = max(abs(one) for one in wanted)
        if largest > np.finfo(dtype).max or 0 < largest < np.finfo(dtype).tiny:
            continue  # it is no number of the type
        errors = [abs(mpmath.mpf(one) - other) for one, other in zip(row, wanted, strict=True)]
        assert max(errors) <= within * largest, (row, wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_slopes_and_curvature_of_a_product(size: int, dtype: str) -> None:
    plain = objc.compile(TEXT).plain
    for rows, within in zip(_rows(size, dtype), (CLOSELY[dtype], FAR[dtype]), strict=True):
        exact = [[mpmath.mpf(float(one)) for one in row] for row in rows]
        expected = [[_without(row, at) for at in range(size)] for row in exact]
        _agree(plain.gradient(rows, reduction="sum"), expected, dtype, within)
        vector = np.random.default_rng(0).normal(size=rows.shape).astype(dtype)
        expected = [
            [
                mpmath.fsum(
                    float(vector[n, other]) * _without(row, at, other)
                    for other in range(size)
                    if other != at
                )
                for at in range(size)
            ]
            for n, row in enumerate(exact)
        ]
        found = plain.hessian_vector_product(rows, vector=vector, reduction="sum")
        _agree(found, expected, dtype, size * within)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_product_of_some(size: int) -> None:
    for rows in _rows(size, "float64"):
        mask = np.random.default_rng(7).integers(0, 2, rows.shape)
        found = objc.compile(TEXT).some.gradient(rows, mask, reduction="sum")
        expected = []
        for row, kept in zip(rows, mask, strict=True):
            factors = [
                1 + mpmath.mpf(float(one)) if k else 1 for one, k in zip(row, kept, strict=True)
            ]
            expected.append([_without(factors, at) if kept[at] else 0 for at in range(size)])
        _agree(found, expected, "float64", CLOSELY["float64"])


def test_no_row_is_run_through_at_each_of_its_places() -> None:
    for program in lower(parse(Source("products", TEXT))).programs.values():
        batched = frozenset(one.name for one in program.inputs)
        derived = derive(program, Variant(("value", "gradient"), ("x",), batched))
        for let in derived.lets:
            dimensions = [index.dimension for index in let.indices]
            assert len(set(dimensions)) == len(dimensions), str(let)


@pytest.mark.parametrize(
    "factors", [[1e-3] * 9, [0.01] * 16, [0.3] * 60, [1e-20, 1.2e-20, 1e20, 1e10]]
)
def test_small_products_keep_their_digits(factors: list[float]) -> None:
    """Near the end of the range a product is one of factors still, and no exponential of their logarithms."""
    rows = np.array([factors], np.float32)
    exact = mpmath.fprod(mpmath.mpf(float(one)) for one in rows[0])
    plain = objc.compile(TEXT).plain
    assert abs(plain(rows) - exact) <= 2e-7 * exact
    slopes = np.asarray(plain.gradient(rows), float)[0]
    wanted = [exact / mpmath.mpf(float(one)) for one in rows[0]]
    assert all(
        abs(one - other) <= 3e-7 * other
        for one, other in zip(slopes, wanted, strict=True)
        if other > np.finfo(np.float32).tiny
    )
