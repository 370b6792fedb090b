"""Recurrences of logarithms are counted from their own level, which is added up beside them.

In `a[t, k] = e[t, k] + log Σ exp(a[t-1, j] + w[j, k])` a grows with every step, and after some hundreds of
them its last place is larger than what tells two paths apart. Only differences of one step matter to the
next one: so a is kept less `m[t-1]`, the largest of the step before, and what is missing at the end is the
sum of all m, added up as sums are. (For hidden Markov models this is scaling: Rabiner 1989.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import Group, groups
from objc.ir.symbols import (
    Expression,
    Extent,
    IndexValue,
    Read,
    indices_of,
    position_value,
    substitute_positions,
)

ZERO = sympy.Integer(0)
_FINITE = sympy.Integer(2) ** 127
"""Levels beyond it are infinite in some type, or so large that nothing is told apart by then."""


def count_from_levels(program: Program) -> Program:
    """The program with all such recurrences counted from their level."""
    for group in groups(program):
        chain = _Chain.of(group)
        if chain is not None:
            program = _Leveling(program, chain).program() or program
    return program


@dataclass(frozen=True)
class _Chain:
    """`state` steps along `time`, up or down by `step`; `sums` are its logsumexps over the states before,
    and `rows` the indices that all share."""

    state: Let
    sums: tuple[Let, ...]
    time: Index
    step: int
    rows: tuple[Index, ...]

    @classmethod
    def of(cls, group: Group) -> _Chain | None:
        """None where a group is no such recurrence."""
        if len(group.indices) != 1:
            return None
        states = [let for let in group.lets if let.reduction is None]
        sums = tuple(let for let in group.lets if let.reduction == "logsumexp")
        if len(states) != 1 or not sums or len(sums) + 1 != len(group.lets):
            return None
        (state,), (time,), (step,) = states, group.indices, group.steps
        rows = None
        for let in sums:
            found = _rows(let, state, time, step)
            if found is None or (rows is not None and rows != found):
                return None
            rows = found
        assert rows is not None
        return cls(state, sums, time, step, rows)

    @property
    def first(self) -> Expression:
        """That a step is the first."""
        last = Extent(self.time.dimension) - 1
        return sympy.Eq(IndexValue(self.time), ZERO if self.step > 0 else last)


def _rows(let: Let, state: Let, time: Index, step: int) -> tuple[Index, ...] | None:
    """The indices that a state has in common with the logsumexp of the states before it, if it adds one of
    them to what knows none."""
    reads = [one for one in let.body.atoms(Read) if one.tensor == state.name]
    if len(reads) != 1 or any(one.tensor == state.name for one in let.guard.atoms(Read)):
        return None
    (read,) = reads
    rest = let.body - read
    if rest.has(read) or time not in let.free:
        return None
    rows = []
    for index, position in zip(state.free, read.positions, strict=True):
        if index == time:
            if position != Position(time, -step):
                return None
        elif position.index in let.over:
            continue
        elif position.index == index and index in let.free:
            rows.append(index)
        else:
            return None
    return tuple(rows)


class _Leveling:
    def __init__(self, before: Program, chain: _Chain) -> None:
        self.before = before
        self.chain = chain
        self.names = Names.of(before)
        terms = (one.let for one in before.terms)
        self.results = {*before.outputs.values(), *terms}
        self.lets: list[Let] = []
        self.totals: dict[Position, Let] = {}
        self.raised: dict[str, tuple[Let, Expression]] = {}
        state = chain.state
        self.own = tuple(one for one in state.free if one not in (*chain.rows, chain.time))
        copies = {one: self.names.index(one) for one in self.own}
        body = state.read(*(copies.get(one, one) for one in state.free))
        free = (*chain.rows, chain.time)
        name = self.names.fresh(f"level_{state.name}")
        self.level = Let(name, free, body, "max", tuple(copies.values()), domain=REAL)
        self.missing = self.names.fresh(f"missing_{state.name}")

    def program(self) -> Program | None:
        """None where the level is wanted at a step that is not known, or not as a sum."""
        chain = self.chain
        if not self.own or self.results & {chain.state.name, *(one.name for one in chain.sums)}:
            return None
        body = self._less_level(chain.state.body)
        if body is None:
            return None
        here = self._missing(tuple(map(at, self.level.free)))
        ahead = self._missing(self._places(at(chain.time, -chain.step)))
        self.raised = {chain.state.name: (chain.state, here)}
        self.raised |= {one.name: (one, ahead) for one in chain.sums}
        for let in self.before.lets:
            if let.name == chain.state.name:
                self.lets += [replace(let, body=body), self.level]
            elif let.name in self.raised:
                self.lets.append(let)
            else:
                changed = self._changed(let)
                if changed is None:
                    return None
                self.lets.append(changed)
        return self.before.with_lets(self.lets)

    def _less_level(self, body: Any) -> Expression | None:
        """The body of a state less the level of the step before; None where what it is then isn't known."""
        if isinstance(body, Branch):
            condition, then, otherwise = body.args
            if self._own_reads(condition):
                return None
            if condition == self.chain.first and not self._own_reads(then):
                below = self._less_level(otherwise)
                return None if below is None else Branch(condition, then, below)
            constant = self.chain.time not in indices_of(condition)
            arms = [
                ZERO if constant and arm == 0 else self._less_level(arm)
                for arm in (then, otherwise)
            ]
            return None if None in arms else Branch(condition, *arms)
        reads = [one for one in sympy.Add.make_args(body) if self._is_own(one)]
        if len(reads) != 1 or self._own_reads(body) != {reads[0]}:
            return None
        return body - self._shift(self._places(at(self.chain.time, -self.chain.step)))

    def _is_own(self, addend: Any) -> bool:
        """Whether an addend is a state of the step before, or a logsumexp of such, in the same row."""
        chain = self.chain
        let = next((one for one in chain.sums if one.name == getattr(addend, "tensor", "")), None)
        if let is None and getattr(addend, "tensor", "") != chain.state.name:
            return False
        wanted = dict(zip((let or chain.state).free, addend.positions, strict=True))
        there = at(chain.time, 0 if let is not None else -chain.step)
        return wanted[chain.time] == there and all(wanted[one] == at(one) for one in chain.rows)

    def _own_reads(self, expression: Any) -> set[Read]:
        names = {self.chain.state.name, *(one.name for one in self.chain.sums)}
        return {one for one in expression.atoms(Read) if one.tensor in names}

    def _places(self, time: Position) -> tuple[Position, ...]:
        return (*map(at, self.chain.rows), time)

    def _shift(self, places: tuple[Position, ...]) -> Expression:
        """The level, or nothing where it is no number."""
        level = self.level.read(*places)
        return Branch(sympy.Lt(sympy.Abs(level), _FINITE), level, ZERO)

    def _missing(self, places: tuple[Position, ...]) -> Read:
        """What a state is less than it was, by a name that no program keeps."""
        return Read(self.missing, places, {"real": True})

    # ------------------------------------------------------------------ what reads the states

    def _changed(self, let: Let) -> Let | None:
        """A let that reads what it read before, with what is missing where it doesn't cancel."""
        body, guard = (self._restored(one) for one in (let.body, let.guard))
        if body is None or guard is None:
            return None
        if not self._left(body):
            return let if body == let.body else replace(let, body=body)
        if let.reduction in ("logsumexp", "max", "min") and let.name not in self.results:
            found = [one for one in sympy.Add.make_args(body) if self._left(one)]
            if (
                len(found) != 1
                or not self._is_missing(found[0])
                or indices_of(found[0]) & {*let.over}
            ):
                return None
            self.raised[let.name] = let, found[0]
            return replace(let, body=body - found[0])
        totals = {one: self._total(one) for one in self._left(body)}
        if None in totals.values():
            return None
        return replace(let, body=body.xreplace(totals))

    def _restored(self, expression: Any) -> Any:
        """An expression with what is missing beside every read; None where a condition doesn't do without."""
        swaps: dict[Any, Any] = {}
        for read in expression.atoms(Read):
            if read.tensor in self.raised:
                let, missing = self.raised[read.tensor]
                places = dict(zip(let.free, read.positions, strict=True))
                swaps[read] = read + substitute_positions(missing, places)
        if not swaps:
            return expression
        for one in expression.atoms(sympy.core.relational.Relational):
            if self._left((one.lhs - one.rhs).xreplace(swaps)):
                return None
        if expression.is_Boolean:
            return expression
        return _swapped(expression, swaps)

    def _left(self, expression: Any) -> list[Read]:
        return [one for one in expression.atoms(Read) if one.tensor == self.missing]

    def _is_missing(self, addend: Any) -> bool:
        return isinstance(addend, Read) and addend.tensor == self.missing

    def _total(self, read: Read) -> Expression | None:
        """Σ m over the steps before a place that is the same for all."""
        *rows, time = read.positions
        if not (time.base is None or isinstance(time.base, Dimension)):
            return None
        if time not in self.totals:
            own = self.names.index(self.chain.time)
            guard = (sympy.Lt if self.chain.step > 0 else sympy.Gt)(
                IndexValue(own), position_value(time)
            )
            shift = self._shift(self._places(at(own)))
            name = self.names.fresh(f"sum_{self.level.name}")
            let = Let(name, self.chain.rows, shift, "sum", (own,), guard, REAL)
            self.totals[time] = let
            self.lets.append(let)
        return self.totals[time].read(*rows)


def _swapped(expression: Any, swaps: Mapping[Any, Any]) -> Any:
    """An expression with reads changed everywhere but in conditions."""
    if expression in swaps:
        return swaps[expression]
    if not expression.args or expression.is_Boolean:
        return expression
    return expression.func(*(_swapped(one, swaps) for one in expression.args))
