"""Entropies and divergences of gamma, beta and Dirichlet distributions keep their digits at any count.

The oracle is mpmath, with the formulas and the derivatives of the text.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import loggamma, mpf, psi

import objc

TEXT = """
loss dirichlet_kl(a: positive[K]) =
    lgamma(s) - lgamma(K) - sum[k](lgamma(a[k])) + sum[k]((a[k] - 1) * (digamma(a[k]) - digamma(s)))
    where s = sum[k](a[k])

loss by_evidence(e: nonnegative[K]) =
    lgamma(s) - lgamma(K) - sum[k](lgamma(e[k] + 1) - e[k] * digamma(e[k] + 1)) - digamma(s) * sum[k](e[k])
    where s = sum[k](e[k] + 1)

loss dirichlet_entropy(a: positive[K]) =
    (K - s) * digamma(s) + lgamma(s) - sum[k](lgamma(a[k]) - (a[k] - 1) * digamma(a[k]))
    where s = sum[k](a[k])

loss beta_entropy(a: positive, b: positive) =
    lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) * digamma(a) + (b - 1) * digamma(b)
        - (a + b - 2) * digamma(a + b)

loss of_rows(a: positive[N, K]) =
    sum[i](lgamma(s[i]) - sum[k](lgamma(a[i, k]))
        + sum[k]((a[i, k] - 1) * (digamma(a[i, k]) - digamma(s[i]))))
    where s[i] = sum[k](a[i, k])

loss from_another(a: positive[K] | c: positive[K]) =
    lgamma(s) - sum[k](lgamma(a[k])) - lgamma(t) + sum[k](lgamma(c[k]))
        + sum[k]((a[k] - c[k]) * (digamma(a[k]) - digamma(s)))
    where s = sum[k](a[k])
          t = sum[k](c[k])

loss by_network(z: real[K]) =
    lgamma(s) - lgamma(K) - sum[k](lgamma(a[k])) + sum[k]((a[k] - 1) * (digamma(a[k]) - digamma(s)))
    where a[k] = 1 + softplus(z[k])
          s = sum[k](a[k])

loss gamma_entropy(a: positive, b: positive) = log(b) - a - lgamma(a) - (1 - a) * digamma(a)
"""

COUNTS = [
    [0.3, 1.7, 4.2],
    [1.5, 8.0, 11.0],
    [9.999, 10.001, 30.0],
    [2000.0, 0.25, 7e4],
    [3e5, 2e6, 4e7],
]


def _slopes(a: list[Any]) -> list[Any]:
    """(aₖ − 1)·ψ'(aₖ) − (s − K)·ψ'(s): those of the gamma functions cancel."""
    s = mpmath.fsum(a)
    return [(x - 1) * psi(1, x) - (s - len(a)) * psi(1, s) for x in a]


def _curved(a: list[Any], along: list[Any]) -> list[Any]:
    """The product of the Hessian with a vector."""
    s, whole = mpmath.fsum(a), mpmath.fsum(along)
    rest = psi(1, s) + (s - len(a)) * psi(2, s)
    return [
        (psi(1, x) + (x - 1) * psi(2, x)) * v - rest * whole for x, v in zip(a, along, strict=True)
    ]


def _value(a: list[Any]) -> Any:
    s = mpmath.fsum(a)
    terms = (loggamma(x) - (x - 1) * psi(0, x) for x in a)
    return loggamma(s) - (s - len(a)) * psi(0, s) - mpmath.fsum(terms)


def _agree(found: Any, expected: list[Any], dtype: str, least: float = 0.05) -> None:
    """Each entry to a few roundings of itself, or of the terms that it is of, where these are small."""
    limit = 4e-6 if dtype == "float32" else 1e-13
    for one, true in zip(np.ravel(found), expected, strict=True):
        assert abs(mpf(float(one)) - true) <= limit * max(least, abs(true)), (one, true)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "counts"),
    [*(("dirichlet_kl", one) for one in COUNTS), *(("by_evidence", one) for one in COUNTS[1:4]),
     ("dirichlet_entropy", COUNTS[-1])],
    ids=str,
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_dirichlet(name: str, counts: list[float], dtype: str) -> None:
    if name == "by_evidence" and min(counts) < 1:
        counts = [one + 1 for one in counts]
    given = np.asarray(counts, dtype) - (name == "by_evidence")
    along = np.asarray([0.5, -1.0, 2.0], dtype)
    kernel = objc.compile(TEXT, target="numpy")[name]
    with mpmath.workdps(60):
        a = [mpf(float(one)) + (name == "by_evidence") for one in given]
        least = 0.05 if min(counts) < 10 else 0
        value = _value(a) - (0 if name == "dirichlet_entropy" else loggamma(3))
        found, slopes = kernel.value_and_grad(given)
        _agree(found, [value], dtype)
        _agree(slopes, _slopes(a), dtype, least)
        product = kernel.hessian_vector_product(given, vector=along)
        _agree(product, _curved(a, [mpf(float(one)) for one in along]), dtype, least)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("counts", [one[1:] for one in COUNTS], ids=str)
def test_beta_and_its_curvature_by_each_input(counts: list[float], dtype: str) -> None:
    """Two inputs that are added: the second derivative by one asks for no derivative of that by the other."""
    a, b = np.asarray(counts, dtype)
    kernel = objc.compile(TEXT, target="numpy").beta_entropy
    with mpmath.workdps(60):
        x = [mpf(float(a)), mpf(float(b))]
        value, slopes = kernel.value_and_grad(a, b)
        _agree(value, [_value(x)], dtype)
        _agree([slopes.a, slopes.b], _slopes(x), dtype)
        curved = kernel.hessian_diagonal(a, b)
        expected = [_curved(x, [mpf(1), mpf(0)])[0], _curved(x, [mpf(0), mpf(1)])[1]]
        _agree([curved.a, curved.b], expected, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [0.01, 0.7, 6.0, 9.99, 10.0, 19.0, 3e4, 1e12])
def test_gamma(shape: float, dtype: str) -> None:
    a, b = np.asarray([shape, 1.0], dtype)
    kernel = objc.compile(TEXT, target="cpu" if shape == 6 else "numpy").gamma_entropy
    with mpmath.workdps(60):
        x = mpf(float(a))
        value, slopes = kernel.value_and_grad(a, b)
        _agree(value, [-x - loggamma(x) - (1 - x) * psi(0, x)], dtype)
        _agree(slopes.a, [(x - 1) * psi(1, x) - 1], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_another_distribution_and_counts_of_a_network(dtype: str) -> None:
    module = objc.compile(TEXT, target="numpy")
    counts = np.asarray([[2000.0, 0.25, 7e4], [3e5, 2e6, 4e7]], dtype)
    given = np.asarray([0.5, 2.0, 3.0], dtype)
    with mpmath.workdps(60):
        rows = [[mpf(float(one)) for one in row] for row in counts]
        value, slopes = module.of_rows.value_and_grad(counts)
        _agree(value, [sum(map(_value, rows))], dtype)
        _agree(slopes, [one for row in rows for one in _slopes(row)], dtype, 0)
        (a,) = rows[1:]
        c = [mpf(float(one)) for one in given]
        s, t = mpmath.fsum(a), mpmath.fsum(c)
        value, slopes = module.from_another.value_and_grad(counts[1], given)
        terms = (
            loggamma(y) - loggamma(x) + (x - y) * (psi(0, x) - psi(0, s))
            for x, y in zip(a, c, strict=True)
        )
        _agree(value, [loggamma(s) - loggamma(t) + mpmath.fsum(terms)], dtype)
        expected = [(x - y) * psi(1, x) - (s - t) * psi(1, s) for x, y in zip(a, c, strict=True)]
        _agree(slopes, expected, dtype, 0)
        z = counts[1]  # softplus(z) is z there
        value, slopes = module.by_network.value_and_grad(z)
        a = [one + 1 for one in rows[1]]
        _agree(value, [_value(a) - loggamma(3)], dtype)
        _agree(slopes, _slopes(a), dtype, 0)


def test_what_no_known_sum_says_is_left_alone() -> None:
    """A sum over some, and one that is of other entries."""
    text = """
loss masked(a: positive[K] | m: binary[K]) =
    lgamma(s) - sum[k | m[k] == 1](lgamma(a[k]) - (a[k] - 1) * (digamma(a[k]) - digamma(s)))
    where s = sum[k | m[k] == 1](a[k])
loss strange(a: positive[K], b: positive[K]) =
    lgamma(s) - sum[k](lgamma(a[k])) + sum[k]((a[k] - 1) * (digamma(a[k]) - digamma(s)))
    where s = sum[k](b[k]^2)
"""
    module = objc.compile(text, target="numpy")
    a, m = np.array([1.5, 3.0, 0.5]), np.array([1.0, 1.0, 0.0])
    assert float(module.masked(a, m)) == pytest.approx(float(_value([mpf(1.5), mpf(3)])), rel=1e-13)
    s = mpf(5.25)
    terms = ((x - 1) * (psi(0, x) - psi(0, s)) - loggamma(x) for x in map(mpf, a))
    found = float(module.strange(a, np.array([2.0, 0.5, 1.0])))
    assert found == pytest.approx(float(loggamma(s) + mpmath.fsum(terms)), rel=1e-13)
