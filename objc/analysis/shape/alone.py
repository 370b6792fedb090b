"""The refuter of what doesn't hold in one of several inputs alone: a chord in it is a chord in all."""

from __future__ import annotations

from objc.analysis.decision import Decision, Violation, refuted
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def in_one_alone(subject: Subject, claim: Claim) -> Decision | None:
    from objc.analysis.claims import decided

    for name in claim.inputs if len(claim.inputs) > 1 else ():
        decided(subject, *claim.words, inputs=(name,))
        if (found := refuted_in_one(subject, claim)) is not None:
            return found
    return None


def refuted_in_one(subject: Subject, claim: Claim) -> Decision | None:
    """The same of what is decided already."""
    from objc.analysis.claims import kept

    for name in claim.inputs if len(claim.inputs) > 1 else ():
        found = kept(subject, *claim.words, inputs=(name,))
        if found is not None and found.verdict == "refuted":
            text = f"already in {name} alone, {found.counterexample}"
            return refuted(Violation(text, found.places))
    return None
