"""A softmax that is renormalized without one of its classes is the softmax of all others.

`p[k] / (1 − p[y])`, in the entropy of what is predicted beside the label (complement objectives, Chen et al.
2019), in the choice of a second one after a first (Luce 1959, Plackett 1975) and in odds, is
exp(b[k] − r) with the logsumexp r of all others: where one class has nearly all, one less its probability and
all others vanish, and their quotient does not hang on that class at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import ZERO
from objc.passes.stable.entries import entries_of_softmaxes, normalizers_of
from objc.passes.stable.exponentials import exponential_sums
from objc.passes.stable.simplices import (
    CONFIDENT,
    MORE,
    few_beside_the_largest,
    log_of_the_rest,
)


def quotients_by_the_rest(program: Program) -> Program:
    """The program with quotients by `1 − p[y]` of a whole softmax by the exponentials of all others."""
    if not any(_complements(let.body) for let in program.lets):
        return program
    program = exponential_sums(program)
    normalizers = normalizers_of(program)
    return _Renormalizing(program, normalizers).changed() if normalizers else program


def _complements(body: Any) -> list[Any]:
    """What a body divides by that is a number less an exponential, or less a quotient with one."""
    return [
        one
        for one in body.atoms(sympy.Pow)
        if one.exp.could_extract_minus_sign() and _number_less(one.base) is not None
    ]


def _power(factor: Any) -> tuple[Any, Any]:
    """(b, n) of bⁿ, and of (1/b)⁻ⁿ, where b is not negative."""
    base, power = factor.as_base_exp()
    while base.is_Pow:
        base, power = base.base, base.exp * power
    return base, power


def _number_less(base: Any) -> tuple[Expression, Expression, Expression] | None:
    """(c, ε, e) of a sum c + ε − c·e, with an ε that is small beside c, or 0."""
    number, rest = base.as_coeff_Add()
    times, entry = rest.as_coeff_Mul()
    if isinstance(rest, sympy.Add) or not entry.has(sympy.exp) or not (number > 0 and times < 0):
        return None
    small = number + times
    return (-times, small, entry) if 0 <= small < -times / 4 else None


@dataclass(frozen=True)
class _Rest:
    """What is left of a softmax at a place: c·(1 − p) + ε, with log p, and log(1 − p) by all others."""

    total: Read
    times: Expression
    small: Expression
    log_entry: Expression
    log_rest: Expression
    among_largest: bool
    """Whether it is known for the largest entry alone."""

    def where_confident(self, of_rest: Any, otherwise: Any) -> Expression:
        least = MORE if self.among_largest else CONFIDENT
        return Branch(sympy.Gt(self.log_entry, least), of_rest, otherwise)


class _Renormalizing:
    def __init__(self, program: Program, normalizers: dict[str, Let]) -> None:
        self.program = program
        self.normalizers = normalizers
        self.names = Names.of(program)
        inside = members(program)
        self.sums = {
            let.name: let
            for let in program.lets
            if let.reduction in ("sum", "mean") and let.name not in inside
        }
        self.rests: dict[Any, Let] = {}
        self.lets: list[Let] = []
        self.indices: tuple[Index, ...] = ()

    def changed(self) -> Program:
        inside = members(self.program)
        for let in self.program.lets:
            if let.name not in inside and _complements(let.body):
                self.indices = let.indices
                body = self._logarithms(self._visited(let.body))
                let = let if body == let.body else replace(let, body=body)
            self.lets.append(let)
        return self.program.with_lets(self.lets)

    def _visited(self, node: Any) -> Any:
        """An expression with each quotient by a complement changed, the products around them first."""
        if not node.has(sympy.Pow):
            return node
        kept: list[Any] = []
        quotients: list[tuple[_Rest, Any, Any]] = []
        for factor in sympy.Mul.make_args(node):
            base, power = _power(factor)
            rest = self._rest_of(base) if factor.is_Pow else None
            if rest is not None:
                quotients.append((rest, power, factor))
            elif factor is node:
                arguments = [self._visited(one) for one in node.args]
                return node if arguments == list(node.args) else node.func(*arguments)
            else:
                kept.append(self._visited(factor))
        if quotients:
            kept = one_exponential(kept)
        for rest, power, factor in quotients:
            kept = self._product(kept, rest, power, factor)
        return sympy.Mul(*kept)

    def _product(self, factors: list[Any], rest: _Rest, power: Any, quotient: Any) -> list[Any]:
        """Factors beside a power of a complement, with it."""
        whole = rest.times * sympy.exp(rest.log_rest)
        if rest.small != 0:
            base = rest.where_confident(whole + rest.small, _power(quotient)[0])
            return [*factors, base**power]
        changed = rest.times**power * sympy.exp(power * rest.log_rest)
        for number, factor in enumerate(factors):
            joined = self._joined(factor, rest, power)
            if joined is not None:
                others = [*factors[:number], *factors[number + 1 :], rest.times**power]
                if not rest.among_largest:
                    return [*others, joined]
                apart = rest.where_confident(joined, factor * quotient)
                return [*others, apart]
        return [*factors, rest.where_confident(changed, quotient)]

    def _joined(self, factor: Any, rest: _Rest, power: Any) -> Expression | None:
        """A factor times exp(n·log(1 − p)) where the normalizer of p is in both, and cancels."""
        shift = power * rest.log_rest
        if isinstance(factor, sympy.exp):
            return sympy.exp(factor.args[0] + shift) if _cancels(factor, rest, power) else None
        total = self.sums.get(getattr(factor, "tensor", ""))
        if total is None:
            return None
        places: dict[Index, Position] = dict(zip(total.free, factor.positions, strict=True))
        addends = []
        for addend in sympy.Add.make_args(substitute_positions(total.body, places)):
            first, *others = one_exponential([addend])
            if not isinstance(first, sympy.exp) or not _cancels(first, rest, power):
                return None
            addends.append(sympy.Mul(sympy.exp(first.args[0] + shift), *others))
        body, guard = sympy.Add(*addends), substitute_positions(total.guard, places)
        needed = indices_of(body) | indices_of(guard)
        free = tuple(one for one in self.indices if one in needed)
        if set(free) & set(total.over) or needed - set(free) - set(total.over):
            return None
        name = self.names.fresh(total.name)
        self.lets.append(replace(total, name=name, free=free, body=body, guard=guard, domain=REAL))
        return self.lets[-1].read(*free)

    def _rest_of(self, base: Any) -> _Rest | None:
        """Reads a sum as what is left of a softmax."""
        found = _number_less(base)
        times, small, entry = found or (ZERO, ZERO, ZERO)
        if not all(isinstance(one, sympy.exp) for one in sympy.Mul.make_args(entry)):
            return None
        (u,) = one_exponential([entry])[0].args
        for total, place in entries_of_softmaxes(u, self.normalizers):
            among_largest = isinstance(place.base, Index)
            key = total.tensor, *(((),) if among_largest else (total.positions, place))
            normalizer = self.normalizers[total.tensor]
            if key not in self.rests:
                if among_largest:
                    largest, few = few_beside_the_largest(normalizer, self.names)
                    self.lets += [largest, few]
                    self.rests[key] = few
                else:
                    rest = log_of_the_rest(normalizer, total, place, self.indices, self.names)
                    self.lets.append(rest)
                    self.rests[key] = rest
            rest = self.rests[key]
            positions = total.positions if among_largest else rest.free
            log_rest = rest.read(*positions) - total
            return _Rest(total, times, small, u, log_rest, among_largest)
        return None

    def _logarithms(self, body: Any) -> Any:
        """A body with log(1 − p) by all others, where nothing of the normalizer is left then."""
        swaps, totals = {}, set()
        for node in body.atoms(sympy.log):
            rest = self._rest_of(node.args[0])
            if rest is not None and rest.small == 0 and not rest.among_largest:
                swaps[node] = sympy.log(rest.times) + rest.log_rest
                totals.add(rest.total)
        changed = body.xreplace(swaps)
        return body if totals & changed.atoms(Read) else changed


def one_exponential(factors: list[Any]) -> list[Any]:
    """The factors of a product, with all exponentials as one, the first; SymPy has exp(a)·exp(b) as it is."""
    whole = sympy.Mul.make_args(sympy.Mul(*factors))
    exponents = [one.args[0] for one in whole if isinstance(one, sympy.exp)]
    others = [one for one in whole if not isinstance(one, sympy.exp)]
    return [sympy.exp(sympy.Add(*exponents)), *others] if exponents else others


def _cancels(exponential: Any, rest: _Rest, power: Any) -> bool:
    """Whether an exponential has as many normalizers as a power of a complement, or more."""
    own = sympy.expand(exponential.args[0]).coeff(rest.total)
    return bool((own / power).is_positive and (own / power - 1).is_nonnegative)
