"""What a step's text asks of the forms of loops, bodies and texts."""

from __future__ import annotations

from collections.abc import Set

import sympy

from objc.atoms import Branch
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, conjuncts, indices_of, reads
from objc.schedule.loops import Accumulate, Block, Loop, Loops, Product, walk


def shared_guard(loop: Loop | Block, passing: Set[str] = frozenset()) -> set[Condition]:
    """What everything in a loop waits for, and does not change in it: it is asked once, before. Products
    that are `passing` are made for what waits alone."""
    found: set[Condition] | None = None
    inner = {loop.index}
    for item, _ in walk(loop.body if isinstance(loop, Loop) else loop.items):
        if isinstance(item, Loop):
            inner.add(item.index)
        elif isinstance(item, Accumulate):
            parts = set(conjuncts(item.guard)) - {sympy.true}
            found = parts if found is None else found & parts
        elif not isinstance(item, Product) or item.let not in passing:
            return set()
    return {one for one in found or () if not indices_of(one) & inner and _is_in_range(one)}


def _is_in_range(condition: Condition) -> bool:
    """Whether all that a condition reads stands at indices alone: it can be asked before others."""
    return all(one.index is not None for read in reads(condition) for one in read.positions)


def added_again(loops: Loops) -> frozenset[str]:
    """The sums with axes that nothing is done with but to add them to each other, of which often little is
    left: until then they stay as exact as they were summed up."""
    program = loops.program
    lent = {one.of for one in loops.storage.values()}
    found = {
        let.name
        for let in program.lets
        if let.reduction == "sum" and let.free and not let.domain.is_integer
        and loops.storage[let.name].kind in ("stored", "scratch") and let.name not in lent
    }  # fmt: skip
    for let in program.lets:
        if not is_sum_of(let, found):
            found -= {read.tensor for read in let.reads}
    return frozenset(found)


def is_sum_of(let: Let, sums: Set[str]) -> bool:
    """Whether a let adds entries of several of these to each other and to what is not of them."""
    if let.reduction is not None or not isinstance(let.body, sympy.Add):
        return False
    direct = [one for one in let.body.args if getattr(one, "tensor", "") in sums]
    others = (one for one in let.body.args if one not in direct)
    return len(direct) > 1 and not any(read.tensor in sums for one in others for read in reads(one))


def is_count(body: Expression) -> bool:
    """Whether a branch chooses between whole numbers."""
    return isinstance(body, Branch) and all(one.is_Integer for one in body.args[1:])


def factor(text: str) -> str:
    """Text that may stand beside an operator."""
    return text if text.isidentifier() or text.isdigit() else f"({text})"
