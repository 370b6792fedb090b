"""A loss of one difference d = log Σ exp(x) − x at one place, which is at least zero, and of hyperparameters
in which it is affine: it is least at their ends, and there its sign is decided on the line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import plain
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.symbols import Read


def function_of_a_difference(subject: Subject, claim: Claim) -> Decision | None:
    if ends_of(claim) != (0, sympy.oo) or not subject.is_short:
        return None
    for formula, difference in _in_a_difference(subject):
        forms = list(_at_ends(subject, plain(formula), difference))
        if forms and all(
            is_nonnegative_inside(one, difference, sympy.Integer(0), sympy.oo) for one in forms
        ):
            return proved("as a function of log Σ exp(x) − x, which is at least zero, on the line")
    return None


def _in_a_difference(subject: Subject) -> Iterator[tuple[Any, Any]]:
    """The value with one symbol for a log-sum-exp less one of its exponents."""
    program, difference = subject.program, sympy.Dummy("d", positive=True)
    lets = {let.name for let in program.lets if let.reduction == "logsumexp"}
    reads = sorted(subject.value.atoms(Read), key=str)
    for great, small in itertools.permutations(reads, 2):
        if great.tensor not in lets:
            continue
        if not subject.ranges.of(great - small).is_nonnegative:
            continue
        there = subject.value.xreplace({great: small + difference})
        there = there if not there.has(small) else sympy.expand(there)
        if not there.has(small):
            yield there, difference


def _at_ends(subject: Subject, formula: Any, difference: Any) -> Iterator[Any]:
    """The formula at the ends of a hyperparameter's interval, where it is affine in it; for an end at
    infinity, what it is multiplied by."""
    others = formula.free_symbols - {difference}
    if not others:
        yield formula
        return
    (one, *rest) = others
    is_known = isinstance(one, Read) and one.tensor in subject.program.input
    if not is_known or rest or one.positions or sympy.expand(sympy.diff(formula, one, 2)) != 0:
        return
    low, high = subject.program.input[one.tensor].domain.bounds
    for end, sign in ((low, -1), (high, 1)):
        if end in (sympy.oo, -sympy.oo):
            yield sign * sympy.diff(formula, one)
        elif end.is_number:
            yield formula.xreplace({one: end})
        else:
            yield sympy.Integer(-1)
