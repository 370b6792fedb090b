"""Convexity by composition: rules that prove, and never refute.

Beside convex and concave each part of a formula carries whether its logarithm is: sums of log-convex
functions are log-convex, products and powers of log-convex (log-concave) ones stay so, and log of one is
convex (concave). That is what brings `log(1 + exp(x))`, `-log(softmax(z)[k])` and `log(cosh(x))` into
reach as they are written. (Boyd and Vandenberghe 2004, chapter 3; Grant, Boyd and Ye 2006.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.formulas import influences
from objc.analysis.shape.seams import contact, lifted
from objc.analysis.values.interval import atom_of, curvature_over, monotone_over
from objc.analysis.values.ranges import Ranges
from objc.atoms import Branch, log1p, maximum, minimum, sigmoid
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, reads


@dataclass(frozen=True)
class Shape:
    """What is proved of a function of some inputs, all their entries together. False is unknown."""

    convex: bool = False
    concave: bool = False
    log_convex: bool = False
    log_concave: bool = False

    @property
    def affine(self) -> bool:
        return self.convex and self.concave

    def __and__(self, other: Shape) -> Shape:
        return Shape(
            self.convex and other.convex,
            self.concave and other.concave,
            self.log_convex and other.log_convex,
            self.log_concave and other.log_concave,
        )

    def scaled(self, is_nonnegative: bool, is_nonpositive: bool) -> Shape:
        """Times something whose sign is known, or isn't."""
        if is_nonnegative:
            return self
        if is_nonpositive:
            return Shape(self.concave, self.convex)
        return Shape(self.affine, self.affine)


UNKNOWN = Shape()


class Curvature:
    """The shapes of every let as functions of some inputs, jointly."""

    def __init__(self, program: Program, ranges: Ranges, names: Iterable[str]) -> None:
        self.program = program
        self.ranges = ranges
        self.inputs = frozenset(names)
        influenced = influences(program)
        self.varying = self.inputs | {let for let, by in influenced.items() if by & self.inputs}
        self.of_let: dict[str, Shape] = {}
        self._known: dict[Any, Shape] = {}
        self._of_recurrence(members(program))
        for let in program.lets:
            if let.name not in self.of_let:
                self.of_let[let.name] = self._of_let(let)

    def _of_recurrence(self, names: Iterable[str]) -> None:
        """By induction over the order in which entries are computed: what each body is known to be while
        those that it reads are taken to be so. It is begun with everything, and taken away until it holds."""
        recurrent = [let for let in self.program.lets if let.name in set(names)]
        self.of_let |= {let.name: Shape(True, True) for let in recurrent}
        is_settled = False
        while not is_settled:
            self._known = {}
            found = {let.name: self.of_let[let.name] & self._assumed(let) for let in recurrent}
            is_settled = all(self.of_let[name] == shape for name, shape in found.items())
            self.of_let |= found
        self._known = {}

    def _assumed(self, let: Let) -> Shape:
        """The shape of a body that reads no let but those of the recurrence; of any other nothing is known
        yet."""
        if any(
            one.tensor in self.program.let and one.tensor not in self.of_let for one in let.reads
        ):
            return UNKNOWN if let.name in self.varying else Shape(True, True)
        return self._of_let(let)

    def _of_let(self, let: Let) -> Shape:
        if self._is_constant(let.body) and self._is_constant(let.guard):
            return self._constant(let.read(*let.free))
        if not self._is_constant(let.guard):
            return UNKNOWN
        body = self.of(let.body)
        match let.reduction:
            case None:
                return body
            case "sum" | "mean":
                return Shape(body.convex, body.concave, body.log_convex)
            case "max":
                return Shape(convex=body.convex, log_convex=body.log_convex)
            case "min":
                return Shape(concave=body.concave, log_concave=body.log_concave)
            case "logsumexp":
                return Shape(convex=body.convex)
            case "norm":
                is_positive = self.ranges.of(let.body).is_nonnegative
                return Shape(convex=body.affine or (body.convex and is_positive))
            case "prod":
                return Shape(body.log_convex, False, body.log_convex, body.log_concave)
        return UNKNOWN

    def _is_constant(self, expression: Any) -> bool:
        return not any(read.tensor in self.varying for read in reads(expression))

    def _constant(self, expression: Expression) -> Shape:
        is_positive = self.ranges.of(expression).is_nonnegative
        return Shape(True, True, is_positive, is_positive)

    def of(self, expression: Expression) -> Shape:
        """The shape of an expression of the program."""
        if expression not in self._known:
            self._known[expression] = self._completed(expression)
        return self._known[expression]

    def _completed(self, expression: Expression) -> Shape:
        """With what follows: log-convex is convex, concave and nonnegative is log-concave."""
        if self._is_constant(expression):
            return self._constant(expression)
        found = self._by_kind(expression)
        if found == UNKNOWN and not isinstance(expression, Branch):
            found = self._lifted(expression)
        log_concave = found.log_concave or (
            found.concave and self.ranges.of(expression).is_nonnegative
        )
        return Shape(found.convex or found.log_convex, found.concave, found.log_convex, log_concave)

    def _lifted(self, expression: Expression) -> Shape:
        """The shape with a varying branch brought to the top."""
        conditions = {
            one.args[0] for one in expression.atoms(Branch) if not self._is_constant(one.args[0])
        }
        if len(conditions) != 1:
            return UNKNOWN
        branch = lifted(expression, conditions.pop())
        return self._branch(branch) if isinstance(branch, Branch) else self.of(branch)

    def _by_kind(self, expression: Expression) -> Shape:
        match expression:
            case Read():
                return self._read(expression)
            case sympy.Add():
                return self._sum(expression)
            case sympy.Mul():
                return self._product(expression)
            case sympy.Pow():
                return self._power(expression)
            case Branch():
                return self._branch(expression)
            case maximum() | minimum():
                return self._extreme(expression)
            case log1p():
                return self._logarithm(self.of(1 + expression.args[0]))
            case sympy.log():
                return self._logarithm(self.of(expression.args[0]))
        return self._function(expression)

    def _branch(self, expression: Expression) -> Shape:
        """Convex on both sides of a seam that the slope crosses without a jump is convex."""
        condition, then, otherwise = expression.args
        both = self.of(then) & self.of(otherwise)
        if self._is_constant(condition):
            return both
        if not (both.convex or both.concave) or contact(expression) != 1:
            return UNKNOWN
        return Shape(both.convex, both.concave)

    def _read(self, read: Read) -> Shape:
        for position in read.positions:
            if isinstance(position.base, Read) and not self._is_constant(position.base):
                return UNKNOWN
        return Shape(True, True) if read.tensor in self.inputs else self.of_let[read.tensor]

    def _sum(self, expression: Expression) -> Shape:
        complement = _complement_of_sigmoid(expression)
        if complement is not None:
            return self._function(complement)
        first, *others = (self.of(one) for one in expression.args)
        result = first
        for one in others:
            result = result & one
        return Shape(result.convex, result.concave, result.log_convex)

    def _product(self, expression: Expression) -> Shape:
        constants = [one for one in expression.args if self._is_constant(one)]
        varying = [one for one in expression.args if not self._is_constant(one)]
        scale = self.ranges.of(sympy.Mul(*constants))
        if len(varying) == 1:
            return self.of(varying[0]).scaled(scale.is_nonnegative, scale.is_nonpositive)
        if (size := _odd_power_of_size(varying)) is not None and self.of(size).affine:
            return Shape(convex=True).scaled(scale.is_nonnegative, scale.is_nonpositive)
        shapes = [self.of(one) for one in varying]
        log_convex = all(one.log_convex for one in shapes)
        log_concave = all(one.log_concave for one in shapes)
        result = Shape(log_convex, False, log_convex, log_concave)
        return result.scaled(scale.is_nonnegative, scale.is_nonpositive)

    def _power(self, expression: Expression) -> Shape:
        base, exponent = expression.base, expression.exp
        if not self._is_constant(exponent):
            return self._exponential(base, exponent) if self._is_constant(base) else UNKNOWN
        shape, values = self.of(base), self.ranges.of(base)
        powers = self.ranges.of(exponent)
        if exponent == sympy.Rational(1, 2) and self._is_sum_of_squares(base):
            return Shape(convex=True)
        if powers.is_nonpositive:
            convex = shape.concave and values.is_nonnegative
            return Shape(convex or shape.log_concave, False, shape.log_concave, shape.log_convex)
        if not powers.is_nonnegative:
            return UNKNOWN
        if exponent.is_Integer and exponent % 2 == 0:
            convex = (
                shape.affine
                or (shape.convex and values.is_nonnegative)
                or (shape.concave and values.is_nonpositive)
            )
            return Shape(convex, False, shape.log_convex, shape.log_concave)
        convex = powers.low >= 1 and shape.convex and values.is_nonnegative
        concave = powers.high <= 1 and shape.concave and values.is_nonnegative
        return Shape(convex, concave, shape.log_convex, shape.log_concave)

    def _exponential(self, base: Expression, exponent: Expression) -> Shape:
        """A constant to a varying power: exp(exponent · log base)."""
        values, shape = self.ranges.of(base), self.of(exponent)
        if base == sympy.E:
            return Shape(shape.convex, False, shape.convex, shape.concave)
        if not values.is_nonnegative:
            return UNKNOWN
        inner = shape.scaled(values.low >= 1, values.high <= 1)
        return Shape(inner.convex, False, inner.convex, inner.concave)

    def _is_sum_of_squares(self, base: Expression) -> bool:
        """Whether the root is a norm: squares of affine functions, and constants of at least zero."""
        for addend in sympy.Add.make_args(base):
            constants = [one for one in sympy.Mul.make_args(addend) if self._is_constant(one)]
            varying = [one for one in sympy.Mul.make_args(addend) if not self._is_constant(one)]
            if not self.ranges.of(sympy.Mul(*constants)).is_nonnegative:
                return False
            for one in varying:
                if len(varying) == 1 and self._sums_squares(one):
                    continue
                is_square = isinstance(one, sympy.Pow) and one.exp == 2
                if len(varying) > 1 or not (is_square and self.of(one.base).affine):
                    return False
        return True

    def _sums_squares(self, one: Expression) -> bool:
        """Whether a part is a sum of squares of affine functions over an axis."""
        if not isinstance(one, Read) or one.tensor not in self.program.let:
            return False
        let = self.program.let[one.tensor]
        is_sum = let.reduction in ("sum", "mean") and self._is_constant(let.guard)
        return is_sum and self._is_sum_of_squares(let.body)

    def _extreme(self, expression: Expression) -> Shape:
        first, second = (self.of(one) for one in expression.args)
        both = first & second
        if isinstance(expression, maximum):
            return Shape(convex=both.convex, log_convex=both.log_convex)
        return Shape(concave=both.concave, log_concave=both.log_concave)

    def _logarithm(self, argument: Shape) -> Shape:
        return Shape(argument.log_convex, argument.concave or argument.log_concave)

    def _function(self, expression: Expression) -> Shape:
        atom = atom_of(expression)
        if atom is None or len(expression.args) != 1 or atom.name == "stop_gradient":
            return UNKNOWN
        argument = self.of(expression.args[0])
        values = self.ranges.of(expression.args[0])
        if isinstance(expression, sympy.exp):
            return Shape(argument.convex, False, argument.convex, argument.concave)
        way, bend = monotone_over(atom, values), curvature_over(atom, values)
        rising, falling = way == "increasing", way == "decreasing"
        with_growth = (rising and argument.convex) or (falling and argument.concave)
        against_growth = (rising and argument.concave) or (falling and argument.convex)
        return Shape(
            convex=bend == "convex" and (argument.affine or with_growth),
            concave=bend == "concave" and (argument.affine or against_growth),
            log_convex=atom.name == "cosh" and argument.affine,
            log_concave=isinstance(expression, sigmoid) and argument.concave,
        )


def _odd_power_of_size(factors: list[Expression]) -> Expression | None:
    """u where the product is |u|^n with an odd n: SymPy writes it as a power of u times |u|."""
    powers = [one for one in factors if isinstance(one, sympy.Pow)]
    sizes = [one for one in factors if isinstance(one, sympy.Abs)]
    if len(factors) != 2 or len(powers) != 1 or len(sizes) != 1:
        return None
    (power,), (size,) = powers, sizes
    is_even = power.exp.is_Integer and power.exp > 0 and power.exp % 2 == 0
    return power.base if is_even and size.args[0] in (power.base, -power.base) else None


def _complement_of_sigmoid(expression: Expression) -> Expression | None:
    """σ(−x) for 1 − σ(x)."""
    constant, rest = expression.as_coeff_Add()
    if constant == 1 and isinstance(-rest, sigmoid):
        return sigmoid(-(-rest).args[0])
    return None
