"""What a root is taken of, where it may be zero: one number, in the root and in its slope.

A root that is a branch at its zero (`objc.passes.stable.kinks_of_powers`) asks of a formula whether it
is zero: as a let that is brought to better arithmetic once. Slopes have the factor 1/(2√r), 0 where r is:
coefficients with it that are the same but for a number have one name, and beside them what is made of entries
of softmaxes needs no guard. So differences of such products are seen to be differences.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, softplus
from objc.ir.domain import REAL
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.stable.differences import is_difference, written_out


def name_radicands(program: Program) -> Program:
    """The program with a let for each such formula, and one for each coefficient."""
    asked = {one for let in program.lets for one in _asked(let.body)}
    if not asked:
        return program
    return _by_one_coefficient(_with_names(program))


def _asked(body: Any) -> list[Any]:
    """What is asked whether it is zero, and is not a name."""
    found = []
    for one in found_in(body, sympy.Eq, sympy.Ne):
        if one.args[1] == 0:
            found.append(one.args[0])
    return found


def _with_names(program: Program) -> Program:
    names = Names.of(program)
    inside = members(program)
    named: dict[Expression, Read] = {}
    lets: list[Let] = []
    for let in program.lets:
        if let.reduction is None and let.name not in inside:
            for radicand in sorted(set(_radicands(let.body)) - set(named), key=spelled):
                free = tuple(index for index in let.free if index in indices_of(radicand))
                one = Let(names.fresh("radicand"), free, radicand, domain=REAL, span=let.span)
                named[radicand] = one.read(*free)
                lets.append(one)
        if named and let.name not in inside:
            powers = ((one, _of_name(one, named)) for one in found_in(let.body, sympy.Pow))
            body = let.body.xreplace(
                {**named, **{one: new for one, new in powers if new is not None}}
            )
            let = replace(let, body=body, guard=let.guard.xreplace(named))
        lets.append(let)
    return program.with_lets(lets)


def _radicands(body: Any) -> list[Any]:
    """The sums in which something may cancel of which a broken power is taken, if they are not zero."""
    asked = {one for one in _asked(body) if isinstance(one, sympy.Add) and not one.is_nonnegative}
    bases = {one.base for one in found_in(body, sympy.Pow) if not one.exp.is_integer}
    primitive = {one.primitive()[1] for one in bases}
    return [one for one in asked if one.primitive()[1] in primitive]


def _of_name(power: Any, named: dict[Expression, Read]) -> Expression | None:
    """A power of a multiple of what has a name, by the name."""
    if isinstance(power.base, sympy.Add):
        number, primitive = power.base.primitive()
        for radicand, read in named.items():
            times, other = radicand.primitive()
            if other == primitive:
                return (read * number / times) ** power.exp
    return None


def _by_one_coefficient(program: Program) -> Program:
    known: dict[Any, Expression] = {}
    conditions: dict[str, Any] = {}
    renamed: dict[Any, Expression] = {}
    lets: list[Let] = []
    for let in program.lets:
        let = replace(let, body=let.body.xreplace(renamed)) if renamed else let
        if conditions:
            let = _without_guards(let, conditions, program)
        found = _guarded(let.body) if let.reduction is None else None
        if found is not None and let.guard == sympy.true:
            condition, arm = found
            number, core = arm.as_coeff_Mul()
            conditions[let.name] = condition
            read = let.read(*let.free)
            if (condition, core) in known:
                renamed[read] = number * known[condition, core]
            else:
                known[condition, core] = read / number
        lets.append(let)
    return program.with_lets(lets)


def _guarded(body: Any) -> tuple[Any, Expression] | None:
    """(c, a) of a product that is a where c holds, that a radicand is not zero, and 0 elsewhere."""
    for one in sympy.Mul.make_args(body):
        if isinstance(one, Branch) and _is_of_radicand(one):
            return one.args[0], body / one * one.args[1]
    return None


def _is_of_radicand(branch: Any) -> bool:
    condition, arm, otherwise = branch.args
    if otherwise != 0 or not isinstance(condition, sympy.Ne) or condition.args[1] != 0:
        return False
    bases = {one.base for one in found_in(arm, sympy.Pow) if one.exp.is_negative}
    radicand = condition.args[0].as_coeff_Mul()[1]
    return any(radicand in (base, base.as_coeff_Mul()[1]) for base in bases)


def _without_guards(let: Let, conditions: dict[str, Any], program: Program) -> Let:
    """A sum of products with such coefficients, without the guards that these are 0 outside of."""
    addends = sympy.Add.make_args(let.body)
    is_guarded = let.reduction == "sum" and let.guard in conditions.values()
    if is_guarded and all(_vanishes(one, let.guard, conditions, program) for one in addends):
        return replace(let, guard=sympy.true)
    if not let.body.has(Branch):
        return let
    return replace(
        let, body=sympy.Add(*(_without_guard(one, conditions, program) for one in addends))
    )


def _without_guard(term: Any, conditions: dict[str, Any], program: Program) -> Any:
    for one in sympy.Mul.make_args(term):
        if isinstance(one, Branch) and one.args[2] == 0:
            whole = term / one * one.args[1]
            if _vanishes(whole, one.args[0], conditions, program):
                return whole
    return term


def _vanishes(term: Any, condition: Any, conditions: dict[str, Any], program: Program) -> bool:
    """Whether a product is 0 where a condition doesn't hold: a coefficient is, and the others are numbers."""
    factors = sympy.Mul.make_args(term)
    coefficients = [f for f in factors if conditions.get(getattr(f, "tensor", "")) == condition]
    others = [f for f in factors if f not in coefficients]
    return bool(coefficients) and all(_is_finite(one, program) for one in others)


def _is_finite(factor: Any, program: Program) -> bool:
    """Whether something is made of numbers, differences and entries of softmaxes alone."""
    match factor:
        case sympy.exp():
            exponent = written_out(factor.args[0], program)
            lets = (program.let.get(read.tensor) for read in found_in(exponent, Read))
            return any(let is not None and let.reduction == "logsumexp" for let in lets)
        case sympy.Add() | sympy.Mul() | softplus():
            return all(_is_finite(one, program) for one in factor.args)
        case Read():
            return is_difference(written_out(factor, program))
    return bool(factor.is_number)
