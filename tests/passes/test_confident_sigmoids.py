"""Sigmoids that vanish together, or are nearly the labels that they are compared with; and margins beside
which the scores that they are added to are lost."""

from __future__ import annotations

from collections.abc import Sequence

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import lower, parse
from objc.source import Source
from objc.target import DType

from .form import Form
from .test_naive_forms import _wrong, computed

ROWS = (
    ((-800.0, -801.5, -900.0),),
    ((3.0, 50.0, 800.0),),
    ((-0.5, -4000.0, 0.25),),
    ((-1e6, -1e5, -1e6),),
)
FORMS = (
    Form("log of a sum of sigmoids", "-log(sum[k](sigmoid(x[k])))", ROWS, "x: real[K]",
         "-log(total(1 / (1 + exp(-one)) for one in x))"),
    Form("log of a mean of sigmoids", "log(mean[k](1 / (1 + exp(-x[k]))))", ROWS, "x: real[K]",
         "log(total(1 / (1 + exp(-one)) for one in x) / 3)"),
    Form("log of a sum of weighed sigmoids", "log(sum[k](w[k] * sigmoid(x[k])^2))",
         [(*row, (0.5, 3.0, 1e-3)) for row in ROWS[:3]], "x: real[K] | w: positive[K]",
         "log(total(a / (1 + exp(-one))^2 for a, one in zip(w, x)))",
         tolerance=2.5e-13),  # the exponents are of 1600: by as much the last place of such a number weighs
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_sigmoids_that_vanish_together(form: Form) -> None:
    program = lower(parse(Source("form.objc", form.source))).programs["form"]
    found = computed(program, form)
    assert not (wrong := _wrong(program, form, found, form.tolerance)), "\n".join(wrong)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("squares", [True, False])
def test_one_less_an_overlap_of_a_confident_mask(squares: bool, dtype: DType) -> None:
    """Of squares in the denominator the sum is one of squared distances."""
    size = "sum[i](p[i]^2) + sum[i](t[i]^2)" if squares else "sum[i](p[i]) + sum[i](t[i])"
    text = f"""
    loss overlap(z: real[N] | t: binary[N]; s: nonnegative = 1) =
        1 - (2 * sum[i](p[i] * t[i]) + s) / ({size} + s)
        where p[i] = sigmoid(z[i])
    """
    kernel = objc.compile(text).overlap
    labels = np.array([0, 1, 1], dtype)
    rows = [[-1.25, 6.5, 600.0], [-9.0, 12.0, 8.0]]
    rows += [[-40.0, 40.0, 30.0], [-70.0, 35.0, 38.0]] if squares else []
    for row in rows:
        expected = _overlap(row, [0, 1, 1], squares)
        bound = 3e-6 if dtype == "float32" else 3e-14
        bound *= 1 if squares else 1e5
        np.testing.assert_allclose(kernel(np.array(row, dtype), labels), expected, rtol=bound)


def _overlap(z: Sequence[float], t: Sequence[int], squares: bool) -> float:
    with mpmath.workdps(400):
        p = [1 / (1 + mpmath.exp(-one)) for one in z]
        size = mpmath.fsum(a**2 + b**2 if squares else a + b for a, b in zip(p, t, strict=True))
        return float(1 - (2 * mpmath.fdot(p, t) + 1) / (size + 1))


TEXT = """
loss hinge(s: real[K] | y: index(K)) = max[k]([k != y] + s[k]) - s[y]
loss margin(s: real[K] | y: index(K); m: nonnegative = 3) = max[k](s[k] - m * [k == y]) - s[y]
loss gap(s: real[K] | y: index(K)) = s[y] - min[k](s[k] - (if k == y then 0 else 1))
"""


@pytest.mark.parametrize("name", ["hinge", "margin", "gap"])
def test_scores_that_a_margin_hides(name: str) -> None:
    """The largest of the others is the one that is larger, though after rounding all are the margin; of equal
    ones it is the first, also where that is the label's."""
    gradient = getattr(objc.compile(TEXT), name).gradient
    tiny = np.array([0.0, 1e-20, 3e-20, 2e-20])
    sign = -1 if name == "gap" else 1
    for row in (tiny, tiny - 2e-20):
        np.testing.assert_array_equal(gradient(sign * row, 0), sign * np.array([-1.0, 0, 1, 0]))
        np.testing.assert_array_equal(gradient(sign * row, 2), sign * np.array([0.0, 0, -1, 1]))
    step = 3 if name == "margin" else 1
    level = sign * np.array([2.0, 2.0 + step, 2.0, 1.0])
    np.testing.assert_array_equal(gradient(level, 1), sign * np.array([1.0, -1, 0, 0]))
    level = sign * np.array([2.0 + step, 2.0, 2.0, 1.0])
    np.testing.assert_array_equal(gradient(level, 0), np.zeros(4))
