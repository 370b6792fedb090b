"""Expressions of the entries of softmaxes along one index, as polynomials in exponentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Expression,
    Extent,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
    substitute_positions,
)
from objc.passes.delta import domains_of, fixed_place
from objc.passes.rewrites.forms import ONE, ZERO, is_short
from objc.passes.stable.impossible import LEAST
from objc.passes.stable.simplices import MOST


@dataclass(frozen=True)
class Shares:
    """The read of a logsumexp, and the logits of its entry at an index."""

    normalizer: Read
    logits: Expression


@dataclass
class Terms:
    """Expressions as polynomials: of exponentials by their exponents' addends, and of what is not opened."""

    program: Program
    index: Index
    atoms: dict[Any, sympy.Symbol] = field(default_factory=dict)
    exponents: dict[Any, sympy.Symbol] = field(default_factory=dict)
    varying: set[sympy.Symbol] = field(default_factory=set)
    reads: dict[sympy.Symbol, Read] = field(default_factory=dict)
    indicators: set[sympy.Symbol] = field(default_factory=set)
    choices: dict[sympy.Symbol, Position] = field(default_factory=dict)
    """Those of the indicators that are 1 at one place of the index, and where that is."""
    recurrent: frozenset[str] | None = None

    def of(self, expression: Any) -> Expression | None:
        """The polynomial of an expression, multiplied out; None if it would be too long."""
        found = self._of(expression)
        return self.expanded(found) if is_short(found) else None

    def expanded(self, expression: Any) -> Expression:
        """A polynomial multiplied out; what is 0 or 1 has no powers."""
        expression = sympy.expand(expression)
        powers = {
            one: one.base for one in expression.atoms(sympy.Pow) if one.base in self.indicators
        }
        return expression.xreplace(powers) if powers else expression

    def opened(self, symbol: sympy.Symbol) -> Expression | None:
        """What a sum that is read adds up, at the index; None if it is no sum along such."""
        read = self.reads.get(symbol)
        let = None if read is None else self.program.let.get(read.tensor)
        if read is None or let is None or let.reduction != "sum" or len(let.over) != 1:
            return None
        if let.over[0].dimension != self.index.dimension:
            return None
        places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
        places[let.over[0]] = at(self.index)
        body = self.of(substitute_positions(let.body, places))
        if body is None or let.guard == sympy.true:
            return body
        return self.expanded(body * self._indicator(substitute_positions(let.guard, places)))

    def wholes(self) -> Iterator[tuple[Shares, Expression]]:
        """The softmaxes along the index that have been seen, each with the monomial of its entry."""
        for exponent in sorted(self.exponents, key=spelled):
            let = self._normalizer(exponent)
            if let is not None and self._among(let, exponent) == sympy.true:
                logits = substitute_positions(let.body, self._moves(let, exponent))
                yield Shares(exponent, logits), self._of(sympy.exp(logits - exponent))

    def at_their_places(self, expression: Any) -> Expression:
        """A polynomial with all read at the place at which alone it is not 0."""
        return sympy.Add(*map(self._at_its_place, sympy.Add.make_args(expression)))

    def _at_its_place(self, term: Any) -> Expression:
        choice = self.place_of(term)
        if choice is None:
            return term
        here = {self.index: self.choices[choice]}
        varying = term.free_symbols & self.varying - {choice}
        return term.xreplace({one: self._moved(one, here) for one in varying})

    def _moved(self, symbol: sympy.Symbol, here: dict[Index, Position]) -> Any:
        """The symbol of what one stands for, elsewhere."""
        known, node = next(
            (known, node)
            for known in (self.exponents, self.atoms)
            for node, one in known.items()
            if one == symbol
        )
        moved = substitute_positions(node, here)
        if known is self.exponents:
            return self._symbol(known, moved)
        return self._indicator(moved) if symbol in self.indicators else self._atom(moved)

    def parts(self) -> Iterator[tuple[Expression, Expression]]:
        """The entries of softmaxes of some of the places, where there are any, and what they add up to: one.
        Of all places but one they add up to one more than what would stand there."""
        for exponent in sorted(self.exponents, key=spelled):
            let = self._normalizer(exponent)
            among = sympy.true if let is None else self._among(let, exponent)
            if let is not None and among != sympy.true:
                logits = substitute_positions(let.body, self._moves(let, exponent))
                entry = self._of(sympy.exp(logits - exponent))
                place = self._left_out(among)
                if place is None:
                    yield self._indicator(among) * entry, ONE
                else:
                    there = substitute_positions(logits, {self.index: place})
                    yield entry, ONE + self._of(sympy.exp(there - exponent))

    def _among(self, normalizer: Let, read: Read) -> Any:
        """What a guard says of the index: outside of what else it says nothing is read of the sum."""
        inside = [
            one for one in conjuncts(normalizer.guard) if normalizer.over[0] in indices_of(one)
        ]
        return substitute_positions(sympy.And(*inside), self._moves(normalizer, read))

    def totals_of_the_rest(self) -> Iterator[sympy.Symbol]:
        """The symbols of sums over all places but one."""
        for exponent, symbol in self.exponents.items():
            let = self._normalizer(exponent)
            if let is not None and self._left_out(self._among(let, exponent)) is not None:
                yield symbol

    def _left_out(self, guard: Any) -> Position | None:
        """The one place of the index at which a guard does not hold."""
        if not isinstance(guard, sympy.Ne):
            return None
        return fixed_place(sympy.Eq(*guard.args), self.index, domains_of(self.program))

    def distributions(self) -> list[sympy.Symbol]:
        """The entries of distributions that are given, which add up to one along the index."""
        return [symbol for symbol, read in self.reads.items() if self._is_distribution(read)]

    def _is_distribution(self, read: Read) -> bool:
        given = self.program.input.get(read.tensor)
        is_distribution = given is not None and given.domain.kind == "simplex"
        return is_distribution and read.positions[-1:] == (at(self.index),)

    def _normalizer(self, exponent: Any) -> Let | None:
        """The logsumexp that is read, if it is one along the index."""
        let = self.program.let.get(getattr(exponent, "tensor", ""))
        if let is None or let.reduction != "logsumexp" or len(let.over) != 1:
            return None
        is_along = let.over[0].dimension == self.index.dimension
        return let if is_along and self.index not in indices_of(exponent) else None

    def _moves(self, normalizer: Let, read: Read) -> dict[Index, Position]:
        own: dict[Index, Position] = dict(zip(normalizer.free, read.positions, strict=True))
        return {**own, normalizer.over[0]: at(self.index)}

    def varies(self, term: Any) -> bool:
        return bool(term.free_symbols & self.varying)

    def is_given(self, symbol: sympy.Symbol) -> bool:
        """Whether a symbol is of a place, or of inputs alone."""
        if symbol in self.choices:
            return True
        node = next((node for node, one in self.atoms.items() if one == symbol), None)
        return node is not None and all(
            one.tensor in self.program.input for one in node.atoms(Read)
        )

    def place_of(self, term: Any) -> sympy.Symbol | None:
        """The indicator in a product that holds at exactly one place along the index."""
        return next((one for one in sympy.Mul.make_args(term) if one in self.choices), None)

    @property
    def size(self) -> Expression:
        """How many places there are along the index."""
        return self._of(Extent(self.index.dimension))

    def _of(self, node: Any) -> Any:
        if node.is_number:
            return node
        if isinstance(node, sympy.exp | expm1):
            return self._power(node.args[0]) - (ONE if isinstance(node, expm1) else ZERO)
        if isinstance(node, sympy.Add | sympy.Mul):
            return node.func(*map(self._of, node.args))
        if isinstance(node, sympy.Pow) and node.exp.is_Integer and node.exp.is_positive:
            return self._of(node.base) ** node.exp
        if isinstance(node, Branch):
            return self._branch(node)
        if isinstance(node, Read):
            inner = self._named(node)
            if inner is not None:
                return self._of(inner)
        elif isinstance(node, sympy.Pow) and isinstance(node.base, Read):
            inner = self._named(node.base)
            if inner is not None:
                return self._of(inner**node.exp)
            if node.exp.is_Integer:
                return self._atom(node.base) ** node.exp
        return self._atom(node)

    def _branch(self, node: Branch) -> Any:
        """Either arm by an indicator. What is 0 where a factor of it is 0 is that."""
        condition, then, other = node.args
        ways = disjuncts(condition)
        if then == 0 and all(isinstance(one, sympy.Eq) and one.args[1] == 0 for one in ways):
            rest = self._of(other)
            factors = sympy.Mul.make_args(sympy.factor(rest))
            zeros = [sympy.factor_terms(self._of(one.args[0])) for one in ways]
            if all(
                one in factors
                for zero in zeros
                for one in sympy.Mul.make_args(zero)
                if not one.is_number
            ):
                return rest
        there = self._indicator(condition)
        return sum(
            sign * self._of(arm) for sign, arm in ((there, then), (1 - there, other)) if arm != 0
        )

    def _indicator(self, condition: Any) -> Any:
        """1 where a condition holds, and 0 where it doesn't. That something of a sum is left, or that all but
        the largest are few, is taken for granted: outside of that nothing is read of such a sum."""
        if isinstance(condition, sympy.And):
            arms = {
                one: one.args[1] for one in condition.atoms(Branch) if one.args[0] in condition.args
            }
            return sympy.Mul(*(self._indicator(one.xreplace(arms)) for one in condition.args))
        if isinstance(condition, sympy.Ne):
            return 1 - self._indicator(sympy.Eq(*condition.args))
        if condition in (sympy.true, sympy.false):
            return ONE if condition == sympy.true else ZERO
        if self._is_granted(condition):
            return ONE
        symbol = self._atom(condition)
        self.indicators.add(symbol)
        place = fixed_place(condition, self.index, domains_of(self.program))
        if place is not None:
            self.choices[symbol] = place
        return symbol

    def _is_granted(self, condition: Any) -> bool:
        if not isinstance(condition, sympy.Gt):
            return False
        known = (self.program.let.get(one.tensor) for one in condition.atoms(Read))
        is_of_largest = any(one is not None and one.reduction == "max" for one in known)
        return condition.args[1] == LEAST or (condition.args[1] == MOST and is_of_largest)

    def _named(self, read: Read) -> Any:
        """What a name stands for."""
        let = self.program.let.get(read.tensor)
        if let is None or let.reduction is not None or self.is_recurrent(read.tensor):
            return None
        return substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))

    def _power(self, exponent: Any) -> Any:
        """exp of a sum as a product of powers."""
        result = ONE
        for addend in sympy.Add.make_args(sympy.expand(self._written_out(exponent))):
            number, one = addend.as_coeff_Mul()
            result *= self._symbol(self.exponents, one) ** number
        return result

    def is_recurrent(self, name: str) -> bool:
        if self.recurrent is None:
            self.recurrent = frozenset(members(self.program))
        return name in self.recurrent

    def _written_out(self, exponent: Any) -> Any:
        for read in exponent.atoms(Read):
            inner = self._named(read)
            if inner is not None:
                exponent = exponent.xreplace({read: self._written_out(inner)})
        return exponent

    def _atom(self, node: Any) -> sympy.Symbol:
        """The symbol of what is not opened, without names in it: elsewhere it may be written out."""
        is_read = isinstance(node, Read)
        symbol = self._symbol(self.atoms, node if is_read else self._written_out(node))
        if is_read:
            self.reads[symbol] = node
        return symbol

    def _symbol(self, known: dict[Any, sympy.Symbol], node: Any) -> sympy.Symbol:
        if node not in known:
            known[node] = sympy.Dummy(positive=True)
            if self.index in indices_of(node):
                self.varying.add(known[node])
        return known[node]
