"""Products of what falls exponentially and what leaves the range: 0 far out, and nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.source import Source

SAVED = {
    "exp(-x^4)": "-x[n]**4 < -2048",
    "log(1 + exp(-x^2))": "-x[n]**2 < -2048",
    "x^2 * exp(-x^2 / 1000000)": "-x[n]**2/1000000 < -2048",
    "exp(-exp(x))": "-exp_of_1[n] + x[n] < -2048",
    "x^2 * (1 - tanh(x)^2)": "2*Abs(x[n]) > 2048",
    "x^3 / cosh(x)": "-Abs(x[n]) < -2048",
    "x^3 * erfc(x)": "-x[n]*Abs(x[n]) < -2048",
}
LEFT = (
    "x * exp(-x)",
    "x^2 / (1 + exp(-1 / (1 + x^2)))",
    "cosh(2 * x) * exp(-x)",
    "cosh(x) * erfc(y)",
    "y^2 * exp(-x)",
    "x^2 * exp(-log(1 + x^2))",
)


def _derived(text: str, results: tuple[str, ...]) -> Program:
    program = lower(parse(Source("f.objc", f"loss f(x: real | y: real) = {text}"))).programs["f"]
    return derive(program, Variant(results, ("x",), frozenset(program.input)))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", SAVED)
def test_what_falls_is_zero_far_out(text: str) -> None:
    derived = _derived(text, ("per_example", "gradient", "hessian_diagonal"))
    conditions = {
        str(one) for let in derived.lets for one in let.body.atoms(sympy.core.relational.Relational)
    }
    assert SAVED[text] in conditions


@pytest.mark.parametrize("text", LEFT)
def test_what_does_not_fall_as_fast_stays(text: str) -> None:
    bodies = [let.body for let in _derived(text, ("per_example",)).lets]
    assert not any(one.rhs == -2048 for body in bodies for one in body.atoms(sympy.StrictLessThan))


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 100.0), (np.float64, 800.0)])
def test_a_learned_scale_whose_exponential_leaves_the_range_meets_sigmoids_of_zero(
    dtype: type, scale: float
) -> None:
    """The size of a parameter is taken to be meant; that of its exponential is not."""
    text = "loss f(x: real; learn s: real = 1, learn b: real = 0) = log(1 + exp(-(exp(s) * x + b)))"
    kernel = objc.compile(text).f
    x, ones = np.array([0.3, 2.0, 1e-3], dtype), np.ones(3, dtype)
    for s, is_zero in ((scale, True), (3.0, False)):
        options = {"x": x, "s": s, "b": 0.5, "wrt": ["x", "s", "b"], "reduction": "sum"}
        slopes = kernel.gradient(**options)
        products = kernel.hessian_vector_product(**options, vector=(ones, 1.0, 1.0))
        for one in (*slopes, *products):
            assert np.isfinite(one).all()
            assert (np.asarray(one) == 0).all() == is_zero


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_nothing_by_a_width_that_has_vanished_is_in_range(dtype: type) -> None:
    """With heavy tails, at the center: 0·exp(−2s), which leaves the range, took it for far out."""
    text = "loss f(m: real, s: real | y: real) = s + 2 * log(1 + ((y - m) / exp(s))^2 / 3)"
    widths = np.array([-400.0, -60.0, 0.5], dtype)
    same = np.full(3, 2.5, dtype)
    value, (by_center, by_width) = objc.compile(text).f.value_and_grad(same, widths, same)
    assert float(value) == pytest.approx(float(widths.mean()), rel=1e-6)
    np.testing.assert_allclose(by_width, np.full(3, 1 / 3), 1e-6)
    np.testing.assert_array_equal(by_center, np.zeros(3, dtype))
