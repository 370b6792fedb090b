"""Losses of several classes: calibration for the accuracy, propriety under the softmax."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_HEAD = "z: real[K] | k: index(K); a: positive = 1, g: nonnegative = 2"
_USE = "use metrics (accuracy)\n"


@pytest.mark.parametrize(
    ("body", "calibrated", "proper"),
    [
        ("logsumexp[j](z[j]) - z[k]", "proved", "proved"),
        ("-a * log(softmax(z)[k])", "proved", "proved"),
        ("-(1 - softmax(z)[k])^g * log(softmax(z)[k])", "proved", "refuted"),
        ("1 - softmax(z)[k]", "proved", "refuted"),
        ("(1 - softmax(z)[k])^2", "proved", "refuted"),
        ("softmax(z)[k]", "unknown", "refuted"),
        ("-softmax(z)[k] * log(softmax(z)[k])", "unknown", "refuted"),
        ("9/10 * nll(k) + 1/10 * mean[j](nll(j))\n    where nll(c) = -log(softmax(z)[c])", "unknown",
         "refuted"),
        ("logsumexp[j](a * z[j]) - a * z[k]", "unknown", "unknown"),
        ("logsumexp[j](2 * z[j]) - 2 * z[k]", "unknown", "refuted"),
    ],
)  # fmt: skip
def test_functions_of_the_label_s_probability(body: str, calibrated: str, proper: str) -> None:
    assert verdict(_HEAD, body, "calibrated for accuracy", _USE) == calibrated
    assert verdict(_HEAD, body, "proper") == proper


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("max[j](z[j] + [j != k]) - z[k]", "refuted"),
        ("sum[j | j != k](max(0, 1 + z[j] - z[k]))", "refuted"),
        # Calibrated, of Lee, Lin and Wahba; nothing here proves it, and nothing may refute it.
        ("sum[j | j != k](max(0, 1 + z[j] - mean(z)))", "unknown"),
        # Kinks that aren't at whole differences.
        ("max[j](z[j] + a * [j != k]) - z[k]", "unknown"),
        ("sum[j | j != k](max(0, 1 + 2 * z[j] - z[k]))", "unknown"),
    ],
)
def test_linear_pieces(body: str, expected: str) -> None:
    head = "z: real[K] | k: index(K)" + ("; a: positive = 1" if "a *" in body else "")
    assert verdict(head, body, "calibrated for accuracy", _USE) == expected
