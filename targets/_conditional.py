"""Lets that may only be computed where they are taken.

A let such as `p[t] := sigmoid(x[t-1])` has no value at t = 0, and does no harm if whoever reads it does
so under `t > 0`. A target that computes a let at all its points would fail there; so where a reader
takes such a let conditionally, its body is put back into the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.conditions import taken_reads
from objc.ir.index import Dimension, Position
from objc.ir.parts import found_in
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import arranged, members
from objc.ir.symbols import Read, conjuncts, disjuncts, reads, substitute_positions

from ._facts import Facts


def computable_everywhere(program: Program) -> Program:
    """The same program, with no elementwise let that reads out of range where nobody takes it."""
    program = _without_risky_members(program)
    while (simpler := _without_risky(program)) is not program:
        program = simpler
    return program


def _without_risky(program: Program) -> Program:
    conditional = {read.tensor for let in program.lets for read in _conditional(let)}
    taken, places = certain(program)
    fixed = taken | program.gathered | members(program)
    removable = set()
    for let in reversed(program.lets):
        free_to_go = let.reduction is None and let.name in conditional - fixed
        if free_to_go and _is_risky(let, program, places):
            removable.add(let.name)
            conditional |= {read.tensor for read in let.reads}
    inlined: dict[str, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        let = _with(let, inlined)
        if let.name in removable:
            inlined[let.name] = let
        else:
            lets.append(let)
    return program.with_lets(lets) if inlined else program


def _without_risky_members(program: Program) -> Program:
    """The same for lets of recurrences, which may stand behind their readers: one at a time."""
    inside = members(program)
    taken, places = certain(program)
    fixed = taken | program.gathered
    while inside:
        conditional = {read.tensor for let in program.lets for read in _conditional(let)}
        found = next(
            (
                let
                for let in program.lets
                if let.name in (inside & conditional) - fixed
                and let.reduction is None
                and _is_risky(let, program, places)
                and all(read.tensor != let.name for read in let.reads)
            ),
            None,
        )
        if found is None:
            break
        rest = [_with(let, {found.name: found}) for let in program.lets if let is not found]
        program = arranged(program.with_lets(rest))
    return program


Place = tuple[str, int, Dimension]
"""An integer tensor, an offset, and the axis that each of its entries with that offset lies within."""


def certain(program: Program) -> tuple[set[str], set[Place]]:
    """Lets of which every entry is taken, whatever the data: outputs, and what those read everywhere. And
    the places that they read at: where one lies outside the call ends with an error anyway."""
    found = set(program.outputs.values())
    places: set[Place] = set()
    waiting = list(found)
    while waiting:
        let = program.let[waiting.pop()]
        for read in {read for read, known in taken_reads(let) if not known}:
            places.update(_places(read, program))
            if read.tensor in program.let and read.tensor not in found and _is_whole(read, program):
                found.add(read.tensor)
                waiting.append(read.tensor)
    return found, places


def place_of(position: Position, dimension: Dimension) -> Place | None:
    """The place that a position along an axis is; None where it is none of the data."""
    if not isinstance(position.base, Read):
        return None
    return position.base.tensor, position.offset, dimension


def _places(read: Read, program: Program) -> Iterator[Place]:
    dimensions = program.tensor(read.tensor).dimensions
    for position, dimension in zip(read.positions, dimensions, strict=True):
        if isinstance(position.base, Read) and _is_whole(position.base, program):
            yield (position.base.tensor, position.offset, dimension)


def _is_whole(read: Read, program: Program) -> bool:
    """Whether a read in a loop over its indices comes to every entry."""
    dimensions = program.tensor(read.tensor).dimensions
    return len({one.index for one in read.positions}) == len(dimensions) and all(
        one.index is not None and one.index.dimension == dimension
        for one, dimension in zip(read.positions, dimensions, strict=True)
    )


def is_checked(read: Read, tensor: Input | Let) -> bool:
    """Whether some position may lie outside its axis."""
    return any(
        position.index is None or position.index.dimension != dimension
        for position, dimension in zip(read.positions, tensor.dimensions, strict=True)
    )


def _is_risky(let: Let, program: Program, places: set[Place]) -> bool:
    """Whether the let reads, where it is computed, at a position that may lie outside."""
    facts = Facts()
    for index in let.indices:
        facts = facts.inside(index)

    def may_lie_outside(read: Read, facts: Facts) -> bool:
        axes = zip(read.positions, program.tensor(read.tensor).dimensions, strict=True)
        return any(
            not facts.allow(position, dimension) and place_of(position, dimension) not in places
            for position, dimension in axes
        )

    return _risks(let.guard, facts, may_lie_outside) or _risks(
        let.body, facts.given(let.guard), may_lie_outside
    )


def _risks(node: Any, facts: Facts, may_lie_outside: Callable[[Read, Facts], bool]) -> bool:
    if isinstance(node, Read):
        return any(may_lie_outside(read, facts) for read in reads(node))
    if isinstance(node, Branch):
        test, then, otherwise = node.args
        return (
            _risks(test, facts, may_lie_outside)
            or _risks(then, facts.given(test), may_lie_outside)
            or _risks(otherwise, facts.given_not(test), may_lie_outside)
        )
    if isinstance(node, sympy.And | sympy.Or):
        conjunction = isinstance(node, sympy.And)
        for part in conjuncts(node) if conjunction else disjuncts(node):
            if _risks(part, facts, may_lie_outside):
                return True
            facts = facts.given(part) if conjunction else facts.given_not(part)
        return False
    return any(_risks(part, facts, may_lie_outside) for part in node.args)


def _with(let: Let, inlined: dict[str, Let]) -> Let:
    mapping = {}
    for read in found_in(let.body, Read) | found_in(let.guard, Read):
        if read.tensor in inlined:
            source = inlined[read.tensor]
            places = dict(zip(source.free, read.positions, strict=True))
            mapping[read] = substitute_positions(source.body, places)
    if not mapping:
        return let
    return replace(let, body=let.body.xreplace(mapping), guard=let.guard.xreplace(mapping))


def _conditional(let: Let) -> Iterator[Read]:
    """Reads that are not taken at every point."""
    if let.guard != sympy.true:
        yield from reads(let.body)
    for expression in (let.body, let.guard):
        yield from _behind(expression)


def _behind(node: Any) -> Iterator[Read]:
    if isinstance(node, Branch):
        yield from _behind(node.args[0])
        yield from reads(node.args[1])
        yield from reads(node.args[2])
    elif isinstance(node, sympy.And | sympy.Or):
        parts = conjuncts(node) if isinstance(node, sympy.And) else disjuncts(node)
        yield from _behind(parts[0])
        for part in parts[1:]:
            yield from reads(part)
    else:
        for part in node.args:
            yield from _behind(part)
