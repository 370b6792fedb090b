"""Likelihoods whose inputs lean on each other, as papers write them, beside SciPy's distributions and
PyTorch's derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats
import torch

import objc
from objc.errors import ObjcError

from .naive_domains import BETA_BINOMIAL, CENSORED

N = 64
TEXT = f"""
loss beta_binomial(a: positive, b: positive | hits: count(trials), trials: count) =
    {BETA_BINOMIAL}

loss ordinal(score: real, theta: ordered[K] | label: count(K)) =
    if label == 0 then -log(sigmoid(theta[0] - score))
    else if label == K then -log(1 - sigmoid(theta[K-1] - score))
    else -log(sigmoid(theta[label] - score) - sigmoid(theta[label-1] - score))

loss censored(m: real, s: positive | low: real, high: interval(low, inf)) = -log({CENSORED})

loss truncated(m: real, s: positive | x: interval(low, high), low: real, high: real) =
    (x - m)^2 / (2 * s^2) + log(s * sqrt(2 * pi)) + log({CENSORED})

loss left_truncated(m: real, s: positive | x: interval(entry, inf), entry: real) =
    (x - m)^2 / (2 * s^2) + log(s * sqrt(2 * pi)) + log((1 - erf((entry - m) / (s * sqrt(2)))) / 2)

loss spacings(q: ordered[K]) = -sum[k | k > 0](log(q[k] - q[k-1]))
"""
MODULES = {target: objc.compile(TEXT, target=target) for target in ("numpy", "cpu")}


def counts() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    trials = generator.integers(0, 40, N)
    return {"hits": generator.integers(0, trials + 1), "trials": trials}


def bounds() -> tuple[Any, Any]:
    generator = np.random.default_rng(1)
    low = generator.normal(size=N)
    return low, low + generator.gamma(2.0, 0.7, N)


@pytest.mark.parametrize("target", MODULES)
def test_values_are_those_of_scipy(target: str) -> None:
    module, given = MODULES[target], counts()
    expected = -scipy.stats.betabinom.logpmf(given["hits"], given["trials"], 1.7, 0.6)
    found = module.beta_binomial.per_example(1.7, 0.6, **given)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    low, high = bounds()
    m, s = 0.4, 1.3
    normal = scipy.stats.norm(m, s)
    found = module.censored.per_example(m, s, low, high)
    np.testing.assert_allclose(found, -np.log(normal.cdf(high) - normal.cdf(low)), rtol=1e-9)
    x = low + 0.3 * (high - low)
    between = scipy.stats.truncnorm((low - m) / s, (high - m) / s, m, s)
    found = module.truncated.per_example(m, s, x, low, high)
    np.testing.assert_allclose(found, -between.logpdf(x), rtol=1e-9, atol=1e-10)
    above = scipy.stats.truncnorm((low - m) / s, np.inf, m, s)
    found = module.left_truncated.per_example(m, s, x, low)
    np.testing.assert_allclose(found, -above.logpdf(x), rtol=1e-9, atol=1e-10)


def ordinal_of(score: Any, theta: Any, label: Any) -> Any:
    ends = torch.cat([torch.full((1,), -torch.inf), theta, torch.full((1,), torch.inf)])
    parts = torch.sigmoid(ends[label + 1] - score) - torch.sigmoid(ends[label] - score)
    return -torch.log(parts).mean()


def spacings_of(q: Any) -> Any:
    return -torch.log(torch.diff(q)).sum()


def beta_binomial_of(a: Any, b: Any, hits: Any, trials: Any) -> Any:
    hits, trials = hits.double(), trials.double()
    gamma, beta = torch.lgamma, lambda x, y: torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)
    ways = gamma(trials + 1.0) - gamma(hits + 1.0) - gamma(trials - hits + 1.0)
    return -(ways + beta(hits + a, trials - hits + b) - beta(a, b)).mean()


def censored_of(m: Any, s: Any, low: Any, high: Any) -> Any:
    normal = torch.distributions.Normal(m, s)
    return -torch.log(normal.cdf(high) - normal.cdf(low)).mean()


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "beta_binomial": (beta_binomial_of, (1.7, 0.6), tuple(counts().values())),
    "ordinal": (ordinal_of, (0.3, np.array([-1.0, 0.2, 2.5])), (np.arange(N) % 4,)),
    "censored": (censored_of, (0.4, 1.3), bounds()),
    "spacings": (spacings_of, (np.array([-1.0, 0.2, 2.5, 2.75]),), ()),
}


@pytest.mark.parametrize(
    ("target", "name"),
    [(target, name) for target in MODULES for name in CASES],
)
@pytest.mark.share(1 / 2)
def test_derivatives_are_those_of_pytorch(name: str, target: str) -> None:
    """Value, gradient and Hessian product."""
    of, moving, data = CASES[name]
    kernel = getattr(MODULES[target], name)
    at = [torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in moving]
    rest = [torch.as_tensor(one) for one in data]
    value = of(*at, *rest)
    slopes = torch.autograd.grad(value, at, create_graph=True)
    generator = np.random.default_rng(2)
    along = [generator.normal(size=np.shape(one)) for one in moving]
    tangent = sum((g * torch.as_tensor(v)).sum() for g, v in zip(slopes, along, strict=True))
    bends = torch.autograd.grad(tangent, at)
    found, gradient = kernel.value_and_grad(*moving, *data)
    np.testing.assert_allclose(found, value.item(), rtol=1e-12)
    names = [one.name for one in kernel.program.differentiable]
    vector = dict(zip(names, along, strict=True)) if len(names) > 1 else along[0]
    product = kernel.hessian_vector_product(*moving, *data, vector=vector)
    for one, slope, bend in zip(names, slopes, bends, strict=True):
        several = len(names) > 1
        np.testing.assert_allclose(
            getattr(gradient, one) if several else gradient, slope.detach().numpy(), rtol=1e-10
        )
        np.testing.assert_allclose(
            getattr(product, one) if several else product, bend.numpy(), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("target", MODULES)
def test_checked_values_are_the_same(target: str) -> None:
    given = counts()
    kernel = MODULES[target].beta_binomial
    assert kernel(1.7, 0.6, **given, check=True) == kernel(1.7, 0.6, **given)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (
            "b: positive | hits: count, trials: count) = lgamma(trials - hits + b)",
            "hits: count(trials)",
        ),
        ("b: positive | y: nonnegative, n: count) = lgamma(n - y + b)", "y: interval(0, n)"),
        (
            "b: real | u: real[K], l: real[K]) = sum[k](log(u[k] - l[k])) + b",
            "u: interval(l, inf)[K]",
        ),
        ("a: real, b: real) = 1 / (b - a)", "b: interval(a, inf)"),
        ("q: real[K]) = sum[k | k > 0](log(q[k] - q[k-1]))", "q: ordered[K]"),
        ("q: real[K]) = sum[i, j | i < j](sqrt(q[j] - q[i]))", "q: ordered[K]"),
        ("b: real | y: real) = log(b - y)", None),  # data do not lean on what is learned through
        ("b: real | y: real, z: real) = log(y - z^2) + b", None),
        ("b: real | y: real, z: real) = log(2 * y - z) + b", None),
    ],
)
def test_what_is_missing_is_named(text: str, mended: str | None) -> None:
    with pytest.raises(ObjcError) as caught:
        objc.compile(f"loss f({text}").f  # noqa: B018
    said = str(caught.value)
    assert "error[E025" in said
    assert ("if that is meant, declare" in said) == (mended is not None)
    assert mended is None or f"declare `{mended}`" in said


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("scale", [1e6, 1e10, 1e15])
def test_intervals_far_below_the_scale_keep_their_curvature(scale: float, dtype: str) -> None:
    """Its parts are quotients of tenth powers of the scale, which leave the range of float32."""
    kernel = objc.compile(TEXT, target="numpy").censored
    m, s, low, high = (np.dtype(dtype).type(one) for one in (0.0, scale, 2e6, 2e6 + 1))

    def loss(m: Any, s: Any) -> Any:
        ends = (mpmath.ncdf((one - m) / s) for one in (int(high), int(low)))
        return -mpmath.log(next(ends) - next(ends))

    with mpmath.workdps(120):
        place = mpmath.mpf(0), mpmath.mpf(float(s))
        curved = [mpmath.diff(loss, place, n, h=place[1] / 10**20) for n in ((2, 0), (0, 2))]
        expected = [float(one) for one in curved]
    found = kernel.hessian_diagonal(m, s, low, high)
    np.testing.assert_allclose([found.m, found.s], expected, rtol=1e-6 if dtype == "f4" else 1e-13)


@pytest.mark.parametrize("target", MODULES)
def test_nothing_is_learned_of_what_may_be_anything(target: str) -> None:
    """An interval without an end has probability one, whatever the distribution is."""
    kernel = MODULES[target].censored
    for low, high in ((-np.inf, np.inf), (-60.0, np.inf), (-60.0, 70.0)):
        assert kernel(0.5, 1.0, low, high) == 0
        assert kernel.gradient(0.5, 1.0, low, high) == (0, 0)
        assert kernel.hessian_diagonal(0.5, 1.0, low, high) == (0, 0)
