"""Claims and what was decided of them, as facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from objc.analysis.claims import decide
from objc.analysis.decision import Decision
from objc.analysis.ends import but_at_ends
from objc.analysis.facts import Fact, Kind
from objc.analysis.settings import refuted_at_a_setting
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.text import Text


def fact_of(subject: Subject, claim: Claim, kind: Kind, decision: Decision | None = None) -> Fact:
    """A claim, as it stands in the text or as asked for, with its verdict."""
    found = decision or decide(subject, replace(claim, negated=False))
    if found.verdict == "unknown" and kind in ("claim", "asked"):
        found = refuted_at_a_setting(subject, claim) or found
    argument = found.argument + (but_at_ends(subject) if found.is_proof else "")
    return Fact(
        kind,
        _words(claim, subject),
        found.verdict,
        argument,
        claim.words[0],
        claim.inputs,
        _value(claim, subject),
        found.counterexample,
        claim.negated,
        kind == "claim",
        claim.span,
        claim.arguments,
    )


def stated(word: str, *inputs: str, arguments: tuple[Any, ...] = ()) -> Claim:
    """A claim that stands in no text."""
    return Claim(False, (word,), arguments, None, inputs)


def _value(claim: Claim, subject: Subject) -> str | None:
    text = Text(subject.program)
    numbers = [text.scalar(one).text for one in claim.arguments]
    if len(numbers) > 1:
        numbers = [f"({one})" if " " in one else one for one in numbers]
    parts = [*claim.words[1:], *numbers]
    return " ".join(parts + ([claim.subject] if claim.subject else [])) or None


def _words(claim: Claim, subject: Subject) -> str:
    """A claim as it was written, without its `not`."""
    if claim.span is not None:
        return " ".join(claim.span.text.split()).removeprefix("not ")
    value = _value(claim, subject)
    word = "calibrated for" if claim.words[0] == "calibrated" else claim.words[0]
    words = [word] + ([value] if value else [])
    return " ".join(words) + (f" in {', '.join(claim.inputs)}" if claim.inputs else "")
