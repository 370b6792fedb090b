"""What Python can't say, as instructions of LLVM: numbers as bits, operations with flags of their own.

Each takes a builder and values and gives a value: for one lane or many, in float32 and float64 alike.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

# ---- copied into emitted modules from here on


def layout(floating: Any) -> tuple[Any, int, int]:
    """The integer as wide as a floating type, the bits of its fraction, its bias."""
    if isinstance(floating, ir.FloatType):
        return ir.IntType(32), 23, 127
    return ir.IntType(64), 52, 1023


def build_power_of_two(builder: Any, n: Any) -> Any:
    """2^n for a whole number n, held as floating point, that is an exponent of normal numbers."""
    integer, fraction, bias = layout(n.type)
    # n + 1.5·2^fraction has n in its lowest bits; the rest is shifted out
    bits = builder.bitcast(builder.fadd(n, n.type(1.5 * 2.0**fraction)), integer)
    exponent = builder.shl(builder.add(bits, integer(bias)), integer(fraction))
    return builder.bitcast(exponent, n.type)


def build_split(builder: Any, x: Any) -> tuple[Any, Any]:
    """(m, e) with x = m·2^e and √½ ≤ m < √2, for positive normal x; both as floating numbers."""
    integer, fraction, bias = layout(x.type)
    root = integer(0x3F3504F3 if fraction == 23 else 0x3FE6A09E667F3BCD)
    offset = builder.sub(builder.bitcast(x, integer), root)
    exponent = builder.ashr(offset, integer(fraction))
    inner = builder.and_(offset, integer((1 << fraction) - 1))
    mantissa = builder.bitcast(builder.add(inner, root), x.type)
    # the exponent as a number: put into the low bits of 1.5·2^fraction, which is taken off again
    magic = 1.5 * 2.0**fraction
    magic_bits = ((bias + fraction) << fraction) | (1 << (fraction - 1))
    number = builder.bitcast(builder.add(exponent, integer(magic_bits)), x.type)
    return mantissa, builder.fsub(number, x.type(magic))


def build_scaled(builder: Any, x: Any, shifted: Any) -> Any:
    """x·2^n for n + 1.5·2^fraction: an instruction of processors with vectors of 512 bits."""
    integer, fraction, bias = layout(x.type)
    magic = ((bias + fraction) << fraction) | (1 << (fraction - 1))
    exponent = builder.sub(builder.bitcast(shifted, integer), integer(magic))
    name = f"llvm.ldexp.f{integer.width}.i{integer.width}"
    signature = ir.FunctionType(x.type, [x.type, integer])
    return builder.call(builder.module.declare_intrinsic(name, fnty=signature), [x, exponent])


def build_extreme(builder: Any, name: str, a: Any, b: Any) -> Any:
    """The `maximum` or `minimum` of two, NaN if either is: in this form a reduction vectorises."""
    suffix = "f32" if isinstance(a.type, ir.FloatType) else "f64"
    function = builder.module.declare_intrinsic(
        f"llvm.{name}.{suffix}", fnty=ir.FunctionType(a.type, [a.type, a.type])
    )
    return builder.call(function, [a, b], fastmath=("nsz",))


def build_fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c, rounded once."""
    return builder.fma(a, b, c)


def build_rint(builder: Any, x: Any) -> Any:
    """The nearest whole number, of two the even one."""
    suffix = "f32" if isinstance(x.type, ir.FloatType) else "f64"
    function = builder.module.declare_intrinsic(
        f"llvm.rint.{suffix}", fnty=ir.FunctionType(x.type, [x.type])
    )
    return builder.call(function, [x])


def build_add(builder: Any, total: Any, x: Any) -> Any:
    """total + x, free to be summed in any order: the only place where reassociation is allowed. What is
    negated is subtracted: LLVM gives the factors of a negated product the freedom of their sum."""
    if getattr(x, "opname", "") == "fneg":
        return builder.fsub(total, x.operands[0], flags=("reassoc", "nsz", "contract"))
    return builder.fadd(total, x, flags=("reassoc", "nsz", "contract"))
