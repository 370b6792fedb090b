"""Exponentials of sums, as products of exponentials that are made less often.

exp(u[t, j] + w[j, k] + v[t, k]) has a point for every t, j and k, where no part of the sum has. So it is
exp(u − a)·exp(w − b)·exp(v + a + b), of which the first is made for every t and j, the second for every j
and k, and the third for every t and k; a[t] and b[k] are the largest u and w over j. That is what one
multiplies by in a linear chain, or in Sinkhorn's iteration, instead of a sum of exponentials in every step.
No factor leaves the range where none of the parts varies by more than `REACH` together; where one does, as
where a transition is forbidden by a large number, the exponential is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import sympy

from objc.atoms import Branch
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import CausalityError, groups, members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    indices_of,
    reads,
    substitute_positions,
)

ZERO = sympy.Integer(0)
REACH = 84
"""exp(−84) is above the smallest normal number of float32, exp(84) below the largest."""


def separated(program: Program) -> Program:
    """The same program, with products in place of such exponentials."""
    recurring = members(program)
    separation = _Separation(program, recurring)
    lets = [separation.of(let) for let in program.lets]
    if not separation.new:
        return program
    found = program.with_lets(_in_order(lets, separation.new, bool(recurring)))
    try:
        groups(found)
    except CausalityError:
        # The largest of a row is known when all of the row is, and its entries are needed one by one before.
        return program
    return found


def _in_order(lets: list[Let], new: Iterable[Let], recurs: bool) -> list[Let]:
    """New lets, each behind the last that it reads: in a recurrence, at the same step."""
    for let in new:
        names = {
            read.tensor
            for read in let.reads
            if not recurs or all(position.offset == 0 for position in read.positions)
        }
        places = [number for number, one in enumerate(lets, start=1) if one.name in names]
        lets.insert(max(places, default=0), let)
    return lets


@dataclass(frozen=True)
class _Sum:
    """The parts of an exponent: `u` and `w` are multiples of reads and share the index `over`, `rest` is
    free of it."""

    over: Index
    u: _Multiple
    w: _Multiple
    rest: tuple[Expression, ...]


@dataclass(frozen=True)
class _Multiple:
    factor: Expression
    read: Read

    def beside(self, index: Index) -> tuple[Position, ...]:
        """The positions but the one that is an index."""
        return tuple(one for one in self.read.positions if one.index != index)

    def axis(self, index: Index) -> int:
        return [one.index for one in self.read.positions].index(index)


class _Separation:
    def __init__(self, program: Program, recurring: frozenset[str]) -> None:
        self.program = program
        self.recurring = recurring
        self.names = Names.of(program)
        self.made: dict[object, Let] = {}
        self.indices: dict[str, list[Index]] = {}
        self.new: list[Let] = []

    def of(self, let: Let) -> Let:
        swaps = {}
        for node in sorted(found_in(let.body, sympy.exp), key=spelled):
            parts = _parts(node.args[0], let, self.recurring)
            if parts is not None:
                swaps[node] = self._product(node, parts, let)
        return replace(let, body=let.body.xreplace(swaps)) if swaps else let

    def _product(self, node: Expression, parts: _Sum, let: Let) -> Expression:
        u, w, over = parts.u, parts.w, parts.over
        tops = (self._extreme("max", one, over).read(*one.beside(over)) for one in (u, w))
        level = sympy.Add(*tops, *parts.rest)
        home, back = self._home(parts, let)
        level = substitute_positions(level, home)
        there = [place.base for place in home.values() if isinstance(place.base, Index)]
        shared = indices_of(w.read) & indices_of(u.read) - {over}
        inner = {home[index].base for index in indices_of(w.read) - shared - {over}}
        outer = [index for index in there if index not in inner]
        within = [index for index in there if index in inner]
        whole = self._let("level", there, Branch(_within(level), level, ZERO)).read(*there)
        most = self._let("most", outer, sympy.Abs(whole), "max", within)
        spreads = self._spread(u, over), self._most_spread(w, over, shared)
        reach = most.read(*outer) + sum(substitute_positions(one, home) for one in spreads)
        reach = self._let("reach", outer, Branch(_within(reach), reach, ZERO)).read(*outer)
        factor = self._let("factor", there, sympy.exp(whole)).read(*there)
        product = self._scaled(u, over) * self._scaled(w, over) * substitute_positions(factor, back)
        return Branch(substitute_positions(reach, back) <= REACH, product, node)

    def _home(self, parts: _Sum, let: Let) -> tuple[dict[Index, Position], dict[Index, Position]]:
        """Where the indices but `over` go for what is made without it, and back: to the own indices of the
        first tensor in the rest that has all of them, so that sums which need the same at different places
        find it made."""
        there = [index for index in let.indices if index in _all(parts) and index != parts.over]
        home = {index: at(index) for index in there}
        for read in (read for one in parts.rest for read in reads(one)):
            bases = [position.base for position in read.positions]
            if set(bases) == set(there) and len(bases) == len(there):
                free = self._indices_of(read.tensor)
                home = {
                    position.base: at(own, -position.offset)
                    for own, position in zip(free, read.positions, strict=True)
                    if isinstance(position.base, Index)
                }
                break
        back = {
            place.base: at(index, -place.offset)
            for index, place in home.items()
            if isinstance(place.base, Index)
        }
        return home, back

    def _scaled(self, one: _Multiple, over: Index) -> Expression:
        """exp(c·x − max c·x), where the text reads x."""
        whole = self._whole(one)
        top = self._extreme("max", one, over)
        axis = one.axis(over)
        beside = [index for number, index in enumerate(self._indices(one)) if number != axis]
        let = self._let(
            f"scaled_{one.read.tensor}", self._indices(one), sympy.exp(whole - top.read(*beside))
        )
        return let.read(*one.read.positions)

    def _spread(self, one: _Multiple, over: Index) -> Read:
        """max c·x − min c·x along an index, where the text reads x."""
        return self._spread_let(one, over).read(*one.beside(over))

    def _most_spread(self, one: _Multiple, over: Index, shared: set[Index]) -> Read:
        """The largest of these beside the indices that are shared with another part."""
        let = self._spread_let(one, over)
        places = one.beside(over)
        kept = [own for own, place in zip(let.free, places, strict=True) if place.index in shared]
        rest = [own for own in let.free if own not in kept]
        most = self._let(f"most_{let.name}", kept, let.read(*let.free), "max", rest)
        return most.read(*(place for place in places if place.index in shared))

    def _spread_let(self, one: _Multiple, over: Index) -> Let:
        axis = one.axis(over)
        beside = [index for number, index in enumerate(self._indices(one)) if number != axis]
        top, bottom = (self._extreme(which, one, over) for which in ("max", "min"))
        name = f"spread_{one.read.tensor}"
        return self._let(name, beside, top.read(*beside) - bottom.read(*beside))

    def _extreme(self, which: str, one: _Multiple, over: Index) -> Let:
        indices = self._indices(one)
        axis = one.axis(over)
        beside = [index for number, index in enumerate(indices) if number != axis]
        name = f"{which}_{one.read.tensor}"
        return self._let(name, beside, self._whole(one), which, [indices[axis]])

    def _whole(self, one: _Multiple) -> Expression:
        return one.factor * one.read.at(map(at, self._indices(one)))

    def _indices(self, one: _Multiple) -> list[Index]:
        return self._indices_of(one.read.tensor)

    def _indices_of(self, name: str) -> list[Index]:
        """Indices for a tensor as a whole, the same each time."""
        if name in self.program.let:
            return list(self.program.let[name].free)
        if name not in self.indices:
            axes = self.program.tensor(name).dimensions
            self.indices[name] = [Index(self.names.fresh("i"), axis) for axis in axes]
        return self.indices[name]

    def _let(
        self,
        wanted: str,
        free: list[Index],
        body: Expression,
        reduction: str | None = None,
        over: list[Index] | None = None,
    ) -> Let:
        """A let of this meaning, made once."""
        key = tuple(free), body, reduction, tuple(over or ())
        if key not in self.made:
            let = Let(self.names.fresh(wanted), tuple(free), body, reduction, tuple(over or ()))
            self.made[key] = let
            self.new.append(let)
        return self.made[key]


def _parts(exponent: Expression, let: Let, recurring: frozenset[str]) -> _Sum | None:
    """A sum as such parts, if it has them: `over` an index that is summed over, where one will do, and `w`
    what stands still in a recurrence, where something does."""
    addends = sympy.Add.make_args(sympy.expand_mul(exponent))
    everywhere = set().union(*map(indices_of, addends))
    if len(addends) < 3 or not everywhere <= set(let.indices) or not all(map(_is_plain, addends)):
        return None

    def order(one: _Multiple) -> tuple[bool, int, str]:
        return one.read.tensor in recurring, len(indices_of(one.read)), str(one.read)

    for w in sorted(filter(None, map(_multiple, addends)), key=order):
        indices = indices_of(w.read)
        if everywhere <= indices or any(one.index is None for one in w.read.positions):
            continue
        in_order = [one for one in (*let.over, *let.free) if one in indices]
        for over, beside in permutations(in_order, 2):
            found = _around(w, over, beside, addends)
            if found is not None:
                return found
    return None


def _around(
    w: _Multiple, over: Index, beside: Index, addends: tuple[Expression, ...]
) -> _Sum | None:
    """The parts where w alone has both indices, and one part beside it has the first."""
    others = [one for one in addends if one != w.factor * w.read]
    having = [one for one in others if over in indices_of(one)]
    if (
        len(having) != 1
        or len(others) < 2
        or any({over, beside} <= indices_of(one) for one in others)
    ):
        return None
    u = _multiple(having[0])
    if u is None or not any(one.index == over for one in u.read.positions):
        return None
    if any(one.base == over and one.offset != 0 for one in u.read.positions):
        return None
    return _Sum(over, u, w, tuple(one for one in others if one != having[0]))


def _multiple(addend: Expression) -> _Multiple | None:
    """A number, or a scalar, times a read; each index at most once."""
    found = [read for read in reads(addend) if read.positions]
    if len(found) != 1:
        return None
    (read,) = found
    factor = addend / read
    bases = [one.base for one in read.positions]
    if factor.has(read) or indices_of(factor) or len(set(bases)) < len(bases):
        return None
    return _Multiple(factor, read)


def _is_plain(addend: Expression) -> bool:
    """Whether all is read at indices, perhaps some places further."""
    return not found_in(addend, IndexValue) and all(
        isinstance(position.base, Index) for read in reads(addend) for position in read.positions
    )


def _all(parts: _Sum) -> set[Index]:
    whole = (parts.u.read, parts.w.read, *parts.rest)
    return set().union(*map(indices_of, whole))


def _within(expression: Expression) -> Condition:
    """Where all that an expression reads is there."""
    return sympy.And(*_bounds(expression))


def _bounds(expression: Expression) -> Iterator[Condition]:
    for read in reads(expression):
        for position in read.positions:
            if isinstance(position.base, Index) and position.offset:
                value = IndexValue(position.base)
                if position.offset < 0:
                    yield value >= -position.offset
                else:
                    yield value < Extent(position.base.dimension) - position.offset
