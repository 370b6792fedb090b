"""What a formula tends to as one of its numbers grows without bound, by exact rules.

An asymptotic form comes first: |u| is u where u grows, softplus(u) is u + softplus(−u), a branch is the
arm that is taken from some point on. Then the terms are ordered by growth: an exponential before a power
before what stays finite. Signs are those that hold for all values of the other symbols, so that what is
found holds for each of them; where a sign is open, nothing is found.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.signs.elementary import is_positive, is_zero
from objc.atoms import (
    Branch,
    erfc,
    expm1,
    log1p,
    log_cosh,
    maximum,
    minimum,
    sigmoid,
    softplus,
)

_INFINITE = (sympy.oo, -sympy.oo)
_AT_INFINITY = {
    sympy.tanh: (-1, 1), sympy.erf: (-1, 1), erfc: (2, 0), sigmoid: (0, 1),
    sympy.atan: (-sympy.pi / 2, sympy.pi / 2), sympy.asinh: _INFINITE[::-1],
    sympy.sinh: _INFINITE[::-1], sympy.cosh: (sympy.oo, sympy.oo), sympy.exp: (0, sympy.oo),
    expm1: (-1, sympy.oo), softplus: (0, sympy.oo), log_cosh: (sympy.oo, sympy.oo),
}  # fmt: skip
"""Continuous functions on the line, with what they tend to at minus infinity and at infinity."""
_SWINGING = (sympy.sin, sympy.cos)
_GREATEST = 120
"""Operations beyond which a formula isn't looked at."""


def end_of(formula: Any, t: Any) -> Any:
    """The limit of a formula as the positive symbol t grows: an expression without t, or an infinity; None
    where that isn't found."""
    if formula.count_ops() > _GREATEST:
        return None
    form = _asymptotic(formula, t)
    return None if form is None else _limit(form, t)


def _asymptotic(node: Any, t: Any) -> Any:
    """A formula that is equal for all large t, without folds and without the cancellation that softplus
    hides; None where a fold is open."""
    if not node.has(t):
        return node
    if isinstance(node, Branch):
        condition, then, otherwise = node.args
        truth = _truth(condition, t)
        if truth not in (True, False):
            return None
        return _asymptotic(then if truth else otherwise, t)
    if not node.args:
        return node
    parts = [_asymptotic(one, t) for one in node.args]
    if any(one is None for one in parts):
        return None
    return _unfolded(node.func, parts, t)


def _unfolded(function: Any, parts: list[Any], t: Any) -> Any:
    if function in (maximum, minimum):
        first, second = parts
        sign = _sign(first - second, t)
        if sign is None:
            return None
        return first if (sign >= 0) == (function is maximum) else second
    if function in (sympy.Abs, sympy.sign):
        sign = _sign(parts[0], t)
        if sign is None:
            return None
        return sign * parts[0] if function is sympy.Abs else sympy.Integer(sign)
    is_root = function is sympy.Pow and parts[1].is_Rational and not parts[1].is_Integer
    if is_root and (found := _leading_power(parts[0], t)) is not None:
        degree, rest = found
        return t ** (degree * parts[1]) * rest ** parts[1]
    if function in (sympy.log, log1p):
        inner = parts[0] if function is sympy.log else 1 + parts[0]
        if (found := _leading_power(inner, t)) is not None:
            degree, rest = found
            return degree * sympy.log(t) + sympy.log(rest)
    if function is softplus and _limit(parts[0], t) == sympy.oo:
        return parts[0] + softplus(-parts[0])
    if function is log_cosh and (sign := _sign(parts[0], t)) is not None:
        size = sign * parts[0]
        return size - sympy.log(2) + log1p(sympy.exp(-2 * size))
    return function(*parts)


def _leading_power(formula: Any, t: Any) -> tuple[Any, Any] | None:
    """The degree of a polynomial of several terms with a positive leading coefficient, and the polynomial
    over that power of t."""
    if not isinstance(formula, sympy.Add) or not formula.is_polynomial(t):
        return None
    whole = sympy.expand(formula)
    degree = sympy.degree(whole, t)
    if degree < 1 or not sympy.LC(whole, t).is_positive:
        return None
    return degree, sympy.expand(whole / t**degree)


def _truth(condition: Any, t: Any) -> bool | None:
    """Whether a condition holds for all large t, or fails for all."""
    if condition in (sympy.true, sympy.false):
        return bool(condition)
    if isinstance(condition, sympy.Not):
        inner = _truth(condition.args[0], t)
        return None if inner is None else not inner
    if isinstance(condition, sympy.And | sympy.Or):
        parts = [_truth(one, t) for one in condition.args]
        decisive = isinstance(condition, sympy.Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if not isinstance(condition, sympy.core.relational.Relational):
        return None
    form = _asymptotic(condition.lhs - condition.rhs, t)
    sign = None if form is None else _sign(form, t)
    if sign is None:
        return None
    truth = condition.func(sympy.Integer(sign), 0)
    return bool(truth) if truth in (sympy.true, sympy.false) else None


def _sign(form: Any, t: Any) -> int | None:
    """The sign of a formula without folds for all large t."""
    if form == 0:
        return 0
    if form.is_positive or form.is_negative:
        return 1 if form.is_positive else -1
    sign = _sign_of(_limit(form, t))
    return sign if sign != 0 else None


# ------------------------------------------------------------------ limits


def _limit(node: Any, t: Any) -> Any:
    if not node.has(t):
        return None if node.has(sympy.oo, sympy.zoo, sympy.nan) else node
    if node == t:
        return sympy.oo
    match node:
        case sympy.Add():
            return _of_sum(node, t)
        case sympy.Mul():
            return _of_product(node, t)
        case sympy.exp():
            return _of_function(node, t)
        case sympy.Pow():
            return _of_power(node, t)
        case sympy.log():
            return _of_logarithm(_limit(node.args[0], t))
        case log1p():
            return _of_logarithm(_limit(1 + node.args[0], t))
    return _of_function(node, t)


def _of_function(node: Any, t: Any) -> Any:
    if node.func not in _AT_INFINITY or len(node.args) != 1:
        return None
    inner = _limit(node.args[0], t)
    if inner is None:
        return None
    if inner in _INFINITE:
        return sympy.sympify(_AT_INFINITY[node.func][inner == sympy.oo])
    return node.func(inner)


def _of_logarithm(inner: Any) -> Any:
    if inner is None or inner == sympy.oo:
        return inner
    return sympy.log(inner) if inner.is_positive else None


def _of_power(node: Any, t: Any) -> Any:
    if node.exp.has(t):
        return None
    base, exponent = _limit(node.base, t), node.exp
    if base is None or base == 0:
        return sympy.Integer(0) if base == 0 and exponent.is_positive else None
    if base in _INFINITE:
        if exponent.is_negative and (base == sympy.oo or exponent.is_Integer):
            return sympy.Integer(0)
        if not exponent.is_positive or (base == -sympy.oo and not exponent.is_Integer):
            return None
        return sympy.oo if base == sympy.oo or exponent.is_even else -sympy.oo
    if base.is_positive or (base.is_nonzero and exponent.is_Integer):
        return base**exponent
    return None


def _of_sum(node: Any, t: Any) -> Any:
    """By the one kind of term that outgrows all others."""
    terms = [*sympy.Add.make_args(sympy.expand(node))]
    limits = [_limit(one, t) for one in terms]
    if None in limits:
        # What swings between two numbers changes nothing of what grows.
        swinging = [
            one
            for one, end in zip(terms, limits, strict=True)
            if end is None and _is_bounded(one, t)
        ]
        if swinging:
            rest = _limit(node - sympy.Add(*swinging), t) if len(swinging) < len(terms) else None
            return rest if rest in _INFINITE else None
    if None not in limits and not set(limits) >= set(_INFINITE):
        return sympy.Add(*limits)
    orders = [
        _CONSTANT if end is not None and end not in _INFINITE else _growth(one, t)
        for one, end in zip(terms, limits, strict=True)
    ]
    if None in orders:
        return None
    most = max(one for one in orders if one is not None)
    if most <= _CONSTANT:
        return None
    leading = [one for one, order in zip(terms, orders, strict=True) if order == most]
    common = _monomial(leading[0], t)
    parts = [_limit_of_quotient(one, common, t) for one in leading]
    if None in parts or any(one in _INFINITE for one in parts):
        return None
    coefficient = sympy.Add(*parts)
    if is_zero(coefficient):
        return None
    return (
        sympy.oo if is_positive(coefficient) else -sympy.oo if is_positive(-coefficient) else None
    )


def _limit_of_quotient(one: Any, other: Any, t: Any) -> Any:
    found = _limit(one / other, t)
    return _limit(sympy.simplify(one / other), t) if found is None else found


def _is_bounded(node: Any, t: Any) -> bool:
    """Whether a formula stays between two numbers, by what it is made of."""
    if not node.has(t):
        return bool(node.is_finite is not False and node.is_extended_real)
    if isinstance(node, (*_SWINGING, sympy.tanh, sympy.erf, sympy.atan, sigmoid)):
        return True
    if isinstance(node, sympy.Add | sympy.Mul | sympy.exp):
        return all(_is_bounded(one, t) for one in node.args)
    if isinstance(node, sympy.Pow):
        return bool(node.exp.is_Integer and node.exp.is_positive) and _is_bounded(node.base, t)
    return False


def _of_product(node: Any, t: Any) -> Any:
    limits = [_limit(one, t) for one in node.args]
    if None not in limits:
        if not any(one in _INFINITE for one in limits):
            return sympy.Mul(*limits)
        signs = [_sign_of(one) for one in limits]
        if None not in signs and 0 not in signs:
            return sympy.oo * sympy.prod(signs)
    exponent = sympy.Add(*(one.args[0] for one in node.args if isinstance(one, sympy.exp)))
    if exponent.has(t):
        return _against_powers(node, exponent, t)
    order = _growth(node, t)
    if order is None or order == _CONSTANT:
        return _of_quotient(node, t)
    if order < _CONSTANT:
        return sympy.Integer(0)
    return _infinity_of(node / _monomial(node, t), t)


def _against_powers(node: Any, exponent: Any, t: Any) -> Any:
    """An exponential outgrows every power: it alone says whether a product vanishes."""
    exponent = sympy.expand(exponent)
    rest = sympy.Mul(*(one for one in node.args if not isinstance(one, sympy.exp)))
    if not exponent.is_polynomial(t) or _growth(rest, t) is None:
        return None
    sign = _sign_of(sympy.LC(exponent, t))
    if sign == -1:
        return sympy.Integer(0)
    return _infinity_of(rest / _monomial(rest, t), t) if sign == 1 else None


def _infinity_of(coefficient: Any, t: Any) -> Any:
    """The infinity of the sign of what multiplies the part that grows."""
    sign = _sign_of(_limit(sympy.simplify(coefficient), t))
    return None if sign in (None, 0) else sympy.oo * sign


def _sign_of(value: Any) -> int | None:
    if value is None or value in _INFINITE:
        return None if value is None else 1 if value == sympy.oo else -1
    if value == 0:
        return 0
    return 1 if is_positive(value) else -1 if is_positive(-value) else None


def _of_quotient(node: Any, t: Any) -> Any:
    """Of two sums, each divided by the highest power of t in the denominator."""
    above, below = sympy.fraction(sympy.together(node))
    if not below.has(t) or not (below.is_polynomial(t) and above.is_polynomial(t)):
        return None
    degrees = sympy.degree(above, t), sympy.degree(below, t)
    lead = sympy.LC(above, t) / sympy.LC(below, t)
    if not sympy.LC(below, t).is_nonzero:
        return None
    if degrees[0] < degrees[1]:
        return sympy.Integer(0)
    if degrees[0] == degrees[1]:
        return lead
    return _infinity_of(lead, t)


_CONSTANT = (0, 0, 0)


def _growth(term: Any, t: Any) -> tuple[Any, Any, Any] | None:
    """The order of growth of a product: the rate of its exponential in t, its power of t, and of log t.
    None for any other product, or where those aren't numbers."""
    rate, power, logs = sympy.Integer(0), sympy.Integer(0), sympy.Integer(0)
    for factor in sympy.Mul.make_args(term):
        if not factor.has(t):
            continue
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            slope = sympy.expand(factor.args[0]).coeff(t, 1)
            rest = sympy.expand(factor.args[0] - slope * t)
            if rest.has(t):
                return None
            rate += slope
        elif base == t:
            power += exponent
        elif base == sympy.log(t):
            logs += exponent
        else:
            bounded = _limit(factor, t)
            if bounded is None or bounded in _INFINITE or not bounded.is_nonzero:
                return None
    found = rate, power, logs
    return found if all(one.is_Rational for one in found) else None


def _monomial(term: Any, t: Any) -> Any:
    """The part of a product that grows."""
    parts = [
        one for one in sympy.Mul.make_args(term)
        if one.has(t) and (one.as_base_exp()[0] in (t, sympy.log(t)) or isinstance(one, sympy.exp))
    ]  # fmt: skip
    return sympy.Mul(*parts)
