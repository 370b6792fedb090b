"""A program as plain mathematics, for docstrings and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from objc.ir.formula import ATOM, OPERATOR, POWER, PRODUCT, SUM, Notation, Piece, dimension_name
from objc.ir.program import Let, Program

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SIGNS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}
_LONGEST = 16
"""Characters of a fraction beyond which a decimal is written instead, where that is shorter."""
_OPERATORS = {"sum": "Σ", "prod": "Π", "any": "∃", "all": "∀"}


def formula(program: Program) -> str:
    """The equations of a program, one a line: its outputs, then what stands in them.

    A loss of huber reads `huber(prediction, target) = if |r| ≤ delta then r² / 2 else …`; of a program
    with derivatives each output is there, as `∂huber/∂prediction = …`.
    """
    first, *others = [f"{one.left} = {one.right}" for one in Text(program).equations()]
    outputs = len(program.outputs)
    lines = [first, *others[: outputs - 1]]
    for number, line in enumerate(others[outputs - 1 :]):
        lines.append(("  where " if number == 0 else "        ") + line)
    return "\n".join(lines)


class Text(Notation):
    """Unicode, in one line an equation."""

    def name(self, name: str) -> str:
        return name

    def subscripted(self, name: str, subscripts: Sequence[str]) -> str:
        return f"{name}[{', '.join(subscripts)}]" if subscripts else name

    def number(self, value: Any) -> Piece:
        if value in (sympy.oo, -sympy.oo):
            return Piece("∞") if value == sympy.oo else Piece("-∞", SUM)
        if isinstance(value, sympy.Rational) and len(str(value)) > _LONGEST:
            decimal = _decimal(value)
            if len(decimal) < len(str(value)):
                return Piece(decimal, ATOM if value >= 0 else SUM)
        if isinstance(value, sympy.Integer):
            return Piece(str(value), ATOM if value >= 0 else SUM)
        if isinstance(value, sympy.Rational):
            return Piece(f"{value.p}/{value.q}", PRODUCT if value > 0 else SUM)
        return Piece({sympy.pi: "π", sympy.E: "e"}.get(value, str(value)))

    def brackets(self, text: str) -> str:
        return f"({text})"

    def fraction(self, above: list[Any], below: list[Any]) -> Piece:
        over = self.times([self.at_level(one, PRODUCT) for one in above])
        if len(below) == 1:
            return Piece(f"{over} / {self.at_level(below[0], POWER)}", PRODUCT)
        under = self.times([self.at_level(one, PRODUCT) for one in below])
        return Piece(f"{over} / ({under})", PRODUCT)

    def times(self, factors: Sequence[str]) -> str:
        return " · ".join(factors)

    def root(self, inner: Piece) -> Piece:
        return Piece(f"√({inner.text})")

    def raised(self, base: Piece, exponent: Piece) -> Piece:
        under = self.inside(base, ATOM)
        if exponent.text.isdigit():
            return Piece(under + exponent.text.translate(_SUPERSCRIPTS), POWER)
        return Piece(f"{under}^{self.inside(exponent, ATOM)}", POWER)

    def applied(self, name: str, arguments: Sequence[Piece]) -> Piece:
        inner = ", ".join(one.text for one in arguments)
        if name == "abs":
            return Piece(f"|{inner}|")
        short = {"maximum": "max", "minimum": "min", "stop_gradient": "stop"}.get(name, name)
        return Piece(f"{short}({inner})")

    def cases(self, pairs: Sequence[tuple[str, str]], otherwise: str) -> Piece:
        taken = " else ".join(f"if {condition} then {value}" for value, condition in pairs)
        return Piece(f"{taken} else {otherwise}", SUM - 1)

    def truth(self, condition: str) -> Piece:
        return Piece(f"[{condition}]")

    def relation(self, sign: str, left: str, right: str) -> str:
        return f"{left} {_SIGNS.get(sign, sign)} {right}"

    def connected(self, word: str, parts: Sequence[str]) -> str:
        if word == "not":
            return f"not ({parts[0]})"
        return f" {word} ".join(f"({one})" if " or " in one else one for one in parts)

    def reduced(self, let: Let) -> Piece:
        indices = ", ".join(self.over(let.over))
        guard = "" if let.guard == sympy.true else f" | {self.condition(let.guard)}"
        binder = f"[{indices}{guard}]"
        body = self.scalar(let.body)
        match let.reduction:
            case "sum" | "prod" | "any" | "all":
                sign = _OPERATORS[let.reduction]
                return Piece(f"{sign}{binder} {self.inside(body, PRODUCT)}", OPERATOR)
            case "logsumexp":
                return Piece(f"log Σ{binder} exp({body.text})", OPERATOR)
            case "mean" if not guard:
                sizes = "·".join(dimension_name(index.dimension) for index in let.over)
                sizes = f"({sizes})" if len(let.over) > 1 else sizes
                return Piece(f"1/{sizes} Σ{binder} {self.inside(body, PRODUCT)}", OPERATOR)
            case _:
                return Piece(f"{let.reduction}{binder}({body.text})")

    def derivative(self, kind: str, of: str, by: str) -> str:
        match kind:
            case "gradient":
                return f"∂{of}/∂{by}"
            case "hessian_diagonal":
                return f"∂²{of}/∂{by}²"
            case _:
                return f"(∇²{of} · v)/{by}"


def _decimal(value: Any) -> str:
    """A rational number as a decimal, `2e300`; the fraction where it is none."""
    power = 0
    for prime, times in sympy.factorint(value.q, limit=10).items():
        if prime not in (2, 5):
            return str(value)
        power = max(power, times)
    digits = str(abs(value.p) * (10**power // value.q))
    short = digits.rstrip("0")
    mantissa = f"{short[0]}.{short[1:]}" if len(short) > 1 else short
    return f"{'-' if value < 0 else ''}{mantissa}e{len(digits) - 1 - power}"
