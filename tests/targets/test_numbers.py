"""Numbers beside arrays: atoms of hyperparameters, roundings that agree, and a quiet compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from objc.targets.numpy.spellings import SPELLINGS

import objc
from objc.atoms import ATOMS
from objc.compiler import Variant, derive
from objc.ir.domain import REAL
from objc.ir.evaluate import evaluate
from objc.ir.program import Input, Let, Program, Term
from objc.target import DType, load


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("name", [one for one in SPELLINGS if one in ATOMS])
def test_an_atom_of_hyperparameters(name: str, target: str, dtype: DType) -> None:
    atom = ATOMS[name]
    point = -0.3 if name == "log1mexp" else 0.3
    x = Input("x", (), REAL, "differentiable")
    rates = [
        Input(f"r{number}", (), REAL, "hyperparameter", sympy.Integer(1))
        for number in range(atom.arity)
    ]
    function = sympy.digamma if name == "digamma" else atom.function
    body = function(*[one.read() for one in rates]) * (x.read() + 1)
    let = Let("value", (), body)
    terms = (Term("value", "value"),)
    program = Program("one", (x, *rates), (let,), {"per_example": "value"}, "loss", terms=terms)
    derived = derive(program, Variant(("value", "per_example"), (), frozenset({"x"})))
    given: dict[str, Any] = {"x": np.array([1.5, -2.25, 0.0])}
    given |= {one.name: point + 0.125 * number for number, one in enumerate(rates)}
    internal = {"scale": 1 / 3} if "scale" in derived.input else {}
    expected = evaluate(derived, {**given, **internal})
    found = {"per_example": np.empty(3, dtype)}
    arguments = {**given, **internal, "x": given["x"].astype(dtype)}
    executable = load(target).load(load(target).emit(derived, dtype))
    scalars = executable(arguments, {"batch": 3}, found)
    tolerance = 1e-12 if dtype == "float64" else 2e-6
    assert scalars["value"] == pytest.approx(float(expected["value"]), rel=tolerance, abs=tolerance)
    wanted = np.asarray(expected["per_example"], float)
    np.testing.assert_allclose(found["per_example"], wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("score", ["beta * s[k]", "s[k] / beta"])
def test_what_is_computed_twice_is_rounded_alike(score: str) -> None:
    """The probability of a clear winner is 1 to the last bit although its score was rounded."""
    text = f"loss f(s: real[K] | y: index(K); beta: positive) = logsumexp[k]({score}) - s[y]"
    kernel = objc.compile(text).f
    s = np.random.default_rng(0).normal(size=(64, 10)).astype(np.float32) * 300
    y, beta = s.argmax(1), 14.3 if "*" in score else 0.07
    wide = kernel.gradient(s.astype(np.float64), y, beta=float(np.float32(beta)))
    error = np.abs(kernel.gradient(s, y, beta=beta) - wide)
    assert error.max() < 4e-7 * np.abs(wide).max()


ADDED = """
loss left(z: real | hits: count(trials), trials: count) = trials - hits + z^2
loss apart(z: real, a: real, b: real) = a - b + z^2
loss beside(z: real | hits: count(trials), trials: count) = 1/2 + trials - 2*hits + z
"""


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("more", [0, 1, 7])
def test_what_is_exact_is_added_first(more: int, target: str, dtype: str) -> None:
    """What is small beside whole numbers, or beside entries as they are given, is not lost in either."""
    module, z = objc.compile(ADDED, target=target), np.dtype(dtype).type(3e-5)
    hits, close = (
        100_000_000 if dtype == "f8" else 10_000_000,
        {"rel": float(3 * np.finfo(dtype).eps)},
    )
    square = float(z) ** 2
    assert module.left(z, hits, hits + more) == pytest.approx(more + square, **close)
    entries = np.array([hits + more, hits], dtype)
    assert module.apart(z, *entries) == pytest.approx(more + square, **close)
    found = module.beside(z, hits, 2 * hits + more)
    assert found == pytest.approx(0.5 + more + float(z), **close)


MARGINS = (
    "loss f(s: real[N]; m: positive = 0.3) = sum[i, j](max(0, m - (s[i] - s[j]))^2)",
    "loss f(s: real[N]; m: positive = 0.3) = sum[i, j](max(0, s[j] + m - s[i])^2)",
    "loss f(s: real[N]; m: positive = 0.3) = sum[i, j](max(0, m - (r[i] - r[j]))^2) where r[i] = 2 * s[i]",
)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("text", MARGINS)
@pytest.mark.parametrize("count", [20, 200])
def test_a_margin_between_large_scores_keeps_its_digits(count: int, text: str, target: str) -> None:
    """`m - s[i]`, added to s[j], has the rounding of the scores: a sixteenth at a million in float32."""
    s = (1e6 + np.random.default_rng(0).normal(size=count)).astype(np.float32)
    value, gradient = objc.compile(text, target=target).f.value_and_grad(s)
    factor = 2 if "where" in text else 1
    apart = factor * (s[None].astype(float) - s[:, None])
    beyond = np.maximum(0, float(np.float32(0.3)) + apart)
    assert value == pytest.approx((beyond**2).sum(), rel=1e-6)
    slope = 2 * factor * (beyond.sum(0) - beyond.sum(1))
    np.testing.assert_allclose(gradient, slope, atol=2e-6 * np.abs(slope).max())


NUMBERS: dict[str, Callable[..., np.ndarray]] = {
    "0.3*(a[i] - b[i])": lambda a, b, c: 0.3 * (a - b),
    "(a[i] - b[i])/0.7 + 0.01": lambda a, b, c: (a - b) / 0.7 + 0.01,
    "0.01 - 3*(a[i] - b[i])": lambda a, b, c: 0.01 - 3 * (a - b),
    "0.3*(a[i] - b[i]) + 0.7*(b[i] - c[i])": lambda a, b, c: 0.3 * (a - b) + 0.7 * (b - c),
    "a[i] - 2*b[i] + c[i] + 0.01": lambda a, b, c: a - b + (c - b) + 0.01,
    "0.3*(a[i] - 1000000)": lambda a, b, c: 0.3 * (a - 1e6),
    "0.3*(a[i] - b[i]) + log(1 + exp(c[i] - a[i]))": lambda a, b, c: (
        0.3 * (a - b) + np.log1p(np.exp(c - a))
    ),
}


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_before_a_difference_is_multiplied_last(text: str, target: str) -> None:
    """SymPy makes 0.3·a − 0.3·b of it, which has the rounding of entries: 0.03 at a million in float32."""
    loss = f"loss f(a: real[N], b: real[N], c: real[N]) = sum[i](({text})^2)"
    rows = (1e6 + np.random.default_rng(0).normal(size=(3, 50))).astype(np.float32)
    value, gradients = objc.compile(loss, target=target).f.value_and_grad(*rows)
    exact = NUMBERS[text](*rows.astype(float))
    assert value == pytest.approx((exact**2).sum(), rel=1e-6)
    moved = [NUMBERS[text](*(rows.astype(float) + 1e-3 * np.eye(3)[:, [n]])) for n in range(3)]
    for found, one in zip(gradients, moved, strict=True):
        assert found == pytest.approx(2 * exact * (one - exact) / 1e-3, rel=2e-3, abs=1e-3)


def _of_pairs(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    apart = (w[:, None] - w) - (x[:, None] - x) + 0.01
    return np.square(apart)


PAIRS: dict[str, Callable[..., np.ndarray]] = {
    "sum[i, j](((w[i] - w[j]) - (x[i] - x[j]) + 0.01)^2)": _of_pairs,
    "sum[i | i > 0 and i < N - 2]((x[i-1] - 3*x[i] + 3*x[i+1] - w[i+2])^2)": lambda w, x: np.square(
        (x[:-3] - x[1:-2]) - 2 * (x[1:-2] - x[2:-1]) + (x[2:-1] - w[3:])
    ),
}


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("body", PAIRS)
def test_differences_of_differences_are_taken_of_what_is_near(body: str, target: str) -> None:
    w, x = (1e6 + np.random.default_rng(0).normal(size=(2, 50))).astype(np.float32)
    kernel = objc.compile(f"loss f(w: real[N], x: real[N]) = {body}", target=target).f
    value, gradients = kernel.value_and_grad(w, x)
    assert value == pytest.approx(PAIRS[body](w.astype(float), x.astype(float)).sum(), rel=1e-6)
    for found, slope in zip(gradients, _slopes(PAIRS[body], w, x), strict=True):
        np.testing.assert_allclose(found, slope, atol=2e-6 * np.abs(slope).max())


def _slopes(squares: Callable[..., np.ndarray], *rows: np.ndarray) -> list[np.ndarray]:
    """Slopes of a sum of squares by central differences, which are exact for these."""
    given, step = [one.astype(float) for one in rows], 0.5
    found = []
    for place, row in enumerate(given):
        sides = []
        for side in (step, -step):
            moved = row + side * np.eye(len(row))
            others = [[*given[:place], one, *given[place + 1 :]] for one in moved]
            sides.append(np.array([squares(*one).sum() for one in others]))
        found.append((sides[0] - sides[1]) / (2 * step))
    return found


WEIGHTED: dict[str, Callable[..., np.ndarray]] = {
    "y[i]*(a[i] - b[i])^2 + (1 - y[i])*(a[i] - b[i])^2/3": lambda a, b, c, y: (
        (y + (1 - y) / 3) * (a - b) ** 2
    ),
    "y[i]*(a[i] - c[i])^2 + (1 - y[i])*(b[i] - c[i])^2": lambda a, b, c, y: (
        y * (a - c) ** 2 + (1 - y) * (b - c) ** 2
    ),
    "(a[i] - b[i])^2 - 0.5*(a[i] - c[i])^2": lambda a, b, c, y: (a - b) ** 2 - 0.5 * (a - c) ** 2,
    "(y[i]*a[i] + (1 - y[i])*b[i] - b[i])^2 + (y[i]*(a[i] - b[i]) + (1 - y[i])*(b[i] - a[i]))^2": (
        lambda a, b, c, y: y * (a - b) ** 2 + (a - b) ** 2
    ),
    "(a[i] + b[i])^2 - (a[i] - b[i])^2": lambda a, b, c, y: 4 * a * b,
}


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (text, kind)
        for text in WEIGHTED
        for kind in ("binary", "probability")
        if kind == "binary" or "y[i]*a[i]" not in text  # its square is another between none and all
    ],
)
def test_squares_of_differences_stay_squares(text: str, kind: str, target: str) -> None:
    """Of weighted squares that are multiplied out what is left cancels: a mean of them was negative."""
    loss = f"loss f(a: real[N], b: real[N], c: real[N] | y: {kind}[N]) = mean[i]({text})"
    generator = np.random.default_rng(0)
    rows = (1e4 + generator.normal(size=(3, 50))).astype(np.float32)
    drawn = generator.random(50) if kind == "probability" else generator.integers(0, 2, 50)
    y = drawn.astype(np.float32)
    kernel = objc.compile(loss, target=target).f
    value, gradients = kernel.value_and_grad(*rows, y)
    assert value == pytest.approx(
        WEIGHTED[text](*rows.astype(float), y.astype(float)).mean(), rel=1e-6
    )
    slopes = _slopes(lambda *each: WEIGHTED[text](*each, y.astype(float)) / len(y), *rows)
    for found, slope in zip(gradients, slopes, strict=True):
        np.testing.assert_allclose(found, slope, atol=2e-6 * np.abs(slope).max())


EXTREMES = (
    "max[j](s[j] + (if j == y then 0 else 0.3)) - s[y]",
    "max(0, 0.3 + max[j | j != y](s[j]) - s[y])",
    "s[y] - min[j](s[j] + c[j])",
    "max(0, (max[j](c[j] + s[j]) - s[y])/0.3)",
    "(max[j](c[j] + s[j]) - s[y])^2",
)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("body", EXTREMES)
def test_a_margin_beside_an_extreme_keeps_its_digits(body: str, target: str) -> None:
    """Of large scores the greatest with its margin has the rounding of scores, and ties that there aren't."""
    text = f"loss f(s: real[K] | y: index(K), c: nonnegative[K]) = {body}"
    kernel, generator = objc.compile(text, target=target).f, np.random.default_rng(0)
    s = (1e6 + generator.normal(size=(50, 6))).astype(np.float32)
    y, c = generator.integers(0, 6, 50), generator.random((50, 6)).astype(np.float32)
    value, gradient = kernel.value_and_grad(s, y, c)
    exact, slope = kernel.value_and_grad(s - 1e6, y, c.astype(float))  # without a rounding
    assert value == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(gradient, slope, atol=1e-6)


@pytest.mark.parametrize("body", ["abs({})", "max(0, 0.7 - {})", "max(0, 0.7 - {})^2"])
def test_a_number_before_a_difference_of_keys(body: str) -> None:
    """Along their order as of every pair."""
    text = f"loss f(x: real[N]) = mean[i, j]({body.format('0.3*(x[i] - x[j])')})"
    kernel = objc.compile(text).f
    x = (1e6 + np.random.default_rng(0).normal(size=300)).astype(np.float32)
    apart = 0.3 * (x[:, None].astype(float) - x)
    powers = {"abs({})": np.abs(apart), "max(0, 0.7 - {})": np.maximum(0, 0.7 - apart)}
    exact = powers.get(body, np.maximum(0, 0.7 - apart) ** 2)
    assert kernel(x) == pytest.approx(exact.mean(), rel=1e-6)


def test_nothing_is_said_while_kernels_are_compiled(tmp_path: Path) -> None:
    """LLVM remarks on loops that it was told to vectorise and could not."""
    code = (
        "import pathlib, objc\nimport numpy as np\nfrom objc.library import accuracy, info_nce\n"
        "x = np.eye(4, dtype=np.float32)\n"
        "print(accuracy(x, np.arange(4)), accuracy.per_example(x, np.arange(4)).sum())\n"
        "info_nce.value_and_grad(x, x)\n"
        "kernel = objc.compile(pathlib.Path('crf.objc')).crf\n"
        "kernel.gradient(np.ones((2, 5, 4), np.float32), x, np.zeros((2, 5), int))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1] / "language",
        env={**os.environ, "OBJC_CACHE_DIR": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "1.0 4.0\n"
