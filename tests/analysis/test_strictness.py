"""What is not convex is neither strictly nor strongly so, and the same chord shows it."""

from __future__ import annotations

import pytest

from objc.analysis.claims import decide
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

FORMULAS = ("x * tanh(x)", "-log(sigmoid(x)) * sigmoid(x)", "x^4 - x^2")


@pytest.mark.parametrize("formula", FORMULAS)
def test_not_convex_is_not_strictly_convex(formula: str) -> None:
    text = f"loss f(x: real) = {formula}"
    subject = Subject(lower(parse(Source("f.objc", text))).programs["f"])
    convex = decide(subject, stated("convex", "x"))
    strictly = decide(subject, stated("strictly_convex", "x"))
    assert (convex.verdict, strictly.verdict) == ("refuted", "refuted")
    assert strictly.counterexample == convex.counterexample
