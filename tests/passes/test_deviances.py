"""Deviances and their signed roots, near where they are zero and where their ratios leave the range."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc

NEAR = (
    1e-6,
    0.3,
    1 - 1e-3,
    1 - 1e-9,
    1 - 2.0**-53,
    1.0,
    1 + 2.0**-52,
    1 + 1e-9,
    1 + 1e-3,
    5.0,
    1e9,
)
ROOTS = {
    "x: positive": ("sqrt(2 * (x - log(x) - 1))",),
    "x: positive | y: nonnegative": ("sqrt(2 * (y * log(y / x) - y + x))",),
    "x: positive | y: positive": (
        "sqrt(2 * (-log(y / x) + (y - x) / x))", "sqrt(2 * (y / x - log(y / x) - 1))",
        "(y * (log(y) - log(x)) - y + x)^0.5", "sqrt(2 * w * (y * log(y / x) - y + x)); w: positive = 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "text"), [(inputs, text) for inputs, texts in ROOTS.items() for text in texts]
)
def test_roots_of_deviances(inputs: str, text: str) -> None:
    text, _, setting = text.partition("; ")
    kernel = objc.compile(
        f"loss form({inputs}{'; ' * bool(setting)}{setting}) = {text}", target="numpy"
    ).form
    x = np.array(NEAR)
    given = (x,) if "|" not in inputs else (x, np.ones_like(x))
    value, slope = kernel.per_example(*given), kernel.gradient(*given) * len(x)
    for place, at in enumerate(NEAR):
        with mpmath.workdps(60):
            form = _form(text)
            exact = form(mpmath.mpf(at))
            by = (
                mpmath.mpf(0)
                if at == 1
                else mpmath.diff(form, mpmath.mpf(at), h=mpmath.mpf(10) ** -30)
            )
            assert abs(value[place] - exact) <= 1e-13 * exact
            assert abs(slope[place] - by) <= 1e-12 * abs(by), (at, slope[place], by)


def _form(text: str):  # type: ignore[no-untyped-def]
    text = text.replace("^0.5", "**mpf('0.5')").replace("2 * w", "2")
    scope = {"sqrt": mpmath.sqrt, "log": mpmath.log, "mpf": mpmath.mpf, "y": mpmath.mpf(1)}
    return lambda x: eval(text, {**scope, "x": x})


SIMPLEX = "q: simplex[K] | p: simplex[K]"
DIVERGENCES = (
    (SIMPLEX, "sqrt(sum[k](p[k] * log(p[k] / q[k])))"),
    (SIMPLEX, "sqrt((sum[k](p[k] * log(p[k] / m[k])) + sum[k](q[k] * log(q[k] / m[k]))) / 2)\n"
              "    where m[k] = (p[k] + q[k]) / 2"),
    ("q: positive[K] | p: nonnegative[K]", "sqrt(sum[k](p[k] * log(p[k] / q[k]) - p[k] + q[k]))"),
)  # fmt: skip


@pytest.mark.parametrize(("inputs", "text"), DIVERGENCES)
def test_roots_of_divergences(inputs: str, text: str) -> None:
    """At the root, and along a direction in the simplex beside it, where it is a distance."""
    kernel = objc.compile(f"loss form({inputs}) =\n    {text}\n", target="numpy").form
    p = np.array([[0.25, 0.75], [0.25, 0.75]])
    q = p + np.array([[0.0, 0.0], [2.0**-30, -(2.0**-30)]])
    value, slope = kernel.per_example(q, p), kernel.gradient(q, p) * 2
    assert value[0] == 0 and not slope[0].any()
    along = slope[1] @ np.array([1.0, -1.0])
    assert along == pytest.approx(value[1] * 2.0**30, rel=1e-6)


def test_a_root_at_the_edge_of_a_domain_has_an_infinite_slope() -> None:
    kernel = objc.compile("loss form(x: nonnegative) = sqrt(x + x^2)", target="numpy").form
    assert kernel.gradient(np.zeros(1))[0] == np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("domain", ["positive", "real"])
def test_ratios_that_leave_the_range(dtype: str, domain: str) -> None:
    """u − log u − 1 of a square that is infinite, or nothing, is never no number."""
    source = f"loss form(x: {domain}, y: {domain}) = x^2/y^2 - log(x^2/y^2) - 1"
    kernel = objc.compile(source, target="numpy").form
    far = 1e25 if dtype == "float32" else 1e200
    near = np.dtype(dtype).type(3) * np.array([1 + 1e-6, 1 - 1e-3, 1.125], dtype)
    x = np.array([far, 1 / far, 3, far, 1, *near], dtype)
    y = np.array([1, 1, 3, far, far, 3, 3, 3], dtype)
    value = kernel.per_example(x, y)
    with mpmath.workdps(500):
        u = [(mpmath.mpf(float(a)) / mpmath.mpf(float(b))) ** 2 for a, b in zip(x, y, strict=True)]
        exact = np.array([float(one - mpmath.log(one) - 1) for one in u])
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(value, exact.astype(dtype), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    "text", ["y * log(y / m) - y + m", "y * log(y) - y * eta - y + m", "m - y - y * (eta - log(y))"]
)
def test_deviances_by_the_logarithm_of_a_rate(text: str) -> None:
    """Right to what the rounding of the logarithm changes, and at a count of zero."""
    source = f"loss form(eta: real | y: nonnegative) =\n    {text}\n    where m = exp(eta)\n"
    kernel = objc.compile(source, target="numpy").form
    eta, y = np.array([1e-6, -1e-3, 1e-9, 1.0]), np.array([1.0, 1.0, 1.0, 0.0])
    exact = [t**2 / 2 + t**3 / 6 + t**4 / 24 for t in eta[:3]] + [np.e]
    np.testing.assert_allclose(kernel.per_example(eta, y), exact, rtol=1e-7)


COUNTS = (
    "y * log(y / (n * p)) + (n - y) * log((n - y) / (n * (1 - p)))",
    "n * (y / n * log(y / n / p) + (1 - y / n) * log((1 - y / n) / (1 - p)))",
    "y * (log(y) - log(n) - log(p)) + (n - y) * (log(n - y) - log(n) - log(1 - p))",
)


@pytest.mark.parametrize("text", COUNTS)
def test_binomial_deviances_of_counts(text: str) -> None:
    """Value and slope are right beside the zero, to a rounding of the logit; the root is a number there."""
    source = f"""loss f(z: real | n: count, y: count(n)) = 2 * ({text})
            where p = sigmoid(z)
        loss r(z: real | n: count, y: count(n)) = sign(y - n * p) * sqrt(2 * ({text}))
            where p = sigmoid(z)
    """
    module = objc.compile(source, target="numpy")
    for dtype in (np.float32, np.float64):
        for y, n in ((3, 10), (300, 1000), (999, 1000), (0, 7), (7, 7)):
            logit = np.log((y + 0.01) / (n - y + 0.01)) if y in (0, n) else np.log(y / (n - y))
            for apart in (0.0, 1e-7, -1e-4, 0.02, -3.0):
                z = dtype(logit + apart)
                given = {"n": dtype(n), "y": dtype(y)}
                value, slope = module.f.value_and_grad(z, **given)
                root, along = module.r.value_and_grad(z, **given)
                with mpmath.workdps(60):
                    true = _deviance(z, y, n)
                    p = 1 / (1 + mpmath.exp(-mpmath.mpf(float(z))))
                    rounding = 4 * np.finfo(dtype).eps * (1 + abs(float(z)))
                    near = abs(mpmath.mpf(n) * p - y)
                    assert abs(value - true) <= 4 * rounding * (true + near + n * rounding)
                    assert abs(slope - 2 * (n * p - y)) <= 4 * rounding * (near + n * p * (1 - p))
                    assert abs(abs(root) - mpmath.sqrt(true)) <= 8 * rounding * (
                        mpmath.sqrt(true) + mpmath.sqrt(n)
                    )
                    is_apart = near > rounding * n
                    assert not is_apart or np.sign(root) == np.sign(float(y - n * p))
                    assert np.isfinite(along)


def _deviance(z: np.floating, y: int, n: int) -> mpmath.mpf:
    p = 1 / (1 + mpmath.exp(-mpmath.mpf(float(z))))
    sides = ((mpmath.mpf(y), n * p), (mpmath.mpf(n - y), n * (1 - p)))
    return 2 * sum(count * mpmath.log(count / mean) for count, mean in sides if count != 0)
