"""The whole library: the facts of each declaration are found once, and everything that is said is tried.

No prover is believed alone. What is proved is attacked by chords, Hessians, extreme magnitudes and the
searches that refute; what is refuted is refuted again, in 50 digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sympy

import objc.library
from objc.analysis import Fact, Facts, analyse
from objc.analysis.shape import invariance
from objc.analysis.statistics import (
    distances,
    divergences,
    elicitation,
    likelihoods,
    noise,
    normalizers,
)
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import samples
from objc.ir.program import Claim, Program
from objc.passes.lower import lower
from objc.syntax import parse, read_source
from tests.analysis import attack
from tests.analysis.violations import is_counterexample_found

_ROUNDING = 1e-9
_HALF = sympy.Rational(1, 2)
_WITH_PLACES = frozenset({"convex", "concave", "symmetric", "bounded"})
_OPEN = frozenset({
    ("lovasz_hinge", "convex in score"), ("lovasz_hinge", "nonnegative"),
    ("ctc", "nonnegative"), ("expected_calibration_error", "bounded 0 1"),
})  # fmt: skip
"""Claims of the library that nothing decides."""


def _programs() -> Iterator[Program]:
    for path in sorted(Path(objc.library.__file__).parent.glob("*.objc")):
        yield from lower(parse(read_source(path))).programs.values()


@pytest.mark.parametrize("program", list(_programs()), ids=lambda one: one.name)
@pytest.mark.share(1 / 2)
def test_what_is_said_of(program: Program) -> None:
    facts = analyse(program)
    assert [one for one in facts.diagnostics if one.severity == "error"] == []
    left = {one.statement for one in facts if one.claimed and one.verdict == "unknown"}
    assert {(program.name, one) for one in left} <= _OPEN
    if not program.terms or "result" in program.outputs:
        return
    subject = Subject(program)
    _require_range(subject)
    _require_curvatures(subject, facts)
    claimed = [one for one in facts if one.claimed]
    for claim, fact in zip(program.claims, claimed, strict=True):
        _require_attacks_fail(subject, claim, fact)
        if claim.negated and claim.words[0] in _WITH_PLACES and fact.verdict == "refuted":
            assert is_counterexample_found(subject, replace(claim, negated=False)), claim.words


def _require_range(subject: Subject) -> None:
    """That values at drawn inputs are where the range says."""
    low, high = float(subject.range.low), float(subject.range.high)
    drawn = list(samples(subject.program, 60, seed=7))
    for found in outputs_of_all(subject.program, drawn):
        value = None if found is None else found["total"]
        if value is not None and is_finite(value):
            room = _ROUNDING * (1 + abs(value))
            assert low - room <= value <= high + room


def _require_curvatures(subject: Subject, facts: Facts) -> None:
    for fact in facts:
        if fact.verdict != "proved":
            continue
        if fact.property in ("convex", "strictly_convex", "affine"):
            assert attack.contradiction(subject, fact.of) is None, fact
        if fact.property in ("concave", "affine"):
            assert attack.contradiction(subject, fact.of, concave=True) is None, fact


def _require_attacks_fail(subject: Subject, claim: Claim, fact: Fact) -> None:
    if fact.verdict == "proved" and not claim.negated:
        assert list(_attacks(subject, claim)) in ([None], []), claim.words


def _attacks(subject: Subject, claim: Claim) -> Iterator[str | None]:
    """The searches that refute a property."""
    match claim.words:
        case ("invariant", kind):
            yield invariance.change(subject, claim.inputs, kind)
        case ("divergence",):
            yield divergences.contradiction(subject.program, *claim.inputs)
        case ("triangle",):
            found = distances.three_points(subject, claim)
            yield None if found is None else found.counterexample
        case ("noise_tolerant",):
            found = noise.drawn_sums(subject, claim)
            yield None if found is None else found.counterexample
        case ("likelihood", family):
            density = likelihoods.density_of(subject)
            yield None if density is None else normalizers.contradiction(density, family)
        case ("estimates", statistic) if statistic not in ("log_odds", "ratio"):
            level = next(iter(claim.arguments), _HALF)
            cases = list(elicitation.cases_of(subject))
            if len(cases) == 1:
                yield elicitation.contradiction(cases[0], statistic, level)
