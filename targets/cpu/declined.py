"""What the CPU target can't do, told before any text is written."""

from __future__ import annotations

import sympy
from objc.targets.cpu.mathematics import SPELLINGS

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.program import Program
from objc.ir.reductions import REDUCTIONS
from objc.ir.spelling import spelled


def reason(program: Program) -> str | None:
    """Why a program can't be emitted, or None."""
    for let in program.lets:
        if let.reduction is not None and not REDUCTIONS[let.reduction].primitive:
            return f"the reduction `{let.reduction}` has not been expanded"
        for function in sorted(let.body.atoms(sympy.Function), key=spelled):
            if isinstance(function, Branch):
                continue
            if isinstance(function, sympy.polygamma):
                if function.args[0] not in (0, 1, 2):
                    return f"the polygamma function of order {function.args[0]}"
                continue
            atom = BY_FUNCTION.get(function.func)
            if atom is None or atom.name not in SPELLINGS:
                return f"the function `{function.func.__name__}`"
    return None
