"""Programs in which what runs along an order can be seen: keys, their order and what is reduced are rows.

`sum[j | t[j] >= t[i] and e[j] == 1](a[j]·b[i])` is b[i] times the sum of a row, which is a[j] or zero, along
the order of another, which is t[j]; rows that are alike are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Input, Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    disjuncts,
    indices_of,
    reads,
    substitute_positions,
)
from objc.schedule.comparisons import (
    IDENTITIES,
    Bound,
    Comparison,
    comparison,
    conditions,
    guard_of,
    key_of,
)
from objc.schedule.distances import beyond_margin, distance_guard, distances_of
from objc.schedule.orders import (
    of_largest,
    place_of,
    runs_in_place,
    search_of,
    searched,
    shares_of,
    sorted_by,
)

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)

_DEPTH = 3
"""Names that stand for each other, up to which they are written out."""


def with_orders(program: Program) -> Program:
    """The program in which what is compared, and what is reduced along an order, are lets of their own."""
    return _Orders(program).changed()


class _Orders:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.inside = members(program)
        self.lets: list[Let] = []
        self.rows: dict[Any, Let] = {}  # what stands along a dimension, by what it is
        self.sorted: dict[tuple[str, ...], Let] = {}  # orders, by the rows that they are by
        self.extremes: dict[str, tuple[tuple[Any, ...], Let]] = {}

    def changed(self) -> Program:
        for let in self.program.lets:
            if let.reduction == "argsort":
                key = self._row("key", let.body, let.free[:-1], let.over[0])
                if key.free[:-1] == let.free[:-1]:
                    self.sorted.setdefault((key.name,), let)
                self.lets.append(replace(let, body=key.read(*key.free[:-1], let.over[0])))
                continue
            if let.name in self.inside or not (self._is_made(let) or self._is_of_pairs(let)):
                self.lets.append(let)
        made = self.program.with_lets(self.lets)
        outputs = set(made.outputs.values())
        needed = outputs | made.behind(made.let[name] for name in outputs)
        orders = [one for one in made.lets if needed.issuperset(sorted_by(one, made) or (None,))]
        needed |= {one.name for one in orders} | made.behind(orders)
        return made.with_lets(one for one in made.lets if one.name in needed)

    def _is_made(self, let: Let) -> bool:
        """Whether a let runs along an order; then it has been added with all that it takes."""
        opened = self._opened(self._in_full(let))
        if let.domain.is_integer and let.reduction == "min" and len(let.over) == 1:
            where, body = searched(let.body, let.over[0])
            opened = replace(let, body=body, guard=sympy.And(let.guard, where))
        if opened.reduction == "sum" and self._is_of_distances(opened):
            return True
        compared = comparison(opened)
        if compared is None or not self._is_everywhere(opened, compared):
            return False
        return self._is_along(opened, compared)

    def _is_of_pairs(self, let: Let) -> bool:
        """The same of a sum over pairs: it is one over the sums that each of either has. Pairs of what is
        counted apart are the product of both numbers."""
        if let.reduction != "sum" or len(let.over) != 2:
            return False
        of_both, of_over, of_own = conditions(let.guard, *let.over)
        if let.body == _ONE and not of_both:
            counts = []
            for over, where in zip(let.over, (of_over, of_own), strict=True):
                name = self.names.fresh(f"each_{let.name}")
                counts.append(replace(let, name=name, over=(over,), guard=where))
            self.lets += counts
            whole = sympy.Mul(*(one.read(*let.free) for one in counts))
            self.lets.append(replace(let, body=whole, reduction=None, over=(), guard=sympy.true))
            return True
        for over, own in (let.over, let.over[::-1]):
            name, free = self.names.fresh(f"each_{let.name}"), (*let.free, own)
            inner = replace(let, name=name, free=free, over=(over,))
            if self._is_made(inner):
                body = inner.read(*free)
                self.lets.append(replace(let, body=body, over=(own,), guard=sympy.true))
                return True
        return False

    def _opened(self, let: Let) -> Let:
        """A sum with the guard that a branch of its body is."""
        body = let.body
        if let.reduction != "sum" or not isinstance(body, Branch) or len(let.over) != 1:
            return let
        condition, then, otherwise = body.args
        beside = [of_largest(body, let.over[0]), shares_of(body, let.over[0])]
        if any(found and found[-1].tensor in self.extremes for found in beside):
            return let
        if _ZERO not in (then, otherwise):
            return let
        where, body = condition, then
        if otherwise != _ZERO:
            where, body = sympy.And(*map(sympy.Not, disjuncts(condition))), otherwise
        return self._opened(replace(let, body=body, guard=sympy.And(let.guard, where)))

    def _in_full(self, let: Let) -> Let:
        """A reduction without the names of what is computed of two entries."""
        if let.reduction not in IDENTITIES or len(let.over) != 1 or not let.free:
            return let
        pair, body, guard = {let.over[0], let.free[-1]}, let.body, let.guard
        for _ in range(_DEPTH):
            swaps = {}
            for read in {*found_in(body, Read), *found_in(guard, Read)}:
                named = self.program.let.get(read.tensor)
                if named is None or named.reduction is not None or not pair <= indices_of(read):
                    continue
                places = dict(zip(named.free, read.positions, strict=True))
                swaps[read] = substitute_positions(named.body, places)
            if not swaps:
                break
            body, guard = body.xreplace(swaps), guard.xreplace(swaps)
        return replace(let, body=body, guard=guard)

    def _is_everywhere(self, let: Let, compared: Comparison) -> bool:
        """Whether all that is reduced can be read for every entry, also for those of which no guard asks:
        what stands at a place before or behind, or where data say, may not be there."""
        bounds = (one.over for one in compared.bounds)
        parts = (let.body, compared.key, *compared.groups, *bounds, compared.of_over)
        places = [one for part in parts for read in reads(part) for one in read.positions]
        if not all(one.index is not None or self._is_rank(one.base) for one in places):
            return False
        over, free = let.over[0], let.free[-1]
        keys = {(key_of(one.over, over), key_of(one.free, free)) for one in compared.bounds}
        return len(compared.bounds) < 2 or (len(keys) == 1 and None not in keys.pop())

    def _is_rank(self, base: Any) -> bool:
        """Whether a place is the one of a rank, or a number."""
        let = self.program.let.get(getattr(base, "tensor", ""))
        return base is None or (let is not None and let.reduction == "argsort")

    def _is_along(self, let: Let, compared: Comparison) -> bool:
        """Whether a let runs along an order; then all that it takes has been added."""
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        where = compared.of_over
        found = of_largest(let.body, over) if let.reduction == "sum" else None
        if found is not None:
            kind, value, largest = found
            exponent, _ = _addends(value, over, free)
            most = self._extreme(let, compared, value, largest)
            if exponent is None or most is None:
                return False
            row = self._values(exponent, where, outer, over, -sympy.oo)
            arms = (_ONE, _ZERO) if kind == "ties" else (_ZERO, sympy.exp(row - most))
            self._run(let, compared, Branch(sympy.Eq(row, most), *arms), _ONE)
            return True
        shares = shares_of(let.body, over)
        if shares is not None and let.reduction == "sum":
            return self._is_of_shares(let, compared, *shares)
        if let.domain.is_integer and let.reduction != "sum":
            return let.reduction == "min" and self._is_search(let, compared)
        if free not in indices_of(let.body):
            identity = IDENTITIES[let.reduction]
            row = self._values(let.body, where, outer, over, identity, let.domain.is_integer)
            made = self._run(let, compared, row, _ONE)
            if let.reduction != "sum":
                self._remember(let, compared, made)
            return True
        if let.reduction == "max":
            exponent, shift = _addends(let.body, over, free)
            if exponent is None:
                return False
            row = self._values(exponent, where, outer, over, -sympy.oo)
            inner = replace(let, name=self.names.fresh(f"along_{let.name}"))
            made = self._run(inner, replace(compared, of_free=sympy.true), row, _ONE)
            self._remember(let, compared, made)
            self._add(let, compared.of_free, made.read(*let.free) + shift)
            return True
        return let.reduction == "sum" and self._is_weighed(let, compared)

    def _remember(self, let: Let, compared: Comparison, made: Let) -> None:
        """Of what a let is the largest or smallest, and the let that runs along the order."""
        what = _what(compared, let.reduction, let.body, let.over[0])
        self.extremes[let.name] = what, made

    def _extreme(
        self, let: Let, compared: Comparison, value: Expression, extreme: Read
    ) -> Read | None:
        """What runs along the order for the largest, or smallest, of a value over the same entries."""
        known = self.extremes.get(extreme.tensor)
        if known is None or extreme.positions != tuple(map(at, let.free)):
            return None
        reduction = self.program.let[extreme.tensor].reduction
        if known[0] != _what(compared, reduction, value, let.over[0]):
            return None
        return known[1].read(*let.free)

    def _is_of_shares(
        self, let: Let, compared: Comparison, value: Expression, largest: Read
    ) -> bool:
        """The same of a sum of shares of the largest."""
        over, outer = let.over[0], let.free[:-1]
        most = self._extreme(let, compared, value, largest)
        if most is None or let.free[-1] in indices_of(value):
            return False
        row = self._values(value, compared.of_over, outer, over, -sympy.oo)
        inner = replace(let, name=self.names.fresh(f"along_{let.name}"))
        made = self._run(inner, replace(compared, of_free=sympy.true), quotient(row, most), _ONE)
        condition, none, _ = let.body.args
        self._add(let, compared.of_free, Branch(condition, none, made.read(*let.free)))
        return True

    def _is_of_distances(self, let: Let) -> bool:
        """The same of a sum of what hangs on the difference of two keys."""
        if len(let.over) != 1 or not let.free or let.over[0].dimension != let.free[-1].dimension:
            return False
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        let = beyond_margin(let)
        factors = sympy.Mul.make_args(let.body)
        mixed = [one for one in factors if {over, free} <= indices_of(one)]
        guard = distance_guard(let.guard, over, free)
        if not mixed or guard is None:
            return False
        groups, among, but_own = guard
        terms = distances_of(sympy.Mul(*mixed), among, over, free)
        parts = conditions(let.guard, over, free)
        if not terms or not self._is_near(let, terms[0].bound, bool(groups) or but_own):
            return False
        weight = sympy.Mul(
            *(one for one in factors if over in indices_of(one) and one not in mixed)
        )
        factor = sympy.Mul(*(one for one in factors if over not in indices_of(one)))
        value = self._values(weight, parts[1], outer, over, _ZERO)
        counted = self._values(_ONE, parts[1], outer, over, _ZERO)
        whole = _ZERO
        for one in terms:
            pair = [
                self._bound([one.bound.over], outer, over),
                self._bound([one.bound.free], outer, free),
            ]
            bound = replace(one.bound, over=pair[0][0], free=pair[1][0])
            asked = [] if one.everywhere else [bound.condition]
            asked += [sympy.Ne(IndexValue(over), IndexValue(free))] if but_own else []
            if groups:
                rows = [self._row("key", key, outer, over) for key in (groups[0], one.bound.over)]
                self._sort(rows, outer, over)
                group = rows[0].read(*rows[0].free[:-1], over)
                asked.append(sympy.Eq(group, substitute_positions(group, {over: at(free)})))
            body = value * one.body(bound)
            if parts[1] != sympy.true and body != value:  # which is zero where nothing counts
                body = Branch(sympy.Eq(counted, _ONE), body, _ZERO)
            name = self.names.fresh(f"along_{let.name}")
            made = replace(let, name=name, body=body, guard=sympy.And(*asked))
            self.lets.append(made)
            whole += one.coefficient * made.read(*let.free)
        self._add(let, parts[2], factor * whole)
        return True

    def _is_near(self, let: Let, bound: Bound, is_of_one: bool) -> bool:
        """Whether keys can be read for every entry, and what leads is known before; in groups, and where the
        entry itself is left out, nothing leads, so that it counts nothing."""
        places = [
            one for part in (let.body, let.guard) for read in reads(part) for one in read.positions
        ]
        if not all(one.index is not None or self._is_rank(one.base) for one in places):
            return False
        if is_of_one and (bound.lead != 0 or not bound.is_of_one(let.over[0], let.free[-1])):
            return False
        return all(one.tensor in self.program.input for one in reads(bound.lead))

    def _is_search(self, let: Let, compared: Comparison) -> bool:
        """The same of a search for an extreme that runs along the order."""
        over, where, outer = let.over[0], compared.of_over, let.free[:-1]
        found = search_of(let.body, over)
        if found is None or compared.side is None or compared.side.but_own:
            return False
        value, extreme = found
        most = self._extreme(let, compared, value, extreme)
        if most is None:
            return False
        reduction = self.program.let[extreme.tensor].reduction
        here, nowhere = IndexValue(over), Extent(over.dimension)
        row = self._values(value, where, outer, over, IDENTITIES[reduction])
        body = place_of(row, most, here, nowhere)
        if where != sympy.true:
            weight = self._values(_ONE, where, outer, over, _ZERO)
            body = Branch(sympy.Eq(weight, _ONE), body, nowhere)
        guard = self._guard(compared, outer, over, let.free[-1])
        made = replace(let, name=self.names.fresh(f"along_{let.name}"), body=body, guard=guard)
        self.lets.append(made)
        self._add(let, compared.of_free, made.read(*let.free), nowhere)
        return True

    def _is_weighed(self, let: Let, compared: Comparison) -> bool:
        """The same of w[j]·exp(u[j] + v[i])·f[i], and of w[j]·f[i]."""
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        where = compared.of_over
        weights: list[Expression] = []
        factors: list[Expression] = []
        exponent, shift = None, _ZERO
        for one in sympy.Mul.make_args(let.body):
            asked = indices_of(one)
            if not {over, free} <= asked:
                (weights if over in asked else factors).append(one)
                continue
            if exponent is not None or not isinstance(one, sympy.exp):
                return False
            exponent, shift = _addends(one.args[0], over, free)
            if exponent is None:
                return False
        weight, factor = sympy.Mul(*weights), sympy.Mul(*factors)
        if exponent is None:
            value = self._values(weight, where, outer, over, _ZERO)
            self._run(let, compared, value, factor)
            return True
        if weight != _ONE:  # what has no weight is not the largest
            exponent = Branch(sympy.Eq(weight, _ZERO), -sympy.oo, exponent)
        value = self._values(exponent, where, outer, over, -sympy.oo)
        times = weight if weight == _ONE else self._values(weight, where, outer, over, _ZERO)
        bare = replace(compared, of_free=sympy.true)
        largest = replace(
            let, name=self.names.fresh(f"max_{let.name}"), reduction="max", domain=REAL
        )
        self._run(largest, bare, value, _ONE)
        most = largest.read(*let.free)
        rest = replace(let, name=self.names.fresh(f"sum_{let.name}"))
        self._run(rest, bare, times * sympy.exp(value - most), _ONE)
        read = rest.read(*let.free)
        whole = Branch(sympy.Eq(read, _ZERO), _ZERO, factor * sympy.exp(shift + most) * read)
        self._add(let, compared.of_free, whole)
        return True

    def _run(self, let: Let, compared: Comparison, body: Expression, factor: Expression) -> Let:
        """The let of a body's reduction along the order; `let` is it, or it times a factor of the entry."""
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        is_whole = isinstance(body, Read) and self._tensor(body.tensor).domain.is_integer
        if (
            compared.side is not None
            and not is_whole
            and runs_in_place(compared, let.reduction, body)
        ):
            guard = guard_of(compared.key, (), compared.side, over, free)
        else:
            guard = self._guard(compared, outer, over, free)
        if factor == _ONE and compared.of_free == sympy.true:
            self.lets.append(replace(let, body=body, guard=guard))
            return self.lets[-1]
        inner = replace(let, name=self.names.fresh(f"along_{let.name}"), body=body, guard=guard)
        self.lets.append(inner)
        self._add(let, compared.of_free, factor * inner.read(*let.free))
        return inner

    def _guard(
        self, compared: Comparison, outer: Sequence[Index], over: Index, free: Index
    ) -> Condition:
        """What is compared, of rows that there are orders of."""
        if compared.side is None:
            bounds = compared.bounds
            upon = [self._bound([one.over for one in bounds], outer, over)]
            upon.append(self._bound([one.free for one in bounds], outer, free))
            pairs = zip(bounds, *upon, strict=True)
            return sympy.And(
                *(replace(had, over=one, free=own).condition for had, one, own in pairs)
            )
        key = -compared.key if compared.is_turned else compared.key
        rows = [self._row("key", one, outer, over) for one in (*compared.groups, key)]
        self._sort(rows, outer, over)
        *groups, keys = (one.read(*one.free[:-1], over) for one in rows)
        return guard_of(keys, groups, compared.side, over, free)

    def _bound(self, sides: list[Any], outer: Sequence[Index], over: Index) -> list[Read]:
        """Rows of what stands at an index, in the order of one of them, or of what all are sums of."""
        first = key_of(sides[0], over) or sides[0]
        key = self._row("key", first, outer, over)
        self._sort([key], outer, over)
        read = key.read(*key.free[:-1], over)
        rows = [
            key if one == first else self._row("key", one.xreplace({first: read}), outer, over)
            for one in sides
        ]
        return [one.read(*one.free[:-1], over) for one in rows]

    def _sort(self, rows: Sequence[Let], outer: Sequence[Index], over: Index) -> Let:
        """The order by rows, by the last of them where the others are equal."""
        names = tuple(one.name for one in rows)
        if names not in self.sorted:
            if len(rows) == 1:
                self.sorted[names] = self._order(rows[0], over)
            else:
                inner = self._sort(rows[1:], outer, over)
                both_rows = {*rows[0].free[:-1], *inner.free[:-1]}
                free = (*(one for one in outer if one in both_rows), inner.free[-1])
                here = inner.read(*inner.free)
                body = rows[0].read(*rows[0].free[:-1], Position(here))
                moved = Let(self.names.fresh("key"), free, body, domain=rows[0].domain)
                self.lets.append(moved)
                first = self._order(moved, over)
                rank = Position(first.read(*first.free))
                body = inner.read(*inner.free[:-1], rank)
                free = first.free
                both = Let(self.names.fresh("order"), free, body, domain=inner.domain)
                self.lets.append(both)
                self.sorted[names] = both
        return self.sorted[names]

    def _order(self, keys: Let, over: Index) -> Let:
        """The order of a row."""
        rank, own = self.names.index(over), self.names.index(over)
        outer = keys.free[:-1]
        place = Domain("index", dimension=over.dimension)
        name, body = self.names.fresh(f"order_{keys.name}"), keys.read(*outer, own)
        order = Let(name, (*outer, rank), body, "argsort", (own,), domain=place)
        self.lets.append(order)
        return order

    def _add(
        self, let: Let, where: Condition, body: Expression, otherwise: Expression | None = None
    ) -> None:
        """The let as an elementwise one, where something is asked of the entry."""
        if where != sympy.true:
            body = Branch(
                where, body, IDENTITIES[let.reduction] if otherwise is None else otherwise
            )
        self.lets.append(replace(let, body=body, reduction=None, over=(), guard=sympy.true))

    def _values(
        self, body: Any, where: Condition, outer: Sequence[Index], over: Index, identity: Expression,
        is_whole: bool = False,
    ) -> Read:  # fmt: skip
        """What is reduced, as a row: the identity where the guard leaves something out."""
        if where != sympy.true:
            body = Branch(where, body, identity)
        made = self._row("along", body, outer, over, Domain("integer") if is_whole else None)
        return made.read(*made.free[:-1], over)

    def _row(
        self,
        name: str,
        body: Any,
        outer: Sequence[Index],
        over: Index,
        domain: Domain | None = None,
    ) -> Let:
        """The let of what stands along an index, made once for all rows that don't tell it apart."""
        outer = [one for one in outer if one in indices_of(body)]
        if domain is None:
            whole = name == "key" and body.is_integer and all(
                self._tensor(one.tensor).domain.is_integer for one in reads(body)
            )  # fmt: skip
            domain = Domain("integer") if whole else REAL
        same = (name, _moved((body,), over), tuple(outer), over.dimension, domain)
        if same not in self.rows:
            made = Let(self.names.fresh(name), (*outer, over), body, domain=domain)
            self.rows[same] = made
            self.lets.append(made)
        return self.rows[same]

    def _tensor(self, name: str) -> Input | Let:
        """What has a name, of the program or made for it."""
        known = self.program.input.get(name) or self.program.let.get(name)
        return known or next(one for one in self.lets if one.name == name)


def _addends(exponent: Any, over: Index, free: Index) -> tuple[Expression | None, Expression]:
    """(u, v) of u[over] + v[free]; u is None where it is no such sum."""
    parts: tuple[list[Expression], list[Expression]] = [], []
    for addend in sympy.Add.make_args(exponent):
        asked = indices_of(addend)
        if {over, free} <= asked:
            return None, _ZERO
        parts[over not in asked].append(addend)
    return (sympy.Add(*parts[0]), sympy.Add(*parts[1])) if parts[0] else (None, _ZERO)


def _what(
    compared: Comparison, reduction: str | None, value: Expression, over: Index
) -> tuple[Any, ...]:
    """What a value is reduced over, how, and the value."""
    bounds = [
        part
        for one in compared.bounds
        for part in (one.over, one.sign, one.free, one.lead, one.apart)
    ]
    guard = (compared.key, *compared.groups, compared.side, *bounds, compared.of_over)
    return _moved((*guard, reduction, value), over)


def _moved(what: Sequence[Any], over: Index) -> tuple[Any, ...]:
    """Several at an index whose name does not matter."""
    there = {over: Position(Index("along", over.dimension))}
    return tuple(
        substitute_positions(one, there) if isinstance(one, sympy.Basic) else one for one in what
    )
