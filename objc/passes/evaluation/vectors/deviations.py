"""Deviations from a mean add up to zero, and those of entries that nearly agree keep their digits.

The mean of numbers that differ in their last places is rounded to one of them, and what is left of each is a
multiple of that rounding, or nothing. But `x − m` is exact there, whatever the rounded mean m is: so the
mean of these is taken off once more. (The two-pass algorithm's correction: Chan, Golub and LeVeque 1983.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read, indices_of, substitute_positions


def center_twice(program: Program) -> Program:
    """The program with `(x[i] − m) − mean[j] (x[j] − m)` for `x[i] − m`, where x is an input of real numbers
    and m its mean, also one that is written as a sum over its size."""
    centering = _Centering(program)
    return centering.program() if centering.totals else program


class _Centering:
    def __init__(self, before: Program) -> None:
        self.before = before
        self.names = Names.of(before)
        inside = members(before)
        self.totals = {
            let.name: let
            for let in before.lets
            if let.name not in inside and self._is_of_input(let)
        }
        self.made: dict[str, tuple[Let, Let]] = {}

    def program(self) -> Program:
        lets: list[Let] = []
        for let in self.before.lets:
            made = set(self.made)
            changed = replace(let, body=self._changed(let.body), guard=self._changed(let.guard))
            for name, pair in self.made.items():
                if name not in made:
                    lets += pair
            lets.append(changed)
        return self.before.with_lets(lets)

    def _is_of_input(self, let: Let) -> bool:
        given = self.before.input.get(getattr(let.body, "tensor", ""))
        if given is None or let.reduction not in ("mean", "sum") or given.domain.is_integer:
            return False
        return let.reduction == "mean" or let.guard == sympy.true

    def _changed(self, expression: Any) -> Any:
        for node in sorted(expression.atoms(sympy.Add), key=spelled):
            changed = self._centered(node)
            if changed is not None:
                expression = expression.xreplace({node: changed})
        return expression

    def _centered(self, node: Any) -> Expression | None:
        for term in node.args:
            for mean in sympy.Mul.make_args(term):
                total = self.totals.get(getattr(mean, "tensor", ""))
                weight = None if total is None else _weight(term / mean, total)
                if total is None or weight is None:
                    continue
                for other in node.args:
                    for entry in sympy.Mul.make_args(other):
                        places = self._places(entry, mean, total)
                        if places is not None and other / entry == -weight:
                            rest = [
                                one for one in node.args if one is not term and one is not other
                            ]
                            deviation, correction = self._pair(total)
                            below = deviation.read(*(places[one] for one in total.indices))
                            here = correction.read(*mean.positions)
                            return sympy.Add(*rest, -weight * below, weight * here)
        return None

    def _places(self, entry: Any, mean: Read, total: Let) -> dict[Index, Position] | None:
        """Where an entry stands among those that a mean is of."""
        body: Any = total.body
        if getattr(entry, "tensor", None) != body.tensor:
            return None
        places: dict[Index, Position] = dict(zip(total.free, mean.positions, strict=True))
        for position, place in zip(body.positions, entry.positions, strict=True):
            if position.index in total.over:
                places[position.index] = place
        if set(places) != set(total.indices) or substitute_positions(body, places) != entry:
            return None
        return places

    def _pair(self, total: Let) -> tuple[Let, Let]:
        """The deviations from the rounded mean, and their mean."""
        if total.name not in self.made:
            mean: Expression = total.read(*total.free)
            if total.reduction == "sum":
                mean /= sympy.Mul(*(Extent(one.dimension) for one in total.over))
            name = self.names.fresh(f"deviation_{total.body.tensor}")
            deviation = Let(name, total.indices, total.body - mean, domain=REAL, span=total.span)
            correction = replace(
                total,
                name=self.names.fresh(f"mean_{name}"),
                reduction="mean",
                body=deviation.read(*total.indices),
                domain=REAL,
            )
            self.made[total.name] = deviation, correction
        return self.made[total.name]


def _weight(factor: Expression, total: Let) -> Expression | None:
    """c of a mean that is multiplied with c, which doesn't vary over what it is of."""
    if total.reduction == "sum":
        factor *= sympy.Mul(*(Extent(one.dimension) for one in total.over))
        if factor.has(Extent):
            return None
    return None if indices_of(factor) & set(total.over) else factor
