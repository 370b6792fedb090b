"""What isn't taken isn't computed: the last rewrites of a body, after all differentiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.atoms import Branch
from objc.passes.rewrites.forms import ZERO


def guard_products(
    expression: Any, explosive: Callable[[Any], bool], nonzero: frozenset[Any] = frozenset()
) -> Any:
    """x·exp(u) = if x = 0 then 0 else x·exp(u), and the same for a power with a symbolic exponent:
    where x is zero the product is zero, even if the other factor has overflowed.

    Only for bodies that are not differentiated any more. `explosive` says of a factor that it may
    overflow; `nonzero` holds what branches around have found not to be zero.
    """
    if not getattr(expression, "args", ()) or getattr(expression, "is_Relational", False):
        return expression
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        found = nonzero | {condition.lhs} if _is_zero_test(condition) else nonzero
        arms = (
            guard_products(then, explosive, nonzero),
            guard_products(otherwise, explosive, found),
        )
        return Branch(condition, *arms)
    arguments = [guard_products(one, explosive, nonzero) for one in expression.args]
    rebuilt = expression.func(*arguments) if arguments != list(expression.args) else expression
    if not isinstance(rebuilt, sympy.Mul):
        return rebuilt
    exploding = [one for one in rebuilt.args if explosive(one)]
    if not exploding:
        return rebuilt
    # What may overflow may be zero as well, and then what it multiplies does not matter either.
    certain = exploding if len(exploding) == 1 else [f for f in exploding if not f.is_Symbol]
    vanishing = [_nonzero_base(f) for f in rebuilt.args if not f.is_nonzero and f not in certain]
    vanishing = [one for one in vanishing if one not in nonzero]
    if not vanishing:
        return rebuilt
    return Branch(sympy.Or(*(sympy.Eq(one, 0) for one in vanishing)), ZERO, rebuilt)


def _is_zero_test(condition: Any) -> bool:
    return isinstance(condition, sympy.Eq) and condition.rhs == 0


def _nonzero_base(factor: Any) -> Any:
    """What is zero where the factor is: the base of a positive power."""
    if isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_positive:
        return factor.base
    return factor


def sink_conditions(expression: Any) -> Any:
    """Put every factor of Iverson's bracket inside it: `[c]·f` = `if c then f else 0`, so that f is
    not evaluated where c doesn't hold."""
    if not getattr(expression, "args", ()) or expression.is_Relational:
        return expression
    if not expression.has(Branch):
        return expression
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        then = sink_conditions(then.xreplace({condition: sympy.true}))
        return Branch(
            condition, then, sink_conditions(otherwise.xreplace({condition: sympy.false}))
        )
    arguments = [sink_conditions(one) for one in expression.args]
    if isinstance(expression, sympy.Pow) and _vanishes_as_power(*arguments):
        condition, *arms = arguments[0].args
        return Branch(condition, *(arm if arm == 0 else arm ** arguments[1] for arm in arms))
    if isinstance(expression, sympy.Mul):
        for number, one in enumerate(arguments):
            if isinstance(one, Branch) and _vanishes(one):
                others = sympy.Mul(*arguments[:number], *arguments[number + 1 :])
                condition, *arms = one.args
                known = (sympy.true, sympy.false)
                return Branch(condition, *(
                    arm if arm == 0 else sink_conditions((arm * others).xreplace({condition: told}))
                    for arm, told in zip(arms, known, strict=True)
                ))  # fmt: skip
    return expression.func(*arguments)


def _vanishes_as_power(base: Any, exponent: Any) -> bool:
    return isinstance(base, Branch) and bool(exponent.is_positive) and 0 in base.args[1:]


def _vanishes(branch: Any) -> bool:
    """Whether some arm is zero, also of a branch inside of an arm."""
    return any(arm == 0 or (isinstance(arm, Branch) and _vanishes(arm)) for arm in branch.args[1:])
