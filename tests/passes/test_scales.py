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
