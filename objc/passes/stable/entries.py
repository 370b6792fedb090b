"""Entries of softmaxes: an exponent that is `b[k] − l` with `l = logsumexp[k] b[k]`, and its place k."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions


def normalizers_of(program: Program) -> dict[str, Let]:
    """The logsumexps of a program, by name."""
    return {let.name: let for let in program.lets if let.reduction == "logsumexp"}


def log_entry(normalizer: Let, total: Read, *places: Position) -> Expression:
    """The logarithm of the entry at some places of the softmax that a logsumexp is the total of."""
    return substitute_positions(normalizer.body, _moves(normalizer, total, *places)) - total


def entries_of_softmaxes(
    u: Expression, normalizers: Mapping[str, Let]
) -> Iterator[tuple[Read, Position]]:
    """(l, y) where u is the entry at y, a place of data, a number or any, of what l is the total of."""
    reads = sorted(u.atoms(Read), key=spelled)
    for total in (read for read in reads if read.tensor in normalizers):
        normalizer = normalizers[total.tensor]
        if len(normalizer.over) != 1 or normalizer.over[0] in indices_of(normalizer.guard):
            continue
        for place in places_of_entries(normalizer, reads):
            if place not in total.positions and _is_same(log_entry(normalizer, total, place), u):
                yield total, place


def places_of_entries(normalizer: Let, reads: Iterable[Read]) -> list[Position]:
    """What stands, in some reads, where the index of a logsumexp does in its exponents."""
    axes = {
        (one.tensor, axis)
        for one in normalizer.body.atoms(Read)
        for axis, place in enumerate(one.positions)
        if place.index == normalizer.over[0] and place.offset == 0
    }
    places = {
        place: None
        for one in reads
        for axis, place in enumerate(one.positions)
        if (one.tensor, axis) in axes
    }
    return list(places)


def totals_over(exponent: Any, reduction: Let, normalizers: Mapping[str, Let]) -> Iterator[Read]:
    """The logsumexps of which an exponent is the entry at the indices of a reduction over all entries."""
    for total in sorted(exponent.atoms(Read), key=spelled):
        normalizer = normalizers.get(total.tensor)
        if normalizer is None or not are_alike(normalizer, reduction):
            continue
        places = [*map(at, reduction.over)]
        moves = _moves(normalizer, total, *places)
        if substitute_positions(normalizer.guard, moves) != reduction.guard:
            continue
        if _is_same(log_entry(normalizer, total, *places), exponent):
            yield total


def are_alike(first: Let, second: Let) -> bool:
    """Whether two reductions run over the same dimensions."""
    of_first, of_second = ([index.dimension for index in one.over] for one in (first, second))
    return of_first == of_second


def _moves(normalizer: Let, total: Read, *places: Position) -> dict[Index, Position]:
    own = dict(zip(normalizer.free, total.positions, strict=True))
    return {**own, **dict(zip(normalizer.over, places, strict=True))}


def _is_same(first: Any, second: Any) -> bool:
    return bool(first == second or sympy.expand(first - second) == 0)
