"""Facts as they are asked for, and as `check --json` prints them."""

from __future__ import annotations

from fractions import Fraction

import pytest

import objc
from objc.analysis.values.words import end
from objc.errors import InputError

TEXT = """
use metrics (zero_one)
loss f(s: real | y: sign; c: positive = 1) = max(0, c - y * s)
    claims not proper, convex in s, calibrated for zero_one
"""


@pytest.fixture(scope="module")
def facts() -> objc.analysis.Facts:
    return objc.compile(TEXT).f.facts


def test_a_property_is_asked_for_by_its_name(facts: objc.analysis.Facts) -> None:
    assert facts.convex("s").verdict == "proved"
    assert facts.concave().verdict == "refuted"
    assert facts.affine("s").counterexample is not None
    assert facts.lipschitz("s", value=1).verdict == "proved"
    assert facts.lipschitz("s", value="c").verdict == "refuted"
    assert facts.smooth(value="100").verdict == "refuted"
    assert facts.proper().verdict == "refuted"
    assert facts.calibrated(value="zero_one").statement == "calibrated for zero_one"
    assert facts.invariant(value="shift").verdict == "refuted"
    assert "convex in s: proved" in str(facts)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda facts: facts.convexe("s"), "no property `convexe`"),
        (lambda facts: facts.convex("x"), "no input `x`"),
        (lambda facts: facts.lipschitz("s", 1, 2), "takes a number, and is given 1 2"),
        (lambda facts: facts.convex("s", 1), "no input `1`"),
        (lambda facts: facts.proper("s"), "`proper` is asked of no input"),
        (lambda facts: facts.estimates(), "`estimates` takes a word"),
        (lambda facts: facts.estimates("mode_of_all"), "`estimates` has no `mode_of_all`"),
        (lambda facts: facts.lipschitz("s", value="d"), "`d` is neither a number"),
        (lambda facts: facts.calibrated(value="accuracy"), "takes a metric that a claim names"),
    ],
)
def test_what_is_no_question(facts: objc.analysis.Facts, ask: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ask(facts)  # type: ignore[operator]


def test_without_a_value_the_strongest_statement_answers(facts: objc.analysis.Facts) -> None:
    assert facts.lipschitz("s").value == "1"
    assert facts.smooth("s").verdict == "refuted"
    assert facts.tends("s").verdict == "unknown"
    assert facts.minimum().value == "0"
    assert facts.estimates("mean").statement == "estimates mean"
    assert facts.lipschitz("s", 1).verdict == "proved"
    logistic = objc.compile("loss g(s: real) = log(1 + exp(-s)) + s^2").g.facts
    assert (logistic.smooth("s").value, logistic.strongly_convex("s").value) == ("9/4", "2")
    assert "smooth 9/4 in s: proved" in str(logistic)


def test_the_data_say_what_holds_of_the_property(facts: objc.analysis.Facts) -> None:
    found = {(one["property"], *one["of"]): one for one in (fact.as_data() for fact in facts)}
    proper = found["proper",]
    assert (proper["verdict"], proper["statement"]) == ("refuted", "proper")
    assert proper["claim"] == {"text": "not proper", "negated": True, "verdict": "proved"}
    assert (facts.proper().verdict, facts.proper().statement) == ("refuted", "proper")
    (claimed,) = (one for one in facts if one.is_negated)
    assert (claimed.verdict, claimed.statement, claimed.reply()[0]) == (
        "refuted",
        "proper",
        "proved",
    )
    assert "  not proper: proved, by a counterexample" in str(facts)
    assert found["calibrated",]["claim"]["verdict"] == "proved"
    assert found["smooth", "s"]["claim"] is None
    assert proper["counterexample"]
    assert found["convex", "s"]["verdict"] == "proved"
    assert found["calibrated",]["value"] == "zero_one"


def test_printed_ends_are_outside_of_what_is_proved() -> None:
    third = Fraction(10**7, 3 * 10**4 + 1)
    low, high = end(third, "ROUND_FLOOR"), end(third, "ROUND_CEILING")
    assert Fraction(low) < third < Fraction(high)
    assert (low, high) == ("333.322", "333.323")
    assert end(-third, "ROUND_FLOOR") == "-333.323"
    assert end(Fraction(10) ** 400, "ROUND_CEILING") == "1e+400"
    assert end(Fraction(1, 6), "ROUND_FLOOR") == "1/6"
