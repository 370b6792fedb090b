"""Losses of several scores that are at least 1 wherever the greatest is not the label's.

At a mistake some other score is t ≥ 0 above the label's. A maximum of the scores is then at least that one,
the logarithm of the sum of exponentials at least that of these two, and a sum of terms of at least 0 at
least the term of that class; the label's probability is at most 1/2.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_smooth_formula,
    is_zero,
    pieces,
    plain,
)
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.statistics.classes import Classes, classes_of, of_probability
from objc.analysis.statistics.decompositions import at_class
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.program import Let, Program
from objc.ir.symbols import IndexValue, reads


def is_mistake(metric: Program) -> bool:
    """Whether a metric is 1 where the first of the greatest scores is not the label's, else 0."""
    case = classes_of(Subject(metric))
    if case is None or len(case.subject.program.lets) != 2:
        return False
    choice, label = case.subject.program.lets[0], case.label.read()
    if choice.reduction != "argmax" or choice.guard != sympy.true or len(choice.over) != 1:
        return False
    one, zero = sympy.Integer(1), sympy.Integer(0)
    is_right = sympy.Eq(choice.read(), label)
    wanted = (
        Branch(sympy.Ne(choice.read(), label), one, zero),
        Branch(is_right, zero, one),
        1 - Branch(is_right, one, zero),
    )
    return choice.body == case.scores.read(choice.over[0]) and case.subject.value in wanted


def how_above_mistakes(subject: Subject) -> str | None:
    """Why a loss is at least 0, and at least 1 at a mistake, if that is found."""
    case = classes_of(subject)
    if case is None or not subject.is_short:
        return None
    return _by_probability(case) or _by_a_member(case)


def _by_probability(case: Classes) -> str | None:
    found = of_probability(case)
    if found is None:
        return None
    value, u = found
    if not is_smooth_formula(value, u):
        return None
    odds = sympy.Dummy("v", positive=True)
    fall = -sympy.diff(value, u).xreplace({u: odds / (1 + odds)})
    if not is_positive(fall) or not is_nonnegative(value.subs(u, 1)):
        return None
    if not is_nonnegative(value.subs(u, sympy.Rational(1, 2)) - 1):
        return None
    return (
        "it falls in the label's softmax probability, which is at most 1/2 at a mistake, from at least 1"
        " there to no less than 0"
    )


def _by_a_member(case: Classes) -> str | None:
    program = case.subject.program
    if len(program.lets) != 2 or program.lets[0].reduction not in ("max", "logsumexp", "sum"):
        return None
    let, z = program.lets[0], sympy.Dummy("z", real=True)
    if len(let.over) != 1 or let.free:
        return None
    total, t = sympy.Dummy("s", real=True), sympy.Dummy("t", nonnegative=True)
    around = plain(case.subject.value).xreplace({let.read(): total, case.at_label(): z})
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    if not is_smooth_formula(around, total):
        return None
    rise = sympy.diff(around, total)
    if any(one.tensor not in known for one in reads(around)) or not is_positive(rise):
        return None
    own, other = (_body(case, let, is_label, z) for is_label in (True, False))
    if own is None or other is None or other[0] is not True:
        return None
    if let.reduction == "sum" and not case.subject.ranges.of(let.body).is_nonnegative:
        return None
    least = _least(let, own, other[1], z, t)
    if least is None:
        return None
    for sums, bound in zip(least, (0, 1), strict=True):
        parts = pieces(sympy.expand(plain(around.xreplace({total: sums}) - bound)))
        if parts is None or not all(_is_at_least_zero(one, t) for _, one in parts):
            return None
    return (
        f"at a mistake another score is no less than the label's, and with that alone in the {let.reduction}"
        " it is at least 1; it is never below 0"
    )


def _is_at_least_zero(formula: Any, t: Any) -> bool:
    if is_zero(formula) or is_nonnegative(formula):
        return True
    return is_nonnegative_inside(formula, t, sympy.Integer(0), sympy.oo)


def _body(case: Classes, let: Let, is_label: bool, z: Any) -> tuple[bool, Any] | None:
    """Whether a class has a part in a reduction, and its body with a symbol `w` for its score."""
    held, body = at_class(let.guard, case, let.over[0], is_label), None
    held = True if held == sympy.true else False if held == sympy.false else None
    if held is None:
        return None
    body = at_class(plain(let.body), case, let.over[0], is_label)
    body = body.xreplace({case.scores.read(let.over[0]): _W, case.at_label(): z})
    known = {one.name for one in case.subject.program.inputs if one.role == "hyperparameter"}
    is_bare = all(one.tensor in known for one in reads(body)) and not body.has(IndexValue)
    return (held, body) if is_bare else None


_W = sympy.Dummy("w", real=True)


def _least(let: Let, own: tuple[bool, Any], other: Any, z: Any, t: Any) -> tuple[Any, Any] | None:
    """The least that a reduction may be: anywhere, and where another score is t above the label's."""
    at_label = own[1].xreplace({_W: z}) if own[0] else None
    at_other = other.xreplace({_W: z + t})
    if let.reduction == "sum":
        base = at_label if at_label is not None else sympy.Integer(0)
        return base, base + at_other
    if at_label is None:
        return None
    if let.reduction == "max":
        return at_label, at_other
    return at_label, sympy.log(sympy.exp(at_label) + sympy.exp(at_other))
