"""What an expression is while it is lowered: a shape that is known now, and SymPy that is built later.

Lowering goes over a declaration twice. The first time every name is resolved, and each axis and index
is unified with those it stands beside. Then all dimensions are known, and `build` makes the scalar
expression of one entry, at the positions asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, Read
from objc.passes.lower.dimensions import Axis, Variable
from objc.source import Span

if TYPE_CHECKING:
    from objc.passes.lower.builder import Wanted

Positions: TypeAlias = tuple[Position, ...]


@dataclass(frozen=True)
class Environment:
    """Where each index stands while building, and the conditions under which we are here.

    What is built under `path` is only looked at where all its conditions hold: reads that may leave
    their tensor must carry the path with them into lets of their own. Names in `reserved` are not
    taken for new indices, though they stand nowhere.
    """

    positions: Mapping[Variable, Position] = field(default_factory=dict)
    path: tuple[Condition, ...] = ()
    reserved: frozenset[str] = frozenset()

    def bind(self, pairs: Iterable[tuple[Variable, Position]]) -> Environment:
        return replace(self, positions={**self.positions, **dict(pairs)})

    def under(self, condition: Condition) -> Environment:
        if condition == sympy.true:
            return self
        return replace(self, path=(*self.path, condition))

    def only(self, variables: Iterable[Variable]) -> Environment:
        """The environment of a definition: the indices it may see, and no conditions."""
        return replace(self, positions={one: self.positions[one] for one in variables}, path=())

    @cached_property
    def active(self) -> frozenset[str]:
        """The names of the indices that stand in some position: a new index must avoid them."""
        names = set(self.reserved)
        for position in self.positions.values():
            names.update(index.name for index in indices_of_position(position))
        return frozenset(names)


def indices_of_position(position: Position) -> Iterable[Index]:
    if isinstance(position.base, Index):
        yield position.base
    elif isinstance(position.base, Read):
        for inner in position.base.positions:
            yield from indices_of_position(inner)


Build: TypeAlias = Callable[[Environment, Positions], Expression]
Direct: TypeAlias = "Callable[[Environment, Positions, Wanted, tuple[Index, ...]], Let]"


@dataclass(frozen=True, eq=False)
class Partial:
    """A tensor that was read with fewer indices than it has axes: for the message, if that was wrong."""

    name: str
    rank: int
    given: int
    shape: str
    declared: Span | None


@dataclass(frozen=True, eq=False)
class Value:
    """One expression of the text, resolved.

    `build(environment, positions)` takes one position an axis and gives the scalar expression of that
    entry (a condition for the kind `condition`). `direct`, where there is one, makes the let itself:
    a reduction that is given a name becomes the let of that name.

    `indexes` is the axis that an index value points into; `variable` the index it comes from, perhaps
    `shifted`; `categorical` marks data indices, which may be compared and used as positions only. `integral`
    values are made of integers by + − × alone. `risky` values may read outside of a tensor.
    `atomic` values are cheap to repeat. A `broken` value has been reported and is not looked at.
    """

    span: Span
    axes: tuple[Axis, ...]
    build: Build
    kind: Literal["number", "condition", "broken"] = "number"
    indexes: Axis | None = None
    variable: Variable | None = None
    shifted: bool = False
    categorical: bool = False
    integral: bool = False
    risky: bool = False
    atomic: bool = False
    partial: Partial | None = None
    direct: Direct | None = None

    @property
    def broken(self) -> bool:
        return self.kind == "broken"

    @property
    def is_condition(self) -> bool:
        return self.kind == "condition"

    @property
    def shape(self) -> str:
        return f"[{', '.join(map(str, self.axes))}]"


def broken(span: Span) -> Value:
    """The value of something wrong that has been reported."""
    return Value(span, (), lambda environment, positions: sympy.Integer(1), kind="broken")


def number(span: Span, value: Any) -> Value:
    """A constant."""
    return Value(
        span,
        (),
        lambda environment, positions: value,
        integral=bool(value.is_Integer),
        atomic=True,
    )
