"""The cross-entropy of a logit and a label keeps its digits where the label is right, in any spelling."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc

LABEL, SHARE = "z: real | y: binary", "z: real | y: probability"
TEXTS = {
    "softplus(z) - y * z": (LABEL, SHARE),
    "log(1 + exp(z)) - y * z": (LABEL, SHARE),
    "max(z, 0) - y * z + log(1 + exp(-abs(z)))": (LABEL, SHARE),
    "(1 - y) * z + log(1 + exp(-z))": (LABEL,),
    "2 * (log(1 + exp(z)) - y * z)": (LABEL,),
    "(1 - y) * z + (1 + (w - 1) * y) * (log(1 + exp(-abs(z))) + max(-z, 0))": (LABEL + "; w: positive = 2",),
}  # fmt: skip
LOGITS = (-700.0, -40.0, -20.0, -1.0, 0.0, 0.5, 20.0, 40.0, 700.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("text", "inputs"), [(a, b) for a, more in TEXTS.items() for b in more])
def test_right_labels(text: str, inputs: str, dtype: str) -> None:
    kernel = objc.compile(f"loss form({inputs}) = {text}", target="numpy").form
    times, weight = (2 if text.startswith("2") else 1), (2 if "w" in inputs else 1)
    tiny, tolerance = np.finfo(dtype).tiny, 4 * np.finfo(dtype).eps
    for y in (0.0, 1.0, 0.25) if inputs == SHARE else (0.0, 1.0):
        z = np.array(LOGITS, dtype)
        value, slope = (
            kernel.per_example(z, np.full_like(z, y)),
            kernel.gradient(z, np.full_like(z, y)),
        )
        for number, at in enumerate(LOGITS):
            with mpmath.workdps(400):
                one, other = (mpmath.log1p(mpmath.exp(sign * at)) for sign in (-1, 1))
                p, q = (1 / (1 + mpmath.exp(sign * at)) for sign in (-1, 1))
                exact = float(times * (weight * y * one + (1 - y) * other))
                by_logit = float(times * ((1 - y) * p - weight * y * q))
            size = times * (weight * y + 1 - y)  # of a share, what it is a difference of
            assert abs(value[number] - exact) <= tolerance * exact + tiny, (y, at)
            least = tolerance * (abs(by_logit) if y in (0, 1) else size)
            assert abs(slope[number] * len(z) - by_logit) <= least + tiny, (y, at)
