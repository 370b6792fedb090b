"""Denominators that are sums of squares: of entries, of ratios of entries, and of vectors, by their norms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import hypot, quotient
from objc.ir.domain import Domain
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.monomials import in_turn
from objc.passes.rewrites.forms import ONE, ZERO
from objc.passes.rewrites.roots import root_of_square

_SMALL, _LARGE = sympy.Rational(1, 2**20), sympy.Integer(2) ** 10
"""A number between these is lost beside what leaves the range, and by itself is in range."""


@dataclass(frozen=True)
class Denominator:
    """`base = constant + Σ kᵢ·bᵢ²`, of which nothing is negative: the pairs (kᵢ, bᵢ)."""

    base: Expression
    constant: Expression
    squares: tuple[tuple[Expression, Expression], ...]


class Denominators:
    """Finds them in the bodies of a program; the lets of their lengths are added to `lets`."""

    def __init__(self, program: Program, lets: list[Let]) -> None:
        inside = members(program)
        self.names = Names.of(program)
        self.sums = {
            one.name: one
            for one in program.lets
            if one.name not in inside and _is_sum_of_squares(one)
        }
        self.lets = lets
        self.norms: dict[str, Let] = {}
        self.made: dict[Expression, Let] = {}

    def within(self, opened: Any) -> list[Denominator]:
        """Those that an expression divides by."""
        powers = [
            one for one in opened.atoms(sympy.Pow) if one.exp.is_Integer and one.exp.is_negative
        ]
        found = (self.of(one.base) for one in sorted(powers, key=spelled))
        return list(dict.fromkeys(one for one in found if one is not None))

    def of(self, base: Any) -> Denominator | None:
        """A sum as a denominator, unless something else deals with it."""
        constant, squares = ZERO, list[tuple[Expression, Expression]]()
        for term in sympy.Add.make_args(base):
            found = self._square(term)
            if found is not None:
                squares.append(found)
            elif term.is_number and _SMALL <= term <= _LARGE:
                constant = term
            elif term.is_nonnegative:
                squares.append((ONE, sympy.sqrt(term)))
            else:
                return None
        if not any(isinstance(b, (Read, quotient)) for _, b in squares):
            return None
        if len(squares) == 1 and not self.is_length(squares[0][1]):
            ((rate, b),) = squares
            # An entry beside a number is dealt with by its reciprocal.
            if constant == 0 or (rate.is_number and isinstance(b, Read)):
                return None
        return Denominator(base, constant, tuple(squares))

    def _square(self, term: Any) -> tuple[Expression, Expression] | None:
        """(k, b) of k·b² with k > 0, where b² may be a sum of squares."""
        for factor in sorted(sympy.Mul.make_args(term), key=spelled):
            base, exponent = factor.as_base_exp()
            rate = term / factor
            if not rate.is_positive or rate.has(factor):
                continue
            if isinstance(factor, Read) and factor.tensor in self.sums:
                return rate, self.norm(factor)
            if exponent == 2 and isinstance(base, (Read, quotient)) and base.is_real:
                return _in_ratio(rate, base)
        return None

    def is_length(self, b: Any) -> bool:
        """Whether b is the length of a vector, or its ratio to an entry."""
        b = b.args[0] if isinstance(b, quotient) else b
        return getattr(b, "tensor", "") in {one.name for one in self.norms.values()}

    def entries(self, b: Any) -> Iterator[Expression]:
        """What is not longer than a length, or the length of a ratio."""
        yield b
        if isinstance(b, quotient):
            yield from self.entries(b.args[0])
        for name, norm in self.norms.items():
            if b.has(Read) and norm.name == getattr(b, "tensor", ""):
                yield from norm.body.atoms(Read)
                yield self.sums[name].read(*b.positions)

    def norm(self, read: Read) -> Expression:
        """The length of which a sum of squares is the square."""
        squares = self.sums[read.tensor]
        if squares.name not in self.norms:
            norm = replace(
                squares,
                name=self.names.fresh(f"length_{squares.name}"),
                reduction="norm",
                body=root_of_square(squares.body),
                domain=Domain("nonnegative"),
            )
            self.norms[squares.name] = norm
            self.lets.append(norm)
        return self.norms[squares.name].read(*read.positions)

    def length(self, one: Denominator) -> Read:
        """√D, of its own name."""
        if one.base not in self.made:
            whole = sympy.sqrt(one.constant)
            for rate, b in one.squares:
                whole = hypot(whole, in_turn(_root(rate) * b, {b}))
            free = tuple(sorted(indices_of(one.base), key=lambda index: index.name))
            let = Let(self.names.fresh("hypotenuse"), free, whole, domain=Domain("nonnegative"))
            self.made[one.base] = let
            self.lets.append(let)
        return self.made[one.base].read(*self.made[one.base].free)

    def by_norms(self, node: Any) -> Any:
        """With n² for every sum of squares that is divided by a square: the ratio of both is one of n."""
        swaps = {}
        for product in node.atoms(sympy.Mul):
            for read in product.args:
                if getattr(read, "tensor", "") in self.sums and _in_ratio(product, ONE)[1] != ONE:
                    swaps[read] = self.norm(read) ** 2
        return node.xreplace(swaps) if swaps else node


def multiples(known: list[Denominator]) -> dict[Expression, Expression]:
    """t·D for every denominator that is one: s² + x² is s²·(1 + x²/s²)."""
    found = {}
    for one in known:
        for other in known:
            terms = sympy.Add.make_args(other.base) if one.constant != 0 else ()
            for term in terms if other.constant == 0 else ():
                factor = term / one.constant
                if sympy.expand(other.base - factor * one.base) == 0:
                    found[other.base] = factor * one.base
    return found


def _root(rate: Any) -> Expression:
    """√k factor by factor."""
    return sympy.Mul(*(
        one.as_base_exp()[0] ** (one.as_base_exp()[1] / 2) for one in sympy.Mul.make_args(rate)
    ))  # fmt: skip


def _in_ratio(rate: Any, x: Any) -> tuple[Expression, Expression]:
    """(k·s², x/s) of k and x, where k has 1/s²."""
    for one in sorted(sympy.Mul.make_args(rate), key=spelled):
        base, exponent = one.as_base_exp()
        if isinstance(base, Read) and exponent == -2:
            return rate / one, quotient(x, base)
    return rate, x


def _is_sum_of_squares(let: Let) -> bool:
    return let.reduction == "sum" and root_of_square(let.body) is not None
