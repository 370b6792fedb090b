"""What a target between 0 and 1 takes away, where derivatives have multiplied it out: x − x·t is x·(1 − t).

At t = 1 nothing is left of it, but between both may stand what is lost beside x.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read


def together_with_complements(expression: Any, program: Program) -> Any:
    """The expression with such pairs as one product each."""
    if not getattr(expression, "args", ()) or isinstance(expression, Read):
        return expression
    arguments = [together_with_complements(one, program) for one in expression.args]
    if arguments != list(expression.args):
        expression = expression.func(*arguments)
    return _together(expression, program) if isinstance(expression, sympy.Add) else expression


def _together(total: Any, program: Program) -> Expression:
    left = list(total.args)
    found = []
    for addend in total.args:
        for share in sympy.Mul.make_args(addend):
            if not _is_share(share, program):
                continue
            whole = -addend / share
            if whole.is_number or whole not in left:
                continue
            left.remove(whole)
            left.remove(addend)
            found.append(whole * (1 - share))
            break
    return sympy.Add(*left, *found) if found else total


def _is_share(factor: Any, program: Program) -> bool:
    """Whether a factor is an entry between 0 and 1 that is given."""
    given = program.input.get(getattr(factor, "tensor", ""))
    return given is not None and given.domain.bounds == (0, 1)
