"""Curvature through a model: of a loss of one number that is affine in the parameters.

f(A θ + b) is convex in θ if f is convex, whatever rules know of f: the model's output is replaced by a
real number of its own, and the provers are asked about that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import influences
from objc.analysis.subject import Subject
from objc.ir.domain import REAL
from objc.ir.program import Claim, Input, Let, Names, Program, Term
from objc.ir.symbols import Read, reads


def affine_model(subject: Subject, claim: Claim) -> Decision | None:
    from objc.analysis.claims import decide

    outer = of_output(subject, claim.inputs)
    if outer is None:
        return None
    program, _ = outer
    (output,) = program.differentiable
    found = decide(Subject(program), Claim(False, claim.words, (), None, (output.name,)))
    if not found.is_proof:
        return None
    learned = " and ".join(claim.inputs)
    return proved(f"it is of one number, affine in {learned}, in which {found.argument}")


def of_output(subject: Subject, names: Sequence[str]) -> tuple[Program, Any] | None:
    """The loss as one of a real number, which is an affine function of the inputs named: the program
    of that number alone, and the form that it stands for."""
    program, value = subject.program, subject.value
    if len(names) == 1 and not program.input[names[0]].dimensions:
        return None  # it is of one number as it stands
    moving = _moving(subject, names)
    if not moving or not subject.is_short:
        return None
    taken = Names.of(program)
    output = Input(taken.fresh("output"), (), REAL, "differentiable")
    for form in _forms(value, moving):
        there = _replaced(value, form, moving, output.read())
        if there is not None:
            return _program(subject, names, output, there), form
    return None


def _moving(subject: Subject, names: Sequence[str]) -> set[Read]:
    """What the value reads that depends on the inputs, where that is affine in them and scalar."""
    program, shape = subject.program, subject.curvature_of_lets(*names)
    influenced = influences(program)
    found = set()
    for read in reads(subject.value):
        if read.tensor not in names and not influenced.get(read.tensor, frozenset()) & set(names):
            continue
        is_affine = read.tensor in program.input or shape[read.tensor].affine
        if read.positions or not is_affine:
            return set()
        found.add(read)
    return found


def _forms(value: Any, moving: set[Read]) -> Iterator[Any]:
    """Sums in the value, less what does not move: the greatest first."""
    nodes = [one for one in sympy.preorder_traversal(value) if isinstance(one, sympy.Add)]
    seen = set()
    for node in nodes:
        form = sympy.Add(*(one for one in node.args if one.atoms(Read) & moving))
        if form not in seen and _is_linear(form, moving):
            seen.add(form)
            yield form
    if len(moving) == 1:
        yield next(iter(moving))


def _is_linear(form: Any, moving: set[Read]) -> bool:
    if not form.is_polynomial(*moving):
        return False
    return bool(sympy.Poly(form, *sorted(moving, key=str)).total_degree() == 1)


def _replaced(value: Any, form: Any, moving: set[Read], output: Any) -> Any:
    for one in sorted(form.atoms(Read) & moving, key=str):
        factor = sympy.diff(form, one)
        if not factor.is_number or factor == 0:
            continue
        there = value.xreplace({one: (output - (form - factor * one)) / factor})
        for known in (there, sympy.expand(there)):
            if not known.atoms(Read) & moving:
                return known
    return None


def _program(subject: Subject, names: Sequence[str], output: Input, value: Any) -> Program:
    program = subject.program
    total = replace(subject.let, body=value)
    lets = [*program.lets[:-1], total]
    wanted = _reached(lets, total)
    kept = tuple(let for let in lets if let.name in wanted)
    inputs = tuple(one for one in program.inputs if one.name in wanted and one.name not in names)
    inputs = (
        output,
        *(replace(one, role="data") if one.is_differentiable else one for one in inputs),
    )
    return replace(
        program,
        inputs=_with_hyperparameters(program, inputs),
        lets=kept,
        outputs={"per_example": total.name},
        kind="loss",
        terms=(Term("value", total.name),),
        claims=(),
        direction="minimize",
    )


def _with_hyperparameters(program: Program, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """Those that domains of inputs name are wanted too."""
    named = {
        read.tensor
        for one in inputs
        for end in (one.domain.low, one.domain.high)
        if end is not None
        for read in reads(end)
    }
    have = {one.name for one in inputs}
    return (*inputs, *(one for one in program.inputs if one.name in named - have))


def _reached(lets: Sequence[Let], total: Let) -> set[str]:
    by_name = {let.name: let for let in lets}
    wanted, waiting = {total.name}, [total.name]
    while waiting:
        let = by_name.get(waiting.pop())
        found = {read.tensor for read in let.reads} if let is not None else set()
        waiting += found - wanted
        wanted |= found
    return wanted
