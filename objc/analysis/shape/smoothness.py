"""Kinks, the subgradients used there, and how often a loss can be differentiated where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from objc.analysis.formulas import influences
from objc.analysis.shape.curvature import Curvature
from objc.analysis.shape.influence import sloped_reads
from objc.analysis.shape.seams import contact, lifted
from objc.analysis.shape.witnesses import Gap, gaps_of, gaps_of_condition, gaps_of_reduction
from objc.analysis.values.interval import Interval, atom_of
from objc.analysis.values.ranges import Ranges
from objc.atoms import PRINCIPAL, Branch, maximum, minimum, stop_gradient
from objc.ir.kinks import Kinks
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read, reads
from objc.ir.text import Text
from objc.source import Span

_STEPS = frozenset({"argmax", "argmin", "argsort", "count", "any", "all"})


@dataclass(frozen=True)
class Kink:
    """A place where a derivative may jump.

    `order` is how many derivatives are known to be continuous there, for proofs that lean on it: 0 where
    the value is, 1 where the slope is, too, -1 or None where nothing is known. That something does jump
    is another matter, and needs a witness at a zero of one of `gaps`. `left` and `right` are what is
    equal there, `uses` what is used there as the derivative.
    """

    left: Expression
    right: Expression
    uses: str
    order: int | None
    span: Span | None
    used_of: Expression | None = None
    gaps: tuple[Gap, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_continuous(self) -> bool:
        return self.order is not None and self.order >= 0

    def place(self, text: Text) -> str:
        if self.right == sympy.true:
            return f"{_written(text, self.left)} changes"
        difference = self._difference()
        if difference is not None:
            return f"{_written(text, difference)} = 0"
        if self.right == sympy.nan:
            return f"{_written(text, self.left)} is tied"
        sides = (self.left, self.right)
        left, right = reversed(sides) if getattr(self.left, "is_number", False) else sides
        return f"{_written(text, left)} = {_written(text, right)}"

    def _difference(self) -> Expression | None:
        """Both sides brought to one, where that is shorter."""
        if isinstance(self.left, Let) or getattr(self.left, "is_Boolean", False):
            return None
        if self.left.is_number or self.right.is_number or self.right == sympy.nan:
            return None
        difference = sympy.expand(self.left - self.right)
        is_shorter = difference.count_ops() < min(self.left.count_ops(), self.right.count_ops())
        return difference if is_shorter else None

    def used(self, text: Text) -> str:
        return self.uses + ("" if self.used_of is None else f" {_written(text, self.used_of)}")


def _written(text: Text, expression: Any) -> str:
    if isinstance(expression, Let):
        return text.reduced(expression).text
    if getattr(expression, "is_Boolean", False) or getattr(expression, "is_Relational", False):
        return text.condition(expression)
    if isinstance(expression, Read) and expression.tensor in text.program.let:
        let = text.program.let[expression.tensor]
        if let.reduction is not None:
            return text.reduced(let).text
    return text.scalar(expression).text


class Smoothness:
    """The kinks of a program in one input, in the order of the lets.

    `ends_at_edge` says whether some function ends, or has a pole, at the edge of the input's domain: a
    derivative may be infinite there, as that of x·log(x) at 0.
    """

    def __init__(self, program: Program, ranges: Ranges, name: str) -> None:
        self.program = program
        self.ranges = ranges
        self.curvature = Curvature(program, ranges, (name,))
        influenced = influences(program)
        self.varying = {name} | {let for let, found in influenced.items() if name in found}
        self.even = Kinks(program, self.varying)
        self.ends_at_edge = False
        found: dict[tuple[str, str], Kink] = {}
        for let in program.lets:
            self._let = let
            for kink in self._of_let(let):
                place = (str(kink.left), str(kink.right))
                found[place] = _rougher(found[place], kink) if place in found else kink
        self.kinks = tuple(found.values())

    def _varies(self, expression: Any) -> bool:
        return any(read.tensor in self.varying for read in reads(expression))

    def _of_let(self, let: Let) -> Iterator[Kink]:
        if self._varies(let.guard):
            uses, gaps = "the terms that hold there are used", gaps_of_condition(let.guard, let)
            yield Kink(let.guard, sympy.true, uses, None, let.span, None, gaps)
        self._body = let.body
        yield from self._of(let.body, let.span, ())
        if let.reduction is None or not self._varies(let.body):
            return
        gaps = gaps_of_reduction(let, self.program)
        if let.reduction in ("max", "min"):
            uses = "the first of them is differentiated there"
            yield Kink(let, sympy.nan, uses, 0, let.span, None, gaps)
        elif let.reduction == "norm":
            yield Kink(let, sympy.Integer(0), "the derivative there is 0", 0, let.span, None, gaps)
        elif let.reduction in _STEPS:
            yield Kink(let, sympy.true, "the derivative there is 0", -1, let.span, None, gaps)

    def _of(
        self, expression: Expression, span: Span | None, conditions: tuple[Any, ...]
    ) -> Iterator[Kink]:
        if not expression.args or not self._varies(expression):
            return
        if isinstance(expression, stop_gradient):
            return
        arguments, zero = expression.args, sympy.Integer(0)
        span = self.program.places.get(expression, span)
        match expression:
            case sympy.Abs() if not (
                self._has_one_sign(arguments[0])
                or _is_excluded(arguments[0], conditions)
                or self._is_stepwise(arguments[0])
            ):
                arms = Branch(sympy.Ge(arguments[0], 0), arguments[0], -arguments[0])
                order = self._contact_of_fold(expression, arms)
                yield self._kink(
                    arguments[0], zero, "the derivative of abs is 0 there", order, span
                )
            case sympy.sign():
                yield self._kink(arguments[0], zero, "the derivative of sign is 0 there", -1, span)
            case maximum() | minimum() if not self._has_one_sign(arguments[0] - arguments[1]):
                first, second = arguments
                uses = "the derivative there is that of"
                order = self._contact_of_fold(
                    expression, Branch(sympy.Ge(first, second), first, second)
                )
                yield replace(self._kink(first, second, uses, order, span), used_of=first)
            case Branch():
                yield from self._seam(expression, span)
                condition, then, otherwise = arguments
                yield from self._of(then, span, (*conditions, condition))
                yield from self._of(otherwise, span, (*conditions, sympy.Not(condition)))
                return
            case sympy.Pow():
                yield from self._power(expression, span, conditions)
            case sympy.tan() if not self._under(arguments[0], conditions).within(*PRINCIPAL["tan"]):
                pole = sympy.cos(arguments[0])
                yield self._kink(pole, zero, "the function has a pole there", None, span)
            case _:
                yield from self._edges(expression, span, conditions)
        for one in arguments:
            yield from self._of(one, span, conditions)

    def _kink(
        self, left: Expression, right: Expression, uses: str, order: int | None, span: Span | None
    ) -> Kink:
        return Kink(left, right, uses, order, span, None, gaps_of(left - right, self._let))

    def _is_stepwise(self, expression: Expression) -> bool:
        """Whether it varies by conditions only, which are seams of their own."""
        return not any(one.tensor in self.varying for one in sloped_reads(expression))

    def _has_one_sign(self, expression: Expression) -> bool:
        values = self.ranges.of(expression)
        return values.is_nonnegative or values.is_nonpositive

    def _seam(self, branch: Expression, span: Span | None) -> Iterator[Kink]:
        condition = branch.args[0]
        if not self._varies(condition):
            return
        if not isinstance(condition, sympy.core.relational.Relational):
            uses, gaps = (
                "the branch that holds is differentiated there",
                gaps_of_condition(condition, self._let),
            )
            yield Kink(condition, sympy.true, uses, None, span, None, gaps)
            return
        is_first = isinstance(condition, sympy.Le | sympy.Ge | sympy.Eq)
        uses = f"the {'first' if is_first else 'second'} branch is differentiated there"
        left, right = condition.args
        yield self._kink(left, right, uses, self._contact(branch), span)

    def _contact(self, branch: Expression) -> int | None:
        """How smooth the formula around a branch is at its seam: what multiplies it may vanish there."""
        order = contact(branch)
        if order == 1 or branch == self._body:
            return order
        around = contact(lifted(self._body, branch.args[0]))
        return None if around is None else max(around, -1 if order is None else order)

    def _contact_of_fold(self, fold: Expression, arms: Expression) -> int:
        """How smooth the formula around an absolute value or an extreme is at its kink."""
        if not isinstance(arms, Branch):
            return 0
        condition, *sides = arms.args
        around = [self._body.xreplace({fold: side}) for side in sides]
        order = contact(Branch(condition, *around)) if around[0] != around[1] else None
        return max(order or 0, 0)

    def _power(
        self, power: Expression, span: Span | None, conditions: tuple[Any, ...]
    ) -> Iterator[Kink]:
        """A broken power of what reaches zero, or a division by it."""
        base, exponent, zero = power.base, power.exp, sympy.Integer(0)
        if not self._varies(base):
            return
        if exponent.is_integer:
            if not (exponent.is_nonnegative or self._is_inside(base, conditions)):
                yield self._kink(base, zero, "the function has a pole there", None, span)
        elif not (base.is_positive or self._under(base, conditions).low > 0):
            is_even = self.even.is_even(base)
            uses = f"the derivative there is {'0' if is_even else 'its one-sided limit'}"
            yield self._kink(base, zero, uses, None, span)

    def _edges(
        self, expression: Expression, span: Span | None, conditions: tuple[Any, ...]
    ) -> Iterator[Kink]:
        """A function that reaches the edge of its domain."""
        atom = atom_of(expression)
        if atom is None:
            return
        # SymPy's polygamma takes its order first.
        places = expression.args[-len(atom.domain) :]
        for (low, high), one in zip(atom.domain, places, strict=True):
            for edge, room in ((low, one - low), (high, high - one)):
                is_edge = abs(edge) != sympy.oo and self._varies(one)
                if is_edge and not self._is_inside(room, conditions):
                    uses = "the function ends there"
                    yield self._kink(one, sympy.sympify(edge), uses, None, span)

    def _under(self, expression: Expression, conditions: tuple[Any, ...]) -> Interval:
        known = self.ranges.assuming(sympy.And(*conditions), {})
        return self.ranges.of(expression, known)

    def _is_inside(self, room: Expression, conditions: tuple[Any, ...] = ()) -> bool:
        """Whether something stays away from zero by its range or by the conditions that lead to it, or
        reaches it at the edge of the input's domain only: an affine function of one sign has no zero
        inside."""
        if _is_excluded(room, conditions):
            return True
        if isinstance(room, sympy.Pow):
            return self._is_inside(room.base, conditions)
        if isinstance(room, sympy.Mul):
            return all(self._is_inside(one, conditions) for one in room.args if self._varies(one))
        values = self._under(room, conditions)
        if room.is_positive or room.is_negative or values.low > 0 or values.high < 0:
            return True
        plain = self.ranges.of(room)
        has_sign = plain.is_nonnegative or plain.is_nonpositive
        if not (has_sign and self.curvature.of(room).affine):
            return False
        self.ends_at_edge = True
        return True


def _is_excluded(zero: Expression, conditions: tuple[Any, ...]) -> bool:
    """Whether an expression can't be zero in an arm, by the conditions that lead to it."""
    here = {zero: sympy.Integer(0), sympy.Abs(zero): sympy.Integer(0)}
    return any(one.xreplace(here) == sympy.false for one in conditions)


def _rougher(one: Kink, other: Kink) -> Kink:
    """Two findings at one place: what is known to be continuous there is what both say."""
    orders = [kink.order for kink in (one, other)]
    known = [order for order in orders if order is not None]
    least = min(known) if len(known) == len(orders) else None
    first = one if one.order == least else other
    return replace(first, gaps=tuple(dict.fromkeys((*one.gaps, *other.gaps))))
