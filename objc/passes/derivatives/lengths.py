"""The slope of a smooth function of a length is smooth where the length is zero.

By the chain rule the slope of s(n), for the norm n of x, is `s'(n) · x/n`, which has no value at x = 0, and
the branch that gives it one hides from the next derivative what it is around zero. So for √(n² + c²) it is
taken as `x/h` at once, and for every s' that vanishes with n, as tanh does in the slope of log cosh n, as x
times `s'(n)/n`, which is s''(0) at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy

from objc.atoms import Branch, hypot, quotient
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read


def slopes_of_lengths(program: Program) -> Program:
    """The program with `R·x·(f(n)/n)` for `R·f(n)·(x/n if n ≠ 0, else 0)`, where f vanishes with n."""
    names, inside = Names.of(program), members(program)
    outside = {let.name: let for let in program.lets if let.name not in inside}
    lets: list[Let] = []
    made: dict[tuple[str, Expression], Let] = {}
    for let in program.lets:
        swaps: dict[Expression, Expression] = {}
        products = let.body.atoms(sympy.Mul) if let.name in outside else ()
        for product in sorted(products, key=spelled):
            found = _slope(product, outside)
            if found is None:
                continue
            adjoint, unit, parts = found
            _, entry, where = _unit(unit)
            slopes = []
            for factor, share in parts:
                key = adjoint.tensor, factor
                if key not in made:
                    own = outside[adjoint.tensor]
                    name = names.fresh(f"{own.name}_of_length")
                    made[key] = Let(name, own.free, factor, span=own.span)
                    lets.append(made[key])
                slopes.append(made[key].read(*adjoint.positions) * _times(share, entry))
            rest = [one for one in product.args if one not in (adjoint, unit)]
            slope = sympy.Mul(*rest, sympy.Add(*slopes))
            swaps[product] = (
                slope if where == sympy.true else Branch(where, slope, sympy.Integer(0))
            )
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


Part = tuple[Expression, Expression]
"""(R, f(n)/n) of an addend `R·f(n)`."""


def _times(share: Expression, entry: Expression) -> Expression:
    """x·(k/h) as (x·k)/h: 1/h may leave the range. Of two lengths that are both zero the slope is 0."""
    if isinstance(share, Branch) and share.args[2] == 0:
        return Branch(share.args[0], _times(share.args[1], entry), share.args[2])
    if isinstance(share, quotient):
        return quotient(entry * share.args[0], share.args[1])
    return entry * share


def _slope(
    product: Expression, lets: Mapping[str, Let]
) -> tuple[Read, Expression, Sequence[Part]] | None:
    """A let d, the unit x/n that it is multiplied with, and what d is made of."""
    for unit in product.args:
        norm, *_ = _unit(unit)
        if norm is None:
            continue
        for adjoint in product.args:
            own = lets.get(adjoint.tensor) if isinstance(adjoint, Read) else None
            if own is None or own.reduction is not None or adjoint != own.read(*own.free):
                continue
            parts = _parts(own.body, norm)
            if parts:
                return adjoint, unit, parts
    return None


def _unit(node: Expression) -> tuple[Read | None, Expression, Expression]:
    """(n, x, c) of `x/n if n ≠ 0 and c, else 0`."""
    if isinstance(node, Branch) and node.args[2] == 0 and isinstance(node.args[1], quotient):
        entry, norm = node.args[1].args
        conditions = sympy.And.make_args(node.args[0])
        if isinstance(norm, Read) and sympy.Ne(norm, 0) in conditions:
            others = (one for one in conditions if one != sympy.Ne(norm, 0))
            return norm, entry, sympy.And(*others)
    return None, node, sympy.true


def _parts(
    body: Expression, norm: Read, nonzero: frozenset[Expression] = frozenset()
) -> Sequence[Part]:
    """The addends of a body, of which every one has a factor that vanishes with n; none where one has
    not. `nonzero` holds what branches around have found not to be zero."""
    if isinstance(body, sympy.Add):
        addends = [_parts(addend, norm, nonzero) for addend in body.args]
        return [part for parts in addends for part in parts] if all(addends) else ()
    if isinstance(body, Branch) and body.args[2] == 0 and isinstance(body.args[0], sympy.Ne):
        where, slope, zero = body.args
        inside = _parts(slope, norm, nonzero | {where.lhs}) if where.rhs == 0 else ()
        return [(Branch(where, own, zero), Branch(where, share, zero)) for own, share in inside]
    share = _over_norm(body, norm, nonzero)
    if share is not None:
        return [(sympy.Integer(1), share)]
    for factor in body.args if isinstance(body, sympy.Mul) else ():
        parts = _parts(factor, norm, nonzero)
        if parts:
            others = sympy.Mul(*(one for one in body.args if one is not factor))
            return [(others * own, share) for own, share in parts]
    return ()


def _over_norm(factor: Expression, norm: Read, nonzero: frozenset[Expression]) -> Expression | None:
    """f(n)/n with its limit at zero, for k·n/h where h > 0 and for a function f of n that vanishes there."""
    if factor == norm:
        return sympy.Integer(1)
    if isinstance(factor, quotient) and isinstance(factor.args[1], hypot):
        share, length = factor.args[0] / norm, factor.args[1]
        fits = (length.is_positive or length in nonzero) and not share.has(norm)
        return quotient(share, length) if fits else None
    if not isinstance(factor, sympy.Function) or len(factor.args) != 1:
        return None
    rate = factor.args[0] / norm
    n = sympy.Dummy(real=True)
    opened = factor.func(rate * n)
    if rate.has(norm) or opened.subs(n, 0) != 0 or isinstance(factor, (Branch, sympy.Abs)):
        return None
    limit = sympy.diff(opened, n).subs(n, 0)
    return Branch(sympy.Ne(norm, 0), factor / norm, limit) if limit.is_finite else None
