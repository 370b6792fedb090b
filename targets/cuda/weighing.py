"""Weights whose sum nobody on the host knows: the device adds them up itself.

A program with weights takes the scale of its mean, 1/Σ weight, from the caller, who would have to wait for
the device to know it. Here a scale of 0 asks for it, which is infinite where nothing weighs anything; a
negative one asks for 0 there; a positive one counts as it is.
An example of weight 0 is left out of every sum over the batch, and has zeros of its own, whatever it holds.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.errors import InternalError
from objc.ir.domain import REAL, Domain
from objc.ir.index import BATCH, Index
from objc.ir.program import Input, Let, Names, Program
from objc.ir.symbols import Branch, Condition, Read, reads
from objc.schedule.loops import Loops, Storage


def weight_of(program: Program) -> Input | None:
    """The weights of a program's examples."""
    found = (one for one in _added(program) if one.dimensions == (BATCH,))
    return next(found, None)


def _added(program: Program) -> list[Input]:
    """Weights and scale: the vectors that a Hessian is multiplied by are inputs of nobody's too, of any
    sign."""
    found = [one for one in program.inputs if one.role == "internal"]
    return [one for one in found if one.domain.kind in ("positive", "nonnegative")]


def weighed(program: Program) -> tuple[Program | None, Program]:
    """A program that finds the scale, and the program that takes it from there as an input and leaves
    examples out; None, and the program as it is, where it has no weights."""
    weight = weight_of(program)
    scale = next((one for one in _added(program) if not one.dimensions), None)
    if weight is None or scale is None:
        return None, program
    names = Names.of(program)
    finding = _finding(weight, scale, names)
    found = finding.let[finding.outputs[FOUND]]
    taken = Input(found.name, (), found.domain, "internal")
    moved = {scale.name: taken.read()}
    lets = []
    for let in program.lets:
        let = _with(let, moved)
        index = next((one for one in let.over if one.dimension == BATCH), None)
        if index is not None:
            let = replace(let, guard=sympy.And(let.guard, _counts(weight, index)))
        lets.append(let)
    outputs = dict(program.outputs)
    made: dict[str, Let] = {}
    for name in dict.fromkeys(outputs.values()):
        let = program.let[name]
        if let.free and let.free[0].dimension == BATCH:
            body = Branch(_counts(weight, let.free[0]), let.read(*let.free), sympy.Integer(0))
            own = names.fresh(f"counted_{name}")
            made[name] = replace(
                let, name=own, body=body, reduction=None, over=(), guard=sympy.true
            )
    outputs = {key: made[name].name if name in made else name for key, name in outputs.items()}
    inputs = tuple(taken if one == scale else one for one in program.inputs)
    whole = replace(program, inputs=inputs, lets=(*lets, *made.values()), outputs=outputs)
    return finding, whole


def joined(finding: Loops, loops: Loops) -> Loops:
    """The steps that find the scale, and those that take it from there, as one."""
    name = finding.program.outputs[FOUND]
    clash = set(finding.program.let) & set(loops.program.let)
    if clash:
        raise InternalError(f"{loops.program.name}: two tensors are called {', '.join(clash)}")
    own = {one.name for one in finding.program.inputs}
    others = tuple(one for one in loops.program.inputs if one.name not in {name, *own})
    program = replace(
        loops.program,
        inputs=(*others, *finding.program.inputs),
        lets=(*finding.program.lets, *loops.program.lets),
    )
    storage = {**finding.storage, **loops.storage, name: Storage("shared")}
    return Loops(program, (*finding.steps, *loops.steps), storage)


FOUND = "scale"


def _finding(weight: Input, scale: Input, names: Names) -> Program:
    """The sum of the weights, and the scale: a given one, if it is positive."""
    index = Index(names.fresh("n"), BATCH)
    own = weight.read(index)
    total = Let(
        names.fresh("total_weight"), (), own, "sum", (index,), guard=sympy.Ne(own, 0), domain=REAL
    )
    given = replace(scale, domain=REAL)
    nothing = sympy.And(sympy.Eq(total.read(), 0), given.read() < 0)
    asked = Branch(nothing, sympy.Integer(0), 1 / total.read())
    body = Branch(given.read() > 0, given.read(), asked)
    found = Let(names.fresh("scale_of_all"), (), body, domain=Domain("positive"))
    return Program("scale", (weight, given), (total, found), {FOUND: found.name})


def _counts(weight: Input, index: Index) -> Condition:
    return sympy.Ne(weight.read(index), 0)


def _with(let: Let, moved: dict[str, Read]) -> Let:
    """A let that reads others in the place of scalars."""
    body = {one: moved[one.tensor] for one in reads(let.body) if one.tensor in moved}
    guard = {one: moved[one.tensor] for one in reads(let.guard) if one.tensor in moved}
    if not body and not guard:
        return let
    return replace(let, body=let.body.xreplace(body), guard=let.guard.xreplace(guard))
