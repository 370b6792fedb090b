"""What minimizing a loss gives, in sentences: only what is decided is said, and what was sought in vain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from objc.analysis.analyse import analyse
from objc.analysis.claims import decided
from objc.analysis.effort import Effort
from objc.analysis.facts import Facts
from objc.analysis.objectives.unrolled import NotUnrolled, unrolled
from objc.analysis.story.minimizer import minimizer
from objc.analysis.story.noise import noise
from objc.analysis.story.objectives import of_objective
from objc.analysis.story.profile import profile
from objc.analysis.story.weighing import weighing
from objc.analysis.subject import Subject
from objc.ir.program import Program

_IGNORED: Mapping[str, str] = {
    "shift": "adding one number to", "scale": "multiplying", "permutation": "the order of",
}  # fmt: skip
_CLASSES = 3
_EFFORT = Effort(claim=10.0, found=1.0)
_SOUGHT = ("minimum", "infimum")


def story(program: Program) -> list[str]:
    """Sentences on a loss or an objective; one sentence where there is nothing to minimize."""
    if program.kind not in ("loss", "objective", "player") or not program.terms:
        return [f"A {program.kind} is evaluated, not minimized."]
    subject, facts = Subject(program, _EFFORT), analyse(program, _EFFORT, _SOUGHT)
    names = tuple(one.name for one in program.differentiable)
    if names and subject.is_constant_in(names) and program.kind != "objective":
        nothing = f"It is constant in {' and '.join(names)}: there is nothing to learn of it."
        return [nothing, *_values(subject, facts)]
    if program.kind == "objective":
        return [*of_objective(subject, facts), *kinks(facts)]
    return [
        *minimizer(subject),
        *noise(subject),
        *weighing(subject, profile(program)),
        *shape(subject, facts),
        *_ignored(subject),
        *kinks(facts),
        *_values(subject, facts),
    ]


def shape(subject: Subject, facts: Facts) -> Iterator[str]:
    """Convexity in each input and in all of them; what holds of all is not said of each."""
    found = [one for one in facts if one.kind == "curvature"]
    count = len({name for one in found for name in one.of})
    widest = max((len(one.of) for one in found if one.verdict == "proved"), default=0)
    for one in found:
        inputs = " and ".join(one.of)
        jointly = ", jointly" if len(one.of) > 1 else ""
        if one.property == "affine" and subject.is_constant_in(one.of):
            yield f"In {inputs} it is constant: there is nothing to learn of it."
        elif one.verdict == "proved" and len(one.of) == widest and one.property == "affine":
            yield f"In {inputs} it is affine{jointly}: it pulls in one direction, with no minimum inside."
        elif one.verdict == "proved" and len(one.of) == widest:
            extreme = "minimum" if one.property == "convex" else "maximum"
            held = ", the rest held," if 1 == len(one.of) < count else ""
            yield f"In {inputs}{held} it is {one.property}{jointly}: every local {extreme} is a global one."
        elif one.verdict == "proved" and widest == 1 and one.property != "affine":
            yield f"In {inputs} it is {one.property}."
        elif one.verdict == "refuted" and (len(one.of) == 1 or widest):
            yield f"In {inputs} it is not {one.property}{jointly}: {one.counterexample}."


def _ignored(subject: Subject) -> Iterator[str]:
    names = tuple(one.name for one in subject.declared.differentiable)
    groups = [(one,) for one in names] + ([names] if len(names) == 2 else [])
    said: set[str] = set()
    for group in groups:
        inputs = [subject.declared.input[one] for one in group]
        told = " and ".join(group)
        for kind, words in _IGNORED.items():
            is_vector = len(inputs) == 1 and len(inputs[0].dimensions) == 1
            if any(one.domain.kind != "real" for one in inputs) or kind in said:
                continue
            if kind == "permutation" and not is_vector:
                continue
            if decided(subject, "invariant", kind, inputs=group).is_proof:
                if len(group) == 1:
                    said.add(kind)
                yield _ignored_words(
                    kind, words, told, len(inputs) > 1 or bool(inputs[0].dimensions)
                )


def _ignored_words(kind: str, words: str, told: str, is_many: bool) -> str:
    if kind == "permutation":
        return f"It ignores {words} the entries of {told}."
    whole = f"all of {told}" if is_many else told
    by = " by one positive number" if kind == "scale" else ""
    return f"It ignores {words} {whole}{by}: along that it is flat, and nothing is learned of it."


def kinks(facts: Facts) -> Iterator[str]:
    """Where it has kinks and jumps, and what is taken for the derivative there."""
    for one in facts:
        if one.kind == "kink" and one.verdict == "proved":
            kind, _, rest = one.statement.partition(" ")
            used = one.argument.rpartition("; ")[2]
            yield f"It has a {kind} {rest}: {used}."


def _values(subject: Subject, facts: Facts) -> Iterator[str]:
    for one in facts:
        if one.kind == "domain":
            yield f"It has no value {one.value}."
    found = [one for one in facts if one.property in ("nonnegative", "bounded", "at")]
    known = [one for one in found if one.verdict == "proved"]
    is_told = any(one.property != "nonnegative" for one in known[-1:])
    least = next(_least(facts, is_told), None)
    for one in known[-1:]:
        if least is None or is_told:
            yield f"Its value is {_range_words(one.statement)}."
    if least is not None:
        yield least
    yield from _chance(subject)


def _least(facts: Facts, is_told: bool) -> Iterator[str]:
    """What the loss comes down to, and where; or where it comes near to its bound."""
    for one in facts:
        if one.verdict != "proved" or one.property not in ("minimum", "infimum"):
            continue
        how = one.argument.removeprefix("it is a bound, and ")
        if one.property == "minimum":
            yield f"Its least value is {one.value}, {how}."
        else:
            at_least = "It comes" if is_told else f"Its value is at least {one.value}, and comes"
            yield f"{at_least} as near to {one.value} as one likes: {how}."


def _range_words(statement: str) -> str:
    word, _, ends = statement.partition(" ")
    if word == "nonnegative":
        return "at least 0"
    low, _, high = ends.partition(" ")
    return f"between {low} and {high}" if word == "bounded" and high else statement


def _chance(subject: Subject) -> Iterator[str]:
    """The value where all scores are 0, in the number of classes: what guessing costs."""
    moving = subject.declared.differentiable
    if len(moving) != 1 or len(moving[0].dimensions) != 1 or moving[0].domain.kind != "real":
        return
    (one,) = moving
    (dimension,) = one.dimensions
    labels = [data for data in subject.declared.inputs if data.role == "data"]
    if len(labels) != 1 or labels[0].domain.dimension != dimension or labels[0].dimensions:
        return
    found = [_at_zero(subject, one.name, labels[0].name, size) for size in (2, _CLASSES, 5)]
    logarithms = [sympy.log(size) for size in (2, _CLASSES, 5)]
    if all(value == wanted for value, wanted in zip(found, logarithms, strict=True)):
        yield (
            f"Guessing costs log {dimension}: its value where all {one.name} are equal"
            f" ({float(sympy.log(10)):.4g} for 10 classes)."
        )


def _at_zero(subject: Subject, scores: str, label: str, size: int) -> Any:
    entries: dict[str, Any] = {}
    for one in subject.program.inputs:
        if one.name == scores:
            entries[one.name] = [sympy.Integer(0)] * size
        elif one.name == label:
            entries[one.name] = sympy.Integer(0)
        elif one.default is not None and one.default.is_Rational and not one.dimensions:
            entries[one.name] = one.default
        else:
            return None
    try:
        (value,) = unrolled(subject.program, entries).values()
    except NotUnrolled:
        return None
    return sympy.simplify(value)
