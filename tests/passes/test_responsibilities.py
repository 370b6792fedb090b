"""Mixtures of normal distributions of which parts are narrow: the likelihood grows without bound as one
falls onto an example (Bishop 1994, 2006), and slopes are to be numbers on the way."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc

TEXTS = {
    "by logarithms": """loss mixture(z: real[K], m: real[K], v: real[K] | x: real) =
    -logsumexp[k](z[k] - logsumexp[j](z[j]) - ((x - m[k]) / exp(v[k]))^2 / 2 - v[k])
""",
    "by exponentials": """loss mixture(z: real[K], m: real[K], v: real[K] | x: real) =
    -log(sum[k](softmax(z)[k] * exp(-((x - m[k]) / exp(v[k]))^2 / 2) / exp(v[k])))
""",
    "by precisions": """loss mixture(z: real[K], m: real[K], v: real[K] | x: real) =
    -logsumexp[k](z[k] - logsumexp[j](z[j]) - (x - m[k])^2 * exp(-2 * v[k]) / 2 - v[k])
""",
}
TEXTS["with the constant"] = """loss mixture(z: real[K], m: real[K], v: real[K] | x: real) =
    -log(sum[k](softmax(z)[k] * exp(-(x - m[k])^2 / (2 * s[k]^2)) / (s[k] * sqrt(2 * pi))))
    where s[k] = exp(v[k])
"""
WEIGHTS, MEANS, PLACE = (0.0, 0.5), (0.125, 1.0), 0.75
WIDTHS = [(-2.0, -2.125), (-8.0, -8.125), (-10.0, -10.125), (-15.0, -15.125), (-20.0, 0.0), (-50.0, 0.0),
          (-95.0, 0.0), (0.5, -110.0)]  # fmt: skip


def _exact(widths: tuple[float, float]) -> tuple[list[float], list[float], list[float]]:
    """The gradient by weights, means and logarithms of widths, in 400 digits."""
    with mpmath.workdps(400):
        z, m, v = ([mpmath.mpf(one) for one in row] for row in (WEIGHTS, MEANS, widths))
        steps = [(PLACE - a) / mpmath.exp(b) for a, b in zip(m, v, strict=True)]
        parts = [mpmath.exp(a - u**2 / 2 - b) for a, u, b in zip(z, steps, v, strict=True)]
        shares = [one / sum(parts) for one in parts]
        priors = [mpmath.exp(one) / sum(map(mpmath.exp, z)) for one in z]
        return (
            [float(p - r) for p, r in zip(priors, shares, strict=True)],
            [float(-r * u / mpmath.exp(b)) for r, u, b in zip(shares, steps, v, strict=True)],
            [float(-r * (u**2 - 1)) for r, u in zip(shares, steps, strict=True)],
        )


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize("text", TEXTS)
def test_slopes_of_narrow_parts(text: str, target: str) -> None:
    """Exponents of 10¹² are rounded by a hundred thousand in float32; the parts that are compared are rounded
    alike."""
    kernel = objc.compile(TEXTS[text], target=target).mixture
    rows = [np.array([row] * len(WIDTHS), np.float32) for row in (WEIGHTS, MEANS)]
    widths = np.array(WIDTHS, np.float32)
    place = np.full(len(WIDTHS), PLACE, np.float32)
    _, found = kernel.value_and_grad(*rows, widths, place, reduction="sum")
    for n, row in enumerate(WIDTHS):
        for own, exact in zip(found, _exact(row), strict=True):
            size = max(map(abs, exact))
            np.testing.assert_allclose(own[n], exact, rtol=3e-5, atol=1e-6 * size, err_msg=str(row))


PLANES = {
    "diagonal": """loss mixture(z: real[K], m: real[K, D], v: real[K] | x: real[D]) =
    -logsumexp[k](log_softmax(z)[k] - sum[d](((x[d] - m[k, d]) / exp(v[k]))^2 / 2 + v[k]))
""",
    "spherical": """loss mixture(z: real[K], m: real[K, D], v: real[K] | x: real[D]) =
    -log(sum[k](softmax(z)[k] * exp(-sum[d]((x[d] - m[k, d])^2) / (2 * exp(v[k])^2)) / exp(v[k])^2))
""",
}


@pytest.mark.parametrize("text", PLANES)
def test_slopes_in_the_plane(text: str) -> None:
    """The same with a sum over coordinates: float32 beside float64, and that beside central differences where
    widths are moderate."""
    kernel = objc.compile(PLANES[text]).mixture
    places = np.array([[[0.125, 0.25], [1.0, 0.5]]] * len(WIDTHS))
    given = [
        np.array([WEIGHTS] * len(WIDTHS)),
        places,
        np.array(WIDTHS),
        np.full((len(WIDTHS), 2), PLACE),
    ]
    _, wide = kernel.value_and_grad(*given, reduction="sum")
    _, found = kernel.value_and_grad(*(one.astype(np.float32) for one in given), reduction="sum")
    for own, exact in zip(found, wide, strict=True):
        sizes = np.abs(exact).reshape(len(WIDTHS), -1).max(axis=1)
        errors = np.abs(own - exact).reshape(len(WIDTHS), -1).max(axis=1)
        assert np.all(errors <= 3e-5 * sizes)
    step = 1e-5
    for number, exact in enumerate(wide):
        for place in np.ndindex(exact[0].shape):
            ends = []
            for sign in (1, -1):
                moved = [one.copy() for one in given]
                moved[number][(0, *place)] += sign * step
                ends.append(kernel.per_example(*moved)[0])
            slope = (ends[0] - ends[1]) / (2 * step)
            assert exact[(0, *place)] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_slopes_far_out() -> None:
    """As textbooks have it, by widths: an example far from all is that of the widest part."""
    kernel = objc.compile("""loss mixture(z: real[K], m: real[K], s: positive[K] | x: real) =
    -log(sum[k](softmax(z)[k] * exp(-(x - m[k])^2 / (2 * s[k]^2)) / (s[k] * sqrt(2 * pi))))
""").mixture
    z, m, s = (np.array([row], np.float32) for row in ([0, 0.5, -0.5], [0, 1, 2], [1, 0.5, 0.25]))
    for far in (-300, -2000):
        _, slopes = kernel.value_and_grad(z, m, s, np.array([far], np.float32))
        priors = np.exp(z[0]) / np.exp(z[0]).sum()
        np.testing.assert_allclose(slopes.z[0], priors - [1, 0, 0], rtol=1e-6)
        np.testing.assert_allclose(slopes.m[0], [-far, 0, 0], rtol=1e-6)
        np.testing.assert_allclose(slopes.s[0], [1 - far**2, 0, 0], rtol=1e-6)
