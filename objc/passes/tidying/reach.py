"""A recurrence runs as far as it is read.

Where `h[t]` is read at `t < length` only, and each step needs none but earlier ones, the steps behind
the length are not part of the result: they become `if t < length then … else 0`. So padding there may
hold what is no number, or an index out of range, and neither value nor gradient sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.conditions import taken_reads
from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.recurrence import Group, groups
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    indices_of,
    position_value,
    reads,
)

Reach = frozenset[Expression] | None
"""What the places that are read lie below, each limit for some of the reads; None: they may be any."""


def limit_recurrences(program: Program) -> Program:
    """Leave out the steps of each recurrence that nothing reads, as far as the limits tell."""
    parts = groups(program)
    if not any(group.indices for group in parts):
        return program
    walk = _Walk(program)
    limited = {let.name: let for group in reversed(parts) for let in walk.limited(group)}
    return program.with_lets(limited[let.name] for let in program.lets)


class _Walk:
    """From the outputs back to what they need. `reached` holds for each let, by its axes, the limits of
    its reads so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.reached: dict[str, dict[Index, Reach]] = {}
        for name in {*program.outputs.values(), *(term.let for term in program.terms)}:
            self.reached[name] = dict.fromkeys(program.let[name].free)

    def limited(self, group: Group) -> tuple[Let, ...]:
        """The lets of a group within the limits of what reads them; notes what they read."""
        lets = group.lets
        if group.indices:
            limits = {index: self._common(group, index) for index in group.indices}
            for let in lets:
                self.reached[let.name] = {index: limits.get(index) for index in let.free}
            condition = sympy.And(*(_below(index, limit) for index, limit in limits.items()))
            if condition != sympy.true:
                lets = tuple(_within(let, condition) for let in lets)
        for let in group.lets:
            self._note(let, {one.name for one in group.lets} if group.indices else set())
        return lets

    def _common(self, group: Group, index: Index) -> Reach:
        """How far a whole group has to run along an index that it steps upwards along."""
        names = {let.name for let in group.lets}
        for let in group.lets:
            for read in let.reads:
                if read.tensor in names:
                    axis = self.program.let[read.tensor].free.index(index)
                    position = read.positions[axis]
                    if position.base != index or position.offset > 0:
                        return None
        found: frozenset[Expression] = frozenset()
        for name in names & self.reached.keys():
            reach = self.reached[name][index]
            if reach is None:
                return None
            found |= reach
        return found

    def _note(self, let: Let, own: set[str]) -> None:
        for read, known in taken_reads(let):
            if read.tensor in own or read.tensor not in self.program.let:
                continue
            target = self.program.let[read.tensor]
            reached = self.reached.setdefault(target.name, dict.fromkeys(target.free, frozenset()))
            for index, position in zip(target.free, read.positions, strict=True):
                before, more = reached[index], self._limits(let, position, known)
                reached[index] = None if before is None or more is None else before | more

    def _limits(self, let: Let, position: Position, known: tuple[Condition, ...]) -> Reach:
        """What a position lies below, in a let where conditions are known to hold."""
        base = position.base
        if isinstance(base, Index):
            limits = frozenset(limit for one in known for limit in self._limit(one, base))
            if limits:
                nearest = min(limits, key=spelled)
                return frozenset({nearest + position.offset})
            own = self.reached.get(let.name, {}).get(base)
            return None if own is None else frozenset(limit + position.offset for limit in own)
        if base is None or isinstance(base, Read):
            value = position_value(position)
            return frozenset({value + 1}) if self._is_given(value) else None
        return None

    def _limit(self, condition: Condition, index: Index) -> Iterator[Expression]:
        """E, where a condition says index < E and E is given."""
        if not isinstance(condition, sympy.core.relational.Relational):
            return
        for one in (condition, condition.reversed):
            if one.lhs == IndexValue(index) and self._is_given(one.rhs):
                if isinstance(one, sympy.StrictLessThan):
                    yield one.rhs
                elif isinstance(one, sympy.LessThan | sympy.Equality):
                    yield one.rhs + 1

    def _is_given(self, limit: Expression) -> bool:
        """Whether a limit is the same everywhere and known before anything is computed."""
        given = all(read.tensor in self.program.input for read in reads(limit))
        return given and not indices_of(limit)


def _below(index: Index, reach: Reach) -> Condition:
    if reach is None:
        return sympy.true
    return sympy.Or(*(sympy.Lt(IndexValue(index), limit) for limit in reach))


def _within(let: Let, condition: Condition) -> Let:
    """The let where the condition holds; elsewhere nothing of it is read, and it may be anything."""
    body = let.body.xreplace({condition: sympy.true})
    if let.reduction is not None:
        return replace(let, body=body, guard=sympy.And(let.guard, condition))
    return replace(let, body=Branch(condition, body, sympy.Integer(0)))


__all__ = ["Reach", "limit_recurrences"]
