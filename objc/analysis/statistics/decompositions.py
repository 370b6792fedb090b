"""Losses of several scores that are put together from a loss φ of a margin, and their consistency.

One against all: φ(z_label) + Σ over the others of φ(−z_k), consistent for the accuracy if φ is convex,
bounded below, differentiable, and φ(v) < φ(−v) for v > 0 (Zhang 2004, theorem 10). Pairs: Σ over the others
of φ(z_label − z_k), consistent if φ is convex, at least 0, differentiable, never increasing, and
φ′(0) < 0 (Zhang 2004, theorem 5; Tewari and Bartlett 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.shape import curves
from objc.analysis.signs.elementary import is_positive, is_smooth_formula, is_zero, pieces, plain
from objc.analysis.statistics.classes import Classes
from objc.analysis.statistics.margins import Margin, is_negative, never_increases
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Index
from objc.ir.program import Input, Let, Program, Term
from objc.ir.symbols import IndexValue, reads


@dataclass(frozen=True)
class Parts:
    """A(z_label) + Σ over the others of B(z_label, z_k): `own` and `other`, formulas of `mine` and
    `theirs`."""

    own: Any
    other: Any
    mine: Any
    theirs: Any


def how_consistent(case: Classes) -> str | None:
    """By what theorem a loss is consistent for the accuracy, if it is of one of both forms."""
    parts = parts_of(case)
    if parts is None:
        return None
    return _one_against_all(case, parts) or _by_pairs(case, parts)


def parts_of(case: Classes) -> Parts | None:
    """The two parts of a loss with one sum over the classes, or none."""
    program = case.subject.program
    if len(program.lets) == 1:
        return _of_label(case)
    if len(program.lets) != 2 or not case.subject.is_short:
        return None
    total, value = program.lets[0], case.subject.value
    if total.reduction != "sum" or len(total.over) != 1 or total.free:
        return None
    (index,) = total.over
    mine, theirs = sympy.Dummy("z", real=True), sympy.Dummy("w", real=True)
    guard_at = [_held(total.guard, case, index, is_label) for is_label in (True, False)]
    if guard_at[1] is not True or guard_at[0] is None:
        return None
    places = {case.scores.read(index): theirs, case.at_label(): mine}
    bodies = [
        at_class(total.body, case, index, is_label).xreplace(places) for is_label in (True, False)
    ]
    at_label = bodies[0].xreplace({theirs: mine}) if guard_at[0] else sympy.Integer(0)
    whole = sympy.Dummy("s", real=True)
    around = value.xreplace({total.read(): whole, case.at_label(): mine})
    if not is_smooth_formula(around, whole):
        return None
    factor = sympy.diff(around, whole)
    if factor.has(whole) or factor.has(mine):
        return None
    own = around.xreplace({whole: sympy.Integer(0)}) + factor * at_label
    bodies[1] = factor * bodies[1]
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    if any(one.tensor not in known for side in (own, bodies[1]) for one in reads(side)):
        return None
    if own.has(IndexValue) or bodies[1].has(IndexValue):
        return None
    return Parts(own, bodies[1], mine, theirs)


def _of_label(case: Classes) -> Parts | None:
    """A loss of the label's entry alone."""
    mine, theirs = sympy.Dummy("z", real=True), sympy.Dummy("w", real=True)
    own = case.subject.value.xreplace({case.at_label(): mine})
    known = {one.name for one in case.subject.program.inputs if one.role == "hyperparameter"}
    if any(one.tensor not in known for one in reads(own)) or own.has(IndexValue):
        return None
    return Parts(own, sympy.Integer(0), mine, theirs)


def _held(condition: Any, case: Classes, index: Index, is_label: bool) -> bool | None:
    """A condition where the index is the label's, or is another."""
    found = at_class(condition, case, index, is_label)
    return True if found == sympy.true else False if found == sympy.false else None


def at_class(expression: Any, case: Classes, index: Index, is_label: bool) -> Any:
    """A formula with what is asked of the index and the label answered."""
    k, label = IndexValue(index), case.label.read()
    equal = sympy.true if is_label else sympy.false
    answers = {
        sympy.Eq(k, label): equal,
        sympy.Eq(label, k): equal,
        sympy.Ne(k, label): sympy.Not(equal),
        sympy.Ne(label, k): sympy.Not(equal),
    }
    found = expression.xreplace(answers)
    for one in found.atoms(Branch):
        if one.args[0] in (sympy.true, sympy.false):
            found = found.xreplace({one: one.args[1] if one.args[0] == sympy.true else one.args[2]})
    return found


def margin_alone(case: Classes, phi: Any, symbol: Any) -> tuple[Subject, Margin]:
    """φ as a loss of one real number, for the provers of curvature."""
    score = Input("margin", (), REAL, "differentiable")
    known = [one for one in case.subject.program.inputs if one.role == "hyperparameter"]
    body = phi.xreplace({symbol: score.read()})
    terms = (Term("value", "total"),)
    lets = (Let("total", (), body),)
    program = Program("margin", (score, *known), lets, {"per_example": "total"}, "loss", terms)
    return Subject(program), Margin(body, score.read(), score.name)


def _one_against_all(case: Classes, parts: Parts) -> str | None:
    if parts.other.has(parts.mine) or not parts.own.has(parts.mine):
        return None
    mirrored = parts.own.xreplace({parts.mine: -parts.theirs})
    if not (mirrored == parts.other or is_zero(plain(mirrored - parts.other))):
        return None
    subject, margin = margin_alone(case, parts.own, parts.mine)
    if not _is_convex_and_smooth(subject, margin) or subject.range.low == -float("inf"):
        return None
    v = sympy.Dummy("v", positive=True)
    differences = pieces(plain(margin.at(-v) - margin.at(v)))
    if differences is None or not all(is_positive(one) for _, one in differences):
        return None
    return (
        "it is phi(z) of the label's score and phi(-z) of the others' (one against all), phi convex,"
        " differentiable, bounded below, and less for a margin of the right sign"
    )


def _by_pairs(case: Classes, parts: Parts) -> str | None:
    if parts.own.has(parts.mine):
        return None
    phi = parts.other.xreplace({parts.mine: parts.mine + parts.theirs})
    phi = phi if not phi.has(parts.theirs) else sympy.expand(phi)
    if phi.has(parts.theirs) or not phi.has(parts.mine):
        return None
    subject, margin = margin_alone(case, phi, parts.mine)
    if not _is_convex_and_smooth(subject, margin) or not subject.range.is_nonnegative:
        return None
    left, right = margin.slope(-1), margin.slope(1)
    if left is None or right is None or not is_zero(left - right) or not is_negative(right):
        return None
    if not never_increases(subject, margin):
        return None
    return (
        "it is a sum of phi of the label's score less each other one, phi convex, at least 0,"
        f" differentiable, never increasing, with a derivative of {right} < 0 at 0"
    )


def _is_convex_and_smooth(subject: Subject, margin: Margin) -> bool:
    is_smooth = subject.is_smooth(margin.name, 1)
    if not is_smooth or subject.smoothness(margin.name).ends_at_edge:
        return False
    return subject.curvature(margin.name).convex or curves.is_curved(
        subject, margin.name, sympy.Integer(0)
    )
