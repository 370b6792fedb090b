"""A let is computed where it is read.

Where every read of `s[t]` stands under `t < length` or `mask[t] == 1`, the rest of it is not part of the
result: what it reads there may be no number, or an index out of range, and neither the value nor any
derivative is to see it. The condition becomes a part of the let, so that every pass knows it. Where it is
read at a place besides, as the true class of a masked softmax is, that is `mask[k] == 1 or k == label`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sympy

from objc.atoms import Branch
from objc.ir.conditions import taken_reads
from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.recurrence import Group, groups, members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Extent,
    IndexValue,
    Read,
    conjuncts,
    indices_of,
    position_value,
    reads,
    substitute_positions,
)
from objc.passes.batch import dependent

Demand: TypeAlias = frozenset[Any] | None
"""Conditions of which all hold wherever a let is read; None while no read of it is known."""

_ANYWHERE: frozenset[Any] = frozenset()
_MOST_PLACES = 2
"""Places beside which a condition is kept."""
_PICKING = frozenset({"argmax", "argmin", "argsort"})
"""Reductions that have no result where nothing is left to reduce."""


def guard_by_demand(program: Program) -> Program:
    """Guard each let by what data say wherever it is read, for the derivatives to know it. Conditions
    on what is learned stay with the branch that has them, those on indices with lets that could read
    outside of a tensor."""
    demands = _demands(program)
    return program.with_lets(
        _within(let, [one for one in demands[let.name] if reads(one) or _is_risky(let)])
        for let in program.lets
    )


def guard_places(program: Program) -> Program:
    """Guard the lets that could read outside of a tensor, and no others."""
    demands = _demands(program)
    return program.with_lets(
        _within(let, demands[let.name]) if _is_risky(let) else let for let in program.lets
    )


def settle_demand(program: Program) -> Program:
    """Guard the lets that could read outside of a tensor; take the guard from others where it only
    says what holds at every read. There the rest may be computed, and a loop without it is faster."""
    demands = _demands(program)
    return program.with_lets(
        _within(let, demands[let.name])
        if _is_risky(let)
        else _everywhere(let, demands[let.name], program.let)
        for let in program.lets
    )


def _demands(program: Program) -> dict[str, frozenset[Any]]:
    walk = _Walk(program)
    for group in reversed(groups(program)):
        walk.visit(group)
    return {let.name: walk.whole(let.name) for let in program.lets}


@dataclass(frozen=True)
class _Case:
    """What holds where some reads of a let are taken: conditions, and that they are at one place."""

    conditions: frozenset[Any]
    place: frozenset[Any]


class _Walk:
    """From the outputs back to what they need."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.order = {let.name: number for number, let in enumerate(program.lets)}
        learned = (one.name for one in program.differentiable)
        self.active = dependent(program.lets, learned)
        results = {*program.outputs.values(), *(term.let for term in program.terms)}
        self.demands: dict[str, Demand] = dict.fromkeys(results, _ANYWHERE)
        self.cases: dict[str, set[_Case]] = {
            name: {_Case(_ANYWHERE, _ANYWHERE)} for name in results
        }
        self.stepping = members(program)

    def whole(self, name: str) -> frozenset[Any]:
        """What holds wherever a let is read: what all reads agree on and, where all but those at a place or
        two agree on more, that or the place."""
        common = self.demands.get(name) or _ANYWHERE
        cases = self.cases.get(name, set())
        places = [one.conditions | one.place for one in cases if one.place]
        usual = [one.conditions for one in cases if not one.place]
        if name in self.stepping or not usual or not 0 < len(places) <= _MOST_PLACES:
            return common
        most = frozenset.intersection(*usual) - common
        if not any(map(reads, most)):
            return common
        either = sympy.Or(*(sympy.And(*one) for one in (most, *(way - common for way in places))))
        return common if either == sympy.true else common | {either}

    def visit(self, group: Group) -> None:
        """Note what the lets of a group read. In a recurrence they read each other: what holds at all
        reads is what is left when nothing changes any more."""
        members = {let.name for let in group.lets}
        while True:
            before = {name: self.demands.get(name) for name in members}
            for let in reversed(group.lets):
                self._note(let, members, first=group.lets[0])
            if before == {name: self.demands.get(name) for name in members}:
                return

    def _note(self, let: Let, members: set[str], first: Let) -> None:
        own = self.whole(let.name)
        for read, known in taken_reads(let):
            if read.tensor not in self.program.let:
                continue
            target = self.program.let[read.tensor]
            limit = self.order[first.name if target.name in members else target.name]
            conditions = [part for one in (*known, *own) for part in conjuncts(one)]
            case = self._moved(conditions, let, target, read, limit)
            before = self.demands.get(target.name)
            there = case.conditions
            self.demands[target.name] = there if before is None else before & there
            self.cases.setdefault(target.name, set()).add(case)

    def _moved(
        self, conditions: Iterable[Condition], let: Let, target: Let, read: Read, limit: int
    ) -> _Case:
        """Those of the conditions that can be said of the entry that is read, by its own indices; and the
        place at which it is."""
        mapping: dict[Index, Position] = {}
        found: set[Any] = set()
        fixed: list[tuple[Index, Position]] = []
        for index, position in zip(target.free, read.positions, strict=True):
            base = position.base
            if isinstance(base, Index) and base in let.indices and base not in mapping:
                mapping[base] = Position(index, -position.offset)
                found.update(_steps_away(index, position.offset, base))
            else:
                fixed.append((index, position))

        def is_known(one: Any) -> bool:
            return indices_of(one) <= mapping.keys() and self._is_plain(one, mapping, limit)

        found.update(
            _canonical(substitute_positions(one, mapping)) for one in conditions if is_known(one)
        )
        values = [(index, position_value(position)) for index, position in fixed]
        place = {
            sympy.Eq(IndexValue(index), substitute_positions(value, mapping))
            for index, value in values
            if is_known(value)
        }
        return _Case(frozenset(found), frozenset(place) if len(place) == len(fixed) else _ANYWHERE)

    def _is_plain(self, condition: Condition, mapping: dict[Index, Position], limit: int) -> bool:
        """Whether a condition reads, in range, what is known before the let and learned by nobody."""
        for read in reads(condition):
            if read.tensor in self.active or self.order.get(read.tensor, -1) >= limit:
                return False
            for position in read.positions:
                index = position.index
                if index is None or mapping[index].offset:
                    return False
        return True


def _steps_away(index: Index, offset: int, base: Index) -> Iterator[Condition]:
    """What is known of a place that lies some steps ahead of, or behind, an index: it is no first, or no
    last."""
    if offset > 0:
        yield sympy.Ne(IndexValue(index), 0)
    elif offset < 0 and index.dimension == base.dimension:
        yield sympy.Lt(IndexValue(index) + 1, Extent(index.dimension))


def _canonical(condition: Condition) -> Condition:
    """One form for what is said of the first place in several: `t > 0`, `t >= 1`, `t != 0`."""
    if isinstance(condition, sympy.Gt | sympy.Ge | sympy.Lt | sympy.Le):
        more = condition if isinstance(condition, sympy.Gt | sympy.Ge) else condition.reversed
        least = 0 if isinstance(more, sympy.Gt) else 1
        if isinstance(more.lhs, IndexValue) and more.rhs == least:
            return sympy.Ne(more.lhs, 0)
    return condition


def _is_risky(let: Let) -> bool:
    """Whether some read of a let stands at a place that may be outside of its tensor."""
    return any(
        isinstance(position.base, Read) or position.offset
        for read in let.reads
        for position in read.positions
    )


def _within(let: Let, parts: Iterable[Condition]) -> Let:
    """The let where the conditions hold; elsewhere nothing of it is read, and it may be anything."""
    known = set(conjuncts(let.guard))
    new = sorted((one for one in parts if one not in known), key=spelled)
    if not new or let.reduction in _PICKING:
        return let
    holding = dict.fromkeys(new, sympy.true)
    if let.reduction is not None:
        return replace(let, body=let.body.xreplace(holding), guard=sympy.And(let.guard, *new))
    if isinstance(let.body, Branch) and set(new) <= set(conjuncts(let.body.args[0])):
        return let
    body = let.body.xreplace(holding)
    return replace(let, body=Branch(sympy.And(*new), body, sympy.Integer(0)))


def _is_exceptional(condition: Condition, let: Let, lets: Collection[str]) -> bool:
    """Whether a condition on what has been computed of a row, such as that it is beyond either end of the
    range, holds for few rows: the others don't run the loop then."""
    computed = {read.tensor for read in reads(condition)} & set(lets)
    is_either = isinstance(condition, sympy.Or)
    return is_either and bool(computed) and not indices_of(condition) & set(let.over)


def _everywhere(let: Let, parts: frozenset[Any], lets: Collection[str]) -> Let:
    if let.reduction is None or let.reduction in _PICKING or not parts:
        return let
    left = [
        one for one in conjuncts(let.guard) if one not in parts or _is_exceptional(one, let, lets)
    ]
    return replace(let, guard=sympy.And(*left))


__all__ = ["guard_by_demand", "guard_places", "settle_demand"]
