"""What hangs on how far a key is beyond another: `max(0, m - (s[i] - s[j]))`, its square, `abs(x[i] - x[j])`.

Of all that is beyond an entry's key the sum of distances is known where that of the entry before is: each has
grown by what lies between the two. All that is added up is of one sign, so nothing is lost where keys are
large beside their differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.atoms import maximum
from objc.ir.index import Index
from objc.ir.symbols import Condition, Expression, IndexValue
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
