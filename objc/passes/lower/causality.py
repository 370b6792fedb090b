"""Whether recurrences can be computed: an order of their steps, steps of one, a first step that is there."""

from __future__ import annotations

from objc.errors import Diagnostic
from objc.ir.conditions import taken_reads
from objc.ir.program import Let, Program
from objc.ir.recurrence import CausalityError, Group, arranged, groups
from objc.ir.symbols import Read
from objc.passes.lower import errors
from objc.passes.lower.edges import is_covered, spared
from objc.passes.lower.names import Context
from objc.source import Span


def causal(program: Program, context: Context) -> Program:
    """The program with the lets of each recurrence in an order of evaluation. What can't be computed
    is reported."""
    if not context.equations:
        return program
    try:
        program = arranged(program)
        found = [one for one in groups(program) if one.is_recurrence]
    except CausalityError as error:
        context.collector.add(_impossible(error, program, context))
        return program
    for group in found:
        program = spared(program, group)
    for group in groups(program):
        if group.is_recurrence:
            _check_steps(group, context)
    return program


def _impossible(error: CausalityError, program: Program, context: Context) -> Diagnostic:
    span = _equation_of(error.read, error.let, context)
    name = _name(error.let, context)
    free = program.let[error.read.tensor].free
    steps = any(
        place.base == index and place.offset
        for place, index in zip(error.read.positions, free, strict=True)
    )
    if error.reason == "no_index" and steps:
        what = f"the recurrence of `{name}` inside of a step of another recurrence"
        return errors.NotCompiled(span, what)
    return errors.Acausal(span, name, str(error.read), error.reason)


def _check_steps(group: Group, context: Context) -> None:
    reported: set[Span] = set()
    for let in group.lets:
        for read, conditions in taken_reads(let):
            target = next((one for one in group.lets if one.name == read.tensor), None)
            if target is None:
                continue
            span = _equation_of(read, let, context)
            for index in group.indices:
                offset = read.positions[target.free.index(index)].offset
                if span in reported:
                    continue
                if abs(offset) > 1:
                    reported.add(span)
                    name = _name(let, context)
                    context.collector.add(errors.Acausal(span, name, str(read), "far"))
                elif offset and not is_covered(conditions, index, offset):
                    reported.add(span)
                    first = "0" if offset < 0 else f"{index.dimension}-1"
                    places = [first if one == index else one.name for one in target.free]
                    boundary = f"{_name(let, context)}[{', '.join(places)}]"
                    context.collector.add(
                        errors.MissingBoundary(span, str(read), index.name, first, boundary)
                    )


def _equation_of(read: Read, let: Let, context: Context) -> Span:
    """The equation that says a read, as near as it is known."""
    span = context.stepped.get(read, let.span)
    return span if span is not None else context.equations[0].span


def _name(let: Let, context: Context) -> str:
    """What the user calls the tensor that a let belongs to."""
    for one in context.equations:
        if let.span is not None and _contains(one.span, let.span):
            return one.name
    return let.name


def _contains(whole: Span, part: Span) -> bool:
    same = whole.source is part.source
    return same and whole.start <= part.start and part.stop <= whole.stop


__all__ = ["causal"]
