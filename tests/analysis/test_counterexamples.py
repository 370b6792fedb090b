"""Every counterexample is looked at again: the interpreter in mpmath, at 50 digits, at the places that are
named, and the property is violated there by far more than rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy

import objc.library
from objc.analysis.claims import decide
from objc.analysis.decision import Decision
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.ir.evaluate import evaluate
from objc.ir.program import Claim
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.truths import TRUTHS

DIGITS = 50
_STRICTLY = mpmath.mpf("1e-30")


def values(subject: Subject, claim: Claim, places: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The value at each place, with the numbers of the claim behind it."""
    names = {f"number_{n}": one for n, one in enumerate(claim.arguments)}
    slope = subject.slope(claim.inputs[0]) if claim.words[0] == "smooth" else None
    program = subject.extended({"value": subject.value if slope is None else slope, **names})
    found = [evaluate(program, dict(place), DIGITS) for place in places]
    return [(one["value"], *(one[name] for name in names)) for one in found]


def excess(subject: Subject, claim: Claim, decision: Decision) -> Any:
    """By how much a claim is violated."""
    found = values(subject, claim, decision.places)
    match claim.words[0], found:
        case "convex" | "strictly_convex" | "affine", [(first,), (second,), (middle,)]:
            gap = middle - (first + second) / 2
            return abs(gap) if claim.words[0] == "affine" else gap
        case "concave", [(first,), (second,), (middle,)]:
            return (first + second) / 2 - middle
        case "quasiconvex", [(first,), (second,), (middle,)]:
            return middle - max(first, second)
        case "strongly_convex", [(first, modulus), (second, _), (middle, _)]:
            length = distance(claim, decision.places) ** 2
            return middle - (first + second) / 2 + modulus * length / 8
        case "lipschitz" | "smooth", [(first, bound), (second, _)]:
            return abs(first - second) - bound * distance(claim, decision.places)
        case "nonnegative", [(value,)]:
            return -value
        case "bounded", [(value, low, high)]:
            return max(low - value, value - high)
        case "symmetric", [(first,), (second,)]:
            return abs(first - second)
    raise AssertionError((claim.words, len(found)))


def distance(claim: Claim, places: Sequence[Mapping[str, Any]]) -> Any:
    pairs = [
        pair for name in claim.inputs
        for pair in zip(_entries(places[0][name]), _entries(places[1][name]), strict=True)
    ]  # fmt: skip
    squares = [(Fraction(str(a)) - Fraction(str(b))) ** 2 for a, b in pairs]
    total = sum(squares, Fraction(0))
    return mpmath.sqrt(mpmath.mpf(total.numerator) / total.denominator)


def _entries(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _entries(one)
    else:
        yield value


def subject_of(text: str) -> Subject:
    (program,) = lower(parse(Source("text", text))).programs.values()
    return Subject(program)


def _hold(subject: Subject, claim: Claim) -> bool:
    """Whether there is a counterexample, which then is one."""
    decision = decide(subject, claim)
    if not decision.places:
        return False
    with mpmath.workdps(DIGITS):
        assert excess(subject, claim, decision) > _STRICTLY, (claim.words, decision.counterexample)
    return True


@pytest.mark.parametrize("part", range(4))
def test_of_the_truth_table(part: int) -> None:
    looked_at = 0
    for domain, formula, kind in TRUTHS[part::4]:
        subject = subject_of(f"loss f(x: {domain}) = {formula}\n")
        for word in ("convex", "concave"):
            if kind not in (word, "affine"):
                looked_at += _hold(subject, stated(word, "x"))
    assert looked_at > 30


def test_of_the_library() -> None:
    looked_at = 0
    for path in sorted(Path(objc.library.__file__).parent.glob("*.objc")):
        for program in lower(parse(Source(path.name, path.read_text("utf-8")))).programs.values():
            places = [
                Claim(False, one.words, one.arguments, None, one.inputs)
                for one in program.claims
                if one.negated and one.words[0] in ("convex", "concave", "symmetric", "bounded")
            ]
            looked_at += sum(_hold(Subject(program), one) for one in places)
    assert looked_at > 20


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
    assert _hold(subject_of(text + "\n"), stated(word, *names, arguments=numbers))
