"""Whole numbers of LLVM with the operators of Python, for arithmetic that is written once for both."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

I64 = ir.IntType(64)


class Whole:
    """A number of 64 bits, at the place where a builder stands.

    `//` rounds towards zero: it is for numbers that are not negative, by one that is not zero.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.b = builder
        self.value = value

    def of(self, other: Any) -> Any:
        """The LLVM value of another number, or of a literal."""
        return other.value if isinstance(other, Whole) else I64(other)

    def __add__(self, other: Any) -> Whole:
        return Whole(self.b, self.b.add(self.value, self.of(other)))

    def __sub__(self, other: Any) -> Whole:
        return Whole(self.b, self.b.sub(self.value, self.of(other)))

    def __mul__(self, other: Any) -> Whole:
        return Whole(self.b, self.b.mul(self.value, self.of(other)))

    def __floordiv__(self, other: Any) -> Whole:
        return Whole(self.b, self.b.sdiv(self.value, self.of(other)))

    def __rfloordiv__(self, other: Any) -> Whole:
        return Whole(self.b, self.b.sdiv(self.of(other), self.value))

    __radd__ = __add__
    __rmul__ = __mul__


def most(left: Any, right: Any) -> Any:
    """The larger of two numbers, of LLVM or of Python."""
    return _extreme(">", left, right) if _is_any_whole(left, right) else max(left, right)


def least(left: Any, right: Any) -> Any:
    """The smaller of two numbers, of LLVM or of Python."""
    return _extreme("<", left, right) if _is_any_whole(left, right) else min(left, right)


def _is_any_whole(left: Any, right: Any) -> bool:
    return isinstance(left, Whole) or isinstance(right, Whole)


def _extreme(sign: str, left: Any, right: Any) -> Whole:
    whole = left if isinstance(left, Whole) else right
    first, second = whole.of(left), whole.of(right)
    b = whole.b
    return Whole(b, b.select(b.icmp_signed(sign, first, second), first, second))
