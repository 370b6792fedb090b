"""The edge of a recurrence where a step back, or ahead, would leave the axis: what is read there, and
what nothing reads there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.conditions import taken_reads
from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.recurrence import Group
from objc.ir.symbols import (
    Condition,
    IndexValue,
    indices_of,
    position_value,
    reads,
    substitute_positions,
)


def spared(program: Program, group: Group) -> Program:
    """The program with the lets of a recurrence guarded at an edge where they would read beyond it, if
    nothing reads them there: a gate `g[t]` made of `h[t-1]` needs no `g[0]` where `h[0]` is given."""
    for index, step in zip(group.indices, group.steps, strict=True):
        for name in reversed(_leaving(group, index, step)):
            let = program.let[name]
            if not _is_read_at(program, let, index, step):
                let = _without(let, index, edge_of(index, step))
                program = program.with_lets(
                    let if one.name == name else one for one in program.lets
                )
    return program


def edge_of(index: Index, step: int) -> Position:
    """The first step of those that go upwards (step 1), or downwards (-1)."""
    return Position(None, 0) if step > 0 else Position(index.dimension, -1)


def _leaving(group: Group, index: Index, step: int) -> list[str]:
    """The lets that read a step of their recurrence beyond the edge, themselves or through others of the
    same step, each after those it reads."""
    axes = {one.name: one.free.index(index) for one in group.lets}
    edge = edge_of(index, step)
    found: list[str] = []
    for let in group.lets:
        for read, conditions in taken_reads(let):
            if read.tensor in axes:
                position = read.positions[axes[read.tensor]]
                beyond = position.offset and not is_covered(conditions, index, position.offset)
                if beyond or (read.tensor in found and _meets(position, edge, conditions)):
                    found.append(let.name)
                    break
    return found


def _is_read_at(program: Program, let: Let, index: Index, step: int) -> bool:
    """Whether anything reads a let at the edge, as far as can't be excluded."""
    outputs = {*program.outputs.values(), *(term.let for term in program.terms)}
    axis, edge = let.free.index(index), edge_of(index, step)
    return let.name in outputs or any(
        read.tensor == let.name and _meets(read.positions[axis], edge, conditions)
        for one in program.lets
        for read, conditions in taken_reads(one)
    )


def _meets(position: Position, edge: Position, conditions: Iterable[Condition]) -> bool:
    if position == edge:
        return True
    if not isinstance(position.base, Index):
        return (
            bool(position_value(position) - position_value(edge) == 0) or position.base != edge.base
        )
    there = {position.base: Position(edge.base, edge.offset - position.offset)}
    return bool(sympy.And(*(substitute_positions(one, there) for one in conditions)) != sympy.false)


def _without(let: Let, index: Index, edge: Position) -> Let:
    elsewhere = sympy.Ne(IndexValue(index), position_value(edge))
    if let.reduction is not None:
        return replace(let, guard=sympy.And(let.guard, elsewhere))
    return replace(let, body=Branch(elsewhere, let.body, sympy.Integer(0)))


def is_covered(conditions: Iterable[Condition], index: Index, offset: int) -> bool:
    """Whether a step is not taken where it would leave the axis, as far as can be told: a condition
    on data is believed, and held at run time."""
    edge = edge_of(index, -offset)
    there = [substitute_positions(one, {index: edge}) for one in conditions]
    if sympy.And(*there) == sympy.false:
        return True
    return any(
        reads(one) and index in indices_of(one) and not _bounds_far_side(one, index, offset)
        for one, at_edge in zip(conditions, there, strict=True)
        if at_edge != sympy.true
    )


def _bounds_far_side(condition: Condition, index: Index, offset: int) -> bool:
    """Whether a condition bounds the index away from the other end: `t < length` for a step back."""
    if not isinstance(condition, sympy.Lt | sympy.Le | sympy.Gt | sympy.Ge):
        return False
    difference = condition.lhs - condition.rhs
    if isinstance(condition, sympy.Gt | sympy.Ge):
        difference = -difference
    value = IndexValue(index)
    slope = difference.coeff(value)
    if not slope.is_Number or index in indices_of(difference - slope * value):
        return False
    return bool(slope * offset < 0)


__all__ = ["is_covered", "spared"]
