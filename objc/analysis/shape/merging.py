"""Programs in which nothing is said twice: lets that are the same up to names are one, and a sum of sums is
one sum over both indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.formulas import placed, reached
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.symbols import Extent, Read, substitute_positions

_MOST_INDICES = 3


def merged(program: Program) -> Program:
    """The program with each let kept once. It has no recurrence."""
    kept: list[Let] = []
    twins: dict[str, tuple[Let, tuple[int, ...]]] = {}
    for let in program.lets:
        here = _fused(_redirected(let, twins), {one.name: one for one in kept})
        found = _twin(here, kept) if let is not program.lets[-1] else None
        if found is None:
            kept.append(here)
        else:
            twins[let.name] = found
    return program.with_lets(reached(program, kept))


def _redirected(let: Let, twins: Mapping[str, tuple[Let, tuple[int, ...]]]) -> Let:
    mapping = {}
    for read in let.reads:
        if read.tensor in twins:
            other, order = twins[read.tensor]
            mapping[read] = other.read(*(read.positions[place] for place in order))
    return replace(let, body=let.body.xreplace(mapping), guard=let.guard.xreplace(mapping))


def _twin(let: Let, kept: list[Let]) -> tuple[Let, tuple[int, ...]] | None:
    for other in kept:
        for order, renamed in alignments(let, other):
            body = substitute_positions(let.body, renamed)
            guard = substitute_positions(let.guard, renamed)
            if guard == other.guard and body == other.body:
                return other, order
    return None


def alignments(let: Let, other: Let) -> Iterator[tuple[tuple[int, ...], dict[Index, Position]]]:
    """The ways in which the indices of a let may be those of another."""
    sizes = len(let.free), len(let.over)
    if let.reduction != other.reduction or sizes != (len(other.free), len(other.over)):
        return
    if max(sizes) > _MOST_INDICES:
        return
    for order in itertools.permutations(range(sizes[0])):
        for inner in itertools.permutations(let.over):
            mine = (*(let.free[place] for place in order), *inner)
            theirs = (*other.free, *other.over)
            if all(a.dimension == b.dimension for a, b in zip(mine, theirs, strict=True)):
                yield order, {a: at(b) for a, b in zip(mine, theirs, strict=True)}


def _fused(let: Let, known: Mapping[str, Let]) -> Let:
    """A sum or mean of sums or means, as one sum."""
    read: Any = let.body
    is_sum = let.reduction in ("sum", "mean") and let.guard == sympy.true
    inner = known.get(read.tensor) if is_sum and isinstance(read, Read) else None
    if inner is None or inner.reduction not in ("sum", "mean") or inner.guard != sympy.true:
        return let
    is_apart = not {*let.free, *let.over} & set(inner.over)
    if not is_apart or read.positions != tuple(at(one) for one in (*let.free, *let.over)):
        return let
    share = _share(let) * _share(inner)
    return replace(
        let, reduction="sum", over=(*let.over, *inner.over), body=placed(inner, read, {}) * share
    )


def _share(let: Let) -> Any:
    """What each term of a mean is divided by; the mean's extent is that of all it runs over."""
    if let.reduction != "mean":
        return sympy.Integer(1)
    return 1 / sympy.Mul(*(Extent(one.dimension) for one in let.over))
