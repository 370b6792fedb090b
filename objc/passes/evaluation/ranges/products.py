"""Zero times infinity is zero where a factor is exactly zero, and ratios stand for squares that leave the
range: the very last rewrites, after which a body is only computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read
from objc.passes.batch import dependent
from objc.passes.evaluation.differences.settings import divide_settings, split_settings
from objc.passes.evaluation.powers.exponentials import exponentials_once, without_logarithms
from objc.passes.evaluation.powers.far_powers import powers_far_out
from objc.passes.evaluation.probabilities.targets import together_with_complements
from objc.passes.evaluation.ranges.gates import Gates
from objc.passes.evaluation.ranges.magnitudes import keep_in_range
from objc.passes.evaluation.ranges.nothing import differences_of_nothing
from objc.passes.rewrites.clamps import apart_from_one
from objc.passes.rewrites.forms import ZERO
from objc.passes.rewrites.products import has_infinite_logarithm

_LEAST_LIMIT = 2**60
"""The bounds that passes before this one put are greater, and none that people write are."""


def keep_range(program: Program) -> Program:
    """Zero times infinity is zero where a factor is exactly zero, and ratios stand for squares that may
    overflow. The last step: what it makes has the right value and not the right derivative."""
    program = differences_of_nothing(program)
    program = split_settings(exponentials_once(without_logarithms(program)))
    unbounded = dependent(program.lets, _infinite(program))
    normalisers = {
        let.name
        for let in program.lets
        if let.reduction in ("max", "logsumexp") and let.name not in unbounded
    }
    exploding: set[str] = set()
    named = {let.read(*let.free): let.body for let in program.lets if let.reduction is None}
    opened = {let.name: let.body for let in program.lets if let.reduction is None}

    def bounded(exponent: Expression) -> bool:
        if isinstance(exponent, maximum):
            return all(map(bounded, exponent.args))
        exponent = opened.get(getattr(exponent, "tensor", ""), exponent)
        return _is_normalised(exponent, normalisers, gates.sources)

    def explosive(factor: Expression) -> bool:
        if isinstance(factor, Read):
            return factor.tensor in exploding
        if isinstance(factor, (sympy.exp, expm1, sympy.sinh, sympy.cosh)):
            argument = factor.args[0]
            return not argument.is_nonpositive and not bounded(argument)
        if isinstance(factor, sympy.Pow):
            return (
                not factor.exp.is_number and not factor.exp.is_positive
            ) or has_infinite_logarithm(factor)
        return has_infinite_logarithm(factor)

    gates = Gates(program, bounded)
    lets = []
    for let in program.lets:
        added = let.reduction in (None, "sum") and not _is_rest(let)
        if added and _has_part(let.body, explosive):
            exploding.add(let.name)
        divided = divide_settings(together_with_complements(let.body, program), program)
        guarded = guard_products(divided, lambda factor: _has_part(factor, explosive))
        body = powers_far_out(keep_in_range(gates.guard(guarded), named))
        body = apart_from_one(body)
        lets.append(replace(let, body=body, guard=keep_in_range(let.guard, named)))
        if let.reduction is None:
            named[let.read(*let.free)] = body
    return program.with_lets(lets)


def _is_rest(let: Let) -> bool:
    """Whether a let is a logarithm of what is at least one, as the rest of a logsumexp is."""
    logarithm = isinstance(let.body, (sympy.log, log1p))
    return logarithm and bool(let.read(*let.free).is_nonnegative)


def _has_part(body: Expression, explosive: Callable[[Expression], bool]) -> bool:
    """Whether an addend, a factor or an arm of a branch may overflow, and the body with it."""
    if explosive(body):
        return True
    if isinstance(body, Branch):
        return any(_has_part(arm, explosive) for arm in body.args[1:])
    inside = isinstance(body, (sympy.Add, sympy.Mul))
    return inside and any(_has_part(part, explosive) for part in body.args)


def _infinite(program: Program) -> set[str]:
    """The lets that an infinity is written in: the largest of several may be -inf then, and what is
    left of -inf when -inf is subtracted is no number."""
    return {let.name for let in program.lets if let.body.has(sympy.oo, -sympy.oo)}


def _is_normalised(
    exponent: Expression, normalisers: set[str], sources: Callable[[Any], frozenset[str]]
) -> bool:
    """Whether a maximum or logsumexp of what is there is subtracted, and nothing stands beside it: such
    an exponential is a probability, and a ratio of two is not."""
    for addend in sympy.Add.make_args(exponent):
        coefficient, rest = addend.as_coeff_Mul()
        if coefficient < 0 and isinstance(rest, Read) and rest.tensor in normalisers:
            return sources(exponent) <= sources(rest)
        factors = [one for one in sympy.Mul.make_args(rest) if not one.is_positive]
        if coefficient > 0 and len(factors) == 1 and isinstance(factors[0], sympy.Add):
            return _is_normalised(factors[0], normalisers, sources)
    return False


def guard_products(
    expression: Any,
    explosive: Callable[[Any], bool],
    nonzero: frozenset[Any] = frozenset(),
    bounded: frozenset[Any] = frozenset(),
) -> Any:
    """x·exp(u) = if x = 0 then 0 else x·exp(u), and the same for a power with a symbolic exponent:
    where x is zero the product is zero, even if the other factor has overflowed.

    Only for bodies that are not differentiated any more. `explosive` says of a factor that it may
    overflow; `nonzero` and `bounded` hold what branches around have found not to be zero, and not to be
    large.
    """
    if not getattr(expression, "args", ()):
        return expression
    if getattr(expression, "is_Relational", False) and not _is_limit(expression):
        return expression
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        condition = guard_products(condition, explosive, nonzero, bounded)
        found = nonzero | {condition.lhs} if _is_zero_test(condition) else nonzero
        arms = (
            guard_products(then, explosive, nonzero, bounded | _bounded(condition)),
            guard_products(otherwise, explosive, found, bounded),
        )
        return Branch(condition, *arms)
    arguments = [guard_products(one, explosive, nonzero, bounded) for one in expression.args]
    rebuilt = expression.func(*arguments) if arguments != list(expression.args) else expression
    if not isinstance(rebuilt, sympy.Mul):
        return rebuilt
    exploding = [one for one in rebuilt.args if explosive(one) and not one.free_symbols <= bounded]
    if not exploding:
        return rebuilt
    # What may overflow may be zero as well, and then what it multiplies does not matter either.
    certain = exploding if len(exploding) == 1 else list(filter(_is_certain, exploding))
    vanishing = [_nonzero_base(f) for f in rebuilt.args if not f.is_nonzero and f not in certain]
    vanishing = [one for one in vanishing if one not in nonzero]
    if not vanishing:
        return rebuilt
    return Branch(sympy.Or(*(sympy.Eq(one, 0) for one in vanishing)), ZERO, rebuilt)


def _is_certain(exploding: Any) -> bool:
    """Whether what may overflow is hardly ever zero: a number of its own may be, and a sum that cases add."""
    is_sum = isinstance(exploding, sympy.Add)
    return not exploding.is_Symbol and not (is_sum and all(map(_has_zero_case, exploding.args)))


def _has_zero_case(term: Any) -> bool:
    return any(
        isinstance(one, Branch) and (ZERO in one.args[1:] or any(map(_has_zero_case, one.args[1:])))
        for one in sympy.Mul.make_args(term)
    )


def _is_limit(condition: Any) -> bool:
    """Whether something is compared with a bound of what is in range: what is no number is not."""
    return bool(condition.rhs.is_Integer and condition.rhs >= _LEAST_LIMIT)


def _bounded(condition: Any) -> frozenset[Any]:
    """x where the condition is |x| < c."""
    if isinstance(condition, sympy.StrictLessThan) and isinstance(condition.lhs, sympy.Abs):
        return frozenset(condition.lhs.args) if condition.rhs.is_number else frozenset()
    return frozenset()


def _is_zero_test(condition: Any) -> bool:
    return isinstance(condition, sympy.Eq) and condition.rhs == 0


def _nonzero_base(factor: Any) -> Any:
    """What is zero where the factor is: the base of a positive power."""
    if isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_positive:
        return factor.base
    return factor
