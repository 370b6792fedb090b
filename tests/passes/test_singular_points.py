"""Branches, seams, kinks and singular points: the value, and the limit of the gradient or the documented
subgradient; infinite only where the mathematics is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc

INF = np.inf
E = np.e
LOG2 = np.log(2.0)

# name: (signature, text, inputs, value, gradient, diagonal of the Hessian or None where it has none)
POINTS: dict[str, tuple[str, str, dict[str, Any], float, Any, Any]] = {
    "norm at zero": ("x: real[D]", "norm(x)", {"x": [0, 0, 0]}, 0, [0, 0, 0], [0, 0, 0]),
    "root of a sum of squares at zero": (
        "x: real[D]", "sqrt(sum[d](x[d]^2))", {"x": [0, 0]}, 0, [0, 0], [0, 0]),
    "weighted norm at zero": (
        "x: real[D]", "3 * sqrt(sum[d](4 * x[d]^2)) + x[0]", {"x": [0, 0]}, 0, [1, 0], [0, 0]),
    "distance of equal points": (
        "x: real[D] | y: real[D]", "sqrt(sum[d]((x[d] - y[d])^2))",
        {"x": [1e8, -3], "y": [1e8, -3]}, 0, [0, 0], [0, 0]),
    "hypotenuse at zero": ("a: real | b: real", "sqrt(a^2 + b^2)", {"a": 0, "b": 0}, 0, 0, 0),
    "length that is nowhere zero": (
        "x: real[D]", "sqrt(sum[d](x[d]^2) + 1)", {"x": [0, 0]}, 1, [0, 0], [1, 1]),
    "lengths that are nowhere zero": (
        "x: real[D]", "3 * sqrt(mean[d](x[d]^2) + 4) + sqrt(norm(x)^2 + 1)",
        {"x": [0, 0, 0]}, 7, [0, 0, 0], [1.5, 1.5, 1.5]),
    "smooth functions of a length": (
        "x: real[D]", "log(cosh(norm(x) / 2)) + norm(x) - log(1 + norm(x)) + 1 - cos(norm(x))",
        {"x": [0, 0, 0]}, 0, [0, 0, 0], [2.25, 2.25, 2.25]),
    "norm of one": ("x: real[D]", "norm(x)", {"x": [0, -2]}, 2, [0, -1], [0.5, 0]),
    "cosine of a zero vector": (
        "a: real[D] | b: real[D]", "cosine(a, b)", {"a": [0, 0], "b": [1, 2]}, 0, [0, 0], [0, 0]),
    "cosine of products with one, at zero": (
        "x: real[D] | y: real[D]", "cosine(w, y)\n    where w[d] = x[d] * y[d]",
        {"x": [0, 0], "y": [1, 2]}, 0, [0, 0], [0, 0]),
    "cosine of products with one that is zero": (
        "x: real[D] | y: real[D]", "cosine(w, y)\n    where w[d] = x[d] * y[d]",
        {"x": [1, 2], "y": [0, 0]}, 0, [0, 0], [0, 0]),
    "cosine of products with squares, at zero": (
        "x: real[D] | y: real[D]", "cosine(w, v)\n    where w[d] = x[d] * y[d]\n          v[d] = y[d]^2",
        {"x": [0, 0], "y": [1, 2]}, 0, [0, 0], [0, 0]),
    "cosine with a zero vector": (
        "a: real[D] | b: real[D]", "cosine(a, b)", {"a": [1, 2], "b": [0, 0]}, 0, [0, 0], [0, 0]),
    "cosine by hand": (
        "a: real[D] | b: real[D]",
        "sum[d](a[d] * b[d]) / (sqrt(sum[d](a[d]^2)) * sqrt(sum[d](b[d]^2)))",
        {"a": [0, 0], "b": [0, 0]}, 0, [0, 0], [0, 0]),
    "cosine of multiples of a zero vector": (
        "a: real[D] | b: real[D]", "cosine(c, b)\n    where c[d] = 2 * a[d] / (1 + b[d]^2)",
        {"a": [0, 0], "b": [1, 2]}, 0, [0, 0], [0, 0]),
    "direction of zero by cases": (
        "x: real[D]",
        "sum[d]((normalize(y)[d] - x[d])^2)\n    where y[d] = if d == 0 then x[d] else 3 * x[d]",
        {"x": [0, 0]}, 0, [0, 0], None),
    "direction of zero": ("x: real[D]", "sum[d](normalize(x)[d])", {"x": [0, 0]}, 0, [0, 0], [0, 0]),
    "cross-entropy of a certain probability and a soft target": (
        "p: probability | t: probability", "-t * log(p) - (1 - t) * log(1 - p)", {"p": 1, "t": 0.25},
        INF, INF, INF),
    "x log x": ("x: nonnegative", "x * log(x)", {"x": 0}, 0, -INF, INF),
    "x^2 log x": ("x: nonnegative", "x^2 * log(x)", {"x": 0}, 0, 0, -INF),
    "binary entropy at 0": (
        "p: probability", "-p * log(p) - (1 - p) * log(1 - p)", {"p": 0}, 0, INF, -INF),
    "binary entropy at 1": (
        "p: probability", "-p * log(p) - (1 - p) * log(1 - p)", {"p": 1}, 0, -INF, -INF),
    "divergence, p zero at a corner": (
        "q: simplex[K] | p: simplex[K]", "sum[k](p[k] * log(p[k] / q[k]))",
        {"q": [0.5, 0.5, 0], "p": [1, 0, 0]}, LOG2, [-2, 0, 0], [4, 0, 0]),
    "divergence, q zero where p is not": (
        "q: simplex[K] | p: simplex[K]", "sum[k](p[k] * log(p[k] / q[k]))",
        {"q": [1, 0], "p": [0.5, 0.5]}, INF, [-0.5, -INF], [0.5, INF]),
    "reverse divergence, q zero": (
        "q: simplex[K] | p: simplex[K]", "sum[k](q[k] * log(q[k] / p[k]))",
        {"q": [1, 0], "p": [0.5, 0.5]}, LOG2, [1 + LOG2, -INF], [1, INF]),
    "soft targets with a zero": (
        "z: real[K] | p: simplex[K]", "-sum[k](p[k] * log(softmax(z)[k]))",
        {"z": [0, 0], "p": [1, 0]}, LOG2, [-0.5, 0.5], [0.25, 0.25]),
    "abs(x)^1.5": ("x: real", "abs(x)^1.5", {"x": 0}, 0, 0, INF),
    "abs(x)^3": ("x: real", "abs(x)^3", {"x": 0}, 0, 0, 0),
    "abs(x)^p with p = 2": ("x: real | p: positive", "abs(x)^p", {"x": 0, "p": 2}, 0, 0, 2),
    "abs(2*x)^(2*q) with q = 1": (
        "x: real | q: positive", "abs(2*x)^(2*q)", {"x": 0, "q": 1}, 0, 0, 8),
    "abs(x - t)^(q + 1) with q = 1": (
        "x: real | t: real, q: nonnegative", "abs(x - t)^(q + 1)",
        {"x": 3, "t": 3, "q": 1}, 0, 0, 2),
    "sign(x)^2*abs(x)^n with n = 0": (
        "x: real | n: nonnegative", "sign(x)^2*abs(x)^n", {"x": 0, "n": 0}, 0, 0, 0),
    "abs(x)^p with p = 1": ("x: real | p: positive", "abs(x)^p", {"x": 0, "p": 1}, 0, 0, 0),
    "abs(x)^p with p = 3": ("x: real | p: positive", "abs(x)^p", {"x": 0, "p": 3}, 0, 0, 0),
    "root of absolute values": (
        "x: real[D] | y: real[D]", "sqrt(mean[d](abs(x[d] - y[d])))", {"x": [3, 0], "y": [3, 0]},
        0, [0, 0], [0, 0]),
    "power of a sum of squares": (
        "x: real[D] | w: nonnegative[D]", "sum[d](w[d] * x[d]^2)^0.3", {"x": [0, 2], "w": [1, 0]},
        0, [0, 0], [0, 0]),
    "root of a length": ("x: real[D]", "norm(x)^0.5", {"x": [0, 0]}, 0, [0, 0], [0, 0]),
    "root of a logarithm": (
        "x: real | y: real", "sqrt(log(1 + (x - y)^2))", {"x": 1e3, "y": 1e3}, 0, 0, None),
    "root of the largest": (
        "x: real[D]", "sqrt(max[d](abs(x[d])))", {"x": [0, 0]}, 0, [0, 0], [0, 0]),
    "roots in steps": (
        "x: real[T]", "s[T - 1]\n    where s[0] = abs(x[0])\n          s[t] = sqrt(s[t-1] + x[t]^2)",
        {"x": [0, 0, 0]}, 0, [0, 0, 0], None),
    "roots in steps that are added to": (
        "x: real[T]", "s[T - 1]\n    where s[0] = x[0]\n          s[t] = sqrt(abs(s[t-1])) + x[t]",
        {"x": [0, 0, 0]}, 0, [0, 0, 1], None),
    "root of one times what is positive": (
        "x: real, z: real | y: real", "sqrt(softplus(x) * abs(z - y))", {"x": 0, "z": 1, "y": 1},
        0, (0, 0), (0, 0)),
    "square root of a sum at 0": (
        "x: nonnegative[D]", "sqrt(sum[d](x[d]))", {"x": [0, 0]}, 0, [INF, INF], [-INF, -INF]),
    "acos at 1": ("x: interval(-1, 1)", "acos(x)", {"x": 1}, 0, -INF, -INF),
    "acos at -1": ("x: interval(-1, 1)", "acos(x)", {"x": -1}, np.pi, -INF, INF),
    "asin at 1": ("x: interval(-1, 1)", "asin(x)", {"x": 1}, np.pi / 2, INF, INF),
    "clipped acos beyond 1": ("x: real", "acos(clip(x, -1, 1))", {"x": 1.5}, 0, 0, 0),
    "square root at 0": ("x: nonnegative", "sqrt(x)", {"x": 0}, 0, INF, -INF),
    "kink of abs": ("x: real", "abs(x)", {"x": 0}, 0, 0, 0),
    "kink of a hinge": ("x: real", "max(0, 1 - x)", {"x": 1}, 0, 0, 0),
    "kink of a squared hinge": ("x: real", "max(0, 1 - x)^2", {"x": 1}, 0, 0, 0),
    "tie of two": ("x: real, y: real", "max(x, y)", {"x": 1, "y": 1}, 1, (1, 0), (0, 0)),
    "tie in a row": ("x: real[K]", "max[k](x[k])", {"x": [2, 2, 1]}, 2, [1, 0, 0], [0, 0, 0]),
    "tie in a row, least": ("x: real[K]", "min[k](x[k])", {"x": [2, 1, 1]}, 1, [0, 1, 0], [0, 0, 0]),
    "seam of a Huber loss": (
        "x: real", "if abs(x) <= 1 then x^2 / 2 else abs(x) - 0.5", {"x": 1}, 0.5, 1, 1),
    "seam from the other side": (
        "x: real", "if abs(x) < 1 then x^2 / 2 else abs(x) - 0.5", {"x": -1}, 0.5, -1, 0),
    "logarithm not taken": ("x: real", "if x > 0 then log(x) else 0", {"x": 0}, 0, 0, 0),
    "logarithm of a negative not taken": (
        "x: real", "if x > 0 then log(x) else -x", {"x": -2}, 2, -1, 0),
    "root not taken": ("x: real", "if x > 0 then sqrt(x) else x", {"x": 0}, 0, 1, 0),
    "reciprocal not taken": ("x: real", "if x == 0 then 1 else sin(x) / x", {"x": 0}, 1, 0, None),
    "exponential not taken": (
        "x: real", "if x < 10 then exp(x) else x", {"x": 1e4}, 1e4, 1, 0),
    "power not taken": ("x: real", "if x > 1 then (x - 1)^0.5 else 3 * x", {"x": 1}, 3, 3, 0),
    "nested": (
        "x: real", "if x > 0 then (if x > 1 then log(x - 1) else x) else 1 / x", {"x": 1}, 1, 1, 0),
    "both conditions": (
        "x: real | y: real", "if x > 0 and y > 0 then log(x) * log(y) else x * y",
        {"x": 0, "y": 3}, 0, 3, 0),
    "through a definition": (
        "x: real", "if x > 0 then l else 0\n    where l = log(x)^2 + sqrt(x)", {"x": 0}, 0, 0, 0),
    "in a sum": (
        "x: real[K]", "sum[k](if x[k] > 0 then log(x[k]) else 0)",
        {"x": [E, 0, -1]}, 1, [1 / E, 0, 0], [-1 / E**2, 0, 0]),
    "guarded": (
        "x: real[K]", "sum[k | x[k] > 0](1 / x[k])", {"x": [2, 0, -1]}, 0.5, [-0.25, 0, 0],
        [0.25, 0, 0]),
    "Iverson's bracket": ("x: real", "[x < 10] * exp(x) + x", {"x": 1e4}, 1e4, 1, 0),
    "a place before the first": (
        "z: real[K] | y: count", "if y > 0 then -log(softmax(z)[y - 1]) else z[0]",
        {"z": [0.5, 0], "y": 0}, 0.5, [1, 0], [0, 0]),
}  # fmt: skip


def _kernel(name: str, target: str) -> tuple[Any, dict[str, Any]]:
    signature, text, inputs, *_ = POINTS[name]
    kernel = objc.compile(f"loss form({signature}) =\n    {text}\n", target=target).form
    integers = {one.name for one in kernel.program.inputs if one.domain.is_integer}
    given = {
        key: np.array([value], np.int64 if key in integers else np.float64)
        for key, value in inputs.items()
    }
    return kernel, given


@pytest.mark.parametrize("name", POINTS)
def test_at_point(name: str) -> None:
    kernel, given = _kernel(name, "numpy")
    *_, value, slope, second = POINTS[name]
    with np.errstate(all="ignore"):
        _is(kernel.per_example(**given), value)
        _is(kernel.gradient(**given), slope)
        if second is not None:
            _is(kernel.hessian_diagonal(**given), second)


COMPILED = (
    "norm at zero", "cosine of a zero vector", "divergence, p zero at a corner", "abs(x)^1.5",
    "tie in a row", "in a sum", "a place before the first",
)  # fmt: skip


@pytest.mark.parametrize("name", COMPILED)
def test_at_point_compiled(name: str) -> None:
    kernel, given = _kernel(name, "cpu")
    given = {
        key: one.astype(np.float32) if one.dtype == np.float64 else one
        for key, one in given.items()
    }
    *_, value, slope, second = POINTS[name]
    _is(kernel.per_example(**given), value, 1e-6)
    _is(kernel.gradient(**given), slope, 1e-6)
    _is(kernel.hessian_diagonal(**given), second, 1e-6)


def _is(found: Any, expected: Any, tolerance: float = 1e-14) -> None:
    pairs = (
        zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
    )
    for one, other in pairs:
        np.testing.assert_allclose(one[0], other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_what_is_not_taken_contributes_exactly_nothing(target: str) -> None:
    """Not a small number, not -0 times infinity: the gradient of the rest, bit by bit."""
    both = objc.compile(
        "loss plain(x: real[K] |) = sum[k](x[k]^2 / 2)\n"
        "loss branched(x: real[K] |) =\n"
        "    sum[k](x[k]^2 / 2 + (if x[k] > 1e9 then log(x[k] - 1e9) / x[k] else 0))\n",
        target=target,
    )
    x = np.random.default_rng(0).normal(size=(7, 5)) * 10
    x[0, 0], x[1, 1] = 0.0, 1e9
    for result in ("per_example", "gradient", "hessian_diagonal"):
        found, expected = (getattr(one, result)(x) for one in (both.branched, both.plain))
        np.testing.assert_array_equal(found, expected)


IMPOSSIBLE = """
loss states(z: real[T] | b: binary[S]) = -logsumexp[s](a[T-1, s])
    where a[0, s] = if s == 0 then z[0] else -inf
          a[t, s] = z[t] * s + (
              if s > 0 and b[s] == 1 then log(exp(a[t-1, s]) + exp(a[t-1, s-1])) else a[t-1, s]
          )
loss either(x: real) = log(exp(u) + exp(v)) + x
    where u = if x > 0 then x else -inf
          v = if x > 1 then x else -inf
"""


def test_the_sum_of_what_is_impossible_is_impossible() -> None:
    """log(exp a + exp b) with −∞ for both, as of states that nothing leads to yet."""
    module = objc.compile(IMPOSSIBLE)
    b = np.array([0.0, 1, 1])

    def states(z: Any) -> Any:
        a = np.array([z[0], -np.inf, -np.inf])
        for t in range(1, len(z)):
            joined = [np.logaddexp(a[s], a[s - 1]) if s and b[s] else a[s] for s in range(3)]
            a = np.array([z[t] * s for s in range(3)]) + joined
        return -np.logaddexp.reduce(a)

    z = np.array([0.1, 0.2, 0.3, -0.4])
    found, gradient = module.states.value_and_grad(z, b)
    assert found == pytest.approx(states(z), rel=1e-14)
    steps = 1e-6 * np.eye(4)
    slopes = [(states(z + step) - states(z - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-8)
    assert np.isfinite(module.states.hessian_diagonal(z, b)).all()
    assert module.either(-1.0) == -np.inf
    assert module.either(0.5) == pytest.approx(1.0)
    assert module.either(2.0) == pytest.approx(4 + np.log(2))


EXTREMES = """
loss largest(x: real[N], w: real[N] | key: real[N], at: index(N)[N]) =
    sum[i](w[i] * max[j | key[j] < key[i]](x[at[j]]^2))
loss least(x: real[N], w: real[N] | key: real[N], at: index(N)[N]) =
    -sum[i](w[i] * min[j | key[j] < key[i]](-x[at[j]]^2))
"""


@pytest.mark.parametrize("count", [5, 100])
@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_an_extreme_over_nothing_is_infinite_and_moved_by_nothing(target: str, count: int) -> None:
    """Nothing is below the least key, nor below one that is no number."""
    module = objc.compile(EXTREMES, target=target)
    generator = np.random.default_rng(count)
    x, w = generator.normal(size=(2, count))
    key, at = generator.permutation(count).astype(float), generator.integers(count, size=count)
    key[3] = np.nan
    w[[3, np.nanargmin(key)]] = np.abs(w[[3, np.nanargmin(key)]])
    largest, slope, curve = np.full(count, -np.inf), np.zeros(count), np.zeros(count)
    for i in range(count):
        (below,) = np.nonzero(key < key[i])
        if below.size:
            chosen = at[below[np.argmax(x[at[below]] ** 2)]]
            largest[i] = x[chosen] ** 2
            slope[chosen] += 2 * w[i] * x[chosen]
            curve[chosen] += 2 * w[i]
    for kernel in (module.largest, module.least):
        value, gradient = kernel.value_and_grad(x, w, key, at)
        assert value == -np.inf
        np.testing.assert_allclose(gradient.x, slope, atol=1e-13)
        np.testing.assert_allclose(gradient.w, largest, rtol=1e-13)
        np.testing.assert_allclose(kernel.hessian_diagonal(x, w, key, at).x, curve, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("smooth", ["", " + 1"])
def test_a_power_below_one_of_an_overlap_that_is_full(smooth: str, dtype: str) -> None:
    """Focal Tversky (Abraham and Khan 2019): where what is missed has underflowed, nothing is learned."""
    kernel = objc.compile(f"""
loss overlap(z: real[N] | y: binary[N]) =
    (1 - (hit{smooth}) / (hit + 0.7 * missed + 0.3 * wrong{smooth}))^0.75
    where p[n] = sigmoid(z[n])
          hit = sum[n](p[n] * y[n])
          missed = sum[n]((1 - p[n]) * y[n])
          wrong = sum[n](p[n] * (1 - y[n]))
""").overlap
    z, y = np.array([[1000, -1000, 2000], [2, -1, 3]], dtype), np.array([[1, 0, 1]] * 2)
    value, slope = kernel.value_and_grad(z, y, reduction="sum")
    assert np.array_equal(slope[0], np.zeros(3))
    given = z[1].astype(float)

    def index(moved: Any) -> Any:
        p, more = 1 / (1 + np.exp(-moved)), len(smooth) > 0
        hit, missed, wrong = p @ y[1], (1 - p) @ y[1], p @ (1 - y[1])
        return (1 - (hit + more) / (hit + 0.7 * missed + 0.3 * wrong + more)) ** 0.75

    assert value == pytest.approx(index(given), rel=1e-6)
    steps = 1e-6 * np.eye(3)
    exact = [(index(given + step) - index(given - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(slope[1], exact, rtol=1e-5)
