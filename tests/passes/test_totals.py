"""Totals with exponentials in them, as the strength of a Dirichlet distribution, out of range."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import lower, parse
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.source import Source

WHERE = """
    where a[k] = exp(z[k]) + 1
          S = sum[k](a[k])
"""
LOSSES = {
    "type II": "sum[k](t[k] * (log(S) - log(a[k])))",
    "cross-entropy": "sum[k](t[k] * (digamma(S) - digamma(a[k])))",
    "cross-entropy of a label": "digamma(S) - digamma(a[y])",
    "squares": "sum[k]((t[k] - a[k] / S)^2 + a[k] * (S - a[k]) / (S^2 * (S + 1)))",
    "strength": "K / S",
}
FAR = ((100.0, -100.0, 3.0), (-800.0, 1.0, 800.0))


def _compiled(loss: str, where: str = WHERE) -> tuple[Any, Program]:
    source = f"loss f(z: real[K] | y: index(K), t: simplex[K]) = {loss}{where}"
    program = lower(parse(Source("f", source))).programs["f"]
    return objc.compile(source, target="numpy").f, program


def _slopes(program: Program, z: np.ndarray, data: dict[str, Any]) -> tuple[Any, np.ndarray]:
    """Value and gradient at 1000 digits."""
    with mpmath.workdps(1000):
        step = mpmath.mpf(10) ** -250
        at = []
        for place in (None, *range(len(z))):
            for sign in (1, -1) if place is not None else (0,):
                moved = np.array([mpmath.mpf(one) for one in z], object)
                if place is not None:
                    moved[place] += sign * step
                inputs = {"z": moved, **data}
                at.append(evaluate(program, inputs, precision=1000)["per_example"])
        slopes = [(at[2 * k + 1] - at[2 * k + 2]) / (2 * step) for k in range(len(z))]
        return float(at[0]), np.array([float(one) for one in slopes])


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_slopes_are_numbers_where_the_total_is_none(name: str) -> None:
    kernel, program = _compiled(LOSSES[name])
    label = {"y": 0, "t": np.array([0.75, 0.25, 0.0])}
    for logits in FAR:
        z = np.array(logits)
        wanted, slopes = _slopes(program, z, label)
        for dtype, digits in ((np.float32, 3e-6), (np.float64, 1e-13)):
            given = {"y": 0, "t": label["t"].astype(dtype)}
            got, gradient = kernel.value_and_grad(z.astype(dtype), **given)
            assert float(got) == pytest.approx(wanted, rel=digits)
            scale = digits * np.abs(slopes).max() + np.finfo(dtype).tiny
            np.testing.assert_allclose(gradient, slopes, digits, scale)


def test_second_derivatives_of_squares_are_numbers_there() -> None:
    """Of the label that is sure they are twice the squares of what is left, and products."""
    kernel, _ = _compiled("sum[k](((if k == y then 1 else 0) - a[k] / S)^2)")
    z = np.array([100.0, 45.0, 44.0])
    p = np.exp(z[1:] - z[0])
    t = np.array([1.0, 0.0, 0.0])
    wanted = np.array([4 * p.sum() ** 2 + 4 * (p**2).sum(), *(2 * p * (p.sum() + 3 * p))])
    for dtype, digits in ((np.float32, 1e-30), (np.float64, 0.0)):
        diagonal = kernel.hessian_diagonal(z.astype(dtype), y=0, t=t.astype(dtype))
        np.testing.assert_allclose(diagonal, wanted, 1e-5, digits)


def test_of_a_sure_label_derivatives_keep_their_digits() -> None:
    """ψ(S) − ψ(a) where a is nearly all of S: about (S − a)/a, and so are its derivatives."""
    kernel, _ = _compiled("digamma(S) - digamma(a[y])")
    z = np.array([30.0, 0.0, -1.0])
    others = np.exp(z[1:] - z[0])
    rest = np.exp(-z[0]) * 2 + others.sum()
    for dtype, digits in ((np.float32, 3e-6), (np.float64, 1e-11)):
        given = {"y": 0, "t": np.array([1.0, 0.0, 0.0], dtype)}
        got, gradient = kernel.value_and_grad(z.astype(dtype), **given)
        assert float(got) == pytest.approx(rest, rel=digits)
        np.testing.assert_allclose(gradient, [-rest, *others], digits)
        diagonal = kernel.hessian_diagonal(z.astype(dtype), **given)
        np.testing.assert_allclose(diagonal, [rest, *others], digits)
