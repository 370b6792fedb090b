"""A declared simplex is taken to add up to one: what adds up to 1 ± 1e-7 costs that much and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc

TEXT = """
loss kl(q: simplex[K] | p: simplex[K]) = sum[k](p[k] * log(p[k] / q[k]))
loss jensen_shannon(q: simplex[K] | p: simplex[K]) =
    sum[k](p[k] * log(p[k] / m[k]) + q[k] * log(q[k] / m[k])) / 2
    where m[k] = (p[k] + q[k]) / 2
loss soft_targets(z: real[K] | p: simplex[K]) = -sum[k](p[k] * log(softmax(z)[k]))
"""


@pytest.fixture(scope="module", params=["cpu", "numpy"])
def module(request: pytest.FixtureRequest) -> Any:
    return objc.compile(TEXT, target=request.param)


def rows(seed: int, scale: float) -> Any:
    """Softmaxes of float32, as a model gives them."""
    z = np.random.default_rng(seed).normal(size=(200, 7)).astype(np.float32) * np.float32(scale)
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def missing(rows: Any) -> Any:
    return np.abs(rows.astype(float).sum(axis=1) - 1)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 8.0])
def test_divergences_are_off_by_what_is_missing(module: Any, scale: float) -> None:
    p, q = rows(0, scale), rows(1, scale)
    assert 0 < missing(p).max() < 1e-6
    wide_p, wide_q = p.astype(np.longdouble), q.astype(np.longdouble)
    logs = np.log(wide_p / wide_q)
    exact = (wide_p * logs).sum(axis=1)
    found = module.kl.per_example(q, p)
    assert (found >= 0).all()
    off = np.abs(found - exact)
    assert (off <= missing(p) + missing(q) + 1e-6 * np.abs(exact) + 1e-9).all()
    found = module.jensen_shannon.per_example(q, p)
    middle = (wide_p + wide_q) / 2
    exact = (wide_p * np.log(wide_p / middle) + wide_q * np.log(wide_q / middle)).sum(axis=1) / 2
    assert (found >= 0).all()
    assert (np.abs(found - exact) <= 1e-6 * exact + 1e-30).all()


def test_gradient_of_soft_targets_is_off_by_what_is_missing(module: Any) -> None:
    p, z = rows(0, 3.0), np.random.default_rng(2).normal(size=(200, 7)).astype(np.float32)
    wide = np.exp(z.astype(np.longdouble))
    wide /= wide.sum(axis=1, keepdims=True)
    exact = wide * p.astype(np.longdouble).sum(axis=1, keepdims=True) - p
    found = module.soft_targets.gradient(z, p, reduction="sum")
    assert (np.abs(found - exact) <= missing(p)[:, None] + 3e-7).all()


def test_rows_that_are_no_distributions_are_told_apart_by_their_domain() -> None:
    """Declared nonnegative, nothing is taken for granted."""
    text = "loss kl(q: nonnegative[K] | p: nonnegative[K]) = sum[k](p[k] * log(p[k] / q[k]))"
    kernel = objc.compile(text, target="numpy").kl
    p, q = np.array([[0.5, 1.5]]), np.array([[1.0, 0.25]])
    exact = (p * np.log(p / q)).sum()
    np.testing.assert_allclose(kernel.per_example(q, p), [exact], rtol=1e-14)
