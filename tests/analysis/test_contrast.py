"""InfoNCE as people write it: at least 0, and at most log B of information; with its near misses."""

from __future__ import annotations

import pytest

from objc.analysis import analyse
from objc.analysis.effort import LEVELS
from objc.analysis.statistics.contrast import batch_of
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.claimed import verdict

_HEAD = "x: real[B, D], y: real[B, D]; t: positive = 0.1"
_SCORE = "\n    where s[i, j] = dot(x[i], y[j]) / t"


@pytest.mark.parametrize(
    ("body", "is_contrast", "nonnegative"),
    [
        (f"mean[i](logsumexp[j](s[i, j]) - s[i, i]){_SCORE}", True, "proved"),
        ("mean[i](logsumexp[j](dot(x[i], y[j]) / t) - dot(x[i], y[i]) / t)", True, "proved"),
        (f"-mean[i](log(softmax(s[i])[i])){_SCORE}", True, "proved"),
        (f"mean[i](-log(exp(s[i, i]) / sum[j](exp(s[i, j])))){_SCORE}", True, "proved"),
        (f"sum[i](log(sum[j](exp(s[i, j]))) - s[i, i]) / B{_SCORE}", True, "proved"),
        # Without the own pair; half of it; a sum of exponentials of something else; turned around.
        (f"mean[i](logsumexp[j | j != i](s[i, j]) - s[i, i]){_SCORE}", False, "refuted"),
        (f"mean[i](logsumexp[j](s[i, j]) - 2 * s[i, i]){_SCORE}", False, "refuted"),
        (f"mean[i](logsumexp[j](s[i, j]) - s[i, 0]){_SCORE}", False, "proved"),
        (f"mean[i](log(sum[j](exp(s[i, j] / 2))) - s[i, i]){_SCORE}", False, "refuted"),
        (f"mean[i](s[i, i] - logsumexp[j](s[i, j])){_SCORE}", False, "refuted"),
        (f"mean[i](logsumexp[j](s[i, j]) - s[i, i]) - log(B){_SCORE}", False, "refuted"),
    ],
)
def test_contrast(body: str, is_contrast: bool, nonnegative: str) -> None:
    program = lower(parse(Source("contrast.objc", f"loss f({_HEAD}) = {body}\n"))).programs["f"]
    assert (batch_of(Subject(program)) is not None) == is_contrast
    found = {
        one.property: one.value
        for one in analyse(program, LEVELS["thorough"], ("information_bound",))
    }
    assert found.get("information_bound") == ("log(B)" if is_contrast else None)
    assert verdict(_HEAD, body, "nonnegative") == nonnegative
