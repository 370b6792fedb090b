"""What hangs on how far a key is beyond another: `max(0, m - (s[i] - s[j]))`, its square, `abs(x[i] - x[j])`.

Of all that is beyond an entry's key the sum of distances is known where that of the entry before is: each has
grown by what lies between the two. All that is added up is of one sign, so nothing is lost where keys are
large beside their differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, maximum
from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, IndexValue, conjuncts, indices_of
from objc.schedule.comparisons import Bound, bound_of, conditions, equal_key, factor_of_keys

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)

POWERS = ("signs", "distances", "squares")
"""What is summed up of what is beyond a bound, by the power of its distance."""


@dataclass(frozen=True)
class Distance:
    """The distance by which a key lies within a `bound`, to a power, and zero where it does not; times a
    `coefficient`. `everywhere`: a key that is no number makes it none."""

    coefficient: Expression
    bound: Bound
    power: int
    everywhere: bool

    def body(self, bound: Bound) -> Expression:
        """The power for other keys."""
        beyond = -bound.difference if bound.is_upper else bound.difference
        if not self.everywhere:
            return beyond**self.power
        if self.power == 0:
            return maximum(_ZERO, sympy.sign(beyond))
        return maximum(_ZERO, beyond) ** self.power


def distances_of(body: Any, among: Bound | None, over: Index, free: Index) -> list[Distance]:
    """What is to be added up to have what hangs on the difference of two keys; nothing where that cannot be
    so. `among`: the bound that the guard is, if it is one."""
    return _distances(body, among, over, free) or ([] if among else _apart(body, over, free))


def _distances(body: Any, among: Bound | None, over: Index, free: Index) -> list[Distance]:
    """What is a power of one distance, or of its size."""
    base, power = body.as_base_exp() if isinstance(body, sympy.Pow) else (body, _ONE)
    if power not in (1, 2):
        return []
    is_part = isinstance(base, maximum) and _ZERO in base.args
    difference = base
    if is_part:
        difference = base.args[base.args[0] == 0]
        if isinstance(difference, sympy.sign) and power == 1:
            difference, power = difference.args[0], _ZERO
    is_of_both = isinstance(base, sympy.Abs | sympy.sign) and power == 1
    if is_of_both:
        difference, power = base.args[0], power if isinstance(base, sympy.Abs) else _ZERO
    found = bound_of(sympy.StrictGreaterThan(difference, 0, evaluate=False), over, free)
    if found is None:
        return []
    degree = int(power)
    factor = factor_of_keys(difference, over, free) ** degree
    if among is not None:
        if found == among and not is_of_both:
            return [Distance(factor, among, degree, False)]
        is_turned = found.turned == among and not is_of_both and not is_part
        return [Distance((-1) ** degree * factor, among, degree, False)] if is_turned else []
    if is_of_both:
        other = Distance(factor if degree else -factor, found.turned, degree, True)
        return [Distance(factor, found, degree, True), other]
    return [Distance(factor, found, degree, True)] if is_part else []


def _apart(body: Any, over: Index, free: Index) -> list[Distance]:
    """What is a distance on this side and another on that: max(a·d, b·d) or `if d > 0 then a·d else b·d`, so
    too of squares, and max(0, |d| − m) with m not negative, its square and the slope of that."""
    if isinstance(body, Branch) and isinstance(body.args[0], _INEQUALITIES):
        asked, here, there = body.args  # where it is no number, neither is what stands in both arms
        return _of_sides(asked.gts - asked.lts, here, there, over, free)
    if isinstance(body, maximum) and _ZERO not in body.args:
        here, there = body.args
        return _of_sides(sympy.expand(here - there), here, there, over, free)
    return _of_margins(body, over, free)


def _of_margins(body: Any, over: Index, free: Index) -> list[Distance]:
    """Of max(0, |d| − m), its square, and these times the sign of d, as `beyond_margin` has them."""
    signs: list[Any] = []
    parts: dict[Any, Any] = {}
    for one in sympy.Mul.make_args(body):
        base, power = one.as_base_exp()
        if isinstance(one, sympy.sign):
            signs.append(one)
        elif isinstance(base, maximum) and _ZERO in base.args:
            parts[base.args[base.args[0] == 0]] = power
        else:
            return []
    asked = [one.args[0] for one in parts if isinstance(one, sympy.sign)]
    beyond = asked[0] if asked else next(iter(parts), _ZERO)
    power = parts.pop(beyond, 0)
    sizes = [one for one in sympy.Add.make_args(beyond) if isinstance(one, sympy.Abs)]
    if len(sizes) != 1 or len(parts) != len(asked) or len(signs) > 1 or power not in (0, 1, 2):
        return []
    difference, margin = signs[0].args[0] if signs else sizes[0].args[0], sizes[0] - beyond
    if not margin.is_nonnegative or sizes[0].args[0] not in (difference, -difference):
        return []
    made = []
    for side in (_ONE, -_ONE):
        part = side * difference - margin
        bound = bound_of(sympy.StrictGreaterThan(part, 0, evaluate=False), over, free)
        if bound is None:
            return []
        times = factor_of_keys(part, over, free) ** power * (side if signs else _ONE)
        made.append(Distance(times, bound, int(power), not asked))
    return made


_INEQUALITIES = sympy.Gt, sympy.Ge, sympy.Lt, sympy.Le


def _of_sides(difference: Any, here: Any, there: Any, over: Index, free: Index) -> list[Distance]:
    """Of multiples of a distance, or both of its square, one where it is positive and one where it is not."""
    bound = bound_of(sympy.StrictGreaterThan(difference, 0, evaluate=False), over, free)
    if bound is None or bound.lead != 0:
        return []
    for power in (1, 2):
        sides = [_multiple(one, bound, power, over, free) for one in (here, there)]
        times, other = sides
        if times is not None and other is not None:
            both = ((times, bound), ((-1) ** power * other, bound.turned))
            return [Distance(one, where, power, True) for one, where in both if one != 0]
    return []


def _multiple(e: Any, bound: Bound, power: int, over: Index, free: Index) -> Expression | None:
    """c of c times a power of the distance within a bound, c being the same for all."""
    distance = -bound.difference if bound.is_upper else bound.difference
    whole = sympy.expand(e)
    sign = distance.coeff(bound.over)
    times = whole.coeff(bound.over, power) * sign**power
    if {over, free} & indices_of(times) or sympy.expand(whole - times * distance**power) != 0:
        return None
    return times


def beyond_margin(let: Let) -> Let:
    """A let in which |d| > m, where the sign of d is a factor, is not asked by the guard but as a factor."""
    for part in conjuncts(let.guard):
        if not isinstance(part, sympy.StrictGreaterThan | sympy.StrictLessThan):
            continue
        beyond = part.gts - part.lts
        sizes = [one for one in sympy.Add.make_args(beyond) if isinstance(one, sympy.Abs)]
        sides = [side for one in sizes for side in (one.args[0], -one.args[0])]
        factors = sympy.Mul.make_args(let.body)
        signs = [one for one in factors if isinstance(one, sympy.sign) and one.args[0] in sides]
        if len(sizes) == len(signs) == 1:
            slope = maximum(_ZERO, sympy.sign(beyond))
            guard = sympy.And(*(one for one in conjuncts(let.guard) if one != part))
            return replace(let, body=slope * let.body, guard=guard)
    return let


def distance_guard(
    guard: Condition, over: Index, free: Index
) -> tuple[list[Expression], Bound | None, bool] | None:
    """The group, of which there is at most one, and the bound of what a guard asks of two indices, and
    whether it asks that they are two."""
    parts, _, _ = conditions(guard, over, free)
    places = {IndexValue(over), IndexValue(free)}
    apart = [one for one in parts if isinstance(one, sympy.Ne) and set(one.args) == places]
    parts = [one for one in parts if one not in apart]
    groups = [one for part in parts if (one := equal_key(part, over, free)) is not None]
    others = [part for part in parts if equal_key(part, over, free) is None]
    bounds = [bound_of(part, over, free) for part in others]
    if len(groups) > 1 or len(bounds) > 1 or None in bounds:
        return None
    among = bounds[0] if bounds else None
    if among is not None and "=" in among.sign:
        return None
    return groups, among, bool(apart)
