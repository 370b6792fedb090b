"""Matrix products among the lets of a loop: which there are, and the loop in blocks around them.

A sum of products of two matrices costs a processor a tenth of its time as a product of blocks than
entry by entry. So the rows of a loop are taken in blocks: a product for the rows of a block, the loops
over its rows in between, and the products that its adjoints are part of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Index
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Read, indices_of
from objc.schedule.order import Plan


@dataclass(frozen=True)
class Factors:
    """The factors of a matrix product: that of its rows, that of its columns; what is summed."""

    left: Read
    right: Read
    over: Index


def with_products(program: Program) -> Program:
    """What a matrix product is multiplied by becomes a let of its own: c[i, j]·Σ_d a[i, d]·b[j, d]
    where the sum had it in every term."""
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        parts = _constant_factor(let)
        inner = None if parts is None else replace(let, body=parts[1], domain=REAL)
        if parts is None or inner is None or not _is_product(inner, program):
            lets.append(let)
            continue
        inner = replace(inner, name=names.fresh(f"product_{let.name}"))
        body = parts[0] * inner.read(*let.free)
        lets += [inner, replace(let, body=body, reduction=None, over=(), guard=sympy.true)]
    return program if len(lets) == len(program.lets) else program.with_lets(lets)


def factor_lets(program: Program) -> list[str]:
    """The lets that are factors of products: each has an array of a block."""
    found: dict[str, None] = {}
    for let in program.lets:
        if _is_product(let, program):
            names = [read.tensor for read in _pair(let, program) or ()]
            found.update((name, None) for name in names if name in program.let)
    return list(found)


def _constant_factor(let: Let) -> tuple[Expression, Expression] | None:
    """What of a sum's terms does not change along it, and the rest."""
    if not _is_plain_sum(let) or not isinstance(let.body, sympy.Mul):
        return None
    changing = [one for one in let.body.args if let.over[0] in indices_of(one)]
    constant = [one for one in let.body.args if let.over[0] not in indices_of(one)]
    if not constant or len(changing) != 2:
        return None
    return sympy.Mul(*constant), sympy.Mul(*changing)


def factors(plan: Plan, program: Program) -> Factors | None:
    """The factors of a let that is a matrix product in blocks of its first loop, else None."""
    let = plan.let
    if plan.together or plan.scattered or not _is_product(let, program):
        return None
    pair = _pair(let, program)
    over, rows = let.over[0], plan.path[0]
    if pair is None or rows not in (over, let.free[0]):
        return None
    left, right = pair if let.free[0] in _indices(pair[0]) else pair[::-1]
    return Factors(left, right, over)


def _is_product(let: Let, program: Program) -> bool:
    """Whether a let is the product of two matrices."""
    pair = _pair(let, program) if _is_plain_sum(let) else None
    if pair is None:
        return False
    one, other = (set(_indices(read)) for read in pair)
    return one & other == set(let.over) and one | other == set(let.indices)


def _is_plain_sum(let: Let) -> bool:
    return (
        let.reduction == "sum"
        and let.guard == sympy.true
        and len(let.over) == 1
        and len(let.free) == 2
        and not let.domain.is_integer
    )


def _pair(let: Let, program: Program) -> tuple[Read, Read] | None:
    """The two matrices whose entries are multiplied, each read at two indices as they stand."""
    if not (isinstance(let.body, sympy.Mul) and len(let.body.args) == 2):
        return None
    one, other = let.body.args
    for read in (one, other):
        if not isinstance(read, Read) or program.tensor(read.tensor).domain.is_integer:
            return None
        if len(set(_indices(read))) != 2:
            return None
    return one, other


def _indices(read: Read) -> Sequence[Index]:
    """The indices that a read has, none if one of its positions is something else."""
    found = [position.index for position in read.positions]
    return [] if None in found or len(found) != 2 else [one for one in found if one is not None]
