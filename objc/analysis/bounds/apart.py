"""Bounds on losses of two distributions, held to pairs that are apart: disjoint ones, and ones of which
each has next to nothing where the other has all."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, Violation, refuted
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Claim

_NEARLY_NOTHING = (Fraction(0), Fraction(1, 10**3), Fraction(1, 10**30), Fraction(1, 10**300))


def distributions_apart(subject: Subject, claim: Claim) -> Decision | None:
    names = [one.name for one in subject.program.inputs if one.domain.kind == "simplex"]
    if len(names) != 2 or any(len(subject.program.input[one].dimensions) != 1 for one in names):
        return None
    low, high = ends_of(claim)
    program = subject.extended({"value": subject.value, "low": low, "high": high})
    for values in _pairs(subject, names):
        found = certified(program, values)
        if found is None or not is_finite(found["value"]):
            continue
        gap = max(found["low"] - found["value"], found["value"] - found["high"])
        if gap > 1e-12 * (1 + abs(found["value"])):
            text = f"{shown(values, values)} gives {float(found['value']):.10g}"
            return refuted(Violation(text, (values,)))
    return None


def _pairs(subject: Subject, names: list[str]) -> Iterator[Values]:
    for values in samples(subject.program, 1):
        size = len(values[names[0]])
        if size < 2 or len(values[names[1]]) != size:
            return
        for little in _NEARLY_NOTHING:
            one = [Fraction(1)] + [Fraction(0)] * (size - 1)
            other = [little, 1 - little] + [Fraction(0)] * (size - 2)
            most = [1 - (size - 1) * little] + [little] * (size - 1)
            for first, second in ((one, other), (other, one), (most, most[::-1])):
                yield {**values, names[0]: first, names[1]: second}
