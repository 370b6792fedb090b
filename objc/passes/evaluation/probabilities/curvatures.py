"""The diagonal of a Hessian by logits, where nearly all of a softmax lies in one place.

It is a polynomial in what the place has, p, and it vanishes where p is one. Multiplied out in p − 1, which
is an exponential less one, the constant is gone, and with it what cancels. A sum over all entries, of which
that of the place itself is told apart, `Σₖ (δ[j, k] − p[j])·f[k]`, has the polynomial's other part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, IndexValue, Read, substitute_positions
from objc.passes.evaluation.probabilities.terms import Terms
from objc.passes.rewrites.forms import ONE, ZERO, is_short

_CONFIDENT = sympy.Rational(-1, 8)
"""A log-probability beyond which a polynomial is in what it lacks of one."""

_MOST_TERMS = 24


def curvatures_near_one(program: Program) -> Program:
    """The program with such diagonals by what probabilities lack of one."""
    outputs = {
        name for kind, name in program.outputs.items() if kind.startswith("hessian_diagonal")
    }
    if not outputs or not any(let.reduction == "logsumexp" for let in program.lets):
        return program
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        if let.name in outputs and let.reduction is None:
            for index in let.free:
                found = _Curvature(program, index, names).changed(let)
                if found is not None:
                    lets += found[:-1]
                    let = found[-1]
                    break
        lets.append(let)
    return program.with_lets(lets)


@dataclass
class _Curvature:
    program: Program
    index: Index
    names: Names

    def changed(self, let: Let) -> list[Let] | None:
        """The let with a polynomial where all softmaxes are confident, after the sums that it reads."""
        body, sums = self._without_own(let.body)
        if not is_short(body):
            return None
        terms = _Terms(self.program, self.index)
        near = terms.near(body)
        if near is None:
            return None
        there = sympy.And(*(sympy.Gt(one, _CONFIDENT) for one in terms.lacking))
        return [*sums, replace(let, body=Branch(there, near, body))]

    def _without_own(self, body: Any) -> tuple[Any, list[Let]]:
        """A body with the sums that tell its place apart as that of the others and what is there."""
        sums: list[Let] = []
        for read in sorted(body.atoms(Read), key=str):
            let = self.program.let.get(read.tensor)
            if let is None or let.reduction != "sum" or len(let.over) != 1:
                continue
            if at(self.index) not in read.positions or let.guard != sympy.true:
                continue
            (over,) = let.over
            free = let.free[read.positions.index(at(self.index))]
            own = sympy.Eq(IndexValue(free), IndexValue(over))
            branches = [one for one in let.body.atoms(Branch) if one.args[0] == own]
            if free.dimension != over.dimension or not branches:
                continue
            there: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
            others = let.body.xreplace({one: one.args[2] for one in branches})
            here = let.body.xreplace({one: one.args[1] for one in branches})
            guard = sympy.Ne(IndexValue(free), IndexValue(over))
            name = self.names.fresh(f"{let.name}_elsewhere")
            sums.append(replace(let, name=name, body=others, guard=guard, domain=REAL))
            own_place = substitute_positions(here, {**there, over: at(self.index)})
            body = body.xreplace({read: own_place + sums[-1].read(*read.positions)})
        return body, sums


class _Terms(Terms):
    """Polynomials in what the entries of softmaxes at the index lack of one."""

    def __init__(self, program: Program, index: Index) -> None:
        super().__init__(program, index)
        self.place = {let.name: number for number, let in enumerate(program.lets)}
        self.lacking: dict[Expression, sympy.Symbol] = {}

    def near(self, body: Any) -> Expression | None:
        """A body in what probabilities lack of one; None if nothing in it cancels there."""
        for rounded in (sympy.ceiling, sympy.floor):
            whole = self._in_complements(body, rounded)
            parts = [self._in_complements(one, rounded) for one in sympy.Add.make_args(body)]
            if whole is None or None in parts or len(sympy.Add.make_args(whole)) > _MOST_TERMS:
                continue
            if self._cancels(whole, parts):
                return self._written(whole)
        return None

    def _branch(self, node: Branch) -> Any:
        """Of a comparison of places alone either arm is a number: another's may be infinite."""
        is_of_places = all(one.is_integer for one in node.args[0].args)
        return super()._branch(node) if is_of_places else self._atom(node)

    def _cancels(self, whole: Any, parts: list[Any]) -> bool:
        """Whether what is of the least degree in a part is gone from the whole."""
        least = self._least_degrees(whole)
        return any(
            degree < least.get(beside, degree + 1)
            for part in parts
            for beside, degree in self._least_degrees(part).items()
        )

    def _written(self, polynomial: Any) -> Expression:
        known = {symbol: expm1(exponent) for exponent, symbol in self.lacking.items()}
        known |= {symbol: sympy.exp(exponent) for exponent, symbol in self.exponents.items()}
        for node, symbol in self.atoms.items():
            known[symbol] = Branch(node, ONE, ZERO) if symbol in self.indicators else node
        return polynomial.xreplace(known)

    def _in_complements(self, body: Any, rounded: Any) -> Expression | None:
        """A polynomial in what probabilities lack of one, of a body that has no other exponentials that vary;
        of a root of the normalizer the next power is taken, and the rest is left."""
        found = self.of(body)
        if found is None:
            return None
        # A softmax of log-probabilities is told before these are.
        wholes = sorted(self.wholes(), key=lambda one: -self.place[one[0].normalizer.tensor])
        addends = []
        for term in sympy.Add.make_args(found):
            factor = ONE
            for shares, entry in wholes:
                power = term.as_powers_dict()[self.exponents[shares.normalizer]]
                times = rounded(-power)
                if not times.is_Integer:
                    return None
                if times > 0:
                    factor *= (1 + self._lacking_of(shares.logits - shares.normalizer)) ** times
                    term = term / entry**times
            if term.free_symbols & self.varying & set(self.exponents.values()):
                return None
            addends.append(term * factor)
        whole = self.expanded(sympy.Add(*addends))
        return None if whole.has(sympy.nan, sympy.zoo) else whole  # of a quotient by zero

    def _lacking_of(self, logarithm: Expression) -> sympy.Symbol:
        return self.lacking.setdefault(logarithm, sympy.Dummy(real=True))

    def _least_degrees(self, polynomial: Any) -> dict[Expression, int]:
        """The least degree in what probabilities lack of one, by what stands beside it."""
        found: dict[Expression, int] = {}
        for term in sympy.Add.make_args(polynomial):
            powers = term.as_powers_dict()
            degree = sum(int(powers[one]) for one in self.lacking.values())
            beside = sympy.Mul(
                *(
                    a**b
                    for a, b in powers.items()
                    if a not in self.lacking.values() and not a.is_number
                )
            )
            found[beside] = min(degree, found.get(beside, degree))
        return found
