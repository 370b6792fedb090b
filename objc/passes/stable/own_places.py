"""A score that is one of a matrix of scores is read there: `dot(q[i], k[i])` beside a logsumexp
of `dot(q[i], k[j])`, and a squared distance beside those of all.

Made again, by another loop, it has another rounding: of the score of the right answer less the logsumexp of
all of them nothing would be left where the answer is confident, in value and gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.stable.differences import is_difference
from objc.passes.tidying.share import same_sums

Places = Mapping[Index, Position]
"""Where the indices of a let stand."""


def read_own_places(program: Program) -> Program:
    """The program without scores that are an entry of others, of which a softmax is taken."""
    kept = {*program.outputs.values(), *(term.let for term in program.terms)} | members(program)
    sums = [let for let in program.lets if _is_score(let) and let.name not in kept]
    found: dict[str, tuple[Let, Let, Places]] = {}
    for whole in sums if len(sums) > 1 else ():
        compared = _compared(whole, program)
        for part in sums if compared else ():
            if len(part.free) < len(whole.free) and part.name not in found:
                places = _places(whole, part, compared)
                if places is not None:
                    found[part.name] = part, whole, places
    if not found:
        return program
    lets = [_reading(let, found) for let in _in_order(program, found)]
    return same_sums(program.with_lets(lets))  # one length of a vector, as in a cosine


def _is_score(let: Let) -> bool:
    """Whether a let is a sum of products of two entries, or of squares of their difference."""
    if let.reduction != "sum" or len(let.over) != 1 or let.guard != sympy.true:
        return False
    if isinstance(let.body, sympy.Pow) and let.body.exp == 2:
        return is_difference(let.body.base) and len(let.body.base.args) == 2
    factors = sympy.Mul.make_args(let.body)
    return len(factors) == 2 and all(isinstance(one, Read) for one in factors)


def _compared(whole: Let, program: Program) -> set[int]:
    """The axes of a let along which exponentials of it are added up."""
    found = set()
    for let in program.lets:
        added = let.reduction == "logsumexp" or (let.reduction == "sum" and let.body.has(sympy.exp))
        for read in found_in(let.body, Read) if added else ():
            if read.tensor == whole.name:
                found |= {n for n, one in enumerate(read.positions) if one.index in let.over}
    return found


def _places(whole: Let, part: Let, compared: set[int]) -> Places | None:
    """Where a let is an entry of another, off its own place along one axis, of which there are softmaxes."""
    own = substitute_positions(part.body, {part.over[0]: at(whole.over[0])})
    if part.over[0].dimension != whole.over[0].dimension:
        return None
    for places in _ways(list(found_in(whole.body, Read)), list(found_in(own, Read)), whole):
        if set(places) != set(whole.free) or not _are_same(
            substitute_positions(whole.body, places), own
        ):
            continue
        if any(_are_own(places, [*whole.free[:n], *whole.free[n + 1 :]]) for n in compared):
            return places
    return None


def _are_same(one: Any, other: Any) -> bool:
    """Whether two products, or squares of differences, are the same."""
    squares = isinstance(one, sympy.Pow) and isinstance(other, sympy.Pow)
    return bool(one == other or (squares and one.base + other.base == 0))


def _are_own(places: Places, indices: list[Index]) -> bool:
    """Whether each of these indices stands at one of a let's own."""
    own = [places[one].index for one in indices]
    return None not in own and len(set(own)) == len(own)


def _ways(wholes: list[Read], parts: list[Read], whole: Let) -> Iterator[dict[Index, Position]]:
    """The ways in which reads may be those of a let at a place."""
    if not wholes:
        yield {}
        return
    for part in parts:
        own = _bound(wholes[0], part, whole)
        if own is None:
            continue
        for rest in _ways(wholes[1:], [one for one in parts if one != part], whole):
            if all(rest.get(index, place) == place for index, place in own.items()):
                yield {**rest, **own}


def _bound(read: Read, part: Read, whole: Let) -> dict[Index, Position] | None:
    if read.tensor != part.tensor:
        return None
    pairs = zip(read.positions, part.positions, strict=True)
    return {one.index: place for one, place in pairs if one.index in whole.free}


def _in_order(program: Program, found: Mapping[str, tuple[Let, Let, Places]]) -> Iterator[Let]:
    """The lets, with those that others are entries of before the first of these."""
    wholes = {whole.name: whole for _, whole, _ in found.values()}
    done: set[str] = set()
    for let in program.lets:
        if let.name in found:
            whole = wholes[found[let.name][1].name]
            if whole.name not in done and all(
                one in done or one in program.input for one in _needed(whole)
            ):
                done.add(whole.name)
                yield whole
        if let.name not in done:
            done.add(let.name)
            yield let


def _needed(let: Let) -> set[str]:
    return {read.tensor for read in let.reads}


def _reading(let: Let, found: Mapping[str, tuple[Let, Let, Places]]) -> Let:
    swaps: dict[Expression, Expression] = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        if read.tensor in found:
            part, whole, places = found[read.tensor]
            there = dict(zip(part.free, read.positions, strict=True))
            entry = whole.read(*whole.free)
            swaps[read] = substitute_positions(substitute_positions(entry, places), there)
    if not swaps:
        return let
    return replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
