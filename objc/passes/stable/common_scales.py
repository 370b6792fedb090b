"""Powers of which only ratios are asked are taken relative to the greatest.

With `m := max r`, `bʳ` is `bᵐ·bʳ⁻ᵐ`, and a gain `2ʳ − 1` is `2ᵐ·2ʳ⁻ᵐ·(1 − 2⁻ʳ)`. A sum of gains is 2ᵐ times a
sum without it, so is a sum of them times anything else, and of the ratio of two such sums 2ᵐ is no part.
Powers leave the range, of float32 for an r of 128, where the ratio does not.
How often bᵐ is a factor of a let is its degree. It has to be known of every let, and zero of every result;
and every divisor has to be the sum of all gains, each times what is above zero: it is in range without bᵐ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient, stop_gradient
from objc.ir.index import Index
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, Read

_HOMOGENEOUS = (None, "sum", "mean", "max", "min", "norm")
"""The reductions of which the degree is that of the body."""
_OF_DEGREE_ONE = (sympy.Abs, stop_gradient)


class _Mixed(Exception):
    """A body has no degree, or a divisor may leave the range."""


def name_common_scales(program: Program) -> Program:
    """The program with powers relative to the greatest wherever no result tells their scale."""
    for base, tensor in _powers(program):
        try:
            program = _Scaled(program, base, tensor).run()
        except _Mixed:
            continue
    return program


def _powers(program: Program) -> Iterator[tuple[Expression, str]]:
    """Every (b, r) of a power of a number b above one by an entry of the data."""
    bodies = [let.body for let in program.lets]
    found = {power for body in bodies for power in body.atoms(sympy.Pow)}
    yield from dict.fromkeys(
        (power.base, power.exp.tensor)
        for power in sorted(found, key=spelled)
        if isinstance(power.exp, Read) and power.base.is_number and power.base > 1
        if power.exp.tensor in program.input and program.input[power.exp.tensor].role == "data"
    )


@dataclass
class _Scaled:
    program: Program
    base: Expression
    tensor: str

    def __post_init__(self) -> None:
        names, given = Names.of(self.program), self.program.input[self.tensor]
        over = tuple(names.index(Index("i", dimension)) for dimension in given.dimensions)
        body = given.read(*over)
        name = names.fresh(f"greatest_{self.tensor}")
        self.greatest = Let(name, (), body, "max" if over else None, over, domain=given.domain)
        self.degrees: dict[str, int] = dict.fromkeys(self.program.input, 0)
        self.wholes: set[str] = set()
        self.divides = False

    def run(self) -> Program:
        inside = members(self.program)
        lets = [self.greatest]
        for let in self.program.lets:
            body, degree = self.scaled(let.body)
            guard = self.condition(let.guard)
            if degree and (let.reduction not in _HOMOGENEOUS or let.name in inside):
                raise _Mixed
            self.degrees[let.name] = degree
            if degree == 1 and self._is_whole(let):
                self.wholes.add(let.name)
            lets.append(replace(let, body=body, guard=guard))
        results = {*self.program.outputs.values(), *(term.let for term in self.program.terms)}
        if not self.divides or any(self.degrees[name] for name in results):
            raise _Mixed
        return self.program.with_lets(lets)

    def _is_whole(self, let: Let) -> bool:
        """Whether a let is the sum of all gains, of each what is above zero where the gain is."""
        if let.reduction != "sum" or let.guard != sympy.true:
            return False
        for factor in sympy.Mul.make_args(let.body):
            found = self._power_in(factor)
            if found is not None:
                coefficient, power, number = found
                places = tuple(one.index for one in power.exp.positions)
                positive = coefficient.is_positive and (coefficient + number).is_nonnegative
                return bool(positive and places == let.over and (let.body / factor).is_positive)
        return False

    def _power_in(self, node: Any) -> tuple[Expression, Expression, Expression] | None:
        """(c, bʳ, k) of c·bʳ + k with numbers c and k, for an r from zero on unless k is zero."""
        number, rest = node.as_coeff_Add()
        coefficient, power = rest.as_coeff_Mul()
        if not self._is_power(power) or not (number == 0 or power.exp.is_nonnegative):
            return None
        return coefficient, power, number

    def _is_power(self, node: Any) -> bool:
        is_read = isinstance(node, sympy.Pow) and isinstance(node.exp, Read)
        return is_read and node.base == self.base and node.exp.tensor == self.tensor

    def scaled(self, node: Any) -> tuple[Expression, int]:
        """What is left of an expression after bᵐ has been taken out, and how often it has been."""
        if isinstance(node, Read):
            bases = [one.base.tensor for one in node.positions if isinstance(one.base, Read)]
            if node.tensor not in self.degrees or any(map(self.degrees.get, bases)):
                raise _Mixed
            return node, self.degrees[node.tensor]
        if self._is_power(node):
            return self.base ** (node.exp - stop_gradient(self.greatest.read())), 1
        if isinstance(node, sympy.Mul):
            parts = [self.scaled(one) for one in node.args]
            return sympy.Mul(*(part for part, _ in parts)), sum(degree for _, degree in parts)
        if isinstance(node, sympy.Add):
            return self._sum(node)
        if isinstance(node, sympy.Pow) and node.exp.is_Integer:
            base, degree = self.scaled(node.base)
            if degree and node.exp.is_negative:
                self._divisor(node.base)
            return base**node.exp, degree * int(node.exp)
        if isinstance(node, quotient):
            (above, first), (below, second) = map(self.scaled, node.args)
            if second:
                self._divisor(node.args[1])
            return quotient(above, below), first - second
        if isinstance(node, Branch):
            return self._branch(node)
        parts = [self.scaled(one) for one in node.args]
        degrees = {degree for _, degree in parts}
        if degrees - {0} and not isinstance(node, _OF_DEGREE_ONE):
            raise _Mixed
        return (node.func(*(part for part, _ in parts)) if parts else node), max(degrees, default=0)

    def _divisor(self, divisor: Any) -> None:
        if getattr(divisor, "tensor", "") not in self.wholes:
            raise _Mixed
        self.divides = True

    def _sum(self, node: Any) -> tuple[Expression, int]:
        """Addends of one degree, or c·bʳ + k = bᵐ·(bʳ⁻ᵐ·(c + k·b⁻ʳ)) for r from zero on."""
        found = self._power_in(node)
        if found is not None:
            coefficient, power, number = found
            return self.scaled(power)[0] * (coefficient + number / power), 1
        parts = [self.scaled(one) for one in node.args]
        degrees = {degree for _, degree in parts}
        if len(degrees) > 1:
            raise _Mixed
        return sympy.Add(*(part for part, _ in parts)), *degrees

    def _branch(self, node: Any) -> tuple[Expression, int]:
        condition = self.condition(node.args[0])
        (then, first), (otherwise, second) = map(self.scaled, node.args[1:])
        if first != second and 0 not in (then, otherwise):
            raise _Mixed
        return Branch(condition, then, otherwise), second if then == 0 else first

    def condition(self, node: Condition) -> Condition:
        """Of a comparison both sides have the same degree, or one is zero."""
        if node in (sympy.true, sympy.false):
            return node
        if not isinstance(node, sympy.core.relational.Relational):
            return node.func(*map(self.condition, node.args))
        (left, first), (right, second) = map(self.scaled, node.args)
        if first != second and 0 not in (left, right):
            raise _Mixed
        return node.func(left, right)
