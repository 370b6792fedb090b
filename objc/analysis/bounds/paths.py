"""The best, or the sum over all, of the paths through a chain is at least any one of them.

A recurrence that folds over where a path comes from, α[t, k] = e[t, k] + fold over j of (α[t−1, j] + r[j, k])
with a maximum or a logsumexp, is at least what it is with one j in the fold's place. With the path that the
data name (p[t] in the place of k, p[t−1] in that of j) that is an induction over t: α[t, p[t]] is at least
the sum of the steps up to t. Where a condition such as t < length ends, the chain may stay,
α[t, k] = α[t−1, k], and so does the path. The fold over the last α is at least the sum of all steps; what is
subtracted from it is compared step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import placed
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.index import Index, Position, at
from objc.ir.program import Claim, Let
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, IndexValue, Read, conjuncts, substitute_positions

_FOLDS = frozenset({"max", "logsumexp"})


class _NoPath(Exception):
    """The text is no chain, or a step is not known to be large enough."""


def path_through_a_chain(subject: Subject, claim: Claim) -> Decision | None:
    low, high = ends_of(claim)
    if low != 0 or high != sympy.oo or not members(subject.program):
        return None
    try:
        for value, known in _arms(subject.value, sympy.true):
            if not subject.ranges.of(value).is_nonnegative:
                _require_nonnegative(subject, value, known)
    except _NoPath:
        return None
    return proved("the fold over all paths is at least the one that the data name, by induction")


def _arms(value: Expression, known: Condition) -> Iterator[tuple[Expression, Condition]]:
    if isinstance(value, Branch):
        condition, then, otherwise = value.args
        yield from _arms(then, sympy.And(known, condition))
        yield from _arms(otherwise, sympy.And(known, sympy.Not(condition)))
    else:
        yield value, known


def _require_nonnegative(subject: Subject, value: Expression, known: Condition) -> None:
    """A fold over the end of a chain, less sums over its steps, with at least zero beside them."""
    program, ends, sums, rest = subject.program, [], [], sympy.Integer(0)
    for addend in sympy.Add.make_args(value):
        scale, read = addend.as_coeff_Mul()
        let = program.let.get(read.tensor) if isinstance(read, Read) else None
        if let is not None and not let.free and scale == 1 and let.reduction in _FOLDS:
            ends.append(let)
        elif let is not None and not let.free and scale == -1 and let.reduction == "sum":
            sums.append(let)
        else:
            rest += addend
    if len(ends) != 1 or not sums or not subject.ranges.of(rest).is_nonnegative:
        raise _NoPath
    chain = _chain_of(subject, ends[0])
    tried = [_Steps(subject, chain, path, sums, known) for path in _paths(subject, chain, sums)]
    if not any(one.are_large_enough() for one in tried):
        raise _NoPath


@dataclass(frozen=True)
class _Chain:
    """A recurrent let α[t, k] in one step back along t, by its first step and by the others."""

    let: Let
    time: Index
    state: Index
    first: Expression
    step: Expression


def _chain_of(subject: Subject, end: Let) -> _Chain:
    """The chain whose last step a fold runs over."""
    read, program = end.body, subject.program
    if not isinstance(read, Read) or read.tensor not in members(program) or end.guard != sympy.true:
        raise _NoPath
    let = program.let[read.tensor]
    if len(let.free) != 2 or len(end.over) != 1 or let.reduction is not None:
        raise _NoPath
    time, state = let.free
    if read.positions != (Position(time.dimension, -1), at(end.over[0])):
        raise _NoPath
    body = let.body
    if not isinstance(body, Branch) or body.args[0] != sympy.Eq(IndexValue(time), 0):
        raise _NoPath
    return _Chain(let, time, state, body.args[1], body.args[2])


def _paths(subject: Subject, chain: _Chain, sums: list[Let]) -> list[str]:
    """The data that name a state at each time."""
    found = {
        position.base.tensor
        for let in sums
        for read in let.reads
        for position in read.positions
        if isinstance(position.base, Read)
    }
    inputs = subject.program.input
    return [
        name
        for name in sorted(found & set(inputs))
        if inputs[name].dimensions == (chain.time.dimension,)
        and inputs[name].domain.dimension == chain.state.dimension
    ]


@dataclass(frozen=True)
class _Steps:
    """A path through a chain, what is subtracted at its steps, and what is known throughout."""

    subject: Subject
    chain: _Chain
    path: str
    sums: list[Let]
    known: Condition

    def are_large_enough(self) -> bool:
        try:
            self._require_first()
            self._require_others()
        except _NoPath:
            return False
        return True

    def _state(self, offset: int | None = 0) -> Position:
        """The path's state at t + offset; at the time 0 for None."""
        place = Position(None, 0) if offset is None else Position(self.chain.time, offset)
        return Position(self.subject.program.input[self.path].read(place))

    def _subtracted(self, place: Position) -> Expression:
        """What is subtracted at one time, of all sums."""
        total = sympy.Integer(0)
        for let in self.sums:
            if len(let.over) != 1 or let.over[0].dimension != self.chain.time.dimension:
                raise _NoPath
            here = {let.over[0]: place}
            guard, body = (substitute_positions(one, here) for one in (let.guard, let.body))
            total += Branch(guard, body, sympy.Integer(0)) if guard != sympy.true else body
        return total

    def _require_first(self) -> None:
        start = {self.chain.time: Position(None, 0), self.chain.state: self._state(None)}
        first = substitute_positions(self.chain.first, start)
        self._require_at_least(first, self._subtracted(Position(None, 0)), self.known)

    def _require_others(self) -> None:
        later = sympy.Dummy("s", integer=True, nonnegative=True)
        time = {IndexValue(self.chain.time): later + 1}
        subtracted = self._subtracted(at(self.chain.time)).xreplace(time)
        for arm, condition in _arms(self.chain.step, sympy.true):
            known = sympy.And(self.known, condition.xreplace(time))
            if arm == self._before(at(self.chain.state)):
                # The path stays where it is: so it must not move again.
                self._require_last(sympy.Not(condition))
                self._require_at_least(sympy.Integer(0), subtracted, known)
                continue
            moved = substitute_positions(arm, {self.chain.state: self._state()})
            along = self._along(moved, known, time)
            before = self._before(self._state(-1))
            if sympy.expand(along).coeff(before) != 1:
                raise _NoPath
            self._require_at_least(sympy.expand(along - before), subtracted, known)

    def _before(self, state: Position) -> Read:
        return self.chain.let.read(Position(self.chain.time, -1), state)

    def _require_last(self, condition: Condition) -> None:
        """That what moves a path held at all times before: t is less than something that has no t."""
        time = IndexValue(self.chain.time)
        is_order = isinstance(condition, sympy.StrictLessThan | sympy.LessThan)
        if not is_order or condition.lhs != time or condition.rhs.has(time):
            raise _NoPath
        positions = (one for read in condition.rhs.atoms(Read) for one in read.positions)
        if any(one.base is not None for one in positions):
            raise _NoPath

    def _along(self, moved: Expression, known: Condition, time: dict[Any, Any]) -> Expression:
        """A step with the path's state before in the place of each fold over such states."""
        for read in moved.atoms(Read):
            let = self.subject.program.let.get(read.tensor)
            if let is None or let.reduction not in _FOLDS or len(let.over) != 1:
                continue
            if let.over[0].dimension != self.chain.state.dimension:
                continue
            whole = sympy.expand(moved)
            scale = whole.coeff(read)
            if not scale.is_positive or sympy.expand(whole - scale * read).has(read):
                raise _NoPath
            over = {let.over[0]: self._state(-1)}
            places = dict(zip(let.free, read.positions, strict=True))
            guard = substitute_positions(let.guard, {**places, **over}).xreplace(time)
            if not set(conjuncts(guard)) <= {sympy.true, *conjuncts(known)}:
                raise _NoPath
            moved = moved.xreplace({read: placed(let, read, over)})
        return moved.xreplace(time)

    def _require_at_least(self, greater: Expression, less: Expression, known: Condition) -> None:
        difference = sympy.expand(_resolved(greater, known) - _resolved(less, known))
        reads = difference.atoms(Read)
        if any(read.tensor == self.chain.let.name for read in reads):
            raise _NoPath
        if not self.subject.ranges.of(difference).is_nonnegative:
            raise _NoPath


def _resolved(expression: Expression, known: Condition) -> Expression:
    """An expression with the branches that a condition decides."""
    facts = set(conjuncts(known))
    for branch in sorted(expression.atoms(Branch), key=lambda one: -one.count_ops()):
        condition = branch.args[0]
        if set(conjuncts(condition)) <= {sympy.true, *facts}:
            chosen = branch.args[1]
        elif any(sympy.Not(one) in facts or one == sympy.false for one in conjuncts(condition)):
            chosen = branch.args[2]
        else:
            continue
        return _resolved(expression.xreplace({branch: chosen}), known)
    return expression
