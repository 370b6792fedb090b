"""What is known of integers where an expression stands: enough to see most positions in range."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from objc.ir.index import Dimension, Index, Position
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    conjuncts,
    position_value,
)


@dataclass(frozen=True)
class Facts:
    """Integer expressions that are positive here, and conditions that don't hold all together."""

    positive: tuple[Expression, ...] = ()
    denied: tuple[frozenset[Condition], ...] = ()

    def inside(self, index: Index) -> Facts:
        """Within a loop over an index."""
        extent, value = Extent(index.dimension), IndexValue(index)
        return self.also(extent, value + 1, extent - value)

    def also(self, *positive: Expression) -> Facts:
        return Facts((*self.positive, *positive), self.denied)

    def given(self, condition: Condition) -> Facts:
        """Where a condition holds: then, of two that don't hold together, the other does not."""
        held = set(conjuncts(condition))
        rest = [one - held for one in self.denied]
        found = [fact for one in rest if len(one) == 1 for fact in _false(next(iter(one)))]
        denied = tuple(one for one in rest if len(one) > 1)
        return Facts((*self.positive, *true_of(condition), *found), denied)

    def given_not(self, condition: Condition) -> Facts:
        if isinstance(condition, sympy.And):
            return Facts(self.positive, (*self.denied, frozenset(conjuncts(condition))))
        return Facts((*self.positive, *_false(condition)), self.denied)

    def allow(self, position: Position, dimension: Dimension) -> bool:
        """Whether a position certainly lies in its axis."""
        if position.index is not None and position.index.dimension == dimension:
            return True
        return self.hold(position_value(position), dimension)

    def hold(self, value: Expression, dimension: Dimension) -> bool:
        """Whether an integer certainly lies in an axis."""
        return self._implies(value + 1) and self._implies(Extent(dimension) - value)

    def _implies(self, wanted: Expression) -> bool:
        if wanted.is_Integer:
            return bool(wanted > 0)
        if isinstance(wanted, Extent):
            return wanted in self.positive
        if wanted.is_positive:
            return True
        for fact in self.positive:
            more = wanted - fact
            if more.is_Integer and more >= 0:
                return True
        return len(wanted.atoms(IndexValue)) > 1 and self._implies_by_two(wanted)

    def _implies_by_two(self, wanted: Expression) -> bool:
        """Whether an expression of several indices is positive as the sum of two that are."""
        own = [one for one in self.positive if one.atoms(IndexValue) & wanted.atoms(IndexValue)]
        for place, one in enumerate(own):
            rest = wanted - one
            for other in own[place:]:
                more = rest - other
                if more.is_Integer and more >= -1:
                    return True
        return False


def true_of(condition: Condition) -> list[Expression]:
    """Integer expressions that are positive where a condition holds."""
    if isinstance(condition, sympy.And):
        return [fact for part in condition.args for fact in true_of(part)]
    if isinstance(condition, sympy.Not):
        return _false(condition.args[0])
    if not isinstance(condition, sympy.core.relational.Relational):
        return []
    left, right = condition.args
    if not (_whole(left) and _whole(right)):
        return []
    match condition:
        case sympy.Gt():
            return [left - right]
        case sympy.Ge():
            return [left - right + 1]
        case sympy.Lt():
            return [right - left]
        case sympy.Le():
            return [right - left + 1]
        case sympy.Eq():
            return [left - right + 1, right - left + 1]
        case _:
            return _unequal(left, right) + _unequal(right, left)


def _unequal(value: Expression, other: Expression) -> list[Expression]:
    """An index that is not the first is beyond it; one that is not the last, before it."""
    if not isinstance(value, IndexValue):
        return []
    if other == 0:
        return [value]
    last = Extent(value.index.dimension) - 1
    return [last - value] if other == last else []


def _false(condition: Condition) -> list[Expression]:
    if isinstance(condition, sympy.Or):
        return [fact for part in condition.args for fact in _false(part)]
    if isinstance(condition, sympy.core.relational.Relational):
        return true_of(condition.negated)
    if isinstance(condition, sympy.Not):
        return true_of(condition.args[0])
    return []


def _whole(e: Expression) -> bool:
    """Integer whatever its data: reads are not, unless they are indices or counts."""
    return all(
        isinstance(one, IndexValue | Extent) or (isinstance(one, Read) and one.is_nonnegative)
        for one in e.free_symbols
    ) and bool(e.is_integer)
