"""Scalar expressions as Python text that Numba compiles without a stray change of type.

Everything is printed for one floating type: that of the kernel, or float64 for scalars that follow a
sum over the batch (`wide`). Numbers are written in that type; integers stay integers until they meet
floating point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import sympy
from objc.targets._facts import Facts

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.extremes import is_never_positive
from objc.ir.factors import early_and_late
from objc.ir.index import Index
from objc.ir.order import ordered_addends
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
)
from objc.target import DType

_RELATIONS: Mapping[Any, str] = {
    sympy.Eq: "==", sympy.Ne: "!=", sympy.Lt: "<", sympy.Le: "<=", sympy.Gt: ">", sympy.Ge: ">=",
}  # fmt: skip


class Scope(Protocol):
    """What the printer asks of the place where an expression stands."""

    program: Program
    dtype: DType
    spellings: Mapping[str, str]
    """How each function is spelled."""
    below_zero: Mapping[str, str]
    """How some are of what is never positive."""

    def power(self, exponent: Expression, text: str) -> str:
        """The function for a power that is neither whole nor a root, of the exponent as text."""

    def read(self, read: Read, kind: str, facts: Facts, hard: bool) -> str:
        """The text of a read in the type `kind`."""

    def index(self, index: Index) -> str: ...

    def extent(self, extent: Extent) -> str: ...

    def depth(self, index: Index) -> int:
        """How far inside the loops an index is bound."""

    def is_exact(self, expression: Expression) -> bool:
        """Whether an expression is, or adds to, what is held in float64: it is rounded after that."""

    def held(self, expression: Expression) -> str | None:
        """The local variable that has the value of an expression, if one does."""

    def uses(self, function: str) -> None:
        """A function of the vector mathematics is used."""


class Printer:
    """Prints for one scope and one floating type."""

    def __init__(self, scope: Scope, dtype: DType, hard: bool = False) -> None:
        self.scope = scope
        self.dtype = dtype
        self.hard = hard  # a position out of range here can't be told from the result

    # -------------------------------------------------------------- numbers

    def constant(self, value: Expression) -> str:
        if value in (sympy.oo, -sympy.oo, sympy.nan):
            text = {sympy.oo: "math.inf", -sympy.oo: "-math.inf"}.get(value, "math.nan")
            return text if self.dtype == "float64" else f"float32({text})"
        number = nearest(value)
        if self.dtype == "float64":
            return repr(number)
        with np.errstate(over="ignore"):  # then it is written as it is, and is infinite there too
            short = np.float32(number)
        return f"float32({repr(number) if np.isinf(short) else str(short)})"

    def cast(self, text: str) -> str:
        return f"{self.dtype}({text})"

    # -------------------------------------------------------------- floating point

    def real(self, e: Expression, facts: Facts) -> str:
        """An expression in the floating type; what is compound stands in parentheses."""
        if e.is_number and not e.has(Branch):
            return self.constant(e)
        if self.dtype == self.scope.dtype and (name := self.scope.held(e)) is not None:
            return name
        if self.is_integer(e) and not is_small_count(e):
            return self.cast(self.integer(e, facts))
        if isinstance(e, Read):
            return self.scope.read(e, self.dtype, facts, self.hard)
        if isinstance(e, sympy.Add) and self.dtype != "float64" and self.scope.is_exact(e):
            return self.cast(Printer(self.scope, "float64", self.hard).real(e, facts))
        if isinstance(e, Branch):
            return self._branch(e, facts, self.real)
        if isinstance(e, sympy.Add):
            return self._sum(e, facts, self.real)
        if isinstance(e, sympy.Mul):
            return self._product(e, facts)
        if isinstance(e, sympy.Pow):
            return self._power(e.args[0], e.args[1], facts)
        return self._function(e, facts)

    def _sum(self, e: Expression, facts: Facts, show: Callable[..., str]) -> str:
        text = ""
        for addend in ordered_addends(e, self.scope.program):
            if not text:
                text = show(addend, facts)
            elif addend.could_extract_minus_sign():
                text += f" - {show(-addend, facts)}"
            else:
                text += f" + {show(addend, facts)}"
        return f"({text})"

    def _product(self, e: Expression, facts: Facts) -> str:
        coefficient = sympy.Integer(1)
        above: list[Expression] = []
        below: list[tuple[Expression, Expression]] = []
        early, late = early_and_late(e, self.scope.program)
        for factor in early:
            base, exponent = factor.as_base_exp()
            if factor.is_number and not factor.has(Branch):
                coefficient = coefficient * factor
            elif isinstance(factor, sympy.Pow) and exponent.is_Rational and exponent < 0:
                below.append((base, -exponent))
            else:
                above.append(factor)
        sign, number, divisor = _coefficient(coefficient, 24 if self.dtype == "float32" else 53)
        above.sort(key=self._rank)
        factors = [self.real(one, facts) for one in above]
        if number is not None or not factors:
            factors.insert(0, self.constant(sympy.Integer(1) if number is None else number))
        divisors = [
            self._power(*one, facts) for one in sorted(below, key=lambda p: self._rank(p[0]))
        ]
        if divisor is not None:
            divisors.append(self.constant(divisor))
        text = " * ".join(factors)
        if divisors:
            text += f" / ({' * '.join(divisors)})" if len(divisors) > 1 else f" / {divisors[0]}"
        text = " * ".join([text, *(self.real(one, facts) for one in late)])
        return f"(-({text}))" if sign < 0 else f"({text})"

    def _rank(self, factor: Expression) -> tuple[int, str]:
        """What changes slowest comes first, so that its product leaves the inner loops."""
        depth = max((self.scope.depth(one) for one in indices_of(factor)), default=-1)
        return depth, spelled(factor)

    def _power(self, base: Expression, exponent: Expression, facts: Facts) -> str:
        if exponent.is_Integer and abs(int(exponent)) <= 64:
            text = self.real(base, facts)
            count = abs(int(exponent))
            if count > 1:
                text = (
                    f"{text} * {text}"
                    if count == 2 and text.isidentifier()
                    else f"{text} ** {count}"
                )
                text = f"({text})"
            return text if exponent > 0 else f"({self.constant(sympy.Integer(1))} / {text})"
        if exponent.is_Rational and exponent.q == 2 and abs(int(exponent.p)) <= 9:
            root = f"math.sqrt({self.real(base, facts)})"
            whole = (abs(int(exponent.p)) - 1) // 2
            if whole:
                root = f"({root} * {self._power(base, sympy.Integer(whole), facts)})"
            return root if exponent > 0 else f"({self.constant(sympy.Integer(1))} / {root})"
        if (exponent - 1).is_nonnegative and not exponent.is_number and _is_within_one(base):
            # b^(y + 1) is b^y·b, and b^y is mostly there; no overflow comes between
            return f"({self._power(base, exponent - 1, facts)} * {self.real(base, facts)})"
        text = self.real(exponent, facts)
        return self._call(self.scope.power(exponent, text), [self.real(base, facts), text])

    def _function(self, e: Expression, facts: Facts) -> str:
        if isinstance(e, sympy.polygamma):
            names = ("digamma", "trigamma", "tetragamma")
            return self._call(names[int(e.args[0])], [self.real(e.args[1], facts)])
        if len(e.args) == 1 and isinstance(e.args[0], Branch):
            condition, *sides = e.args[0].args
            values = [e.func(one) for one in sides]
            if self.dtype == self.scope.dtype and all(map(self.scope.held, values)):
                return self.real(Branch(condition, *values), facts)
        atom = BY_FUNCTION[e.func]
        arguments = [self.real(one, facts) for one in e.args]
        if atom.name in _EXTREMES and (text := self._held_to(e, arguments)) is not None:
            return text
        spelling = self.scope.spellings[atom.name]
        if atom.name in self.scope.below_zero and is_never_positive(e.args[0], self.scope.program):
            spelling = self.scope.below_zero[atom.name]
        return self._call(spelling, arguments) if spelling else arguments[0]

    def _held_to(self, e: Expression, arguments: Sequence[str]) -> str | None:
        """The `maximum` or `minimum` with what is a number in every call: a choice, which is one instruction,
        has what may be no number where it is none."""
        sign = ">" if _name(e) == "minimum" else "<"
        for bound, other in ((0, 1), (1, 0)):
            if self._is_number(e.args[bound]) and len(arguments[other]) <= _SHORT:
                limit, value = arguments[bound], arguments[other]
                return f"({limit} if {value} {sign} {limit} else {value})"
        return None

    def _is_number(self, e: Expression) -> bool:
        """Whether an expression is of constants and one hyperparameter, which a call checks."""
        inputs = self.scope.program.input
        symbols = e.free_symbols
        return len(symbols) <= 1 and not e.atoms(sympy.Function) and all(
            isinstance(one, Read) and one.tensor in inputs
            and inputs[one.tensor].role == "hyperparameter" and not one.positions
            for one in symbols
        )  # fmt: skip

    def _call(self, spelling: str, arguments: Sequence[str]) -> str:
        if "." not in spelling and spelling not in ("abs", "maximum", "minimum"):
            spelling += "_32" if self.dtype == "float32" else "_64"
        self.scope.uses(spelling)
        return f"{spelling}({', '.join(arguments)})"

    def _branch(self, e: Expression, facts: Facts, show: Callable[..., str]) -> str:
        condition, then, otherwise = e.args
        return (
            f"({show(then, facts.given(condition))} if {self.condition(condition, facts)}"
            f" else {show(otherwise, facts.given_not(condition))})"
        )

    # -------------------------------------------------------------- integers

    def is_integer(self, e: Expression) -> bool:
        if isinstance(e, Read):
            return self.scope.program.tensor(e.tensor).domain.is_integer
        if isinstance(e, IndexValue | Extent) or e.is_Integer:
            return True
        if isinstance(e, Branch):
            return self.is_integer(e.args[1]) and self.is_integer(e.args[2])
        if isinstance(e, sympy.Pow):
            return bool(e.args[1].is_Integer and e.args[1] > 0) and self.is_integer(e.args[0])
        plain = isinstance(e, sympy.Add | sympy.Mul | sympy.Abs) or _name(e) in _EXTREMES
        return plain and all(self.is_integer(one) for one in e.args)

    def integer(self, e: Expression, facts: Facts) -> str:
        """An expression in 64-bit integers."""
        if e.is_Integer:
            return str(int(e))
        if isinstance(e, Read):
            return self.scope.read(e, "int64", facts, True)
        if isinstance(e, IndexValue):
            return self.scope.index(e.index)
        if isinstance(e, Extent):
            return self.scope.extent(e)
        if isinstance(e, Branch):
            return self._branch(e, facts, self.integer)
        if isinstance(e, sympy.Add):
            return self._sum(e, facts, self.integer)
        parts = [self.integer(one, facts) for one in e.args]
        if isinstance(e, sympy.Mul):
            return f"({' * '.join(parts)})"
        if isinstance(e, sympy.Pow):
            return f"({parts[0]} ** {parts[1]})"
        return f"{_EXTREMES.get(_name(e), 'abs')}({', '.join(parts)})"

    # -------------------------------------------------------------- conditions

    def condition(self, condition: Condition, facts: Facts) -> str:
        if condition in (sympy.true, sympy.false):
            return str(bool(condition))
        if isinstance(condition, sympy.And):
            parts = []
            for one in conjuncts(condition):
                parts.append(self.condition(one, facts))
                facts = facts.given(one)
            return f"({' and '.join(parts)})"
        if isinstance(condition, sympy.Or):
            parts = []
            for one in disjuncts(condition):
                parts.append(self.condition(one, facts))
                facts = facts.given_not(one)
            return f"({' or '.join(parts)})"
        if isinstance(condition, sympy.Not):
            return f"(not {self.condition(condition.args[0], facts)})"
        left, right = condition.args
        exact = self.scope.is_exact(left) or self.scope.is_exact(right)
        compare = Printer(self.scope, "float64" if exact else self.dtype, hard=True)
        whole = self.is_integer(left) and self.is_integer(right)
        show = compare.integer if whole else compare.real
        return f"{show(left, facts)} {_RELATIONS[type(condition)]} {show(right, facts)}"


_EXTREMES = {"maximum": "max", "minimum": "min"}


def _name(e: Expression) -> str:
    atom = BY_FUNCTION.get(e.func)
    return "" if atom is None else atom.name


_SHORT = 99
"""Letters of what may be written twice."""

_FEW = 1 << 20
"""Counts up to this are exact in every floating type."""


def is_small_count(e: Expression) -> bool:
    """Whether an expression chooses between few whole numbers: they are chosen as they are needed, since
    vectors of integers are twice as long."""
    return not e.is_Integer and _largest_count(e) <= _FEW


def _largest_count(e: Expression) -> float:
    if e.is_Integer:
        return abs(int(e))
    if isinstance(e, Branch):
        return max(map(_largest_count, e.args[1:]))
    if isinstance(e, sympy.Add):
        return sum(map(_largest_count, e.args))
    return math.prod(map(_largest_count, e.args)) if isinstance(e, sympy.Mul) else math.inf


def nearest(value: Expression) -> float:
    """The float64 nearest to an exact number."""
    if value.is_Rational:
        try:
            return float(Fraction(int(value.p), int(value.q)))
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return float(value.evalf(25))


def _coefficient(
    value: Expression, digits: int
) -> tuple[int, Expression | None, Expression | None]:
    """(sign, factor, divisor) of a numeric coefficient; None for one. A fraction that floating point
    can't hold stays a division, which is exact to half an ulp, where it holds what is divided in its
    binary digits."""
    sign = -1 if value.could_extract_minus_sign() else 1
    value = sign * value
    if value == 1:
        return sign, None, None
    if value.is_Rational and value.q & (value.q - 1) and max(value.p, value.q) < 1 << digits:
        return sign, None if value.p == 1 else sympy.Integer(value.p), sympy.Integer(value.q)
    return sign, value, None


def _is_within_one(e: Expression) -> bool:
    """Whether an expression lies between 0 and 1 whatever it is made of."""
    if isinstance(e, Branch):
        return all(_is_within_one(one) for one in e.args[1:])
    if e.is_number:
        return bool(0 <= e <= 1)
    atom = BY_FUNCTION.get(e.func)
    return atom is not None and atom.range == (0, 1)
