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

from objc.atoms import Branch
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
    reads,
    substitute_positions,
)

Kind = Literal["sum", "count", "max", "min", "ties", "others", "exponentials", "weighed"]

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)
_IDENTITIES: dict[str | None, Expression] = {"sum": _ZERO, "max": -sympy.oo, "min": sympy.oo}
_SIGNS: dict[Any, str] = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
}
_DEPTH = 3
"""Names that stand for each other, up to which they are written out."""

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Side:
    """What comes before an entry: smaller keys, or larger ones `from_end`; `through` the entry itself. Of
    equal keys all (`by_ties`), or those that stand before it, or behind it from the end. `but_own`: its
    equals, and not itself."""

    from_end: bool
    through: bool
    by_ties: bool
    but_own: bool = False


@dataclass(frozen=True)
class Ordering:
    """How a let runs along an order: the `keys` of a row, and their `order`; a `kind` of reduction of
    `value`, and the `weight` of what is weighed. All are read at the index that is reduced over. Without a
    side the let is the order itself."""

    keys: Read
    order: Read | None = None
    side: Side | None = None
    kind: Kind = "sum"
    value: Read | None = None
    weight: Read | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        every = (self.keys, self.order, self.value, self.weight)
        return tuple(one for one in every if one is not None)

    def mapped(self, change: Callable[[Read], Read]) -> Ordering:
        """With other reads."""
        order, value, weight = (
            None if one is None else change(one) for one in (self.order, self.value, self.weight)
        )
        return replace(self, keys=change(self.keys), order=order, value=value, weight=weight)


@dataclass(frozen=True)
class _Comparison:
    """A guard taken apart: `key` is what the index that is reduced over has, and the conditions of that
    index alone, and of the free one alone. It `is_turned` where only the negative keys are in this order."""

    key: Expression
    side: Side
    of_over: Condition
    of_free: Condition
    is_turned: bool


def with_orders(program: Program) -> Program:
    """The program in which what is compared, and what is reduced along an order, are lets of their own."""
    return _Orders(program).changed()


def ordering(let: Let, program: Program) -> Ordering | None:
    """How a let of a program that `with_orders` has made runs along an order; None if it doesn't."""
    if let.reduction == "argsort":
        return Ordering(let.body) if isinstance(let.body, Read) else None
    compared = _comparison(let)
    if compared is None or compared.is_turned or not isinstance(compared.key, Read):
        return None
    if compared.of_over != sympy.true or compared.of_free != sympy.true:
        return None
    order, found = _order_of(compared.key, program), _kind(let, program)
    if order is None or found is None:
        return None
    return Ordering(compared.key, order, compared.side, *found)


def rows_along(program: Program) -> frozenset[str]:
    """What stands in rows for others to run along."""
    found = (ordering(let, program) for let in program.lets)
    return frozenset(read.tensor for one in found if one is not None for read in one.reads)


def _order_of(keys: Read, program: Program) -> Read | None:
    """The order of keys."""
    for one in program.lets:
        if one.reduction == "argsort" and getattr(one.body, "tensor", "") == keys.tensor:
            return one.read(*keys.positions)
    return None


def _kind(let: Let, program: Program) -> tuple[Kind, Read, Read | None] | None:
    over, body = let.over[0], let.body
    if isinstance(body, Read):
        is_whole = let.reduction == "sum" and program.tensor(body.tensor).domain.is_integer
        kinds: dict[str | None, Kind] = {"sum": "count" if is_whole else "sum", "max": "max"}
        return kinds.get(let.reduction, "min"), body, None
    of_largest = _of_largest(body, over) if let.reduction == "sum" else None
    if of_largest is not None:
        kind, value, _ = of_largest
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


def _of_largest(body: Any, over: Index) -> tuple[Kind, Expression, Read] | None:
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


def _comparison(let: Let) -> _Comparison | None:
    """The guard of a reduction over one index, if it compares keys at that with keys at the last free one."""
    if let.reduction not in _IDENTITIES or len(let.over) != 1 or not let.free:
        return None
    over, free = let.over[0], let.free[-1]
    if over.dimension != free.dimension:
        return None
    of_over: list[Condition] = []
    of_free: list[Condition] = []
    of_both: list[Condition] = []
    others = {IndexValue(over), IndexValue(free)}
    is_other = False
    for part in conjuncts(let.guard):
        asked = indices_of(part) & {over, free}
        if asked == {over, free}:
            if isinstance(part, sympy.Ne) and set(part.args) == others:
                is_other = True
            else:
                of_both.append(part)
        else:
            (of_free if free in asked else of_over).append(part)
    found = _side(of_both[0], over, free) if len(of_both) == 1 else None
    if found is None:
        return None
    key, side, is_turned = found
    if is_other and side.through:
        alone = not side.by_ties or key == IndexValue(over)
        side = replace(side, through=False) if alone else replace(side, but_own=True)
    return _Comparison(key, side, sympy.And(*of_over), sympy.And(*of_free), is_turned)


def _side(part: Condition, over: Index, free: Index) -> tuple[Expression, Side, bool] | None:
    """The key, the side and whether that is one of the negative keys."""
    whole = _relation(part, over, free)
    if whole is not None:
        key, sign = whole
        return key, Side(sign[0] == ">", sign.endswith("="), True), False
    strict = [_relation(one, over, free) for one in disjuncts(part)]
    if len(strict) != 2:
        return None
    for found, other in zip(strict, disjuncts(part)[::-1], strict=True):
        place = None if found is None else _of_equal(other, found[0], over, free)
        if found is not None and place is not None and found[1] in "<>":
            key, sign = found
            is_turned = sign != place[0]
            return key, Side(place[0] == ">", place.endswith("="), False), is_turned
    return None


def _relation(part: Condition, over: Index, free: Index) -> tuple[Expression, str] | None:
    """(k, sign) of `k[over] sign k[free]`."""
    sign = _SIGNS.get(getattr(part, "func", None))
    if sign is None:
        return None
    left, right = part.args
    if free in indices_of(left):
        left, right, sign = right, left, _TURNED[sign]
    if free in indices_of(left) or over in indices_of(right):
        return None
    return (left, sign) if substitute_positions(left, {over: at(free)}) == right else None


def _of_equal(part: Condition, key: Expression, over: Index, free: Index) -> str | None:
    """The sign of `over sign free` of an order of equal keys."""
    here = substitute_positions(key, {over: at(free)})
    if not isinstance(part, sympy.And) or len(part.args) != 2:
        return None
    for equal, places in (part.args, part.args[::-1]):
        if isinstance(equal, sympy.Eq) and set(equal.args) == {key, here}:
            found = _relation(places, over, free)
            if found is not None and found[0] == IndexValue(over):
                return found[1]
    return None


def _opened(let: Let) -> Let:
    """A sum with the guard that a branch of its body is."""
    body = let.body
    if let.reduction != "sum" or not isinstance(body, Branch) or len(let.over) != 1:
        return let
    condition, then, otherwise = body.args
    if _of_largest(body, let.over[0]) is not None or _ZERO not in (then, otherwise):
        return let
    where, body = condition, then
    if otherwise != _ZERO:
        where, body = sympy.And(*map(sympy.Not, disjuncts(condition))), otherwise
    return _opened(replace(let, body=body, guard=sympy.And(let.guard, where)))


class _Orders:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.inside = members(program)
        self.lets: list[Let] = []
        self.rows: dict[Any, Let] = {}  # what stands along a dimension, by what it is
        self.sorted: set[str] = set()
        self.largest: dict[str, tuple[tuple[Any, ...], Let]] = {}

    def changed(self) -> Program:
        for let in self.program.lets:
            if let.reduction == "argsort":
                key = self._row("key", let.body, let.free[:-1], let.over[0])
                if key.free[:-1] == let.free[:-1]:
                    self.sorted.add(key.name)
                self.lets.append(replace(let, body=key.read(*key.free[:-1], let.over[0])))
                continue
            opened = let if let.name in self.inside else _opened(self._in_full(let))
            compared = None if let.name in self.inside else _comparison(opened)
            if compared is None or not (
                self._is_everywhere(opened, compared) and self._is_along(opened, compared)
            ):
                self.lets.append(let)
        made = self.program.with_lets(self.lets)
        outputs = set(made.outputs.values())
        needed = outputs | made.behind(made.let[name] for name in outputs)
        orders = {
            one.name
            for one in made.lets
            if one.reduction == "argsort" and one.body.tensor in needed
        }
        return made.with_lets(one for one in made.lets if one.name in needed | orders)

    def _in_full(self, let: Let) -> Let:
        """A reduction without the names of what is computed of two entries."""
        if let.reduction not in _IDENTITIES or len(let.over) != 1 or not let.free:
            return let
        pair, body = {let.over[0], let.free[-1]}, let.body
        for _ in range(_DEPTH):
            swaps = {}
            for read in found_in(body, Read):
                named = self.program.let.get(read.tensor)
                if named is None or named.reduction is not None or not pair <= indices_of(read):
                    continue
                places = dict(zip(named.free, read.positions, strict=True))
                swaps[read] = substitute_positions(named.body, places)
            if not swaps:
                break
            body = body.xreplace(swaps)
        return replace(let, body=body)

    def _is_everywhere(self, let: Let, compared: _Comparison) -> bool:
        """Whether all that is reduced can be read for every entry, also for those of which no guard asks:
        what stands at a place before or behind, or where data say, may not be there."""
        parts = (let.body, compared.key, compared.of_over)
        places = [one for part in parts for read in reads(part) for one in read.positions]
        return all(one.index is not None or self._is_rank(one.base) for one in places)

    def _is_rank(self, base: Any) -> bool:
        """Whether a place is the one of a rank, or a number."""
        let = self.program.let.get(getattr(base, "tensor", ""))
        return base is None or (let is not None and let.reduction == "argsort")

    def _is_along(self, let: Let, compared: _Comparison) -> bool:
        """Whether a let runs along an order; then all that it takes has been added."""
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        where = compared.of_over
        of_largest = _of_largest(let.body, over) if let.reduction == "sum" else None
        if of_largest is not None:
            kind, value, largest = of_largest
            exponent, _ = _addends(value, over, free)
            known = self.largest.get(largest.tensor)
            if exponent is None or known is None or largest.positions != tuple(map(at, let.free)):
                return False
            if known[0] != _moved((compared.key, compared.side, where, value), over):
                return False
            row = self._values(exponent, where, outer, over, -sympy.oo)
            most = known[1].read(*let.free)
            arms = (_ONE, _ZERO) if kind == "ties" else (_ZERO, sympy.exp(row - most))
            self._run(let, compared, Branch(sympy.Eq(row, most), *arms), _ONE)
            return True
        if let.domain.is_integer and let.reduction != "sum":
            return False
        if free not in indices_of(let.body):
            identity = _IDENTITIES[let.reduction]
            row = self._values(let.body, where, outer, over, identity, let.domain.is_integer)
            made = self._run(let, compared, row, _ONE)
            if let.reduction == "max":
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

    def _remember(self, let: Let, compared: _Comparison, made: Let) -> None:
        """What the largest is of that a let is, and the let that runs along the order."""
        what = (compared.key, compared.side, compared.of_over, let.body)
        self.largest[let.name] = _moved(what, let.over[0]), made

    def _is_weighed(self, let: Let, compared: _Comparison) -> bool:
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

    def _run(self, let: Let, compared: _Comparison, body: Expression, factor: Expression) -> Let:
        """The let of a body's reduction along the order; `let` is it, or it times a factor of the entry."""
        over, free, outer = let.over[0], let.free[-1], let.free[:-1]
        key = -compared.key if compared.is_turned else compared.key
        keys = self._row("key", key, outer, over)
        rows = keys.free[:-1]
        if keys.name not in self.sorted:
            self.sorted.add(keys.name)
            rank, own = self.names.index(over), self.names.index(over)
            order = Let(
                self.names.fresh(f"order_{keys.name}"),
                (*rows, rank),
                keys.read(*rows, own),
                "argsort",
                (own,),
                domain=Domain("index", dimension=over.dimension),
            )
            self.lets.append(order)
        guard = _guard(keys.read(*rows, over), compared.side, over, free)
        if factor == _ONE and compared.of_free == sympy.true:
            self.lets.append(replace(let, body=body, guard=guard))
            return self.lets[-1]
        inner = replace(let, name=self.names.fresh(f"along_{let.name}"), body=body, guard=guard)
        self.lets.append(inner)
        self._add(let, compared.of_free, factor * inner.read(*let.free))
        return inner

    def _add(self, let: Let, where: Condition, body: Expression) -> None:
        """The let as an elementwise one, where something is asked of the entry."""
        if where != sympy.true:
            body = Branch(where, body, _IDENTITIES[let.reduction])
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
                self.program.tensor(one.tensor).domain.is_integer for one in reads(body)
            )  # fmt: skip
            domain = Domain("integer") if whole else REAL
        same = (name, _moved((body,), over), tuple(outer), over.dimension, domain)
        if same not in self.rows:
            made = Let(self.names.fresh(name), (*outer, over), body, domain=domain)
            self.rows[same] = made
            self.lets.append(made)
        return self.rows[same]


def _guard(key: Read, side: Side, over: Index, free: Index) -> Condition:
    """That an entry stands on a side of another."""
    here = substitute_positions(key, {over: at(free)})
    strict = sympy.Gt if side.from_end else sympy.Lt
    wide = sympy.Ge if side.from_end else sympy.Le
    if side.by_ties:
        compared = (wide if side.through else strict)(key, here)
        others = sympy.Ne(IndexValue(over), IndexValue(free))
        return sympy.And(compared, others) if side.but_own else compared
    places = (wide if side.through else strict)(IndexValue(over), IndexValue(free))
    return sympy.Or(strict(key, here), sympy.And(sympy.Eq(key, here), places))


def _addends(exponent: Any, over: Index, free: Index) -> tuple[Expression | None, Expression]:
    """(u, v) of u[over] + v[free]; u is None where it is no such sum."""
    parts: tuple[list[Expression], list[Expression]] = [], []
    for addend in sympy.Add.make_args(exponent):
        asked = indices_of(addend)
        if {over, free} <= asked:
            return None, _ZERO
        parts[over not in asked].append(addend)
    return (sympy.Add(*parts[0]), sympy.Add(*parts[1])) if parts[0] else (None, _ZERO)


def _moved(what: Sequence[Any], over: Index) -> tuple[Any, ...]:
    """Several at an index whose name does not matter."""
    there = {over: Position(Index("along", over.dimension))}
    return tuple(
        substitute_positions(one, there) if isinstance(one, sympy.Basic) else one for one in what
    )
