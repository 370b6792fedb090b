"""Scores over a temperature: the greatest is subtracted first, whatever the temperature is."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive
from objc.ir.program import Program
from objc.ir.symbols import Read

LOSSES = objc.compile("""
loss tempered(s: real[K] | y: index(K); t: positive) = logsumexp[k](s[k] / t) - s[y] / t

loss scaled(s: real[K] | y: index(K); c: real) = logsumexp[k](exp(c) * s[k]) - exp(c) * s[y]

loss lowest(s: real[K]; t: positive) = -t * logsumexp[k](-s[k] / t)

loss signed(s: real[K]; c: real) = logsumexp[k](c * s[k])

loss weighed(s: real[K] | w: positive[K]) = max[k](w[k] * s[k])

loss ranked(s: real[K] | w: positive[K]; t: positive) = sum[k](w[k] / log2(1 + rank[k]))
    where rank[k] = 1 + sum[j | j != k](sigmoid((s[j] - s[k]) / t))

loss part(s: real[K] | y: index(K)) = softmax(s / 0.3)[y]

loss summed(s: real[K]) = log(sum[k](exp(s[k] / 0.3)))

loss turned(s: real[K] | y: index(K); t: positive = 1) = -log(softmax(-s / (0.3 * t))[y])

loss products(s: real[K] | rows: real[J, K], y: index(J)) =
    logsumexp[j](0.3 * dot(s, rows[j])) - 0.3 * dot(s, rows[y])

loss expected(s: real[K]) = sum[k](s[k] * exp(-s[k] / 0.3)) / sum[k](exp(-s[k] / 0.3))

loss twice(s: real[K] | y: index(K); t: positive = 0.3) =
    sum[k](softplus(t * s[k] - t * s[y])) + sum[k](exp(s[k] / t - s[y] / t))
""")
ROWS = ((0.3, 2.0, -1.0), (3e37, -1e38, 2.9e37), (1e30, 1e30, -2e30), (7.0, 7.0 - 2**-20, 1.0))


def derived(name: str, *results: str) -> Program:
    program = getattr(LOSSES, name).program
    batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    return derive(program, Variant(results or ("value", "gradient"), ("s",), batched))


@pytest.mark.parametrize("name", ["tempered", "scaled", "lowest"])
def test_the_greatest_is_of_the_scores(name: str) -> None:
    (top,) = (let for let in derived(name).lets if let.reduction == "max")
    assert isinstance(top.body.as_coeff_Mul()[1], Read)


@pytest.mark.parametrize("name", ["signed", "weighed"])
def test_what_is_not_positive_or_not_one_stays(name: str) -> None:
    (top,) = (let for let in derived(name).lets if let.reduction == "max")
    assert len(top.body.atoms(Read)) == 2


def test_a_temperature_that_the_scores_leave_goes() -> None:
    """t·max s/t is max s."""
    rows = np.array(ROWS, np.float32)
    found = LOSSES.lowest.per_example(s=rows, t=1e-35)
    np.testing.assert_array_equal(found, rows.min(axis=1))


@pytest.mark.parametrize("t", [1e-30, 0.07, 3.0, 1e35])
def test_no_quotient_leaves_the_range(t: float) -> None:
    rows = np.array(ROWS, np.float32)
    labels = np.array([0, 0, 1, 1])
    options = {"s": rows, "y": labels, "t": t, "reduction": "sum"}
    found = LOSSES.tempered.gradient(**options)
    along_ones = LOSSES.tempered.hessian_vector_product(**options, vector=np.ones_like(rows))
    with mpmath.workdps(60):
        size = mpmath.mpf(float(np.float32(t)))
        for row, label, slope in zip(rows, labels, found, strict=True):
            scores = [mpmath.mpf(float(one)) / size for one in row]
            powers = [mpmath.exp(one - max(scores)) for one in scores]
            for k, got in enumerate(slope):
                truth = (powers[k] / sum(powers) - (k == label)) / size
                assert abs(got - truth) <= 2e-6 * abs(truth) + 1e-44, (row, k)
    assert np.all(np.abs(along_ones.astype(float)) <= 1e-6 / t**2)


@pytest.mark.parametrize("t", [5e-260, 1e-200, 1e-170])
def test_what_has_vanished_is_multiplied_before_it_is_divided(t: float) -> None:
    """σ·(1 − σ)·σ/t over a t² beside it, where only the quotients leave the range."""
    s = np.array([[1e-153, 3e-153, 5e-153]])
    options = {"s": s, "w": np.array([[1.0, 2.0, 3.0]]), "t": t, "reduction": "sum"}
    found = LOSSES.ranked.hessian_vector_product(**options, vector=np.array([[1.0, -0.5, 0.75]]))
    np.testing.assert_array_equal(found, np.zeros((1, 3)))


FAR = np.array([[1e6 + 0.5, 1e6 + 0.125, 1e6 + 0.25, 1e6 + 0.75]])


@pytest.mark.parametrize("name", ["part", "summed", "turned", "products", "expected", "twice"])
def test_a_number_is_multiplied_after_the_difference(name: str) -> None:
    """Of scores of a million over 0.3 the rounding is a quarter in float32, of their differences none."""
    kernel = getattr(LOSSES, name)
    given = {one.name for one in kernel.signature.inputs}
    data = {"y": np.array([1]), "rows": np.eye(4)[[[0, 1, 2, 3, 0]]]}
    data = {key: value for key, value in data.items() if key in given}
    narrow = {key: one.astype(np.float32) if key == "rows" else one for key, one in data.items()}
    for of in ("per_example", "gradient"):
        truth = getattr(kernel, of)(s=FAR, **data)
        got = getattr(kernel, of)(s=FAR.astype(np.float32), **narrow)
        np.testing.assert_allclose(got, truth, rtol=3e-7, atol=3e-7 * np.abs(truth).max())


def test_shares_of_a_hyperparameter_are_no_difference() -> None:
    """t·x + (1 − t)·y is not y + t·(x − y): for t = 1 nothing is left of an x that is small beside y."""
    source = "loss mixed(x: real, y: real; t: real) = (t*x + (1 - t)*y)^3"
    mixed = objc.compile(source).mixed
    found = mixed(x=np.array([1e-9]), y=np.array([1.0]), t=1.0)
    np.testing.assert_allclose(found, 1e-27, rtol=1e-14)


def test_a_part_that_has_vanished_adds_nothing() -> None:
    """p·log(p/q) is nothing where p is, though the quotients by the temperature have left the range."""
    source = """
    loss apart(x: real[K], y: real[K]; t: positive) = t^2 * sum[k](p[k] * (log(p[k]) - log(q[k])))
        where p[k] = softmax(x / t)[k]
              q[k] = softmax(y / t)[k]
    """
    apart = objc.compile(source).apart
    x, y = np.array([[0, -1e30, 0]], np.float32), np.zeros((1, 3), np.float32)
    np.testing.assert_allclose(apart(x=x, y=y, t=1e-10), 1e-20 * np.log(1.5), rtol=1e-6)
    slopes = apart.gradient(x=1e20 * np.arange(3.0, dtype=np.float32)[None], y=y, t=1e20)
    shares = np.exp(np.arange(3.0)) / np.exp(np.arange(3.0)).sum()
    np.testing.assert_allclose(slopes.y[0], 1e20 * (1 / 3 - shares), rtol=1e-6)
