"""Losses of several scores each of which answers for its own class alone.

A(z_label) + Σ over the others of B(z_k) has the expectation Σ η_k·A(z_k) + (1 − η_k)·B(z_k). Where A and B
are a loss of two outcomes that is proper by a link of its own, each score is best where it stands for η_k,
so that the scores have the order of the probabilities. Where one score is best for different η_k, all
classes may tie, and the first of them is chosen. In f_j = z_j less the mean of all scores, Σ over the others
of φ(−f_j) is consistent if φ is convex, bounded below, and differentiable up to 0 with φ′(0) < 0 (Lee, Lin
and Wahba 2004; Zhang 2004, theorem 8).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_regular,
    is_smooth_formula,
    is_zero,
    pieces,
    plain,
)
from objc.analysis.statistics.classes import Classes
from objc.analysis.statistics.decompositions import Parts, margin_alone, parts_of
from objc.analysis.statistics.links import own_link
from objc.analysis.statistics.margins import Margin, is_negative
from objc.analysis.subject import Subject
from objc.atoms import Branch, maximum, minimum
from objc.ir.domain import REAL, Domain
from objc.ir.program import Input, Let, Program, Term
from objc.ir.symbols import IndexValue, reads

_TWELFTHS = ((4, 5, 3), (3, 5, 4))


def how_consistent(case: Classes) -> str | None:
    """By what a loss of this kind is consistent for the accuracy, if it is."""
    parts = _parts(case)
    found = None if parts is None else _by_links(case, parts)
    return found if found is not None else _by_comparison(case)


def wrong_tie(case: Classes) -> str | None:
    """A score that is best for all classes alike, whatever the likeliest is."""
    parts = _parts(case)
    if (
        parts is None
        or parts.own.free_symbols - {parts.mine}
        or parts.other.free_symbols - {parts.theirs}
    ):
        return None
    sides = _margins(case, parts)
    if not all(subject.curvature(one.name).convex for subject, one in sides):
        return None
    for twelfths in _TWELFTHS:
        shares = [Fraction(one, 12) for one in twelfths]
        best = shares.index(max(shares))
        for place in _corners(parts):
            if best != 0 and all(_is_best(sides, place, share) for share in shares):
                told = ", ".join(map(str, shares))
                return (
                    f"with labels of probabilities {told} a score of {place} is best for each of the"
                    " classes, and decides for the class 0"
                )
    return None


def _parts(case: Classes) -> Parts | None:
    parts = parts_of(case)
    if parts is None or parts.other.has(parts.mine) or not parts.own.has(parts.mine):
        return None
    return parts


def _by_links(case: Classes, parts: Parts) -> str | None:
    score = Input("score", (), REAL, "differentiable")
    label = Input("label", (), Domain("binary"), "data")
    known = [one for one in case.subject.program.inputs if one.role == "hyperparameter"]
    own = parts.own.xreplace({parts.mine: score.read()})
    other = parts.other.xreplace({parts.theirs: score.read()})
    body = Branch(sympy.Eq(label.read(), 1), own, other)
    program = Program(
        "one",
        (score, label, *known),
        (Let("total", (), body),),
        {"per_example": "total"},
        "loss",
        (Term("value", "total"),),
    )
    if any(one.has(IndexValue) for one in (own, other)):
        return None
    link = own_link(Subject(program, case.subject.effort))
    if link is None:
        return None
    return (
        "it is a loss of two outcomes for each class by itself, the label's or another's, proper by the link"
        f" p = {link.probability.xreplace({score.read(): sympy.Symbol('z')})}, so that the best scores have"
        " the order of the probabilities"
    )


def _margins(case: Classes, parts: Parts) -> list[tuple[Subject, Margin]]:
    return [
        margin_alone(case, parts.own, parts.mine),
        margin_alone(case, parts.other, parts.theirs),
    ]


def _corners(parts: Parts) -> list[Any]:
    found = set()
    for formula, symbol in ((parts.own, parts.mine), (parts.other, parts.theirs)):
        for fold in formula.atoms(sympy.Abs, maximum, minimum):
            line = sympy.expand(fold.args[0] - (fold.args[1] if len(fold.args) == 2 else 0))
            slope = sympy.diff(line, symbol) if is_smooth_formula(line, symbol) else sympy.nan
            if slope.is_Rational and slope != 0 and line.subs(symbol, 0).is_Rational:
                found.add(-line.subs(symbol, 0) / slope)
    return sorted(found)


def _is_best(sides: list[tuple[Subject, Margin]], place: Any, share: Fraction) -> bool:
    """Whether the convex expected loss of a class of this probability rises to both sides of a score."""
    eta = sympy.Rational(share.numerator, share.denominator)
    weights = (eta, 1 - eta)
    for side in (1, -1):
        slopes = [_moved(one, place).slope(side) for _, one in sides]
        if any(one is None for one in slopes):
            return False
        rise = sympy.Add(*(w * side * one for w, one in zip(weights, slopes, strict=True)))
        if not is_nonnegative(rise):
            return False
    return True


def _moved(margin: Margin, place: Any) -> Margin:
    return Margin(margin.at(margin.score + place), margin.score, margin.name)


# ------------------------------------------------------------------ scores that sum to zero


def _by_comparison(case: Classes) -> str | None:
    program = case.subject.program
    if len(program.lets) != 3:
        return None
    center, total, last = program.lets
    if not _is_mean_score(center, case) or last.body != total.read() or total.reduction != "sum":
        return None
    if len(total.over) != 1 or total.free:
        return None
    (index,) = total.over
    others = (
        sympy.Ne(IndexValue(index), case.label.read()),
        sympy.Ne(case.label.read(), IndexValue(index)),
    )
    if total.guard not in others:
        return None
    v = sympy.Dummy("v", real=True)
    phi = total.body.xreplace({case.scores.read(index): center.read() - v})
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    if any(one.tensor not in known for one in reads(phi)) or phi.has(IndexValue):
        return None
    subject, margin = margin_alone(case, phi, v)
    left, right = margin.slope(-1), margin.slope(1)
    is_fit = subject.curvature(margin.name).convex and subject.range.low > -float("inf")
    if not is_fit or left is None or right is None or not is_zero(left - right):
        return None
    if not is_negative(right) or not _is_smooth_below_zero(margin):
        return None
    return (
        "it is a sum over the other classes of phi(-f), f the score less the mean of all, phi convex, bounded"
        f" below, and differentiable up to 0 with a derivative of {right} < 0 there"
    )


def _is_mean_score(let: Let, case: Classes) -> bool:
    is_open = let.reduction == "mean" and let.guard == sympy.true and not let.free
    return is_open and len(let.over) == 1 and let.body == case.scores.read(*let.over)


def _is_smooth_below_zero(margin: Margin) -> bool:
    t = sympy.Dummy("t", positive=True)
    parts = pieces(plain(margin.at(-t)))
    return (
        parts is not None
        and len(parts) == 1
        and is_smooth_formula(parts[0][1], t)
        and is_regular(parts[0][1])
    )
