"""Stable forms of logarithms."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1mexp, log1p, log_cosh, maximum, minimum, sigmoid, softplus
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import HALF, ONE, Rewrite, two_exponentials


def log_of_product(node: Any) -> Expression | None:
    """log(a·bⁿ) = log a + n·log b, where a factor has a stable logarithm of its own."""
    argument = node.args[0]
    factors = sympy.Mul.make_args(argument)
    if not any(_has_stable_log(_base(factor)) for factor in factors):
        return None
    if isinstance(argument, (sympy.Mul, sympy.Pow)):
        if not all(_base(factor).is_positive for factor in factors):
            return None
        return sympy.Add(*(_exponent(one) * sympy.log(_base(one)) for one in factors))
    return None


def _base(factor: Any) -> Any:
    return factor.base if isinstance(factor, sympy.Pow) else factor


def _exponent(factor: Any) -> Any:
    return factor.exp if isinstance(factor, sympy.Pow) else ONE


def _has_stable_log(base: Any) -> bool:
    if isinstance(base, (sympy.exp, sigmoid, sympy.cosh)):
        return True
    if isinstance(base, expm1):
        return True
    return isinstance(base, sympy.Add) and any(_has_exponential(one) for one in base.args)


def _has_exponential(addend: Any) -> bool:
    return any(isinstance(f, sympy.exp) for f in sympy.Mul.make_args(addend))


def log_of_sigmoid(node: Any) -> Expression | None:
    """log σ(x) = −softplus(−x)."""
    (argument,) = node.args
    return -softplus(-argument.args[0]) if isinstance(argument, sigmoid) else None


def log_of_cosh(node: Any) -> Expression | None:
    (argument,) = node.args
    return log_cosh(argument.args[0]) if isinstance(argument, sympy.cosh) else None


def log_of_expm1(node: Any) -> Expression | None:
    """log(1 − exp x) for x < 0, which arrives as log(−expm1(x))."""
    (argument,) = node.args
    if argument.could_extract_minus_sign() and isinstance(-argument, expm1):
        return log1mexp((-argument).args[0])
    return None


def log_of_exponentials(node: Any) -> Expression | None:
    """log(exp a + exp b) = a + softplus(b − a); log(1 + exp a) = softplus(a)."""
    (argument,) = node.args
    pair = two_exponentials(argument)
    return None if pair is None else pair[0] + softplus(pair[1] - pair[0])


def log_of_complement(node: Any, rewrite: Rewrite) -> Expression | None:
    """log(1 − max(a, p − m)) with a sigmoid p: log1p where the maximum is small, and the logarithm of
    min(1 − a, (1 − p) + m) where it is near one, since the complement of a sigmoid is exact."""
    (argument,) = node.args
    if not isinstance(argument, sympy.Add) or len(argument.args) != 2:
        return None
    constant, rest = argument.as_coeff_Add()
    for extreme, dual in ((maximum, minimum), (minimum, maximum)):
        if constant == 1 and isinstance(-rest, extreme) and rest.has(sigmoid):
            complement = dual(*(rewrite(1 - one) for one in (-rest).args))
            return Branch(sympy.Lt(-rest, HALF), log1p(rest), sympy.log(complement))
    return None


def log_near_one(node: Any) -> Expression | None:
    """log(1 + u) = log1p(u)."""
    (argument,) = node.args
    if not isinstance(argument, sympy.Add):
        return None
    constant, rest = argument.as_coeff_Add()
    return log1p(rest) if constant == 1 and not rest.is_number else None


def log1p_of_exponential(node: Any) -> Expression | None:
    """log1p(exp u) = softplus(u), log1p(−exp u) = log1mexp(u), log1p of expm1(u) = u."""
    (argument,) = node.args
    if isinstance(argument, sympy.exp):
        return softplus(argument.args[0])
    if isinstance(argument, expm1):
        return argument.args[0]
    if isinstance(-argument, sympy.exp):
        return log1mexp((-argument).args[0])
    if isinstance(-argument, sigmoid):
        return -softplus((-argument).args[0])
    return None
