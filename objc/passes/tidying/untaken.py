"""What isn't taken isn't computed: factors go inside the branches that they multiply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.program import Program
from objc.passes.delta import told_by


def sink(program: Program) -> Program:
    """Put factors inside the branches that they multiply: what isn't taken isn't computed. What a
    guard says is not asked again."""
    lets = []
    for let in program.lets:
        lets.append(replace(let, body=sink_conditions(let.body.xreplace(told_by(let.guard)))))
    return program.with_lets(lets)


def decided(expression: Any) -> Any:
    """An expression without the branches that a branch around them has decided."""
    if not expression.args or not expression.has(Branch):
        return expression
    if isinstance(expression, Branch):
        return Branch(expression.args[0], *map(decided, _told_arms(expression)))
    return expression.func(*map(decided, expression.args))


def _told_arms(branch: Any) -> tuple[Any, Any]:
    """The arms of a branch, each with what its condition decides there."""
    condition, then, otherwise = branch.args
    told = {condition: sympy.true} | told_by(condition)
    return _told(then, told), _told(otherwise, {condition: sympy.false})


def _told(arm: Any, told: Any) -> Any:
    """An arm with what its condition decides; what would then be divided by nothing, as a norm in the arm
    that is of no length, is left to the target."""
    decided = arm.xreplace(told)
    return arm if decided.has(sympy.zoo, sympy.nan) else decided


def sink_conditions(expression: Any) -> Any:
    """Put every factor of Iverson's bracket inside it: `[c]·f` = `if c then f else 0`, so that f is
    not evaluated where c doesn't hold."""
    if not getattr(expression, "args", ()) or expression.is_Relational:
        return expression
    if not expression.has(Branch):
        return expression
    if isinstance(expression, Branch):
        return Branch(expression.args[0], *map(sink_conditions, _told_arms(expression)))
    arguments = [sink_conditions(one) for one in expression.args]
    if isinstance(expression, sympy.Pow) and _vanishes_as_power(*arguments):
        condition, *arms = arguments[0].args
        return Branch(condition, *(arm if arm == 0 else arm ** arguments[1] for arm in arms))
    if isinstance(expression, sympy.Mul):
        for number, one in enumerate(arguments):
            if isinstance(one, Branch) and _vanishes(one):
                others = sympy.Mul(*arguments[:number], *arguments[number + 1 :])
                condition, *arms = one.args
                known = (sympy.true, sympy.false)
                return Branch(condition, *(
                    arm if arm == 0 else sink_conditions(_told(arm * others, {condition: told}))
                    for arm, told in zip(arms, known, strict=True)
                ))  # fmt: skip
    return expression.func(*arguments)


def _vanishes_as_power(base: Any, exponent: Any) -> bool:
    return isinstance(base, Branch) and bool(exponent.is_positive) and 0 in base.args[1:]


def _vanishes(branch: Any) -> bool:
    """Whether some arm is zero, also of a branch inside of an arm."""
    return any(arm == 0 or (isinstance(arm, Branch) and _vanishes(arm)) for arm in branch.args[1:])
