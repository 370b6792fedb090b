"""f-divergences: convexity and the greatest value, with guards that leave out too much, factors of the
wrong sign, and bounds that are missed by little."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_HEAD = "q: simplex[K] | p: simplex[K]; b: interval(0, 1) = 0.5, a: real = 2"
_JS = "sum[k | q[k] + p[k] > 0](p[k] * log(2 * p[k] / (p[k] + q[k])) + q[k] * log(2 * q[k] / (p[k] + q[k])))"
_MIXED = (
    "sum[k | {guard}](b * p[k] * log(p[k] / (b * p[k] + (1 - b) * q[k]))"
    " + (1 - b) * q[k] * log(q[k] / (b * p[k] + (1 - b) * q[k])))"
)


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        (_JS, "convex in q", "proved"),
        (_JS, "bounded 0 2 * log(2)", "proved"),
        (_JS, "bounded 0 1.38", "refuted"),
        (_JS, "bounded 0.001 2", "refuted"),
        (f"-{_JS}", "convex in q", "refuted"),
        (f"a * {_JS}", "convex in q", "refuted"),
        (_MIXED.format(guard="b * p[k] + (1 - b) * q[k] > 0"), "bounded 0 log(2)", "proved"),
        (_MIXED.format(guard="b * p[k] + (1 - b) * q[k] > 0"), "bounded 0 0.69", "refuted"),
        (_MIXED.format(guard="b * p[k] + (1 - b) * q[k] > 0"), "convex in q", "proved"),
        ("sum[k | q[k] + p[k] > 0](q[k] * log(q[k] / p[k]))", "convex in q", "proved"),
        # Where p is 0 the terms are infinite, and left out: q may fall below.
        ("sum[k | p[k] > 0](q[k] * log(q[k] / p[k]))", "nonnegative", "refuted"),
        ("sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))", "convex in q", "proved"),
        ("sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))", "bounded 0 100", "refuted"),
        ("sum[k | p[k] != q[k]]((p[k] - q[k])^2 / q[k])", "convex in q", "proved"),
        ("sum[k | p[k] != q[k]]((p[k] - q[k])^2 / (p[k] + q[k]))", "bounded 0 2", "proved"),
        ("sum[k | p[k] != q[k]]((p[k] - q[k])^2 / (p[k] + q[k]))", "bounded 0 1.9", "refuted"),
        # The term at equality is 1/2·p, and left out.
        ("sum[k | p[k] != q[k]](p[k]^2 / (p[k] + q[k]))", "convex in q", "refuted"),
        ("sum[k | q[k] > 0](p[k]^2 / (p[k] + q[k]))", "convex in q", "refuted"),
        ("sum[k](abs(p[k] - q[k]))", "bounded 0 2", "proved"),
        ("sum[k](abs(p[k] - q[k]))", "bounded 0 1.9", "refuted"),
        ("sum[k](sqrt(p[k] * q[k]))", "bounded 0 1", "proved"),
        ("sum[k](sqrt(p[k] * q[k]))", "bounded 0 0.99", "refuted"),
        ("exp(sum[k](sqrt(p[k] * q[k])))", "bounded 1 e", "proved"),
        ("exp(sum[k](sqrt(p[k] * q[k])))", "bounded 1 2.7", "refuted"),
        ("sum[k](abs(p[k] - b * q[k]))", "bounded 0 2", "unknown"),
        ("sum[k](p[k] * abs(p[k] - q[k]))", "bounded 0 1 / 2", "refuted"),
        ("sqrt(sum[k]((sqrt(p[k]) - sqrt(q[k]))^2))", "bounded 0 sqrt(2)", "proved"),
        ("sqrt(sum[k]((sqrt(p[k]) - sqrt(q[k]))^2))", "bounded 0 1.41", "refuted"),
        ("if q[0] > 1/2 then sum[k](abs(p[k] - q[k])) else 2 * sum[k](abs(p[k] - q[k]))",
         "bounded 0 2", "refuted"),
    ],
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_f_divergences(body: str, claim: str, expected: str) -> None:
    assert verdict(_HEAD, body, claim) == expected
