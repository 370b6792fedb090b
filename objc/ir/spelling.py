"""The text of expressions, as a key that tells them apart and puts them into an order.

SymPy writes an expression from its parts, and each of these from its own, every time anew. Whoever sorts the
parts of a large expression asks for the same text again and again, so it is remembered.
"""

from __future__ import annotations

import functools
from typing import Any

from sympy.printing.str import StrPrinter


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
