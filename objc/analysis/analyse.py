"""All that is decided of one program, in the order of the report."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence

from objc.analysis.decision import Verdict, unknown
from objc.analysis.effort import LEVELS, UNLIMITED, Effort
from objc.analysis.ends import undefined_ends
from objc.analysis.errors import ClaimRefuted, ClaimsUndecided
from objc.analysis.facts import Fact, Facts
from objc.analysis.misuse import misuses
from objc.analysis.objectives.whole import endless, unreached, whole
from objc.analysis.questions import answer
from objc.analysis.search import found_beside
from objc.analysis.shape.alone import refuted_in_one
from objc.analysis.shape.influence import influence_warnings
from objc.analysis.statements import fact_of, stated
from objc.analysis.subject import Subject
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.words import in_words
from objc.errors import Diagnostic
from objc.ir.program import Claim, Program
from objc.ir.text import Text


def analyse(
    program: Program, effort: Effort = UNLIMITED, wanted: Sequence[str] | None = ()
) -> Facts:
    """The facts of a declaration, and what is wrong with it.

    Facts are about the scalar of a loss, a metric or an objective; a function or a model has none.
    Diagnostics are errors (a function outside its domain, a refuted claim) and warnings. Properties that
    are `wanted` are looked for where nobody claims them, all that there are for None, as long as the
    effort lasts.
    """
    started = time.process_time()
    found: list[Diagnostic] = list(misuses(program, Ranges(program)))
    found += [*influence_warnings(program), *unreached(program)]
    if "result" in program.outputs or not program.terms:
        return Facts(program.name, (), tuple(found))
    subject = Subject(program, effort)
    facts = [*undefined_ends(subject), *_range(subject), *_of_inputs(subject)]
    claimed = [(claim, fact_of(subject, claim, "claim")) for claim in program.claims]
    facts += [fact for _, fact in claimed]
    of_objective, wrong = whole(subject)
    facts += of_objective
    if wanted != ():
        facts += found_beside(subject, facts, wanted, time.process_time() - started)
    found += [*_claim_diagnostics(program, claimed), *wrong]
    ask = functools.partial(answer, subject, tuple(facts))
    return Facts(program.name, tuple(facts), tuple(found), ask)


def all_facts(program: Program) -> Facts:
    """What `objc check` finds: in seconds, those that nobody claims included."""
    return analyse(program, LEVELS["normal"], None)


def errors(program: Program) -> tuple[Diagnostic, ...]:
    """What is proved to be wrong with a declaration: a function that leaves its domain, a claim that
    is refuted, an objective without an end. The cheap part of `analyse`, for each compilation."""
    found: list[Diagnostic] = list(misuses(program, Ranges(program)))
    is_whole = program.kind in ("objective", "player")
    if (program.claims or is_whole) and program.terms and "result" not in program.outputs:
        subject = Subject(program)
        found += endless(subject)
        claimed = [(claim, fact_of(subject, claim, "claim")) for claim in program.claims]
        found += _claim_diagnostics(program, claimed)
    return tuple(one for one in found if one.severity == "error")


def _range(subject: Subject) -> Iterator[Fact]:
    statement = in_words(subject.range)
    if statement is not None:
        span = subject.declared.span
        word, _, value = statement.partition(" ")
        how = "by interval arithmetic"
        yield Fact("range", statement, "proved", how, word, value=value or None, span=span)


def _of_inputs(subject: Subject) -> Iterator[Fact]:
    program = subject.declared
    if program.kind == "metric":
        return
    names = [one.name for one in program.differentiable]
    for one in program.differentiable:
        yield _curvature(subject, one.name)
        yield from _kinks(subject, one.name)
    if len(names) > 1:
        yield _curvature(subject, *names)


def _curvature(subject: Subject, *names: str) -> Fact:
    """The strongest of affine, concave and convex that is proved, else what is known of convexity."""
    shape = subject.curvature(*names)
    word = "affine" if shape.affine else "concave" if shape.concave else "convex"
    tried = None
    if word == "convex" and any(map(subject.is_recurrent, names)) and not shape.convex:
        # Chords of a recurrence take long to draw: they are for those who claim something.
        tried = unknown("composition; the definition is a recurrence")
    elif word == "convex" and len(names) > 1 and not shape.convex:
        tried = refuted_in_one(subject, stated(word, *names))
    return fact_of(subject, stated(word, *names), "curvature", tried)


def _kinks(subject: Subject, name: str) -> Iterator[Fact]:
    text = Text(subject.program)
    kinks = [one for one in subject.kinks(name) if one.order is None or one.order < 1]
    of = (name,)
    for one in kinks:
        witness = subject.witness(name, one)
        kind = witness.kind if witness else "possible jump" if one.order == -1 else "possible kink"
        statement = f"{kind} in {name} where {one.place(text)}"
        argument = f"{witness.text}; {one.used(text)}" if witness else one.used(text)
        verdict: Verdict = "proved" if witness else "unknown"
        word, value = kind.removeprefix("possible "), one.place(text)
        yield Fact("kink", statement, verdict, argument, word, of, value, span=one.span)
    if not subject.kinks(name) and subject.is_smooth(name, 1):
        inside = " inside its domain" if subject.smoothness(name).ends_at_edge else ""
        statement = f"infinitely differentiable in {name}{inside}"
        how = "no kink inside the domain"
        value = f"inf{inside}"
        yield Fact("smoothness", statement, "proved", how, "differentiable", of, value)
    elif not kinks and subject.is_smooth(name, 1):
        how = "what it is made of meets with equal slopes"
        statement = f"differentiable 1 in {name}"
        yield Fact("smoothness", statement, "proved", how, "differentiable", of, "1")


def _claim_diagnostics(program: Program, claimed: list[tuple[Claim, Fact]]) -> Iterator[Diagnostic]:
    for _, fact in claimed:
        verdict, argument = fact.reply()
        if verdict == "refuted":
            yield ClaimRefuted(fact.span, program.name, fact.said(), argument)
    undecided = [
        (fact.said(), fact.argument, fact.span)
        for _, fact in claimed
        if fact.verdict == "unknown" and fact.span is not None
    ]
    if undecided:
        yield ClaimsUndecided(undecided[0][2], program.name, tuple(undecided))
