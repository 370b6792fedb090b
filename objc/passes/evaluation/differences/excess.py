"""What an exponential is beyond its tangent, exp(u) − 1 − u, where several are added, or u is an exponential.

So it is in asymmetric losses by two shapes, or by the logarithm of one (LINEX: Varian 1975; Zellner 1986).
One alone, of an entry or a product of entries, is expanded at zero with what is beside it (`cancellation`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.divergences.relative_entropies import EXCESS_NEAR, series_of_excess
from objc.passes.evaluation.nodes import Making
from objc.passes.rewrites.forms import is_short
from objc.passes.stable.differences import is_difference, written_out

_MOST_TERMS = 8


def beyond_tangents(program: Program) -> Program:
    """The program with sums of such as sums of what is never negative."""
    return _Making(program).changed()


class _Making(Making):
    """Gives every u that is a product a name: its square is taken of the product, which stays in range."""

    def change(self, node: Any, reader: Let) -> Expression | None:
        return _changed(node, self.program, lambda u: self._named(u, reader))

    def _named(self, u: Any, reader: Let) -> Expression:
        if isinstance(u, Read):
            return u
        free = tuple(index for index in reader.indices if index in indices_of(u))
        let = Let(self.names.fresh("product"), free, u, domain=REAL, span=reader.span)
        self.lets.append(let)
        return let.read(*free)


def _changed(node: Any, program: Program, named: Callable[[Any], Expression]) -> Expression | None:
    powers = {
        one
        for addend in node.args
        for one in sympy.Mul.make_args(addend)
        if isinstance(one, (sympy.exp, expm1))
    }
    if not powers or len(node.args) > _MOST_TERMS or not is_short(node):
        return None
    inside = {read for one in powers for read in found_in(one, Read)}
    names = {
        read: opened
        for read in found_in(node, Read) - inside
        if is_difference(opened := written_out(read, program))
    }
    addends = list(sympy.Add.make_args(sympy.expand_mul(node.xreplace(names))))
    parts_of_sum: list[tuple[Expression, Expression, bool]] = []
    for addend in tuple(addends):
        found = _exponential(addend)
        if addend not in addends or found is None:
            continue
        weight, power = found
        (u,) = power.args
        less = sympy.Add.make_args(sympy.expand_mul(-weight * u))
        constants = [-weight] if isinstance(power, sympy.exp) else []
        total = sympy.Add(*(one for one in addends if one.is_number))
        is_counted = all(one in addends or (one.is_number and one * total > 0) for one in constants)
        if not is_counted:
            continue
        is_tangent = set(less) <= set(addends)
        if not is_tangent and not constants:
            continue
        used = [
            addend,
            *(less if is_tangent else ()),
            *(one for one in constants if one in addends),
        ]
        addends = [one for one in addends if one not in used]
        if constants and -weight not in used:  # a part of a number
            addends = [one for one in addends if not one.is_number]
            addends += [total + weight] if total + weight != 0 else []
        parts_of_sum.append((weight, u, is_tangent))
    is_other = len(parts_of_sum) > 1 or any(one.args[0].has(sympy.exp) for one in powers)
    if not is_other or not (names or any(is_tangent for *_, is_tangent in parts_of_sum)):
        return None
    parts = (
        weight * (_beyond(named(u)) if is_tangent else expm1(u))
        for weight, u, is_tangent in parts_of_sum
    )
    return sympy.Add(*addends, *parts) if parts_of_sum else None


def _exponential(addend: Any) -> tuple[Expression, Any] | None:
    """(c, f) of an addend c·f with an exponential f, of no other entry than stands in c."""
    powers = [one for one in sympy.Mul.make_args(addend) if isinstance(one, expm1)]
    if not powers:
        powers = [one for one in sympy.Mul.make_args(addend) if isinstance(one, sympy.exp)]
    if len(powers) != 1:
        return None
    return addend / powers[0], powers[0]


def _beyond(u: Any) -> Expression:
    """exp(u) − 1 − u."""
    near = sympy.Lt(sympy.Abs(u), EXCESS_NEAR)
    return Branch(near, u**2 * series_of_excess(-u), expm1(u) - u)
