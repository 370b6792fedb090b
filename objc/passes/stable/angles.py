"""The angle of two vectors, from their unit vectors and not from its cosine.

A cosine is rounded near one, where all that tells the angle is what it lacks of one, and rounding may take it
above one, where there is no angle. Of unit vectors u and v the angle is `2·atan(|u − v| / |u + v|)`, with
all its digits at every angle (Kahan, "How Futile are Mindless Assessments of Roundoff", 2006, §12). The
slope of a length of zero is zero, so that of the angle is where the vectors point the same way, or opposite
ways: a subgradient of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, maximum, minimum, quotient
from objc.ir.domain import Domain
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions

HALF = sympy.Rational(1, 2)

_FUNCTIONS: Mapping[Any, Callable[[Any, Any], Any]] = {
    sympy.acos: lambda _, angle: angle,
    sympy.asin: lambda cosine, angle: Branch(
        sympy.Lt(sympy.Abs(cosine), HALF), sympy.asin(cosine), sympy.pi / 2 - angle
    ),
}
"""A function of a cosine, by the cosine and the angle."""


class Angles:
    """The angles of one program's cosines; new lets go to `lets` in order of definition."""

    def __init__(self, names: Names, lets: list[Let]) -> None:
        self._names = names
        self._lets = lets
        self._chords: dict[tuple[str, Any], tuple[Let, Let]] = {}

    def within(self, expression: Any, cosines: Mapping[str, Let]) -> Any:
        """The expression with the angles of these cosines, which are inner products of unit vectors."""
        swaps = {}
        for node in sorted(expression.atoms(*_FUNCTIONS), key=spelled):
            (argument,) = node.args
            sign, read = _within_range(argument).as_coeff_Mul()
            of_lines = isinstance(read, sympy.Abs)
            (read,) = read.args if of_lines else (read,)
            if abs(sign) != 1 or not isinstance(read, Read) or read.tensor not in cosines:
                continue
            angle = self._angle(cosines[read.tensor], read, of_lines)
            angle = angle if sign == 1 else sympy.pi - angle
            swaps[node] = _FUNCTIONS[node.func](argument, angle)
        return expression.xreplace(swaps)

    def _angle(self, cosine: Let, read: Read, of_lines: bool) -> Expression:
        """The angle of two vectors, or of the lines that they lie on, as of two rotations by quaternions."""
        # Of a matrix of cosines of which one row is asked for, such as the label's, only that is needed.
        fixed = {
            index: place
            for index, place in zip(cosine.free, read.positions, strict=True)
            if isinstance(place.base, Read) and not indices_of(place.base)
        }
        key = cosine.name, tuple(fixed.items())
        if key not in self._chords:
            self._chords[key] = self._chord(cosine, fixed, -1), self._chord(cosine, fixed, 1)
        places = [
            place
            for index, place in zip(cosine.free, read.positions, strict=True)
            if index not in fixed
        ]
        apart, together = (one.read(*places) for one in self._chords[key])
        # Zero vectors, of which both lengths are zero, have a cosine of zero.
        near = Branch(
            sympy.Eq(together, 0), sympy.pi / 2, 2 * sympy.atan(quotient(apart, together))
        )
        other = 2 * sympy.atan(quotient(together, apart))
        far = other if of_lines else sympy.pi - other
        return Branch(sympy.Le(apart, together), near, far)

    def _chord(self, cosine: Let, fixed: dict[Index, Position], sign: int) -> Let:
        """|u + sign·v|."""
        body = cosine.body
        first, second = (body.base,) * 2 if isinstance(body, sympy.Pow) else body.args
        chord = replace(
            cosine,
            name=self._names.fresh("chord"),
            free=tuple(index for index in cosine.free if index not in fixed),
            body=substitute_positions(first + sign * second, fixed),
            reduction="norm",
            domain=Domain("nonnegative"),
        )
        self._lets.append(chord)
        return chord


def _within_range(argument: Any) -> Any:
    """A cosine without bounds that no cosine passes."""
    bounds = {maximum: -1, minimum: 1}
    while argument.func in bounds:
        bound = bounds[argument.func]
        inner = [one for one in argument.args if not (one.is_number and (one - bound) * bound >= 0)]
        if len(inner) != 1:
            return argument
        (argument,) = inner
    return argument
