"""One less a probability, where the two stand apart: by the exponential less one.

`δ[j, k] − p[j]`, of the derivative of a softmax along one coordinate, is 1 − p[j] where j is k: with p in a
let of its own nothing sees that it is an exponential. A sum of probabilities less one, as the derivative
of a product of choices is (Plackett 1975; Luce 1959), has one among its addends that may be nearly one;
and the sum of their squares may be nearly their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    substitute_positions,
)
from objc.passes.evaluation.nodes import Making
from objc.passes.rewrites.forms import is_short, without_factor

Places = dict[Index, Position]
ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def complements_of_probabilities(program: Program) -> Program:
    """The program with such differences by the exponential less one."""
    return _Making(program).changed()


class _Making(Making):
    def change(self, node: Any, reader: Let) -> Expression | None:
        changed = self.less_delta(node) or self.less_probability(node)
        if changed is None:
            changed = self.less_one(node, reader)
        if changed is None and reader.reduction is None:
            changed = self.less_squares(node)
        return changed

    def less_probability(self, node: Any) -> Expression | None:
        """c − c·p with a let p that is an exponential, or w·p where c·w is what it is taken from."""
        for addend in node.args:
            for read in sympy.Mul.make_args(addend):
                let = self.known.get(getattr(read, "tensor", ""))
                power = None if let is None or let.reduction is not None else _exponential(let.body)
                if let is None or power is None:
                    continue
                weight = without_factor(let.body, power)
                places = dict(zip(let.free, read.positions, strict=True))
                c = -addend / read * substitute_positions(weight, places)
                whole = next((one for one in node.args if self._opened(one) == c), None)
                if whole is not None:
                    there = self._complement(let, power).read(*read.positions)
                    rest = [one for one in node.args if one not in (addend, whole)]
                    return sympy.Add(*rest, whole * there)
        return None

    def _opened(self, product: Any) -> Any:
        """A product with what is named in it written out, once."""
        swaps = {}
        for read in sympy.Mul.make_args(product):
            let = self.known.get(getattr(read, "tensor", ""))
            if let is not None and let.reduction is None:
                places = dict(zip(let.free, read.positions, strict=True))
                swaps[read] = substitute_positions(let.body, places)
        return product.xreplace(swaps) if swaps else product

    def less_delta(self, node: Any) -> Expression | None:
        """c·δ − c·p with a let p that is an exponential, or an exponential itself, also where other addends
        share that."""
        found = self._less_delta(node)
        if found is not None or not node.has(sympy.exp):
            return found
        if any(map(_is_delta, node.atoms(Branch))) and is_short(node):
            found = self._less_delta(sympy.expand(node, power_exp=False))
        return found or self._less_named_delta(node)

    def _less_delta(self, node: Any) -> Expression | None:
        for branch, c in _deltas(node):
            for addend in node.args:
                probability = -addend / c
                if isinstance(probability, sympy.exp):
                    rest = sympy.Add(*(one for one in node.args if one not in (addend, c * branch)))
                    condition, then, _ = branch.args
                    there = -c * expm1(probability.args[0])
                    return rest + Branch(
                        condition, *((there, addend) if then == 1 else (addend, there))
                    )
                let = self.known.get(getattr(probability, "tensor", ""))
                if let is None or let.reduction is not None or not isinstance(let.body, sympy.exp):
                    continue
                rest = sympy.Add(*(one for one in node.args if one not in (addend, c * branch)))
                there = self._complement(let, let.body).read(*probability.positions)
                condition, then, _ = branch.args
                arms = (c * there, addend) if then == 1 else (addend, c * there)
                return rest + Branch(condition, *arms)
        return None

    def _less_named_delta(self, node: Any) -> Expression | None:
        """[c]·a + b·p with a factor b that is −a when the names in both are written out."""
        for case, addend in itertools.permutations(node.args, 2):
            power = _exponential(addend)
            branch = next((one for one in sympy.Mul.make_args(case) if _is_case(one)), None)
            if power is None or branch is None or power.has(Branch):
                continue
            condition, then, _ = branch.args
            weight = without_factor(addend, power)
            if self._is_nothing(weight + case / branch * then):
                rest = [one for one in node.args if one not in (case, addend)]
                there = weight * expm1(power.args[0])
                return sympy.Add(*rest, Branch(condition, there, addend))
        return None

    def _is_nothing(self, total: Any) -> bool:
        """Whether nothing is left of a sum with its names written out."""
        if not is_short(total):
            return False
        opened = self._without_names(total)
        return is_short(opened) and bool(sympy.expand(opened, power_exp=False) == 0)

    def _without_names(self, expression: Any) -> Any:
        swaps = {}
        for read in found_in(expression, Read):
            let = self.known.get(read.tensor)
            if let is not None and let.reduction is None and let.name not in self.inside:
                places = dict(zip(let.free, read.positions, strict=True))
                swaps[read] = self._without_names(substitute_positions(let.body, places))
        return expression.xreplace(swaps) if swaps else expression

    @cached_property
    def inside(self) -> frozenset[str]:
        """What takes part in a recurrence."""
        return frozenset(members(self.program))

    def _complement(self, let: Let, power: Any) -> Let:
        """1 − p of the exponential that a let is, or has as a factor."""
        if let.name not in self.made:
            body = -expm1(power.args[0])
            name = self.names.fresh(f"{let.name}_rest")
            self.insert(let, replace(let, name=name, body=body, domain=REAL))
        return self.made[let.name][0]

    def less_one(self, node: Any, reader: Let) -> Expression | None:
        """Σ c[i]·exp(u[i]) − c[j] with the reader's own place j one of the i: Σ of the others, and an
        exponential less one; also where both are there for such j alone of which something holds."""
        for read in (one for one in node.args if isinstance(one, Read)):
            let = self.known.get(read.tensor)
            power = None if let is None else _only_exponential(let)
            if let is None or power is None:
                continue
            at_read = dict(zip(let.free, read.positions, strict=True))
            for place, condition in _own_places(let, read, reader):
                there = partial(_at_own, {let.over[0]: at(place)}, at_read)
                c, condition = there(without_factor(let.body, power)), there(condition)
                written = (
                    Branch(condition, -c, ZERO),
                    -Branch(condition, c, ZERO),
                    -c * Branch(condition, ONE, ZERO),
                )
                taken = next((one for one in written if one in node.args), None)
                if taken is None:
                    continue
                less = Branch(condition, c * expm1(there(power.args[0])), ZERO)
                rest = [one for one in node.args if one not in (read, taken)]
                return sympy.Add(*rest, self._others(let, place).read(*read.positions), less)
        return None

    def less_squares(self, node: Any) -> Expression | None:
        """Σ c·p − Σ c·p² as one sum of c·p·(1 − p), with a p that is an exponential."""
        reads = [one for one in node.args if getattr(one, "tensor", "") in self.known]
        for first, second in itertools.permutations(reads, 2):
            let, other = self.known[first.tensor], self.known[second.tensor]
            alike = let.over == other.over and let.guard == other.guard and let.free == other.free
            power = (
                _only_exponential(let) if alike and first.positions == second.positions else None
            )
            if power is None:
                continue
            taken = {
                one: one.args[1] for one in other.body.atoms(Branch) if one.args[0] == let.guard
            }
            if other.reduction == "sum" and other.body.xreplace(taken) == -let.body * power:
                body = -let.body * expm1(power.args[0])
                whole = replace(let, name=self.names.fresh(f"{let.name}_less"), body=body)
                self.lets.append(whole)
                rest = [one for one in node.args if one not in (first, second)]
                return sympy.Add(*rest, whole.read(*first.positions))
        return None

    def _others(self, let: Let, place: Index) -> Let:
        guard = sympy.And(let.guard, sympy.Ne(IndexValue(let.over[0]), IndexValue(place)))
        made = self.made.get(let.name, ())
        found = next((one for one in made if one.guard == guard), None)
        if found is None:
            found = replace(let, name=self.names.fresh(f"{let.name}_others"), guard=guard)
            self.insert(let, found)
            self.made[let.name] = (*made, found)
        return found


def _deltas(node: Any) -> Iterator[tuple[Any, Expression]]:
    """(δ, c) of every addend c·δ of a sum, for a branch δ that is one or zero."""
    for addend in node.args:
        for factor in sympy.Mul.make_args(addend):
            if _is_delta(factor):
                yield factor, addend / factor


def _is_delta(factor: Any) -> bool:
    return isinstance(factor, Branch) and set(factor.args[1:]) == {ZERO, ONE}


def _is_case(factor: Any) -> bool:
    """Whether something is zero but under a condition."""
    return isinstance(factor, Branch) and factor.args[2] == 0


def _exponential(product: Any) -> Any:
    """The one exponential among the factors of a product."""
    powers = [one for one in sympy.Mul.make_args(product) if isinstance(one, sympy.exp)]
    return powers[0] if len(powers) == 1 else None


def _only_exponential(let: Let) -> Any:
    """exp(u) of a sum Σ c·exp(u) along one axis."""
    is_sum = let.reduction == "sum" and len(let.over) == 1
    return _exponential(let.body) if is_sum else None


def _at_own(own: Places, read: Places, expression: Any) -> Any:
    """What is the same for all of the places of a sum, at one of them, as a reader has it."""
    return substitute_positions(substitute_positions(expression, own), read)


def _own_places(let: Let, read: Read, reader: Let) -> Iterator[tuple[Index, Condition]]:
    """Free indices of a sum that its own may be at, and where it is one of the addends by the guard."""
    plain = all(one.index in reader.indices for one in read.positions)
    for index in let.free if plain and let.guard != sympy.true else ():
        if index.dimension == let.over[0].dimension:
            there = substitute_positions(let.guard, {let.over[0]: at(index)})
            if there != sympy.false:
                yield index, there
