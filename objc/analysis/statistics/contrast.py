"""Contrastive losses of a batch: what they bound.

With pairs (i, i) that belong together among the B · B of a batch, the mean over i of
log Σ_j exp(s_ij) − s_ii, the own pair counted in the sum, has log B less its expectation as a lower bound on
the mutual information of the two (van den Oord, Li and Vinyals 2018). Each of its terms is at least 0, as
the sum is at least its own part, so that it tells of log B at most.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.formulas import body_at
from objc.analysis.signs.elementary import is_zero
from objc.analysis.subject import Subject
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.symbols import Read, reads, substitute_positions


def batch_of(subject: Subject) -> Dimension | None:
    """The dimension B of a mean over i of log Σ_j exp(s_ij) − s_ii, where a loss is one."""
    program = subject.program
    total = program.lets[-1]
    outer = program.let.get(total.body.tensor) if isinstance(total.body, Read) else None
    if outer is None or outer.reduction != "mean" or len(outer.over) != 1 or outer.free:
        return None
    if outer.guard != sympy.true:
        return None
    (own,) = outer.over
    sums = [one for one in reads(outer.body) if _is_sum(program.let.get(one.tensor), one, own)]
    if len(sums) != 1:
        return None
    (read,) = sums
    partition = program.let[read.tensor]
    (other,) = partition.over
    score = substitute_positions(body_at(partition, read), {other: at(own)})
    left = sympy.expand(_by_meaning(program, outer.body - read) + _by_meaning(program, score))
    is_whole = other.dimension == own.dimension and is_zero(left)
    return own.dimension if is_whole and _is_of_both(program, partition, own) else None


def _by_meaning(program: Program, expression: Any) -> Any:
    """A formula with symbols for what it reads of reductions: equal ones for what is computed alike."""
    mapping = {}
    for read in expression.atoms(Read):
        let = program.let.get(read.tensor)
        if let is not None and let.reduction is not None:
            places = dict(zip(let.free, read.positions, strict=True))
            places |= {
                one: Position(Index(f"place {number}", one.dimension))
                for number, one in enumerate(let.over)
            }
            sides = (substitute_positions(side, places) for side in (let.body, let.guard))
            sizes = "".join(f", {one.dimension}" for one in let.over)
            mapping[read] = sympy.Symbol(f"{let.reduction}{sizes}: {'; '.join(map(str, sides))}")
    return expression.xreplace(mapping)


def _is_sum(let: Let | None, read: Read, own: Index) -> bool:
    return (
        let is not None
        and let.reduction == "logsumexp"
        and let.guard == sympy.true
        and len(let.over) == 1
        and read.positions == (at(own),)
    )


def _is_of_both(program: Program, partition: Let, own: Index) -> bool:
    """Whether a score knows both of its pair, and no other of the batch."""
    (free,), (other,) = partition.free, partition.over
    known: set[Any] = set()
    for read in reads(partition.body):
        known |= {one.index for one in read.positions}
    if not {free, other} <= known:
        return False
    waiting, seen = [read.tensor for read in reads(partition.body)], set[str]()
    while waiting:
        let = program.let.get(waiting.pop())
        if let is None or let.name in seen:
            continue
        seen.add(let.name)
        if any(one.dimension == own.dimension for one in let.over):
            return False
        waiting += [read.tensor for read in let.reads]
    return True
