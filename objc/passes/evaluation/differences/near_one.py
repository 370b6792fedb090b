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
from objc.ir.program import Let, Program
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
            number = sympy.Mul(*(Extent(index.dimension) for index in let.over))
            count = -coefficient * sympy.log(number)
            if let.guard != sympy.true or count not in node.args:
                continue
            top, _, mean = self._mean(let, number)
            greatest, share = (one.read(*read.positions) for one in (top, mean))
            near = sympy.Gt(share, -_HALF)
            small = Branch(near, log1p(share), read - greatest - sympy.log(number))
            rest = [one for one in node.args if one not in (addend, count)]
            return sympy.Add(*rest, coefficient * greatest, coefficient * small)
        return None

    def _mean(self, let: Let, number: Expression) -> tuple[Let, ...]:
        if let.name not in self.made:
            top = replace(let, name=self.names.fresh(f"top_{let.name}"), reduction="max")
            body = expm1(let.body - top.read(*let.free))
            name = self.names.fresh(f"sum_{let.name}")
            total = replace(let, name=name, reduction="sum", body=body, domain=REAL)
            share = total.read(*let.free) / number
            mean = Let(self.names.fresh(f"mean_{let.name}"), let.free, share, domain=REAL)
            self.insert(let, top, total, mean)
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
