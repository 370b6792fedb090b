"""What minimizing an objective gives: what its terms are, through what model, and what holds the sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from objc.analysis.facts import Facts
from objc.analysis.objectives.errors import RunsAway
from objc.analysis.objectives.flat import Flat, flat_moves
from objc.analysis.objectives.models import of_output
from objc.analysis.objectives.terms import Part, parts_of, pulls
from objc.analysis.story.minimizer import minimizer
from objc.analysis.story.noise import noise
from objc.analysis.story.profile import profile
from objc.analysis.story.weighing import of_shape, weighing
from objc.analysis.subject import Subject
from objc.ir.program import Program
from objc.ir.text import Text

_GREATEST_RATIO = 100


def of_objective(subject: Subject, facts: Facts) -> Iterator[str]:
    """Sentences on an objective as a whole."""
    parts = parts_of(subject)
    yield _terms(subject, parts)
    for part in parts:
        yield from _through_model(part, len(parts) > 1)
    if (shape := profile(subject.declared)) is not None:
        yield from of_shape(shape)
    yield from _shape(subject, facts)
    yield from _bound(subject, facts)
    for one in flat_moves(subject):
        yield _flat(one)
    yield from _pulls(subject, parts)
    for diagnostic in facts.diagnostics:
        if diagnostic.code == "W0253":
            title = diagnostic.title().replace("`", "")
            yield f"{title[0].upper()}{title[1:]}."


def _terms(subject: Subject, parts: list[Part]) -> str:
    declared = subject.declared
    doing = "maximizes" if declared.direction == "maximize" else "minimizes"
    texts = [_weighed(subject, part) for part in parts]
    learned = ", ".join(one.name for one in declared.differentiable)
    if len(parts) == 1:
        return f"It {doing} one term, averaged over the examples, in {learned}."
    return f"It {doing} the sum of {', '.join(texts[:-1])} and {texts[-1]}, in {learned}."


def _weighed(subject: Subject, part: Part) -> str:
    term = part.term
    times = "" if term.weight == 1 else f"{Text(subject.program).scalar(term.weight).text} times "
    offset = "" if term.offset == 0 else f", plus {Text(subject.program).scalar(term.offset).text}"
    over = " (of the parameters)" if term.over_parameters else " (averaged over the examples)"
    return f"{times}{term.name}{over}{offset}"


def _through_model(part: Part, is_one_of_many: bool) -> Iterator[str]:
    """What a term of an example says of one number that is affine in the parameters."""
    if part.term.over_parameters or not part.names or part.subject.declared.direction == "maximize":
        return
    names = part.names
    outer = of_output(part.subject, names)
    for left_out in part.names if outer is None and len(part.names) > 1 else ():
        names = tuple(one for one in part.names if one != left_out)
        if (outer := of_output(part.subject, names)) is not None:
            break
    if outer is None:
        return
    program, form = outer
    (output,) = program.differentiable
    program = _with_settings(program, set(part.names) - set(names))
    held = f", with {' and '.join(sorted(set(part.names) - set(names)))} held" * (
        names != part.names
    )
    told = Text(part.subject.program).scalar(form).text
    name = f"The term {part.term.name}" if is_one_of_many else "It"
    inner = Subject(program)
    said = [*minimizer(inner), *noise(inner), *weighing(inner, profile(program))]
    tail = "; of that number:" if said else "."
    yield (
        f"{name} is a loss of one number, {output.name} = {told}, affine in"
        f" {' and '.join(names)}{held}{tail}"
    )
    yield from (f"  {one}" for one in said)


def _with_settings(program: Program, held: set[str]) -> Program:
    """The program with what is held as its hyperparameters, at 1 where it is looked at."""
    inputs = tuple(
        replace(one, role="hyperparameter", default=None if one.dimensions else sympy.Integer(1))
        if one.name in held
        else one
        for one in program.inputs
    )
    return replace(program, inputs=inputs)


def _shape(subject: Subject, facts: Facts) -> Iterator[str]:
    names = tuple(one.name for one in subject.declared.differentiable)
    word, extreme = ("convex", "minimum")
    if subject.declared.direction == "maximize":
        word, extreme = "concave", "maximum"
    mine = [one for one in facts if one.property in (word, "affine") and one.of == names]
    found = next((one for one in mine if one.kind == "curvature"), None)
    if found is None:
        return
    told = ", ".join(names)
    if found.property == "affine" and subject.is_constant_in(names):
        yield f"It is constant in {told}: there is nothing to learn."
    elif found.verdict == "proved":
        how = f" jointly, {found.argument}" if len(names) > 1 else f", {found.argument}"
        yield (
            f"It is affine in {told}{how}: it has no {extreme} inside."
            if found.property == "affine"
            else f"It is {found.property} in {told}{how}: every local {extreme} is global."
        )
    elif found.verdict == "refuted":
        yield f"It is not {word} in {told} jointly: training may end in a {extreme} that is only local."
        alone = [
            one.of[0]
            for one in facts
            if one.kind == "curvature"
            and len(one.of) == 1
            and one.verdict == "proved"
            and one.property in (word, "affine")
        ]
        if alone and len(names) > 1:
            yield f"With the others held, it is {word} in {' and in '.join(alone)}."
    blocking = [
        one.value
        for one in facts
        if one.kind == "objective"
        and one.property == word
        and one.verdict == "refuted"
        and one.value
    ]
    if blocking:
        yield f"What is not {word}: the {', the '.join(blocking)}."


def _bound(subject: Subject, facts: Facts) -> Iterator[str]:
    for one in facts:
        if one.kind != "objective" or not one.property.startswith("bounded_"):
            continue
        if one.verdict == "proved":
            yield f"It is {one.statement}: {one.argument}."
        elif one.verdict == "refuted":
            runs = [each for each in facts.diagnostics if isinstance(each, RunsAway)]
            what = "Nothing bounds it" if runs else "At some data it has no bound"
            why = "".join(f"; {each.why}" for each in runs if each.why)
            yield f"{what}: {one.counterexample}{why}."
        else:
            yield f"Whether it is {one.statement} is not decided."


def _flat(one: Flat) -> str:
    move = one.move[0].upper() + one.move[1:]
    if one.kind == "permutation":
        return f"{move} changes nothing: minima come in copies."
    if one.broken_by:
        told = " and ".join(one.broken_by)
        return f"{move} changes nothing that the data tell: of these, {told} alone decides."
    return f"{move} changes nothing: along that the parameters are not determined, and no penalty decides."


def _pulls(subject: Subject, parts: list[Part]) -> Iterator[str]:
    found = {one: pull for one, pull in pulls(subject.declared, parts).items() if pull > 0}
    if len(found) < 2:
        return
    strong, weak = max(found, key=lambda one: found[one]), min(found, key=lambda one: found[one])
    ratio = found[strong] / found[weak]
    if ratio >= _GREATEST_RATIO:
        yield (
            f"At drawn inputs the gradient of {strong} is about {ratio:.2g} times as long as that of {weak}:"
            " the sum hardly sees the latter there."
        )
