"""Products with a factor that falls exponentially, of which another leaves the range: zero times infinity.

x³·exp(−x⁴) is 0 beyond |x| = 6, and no number where x³ has overflowed. Where the exponent is below −2048 the
exponential is 0 in every type, and so is its product with whatever grows slower than it falls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy

from objc.atoms import (
    BY_FUNCTION,
    Branch,
    erfc,
    expm1,
    log1p,
    quotient,
    sigmoid,
    softplus,
)
from objc.ir.index import BATCH, Index, Position
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.rewrites.forms import ONE, ZERO

NOTHING_LEFT = sympy.Integer(2) ** 11
"""exp(−2048) is below 10⁻⁸⁸⁹."""
_EXPONENTIALS = (sympy.exp, expm1, sympy.sinh, sympy.cosh)
_LOGARITHMS = (sympy.log, log1p)
Order = tuple[int, Any]
"""How fast something grows: how often it is exponentiated, and the degree of what is, or its own."""


class Gates:
    """What is known of the sizes of a program's numbers."""

    def __init__(self, program: Program, is_probability: Callable[[Any], bool]) -> None:
        """`is_probability` says of an exponent that its exponential is one: with a finite number it is
        multiplied as it is."""
        self._lets = program.let
        self._is_probability = is_probability
        # One number for all examples is of a size that is meant.
        batched = any(BATCH in one.dimensions for one in program.inputs)
        self._bounded = {
            one.name
            for one in program.inputs
            if (batched and not one.dimensions)
            or one.role not in ("differentiable", "data")
            or one.domain.is_integer
            or all(end.is_finite for end in one.domain.bounds)
        }
        self._learned = {one.name for one in program.inputs if one.role == "learned"}
        self._sources: dict[str, frozenset[str]] = {}
        self._orders: dict[tuple[str, frozenset[str]], Order] = {}
        self._falls: dict[str, Order] = {}

    def guard(self, expression: Any) -> Any:
        """The same value, with 0 for every product of which a factor has fallen to it."""
        if not getattr(expression, "args", ()) or getattr(expression, "is_Relational", False):
            return expression
        arguments = [self.guard(one) for one in expression.args]
        if arguments != list(expression.args):
            expression = expression.func(*arguments)
        return self._guarded(expression) if isinstance(expression, sympy.Mul) else expression

    def _guarded(self, product: Any) -> Expression:
        """0 where a factor of a product is, if its others grow slower in the same inputs than it falls."""
        factors = sympy.Mul.make_args(product)
        conditions = []
        for gate in factors:
            others = [one for one in factors if one is not gate]
            for exponent, order in self._exponents(gate):
                if self._needs(others, exponent, order):
                    conditions.append(sympy.Lt(exponent, -NOTHING_LEFT))
        if not conditions:
            return product
        far = _either(conditions)
        near = product.xreplace(dict.fromkeys((far, *conditions), sympy.false))
        return Branch(far, ZERO, near)

    def _needs(self, others: list[Any], exponent: Any, order: Order) -> bool:
        """Whether factors may leave the range, all of them in what the exponent is made of, and none as fast
        as the gate falls."""
        sources = self.sources(exponent)
        sizes = [size for one in others if (size := self._order(one, sources)) != (0, 0)]
        if any(depth for depth, _ in sizes):
            whole = sources >= frozenset[str]().union(*map(self.sources, others)) - self._bounded
            return whole and max(sizes) < order
        return sum(degree for _, degree in sizes) > 1

    def _exponents(self, factor: Any) -> Iterator[tuple[Expression, Order]]:
        """u, and how fast it grows, for a factor that is exp(u) far below zero, or a power of such."""
        base, power = factor.as_base_exp() if isinstance(factor, sympy.Pow) else (factor, ONE)
        body = self._opened(base)
        if not (power.is_number and power.is_real and getattr(body, "args", ())):
            return
        (u, *_) = body.args
        if power.is_positive and isinstance(body, sympy.exp | sigmoid | softplus):
            found, times = [u], 1
        elif power.is_positive and isinstance(body, erfc):
            found, times = [-u * sympy.Abs(u)], 2
        elif power.is_negative and isinstance(body, expm1):
            found, times = [-u], 1
        elif power.is_negative and isinstance(body, sympy.cosh | sympy.sinh):
            found, times = [-sympy.Abs(u)], 1
        else:
            return
        for one in found:
            depth, degree = self._order(u, self.sources(u))
            falls = (depth, degree) > (0, 0) and not one.is_nonnegative
            if falls and not self._is_probability(one):
                yield one, (depth + 1, times * degree)

    def _opened(self, read: Any) -> Any:
        """What a read of an elementwise let stands for."""
        let = self._lets.get(getattr(read, "tensor", ""))
        if let is None or let.reduction is not None:
            return read
        places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
        return substitute_positions(let.body, places)

    def sources(self, expression: Any) -> frozenset[str]:
        """The inputs that an expression is made of."""
        reads = {one.tensor for one in expression.atoms(Read)}
        return frozenset[str]().union(*map(self._sources_of, reads))

    def _sources_of(self, name: str) -> frozenset[str]:
        if name not in self._sources:
            found: set[str] = set()
            seen: set[str] = set()
            waiting = {name}
            while waiting:
                one = waiting.pop()
                seen.add(one)
                if one in self._sources:
                    found |= self._sources[one]
                elif one in self._lets:
                    waiting |= {read.tensor for read in self._lets[one].body.atoms(Read)} - seen
                else:
                    found.add(one)
            self._sources[name] = frozenset(found)
        return self._sources[name]

    def _order(self, node: Any, sources: frozenset[str]) -> Order:
        """How fast an expression may grow in some inputs, the others kept as they are."""
        if not getattr(node, "args", ()):
            return self._order_of_read(node, sources) if isinstance(node, Read) else (0, 0)
        if isinstance(node, sympy.Add):
            return max(self._order(one, sources) for one in node.args)
        if isinstance(node, sympy.Mul):
            return _together(self._order(one, sources) for one in node.args)
        if isinstance(node, sympy.Pow):
            return self._order_of_power(node, sources)
        if isinstance(node, Branch):
            return max(self._order(one, sources) for one in node.args[1:])
        orders = [self._order(one, sources) for one in node.args]
        if isinstance(node, quotient):
            if self._is_of_a_length(*node.args):
                return (0, 0)
            return max(*orders, self._fall(node.args[1]))
        if isinstance(node, _EXPONENTIALS):
            return self._order_of_exponential(node, orders[0])
        if isinstance(node, _LOGARITHMS) or self._is_bounded(node):
            depth, degree = max(orders)
            return (depth - 1, degree) if depth and isinstance(node, _LOGARITHMS) else (0, 0)
        return max(orders)

    def _order_of_read(self, read: Any, sources: frozenset[str]) -> Order:
        let = self._lets.get(read.tensor)
        if let is None:
            moves = read.tensor in sources and read.tensor not in self._bounded
            return (0, 1) if moves else (0, 0)
        if not self._sources_of(read.tensor) & sources:
            return (0, 0)
        if let.reduction in ("argmax", "argmin", "argsort"):
            return (0, 0)
        key = let.name, sources
        if key not in self._orders:
            self._orders[key] = (0, 0)  # of a recurrence, before it is known
            self._orders[key] = self._order(let.body, sources)
        return self._orders[key]

    def _order_of_power(self, power: Any, sources: frozenset[str]) -> Order:
        depth, degree = self._order(power.base, sources)
        if not power.exp.is_number:
            return max((depth, 2 * degree), self._order(power.exp, sources))
        if power.exp.is_negative:
            fall = self._fall(power.base)
            if fall[0] or depth or _is_away_from_zero(power.base):
                return fall
            return (0, -power.exp * degree)
        return (depth, degree if depth else power.exp * degree)

    def _is_of_a_length(self, entry: Any, divisor: Any) -> bool:
        """Whether an entry is divided by what is made of it, as by the length of its vector."""
        named = getattr(divisor, "tensor", "") in self._lets and divisor.is_nonnegative
        return bool(named) and self.sources(entry) <= self.sources(divisor)

    def _fall(self, node: Any) -> Order:
        """How fast the reciprocal of what vanishes far out grows there."""
        let = self._lets.get(getattr(node, "tensor", ""))
        if let is not None:
            if let.name not in self._falls:
                self._falls[let.name] = (0, 0)  # of a recurrence, before it is known
                self._falls[let.name] = self._fall(let.body)
            return self._falls[let.name]
        if isinstance(node, sympy.Add) and _is_away_from_zero(node):
            return (0, 0)
        if isinstance(node, (sympy.Add, sympy.Mul)):
            return max(self._fall(one) for one in node.args)
        if isinstance(node, sympy.Pow) and node.exp.is_positive:
            return self._fall(node.base)
        return max((order for _, order in self._exponents(node)), default=(0, 0))

    def _order_of_exponential(self, node: Any, inside: Order) -> Order:
        depth, degree = inside
        falls = isinstance(node, sympy.exp | expm1) and node.args[0].is_nonpositive
        if (
            inside == (0, 0)
            and getattr(node.args[0].as_coeff_Mul()[1], "tensor", "") in self._learned
        ):
            return (1, 1)  # a parameter is of a size that is meant, its exponential need not be
        return (0, 0) if falls or inside == (0, 0) else (depth + 1, degree)

    def _is_bounded(self, node: Any) -> bool:
        row = BY_FUNCTION.get(node.func)
        return row is not None and all(sympy.sympify(end).is_finite for end in row.range)


def _is_away_from_zero(base: Any) -> bool:
    """Whether a sum has a positive number, and nothing that is negative."""
    number, rest = base.as_coeff_Add()
    return bool(number.is_positive and rest.is_nonnegative)


def _together(orders: Iterator[Order]) -> Order:
    """Of a product."""
    found = list(orders)
    depth = max(one for one, _ in found)
    degrees = [degree for one, degree in found if one == depth]
    return (depth, max(degrees)) if depth else (0, sum(degrees))


def _either(conditions: list[Any]) -> Any:
    """Any of them; u < −c or −u < −c is |u| > c."""
    left = list(dict.fromkeys(conditions))
    found = []
    while left:
        one = left.pop(0)
        opposite = sympy.Lt(-one.lhs, one.rhs)
        if opposite in left:
            left.remove(opposite)
            one = sympy.Gt(sympy.Abs(one.lhs), -one.rhs)
        found.append(one)
    return sympy.Or(*found)
