"""What Python can't say: floating-point numbers as bits, and operations with flags of their own.

Each is a few instructions of LLVM, for one lane or many, in float32 and float64 alike.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

# ---- copied into emitted modules from here on


def _layout(number: Any) -> tuple[Any, int, int]:
    """The integer as wide as a floating type, the bits of its fraction, its bias."""
    if number == types.float32:
        return ir.IntType(32), 23, 127
    return ir.IntType(64), 52, 1023


@intrinsic
def power_of_two(typing: Any, n: Any) -> Any:
    """2^n for a whole number n, held as floating point, that is an exponent of normal numbers."""
    integer, fraction, bias = _layout(n)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floating = arguments[0].type
        # n + 1.5·2^fraction has n in its lowest bits; the rest is shifted out
        bits = builder.bitcast(builder.fadd(arguments[0], floating(1.5 * 2.0**fraction)), integer)
        exponent = builder.shl(builder.add(bits, integer(bias)), integer(fraction))
        return builder.bitcast(exponent, floating)

    return n(n), generate


@intrinsic
def split(typing: Any, x: Any) -> Any:
    """(m, e) with x = m·2^e and √½ ≤ m < √2, for positive normal x; both as floating numbers."""
    integer, fraction, _ = _layout(x)
    root = 0x3F3504F3 if x == types.float32 else 0x3FE6A09E667F3BCD

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floating = arguments[0].type
        offset = builder.sub(builder.bitcast(arguments[0], integer), integer(root))
        exponent = builder.ashr(offset, integer(fraction))
        inner = builder.and_(offset, integer((1 << fraction) - 1))
        mantissa = builder.bitcast(builder.add(inner, integer(root)), floating)
        pair = (mantissa, builder.sitofp(exponent, floating))
        return context.make_tuple(builder, signature.return_type, pair)

    return types.UniTuple(x, 2)(x), generate


def _two(name: str) -> Any:
    def typer(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = arguments[0].type
            suffix = "f32" if a == types.float32 else "f64"
            function = builder.module.declare_intrinsic(
                f"llvm.{name}.{suffix}", fnty=ir.FunctionType(kind, [kind, kind])
            )
            return builder.call(function, arguments, fastmath=("nsz",))

        return a(a, b), generate

    return typer


maximum = intrinsic(_two("maximum"))
"""The greater of two, NaN if either is: in this form a reduction vectorises."""

minimum = intrinsic(_two("minimum"))


@intrinsic
def add(typing: Any, total: Any, x: Any) -> Any:
    """total + x, free to be summed in any order: the only place where reassociation is allowed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments, flags=("reassoc", "nsz", "contract"))

    return total(total, x), generate


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


FLAGS = {"contract", "nsz", "arcp"}


def elementary(function: Any) -> Any:
    """How the functions here are compiled: with flags of their own, as a part of whoever calls."""
    return njit(fastmath=FLAGS, error_model="numpy", no_cpython_wrapper=True)(function)
