"""Entries of a matrix on their way into panels, through the registers of a processor."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from objc.targets.cpu.mathematics.tile import I32, I64, lanes_of, masked_store

# ---- copied into emitted modules from here on


def build_turn(b: Any, bits: int, goal: Any, source: Any, across: Any, size: int) -> None:
    """goal[p·size + e] = source[e·across + p] for all p below the lanes of a vector, e below `size`."""
    kind = source.type.pointee
    count = lanes_of(bits, kind)
    vector = ir.VectorType(kind, count)
    for first in range(0, size, count):
        held = min(count, size - first)
        rows = [ir.Constant(vector, ir.Undefined)] * count
        for row in range(held):
            place = b.gep(source, [b.mul(across, I64(first + row))])
            rows[row] = b.load(b.bitcast(place, vector.as_pointer()), align=kind_size(kind))
        for step, column in enumerate(_turned(b, rows)):
            place = b.gep(goal, [I64(step * size + first)])
            place = b.bitcast(place, vector.as_pointer())
            if held == count:
                b.store(column, place, align=kind_size(kind))
            else:
                mask = ir.Constant(ir.VectorType(ir.IntType(1), count), _ones(held, count))
                masked_store(b, column, place, mask, vector)


def build_move(b: Any, bits: int, goal: Any, source: Any, size: int) -> None:
    """goal[e] = source[e] for all e below `size`, in the largest vectors."""
    kind = source.type.pointee
    first = 0
    while first < size:
        width = min(lanes_of(bits, kind), 1 << (size - first).bit_length() - 1)
        vector = ir.VectorType(kind, width).as_pointer()
        come, go = (b.bitcast(b.gep(one, [I64(first)]), vector) for one in (source, goal))
        b.store(b.load(come, align=kind_size(kind)), go, align=kind_size(kind))
        first += width


def kind_size(kind: Any) -> int:
    """Bytes of a number."""
    return 4 if isinstance(kind, ir.FloatType) else 8


def _ones(held: int, count: int) -> list[int]:
    return [1] * held + [0] * (count - held)


def _turned(b: Any, rows: list[Any]) -> list[Any]:
    """The columns of a square of numbers: rows a half apart are interleaved, as often as the number
    of rows can be halved (a perfect shuffle of the bits of a number's place)."""
    count = len(rows)
    half = count // 2
    low = [lane + count * side for lane in range(half) for side in (0, 1)]
    high = [one + half for one in low]
    for _ in range(count.bit_length() - 1):
        pairs = [(rows[at], rows[at + half]) for at in range(half)]
        rows = [_shuffled(b, one, other, order) for one, other in pairs for order in (low, high)]
    return rows


def _shuffled(b: Any, one: Any, other: Any, order: list[int]) -> Any:
    mask = ir.Constant(ir.VectorType(I32, len(order)), order)
    return b.shuffle_vector(one, other, mask)
