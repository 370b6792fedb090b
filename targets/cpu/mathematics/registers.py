"""The instructions of `tile` and `turn` as functions for Numba, and what they ask of an array."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from objc.targets.cpu.mathematics.tile import (
    build_tile,
    columns_of_tile,
    lanes_of,
    rows_of_tile,
    vector_bits,
)
from objc.targets.cpu.mathematics.turn import build_move, build_turn

# ---- copied into emitted modules from here on

BITS = vector_bits()


def element_of(array: Any) -> Any:
    """The type of LLVM that an array's entries have."""
    return ir.FloatType() if array.dtype == types.float32 else ir.DoubleType()


def address_of(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Where an array begins, as a pointer to its entries."""
    data = make_array(kind)(context, builder, value).data
    return builder.bitcast(data, ir.PointerType(element_of(kind)))


@intrinsic
def tile_rows(typing: Any) -> Any:
    """Rows of a tile of a matrix product."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, rows_of_tile(BITS))

    return types.int64(), generate


@intrinsic
def tile_columns(typing: Any, array: Any) -> Any:
    """Columns of a tile of a matrix product, for entries like those of an array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, columns_of_tile(BITS, element_of(array)))

    return types.int64(array), generate


@intrinsic
def lanes(typing: Any, array: Any) -> Any:
    """Entries of an array that a vector holds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, lanes_of(BITS, element_of(array)))

    return types.int64(array), generate


@intrinsic
def of_kind(typing: Any, array: Any, x: Any) -> Any:
    """A number in the type of an array's entries."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[1], x, array.dtype)

    return array.dtype(array, x), generate


@intrinsic
def flat(typing: Any, array: Any) -> Any:
    """An array without gaps as one axis."""
    axis = types.Array(array.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = make_array(array)(context, builder, arguments[0])
        made = make_array(axis)(context, builder)
        size = context.get_constant(types.intp, array.dtype.bitwidth // 8)
        populate_array(
            made, data=given.data, shape=[given.nitems], strides=[size], itemsize=size,
            meminfo=given.meminfo, parent=given.parent,
        )  # fmt: skip
        return made._getvalue()

    return axis(array), generate


def _tile(name: str, *given: Any) -> Any:
    """A tile of that name for arguments of given kinds, arrays and whole numbers: see `build_tile`."""
    kinds = [one if isinstance(one, types.Array) else types.int64 for one in given]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = [
            address_of(context, builder, kind, value) if isinstance(kind, types.Array) else value
            for kind, value in zip(kinds, arguments, strict=True)
        ]
        with builder.goto_entry_block():
            start = ir.IRBuilder(builder.block)
            start.position_at_start(builder.block)
        build_tile(builder, start, BITS, name, *values)
        return context.get_dummy_value()

    return types.void(*kinds), generate


@intrinsic
def tile(
    typing: Any, goal: Any, stride: Any, left: Any, right: Any, depth: Any, rows: Any,
    columns: Any, fresh: Any,
) -> Any:  # fmt: skip
    """A tile of a matrix product."""
    return _tile("tile", goal, stride, left, right, depth, rows, columns, fresh)


@intrinsic
def distance_tile(
    typing: Any, goal: Any, stride: Any, left: Any, right: Any, depth: Any, rows: Any,
    columns: Any, fresh: Any,
) -> Any:  # fmt: skip
    """A tile of squared distances."""
    return _tile("distance_tile", goal, stride, left, right, depth, rows, columns, fresh)


@intrinsic
def pull_tile(
    typing: Any, goal: Any, stride: Any, left: Any, right: Any, depth: Any, rows: Any,
    columns: Any, fresh: Any, origin: Any,
) -> Any:  # fmt: skip
    """A tile of sums of weighed differences."""
    return _tile("pull_tile", goal, stride, left, right, depth, rows, columns, fresh, origin)


@intrinsic
def turn_rows(typing: Any, goal: Any, source: Any, across: Any) -> Any:
    """Entries of a panel of rows: see `build_turn`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = address_of(context, builder, goal, arguments[0])
        of = address_of(context, builder, source, arguments[1])
        build_turn(builder, BITS, to, of, arguments[2], rows_of_tile(BITS))
        return context.get_dummy_value()

    return types.void(goal, source, types.int64), generate


@intrinsic
def turn_columns(typing: Any, goal: Any, source: Any, across: Any) -> Any:
    """Entries of a panel of columns: see `build_turn`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = address_of(context, builder, goal, arguments[0])
        of = address_of(context, builder, source, arguments[1])
        size = columns_of_tile(BITS, element_of(source))
        build_turn(builder, BITS, to, of, arguments[2], size)
        return context.get_dummy_value()

    return types.void(goal, source, types.int64), generate


@intrinsic
def move_rows(typing: Any, goal: Any, source: Any) -> Any:
    """One step of a panel of rows: see `build_move`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = address_of(context, builder, goal, arguments[0])
        of = address_of(context, builder, source, arguments[1])
        build_move(builder, BITS, to, of, rows_of_tile(BITS))
        return context.get_dummy_value()

    return types.void(goal, source), generate


@intrinsic
def move_columns(typing: Any, goal: Any, source: Any) -> Any:
    """One step of a panel of columns: see `build_move`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = address_of(context, builder, goal, arguments[0])
        of = address_of(context, builder, source, arguments[1])
        build_move(builder, BITS, to, of, columns_of_tile(BITS, element_of(source)))
        return context.get_dummy_value()

    return types.void(goal, source), generate
