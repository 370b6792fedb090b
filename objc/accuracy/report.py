"""What a measurement found, as data and as lines of a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from objc.target import DType

_EXPLAINED = 4.0
"""An excess up to which a zero is what rounding the inputs once may give."""


@dataclass(frozen=True)
class Worst:
    """The largest error of one kind: what it is, and where it happens."""

    error: float
    inputs: Mapping[str, Any]
    entry: tuple[int, ...]
    got: float
    expected: str

    def as_data(self) -> dict[str, Any]:
        return {
            "error": _finite(self.error),
            "inputs": {name: _plain(value) for name, value in self.inputs.items()},
            "entry": list(self.entry),
            "got": _finite(self.got),
            "expected": self.expected,
        }


@dataclass
class Row:
    """The errors of one quantity (the value, a gradient, a Hessian product) in one floating type.

    `ulp` is the error in units in the last place of the true result; `relative` over its magnitude;
    `excess` over what changing every input by one rounding would change the result, which is what a
    stable computation may cost: near a root of the result that alone can be bounded. `normwise` is the
    same with a rounding of the largest entry of the result and of each input for that of every entry:
    the bound on an entry that is a root, where others are not. Results whose
    truth is subnormal are counted in units of the smallest number; `undefined` counts those without a
    true value, or with one beyond the largest number; a zero that the inputs' rounding explains is no
    underflow.
    """

    dtype: DType
    quantity: str
    entries: int = 0
    undefined: int = 0
    nan: int = 0
    overflow: int = 0
    underflow: int = 0
    worst: dict[str, Worst] = field(default_factory=dict)

    def error(self, kind: str) -> float:
        """The largest `ulp`, `relative` or `excess`; 0 where nothing was measured."""
        found = self.worst.get(kind)
        return 0.0 if found is None else found.error

    def share(self, count: int) -> float:
        return count / self.entries if self.entries else 0.0

    def count(self, got: float, expected: Any, excess: float, least: float) -> None:
        """One result more: whether it is a number, and not zero for nothing."""
        self.nan += got != got
        self.overflow += math.isinf(got)
        self.underflow += got == 0 and abs(expected) >= least and excess > _EXPLAINED

    @property
    def bits_lost(self) -> float:
        """Binary digits of the result lost beyond what the inputs' rounding explains."""
        return _bits(self.error("excess"))

    @property
    def normwise_bits_lost(self) -> float:
        """The same beyond a rounding of the largest entry of the result and of each input."""
        return _bits(self.error("normwise"))

    def as_data(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "quantity": self.quantity,
            "entries": self.entries,
            "undefined": self.undefined,
            "nan": self.share(self.nan),
            "overflow": self.share(self.overflow),
            "underflow": self.share(self.underflow),
            "bits_lost": _finite(self.bits_lost),
            "normwise_bits_lost": _finite(self.normwise_bits_lost),
            **{kind: worst.as_data() for kind, worst in sorted(self.worst.items())},
        }


@dataclass(frozen=True)
class Sample:
    """One entry of one result, for a plot: the largest input, and the bits lost there."""

    dtype: DType
    quantity: str
    magnitude: float
    bits: float


@dataclass
class Report:
    """The accuracy of one declaration's kernel."""

    name: str
    target: str
    points: int
    rows: list[Row] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def as_data(self) -> dict[str, Any]:
        """Numbers that are infinite or not a number are given as text."""
        return {
            "name": self.name,
            "target": self.target,
            "points": self.points,
            "rows": [row.as_data() for row in self.rows],
        }


def _bits(error: float) -> float:
    return math.inf if math.isinf(error) else math.log2(max(error, 1.0))


def _finite(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _finite(value) if isinstance(value, float) else value
