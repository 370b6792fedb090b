"""Branches on `k == label[n]` in a loop over k: what is one thing at a single point and another elsewhere."""

from __future__ import annotations

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let
from objc.ir.spelling import spelled
from objc.ir.symbols import Branch, Expression, IndexValue, Read, indices_of


def reads_in_range(let: Let, index: Index) -> bool:
    """Whether the index only says which entry is read as it stands: `h[t-1]` has no entry at the
    point that its branch kept out."""
    for one in [position for read in let.reads for position in read.positions]:
        moved = one.base == index and one.offset != 0
        if moved or (isinstance(one.base, Read) and index in indices_of(one.base)):
            return False
    return True


def deltas(body: Expression, index: Index) -> dict[Expression, Position]:
    """Equalities of the index with a number, another index or a gather that branches of the body hang
    on."""
    found: dict[Expression, Position] = {}
    for branch in sorted(body.atoms(Branch), key=spelled):
        condition = branch.args[0]
        if not isinstance(condition, sympy.Eq):
            continue
        for left, right in (condition.args, condition.args[::-1]):
            if not isinstance(left, IndexValue) or left.index != index:
                continue
            if right.is_Integer:
                found[condition] = Position(None, int(right))
            elif isinstance(right, IndexValue) and right.index.dimension == index.dimension:
                found[condition] = at(right.index)
            elif isinstance(right, Read) and right.is_integer and index not in indices_of(right):
                found[condition] = Position(right)
    return found


def otherwise(body: Expression, conditions: set[Expression]) -> Expression:
    """The body where none of the conditions holds."""
    while True:
        denied = {b: b.args[2] for b in body.atoms(Branch) if b.args[0] in conditions}
        if not denied:
            return body
        body = body.xreplace(denied)
