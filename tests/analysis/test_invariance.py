"""`invariant shift | scale | permutation`: true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_LOGITS = "z: real[K] | k: index(K); a: positive = 1"
_PAIR = "x: real, y: real | t: real; a: positive = 1"
_LIST = "x: real[N] | w: real[N]"


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        (_LOGITS, "logsumexp[j](z[j]) - z[k]", "shift in z", "proved"),
        (_LOGITS, "logsumexp[j](a * z[j]) - a * z[k]", "shift in z", "proved"),
        (_LOGITS, "logsumexp[j](a * z[j]) - z[k]", "shift in z", "refuted"),
        (_LOGITS, "logsumexp[j](z[j]) + z[k]", "shift in z", "refuted"),
        (_LOGITS, "-log(softmax(z)[k]) * softmax(z)[k]", "shift in z", "proved"),
        (_LOGITS, "-log(sigmoid(z[k]))", "shift in z", "refuted"),
        (_LOGITS, "max[j](z[j] + [j != k]) - z[k]", "shift in z", "proved"),
        (_LOGITS, "max[j](2 * z[j]) - z[k]", "shift in z", "refuted"),
        (_LOGITS, "sum[j](max(0, 1 + z[j] - z[k]))", "shift in z", "proved"),
        (_LOGITS, "sum[j](z[j]) - z[k]", "shift in z", "refuted"),
        (_LOGITS, "mean[j](z[j]) - z[k]", "shift in z", "proved"),
        (_LOGITS, "[argmax[j](z[j]) == k]", "shift in z", "proved"),
        (_LOGITS, "[argmax[j](z[j]) == k]", "scale in z", "proved"),
        (_LOGITS, "[z[k] > 1/2]", "shift in z", "refuted"),
        (_LOGITS, "[z[k] > 0]", "scale in z", "proved"),
        (_LOGITS, "count[j](z[j] > z[k])", "shift in z", "proved"),
        (_LOGITS, "if z[k] > 0 then 1 else 1 + (z[k] - z[k])", "shift in z", "proved"),
        (_LOGITS, "if z[k] > 0 then z[k] - mean(z) else 0", "shift in z", "refuted"),
        (_LOGITS, "z[k] / norm(z)", "scale in z", "proved"),
        (_LOGITS, "z[k] / norm(z)^2", "scale in z", "refuted"),
        (_LOGITS, "z[k] / (norm(z) + 1/1000)", "scale in z", "refuted"),
        (_LOGITS, "log(norm(z)) - log(abs(z[k]))", "scale in z", "proved"),
        (_PAIR, "(x - y)^2", "shift in x, y", "proved"),
        (_PAIR, "(x - y)^2", "shift in x", "refuted"),
        (_PAIR, "(x - y + t)^2", "shift in x, y", "proved"),
        (_PAIR, "abs(x - 2 * y)", "shift in x, y", "refuted"),
        (_PAIR, "max(x, y) - x", "shift in x, y", "proved"),
        (_PAIR, "max(x, y) - min(x, y)", "shift in x, y", "proved"),
        (_PAIR, "max(x, 0) - x", "shift in x, y", "refuted"),
        (_PAIR, "sin(x)^2 + cos(x)^2 + 0 * y", "shift in x", "unknown"),
        (_LIST, "sum(x^2) + exp(max(x)) + 0 * sum(w)", "permutation in x", "proved"),
        (_LIST, "sum[i](x[i] * w[i])", "permutation in x", "refuted"),
        (_LIST, "sum[i | i > 0](x[i]) + 0 * sum(w)", "permutation in x", "refuted"),
        (_LIST, "x[0] + 0 * sum(w)", "permutation in x", "refuted"),
        (_LIST, "sum[i](i * x[i]) + 0 * sum(w)", "permutation in x", "refuted"),
        (_LIST, "sum[i, j](x[i] * x[j]) + 0 * sum(w)", "permutation in x", "unknown"),
    ],
)
def test_invariances(head: str, body: str, claim: str, expected: str) -> None:
    assert verdict(head, body, f"invariant {claim}") == expected
