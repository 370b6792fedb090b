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


def _exact(means: list[list[float]], widths: tuple[float, float]) -> list[np.ndarray]:
    """The gradient by weights, means and logarithms of widths, in 400 digits: `means` by part and coordinate,
    of which all have one width."""
    with mpmath.workdps(400):
        z, v = ([mpmath.mpf(one) for one in row] for row in (WEIGHTS, widths))
        steps = [[(PLACE - a) / mpmath.exp(b) for a in m] for m, b in zip(means, v, strict=True)]
        squares = [sum(u**2 for u in row) for row in steps]
        number = len(means[0])
        scores = [a - u / 2 - number * b for a, u, b in zip(z, squares, v, strict=True)]
        parts = [mpmath.exp(one) for one in scores]
        shares = [one / sum(parts) for one in parts]
        priors = [mpmath.exp(one) / sum(map(mpmath.exp, z)) for one in z]
        by_means = [
            [float(-r * u / mpmath.exp(b)) for u in row]
            for r, row, b in zip(shares, steps, v, strict=True)
        ]
        by_widths = [float(-r * (u - number)) for r, u in zip(shares, squares, strict=True)]
        by_weights = [float(p - r) for p, r in zip(priors, shares, strict=True)]
        return [np.array(by_weights), np.array(by_means), np.array(by_widths)]


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
        for own, exact in zip(found, _exact([[one] for one in MEANS], row), strict=True):
            size, shaped = np.abs(exact).max(), exact.reshape(own[n].shape)
            np.testing.assert_allclose(
                own[n], shaped, rtol=3e-5, atol=1e-6 * size, err_msg=str(row)
            )


PLANES = {
    "diagonal": """loss mixture(z: real[K], m: real[K, D], v: real[K] | x: real[D]) =
    -logsumexp[k](log_softmax(z)[k] - sum[d](((x[d] - m[k, d]) / exp(v[k]))^2 / 2 + v[k]))
""",
    "spherical": """loss mixture(z: real[K], m: real[K, D], v: real[K] | x: real[D]) =
    -log(sum[k](softmax(z)[k] * exp(-sum[d]((x[d] - m[k, d])^2) / (2 * exp(v[k])^2)) / exp(v[k])^2))
""",
}


@pytest.mark.parametrize(("dtype", "closely"), [("float32", 3e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("text", PLANES)
def test_slopes_in_the_plane(text: str, dtype: str, closely: float) -> None:
    """The same with a sum over coordinates."""
    kernel = objc.compile(PLANES[text]).mixture
    count = len(WIDTHS)
    means = [[0.125, 0.25], [1.0, 0.5]]
    rows = [[WEIGHTS] * count, [means] * count, WIDTHS, np.full((count, 2), PLACE)]
    _, found = kernel.value_and_grad(*(np.array(one, dtype) for one in rows), reduction="sum")
    for n, row in enumerate(WIDTHS):
        for own, exact in zip(found, _exact(means, row), strict=True):
            size = np.abs(exact).max()
            np.testing.assert_allclose(
                own[n], exact, rtol=closely, atol=closely * size, err_msg=str(row)
            )


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


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize("text", TEXTS)
def test_logits_with_a_million_added_to_all(text: str, target: str) -> None:
    """How much each is below the greatest does not change, and is taken first."""
    kernel = objc.compile(TEXTS[text], target=target).mixture
    given = {"m": [MEANS], "v": [[-1.0, 0.25]], "x": [PLACE]}
    rows = {name: np.array(one, np.float32) for name, one in given.items()}
    found, plain = (
        kernel.value_and_grad(z=np.array([WEIGHTS], np.float32) + np.float32(added), **rows)
        for added in (2.0**21, 0.0)
    )
    np.testing.assert_allclose(found[0], plain[0], rtol=1e-6)
    for one, other in zip(found[1], plain[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-7)
