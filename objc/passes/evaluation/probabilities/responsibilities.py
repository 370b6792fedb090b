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

from objc.atoms import Branch, log1p, quotient
from objc.ir.domain import Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, Read, conjuncts, indices_of, substitute_positions
from objc.passes.evaluation.ranges.gates import NOTHING_LEFT
from objc.passes.rewrites.forms import ONE, ZERO
from objc.passes.tidying.share import same_entries


def shares_of_steep_sums(program: Program) -> Program:
    """The program with such shares by names, and without what they take to zero."""
    if not _Shares(program).sums:
        return program
    return _Shares(same_entries(program)).changed()


def name_responsibilities(program: Program) -> Program:
    """The program with names for such shares and their exponents where an objective has them, before
    derivatives are taken: these are then those of a softmax by its logits."""
    if not _Shares(program).sums:
        return program
    shares = _Shares(same_entries(program), guarded=False)
    found = shares.changed()
    return found if shares.made else program


class _Shares:
    def __init__(self, program: Program, guarded: bool = True) -> None:
        self.program = program
        self.guarded = guarded
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
        if isinstance(node, sympy.Add):
            changed = self._logarithm(node, let)
            if changed is not None:
                return changed
        arguments = [self._of(one, let) for one in node.args]
        return node if arguments == list(node.args) else node.func(*arguments)

    def _product(self, product: Any, let: Let) -> Expression | None:
        factors = sympy.Mul.make_args(product)
        for factor in factors:
            others = [one for one in factors if one is not factor]
            if isinstance(factor, sympy.exp):
                for found, places, rest in self._shares(self._opened(factor.args[0])):
                    whole, zeros = self._cancelled(rest, sympy.Mul(*others))
                    if whole is None and not self._is_plain(rest):
                        continue
                    if whole is None:
                        whole = sympy.Mul(sympy.exp(rest), *others)
                    others = [self._of(one, let) for one in sympy.Mul.make_args(whole)]
                    least, share, falling = self._named(found, places, let)
                    part = substitute_positions(self._part(found), places)
                    exponent = substitute_positions(found.body, places)
                    others = [_signed(one, exponent, part) for one in others]
                    whole = self._unless_nothing(least, falling, sympy.Mul(share, *others), others)
                    guard = substitute_positions(found.guard, places)
                    return _unless_zero(zeros, whole, guard)
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
        reads = {read.tensor for one in others for read in one.atoms(Read)}
        of_parts = least in others or any(self._is_of_parts(name) for name in reads)
        if not self.guarded or (falling.isdisjoint(steep) and not of_parts):
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
                yield found, places, exponent + read - substitute_positions(found.body, places)

    def _is_plain(self, rest: Expression) -> bool:
        """Whether what else an exponent has is short, and stays in the range."""
        addends = sympy.Add.make_args(rest)
        several = sum(not one.is_number for one in addends) > 2
        return not several and not any(map(self._is_steep, addends))

    def _cancelled(
        self, rest: Expression, others: Expression
    ) -> tuple[Expression | None, list[Expression]]:
        """exp(rest)·others, if that is what is left of what logarithms are of and others; and what has gone
        of these that may be zero, where the whole was zero."""
        power = power_of_logarithms(rest)
        if power is None:
            return None, []
        whole = power * others
        if len(sympy.Mul.make_args(whole)) > len(sympy.Mul.make_args(others)):
            return None, []
        below = sympy.Mul.make_args(power.as_numer_denom()[1])
        return whole, [one for one in below if not one.is_positive]

    def _logarithm(self, total: Any, let: Let) -> Expression | None:
        """The logarithm of a share, B − L, by its name."""
        for sign in (1, -1):
            for found, places, rest in self._shares(sign * total):
                if power_of_logarithms(rest) == 1:
                    return sign * self._named(found, places, let)[0]
        return None

    def _opened(self, exponent: Any) -> Any:
        """An exponent that has a name, if it is what is left of a part with a name."""
        if isinstance(exponent, Read) and exponent.tensor in self.program.let:
            named = self.program.let[exponent.tensor]
            if named.reduction is None and self._is_of_parts(named.name):
                places = dict(zip(named.free, exponent.positions, strict=True))
                return substitute_positions(named.body, places)
        return exponent

    def _is_of_parts(self, name: str) -> bool:
        """Whether a tensor is a part that had a name before derivatives were taken, or less something."""
        let = self.program.let.get(name)
        if let is None or let.reduction is not None:
            return False
        named = {one.body.tensor for one in self.sums.values() if isinstance(one.body, Read)}
        within = {getattr(one, "tensor", "") for one in sympy.Add.make_args(let.body)}
        return name in named or not named.isdisjoint(within)

    def _part(self, found: Let) -> Read:
        """The exponent of a sum of exponentials, by its name."""
        if isinstance(found.body, Read):
            return found.body
        if found.name not in self.parts:
            name = self.names.fresh("part")
            self.parts[found.name] = Let(name, found.indices, found.body)
        return self.parts[found.name].read(*found.indices)

    def _named(
        self, found: Let, places: dict[Index, Position], let: Let
    ) -> tuple[Read, Read, frozenset[str]]:
        """B − L and its exponential by names, with a name for B, and what it falls in."""
        exponent = substitute_positions(self._part(found) - found.read(*found.free), places)
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
        if isinstance(let.body, Read):
            named = self.program.let.get(let.body.tensor)
            if named is None or named.reduction is not None:
                return False
            places = dict(zip(named.free, let.body.positions, strict=True))
            return self._scales_parts(replace(let, body=substitute_positions(named.body, places)))
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


def _signed(factor: Any, exponent: Any, part: Read) -> Any:
    """The exponent of a share, or its negative, by its name."""
    if isinstance(factor, sympy.Add):
        for sign in (1, -1):
            if power_of_logarithms(sign * factor - exponent) == 1:
                return sign * part
    return factor


def _unless_zero(zeros: list[Expression], whole: Expression, guard: Condition) -> Expression:
    """A product without factors that may be zero, where the sum of all parts has those of none too."""
    if not zeros:
        return whole
    if all(sympy.Gt(one, 0) in conjuncts(guard) for one in zeros):
        return Branch(guard, whole, ZERO)
    return Branch(sympy.Or(*(sympy.Eq(one, 0) for one in zeros)), ZERO, whole)


def power_of_logarithms(node: Any) -> Expression | None:
    """exp(node) without exponentials, of numbers times logarithms and their sums; of a branch whose arms are
    two ways to write one of them."""
    if node == 0:
        return ONE
    if isinstance(node, sympy.Add):
        parts = [power_of_logarithms(one) for one in node.args]
        return None if None in parts else sympy.Mul(*parts)
    number, rest = node.as_coeff_Mul()
    if isinstance(rest, Branch):
        near, far = (power_of_logarithms(one) for one in rest.args[1:])
        if near is None or far is None or sympy.cancel(near / far) != 1:
            return None
        return far**number
    if isinstance(rest, sympy.log):
        return rest.args[0] ** number
    if isinstance(rest, log1p):
        ratio = rest.args[0]
        above, below = ratio.args if isinstance(ratio, quotient) else ratio.as_numer_denom()
        return sympy.cancel((above + below) / below) ** number
    return None


def _powers(expression: Any) -> Iterator[Any]:
    """The exponentials in an expression, its powers above one and what it divides by."""
    for one in sympy.preorder_traversal(expression):
        is_power = isinstance(one, sympy.Pow) and not (one.exp.is_number and 0 < one.exp <= 1)
        if is_power or isinstance(one, sympy.exp):
            yield one


def _is_scale(power: Any) -> bool:
    return isinstance(power, sympy.exp) or not power.exp.is_positive
