"""Dimensions, indices and the positions at which a tensor is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from objc.ir.symbols import Read


@dataclass(frozen=True)
class Dimension:
    """An extent: named and bound from the shapes at the call, or a literal with its `size`, or the
    value of the hyperparameter `count`, plus `more`."""

    name: str
    size: int | None = None
    count: str | None = None
    more: int = 0

    def __str__(self) -> str:
        return self.name


BATCH = Dimension("batch")
"""The dimension that the `batch` pass adds. User dimensions are capitals, so it can't clash."""


@dataclass(frozen=True)
class Index:
    """An index owns its dimension. Within one program a name stands for one dimension only."""

    name: str
    dimension: Dimension

    def __str__(self) -> str:
        return f"{self.name}:{self.dimension}"


@dataclass(frozen=True)
class Position:
    """Where one axis is read: `base + offset`.

    `i` and `i+1` have an Index as base, `T-1` a Dimension, `label[i]` or a count hyperparameter a
    Read (a gather), `0` none.
    """

    base: Index | Dimension | Read | None
    offset: int = 0

    @property
    def index(self) -> Index | None:
        """The index, where the position is exactly an index."""
        return self.base if isinstance(self.base, Index) and self.offset == 0 else None

    def __str__(self) -> str:
        if self.base is None:
            return str(self.offset)
        name = self.base.name
        if self.offset == 0:
            return str(name)
        return f"{name}{'+' if self.offset > 0 else '-'}{abs(self.offset)}"


def at(index: Index, offset: int = 0) -> Position:
    return Position(index, offset)
