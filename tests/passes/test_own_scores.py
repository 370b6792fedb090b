"""Slopes by a temperature or a scale that is learned: the score of the right one less the mean of all keeps
its digits where the right one has nearly all. The oracle is mpmath, by the formula of the derivative."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

PAIRS = {
    "product": ("exp(l) * dot(q[i], k[j])", "rows"),
    "cosine": ("exp(l) * cosine(q[i], k[j])", "rows"),
    "temperature": ("dot(q[i], k[j]) / l", "rows"),
    "both ways": ("exp(l) * cosine(q[i], k[j])", "both"),
}
ANGLES = [0.0, 0.9, 1.9], [0.05, 1.0, 1.8]


def _tolerance(dtype: Any) -> float:
    """An exponent of 60 has the rounding of its score."""
    return 4e-5 if dtype == np.float32 else 1e-12


def _mean(scores: list[Any], own: int, factor: Any) -> Any:
    """Σ p·(s − s_own) of the shares of exp(factor·s)."""
    parts = [mpmath.exp(factor * one) for one in scores]
    return mpmath.fsum(p * (s - scores[own]) for p, s in zip(parts, scores, strict=True)) / sum(
        parts
    )


@pytest.mark.parametrize("target", ["numpy", "cpu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.share(1 / 2)
def test_pairs(name: str, dtype: type, target: str) -> None:
    score, ways = PAIRS[name]
    kind, at = ("positive", 0.015625) if "/ l" in score else ("real", 4.0)
    columns = " + mean[i](logsumexp[j](s[j, i]) - s[i, i])" * (ways == "both")
    kernel = objc.compile(
        f"loss match(q: real[B, D], k: real[B, D]; learn l: {kind} = {at}) =\n"
        f"    mean[i](logsumexp[j](s[i, j]) - s[i, i]){columns}\n    where s[i, j] = {score}\n",
        target=target,
    ).match
    given = [np.stack([np.cos(one), np.sin(one)], axis=1).astype(dtype) for one in ANGLES]
    with mpmath.workdps(60):
        q, k = (np.array(one.astype(float), dtype=object) * mpmath.mpf(1) for one in given)
        scores = q @ k.T
        if "cosine" in score:
            lengths = ([mpmath.sqrt(sum(row**2)) for row in one] for one in (q, k))
            scores = scores / np.outer(*lengths)
        factor = mpmath.exp(4) if kind == "real" else 1 / mpmath.mpf(at)
        by_factor = sum(_mean(list(scores[i]), i, factor) for i in range(3)) / 3
        if columns:
            by_factor += sum(_mean(list(scores[:, i]), i, factor) for i in range(3)) / 3
        expected = float(by_factor * (factor if kind == "real" else -(factor**2)))
    found = kernel.gradient(*given, wrt=["l"])
    np.testing.assert_allclose(np.ravel(found), [expected], rtol=_tolerance(dtype))
    whole = kernel.gradient(*given)  # beside the slopes of the pairs
    np.testing.assert_allclose(np.ravel(whole[2]), [expected], rtol=_tolerance(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calibration_of_a_classifier(dtype: type) -> None:
    """Guo et al. (2017): one temperature for all logits."""
    kernel = objc.compile(
        "loss calibrated(z: real[K] | y: index(K); learn t: positive) = logsumexp[k](z[k] / t) - z[y] / t"
    ).calibrated
    z = np.array([[4.0, -1.5, 0.25], [0.5, 9.0, 8.75]], dtype)
    y = np.array([0, 2])
    for t in (2.0, 0.25, 0.0625):
        with mpmath.workdps(60):
            rows = [[mpmath.mpf(float(one)) for one in row] for row in z]
            slopes = (_mean(row, own, 1 / mpmath.mpf(t)) for row, own in zip(rows, y, strict=True))
            expected = float(-mpmath.fsum(slopes) / mpmath.mpf(t) ** 2 / 2)
            alone = float(-_mean(rows[0], 0, 1 / mpmath.mpf(t)) / mpmath.mpf(t) ** 2)
        found = kernel.gradient(z, y=y, t=t, wrt=["t"])
        np.testing.assert_allclose(np.ravel(found), [expected], rtol=_tolerance(dtype))
        found = kernel.gradient(z[:1], y=y[:1], t=t, wrt=["t"])
        np.testing.assert_allclose(np.ravel(found), [alone], rtol=_tolerance(dtype))
