"""Domains: the set that a tensor's entries are declared to lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from objc.ir.index import Dimension
from objc.ir.symbols import Expression, Extent, Read

Kind = Literal[
    "real", "positive", "nonnegative", "negative", "nonpositive", "interval", "probability",
    "simplex", "ordered", "sign", "binary", "index", "count", "integer",
]  # fmt: skip

_ASSUMPTIONS: dict[str, dict[str, bool]] = {
    "real": {"real": True},
    "positive": {"positive": True},
    "nonnegative": {"nonnegative": True},
    "negative": {"negative": True},
    "nonpositive": {"nonpositive": True},
    "probability": {"nonnegative": True},
    "simplex": {"nonnegative": True},
    "ordered": {"real": True},
    "sign": {"integer": True, "nonzero": True},
    "binary": {"integer": True, "nonnegative": True},
    "index": {"integer": True, "nonnegative": True},
    "count": {"integer": True, "nonnegative": True},
    "integer": {"integer": True},
}

INTEGER_KINDS = frozenset({"index", "count", "integer"})
"""Kinds whose values are held as 64-bit integers. `sign` and `binary` are held in the kernel's
floating type, since they stand in arithmetic."""


@dataclass(frozen=True)
class Domain:
    """A kind with what belongs to it: the ends of an interval or a count (expressions of hyperparameters,
    extents and numbers), an index's dimension. `negative`, `nonpositive` and `integer` arise for lets only.

    `least` and `most` are ends that other inputs name, of the same example, in expressions of reads without
    positions: such a read is a scalar, or the same entry of a tensor of the same shape (`objc.ir.declared`).
    `low` and `high` are then what bounds them, whatever those inputs are. An `ordered` tensor rises strictly
    along its last axis.
    """

    kind: Kind
    low: Expression | None = None
    high: Expression | None = None
    dimension: Dimension | None = None
    least: Expression | None = None
    most: Expression | None = None

    @property
    def assumptions(self) -> Mapping[str, bool]:
        """What SymPy may assume of one entry."""
        if self.kind == "interval":
            below = [one for one in (self.low, self.least) if one is not None]
            above = [one for one in (self.high, self.most) if one is not None]
            if any(one.is_positive for one in below):
                return _ASSUMPTIONS["positive"]
            if any(one.is_nonnegative for one in below):
                return _ASSUMPTIONS["nonnegative"]
            if any(one.is_negative for one in above):
                return _ASSUMPTIONS["negative"]
            if any(one.is_nonpositive for one in above):
                return _ASSUMPTIONS["nonpositive"]
            return _ASSUMPTIONS["real"]
        return _ASSUMPTIONS[self.kind]

    @property
    def is_integer(self) -> bool:
        return self.kind in INTEGER_KINDS

    @property
    def bounds(self) -> tuple[Expression, Expression]:
        """The closed hull: the least and the greatest value, infinities where there is none."""
        infinity = sympy.oo
        match self.kind:
            case "positive" | "nonnegative":
                return sympy.Integer(0), infinity
            case "count":
                return sympy.Integer(0), infinity if self.high is None else self.high
            case "negative" | "nonpositive":
                return -infinity, sympy.Integer(0)
            case "probability" | "simplex" | "binary":
                return sympy.Integer(0), sympy.Integer(1)
            case "sign":
                return sympy.Integer(-1), sympy.Integer(1)
            case "interval":
                low = -infinity if self.low is None else self.low
                return low, infinity if self.high is None else self.high
            case "index":
                top = infinity if self.dimension is None else Extent(self.dimension) - 1
                return sympy.Integer(0), top
            case _:
                return -infinity, infinity

    def is_within(self, low: int, high: int) -> bool:
        """Whether it is known to lie between two numbers: an end may be a hyperparameter or a size."""
        return bool(sympy.Ge(self.bounds[0], low) == sympy.true) and self.is_at_most(high)

    def is_at_most(self, high: int) -> bool:
        """Whether no number in it is known to be greater."""
        return bool(sympy.Le(self.bounds[1], high) == sympy.true)

    @property
    def ends(self) -> tuple[Expression, Expression]:
        """The bounds as they are declared, with what other inputs name."""
        low, high = self.bounds
        return (
            low if self.least is None else self.least,
            high if self.most is None else self.most,
        )

    @property
    def names(self) -> frozenset[str]:
        """The inputs that the ends are made of."""
        ends = (self.low, self.high, self.least, self.most)
        return frozenset(read.tensor for end in ends if end is not None for read in end.atoms(Read))

    def __str__(self) -> str:
        if self.kind == "interval":
            return f"interval({', '.join(map(_written, self.ends))})"
        if self.kind == "count" and self.ends[1] != sympy.oo:
            return f"count({self.ends[1]})"
        if self.kind == "index" and self.dimension is not None:
            return f"index({self.dimension})"
        return self.kind


def _written(end: Expression) -> str:
    return {sympy.oo: "inf", -sympy.oo: "-inf"}.get(end, str(end))


REAL = Domain("real")


def domain_of(expression: Expression) -> Domain:
    """The domain without data that SymPy's assumptions give an expression: its sign.

    That it is an integer is not kept: a let of an integer kind is held in 64 bits, where 2^count
    overflows silently, and a gradient made of signs must be of the floating type.
    """
    for kind in ("positive", "negative", "nonnegative", "nonpositive"):
        if getattr(expression, f"is_{kind}"):
            return Domain(kind)
    return REAL


_WITH_ZERO: Mapping[Kind, Kind] = {"positive": "nonnegative", "negative": "nonpositive"}
"""What a sum is of which a guard may leave nothing."""


def domain_of_let(body: Expression, reduction: str | None, guarded: bool) -> Domain:
    """What is known of `reduction[over | guard] body` from the body's sign.

    Dimensions have at least one entry, a guard may leave none.
    """
    if reduction is None:
        return domain_of(body)
    if reduction in ("count", "any", "all", "argmax", "argmin", "argsort"):
        return Domain("binary" if reduction in ("any", "all") else "count")
    if reduction == "norm":
        return Domain("nonnegative")
    if reduction == "logsumexp":
        return REAL
    kind = domain_of(body).kind
    if reduction == "prod" and kind not in ("positive", "nonnegative", "count"):
        return REAL
    if guarded and reduction == "sum":
        kind = _WITH_ZERO.get(kind, kind)
    if guarded and reduction in ("max", "min"):
        return REAL  # an infinity over nothing
    return Domain(kind) if reduction != "mean" or kind not in ("count", "integer") else REAL


def number_of(
    expression: Expression, values: Mapping[str, Any], sizes: Mapping[Dimension, int]
) -> float | None:
    """A bound or default, an expression of scalar hyperparameters and extents, as a number, where those
    are known; infinities are numbers too."""
    mapping: dict[Any, Any] = {}
    for symbol in expression.free_symbols:
        value = values.get(symbol.tensor, ()) if isinstance(symbol, Read) else ()
        if hasattr(value, "__float__") and not getattr(value, "shape", ()):
            mapping[symbol] = sympy.Rational(str(value))
        elif isinstance(symbol, Extent) and symbol.dimension in sizes:
            mapping[symbol] = sympy.Integer(sizes[symbol.dimension])
        else:
            return None
    value = expression.xreplace(mapping)
    return float(value) if value.is_number and value.is_extended_real else None
