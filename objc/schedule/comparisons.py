"""Guards that compare a key at two indices: `t[j] >= t[i]`, also with an order of what is equal, within a
group, `g[j] == g[i]`, or among equals alone.

What comes before an entry is what its key is compared with, but for conditions of either index alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.ir.index import Index, at
from objc.ir.order import common_factor
from objc.ir.program import Let
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
    substitute_positions,
)

IDENTITIES: dict[str | None, Expression] = {
    "sum": sympy.Integer(0), "max": -sympy.oo, "min": sympy.oo,
}  # fmt: skip
"""What leaves a reduction as it is."""

_SIGNS: dict[Any, str] = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
}
_ZERO = sympy.Integer(0)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Side:
    """What comes before an entry: smaller keys, or larger ones `from_end`; `through` the entry itself. Of
    equal keys all (`by_ties`), or those that stand before it, or behind it from the end. `but_own`: its
    equals, and not itself. `of_equals`: nothing but equal keys."""

    from_end: bool
    through: bool
    by_ties: bool
    but_own: bool = False
    of_equals: bool = False


@dataclass(frozen=True)
class Bound:
    """`over + lead sign free`, of what the index that is reduced over has and what the free one has. What is
    the same for all is added to their difference, which is exact where they are large beside it. `apart`: it
    is the difference that is compared, also with nothing: of two infinities that is no number."""

    over: Expression
    sign: str
    free: Expression
    lead: Expression = _ZERO
    apart: bool = False

    @property
    def is_led(self) -> bool:
        return self.apart or self.lead != 0

    @property
    def is_upper(self) -> bool:
        return self.sign[0] == "<"

    @property
    def condition(self) -> Condition:
        relation = next(one for one, sign in _SIGNS.items() if sign == self.sign)
        if not self.is_led:
            return relation(self.over, self.free)
        return relation(self.difference, 0)

    @property
    def difference(self) -> Expression:
        return self.over - self.free + self.lead

    def is_of_one(self, over: Index, free: Index) -> bool:
        """Whether both indices have the same key."""
        return bool(substitute_positions(self.over, {over: at(free)}) == self.free)

    @property
    def turned(self) -> Bound:
        """What lies on the other side of it."""
        return replace(self, sign=_TURNED[self.sign])

    def mapped(self, change: Callable[[Any], Any]) -> Bound:
        """Of other expressions."""
        return replace(self, over=change(self.over), free=change(self.free))


@dataclass(frozen=True)
class Comparison:
    """A guard taken apart: `key` is what the index that is reduced over has, `groups` what is to be equal
    besides, at most one, and the conditions of that index alone, and of the free one alone. It `is_turned`
    where only the negative keys are in this order. In place of a side there may
    be one bound, or two on both sides."""

    key: Expression
    groups: tuple[Expression, ...]
    side: Side | None
    of_over: Condition
    of_free: Condition
    is_turned: bool = False
    bounds: tuple[Bound, ...] = ()


def comparison(let: Let) -> Comparison | None:
    """The guard of a reduction over one index, if it compares keys at that with keys at the last free one."""
    if let.reduction not in IDENTITIES or len(let.over) != 1 or not let.free:
        return None
    over, free = let.over[0], let.free[-1]
    if over.dimension != free.dimension:
        return None
    of_both, of_over, of_free = conditions(let.guard, over, free)
    others = {IndexValue(over), IndexValue(free)}
    apart = [one for one in of_both if isinstance(one, sympy.Ne) and set(one.args) == others]
    is_other = bool(apart)
    of_both = [one for one in of_both if one not in apart]
    found = _sides(of_both, over, free)
    if found is None:
        bounds = () if is_other else _bounds(of_both, over, free)
        return (
            Comparison(bounds[0].over, (), None, of_over, of_free, False, bounds)
            if bounds
            else None
        )
    groups, key, side, is_turned = found
    if is_other and side.through:
        alone = not side.by_ties or key == IndexValue(over)
        side = replace(side, through=False) if alone else replace(side, but_own=True)
    return Comparison(key, groups, side, of_over, of_free, is_turned)


def conditions(
    guard: Condition, over: Index, free: Index
) -> tuple[list[Condition], Condition, Condition]:
    """What a guard asks of two indices at once, of the first alone, and of the other or of neither."""
    of_over: list[Condition] = []
    of_free: list[Condition] = []
    of_both: list[Condition] = []
    for part in conjuncts(guard):
        asked = indices_of(part) & {over, free}
        if asked == {over, free}:
            of_both.append(part)
        else:
            (of_free if free in asked else of_over).append(part)
    return of_both, sympy.And(*of_over), sympy.And(*of_free)


def _bounds(parts: Sequence[Condition], over: Index, free: Index) -> tuple[Bound, ...]:
    """One bound, or a lower and an upper one."""
    found = [bound_of(part, over, free) for part in parts]
    bounds = tuple(one for one in found if one is not None)
    if len(bounds) < len(found) or len(bounds) > 2:
        return ()
    return bounds if len({one.is_upper for one in bounds}) == len(bounds) else ()


def bound_of(part: Condition, over: Index, free: Index) -> Bound | None:
    """A relation of what each of two indices has."""
    sign = _SIGNS.get(getattr(part, "func", None))
    if sign is None:
        return None
    left, right = part.args
    if free in indices_of(left):
        left, right, sign = right, left, _TURNED[sign]
    if free in indices_of(left) or over in indices_of(right):
        return _of_difference(part.args[0] - part.args[1], _SIGNS[part.func], over, free)
    return Bound(left, sign, right)


def _of_difference(difference: Any, sign: str, over: Index, free: Index) -> Bound | None:
    """The bound of `difference sign 0`."""
    difference = difference / factor_of_keys(difference, over, free)
    addends = sympy.Add.make_args(difference)
    if any({over, free} <= indices_of(one) for one in addends):
        return None
    key = sympy.Add(*(one for one in addends if over in indices_of(one)))
    if key.could_extract_minus_sign():
        return _of_difference(-difference, _TURNED[sign], over, free)
    lead = difference - key + substitute_positions(key, {over: at(free)})
    if free in indices_of(lead):  # a sum of what is at one index loses what a difference has
        alone = [sum(one in indices_of(part) for part in addends) for one in (over, free)]
        if alone != [1, 1]:
            return None
        lead = sympy.Add(*(one for one in addends if not {over, free} & indices_of(one)))
    own = key + lead - difference
    if indices_of(lead) or {over, free} & (indices_of(key) ^ indices_of(own)) != {over, free}:
        return None
    return Bound(key, sign, own, lead, lead == 0 and "=" in sign)


def factor_of_keys(difference: Any, over: Index, free: Index) -> Expression:
    """The number that multiplies what two indices have, which would be rounded with either of the two."""
    return common_factor(
        [one for one in sympy.Add.make_args(difference) if {over, free} & indices_of(one)]
    )


def key_of(expression: Expression, index: Index) -> Expression | None:
    """k of k + c with k a read, or an index, and c the same for all: that is in the order of k, as rounding
    keeps it."""
    asked = [one for one in sympy.Add.make_args(expression) if index in indices_of(one)]
    return asked[0] if len(asked) == 1 and isinstance(asked[0], Read | IndexValue) else None


def _sides(
    parts: list[Condition], over: Index, free: Index
) -> tuple[tuple[Expression, ...], Expression, Side, bool] | None:
    """The groups, and what `_side` finds: of what is to be equal one is the key where nothing else is, or
    where places alone are compared."""
    equal: list[Expression] = []
    unlike: list[Condition] = []
    for part in parts:
        key = equal_key(part, over, free)
        if key is None:
            unlike.append(part)
        else:
            equal.append(key)
    equal.sort(key=lambda one: (not one.is_integer, spelled(one)))  # groups are mostly numbered
    if len(unlike) > 1 or len(equal) > 2:
        return None
    if not unlike:
        if not equal:
            return None
        found = equal.pop(), Side(False, True, True, of_equals=True), False
    else:
        compared = _side(unlike[0], over, free)
        if compared is None:
            return None
        found = compared
        key, side, _ = found
        if equal and key == IndexValue(over):
            found = equal.pop(), replace(side, by_ties=False, of_equals=True), False
    if len(equal) > 1:
        return None
    return tuple(equal), *found


def equal_key(part: Condition, over: Index, free: Index) -> Expression | None:
    """k[over] of `k[over] == k[free]`."""
    if not isinstance(part, sympy.Eq):
        return None
    for key, here in (part.args, part.args[::-1]):
        if indices_of(key) & {over, free} == {over} and not isinstance(key, IndexValue):
            return key if substitute_positions(key, {over: at(free)}) == here else None
    return None


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
    found = bound_of(part, over, free)
    if found is None or found.is_led or not found.is_of_one(over, free):
        return None
    return found.over, found.sign


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


def guard_of(
    key: Expression, groups: Sequence[Read], side: Side, over: Index, free: Index
) -> Condition:
    """That an entry stands on a side of another, in its group."""
    if groups:
        alike = [sympy.Eq(one, substitute_positions(one, {over: at(free)})) for one in groups]
        return sympy.And(*alike, guard_of(key, (), side, over, free))
    here = substitute_positions(key, {over: at(free)})
    strict = sympy.Gt if side.from_end else sympy.Lt
    wide = sympy.Ge if side.from_end else sympy.Le
    equal = sympy.Eq(key, here)
    if side.by_ties:
        compared = equal if side.of_equals else (wide if side.through else strict)(key, here)
        others = sympy.Ne(IndexValue(over), IndexValue(free))
        return sympy.And(compared, others) if side.but_own else compared
    places = (wide if side.through else strict)(IndexValue(over), IndexValue(free))
    among = sympy.And(equal, places)
    return among if side.of_equals else sympy.Or(strict(key, here), among)
