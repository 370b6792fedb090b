"""Asymptotic series, a/x + b/x³ + …, by Horner's rule: one division for all, and no power overflows."""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.evaluation.nodes import change_nodes

_LEAST_POWERS = 4


def powers_of_one_reciprocal(program: Program) -> Program:
    """The program with series in the reciprocal of anything in nested form."""
    return change_nodes(program, _by_horner)


def _by_horner(node: Any) -> Expression | None:
    series: dict[Any, dict[Any, Any]] = {}
    for addend in node.args:
        number, rest = addend.as_coeff_Mul()
        base, exponent = rest.as_base_exp()
        if number.is_Rational and exponent.is_Integer and exponent.is_negative:
            series.setdefault(base, {})[addend] = number, -exponent
    for x in sorted(series, key=spelled):
        if len(series[x]) < _LEAST_POWERS:
            continue
        u = sympy.Dummy()
        polynomial = sympy.Add(*(number * u**power for number, power in series[x].values()))
        rest = [one for one in node.args if one not in series[x]]
        return sympy.Add(*rest, sympy.horner(polynomial, wrt=u).xreplace({u: 1 / x}))
    return None
