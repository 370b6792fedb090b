"""Reductions over all that comes before an entry in an order: one pass along what is sorted.

`sum[j | t[j] >= t[i]](a[j])`, a rank counted by comparisons, a log-partition over a risk set compare every
entry with every other. What is reduced hangs on one of the two alone, so it is the same for all entries
but for where it ends: the keys are sorted once, and the reduction runs along the order. A sum of exponentials
`exp(a[j] - b[i])` is one of `exp(a[j] - m)` with m the largest so far, scaled as that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import sympy

from objc.atoms import Branch, quotient
from objc.ir.index import Index, at
from objc.ir.program import Let, Program
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
from objc.schedule.comparisons import Bound, Comparison, Side, comparison, key_of
from objc.schedule.distances import distance_guard, distances_of

Kind = Literal[
    "sum", "max", "min", "ties", "others", "weighed", "exponentials", "shares", "first max", "first min",
    "signs", "distances", "squares", "count",
]  # fmt: skip
"""What can run along an order. A target knows them by their places here."""


_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)


@dataclass(frozen=True)
class Ordering:
    """How a let runs along an order: the `keys` of a row, and their `order`, in which each `group` is by
    itself; a `kind` of reduction of `value`, and the `weight` of what is weighed. All are read at the index
    that is reduced over, but for what the other one has where there are `bounds`: its `own` keys and order.
    Without a value the let is the order itself, and without an order the row is gone along as it stands.
    Distances are of keys between which a `lead` is added; `everywhere`, they are none where a key is no
    number, `but_own` other than that of the entry itself."""

    keys: Read
    group: Read | None = None
    order: Read | None = None
    side: Side | None = None
    kind: Kind = "sum"
    value: Read | None = None
    weight: Read | None = None
    own: Read | None = None
    own_order: Read | None = None
    bounds: tuple[Bound, ...] = ()
    lead: Expression = _ZERO
    everywhere: bool = False
    but_own: bool = False

    @property
    def is_order(self) -> bool:
        return self.value is None

    @property
    def is_in_place(self) -> bool:
        """Whether a row is gone along as it stands."""
        return self.value is not None and self.order is None

    @property
    def reads(self) -> tuple[Read, ...]:
        every = (
            self.keys,
            self.group,
            self.order,
            self.value,
            self.weight,
            self.own,
            self.own_order,
        )
        bounds = (side for one in self.bounds for side in (one.over, one.free))
        return tuple(one for one in (*every, *bounds) if one is not None)

    @property
    def orders(self) -> tuple[Read, ...]:
        """What it runs along."""
        return tuple(one for one in (self.order, self.own_order) if one is not None)

    def mapped(self, change: Callable[[Read], Read]) -> Ordering:
        """With other reads."""
        group, order, value, weight, own, own_order = (
            None if one is None else change(one)
            for one in (self.group, self.order, self.value, self.weight, self.own, self.own_order)
        )
        bounds = tuple(one.mapped(change) for one in self.bounds)
        return replace(
            self, keys=change(self.keys), group=group, order=order, value=value, weight=weight, own=own,
            own_order=own_order, bounds=bounds,
        )  # fmt: skip


def ordering(let: Let, program: Program, in_place: bool = False) -> Ordering | None:
    """How a let of a program that `with_orders` has made runs along an order, or `in_place`; None if it
    doesn't."""
    if let.reduction == "argsort":
        return Ordering(let.body) if isinstance(let.body, Read) else None
    found = _of_distances(let, program)
    if found is not None:
        return found
    compared = comparison(let)
    if compared is None or compared.of_over != sympy.true or compared.of_free != sympy.true:
        return None
    if in_place and runs_in_place(compared, let.reduction, let.body):
        is_whole = program.tensor(let.body.tensor).domain.is_integer
        return None if is_whole else Ordering(let.body, side=compared.side, value=let.body)
    if compared.is_turned or not isinstance(compared.key, Read):
        return None
    what = _kind(let, program)
    if what is None:
        return None
    if compared.side is None:
        return _within(compared.bounds, let, what, program)
    by = [*compared.groups, compared.key]
    order = _order_by(by, let.free, program)
    if order is None:
        return None
    group = compared.groups[0] if compared.groups else None
    return Ordering(compared.key, group, order, compared.side, *what)


def runs_in_place(compared: Comparison, reduction: str | None, body: Expression) -> bool:
    """Whether a sum of a row is one up to each place, or from it on: its order is that in which it stands."""
    if compared.side is None or not isinstance(compared.key, IndexValue):
        return False
    plain = not (compared.groups or compared.side.but_own or compared.side.of_equals)
    return plain and not compared.is_turned and reduction == "sum" and isinstance(body, Read)


def _of_distances(let: Let, program: Program) -> Ordering | None:
    """How a sum of distances runs along the order of keys, beside which there are weights and groups."""
    if let.reduction != "sum" or len(let.over) != 1 or not let.free:
        return None
    over, free, body, counted = let.over[0], let.free[-1], let.body, None
    if isinstance(body, Branch) and body.args[2] == _ZERO and isinstance(body.args[0], sympy.Eq):
        counted, body = body.args[0].args[body.args[0].args[0] == _ONE], body.args[1]
    mixed = [one for one in sympy.Mul.make_args(body) if free in indices_of(one)]
    values = [one for one in sympy.Mul.make_args(body) if one not in mixed]
    if len(mixed) != 1 or len(values) != 1:
        return None
    guard, value = distance_guard(let.guard, over, free), values[0]
    if guard is None:
        return None
    groups, among, but_own = guard
    terms = distances_of(mixed[0], among, over, free)
    rows = [value, *groups, *([] if counted is None else [counted])]
    if len(terms) != 1 or not all(isinstance(one, Read) for one in rows):
        return None
    bound = terms[0].bound
    if not isinstance(bound.over, Read) or not isinstance(bound.free, Read):
        return None
    kind: Kind = ("signs", "distances", "squares")[terms[0].power]
    order = _order_by([*groups, bound.over], let.free, program)
    own_order = _order_by([*groups, bound.free], let.free, program)
    if order is None or own_order is None:
        return None
    made = Ordering(
        bound.over, order=order, kind=kind, value=value, weight=counted, own=bound.free, own_order=own_order,
        bounds=(bound,), lead=bound.lead, everywhere=terms[0].everywhere, but_own=but_own,
    )  # fmt: skip
    if groups:
        side = Side(not bound.is_upper, through=False, by_ties=True)
        return replace(made, group=groups[0], side=side, bounds=())
    return made


def _within(
    bounds: tuple[Bound, ...], let: Let, what: tuple[Kind, Read, Read | None], program: Program
) -> Ordering | None:
    """How a let runs along two orders, of what is reduced and of the entries that it is for."""
    keys = _key_of([one.over for one in bounds], program)
    own = _key_of([one.free for one in bounds], program)
    if keys is None or own is None:
        return None
    order, own_order = (_order_by([one], let.free, program) for one in (keys, own))
    if order is None or own_order is None:
        return None
    kind, value, weight = what
    return Ordering(
        keys, order=order, kind=kind, value=value, weight=weight, own=own, own_order=own_order,
        bounds=bounds,
    )  # fmt: skip


def _key_of(rows: Sequence[Expression], program: Program) -> Read | None:
    """The row in whose order all of some are: several are sums of it with what is the same for all."""
    if not all(isinstance(one, Read) for one in rows):
        return None
    found = set()
    for row in rows:
        let = program.let.get(row.tensor)
        if let is None or let.reduction is not None:
            return None
        inner = key_of(let.body, let.free[-1])
        if isinstance(let.body, sympy.Add) and isinstance(inner, Read):
            places = dict(zip(let.free, row.positions, strict=True))
            row = substitute_positions(inner, places)
        found.add(row)
    return found.pop() if len(found) == 1 else None


def rows_along(program: Program, in_place: bool = False) -> frozenset[str]:
    """What stands in rows for others to run along."""
    found = (ordering(let, program, in_place) for let in program.lets)
    return frozenset(read.tensor for one in found if one is not None for read in one.reads)


def _order_by(keys: Sequence[Any], free: Sequence[Index], program: Program) -> Read | None:
    """The order by the first of some keys, by the next where that is equal."""
    if not all(isinstance(one, Read) for one in keys):
        return None
    names = tuple(one.tensor for one in keys)
    rows = {place for one in keys for place in one.positions[:-1]}
    for one in program.lets:
        if sorted_by(one, program) == names:
            outer = [at(index) for index in free[:-1] if at(index) in rows]
            return one.read(*outer, keys[0].positions[-1])
    return None


def sorted_by(let: Let, program: Program) -> tuple[str, ...]:
    """The rows that a let is the order by: one, or one and those of an inner order, which is left where that
    is equal: `inner[outer[r]]` with `outer` the order of `row[inner[r]]`. Empty for what is no order."""
    if let.reduction == "argsort":
        return (let.body.tensor,) if isinstance(let.body, Read) else ()
    inner, outer = _gathered(let, program)
    if inner is None or outer is None or outer.reduction != "argsort":
        return ()
    moved = program.let.get(getattr(outer.body, "tensor", ""))
    first, again = (None, None) if moved is None else _gathered(moved, program)
    if moved is None or first is None or again != inner:
        return ()
    others = sorted_by(inner, program)
    return (first.name, *others) if others else ()


def _gathered(let: Let, program: Program) -> tuple[Let | None, Let | None]:
    """(a, b) of a let that is a[b[r]], row by row, r being its last index."""
    body = let.body
    if let.reduction is not None or not isinstance(body, Read) or not body.positions:
        return None, None
    *rows, place = body.positions
    inner = place.base
    if not isinstance(inner, Read) or place.offset or not (inner.positions and let.free):
        return None, None
    if inner.positions[-1] != at(let.free[-1]):
        return None, None
    outer = list(map(at, let.free[:-1]))
    if any(
        part != [one for one in outer if one in part] for part in (rows, list(inner.positions[:-1]))
    ):
        return None, None
    return program.let.get(body.tensor), program.let.get(inner.tensor)


def _kind(let: Let, program: Program) -> tuple[Kind, Read, Read | None] | None:
    over, body = let.over[0], let.body
    if let.domain.is_integer and let.reduction == "min":
        condition, search = searched(body, over)
        place = search_of(search, over)
        if place is None or not isinstance(place[0], Read):
            return None
        weights = [one for one in reads(condition) if over in indices_of(one)]
        extreme = program.let.get(place[1].tensor)
        kind: Kind = "first max" if extreme and extreme.reduction == "max" else "first min"
        return kind, place[0], weights[0] if weights else None
    if isinstance(body, Read):
        is_whole = let.reduction == "sum" and program.tensor(body.tensor).domain.is_integer
        kinds: dict[str | None, Kind] = {"sum": "count" if is_whole else "sum", "max": "max"}
        return kinds.get(let.reduction, "min"), body, None
    if let.reduction == "sum" and isinstance(body, quotient):
        value, largest = body.args
        is_share = isinstance(value, Read) and isinstance(largest, Read)
        return ("shares", value, None) if is_share and over in indices_of(value) else None
    found = of_largest(body, over) if let.reduction == "sum" else None
    if found is not None:
        kind, value, _ = found
        return (kind, value, None) if isinstance(value, Read) else None
    factors = sympy.Mul.make_args(body)
    powers = [one for one in factors if isinstance(one, sympy.exp)]
    weights = [one for one in factors if isinstance(one, Read)]
    if let.reduction != "sum" or len(powers) != 1 or len(weights) != len(factors) - 1 > 1:
        return None
    for value in sympy.Add.make_args(powers[0].args[0]):
        if isinstance(value, Read) and over in indices_of(value):
            return ("weighed", value, weights[0]) if weights else ("exponentials", value, None)
    return None


def of_largest(body: Any, over: Index) -> tuple[Kind, Expression, Read] | None:
    """(kind, u, m) of what counts the u[j] that are m[i], or adds up exp(u[j] − m[i]) of the others."""
    if not isinstance(body, Branch) or not isinstance(body.args[0], sympy.Eq):
        return None
    condition, then, otherwise = body.args
    for value, largest in (condition.args, condition.args[::-1]):
        if not isinstance(largest, Read) or over in indices_of(largest):
            continue
        if (then, otherwise) == (_ONE, _ZERO):
            return "ties", value, largest
        if (then, otherwise) == (_ZERO, sympy.exp(value - largest)):
            return "others", value, largest
    return None


def shares_of(body: Any, over: Index) -> tuple[Expression, Read] | None:
    """(u, m) of what adds up the quotients u[j] / m[i], of an m that is not positive none."""
    if not isinstance(body, Branch) or not isinstance(body.args[2], quotient):
        return None
    value, largest = body.args[2].args
    if not isinstance(largest, Read) or over in indices_of(largest):
        return None
    return (value, largest) if body.args[:2] == (sympy.Le(largest, 0), _ZERO) else None


def searched(body: Any, over: Index) -> tuple[Condition, Expression]:
    """(condition, places) of a search for the first of some places, that is the extent where it is none."""
    if isinstance(body, Branch) and body.args[2] == Extent(over.dimension):
        return body.args[0], body.args[1]
    return sympy.true, body


def search_of(body: Any, over: Index) -> tuple[Expression, Read] | None:
    """(u, m) of what is the place of each u[j] that is m[i], or no number."""
    here, nowhere = IndexValue(over), Extent(over.dimension)
    if not isinstance(body, Branch) or not isinstance(body.args[0], sympy.Eq):
        return None
    for value, extreme in (body.args[0].args, body.args[0].args[::-1]):
        if not isinstance(extreme, Read) or over in indices_of(extreme):
            continue
        if body == place_of(value, extreme, here, nowhere):
            return value, extreme
    return None


def place_of(value: Expression, extreme: Read, here: Expression, nowhere: Expression) -> Expression:
    """The body of a search for an extreme."""
    unless_number = Branch(sympy.Le(value, 0), nowhere, here)
    unless_number = Branch(sympy.Gt(value, 0), nowhere, unless_number)
    return Branch(sympy.Eq(value, extreme), here, unless_number)
