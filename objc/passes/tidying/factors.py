"""The factors of what is summed up: those that an index has a part in, and the others."""

from __future__ import annotations

import sympy

from objc.atoms import quotient
from objc.ir.index import Index
from objc.ir.symbols import Expression, indices_of


def parted(body: Expression, index: Index) -> tuple[Expression, Expression]:
    """The factors that an index has a part in, and the others: what a quotient divides by may be one."""
    inner, others = [], []
    for factor in sympy.Mul.make_args(body):
        if isinstance(factor, quotient) and _divides_by_another(factor, index):
            inside, outside = parted(factor.args[0], index)
            inner.append(inside)
            others.append(outside / factor.args[1])
        else:
            (inner if index in indices_of(factor) else others).append(factor)
    return sympy.Mul(*inner), sympy.Mul(*others)


def _divides_by_another(factor: quotient, index: Index) -> bool:
    above, below = factor.args
    return index in indices_of(above) and index not in indices_of(below)
