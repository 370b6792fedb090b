"""Partial derivatives of one scalar expression with respect to a read.

SymPy's own `diff` is not used: it turns kinks into DiracDelta and Piecewise. Each function's
derivative is its row in the table of atoms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch, expm1, log1mexp, sigmoid, softplus, xlogy
from objc.errors import InternalError
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read, reads

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def partial(expression: Expression, read: Read) -> Expression:
    """The derivative, with the documented subgradient at kinks; untaken branches give nothing."""
    return _Partial(read).of(expression)


def is_tame(slope: Expression) -> bool:
    """Whether a slope is finite wherever the inputs are: sums and products, no quotients, no
    functions but bounded ones."""
    for node in sympy.preorder_traversal(slope):
        if isinstance(node, sympy.Pow):
            if not (node.exp.is_Integer and node.exp > 0):
                return False
        elif node.args and not isinstance(node, (sympy.Add, sympy.Mul, sympy.Rel, *_BOUNDED)):
            return False
    return True


_BOUNDED = (Branch, sympy.Abs, sympy.sign, sympy.tanh, sigmoid, sympy.sin, sympy.cos, sympy.Not,
            sympy.And, sympy.Or)  # fmt: skip


class _Partial:
    def __init__(self, read: Read) -> None:
        self.read = read
        self.known: dict[Any, Expression] = {}

    def of(self, node: Expression) -> Expression:
        if node not in self.known:
            self.known[node] = self._of(node)
        return self.known[node]

    def _of(self, node: Expression) -> Expression:
        if node == self.read:
            return ONE
        if not node.args or self.read not in reads(node):
            return ZERO
        if isinstance(node, sympy.Add):
            return sympy.Add(*map(self.of, node.args))
        if isinstance(node, sympy.Mul):
            return self._product(node.args)
        if isinstance(node, sympy.Pow):
            return self._power(node.base, node.exp, self.of(node.base))
        if isinstance(node, Branch):
            condition, then, otherwise = node.args
            return Branch(condition, self.of(then), self.of(otherwise))
        if isinstance(node, sympy.polygamma):
            order, argument = node.args
            return sympy.polygamma(order + 1, argument) * self.of(argument)
        atom = BY_FUNCTION.get(node.func)
        if atom is None:
            raise InternalError(f"no derivative for {node.func.__name__} in {node}")
        return sympy.Add(
            *(
                derivative(*node.args) * self.of(argument)
                for derivative, argument in zip(atom.derivatives, node.args, strict=True)
                if self.of(argument) != 0
            )
        )

    def _product(self, factors: tuple[Expression, ...]) -> Expression:
        addends = []
        for number, factor in enumerate(factors):
            derivative = self.of(factor)
            if derivative == 0:
                continue
            others = [*factors[:number], *factors[number + 1 :]]
            base, exponent = factor.as_base_exp()
            times, size = base.as_coeff_Mul()
            if isinstance(size, sympy.Abs) and self.of(exponent) == 0:
                (inside,) = size.args
                if sympy.sign(inside) in others:
                    # sign(u)·|u|ᵖ has the slope p·|u|ᵖ⁻¹ at u = 0 too, where sign(u)² would be zero.
                    others.remove(sympy.sign(inside))
                    derivative = self._power(base, exponent, times * self.of(inside))
            addends.append(sympy.Mul(*others, derivative))
        return sympy.Add(*addends)

    def _power(self, base: Expression, exponent: Expression, inner: Expression) -> Expression:
        """The derivative of a power of which the base has the derivative `inner`."""
        result, outer = ZERO, self.of(exponent)
        if inner != 0:
            slope = exponent * base ** (exponent - 1) * inner
            if not exponent.is_number and not exponent.is_nonzero:
                slope = Branch(sympy.Eq(exponent, 0), ZERO, slope)  # x⁰ is 1 at 0 too
            elif exponent == sympy.Rational(1, 2) and _vanishes_quadratically(base):
                slope = Branch(sympy.Eq(base, 0), ZERO, slope)  # a norm at its kink
            result += slope
        if outer != 0:
            result += _times_logarithm(base**exponent, base) * outer
        return result


def _times_logarithm(power: Expression, base: Expression) -> Expression:
    """xlogy(power, base), with the base's own logarithm, which has digits where the base is nearly one."""
    if isinstance(base, sigmoid):
        return -softplus(-base.args[0]) * power
    if isinstance(-base, expm1):
        return Branch(sympy.Eq(base, 0), ZERO, log1mexp((-base).args[0]) * power)
    return xlogy(power, base)


def _vanishes_quadratically(base: Expression) -> bool:
    """Whether a sum consists of squares only, so that its root has a kink where it is zero."""
    return all(_is_square(addend) for addend in sympy.Add.make_args(base))


def _is_square(addend: Expression) -> bool:
    factors = sympy.Mul.make_args(addend)
    squares = [f for f in factors if isinstance(f, sympy.Pow) and f.exp.is_even and f.exp > 0]
    return bool(squares) and bool(addend.is_nonnegative)


def direct_reads(let: Let) -> list[Read]:
    """The reads that stand in the body itself, not in gathers nor in the guard."""
    return sorted(let.body.atoms(Read), key=lambda read: str(read.name))


def moved_by(program: Program, roots: Iterable[str]) -> set[str]:
    """The tensors that vary with the roots, through reads that have a derivative."""
    found = set(roots)
    waiting = [let for let in program.lets if not let.domain.is_integer]
    while True:
        reached = {
            let.name
            for let in waiting
            if let.name not in found and any(read.tensor in found for read in direct_reads(let))
        }
        if not reached:
            return found
        found |= reached
