"""Hessian diagonals of losses over pairs of rows: what one row is made of, another does not move."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc
from objc.accuracy.reference import DIAGONAL, Reference
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.source import Source

PAIRS = {
    "of one's own": "mean[i](logsumexp[j | j != i](s[i, j]))",
    "of both": "sum[i](log(1 + sum[j](exp(s[j, i]))))",
    "of squares": "sum[i, j](if i == j then 0 else s[i, j]^2)",
    "of distances": "sum[i, j](exp(-sum[d]((z[i, d] - z[j, d])^2) / t))",
}


FIXED = {
    "of one row": "mean[i](sqrt(1 + sum[d]((z[i, d] - z[0, d])^2) / t))",
    "of two rows": "sum[i](exp(-sum[d]((z[i, d] - z[0, d])^2) / t))"
    " + mean[i](sqrt(1 + sum[d]((z[i, d] - z[B - 1, d])^2)))",
    "of neighbours": "sum[i | i > 0](norm(z[i] - z[i-1])) / t + sum[i | i + 1 < B](norm(z[i+1] - z[i])^3)",
}
"""Shares of rows that stand still beside those of each row, and of the next row, which the last has not."""


def _lowered(value: str) -> Program:
    text = f"""
    loss form(z: real[B, D]; t: positive = 1) = {value}
        where s[i, j] = dot(z[i], z[j]) / t
    """
    return lower(parse(Source("form.objc", text))).programs["form"]


@pytest.mark.parametrize("value", PAIRS.values(), ids=PAIRS)
def test_no_tensor_is_over_a_row_too_many(value: str) -> None:
    """Two rows, a coordinate of one of them and one that is summed over: with the row of the coordinate as
    an index of its own, a batch of B would take B times as long."""
    derived = derive(_lowered(value), Variant(("hessian_diagonal",), ("z",), frozenset({"z"})))
    rows = [[one.dimension.name for one in let.indices].count("B") for let in derived.lets]
    assert max(rows) == 2


@pytest.mark.parametrize("value", (PAIRS | FIXED).values(), ids=PAIRS | FIXED)
@pytest.mark.parametrize("temperature", (1.0, 2.0**-6, 2.0**-40))
@pytest.mark.share(1 / 2)
def test_the_second_derivative_is_true(value: str, temperature: float) -> None:
    """Also where every softmax has chosen, of which one less its probability is not what rounding leaves; and
    of a pair of a row with itself nothing is added and taken away again."""
    program = _lowered(value)
    z = np.array([[0.5, -1.25], [0.75, 0.5], [-1.5, 0.25], [1.0, -1.0]])
    inputs = {"z": z[None], "t": temperature}
    variant = Variant(
        ("per_example", "gradient", "hessian_vector_product"), ("z",), frozenset({"z"})
    )
    reference = Reference(program, derive(program, variant), ("z",), second=DIAGONAL)
    truth = reference.at(inputs)[0]["hessian_diagonal:z"][0].astype(float)
    found = objc.compile(program.span.source.text).form.hessian_diagonal(z, t=temperature)
    np.testing.assert_allclose(found, truth, rtol=1e-13)


CURVED = {
    "tanh": ("tanh(total[i])", mpmath.tanh),
    "sigmoid": ("sigmoid(total[i])", lambda t: 1 / (1 + mpmath.exp(-t))),
    "length": ("sqrt(1 + total[i]^2)", lambda t: mpmath.sqrt(1 + t * t)),
    "swish": ("total[i] * sigmoid(total[i])", lambda t: t / (1 + mpmath.exp(-t))),
}


@pytest.mark.parametrize("scale", [1e-6, 1.0, 100.0])
@pytest.mark.parametrize("name", CURVED)
def test_curvatures_of_running_sums_keep_their_digits(name: str, scale: float) -> None:
    """What the parts of a second derivative have in common is named once: they nearly cancel."""
    text, function = CURVED[name]
    where = "where total[i] = sum[j | j <= i](x[j])"
    kernel = objc.compile(f"loss f(x: real[N]) = sum[i]({text})\n    {where}", target="numpy").f
    x = scale * np.array([1.0, 2.0, -0.5])
    with mpmath.workdps(400):
        totals = [mpmath.fsum(map(mpmath.mpf, x[: i + 1].tolist())) for i in range(3)]
        curved = [mpmath.diff(function, one, 2, h=mpmath.mpf(10) ** -120) for one in totals]
        expected = [float(mpmath.fsum(curved[k:])) for k in range(3)]
    np.testing.assert_allclose(kernel.hessian_diagonal(x), expected, rtol=4e-15)
