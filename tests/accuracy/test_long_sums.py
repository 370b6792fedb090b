"""Long sums: a row of 128 000 entries and a batch of millions, in the working precision.

What a sum may lose is measured against the sum of the sizes of its addends, as for pairwise and
compensated summation: no more than a few roundings, however long it is.
"""

from __future__ import annotations

import math
import shutil
from typing import Any

import numpy as np
import pytest

import objc

TEXT = """
loss total(x: real[K] |) = sum[k](x[k])
loss normalizer(z: real[K] |) = logsumexp[k](z[k])
loss cross_entropy(z: real[K] | y: index(K)) = -log(softmax(z)[y])
loss inner(a: real[K] | b: real[K]) = sum[k](a[k] * b[k])
loss square(x: real |) = x^2
objective scaled(| x: real; learn w: real) = minimize abs(w * x)
"""
LONG = 128_000
ROUNDINGS = 8


@pytest.fixture(scope="module", params=["cpu", "numpy", "library"])
def module(request: pytest.FixtureRequest) -> Any:
    if request.param == "library" and shutil.which("cc") is None:
        pytest.skip("needs a C compiler to link")
    return objc.compile(TEXT, target=request.param)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_row(module: Any, dtype: Any, offset: float) -> None:
    x = (np.random.default_rng(0).normal(size=(2, LONG)) + offset).astype(dtype)
    found = module.total.per_example(x)
    exact = [math.fsum(row) for row in x.astype(float)]
    allowed = ROUNDINGS * np.finfo(dtype).eps * np.abs(x.astype(float)).sum(axis=1)
    assert (np.abs(found - exact) <= allowed).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_of_a_row(module: Any, dtype: Any) -> None:
    a, b = (np.random.default_rng(k).normal(size=(2, LONG)).astype(dtype) for k in (1, 2))
    products = a.astype(np.longdouble) * b.astype(np.longdouble)
    allowed = ROUNDINGS * np.finfo(dtype).eps * np.abs(products).sum(axis=1)
    assert (np.abs(module.inner.per_example(a, b) - products.sum(axis=1)) <= allowed).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_a_row(module: Any, dtype: Any) -> None:
    z = np.random.default_rng(3).normal(size=(1, LONG)).astype(dtype) * dtype(3)
    label = np.array([int(z[0].argmax())])
    wide = z.astype(np.longdouble)
    normalizer = wide.max() + np.log(np.exp(wide - wide.max()).sum())
    few = ROUNDINGS * np.finfo(dtype).eps
    assert abs(module.normalizer.per_example(z)[0] - normalizer) <= few * normalizer
    gradient = module.cross_entropy.gradient(z, label, reduction="sum")[0]
    p = np.exp(wide[0] - normalizer)
    p[label[0]] -= 1
    # one rounding of a normalizer of 10 is one of the probabilities ten times as large
    np.testing.assert_allclose(gradient, p.astype(float), rtol=10 * float(few), atol=0)


def test_batch_is_added_up_in_float64(module: Any) -> None:
    x = np.full(3_000_001, np.float32(0.1))
    exact = float(np.float32(0.1)) ** 2
    assert abs(module.square(x) - exact) <= 2e-7 * exact
    x[0] = 3e3  # one example of 9e6 and millions of 0.01
    exact = (9e6 + 3e6 * exact) / 3_000_001
    assert abs(module.square(x) - exact) <= 1e-7 * exact


def test_a_batch_of_a_hundred_millions(module: Any) -> None:
    """In float32 the sum would stop growing at 2^24 times its addends."""
    many = 100_000_000
    x = np.full(many, np.float32(0.1))
    exact = float(np.float32(np.float32(0.1) * np.float32(0.1)))
    assert abs(module.square(x) - exact) <= 1e-12 * exact
    slope = module.scaled.gradient(x[:20_000_000], np.float32(2), reduction="sum")
    assert abs(float(slope) - 2e7 * float(x[0])) <= 1e-7 * 2e6
