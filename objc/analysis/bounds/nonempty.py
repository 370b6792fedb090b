"""What is taken over something: an extreme or a mean under a guard lies between the ends of its terms where
the text has asked whether the guard holds anywhere."""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.bounds.direct import holds
from objc.analysis.decision import Decision, proved
from objc.analysis.shape.merging import alignments
from objc.analysis.subject import Subject
from objc.analysis.values.interval import Interval
from objc.atoms import Branch
from objc.ir.program import Claim, Let
from objc.ir.symbols import Condition, Read, conjuncts, substitute_positions

_BETWEEN = frozenset({"max", "min", "mean"})


def something_is_there(subject: Subject, claim: Claim) -> Decision | None:
    value = subject.value
    context: dict[Any, Interval] = {}
    for branch in sorted(value.atoms(Branch), key=str):
        condition, then, otherwise = branch.args
        for read in sorted(then.atoms(Read), key=str):
            let = subject.program.let.get(read.tensor)
            if let is None or let.reduction not in _BETWEEN:
                continue
            if any(_asks(subject, one, let) for one in conjuncts(condition)):
                symbol = sympy.Dummy("taken", real=True)
                known = subject.ranges.assuming(let.guard, {})
                context[symbol] = subject.ranges.of(let.body, known)
                there = Branch(condition, then.xreplace({read: symbol}), otherwise)
                value = value.xreplace({branch: there})
    if not context or not holds(subject, claim, value, None, context):
        return None
    return proved("an extreme over something lies between the ends of what it is taken over")


def _asks(subject: Subject, condition: Condition, let: Let) -> bool:
    """Whether a condition says that a guard holds at some point."""
    if not isinstance(condition, sympy.Ne) or condition.rhs != 0:
        return False
    read = condition.lhs
    asked = subject.program.let.get(read.tensor) if isinstance(read, Read) else None
    if asked is None or asked.reduction not in ("any", "count") or asked.guard != sympy.true:
        return False
    if let.free or asked.free or not isinstance(asked.body, Branch):
        return False
    test, then, otherwise = asked.body.args
    if (then, otherwise) != (1, 0):
        return False
    alike = Let(let.name, let.free, let.body, asked.reduction, let.over, let.guard)
    return any(
        substitute_positions(test, renamed) == let.guard for _, renamed in alignments(asked, alike)
    )
