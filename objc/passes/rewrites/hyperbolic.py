"""Sums and quotients of exponentials that are hyperbolic functions, and their complements."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import erfc, expm1, log_cosh, maximum, sigmoid, softplus
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import HALF, ONE, parts_with, without

TWO = sympy.Integer(2)


def sigmoids_to_tanh(node: Any) -> Expression | None:
    """c·σ(u) − c·σ(−u) = c·tanh(u/2), and 2c·σ(u) − c the same."""
    for one, coefficient, factor in parts_with(node, sigmoid):
        argument = factor.args[0]
        rest = without(node, one, -coefficient * sigmoid(-argument))
        if rest is not None:
            return sympy.Add(*rest, coefficient * sympy.tanh(argument / 2))
        rest = without(node, one, -coefficient / 2)
        if rest is not None:
            return sympy.Add(*rest, coefficient / 2 * sympy.tanh(argument / 2))
    return None


def complement_of_tanh(node: Any) -> Expression | None:
    """c ± c·tanh(u) = 2c·σ(±2u); c − c·tanh(u)² = 4c·σ(2u)·σ(−2u)."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for factor in factors:
            base, exponent = factor.as_base_exp()
            if not isinstance(base, sympy.tanh) or exponent not in (1, 2):
                continue
            coefficient = sympy.Mul(*(f for f in factors if f is not factor))
            argument = 2 * base.args[0]
            for sign in (1, -1) if exponent == 1 else (-1,):
                rest = without(node, one, sign * coefficient)
                if rest is None:
                    continue
                if exponent == 1:
                    return sympy.Add(*rest, sign * 2 * coefficient * sigmoid(sign * argument))
                both = sigmoid(argument) * sigmoid(-argument)
                return sympy.Add(*rest, -4 * coefficient * both)
    return None


def complement_of_erf(node: Any) -> Expression | None:
    """c − c·erf(u) = c·erfc(u)."""
    for one, coefficient, factor in parts_with(node, sympy.erf):
        for sign in (-1, 1):
            rest = without(node, one, sign * coefficient)
            if rest is not None:
                tail = erfc(-sign * factor.args[0])
                return sympy.Add(*rest, sign * coefficient * tail)
    return None


def exponentials_to_sinh(node: Any) -> Expression | None:
    """c·exp(u) − c·exp(−u) = 2c·sinh(u)."""
    for one, coefficient, factor in parts_with(node, sympy.exp):
        rest = without(node, one, -coefficient * sympy.exp(-factor.args[0]))
        if rest is not None:
            return sympy.Add(*rest, 2 * coefficient * sympy.sinh(factor.args[0]))
    return None


def less_minimum_of_cosh(node: Any) -> Expression | None:
    """c·cosh(u) − c = 2c·sinh(u/2)², and c·exp(u) + c·exp(−u) − 2c = 4c·sinh(u/2)², which arrives with
    expm1(u) + expm1(−u)."""
    for one, coefficient, factor in parts_with(node, sympy.cosh, expm1, sympy.exp, sympy.cos):
        if isinstance(factor, sympy.cosh):
            rest, times = without(node, one, -coefficient), TWO
        elif isinstance(factor, expm1):
            u = factor.args[0]
            rest, times = without(node, one, coefficient * expm1(-u)), sympy.Integer(4)
            if rest is None:
                partner = coefficient * sympy.exp(-u)
                rest = without(node, one, partner, -coefficient)
        elif isinstance(factor, sympy.exp):
            partner = coefficient * sympy.exp(-factor.args[0])
            rest, times = without(node, one, partner, -2 * coefficient), sympy.Integer(4)
        else:
            rest, times = without(node, one, -coefficient), -TWO
        if rest is not None:
            wave = sympy.sin if isinstance(factor, sympy.cos) else sympy.sinh
            return sympy.Add(*rest, times * coefficient * wave(factor.args[0] / 2) ** 2)
    return None


def quotient_to_tanh(node: Any) -> Expression | None:
    """expm1(u)·σ(−u) = tanh(u/2); sinh(u)·exp(∓u)·σ(±2u) = tanh(u)/2; (exp a − exp b)/(exp a + exp b) =
    tanh((a − b)/2), which arrives with exp(−a)·σ(a − b)."""
    gates = [one for one in node.args if isinstance(one, sigmoid)]
    for gate in gates:
        argument = gate.args[0]
        found = without(node, gate, expm1(-argument))
        if found is not None:
            return sympy.Mul(*found, -sympy.tanh(argument / 2))
        for sign in (1, -1):
            wave = sympy.sinh(sign * argument / 2)
            found = without(node, gate, wave, sympy.exp(-argument / 2))
            if found is not None:
                return sympy.Mul(*found, sign * sympy.tanh(argument / 2) * HALF)
        for one in node.args:
            tangent = _difference_over_sum(one, argument, node)
            if tangent is not None:
                return tangent
    return None


def quotient_of_waves(node: Any) -> Expression | None:
    """sinh(u)ᵐ·cosh(u)⁻ⁿ = tanh(u)ᵏ·sinh(u)ᵐ⁻ᵏ·cosh(u)ᵏ⁻ⁿ with the lesser k of whole m and n, of which both
    overflow; cosh(u)ᵐ·sinh(u)⁻ⁿ by the reciprocal of tanh(u)."""
    for wave in node.args:
        base, power = wave.as_base_exp()
        is_wave = isinstance(base, sympy.sinh | sympy.cosh)
        if not (is_wave and power.is_Integer and power.is_positive):
            continue
        (u,) = base.args
        other, sign = (sympy.cosh(u), 1) if isinstance(base, sympy.sinh) else (sympy.sinh(u), -1)
        for one in node.args:
            below, times = one.as_base_exp()
            if below == other and times.is_Integer and times.is_negative:
                less = min(power, -times)
                rest = [f for f in node.args if f is not wave and f is not one]
                left = base ** (power - less) * below ** (times + less)
                return sympy.Mul(*rest, sympy.tanh(u) ** (sign * less), left)
    return None


def _difference_over_sum(one: Any, argument: Any, node: Any) -> Expression | None:
    if not isinstance(one, sympy.Add) or len(one.args) != 2:
        return None
    for a, b in (one.args, one.args[::-1]):
        if not (isinstance(a, sympy.exp) and isinstance(-b, sympy.exp)):
            continue
        a, b = a.args[0], (-b).args[0]
        for first, gap in ((a, a - b), (b, b - a)):
            rest = without(node, one, sigmoid(gap), sympy.exp(-first)) if gap == argument else None
            if rest is not None:
                return sympy.Mul(*rest, sympy.tanh((a - b) / 2))
    return None


def cancelled_expm1(node: Any) -> Expression | None:
    """exp(u)/expm1(u) = −1/expm1(−u): neither overflows before the other."""
    exponentials = [one for one in node.args if isinstance(one, sympy.exp)]
    for power in node.args:
        base, exponent = power.as_base_exp()
        if not (isinstance(base, expm1) and exponent.is_Integer and exponent < 0):
            continue
        (u,) = base.args
        for one in exponentials:
            times = _multiple(one.args[0], u, -exponent)
            if times:
                rest = [f for f in node.args if f is not power and f is not one]
                left = sympy.exp(one.args[0] - times * u)
                turned = (-expm1(-u)) ** (-times)
                return sympy.Mul(*rest, left, turned, base ** (exponent + times))
    return None


def _multiple(exponent: Any, u: Any, most: Any) -> int:
    """How many times u, at most so many, stands in an exponent as a whole."""
    for times in range(int(most), 0, -1):
        if exponent == times * u:
            return times
    addends = sympy.Add.make_args(exponent)
    return 1 if all(part in addends for part in sympy.Add.make_args(u)) else 0


def softplus_by_hand(node: Any) -> Expression | None:
    """c·max(0, u) + c·softplus(−|u|) = c·softplus(u): the form with a kink that isn't one."""
    for one, coefficient, factor in parts_with(node, maximum):
        least, u = factor.args
        rest = without(node, one, coefficient * softplus(-sympy.Abs(u)))
        if least == 0 and rest is not None:
            return sympy.Add(*rest, coefficient * softplus(u))
    return None


def softplus_to_log_cosh(node: Any) -> Expression | None:
    """c·u + c·softplus(−2u) = c·log 2 + c·log cosh(u), and so c·softplus(u) + c·softplus(−u); their
    difference is c·u."""
    for one, coefficient, factor in parts_with(node, softplus):
        u = -factor.args[0] / 2
        rest = without(node, one, -coefficient * softplus(2 * u))
        if rest is not None:
            return sympy.Add(*rest, -2 * coefficient * u)
        rest = without(node, one, coefficient * softplus(2 * u))
        if rest is not None:
            return sympy.Add(*rest, 2 * coefficient * (sympy.log(2) + log_cosh(u)))
        rest = without(node, one, *sympy.Add.make_args(sympy.expand_mul(coefficient * u)))
        if rest is not None:
            return sympy.Add(*rest, coefficient * sympy.log(2), coefficient * log_cosh(u))
    return None


def reciprocal_of_expm1(node: Any) -> Expression | None:
    """c + c/expm1(u) = −c/expm1(−u)."""
    for one, coefficient, factor in parts_with(node, sympy.Pow):
        base, exponent = factor.as_base_exp()
        if isinstance(base, expm1) and exponent == -ONE:
            rest = without(node, one, coefficient)
            if rest is not None:
                return sympy.Add(*rest, -coefficient / expm1(-base.args[0]))
    return None
