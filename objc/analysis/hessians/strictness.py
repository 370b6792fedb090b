"""Provers of `strictly_convex`, `strongly_convex M`, `smooth L` and `lipschitz L` for several numbers
together, or for one where the square is taken off first."""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.hessians.composition import PartsByHessian
from objc.analysis.hessians.minors import is_strictly_convex
from objc.analysis.hessians.variables import (
    Variable,
    is_continuous,
    jumps_at_ends,
    variables_of,
    with_signs,
)
from objc.analysis.signs.elementary import is_smooth_formula, parametrized
from objc.analysis.signs.several import is_nonnegative_over
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.symbols import reads

_MOST = 4


def numbers_of(subject: Subject, names: tuple[str, ...]) -> list[Variable] | None:
    """The inputs as variables, where they are numbers and the loss is a formula of them."""
    inputs = [subject.program.input[name] for name in names]
    if len(inputs) > _MOST or any(one.dimensions for one in inputs) or not subject.is_short:
        return None
    if any(
        name in subject.reaching(read.tensor)
        for read in reads(subject.value)
        if read.tensor not in subject.program.input
        for name in names
    ):
        return None
    return variables_of(subject.program, [one.read() for one in inputs])


def leading_minors(subject: Subject, claim: Claim) -> Decision | None:
    variables = numbers_of(subject, claim.inputs) if len(claim.inputs) > 1 else None
    if variables is None or not is_strictly_convex(subject.value, variables, subject.ranges):
        return None
    return proved("every leading minor of the Hessian is positive")


def less_the_square(subject: Subject, claim: Claim) -> Decision | None:
    """Less M/2·|x|², what is left is convex."""
    (modulus,) = claim.arguments
    if _is_convex_with(subject, claim.inputs, subject.value, -modulus):
        return proved("less half the modulus times the square, it is convex")
    return None


def between_two_squares(subject: Subject, claim: Claim) -> Decision | None:
    """`smooth L` of a differentiable loss: L/2·|x|² more of it, and less of it, is convex."""
    (bound,), value = claim.arguments, subject.value
    if len(claim.inputs) < 2 or not all(subject.is_smooth(one, 1) for one in claim.inputs):
        return None
    if all(_is_convex_with(subject, claim.inputs, sign * value, bound) for sign in (1, -1)):
        return proved("half the constant times the square, with it and without it, is convex")
    return None


def gradient_in_all_numbers(subject: Subject, claim: Claim) -> Decision | None:
    """`lipschitz L` of a smooth loss: L² is at least the sum of the squares of its slopes."""
    variables = numbers_of(subject, claim.inputs) if len(claim.inputs) > 1 else None
    if variables is None or jumps_at_ends(subject.value, variables):
        return None
    (bound,), symbols = claim.arguments, [one.symbol for one in variables]
    value = with_signs(subject.value, subject.ranges, variables)
    if not all(is_smooth_formula(value, one) for one in symbols):
        return None
    if not is_continuous(value, variables) or not subject.is_at_least(bound, sympy.Integer(0)):
        return None
    room = bound**2 - sympy.Add(*(sympy.diff(value, one) ** 2 for one in symbols))
    spans = {one.symbol: one.span for one in variables}
    forms = list(parametrized(subject.program, room, (), room)) or [{}]
    if all(is_nonnegative_over(room.xreplace(form), spans) for form in forms):
        return proved("by a bound on the length of the gradient")
    return None


def _is_convex_with(subject: Subject, names: tuple[str, ...], value: Any, bend: Any) -> bool:
    """Whether a formula of numbers and bend/2·|x|² is convex in them."""
    inputs = [subject.program.input[name] for name in names]
    if any(one.dimensions for one in inputs) or not subject.is_short:
        return False
    squares = sympy.Add(*(one.read() ** 2 for one in inputs))
    whole = sympy.expand(value + bend * squares / 2)
    return PartsByHessian(subject.program, subject.ranges, names).of(whole).convex


def constant_hessian(subject: Subject, names: tuple[str, ...]) -> Any:
    """The eigenvalues of a Hessian that is a matrix of numbers; None of any other."""
    variables = numbers_of(subject, names)
    if variables is None or len(names) > 3:
        return None
    value, symbols = (
        with_signs(subject.value, subject.ranges, variables),
        [one.symbol for one in variables],
    )
    if not all(is_smooth_formula(value, one) for one in symbols) or not value.is_polynomial(
        *symbols
    ):
        return None
    hessian = sympy.hessian(value, symbols).applyfunc(sympy.expand)
    if not all(one.is_Rational for one in hessian):
        return None
    return sorted(hessian.eigenvals(), key=lambda one: float(sympy.re(sympy.N(one))))
