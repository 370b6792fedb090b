"""Refuters of bounds on derivatives by differences: of two values, and second ones of three on a line, in all
entries of an input."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, Violation, refuted
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import Outputs
from objc.analysis.values.samples import samples, shown
from objc.ir.domain import number_of
from objc.ir.program import Claim

_PLACES = 8
_STEP = Fraction(1, 32)
_FAR = -40.0
_NEAR = tuple(Fraction(1, 2**power) for power in (4, 10, 20, 40))


def steep_at_an_end(subject: Subject, claim: Claim) -> Decision | None:
    """`lipschitz`: the value at a closed end of a number's domain, and ever nearer to it."""
    one = subject.program.input[claim.inputs[0]]
    if len(claim.inputs) != 1 or one.dimensions or claim.words[0] != "lipschitz":
        return None
    pairs = [
        ({**values, one.name: exact}, {**values, one.name: exact + sign * step})
        for values in itertools.islice(samples(subject.program, _PLACES), _PLACES)
        for sign, end in zip((1, -1), one.domain.bounds, strict=True)
        for exact in _finite(number_of(end, values, {}))
        for step in _NEAR
    ]
    found = counterexamples.steep(subject, one.name, subject.value, claim.arguments[0], pairs)
    return None if found is None else refuted(found)


def _finite(end: float | None) -> Iterator[Fraction]:
    if end is not None and abs(end) != float("inf"):
        yield Fraction(str(end))


def second_differences(subject: Subject, claim: Claim) -> Decision | None:
    """`smooth`: |f(x+h) − 2 f(x) + f(x−h)| is at most L |h|² for what is L-smooth."""
    if len(claim.inputs) != 1 or claim.words[0] != "smooth":
        return None
    (name,), (bound,) = claim.inputs, claim.arguments
    one = subject.program.input[name]
    if len(one.dimensions) != 1 or one.domain.kind != "real":
        return None
    program = subject.extended({"value": subject.value, "bound": bound})
    attempts = []
    for values in itertools.islice(samples(subject.program, _PLACES), _PLACES):
        for middle, step in _lines(values[name]):
            places = tuple(
                {
                    **values,
                    name: [
                        Fraction(str(a)) + sign * _STEP * b
                        for a, b in zip(middle, step, strict=True)
                    ],
                }
                for sign in (-1, 0, 1)
            )
            attempts.append((places, _excess(sum(b * b for b in step))))
    found = counterexamples.contradicting(program, attempts)
    if found is None:
        return None
    start, between, end = (shown(each, (name,)) for each in found)
    others = shown(found[1], set(found[1]) - {name})
    at = f", at {others}" if others else ""
    return refuted(Violation(f"from {start} by {between} to {end} it bends more{at}", found))


def _excess(square: int) -> Any:
    def excess(found: Sequence[Outputs]) -> Any:
        first, middle, last = (one["value"] for one in found)
        most = found[1]["bound"] * square * _STEP.numerator**2 / _STEP.denominator**2
        return abs(first - 2 * middle + last) - most

    return excess


def _lines(drawn: Any) -> Iterator[tuple[list[Any], list[int]]]:
    """Points with directions: along one entry, along the difference of two, along all of them; where two
    are equal, and the others far below."""
    size = len(drawn)
    points = [drawn, [0.0] * size, [0.0, 0.0, *[_FAR] * (size - 2)][:size]]
    for point in points:
        yield point, [1] + [0] * (size - 1)
        yield point, [1, -1, *[0] * (size - 2)][:size]
        yield point, [1] * size
