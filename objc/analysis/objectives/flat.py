"""Moves of the parameters that leave an objective as it is: directions in which nothing is learned.

Shifts of a tensor, and of its entries along one axis by numbers that stand for the others; scalings that
cancel between tensors; units of a hidden layer that may be exchanged. What a penalty on the parameters
breaks is told with its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.analysis.shape.invariance import Effect, Moves, Unclear
from objc.analysis.subject import Subject
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import IndexValue, Read, indices_of, substitute_positions

_MOST_TENSORS = 5
_ORDERS = frozenset({"argmax", "argmin", "argsort"})


@dataclass(frozen=True)
class Flat:
    """A move that changes nothing; where `broken_by` names terms, nothing but those."""

    names: tuple[str, ...]
    kind: str
    move: str
    broken_by: tuple[str, ...] = ()


def flat_moves(subject: Subject) -> list[Flat]:
    """What leaves an objective unchanged, or all of it but penalties on the parameters; of moves that
    others make together, none."""
    if "flat" not in subject.known:
        subject.known["flat"] = _flat_moves(subject)
    found: list[Flat] = subject.known["flat"]
    return found


def _flat_moves(subject: Subject) -> list[Flat]:
    declared = subject.declared
    penalties = tuple(one.name for one in declared.terms if one.over_parameters)
    fitted = tuple(one for one in declared.terms if not one.over_parameters)
    bare = None
    if penalties and fitted:
        bare = Subject(replace(declared, terms=fitted, outputs={}, kind="objective")).program
    found: list[Flat] = []
    for names, kind, text, effects in _candidates(declared.differentiable):
        if _is_made_of(names, kind, found):
            continue
        if _is_unmoved(subject.program, effects):
            found.append(Flat(names, kind, text))
        elif bare is not None and _is_unmoved(bare, effects):
            found.append(Flat(names, kind, text, penalties))
    for dimension in _exchangeable(subject.program):
        names = tuple(one.name for one in declared.differentiable if dimension in one.dimensions)
        found.append(
            Flat(names, "permutation", f"exchanging the {dimension} units of {_and(names)}")
        )
    return found


def _is_made_of(names: Sequence[str], kind: str, found: Sequence[Flat]) -> bool:
    """Whether moves of the same kind that were found already make a move of these tensors."""
    done = {one.names for one in found if one.kind == kind}
    return tuple(names) in done or any(set(one) < set(names) for one in done)


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


Move = tuple[tuple[str, ...], str, str, Mapping[str, Any]]


def _candidates(learned: Sequence[Input]) -> Iterator[Move]:
    real = [one for one in learned if one.domain.kind == "real"]
    for one in real:
        if len(one.dimensions) > 1:
            for axis, dimension in enumerate(one.dimensions):
                others = [str(d) for number, d in enumerate(one.dimensions) if number != axis]
                text = (
                    f"adding to all entries of {one.name} along {dimension} a number for each"
                    f" {' and '.join(others)}"
                )
                yield (one.name,), "shift", text, {one.name: Along(axis)}
        yield (one.name,), "shift", _shift_text(one), {one.name: Effect(added=_real("c"))}
    for first, second in itertools.combinations(real, 2):
        for sign in (1, -1):
            c = _real("c")
            effects = {first.name: Effect(added=c), second.name: Effect(added=sign * c)}
            done = "adding it to" if sign > 0 else "taking it from"
            text = f"adding one number to {first.name} and {done} {second.name}"
            yield (first.name, second.name), "shift", text, effects
    yield from _scalings([one for one in learned if one.domain.kind in ("real", "positive")])


def _scalings(learned: Sequence[Input]) -> Iterator[Move]:
    for size in range(1, min(3, len(learned)) + 1 if len(learned) <= _MOST_TENSORS else 2):
        for chosen in itertools.combinations(learned, size):
            for signs in itertools.product((1, -1), repeat=size - 1):
                c, powers = sympy.Dummy("c", positive=True), (1, *signs)
                effects = {
                    one.name: Effect(factor=c**power)
                    for one, power in zip(chosen, powers, strict=True)
                }
                up = [one.name for one, power in zip(chosen, powers, strict=True) if power > 0]
                down = [one.name for one, power in zip(chosen, powers, strict=True) if power < 0]
                text = f"multiplying {_and(up)} by one positive number"
                text += f" and dividing {_and(down)} by it" if down else ""
                yield tuple(one.name for one in chosen), "scale", text, effects


def _shift_text(one: Input) -> str:
    return f"adding one number to {'all of ' if one.dimensions else ''}{one.name}"


def _real(name: str) -> Any:
    return sympy.Dummy(name, real=True)


def _is_unmoved(program: Program, effects: Mapping[str, Any]) -> bool:
    try:
        moves = _AxisMoves(program, effects)
    except Unclear:
        return False
    return moves.effects[program.lets[-1].name].is_none


# ------------------------------------------------------------------ shifts along an axis


@dataclass(frozen=True)
class Along:
    """To every entry along an axis a number is added that the places on the other axes choose."""

    axis: int
    is_none: bool = False

    def on(self, read: Any) -> Any:
        others = [one for number, one in enumerate(read.positions) if number != self.axis]
        return read + Read("the number added", others, {"real": True})


class _AxisMoves(Moves):
    """Moves under which a sum may gain what none of its free indices reaches: one number for all of its
    entries, and the same one for every sum that gains it."""

    def __init__(self, program: Program, effects: Mapping[str, Any]) -> None:
        self._gains: dict[Any, Effect] = {}
        super().__init__(program, effects)

    def _of_let(self, let: Let) -> Effect:
        try:
            return super()._of_let(let)
        except Unclear:
            if let.reduction not in (None, "sum"):
                raise
        self._condition(let.guard)
        gained = sympy.expand(self.of(let.body) - let.body)
        if gained.has(sympy.nan, sympy.zoo) or not _is_free_of(gained, let):
            raise Unclear
        places = {
            one: Position(Index(f"place {number}", one.dimension))
            for number, one in enumerate(let.over)
        }
        key = tuple(substitute_positions(side, places) for side in (gained, let.guard))
        return self._gains.setdefault((*key, len(places)), Effect(added=_real("gained")))


def _is_free_of(gained: Any, let: Let) -> bool:
    return not (indices_of(gained) | indices_of(let.guard)) & set(let.free)


# ------------------------------------------------------------------ hidden units


def _exchangeable(program: Program) -> Iterator[Dimension]:
    """Dimensions that only learned tensors have, and along which no place is told from another."""
    learned = [one for one in program.inputs if one.is_differentiable]
    given = {d for one in program.inputs if not one.is_differentiable for d in one.dimensions}
    for dimension in dict.fromkeys(d for one in learned for d in one.dimensions):
        names = [one.name for one in learned if dimension in one.dimensions]
        is_hidden = dimension.size is None and dimension.count is None and dimension not in given
        if is_hidden and len(names) > 1 and _is_even(program, dimension):
            yield dimension


def _is_even(program: Program, dimension: Dimension) -> bool:
    """Whether the entries along a dimension are all treated alike, by reductions without an order."""
    if any(one.domain.dimension == dimension for one in program.inputs):
        return False
    axes = {one.name: one.dimensions for one in program.inputs}
    axes |= {let.name: let.dimensions for let in program.lets}
    for let in program.lets:
        if let.reduction in _ORDERS and any(one.dimension == dimension for one in let.indices):
            return False
        for side in (let.body, let.guard):
            if any(one.index.dimension == dimension for one in side.atoms(IndexValue)):
                return False
        for read in let.reads:
            pairs = zip(read.positions, axes[read.tensor], strict=False)
            if any(axis == dimension and not _is_index(place) for place, axis in pairs):
                return False
            if any(_reaches(place, dimension) for place in read.positions):
                return False
    return True


def _is_index(place: Position) -> bool:
    return place.index is not None


def _reaches(place: Position, dimension: Dimension) -> bool:
    """Whether a place is an index of a dimension that reads another axis, or the dimension's end."""
    return place.base == dimension
