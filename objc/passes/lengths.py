"""The slope of a length that is nowhere zero, √(n² + c²) with n a norm, is smooth where n is zero.

By the chain rule it is `n/h · x/n`, which has no value at x = 0, and the branch that gives it one hides
from the next derivative that it is `x/h` on both sides of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from objc.atoms import Branch, hypot, quotient
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Read


def slopes_of_lengths(program: Program) -> Program:
    """The program with `R·x/h` for `(R·n/h)·(x/n if n ≠ 0, else 0)`, where h > 0 is a hypot of n."""
    names = Names.of(program)
    lets: list[Let] = []
    made: dict[tuple[str, Read], Let] = {}
    for let in program.lets:
        swaps: dict[Expression, Expression] = {}
        for product in let.body.atoms(sympy.Mul):
            found = _slope(product, program.let)
            if found is None:
                continue
            adjoint, norm, whole, entry = found
            key = (adjoint.tensor, norm)
            if key not in made:
                own = program.let[adjoint.tensor]
                name = names.fresh(f"{own.name}_of_length")
                made[key] = Let(name, own.free, whole, span=own.span)
                lets.append(made[key])
            rest = [one for one in product.args if one is not adjoint and not _is_unit(one, norm)]
            swaps[product] = sympy.Mul(*rest, made[key].read(*adjoint.positions), entry)
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _slope(
    product: Expression, lets: Mapping[str, Let]
) -> tuple[Read, Read, Expression, Expression] | None:
    """(d, n, d/n, x) of a product with a let d and the unit x/n, where d/n is known without dividing."""
    for unit in product.args:
        norm, entry = _unit(unit)
        if norm is None:
            continue
        for adjoint in product.args:
            own = lets.get(adjoint.tensor) if isinstance(adjoint, Read) else None
            if (
                own is None
                or own.reduction is not None
                or adjoint.positions != own.read(*own.free).positions
            ):
                continue
            whole = _over(own.body, norm)
            if whole is not None:
                return adjoint, norm, whole, entry
    return None


def _unit(node: Expression) -> tuple[Read | None, Expression]:
    """(n, x) of `x/n if n ≠ 0, else 0`."""
    if isinstance(node, Branch) and node.args[2] == 0 and isinstance(node.args[1], quotient):
        entry, norm = node.args[1].args
        if isinstance(norm, Read) and node.args[0] == sympy.Ne(norm, 0):
            return norm, entry
    return None, node


def _is_unit(node: Expression, norm: Read) -> bool:
    return _unit(node)[0] == norm


def _over(body: Expression, norm: Read) -> Expression | None:
    """body/n, where every addend has a factor n/h."""
    if isinstance(body, sympy.Add):
        addends = [_over(addend, norm) for addend in body.args]
        return None if None in addends else sympy.Add(*addends)
    if isinstance(body, quotient) and isinstance(body.args[1], hypot):
        share = body.args[0] / norm
        return share / body.args[1] if body.args[1].is_positive and not share.has(norm) else None
    if isinstance(body, sympy.Mul):
        for factor in body.args:
            less = _over(factor, norm)
            if less is not None:
                return sympy.Mul(less, *(one for one in body.args if one is not factor))
    return None
