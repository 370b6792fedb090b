"""Means under a softmax of what its exponents are multiples of: counted from that of the largest exponent.

A log-probability is never zero, but that of a row of nearly equal entries, or of the one that is much the
largest, is the logarithm of their number, or nothing, beside which what matters is lost. So is, beside
distances, by how much they differ from the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import without_factor
from objc.passes.stable.entries import normalizers_of, totals_over
from objc.passes.stable.probabilities import around, written_out


def center_means(program: Program) -> Program:
    """`Σ p[k]·u[k] − u[j]` with p = exp(b − l) a softmax and b = β·u but for what all entries share,
    counted from the u of the largest b: the mean of the same under a softmax doesn't change, and where
    all b are nearly equal, or one is much the largest, nothing cancels."""
    centering = _Centering(program)
    if not centering.means:
        return program
    inside = members(program)
    for let in program.lets:
        if let.reduction is None and let.name not in inside:
            let = centering.changed(let)
        centering.lets.append(let)
    return program.with_lets(centering.lets)


@dataclass(frozen=True)
class Multiple:
    """What is factor·entry over a loop, of which `own` varies and is a multiple of an exponent; the largest
    exponent has the largest of them, or the least, as the reduction says."""

    factor: Expression
    entry: Expression
    own: Expression
    reduction: str


class _Centering:
    """Changes lets; `means` are the sums over whole softmaxes, by name, with the ways to read each as a mean
    of multiples of the exponents, beside the probability."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.normalizers = normalizers_of(program)
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[tuple[str, Expression], tuple[Let, Let]] = {}
        found = {let.name: tuple(self._means(let)) for let in program.lets if self.normalizers}
        self.means = {name: means for name, means in found.items() if means}

    def changed(self, let: Let) -> Let:
        """A let with all sums counted from the largest in which a mean is beside what it is the mean of."""
        while True:
            for node in sorted(let.body.atoms(sympy.Add), key=spelled):
                changed = self._of(node, let)
                if changed is not None:
                    let = replace(let, body=let.body.xreplace({node: changed}))
                    break
            else:
                return let

    def _of(self, node: Any, reader: Let) -> Expression | None:
        if not any(one.tensor in self.means for one in self._opened(node).atoms(Read)):
            return None
        addends = sympy.Add.make_args(sympy.expand_mul(node))
        opened = [self._opened(one) for one in addends]
        for number, multiple in enumerate(opened):
            for read in sympy.Mul.make_args(multiple):
                if not isinstance(read, Read) or read.tensor not in self.means:
                    continue
                total = self.program.let[read.tensor]
                outer = dict(zip(total.free, read.positions, strict=True))
                for probability, mean in self.means[total.name]:
                    weight = multiple / read * substitute_positions(mean.factor, outer)
                    for index in reader.indices:
                        if index.dimension != total.over[0].dimension:
                            continue
                        place = {**outer, total.over[0]: at(index)}
                        entry = -weight * substitute_positions(mean.entry, place)
                        own = sympy.Add.make_args(sympy.expand_mul(self._opened(entry)))
                        if not all(one in opened for one in own):
                            continue
                        taken = {number, *map(opened.index, own)}
                        rest = [one for n, one in enumerate(addends) if n not in taken]
                        centered, above = self._centered(total, probability, mean)
                        here = substitute_positions(above.read(*above.free), place)
                        moved = multiple / read * centered.read(*read.positions) - weight * here
                        there = substitute_positions(around(total), outer)
                        return Branch(there, sympy.Add(*rest, moved), sympy.Add(*rest, *own))
        return None

    def _opened(self, expression: Any) -> Any:
        """An expression with the factors and exponents that have names as what they are."""
        while True:
            opened = {
                one: sympy.exp(written_out(one.args[0], self.program))
                for one in expression.atoms(sympy.exp)
            }
            for one in expression.atoms(Read):
                opened[one] = written_out(one, self.program)
                if isinstance(opened[one], sympy.Add | Branch):
                    del opened[one]
            whole = expression.xreplace(opened)
            if whole == expression:
                return whole
            expression = whole

    def _means(self, let: Let) -> Iterator[tuple[Expression, Multiple]]:
        if let.reduction != "sum" or len(let.over) != 1:
            return
        for weight in sympy.Mul.make_args(let.body):
            if not isinstance(weight, sympy.exp):
                continue
            written = written_out(weight.args[0], self.program)
            whole = any(totals_over(written, let, self.normalizers))
            found = multiple_of(written, without_factor(let.body, weight), let, self.program)
            if whole and found is not None and found.factor.is_finite:
                yield weight, found

    def _centered(self, total: Let, weight: Expression, mean: Multiple) -> tuple[Let, Let]:
        """The mean of what entries are above that of the largest exponent, and what they are above it."""
        key = total.name, mean.own
        if key not in self.made:
            near = indices_of(mean.own) | indices_of(total.guard)
            top = replace(
                total,
                name=self.names.fresh(f"{mean.reduction}_{total.name}"),
                free=tuple(one for one in total.free if one in near),
                body=mean.own,
                reduction=mean.reduction,
            )
            # In a let of its own: the mean beside it is near zero where one entry is much the largest.
            name = self.names.fresh(f"{total.name}_above")
            above = Let(name, (*top.free, *total.over), mean.own - top.read(*top.free), domain=REAL)
            body = mean.factor * above.read(*above.free) * weight
            other = replace(total, name=self.names.fresh(f"{total.name}_centered"), body=body)
            self.made[key] = other, above
            self.lets += [top, above, other]
        return self.made[key]


def multiple_of(
    exponent: Expression, product: Expression, let: Let, program: Program
) -> Multiple | None:
    """A product as a multiple of an exponent in the loop of a let, but for what all entries share; None if it
    isn't one, or the sign is not known."""
    over = set(let.over)
    factors = sympy.Mul.make_args(product)
    entry = sympy.Mul(*(one for one in factors if indices_of(one) & over))
    for written in (written_out(entry, program), entry):
        own, varying = (
            sympy.Add(*(one for one in sympy.Add.make_args(sum_) if indices_of(one) & over))
            for sum_ in (written, exponent)
        )
        ratio = varying / own
        if ratio.is_positive or ratio.is_negative:
            break
    else:
        return None
    factor = sympy.Mul(*(one for one in factors if not indices_of(one) & over))
    return Multiple(factor, entry, own, "max" if ratio.is_positive else "min")
