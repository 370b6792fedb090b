"""Lets that may only be computed where they are taken.

A let such as `p[t] := sigmoid(x[t-1])` has no value at t = 0, and does no harm if whoever reads it does
so under `t > 0`. A target that computes a let at all its points would fail there; so where a reader
takes such a let conditionally, its body is put back into the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
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
    fixed = set(program.outputs.values()) | program.gathered | members(program)
    removable = set()
    for let in reversed(program.lets):
        free_to_go = let.reduction is None and let.name in conditional - fixed
        if free_to_go and _is_risky(let, program):
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
    fixed = set(program.outputs.values()) | program.gathered
    while inside:
        conditional = {read.tensor for let in program.lets for read in _conditional(let)}
        found = next(
            (
                let
                for let in program.lets
                if let.name in (inside & conditional) - fixed
                and let.reduction is None
                and _is_risky(let, program)
                and all(read.tensor != let.name for read in let.reads)
            ),
            None,
        )
        if found is None:
            break
        rest = [_with(let, {found.name: found}) for let in program.lets if let is not found]
        program = arranged(program.with_lets(rest))
    return program


def is_checked(read: Read, tensor: Input | Let) -> bool:
    """Whether some position may lie outside its axis."""
    return any(
        position.index is None or position.index.dimension != dimension
        for position, dimension in zip(read.positions, tensor.dimensions, strict=True)
    )


def _is_risky(let: Let, program: Program) -> bool:
    """Whether the let reads, where it is computed, at a position that may lie outside."""
    facts = Facts()
    for index in let.indices:
        facts = facts.inside(index)
    return _risks(let.guard, facts, program) or _risks(let.body, facts.given(let.guard), program)


def _risks(node: Any, facts: Facts, program: Program) -> bool:
    if isinstance(node, Read):
        return any(
            not facts.allow(position, dimension)
            for read in reads(node)
            for position, dimension in zip(
                read.positions, program.tensor(read.tensor).dimensions, strict=True
            )
        )
    if isinstance(node, Branch):
        test, then, otherwise = node.args
        return (
            _risks(test, facts, program)
            or _risks(then, facts.given(test), program)
            or _risks(otherwise, facts.given_not(test), program)
        )
    if isinstance(node, sympy.And | sympy.Or):
        conjunction = isinstance(node, sympy.And)
        for part in conjuncts(node) if conjunction else disjuncts(node):
            if _risks(part, facts, program):
                return True
            facts = facts.given(part) if conjunction else facts.given_not(part)
        return False
    return any(_risks(part, facts, program) for part in node.args)


def _with(let: Let, inlined: dict[str, Let]) -> Let:
    mapping = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
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
