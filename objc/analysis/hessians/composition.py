"""Convexity by composition, where the rules of an expression's kind leave off: a part that varies with a few
entries is decided as a function of those, by its second derivatives.

That reaches quotients and products (x²/y, −√(xy), x·log(x/y)), quadratic forms that are written out, and
sums over entries of such parts, for any number of entries: a part that is convex in the entries that it
reads, taken as numbers of their own, is convex in the inputs.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.hessians.minors import is_convex, is_norm
from objc.analysis.hessians.variables import Variable, variables_of
from objc.analysis.shape.curvature import Curvature, Shape
from objc.analysis.subject import Subject
from objc.analysis.values.ranges import Ranges
from objc.ir.program import Claim, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, reads

_MOST_TRIES = 12
_MOST_ENTRIES = 6


class PartsByHessian(Curvature):
    """Shapes of lets, where the shapes of small parts may come from their second derivatives."""

    def __init__(self, program: Program, ranges: Ranges, names: Iterable[str]) -> None:
        names = tuple(names)
        self._plain = Curvature(program, ranges, names)
        self._left = _MOST_TRIES
        super().__init__(program, ranges, names)

    def _completed(self, expression: Expression) -> Shape:
        known = self._plain.of(expression)
        if known.convex or known.concave or self._is_constant(expression):
            return known
        convex, concave = self._by_second_derivatives(expression)
        within = self._within_its_sum(expression) if not (convex or concave) else None
        if within is not None:
            convex, concave = within.convex, within.concave
        if convex or concave:
            is_positive = self.ranges.of(expression).is_nonnegative
            log_concave = known.log_concave or (concave and is_positive)
            return Shape(convex, concave, known.log_convex, log_concave)
        return super()._completed(expression)

    def _within_its_sum(self, expression: Expression) -> Shape | None:
        """The shape of a sum over an axis times something else, as one of products: (Σ v²)/y is Σ (v²/y)."""
        if not isinstance(expression, sympy.Mul):
            return None
        for one in expression.args:
            let = self.program.let.get(one.tensor) if isinstance(one, Read) else None
            if let is None or let.reduction not in ("sum", "mean") or self._is_constant(one):
                continue
            if let.free or not self._is_constant(let.guard):
                continue
            product = let.body * expression / one
            if product.has(one) or self._entries(product) is None:
                continue
            return self.of(product)
        return None

    def _by_second_derivatives(self, expression: Expression) -> tuple[bool, bool]:
        variables = self._entries(expression)
        if not variables or self._left <= 0:
            return False, False
        self._left -= 1
        if is_norm(expression, variables, self.ranges) or is_convex(
            expression, variables, self.ranges
        ):
            return True, False
        return False, is_convex(-expression, variables, self.ranges)

    def _entries(self, expression: Expression) -> list[Variable] | None:
        """The entries of inputs through which an expression varies, and nothing else does."""
        varying = [one for one in reads(expression) if one.tensor in self.varying]
        if not 0 < len(varying) <= _MOST_ENTRIES or not isinstance(expression, sympy.Expr):
            return None
        if any(one.tensor not in self.inputs for one in varying):
            return None
        if not all(self._read(one).affine for one in varying):
            return None
        if any(self._is_gathered(one) for one in expression.atoms(Read)):
            return None
        return variables_of(self.program, varying)

    def _is_gathered(self, read: Read) -> bool:
        """Whether what is read depends on an input that varies."""
        return any(
            isinstance(one.base, Read) and not self._is_constant(one.base) for one in read.positions
        )


def parts_by_their_hessians(subject: Subject, claim: Claim) -> Decision | None:
    if not subject.is_short or members(subject.program):
        return None
    shapes = PartsByHessian(subject.program, subject.ranges, claim.inputs)
    if not getattr(shapes.of_let[subject.let.name], claim.words[0]):
        return None
    return proved("by composition, of parts that their second derivatives decide")
