"""Scores less their mean under a softmax, as of the right one by a temperature or a scale that is learned:
`Σₖ p[k]·s[k] − s[y]` is `Σₖ p[k]·(s[k] − s[y])`.

Shares add up to one. Where the right one has nearly all, mean and score agree in all digits, each rounded,
and what is left of their difference is noise; of the differences the greatest is exactly zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.evaluation.nodes import Making
from objc.passes.rewrites.forms import is_short
from objc.passes.stable.entries import normalizers_of


def scores_less_the_own(program: Program) -> Program:
    """The program with such sums of differences, over one index or over two."""
    if not any(let.reduction == "logsumexp" for let in program.lets):
        return program
    return _Own(program).changed()


@dataclass(frozen=True)
class _Mean:
    """An addend of a sum: factor·score·exp(exponent), of which the exponential is a share, but for what all
    along an index have in common, which is within the `weight` of the share."""

    factor: Expression
    score: Read
    exponent: Any
    weight: Expression


class _Own(Making):
    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.normalizers = normalizers_of(program)
        self.means = {let.name: found for let in program.lets if (found := tuple(self._means(let)))}

    def change(self, node: Any, reader: Let) -> Expression | None:
        for addend in node.args:
            number, read = addend.as_coeff_Mul()
            if not isinstance(read, Read) or read.tensor not in self.means:
                continue
            total = self.known[read.tensor]
            outer: dict[Index, Position] = dict(zip(total.free, read.positions, strict=True))
            others = [one for one in node.args if one is not addend]
            for along, means in self.means[read.tensor]:
                rests = [one for one in total.over if one != along]
                if rests:
                    found = self._beside_pairs(number, total, outer, means, along, others)
                else:
                    found = self._beside(number, outer, means, along, others)
                if found is None:
                    continue
                place, left = found
                body = sympy.Add(*(self._less(one, along, place) for one in means))
                name = self.names.fresh(f"{total.name}_less")
                self.lets.append(replace(total, name=name, body=body, domain=REAL))
                return sympy.Add(*left, number * self.lets[-1].read(*read.positions))
        return None

    def _less(self, mean: _Mean, along: Index, place: Position) -> Expression:
        own = substitute_positions(mean.score, {along: place})
        return mean.factor * (mean.score - own) * sympy.exp(mean.exponent)

    def _beside(
        self, number: Any, outer: dict[Index, Position], means: Any, along: Index, others: list[Any]
    ) -> tuple[Position, list[Any]] | None:
        """Where the own score stands, and what stands beside the difference."""
        opened = [self._opened(one) for one in others]
        for place in _places(means, along, others):
            if along in _indices(place):
                continue
            there = {**outer, along: place}
            own = -number * sympy.Add(*(substitute_positions(one.weight, there) for one in means))
            parts = sympy.Add.make_args(sympy.expand_mul(self._opened(own)))
            if all(one in opened for one in parts):
                # The place is one of the reader's, and the sum's are those of its own indices.
                back = {at_.index: at(one) for one, at_ in outer.items() if at_.index is not None}
                moved = _moved(place, back)
                if moved is None:
                    continue
                taken = [opened.index(one) for one in parts]
                return moved, [one for n, one in enumerate(others) if n not in taken]
        return None

    def _beside_pairs(
        self,
        number: Any,
        total: Let,
        outer: dict[Index, Position],
        means: Any,
        along: Index,
        others: list[Any],
    ) -> tuple[Position, list[Any]] | None:
        """The same where the own scores are those of another sum."""
        (rest,) = (one for one in total.over if one != along)
        for other in others:
            times, read = other.as_coeff_Mul()
            let = self.known.get(getattr(read, "tensor", ""))
            if let is None or let.reduction != "sum" or len(let.over) != 1:
                continue
            if let.guard != sympy.true or let.over[0].dimension != rest.dimension:
                continue
            own: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
            own[let.over[0]] = at(rest)
            wanted = self._opened(times * substitute_positions(let.body, own))
            for place in _places(means, along, [substitute_positions(let.body, own)]):
                if along in _indices(place):
                    continue
                there = {**outer, along: place}
                found = sympy.Add(*(substitute_positions(one.weight, there) for one in means))
                if sympy.expand_mul(self._opened(number * found) + wanted) == 0:
                    return place, [one for one in others if one is not other]
        return None

    def _opened(self, expression: Any) -> Any:
        """An expression with factors that have names as what they are."""
        opened = {}
        for read in expression.atoms(Read):
            let = self.known.get(read.tensor)
            if (
                let is not None
                and let.reduction is None
                and let.body.func in (sympy.Mul, sympy.Pow)
            ):
                places = dict(zip(let.free, read.positions, strict=True))
                opened[read] = self._opened(substitute_positions(let.body, places))
        return sympy.expand_mul(expression.xreplace(opened))

    def _means(self, let: Let) -> Iterator[tuple[Index, tuple[_Mean, ...]]]:
        """The ways to read all addends of a sum as means under softmaxes along one index."""
        if let.reduction != "sum" or len(let.over) > 2 or not is_short(let.body):
            return
        for along in let.over:
            means = [self._mean(one, along, let) for one in sympy.Add.make_args(let.body)]
            if None not in means:
                yield along, tuple(one for one in means if one is not None)

    def _mean(self, addend: Any, along: Index, let: Let) -> _Mean | None:
        factors = sympy.Mul.make_args(addend)
        powers = [one for one in factors if isinstance(one, sympy.exp)]
        scores = [one for one in factors if isinstance(one, Read) and along in indices_of(one)]
        if len(powers) != 1 or len(scores) != 1:
            return None
        factor = sympy.Mul(*(one for one in factors if one not in (*powers, *scores)))
        if along in indices_of(factor):
            return None
        (exponent,) = powers[0].args
        for read in sorted(exponent.atoms(Read), key=spelled):
            normalizer = self.normalizers.get(read.tensor)
            if normalizer is None or len(normalizer.over) != 1:
                continue
            places: dict[Index, Position] = dict(zip(normalizer.free, read.positions, strict=True))
            places[normalizer.over[0]] = at(along)
            if normalizer.guard != sympy.true or let.guard != sympy.true:
                continue  # of none the shares add up to nothing
            common = sympy.expand_mul(
                exponent + read - substitute_positions(normalizer.body, places)
            )
            if normalizer.over[0].dimension == along.dimension and along not in indices_of(common):
                weight = factor * scores[0] * sympy.exp(common)
                return _Mean(factor, scores[0], exponent, weight)
        return None


def _places(means: tuple[_Mean, ...], along: Index, others: list[Any]) -> list[Position]:
    """Where a score of the same tensor stands along the same axis."""
    found: dict[Position, None] = {}
    for mean in means:
        axes = [n for n, one in enumerate(mean.score.positions) if one == at(along)]
        for other in others:
            for read in sorted(other.atoms(Read), key=spelled):
                if read.tensor == mean.score.tensor:
                    found.update(dict.fromkeys(read.positions[axis] for axis in axes))
    return list(found)


def _indices(place: Position) -> set[Index]:
    if isinstance(place.base, Read):
        return set(indices_of(place.base))
    return set() if place.index is None else {place.index}


def _moved(place: Position, back: dict[Index, Position]) -> Position | None:
    """A place of the reader's at the indices of a sum."""
    if isinstance(place.base, Read):
        return Position(substitute_positions(place.base, back), place.offset)
    return back.get(place.index) if place.index in back and place.offset == 0 else None
