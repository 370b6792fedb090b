"""Shares of a sum of exponentials whose exponents are steep: what a part of a mixture has of an example.

The responsibility of a part, exp(−((x − m)/s)²/2 − log s + … − L) with the logsumexp L, is small beside
its exponent's terms, which reach a million where a width is a thousandth. SymPy takes what a derivative is
multiplied with, 1/s², into that exponent, and then the terms no longer cancel as they did in L: the slope of
a mixture density was off by as much as its exponent's rounding, a factor. So a share is the exponential of
the exponents that L is of, less L, and what else stands there is a factor. And where the share has fallen to
nothing, so has its product with ((x − m)/s)², which may have left the range. One of the last rewrites.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.evaluation.ranges.gates import NOTHING_LEFT
from objc.passes.rewrites.forms import ZERO


def shares_of_steep_sums(program: Program) -> Program:
    """The program with such shares by names, and without what they take to zero."""
    shares = _Shares(program)
    return shares.changed() if shares.sums else program


class _Shares:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.given = {one.name for one in program.inputs if one.role == "hyperparameter"}
        self.inside = members(program)
        self.sums = {
            let.name: let
            for let in program.lets
            if let.reduction == "logsumexp" and len(let.over) == 1 and let.name not in self.inside
            if self._scales_parts(let)
        }
        self.lets: list[Let] = []
        self.fallen: dict[str, frozenset[str]] = {}
        self.parts: dict[str, Let] = {}
        self.made: dict[Expression, tuple[Read, Read, frozenset[str]]] = {}
        # What is a product with a share, the share's exponent, and what that falls in.
        self.carrying: dict[str, tuple[Let, Read, frozenset[str]]] = {}

    def changed(self) -> Program:
        for let in self.program.lets:
            if let.name not in self.inside:
                let = replace(let, body=self._of(let.body, let))
                self._remember(let)
            self.lets.append(let)
        return self.program.with_lets(one for let in self.lets for one in self._with_parts(let))

    def _remember(self, let: Let) -> None:
        product = let.body.args[2] if isinstance(let.body, Branch) else let.body
        for least, share, falling in self.made.values() if let.reduction is None else ():
            if share in sympy.Mul.make_args(product):
                self.carrying[let.name] = let, least, falling

    def _with_parts(self, let: Let) -> tuple[Let, ...]:
        """A sum after its exponents: they are computed once, so that the greatest is the greatest of them."""
        part = self.parts.get(let.name)
        return (let,) if part is None else (part, replace(let, body=part.read(*part.free)))

    def _of(self, node: Any, let: Let) -> Any:
        if not node.args or isinstance(node, Read):
            return node
        if isinstance(node, sympy.Mul | sympy.exp):
            changed = self._product(node, let)
            if changed is not None:
                return changed
        arguments = [self._of(one, let) for one in node.args]
        return node if arguments == list(node.args) else node.func(*arguments)

    def _product(self, product: Any, let: Let) -> Expression | None:
        factors = sympy.Mul.make_args(product)
        for factor in factors:
            others = [one for one in factors if one is not factor]
            if isinstance(factor, sympy.exp):
                for found, places, rest in self._shares(factor.args[0]):
                    least, share, falling = self._named(found, places, let)
                    others = [sympy.exp(rest), *others]
                    return self._unless_nothing(least, falling, sympy.Mul(share, *others), others)
            elif isinstance(factor, Read) and factor.tensor in self.carrying:
                made, least, falling = self.carrying[factor.tensor]
                least = substitute_positions(
                    least, dict(zip(made.free, factor.positions, strict=True))
                )
                whole = self._unless_nothing(least, falling, product, others)
                return None if whole == product else whole
        return None

    def _unless_nothing(
        self, least: Read, falling: frozenset[str], product: Expression, others: list[Any]
    ) -> Expression:
        """A product with a share, but 0 where the share has fallen to nothing and others may be infinite."""
        steep = (read.tensor for one in others if self._is_steep(one) for read in one.atoms(Read))
        if falling.isdisjoint(steep):
            return product
        return Branch(sympy.Lt(least, -NOTHING_LEFT), ZERO, product)

    def _shares(self, exponent: Any) -> Iterator[tuple[Let, dict[Index, Position], Expression]]:
        """The sums that an exponent is of, B − L, where, and what else it has."""
        for addend in sympy.Add.make_args(exponent):
            read = -addend
            if not isinstance(read, Read) or read.tensor not in self.sums:
                continue
            found = self.sums[read.tensor]
            (over,) = found.over
            for index in sorted(indices_of(exponent), key=lambda one: one.name):
                if index.dimension != over.dimension:
                    continue
                places = {**dict(zip(found.free, read.positions, strict=True)), over: at(index)}
                rest = exponent + read - substitute_positions(found.body, places)
                addends = sympy.Add.make_args(rest)
                several = sum(not one.is_number for one in addends) > 2
                if not several and not any(map(self._is_steep, addends)):
                    yield found, places, rest

    def _named(
        self, found: Let, places: dict[Index, Position], let: Let
    ) -> tuple[Read, Read, frozenset[str]]:
        """B − L and its exponential by names, with a name for B, and what it falls in."""
        if found.name not in self.parts:
            name = self.names.fresh("part")
            self.parts[found.name] = Let(name, found.indices, found.body)
        part = self.parts[found.name]
        exponent = substitute_positions(part.read(*part.free) - found.read(*found.free), places)
        if exponent not in self.made:
            free = tuple(one for one in let.indices if one in indices_of(exponent))
            least = Let(self.names.fresh("exponent"), free, exponent)
            power = sympy.exp(least.read(*free))
            share = Let(self.names.fresh("share"), free, power, domain=Domain("nonnegative"))
            self.lets += [least, share]
            self.made[exponent] = least.read(*free), share.read(*free), self._falling(found.body)
        return self.made[exponent]

    def _falling(self, body: Any) -> frozenset[str]:
        """The tensors of what has a power in some exponents, or divides there, also within what they read."""
        found: set[str] = set()
        for addend in sympy.Add.make_args(body):
            tensors = {read.tensor for read in addend.atoms(Read)} - self.given
            if self._is_steep(addend):
                found |= tensors
            for name in tensors:
                within = self._falling_within(name)
                found |= within | {name} if within else set()
        return frozenset(found)

    def _falling_within(self, name: str) -> frozenset[str]:
        if name not in self.program.let or name in self.inside:
            return frozenset()
        if name not in self.fallen:
            self.fallen[name] = self._falling(self.program.let[name].body)
        return self.fallen[name]

    def _is_steep(self, factor: Any) -> bool:
        """Whether something leaves the range of the inputs that it is made of: it has a power of one of them,
        or divides by it."""
        return any(
            read.tensor not in self.given for one in _powers(factor) for read in one.atoms(Read)
        )

    def _scales_parts(self, let: Let) -> bool:
        """Whether exponents are divided by something, or multiplied with an exponential, that is another for
        every part: a scale that all have in common is multiplied with differences."""
        (over,) = let.over
        if any(over in indices_of(one) for one in _powers(let.body) if _is_scale(one)):
            return True
        sums = (
            self.program.let.get(read.tensor)
            for read in let.body.atoms(Read)
            if over in indices_of(read)
        )
        return any(
            one.reduction == "sum" and any(map(_is_scale, _powers(one.body)))
            for one in sums
            if one is not None
        )


def _powers(expression: Any) -> Iterator[Any]:
    """The exponentials in an expression, its powers above one and what it divides by."""
    for one in sympy.preorder_traversal(expression):
        is_power = isinstance(one, sympy.Pow) and not (one.exp.is_number and 0 < one.exp <= 1)
        if is_power or isinstance(one, sympy.exp):
            yield one


def _is_scale(power: Any) -> bool:
    return isinstance(power, sympy.exp) or not power.exp.is_positive
