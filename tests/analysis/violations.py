"""By how much a counterexample violates a property: the interpreter in mpmath, at 50 digits, at the places
that are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath

from objc.analysis.claims import decide
from objc.analysis.decision import Decision
from objc.analysis.subject import Subject
from objc.ir.evaluate import evaluate
from objc.ir.program import Claim

DIGITS = 50
_STRICTLY = mpmath.mpf("1e-30")


def is_counterexample_found(subject: Subject, claim: Claim) -> bool:
    """Whether a claim is refuted with places, which then violate it by far more than rounding."""
    decision = decide(subject, claim)
    if not decision.places:
        return False
    with mpmath.workdps(DIGITS):
        assert excess(subject, claim, decision) > _STRICTLY, (claim.words, decision.counterexample)
    return True


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
