"""What is proved of the library is attacked by the search that refutes: it must find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy

import objc.library
from objc.analysis.claims import decide
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
from objc.ir.program import Claim, Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_FILES = sorted(Path(objc.library.__file__).parent.glob("*.objc"))
_ATTACKED = frozenset({
    "invariant", "divergence", "triangle", "noise_tolerant", "likelihood", "estimates",
})  # fmt: skip
_HALF = sympy.Rational(1, 2)


def _attacks(subject: Subject, claim: Claim) -> Iterator[str | None]:
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


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_nothing_that_is_proved_is_refuted(path: Path) -> None:
    programs: dict[str, Program] = dict(lower(parse(Source(path.name, path.read_text()))).programs)
    for program in programs.values():
        for claim in program.claims:
            kind = claim.words[0]
            if kind not in _ATTACKED or claim.negated:
                continue
            subject = Subject(program)
            if decide(subject, claim).verdict == "proved":
                assert list(_attacks(subject, claim)) in ([None], []), (program.name, claim.words)
