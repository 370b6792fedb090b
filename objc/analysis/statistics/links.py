"""Losses of a score that stands for a probability by a link of its own.

With L₁ and L₀ the losses at the outcomes and w = L₀′ − L₁′ the expected loss has the derivative (p − η)·w,
for p = L₀′/w. If w > 0, and p rises from 0 or less to 1 or more, one score is best for each probability η
between 0 and 1: the one at which p is η. The loss is then proper composite, strictly, and p the inverse of
its link (Reid and Williamson 2010, corollary 12).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape.ends import end_of
from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_smooth_formula,
    is_zero,
    parametrized,
    plain,
)
from objc.analysis.signs.far import limit
from objc.analysis.statistics.propriety import TwoOutcomes, beaten, two_outcomes
from objc.analysis.subject import Subject
from objc.atoms import sigmoid
from objc.ir.program import Claim
from objc.ir.text import Text

_GREATEST = 60
"""Operations beyond which a probability isn't shown."""


@dataclass(frozen=True)
class Link:
    """The probability that a score stands for, a formula of it, and the weight w."""

    case: TwoOutcomes
    probability: Any
    weight: Any


def own_links(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """The statement that the loss is proper by its own link, where there is one."""
    link = own_link(subject)
    if link is not None:
        yield Claim(False, (word,), (link.probability,), None, names)


def through_its_link(subject: Subject, claim: Claim) -> Decision | None:
    """Whether a score stands for the probability that a claim states."""
    link, (stated,) = own_link(subject), claim.arguments
    if link is None or not is_zero(plain(stated) - plain(link.probability)):
        return None
    return proved(words(subject, link))


def by_another_link(subject: Subject, claim: Claim) -> Decision | None:
    """A score that stands for a probability by a link of its own doesn't by the logistic function."""
    link = own_link(subject)
    if link is None or is_zero(plain(link.probability) - link.case.probability):
        return None
    found = beaten(subject, link.case)
    if found is None:
        return None
    own = Text(subject.program).scalar(link.probability).text
    return refuted(f"{found}; it is proper by its own link, p = {own}")


def words(subject: Subject, link: Link) -> str:
    write = Text(subject.program).scalar
    shown = write(link.probability).text
    one, other = link.case.labels
    return (
        f"with p = {shown} the derivative of the expected loss is (p - η) w, w > 0, for an outcome of {one}"
        f" with probability η and else {other}, and p rises through all of (0, 1)"
    )


def own_link(subject: Subject) -> Link | None:
    """The link of a loss of one score and one of two outcomes; None where none is found."""
    if "own link" not in subject.known:
        subject.known["own link"] = _found(subject)
    found: Link | None = subject.known["own link"]
    return found


def _found(subject: Subject) -> Link | None:
    case = two_outcomes(subject, "real")
    if case is None or len(subject.program.lets) != 1 or not subject.is_short:
        return None
    q, y = case.prediction.read(), case.outcome.read()
    losses = [plain(subject.value.xreplace({y: sympy.Integer(one)})) for one in case.labels]
    is_smooth = subject.is_smooth(case.prediction.name, 1)
    if not is_smooth or not all(is_smooth_formula(one, q) and not one.has(y) for one in losses):
        return None
    first, second = (sympy.diff(one, q) for one in losses)
    weight = second - first
    if not _is_above(subject, case, weight):
        return None
    probability = _written(second / weight, sympy.simplify(-second / first), q)
    if probability.count_ops() > _GREATEST:
        return None
    rise = sympy.diff(plain(probability), q)
    if not _is_above(subject, case, rise) or not _is_onto(probability, q):
        return None
    return Link(case, probability, weight)


def _is_onto(probability: Any, q: Any) -> bool:
    """Whether what rises comes from 0 or less, and goes to 1 or more."""
    t = sympy.Dummy("t", positive=True)
    for side in (-1, 1):
        there = probability.xreplace({q: side * t})
        end = end_of(there, t)
        end = limit(plain(there), t) if end is None else end
        if end is None or end == -side * sympy.oo:
            return False
        if end != side * sympy.oo and not is_nonnegative(end - 1 if side > 0 else -end):
            return False
    return True


def _is_above(subject: Subject, case: TwoOutcomes, formula: Any) -> bool:
    forms = parametrized(subject.program, formula, (case.prediction.name,))
    return is_positive(formula) or all(is_positive(formula.xreplace(form)) for form in forms)


def _written(probability: Any, odds: Any, q: Any) -> Any:
    """The probability as the logistic function of a line, if that is what it is."""
    rate = sympy.simplify(sympy.diff(odds, q) / odds)
    if rate.has(q) or rate == 0:
        return sympy.simplify(probability)
    offset = sympy.simplify(sympy.log(odds.subs(q, 0)))
    line = sympy.expand(rate * q + offset)
    same = is_zero(probability - 1 / (1 + sympy.exp(-line)))
    return sigmoid(line) if same else probability
