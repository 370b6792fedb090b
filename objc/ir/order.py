"""The order in which the addends of a sum are computed.

`logsumexp` is expanded to two lets, the maximum m and the small rest r. Where both stand in a sum
with the data, `(z - m) - r` is accurate although `z - (m + r)` is not: first what cancels exactly,
then what is small. Ordering by definition does this: numbers, inputs, lets as they were defined.
"""

from __future__ import annotations

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read


def ordered_addends(expression: Expression, program: Program) -> list[Expression]:
    """The addends of a sum (one of anything else) in the order of evaluation."""
    position = {let.name: number for number, let in enumerate(program.lets, start=1)}

    def rank(addend: Expression) -> tuple[int, int, str]:
        latest = max(
            (position.get(read.tensor, 0) for read in addend.atoms(Read)),
            default=-1,
        )
        return latest, _leading_sign(addend), str(addend)

    return sorted(sympy.Add.make_args(expression), key=rank)


def _leading_sign(addend: Expression) -> int:
    """Positive addends before negative ones of the same rank: `a - b`, not `-b + a`."""
    return 1 if addend.could_extract_minus_sign() else 0
