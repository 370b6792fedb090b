"""Losses of scores for several classes: calibration for the accuracy, propriety under the softmax.

A decreasing function ℓ of the label's softmax probability is calibrated: exchanging the probabilities of
two classes that stand in the wrong order, or moving some from one to the other where they are equal,
lowers the expected loss, and the simplex is compact. It is proper for three classes and more if and only
if u·ℓ′(u) is constant: then ℓ is a logarithm.

A convex loss that is linear between kinks where two scores differ by whole numbers is refuted exactly:
from scores that are whole, its expectation is linear on the cones of one order of the scores, so that
they are a minimum if no subset of the scores can be raised, nor lowered, with profit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.signs.elementary import (
    is_positive,
    is_smooth_formula,
    is_zero,
    parametrized,
    plain,
)
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import PRECISION, certified, is_finite
from objc.atoms import Branch, maximum
from objc.ir.domain import number_of
from objc.ir.index import Position
from objc.ir.program import Input, Program
from objc.ir.symbols import Expression, Read, reads

_CLASSES = 3
_TWELFTHS = ((4, 5, 3), (3, 5, 4))
SHARES = ("7/10 1/5 1/10", "1/2 3/10 1/5", "9/10 1/20 1/20")


@dataclass(frozen=True)
class Classes:
    """A loss of one score a class, and of the label's index."""

    subject: Subject
    scores: Input
    label: Input

    def at_label(self) -> Any:
        return self.scores.read(Position(self.label.read()))


def classes_of(subject: Subject) -> Classes | None:
    inputs = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    scores = [one for one in inputs if one.is_differentiable]
    labels = [one for one in inputs if not one.is_differentiable]
    if len(scores) != 1 or len(labels) != 1 or len(scores[0].dimensions) != 1:
        return None
    (score,), (label,) = scores, labels
    is_index = label.domain.kind == "index" and label.domain.dimension == score.dimensions[0]
    if score.domain.kind != "real" or label.dimensions or not is_index:
        return None
    return Classes(subject, score, label)


def is_accuracy(metric: Program) -> bool:
    """Whether a metric is 1 where the first of the greatest scores is the label's, else 0."""
    case = classes_of(Subject(metric))
    if case is None or len(case.subject.program.lets) != 2:
        return False
    choice = case.subject.program.lets[0]
    over = choice.over
    is_choice = (
        choice.reduction == "argmax"
        and choice.guard == sympy.true
        and len(over) == 1
        and choice.body == case.scores.read(over[0])
    )
    wanted = Branch(sympy.Eq(choice.read(), case.label.read()), sympy.Integer(1), sympy.Integer(0))
    return is_choice and case.subject.value == wanted


def of_probability(case: Classes, scaled: bool = True) -> tuple[Expression, Any] | None:
    """The loss as ℓ(u), u the label's probability under the softmax of the scores; or, where it may be
    `scaled`, of a positive multiple of them."""
    program = case.subject.program
    if len(program.lets) != 2:
        return None
    total, u = program.lets[0], sympy.Dummy("u", positive=True)
    is_whole = total.reduction == "logsumexp" and total.guard == sympy.true and len(total.over) == 1
    if not is_whole:
        return None
    factor, rest = total.body.as_independent(case.scores.read(total.over[0]), as_Add=False)
    is_scaled = factor != 1 and scaled and not reads_of(factor, program) and is_positive(factor)
    if rest != case.scores.read(total.over[0]) or not (factor == 1 or is_scaled):
        return None
    own = (total.read() + sympy.log(u)) / factor
    there = plain(case.subject.value).xreplace({case.at_label(): own})
    value = sympy.simplify(sympy.expand(there))
    return None if reads_of(value, program) else (value, u)


def reads_of(expression: Expression, program: Program) -> list[Read]:
    """What an expression reads beside hyperparameters."""
    plain_inputs = {one.name for one in program.inputs if one.role == "hyperparameter"}
    return [one for one in reads(expression) if one.tensor not in plain_inputs]


def calibrated(subject: Subject) -> Decision:
    from objc.analysis.statistics import decompositions, separate, softmaxes  # which read `Classes`

    case = classes_of(subject)
    if case is None:
        return unknown("a loss of one score a class")
    found = of_probability(case)
    if found is not None and _falls(case, *found):
        return proved(
            "it is a function of the label's softmax probability that falls everywhere: two classes in"
            " the wrong order cost more in expectation than exchanged"
        )
    for module in (decompositions, softmaxes, separate):
        if (how := module.how_consistent(case)) is not None:
            return proved(how)
    if found is not None and _falls(case, -found[0], found[1]):
        return refuted(
            "it is a function of the label's softmax probability that rises everywhere: two classes in the"
            " right order cost more in expectation than exchanged"
        )
    refutation = _wrong_minimum(case) or separate.wrong_tie(case)
    if refutation is not None:
        return refuted(refutation)
    return unknown(
        "a falling function of the label's probability, scores at which linear pieces meet"
    )


def _falls(case: Classes, value: Expression, u: Any) -> bool:
    """Whether ℓ′ < 0 on (0, 1), and ℓ(1) is finite."""
    end = value.subs(u, 1)
    if end.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        return False
    if not is_smooth_formula(value, u):
        return False
    cost, odds = sympy.Dummy("l", positive=True), sympy.Dummy("v", positive=True)
    fall = -sympy.diff(value, u).xreplace({sympy.log(u): -cost})
    fall = fall.xreplace({u: odds / (1 + odds)})
    forms = parametrized(case.subject.program, fall, (), value)
    return all(is_positive(fall.xreplace(form)) for form in forms)


# ------------------------------------------------------------------ propriety


def proper(subject: Subject, case: Classes) -> Decision:
    from objc.analysis.claims import decided
    from objc.analysis.statistics import softmaxes  # which reads `Classes`

    found = of_probability(case, scaled=False)
    if found is not None:
        value, u = found
        is_smooth = is_smooth_formula(value, u)
        share = sympy.simplify(u * sympy.diff(value, u)) if is_smooth else value
        forms = parametrized(subject.program, share, (), value)
        is_logarithm = is_smooth and is_zero(sympy.diff(share, u))
        if is_logarithm and all(is_positive(-share.xreplace(form)) for form in forms):
            return proved(
                "it is a multiple of minus the logarithm of the label's softmax probability"
            )
    inner = softmaxes.of_softmax(case)
    if inner is not None and inner.factor == 1:
        strictly = decided(inner.subject, "strictly_proper")
        if strictly.is_proof:
            return proved(f"with p = softmax({case.scores.name}) {strictly.argument}")
    refutation = _beaten(case)
    return (
        refuted(refutation)
        if refutation
        else unknown("a logarithm, expected losses of three classes")
    )


def _beaten(case: Classes) -> str | None:
    """A distribution of three classes of which the logarithms are not the best scores."""
    for text in SHARES:
        shares = [Fraction(one) for one in text.split()]
        here = expected(case, _logarithms(shares), shares)
        if here is None:
            continue
        for other in other_shares(shares):
            there = expected(case, _logarithms(other), shares)
            if there is not None and here - there > mpmath.mpf("1e-15") * (1 + abs(here)):
                name = case.scores.name
                return (
                    f"with labels of probabilities {_listed(shares)} the expected loss is smaller at a"
                    f" softmax({name}) of {_listed(other)}"
                )
    return None


def other_shares(shares: Sequence[Fraction]) -> Iterator[list[Fraction]]:
    """Distributions nearer to the even one, and to a certain first class."""
    for away in map(Fraction, ("1/100", "1/10", "1/2", "1/10000")):
        yield [one + away * (Fraction(1, 3) - one) for one in shares]
        first, *rest = shares
        yield [first + away * (1 - first), *(one * (1 - away) for one in rest)]


def _logarithms(shares: Sequence[Fraction]) -> list[Any]:
    with mpmath.workdps(PRECISION):
        return [mpmath.log(mpmath.mpf(one.numerator) / one.denominator) for one in shares]


def expected(case: Classes, scores: Sequence[Any], shares: Sequence[Fraction]) -> Any:
    """The expected loss at a prediction, the labels of these probabilities; None where it isn't finite."""
    if case.scores.dimensions[0].size not in (None, len(scores)):
        return None
    values: dict[str, Any] = {}
    for one in case.subject.program.inputs:
        if one.role == "hyperparameter":
            known = None if one.default is None else number_of(one.default, values, {})
            if known is None or one.dimensions:
                return None
            values[one.name] = int(known) if one.domain.is_integer else known
    values[case.scores.name] = list(scores)
    with mpmath.workdps(PRECISION):
        total = mpmath.mpf(0)
        for label, share in enumerate(shares):
            here = {**values, case.label.name: label}
            program = case.subject.program
            found = certified(program, {one: here[one] for one in program.input})
            if found is None or not is_finite(found["total"]):
                return None
            total += found["total"] * share.numerator / share.denominator
        return total


def _listed(shares: Sequence[Any]) -> str:
    return ", ".join(map(str, shares))


# ------------------------------------------------------------------ linear pieces


def _wrong_minimum(case: Classes) -> str | None:
    """Whole scores that minimize the expected loss, of which the first greatest is not the likeliest
    class."""
    if not case.subject.curvature(case.scores.name).convex or not _is_polyhedral(case):
        return None
    for parts in _TWELFTHS:
        shares = [Fraction(one, sum(parts)) for one in parts]
        best = shares.index(max(shares))
        for scores in itertools.product((0, 1), repeat=_CLASSES):
            if scores.index(max(scores)) != best and _is_minimum(case, scores, shares):
                return (
                    f"with labels of probabilities {_listed(shares)} the scores {_listed(scores)} are a"
                    f" minimum of the expected loss, and decide for the class {scores.index(max(scores))}"
                )
    return None


def _is_minimum(case: Classes, scores: Sequence[int], shares: Sequence[Fraction]) -> bool:
    """Whether neither raising nor lowering any of the scores together lowers the expected loss. A
    quarter stays on the linear pieces that meet at whole scores."""
    here = expected(case, scores, shares)
    if here is None:
        return False
    for chosen in itertools.product((0, 1), repeat=_CLASSES):
        for step in (Fraction(1, 4), Fraction(-1, 4)):
            moved = [one + step * sign for one, sign in zip(scores, chosen, strict=True)]
            there = expected(case, moved, shares)
            if there is None or there < here - mpmath.mpf("1e-40"):
                return False
    return True


def _is_polyhedral(case: Classes) -> bool:
    """Whether the loss is made of scores by sums and extremes whose arms differ by c + zᵢ − zⱼ with a
    whole c, without hyperparameters."""
    program, name = case.subject.program, case.scores.name
    if any(one.role == "hyperparameter" for one in program.inputs):
        return False
    varying, alike = {name}, {name}
    for let in program.lets:
        if any(read.tensor in varying for read in reads(let.guard)):
            return False
        if not any(read.tensor in varying for read in let.reads):
            continue
        if let.reduction == "max":
            if not _is_one_score(let.body, name):
                return False
            alike.add(
                let.name
            )  # the greatest of some scores is one of them, with a whole number perhaps
        elif let.reduction not in (None, "sum") or not _is_linear_in_parts(
            let.body, alike, varying
        ):
            return False
        varying.add(let.name)
    return True


def _is_one_score(body: Expression, name: str) -> bool:
    """Whether a body is a score and something whole that is free of scores."""
    scores = [one for one in reads(body) if one.tensor == name]
    return len(scores) == 1 and _is_whole(body - scores[0], {name})


def _is_whole(expression: Any, alike: set[str]) -> bool:
    """Whether something is made of whole numbers and truths."""
    if any(one.tensor in alike for one in reads(expression)):
        return False
    if isinstance(expression, sympy.Add):
        return all(_is_whole(one, alike) for one in expression.args)
    if isinstance(expression, Branch):
        return all(_is_whole(one, alike) for one in expression.args[1:])
    return bool(expression.is_Integer)


def _is_linear_in_parts(expression: Any, alike: set[str], varying: set[str]) -> bool:
    if not any(one.tensor in varying for one in reads(expression)):
        return True
    match expression:
        case Read():
            return True
        case sympy.Add():
            return all(_is_linear_in_parts(one, alike, varying) for one in expression.args)
        case sympy.Mul():
            number, rest = expression.as_coeff_Mul()
            return number != 1 and _is_linear_in_parts(rest, alike, varying)
        case maximum():
            return _is_difference(sympy.expand(expression.args[0] - expression.args[1]), alike)
    return False


def _is_difference(expression: Any, alike: set[str]) -> bool:
    """Whether something is a whole number and the difference of two scores, or of what is one of them."""
    scores = [one for one in reads(expression) if one.tensor in alike]
    if len(scores) != 2:
        return False
    one, other = scores
    return any(_is_whole(sympy.expand(sign * expression - one + other), alike) for sign in (1, -1))
