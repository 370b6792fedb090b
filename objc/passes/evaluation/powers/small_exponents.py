"""Powers whose exponent may be nearly zero, and what cancels beside them: xᵃ − 1 is expm1(a·log x).

A transformation xᵃ (Box and Cox 1964), an entropy of a degree (Tsallis 1988), a robust loss of a shape
(Barron 2019) is divided by its exponent, and at a small one nothing is left of the difference above. With
u = a·log x it is a function of u alone, up to a factor; so are its derivatives by the exponent,
xᵃ·log x − (xᵃ − 1)/a, which cancel to a higher order and have a series in u. Powers of several bases that
cancel at exponent zero are taken less one each. Far from zero the formula stays as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, sigmoid, softplus, xlog1py, xlogy
from objc.ir.domain import Domain
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.differences.cancellation import series_at_zero
from objc.passes.rewrites.forms import HALF, ONE, ZERO
from objc.passes.tidying.inline import size

_MOST_NODES = 240
_MOST_TERMS = 24


def powers_near_one(program: Program) -> Program:
    """The program with what cancels where an exponent is nearly zero by what is left of it."""
    domains = {one.name: one.domain for one in program.inputs}
    lets = []
    for let in program.lets:
        body = _with_known_signs(let.body, domains)
        lets.append(replace(let, body=_changed(body)) if _has_power(body) else let)
    return program.with_lets(lets)


def _with_known_signs(body: Any, domains: Mapping[str, Domain]) -> Any:
    """A body with |2 − a| for 2 − a of a declared to be at most 2, where a base is divided by it: of what is
    never negative there is a logarithm."""
    bases = {one.base for one in body.atoms(sympy.Pow) if not one.exp.is_number}
    below = {
        one.base
        for base in bases
        for addend in sympy.Add.make_args(base)
        for one in sympy.Mul.make_args(addend)
        if isinstance(one, sympy.Pow) and isinstance(one.base, sympy.Add)
    }
    known = [one for one in below if one.is_nonnegative is None and _is_never_below(one, domains)]
    return body.xreplace({one: sympy.Abs(one) for one in known}) if known else body


def _is_never_below(total: Any, domains: Mapping[str, Domain]) -> bool:
    """Whether a number and a multiple of an input are together at least zero, by its domain."""
    constant, rest = total.as_coeff_Add()
    times, read = rest.as_coeff_Mul()
    domain = domains.get(getattr(read, "tensor", ""))
    return domain is not None and bool(constant + times * domain.bounds[times.is_negative] >= 0)


def _has_power(node: Any) -> bool:
    return any(_is_symbolic(one) for one in node.atoms(sympy.Pow)) or any(_rates(node))


def _is_symbolic(power: Any) -> bool:
    """Whether a power has an exponent that is no number, and a base that has a logarithm."""
    return bool(not power.exp.is_number and _logarithm(power.base) is not None)


def _logarithm(base: Any) -> Expression | None:
    """log b for a base that is never negative, or for 1 + r where it isn't (`_inside`)."""
    constant, rest = base.as_coeff_Add()
    if constant == 1 and (rest.is_real or all(map(_is_never_negative, sympy.Mul.make_args(rest)))):
        return log1p(rest)
    if isinstance(base, sigmoid):
        return -softplus(-base.args[0])
    return sympy.log(base) if base.is_nonnegative else None


def _inside(node: Any) -> Any:
    """Where all powers are of what has a logarithm: (1 + x)ᵃ in a branch for x ≥ 0 (Yeo and Johnson 2000)."""
    bases = {one.base for one in node.atoms(sympy.Pow) if _is_symbolic(one)}
    return sympy.And(*(sympy.Gt(one, 0) for one in bases if _is_of_unknown_sign(one)))


def _is_of_unknown_sign(base: Any) -> bool:
    constant, rest = base.as_coeff_Add()
    factors = sympy.Mul.make_args(rest)
    return bool(constant == 1 and rest.is_real and not all(map(_is_never_negative, factors)))


def _is_never_negative(factor: Any) -> bool:
    """Of a factor that may be infinite too: 1/|a − 2|."""
    base, exponent = factor.as_base_exp()
    return bool(base.is_nonnegative or (base.is_real and exponent.is_even))


def _changed(node: Any) -> Any:
    """An expression with its sums changed, the outermost that can be."""
    if not getattr(node, "args", ()) or not _has_power(node):
        return node
    if isinstance(node, sympy.Add) and size(node) <= _MOST_NODES:
        arms = [(unit, *found) for unit in _units(node) if (found := _near_zero(node, unit))]
        for rate, time in _rates(node):
            found = _near_zero_rate(node, rate, time)
            if found is not None:
                arms.append((rate, *found))
        whole = node
        for unit, condition, near in arms:
            small = sympy.Lt(sympy.Abs(unit), HALF) if len(arms) > 1 else sympy.true
            whole = Branch(sympy.And(small, condition, _inside(node)), near, whole)
        if arms:
            return whole
    if isinstance(node, (sympy.log, log1p, xlogy, xlog1py)) and size(node) <= _MOST_NODES:
        near = _log_near_one(node)
        if near is not None:
            return near
    return node.func(*map(_changed, node.args))


def _rates(node: Any) -> Iterator[tuple[Expression, Expression]]:
    """(w, t) of every exp(c·w·t) in an expression that is divided by w: such is Σ (exp(w·t) − 1)/w. Of
    a shape between two numbers, which is made of a sigmoid, t is the logarithm of a base."""
    below = {one.base for one in node.atoms(sympy.Pow) if one.exp.is_Integer and one.exp < 0}
    made = any(one.has(sigmoid) for one in below)
    found = set()
    for one in node.atoms(sympy.exp, expm1):
        for w in sympy.Mul.make_args(one.args[0]):
            is_shape = made and w.has(sigmoid) and any(_ratio(other, w) for other in below)
            if is_shape or (w in below and isinstance(w, Read)):
                found.add((w, one.args[0] / w))
    for w, rest in sorted(found, key=lambda pair: (spelled(pair[0]), spelled(pair[1]))):
        time = rest.as_coeff_Mul()[1]
        if isinstance(w, Read) and isinstance(time, Read) and time != w:
            yield w, time
        if not isinstance(w, Read) and isinstance(time, sympy.log | log1p) and not time.has(w):
            yield w, time


def _ratio(one: Any, other: Any) -> Expression | None:
    """k where one is k times the other, of sums with a number too."""
    (first, rest), (second, last) = (each.as_coeff_Add() for each in (one, other))
    k = first / second if second != 0 else rest.as_coeff_Mul()[0] / last.as_coeff_Mul()[0]
    return k if k.is_Rational and k != 0 and sympy.expand(one - k * other) == 0 else None


def _near_zero_rate(node: Any, rate: Any, time: Any) -> tuple[Any, Expression] | None:
    """The same as of a power bʷ with log b = t."""
    base = Read("base", (), {"positive": True})
    unit = rate if isinstance(rate, Read) else Read("rate", (), {"real": True})
    powers: dict[Any, Any] = {time: sympy.log(base), rate: unit}
    for one in node.atoms(sympy.exp, expm1):
        times = one.args[0] / (rate * time)
        if times.is_Rational:
            powers[one] = base ** (times * unit) - (1 if isinstance(one, expm1) else 0)
    for one in node.atoms(sympy.Add) if rate.is_Add else ():
        times = _ratio(one, rate)
        if times is not None:
            powers[one] = times * unit
    opened = node.xreplace(powers)
    found = _near_zero(opened, unit)
    if found is None:
        return None
    back = {sympy.log(base): time, unit: rate}
    back |= {power: one for one, power in powers.items() if isinstance(one, sympy.exp)}
    condition, near = (one.xreplace(back) for one in found)
    return None if near.has(base) or condition.has(base) else (condition, near)


def _log_near_one(node: Any) -> Expression | None:
    """log(uᵃ + vᵃ − 1), the copula of Clayton (1978): what is in it is one where the exponent is zero; and
    log(1 − uᵃ), where it is nothing."""
    *weight, argument = node.args
    total = 1 + argument if isinstance(node, (log1p, xlog1py)) else argument
    if not isinstance(total, sympy.Add):
        return None
    for unit in _units(total):
        terms = [_term(one, unit) for one in total.args]
        plain = all(one.coefficient == 1 and not one.logs for one in terms)
        there = sum(one.number for one in terms)
        if plain and there in (0, 1):
            condition, small = _each_less_one(terms, unit)
            of_one, of_nothing = (xlog1py, xlogy) if weight else (log1p, sympy.log)
            near = of_one if there == 1 else of_nothing
            return Branch(sympy.And(condition, _inside(node)), near(*weight, small), node)
    return None


def _near_zero(node: Any, unit: Any) -> tuple[Any, Expression] | None:
    """Where a sum cancels for a unit that is nearly zero, and what is left of it there."""
    constant, rest = unit.as_coeff_Add()
    coefficient, symbol = rest.as_coeff_Mul()
    within, small = node, unit
    if constant != 0 and isinstance(symbol, Read):  # of 1 − a, so that a is one less it
        small = Read("unit", (), {"real": True})
        within = node.xreplace({symbol: (small - constant) / coefficient})
        symbol = small
    addends = [one for addend in sympy.Add.make_args(within) for one in _opened(addend, symbol)]
    found = _less_ones(addends, small) if len(addends) <= _MOST_TERMS else None
    if found is None:
        return None
    condition, near = found
    return condition.xreplace({small: unit}), near.xreplace({small: unit})


def _opened(addend: Any, symbol: Any) -> Iterator[Expression]:
    """The addends of a product with sums in which there are powers, or nothing but exponents. What is guarded
    against a factor of zero is nothing there anyway, where all bases have logarithms."""
    for factor in sympy.Mul.make_args(addend):
        if isinstance(factor, Branch) and factor.args[1] == 0 and _has_power(factor):
            condition, _, arm = factor.args
            is_zero = isinstance(condition, sympy.Eq) and condition.rhs == 0
            if is_zero and condition.lhs in sympy.Mul.make_args(arm):
                yield from _opened(addend / factor * arm, symbol)
                return
        if isinstance(factor, (xlogy, xlog1py)):
            weight, argument = factor.args
            logarithm = log1p(argument) if isinstance(factor, xlog1py) else sympy.log(argument)
            yield from _opened(addend / factor * weight * logarithm, symbol)
            return
        opens = _has_power(factor) or _is_with(factor, symbol) or _has_logarithm(factor)
        if isinstance(factor, sympy.Add) and opens:
            for one in factor.args:
                yield from _opened(addend / factor * one, symbol)
            return
    yield addend


def _has_logarithm(factor: Any) -> bool:
    """Whether an addend is a logarithm times something, which the power beside it may belong to."""
    factors = (one for addend in factor.args for one in sympy.Mul.make_args(addend))
    return any(_argument_of_log(one) is not None for one in factors)


def _is_with(factor: Any, symbol: Any) -> bool:
    """Whether a sum is of a number and a multiple of what powers are raised to: 1 − a."""
    constant, rest = factor.as_coeff_Add()
    return bool(constant != 0 and rest.as_coeff_Mul()[1] == symbol)


def _units(node: Any) -> list[Expression]:
    """The exponents that may be nearly zero: those of the powers, with and without their constant."""
    exponents = {one.exp for one in node.atoms(sympy.Pow) if _is_symbolic(one)}
    found = {unit for one in exponents for unit in (one, one.as_coeff_Add()[1])}
    positive = {-one if one.could_extract_minus_sign() else one for one in found}
    return sorted(positive, key=lambda one: (size(one), spelled(one)))


@dataclass(frozen=True)
class _Term:
    """`number · coefficient · Π logᵈ b · exp(unit · exponent)`, which is `whole`; the exponent is a sum of
    logarithms with numbers, `bases` those that it has, `logs` those beside it with their degree."""

    whole: Expression
    number: Expression
    coefficient: Expression
    exponent: Expression
    bases: frozenset[Any]
    logs: tuple[tuple[Any, int], ...]


def _less_ones(addends: list[Expression], unit: Expression) -> tuple[Any, Expression] | None:
    """Where the addends nearly cancel, unit being nearly zero, and what is left of their sum there; None if
    they don't."""
    terms = [_term(one, unit) for one in addends]
    groups: dict[Any, list[_Term]] = {}
    for one in terms:
        groups.setdefault(one.coefficient, []).append(one)
    conditions, left = [], []
    for coefficient, members in groups.items():
        found = _of_group(members, unit)
        if found is None:
            left += [one.whole for one in members]
        else:
            conditions.append(found[0])
            left.append(coefficient * found[1])
    return (sympy.And(*conditions), sympy.Add(*left)) if conditions else None


def _term(addend: Any, unit: Any) -> _Term:
    number, coefficient, exponent = ONE, ONE, ZERO
    bases: set[Any] = set()
    logs: dict[Any, int] = {}
    for factor in sympy.Mul.make_args(addend):
        base, power = factor.as_base_exp()
        argument = _argument_of_log(base)
        if factor.is_number:
            number *= factor
        elif isinstance(factor, sympy.Pow) and _is_symbolic(factor):
            times, rest = _times(power, unit)
            if times is None:
                coefficient *= factor
                continue
            exponent += times * _logarithm(base)
            bases.add(base)
            coefficient *= base**rest
        elif argument is not None and power.is_Integer:
            logs[argument] = logs.get(argument, 0) + int(power)
        elif isinstance(base, sympy.Add) and base.could_extract_minus_sign() and power.is_Integer:
            number *= (-1) ** power
            coefficient *= (-base) ** power
        else:
            coefficient *= factor
    for degree in logs.values():
        coefficient *= unit**-degree
    sign, coefficient = coefficient.as_coeff_Mul()
    held = tuple(sorted(logs.items(), key=lambda one: spelled(one[0])))
    return _Term(addend, number * sign, coefficient, exponent, frozenset(bases), held)


def _argument_of_log(factor: Any) -> Expression | None:
    if isinstance(factor, log1p):
        return 1 + factor.args[0]
    return factor.args[0] if isinstance(factor, sympy.log) else None


def _times(exponent: Any, unit: Any) -> tuple[Any, Any]:
    """(k, m) with exponent = k·unit + m for numbers; (None, exponent) where there are none."""
    constant, rest = exponent.as_coeff_Add()
    unit_constant, unit_rest = unit.as_coeff_Add()
    times = rest / unit_rest
    if not times.is_Rational:
        return None, exponent
    return times, constant - times * unit_constant


def _of_group(members: list[_Term], unit: Any) -> tuple[Any, Expression] | None:
    """The same of terms with one coefficient, less the coefficient."""
    bases = frozenset().union(*(one.bases for one in members))
    logs = {argument for one in members for argument, _ in one.logs}
    if len(members) < 2 or not bases:
        return None
    if not logs and sum(one.number for one in members) == 0:
        return _each_less_one(members, unit)
    if len(bases) == 1 and logs <= bases:
        (base,) = bases
        return _in_one_symbol(members, unit * _logarithm(base), base)
    return None


def _in_one_symbol(members: list[_Term], place: Any, base: Any) -> Any:
    """Where and what Σ number·uᵈ·exp(k·u) is near u = 0."""
    u = Read("exponent", (), {"real": True})
    logarithm = _logarithm(base)
    whole = ZERO
    degrees = [sum(count for _, count in one.logs) for one in members]
    least = min(0, *degrees)
    for one, degree in zip(members, degrees, strict=True):
        whole += one.number * u ** (degree - least) * sympy.exp(one.exponent / logarithm * u)
    if whole.has(sympy.log, log1p):
        return None
    found = series_at_zero(whole, u)
    if found is None:
        return None
    condition, near, _ = found.args
    return condition.xreplace({u: place}), (u**least * near).xreplace({u: place})


def _each_less_one(members: list[_Term], unit: Any) -> Any:
    # Terms that are alike count each: two derivatives may have left the same one.
    places = [(one.number, unit * _joined(one.exponent)) for one in members if one.exponent != 0]
    condition = sympy.And(*(sympy.Lt(sympy.Abs(place), 1) for _, place in places))
    return condition, sympy.Add(*(number * expm1(place) for number, place in places))


def _joined(exponent: Any) -> Expression:
    """log a − log b as the logarithm of the quotient, which is near zero where they agree."""
    terms = [one.as_coeff_Mul() for one in sympy.Add.make_args(exponent)]
    if len(terms) != 2 or not all(isinstance(log, sympy.log) for _, log in terms):
        return exponent
    (k, first), (m, second) = sorted(terms, key=lambda one: -one[0])
    if k + m != 0:
        return exponent
    return k * sympy.log(first.args[0] / second.args[0])
