"""What minimizing a loss gives, in sentences."""

from __future__ import annotations

import pytest

from objc.analysis.story import story
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


@pytest.mark.parametrize(
    ("declaration", "said", "unsaid"),
    [
        ("loss f(q: real | y: real) = (q - y)^2",
         ["minimizer is the mean", "gaussian noise", "2 at 1, 20 at 10", "it is convex",
          "outweigh small ones", "nonnegative"], ["is bounded", "ignores"]),
        ("loss f(q: real | y: real) = abs(q - y)",
         ["minimizer is the median", "laplace noise", "influence is bounded", "kink in q"],
         ["mean:", "outweigh"]),
        ("loss f(q: real | y: real) = log(1 + (q - y)^2)",
         ["it is not: mean", "cauchy noise", "0.198 at 10", "not convex"], ["it is convex"]),
        ("loss f(z: real[K] | k: index(K)) = logsumexp[j](z[j]) - z[k]",
         ["adding one number to all of z", "it is convex"], ["kink", "noise"]),
        ("metric f(q: real | y: real) = abs(q - y)", ["evaluated, not minimized"], ["minimizer is"]),
    ],
)  # fmt: skip
def test_sentences(declaration: str, said: list[str], unsaid: list[str]) -> None:
    text = " ".join(story(lower(parse(Source("told.objc", declaration))).programs["f"]))
    assert [one for one in said if one not in text] == []
    assert [one for one in unsaid if one in text] == []
