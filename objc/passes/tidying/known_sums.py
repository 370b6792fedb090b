"""Sums over several indices of which the sum over one is known, but for factors that it does not run over.

The slope of a softmax that weighs values is, of one query, `sum[e, j] d[e] * weight[j] * v[j, e]`, and
`sum[j] weight[j] * v[j, e]` is what was weighed: so the sum takes E products instead of E·M. The slope of
a column's scale, `sum[i, n] d[i, j] / s[i] / s[j] * x[n, i] * y[n, j] / s[j]`, has the slope of the column
in it, `sum[i] d[i, j] * x[n, i] / (s[i] * s[j])`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Branch,
    Condition,
    Expression,
    Read,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)
from objc.passes.tidying.factors import parted
from objc.passes.tidying.nested_sums import slices_of, split

_MOST_FREE = 4
"""Indices beyond which the orders of a sum's are too many to be tried."""


def read_known_sums(program: Program) -> Program:
    """The program whose sums of products read the sums that are known, and products of matrices that are in
    them."""
    inside = members(program)
    names = Names.of(program)
    slices = () if inside else slices_of(program)
    known: list[Let] = []
    within: list[Let] = []
    lets: list[Let] = []
    for let in program.lets:
        if let.name not in inside and let.reduction == "sum" and not let.domain.is_integer:
            while len(let.over) > 1 and (shorter := _shorter(let, known)) is not None:
                let = shorter
            alone = len(let.over) == 1 and let.guard == sympy.true
            if alone and (whole := _shorter(let, within)) is not None:
                lets.append(replace(whole, reduction=None))
                continue
            if (found := split(let, program, names, slices)) is not None:
                product, let = found
                lets.append(product)
                known.append(product)
                within.append(product)
            known.append(let)
        lets.append(let)
    return program.with_lets(lets)


def _shorter(let: Let, known: Sequence[Let]) -> Let | None:
    """The sum over one index less, if what it is of without that is a known sum's product with others. Of
    several it is the one that is made where the let is."""
    found = [
        (read.positions[: len(let.free)] != tuple(map(at, let.free)), shorter)
        for index in let.over
        for read, shorter in _without(let, index, known)
    ]
    return min(found, key=lambda one: one[0])[1] if found else None


def _without(let: Let, index: Index, known: Sequence[Let]) -> Iterator[tuple[Read, Let]]:
    """The sums over one index less that a known sum is read in, with what they read."""
    within = [part for part in conjuncts(let.guard) if index in indices_of(part)]
    inner, others = parted(let.body, index)
    if within and not all(position.index for position in _positions(others)):
        return  # a place that the guard keeps within its axis
    guard = sympy.And(*(part for part in conjuncts(let.guard) if part not in within))
    over = tuple(one for one in let.over if one != index)
    for sum_ in _of_one_index(known, index):
        found = _as_read(sum_, index, inner, sympy.And(*within))
        if found is None:
            continue
        read, divisor = found
        body = others / divisor * read
        if within:  # of nothing it is zero, whatever it is multiplied by
            body = Branch(sympy.Eq(read, 0), sympy.Integer(0), body)
        yield read, replace(let, body=body, over=over, guard=guard)


def _positions(factor: Expression) -> Iterator[Position]:
    for read in reads(factor):
        yield from read.positions


def _of_one_index(known: Sequence[Let], index: Index) -> Iterator[Let]:
    for let in known:
        if [one.dimension for one in let.over] == [index.dimension]:
            yield let


def _as_read(
    known: Let, index: Index, body: Expression, guard: Condition
) -> tuple[Read, Expression] | None:
    """The read that is `sum[index | guard] body` times a factor that is not zero, if the known sum is that at
    some place; and the factor."""
    free = sorted((indices_of(body) | indices_of(guard)) - {index}, key=str)
    inner, outer = parted(known.body, known.over[0])
    if len(free) != len(known.free) or len(free) > _MOST_FREE or not _divides(outer):
        return None
    tensors = [
        {read.tensor for read in (*reads(one), *reads(where))}
        for one, where in ((inner, known.guard), (body, guard))
    ]
    if tensors[0] != tensors[1]:
        return None
    for order in permutations(free):
        if [one.dimension for one in order] != [one.dimension for one in known.free]:
            continue
        moves = dict(zip(known.indices, map(at, (*order, index)), strict=True))
        if (
            substitute_positions(inner, moves) == body
            and substitute_positions(known.guard, moves) == guard
        ):
            return known.read(*order), substitute_positions(outer, moves)
    return None


def _divides(factor: Expression) -> bool:
    """Whether a factor can be divided by: it is a number, or one over what a sum is divided by."""
    return all(
        one.is_positive or one.is_number or (one.is_Pow and one.args[1].is_negative)
        for one in sympy.Mul.make_args(factor)
    )
