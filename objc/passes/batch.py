"""The batch: from the loss of one example to the mean over many.

An index over the batch becomes the first index of every batched input and of every let that depends
on one. The weighted mean is left in two factors, so that changing the reduction (mean or sum) or the
size never recompiles: ``mean = scale · Σ weight · loss``, where the caller binds scale to 1/Σ weight
or to 1. Of a batch of few large examples each may be computed alone: without the index, with the scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from objc.ir.domain import REAL, Domain
from objc.ir.index import BATCH, Index, Position, at
from objc.ir.program import Input, Let, Names, Program
from objc.ir.symbols import Expression, Read
from objc.source import Span

WEIGHT = "weight"
SCALE = "scale"


def batch(
    program: Program, batched: frozenset[str], weighted: bool = False, alone: bool = False
) -> Program:
    """A program over a batch of examples, with the outputs `value` and `term:NAME` added.

    `batched` names the inputs that have a batch axis; the others are shared by all examples. With
    none batched there is one example, and the value is its value; its share of a mean, where it is
    one of a batch but computed `alone`.
    """
    names = Names.of(program)
    index = Index(names.fresh("n"), BATCH)
    inputs = [_with_batch(one) if one.name in batched else one for one in program.inputs]
    lets, carriers = _spread(program.lets, batched, index)
    if batched:
        program, more = _for_each_example(program, carriers, index, names)
        lets += more
        carriers |= {one.name for one in more}
    extra: list[Input] = []
    weight = scale = None
    if alone or carriers & {term.let for term in program.terms}:
        scale = Input(names.fresh(SCALE), (), Domain("positive"), "internal")
        extra.append(scale)
        if weighted:
            weight = Input(names.fresh(WEIGHT), (BATCH,), Domain("nonnegative"), "internal")
            extra.append(weight)
    by_name = {one.name: one for one in lets}
    outputs = dict(program.outputs)
    value: Expression = 0
    for term in program.terms:
        let = by_name[term.let]
        mean: Expression
        if scale is not None and (alone or term.let in carriers):
            over = () if alone else (index,)
            pair = _mean(term.name, let.read(*over), over, weight, scale, names, let.span)
            lets += pair
            outputs[f"term:{term.name}"] = pair[-1].name
            mean = pair[-1].read()
            if term.offset != 0:  # it belongs to each example, so a sum has it as often
                share = term.share(let.read(*over))
                pair = _mean(f"share_{term.name}", share, over, weight, scale, names, let.span)
                lets += pair
                value = value + pair[-1].read()
                continue
        else:
            outputs[f"term:{term.name}"] = let.name
            mean = let.read()
        value = value + term.share(mean)
    if program.terms:
        final = Let(names.fresh("value"), (), value, domain=REAL, span=program.span)
        lets.append(final)
        outputs["value"] = final.name
    return replace(program, inputs=(*inputs, *extra), lets=tuple(lets), outputs=outputs)


def _for_each_example(
    program: Program, carriers: frozenset[str], index: Index, names: Names
) -> tuple[Program, list[Let]]:
    """Terms of an example that read nothing batched belong to every example all the same: each gets a
    let along the batch, and a sum over the batch has it as often."""
    each: dict[str, Let] = {}
    wanted = [one.let for one in program.terms if not one.over_parameters]
    if wanted and "per_example" in program.outputs:
        wanted.append(program.outputs["per_example"])
    for name in wanted:
        if name not in carriers and name not in each:
            body = program.let[name].read()
            each[name] = Let(names.fresh(f"{name}_each"), (index,), body)
    terms = tuple(
        replace(one, let=each[one.let].name) if one.let in each and not one.over_parameters else one
        for one in program.terms
    )
    outputs = {
        key: each[name].name if name in each and key == "per_example" else name
        for key, name in program.outputs.items()
    }
    return replace(program, terms=terms, outputs=outputs), list(each.values())


def _mean(
    name: str,
    body: Expression,
    over: tuple[Index, ...],
    weight: Input | None,
    scale: Input,
    names: Names,
    span: Span | None,
) -> list[Let]:
    """The weighted sum over the batch, and the mean; of one example alone, its share of it."""
    body = body if weight is None else weight.read(*over) * body
    if not over:
        return [Let(names.fresh(f"share_{name}"), (), scale.read() * body, span=span)]
    total = Let(names.fresh(f"total_{name}"), (), body, "sum", over, span=span)
    return [total, Let(names.fresh(f"mean_{name}"), (), scale.read() * total.read())]


def _with_batch(one: Input) -> Input:
    return replace(one, dimensions=(BATCH, *one.dimensions))


def _spread(
    lets: tuple[Let, ...], batched: frozenset[str], index: Index
) -> tuple[list[Let], frozenset[str]]:
    """The lets with the batch index where they depend on it, and the names of those that do."""
    carriers = dependent(lets, batched)
    result = []
    for let in lets:
        if let.name in carriers:
            mapping = {read: _prefixed(read, carriers, index) for read in _outer_reads(let)}
            let = replace(
                let,
                free=(index, *let.free),
                body=let.body.xreplace(mapping),
                guard=let.guard.xreplace(mapping),
            )
        result.append(let)
    return result, carriers


def dependent(lets: Iterable[Let], roots: Iterable[str]) -> frozenset[str]:
    """The roots and every let that reads one of them, at any distance."""
    found = set(roots)
    waiting = list(lets)
    while waiting:
        reached = [let for let in waiting if any(read.tensor in found for read in let.reads)]
        if not reached:
            break
        found.update(let.name for let in reached)
        waiting = [let for let in waiting if let.name not in found]
    return frozenset(found)


def _outer_reads(let: Let) -> set[Read]:
    return set(let.body.atoms(Read)) | set(let.guard.atoms(Read))


def _prefixed(read: Read, carriers: frozenset[str], index: Index) -> Read:
    positions = tuple(_prefixed_position(one, carriers, index) for one in read.positions)
    if read.tensor in carriers:
        positions = (at(index), *positions)
    return read.at(positions)


def _prefixed_position(position: Position, carriers: frozenset[str], index: Index) -> Position:
    if isinstance(position.base, Read):
        return Position(_prefixed(position.base, carriers, index), position.offset)
    return position
