"""Divergences between a softmax and that of the same logits and more, as under guidance, a perturbation or a
temperature, where both are sure of one class: what the logits have in common cancels, and each term is of
second order in the rest."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

WHERE = """
    where p[k] = softmax(z)[k]
          q[k] = softmax(w)[k]
          w[k] = {}
"""
MOVED = "z[k] + g * u[k]"
LOSSES = (
    ("sum[k](p[k] * log(p[k] / q[k]))", False),
    ("sum[k](q[k] * (log(q[k]) - log(p[k])))", True),
)
POINTS = (
    ((20.0, 0.0, -1.0), (0.5, -0.25, 0.125), 1.0),
    ((20.0, 0.0, -1.0), (0.5, -0.25, 0.125), 2.0**-9),
    ((40.0, 1.0, -1.5), (1.0, 2.0, -1.0), 0.5),
    ((40.0, 1.0, -1.5), (-90.0, 2.0, -1.0), 1.0),
)


def _divergence(reverse: bool, second: Any) -> Any:
    def function(z: Any, *data: Any) -> Any:
        shares = []
        for logits in (z, second(z, *data)):
            powers = [mpmath.exp(one) for one in logits]
            shares.append([one / sum(powers) for one in powers])
        p, q = reversed(shares) if reverse else shares
        return sum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True))

    return function


def _under_guidance(z: Any, u: Any, g: Any) -> Any:
    return [a + g * b for a, b in zip(z, u, strict=True)]


@pytest.mark.parametrize(("text", "reverse"), LOSSES, ids=["forward", "reverse"])
def test_logits_and_more(text: str, reverse: bool) -> None:
    source = f"loss f(z: real[K] | u: real[K], g: real) = {text}{WHERE.format(MOVED)}"
    kernel = objc.compile(source, target="numpy").f
    for z, u, g in POINTS:
        value, slope = value_and_slope(_divergence(reverse, _under_guidance), z, u, g)
        # At a five hundredth slopes are means of what all but agrees: to the rounding of the logits.
        slopes_to = (
            (np.float32, 2e-5 if g > 0.1 else 3e-3),
            (np.float64, 1e-13 if g > 0.1 else 1e-11),
        )
        for (dtype, digits), least in zip(slopes_to, (2e-6, 1e-14), strict=True):
            given = {"u": np.array(u, dtype), "g": dtype(g)}
            found, slopes = kernel.value_and_grad(np.array(z, dtype), **given)
            assert float(found) == pytest.approx(value, rel=10 * least)
            np.testing.assert_allclose(slopes, slope, digits, digits * np.abs(slope).max())


def test_the_same_logits_at_another_temperature() -> None:
    source = f"loss f(z: real[K] | g: positive) = {LOSSES[0][0]}{WHERE.format('z[k] * g')}"
    kernel = objc.compile(source, target="numpy").f
    z = (40.0, 1.0, -1.5)
    value, slope = value_and_slope(_divergence(False, lambda z, g: [g * one for one in z]), z, 0.5)
    for dtype, digits in ((np.float32, 1e-5), (np.float64, 1e-13)):
        found, slopes = kernel.value_and_grad(np.array(z, dtype), g=dtype(0.5))
        assert float(found) == pytest.approx(value, rel=digits)
        np.testing.assert_allclose(slopes, slope, digits)
    assert kernel(np.array(z), g=1.0) == 0


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_beside_its_label(temperature: float) -> None:
    """Hinton et al. 2015: the two softened softmaxes have one factor by two names."""
    kernel = objc.library.distillation
    z, teacher = (20.0, 1.0, -2.75), (20.0, -0.25, -0.5)

    def softmax(logits: Any) -> Any:
        powers = [mpmath.exp(one) for one in logits]
        return [one / sum(powers) for one in powers]

    def loss(logits: Any) -> Any:
        p = softmax([one / temperature for one in map(mpmath.mpf, teacher)])
        q = softmax([one / temperature for one in logits])
        divergence = sum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True))
        return (temperature**2 * divergence - mpmath.log(softmax(logits)[0])) / 2

    value, slope = value_and_slope(loss, z)
    for dtype, digits in ((np.float32, 4e-6), (np.float64, 2e-14)):
        given = np.array(z, dtype), np.array(teacher, dtype), 0
        found, slopes = kernel.value_and_grad(*given, temperature=temperature, alpha=0.5)
        assert float(found) == pytest.approx(value, rel=digits)
        np.testing.assert_allclose(slopes, slope, digits)
