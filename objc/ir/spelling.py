"""The text of expressions: as a key that tells them apart and puts them into an order, and for people.

SymPy writes an expression from its parts, and each of these from its own, every time anew. Whoever sorts the
parts of a large expression asks for the same text again and again, so it is remembered.
"""

from __future__ import annotations

import functools
from typing import Any

from sympy.printing.str import StrPrinter

from objc.atoms import Branch


def spelled(expression: Any) -> str:
    """The same as `str(expression)`."""
    return _PRINTER.doprint(expression)


class _Printer(StrPrinter):
    def _print(self, expr: Any, **kwargs: Any) -> str:
        return super()._print(expr, **kwargs) if kwargs else _remembered(expr)


@functools.lru_cache(maxsize=4096, typed=True)
def _remembered(expr: Any) -> str:
    return StrPrinter._print(_PRINTER, expr)


_PRINTER = _Printer()


def shown(expression: Any) -> str:
    """An expression in the words of the language: `if a == b then 0 else x^2`."""
    text = str(_SHOWN.doprint(expression))
    return text[1:-1] if text.startswith("(if ") and isinstance(expression, Branch) else text


class _Shown(StrPrinter):
    """Branches, conditions and powers as people write them; the rest as SymPy does."""

    def _print_Branch(self, expr: Any) -> str:
        condition, then, otherwise = map(self._print, expr.args)
        return f"(if {condition} then {then} else {otherwise})"

    def _print_Relational(self, expr: Any) -> str:
        left, right = self._print(expr.lhs), self._print(expr.rhs)
        return f"{left} {expr.rel_op} {right}"

    def _print_And(self, expr: Any) -> str:
        return self._joined(expr, " and ")

    def _print_Or(self, expr: Any) -> str:
        return f"({self._joined(expr, ' or ')})"

    def _print_Not(self, expr: Any) -> str:
        return f"not ({self._print(expr.args[0])})"

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        return str(super()._print_Pow(expr, rational)).replace("**", "^")

    def _print_Integer(self, expr: Any) -> str:
        size = abs(int(expr))
        if size.bit_length() <= 128 or size & (size - 1):
            return str(expr.p)
        return f"{'-' * (int(expr) < 0)}2^{size.bit_length() - 1}"

    def _print_Abs(self, expr: Any) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _joined(self, expr: Any, word: str) -> str:
        return word.join(map(self._print, sorted(expr.args, key=spelled)))


_SHOWN = _Shown()
