"""The refuter of what doesn't hold in one of several inputs alone: a chord in it is a chord in all."""

from __future__ import annotations

from objc.analysis.decision import Decision, Violation, refuted
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def in_one_alone(subject: Subject, claim: Claim) -> Decision | None:
    from objc.analysis.claims import decided

    for name in claim.inputs if len(claim.inputs) > 1 else ():
        found = decided(subject, *claim.words, inputs=(name,))
        if found.verdict == "refuted":
            text = f"already in {name} alone, {found.counterexample}"
            return refuted(Violation(text, found.places))
    return None
