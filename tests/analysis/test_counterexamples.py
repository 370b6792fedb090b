"""A counterexample to each property that is refuted at places violates it in 50 digits."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import pytest
import sympy

from objc.analysis.claims import decide
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, outputs_of_all
from objc.analysis.values.membership import are_members
from objc.analysis.values.samples import carried, samples
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.violations import is_counterexample_found


def subject_of(text: str) -> Subject:
    (program,) = lower(parse(Source("text", text))).programs.values()
    return Subject(program)


@pytest.mark.parametrize(
    ("text", "word", "numbers"),
    [
        ("loss f(x: real) = x^2", "strongly_convex", (sympy.Rational(21, 10),)),
        ("loss f(x: real) = x^2", "lipschitz", (sympy.Integer(5),)),
        ("loss f(x: real) = log(cosh(x))", "smooth", (sympy.Rational(99, 100),)),
        ("loss f(x: real) = cos(x)", "quasiconvex", ()),
        ("loss f(x: real) = abs(x)", "affine", ()),
        ("loss f(x: real[3]) = max[i](x[i]) - 1/10", "nonnegative", ()),
        ("loss f(x: real) = tanh(x)", "bounded", (sympy.Rational(-9, 10), sympy.Integer(1))),
    ],
)
def test_of_each_property(text: str, word: str, numbers: tuple[Any, ...]) -> None:
    names = () if word in ("nonnegative", "bounded") else ("x",)
    assert is_counterexample_found(subject_of(text + "\n"), stated(word, *names, arguments=numbers))


_BETWEEN = "loss f(x: interval(l,u), y: interval(l,u) |; l: {kind}, u: {kind}) = {value}"


@pytest.mark.parametrize(
    ("kind", "value", "claims"),
    [
        ("positive", "1/x + 0*y", "lipschitz 1/l^2 in x"),
        ("real", "(x-y)^2", "lipschitz 2*(u-l) in x"),
        ("positive", "sin(x/u) + 0*y", "concave in x"),
        ("real", "(x-l)*(u-x) + 0*y", "nonnegative"),
        ("real", "x + 0*y", "bounded l u"),
    ],
)
def test_what_holds_between_the_ends_is_not_refuted_beside_them(
    kind: str, value: str, claims: str
) -> None:
    subject = subject_of(f"{_BETWEEN.format(kind=kind, value=value)} claims {claims}\n")
    (claim,) = subject.program.claims
    assert decide(subject, claim).verdict != "refuted"


def test_what_does_not_hold_between_the_ends_is_refuted_there() -> None:
    subject = subject_of(
        _BETWEEN.format(kind="positive", value="1/x") + " claims lipschitz 1/2/l^2 in x\n"
    )
    (claim,) = subject.program.claims
    places = decide(subject, claim).places
    assert places and all(are_members(subject.program, one) for one in places)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        ("real", -0.5, math.inf),
        ("positive", 1e-300, 0),
        ("nonnegative", 0, -1e-300),
        ("probability", 1, Fraction(10**30 + 1, 10**30)),
        ("interval(a, 2*a)", 0.2, 0.21),
        ("interval(sqrt(a), 1)", 0.3162277660168380, 0.3162277660168379),
        ("interval(1/3, 1)", Fraction(1, 3), 0.3333333333333333),
        ("sign", -1, 0),
        ("binary", 1.0, 0.5),
        ("count", 3, 2.5),
        ("simplex[3]", [0.1, 0.2, 0.7], [0.1, 0.2, 0.7000000001]),
        ("real[2]", [0.0, 1.0], [0.0, math.nan]),
    ],
)
def test_the_domains_are_held_to_exactly(domain: str, inside: Any, outside: Any) -> None:
    text = f"loss f(z: real | x: {domain}; a: positive = 0.1) = z\n"
    program = subject_of(text).program
    assert are_members(program, {"z": 0, "x": inside, "a": 0.1})
    assert certified(program, {"z": 0, "x": inside, "a": 0.1}) == {"total": 0}
    assert not are_members(program, {"z": 0, "x": outside, "a": 0.1})
    assert certified(program, {"z": 0, "x": outside, "a": 0.1}) is None


def test_what_is_drawn_lies_in_the_domains() -> None:
    program = subject_of(_BETWEEN.format(kind="real", value="x + y") + "\n").program
    drawn = list(samples(program, 40))
    assert len(drawn) > 30 and all(are_members(program, one) for one in drawn)
    both = [carried(program, one, other, ("x",)) for one, other in itertools.pairwise(drawn)]
    assert all(are_members(program, one) for one in both)


_OF_ONE = subject_of("loss f(x: probability) = x\n")
_X = _OF_ONE.program.input["x"].read()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (sympy.Max(_X, 1 - _X, sympy.Rational(1, 3)), 0.75),
        (sympy.Min(_X, 1 - _X), 0.25),
        (sympy.sec(_X), 1 / math.cos(0.25)),
        (sympy.coth(_X) * sympy.csch(_X), math.cosh(0.25) / math.sinh(0.25) ** 2),
        (sympy.LambertW(_X), None),
        (sympy.floor(_X), None),
        (sympy.I * _X, None),
    ],
)
def test_what_simplification_writes_is_evaluated_or_says_nothing(written: Any, value: Any) -> None:
    program = _OF_ONE.extended({"value": written})
    for found in (*outputs_of_all(program, [{"x": 0.25}]), certified(program, {"x": 0.25})):
        told = None if found is None else float(found["value"])
        assert told == (None if value is None else pytest.approx(value, rel=1e-14))
