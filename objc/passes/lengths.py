"""The slope of a length that is nowhere zero, √(n² + c²) with n a norm, is smooth where n is zero.

By the chain rule it is `n/h · x/n`, which has no value at x = 0, and the branch that gives it one hides
from the next derivative that it is `x/h` on both sides of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy

from objc.atoms import Branch, hypot, quotient
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Read


def slopes_of_lengths(program: Program) -> Program:
    """The program with `R·x/h` for `(R·n/h)·(x/n if n ≠ 0, else 0)`, where h > 0 is a hypot of n."""
    names = Names.of(program)
    lets: list[Let] = []
    made: dict[tuple[str, Expression], Let] = {}
    for let in program.lets:
        swaps: dict[Expression, Expression] = {}
        for product in let.body.atoms(sympy.Mul):
            found = _slope(product, program.let)
            if found is None:
                continue
            adjoint, unit, parts = found
            slopes = []
            for factor, share, length in parts:
                key = adjoint.tensor, length
                if key not in made:
                    own = program.let[adjoint.tensor]
                    name = names.fresh(f"{own.name}_of_length")
                    made[key] = Let(name, own.free, factor, span=own.span)
                    lets.append(made[key])
                entry = _unit(unit)[1] * share
                slopes.append(made[key].read(*adjoint.positions) * quotient(entry, length))
            rest = [one for one in product.args if one not in (adjoint, unit)]
            swaps[product] = sympy.Mul(*rest, sympy.Add(*slopes))
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


Part = tuple[Expression, Expression, Expression]
"""(R, k, h) of an addend `R·(k·n)/h`."""


def _slope(
    product: Expression, lets: Mapping[str, Let]
) -> tuple[Read, Expression, Sequence[Part]] | None:
    """A let d, the unit x/n that it is multiplied with, and what d is made of."""
    for unit in product.args:
        norm, _ = _unit(unit)
        if norm is None:
            continue
        for adjoint in product.args:
            own = lets.get(adjoint.tensor) if isinstance(adjoint, Read) else None
            if own is None or own.reduction is not None or adjoint != own.read(*own.free):
                continue
            parts = _parts(own.body, norm)
            if parts and len({length for _, _, length in parts}) == len(parts):
                return adjoint, unit, parts
    return None


def _unit(node: Expression) -> tuple[Read | None, Expression]:
    """(n, x) of `x/n if n ≠ 0, else 0`."""
    if isinstance(node, Branch) and node.args[2] == 0 and isinstance(node.args[1], quotient):
        entry, norm = node.args[1].args
        if isinstance(norm, Read) and node.args[0] == sympy.Ne(norm, 0):
            return norm, entry
    return None, node


def _parts(body: Expression, norm: Read) -> Sequence[Part]:
    """The addends of a body, of which every one has a factor n/h; none where one has not."""
    if isinstance(body, sympy.Add):
        addends = [_parts(addend, norm) for addend in body.args]
        return [part for parts in addends for part in parts] if all(addends) else ()
    if isinstance(body, quotient) and isinstance(body.args[1], hypot):
        share, length = body.args[0] / norm, body.args[1]
        return (
            [(sympy.Integer(1), share, length)]
            if length.is_positive and not share.has(norm)
            else ()
        )
    for factor in body.args if isinstance(body, sympy.Mul) else ():
        parts = _parts(factor, norm)
        if parts:
            others = sympy.Mul(*(one for one in body.args if one is not factor))
            return [(others * own, share, length) for own, share, length in parts]
    return ()
