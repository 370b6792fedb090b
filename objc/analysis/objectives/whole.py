"""What is said of an objective as a whole: facts, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from objc.analysis.claims import decided
from objc.analysis.decision import Decision
from objc.analysis.effort import Clock, OutOfTime
from objc.analysis.facts import Fact
from objc.analysis.objectives.errors import PlayerRunsAway, RunsAway, UnreachedTerm
from objc.analysis.objectives.flat import Flat, flat_moves
from objc.analysis.objectives.runaway import Runaway, runaway
from objc.analysis.objectives.terms import parts_of
from objc.analysis.shape.influence import sloped_inputs
from objc.analysis.statements import fact_of, stated
from objc.analysis.subject import Subject
from objc.errors import Diagnostic
from objc.ir.program import Program

_T = TypeVar("_T")
_KINDS = ("objective", "player")


def unreached(program: Program) -> Iterator[Diagnostic]:
    """The terms of an objective in which nothing that is learned has a gradient."""
    learned = {one.name for one in program.differentiable}
    if program.kind != "objective" or not learned:
        return
    for term in program.terms:
        if not sloped_inputs(program, (term,)) & learned:
            span = program.let[term.let].span or program.span
            yield UnreachedTerm(span, program.name, term.name)


def whole(subject: Subject) -> tuple[list[Fact], list[Diagnostic]]:
    """The facts of an objective (of a player's, against the others as they are) beyond those of any
    scalar, with the errors that follow from them."""
    if subject.declared.kind not in _KINDS or not subject.declared.differentiable:
        return [], []
    clock = Clock(subject.effort.found / 2)  # the other half is for what is looked for beside
    facts = list(_shape_of_terms(subject))
    how = how_bounded(subject)
    ray = None if how is not None else _in_time(clock, runaway, subject, None)
    facts += [_bound(subject, how, ray), *_flat(_in_time(clock, flat_moves, subject, []), subject)]
    return facts, _of_ray(subject, ray)


def endless(subject: Subject) -> list[Diagnostic]:
    """The error of an objective that has no bound at any data that were drawn: what of `whole` stops a
    compilation."""
    declared = subject.declared
    moved = {one.role for one in declared.differentiable}
    can_err = declared.kind == "objective" or (declared.kind == "player" and "learned" in moved)
    if not can_err or not moved or _end_of_range(subject):
        return []
    return _of_ray(subject, _in_time(Clock(subject.effort.found), runaway, subject, None))


def _of_ray(subject: Subject, ray: Runaway | None) -> list[Diagnostic]:
    if ray is None or not ray.always:
        return []
    declared = subject.declared
    moves = {declared.input[name].role for name in ray.names}
    is_error = declared.kind == "objective" or moves == {"learned"}
    kind = RunsAway if is_error else PlayerRunsAway
    return [kind(declared.span, declared.name, ray.upward, str(ray), ray.why)]


def _end_of_range(subject: Subject) -> bool:
    """Whether interval arithmetic bounds what is minimized from below, or what is maximized from above."""
    upward = subject.declared.direction == "maximize"
    return (subject.range.high if upward else -subject.range.low) < float("inf")


def how_bounded(subject: Subject) -> str | None:
    """Why what is minimized has a lower bound (what is maximized, an upper one), if that is known."""
    if _end_of_range(subject):
        return "by interval arithmetic"
    if subject.declared.direction == "maximize":
        return None
    found = [(one.term.name, decided(one.subject, "nonnegative")) for one in parts_of(subject)]
    if not all(one.is_proof for _, one in found):
        return _of_convex(subject)
    return f"each term is at least 0: {'; '.join(f'{name} {one.argument}' for name, one in found)}"


def _of_convex(subject: Subject) -> str | None:
    """A convex function on a whole space is continuous: one that grows in all directions has a least."""
    inputs = subject.declared.differentiable
    names = tuple(one.name for one in inputs)
    if any(one.domain.kind != "real" for one in inputs):
        return None
    if not all(decided(subject, word, inputs=names).is_proof for word in ("convex", "coercive")):
        return None
    return (
        f"at any data: it is convex in {' and '.join(names)}, and grows without bound to all sides"
    )


def _bound(subject: Subject, how: str | None, ray: Runaway | None) -> Fact:
    side = "above" if subject.declared.direction == "maximize" else "below"
    if how is not None:
        found = Decision("proved", how)
    elif ray is not None:
        found = Decision("refuted", f"a counterexample: {ray}", str(ray))
    else:
        found = Decision("unknown", "tried: interval arithmetic, rays")
    names = tuple(one.name for one in subject.declared.differentiable)
    return Fact(
        "objective",
        f"bounded {side}",
        found.verdict,
        found.argument,
        f"bounded_{side}",
        names,
        counterexample=found.counterexample,
        span=subject.declared.span,
    )


def _shape_of_terms(subject: Subject) -> Iterator[Fact]:
    """Each term's convexity (concavity, if the sum is maximized) in the parameters that reach it."""
    word = "concave" if subject.declared.direction == "maximize" else "convex"
    if len(subject.declared.terms) < 2:
        return
    for part in parts_of(subject):
        if part.names:
            verdict = decided(part.subject, word, inputs=part.names)
            found = fact_of(part.subject, stated(word, *part.names), "objective", verdict)
            yield Fact(
                "objective",
                f"term {part.term.name}: {found.statement}",
                found.verdict,
                found.argument,
                word,
                part.names,
                f"term {part.term.name}",
                found.counterexample,
                span=subject.declared.span,
            )


def _in_time(clock: Clock, search: Callable[[Subject], _T], subject: Subject, else_: _T) -> _T:
    try:
        with clock.running():
            return search(subject)
    except OutOfTime:
        return else_


def _flat(moves: Sequence[Flat], subject: Subject) -> Iterator[Fact]:
    """Moves of the parameters that change nothing: what is learned is not determined along them."""
    for one in moves:
        if not one.broken_by:
            yield Fact(
                "objective",
                f"invariant under {one.move}",
                "proved",
                "what it does cancels in every term, and no penalty breaks it",
                "invariant",
                one.names,
                f"{one.kind}: {one.move}",
                span=subject.declared.span,
            )
