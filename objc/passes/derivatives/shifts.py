"""Tangents of a logsumexp, taken from where the largest term is.

The tangent is the mean of the addends' tangents under the softmax, `m = Σ p[k]·v[k]`, and what reads
it wants `p[k]·(v[k] − m)`. Where one p is nearly one its v and m agree but for a rounding, and all that
the others contribute is lost. Counted from the place of the largest p,
`m = v[a] + Σ p[k]·(v[k] − v[a])`: at `a` the difference is then the small sum and nothing else, and
elsewhere p is at most one half.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, position_value, substitute_positions

OF_NOTHING = -(sympy.Integer(2) ** 127)
"""The maximum of no points is below it in every type, and what SymPy holds for real may be compared."""


@dataclass(frozen=True)
class LogProbability:
    """A let `u[k] := b[k] − l`: which logsumexp l is, and where b and l stand."""

    let: Let
    normalizer: str
    places: Mapping[Index, Position]


@dataclass
class Shifts:
    """Makes the lets of the places; new ones go to `lets` in order of definition."""

    names: Names
    lets: list[Let]

    def terms_of(
        self, let: Let, tangent: Expression, direction: tuple[Index, ...] = ()
    ) -> tuple[Read, Expression] | None:
        """For a logsumexp whose addends have the tangent v, along each coordinate of `direction`: v itself
        as a let, that it be the same number wherever it is subtracted, and v[a], the largest among ties.
        Any number would be right there, only less exact, and 0 stands where no point is found: there are
        none, or a later pass rounds the addends otherwise than their maximum. None where v doesn't vary
        along the reduction, so that nothing cancels."""
        if not set(let.over) & indices_of(tangent):
            return None
        name = self.names.fresh(f"{let.name}_dot_of")
        each = Let(name, (*let.indices, *direction), tangent, span=let.span)
        v = each.read(*each.free)
        largest = replace(let, name=self.names.fresh(f"max_{let.name}"), reduction="max")
        here = sympy.And(let.guard, sympy.Eq(let.body, largest.read(*let.free)))
        top = replace(
            let,
            name=self.names.fresh(f"{let.name}_dot_top"),
            free=(*let.free, *direction),
            reduction="max",
            body=v,
            guard=here,
            domain=REAL,
        )
        self.lets += [each, largest, top]
        value = top.read(*top.free)
        return v, Branch(sympy.Lt(value, OF_NOTHING), sympy.Integer(0), value)


def name_log_probabilities(
    program: Program, moving: Container[str], wanted: Container[str] | None = None
) -> tuple[Program, Mapping[str, LogProbability]]:
    """A let `u[k] := b[k] − l` wherever a body has the difference of a logsumexp's addend and the
    logsumexp, of those that are `wanted`: its tangent is then one difference, which nothing multiplies
    out. Logarithms of weights, which stand before the exponential, are not in it if nothing that is `moving`
    is in them: they have no tangent."""
    inside = members(program)
    normalizers = {
        let.name: let
        for let in program.lets
        if let.reduction == "logsumexp" and let.name not in inside and _is_plain(let)
        if wanted is None or let.name in wanted
    }
    if not normalizers:
        return program, {}
    names = Names.of(program)
    made: dict[Expression, LogProbability] = {}
    lets: list[Let] = []
    for let in program.lets:
        body = let.body
        for node in sorted(body.atoms(sympy.Add), key=spelled):
            found = None
            if let.name not in inside:
                found = _log_probability(node, let, normalizers, moving)
            if found is None:
                continue
            difference, normalizer, places = found
            if difference not in made:
                free = tuple(index for index in let.indices if index in indices_of(difference))
                named = Let(names.fresh("log_probability"), free, difference, span=let.span)
                made[difference] = LogProbability(named, normalizer, places)
                lets.append(named)
            name = made[difference].let
            read = name.read(*name.free)
            for sign in (1, -1):
                rest = _less(node, sign * difference)
                if rest is not None:
                    body = body.xreplace({node: rest + sign * read})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets), {one.let.name: one for one in made.values()}


def without_names(program: Program, named: Mapping[str, LogProbability]) -> Program:
    """The program with what these lets stand for in their place."""
    lets = []
    for let in program.lets:
        mapping = {}
        for read in let.body.atoms(Read) | let.guard.atoms(Read):
            if read.tensor in named:
                one = named[read.tensor].let
                places = dict(zip(one.free, read.positions, strict=True))
                mapping[read] = substitute_positions(one.body, places)
        if let.name not in named:
            body, guard = let.body.xreplace(mapping), let.guard.xreplace(mapping)
            lets.append(replace(let, body=body, guard=guard))
    return program.with_lets(lets)


def _is_plain(let: Let) -> bool:
    """Whether the addends may be read at every point: there is no guard, or nothing that one guards, as the
    place of a label is the same at every point."""
    positions = (position for read in let.body.atoms(Read) for position in read.positions)
    over = set(let.over)
    return let.guard == sympy.true or all(
        one.index is not None or not over & indices_of(position_value(one)) for one in positions
    )


def _log_probability(
    node: Any, reader: Let, normalizers: Mapping[str, Let], moving: Container[str]
) -> tuple[Expression, str, Mapping[Index, Position]] | None:
    """b[k] − l where it, or its negative, is part of a sum, with the logsumexp and the places."""
    for addend in node.args:
        sign, read = addend.as_coeff_Mul()
        if sign not in (1, -1) or not isinstance(read, Read) or read.tensor not in normalizers:
            continue
        let = normalizers[read.tensor]
        for mapping in _places(let, read, reader, node):
            here = substitute_positions(let.body, mapping)
            chosen = {mapping[one].index for one in let.over} - {None}
            if not chosen <= indices_of(here):  # s[i] − s[i]: no addend of these places is left
                continue
            for body in (here, _without_weights(here, moving)):
                if _less(node, sign * (read - body)) is not None:
                    return body - read, let.name, mapping
    return None


def _without_weights(body: Expression, moving: Container[str]) -> Expression:
    """A sum without the logarithms of what does not move."""
    return sympy.Add(
        *(
            one
            for one in sympy.Add.make_args(body)
            if not isinstance(one.as_coeff_Mul()[1], sympy.log)
            or any(read.tensor in moving for read in one.atoms(Read))
        )
    )


def _places(let: Let, read: Read, reader: Let, node: Any) -> Iterator[dict[Index, Position]]:
    """Where the addends of a logsumexp may stand in a reader: at any of its indices, and where the one of a
    label does."""
    outer = dict(zip(let.free, read.positions, strict=True))
    positions = {place for one in node.atoms(Read) for place in one.positions}
    labels = sorted((one for one in positions if isinstance(one.base, Read)), key=str)
    choices = [
        [*(at(one) for one in reader.indices if one.dimension == index.dimension), *labels]
        for index in let.over
    ]
    for chosen in itertools.product(*choices):
        yield {**outer, **dict(zip(let.over, chosen, strict=True))}


def _less(node: Any, part: Any) -> Expression | None:
    """A sum without these addends, if all of them are there."""
    rest = list(node.args)
    for one in sympy.Add.make_args(part):
        if one not in rest:
            return None
        rest.remove(one)
    return sympy.Add(*rest)


__all__ = ["LogProbability", "Shifts", "name_log_probabilities", "without_names"]
