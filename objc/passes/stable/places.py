"""Places told by the index: where a branch says `t = 0`, `x[0, k]` is `x[t, k]`.

A boundary of a recurrence then reads like any other step: in range without a test, made by the same
iteration of a loop, and with an adjoint that needs no sum over `t`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Let, Program
from objc.ir.symbols import Condition, IndexValue, Read, conjuncts, position_value

Known = Mapping[Index, Any]
"""What an index is equal to: a number, or the last place of a dimension."""


def tell_places(program: Program) -> Program:
    """The same program, with fixed places written by the indices that are known to be there."""
    return program.with_lets(_told(let, program) for let in program.lets)


def _told(let: Let, program: Program) -> Let:
    if not let.body.has(Branch):
        return let
    body = _Telling(let, program).expression(let.body, {})
    return let if body == let.body else replace(let, body=body)


class _Telling:
    def __init__(self, let: Let, program: Program) -> None:
        self.let = let
        self.program = program

    def expression(self, node: Any, known: Known) -> Any:
        if isinstance(node, Branch):
            test, then, otherwise = node.args
            return Branch(
                self.expression(test, known),
                self.expression(then, {**known, **self._said(test)}),
                self.expression(otherwise, {**known, **self._said(sympy.Not(test))}),
            )
        if isinstance(node, Read):
            return self._read(node, known) if known else node
        if not node.args or not node.has(Read):
            return node
        arguments = [self.expression(one, known) for one in node.args]
        return node if arguments == list(node.args) else node.func(*arguments)

    def _said(self, condition: Condition) -> Known:
        found = {}
        for part in conjuncts(condition):
            if isinstance(part, sympy.Eq):
                for one, other in (part.args, part.args[::-1]):
                    if isinstance(one, IndexValue) and one.index in self.let.indices:
                        found[one.index] = other
        return found

    def _read(self, read: Read, known: Known) -> Read:
        dimensions = self.program.tensor(read.tensor).dimensions
        taken = {position.index for position in read.positions}
        positions = []
        for position, dimension in zip(read.positions, dimensions, strict=True):
            index = self._standing_at(position, dimension, known, taken)
            if index is not None:
                taken.add(index)
                position = Position(index)
            elif isinstance(position.base, Read):
                position = Position(self._read(position.base, known), position.offset)
            positions.append(position)
        return read if tuple(positions) == read.positions else read.at(positions)

    def _standing_at(
        self, position: Position, dimension: Dimension, known: Known, taken: set[Index | None]
    ) -> Index | None:
        if isinstance(position.base, Index | Read):
            return None
        value = position_value(position)
        for index in self.let.indices:
            if index.dimension == dimension and index not in taken and known.get(index) == value:
                return index
        return None


__all__ = ["tell_places"]
