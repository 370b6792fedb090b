"""What holds for every positive value of a hyperparameter holds at zero, where the loss is continuous in it:
convexity, bounds, and bounds on derivatives are kept by limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.subject import Subject
from objc.ir.domain import Domain
from objc.ir.program import Claim, Input, Program
from objc.ir.symbols import Read


def limit_of_hyperparameters(subject: Subject, claim: Claim) -> Decision | None:
    from objc.analysis.claims import decide

    for one in subject.program.inputs:
        if any(
            one.read() in end.free_symbols
            for each in subject.program.inputs
            for end in each.domain.bounds
        ):
            continue
        is_closed = one.domain.kind == "nonnegative" and not one.dimensions
        if one.role != "hyperparameter" or not is_closed or one.name in claim.inputs:
            continue
        if not _is_continuous(subject, one) or not _are_continuous(claim.arguments, one):
            continue
        above = _positive(subject.with_value(subject.value), one)
        inside = Subject(above, subject.effort)
        arguments = tuple(_moved(each, one, above) for each in claim.arguments)
        moved = replace(claim, arguments=arguments, negated=False)
        found = decide(inside, moved)
        if found.is_proof:
            return proved(f"for {one.name} > 0 {found.argument}; at 0 as the limit of these")
    return None


def _is_continuous(subject: Subject, one: Input) -> bool:
    """Whether the value is continuous in a hyperparameter, up to the closed end of its domain."""
    if subject.is_recurrent(one.name) or not subject.is_smooth(one.name, 0):
        return False
    return not subject.smoothness(one.name).ends_at_edge and not any(
        _reaches(subject, power.exp, one)
        for let in subject.program.lets
        for power in (*let.body.atoms(sympy.Pow), *let.guard.atoms(sympy.Pow))
        if not power.base.is_positive  # 0^0 is 1
    )


def _reaches(subject: Subject, expression: Any, one: Input) -> bool:
    tensors = {read.tensor for read in expression.atoms(Read)}
    return one.name in tensors or any(one.name in subject.reaching(name) for name in tensors)


def _are_continuous(numbers: tuple[Any, ...], one: Input) -> bool:
    return all(number.is_polynomial(one.read()) for number in numbers)


def _positive(program: Program, one: Input) -> Program:
    """The program with zero left out of a hyperparameter's domain."""
    inputs = tuple(
        replace(each, domain=Domain("positive")) if each.name == one.name else each
        for each in program.inputs
    )
    above = replace(program, inputs=inputs)
    lets = [
        replace(
            let,
            body=_moved(let.body, one, above),
            guard=_moved(let.guard, one, above),
        )
        for let in above.lets
    ]
    return above.with_lets(lets)


def _moved(expression: Any, one: Input, above: Program) -> Any:
    return expression.xreplace({one.read(): above.input[one.name].read()})
