"""All that is decided of one program, in the order of the report."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from objc.analysis.claims import decide, how_convex
from objc.analysis.errors import ClaimRefuted, ClaimsUndecided
from objc.analysis.facts import Fact, Facts, Verdict
from objc.analysis.influence import influence_warnings
from objc.analysis.interval import Interval
from objc.analysis.misuse import misuses
from objc.analysis.ranges import Ranges
from objc.analysis.subject import Subject
from objc.errors import Diagnostic
from objc.ir.program import Claim, Program
from objc.ir.text import Text
from objc.source import Span


def analyse(program: Program) -> Facts:
    """The facts of a declaration, and what is wrong with it.

    Facts are about the scalar of a loss, a metric or an objective; a function or a model has none.
    Diagnostics are errors (a function outside its domain, a refuted claim) and warnings.
    """
    found: list[Diagnostic] = list(misuses(program, Ranges(program)))
    found += influence_warnings(program)
    if "result" in program.outputs or not program.terms:
        return Facts(program.name, (), tuple(found))
    subject = Subject(program)
    facts = [*_range(subject), *_of_inputs(subject)]
    claimed = [(claim, _decided(subject, claim)) for claim in program.claims]
    facts += [fact for _, fact in claimed]
    found += _claim_diagnostics(program, claimed)
    return Facts(program.name, tuple(facts), tuple(found))


def errors(program: Program) -> tuple[Diagnostic, ...]:
    """What is proved to be wrong with a declaration: a function that leaves its domain, a claim that
    is refuted. The cheap part of `analyse`, for each compilation."""
    found: list[Diagnostic] = list(misuses(program, Ranges(program)))
    if program.claims and program.terms and "result" not in program.outputs:
        subject = Subject(program)
        claimed = [(claim, _decided(subject, claim)) for claim in program.claims]
        found += _claim_diagnostics(program, claimed)
    return tuple(one for one in found if one.severity == "error")


def _range(subject: Subject) -> Iterator[Fact]:
    statement = _in_words(subject.range)
    if statement is not None:
        span = subject.declared.span
        yield Fact("range", statement, "proved", "by interval arithmetic", span=span)


def _in_words(values: Interval) -> str | None:
    if values.is_bounded:
        return f"bounded {_end(values.low)} {_end(values.high)}"
    if values.low == 0:
        return "nonnegative"
    if values.high == 0:
        return "nonpositive"
    if values.low > -float("inf"):
        return f"at least {_end(values.low)}"
    return f"at most {_end(values.high)}" if values.high < float("inf") else None


def _end(end: Fraction | float) -> str:
    if isinstance(end, Fraction) and end.denominator < 1000:
        return str(end)
    return f"{float(end):.6g}"


def _of_inputs(subject: Subject) -> Iterator[Fact]:
    program = subject.declared
    if program.kind == "metric":
        return
    for one in program.differentiable:
        yield _curvature(subject, one.name, one.span)
        yield from _kinks(subject, one.name)


def _curvature(subject: Subject, name: str, span: Span | None) -> Fact:
    shape = subject.curvature(name)
    word = "affine" if shape.affine else "concave" if shape.concave else "convex"
    how = "by composition" if shape.affine or shape.concave else how_convex(subject, name)
    tried = "the definition is a recurrence" if subject.is_recurrent(name) else "no rule applies"
    verdict, argument = ("proved", how) if how else ("unknown", tried)
    return Fact("curvature", f"{word} in {name}", verdict, argument, name, span=span)  # type: ignore[arg-type]


def _kinks(subject: Subject, name: str) -> Iterator[Fact]:
    text = Text(subject.program)
    kinks = [one for one in subject.kinks(name) if one.order is None or one.order < 1]
    for one in kinks:
        witness = subject.witness(name, one)
        kind = witness.kind if witness else "possible jump" if one.order == -1 else "possible kink"
        statement = f"{kind} in {name} where {one.place(text)}"
        argument = f"{witness.text}; {one.used(text)}" if witness else one.used(text)
        verdict: Verdict = "proved" if witness else "unknown"
        yield Fact("kink", statement, verdict, argument, name, span=one.span)
    if not subject.kinks(name) and subject.is_smooth(name, 1):
        inside = " inside its domain" if subject.smoothness(name).ends_at_edge else ""
        statement = f"infinitely differentiable in {name}{inside}"
        yield Fact("smoothness", statement, "proved", "no kink inside the domain", name)
    elif not kinks and subject.is_smooth(name, 1):
        how = "what it is made of meets with equal slopes"
        yield Fact("smoothness", f"differentiable 1 in {name}", "proved", how, name)


def _decided(subject: Subject, claim: Claim) -> Fact:
    decision = decide(subject, claim)
    name = claim.inputs[0] if claim.inputs else None
    statement = _words(claim)
    return Fact(
        "claim", statement, decision.verdict, decision.argument, name, claimed=True, span=claim.span
    )


def _words(claim: Claim) -> str:
    """A claim as it was written."""
    if claim.span is not None:
        return " ".join(claim.span.text.split())
    parts = ["not"] * claim.negated + list(claim.words) + [str(one) for one in claim.arguments]
    parts += [claim.subject] if claim.subject else []
    return " ".join(parts) + (f" in {', '.join(claim.inputs)}" if claim.inputs else "")


def _claim_diagnostics(program: Program, claimed: list[tuple[Claim, Fact]]) -> Iterator[Diagnostic]:
    for _, fact in claimed:
        if fact.verdict == "refuted":
            yield ClaimRefuted(fact.span, program.name, fact.statement, fact.argument)
    undecided = [
        (fact.statement, fact.argument, fact.span)
        for _, fact in claimed
        if fact.verdict == "unknown" and fact.span is not None
    ]
    if undecided:
        yield ClaimsUndecided(undecided[0][2], program.name, tuple(undecided))
