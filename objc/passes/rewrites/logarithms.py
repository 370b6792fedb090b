"""Stable forms of logarithms."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import sympy

from objc.atoms import (
    Branch,
    expm1,
    extended,
    hypot,
    log1mexp,
    log1p,
    log_cosh,
    maximum,
    minimum,
    sigmoid,
    softplus,
    stop_gradient,
)
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import (
    HALF,
    ONE,
    ZERO,
    Rewrite,
    exponent_of,
    is_short,
    log_of_positive_term,
    two_exponentials,
    without,
)
from objc.passes.rewrites.mixtures import log_of_complementary_log
from objc.passes.rewrites.rates import log_beside_rate, share_beside_rate
from objc.passes.rewrites.roots import length_less


def log_of_product(node: Any) -> Expression | None:
    """log(a·bⁿ) = log a + n·log b, where a factor has a stable logarithm of its own."""
    argument = node.args[0]
    factors = sympy.Mul.make_args(argument)
    if not any(_has_stable_log(_base(factor)) for factor in factors):
        return None
    if isinstance(argument, (sympy.Mul, sympy.Pow)):
        if not all(_base(factor).is_positive for factor in factors):
            return (
                _over_exponentials(factors)
                or share_beside_rate(factors)
                or _without_exponentials(factors)
                or _without_sigmoids(factors)
            )
        return sympy.Add(*(_exponent(one) * sympy.log(_base(one)) for one in factors))
    return None


def _over_exponentials(factors: Sequence[Any]) -> Expression | None:
    """log(p·exp u/(exp a − exp b)) = log p + u − log(exp a − exp b), which is no number on both sides where
    a < b."""
    others = [one for one in factors if not _base(one).is_positive]
    if len(others) != 1 or len(factors) < 2 or _exponent(others[0]) not in (1, -1):
        return None
    apart = log_of_difference(sympy.log(_base(others[0])))
    if apart is None:
        return None
    rest = (_exponent(one) * sympy.log(_base(one)) for one in factors if one is not others[0])
    return sympy.Add(*rest, _exponent(others[0]) * apart)


def _without_exponentials(factors: Sequence[Any]) -> Expression | None:
    """log(p·exp u) = log p + u for p ≥ 0, which is −∞ on both sides where p is 0; so it is for c·expm1(v),
    a complement, and for 1 − a or b − a of hyperparameters: the sign is that of what the logarithm is of."""
    powers = [one for one in factors if isinstance(one, sympy.exp)]
    others = [one for one in factors if one not in powers]
    rest = sympy.Mul(*others)
    is_of_its_sign = isinstance(rest.as_coeff_Mul()[1], expm1) or rest.is_rational_function()
    if not powers or not (
        is_of_its_sign
        or all(_base(one).is_nonnegative and _exponent(one).is_real for one in others)
    ):
        return None
    return sympy.Add(sympy.log(rest), *(one.args[0] for one in powers))


def _without_sigmoids(factors: Sequence[Any]) -> Expression | None:
    """log(σ(x)ⁿ·c) = n·log σ(x) + log c for a c of any sign: it is that of what the logarithm is of."""
    powers = [one for one in factors if isinstance(_base(one), sigmoid) and _exponent(one).is_real]
    others = sympy.Mul(*(one for one in factors if one not in powers))
    if not powers or not others.is_rational_function():
        return None
    return sympy.Add(sympy.log(others), *(_exponent(one) * sympy.log(_base(one)) for one in powers))


def _base(factor: Any) -> Any:
    return factor.base if isinstance(factor, sympy.Pow) else factor


def _exponent(factor: Any) -> Any:
    return factor.exp if isinstance(factor, sympy.Pow) else ONE


def _has_stable_log(base: Any) -> bool:
    if isinstance(base, (sympy.exp, sigmoid, softplus, sympy.cosh)):
        return True
    if isinstance(base, expm1) or _is_one_and_square(base):
        return True
    if isinstance(base, sympy.sinh) and base.args[0].is_positive:
        return True
    return isinstance(base, sympy.Add) and (
        any(_has_exponential(one) for one in base.args)
        or two_exponentials(base, powers=True) is not None
    )


def _is_one_and_square(base: Any) -> bool:
    """Whether a factor is 1 + k·x² with a k that is positive: a scale beside it may leave the range."""
    constant, rest = base.as_coeff_Add()
    is_square = any(f.as_base_exp()[1] == 2 for f in sympy.Mul.make_args(rest))
    return constant == 1 and is_square and bool(rest.is_nonnegative)


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
    """log(1 − exp x) for x < 0, which arrives as log(−expm1(x)); log(exp x − 1) for x > 0, and of its
    reciprocal: where x isn't, both sides are no number."""
    (argument,) = node.args
    base, exponent = argument.as_base_exp()
    if isinstance(base, expm1) and exponent in (1, -1):
        return exponent * (base.args[0] + log1mexp(-base.args[0]))
    if argument.could_extract_minus_sign() and isinstance(-argument, expm1):
        exponent = (-argument).args[0]
        if isinstance(-exponent, sympy.exp):
            return log_of_complementary_log((-exponent).args[0])
        base, power = (-exponent).as_base_exp()
        if base.is_positive and power.is_real and not power.is_number:
            # (t/s)ᵏ of a Weibull distribution may vanish, of which the logarithm does not.
            return log_of_complementary_log(power * sympy.log(base))
        return log1mexp(exponent)
    return None


def log_of_difference(node: Any) -> Expression | None:
    """log(exp a − exp b) = a + log1mexp(b − a), which is no number where a < b, as the difference has no
    logarithm there; log|exp a − exp b|, and half of that of the square, by the greater of both."""
    base, exponent = node.args[0].as_base_exp()
    if isinstance(base, sympy.Abs):
        base, sized = base.args[0], True
    else:
        sized = bool(exponent.is_Integer and exponent.is_even)
    pair = _exponentials_apart(base)
    if pair is None or not (sized or exponent == 1):
        return None
    scale, a, b = pair
    first = a + log1mexp(b - a)
    if sized:
        first = Branch(sympy.Ge(a, b), first, b + log1mexp(a - b))
    return exponent * (sympy.log(scale) + first)


def _exponentials_apart(total: Any) -> tuple[Any, Any, Any] | None:
    """(c, a, b) of c·exp a − c·exp b with a number c > 0; of c·expm1 a with b = 0, unless a is positive."""
    coefficient, rest = total.as_coeff_Mul()
    if isinstance(rest, expm1) and coefficient.is_positive and rest.args[0].is_positive is None:
        return coefficient, rest.args[0], ZERO
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    first, second = sorted(total.args, key=lambda one: one.could_extract_minus_sign())
    a, b = log_of_positive_term(first), log_of_positive_term(-second)
    if a is None or b is None or (a.is_number and b.is_number):
        return None
    return ONE, a, b


def log_of_exponentials(node: Any) -> Expression | None:
    """log(exp a + exp b) is the greater and a softplus, which is lost against nothing; with a number for
    a, log(1 + exp b) = softplus(b)."""
    (argument,) = node.args
    pair = two_exponentials(argument, powers=True)
    if pair is None:
        return _log_of_more(argument) or log_beside_rate(argument)
    a, b = pair
    middle = sympy.expand(a + b) / 2
    if middle.is_number:
        return middle + sympy.log(2) + log_cosh(sympy.expand((b - a) / 2))
    mixture = _log_of_mixture(argument)
    if mixture is not None:
        return mixture
    if a.is_number:
        return a + softplus(b - a)
    return Branch(sympy.Ge(a, b), a + softplus(b - a), b + softplus(a - b))


def reciprocal_of_exponentials(node: Any) -> Expression | None:
    """(exp a + exp b + exp c)⁻ⁿ = exp(−n·log(exp a + exp b + exp c)): no addend overflows by itself."""
    if not (node.exp.is_number and node.exp.is_negative):
        return None
    logarithm = _log_of_more(node.base)
    return None if logarithm is None else sympy.exp(node.exp * logarithm)


def _log_of_more(total: Any) -> Expression | None:
    """log(exp a + exp b + …): the first two, then the next."""
    if not isinstance(total, sympy.Add) or not 3 <= len(total.args) <= 4:
        return None
    logs: list[Any] = [log_of_positive_term(one) for one in total.args]
    if None in logs or all(one.is_number for one in logs):
        return None
    if not any(one.is_number for one in logs):
        return _log_of_shifted(logs)
    inner = logs[0]
    for one in logs[1:]:
        inner = Branch(
            sympy.Ge(inner, one), inner + softplus(one - inner), one + softplus(inner - one)
        )
    return inner


def _log_of_shifted(logs: list[Any]) -> Expression | None:
    """The greatest is taken out. What is taken out changes nothing, nor any derivative, so it is held."""
    if any(one.has(stop_gradient, maximum) for one in logs):
        return None
    greatest = logs[0]
    for one in logs[1:]:
        greatest = maximum(greatest, one)
    held = stop_gradient(greatest)
    return held + sympy.log(sympy.Add(*(sympy.exp(one - held) for one in logs)))


def log_of_weighted(node: Any) -> Expression | None:
    """log(exp a + w·exp b) with a weight of any sign: the greater of both exponents is taken out."""
    terms = [_weight_and_exponent(one) for one in sympy.Add.make_args(node.args[0])]
    exponents = [exponent for _, exponent in terms if exponent is not None]
    if not 2 <= len(terms) <= 3 or len(exponents) < len(terms):
        return None
    if any(one.is_number or one.has(stop_gradient, maximum) for one in exponents):
        return None
    held = stop_gradient(functools.reduce(maximum, exponents))
    parts = (weight * sympy.exp(exponent - held) for weight, exponent in terms)
    return held + sympy.log(sympy.Add(*parts))


def log_of_masked(node: Any) -> Expression | None:
    """log(exp a + (if c then exp b else 0)) = if c then log(exp a + exp b) else a; of more such, the greatest
    exponent of those that are there is taken out. Where none need be there, by cases of one."""
    addends = sympy.Add.make_args(node.args[0])
    terms = [_mask_and_exponent(one) for one in addends]
    if not 1 <= len(terms) <= 4 or any(exponent is None for _, exponent in terms):
        return None
    masked = [n for n, (mask, _) in enumerate(terms) if mask != sympy.true]
    if not masked or any(one.has(stop_gradient, maximum) for _, one in terms):
        return None
    if len(terms) == 1:
        return Branch(terms[0][0], terms[0][1], -sympy.oo)
    if len(masked) == len(terms) or len(terms) == 2:
        mask, exponent = terms[masked[0]]
        rest = sympy.Add(*(one for n, one in enumerate(addends) if n != masked[0]))
        return Branch(mask, sympy.log(sympy.exp(exponent) + rest), sympy.log(rest))
    own = next(exponent for mask, exponent in terms if mask == sympy.true)
    held = stop_gradient(
        functools.reduce(maximum, (Branch(mask, exponent, own) for mask, exponent in terms))
    )
    parts = (Branch(mask, sympy.exp(exponent - held), ZERO) for mask, exponent in terms)
    return held + sympy.log(sympy.Add(*parts))


def _mask_and_exponent(term: Any) -> tuple[Any, Any]:
    """(c, u) of exp(u) where c holds, else 0; u is None for what is no such term."""
    if isinstance(term, Branch) and term.args[2] == 0:
        return term.args[0], log_of_positive_term(term.args[1])
    return sympy.true, log_of_positive_term(term)


def _weight_and_exponent(term: Any) -> tuple[Expression, Any]:
    """(w, u) of w·exp(u); u is None where there is no exponential, or several."""
    powers = [one for one in sympy.Mul.make_args(term) if isinstance(one, sympy.exp)]
    return (term / powers[0], powers[0].args[0]) if len(powers) == 1 else (term, None)


def _log_of_mixture(total: Any) -> Expression | None:
    """log(p·exp a + q·exp b) with p + q = 1 is near zero where a and b are: by expm1; for equal p and q
    it is near the mean of a and b, by a logarithm of cosh."""
    (p, first), (q, second) = (one.as_coeff_Mul() for one in total.args)
    if p + q != 1 or not (p.is_Rational and q.is_Rational):
        return None
    a, b = (ZERO if one == 1 else exponent_of(one) for one in (first, second))
    if a is None or b is None:
        return None
    mixture = Branch(sympy.Ge(a, b), a + log1p(q * expm1(b - a)), b + log1p(p * expm1(a - b)))
    if p != q or not is_short(a + b):
        return mixture
    half = sympy.expand(a - b) / 2
    middle = sympy.expand(a + b) / 2
    return Branch(sympy.Lt(sympy.Abs(half), HALF), middle + log_cosh(half), mixture)


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
    """log(1 + u) = log1p(u), and log|1 + u| where |u| is small, as of a change of volume."""
    (argument,) = node.args
    sized = isinstance(argument, sympy.Abs)
    total = argument.args[0] if sized else argument
    if not isinstance(total, sympy.Add):
        return None
    constant, rest = total.as_coeff_Add()
    if rest.is_number or constant not in ((1, -1) if sized else (1,)):
        return None
    rest *= constant
    if not sized:
        return log1p(rest)
    far = sympy.log(extended(argument))
    return Branch(sympy.Lt(sympy.Abs(rest), HALF), log1p(rest), far)


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


def log_of_ratio(node: Any) -> Expression | None:
    """log(A/B) = log1p((A − B)/B) where A − B is a number, and B above zero; log((k + u)/(k − u)) by log1p of
    either."""
    (argument,) = node.args
    above, below = argument.as_numer_denom()
    if below.is_number or not isinstance(argument, sympy.Mul):
        return None
    apart = sympy.expand(above - below)
    if apart.is_number and apart.is_positive and below.is_real:
        joined = log1p(apart / below)
        if below.is_nonnegative:
            return joined
        return Branch(sympy.Gt(below, 0), joined, sympy.log(-above) - sympy.log(-below))
    constant, rest = above.as_coeff_Add()
    if constant == 1 and below == 1 - rest:
        return log1p(rest) - log1p(-rest)
    return None


def log_of_odds(node: Any) -> Expression | None:
    """log(1/p − 1) = log1p(−p) − log p."""
    (argument,) = node.args
    constant, rest = argument.as_coeff_Add()
    base, exponent = rest.as_base_exp()
    if constant == -1 and exponent == -1 and base.is_nonnegative:
        return log1p(-base) - sympy.log(base)
    return None


def log_to_asinh(node: Any) -> Expression | None:
    """log(x + √(x² + 1)) = arsinh x, of which the sum arrives as a branch on the sign of x."""
    (argument,) = node.args
    if not isinstance(argument, Branch) or not isinstance(argument.args[0], sympy.Gt):
        return None
    x = -argument.args[0].lhs
    return sympy.asinh(x) if argument == length_less(ONE, -x, hypot(1, x)) else None


def difference_of_logs(node: Any) -> Expression | None:
    """c·log A − c·log B with A − B a number, or one term: by log1p; of a number the same of arctangents. Of
    c·log A − d·log B with less in c − d than in either, (c − d)·log A + d·log(A/B)."""
    for function in (sympy.log, sympy.atan):
        terms = [_coefficient_and_argument(one, function) for one in node.args]
        for first, (coefficient, a) in zip(node.args, terms, strict=True):
            for second, (other, b) in zip(node.args, terms, strict=True):
                if a is None or b is None or a == b or b.is_negative:
                    continue
                left = _left_over(coefficient, other)
                if left is None or (left != 0 and function is not sympy.log):
                    continue
                apart = sympy.expand(a - b) if is_short(a - b) else ZERO
                is_known = b.is_nonnegative
                if not is_known and not (function is sympy.log and apart.is_number):
                    continue
                if not _is_surplus(apart, function):
                    continue
                rest = [one for one in node.args if one is not first and one is not second]
                near = apart / b if function is sympy.log else apart / (1 + a * b)
                joined = log1p(near) if function is sympy.log else sympy.atan(near)
                if not is_known:  # the logarithm of what is negative is no number
                    joined = Branch(sympy.Ge(b, 0), joined, function(b))
                return sympy.Add(*rest, left * function(a), -other * joined)
    return None


def _is_surplus(apart: Any, function: Any) -> bool:
    """Whether what one argument has more than another is a positive number, or of a logarithm any term
    that is not negative."""
    if apart.is_number:
        return bool(apart.is_positive)
    is_term = not isinstance(apart, sympy.Add)
    return function is sympy.log and is_term and bool(apart.is_nonnegative)


def _left_over(first: Any, second: Any) -> Expression | None:
    """The sum of two coefficients, if it is zero or a number, and so less than either."""
    if first + second == 0:
        return ZERO
    if first.is_number or second.is_number or not is_short(first + second):
        return None
    left = sympy.expand(first + second)
    return left if left.is_number else None


def _coefficient_and_argument(term: Any, function: Any) -> tuple[Any, Any]:
    factors = sympy.Mul.make_args(term)
    for factor in factors:
        argument = factor.args[0] if isinstance(factor, function) else None
        if argument is None and function is sympy.log and isinstance(factor, log1p):
            argument = 1 + factor.args[0]
        if argument is not None:
            return sympy.Mul(*(f for f in factors if f is not factor)), argument
    return term, None


def power_less_one(node: Any) -> Expression | None:
    """c·(1 + t)ⁿ − c = c·expm1(n·log1p(t)) for 1 + t > 0, where it isn't multiplied out; of any base for
    an exponent near zero."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for factor in factors:
            if not isinstance(factor, sympy.Pow) or factor.exp == HALF:
                continue
            constant, rest = factor.base.as_coeff_Add()
            small = factor.exp.is_number and abs(factor.exp) <= 4
            if factor.exp.is_number and 4 * abs(factor.exp) < 1 and factor.base.is_positive:
                constant, rest, small = ONE, factor.base - 1, False
            if constant != 1 or rest.is_number or not factor.base.is_positive or small:
                continue
            coefficient = sympy.Mul(*(f for f in factors if f is not factor))
            left = without(node, one, -coefficient)
            if left is not None:
                return sympy.Add(*left, coefficient * expm1(factor.exp * sympy.log(factor.base)))
    return None
