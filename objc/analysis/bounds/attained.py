"""The least and the greatest value: `infimum M`, `supremum M`, and `minimum M`, `maximum M` where they are
attained.

That nothing lies beyond M is shown by the provers of `bounded`; that M is reached, exactly at a place inside
the domain, for all hyperparameters alike; that it is come near to, by a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import mpmath
import sympy

from objc.analysis.claims import decide
from objc.analysis.decision import Decision, proved
from objc.analysis.shape.ends import end_of
from objc.analysis.shape.growth import sides_of
from objc.analysis.signs.elementary import is_zero
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.analysis.values.enclosures import Enclosing
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.domain import number_of
from objc.ir.evaluate import evaluate
from objc.ir.program import Claim, Input
from objc.ir.symbols import Expression
from objc.ir.text import Text
from objc.target import IndexOutOfRange

_Place: TypeAlias = "dict[str, Any]"
"""What each input that is no hyperparameter is set to, exactly."""
_LOWER = frozenset({"infimum", "minimum"})
_TRIES = 8
_ALIKE, _DIGITS = 6, 50
"""The samples of which each array has one number in all its entries."""
_NEAR = 1e-9
_PLACES = (0, 1, -1, 2, -2, 3, -3, 10, -10)


def reached(subject: Subject, claim: Claim) -> Decision | None:
    """It is a bound, and the value at some place."""
    (wanted,) = claim.arguments
    place = _place(subject, wanted)
    if place is None and (where := _at_arrays(subject, wanted)) is not None:
        is_bound = _is_bound(subject, claim.words[0], wanted)
        return proved(f"it is a bound, and the value at {where}") if is_bound else None
    if place is None or not _is_bound(subject, claim.words[0], wanted):
        return None
    write = Text(subject.program).scalar
    where = ", ".join(f"{name} = {write(value).text}" for name, value in place.items())
    return proved(f"it is a bound, and the value at {where}")


def approached(subject: Subject, claim: Claim) -> Decision | None:
    """It is a bound, and what the value tends to in one input on one side, or at the open end of its
    domain."""
    (wanted,) = claim.arguments
    for one in subject.declared.differentiable:
        for value, how in _limits(subject, one):
            if value == wanted and _is_bound(subject, claim.words[0], wanted):
                return proved(f"it is a bound, and {how}")
    return None


def _limits(subject: Subject, one: Input) -> Iterator[tuple[Any, str]]:
    """What the value tends to in an input, and how that is said."""
    for side in sides_of(subject, one.name, subject.value):
        if side.value is not None:
            yield side.value, side.in_words(one.name)
    if one.domain.kind == "positive" and not one.dimensions and len(subject.program.lets) == 1:
        t = sympy.Dummy("t", positive=True)
        value = end_of(subject.value.xreplace({one.read(): 1 / t}), t) if subject.is_short else None
        if value is not None:
            told = Text(subject.program).scalar(value).text
            yield value, f"it tends to {told} as {one.name} goes to 0"


def candidates(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """Ends of the range, and limits on both sides."""
    end = subject.range.low if word in _LOWER else subject.range.high
    found: list[Any] = []
    if not isinstance(end, float):
        found.append(sympy.Rational(end.numerator, end.denominator))
    for one in subject.declared.differentiable:
        found += [value for value, _ in _limits(subject, one) if value.is_Rational]
    ordered = sorted(set(found), reverse=word not in _LOWER)
    for value in ordered:
        yield Claim(False, (word,), (value,), None, names)


def _is_bound(subject: Subject, word: str, wanted: Expression) -> bool:
    ends = (wanted, sympy.oo) if word in _LOWER else (-sympy.oo, wanted)
    return decide(subject, stated("bounded", arguments=ends)).verdict == "proved"


def _place(subject: Subject, wanted: Expression) -> _Place | None:
    """A place inside the domain at which the value is exactly so much whatever the hyperparameters are, of a
    formula of numbers."""
    program = subject.program
    if len(program.lets) != 1 or any(one.dimensions for one in program.inputs):
        return None
    drawn = [one for base in samples(program, _TRIES) for one in _around(subject, base)]
    found = outputs_of_all(program, [values for values, _ in drawn])
    for (values, place), one in zip(drawn, found, strict=True):
        value, least = None if one is None else one["total"], number_of(wanted, values, {})
        if value is None or least is None or not is_finite(value):
            continue
        if abs(value - least) < _NEAR and _is_exactly(subject, place, wanted):
            return place
    return None


def _at_arrays(subject: Subject, wanted: Expression) -> str | None:
    """Arrays, all entries alike, at which a loss without hyperparameters is exactly so much, in words."""
    program = subject.program
    if not wanted.is_Rational or any(one.role == "hyperparameter" for one in program.inputs):
        return None
    if not any(one.dimensions for one in program.inputs):
        return None
    for values in samples(program, _ALIKE):
        try:
            found = evaluate(program, values, numbers=Enclosing(_DIGITS))["total"]
        except (ValueError, IndexOutOfRange):
            continue
        if found.is_point and found.low == mpmath.mpf(int(wanted.p)) / int(wanted.q):
            return shown(values, values)
    return None


def _around(subject: Subject, base: Values) -> Iterator[tuple[Values, _Place]]:
    """A drawn place, and those where an input is equal to the data, a round number, an end of its domain, or
    where a part of the formula is zero; hyperparameters stay what they are. Only those that are inside all
    domains."""
    held = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    place = {one.name: sympy.Rational(str(base[one.name])) for one in held}
    if not all(_is_inside(one, place[one.name]) for one in held):
        return
    yield base, place
    data = [place[one.name] for one in held if one.role == "data"]
    for one in subject.program.differentiable:
        plain = (*data, *map(sympy.Integer, _PLACES), *one.domain.bounds)
        for value in dict.fromkeys((*plain, *_roots(subject, place, one))):
            number = number_of(value, base, {})
            if number is not None and _is_inside(one, value):
                yield {**base, one.name: number}, {**place, one.name: value}


def _roots(subject: Subject, place: _Place, one: Input) -> Iterator[Any]:
    """Where sums in the formula are zero that are linear in an input, the other inputs at a place."""
    rest = {other.read(): place[other.name] for other in subject.program.inputs if other != one
            and other.name in place}  # fmt: skip
    read = one.read()
    for part in sorted(subject.value.atoms(sympy.Add), key=str):
        here = part.xreplace(rest)
        rise = here.coeff(read)
        if rise != 0 and not rise.has(read) and not (rest_of := here - rise * read).has(read):
            yield sympy.cancel(-rest_of / rise)


def _is_inside(one: Input, value: Any) -> bool:
    """Whether a value is in a domain whatever the hyperparameters are; an open end is not in it."""
    low, high = one.domain.bounds
    is_open = one.domain.kind == "positive" and value == 0
    is_above = value == low or (value - low).is_extended_nonnegative is True
    is_below = value == high or (high - value).is_extended_nonnegative is True
    return bool(value.is_finite) and not is_open and is_above and is_below


def _is_exactly(subject: Subject, place: _Place, wanted: Expression) -> bool:
    """Whether the formula at a place is so much for all hyperparameters."""
    there = {one.read(): place[one.name] for one in subject.program.inputs if one.name in place}
    value = subject.value.xreplace(there)  # all at once: 0 times what is undefined is
    return bool(value.is_finite is not False and is_zero(value - wanted))
