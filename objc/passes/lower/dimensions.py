"""Dimensions as unknowns: which dimension an axis or an index has is found from its uses."""

from __future__ import annotations

from dataclasses import dataclass, field

from objc.errors import InternalError
from objc.ir.index import Dimension
from objc.source import Span


class Axis:
    """The dimension of one axis, perhaps not known yet: a variable that `unify` makes equal to others.

    `evidence` is where its dimension was learned. `wanted` names the dimension to make when nothing
    else tells it (a model's `H`, that only its learned parameters have).
    """

    __slots__ = ("_dimension", "_evidence", "_parent", "_wanted")

    def __init__(
        self,
        dimension: Dimension | None = None,
        evidence: Span | None = None,
        wanted: str | None = None,
    ) -> None:
        self._parent: Axis | None = None
        self._dimension = dimension
        self._evidence = evidence
        self._wanted = wanted

    def root(self) -> Axis:
        axis = self
        while axis._parent is not None:
            if axis._parent._parent is not None:
                axis._parent = axis._parent._parent
            axis = axis._parent
        return axis

    @property
    def known(self) -> Dimension | None:
        return self.root()._dimension

    @property
    def dimension(self) -> Dimension:
        """The dimension; an axis that is unknown here is a fault, since `settle` came before."""
        found = self.root()._dimension
        if found is None:
            raise InternalError("an axis without a dimension was reached")
        return found

    @property
    def evidence(self) -> Span | None:
        return self.root()._evidence

    @property
    def wanted(self) -> str | None:
        return self.root()._wanted

    def settle(self, dimension: Dimension) -> None:
        self.root()._dimension = dimension

    def __str__(self) -> str:
        root = self.root()
        return str(root._dimension or root._wanted or "?")


def unify(one: Axis, other: Axis, span: Span | None = None) -> bool:
    """Make two axes one. False, with nothing changed, if their dimensions are known to differ."""
    first, second = one.root(), other.root()
    if first is second:
        return True
    if first._dimension is None:
        first, second = second, first
    if second._dimension is not None:
        return first._dimension == second._dimension
    second._parent = first
    first._wanted = first._wanted or second._wanted
    first._evidence = first._evidence or second._evidence or span
    return True


@dataclass(frozen=True, eq=False)
class Variable:
    """An index as written: a binder, the free index of a definition or of a function's result."""

    name: str
    span: Span
    axis: Axis = field(default_factory=Axis)


@dataclass
class Dimensions:
    """The capital names that one declaration's text may say, each with its axis.

    In the declaration that is lowered they are dimensions of the program. In one that is called they
    are unknowns, which the arguments tell.
    """

    axes: dict[str, Axis]

    def axis(self, name: str, span: Span, known: bool) -> Axis:
        if name not in self.axes:
            self.axes[name] = Axis(Dimension(name) if known else None, span, name)
        return self.axes[name]
