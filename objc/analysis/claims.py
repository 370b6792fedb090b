"""Claims: the provers of a property, in the order of its row, until one of them decides.

Proofs come from ranges, curvature, kinks, slopes. Refutations come from drawn inputs, and count only
when they hold in 50 digits. What nothing decides is unknown, with what was tried.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from objc.analysis.decision import Decision, unknown
from objc.analysis.effort import Clock, OutOfTime
from objc.analysis.subject import Subject
from objc.analysis.values.membership import are_members
from objc.ir.declared import leaning
from objc.ir.program import Claim
from objc.properties import PROPERTIES

_OF_ALL = frozenset({
    "convex", "concave", "affine", "strictly_convex", "strongly_convex", "quasiconvex", "lipschitz",
    "smooth", "robust", "differentiable", "homogeneous", "bounded", "nonnegative", "symmetric", "triangle",
    "invariant", "bounds",
})  # fmt: skip
"""Properties that hold of some inputs if they hold of more."""

Prover = Callable[[Subject, Claim], Decision | None]


def decide(subject: Subject, claim: Claim, clock: Clock | None = None) -> Decision:
    """The verdict on a claim, in the time that the subject has for one where no other clock runs. `not …`
    exchanges proved and refuted."""
    key = ("decided", claim.words, claim.inputs, claim.arguments, claim.negated)
    is_kept = not claim.subject
    if is_kept and key in subject.known and subject.known[key].verdict != "unknown":
        return cast(Decision, subject.known[key])
    found = _decided(subject, claim, clock or Clock(subject.effort.claim))
    if is_kept:
        subject.known[key] = found
    return found


def _decided(subject: Subject, claim: Claim, clock: Clock) -> Decision:
    row = PROPERTIES[claim.words[0]]
    if row.transforms and not subject.is_short:
        return Decision("unknown", "the formula is too long to be transformed")
    found = of_all_inputs(
        subject, claim, (_weakest if row.of_each else _first)(subject, claim, clock)
    )
    if found.verdict == "unknown" and any(map(subject.is_recurrent, claim.inputs)):
        found = Decision("unknown", f"{found.argument}; the definition is a recurrence")
    return found.opposite if claim.negated else found


def of_all_inputs(subject: Subject, claim: Claim, found: Decision) -> Decision:
    """What is left of a decision where the domains of some inputs lean on others: provers choose values one
    by one. What holds of more inputs than there are holds of these, and a counterexample counts that lies in
    the domains; what needs certain inputs to be there, as a least value does, is not known."""
    leaning_inputs = leaning(subject.declared)
    if not leaning_inputs or found.verdict == "unknown":
        return found
    program = subject.program
    if found.verdict == "proved" and claim.words[0] in _OF_ALL:
        return found
    is_shown = found.verdict == "refuted" and found.places
    if is_shown and all(are_members(program, place) for place in found.places):
        return found
    names = ", ".join(f"`{one}`" for one in sorted(leaning_inputs))
    return Decision("unknown", f"the domains of {names} lean on each other")


def decided(subject: Subject, *words: str, inputs: tuple[str, ...] = ()) -> Decision:
    """The verdict on a property that takes no numbers, found once for a subject."""
    found = kept(subject, *words, inputs=inputs)
    return found or decide(subject, Claim(False, words, (), None, inputs))


def kept(subject: Subject, *words: str, inputs: tuple[str, ...] = ()) -> Decision | None:
    """The same where it is found already."""
    return cast("Decision | None", subject.known.get(("decided", words, inputs, (), False)))


def _weakest(subject: Subject, claim: Claim, clock: Clock) -> Decision:
    """A claim about several inputs holds if it holds in each."""
    found = [_first(subject, replace(claim, inputs=(name,)), clock) for name in claim.inputs]
    for verdict in ("refuted", "unknown"):
        for one in found:
            if one.verdict == verdict:
                return one
    return found[0]


def _first(subject: Subject, claim: Claim, clock: Clock) -> Decision:
    tried: list[str] = []
    provers = PROPERTIES[claim.words[0]].provers
    for number, place in enumerate(provers):
        try:
            with clock.running():
                found = prover(place)(subject, claim)
        except OutOfTime:
            left = ", ".join(map(_named, provers[number:]))
            done = f"; tried: {', '.join(tried)}" if tried else ""
            return Decision("unknown", f"out of time before: {left}{done}")
        if found is None:
            tried.append(_named(place))
        elif found.verdict == "unknown":
            tried.append(found.argument.removeprefix("tried: "))
        else:
            return found
    return unknown(", ".join(tried))


def _named(place: str) -> str:
    """A prover in words: that is what its function is called."""
    return place.rpartition(":")[2].replace("_", " ")


def prover(place: str) -> Prover:
    return cast(Prover, function_at(place))


@functools.cache
def function_at(place: str) -> Callable[..., Any]:
    """A function by its place below `objc.analysis`, `module:function`."""
    module, _, name = place.partition(":")
    return cast(
        Callable[..., Any], getattr(importlib.import_module(f"objc.analysis.{module}"), name)
    )
