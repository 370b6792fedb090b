"""The least and the greatest value: `infimum M`, `supremum M`, and `minimum M`, `maximum M` where they are
attained.

That nothing lies beyond M is shown by the provers of `bounded`; that M is reached, exactly at a rational
place; that it is come near to, by a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.claims import decide
from objc.analysis.decision import Decision, proved
from objc.analysis.shape.growth import sides_of
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Claim
from objc.ir.symbols import Expression

_LOWER = frozenset({"infimum", "minimum"})
_TRIES = 8
_NEAR = 1e-9
_PLACES = (0, 1, -1, 2, -2, 3, -3, 10, -10)


def reached(subject: Subject, claim: Claim) -> Decision | None:
    """It is a bound, and the value at some place."""
    (wanted,) = claim.arguments
    place = _place(subject, wanted)
    if place is None or not _is_bound(subject, claim.words[0], wanted):
        return None
    return proved(f"it is a bound, and the value at {shown(place, place)}")


def approached(subject: Subject, claim: Claim) -> Decision | None:
    """It is a bound, and what the value tends to in one input on one side."""
    (wanted,) = claim.arguments
    for one in subject.declared.differentiable:
        for side in sides_of(subject, one.name, subject.value):
            is_limit = side.value is not None and side.value == wanted
            if is_limit and _is_bound(subject, claim.words[0], wanted):
                return proved(f"it is a bound, and {side.in_words(one.name)}")
    return None


def candidates(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """Ends of the range, and limits on both sides."""
    end = subject.range.low if word in _LOWER else subject.range.high
    found: list[Any] = []
    if not isinstance(end, float):
        found.append(sympy.Rational(end.numerator, end.denominator))
    for one in subject.declared.differentiable:
        limits = [side.value for side in sides_of(subject, one.name, subject.value)]
        found += [value for value in limits if value is not None and value.is_Rational]
    ordered = sorted(set(found), reverse=word not in _LOWER)
    for value in ordered:
        yield Claim(False, (word,), (value,), None, names)


def _is_bound(subject: Subject, word: str, wanted: Expression) -> bool:
    ends = (wanted, sympy.oo) if word in _LOWER else (-sympy.oo, wanted)
    return decide(subject, stated("bounded", arguments=ends)).verdict == "proved"


def _place(subject: Subject, wanted: Expression) -> Values | None:
    """A rational place at which the value is exactly so much, of a formula of numbers."""
    program = subject.program
    if len(program.lets) != 1 or any(one.dimensions for one in program.inputs):
        return None
    drawn = [values for base in samples(program, _TRIES) for values in _around(subject, base)]
    found = outputs_of_all(program, drawn)
    for values, one in zip(drawn, found, strict=True):
        value = None if one is None else one["total"]
        is_near = value is not None and is_finite(value) and abs(value - float(wanted)) < _NEAR
        if is_near and _exactly(subject, values) == wanted:
            return values
    return None


def _around(subject: Subject, base: Values) -> Iterator[Values]:
    """A drawn place, and those where an input is equal to the data, or a round number."""
    yield base
    data = [one for one in subject.program.inputs if one.role == "data"]
    for one in subject.program.differentiable:
        low, high = one.domain.bounds
        choices = [base[other.name] for other in data] + list(_PLACES)
        for value in choices:
            is_end = one.domain.kind == "positive" and value == 0
            is_known = low.is_number and high.is_number and not is_end
            if is_known and bool(low <= value) and bool(value <= high):
                yield {**base, one.name: value}


def _exactly(subject: Subject, values: Values) -> Any:
    mapping = {one.read(): sympy.Rational(str(values[one.name])) for one in subject.program.inputs}
    return sympy.simplify(subject.value.subs(mapping))
