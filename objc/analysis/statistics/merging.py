"""Several sums over one axis as one: Σ q·log(q/y) − Σ q + Σ y is Σ (q·log(q/y) − q + y).

A condition that an entry is above 0 is left away where the term comes to 0 with it, as x·log x does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_smooth_formula, plain
from objc.analysis.signs.far import limit_at
from objc.analysis.subject import Subject
from objc.ir.index import at
from objc.ir.program import Let, Program, Term
from objc.ir.symbols import Read, reads, substitute_positions

_MOST = 4


def merged(subject: Subject) -> Subject:
    """A loss of several sums with their sum in their place; the same, where that can't be done."""
    if "merged" not in subject.known:
        program = _merged(subject.program) if subject.is_short else None
        subject.known["merged"] = None if program is None else Subject(program, subject.effort)
    found: Subject | None = subject.known["merged"]
    return subject if found is None else found


def _merged(program: Program) -> Program | None:
    *lets, last = program.lets
    if not 2 <= len(lets) <= _MOST or not all(map(_is_plain_sum, lets)):
        return None
    (index,) = lets[0].over
    total = sympy.Dummy("s", real=True)
    if any(let.over[0].dimension != index.dimension for let in lets):
        return None
    if any(read.tensor in program.let for let in lets for read in let.reads):
        return None
    marks = {let.read(): sympy.Dummy(let.name, real=True) for let in lets}
    value = last.body.xreplace(marks)
    if not all(is_smooth_formula(value, mark) for mark in marks.values()):
        return None
    slopes = [sympy.diff(value, mark) for mark in marks.values()]
    first = slopes[0]
    shares = [sympy.simplify(one / first) if first != 0 else None for one in slopes]
    if any(one is None or one.free_symbols & set(marks.values()) for one in shares):
        return None
    if not all(_is_bare(program, one) for one in shares):
        return None
    # A function of one weighted sum alone: the others may be put into the first.
    leading, *rest = marks.values()
    around = value.xreplace({leading: total, **dict.fromkeys(rest, sympy.Integer(0))})
    whole = sympy.Add(*(w * m for m, w in zip(marks.values(), shares, strict=True)))
    if sympy.simplify(around.xreplace({total: whole}) - value) != 0:
        return None
    bodies = [substitute_positions(let.body, {let.over[0]: at(index)}) for let in lets]
    guards = [substitute_positions(let.guard, {let.over[0]: at(index)}) for let in lets]
    guard = _common(bodies, guards)
    if guard is None:
        return None
    body = sympy.Add(*(w * one for w, one in zip(shares, bodies, strict=True)))
    joined = replace(lets[0], over=(index,), body=body, guard=guard)
    final = replace(last, body=around.xreplace({total: joined.read()}))
    return replace(
        program,
        lets=(joined, final),
        outputs={"per_example": final.name},
        terms=(Term("value", final.name),),
        kind="loss",
        claims=(),
    )


def _is_plain_sum(let: Let) -> bool:
    return let.reduction == "sum" and len(let.over) == 1 and not let.free


def _is_bare(program: Program, expression: Any) -> bool:
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    return all(one.tensor in known for one in reads(expression))


def _common(bodies: list[Any], guards: list[Any]) -> Any:
    """The one guard of all terms, those that leave out only zeros left away."""
    if len(set(guards)) == 1:
        return guards[0]
    left = {
        sympy.true if _leaves_out_zeros(body, guard) else guard
        for body, guard in zip(bodies, guards, strict=True)
    }
    return left.pop() if len(left) == 1 else None


def _leaves_out_zeros(body: Any, guard: Any) -> bool:
    if guard == sympy.true:
        return True
    if not isinstance(guard, sympy.StrictGreaterThan) or guard.rhs != 0:
        return False
    if not isinstance(guard.lhs, Read):
        return False
    symbols = {one: sympy.Dummy("x", positive=True) for one in reads(body)}
    edge = symbols.get(guard.lhs)
    if edge is None:
        return False
    return bool(limit_at(plain(body).xreplace(symbols), edge, 0) == 0)
