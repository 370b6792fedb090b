"""Entries of a matrix on their way into panels, or into the turned matrix, through the registers of a
processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from objc.targets.cpu.mathematics.tile import (
    I32,
    I64,
    lanes_of,
    mask_of,
    masked_load,
    masked_store,
)

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


def build_turned_copy(
    b: Any, bits: int, goal: Any, down: Any, source: Any, across: Any, rows: Any, columns: Any
) -> None:
    """goal[r·down + c] = source[c·across + r] for all r below `rows`, c below `columns`: squares as wide as a
    vector go through the registers. Lanes beyond the edge are masked, and for vectors beyond it the last one
    is taken again."""
    kind = source.type.pointee
    count = lanes_of(bits, kind)
    vector = ir.VectorType(kind, count)

    def place_in(array: Any, offset: Any) -> Any:
        return b.bitcast(b.gep(array, [offset]), vector.as_pointer())

    def square(row: Any, column: Any) -> None:
        mask = mask_of(b, count, b.sub(rows, row), 0)
        last = b.sub(columns, I64(1))
        held = []
        for step in range(count):
            at = b.add(column, I64(step))
            at = b.select(b.icmp_signed("<", at, last), at, last)
            held.append(
                masked_load(b, place_in(source, b.add(b.mul(at, across), row)), mask, vector)
            )
        mask = mask_of(b, count, b.sub(columns, column), 0)
        end = b.function.append_basic_block("turned")
        for step, one in enumerate(_turned(b, held)):
            at = b.add(row, I64(step))
            inside = b.function.append_basic_block("turned.row")
            b.cbranch(b.icmp_signed("<", at, rows), inside, end)
            b.position_at_end(inside)
            masked_store(b, one, place_in(goal, b.add(b.mul(at, down), column)), mask, vector)
        b.branch(end)
        b.position_at_end(end)

    _each(b, columns, count, lambda column: _each(b, rows, count, lambda row: square(row, column)))


def _each(b: Any, limit: Any, step: int, work: Callable[[Any], None]) -> None:
    """A loop over the multiples of a step that lie below a limit."""
    before, body = b.block, b.function.append_basic_block("turn")
    after = b.function.append_basic_block("turn.end")
    b.cbranch(b.icmp_signed(">", limit, I64(0)), body, after)
    b.position_at_end(body)
    counter = b.phi(I64)
    counter.add_incoming(I64(0), before)
    work(counter)
    following = b.add(counter, I64(step))
    counter.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, limit), body, after)
    b.position_at_end(after)


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
