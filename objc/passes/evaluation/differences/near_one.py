"""Means of exponentials and products of factors that are nearly one, of which the one is taken away.

`log(mean exp b)` is a logsumexp less the logarithm of the number, which cancel where all b nearly agree:
with a temperature t, t·log(mean exp(x/t)) is the mean of x far out, and nothing was left of it. `1 − Π a`,
the chance that one of several things happens (a noisy-or, Pearl 1988), is 0 after rounding where each is
rare.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p
from objc.ir.domain import REAL
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read
from objc.passes.evaluation.nodes import Making

_HALF = sympy.Rational(1, 2)


def less_one(program: Program) -> Program:
    """The program with such differences by what is small itself."""
    return _Making(program).changed()


class _Making(Making):
    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.shares = {
            one.name
            for one in program.inputs
            if one.domain.kind in ("probability", "binary", "simplex")
        }

    def change(self, node: Any, reader: Let) -> Expression | None:
        return self.mean(node) or self.product(node)

    def mean(self, node: Any) -> Expression | None:
        """c·logsumexp b − c·log N = c·m + c·log1p(mean expm1(b − m)), with the greatest b for m, unless
        nearly all are far below it."""
        for addend, coefficient, let, read in self._reads(node, "logsumexp"):
            found = self._count(node, coefficient, let)
            if found is None:
                continue
            count, number = found
            top, total = self._sum(let)
            greatest = top.read(*read.positions)
            share = total.read(*read.positions) / number
            near = sympy.Gt(share, -_HALF)
            small = Branch(near, log1p(share), read - greatest - sympy.log(number))
            rest = [one for one in node.args if one not in (addend, count)]
            return sympy.Add(*rest, coefficient * greatest, coefficient * small)
        return None

    def _count(self, node: Any, coefficient: Any, let: Let) -> tuple[Any, Expression] | None:
        """The addend −c·log N, and N: how many there are, or how many a guard leaves."""
        if let.guard == sympy.true:
            number = sympy.Mul(*(Extent(index.dimension) for index in let.over))
            addend = -coefficient * sympy.log(number)
            return (addend, number) if addend in node.args else None
        for addend in node.args:
            for read in sorted(found_in(addend, Read), key=spelled):
                count = self.known.get(read.tensor)
                if count is None or (count.reduction, count.body) != ("sum", 1):
                    continue
                is_same = (count.over, count.guard) == (let.over, let.guard)
                logarithms = (sympy.log(1 / read), -sympy.log(read))
                if is_same and any(addend == coefficient * one for one in logarithms):
                    return addend, read
        return None

    def _sum(self, let: Let) -> tuple[Let, ...]:
        if let.name not in self.made:
            top = replace(let, name=self.names.fresh(f"top_{let.name}"), reduction="max")
            body = expm1(let.body - top.read(*let.free))
            name = self.names.fresh(f"sum_{let.name}")
            total = replace(let, name=name, reduction="sum", body=body, domain=REAL)
            self.insert(let, top, total)
        return self.made[let.name]

    def product(self, node: Any) -> Expression | None:
        """c − c·Π(1 − u) = −c·expm1(Σ log1p(−u)), where more than half is left of the product."""
        for addend, coefficient, let, read in self._reads(node, "prod"):
            constant, rest = let.body.as_coeff_Add()
            parts = sympy.Mul.make_args(-rest)
            if -coefficient not in node.args or constant != 1:
                continue
            if not all(getattr(one, "tensor", "") in self.shares for one in parts):
                continue
            if let.name not in self.made:
                name = self.names.fresh(f"log_{let.name}")
                body = log1p(rest)
                one = replace(let, name=name, reduction="sum", body=body, domain=REAL)
                self.insert(let, one)
            (logarithm,) = self.made[let.name]
            small = -expm1(logarithm.read(*read.positions))
            left = [one for one in node.args if one not in (addend, -coefficient)]
            return sympy.Add(*left, -coefficient * Branch(sympy.Gt(read, _HALF), small, 1 - read))
        return None

    def _reads(self, node: Any, reduction: str) -> list[tuple[Any, Expression, Let, Read]]:
        """Every addend c·read of a reduction of this kind: the addend, c, the let, the read."""
        found = []
        for addend in node.args:
            for read in sympy.Mul.make_args(addend):
                let = self.known.get(getattr(read, "tensor", ""))
                if let is not None and let.reduction == reduction:
                    found.append((addend, addend / read, let, read))
        return found
