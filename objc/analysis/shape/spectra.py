"""Gradients and Hessians in all entries of one input, by their structure and for any number of entries.

Every part of a formula carries, as expressions of hyperparameters:

* P and N with its gradients in a − b, a and b at least zero, of sums at most P and N. Their lengths are
  at most √(P² + N²): what remains of a and b where both are taken away has no entry in common.
* a bound on the length of its gradient itself, where a norm has one that its entries don't show;
* l and u with l·I ⪯ H ⪯ u·I, the lower one also across kinks (the part less l/2·|x|² is convex), the
  upper one only where the part has none.

A logsumexp of parts gₖ has the Hessian Σ pₖ Hₖ + Cov_p(∇g), p a distribution (diag(p) − ppᵀ for entries),
and by Popoviciu's inequality vᵀCov v ≤ (max − min of v·∇gₖ)²/4 ≤ (P + N)²/2·|v|². A sum whose terms touch
entries of their own has the terms' Hessians as its blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.formulas import influences
from objc.analysis.hessians.variables import is_continuous, variables_of
from objc.analysis.shape.curvature import Curvature, Shape
from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    plain,
)
from objc.analysis.values.interval import Interval
from objc.analysis.values.ranges import Ranges
from objc.atoms import Branch, maximum
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import IndexValue, Read, reads

_ZERO = sympy.Integer(0)


@dataclass(frozen=True)
class Bounds:
    """What holds of the gradient and the Hessian; an infinity is nothing known. `is_strict` says that the
    part is strictly convex in all entries together."""

    plus: Any = sympy.oo
    minus: Any = sympy.oo
    low: Any = -sympy.oo
    high: Any = sympy.oo
    is_strict: bool = False
    length: Any = sympy.oo

    @property
    def squared_slope(self) -> Any:
        """A bound on the squared length of the gradient."""
        by_entries = sympy.expand(self.plus**2 + self.minus**2)
        if self.length == sympy.oo:
            return by_entries
        is_shorter = by_entries == sympy.oo or (by_entries - self.length**2).is_nonnegative
        return sympy.expand(self.length**2) if is_shorter else by_entries

    @property
    def is_affine(self) -> bool:
        return bool(self.low == 0 and self.high == 0)

    def __add__(self, other: Bounds) -> Bounds:
        is_convex = bool(self.low.is_nonnegative and other.low.is_nonnegative)
        return Bounds(
            self.plus + other.plus,
            self.minus + other.minus,
            _sum(self.low, other.low, -sympy.oo),
            _sum(self.high, other.high, sympy.oo),
            is_convex and (self.is_strict or other.is_strict),
            self.length + other.length,
        )

    def times(self, size: Any, is_exact: bool, is_negative: bool = False) -> Bounds:
        """Times a constant of that size, or of at most that size."""
        low, high = (-self.high, -self.low) if is_negative else (self.low, self.high)
        plus, minus = (self.minus, self.plus) if is_negative else (self.plus, self.minus)
        least, most = _times(size, low, -sympy.oo), _times(size, high, sympy.oo)
        return Bounds(
            _times(size, plus, sympy.oo),
            _times(size, minus, sympy.oo),
            least if is_exact else sympy.Min(least, 0),
            most if is_exact else sympy.Max(most, 0),
            self.is_strict and is_exact and not is_negative and bool(size.is_positive),
            _times(size, self.length, sympy.oo),
        )


CONSTANT = Bounds(_ZERO, _ZERO, _ZERO, _ZERO, length=_ZERO)
UNKNOWN = Bounds()


class Spectra:
    """The bounds of every let, as a function of all entries of one input, for all values of the rest."""

    def __init__(self, program: Program, ranges: Ranges, name: str) -> None:
        self.program = program
        self.ranges = ranges
        self.name = name
        influenced = influences(program)
        self.varying = {name} | {let for let, by in influenced.items() if name in by}
        self.curvature = Curvature(program, ranges, (name,))
        self.of_let: dict[str, Bounds] = {}
        recurrent = members(program)
        for let in program.lets:
            is_known = let.name not in recurrent
            found = self._of_let(let) if is_known else UNKNOWN
            self.of_let[let.name] = _bent_upward(found, self.curvature.of_let[let.name])

    def _is_constant(self, expression: Any) -> bool:
        return not any(read.tensor in self.varying for read in reads(expression))

    def _of_let(self, let: Let) -> Bounds:
        if self._is_constant(let.body) and self._is_constant(let.guard):
            return CONSTANT
        if not self._is_constant(let.guard):
            return UNKNOWN
        body = self.of(let.body)
        match let.reduction:
            case None:
                return body
            case "logsumexp":
                spread = _times(sympy.Rational(1, 2), (body.plus + body.minus) ** 2, sympy.oo)
                return replace(body, high=_sum(body.high, spread, sympy.oo), is_strict=False)
            case "max":
                return replace(body, high=sympy.oo)
            case "mean":
                return body
            case "norm":
                return Bounds(length=self._steepest_entry(let))
            case "sum":
                return self._sum(let, body)
        return UNKNOWN

    def _sum(self, let: Let, body: Bounds) -> Bounds:
        weighed = self._weighed(let)
        if weighed is not None:
            return replace(weighed, is_strict=False)
        entry = self._entry_of_its_own(let)
        if entry is not None:
            low, high, is_strict = self._bend(let.body, entry)
            low = body.low if low == -sympy.oo else low
            if self._covers(let, entry):
                return Bounds(low=low, high=high, is_strict=is_strict)
            return Bounds(low=sympy.Min(low, 0), high=sympy.Max(high, 0))
        low = _ZERO if body.low.is_nonnegative else -sympy.oo
        high = _ZERO if body.high.is_nonpositive else sympy.oo
        return Bounds(low=low, high=high)

    def _weighed(self, let: Let) -> Bounds | None:
        """A sum with the weights of a distribution."""
        if let.guard != sympy.true or len(let.over) != 1:
            return None
        factors = sympy.Mul.make_args(let.body)
        for one in factors:
            if self._is_constant(one) and self.ranges.is_distribution(one, let.over[0]):
                return self.of(sympy.Mul(*(other for other in factors if other is not one)))
        return None

    def _entry_of_its_own(self, let: Let) -> Read | None:
        """The entry that the body of a reduction reads, another one at each point."""
        found = {read for read in reads(let.body) if read.tensor in self.varying}
        if len(found) != 1:
            return None
        (entry,) = found
        plain_ones = {one.index for one in entry.positions if one.offset == 0}
        is_apart = entry.tensor == self.name and set(let.over) <= plain_ones
        return entry if is_apart else None

    def _covers(self, let: Let, entry: Read) -> bool:
        """Whether every entry of the input is read at some point."""
        indices = [one.index for one in entry.positions if one.offset == 0]
        is_whole = len(indices) == len(entry.positions) and set(indices) == set(let.over)
        return is_whole and let.guard == sympy.true and not let.free

    def _bend(self, expression: Any, entry: Read) -> tuple[Any, Any, bool]:
        """The ends of the second derivative in one entry, and whether it is above zero."""
        outer = plain(expression)
        if not is_smooth_formula(outer, entry):
            return -sympy.oo, sympy.oo, False
        values = self.ranges.of(entry)
        within = _inside(self.program, outer, entry)
        return self._second(outer, entry, values, within)

    def _second(
        self, outer: Any, u: Any, values: Interval, within: Any = None
    ) -> tuple[Any, Any, bool]:
        """The ends of the second derivative, and whether it is above zero: for all values of u, or those
        `within` its domain, where that is enough."""
        over = {u: _over(values)}
        if not is_regular(outer.xreplace(over)):
            if within is None:
                return -sympy.oo, sympy.oo, False
            over = {u: within}
        second = sympy.expand(sympy.diff(outer, u, 2))
        if self._is_free(second):
            return second, second, bool(second.is_positive)
        found = self.ranges.of(second, {u: values})
        low = _number(found.low)
        is_above = is_nonnegative(second.xreplace(over))
        low = _ZERO if found.low < 0 and is_above else low
        return low, _number(found.high), is_positive(second.xreplace(over))

    def _is_free(self, expression: Any) -> bool:
        """Whether an expression is one of numbers and hyperparameters."""
        known = {one.name for one in self.program.inputs if one.role == "hyperparameter"}
        return not expression.atoms(IndexValue, Branch, sympy.Dummy) and all(
            read.tensor in known and not read.positions for read in reads(expression)
        )

    def _steepest_entry(self, let: Let) -> Any:
        """The greatest size of the slope of a body in an entry that it alone reads."""
        entry = self._entry_of_its_own(let)
        outer = plain(let.body)
        if entry is None or not is_smooth_formula(outer, entry):
            return sympy.oo
        slope = sympy.diff(outer, entry)
        if self._is_free(slope):
            return sympy.Abs(slope)
        return _number(self.ranges.of(slope, {entry: self.ranges.of(entry)}).absolute().high)

    # ------------------------------------------------------------- expressions

    def of(self, expression: Any) -> Bounds:
        """The bounds of an expression of the program."""
        if self._is_constant(expression):
            return CONSTANT
        found = self._of(expression)
        if found.length == sympy.oo and self._affine_part(expression) is None:
            found = replace(found, length=self._length_by_chain(expression))
        return _bent_upward(found, self.curvature.of(expression))

    def _of(self, expression: Any) -> Bounds:
        match expression:
            case Read():
                return self._read(expression)
            case sympy.Add():
                first, *others = (self.of(one) for one in expression.args)
                return sum(others, first)
            case sympy.Mul():
                return self._product(expression)
            case Branch() if self._is_constant(expression.args[0]):
                return _either(*(self.of(one) for one in expression.args[1:]))
            case sympy.Pow() if expression.exp == sympy.Rational(1, 2):
                found = self._composed(expression)
                length = self._length_of_root(expression.base)
                return found if length == sympy.oo else replace(found, length=length)
            case maximum():
                found = _either(*map(self.of, expression.args))
                return replace(found, high=sympy.oo)
        return self._composed(expression)

    def _read(self, read: Read) -> Bounds:
        for position in read.positions:
            if isinstance(position.base, Read) and not self._is_constant(position.base):
                return UNKNOWN
        if read.tensor == self.name:
            return Bounds(sympy.Integer(1), _ZERO, _ZERO, _ZERO, length=sympy.Integer(1))
        return self.of_let[read.tensor]

    def _product(self, expression: Any) -> Bounds:
        constants = [one for one in expression.args if self._is_constant(one)]
        varying = [one for one in expression.args if not self._is_constant(one)]
        if len(varying) != 1:
            return self._composed(expression)
        if not constants:
            return self._composed(expression)
        scale, body = sympy.Mul(*constants), self.of(varying[0])
        values = self.ranges.of(scale)
        size = _number(values.absolute().high)
        is_exact = self._is_free(scale) and (values.is_nonnegative or values.is_nonpositive)
        if is_exact:
            size = scale if values.is_nonnegative else -scale
        if values.is_nonnegative or values.is_nonpositive:
            return body.times(size, is_exact, is_negative=not values.is_nonnegative)
        return _either(body.times(size, False), body.times(size, False, is_negative=True))

    def _length_by_chain(self, expression: Any) -> Any:
        """The greatest slope of a function of one part, times the length of that part's gradient."""
        varying = [one for one in expression.args if not self._is_constant(one)]
        if len(varying) != 1 or (length := self.of(varying[0]).length) == sympy.oo:
            return sympy.oo
        u = sympy.Dummy("u", real=True)
        outer = plain(
            expression.func(*(u if one == varying[0] else one for one in expression.args))
        )
        if not is_smooth_formula(outer, u):
            return sympy.oo
        slope = self.ranges.of(sympy.diff(outer, u), {u: self.ranges.of(varying[0])})
        return _times(_number(slope.absolute().high), length, sympy.oo)

    def _length_of_root(self, base: Any) -> Any:
        """The length of the gradient of a root of a sum of squares, the norm of what is squared: that is
        √Σ cᵢ·Lᵢ², each Lᵢ the Lipschitz constant of one part."""
        squares = []
        for addend in sympy.Add.make_args(base):
            if self._is_constant(addend):
                if not self.ranges.of(addend).is_nonnegative:
                    return sympy.oo
                continue
            constants = [one for one in sympy.Mul.make_args(addend) if self._is_constant(one)]
            varying = [one for one in sympy.Mul.make_args(addend) if not self._is_constant(one)]
            scale = sympy.Mul(*constants)
            is_known = self._is_free(scale) and self.ranges.of(scale).is_nonnegative
            if len(varying) != 1 or not is_known:
                return sympy.oo
            squares.append(_times(scale, self._squared_length(varying[0]), sympy.oo))
        return sympy.sqrt(sympy.Add(*squares))

    def _squared_length(self, square: Any) -> Any:
        """L² of a square, or of a sum of squares over entries."""
        if isinstance(square, sympy.Pow) and square.exp == 2:
            length = self.of(square.base).length
            return sympy.oo if length == sympy.oo else length**2
        let = self.program.let.get(square.tensor) if isinstance(square, Read) else None
        if let is None or let.reduction != "sum" or not self._is_constant(let.guard):
            return sympy.oo
        if not (isinstance(let.body, sympy.Pow) and let.body.exp == 2):
            return sympy.oo
        steepest = self._steepest_entry(replace(let, body=let.body.base))
        return sympy.oo if steepest == sympy.oo else steepest**2

    def _composed(self, expression: Any) -> Bounds:
        """φ of one affine part u: φ′·∇u, and φ″·∇u∇uᵀ."""
        inner = self._affine_part(expression)
        if inner is None or inner == expression:
            return UNKNOWN
        u = sympy.Dummy("u", real=True)
        outer = plain(expression.xreplace({inner: u, -inner: -u}))
        if any(read.tensor in self.varying for read in reads(outer)):
            return UNKNOWN
        if not is_smooth_formula(outer, u):
            return UNKNOWN
        body, values = self.of(inner), self.ranges.of(inner)
        slope = self.ranges.of(sympy.diff(outer, u), {u: values})
        steepest = _number(slope.absolute().high)
        reach = _times(steepest, sympy.Max(body.plus, body.minus), sympy.oo)
        low, high, is_above = self._second(outer, u, values)
        rate = self._rate(inner)
        if rate is not None and not self.program.input[self.name].dimensions:
            is_strict = is_above and rate.is_nonzero is True
            ends = _times(rate**2, low, -sympy.oo), _times(rate**2, high, sympy.oo)
            return Bounds(reach, reach, *ends, is_strict, reach)
        size = body.plus**2 + body.minus**2 if rate is None else rate**2
        return Bounds(
            reach,
            reach,
            sympy.Min(0, _times(size, low, -sympy.oo)),
            sympy.Max(0, _times(size, high, sympy.oo)),
            length=_times(steepest, body.length, sympy.oo),
        )

    def _affine_part(self, expression: Any) -> Any:
        """The one affine part through which an expression varies."""
        if self._is_constant(expression):
            return None
        if isinstance(expression, Read | sympy.Add | sympy.Mul) and self._is_affine(expression):
            return expression
        found = {self._affine_part(one) for one in expression.args} - {None}
        if len(found) == 1:
            return found.pop()
        return None

    def _is_affine(self, expression: Any) -> bool:
        """Whether an expression is affine, its parts read from inputs and lets that are."""
        match expression:
            case Read():
                return self._read(expression).is_affine
            case sympy.Add():
                return all(
                    self._is_constant(one) or self._is_affine(one) for one in expression.args
                )
            case sympy.Mul():
                varying = [one for one in expression.args if not self._is_constant(one)]
                return len(varying) == 1 and self._is_affine(varying[0])
        return False

    def _rate(self, inner: Any) -> Any:
        """The slope of an affine part in the one entry that it reads, where it is free of data."""
        own = {read for read in reads(inner) if read.tensor in self.varying}
        if len(own) != 1 or next(iter(own)).tensor != self.name:
            return None
        rate = sympy.diff(sympy.expand(inner), *own)
        return rate if self._is_free(rate) else None


def _either(*parts: Bounds) -> Bounds:
    return Bounds(
        sympy.Max(*(one.plus for one in parts)),
        sympy.Max(*(one.minus for one in parts)),
        sympy.Min(*(one.low for one in parts)),
        sympy.Max(*(one.high for one in parts)),
        length=sympy.Max(*(one.length for one in parts)),
    )


def _bent_upward(bounds: Bounds, shape: Shape) -> Bounds:
    """With what rules of composition know of the shape: a convex part has no eigenvalue below zero."""
    return replace(bounds, low=_ZERO) if shape.convex and bounds.low == -sympy.oo else bounds


def _sum(one: Any, other: Any, infinity: Any) -> Any:
    return infinity if infinity in (one, other) else one + other


def _times(size: Any, value: Any, infinity: Any) -> Any:
    """A product of a size and a bound; the infinity where one of them is unknown."""
    if size == 0 or value == 0:
        return _ZERO
    return infinity if size == sympy.oo or value in (sympy.oo, -sympy.oo) else size * value


def _number(end: Fraction | float) -> Any:
    if isinstance(end, Fraction):
        return sympy.Rational(end.numerator, end.denominator)
    return sympy.oo if end > 0 else -sympy.oo


def _inside(program: Program, formula: Any, entry: Read) -> Any:
    """A symbol for what is inside the domain of an entry, if a formula of it is smooth there and at the ends
    what it tends to, as x·log x is at 0: what is convex inside is so up to them."""
    variables = variables_of(program, [entry]) if entry.tensor in program.input else None
    if variables is None:
        return None
    ((symbol, read),) = ((one.symbol, one.read) for one in variables)
    return symbol if is_continuous(formula.xreplace({read: symbol}), variables) else None


def _over(values: Any) -> Any:
    """A symbol for what is at least zero, positive or real."""
    if values.low > 0:
        return sympy.Dummy("u", positive=True)
    return sympy.Dummy("u", real=True, nonnegative=True if values.low == 0 else None)
