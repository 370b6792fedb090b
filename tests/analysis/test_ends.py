"""Ends of hyperparameters' domains at which a loss has no value."""

from __future__ import annotations

import pytest

from objc.analysis import analyse
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

CASES = {
    "y * exp(q * (1 - rho)) / (rho - 1) + exp(q * (2 - rho)) / (2 - rho)": ["rho = 1", "rho = 2"],
    "y * exp(q * (rho - 1)) + exp(q * (2 - rho))": [],
    "log(1 + exp(a * q)) / a": ["a = 0"],
    "log(1 + exp(a * q)) * a": [],
    "t * q^2 - log(t)": ["t = 0"],
    "t * q^2 - (if t > 0 then t * log(t) else 0)": [],
    "q^2 / (q^2 * a)": ["a = 0"],
}


@pytest.mark.parametrize("formula", CASES)
def test_ends_without_a_value_are_told(formula: str) -> None:
    hyperparameters = "rho: interval(1, 2) = 1.5, a: nonnegative = 1, t: probability = 0.5"
    text = f"loss f(q: real | y: nonnegative; {hyperparameters}) = {formula}"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    found = [one for one in analyse(program).facts if one.property == "undefined"]
    assert [one.value for one in found] == [f"at {where}" for where in CASES[formula]]
    assert all(one.verdict == "proved" for one in found)


@pytest.mark.parametrize(
    ("head", "body", "claim", "left_out"),
    [
        ("q: real, v: nonnegative | y: real", "(q - y)^2 / (2 * v) + log(v) / 2",
         "likelihood gaussian", "v = 0"),
        ("q: positive | y: positive; p: interval(0, 1) = 1", "q^(p + 1) / (p + 1) - y * q^p / p",
         "estimates mean", "p = 0"),
        ("q: real | y: real; p: interval(0, 1) = 1", "(p + 1) * (q - y)^2", "estimates mean", ""),
    ],
)  # fmt: skip
def test_a_proof_says_what_it_leaves_out(head: str, body: str, claim: str, left_out: str) -> None:
    text = f"loss f({head}) = {body}\n    claims {claim}\n"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    (fact,) = (one for one in analyse(program) if one.claimed)
    assert fact.verdict == "proved"
    assert ("hasn't at" in fact.argument) == bool(left_out) and left_out in fact.argument


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        ("x: real, y: real |; w: nonnegative = 1", "w * (x - y)^2", "divergence in x, y", "w = 0"),
        ("p: probability | y: binary; w: nonnegative = 1", "w * (p - y)^2", "strictly_proper",
         "w = 0"),
        ("p: probability | y: binary; w: nonnegative = 1", "w * (p - y)^2", "proper", ""),
        ("x: real |; p: interval(0, 2) = 1", "abs(x)^p", "coercive in x", "p = 0"),
        ("x: real |; p: interval(1, 2) = 1", "abs(x)^p + x^2", "coercive in x", ""),
        ("q: real | y: real; a: real = 0", "(q - y - a)^2", "estimates mean", "a = 1"),
        ("q: real | y: real; a: positive = 2", "a * (q - y)^2", "estimates mean", ""),
    ],
)  # fmt: skip
def test_hyperparameters_at_which_it_does_not_hold(
    head: str, body: str, claim: str, expected: str
) -> None:
    text = f"loss f({head}) = {body}\n    claims {claim}\n"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    (fact,) = (one for one in analyse(program) if one.claimed)
    if expected:
        assert fact.verdict == "refuted"
        assert fact.counterexample is not None and f"at {expected}" in fact.counterexample
    else:
        assert fact.verdict == "proved"
