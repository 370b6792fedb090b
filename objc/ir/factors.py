"""The order in which the factors of a product are computed where hyperparameters of any size are among them.

Squared, or beside an entry that is large, a hyperparameter, or what is made of some, leaves the range, though
what else it multiplies is so small that the whole does not. Last, each time by itself, it takes the product of
the others to the whole, and nothing leaves what lies between both. So does c·x² as (x·c)·x: x·c lies between c
and the whole.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, quotient, sigmoid
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read

Factors = tuple[Expression, ...]


def early_and_late(product: Expression, program: Program) -> tuple[Factors, Factors]:
    """The factors of a product that are multiplied in any order, and those that come after them in this one:
    hyperparameters, each as often as its power says, and one of two roots of a square."""
    settings, early, roots = list[Expression](), list[Expression](), list[Expression]()
    for factor in product.args:
        base, exponent = factor.as_base_exp()
        is_one = is_setting(base, program) or _is_made_of_settings(base, program)
        if exponent.is_Integer and exponent.is_positive and is_one:
            settings += [base] * int(exponent)
        elif exponent == 2 and _may_be_large(base, program):
            early.append(base)
            roots.append(base)
        else:
            early.append(factor)
    others = [one for one in early if not one.is_number]
    at_risk = len(settings) > 1 or bool(roots)
    at_risk |= any(_may_vanish(one, program) for one in others) and any(
        _may_be_large(one, program) for one in others
    )
    if not settings or not others or not at_risk:
        return product.args, ()
    return tuple(early), (*settings, *roots)


def is_setting(base: Any, program: Program) -> bool:
    """A hyperparameter of any size, or one beside a number, as gamma − 1."""
    rest = base.as_coeff_Add()[1].as_coeff_Mul()[1]
    given = program.input.get(getattr(rest, "tensor", ""))
    if given is None or given.role != "hyperparameter" or given.domain.is_integer:
        return False
    return any(one.is_infinite for one in given.domain.bounds)


def _is_made_of_settings(base: Any, program: Program) -> bool:
    """One number for all examples, of inputs that are one and of hyperparameters of any size."""
    let = program.let.get(getattr(base, "tensor", ""))
    if let is None or let.reduction is not None or let.free:
        return False
    parts = let.body.atoms(Read)
    is_alone = all(one.tensor in program.input and not one.positions for one in parts)
    return is_alone and any(is_setting(one, program) for one in parts)


def _may_vanish(factor: Any, program: Program) -> bool:
    """Whether a factor is an exponential, or a power of which the exponent is not a number."""
    body = _opened(factor, program)
    base, exponent = body.as_base_exp()
    return isinstance(body, sympy.exp) or isinstance(base, sigmoid) or not exponent.is_number


def _may_be_large(factor: Any, program: Program) -> bool:
    """Whether a factor is an entry without a bound, or made of several numbers."""
    if isinstance(factor, Read) and not _may_vanish(factor, program):
        domain = program.tensor(factor.tensor).domain
        return bool(factor.positions) and any(one.is_infinite for one in domain.bounds)
    return isinstance(factor, sympy.Add | quotient | Branch)


def _opened(factor: Any, program: Program) -> Any:
    let = program.let.get(getattr(factor, "tensor", ""))
    return factor if let is None or let.reduction is not None else let.body
