"""What a kernel in float32 holds in float64: sums of which often little is left, and exponents."""

from __future__ import annotations

from collections.abc import Set

import sympy

from objc.atoms import Branch
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read, reads
from objc.schedule.loops import Loops, Ordered, step_items, walk

_EXPONENTIALS = ("ties", "others", "weighed", "exponentials")
"""What runs along an order, and takes the exponential of its values less the largest."""


def in_float64(loops: Loops) -> frozenset[str]:
    """The tensors with axes that a kernel of any type holds in float64."""
    lent = {one.of for one in loops.storage.values()}
    own = {
        name
        for name, one in loops.storage.items()
        if one.kind in ("stored", "scratch", "local") and name not in lent
    }
    return _added_again(loops, own) | _exponents(loops, own)


def adds_to(e: Expression, names: Set[str]) -> bool:
    """Whether an expression is an entry of one of these tensors, a multiple of it, or a sum with it."""
    return bool(names) and any(
        isinstance(factor, Read) and factor.tensor in names
        for addend in sympy.Add.make_args(e)
        for factor in sympy.Mul.make_args(addend)
    )


def _added_again(loops: Loops, own: Set[str]) -> frozenset[str]:
    """The sums with axes that nothing is done with but to add them to each other, of which often little is
    left: until then they stay as exact as they were summed up."""
    program = loops.program
    found = {
        let.name
        for let in program.lets
        if let.reduction == "sum" and let.free and not let.domain.is_integer
        and loops.storage[let.name].kind != "local" and let.name in own
    }  # fmt: skip
    for let in program.lets:
        if not _is_sum_of(let, found):
            found -= {read.tensor for read in let.reads}
    return frozenset(found)


def _is_sum_of(let: Let, sums: Set[str]) -> bool:
    """Whether a let adds entries of several of these to each other and to what is not of them."""
    if let.reduction is not None or not isinstance(let.body, sympy.Add):
        return False
    direct = [one for one in let.body.args if getattr(one, "tensor", "") in sums]
    others = (one for one in let.body.args if one not in direct)
    return len(direct) > 1 and not any(read.tensor in sums for one in others for read in reads(one))


def _exponents(loops: Loops, own: Set[str]) -> frozenset[str]:
    """The exponents of sums of exponentials along orders, and the largest of them: their rounding would be
    that of scores, of which the exponential takes a difference that may be far smaller."""
    program = loops.program
    items = (item for step in loops.steps for item, _ in walk(step_items(step)))
    ordered = [
        (one.let, one.ordering.kind, one.ordering.value.tensor)
        for one in items
        if isinstance(one, Ordered) and one.ordering.value is not None
    ]
    rows = {value for _, kind, value in ordered if kind in _EXPONENTIALS}
    found = {let for let, kind, value in ordered if kind == "max" and value in rows}
    waiting = list(rows)
    while waiting:
        name = waiting.pop()
        let = program.let.get(name)
        if name not in found and let is not None and let.reduction is None and let.free:
            found.add(name)
            waiting += _addends(let.body, program)
    return frozenset(found & own)


def _addends(body: Expression, program: Program) -> list[str]:
    """The lets that a body takes over as they are, or adds to something, and that are such themselves."""
    if isinstance(body, Branch):
        return [name for side in body.args[1:] for name in _addends(side, program)]
    if isinstance(body, sympy.Add | sympy.Mul):
        return [name for part in body.args for name in _addends(part, program)]
    if not isinstance(body, Read) or body.tensor not in program.let:
        return []
    inner = program.let[body.tensor].body
    return [body.tensor] if isinstance(inner, Branch | Read | sympy.Add | sympy.Mul) else []
