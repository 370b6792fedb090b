"""Coefficients over a length: what is zero stays zero, whatever the length is."""

from __future__ import annotations

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive
from objc.ir.program import Program

LOSSES = objc.compile("""
loss apart(a: real[D], b: real[D]; margin: positive = 1) = max(0, margin - distance)^2 / 2
    where distance = sqrt(sum[d]((a[d] - b[d])^2))

loss cosines(a: real[B, D]; t: positive = 1) = sum[i, j](sin(cosine(a[i], a[j]) / t))

loss far(a: real[D], b: real[D]) = sqrt(sum[d]((a[d] - b[d])^2))
""")


def derived(name: str) -> Program:
    program = getattr(LOSSES, name).program
    wrt = getattr(LOSSES, name).signature.differentiable
    arrays = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    return derive(program, Variant(("hessian_vector_product",), wrt, arrays))


@pytest.mark.parametrize(("name", "changed"), [("apart", True), ("cosines", True), ("far", False)])
def test_which_coefficients_go_to_the_entries(name: str, changed: bool) -> None:
    assert any(let.name.endswith("_of_unit") for let in derived(name).lets) == changed


def test_a_difference_that_has_a_length_has_one_tangent() -> None:
    bodies = [let.body for let in derived("apart").lets]
    vectors = {
        read.tensor for body in bodies for read in body.free_symbols if "vector" in str(read)
    }
    assert sum(str(body).count("vector_a") for body in bodies) == 1
    assert vectors == {"vector_a", "vector_b"}


def test_what_moves_together_has_no_second_derivative() -> None:
    a = np.array([[3e-203, 1e-203, -2e-203], [0.3, 0.1, 0.2]])
    b = np.array([[1e-203, 1e-203, 2e-203], [0.1, -0.2, 0.4]])
    together = np.ones_like(a)
    kernel = LOSSES.apart
    for margin in (1.0, 1e200):
        found = kernel.hessian_vector_product(
            a=a, b=b, margin=margin, vector=(together, together), reduction="sum"
        )
        np.testing.assert_array_equal(found, np.zeros((2, *a.shape)))


def test_an_ordinary_product_is_the_slope_of_the_gradient() -> None:
    generator = np.random.default_rng(3)
    a, b, u, v = generator.normal(size=(4, 5, 3))
    kernel = LOSSES.apart
    options = {"margin": 9.0, "reduction": "sum"}
    found = kernel.hessian_vector_product(a=a, b=b, vector=(u, v), **options)
    h = 1e-5
    ahead = kernel.gradient(a=a + h * u, b=b + h * v, **options)
    behind = kernel.gradient(a=a - h * u, b=b - h * v, **options)
    for one, later, earlier in zip(found, ahead, behind, strict=True):
        np.testing.assert_allclose(one, (later - earlier) / (2 * h), rtol=1e-7, atol=1e-8)


def test_nothing_is_divided_by_a_length_where_that_is_not_taken() -> None:
    """An alignment of kernels is a constant around rows that are all equal."""
    kernel = objc.compile("""
        loss apart(x: real[N, D] | y: real[N, D]) =
            if a * b > 0 then 1 - sum[d, e](sum[n](u[n, d] * v[n, e])^2) / (a * b) else 1
            where u[n, d] = x[n, d] - mean[m](x[m, d])
                  v[n, d] = y[n, d] - mean[m](y[m, d])
                  a = sqrt(sum[d, e](sum[n](u[n, d] * u[n, e])^2))
                  b = sqrt(sum[d, e](sum[n](v[n, d] * v[n, e])^2))
        """).apart
    x = np.zeros((2, 3, 2))
    y, u = np.random.default_rng(4).normal(size=(2, *x.shape))
    x[1] = u[0]
    product = kernel.hessian_vector_product(x, y, vector=u, reduction="sum")
    np.testing.assert_array_equal(product[0], np.zeros((3, 2)))
    h = 1e-5
    ahead, behind = (kernel.gradient(x + s * u, y, reduction="sum")[1] for s in (h, -h))
    np.testing.assert_allclose(product[1], (ahead - behind) / (2 * h), rtol=1e-7, atol=1e-8)
