"""What is never positive as it is written: an entry less the greatest of all, or less a size."""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.symbols import Read, substitute_positions


def is_never_positive(expression: Any, program: Program) -> bool:
    """Whether an expression is −c·|x|, or c·(x − m) with m the greatest of what x is one of, or less."""
    number, rest = expression.as_coeff_Mul()
    if isinstance(rest, sympy.Abs):
        return bool(number.is_negative)
    if isinstance(expression, sympy.Mul):
        others = [one for one in expression.args if not one.is_positive]
        return len(others) == 1 and is_never_positive(others[0], program)
    if not isinstance(expression, sympy.Add):
        return False
    greatest, rest = [], []
    for term in expression.args:
        number, read = term.as_coeff_Mul()
        let = program.let.get(getattr(read, "tensor", "")) if number.is_negative else None
        if let is not None and let.reduction == "max" and let.guard == sympy.true and number == -1:
            greatest.append((let, read))
        elif let is None or let.domain.kind not in ("nonnegative", "positive"):
            rest.append(term)
    if not greatest:
        return len(rest) == 1 and is_never_positive(rest[0], program)
    return len(greatest) == 1 and _is_among(sympy.Add(*rest), *greatest[0])


def _is_among(entry: Any, greatest: Let, read: Read) -> bool:
    """Whether an entry is the body of a maximum at some place that the maximum is taken over."""
    free: dict[Index, Position] = dict(zip(greatest.free, read.positions, strict=True))
    over = set(greatest.over)
    for one in greatest.body.atoms(Read):
        if over <= {position.index for position in one.positions}:
            for other in entry.atoms(Read):
                if other.tensor == one.tensor:
                    pairs = zip(one.positions, other.positions, strict=True)
                    places = free | {old.index: new for old, new in pairs if old.index in over}
                    if substitute_positions(greatest.body, places) == entry:
                        return True
    return False
