"""Powers below one of what is zero at a kink or a least place: √(|x| + |y|), (Σ x²)^0.3.

There the slope of the power is infinite and that of its base 0, or the documented 0 of an absolute value;
their product is no number. As a branch that is 0 where the base is, the power has the slope 0, as a norm
has. So it is with divergences, as under the root of a deviance, and with whatever is zero while all that it
is of may move either way, since what a root is taken of is never negative: √(1 − Σ √(p·q)) of two softmaxes.
A root of an input that is never negative is none of them: at the edge of its domain the slope is infinite, as
in mathematics.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.kinks import RISING_FROM_ZERO, Kinks
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, reads
from objc.passes.batch import dependent
from objc.passes.evaluation.divergences.distributions import rest_of_divergences
from objc.passes.evaluation.divergences.rates import rest_of_divergence
from objc.passes.tidying.inline import size

ZERO = sympy.Integer(0)
_MOST_NODES = 60
_OPEN = ("real", "positive", "simplex", "ordered")
"""Domains in which everything may move either way; on a simplex, along it."""


def branch_at_kinks(program: Program) -> Program:
    """The program with a branch at the kink of each such power."""
    moving = dependent(program.lets, (one.name for one in program.differentiable))
    known = _Least(program, moving)
    lets = []
    for let in program.lets:
        powers = {one: _at_zero(one) for one in let.body.atoms(sympy.Pow) if _has_kink(one, known)}
        for one in _anywhere(let, known):
            inside = known.inside(one.base) if one not in powers else None
            if inside is not None:
                powers[one] = sympy.And(_at_zero(one), inside)
        body = let.body
        # Outer ones first: an inner one is part of them.
        for power in sorted(powers, key=lambda one: (-one.count_ops(), spelled(one))):
            body = body.xreplace({power: Branch(powers[power], ZERO, power)})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _at_zero(power: sympy.Pow) -> Condition:
    """Where a power is broken: an exponent may be a hyperparameter that is one or more too."""
    is_zero = sympy.Eq(_innermost(power), 0)
    return is_zero if _is_below_one(power.exp) else sympy.And(sympy.Lt(power.exp, 1), is_zero)


def _anywhere(let: Let, known: _Least) -> list[sympy.Pow]:
    """The powers below one in a let that nothing which moves decides about."""
    if known.varies(let.guard):
        return []
    found: list[sympy.Pow] = []
    waiting: list[Any] = [let.body]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Branch) and known.varies(one.args[0]):
            continue
        if isinstance(one, sympy.Pow) and _is_broken(one) and known.varies(one.base):
            found.append(one)
        waiting += one.args
    return found


class _Least(Kinks):
    """Divergences too are never negative, and have no slope where they are zero: on a simplex, along it."""

    def __init__(self, program: Program, moving: Container[str]) -> None:
        super().__init__(program, moving)
        self.dependents: dict[str, frozenset[str]] = {}

    def is_even(self, expression: Any) -> bool:
        if super().is_even(expression):
            return True
        if not isinstance(expression, sympy.Add):
            return False
        rest = rest_of_divergence(expression, self.program)
        if rest is None:
            rest = rest_of_divergences(Let("divergence", (), expression), self.program)
        return rest is not None and (rest == 0 or self.is_even(rest))

    def _is_even_let(self, name: str) -> bool:
        let = self.program.let.get(name)
        return super()._is_even_let(name) or (
            let is not None and rest_of_divergences(let, self.program) == 0
        )

    def is_least(self, expression: Any) -> bool:
        """Whether zero is the least that something can be, at places around which it may move either way: a
        slope there is zero. Of what is positive, as a probability is, that is where it has underflowed."""
        moving = [one for one in self.program.differentiable if one.name in self.moving]
        if not all(one.domain.kind == "real" for one in moving):
            return False
        if size(expression) > _MOST_NODES or not expression.is_rational_function():
            return False
        if any(one.is_positive for one in sympy.Add.make_args(expression)):
            return False  # it is away from zero where the others are no less
        whole = sympy.together(expression.xreplace(self._signs(expression)))
        return all(part.is_nonnegative for part in whole.as_numer_denom())

    def inside(self, expression: Any) -> Condition | None:
        """Where something of which a root is taken, so that it is never negative, has a least place if it is
        zero: where all that it is of can move either way. None where that is not known, or it is positive."""
        core = _innermost(expression.as_coeff_Mul()[1])
        if not isinstance(core, sympy.Add) and getattr(core, "tensor", "") not in self.program.let:
            return None
        addends = sympy.Add.make_args(core)
        is_less = any(one.could_extract_minus_sign() for one in addends)
        if any(one.is_positive for one in addends) and not is_less:
            return None  # it is away from zero
        conditions = []
        for one in self.program.differentiable:
            if one.name not in self.moving or not self._is_of(expression, one.name):
                continue
            if one.domain.kind in _OPEN:
                continue
            own = [read for read in reads(expression) if read.tensor == one.name]
            through = [read for read in reads(expression) if read.tensor != one.name]
            if not own or any(self._is_of(read, one.name) for read in through):
                return None
            if len(reads(expression)) < 2 or any(
                not expression.diff(read).has(read) for read in own
            ):
                return None  # at its edge alone, as √(1 − p), not where it agrees with others
            low, high = one.domain.bounds
            for read in own:
                conditions += [sympy.Gt(read, low), sympy.Lt(read, high)]
        return sympy.And(*conditions)

    def _is_of(self, expression: Any, name: str) -> bool:
        """Whether something depends on an input."""
        if name not in self.dependents:
            self.dependents[name] = dependent(self.program.lets, (name,)) | {name}
        return any(read.tensor in self.dependents[name] for read in reads(expression))

    def _signs(self, expression: Any) -> dict[Any, Any]:
        """What is never negative by what it is made of, as symbols of which that is known."""
        found = {}
        for read in reads(expression):
            let = self.program.let.get(read.tensor)
            if let is None or let.reduction not in (None, "sum", "mean"):
                continue
            if all(map(self._is_never_negative, sympy.Mul.make_args(let.body))):
                found[read] = sympy.Dummy(read.tensor, nonnegative=True)
        return found

    def _is_never_negative(self, factor: Any) -> bool:
        """Whether a factor is never negative: also 1 − y of an input of at most one."""
        if factor.is_nonnegative:
            return True
        given = self.program.input.get(getattr(1 - factor, "tensor", ""))
        return given is not None and given.domain.is_at_most(1)


def _is_broken(power: sympy.Pow) -> bool:
    """Whether the slope of a power at zero is infinite, or may be."""
    exponent = power.exp
    return bool(exponent.is_positive and not (exponent - 1).is_nonnegative)


def _is_below_one(exponent: Any) -> bool:
    return bool((1 - exponent).is_nonnegative)


def _has_kink(power: sympy.Pow, known: _Least) -> bool:
    if not _is_broken(power) or not known.varies(power.base):
        return False
    return known.is_even(power.base) or known.is_least(power.base)


def _innermost(expression: Any) -> Any:
    """What is zero where a power, or a function that is zero at zero alone, is."""
    while isinstance(expression, (sympy.Pow, *RISING_FROM_ZERO)):
        expression = expression.args[0]
    return expression
