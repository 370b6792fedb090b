"""Sums over pairs that the exchange of the pair makes equal: one of them is computed.

The gradient of a sum over pairs has two shares, of an item as the first and as the second of a pair.
Where what is summed is symmetric or antisymmetric in the two, the shares are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.index import BATCH, Index, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.schedule.cost import operations_of

_LONGEST = 300
"""Operations of a body that is compared with others."""

_Parities = Mapping[str, int]
"""By let: 1 where the exchange of its first two indices, behind that of a batch, changes nothing, -1 where it
changes the sign."""


def without_mirrored(program: Program) -> Program:
    """A program in which a sum that is another's up to the sign is read from that."""
    parities = _parities(program)
    outputs = set(program.outputs.values())
    lets: list[Let] = []
    instead: dict[str, tuple[Let, int]] = {}
    sums: list[tuple[Let, Expression]] = []
    made: dict[str, Let] = {}
    stepping = members(program)
    alike = _alike(program) - stepping
    for let in program.lets:
        let = _reading(let, instead)
        if let.name in alike and let.name not in outputs:
            body = _canonical(_inlined(let.body, made, parities), parities)
            found = next(
                (
                    (one, sign)
                    for one, other in sums
                    if (sign := _sign(let, body, one, other, parities))
                ),
                None,
            )
            if found is not None:
                instead[let.name] = found
                continue
            sums.append((let, body))
        lets.append(let)
        if let.name not in stepping:  # one that is made of itself has no end
            made[let.name] = let
    return program.with_lets(lets) if instead else program


def _alike(program: Program) -> set[str]:
    """The sums that run over the same dimensions as another and are made of the same: others are not
    worth a comparison."""
    made_of: dict[str, frozenset[Any]] = {}
    found: dict[Any, list[str]] = {}
    for let in program.lets:
        own = frozenset[Any]().union(*(made_of.get(one.tensor, {one.tensor}) for one in let.reads))
        kind = let.reduction, tuple(one.dimension for one in let.indices), len(let.free), own
        made_of[let.name] = own if let.reduction is None else frozenset({kind})
        if let.reduction == "sum" and let.free:
            found.setdefault(kind, []).append(let.name)
    return {name for names in found.values() if len(names) > 1 for name in names}


def _parities(program: Program) -> _Parities:
    found: dict[str, int] = {}
    for let in program.lets:
        pair = let.free[_place(let.free) :][:2]
        if len(pair) < 2 or pair[0].dimension != pair[1].dimension:
            continue
        first, second = pair
        exchange = {first: at(second), second: at(first)}
        guard = _canonical(let.guard, found)
        exchanged_guard = _canonical(substitute_positions(let.guard, exchange), found)
        if exchanged_guard != guard or let.reduction not in (None, "sum", "max", "min"):
            continue
        body = _canonical(let.body, found)
        exchanged = _canonical(substitute_positions(let.body, exchange), found)
        if exchanged == body:
            found[let.name] = 1
        elif exchanged == -body and let.reduction in (None, "sum"):
            found[let.name] = -1
    return found


def _place(indices: Sequence[Index | None]) -> int:
    """Where behind the index of a batch the first of a pair may stand."""
    return int(bool(indices) and indices[0] is not None and indices[0].dimension == BATCH)


def _canonical(body: Any, parities: _Parities) -> Any:
    """A body, or a guard, in which what may be exchanged is read, or compared, in one order."""
    swaps: dict[Expression, Expression] = {}
    for read in body.atoms(Read):
        if read.tensor not in parities:
            continue
        place = _place([position.index for position in read.positions])
        example, (first, second, *rest) = read.positions[:place], read.positions[place:]
        if str(first) > str(second):
            swaps[read] = parities[read.tensor] * read.at((*example, second, first, *rest))
    if swaps:
        body = body.xreplace(swaps)
    sides = {
        one: one.func(*one.args[::-1])
        for one in body.atoms(sympy.Eq, sympy.Ne)
        if str(one.args[0]) > str(one.args[1])
    }
    if sides:
        body = body.xreplace(sides)
    if not swaps:
        return body
    signs = {
        one: -quotient(-one.args[0], one.args[1])
        for one in body.atoms(quotient)
        if one.args[0].could_extract_minus_sign()
    }
    return body.xreplace(signs) if signs else body


def _inlined(body: Expression, lets: Mapping[str, Let], parities: _Parities) -> Expression:
    """A body with the short elementwise lets that it reads, but those whose sign an exchange turns."""
    while True:
        found = {
            read: let
            for read in body.atoms(Read)
            if (let := lets.get(read.tensor)) is not None
            if let.reduction is None and parities.get(let.name) != -1
        }
        if not found:
            return body
        parts = (body, *(let.body for let in found.values()))
        if sum(map(operations_of, parts)) > _LONGEST:  # before it is made, which takes long
            return body
        moves = {
            read: substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))
            for read, let in found.items()
        }
        body = body.xreplace(moves)


def _sign(
    let: Let, body: Expression, other: Let, canonical: Expression, parities: _Parities
) -> int:
    """1 or -1 where a sum is that times another, else 0."""
    if [one.dimension for one in let.indices] != [one.dimension for one in other.indices]:
        return 0
    if len(let.free) != len(other.free):
        return 0
    moves = dict(zip(let.indices, map(at, other.indices), strict=True))
    guard = _canonical(substitute_positions(let.guard, moves), parities)
    if guard != _canonical(other.guard, parities):
        return 0
    renamed = _canonical(substitute_positions(body, moves), parities)
    return 1 if renamed == canonical else -1 if renamed == -canonical else 0


def _reading(let: Let, instead: Mapping[str, tuple[Let, int]]) -> Let:
    """A let that reads the sums that stand for others."""
    swaps = {
        read: sign * one.read(*read.positions)
        for read in let.reads
        if read.tensor in instead
        for one, sign in [instead[read.tensor]]
    }
    if not swaps:
        return let
    return replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
