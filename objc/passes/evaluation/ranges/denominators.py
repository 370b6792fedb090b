"""Denominators that are sums of squares: of entries, of ratios of entries, and of vectors, by their norms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, hypot, quotient, sigmoid
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.evaluation.differences.monomials import in_turn
from objc.passes.rewrites.forms import ONE, ZERO
from objc.passes.rewrites.roots import root_of_square

_SMALL, _LARGE = sympy.Rational(1, 2**20), sympy.Integer(2) ** 10
"""A number between these is lost beside what leaves the range, and by itself is in range."""


@dataclass(frozen=True)
class Denominator:
    """`base = constant + Σ kᵢ·bᵢ²`, of which nothing is negative: the pairs (kᵢ, bᵢ); less c·S for a sum S of
    products of two of the vectors, (c, S) in `crossed`, where c² < 4·k·k′, which leaves it positive."""

    base: Expression
    constant: Expression
    squares: tuple[tuple[Expression, Expression], ...]
    crossed: tuple[tuple[Expression, Read], ...] = ()


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
        self.products = {
            one.name: factors
            for one in program.lets
            if one.name not in inside and (factors := _factors_of_sum(one)) is not None
        }
        self.known, self.inputs = program.let, program.input
        self.scaled: dict[tuple[Expression, ...], Let] = {}
        self.lets = lets
        self.norms: dict[str, Let] = {}
        self.made: dict[tuple[Expression, Any], Let] = {}

    def within(self, opened: Any) -> list[Denominator]:
        """Those that an expression divides by."""
        powers = [
            one for one in found_in(opened, sympy.Pow) if one.exp.is_Integer and one.exp.is_negative
        ]
        found = (self.of(one.base) for one in sorted(powers, key=spelled))
        return list(dict.fromkeys(one for one in found if one is not None))

    def of(self, base: Any) -> Denominator | None:
        """A sum as a denominator, unless something else deals with it."""
        constant, squares = ZERO, list[tuple[Expression, Expression]]()
        crossed = []
        for term in sympy.Add.make_args(base):
            times, read = term.as_coeff_Mul()
            if times.is_negative and getattr(read, "tensor", "") in self.products:
                crossed.append((-times, read))
                continue
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
        if len(crossed) > 1 or not all(self._is_within(*one, squares) for one in crossed):
            return None
        return Denominator(base, constant, tuple(squares), tuple(crossed))

    def _is_within(
        self, times: Any, product: Read, squares: list[tuple[Expression, Expression]]
    ) -> bool:
        """Whether a sum of products, so many times, is less than the squares of what it is of."""
        let = self.known[product.tensor]
        here = dict(zip(let.free, product.positions, strict=True))
        norms = {one.name: one for one in self.norms.values()}
        found = [
            (rate, self._at_indices_of(let, norms[b.tensor], b))
            for rate, b in squares
            if isinstance(b, Read) and b.tensor in norms
        ]
        rates = [
            next((rate for rate, x in found if x == substitute_positions(one, here)), ZERO)
            for one in self.products[product.tensor]
        ]
        return bool((4 * rates[0] * rates[1] - times**2).is_positive)

    def _at_indices_of(self, let: Let, norm: Let, b: Read) -> Expression | None:
        """What a norm that is read is of, at the indices that another sum runs over."""
        dimensions = [[index.dimension for index in one.over] for one in (norm, let)]
        if dimensions[0] != dimensions[1]:
            return None
        places: dict[Index, Position] = dict(zip(norm.free, b.positions, strict=True))
        places |= {old: at(new) for old, new in zip(norm.over, let.over, strict=True)}
        if substitute_positions(norm.guard, places) != let.guard:
            return None
        return substitute_positions(norm.body, places)

    def scaled_product(self, read: Any, entries: set[Expression], length: Any, where: Any) -> Any:
        """Σ (x/n)·y of a read of Σ x·y, where x is among the entries that a length n is of; it is run only
        `where` it is asked for. None if n or that depends on more than the sum does."""
        let = self.known[read.tensor]
        if read.positions != tuple(at(one) for one in let.free):
            return None
        factors = self.products[read.tensor]
        x = next((one for one in factors if self._is_entry(one, let, entries)), None)
        if x is None or not (indices_of(length) | indices_of(where)) <= set(let.free):
            return None
        y = factors[1] if x is factors[0] else factors[0]
        key = (read, length, where)
        if key not in self.scaled:
            body, guard = quotient(x, length) * y, sympy.And(let.guard, where)
            name = self.names.fresh(f"scaled_{let.name}")
            self.scaled[key] = replace(let, name=name, body=body, guard=guard, domain=REAL)
            self.lets.append(self.scaled[key])
        return self.scaled[key].read(*read.positions)

    def _is_entry(self, factor: Any, let: Let, entries: set[Expression]) -> bool:
        """Whether a factor is one of these entries, whatever the index of the sum is called."""
        for one in entries:
            if getattr(one, "tensor", None) != factor.tensor:
                continue
            pairs = zip(one.positions, factor.positions, strict=True)
            if all(a == b or b.index in let.over for a, b in pairs):
                return True
        return False

    def is_of_shares(self, one: Denominator) -> bool:
        """Whether all vectors in it are of entries that are at most one: their squares add up."""
        bodies = {norm.name: norm.body for norm in self.norms.values()}
        inside = [bodies[b.tensor] for _, b in one.squares if getattr(b, "tensor", "") in bodies]
        return all(self._is_share(body) for body in inside)

    def is_length_of_shares(self, one: Denominator) -> bool:
        """Whether beside such vectors there are only numbers that no index counts."""
        others = [b for _, b in one.squares if not self.is_length(b)]
        return (
            len(others) < len(one.squares)
            and not any(indices_of(b) for b in others)
            and self.is_of_shares(one)
        )

    def _is_share(self, entry: Any) -> bool:
        if isinstance(entry, (sigmoid, sympy.tanh)):
            return True
        if not isinstance(entry, Read):
            return False
        let = self.known.get(entry.tensor)
        return (self.inputs[entry.tensor] if let is None else let).domain.is_within(-1, 1)

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
                yield from found_in(norm.body, Read)
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

    def length(self, one: Denominator, where: Any) -> Read:
        """√D, of its own name, where it is asked for."""
        if (one.base, where) not in self.made:
            whole = sympy.sqrt(one.constant)
            for rate, b in one.squares:
                whole = hypot(whole, in_turn(_root(rate) * b, {b}))
            free = tuple(sorted(indices_of(one.base), key=lambda index: index.name))
            if indices_of(where) <= set(free):
                whole = Branch(where, whole, ZERO)
            let = Let(self.names.fresh("hypotenuse"), free, whole, domain=Domain("nonnegative"))
            self.made[one.base, where] = let
            self.lets.append(let)
        made = self.made[one.base, where]
        return made.read(*made.free)

    def by_norms(self, node: Any) -> Any:
        """With n² for every sum of squares that is divided by a square: the ratio of both is one of n."""
        swaps = {}
        for product in found_in(node, sympy.Mul):
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


def _factors_of_sum(let: Let) -> tuple[Read, Read] | None:
    """The two entries that a sum of products is of."""
    factors = let.body.args
    is_product = let.reduction == "sum" and isinstance(let.body, sympy.Mul) and len(factors) == 2
    if not is_product or not all(isinstance(one, Read) and one.is_real for one in factors):
        return None
    return factors


def _is_sum_of_squares(let: Let) -> bool:
    """Whether a sum is one of squares, and not a count."""
    is_sum = let.reduction == "sum" and not let.body.is_number
    return is_sum and root_of_square(let.body) is not None
