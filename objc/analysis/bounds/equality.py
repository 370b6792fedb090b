"""Least at equality: what is convex in an input, and flat and zero where that is equal to the data, is at
least zero. What the text says of single values of the data is looked at for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import is_smooth_formula, is_zero, plain
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.program import Claim
from objc.ir.symbols import Read

_MOST_VALUES = 3


def least_at_equality(subject: Subject, claim: Claim) -> Decision | None:
    pair = _pair(subject)
    if ends_of(claim) != (0, sympy.oo) or pair is None or not subject.is_short:
        return None
    x, y = pair
    if not subject.curvature(x.tensor).convex:
        return None
    cases = list(_cases(plain(subject.value), y))
    if not cases or not all(_is_nonnegative(subject, x, y, *one) for one in cases):
        return None
    return proved(f"it is convex in {x.tensor}, flat and zero where that is {y.tensor}")


def _pair(subject: Subject) -> tuple[Read, Read] | None:
    """An input and the data, two numbers of one domain."""
    inputs = [one for one in subject.program.inputs if one.role in ("differentiable", "data")]
    if len(inputs) != 2 or len(subject.program.lets) != 1 or len(subject.program.inputs) != 2:
        return None
    x, y = sorted(inputs, key=lambda one: one.role == "data")
    is_alike = x.domain == y.domain and not x.dimensions and not y.dimensions
    return (x.read(), y.read()) if is_alike and x.is_differentiable and y.role == "data" else None


def _cases(value: Any, y: Read) -> Iterator[tuple[Any, Any]]:
    """A value of the data that the text speaks of, with the formula there; and the formula for all others,
    with None."""
    relations = {one for branch in value.atoms(Branch) for one in branch.args[0].atoms(sympy.Rel)}
    ends = {one.rhs if one.lhs == y else one.lhs for one in relations}
    is_known = all(isinstance(one, sympy.Eq | sympy.Ne) and y in one.args for one in relations)
    if not is_known or len(ends) > _MOST_VALUES or not all(one.is_Rational for one in ends):
        return
    for end in (*ends, None):
        truths = {
            one: sympy.sympify((end in one.args) == isinstance(one, sympy.Eq)) for one in relations
        }
        here = value.xreplace(truths)
        yield end, here if end is None else here.xreplace({y: end})


def _is_nonnegative(subject: Subject, x: Read, y: Read, end: Any, here: Any) -> bool:
    if end is not None:
        return subject.ranges.of(here).is_nonnegative
    slope = sympy.diff(here, x)
    at_equality = [one.xreplace({x: y}) for one in (here, slope)]
    return is_smooth_formula(here, x) and all(is_zero(one) for one in at_equality)
