"""Roots of sums of squares are norms: they have a derivative at zero, and a scale.

`s := sum b²` read as √s becomes `n := norm b`; other reads of s stay. The root of a mean of squares is
a norm over the root of the number, and √(s + c) for c ≥ 0 is hypot(n, √c).
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import hypot
from objc.ir.domain import Domain
from objc.ir.program import Let, Names, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read
from objc.passes.rewrites.roots import root_of_square
from objc.passes.stable.cosines import Units
from objc.passes.tidying.prune import prune

HALF = sympy.Rational(1, 2)


def name_norms(program: Program) -> Program:
    """The program with a norm wherever a body has the root of a sum of squares."""
    return _Norms(program).run()


class _Norms:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.squares: dict[str, Let] = {}
        self.norms: dict[str, Let] = {}
        self.sums: dict[str, Let] = {}
        self.lets: list[Let] = []
        self.units = Units(self.names, self.lets, self.norms)

    def run(self) -> Program:
        rooted = self._rooted()
        for let in self.program.lets:
            replacements = {}
            powers = let.body.atoms(sympy.Pow) | let.guard.atoms(sympy.Pow)
            for power in sorted(powers, key=spelled):
                merged = getattr(power.base, "tensor", "") in rooted and power.exp.is_negative
                if power.exp.is_Rational and (power.exp.q > 1 or (merged and power.exp.q == 1)):
                    root = self._root(power.base)
                    if root is not None:
                        replacements[power] = root ** (2 * power.exp)
            if replacements:
                body, guard = let.body.xreplace(replacements), let.guard.xreplace(replacements)
                let = replace(let, body=body, guard=guard)
            if self.norms and not let.domain.is_integer:
                let = replace(let, body=self.units.within(let.body, self.sums))
            if _is_sum_of_squares(let):
                self.squares[let.name] = let
            if let.reduction == "sum" and let.guard == sympy.true:
                self.sums[let.name] = let
            self.lets.append(let)
        # A sum that only roots were taken of is gone: in a recurrence it would stand before the step that it
        # reads, of which it is no part any more.
        return prune(self.program.with_lets(self.lets))

    def _rooted(self) -> set[str]:
        """The tensors of which a root is taken somewhere: what is divided by one of them was divided by
        the root twice, as in the square of a cosine."""
        powers = {power for let in self.program.lets for power in let.body.atoms(sympy.Pow)}
        return {
            power.base.tensor
            for power in powers
            if isinstance(power.base, Read) and power.exp.is_Rational and power.exp.q > 1
        }

    def _root(self, radicand: Expression) -> Expression | None:
        """√radicand by norms, if every addend is a sum of squares or a square, and one is a sum."""
        roots = []
        for addend in sympy.Add.make_args(radicand):
            coefficient, rest = addend.as_coeff_Mul()
            if isinstance(rest, Read) and rest.tensor in self.squares and coefficient > 0:
                roots.append(sympy.sqrt(coefficient) * self._norm(rest))
            else:
                roots.append(root_of_square(addend))
        if None in roots or not any(one.atoms(Read) & self._made(one) for one in roots):
            return None
        whole = roots[0]
        for one in roots[1:]:
            whole = hypot(whole, one)
        return whole

    def _made(self, root: Expression) -> set[Read]:
        names = {one.name for one in self.norms.values()}
        return {read for read in root.atoms(Read) if read.tensor in names}

    def _norm(self, read: Read) -> Expression:
        squares = self.squares[read.tensor]
        if squares.name not in self.norms:
            norm = replace(
                squares,
                name=self.names.fresh(f"norm_{squares.name}"),
                body=root_of_square(squares.body),
                reduction="norm",
                domain=Domain("nonnegative"),
            )
            self.norms[squares.name] = norm
            self.lets.append(norm)
        norm = self.norms[squares.name].read(*read.positions)
        if squares.reduction == "sum":
            return norm
        return norm / sympy.sqrt(sympy.Mul(*(Extent(index.dimension) for index in squares.over)))


def _is_sum_of_squares(let: Let) -> bool:
    if let.reduction == "mean" and let.guard != sympy.true:
        return False
    return let.reduction in ("sum", "mean") and root_of_square(let.body) is not None
