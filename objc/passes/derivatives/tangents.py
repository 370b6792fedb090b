"""Tangents by one sweep forwards: of every let along a vector, or along one symbolic coordinate at a time.

What row i of a batch is made of, row j does not move: along a coordinate of an input, a tangent is often
zero off a diagonal, and is computed on it alone. A let of several inputs, or of two rows, has one such part
of each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import groups
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    indices_of,
    position_value,
    substitute_positions,
)
from objc.passes.delta import resolve, under
from objc.passes.derivatives.contributions import Contribution, Sums
from objc.passes.derivatives.partials import direct_reads, moved_by, partial
from objc.passes.derivatives.shifts import LogProbability, Shifts
from objc.passes.derivatives.weights import Weights
from objc.passes.rewrites.forms import factored
from objc.passes.stable.differences import is_difference

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)

Seed = Callable[[tuple[Position, ...]], Expression]
"""The tangent of an input at a position."""

Diagonal = Mapping[Index, Index]
"""By index of the direction, the free index of a let that it must equal, else a tangent is zero."""


@dataclass(frozen=True)
class _Part:
    """An addend of the tangent of a let over `free`. Its free indices are among those and, behind them, those
    of the direction that are not on its diagonal. It is zero where the `apart` are one, or but where the
    `equal` are."""

    let: Let
    free: tuple[Index, ...]
    diagonal: Diagonal
    apart: tuple[Index, ...] = ()
    equal: tuple[Index, ...] = ()

    def at(self, places: tuple[Position, ...], direction: Mapping[Index, Position]) -> Expression:
        """Its value at these places of the let, along this coordinate."""
        mapping = {**direction, **dict(zip(self.free, places, strict=True))}
        read = self.let.read(*(mapping[index] for index in self.let.free))
        conditions = [_on(self.diagonal, mapping)]
        if self.apart:
            conditions.append(sympy.Ne(*(position_value(mapping[one]) for one in self.apart)))
        if self.equal:
            conditions.append(sympy.Eq(*(position_value(mapping[one]) for one in self.equal)))
        return under(sympy.And(*conditions), read)


def _on(diagonal: Diagonal, places: Mapping[Index, Position]) -> Condition:
    """That a coordinate is on a diagonal, at these places."""
    pairs = ((places.get(one, at(one)), places[own]) for one, own in diagonal.items())
    return sympy.And(*(sympy.Eq(position_value(one), position_value(own)) for one, own in pairs))


@dataclass(frozen=True)
class _Shifted:
    """A logsumexp, the tangent of its addends less their mean, and the mean, its own, on a diagonal; `alone`
    is the tangent of the addends that one coordinate moves without others."""

    let: Let
    centered: Expression
    mean: Expression
    diagonal: Diagonal
    alone: Expression

    def at(self, tangent: Expression, places: Mapping[Index, Position]) -> Expression:
        """What is made of tangent and mean, at these places of the logsumexp."""
        return under(_on(self.diagonal, places), substitute_positions(tangent, places))


class Forward:
    """One sweep forwards: the tangent of every let along the seeds.

    `direction` holds extra free indices of the seeds, one coordinate each. `log_probabilities` are lets
    whose tangent is one difference; where they are not known yet, `spread` tells the logsumexps of which
    one coordinate moves several addends. With `towards`, it is for the tangent of that let alone.
    """

    def __init__(
        self,
        program: Program,
        seeds: Mapping[str, Seed],
        direction: tuple[Index, ...],
        log_probabilities: Mapping[str, LogProbability] | None = None,
        towards: Let | None = None,
    ) -> None:
        self.program = program
        self.towards = towards
        self.seeds = seeds
        self.direction = direction
        self.log_probabilities = log_probabilities
        self.names = Names.of(program)
        for index in direction:
            self.names.fresh(index.name)  # taken
        self.lets: list[Let] = []
        self.weights = Weights(self.names, self.lets, program)
        self.shifts = Shifts(self.names, self.lets)
        self.sums = Sums(self.names, self.lets, program)
        self.tangents: dict[str, tuple[_Part, ...]] = {}
        self.shifted: dict[str, _Shifted] = {}
        self.spread: set[str] = set()

    def run(self) -> None:
        active = moved_by(self.program, self.seeds)
        if self.towards is not None:
            active = active & {self.towards.name, *self.program.behind([self.towards])}
        for group in groups(self.program):
            lets = [let for let in group.lets if let.name in active]
            if group.indices:
                promised = [
                    Let(self.names.fresh(f"{let.name}_dot"), (*let.free, *self.direction), ONE)
                    for let in lets
                ]
                for let, tangent in zip(lets, promised, strict=True):
                    self.tangents[let.name] = (_Part(tangent, let.free, {}),)
                for let, tangent in zip(lets, promised, strict=True):
                    self.sums.build(tangent.name, tangent.free, self._parts(let), tangent)
                continue
            for let in lets:
                if not self._through_softmax(let) and not self._through_log_probability(let):
                    self.tangents[let.name] = self._on_diagonals(let, self._parts(let))

    def tangent_of(self, let: Let) -> Let:
        """The tangent of a let along a vector, as a let."""
        for part in self.tangents.get(let.name, ()):
            return part.let  # there is one at most, without a direction
        self.lets.append(Let(self.names.fresh(f"{let.name}_dot"), let.free, ZERO))
        return self.lets[-1]

    def at(
        self,
        name: str,
        places: tuple[Position, ...],
        coordinate: Mapping[Index, Position] | None = None,
    ) -> Expression:
        """The tangent of a let at these places, along this coordinate, or any."""
        along = coordinate or {index: at(index) for index in self.direction}
        return sympy.Add(*(one.at(places, along) for one in self.tangents.get(name, ())))

    def _tangent_at(self, read: Read) -> Expression:
        if read.tensor in self.seeds:
            return self.seeds[read.tensor](read.positions)
        tangent = self.at(read.tensor, read.positions)
        if read.tensor in self.shifted:
            found = self.shifted[read.tensor]
            places = dict(zip(found.let.free, read.positions, strict=True))
            tangent += found.at(found.mean, places)
        return tangent

    def _parts(self, let: Let) -> list[Contribution]:
        """What every read of a let contributes to its tangent."""
        parts = []
        for read in direct_reads(let):
            tangent = self._tangent_at(read)
            if tangent == 0:
                continue
            slope = partial(let.body, read)
            if slope == 0:
                continue
            weight = self.weights.of(let) if let.reduction else ONE
            for addend in _addends(weight * slope * tangent):
                parts.append(Contribution(addend, let.over, self.weights.where(let)))
        return parts

    def _on_diagonals(self, let: Let, parts: Sequence[Contribution]) -> tuple[_Part, ...]:
        """The tangent of a let that has these contributions. Where a row and another one move it, it has a
        part for each, where they are apart, and one where they are the same: what adds up to nothing there
        is not left to rounding."""
        common = set(self._diagonal(parts, let.free).items())
        groups: dict[frozenset[tuple[Index, Index]], list[Contribution]] = {}
        for part in parts:
            own = frozenset(self._diagonal([part], let.free).items())
            groups.setdefault(own - common, []).append(part)
        pairs = [next(iter(one)) for one in groups if len(one) == 1]
        if len(groups) != 2 or len(pairs) != 2 or pairs[0][0] != pairs[1][0]:
            return self._built(let, let.free, parts)
        rows = (pairs[0][1], pairs[1][1])
        same = {pairs[0][0]: rows[0], rows[1]: rows[0]}
        free = tuple(index for index in let.free if index != rows[1])
        together = self._built(let, free, [_moved(one, same) for one in parts], (pairs[0][0],))
        found = [
            replace(one, apart=rows)
            for members in groups.values()
            for one in self._built(let, let.free, members)
        ]
        for one in together:
            diagonal = {**one.diagonal, pairs[0][0]: rows[0]}
            found.append(replace(one, free=let.free, diagonal=diagonal, equal=rows))
        return tuple(found)

    def _built(
        self,
        let: Let,
        free: tuple[Index, ...],
        parts: Sequence[Contribution],
        settled: tuple[Index, ...] = (),
    ) -> tuple[_Part, ...]:
        """One part of all these contributions, if there is anything left of them; those of the direction
        that are `settled` are in none."""
        diagonal = self._diagonal(parts, free)
        moved = [_moved(one, diagonal) for one in parts]
        built = self.sums.build(f"{let.name}_dot", (*free, *self._off(diagonal, settled)), moved)
        return () if built is None else (_Part(built, free, diagonal),)

    def _off(self, *settled: Collection[Index]) -> tuple[Index, ...]:
        """The direction but for what is on a diagonal, or settled otherwise."""
        return tuple(one for one in self.direction if not any(one in each for each in settled))

    def _diagonal(self, parts: Sequence[Contribution], free: tuple[Index, ...]) -> Diagonal:
        """What is zero off a diagonal with a free index in all of these contributions."""
        if not self.direction or not parts:
            return {}
        conditions = [
            sympy.And.make_args(resolve(one.body, one.over, one.guard, self.sums.domains)[2])
            for one in parts
        ]
        found: dict[Index, Index] = {}
        for index in self.direction:
            for own in free:
                same = sympy.Eq(IndexValue(index), IndexValue(own))
                if index.dimension == own.dimension and all(same in one for one in conditions):
                    found[index] = own
                    break
        return found

    def _through_softmax(self, let: Let) -> bool:
        """The tangent of a logsumexp from where its largest term is, where several move."""
        if let.reduction != "logsumexp":
            return False
        tangent = sympy.Add(
            *(partial(let.body, read) * self._tangent_at(read) for read in direct_reads(let))
        )
        addends = [Contribution(one, (), sympy.true) for one in _addends(tangent)]
        alone = [one for one in addends if self._is_alone(one.body, let.over)]
        several = [one for one in addends if one not in alone]
        diagonal = self._diagonal(several, let.free)
        if not several or (alone and not diagonal):
            return False
        self.spread.add(let.name)
        if self.log_probabilities is None:
            return False
        if alone:
            tangent = sympy.Add(*(one.body for one in several))
        tangent = substitute_positions(tangent, _places(diagonal))
        direction = self._off(diagonal)
        scale, tangent = _scale_and_difference(tangent, let)
        terms = self.shifts.terms_of(let, tangent, direction)
        if terms is None:
            return False
        v, top = terms
        weight = self.weights.of(let)
        part = Contribution(weight * (v - top), let.over, let.guard)
        rest = self.sums.build(f"{let.name}_dot_rest", (*let.free, *direction), [part])
        mean = top if rest is None else top + rest.read(*rest.free)
        those = sympy.Add(*(one.body for one in alone))
        self.shifted[let.name] = _Shifted(let, scale * (v - mean), scale * mean, diagonal, those)
        if alone:
            parts = [Contribution(weight * one.body, let.over, let.guard) for one in alone]
            self.tangents[let.name] = self._on_diagonals(let, parts)
        return True

    def _through_log_probability(self, let: Let) -> bool:
        """The tangent of b[k] − l of a logsumexp l as one difference; False where it is no such let."""
        one = (self.log_probabilities or {}).get(let.name)
        if one is None or one.normalizer not in self.shifted:
            return False
        found = self.shifted[one.normalizer]
        part = Contribution(found.at(found.centered, one.places), (), sympy.true)
        diagonal = self._diagonal([part], let.free)
        free = (*let.free, *self._off(diagonal))
        body = _moved(part, diagonal).body
        self.lets.append(Let(self.names.fresh(f"{let.name}_dot"), free, body, span=let.span))
        parts: tuple[_Part, ...] = (_Part(self.lets[-1], let.free, diagonal),)
        if found.alone != 0:
            here = tuple(one.places.get(index, at(index)) for index in found.let.free)
            rest = substitute_positions(found.alone, one.places) - self.at(found.let.name, here)
            addends = [Contribution(each, (), sympy.true) for each in _addends(rest)]
            parts += self._on_diagonals(let, addends)
        self.tangents[let.name] = parts
        return True

    def _is_alone(
        self, tangent: Expression, over: Collection[Index], seen: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a coordinate moves one addend alone: nothing is a mean of several then. A recurrence is
        `seen` once."""
        chosen = {IndexValue(one) for one in self.direction}
        places = {IndexValue(one) for one in over}
        for one in tangent.atoms(sympy.Eq):
            if one.free_symbols & chosen and one.free_symbols & places:
                return True
        for read in tangent.atoms(Read):
            let = next((one for one in self.lets if one.name == read.tensor), None)
            if let is not None and let.name not in seen:
                pairs = zip(let.free, read.positions, strict=True)
                inner = {own for own, place in pairs if place.index in over}
                met = seen | {let.name}
                if inner and any(self._is_alone(one, inner, met) for one in (let.body, let.guard)):
                    return True
        return False


def _addends(expression: Expression) -> tuple[Expression, ...]:
    expanded: tuple[Expression, ...] = sympy.Add.make_args(sympy.expand_mul(expression, deep=False))
    return expanded


def _scale_and_difference(tangent: Expression, let: Let) -> tuple[Expression, Expression]:
    """A tangent of the addends of a reduction as a difference of reads times what they all have, as one over
    a temperature: what is subtracted is then rounded once."""
    if is_difference(tangent):
        return ONE, tangent
    factors = sympy.Mul.make_args(factored(tangent))
    varying = [one for one in factors if indices_of(one) & set(let.over)]
    if len(varying) != 1 or not is_difference(varying[0]):
        return ONE, tangent
    others = sympy.Mul(*(one for one in factors if one is not varying[0]))
    return (others, varying[0]) if indices_of(others) <= set(let.free) else (ONE, tangent)


def _places(diagonal: Diagonal) -> Mapping[Index, Position]:
    return {index: at(own) for index, own in diagonal.items()}


def _moved(part: Contribution, diagonal: Diagonal) -> Contribution:
    """A contribution on a diagonal."""
    body, guard = (substitute_positions(one, _places(diagonal)) for one in (part.body, part.guard))
    return replace(part, body=body, guard=guard)
