"""Facts that nobody claims: each property of each input alone and of all of them, its constants found."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from objc.analysis.claims import decide, function_at, of_all_inputs, prover
from objc.analysis.decision import Decision, proved, unknown
from objc.analysis.effort import Clock, OutOfTime
from objc.analysis.facts import Fact
from objc.analysis.statements import fact_of, stated
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.properties import PROPERTIES, Property

_SHARE = 1 / 8
"""Of the time for all questions, what one may take at first."""
_LATE = "out of time"
_LEAST = 1 / 4
"""Of the time for what is looked for, what is left of it where all else has taken long."""
_BEFORE = 0.3
"""Seconds that all else may take before it takes of that time."""

_SLOPES = ("shape.steepness:drawn_slopes", "shape.steepness:greater_extremes")
_GREATEST_SEEN = {
    "lipschitz": (*_SLOPES, "shape.differences:steep_at_an_end"),
    "smooth": (*_SLOPES, "shape.differences:second_differences"),
}
"""What shows that a constant is too small, by the property that takes it."""


def found_beside(
    subject: Subject, known: Sequence[Fact], wanted: Iterable[str] | None, spent: float = 0.0
) -> Iterator[Fact]:
    """Facts on the properties that are wanted (all that are looked for, where that is None) and that are
    not settled, within the time that the subject has for them: less, where much is `spent` already, in
    seconds."""
    if subject.declared.kind == "metric":
        return
    whole = subject.effort.found
    limit = max(_LEAST * whole, whole - max(spent - _BEFORE, 0.0))
    clock = Clock(limit)
    asked = [
        (word, names)
        for word, row in PROPERTIES.items()
        if (row.is_sought if wanted is None else word in wanted)
        and not (row.metric or row.qualifiers or row.least == 2)
        for names in _inputs(subject, row)
    ]
    facts = [one for one in known if one.kind != "range"]
    found: dict[tuple[str, tuple[str, ...]], Fact] = {}
    # What takes long comes after what doesn't: a share for each question first, then what is left.
    for share in (_SHARE, 1.0):
        for key in asked:
            if key in found and _LATE not in found[key].argument:
                continue
            others = [*facts, *(one for other, one in found.items() if other != key)]
            if any(_settles(one, key[0], PROPERTIES[key[0]], key[1]) for one in others):
                found.pop(key, None)
                continue
            own = Clock(min(clock.left, share * limit))
            started = time.process_time()
            found[key] = sought(subject, *key, own, others)
            clock.left -= time.process_time() - started
    for key in asked:
        if key in found and not (PROPERTIES[key[0]].is_quiet and found[key].verdict == "unknown"):
            yield found[key]


def _settles(fact: Fact, word: str, row: Property, names: tuple[str, ...]) -> bool:
    """Whether nothing is left to look for: the property is claimed or found, or follows."""
    if fact.property == word and fact.of == names:
        return True
    is_known = fact.verdict == "proved" and fact.of == names
    return is_known and fact.property in row.implied_by


def _inputs(subject: Subject, row: Property) -> Iterator[tuple[str, ...]]:
    """Each differentiable input alone, all of them together, and those with the data."""
    names = tuple(
        one.name
        for one in subject.declared.differentiable
        if not (row.of_scalars and one.dimensions)
    )
    if row.least is None:
        yield ()
        return
    yield from ((name,) for name in names)
    if len(names) > 1 and not row.of_each:
        yield names
    data = [one for one in subject.declared.inputs if one.role == "data"]
    if row.with_data and data and all(one.domain.kind == "real" for one in data):
        yield (*names, *(one.name for one in data))


def sought(
    subject: Subject, word: str, names: tuple[str, ...], clock: Clock, facts: Sequence[Fact]
) -> Fact:
    """Where no number will do, that; else the first statement of a property that is proved; without numbers,
    what is decided of it."""
    row = PROPERTIES[word]
    claims: Iterator[Claim] = iter((stated(word, *names),))
    tried: list[str] = []
    try:
        if row.impossible is not None:
            with clock.running():
                no = function_at(row.impossible)(subject, word, names, facts)
            if no is not None:
                no = of_all_inputs(subject, stated(word, *names), no)
            if no is not None and no.verdict != "unknown":
                return fact_of(subject, stated(word, *names), "found", no)
        if row.candidates is not None:
            claims = function_at(row.candidates)(subject, word, names)
        while (claim := _next(claims, clock)) is not None:
            found = decide(subject, claim, clock)
            if found.is_proof and word in _GREATEST_SEEN:
                found = _with_distance(subject, claim, found, clock)
            if found.verdict == "proved" or row.candidates is None:
                return fact_of(subject, claim, "found", found)
            tried.append(fact_of(subject, claim, "found", found).statement)
        reason = ", ".join(tried) or "no constant shows itself"
    except OutOfTime:
        reason = f"nothing, {_LATE}"
    return fact_of(subject, stated(word, *names), "found", unknown(reason))


def _with_distance(subject: Subject, claim: Claim, found: Decision, clock: Clock) -> Decision:
    """A bound, with a word on it where nothing that is tried comes to half of it."""
    (bound,) = claim.arguments
    half = replace(claim, arguments=(bound / 2,))
    if len(claim.inputs) > 1 or bound == 0:
        return found
    with clock.running():
        for place in _GREATEST_SEEN[claim.words[0]]:
            if prover(place)(subject, half) is not None:
                return found
    return proved(f"{found.argument}, which may be far above the least: half of it was not seen")


def _next(claims: Iterator[Claim], clock: Clock) -> Claim | None:
    with clock.running():
        return next(claims, None)
