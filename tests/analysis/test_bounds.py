"""Bounds on values: what each inequality proves, and what looks alike and is false."""

from __future__ import annotations

import pytest

from objc.analysis.claims import decide
from objc.analysis.search import found_beside
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

TRUE = {
    "a share of counts": """
metric f(score: real[N] | label: binary[N]) = if found == 0 then 0 else hit / found
    where found = count[i](score[i] > 0)
          hit = count[i](score[i] > 0 and label[i] == 1)
    claims bounded 0 1
""",
    "a share of pairs, ties by half": """
metric f(score: real[N] | label: binary[N]) =
    sum[i, j | label[i] == 1 and label[j] == 0](
        [score[i] > score[j]] + [score[i] == score[j]] / 2
    ) / (count[i](label[i] == 1) * count[j](label[j] == 0))
    claims bounded 0 1
""",
    "twice a product under squares": """
loss f(p: probability[N] | y: binary[N]) =
    1 - (2 * sum[i](p[i] * y[i]) + 1) / (sum[i](p[i]^2) + sum[i](y[i]^2) + 1)
    claims bounded 0 1
""",
    "an extreme over something": """
metric f(x: probability[N] | y: binary[N]) =
    if any[i](y[i] == 1) then max[i | y[i] == 1](x[i]) else 0
    claims bounded 0 1
""",
    "relative entropy": """
loss f(x: real[K] | y: real[K]) =
    sum[k](softmax(y)[k] * (log(softmax(y)[k]) - log(softmax(x)[k])))
    claims nonnegative
""",
    "a cosine": """
loss f(x: real[D] | y: real[D]) = 1 - dot(x, y) / (norm(x) * norm(y))
    claims bounded 0 2
""",
    "a member of a sum": """
loss f(s: real[N, N] | ) = mean[i](log(sum[j](exp(s[i, j]))) - s[i, i])
    claims nonnegative
""",
    "affine in a hyperparameter": """
loss f(x: real[K] | y: index(K); c: interval(-1, 3) = 0) =
    c * (1 - softmax(x)[y]) - log(softmax(x)[y])
    claims nonnegative
""",
    "least at equality": """
loss f(q: probability | p: probability) =
    (if p == 0 then 0 else p * log(p / q)) + (if p == 1 then 0 else (1 - p) * log((1 - p) / (1 - q)))
    claims nonnegative
""",
    "a recurrence of minima": """
loss f(cost: real[N] | ; gamma: positive = 1) = r[N-1]
    where r[0] = cost[0]
          r[i] = cost[i] / 2 + gamma * min(r[i-1], cost[i])
    claims concave in cost
""",
}
FALSE = {
    "a hair below Brier's least value": """
loss f(z: real[K] | k: index(K)) = sum[j](softmax(z)[j]^2) - 2 * softmax(z)[k] + 99/100
    claims nonnegative
""",
    "a share of other counts": """
metric f(score: real[N] | label: binary[N]) = if found == 0 then 0 else hit / found
    where found = count[i](score[i] > 0 and label[i] == 1)
          hit = count[i](score[i] > 0)
    claims bounded 0 1
""",
    "ties in full": """
metric f(score: real[N] | label: binary[N]) =
    sum[i, j | label[i] == 1 and label[j] == 0](
        [score[i] >= score[j]] + [score[i] == score[j]] / 2
    ) / (count[i](label[i] == 1) * count[j](label[j] == 0))
    claims bounded 0 1
""",
    "three times a product": """
loss f(p: probability[N] | y: binary[N]) =
    1 - (3 * sum[i](p[i] * y[i]) + 1) / (sum[i](p[i]^2) + sum[i](y[i]^2) + 1)
    claims bounded 0 1
""",
    "an extreme over what another guard asks": """
metric f(x: probability[N] | y: binary[N]) =
    if any[i](y[i] == 0) then max[i | y[i] == 1](x[i]) else 0
    claims bounded 0 1
""",
    "relative entropy the wrong way": """
loss f(x: real[K] | y: real[K]) =
    sum[k](softmax(y)[k] * (log(softmax(x)[k]) - log(softmax(y)[k])))
    claims nonnegative
""",
    "relative entropy of what is no distribution": """
loss f(x: positive[K] | y: simplex[K]) = sum[k | y[k] > 0](y[k] * (log(y[k]) - log(x[k])))
    claims nonnegative
""",
    "a cosine with one norm": """
loss f(x: real[D] | y: real[D]) = 1 - dot(x, y) / (norm(x) * norm(x))
    claims bounded 0 2
""",
    "no member of a sum": """
loss f(s: real[N, N] | ) = mean[i](log(sum[j | j != i](exp(s[i, j]))) - s[i, i])
    claims nonnegative
""",
    "affine beyond its end": """
loss f(x: real[K] | y: index(K); c: interval(-2, 3) = 0) =
    c * (1 - softmax(x)[y]) - log(softmax(x)[y])
    claims nonnegative
""",
    "least at equality, a constant below": """
loss f(q: probability | p: probability) =
    (if p == 0 then 0 else p * log(p / q)) + (if p == 1 then 0 else (1 - p) * log((1 - p) / (1 - q))) - 1/100
    claims nonnegative
""",
    "a recurrence's maximum": """
loss f(cost: real[N] | ; gamma: positive = 1) = r[N-1]
    where r[0] = cost[0]
          r[i] = gamma * max(r[i-1], cost[i])
    claims concave in cost
""",
    "a recurrence whose start is convex": """
loss f(cost: real[N] | ) = r[N-1]
    where r[0] = cost[0]^2
          r[i] = min(r[i-1], cost[i])
    claims concave in cost
""",
    "a recurrence that multiplies": """
loss f(x: positive[N] | ) = r[N-1]
    where r[0] = x[0]
          r[i] = r[i-1] * x[i]
    claims convex in x
""",
}


def verdict(text: str) -> str:
    (program,) = lower(parse(Source("text", text))).programs.values()
    (claim,) = program.claims
    return decide(Subject(program), claim).verdict


@pytest.mark.parametrize("name", TRUE)
def test_what_holds_is_proved(name: str) -> None:
    assert verdict(TRUE[name]) == "proved"


@pytest.mark.parametrize("name", FALSE)
def test_what_looks_alike_is_not(name: str) -> None:
    assert verdict(FALSE[name]) != "proved"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("loss f(x: real | y: real) = (x - y)^2 + 1", {"minimum": "1"}),
        ("loss f(x: real | y: sign) = log(1 + exp(-y * x))", {"infimum": "0"}),
        (
            "loss f(x: real | y: real; c: positive = 1) = 1 - exp(-(x - y)^2 / c)",
            {"minimum": "0", "supremum": "1"},
        ),
        ("loss f(x: real | ) = exp(x) - x^2", {}),
        # The end of an open domain is no place.
        ("loss f(x: positive | ) = x^2 + 1", {"infimum": "1"}),
        ("loss f(x: positive | ) = -1 / (1 + x)", {"infimum": "-1"}),
        ("loss f(x: positive, y: positive | ) = sqrt(x * y)", {"infimum": "0"}),
        ("loss f(x: positive | ) = -x^2", {"supremum": "0"}),
        ("loss f(x: positive | ; p: positive = 2) = x^p", {"infimum": "0"}),
        ("loss f(x: nonnegative | ; p: positive = 2) = x^p", {"minimum": "0"}),
        # For each setting another: 0 is the least value at one of them only.
        ("loss f(x: real | ; c: nonnegative = 1) = x^2 + c", {}),
        ("loss f(x: nonnegative | ; c: interval(0, 1) = 1) = c / (1 + x)", {}),
        ("loss f(x: interval(l, 4) | ; l: interval(0, 1) = 1) = x", {}),
        ("loss f(x: nonnegative | ) = x^2 + 1", {"minimum": "1"}),
        ("loss f(x: real | y: sign) = -log(1 + exp(-y * x))", {"supremum": "0"}),
        ("loss f(x: real | ) = tanh(x)", {"infimum": "-1", "supremum": "1"}),
    ],
)
def test_the_ends_and_whether_they_are_attained(text: str, found: dict[str, str]) -> None:
    (program,) = lower(parse(Source("text", text + "\n"))).programs.values()
    words = ("minimum", "maximum", "infimum", "supremum")
    facts = found_beside(Subject(program), (), words)
    assert {one.property: one.value for one in facts if one.verdict == "proved"} == found
