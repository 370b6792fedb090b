"""What minimizing a loss gives, in sentences: only what is decided is said, and what was sought in vain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.analyse import analyse
from objc.analysis.claims import decide
from objc.analysis.decision import Decision
from objc.analysis.facts import Facts
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs
from objc.analysis.values.samples import samples
from objc.ir.program import Claim, Input, Program

_STATISTICS = ("mean", "median", "log_odds", "ratio")
_FAMILIES = (
    "gaussian", "laplace", "asymmetric_laplace", "cauchy", "student", "bernoulli", "poisson", "gamma",
    "tweedie",
)  # fmt: skip
_SIZES = (Fraction(1, 10), Fraction(1), Fraction(10), Fraction(100))
_IGNORED: Mapping[str, str] = {
    "shift": "adding one number to all of", "scale": "multiplying all of",
    "permutation": "the order of",
}  # fmt: skip


def story(program: Program) -> list[str]:
    """Sentences on a loss or an objective; one sentence where there is nothing to minimize."""
    if program.kind not in ("loss", "objective", "player") or not program.terms:
        return [f"A {program.kind} is evaluated, not minimized."]
    subject, facts = Subject(program), analyse(program)
    return [
        *_statistic(subject),
        *_noise(subject),
        *_weighing(subject),
        *_shape(facts),
        *_ignored(subject),
        *_kinks(facts),
        *_bounds(facts),
    ]


def _decided(subject: Subject, *words: str, inputs: tuple[str, ...] = ()) -> Decision:
    return decide(subject, Claim(False, words, (), None, inputs))


def _statistic(subject: Subject) -> Iterator[str]:
    claimed = [one for one in subject.declared.claims if one.words[0] == "estimates"]
    for claim in claimed:
        has_level = not claim.negated and len(claim.words) > 1 and claim.arguments
        if has_level and decide(subject, claim).verdict == "proved":
            level = ", ".join(map(str, claim.arguments))
            yield f"Its minimizer is the {claim.words[1]} at the level {level}."
            return
    found = {one: _decided(subject, "estimates", one) for one in _STATISTICS}
    for name, decision in found.items():
        if decision.verdict == "proved":
            yield f"Its minimizer is the {name.replace('_', '-')}: {decision.argument}."
            return
    wrong = [name for name, one in found.items() if one.verdict == "refuted"]
    if wrong:
        listed = ", ".join(one.replace("_", "-") for one in wrong)
        yield f"What its minimizer estimates has no name here; it is not: {listed}."


def _noise(subject: Subject) -> Iterator[str]:
    for family in _FAMILIES:
        found = _decided(subject, "likelihood", family)
        if found.verdict == "proved":
            yield f"It is the {family.replace('_', ' ')} noise model: {found.argument}."
            return


def _weighing(subject: Subject) -> Iterator[str]:
    """How errors of each size are weighed, by the slope at the defaults."""
    pair = _residual(subject)
    if pair is None:
        return
    prediction, target = pair
    slope = subject.slope(prediction.name)
    if slope is None:
        return
    program = subject.extended({"slope": slope})
    values = next(iter(samples(subject.program, 1)))
    pulls = []
    for size in _SIZES:
        found = outputs(program, {**values, prediction.name: float(size), target.name: 0.0})
        if found is None or not is_finite(found["slope"]):
            return
        pulls.append((size, abs(found["slope"])))
    text = ", ".join(f"{pull:.3g} at {float(size):g}" for size, pull in pulls)
    yield f"An error pulls with the size of its slope, here at the defaults: {text}."
    if _decided(subject, "robust", inputs=(prediction.name,)).verdict == "proved":
        yield "No error pulls without bound: its influence is bounded."
    elif pulls[-1][1] > 50 * pulls[1][1]:
        yield "Large errors outweigh small ones: its influence is not known to be bounded."


def _residual(subject: Subject) -> tuple[Input, Input] | None:
    """A prediction and its target, where the loss is one of their difference."""
    moving = subject.declared.differentiable
    data = [one for one in subject.declared.inputs if one.role == "data"]
    if len(moving) != 1 or len(data) != 1 or len(subject.program.lets) != 1:
        return None
    (prediction,), (target,) = moving, data
    if prediction.dimensions or target.dimensions:
        return None
    if prediction.domain.kind != "real" or target.domain.kind != "real":
        return None
    q, y, c = prediction.read(), target.read(), sympy.Dummy("c", real=True)
    moved: Any = subject.value.xreplace({q: q + c, y: y + c})
    return (prediction, target) if not moved.has(c) or not sympy.expand(moved).has(c) else None


def _shape(facts: Facts) -> Iterator[str]:
    for one in facts:
        if one.kind != "curvature":
            continue
        inputs = " and ".join(one.of)
        if one.verdict == "proved" and one.property != "affine":
            extreme = "minimum" if one.property == "convex" else "maximum"
            yield f"In {inputs} it is {one.property}: every local {extreme} is a global one."
        elif one.verdict == "refuted":
            yield f"In {inputs} it is not {one.property}: {one.counterexample}."


def _ignored(subject: Subject) -> Iterator[str]:
    for one in subject.declared.differentiable:
        for kind, words in _IGNORED.items():
            if one.domain.kind != "real" or (kind == "permutation" and len(one.dimensions) != 1):
                continue
            if _decided(subject, "invariant", kind, inputs=(one.name,)).verdict == "proved":
                yield f"It ignores {words} {one.name}: along that it is flat."


def _kinks(facts: Facts) -> Iterator[str]:
    for one in facts:
        if one.kind == "kink" and one.verdict == "proved":
            yield f"It has a {one.statement}: {one.argument.rpartition('; ')[2]}."


def _bounds(facts: Facts) -> Iterator[str]:
    found = [one for one in facts if one.property in ("nonnegative", "bounded", "at")]
    known = [one for one in found if one.verdict == "proved" and not one.is_negated]
    for one in known[-1:]:
        yield f"Its value is {one.statement}."
