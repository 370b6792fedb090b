"""A sum of positive terms is at least each of them: log(Σ exp(b) + …) is at least b at any one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of, holds
from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import placed
from objc.analysis.subject import Subject
from objc.analysis.values.interval import NONNEGATIVE, Interval
from objc.ir.index import Index, Position, at
from objc.ir.program import Claim, Let
from objc.ir.symbols import Read, conjuncts, substitute_positions


def member_of_a_sum(subject: Subject, claim: Claim) -> Decision | None:
    if ends_of(claim)[0] != 0:
        return None
    known: dict[str, Interval] = {}
    for let in subject.program.lets:
        is_open = let.reduction in ("sum", "mean") and let.guard == sympy.true
        if is_open and not subject.ranges.of(let.body).is_nonnegative and _is_above(subject, let):
            known[let.name] = NONNEGATIVE
    if not known or not holds(subject, claim, subject.value, known):
        return None
    return proved("the logarithm of a sum of exponentials is at least each of the exponents")


def _is_above(subject: Subject, let: Let) -> bool:
    """Whether a body is at least zero with a member in the place of one of its logarithms."""
    addends = sympy.Add.make_args(let.body)
    for one in addends:
        scale, logarithm = _logarithm(one)
        if logarithm is None or not subject.ranges.of(scale).is_nonnegative:
            continue
        rest = let.body - one
        for exponent in _members(subject, let, logarithm.args[0]):
            if subject.ranges.of(sympy.expand(rest + scale * exponent)).is_nonnegative:
                return True
    return False


def _logarithm(addend: Any) -> tuple[Any, Any]:
    found = [one for one in sympy.Mul.make_args(addend) if isinstance(one, sympy.log)]
    return (addend / found[0], found[0]) if len(found) == 1 else (addend, None)


def _members(subject: Subject, let: Let, inside: Any) -> Iterator[Any]:
    """The exponents of a sum of exponentials at the indices of the let that reads it, where what else is in
    the logarithm is at least zero."""
    program = subject.program
    for part in sympy.Add.make_args(inside):
        if not isinstance(part, Read) or part.tensor not in program.let:
            continue
        inner = program.let[part.tensor]
        is_sum = inner.reduction == "sum" and isinstance(inner.body, sympy.exp)
        if not is_sum or not subject.ranges.of(inside - part).is_nonnegative:
            continue
        for place in (*let.free, *let.over):
            if len(inner.over) == 1 and inner.over[0].dimension == place.dimension:
                over: Mapping[Index, Position] = {inner.over[0]: at(place)}
                if _holds_there(inner, part, over):
                    yield placed(inner, part, over).args[0]


def _holds_there(let: Let, read: Read, over: Mapping[Index, Position]) -> bool:
    places = {**dict(zip(let.free, read.positions, strict=True)), **over}
    guard = substitute_positions(let.guard, places)
    return all(one == sympy.true for one in conjuncts(guard))
