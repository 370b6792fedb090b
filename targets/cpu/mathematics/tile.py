"""The heart of a matrix product: a tile of the result in registers, in instructions of LLVM.

What is added up is the products of two factors, or squares of their differences, or the products of one
with differences of the other from an origin: an instruction more for each.

A tile takes a panel of each factor: for every step of the sum the entries of its rows, and of its
columns, one after the other in memory. What is beyond the edge of the result is computed and not
stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

from llvmlite import ir

Term: TypeAlias = Callable[[Any, Any, Any, Any], tuple[Any, Any]]
"""What of entries of the two factors, and of an origin, is multiplied."""

# ---- copied into emitted modules from here on

I32 = ir.IntType(32)
I64 = ir.IntType(64)

_VECTORS = 2
"""Vectors of a row of a tile."""

_LINE = 64
"""Bytes that a cache takes at a time."""

_STRETCH = 32
"""Steps of a sum that the registers take before they are added to the rest."""


def vector_bits() -> int:
    """The width of this processor's vectors."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return 512 if features.get("avx512f") else 256 if features.get("avx2") else 128


def rows_of_tile(bits: int) -> int:
    """Rows of a tile: what the registers hold beside a row of a factor (32 of 512 bits, else 16)."""
    return 12 if bits == 512 else 6


def columns_of_tile(bits: int, kind: Any) -> int:
    """Columns of a tile."""
    return _VECTORS * lanes_of(bits, kind)


def lanes_of(bits: int, kind: Any) -> int:
    return bits // (32 if isinstance(kind, ir.FloatType) else 64)


def build_tile(
    b: Any, start: Any, bits: int, name: str, goal: Any, stride: Any, left: Any, right: Any, depth: Any,
    rows: Any, columns: Any, fresh: Any, origin: Any = None,
) -> None:  # fmt: skip
    """goal[r·stride + c] (+)= Σ over the depth of left[p·rows of a tile + r]·right[p·columns + c], what the
    name of one of TILES says of them.

    `rows` and `columns` are those of the tile that lie in the result; `fresh` is 1 where the result is
    set, 0 where it is added to. The result may be of a wider type than the factors. The builder
    `start` is that of the function's first block.
    """
    height = rows_of_tile(bits)
    kind = left.type.pointee
    _fetch(b, goal, stride, height, _VECTORS * lanes_of(bits, kind))
    sums = _sums(b, start, bits, TILES[name], left, right, origin, depth)
    wide = goal.type.pointee
    vector = ir.VectorType(wide, lanes_of(bits, kind))
    masks = [mask_of(b, vector.count, columns, at * vector.count) for at in range(_VECTORS)]
    old = b.icmp_signed("==", fresh, I64(0))
    olds = [b.and_(mask, _spread(b, old, vector.count)) for mask in masks]
    end = b.function.append_basic_block("tile.end")
    for row in range(height):
        inside = b.function.append_basic_block("tile.row")
        b.cbranch(b.icmp_signed(">", rows, I64(row)), inside, end)
        b.position_at_end(inside)
        for at in range(_VECTORS):
            offset = b.add(b.mul(stride, I64(row)), I64(at * vector.count))
            place = b.bitcast(b.gep(goal, [offset]), vector.as_pointer())
            total = sums[row][at]
            if wide != kind:
                total = b.fpext(total, vector)
            before = masked_load(b, place, olds[at], vector)
            masked_store(b, b.fadd(before, total, flags=("nsz",)), place, masks[at], vector)
    b.branch(end)
    b.position_at_end(end)


def _fetch(b: Any, goal: Any, stride: Any, rows: int, columns: int) -> None:
    """Asks for the lines of the result, which come while the sums are made. What lies beyond the edge
    is asked for in vain."""
    size = 4 if isinstance(goal.type.pointee, ir.FloatType) else 8
    byte = ir.IntType(8).as_pointer()
    kinds = [byte, I32, I32, I32]
    fetch = b.module.declare_intrinsic(
        "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), kinds)
    )
    for row in range(rows):
        for column in range(0, columns, _LINE // size):
            place = b.gep(goal, [b.add(b.mul(stride, I64(row)), I64(column))])
            b.call(fetch, [b.bitcast(place, byte), I32(1), I32(3), I32(1)])


def _sums(
    b: Any, start: Any, bits: int, term: Term, left: Any, right: Any, origin: Any, depth: Any
) -> list[list[Any]]:
    """The sums of a tile, as vectors by row.

    The registers take a stretch of the sum, and a table in the first cache what the stretches give:
    the rounding of n terms added one by one grows with n, of blocks with its root.
    """
    kind = left.type.pointee
    height, count = rows_of_tile(bits), lanes_of(bits, kind)
    vector = ir.VectorType(kind, count)
    zero = ir.Constant(vector, [0.0] * count)
    table = start.alloca(vector, height * _VECTORS)
    places = [
        [b.gep(table, [I64(row * _VECTORS + at)]) for at in range(_VECTORS)]
        for row in range(height)
    ]
    for place in itertools.chain(*places):
        b.store(zero, place)
    before = b.block
    stretch = b.function.append_basic_block("tile.stretch")
    after = b.function.append_basic_block("tile.store")
    b.cbranch(b.icmp_signed(">", depth, I64(0)), stretch, after)
    b.position_at_end(stretch)
    first = b.phi(I64)
    first.add_incoming(I64(0), before)
    last = b.add(first, I64(_STRETCH))
    last = b.select(b.icmp_signed("<", last, depth), last, depth)
    for row, sums in enumerate(_stretch(b, bits, term, left, right, origin, first, last)):
        for place, total in zip(places[row], sums, strict=True):
            b.store(b.fadd(b.load(place), total, flags=("nsz",)), place)
    first.add_incoming(last, b.block)
    b.cbranch(b.icmp_signed("<", last, depth), stretch, after)
    b.position_at_end(after)
    return [[b.load(place) for place in row] for row in places]


def _stretch(
    b: Any, bits: int, term: Term, left: Any, right: Any, origin: Any, first: Any, last: Any
) -> list[list[Any]]:
    """The sums of the steps from `first` to before `last`, of which there is one at least."""
    kind = left.type.pointee
    height, count = rows_of_tile(bits), lanes_of(bits, kind)
    vector = ir.VectorType(kind, count)
    before = b.block
    loop = b.function.append_basic_block("tile.sum")
    after = b.function.append_basic_block("tile.add")
    b.branch(loop)
    b.position_at_end(loop)
    step = b.phi(I64)
    step.add_incoming(first, before)
    held = [[b.phi(vector) for _ in range(_VECTORS)] for _ in range(height)]
    row_of = b.gep(left, [b.mul(step, I64(height))])
    column_of = b.gep(right, [b.mul(step, I64(_VECTORS * count))])
    columns = []
    for at in range(_VECTORS):
        place = b.bitcast(b.gep(column_of, [I64(at * count)]), vector.as_pointer())
        columns.append(b.load(place, align=4))
    new: list[list[Any]] = []
    for row in range(height):
        entry = _spread(b, b.load(b.gep(row_of, [I64(row)])), count)
        new.append([])
        for at in range(_VECTORS):
            held[row][at].add_incoming(ir.Constant(vector, [0.0] * count), before)
            of = None
            if origin is not None:
                place = b.gep(origin, [I64((row * _VECTORS + at) * count)])
                of = b.load(b.bitcast(place, vector.as_pointer()), align=4)
            product = b.fmul(*term(b, entry, columns[at], of), flags=_FUSED)
            new[row].append(b.fadd(held[row][at], product, flags=_FUSED))
            held[row][at].add_incoming(new[row][at], loop)
    following = b.add(step, I64(1))
    step.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, last), loop, after)
    b.position_at_end(after)
    return new


_FUSED = ("contract", "nsz")


def _plain(b: Any, left: Any, right: Any, origin: Any) -> tuple[Any, Any]:
    return left, right


def _squared(b: Any, left: Any, right: Any, origin: Any) -> tuple[Any, Any]:
    difference = b.fsub(left, right, flags=("nsz",))
    return difference, difference


def _pulled(b: Any, left: Any, right: Any, origin: Any) -> tuple[Any, Any]:
    return left, b.fsub(right, origin, flags=("nsz",))


TILES: dict[str, Term] = {"tile": _plain, "distance_tile": _squared, "pull_tile": _pulled}
"""The two that are multiplied in every step of a sum, by the name of the function of a tile: entries of
the factors, the squares of their differences, or those of the left factor and the differences of the right
from an origin, which has the shape of a tile."""


def _spread(b: Any, value: Any, count: int) -> Any:
    """A value in every lane."""
    vector = ir.VectorType(value.type, count)
    first = b.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    return b.shuffle_vector(
        first,
        ir.Constant(vector, ir.Undefined),
        ir.Constant(ir.VectorType(I32, count), [0] * count),
    )


def mask_of(b: Any, count: int, limit: Any, first: int) -> Any:
    """Which of the lanes from `first` on lie before the limit."""
    numbers = ir.Constant(ir.VectorType(I64, count), [first + lane for lane in range(count)])
    return b.icmp_signed("<", numbers, _spread(b, limit, count))


def masked_load(b: Any, place: Any, mask: Any, vector: Any) -> Any:
    """The lanes of a vector that a mask names, and zeros."""
    name = f"llvm.masked.load.v{vector.count}{_suffix(vector.element)}.p0"
    signature = ir.FunctionType(vector, [place.type, I32, mask.type, vector])
    zero = ir.Constant(vector, [0.0] * vector.count)
    return b.call(_declared(b, name, signature), [place, I32(4), mask, zero])


def masked_store(b: Any, value: Any, place: Any, mask: Any, vector: Any) -> None:
    """Store the lanes of a vector that a mask names."""
    name = f"llvm.masked.store.v{vector.count}{_suffix(vector.element)}.p0"
    signature = ir.FunctionType(ir.VoidType(), [vector, place.type, I32, mask.type])
    b.call(_declared(b, name, signature), [value, place, I32(4), mask])


def _suffix(kind: Any) -> str:
    return "f32" if isinstance(kind, ir.FloatType) else "f64"


def _declared(b: Any, name: str, signature: Any) -> Any:
    found = b.module.globals.get(name)
    return ir.Function(b.module, signature, name) if found is None else found
