"""Powers of 1 + k·u² that are no whole ones, far out: there they are powers of |u|.

Barron's (2019) robust losses raise the sum to half their shape. The square leaves the range long before the
power does, and so does what that is multiplied with or divided by in the derivatives. Where the 1 is lost
beside it, the sum is the square, and the powers of u are taken together.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import ONE, is_short

_FAR = sympy.Integer(2) ** 30
"""√k·|u| beyond which 1 is lost beside k·u² in every type."""
_MOST_NEARER = 8
"""The greatest power of u in what is multiplied with the power."""


def powers_far_out(expression: Any) -> Any:
    """The expression with a branch for such powers, and products with them."""
    if not getattr(expression, "args", ()) or isinstance(expression, Read):
        return expression
    if isinstance(expression, (sympy.Mul, sympy.Pow)):
        changed = _far_out(expression)
        if changed is not None:
            return changed
    arguments = [powers_far_out(one) for one in expression.args]
    return expression if arguments == list(expression.args) else expression.func(*arguments)


def _far_out(product: Any) -> Expression | None:
    found = [
        (factor, *parts)
        for factor in sympy.Mul.make_args(product)
        if isinstance(factor, sympy.Pow) and not factor.exp.is_integer
        if (parts := _square(factor.base)) is not None
    ]
    if len(found) != 1:
        return None
    power, u, rate = found[0]
    entry, scale = u.args if isinstance(u, quotient) else (u, ONE)
    symbol = sympy.Dummy(real=True)
    degree, far = 2 * power.exp, rate**power.exp
    for factor in sympy.Mul.make_args(product):
        if factor == power:
            continue
        opened = factor.xreplace({u: symbol}).xreplace({entry: symbol * scale})
        if not opened.has(symbol):
            far *= factor
            continue
        if not is_short(opened) or not opened.is_polynomial(symbol):
            return None
        polynomial = sympy.Poly(opened, symbol)
        highest = polynomial.degree()
        if highest > _MOST_NEARER:
            return None
        inverse = quotient(scale, entry) if scale != 1 else quotient(ONE, u)
        far *= sympy.Add(*(c * inverse ** (highest - n) for (n,), c in polynomial.terms()))
        far *= sympy.sign(u) if highest % 2 else ONE
        degree += highest
    size = sympy.Abs(u)
    return Branch(sympy.Gt(sympy.sqrt(rate) * size, _FAR), far * size**degree, product)


def _square(base: Any) -> tuple[Any, Expression] | None:
    """(u, k) of 1 + k·u², for an entry or a ratio of entries u and a k without it that is not negative."""
    constant, rest = base.as_coeff_Add()
    if not (
        isinstance(base, sympy.Add) and constant.is_positive and not isinstance(rest, sympy.Add)
    ):
        return None
    for factor in sympy.Mul.make_args(rest):
        u, two = factor.as_base_exp()
        rate = rest / factor
        is_rate = all(
            one.is_nonnegative or one.as_base_exp()[0].is_nonnegative
            for one in sympy.Mul.make_args(rate)
        )
        if (
            two == 2
            and isinstance(u, (Read, quotient))
            and u.is_real
            and is_rate
            and not rate.has(u)
        ):
            return u, rate
    return None
