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
