"""What one point of a reduction contributes to its derivative.

The weight of a reduction is ∂v/∂b at one point: 1 for a sum, 1/|over| for a mean, exp(b − v) for
logsumexp, Iverson's [here is the first maximum] for max. Some need a let of their own beside the
reduction (where the maximum is, the product of the others); it is made once, and appended to `lets`.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy

from objc.atoms import Branch, iverson, quotient
from objc.errors import InternalError
from objc.ir.domain import Domain, domain_of_let
from objc.ir.index import Index, at
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)
from objc.passes.stable.differences import is_difference
from objc.passes.stable.impossible import LEAST, impossible_states

ONE = sympy.Integer(1)


class Weights:
    """Weights of the reductions of one program."""

    def __init__(
        self,
        names: Names,
        lets: list[Let],
        program: Program,
        known: Iterable[Let] = (),
    ) -> None:
        """`known` are lets of the program: a log-probability that has a name there keeps it."""
        self._impossible = impossible_states(program)
        self._names = names
        self._known: dict[str, Expression] = {}
        self._named = [let for let in known if let.reduction is None and is_difference(let.body)]
        self.lets = lets

    def of(self, let: Let) -> Expression:
        """∂v/∂b, an expression over the let's free and bound indices."""
        if let.name not in self._known:
            self._known[let.name] = self._make(let)
        return self._known[let.name]

    def where(self, let: Let) -> Condition:
        """Where a point has a part: where the guard holds. At the place of an extreme it does, and what it
        asks of tensors is not asked again."""
        if not _may_be_nowhere(let):
            return let.guard
        return sympy.And(*(one for one in conjuncts(let.guard) if not _is_read(one, let)))

    def _make(self, let: Let) -> Expression:
        value = let.read(*let.free)
        match let.reduction:
            case "sum":
                return ONE
            case "mean":
                return 1 / self.number_of_points(let)
            case "logsumexp":
                weight = sympy.exp(self._by_name(let.body - value, let))
                if let.name not in self._impossible:
                    return weight
                # of a sum that is -∞ no addend has a part, whatever else would move it
                return Branch(sympy.Gt(value, LEAST), weight, sympy.Integer(0))
            case "norm":
                return Branch(sympy.Eq(value, 0), sympy.Integer(0), quotient(let.body, value))
            case "max" | "min":
                here = self._is_at(let, f"arg{let.reduction}")
                is_some = sympy.Gt(value, LEAST) if let.reduction == "max" else value < -LEAST
                return iverson(sympy.And(is_some, here) if _may_be_nowhere(let) else here)
            case "prod":
                return self._product_of_others(let)
            case _:
                raise InternalError(f"the reduction {let.reduction} has no derivative")

    def _by_name(self, difference: Expression, let: Let) -> Expression:
        """The read of the let that has this body over the indices of the reduction, if there is one."""
        dimensions = [index.dimension for index in let.indices]
        for one in self._named:
            if [index.dimension for index in one.free] != dimensions:
                continue
            places = dict(zip(one.free, map(at, let.indices), strict=True))
            if substitute_positions(one.body, places) == difference:
                return one.read(*let.indices)
        return difference

    def number_of_points(self, let: Let) -> Expression:
        """How many points a reduction has: a product of extents, or a let that counts."""
        if let.guard == sympy.true:
            return sympy.Mul(*(Extent(index.dimension) for index in let.over))
        name = self._names.fresh(f"count_{let.name}")
        count = Let(name, let.free, ONE, "count", let.over, let.guard, Domain("count"), let.span)
        self.lets.append(count)
        return count.read(*let.free)

    def _is_at(self, let: Let, reduction: str) -> Condition:
        name = self._names.fresh(f"{reduction}_{let.name}")
        (index,) = let.over  # `nest_extremes` has seen to it
        domain = Domain("index", dimension=index.dimension)
        place = Let(name, let.free, let.body, reduction, let.over, let.guard, domain, let.span)
        self.lets.append(place)
        return sympy.Eq(IndexValue(index), place.read(*let.free))

    def _product_of_others(self, let: Let) -> Expression:
        """The product without one factor: v/b would be wrong where a factor is zero."""
        if let.body.is_nonzero:
            return let.read(*let.free) / let.body
        copies = tuple(self._names.index(index) for index in let.over)
        mapping = {old: at(new) for old, new in zip(let.over, copies, strict=True)}
        other = sympy.Or(
            *(sympy.Ne(IndexValue(n), IndexValue(o)) for n, o in zip(copies, let.over, strict=True))
        )
        guard = sympy.And(substitute_positions(let.guard, mapping), other)
        body = substitute_positions(let.body, mapping)
        free: tuple[Index, ...] = (*let.free, *let.over)
        name = self._names.fresh(f"others_{let.name}")
        domain = domain_of_let(body, "prod", True)
        others = Let(name, free, body, "prod", copies, guard, domain, let.span)
        self.lets.append(others)
        return others.read(*free)


def _may_be_nowhere(let: Let) -> bool:
    """Whether an extreme may be over nothing, as tensors say of each point: then nothing is read there."""
    return let.reduction in ("max", "min") and any(
        _is_read(one, let) for one in conjuncts(let.guard)
    )


def _is_read(condition: Condition, let: Let) -> bool:
    return any(indices_of(read) & {*let.over} for read in reads(condition))
