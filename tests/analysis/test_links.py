"""Links of a loss's own: the probability that its score stands for, against minima found in numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy

from objc.analysis import analyse
from objc.analysis.claims import decide
from objc.analysis.effort import LEVELS
from objc.analysis.statements import stated
from objc.analysis.statistics.links import own_link
from objc.analysis.subject import Subject
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_SIGN = "s: real | y: sign; a: positive = 3/2"


def _program(head: str, body: str) -> Program:
    return lower(parse(Source("link.objc", f"loss f({head}) = {body}"))).programs["f"]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (_SIGN, "log(1 + exp(-y * s))"),
        (_SIGN, "exp(-y * s)"),
        (_SIGN, "exp(-a * y * s)"),
        (_SIGN, "log(1 + exp(-2 * y * s))"),
        (_SIGN, "(1 - y * s)^2"),
        (_SIGN, "sqrt(1 + s^2) - y * s"),
        (_SIGN, "log(1 + exp(-y * s)) + s^2"),
        (_SIGN, "exp(-y * s) + exp(-2 * y * s) / 4"),
        ("s: real | y: binary", "2 * y * log(1 + exp(-s)) + (1 - y) * log(1 + exp(s))"),
        ("s: real | y: binary", "(sigmoid(s) - y)^2"),
    ],
)
def test_the_best_score_is_where_the_link_says(head: str, body: str) -> None:
    program = _program(head, body)
    link = own_link(Subject(program))
    assert link is not None
    q = link.case.prediction.read()
    defaults = {one.read(): one.default for one in program.inputs if one.role == "hyperparameter"}
    probability = sympy.lambdify(q, link.probability.xreplace(defaults), _FUNCTIONS)
    one, other = link.case.labels

    def risk(score: Any, share: Any) -> Any:
        settings = {read.tensor: number for read, number in defaults.items()}
        here = [evaluate(program, {"s": score, "y": y, **settings}, 40) for y in (one, other)]
        return share * here[0]["per_example"] + (1 - share) * here[1]["per_example"]

    with mpmath.workdps(40):
        for share in map(mpmath.mpf, ("0.05", "0.4", "0.5", "0.93")):
            best = _least(lambda s, p=share: risk(s, p))
            assert abs(probability(best) - share) < 1e-12
            assert risk(best, share) < min(risk(best + d, share) for d in (-0.5, -0.01, 0.01, 0.5))


def _least(risk: Callable[[Any], Any]) -> Any:
    """By bisection of the sign of the slope, from differences in 40 digits."""
    low, high, step = mpmath.mpf(-20), mpmath.mpf(20), mpmath.mpf("1e-18")
    while high - low > mpmath.mpf("1e-14"):
        middle = (low + high) / 2
        low, high = (low, middle) if risk(middle + step) > risk(middle - step) else (middle, high)
    return (low + high) / 2


_FUNCTIONS = [{"sigmoid": lambda x: 1 / (1 + mpmath.exp(-x))}, "mpmath"]


@pytest.mark.parametrize(
    "body",
    [
        # One score for all probabilities above one half; a wrong sign; not convex; not onto (0, 1).
        "max(0, 1 - y * s)",
        "exp(y * s)",
        "1 / (1 + exp(y * s))",
        "(tanh(s) / 2 - y)^2",
        "log(1 + exp(-y * s)) - s",
        # Of all scores above 1 none is better than another.
        "max(0, 1 - y * s)^2",
        "s^2 + y",
        "0 * s + y",
    ],
)
def test_no_link(body: str) -> None:
    assert own_link(Subject(_program("s: real | y: sign", body))) is None


def test_what_is_proper_by_another_link_is_not_proper_by_the_logistic_function() -> None:
    found = decide(Subject(_program(_SIGN, "exp(-y * s)")), stated("strictly_proper"))
    assert found.verdict == "refuted"
    assert found.argument.endswith("it is proper by its own link, p = sigmoid(2 · s)")
    found = decide(Subject(_program(_SIGN, "log(1 + exp(-y * s))")), stated("strictly_proper"))
    assert found.verdict == "proved"


def test_the_fact_has_the_link_as_its_value() -> None:
    facts = analyse(_program(_SIGN, "exp(-y * s)"), LEVELS["thorough"], ("proper_composite",))
    (fact,) = (one for one in facts if one.property == "proper_composite")
    assert (fact.verdict, fact.value) == ("proved", "sigmoid(2 · s)")
    # It is not listed where there is none.
    facts = analyse(
        _program("q: real | y: real", "(q - y)^2"), LEVELS["thorough"], ("proper_composite",)
    )
    assert "proper_composite" not in {one.property for one in facts}
