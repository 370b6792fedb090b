"""Losses of one error and one positive scale, brought to a line: with q = y + s·u, where the formula is a
power of s times a function of u alone, what holds of that function holds for every scale."""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.signs.elementary import plain
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.symbols import Read


def unscaled(subject: Subject, name: str) -> tuple[Any, Any] | None:
    """A positive multiple of a loss as a function of u, and u; None where data or a hyperparameter stay in
    it."""
    scales = [one.read() for one in subject.program.inputs if one.role == "hyperparameter"]
    data = [one for one in subject.program.inputs if one.role == "data"]
    one = subject.program.input[name]
    is_one = len(scales) == len(data) == len(subject.program.lets) == 1 and subject.is_short
    if not is_one or one.dimensions or data[0].dimensions or scales[0].positions:
        return None
    if one.domain.kind != "real" or data[0].domain.kind != "real" or not scales[0].is_positive:
        return None
    u, (scale,) = sympy.Dummy("u", real=True), scales
    there = plain(subject.value).xreplace({one.read(): data[0].read() + scale * u})
    for power in range(3):
        found = _over(compared_to_zero(there, scale), scale**power)
        if found.free_symbols <= {u} and not found.atoms(Read):
            return found, u
    return None


def _over(expression: Any, scale: Any) -> Any:
    """A formula over a scale, each arm of a branch by itself."""
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        return Branch(condition, _over(then, scale), _over(otherwise, scale))
    if isinstance(expression, sympy.Add):
        return sympy.Add(*(_over(one, scale) for one in expression.args))
    found = sympy.sympify(expression) / scale
    return found if not found.atoms(Read) else sympy.expand(found)


def compared_to_zero(formula: Any, scale: Any = 1) -> Any:
    """A formula with each condition on a difference, over a positive scale: what is on both sides goes."""
    mapping = {}
    for one in formula.atoms(sympy.core.relational.Relational):
        difference = sympy.expand((one.lhs - one.rhs) / scale)
        mapping[one] = one.func(difference, 0)
    return formula.xreplace(mapping)
