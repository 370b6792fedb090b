"""How many points a guard leaves a loop, where only indices are compared: there is nothing to count."""

from __future__ import annotations

import sympy

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, Extent, IndexValue, conjuncts, indices_of


def number_of_points(let: Let) -> Expression | None:
    """The number of points of a reduction by the sizes of its dimensions; None where it hangs on data, or has
    no such form. Of two indices of one dimension that differ, or follow each other, it has: N² − N pairs,
    or N − 1 partners, of `i != j`."""
    number: Expression = sympy.Integer(1)
    left = list(let.over)
    for one in conjuncts(let.guard) if let.guard != sympy.true else ():
        pair = _pair(one)
        if pair is None or not any(index in left for index in pair):
            return None
        both = all(index in left for index in pair)
        found = _pairs(one, pair) if both else _partners(one, pair, left)
        if found is None or not indices_of(found) <= set(let.free):
            return None
        number *= found
        left = [index for index in left if index not in pair]
    return number * sympy.Mul(*(Extent(index.dimension) for index in left))


def _pair(condition: Condition) -> tuple[Index, Index] | None:
    """The two indices that a condition compares, of one dimension, the lesser first."""
    if isinstance(condition, sympy.Gt | sympy.Ge):
        condition = condition.reversed
    if not isinstance(condition, sympy.Eq | sympy.Ne | sympy.Lt | sympy.Le):
        return None
    left, right = condition.args
    if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
        return None
    alike = left.index.dimension == right.index.dimension
    return (left.index, right.index) if alike and left != right else None


def _pairs(condition: Condition, pair: tuple[Index, Index]) -> Expression:
    size = Extent(pair[0].dimension)
    match condition:
        case sympy.Eq():
            return size
        case sympy.Ne():
            return size * (size - 1)
        case sympy.Lt() | sympy.Gt():
            return size * (size - 1) / 2
    return size * (size + 1) / 2


def _partners(condition: Condition, pair: tuple[Index, Index], left: list[Index]) -> Expression:
    """How many of the index that is left go with the other."""
    size, lesser = Extent(pair[0].dimension), pair[0] in left
    given = IndexValue(pair[1] if lesser else pair[0])
    match condition:
        case sympy.Eq():
            return sympy.Integer(1)
        case sympy.Ne():
            return size - 1
        case sympy.Lt() | sympy.Gt():
            return given if lesser else size - 1 - given
    return given + 1 if lesser else size - given
