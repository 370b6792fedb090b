"""What the domains say of several inputs together: an entry is at least what its domain names as its lower
end, and entries of an ordered tensor rise.

These hold between entries of one example, at the same place. Strict is only what is declared so: ends belong
to an interval, and an ordered tensor rises strictly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.ir.domain import Domain, domain_of
from objc.ir.index import BATCH, Position
from objc.ir.parts import found_in
from objc.ir.program import Input, Program
from objc.ir.symbols import Condition, Expression, Read, conjuncts, position_value

_DEEPEST = 3
"""Declared differences that the sign of one sum may be made of."""
_FEW = 3
"""Addends of a sum in which what is declared is followed from end to end."""


@dataclass(frozen=True)
class Part:
    """A sum less something whose sign is declared: `rest`, and whether what was taken out is at least zero
    (1) or at most (−1), and never zero."""

    rest: Expression
    sign: int
    is_strict: bool


def declared_parts(
    expression: Any, program: Program, here: Condition = sympy.true
) -> Iterator[Part]:
    """What is left of a sum when a difference of declared sign is taken out, where that leaves less. `here`
    is what holds at the place."""
    if not isinstance(expression, sympy.Add) or not any(map(_says_more, program.inputs)):
        return
    for addend in expression.args:
        for read in sorted(found_in(addend, Read), key=str):
            one = program.input.get(read.tensor)
            if one is None or addend.as_independent(read, as_Add=False)[1] != read:
                continue
            scale = addend / read
            sign = 1 if scale.is_nonnegative else -1 if scale.is_nonpositive else 0
            if sign == 0:
                continue
            others = expression - addend
            ends = [(*found, len(expression.args) - 1) for found in _ends_at(read, one, program)]
            if len(expression.args) <= _FEW:  # an end may have an end of its own
                ends += [(*found, len(expression.args)) for found in _own_ends(read, one, program)]
            for end, side, most in ends:
                rest = sympy.expand_mul(others + scale * end)
                if len(sympy.Add.make_args(rest)) <= most:
                    yield Part(rest, sign * side, False)
            if one.domain.kind == "ordered":
                yield from _in_order(read, scale, sign, others, here)


def declared_sign(expression: Expression, program: Program, deep: int = _DEEPEST) -> Domain:
    """The sign of an expression, by SymPy's assumptions and by what is declared of differences in it."""
    known = domain_of(expression)
    if known.kind != "real" or deep == 0:
        return known
    for part in declared_parts(expression, program):
        sign = declared_sign(part.rest, program, deep - 1).kind
        alike = ("positive", "nonnegative") if part.sign > 0 else ("negative", "nonpositive")
        if part.rest == 0:
            return Domain(alike[0] if part.is_strict else alike[1])  # type: ignore[arg-type]
        if sign in alike:
            is_strict = part.is_strict or sign == alike[0]
            return Domain(alike[0] if is_strict else alike[1])  # type: ignore[arg-type]
    return known


def leaning(program: Program) -> frozenset[str]:
    """The inputs whose domains say something of them together: their values can't be chosen one by one."""
    found = {one.name for one in program.inputs if one.domain.kind == "ordered"}
    for one in program.inputs:
        if one.domain.least is not None or one.domain.most is not None:
            found |= {one.name, *one.domain.names}
    return frozenset(found)


def in_order(inputs: Iterable[Input]) -> list[Input]:
    """Inputs so that each comes after those that its ends name, else as they are declared, hyperparameters
    first."""
    waiting = sorted(inputs, key=lambda one: one.role != "hyperparameter")
    found: list[Input] = []
    while waiting:
        names = {one.name for one in waiting}
        ready = (one for one in waiting if not one.domain.names & (names - {one.name}))
        found.append(next(ready, waiting[0]))
        waiting.remove(found[-1])
    return found


def _says_more(one: Input) -> bool:
    """Whether a domain says more than what its entries are by themselves."""
    ends = one.domain.ends
    return one.domain.kind == "ordered" or (
        one.domain.kind != "index" and any(end.free_symbols for end in ends)
    )


def _ends_at(read: Read, one: Input, program: Program) -> Iterator[tuple[Expression, int]]:
    """The ends that others are named in, at the place of a read, with the side on which the entry lies; and
    what of an interval is its other end, beside which an entry says that they are in order."""
    yield from _own_ends(read, one, program)
    for other in program.inputs:
        if other.domain.least is None or other.domain.most is None:
            continue
        for end, beside, side in (
            (other.domain.least, other.domain.most, -1),
            (other.domain.most, other.domain.least, 1),
        ):
            # Some entry lies between them, at the places that all three share.
            if end == Read(one.name, (), one.domain.assumptions) and _is_alike(one, other):
                placed = _placed(beside, read, one, program.input)
                if placed is not None:
                    yield placed, side


def _own_ends(read: Read, one: Input, program: Program) -> Iterator[tuple[Expression, int]]:
    for end, side in zip(one.domain.ends, (1, -1), strict=True):
        placed = _placed(end, read, one, program.input) if end.free_symbols else None
        if placed is not None:
            yield placed, side


def _is_alike(one: Input, other: Input) -> bool:
    return _own(one) == _own(other)


def _own(one: Input) -> tuple[Any, ...]:
    return tuple(each for each in one.dimensions if each is not BATCH)


def _placed(
    end: Expression, read: Read, one: Input, inputs: Mapping[str, Input]
) -> Expression | None:
    """An end at the place of a read of the input that it belongs to; None where it has none there."""
    if len(read.positions) != len(one.dimensions):
        return None
    mapping = {}
    for bare in found_in(end, Read):
        other = inputs.get(bare.tensor)
        places = None if other is None else _places(read, one, other)
        if places is None:
            return None
        mapping[bare] = bare.at(places)
    return end.xreplace(mapping)


def _places(read: Read, one: Input, other: Input) -> tuple[Position, ...] | None:
    """Where a scalar, or a tensor of the same shape, is read beside an entry of an input. Either may have a
    batch axis, which is the first."""
    places = read.positions
    is_batched = one.dimensions[:1] == (BATCH,)
    if other.dimensions[:1] == (BATCH,) and not is_batched:
        return None
    own = places[1:] if is_batched else places
    batch = places[:1] if other.dimensions[:1] == (BATCH,) else ()
    if not _own(other):
        return batch
    return (*batch, *own) if _own(other) == _own(one) else None


def _in_order(
    read: Read, scale: Expression, sign: int, others: Expression, here: Condition
) -> Iterator[Part]:
    """`c·θ[k] − c·θ[j]` of an ordered tensor, where one place is known to be after the other."""
    for addend in sympy.Add.make_args(others):
        beside = -addend / scale
        if not isinstance(beside, Read) or beside.tensor != read.tensor:
            continue
        if beside.positions[:-1] != read.positions[:-1]:
            continue
        ahead = position_value(read.positions[-1]) - position_value(beside.positions[-1])
        rest = others - addend
        for direction in (1, -1):
            found = _is_ahead(direction * ahead, here)
            if found is not None:
                yield Part(rest, sign * direction, found)


def _is_ahead(distance: Any, here: Condition) -> bool | None:
    """Whether places so far apart are unlike (True), or are not known to be (False), the first not before the
    second; None where that is not known."""
    if distance.is_positive:
        return True
    for part in conjuncts(here):
        if isinstance(part, sympy.Gt | sympy.Lt):
            greater, less = part.args if isinstance(part, sympy.Gt) else part.args[::-1]
            whole = greater.is_integer and less.is_integer
            if whole and (distance - (greater - less)).is_nonnegative:
                return True
    return False if distance.is_nonnegative else None
