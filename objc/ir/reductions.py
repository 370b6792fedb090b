"""The reductions: monoids with a finish and a derivative. A new reduction is one entry here.

The weight is the partial derivative of the result v with respect to the body b at one point of
`over`, as an expression; an entry with `weight` None has derivative zero everywhere (counts,
arguments, truth values). `expand` says how a reduction is brought to the primitive ones before
scheduling (sum, prod, max, min, argmax, argmin, argsort), or is None if it is primitive.

`argsort` has a value for each rank: the last free index of its let, over the dimension that is sorted,
which its body doesn't see. Equal bodies keep their order, NaN come last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import sympy

Result = Literal["body", "real", "index", "count", "binary"]


@dataclass(frozen=True)
class Reduction:
    """One reduction operator.

    `identity` is the value over nothing (None: there is none, the reduction over nothing is NaN for
    floating results, and for indices -1, which equals no index and is refused as a position).
    `curvature` and `monotone` describe the result as a function of the bodies, for the analyses.
    `result` tells the domain of the result from that of the body.
    """

    name: str
    formula: str
    identity: sympy.Expr | None
    result: Result
    curvature: Literal["affine", "convex", "concave", "unknown"]
    monotone: Literal["increasing", "unknown"]
    differentiable: bool
    primitive: bool
    latex: str


_ENTRIES = (
    Reduction("sum", "Σ b", sympy.Integer(0), "body", "affine", "increasing", True, True, r"\sum"),
    Reduction("mean", "Σ b / |over|", None, "body", "affine", "increasing", True, False,
              r"\operatorname{mean}"),
    Reduction("prod", "Π b", sympy.Integer(1), "body", "unknown", "unknown", True, True, r"\prod"),
    Reduction("max", "max b", -sympy.oo, "body", "convex", "increasing", True, True, r"\max"),
    Reduction("min", "min b", sympy.oo, "body", "concave", "increasing", True, True, r"\min"),
    Reduction("logsumexp", "log Σ exp b", -sympy.oo, "real", "convex", "increasing", True, False,
              r"\operatorname{logsumexp}"),
    Reduction("norm", "√(Σ b²)", sympy.Integer(0), "real", "unknown", "unknown", True, False,
              r"\operatorname{norm}"),
    Reduction("argmax", "first k with b largest", None, "index", "unknown", "unknown", False, True,
              r"\operatorname{arg\,max}"),
    Reduction("argmin", "first k with b smallest", None, "index", "unknown", "unknown", False, True,
              r"\operatorname{arg\,min}"),
    Reduction("argsort", "the place of each rank, smallest b first", None, "index", "unknown",
              "unknown", False, True, r"\operatorname{arg\,sort}"),
    Reduction("any", "[some b ≠ 0]", sympy.Integer(0), "binary", "unknown", "unknown", False, False,
              r"\bigvee"),
    Reduction("all", "[every b ≠ 0]", sympy.Integer(1), "binary", "unknown", "unknown", False,
              False, r"\bigwedge"),
    Reduction("count", "number of b ≠ 0", sympy.Integer(0), "count", "unknown", "unknown", False,
              False, r"\#"),
)  # fmt: skip

REDUCTIONS: Mapping[str, Reduction] = {one.name: one for one in _ENTRIES}
