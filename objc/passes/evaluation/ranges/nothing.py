"""Logarithms of sums over nothing, side by side: −∞ − (−∞) is no number, and the two are alike.

`log(Σ exp a + Σ exp b)` of two sums that a guard leaves nothing of, as of the negatives of a batch in which
all are of one class, is the greater of two logarithms and a function of their difference.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Read
from objc.passes.derivatives.shifts import OF_NOTHING


def differences_of_nothing(program: Program) -> Program:
    """The program in which differences of two greatest numbers are zero where there is neither."""
    guarded = {
        let.name for let in program.lets if let.reduction == "max" and let.guard != sympy.true
    }
    return program.with_lets(_safe(let, guarded) for let in program.lets) if guarded else program


def _safe(let: Let, guarded: set[str]) -> Let:
    if not any(read.tensor in guarded for read in found_in(let.body, Read)):
        return let
    swaps = {}
    for node in sorted(found_in(let.body, sympy.Add), key=spelled):
        pair = _compared(node, guarded)
        if pair is not None:
            # Numbers of float64 may lie there too: alike, they are as far apart as nothing is from nothing.
            neither = sympy.And(sympy.Lt(pair[0], OF_NOTHING), sympy.Eq(*pair))
            swaps[node] = Branch(neither, sympy.Integer(0), node)
    return replace(let, body=let.body.xreplace(swaps)) if swaps else let


def _compared(node: Any, guarded: set[str]) -> tuple[Read, Read] | None:
    """Two greatest numbers of which a sum has the difference."""
    terms = (one.as_coeff_Mul() for one in node.args)
    reads = [
        (times, one) for times, one in terms if isinstance(one, Read) and one.tensor in guarded
    ]
    for (times, one), (others, other) in combinations(reads, 2):
        if times + others == 0:
            return one, other
    return None
