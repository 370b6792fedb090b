"""Probabilities that are kept away from zero and one as code keeps them: by a bound, `log(max(p, 1e-7))`, or
by a little more, `log(p + 1e-8)`.

Written so, nothing sees that a logarithm is of a softmax or a sigmoid, and where that is nearly one the
rounding of p is all that is left. SymPy adds up `1 − p + 1e-8` to `1.00000001 − p`, which is 1 − p in
float32: the logarithm that is meant to be kept finite is that of zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from objc.atoms import Branch, expm1, extended, log1p, maximum, minimum, sigmoid, softplus
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import HALF, log_of_positive_term, parts_with, without

_LITTLE, _LEAST = sympy.Rational(1, 64), sympy.Rational(1, 2**100)
"""What stands beside a probability is no more than a guard for it, and a normal number in every type."""
_LOG_HALF = sympy.Rational(-69, 100)
"""The logarithm of about one half, beyond which a probability is nearer to one than to zero."""


def log_of_extreme(node: Any) -> Expression | None:
    """log max(p, c) = max(log p, log c), and of the least, where p has a logarithm without a rounded p. What
    may be negative has none, and it is that of c."""
    (extreme,) = node.args
    if not isinstance(extreme, maximum | minimum) or not any(map(_is_certain, extreme.args)):
        return None
    logarithms = [sympy.log(one) for one in extreme.args]
    if all(map(_is_nonnegative, extreme.args)):
        return extreme.func(*logarithms)
    (first, log_first), (second, log_second) = zip(extreme.args, logarithms, strict=True)
    swapped = _is_certain(first) and not _is_certain(second)
    bound, other = (second, first) if swapped else (first, second)
    log_bound, log_other = (log_second, log_first) if swapped else (log_first, log_second)
    if isinstance(extreme, minimum):
        return (
            Branch(sympy.Lt(log_other, log_bound), log_other, log_bound)
            if _is_nonnegative(other)
            else None
        )
    if not _is_nonnegative(bound):
        return None
    if isinstance(other, minimum):  # of which none is negative where it is more than the bound
        log_other = minimum(*map(sympy.log, other.args))
    return Branch(sympy.Gt(other, bound), log_other, log_bound)


def _is_nonnegative(part: Any) -> bool:
    if isinstance(part, maximum):
        return any(map(_is_nonnegative, part.args))
    if isinstance(part, minimum):
        return all(map(_is_nonnegative, part.args))
    return bool(part.is_nonnegative)


def complement_of_extreme(node: Any) -> Expression | None:
    """c − c·max(p, b) = c·min(1 − p, 1 − b), and the other way round, where 1 − p has a form of its own."""
    for extreme, dual in ((maximum, minimum), (minimum, maximum)):
        for one, coefficient, factor in parts_with(node, extreme):
            rest = without(node, -coefficient, one)
            if rest is not None and any(map(_is_probability, factor.args)):
                return sympy.Add(*rest, -coefficient * dual(*(1 - arg for arg in factor.args)))
    return None


def little_beside_one(
    node: Any, complements: Sequence[Callable[[Any], Expression | None]]
) -> Expression | None:
    """1 + c − p = c + (1 − p) for a number c that is little, where 1 − p has a form of its own, by a rule."""
    constant, _ = node.as_coeff_Add()
    if constant == 0 or not constant.is_Rational:
        return None
    for addend in node.args:
        coefficient = addend.as_coeff_Mul()[0]
        for whole in (-coefficient, coefficient):
            little = constant - whole
            if addend == constant or little == 0 or abs(little) > _LITTLE * abs(constant):
                continue
            for complement in complements:
                found = complement(node - little)
                if found is not None and not found.as_coeff_Add()[0]:
                    return little + found
    return None


def log_beside_little(node: Any) -> Expression | None:
    """log(p + c) where p is nearly one, by what it lacks: of exp(u) it is u + log(1 + c·exp(−u)), of
    σ(z) log1p(c − σ(−z)), of 1 − exp(u) log1p(c − exp(u)), and of 1 − tanh(u)² log1p(c − tanh(u)²)."""
    (total,) = node.args
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    for c, p in (total.args, total.args[::-1]):
        found = _near_one(c, p) if _is_little(c) else None
        if found is not None:
            logarithm, is_near = found
            apart = sympy.log(c + extended(p))
            if c.is_Rational:
                return Branch(is_near, logarithm, apart)
            u = log_of_positive_term(p)
            if u is not None:  # which may leave the range
                apart = sympy.log(c) + softplus(u - sympy.log(c))
            return Branch(sympy.And(is_near, sympy.Lt(c, _LITTLE)), logarithm, apart)
    return None


def _near_one(c: Any, p: Any) -> tuple[Expression, Any] | None:
    """log(p + c) by what p lacks of one, and where it is near one."""
    if isinstance(p, sigmoid):
        (z,) = p.args
        return log1p(c - sigmoid(-z)), sympy.Gt(z, 0)
    if isinstance(-p, expm1):
        (u,) = (-p).args
        return log1p(c - sympy.exp(u)), sympy.Lt(u, _LOG_HALF)
    u = _of_tangent(p)
    if u is not None:
        return log1p(c - sympy.tanh(u) ** 2), sympy.Lt(sympy.Abs(u), HALF)
    u = log_of_positive_term(p)
    if u is None or u.is_number:
        return None
    return u + log1p(c * sympy.exp(-u)), sympy.Gt(u, _LOG_HALF)


def _of_tangent(p: Any) -> Expression | None:
    """u of 1 − tanh(u)² = 4·σ(2u)·σ(−2u)."""
    number, rest = p.as_coeff_Mul()
    gates = sympy.Mul.make_args(rest)
    if number != 4 or len(gates) != 2 or not all(isinstance(one, sigmoid) for one in gates):
        return None
    first, second = (one.args[0] for one in gates)
    return first / 2 if first + second == 0 else None


def log_near_one_and_little(node: Any) -> Expression | None:
    """log(1 + c + u) = log1p(u + c) for a number c that is little, and where u is nearly −1 log((1 + u) + c),
    of which the sum is right: 1 + c is rounded."""
    (total,) = node.args
    constant, rest = total.as_coeff_Add()
    little = constant - 1
    if not constant.is_Rational or rest.is_number or little == 0 or abs(little) > _LITTLE:
        return None
    near = log1p(rest + little)
    if rest.is_nonnegative:
        return near
    return Branch(sympy.Gt(rest, -HALF), near, sympy.log(little + extended(1 + rest)))


def apart_from_one(expression: Any) -> Any:
    """1 + c + x as c + (1 + x), for a number c that is little and would be rounded with the one: the last
    rewrite of a body."""
    if not any(map(_is_beside_one, expression.atoms(sympy.Rational))):
        return expression
    arguments = [apart_from_one(one) for one in expression.args]
    if arguments != list(expression.args):
        expression = expression.func(*arguments)
    if not isinstance(expression, sympy.Add):
        return expression
    constant, rest = expression.as_coeff_Add()
    if not _is_beside_one(constant) or (rest * constant).is_nonnegative:
        return expression
    one = sympy.sign(constant)
    return constant - one + extended(one + rest)


def _is_beside_one(number: Any) -> bool:
    apart = abs(number) - 1
    return bool(apart.is_Rational and apart != 0 and abs(apart) <= _LITTLE)


def _is_little(c: Any) -> bool:
    """Whether a number is little, or a hyperparameter may be."""
    if c.is_Rational:
        return bool(_LEAST <= c <= _LITTLE)
    return isinstance(c, Read) and not c.positions and bool(c.is_positive)


def _is_probability(part: Any) -> bool:
    """Whether one less it has a form of its own, also within another extreme."""
    if isinstance(part, maximum | minimum):
        return any(map(_is_probability, part.args))
    return isinstance(part, sympy.exp | sigmoid)


def _is_certain(part: Any) -> bool:
    """Whether its logarithm has a form of its own, also within another extreme."""
    if isinstance(part, maximum | minimum):
        return any(map(_is_certain, part.args))
    return isinstance(part, sympy.exp | sigmoid) or isinstance(-part, expm1)
