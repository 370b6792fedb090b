"""Equations of one tensor that meet in a place which none of them is about: `d[0, j]` and `d[i, 0]` at
`d[0, 0]`. They have to say the same there, or an equation of its own decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import sympy

from objc.ir.index import Index, Position
from objc.ir.symbols import Expression, Extent, reads, substitute_positions
from objc.passes.lower import errors
from objc.passes.lower.names import Scope
from objc.passes.lower.values import Positions

if TYPE_CHECKING:
    from objc.passes.lower.equations import Equation


@dataclass(frozen=True, eq=False)
class Said:
    """An equation and what it says at every place; `places` are those of its fixed axes."""

    equation: Equation
    places: Mapping[int, Expression]
    expression: Expression


def check_crossings(name: str, said: Sequence[Said], positions: Positions, scope: Scope) -> None:
    """Report the first two equations that contradict each other where they meet."""
    for one, other in combinations(said, 2):
        meeting = {**one.places, **other.places}
        if not _cross(one, other) or any(_covers(third, meeting) for third in said):
            continue
        if _differ(one.expression, other.expression, _mapping(meeting, positions)):
            scope.collector.add(
                errors.ContradictoryEquations(
                    one.equation.value.span,
                    _shown(name, one),
                    _shown(name, other),
                    _shown(name, one, other),
                    other.equation.value.span,
                )
            )
            return


def _cross(one: Said, other: Said) -> bool:
    """Whether each leaves an axis open that the other fixes, and they agree on those both fix."""
    shared = one.places.keys() & other.places.keys()
    apart = (one.places.keys() - shared) and (other.places.keys() - shared)
    return bool(apart) and all(one.places[axis] == other.places[axis] for axis in shared)


def _covers(third: Said, meeting: Mapping[int, Expression]) -> bool:
    """Whether an equation is about just the places where two others meet."""
    return dict(third.places) == dict(meeting)


def _mapping(places: Mapping[int, Expression], positions: Positions) -> dict[Index, Position]:
    found: dict[Index, Position] = {}
    for axis, value in places.items():
        index, position = positions[axis].index, _position(value)
        if index is not None and position is not None:
            found[index] = position
    return found


def _position(value: Expression) -> Position | None:
    """A number, or the extent of a dimension and a number."""
    number, rest = value.as_coeff_Add()
    if not number.is_Integer:
        return None
    if rest == 0:
        return Position(None, int(number))
    return Position(rest.dimension, int(number)) if isinstance(rest, Extent) else None


def _differ(one: Expression, other: Expression, places: dict[Index, Position]) -> bool:
    there, here = (substitute_positions(side, places) for side in (one, other))
    if any(_is_outside(position) for side in (there, here) for position in _positions(side)):
        return False  # one of them can't hold there, which its reads will tell
    return bool(sympy.expand(there - here) != 0)


def _positions(expression: Expression) -> list[Position]:
    return [position for read in reads(expression) for position in read.positions]


def _is_outside(position: Position) -> bool:
    return position.base is None and position.offset < 0


def _shown(name: str, one: Said, other: Said | None = None) -> str:
    fixed = one if other is None else other
    places = [
        (fixed if axis in fixed.places else one).equation.variables[axis].span.text
        for axis in range(len(one.equation.variables))
    ]
    return f"{name}[{', '.join(places)}]"


__all__ = ["Said", "check_crossings"]
