"""Sums over several indices of which the sum over one is known.

The slope of a softmax that weighs values is, of one query, `sum[e, j] d[e] * weight[j] * v[j, e]`, and
`sum[j] weight[j] * v[j, e]` is what was weighed: so the sum takes E products instead of E·M.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Branch,
    Condition,
    Expression,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)

_MOST_FREE = 4
"""Indices beyond which the orders of a sum's are too many to be tried."""


def read_known_sums(program: Program) -> Program:
    """The program whose sums of products read the sums that are known."""
    inside = members(program)
    known: list[Let] = []
    lets: list[Let] = []
    for let in program.lets:
        if let.name not in inside and let.reduction == "sum" and not let.domain.is_integer:
            while len(let.over) > 1 and (shorter := _shorter(let, known)) is not None:
                let = shorter
            known.append(let)
        lets.append(let)
    return program.with_lets(lets)


def _shorter(let: Let, known: Sequence[Let]) -> Let | None:
    """The sum over one index less, if what it is of without that is a known sum's product with others."""
    for index in let.over:
        within = [part for part in conjuncts(let.guard) if index in indices_of(part)]
        factors = sympy.Mul.make_args(let.body)
        inner = [one for one in factors if index in indices_of(one)]
        others = [one for one in factors if one not in inner]
        if within and not all(position.index for one in others for position in _positions(one)):
            continue  # a place that the guard keeps within its axis
        for sum_ in _of_one_index(known, index):
            read = _as_read(sum_, index, sympy.Mul(*inner), sympy.And(*within))
            if read is None:
                continue
            guard = sympy.And(*(part for part in conjuncts(let.guard) if part not in within))
            body = sympy.Mul(*others, read)
            if within:  # of nothing it is zero, whatever it is multiplied by
                body = Branch(sympy.Eq(read, 0), sympy.Integer(0), body)
            return replace(
                let, body=body, over=tuple(one for one in let.over if one != index), guard=guard
            )
    return None


def _positions(factor: Expression) -> Iterator[Position]:
    for read in reads(factor):
        yield from read.positions


def _of_one_index(known: Sequence[Let], index: Index) -> Iterator[Let]:
    for let in known:
        if [one.dimension for one in let.over] == [index.dimension]:
            yield let


def _as_read(known: Let, index: Index, body: Expression, guard: Condition) -> Expression | None:
    """The read that is `sum[index | guard] body`, if the known sum is that at some place."""
    free = sorted((indices_of(body) | indices_of(guard)) - {index}, key=str)
    if len(free) != len(known.free) or len(free) > _MOST_FREE:
        return None
    if {read.tensor for read in known.reads} != {
        read.tensor for read in (*reads(body), *reads(guard))
    }:
        return None
    for order in permutations(free):
        if [one.dimension for one in order] != [one.dimension for one in known.free]:
            continue
        moves = dict(zip(known.indices, map(at, (*order, index)), strict=True))
        if (
            substitute_positions(known.body, moves) == body
            and substitute_positions(known.guard, moves) == guard
        ):
            return known.read(*order)
    return None
