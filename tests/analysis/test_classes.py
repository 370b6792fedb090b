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
        ("softmax(z)[k]", "refuted", "refuted"),
        ("-softmax(z)[k] * log(softmax(z)[k])", "unknown", "refuted"),
        ("9/10 * nll(k) + 1/10 * mean[j](nll(j))\n    where nll(c) = -log(softmax(z)[c])", "proved",
         "refuted"),
        ("-1/10 * nll(k) + mean[j](nll(j))\n    where nll(c) = -log(softmax(z)[c])", "unknown",
         "refuted"),
        ("2 * nll(k) - mean[j](nll(j))\n    where nll(c) = -log(softmax(z)[c])", "unknown", "refuted"),
        ("sum[j]((softmax(z)[j] - [j == k])^2)", "proved", "proved"),
        ("sum[j]((softmax(z)[j] - 2 * [j == k])^2)", "unknown", "refuted"),
        ("-softmax(z)[k] / norm(softmax(z))", "proved", "proved"),
        ("sum[j]((softmax(2 * z)[j] - [j == k])^2)", "proved", "refuted"),
        # Of the scores themselves, not of their softmax alone.
        ("sum[j]((softmax(z)[j] - [j == k])^2) + z[0] / 100", "unknown", "refuted"),
        ("logsumexp[j](a * z[j]) - a * z[k]", "proved", "refuted"),
        ("logsumexp[j](2 * z[j]) - 2 * z[k]", "proved", "refuted"),
        ("logsumexp[j](-2 * z[j]) + 2 * z[k]", "unknown", "refuted"),
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
        ("sum[j | j != k](max(0, 1 + z[j] - mean(z)))", "proved"),
        ("sum[j | j != k](exp(z[j] - mean(z)))", "proved"),
        # A kink at zero; rising instead; the label's own term; of another mean.
        ("sum[j | j != k](max(0, z[j] - mean(z)))", "unknown"),
        ("sum[j | j != k](max(0, 1 - z[j] + mean(z)))", "unknown"),
        ("sum[j](max(0, 1 + z[j] - mean(z)))", "unknown"),
        ("sum[j | j != k](max(0, 1 + z[j] - 2 * mean(z)))", "unknown"),
        # Each class by itself.
        ("max(0, 1 - z[k]) + sum[j | j != k](max(0, 1 + z[j]))", "refuted"),
        ("(1 - z[k])^2 + sum[j | j != k](z[j]^2)", "proved"),
        ("2 * log(1 + exp(-z[k])) + sum[j | j != k](log(1 + exp(z[j])))", "proved"),
        ("log(1 + exp(z[k])) + sum[j | j != k](log(1 + exp(-z[j])))", "unknown"),
        # Kinks that aren't at whole differences.
        ("max[j](z[j] + a * [j != k]) - z[k]", "unknown"),
        ("sum[j | j != k](max(0, 1 + 2 * z[j] - z[k]))", "unknown"),
    ],
)
def test_linear_pieces(body: str, expected: str) -> None:
    head = "z: real[K] | k: index(K)" + ("; a: positive = 1" if "a *" in body else "")
    assert verdict(head, body, "calibrated for accuracy", _USE) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(logsumexp[j](z[j]) - z[k]) / log(2)", "proved"),
        ("-log2(softmax(z)[k])", "proved"),
        ("logsumexp[j](z[j]) - z[k]", "refuted"),
        ("(logsumexp[j](2 * z[j]) - 2 * z[k]) / log(2)", "proved"),
        ("2 * (1 - softmax(z)[k])", "proved"),
        ("19/10 * (1 - softmax(z)[k])", "refuted"),
        ("2 * softmax(z)[k]", "refuted"),
        ("max[j](z[j] + [j != k]) - z[k]", "proved"),
        ("max[j](z[j] + [j != k] * 9/10) - z[k]", "refuted"),
        ("max[j](z[j]) - z[k]", "refuted"),
        ("sum[j | j != k](max(0, 1 + z[j] - z[k]))", "proved"),
        ("sum[j | j != k](max(0, 1 + z[j] - z[k])) / 2", "refuted"),
        ("sum[j | j != k](max(0, 1 - z[j] + z[k]))", "refuted"),
        ("sum[j | j != k](exp(z[j] - z[k]))", "proved"),
        # A term may be below zero, and take away from the sum.
        ("sum[j | j != k](1 + z[j] - z[k])", "refuted"),
    ],
)
def test_bounds_on_mistakes(body: str, expected: str) -> None:
    mistakes = "metric mistake(z: real[K] | k: index(K)) = [argmax[j](z[j]) != k]\n"
    assert verdict("z: real[K] | k: index(K)", body, "bounds mistake", mistakes) == expected
    right = "metric right(z: real[K] | k: index(K)) = [argmax[j](z[j]) == k]\n"
    assert verdict("z: real[K] | k: index(K)", body, "bounds right", right) != "proved"
