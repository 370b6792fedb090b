"""The order in which the factors of a product are computed where some of them may be of any size.

Squared, or beside an entry that is large, a hyperparameter, or what is made of some, leaves the range, though
what else it multiplies is so small that the whole does not. Last, each time by itself, it takes the product
of the others to the whole, and nothing leaves what lies between both. So does c·x² as (x·c)·x: x·c lies
between c and the whole.
Entries are no different: w·x² is (w·x)·x, no number otherwise where a mask leaves an outlier out, and x²·y²
is (x·y)·(x·y).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, quotient, sigmoid
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read

Factors = tuple[Expression, ...]
_GREATEST_DEGREE = 4


def early_and_late(product: Expression, program: Program) -> tuple[Factors, Factors]:
    """The factors of a product that are multiplied in any order, and those that come after them in this one:
    hyperparameters, each as often as its power says, what is divided by one, and what powers are of, but for
    the first time."""
    settings, early, roots = list[Expression](), list[Expression](), list[Expression]()
    for factor in product.args:
        base, exponent = factor.as_base_exp()
        is_one = is_setting(base, program) or _is_made_of_settings(base, program)
        if exponent.is_Integer and exponent.is_positive and is_one:
            settings += [base] * int(exponent)
        elif isinstance(factor, quotient) and is_setting(factor.args[1], program):
            settings.append(factor)
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
        return _in_rounds(product, program)
    return tuple(early), (*settings, *roots)


def _in_rounds(product: Expression, program: Program) -> tuple[Factors, Factors]:
    """Every factor once, then what is left of the powers of those that may be large, all of them at a time:
    of x²·y no part is farther from one than x, y and the whole are."""
    degrees: dict[Expression, int] = {}
    others = list[Expression]()
    for factor in product.args:
        base, exponent = factor.as_base_exp()
        whole = exponent.is_Integer and 2 <= exponent <= _GREATEST_DEGREE
        if whole and not base.is_integer and _may_be_large(base, program):
            degrees[base] = int(exponent)
        else:
            others.append(factor)
    beside = [one for one in others if not one.is_number and not one.as_base_exp()[1].is_negative]
    if not degrees or len(degrees) + len(beside) < 2:
        return product.args, ()
    rounds = [
        sympy.Mul(*(base for base, degree in degrees.items() if degree > number))
        for number in range(1, max(degrees.values()))
    ]
    return (*others, *degrees), tuple(reversed(rounds))


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
