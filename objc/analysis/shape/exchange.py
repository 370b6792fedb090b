"""Whether exchanging two inputs leaves a program the same, up to the names and the order of its indices.

Let by let, what a let becomes when the inputs are exchanged is sought among the lets themselves, its
free indices perhaps in another order: the row sums of the one are the column sums of the other.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.shape.merging import alignments, merged
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Read, substitute_positions


def is_unchanged(program: Program, first: str, second: str) -> bool:
    """Whether the program's last let is the same when the two inputs are exchanged."""
    one, other = program.input[first], program.input[second]
    if one.domain != other.domain or one.dimensions != other.dimensions or members(program):
        return False
    try:
        return _Exchange(merged(program), first, second).is_unchanged()
    except _NotFound:
        return False


class _NotFound(Exception):
    """A let has no counterpart."""


class _Exchange:
    def __init__(self, program: Program, first: str, second: str) -> None:
        self.program = program
        self.pair = {first: second, second: first}
        self.counterparts: dict[str, tuple[Let, tuple[int, ...]]] = {}

    def is_unchanged(self) -> bool:
        for let in self.program.lets:
            self.counterparts[let.name] = self._counterpart(let)
        last = self.program.lets[-1]
        return self.counterparts[last.name][0] is last

    def _counterpart(self, let: Let) -> tuple[Let, tuple[int, ...]]:
        body, guard = self._exchanged(let.body), self._exchanged(let.guard)
        for other in sorted(self.program.lets, key=lambda one: one is not let):
            for order, renamed in alignments(let, other):
                there = substitute_positions(body, renamed)
                limits = substitute_positions(guard, renamed)
                if _is_same_condition(limits, other.guard) and _is_same(there, other.body):
                    return other, order
        raise _NotFound

    def _exchanged(self, expression: Any) -> Any:
        mapping = {read: self._read(read) for read in expression.atoms(Read)}
        return expression.xreplace(mapping)

    def _read(self, read: Read) -> Any:
        if any(isinstance(one.base, Read) and self._varies(one.base) for one in read.positions):
            raise _NotFound
        if read.tensor in self.pair:
            return self.program.input[self.pair[read.tensor]].read(*read.positions)
        if read.tensor in self.program.input:
            return read
        other, order = self.counterparts[read.tensor]
        return other.read(*(read.positions[place] for place in order))

    def _varies(self, base: Read) -> bool:
        return base.tensor in self.pair or base.tensor not in self.program.input


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other or sympy.expand(_ordered(one) - _ordered(other)) == 0)


def _is_same_condition(one: Any, other: Any) -> bool:
    return bool(one == other or _ordered(one) == _ordered(other))


def _ordered(condition: Any) -> Any:
    """A condition with both sides of each relation in a fixed order."""
    mapping = {
        one: one.reversed
        for one in condition.atoms(sympy.core.relational.Relational)
        if str(one.lhs) > str(one.rhs)
    }
    return condition.xreplace(mapping)
