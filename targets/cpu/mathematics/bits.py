"""The instructions of `instructions` as functions for Numba, and how functions of this room compile."""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from objc.targets.cpu.mathematics.instructions import (
    build_add,
    build_extreme,
    build_fma,
    build_power_of_two,
    build_rint,
    build_split,
)

# ---- copied into emitted modules from here on

FLAGS = {"contract", "nsz", "arcp"}


def elementary(function: Any) -> Any:
    """How the functions here are compiled: with flags of their own, as a part of whoever calls."""
    return njit(fastmath=FLAGS, error_model="numpy", no_cpython_wrapper=True)(function)


@intrinsic
def power_of_two(typing: Any, n: Any) -> Any:
    """2^n for a whole number n, held as floating point, that is an exponent of normal numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_power_of_two(builder, arguments[0])

    return n(n), generate


@intrinsic
def split(typing: Any, x: Any) -> Any:
    """(m, e) with x = m·2^e and √½ ≤ m < √2, for positive normal x; both as floating numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pair = build_split(builder, arguments[0])
        return context.make_tuple(builder, signature.return_type, pair)

    return types.UniTuple(x, 2)(x), generate


@intrinsic
def maximum(typing: Any, a: Any, b: Any) -> Any:
    """The greater of two, NaN if either is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_extreme(builder, "maximum", *arguments)

    return a(a, a), generate


@intrinsic
def minimum(typing: Any, a: Any, b: Any) -> Any:
    """The lesser of two, NaN if either is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_extreme(builder, "minimum", *arguments)

    return a(a, a), generate


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_fma(builder, *arguments)

    return a(a, a, a), generate


@intrinsic
def rint(typing: Any, x: Any) -> Any:
    """The nearest whole number, of two the even one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_rint(builder, arguments[0])

    return x(x), generate


@intrinsic
def add(typing: Any, total: Any, x: Any) -> Any:
    """total + x, in whatever order is fastest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build_add(builder, *arguments)

    return total(total, total), generate


@intrinsic
def view(typing: Any, address: Any, shape: Any, kind: Any) -> Any:
    """The C-contiguous array of that shape and type at an address; nobody's to free."""
    array = types.Array(kind.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = make_array(array)(context, builder)
        extents = [builder.extract_value(arguments[1], axis) for axis in range(array.ndim)]
        size = context.get_constant(types.intp, array.dtype.bitwidth // 8)
        strides = [size]
        for extent in extents[:0:-1]:
            strides.insert(0, builder.mul(extent, strides[0], flags=("nsw",)))
        data = builder.inttoptr(arguments[0], made.data.type)
        populate_array(made, data, extents, strides, size, None)
        return made._getvalue()

    return array(types.intp, shape, kind), generate
