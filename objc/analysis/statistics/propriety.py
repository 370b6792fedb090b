"""Proper losses: the expected loss under the label's distribution is least where that is predicted. A score
predicts the probability that the logistic function makes of it (`proper_composite` is about other links).

For two outcomes, with p the probability that a prediction stands for (itself, σ(score), r/(1 + r)) and L₁
and L₀ the losses at the outcomes: if p·L₁′ + (1 − p)·L₀′ = 0 identically, then with w = L₀′ − L₁′ the
expected loss has the derivative (p − η)·w. It is proper if w ≥ 0 and strictly so if w > 0. (Shuford,
Albert and Massengill 1966; Reid and Williamson 2010.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    is_zero,
    parametrized,
    pieces,
    plain,
)
from objc.analysis.statistics import classes
from objc.analysis.statistics.excess import least_score
from objc.analysis.statistics.margins import Margin, margin_of
from objc.analysis.statistics.pieces import by_pieces
from objc.analysis.statistics.risks import Risk, at_others, risks
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import PRECISION
from objc.ir.program import Claim, Input

_OUTCOMES = {"binary": (1, 0), "sign": (1, -1), "probability": (1, 0)}
_LINKS = {
    "probability": "itself",
    "real": "the logistic function of {}",
    "ratio": "{0} / (1 + {0})",
}
_GREATEST = 40
"""Operations beyond which a weight isn't integrated."""
_NEAR = Fraction(1, 10**9)
_SHARES = tuple(map(Fraction, ("3/4", "1/4", "1/2", "9/10", "1/10", "3/5", "99/100", "11/20")))


@dataclass(frozen=True)
class TwoOutcomes:
    """A loss of one prediction for an outcome that is one of two."""

    prediction: Input
    outcome: Input
    link: str

    @property
    def labels(self) -> tuple[int, int]:
        return _OUTCOMES[self.outcome.domain.kind]

    @property
    def probability(self) -> Any:
        """The probability that a prediction stands for."""
        q = self.prediction.read()
        return {"probability": q, "real": 1 / (1 + sympy.exp(-q)), "ratio": q / (1 + q)}[self.link]

    def predicted(self, share: Fraction) -> Any:
        """The prediction that stands for a probability."""
        with mpmath.workdps(PRECISION):
            odds = share / (1 - share)
            exact = mpmath.mpf(odds.numerator) / odds.denominator
            return {"probability": share, "real": mpmath.log(exact), "ratio": odds}[self.link]

    def words(self) -> str:
        return _LINKS[self.link].format(self.prediction.name)


def two_outcomes(subject: Subject, link: str | None = None) -> TwoOutcomes | None:
    """What a loss predicts, where that is the probability of one of two outcomes."""
    inputs = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    predictions = [one for one in inputs if one.is_differentiable]
    outcomes = [one for one in inputs if not one.is_differentiable]
    if len(predictions) != 1 or len(outcomes) != 1 or any(one.dimensions for one in inputs):
        return None
    (prediction,), (outcome,) = predictions, outcomes
    kind = prediction.domain.kind
    link = link or kind
    wanted = {
        "probability": ("probability",),
        "real": ("real",),
        "ratio": ("positive", "nonnegative"),
    }
    if link not in wanted or kind not in wanted[link] or outcome.domain.kind not in _OUTCOMES:
        return None
    return TwoOutcomes(prediction, outcome, link)


def proper(subject: Subject, claim: Claim) -> Decision:
    return _decided(subject, two_outcomes(subject), strictly=False)


def strictly_proper(subject: Subject, claim: Claim) -> Decision:
    return _decided(subject, two_outcomes(subject), strictly=True)


def _decided(subject: Subject, case: TwoOutcomes | None, strictly: bool) -> Decision:
    if case is None:
        several = classes.classes_of(subject)
        if several is not None:
            return classes.proper(subject, several)
        return unknown("a prediction for one of several outcomes")
    how = balanced(subject, case, strictly)
    if how is not None:
        return proved(how)
    if strictly and not any(one.has(case.prediction.read()) for one in _losses(subject, case)):
        return refuted("all predictions cost the same at either outcome")
    if case.link == "probability" and (pieced := _by_pieces(subject, case, strictly)) is not None:
        return pieced
    margin = margin_of(subject)
    if margin is not None and (found := _under_no_link(subject, case, margin)) is not None:
        return refuted(found)
    if (found := beaten(subject, case)) is not None:
        return refuted(found)
    return unknown("the derivative of the expected loss, its values over two outcomes")


def _by_pieces(subject: Subject, case: TwoOutcomes, strictly: bool) -> Decision | None:
    if len(subject.program.lets) != 1 or not subject.is_short:
        return None
    losses = _losses(subject, case)
    return by_pieces(losses, case.prediction.read(), strictly)


def _losses(subject: Subject, case: TwoOutcomes) -> list[Any]:
    """The losses at the two outcomes, with folds resolved that have one side only: |p − 1| is 1 − p."""
    y, found = case.outcome.read(), []
    for label in case.labels:
        value = plain(subject.value.xreplace({y: sympy.Integer(label)}))
        parts = pieces(value, subject.ranges) if innermost_fold(value) is not None else None
        found.append(parts[0][1] if parts is not None and len(parts) == 1 else value)
    return found


def _under_no_link(subject: Subject, case: TwoOutcomes, margin: Margin) -> str | None:
    """A score that isn't the logarithm of the odds may still stand for a probability, by a link of its own;
    one that is best for all probabilities above one half stands for none of them."""
    score = least_score(subject, margin)
    share = sympy.Symbol("p", positive=True)
    best = share if score is None else score(share)
    if not best.has(share):
        for risk in risks(subject, case.prediction, case.outcome):
            inputs = subject.program.input
            others = {
                inputs[one].read(): sympy.Rational(str(at)) for one, at in risk.others.items()
            }
            place = sympy.sympify(best).xreplace(others)
            if place.is_Rational and _is_best_at(risk, case, Fraction(int(place.p), int(place.q))):
                return (
                    f"the expected loss is least at {case.prediction.name} = {place} for all probabilities"
                    f" of an outcome of {case.labels[0]} above 1/2, so that under no link the score stands"
                    f" for each of them{at_others(risk)}"
                )
    return None


def _is_best_at(risk: Risk, case: TwoOutcomes, place: Fraction) -> bool:
    """Whether a convex expected loss is greater on both sides of a score, at the smallest distance, for
    several probabilities above one half."""
    return all(
        risk.better(
            place + side * _NEAR,
            [place],
            [(case.labels[0], share), (case.labels[1], 1 - share)],
        )
        is not None
        for share in _SHARES[::3]
        for side in (-1, 1)
    )


def balanced(subject: Subject, case: TwoOutcomes, strictly: bool) -> str | None:
    """Why a loss is proper, if the derivative of its expectation is (p − η)·w with w of one sign."""
    q, p = case.prediction.read(), case.probability
    if len(subject.program.lets) != 1:
        return None
    y, losses = case.outcome.read(), _losses(subject, case)
    if not all(is_smooth_formula(one, q) and not one.has(y) for one in losses):
        return None
    if not (subject.is_smooth(case.prediction.name, 1) or _are_regular(subject, case, losses)):
        return None
    first, second = (sympy.diff(one, q) for one in losses)
    if not _is_zero_inside(subject, case, p * first + (1 - p) * second):
        return None
    growth = second - first
    has_sign = is_positive if strictly else is_nonnegative
    forms = parametrized(subject.program, growth, (case.prediction.name,))
    if not all(has_sign(growth.xreplace(form)) for form in forms):
        return None
    sign = ">" if strictly else "≥"
    return (
        f"with p {case.words()} the derivative of the expected loss is (p - η) w, w {sign} 0, for an"
        f" outcome of {case.labels[0]} with probability η and else {case.labels[1]}"
        f"{_canonical(case, growth) if strictly else ''}"
    )


def _canonical(case: TwoOutcomes, growth: Any) -> str:
    """The link under which the derivative is p − η itself: its derivative is w (Buja, Stuetzle and Shen
    2005)."""
    q = case.prediction.read()
    if case.link == "real":
        weight = sympy.simplify(plain(growth).rewrite(sympy.exp))
        is_constant = not weight.has(q) or is_zero(sympy.diff(growth, q))
        return (
            ", under its canonical link, for w does not depend on the score" if is_constant else ""
        )
    link = canonical_link(case, growth) if case.link == "probability" else None
    return "" if link is None else f"; its canonical link is {link}"


def canonical_link(case: TwoOutcomes, growth: Any) -> Any:
    """∫ w(p) dp, of a rational w; None where it isn't found."""
    q = case.prediction.read()
    weight = sympy.together(sympy.simplify(growth))
    if not weight.is_rational_function(q) or weight.count_ops() > _GREATEST:
        return None
    p = sympy.Dummy("p", positive=True)
    found = sympy.integrate(sympy.apart(weight.xreplace({q: p}), p), p)
    back = found.replace(
        lambda one: isinstance(one, sympy.log) and (one.args[0] - p).is_negative,
        lambda one: sympy.log(-one.args[0]),
    )
    shown = back.xreplace({p: q})
    return sympy.simplify(shown) if is_zero(sympy.diff(shown, q) - weight) else None


def _is_zero_inside(subject: Subject, case: TwoOutcomes, formula: Any) -> bool:
    """Whether a formula is zero at all predictions inside their domain, where roots may come together."""
    if is_zero(formula):
        return True
    forms = parametrized(subject.program, formula, (case.prediction.name,))
    return all(is_zero(formula.xreplace(form)) for form in forms)


def _are_regular(subject: Subject, case: TwoOutcomes, losses: list[Any]) -> bool:
    return all(
        is_regular(one.xreplace(form))
        for one in losses
        for form in parametrized(subject.program, one, (case.prediction.name,))
    )


def beaten(subject: Subject, case: TwoOutcomes) -> str | None:
    """A probability of the outcome at which another prediction has a smaller expected loss."""
    for risk in risks(subject, case.prediction, case.outcome):
        for share in _SHARES:
            distribution = [(case.labels[0], share), (case.labels[1], 1 - share)]
            found = risk.better(case.predicted(share), _candidates(case, share), distribution)
            if found is not None:
                return _told(case, risk, share, found)
    return None


def _candidates(case: TwoOutcomes, share: Fraction) -> Iterator[Any]:
    for away in ("1/10000", "1/100", "1/10", "1/3", "2/3", "9/10"):
        for end in (Fraction(0), Fraction(1)):
            yield case.predicted(share + (end - share) * Fraction(away))


def _told(case: TwoOutcomes, risk: Risk, share: Fraction, found: Any) -> str:
    name, there, here = case.prediction.name, _number(found), _number(case.predicted(share))
    return (
        f"with an outcome of {case.labels[0]} of probability {share} the expected loss is smaller at"
        f" {name} = {there} than at {here}, which stands for that probability"
        f"{_under(case)}{at_others(risk)}"
    )


def _under(case: TwoOutcomes) -> str:
    return "" if case.link == "probability" else f" by p = {case.words()}"


def _number(value: Any) -> str:
    return str(value) if isinstance(value, Fraction) else f"{float(value):.10g}"
