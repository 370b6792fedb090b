"""What the minimizer of an expected loss is: a statistic, a probability, a decision, a distribution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.claims import decide, decided
from objc.analysis.decision import Decision
from objc.analysis.signs.elementary import is_positive, is_smooth_formula, is_zero, plain
from objc.analysis.statistics.calibration import of_margin
from objc.analysis.statistics.classes import calibrated as of_classes
from objc.analysis.statistics.classes import classes_of
from objc.analysis.statistics.contrast import batch_of
from objc.analysis.statistics.elicitation import Regression, asymmetric, cases_of, moved_from
from objc.analysis.statistics.excess import least_score, transform
from objc.analysis.statistics.links import own_link, words
from objc.analysis.statistics.margins import Margin, margin_of
from objc.analysis.statistics.rankings import in_order, pairs_of
from objc.analysis.subject import Subject
from objc.ir.program import Input, Term
from objc.ir.text import Text

_STATISTICS = ("mean", "median", "mode", "ratio")
_GREATEST = 60
"""Operations beyond which a formula is not shown in a sentence."""


def minimizer(subject: Subject) -> Iterator[str]:
    """What minimizing the expected loss gives."""
    margin = margin_of(subject)
    if margin is not None:
        yield from _decision(subject, margin)
        return
    found = next(_probability(subject), None) or next(_statistic(subject), None)
    if found is None and not _is_concave(subject):
        found = next(_condition(subject), None)
    if found is not None:
        yield found
    yield from _other_conditions(subject)
    if classes_of(subject) is not None:
        yield from _choice(subject)
        yield from _tolerance(subject)
    yield from _order(subject)
    if (batch := batch_of(subject)) is not None:
        yield (
            f"log {batch} less its expectation is a lower bound on the information that the two of a pair"
            f" have of each other, where the {batch} pairs of an example are drawn independently; it is at"
            f" least 0, so that it never tells of more than log {batch}."
        )
    yield from _divergence(subject)


def _is_concave(subject: Subject) -> bool:
    """Whether a stationary point would be no minimum."""
    shapes = [subject.curvature(one.name) for one in subject.declared.differentiable]
    return any(one.concave for one in shapes)


# ------------------------------------------------------------------ classes


def _decision(subject: Subject, margin: Margin) -> Iterator[str]:
    """Of a score and a label of ±1."""
    label = next(one.name for one in subject.program.inputs if one.role == "data")
    found = of_margin(subject, margin)
    if found.verdict == "proved":
        yield (
            f"The sign of {margin.name} decides for the likelier {label} once the expected loss is least"
            f" (calibrated for the zero-one loss): {found.argument}."
        )
        if (psi := transform(subject, margin)) is not None:
            text = Text(subject.program).scalar(psi).text
            yield (
                "An expected loss that exceeds the least by psi(t) or less has a zero-one loss that exceeds"
                f" the least by at most t: psi(t) = {text}."
            )
    elif found.verdict == "refuted":
        yield f"Minimizing it may decide for the less likely {label}: {counterexample_of(found)}."
    score = least_score(subject, margin)
    share = sympy.Symbol("p", positive=True)
    if score is not None:
        text = Text(subject.program).scalar(score(share)).text
        yield (
            f"Where {label} is 1 with probability p > 1/2, the best {margin.name} is {text}"
            + ("." if score(share).has(share) else ", which says nothing more of p.")
        )
    yield from _link(subject)
    yield from _tolerance(subject)


def _link(subject: Subject) -> Iterator[str]:
    """The probability that a score stands for at the minimum."""
    link = own_link(subject)
    if link is not None:
        (outcome, _), name = link.case.labels, link.case.outcome.name
        shown = Text(subject.program).scalar(link.probability).text
        yield (
            f"At the minimum {shown} is the probability that {name} is {outcome}: {words(subject, link)}"
            " (strictly proper by this link)."
        )


def _choice(subject: Subject) -> Iterator[str]:
    """Of scores of classes: whether the greatest is the likeliest class."""
    found = of_classes(subject) if subject.is_short else None
    at = ""
    if found is not None and found.verdict == "unknown" and (plainer := _at_defaults(subject)):
        found, at = of_classes(plainer[0]), f"At {plainer[1]} "
    if found is not None and found.is_proof:
        yield (
            f"{at}{'the' if at else 'The'} greatest score decides for the likeliest class once the expected"
            f" loss is least (calibrated for the accuracy): {found.argument}."
        )
    elif found is not None and found.verdict == "refuted" and not at:
        yield f"Minimizing it may decide for a class that is not the likeliest: {counterexample_of(found)}."


def _at_defaults(subject: Subject) -> tuple[Subject, str] | None:
    """The loss with the numbers that its hyperparameters stand at, and which they are."""
    settings = {
        one.read(): one.default
        for one in subject.program.inputs
        if one.role == "hyperparameter" and one.default is not None and one.default.is_number
    }
    if not settings:
        return None
    lets = tuple(
        replace(one, body=one.body.xreplace(settings), guard=one.guard.xreplace(settings))
        for one in subject.program.lets
    )
    told = ", ".join(f"{read.tensor} = {value}" for read, value in settings.items())
    value = (Term("value", subject.let.name),)
    outputs = {"per_example": subject.let.name}
    there = replace(
        subject.program, lets=lets, outputs=outputs, terms=value, kind="loss", claims=()
    )
    return Subject(there, subject.effort), told


def _tolerance(subject: Subject) -> Iterator[str]:
    if decided(subject, "noise_tolerant").is_proof:
        yield (
            "It tolerates symmetric label noise: the losses at all labels sum to a constant, so that"
            " noise does not move the minimizer."
        )


def _probability(subject: Subject) -> Iterator[str]:
    """Of a prediction that stands for a probability, and of scores of classes."""
    case = classes_of(subject)
    name = case.scores.name if case is not None else None
    strictly = decided(subject, "strictly_proper")
    if strictly.is_proof:
        what = (
            f"softmax({name}) is the distribution of the label" if name else "It is strictly proper"
        )
        yield (
            f"{what} at the minimum, and nowhere else: {strictly.argument}."
            if name
            else (
                f"{what}, least in expectation at the true probability only: {strictly.argument}."
            )
        )
    elif (found := decided(subject, "proper")).is_proof:
        yield f"It is proper: the true probability is among the best predictions ({found.argument})."
    elif found.verdict == "refuted" and case is not None:
        yield (
            f"softmax({name}) is not the distribution of the label at the minimum:"
            f" {counterexample_of(found)}."
        )


def counterexample_of(found: Decision) -> str:
    return (found.counterexample or found.argument).removeprefix("a counterexample: ")


def _order(subject: Subject) -> Iterator[str]:
    """Of pairs of scores: whether it brings them in order, and whether it is a model of choices."""
    pairs = pairs_of(subject)
    if pairs is None:
        return
    found = in_order(pairs)
    if found is not None and found.is_proof:
        yield (
            "Scores of least expected loss stand in the order of the probabilities of being better"
            f" (consistent for the area under the curve): {found.argument}."
        )
    elif found is not None and found.verdict == "refuted":
        yield f"Scores of least expected loss may stand in a wrong order: {counterexample_of(found)}."
    d, phi = pairs.margin.score, plain(pairs.margin.phi)
    if is_smooth_formula(phi, d) and is_zero(
        sympy.exp(-phi) + sympy.exp(-phi.xreplace({d: -d})) - 1
    ):
        yield "For one pair exp(-loss) is a probability: with the two exchanged, both sum to 1."


# ------------------------------------------------------------------ statistics


def _statistic(subject: Subject) -> Iterator[str]:
    for claim in subject.declared.claims:
        has_level = claim.words[0] == "estimates" and not claim.negated and claim.arguments
        if has_level and decide(subject, claim).is_proof:
            level = ", ".join(Text(subject.program).scalar(one).text for one in claim.arguments)
            yield f"Its minimizer is the {claim.words[1]} at the level {level}."
            return
    for one in _STATISTICS:
        found = decided(subject, "estimates", one)
        if found.is_proof:
            yield f"Its minimizer is the {one.replace('_', '-')}: {found.argument}."
            return
    if (known := asymmetric(subject)) is not None:
        statistic, formula, how = known
        level = Text(subject.program).scalar(formula).text
        yield f"Its minimizer is the {statistic} at the level {level}: {how}."
        return
    if (other := next(_moved(subject), None)) is not None:
        yield other
        return
    yield from _weighed(subject)


def _moved(subject: Subject) -> Iterator[str]:
    """Where it is a multiple of a statistic, or so much more."""
    for one in ("mean", "median"):
        if (found := moved_from(subject, one)) is not None:
            place, evidence = found
            yield f"Its minimizer is {place.in_words(f'the {one}')}: {evidence}."


def _weighed(subject: Subject) -> Iterator[str]:
    """Of a loss that is one of a statistic times a number of the target's own."""
    for case in cases_of(subject):
        value = sympy.factor_terms(plain(subject.value))
        factor, rest = value.as_independent(case.q, as_Add=False)
        if not factor.has(case.y) or not is_positive(factor):
            continue
        bare = Subject(subject.with_value(rest))
        for one in ("mean", "median"):
            if decided(bare, "estimates", one).is_proof:
                weight = Text(subject.program).scalar(factor).text
                yield (
                    f"Its minimizer is the {one} of {case.target.name} under the weights {weight}: without"
                    f" them {decided(bare, 'estimates', one).argument}."
                )
                return


def _condition(subject: Subject) -> Iterator[str]:
    """What holds of the expected slope at a minimum, where the loss is of one prediction and one
    target."""
    for case in cases_of(subject):
        found = _ratio(case) or _equation(case)
        if found is not None:
            yield found
            return


def _other_conditions(subject: Subject) -> Iterator[str]:
    """Of several predictions for one target, what holds of those after the first."""
    for case in list(cases_of(subject))[1:]:
        if not _is_concave_in(case) and (found := _ratio(case)) is not None:
            yield found


def _is_concave_in(case: Regression) -> bool:
    return case.subject.curvature(case.prediction.name).concave


def _ratio(case: Regression) -> str | None:
    """A slope that is a(q)·b(y) + c(q)·d(y): then −a/c is a ratio of two means at the minimum."""
    q, y = case.q, case.y
    value = plain(case.subject.value)
    if not is_smooth_formula(value, q) or not is_smooth_formula(value, y):
        return None
    slope = sympy.diff(value, q)
    groups = _by_target(slope, case) or _by_target(sympy.expand(slope), case)
    if groups is None:
        return None
    (first, a), (second, c) = groups.items()
    if not second.has(y) or (first.has(y) and first.count_ops() > second.count_ops()):
        first, a, second, c = second, c, first, a
    left = sympy.simplify(-a / c)
    if not left.has(q):
        left, first, second = sympy.simplify(-c / a), second, first
    if left.count_ops() > _GREATEST or not left.has(q):
        return None
    above, below = second, first
    if isinstance(left, sympy.Pow) and left.exp == -1:
        left, above, below = left.base, first, second
    right = _mean_of(case, above) + ("" if below == 1 else f" over {_mean_of(case, below)}")
    text = Text(case.subject.program).scalar(left).text
    return f"At a minimum inside the domain {text} is {right}."


def _by_target(slope: Any, case: Regression) -> dict[Any, Any] | None:
    """What stands before each of two functions of the target, of which the slope is made."""
    groups: dict[Any, Any] = {}
    for term in sympy.Add.make_args(slope):
        outer, inner = term.as_independent(case.y, as_Add=False)
        if inner.has(case.q):
            return None
        groups[inner] = groups.get(inner, 0) + outer
    return groups if len(groups) == 2 else None


def _mean_of(case: Regression, inner: Any) -> str:
    text = Text(case.subject.program).scalar(inner).text
    return f"the mean of {text}" if inner != 1 else "1"


def _equation(case: Regression) -> str | None:
    """The slope itself, of which the expectation is zero at the minimum."""
    name = case.prediction.name
    if not case.subject.is_smooth(name, 0):
        return None
    slope = case.subject.slope(name)
    if slope is None or slope.count_ops() > _GREATEST:
        return None
    known = "" if _has_hyperparameters(case) else _known(case)
    text = Text(case.subject.program).scalar(slope).text
    passes = "is 0" if case.subject.is_smooth(name, 1) else "passes through 0"
    return (
        f"At a minimum inside the domain the mean of its slope {passes}{known}. The slope: {text}."
    )


def _has_hyperparameters(case: Regression) -> bool:
    """Whether a loss is another one for other settings: what refutes a claim at one of them says nothing
    of the rest."""
    inputs = case.subject.program.inputs
    settings = [one.read() for one in inputs if one.role == "hyperparameter"]
    return any(case.subject.value.has(one) for one in settings)


def _known(case: Regression) -> str:
    wrong = [
        one
        for one in ("mean", "median")
        if decided(case.subject, "estimates", one).verdict == "refuted"
    ]
    return f", which makes it {_neither(wrong)}" if wrong else ""


def _neither(wrong: Sequence[str]) -> str:
    listed = " nor ".join(f"the {one}" for one in wrong)
    return f"neither {listed}" if len(wrong) > 1 else f"not {listed}"


# ------------------------------------------------------------------ divergences


def _divergence(subject: Subject) -> Iterator[str]:
    """Of two inputs of the same kind, whether it tells how far they are apart."""
    inputs = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    if len(inputs) != 2 or not _are_alike(*inputs):
        return
    if not inputs[0].dimensions and inputs[0].domain.kind == "real":
        return  # of two numbers the slope says more
    names = tuple(one.name for one in inputs)
    told = " and ".join(names)
    found = decided(subject, "divergence", inputs=names)
    if found.is_proof:
        yield f"It is at least 0, and 0 only where {told} are equal: {found.argument}."
    is_symmetric = decided(subject, "symmetric", inputs=names)
    if is_symmetric.verdict != "unknown" and found.is_proof:
        yield (
            f"It is the same with {told} exchanged."
            if is_symmetric.is_proof
            else f"It is another with {told} exchanged."
        )
    triangle = decided(subject, "triangle", inputs=names)
    if triangle.verdict == "proved":
        yield f"It keeps the triangle inequality: {triangle.argument}."
    elif triangle.verdict == "refuted" and found.is_proof:
        yield f"It is no distance: the triangle inequality fails, {counterexample_of(triangle)}."


def _are_alike(one: Input, other: Input) -> bool:
    return one.domain == other.domain and one.dimensions == other.dimensions
