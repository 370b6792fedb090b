"""What many are multiplied with, as scores with the reciprocal of a temperature, after the greatest of them
is subtracted and not before.

`exp(s[j]/t − max s/t)` is no number where s/t leaves the range, and has the rounding of two quotients that
nearly agree. As max c·s = c·max s for a positive c, it is `exp((s[j] − max s)/t)`: the difference is exact
where it counts, and the reciprocal is not taken of every score three times over. So is t·max s/t the greatest
score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.order import rounding_factor
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import ONE

Scales = dict[str, tuple[Let, Expression]]
"""By name, lets that are to be multiplied where they are read, and what with."""


def scale_last(program: Program) -> Program:
    """The program with such factors of extremes where these are read."""
    kept = {*program.outputs.values(), *(term.let for term in program.terms)}
    scales: Scales = {}
    for let in program.lets:
        if let.reduction in ("max", "min") and let.name not in kept:
            scale = _common_scale(let.body)
            if scale != 1 and not indices_of(scale) & set(let.over):
                scales[let.name] = replace(let, body=_divided(let.body, scale)), scale
    if not scales:
        return program
    inside = members(program)
    lets = []
    for let in program.lets:
        let, scale = scales.get(let.name, (let, ONE))
        body, guard = (_Gathering(scales).of(one) for one in (let.body, let.guard))
        let = (
            let if (body, guard) == (let.body, let.guard) else replace(let, body=body, guard=guard)
        )
        if let.reduction is None and scales and let.name not in kept | inside:
            let = _with_scale(let, scales)
        lets.append(let)
    return program.with_lets(lets)


def _with_scale(let: Let, scales: Scales) -> Let:
    """A difference of extremes that have one scale, to be multiplied where it is read too."""
    body, scale = let.body, _common_scale(let.body)
    rest = body / scale
    if scale == 1 or not isinstance(rest, sympy.Add):
        return let
    if not all(getattr(one.as_coeff_Mul()[1], "tensor", "") in scales for one in rest.args):
        return let
    scales[let.name] = replace(let, body=rest), scale
    return scales[let.name][0]


class _Gathering:
    """Puts what is read in place of what was, and one scale for all that have it beside an extreme."""

    def __init__(self, scales: Scales) -> None:
        self.scales = scales

    def of(self, node: Any) -> Any:
        """The same value."""
        if isinstance(node, Read):
            return self._scale_of(node) * node
        if not getattr(node, "args", ()) or not any(
            read.tensor in self.scales for read in node.atoms(Read)
        ):
            return node
        if isinstance(node, sympy.Eq | sympy.Ne):
            return self._compared(node)
        if isinstance(node, sympy.Add):
            return self._sum(node)
        arguments = [self.of(one) for one in node.args]
        if isinstance(node, sympy.Mul):
            return _multiplied(arguments)
        return node.func(*arguments)

    def _scale_of(self, read: Read) -> Expression:
        if read.tensor not in self.scales:
            return ONE
        let, scale = self.scales[read.tensor]
        return substitute_positions(scale, dict(zip(let.free, read.positions, strict=True)))

    def _compared(self, node: Any) -> Any:
        """c·x = c·m where x = m."""
        sides = [self.of(one) for one in node.args]
        scales = [self._scale_of(one) for one in node.args if isinstance(one, Read)]
        scale = next((one for one in scales if one != 1), ONE)
        if all(_has(_common_scale(one), scale) for one in sides):
            sides = [_divided(one, scale) for one in sides]
        return node.func(*sides)

    def _sum(self, node: Any) -> Any:
        addends = [self.of(one) for one in node.args]
        reads = [one.as_coeff_Mul()[1] for one in node.args]
        for scale in dict.fromkeys(self._scale_of(one) for one in reads if isinstance(one, Read)):
            if scale == 1:
                continue
            having = [one for one in addends if _has(_common_scale(one), scale)]
            rest = [one for one in addends if one not in having]
            together = sympy.Add(*(_divided(one, scale) for one in having))
            addends = [*rest, scale * together]
        return sympy.Add(*addends)


def _multiplied(factors: list[Any]) -> Expression:
    """A product; of t·(m/t + r), where t is the scale, every addend by itself."""
    for number, factor in enumerate(factors):
        others = sympy.Mul(*factors[:number], *factors[number + 1 :])
        if isinstance(factor, sympy.Add):
            powers = others.as_powers_dict()
            scales = (_common_scale(one).as_powers_dict() for one in factor.args)
            if any(powers.get(base) == -n for one in scales for base, n in one.items()):
                return sympy.Add(*(others * one for one in factor.args))
    return sympy.Mul(*factors)


def _common_scale(body: Any) -> Expression:
    """The positive factors that all addends have: what is no number, and a number that rounds."""
    first, *others = (
        Counter(
            [*_rounding(addend), *(one for one in sympy.Mul.make_args(addend) if _is_scale(one))]
        )
        for addend in sympy.Add.make_args(body)
    )
    for one in others:
        first &= one
    return sympy.Mul(*first.elements())


def _is_scale(factor: Any) -> bool:
    return bool(factor.is_positive and not factor.is_number and not factor.is_integer)


def _rounding(addend: Any) -> Iterator[Expression]:
    """The number that what is computed is multiplied by, where that rounds."""
    factor = rounding_factor(addend)
    if factor != 1:
        yield factor


def _has(scale: Any, part: Any) -> bool:
    """Whether all factors of a part are among those of a scale."""
    return not Counter(sympy.Mul.make_args(part)) - Counter((*sympy.Mul.make_args(scale), ONE))


def _divided(body: Any, scale: Expression) -> Expression:
    return sympy.Add(*(one / scale for one in sympy.Add.make_args(body)))
