"""Deviations from what is nearly the same everywhere: from means of entries that differ in their last places,
from the mean of a row under its softmax, from a direction that is nearly one's own."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import lower, parse
from objc.source import Source
from objc.target import DType

from .form import Form
from .test_naive_forms import _wrong, computed

ULP = 2.0**-52
ALIKE = (
    (1.1, 1.1, 1.1 + ULP, 1.1),
    (-7.0, -7.0, -7.0 + 8 * ULP, -7.0 - 4 * ULP),
    (1.0, 1e-9, 30.0, -2.0),
)
WEIGHTS = (1.0, -2.0, 5.0, 0.5)
SCORE = (
    "total(w * (x - total(r) / 4) for w, x in zip(v, r))"
    " / sqrt(total((x - total(r) / 4)^2 for x in r) / 4)"
)
SCORES = tuple(
    Form(f"standard scores, the mean as {mean}", "sum[i](v[i] * (r[i] - m) / s)",
         [(WEIGHTS, row) for row in ALIKE], "v: real[N] | r: real[N]", SCORE,
         f"m = {mean}\n          s = sqrt(mean[i]((m - r[i])^2))")
    for mean in ("mean[i](r[i])", "sum[i](r[i]) / N")
)  # fmt: skip
ROWS = (
    (1.0, (912.875, 912.875, 912.75)), (0.75, (912.0, 0.25, -3.0)), (2**-10, (1e6, 1e6 + 1, 1e6 - 0.5)),
    (2.0, (1024.0, 1.0, -1.0)), (-1.0, (3.0, 1.0, 2.0)),
)  # fmt: skip
MOMENTS = (
    Form("variance under a softmax", "logsumexp[k](x * a[k])", ROWS, "x: real | a: real[K]",
         "log(total(exp(x * one) for one in a))"),
    Form("variance under a softmax with a temperature", "log(sum[k](exp(x * a[k] / 2)))", ROWS,
         "x: real | a: real[K]", "log(total(exp(x * one / 2) for one in a))"),
)  # fmt: skip


@pytest.mark.parametrize("form", SCORES, ids=lambda form: form.name)
def test_scores(form: Form) -> None:
    program = lower(parse(Source("form.objc", form.source))).programs["form"]
    assert not (wrong := _wrong(program, form, computed(program, form), 1e-13)), "\n".join(wrong)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_scores_of_rows_that_differ_in_the_last_place(dtype: DType) -> None:
    form = SCORES[0]
    step = float(np.finfo(dtype).eps)
    points = [(WEIGHTS, (1.5, 1.5, 1.5 + step, 1.5)), (WEIGHTS, (7.0, 7.0 - 4 * step, 7.0, 7.0))]
    form = replace(form, points=points)
    program = lower(parse(Source("form.objc", form.source))).programs["form"]
    found = computed(program, form, "cpu", dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    assert not (wrong := _wrong(program, form, found, tolerance, dtype)), "\n".join(wrong)


def test_padding_has_no_deviation() -> None:
    text = """
    loss spread(x: real[N] | length: count) =
        sqrt(mean[i | i < length]((x[i] - mean[j | j < length](x[j]))^2))
    """
    kernel = objc.compile(text).spread
    x = np.array([1.5, 1.5, 1.5 + ULP, np.nan])
    value, gradient = kernel.value_and_grad(x, 3)
    np.testing.assert_allclose(value, np.sqrt(2) / 3 * ULP, rtol=1e-14)
    np.testing.assert_allclose(gradient, np.array([-1, -1, 2, 0]) / np.sqrt(18), rtol=1e-14)


def test_moments() -> None:
    """The second derivative too, of rows that nearly agree and of one entry that is nearly all."""
    for form in MOMENTS:
        program = lower(parse(Source("form.objc", form.source))).programs["form"]
        wrong = _wrong(program, form, computed(program, form), 1e-13)
        assert not wrong, "\n".join(wrong)


def test_the_variance_of_pairs_is_never_negative() -> None:
    """By queries and keys: of the one several scores move with a coordinate, of the other one."""
    text = """
    loss pairs(q: real[B, D], k: real[B, D]) = mean[i](logsumexp[j](s[i, j]) - s[i, i])
        where s[i, j] = dot(q[i], k[j])
    """
    kernel = objc.compile(text).pairs
    q = np.array([[1.0, 0.5], [-1.0, 2.0], [0.25, 0.125]])
    k = np.array([[912.875, 1.0], [912.875, 2.0], [912.75, 30.0]])
    found = kernel.hessian_diagonal(q, k)
    scores = [[mpmath.fdot(a, b) for b in k.tolist()] for a in q.tolist()]
    for i, row in enumerate(scores):
        with mpmath.workdps(60):
            weights = [mpmath.exp(one - max(row)) for one in row]
            shares = [one / mpmath.fsum(weights) for one in weights]
            for d in range(2):
                mean = mpmath.fdot(shares, k[:, d].tolist())
                variance = mpmath.fsum(
                    p * (b - mean) ** 2 for p, b in zip(shares, k[:, d].tolist(), strict=True)
                )
                np.testing.assert_allclose(found.q[i, d], float(variance / 3), rtol=1e-12)
    for j in range(3):
        with mpmath.workdps(60):
            total = [mpmath.mpf(0), mpmath.mpf(0)]
            for i, row in enumerate(scores):
                weights = [mpmath.exp(one - max(row)) for one in row]
                p = weights[j] / mpmath.fsum(weights)
                total = [
                    t + p * (1 - p) * mpmath.mpf(x) ** 2
                    for t, x in zip(total, q[i].tolist(), strict=True)
                ]
            np.testing.assert_allclose(found.k[j], [float(one / 3) for one in total], rtol=1e-12)


@pytest.mark.parametrize(
    "text", ["1 - cosine(a, b)", "(2 - 2 * cosine(a, b)) / 2", "(1 - cosine(a, b))^2"]
)
def test_one_less_the_cosine_of_nearly_parallel_vectors(text: str) -> None:
    """Right to what rounding a and b changes: 1e-16 over the angle."""
    kernel = objc.compile(f"loss apart(a: real[D], b: real[D]) = {text}\n").apart
    a = np.array([1.0, 2.0, 3.0])
    for angle in (1e-3, 1e-7, 1e-12):
        for scale in (1.0, 1e-200, 1e200):
            b = (a + angle * np.array([1.0, 1.0, -0.5])) * scale
            with mpmath.workdps(60):
                x, y = ([mpmath.mpf(one) for one in row.tolist()] for row in (a, b))
                cosine = mpmath.fdot(x, y) / mpmath.sqrt(mpmath.fdot(x, x) * mpmath.fdot(y, y))
                expected = float(1 - cosine)
            expected = expected**2 if text.endswith("^2") else expected
            np.testing.assert_allclose(kernel(a, b), expected, rtol=8e-16 / angle)
    assert kernel(a, 0 * a) == 1
    np.testing.assert_allclose(kernel(a, -a), 4 if text.endswith("^2") else 2, rtol=1e-15)
