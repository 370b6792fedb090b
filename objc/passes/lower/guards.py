"""Guards that nothing can satisfy."""

from __future__ import annotations

import sympy

from objc.ir.symbols import Condition, Expression, conjuncts


def never_holds(guard: Condition) -> bool:
    """Whether a conjunction bounds one expression from both sides with numbers that leave nothing
    between them: `i > 5 and i < 3`."""
    least: dict[Expression, Expression] = {}
    most: dict[Expression, Expression] = {}
    for part in conjuncts(guard):
        if not isinstance(part, sympy.Rel) or isinstance(part, sympy.Ne):
            continue
        for left, right, is_lower in _bounds(part):
            if left.is_integer and part.rel_op in ("<", ">"):
                right = sympy.floor(right) + 1 if is_lower else sympy.ceiling(right) - 1
            kept, choose = (least, sympy.Max) if is_lower else (most, sympy.Min)
            kept[left] = choose(kept.get(left, right), right)
    return any(bool(least[one] > most[one]) for one in least.keys() & most.keys())


def _bounds(part: Condition) -> list[tuple[Expression, Expression, bool]]:
    """(what is bounded, the number, whether from below) of a relation."""
    left, right = part.args
    if left.is_Rational and not right.is_number:
        left, right, part = right, left, part.reversed
    if not right.is_Rational or left.is_number:
        return []
    if isinstance(part, sympy.Eq):
        return [(left, right, True), (left, right, False)]
    return [(left, right, isinstance(part, sympy.Gt | sympy.Ge))]
