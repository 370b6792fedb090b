"""Entries of a matrix on their way into panels, or into the turned matrix, through the registers of a
processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from objc.targets.cpu.mathematics.tile import (
    I32,
    I64,
    lanes_of,
    masked_store,
)

# ---- copied into emitted modules from here on


def build_turn(b: Any, bits: int, goal: Any, source: Any, across: Any, size: int) -> None:
    """goal[p·size + e] = source[e·across + p] for all p below the lanes of a vector, e below `size`."""
    kind = source.type.pointee
    count = lanes_of(bits, kind)
    vector = ir.VectorType(kind, count)

    def square(first: Any, held: int) -> None:
        rows = [ir.Constant(vector, ir.Undefined)] * count
        for row in range(held):
            place = b.gep(source, [b.mul(across, b.add(first, I64(row)))])
            rows[row] = b.load(b.bitcast(place, vector.as_pointer()), align=kind_size(kind))
        for step, column in enumerate(_turned(b, rows)):
            place = b.gep(goal, [b.add(first, I64(step * size))])
            place = b.bitcast(place, vector.as_pointer())
            if held == count:
                b.store(column, place, align=kind_size(kind))
            else:
                mask = ir.Constant(ir.VectorType(ir.IntType(1), count), _ones(held, count))
                masked_store(b, column, place, mask, vector)

    whole, rest = divmod(size, count)
    if whole > 1:  # in a loop, which LLVM would write out: a square is hundreds of instructions
        _each(b, I64(0), _unknown(b, whole * count), count, lambda first: square(first, count))
    elif whole:
        square(I64(0), count)
    if rest:
        square(I64(whole * count), rest)


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
) -> Any:
    """goal[r·down + c] = source[c·across + r] for all r below `rows`, c below `columns`, where the matrix is
    at least as wide as a vector on one side and as a part of one on the other: whether it is.

    Blocks as long as a vector on the longer side and as a part on the other go through the registers: the
    parts of a vector, of four numbers (or two), are turned side by side. For what is less than a block the
    last whole one is taken again.
    """
    whole = lanes_of(bits, source.type.pointee)
    is_wide = b.and_(b.icmp_signed(">=", columns, rows), b.icmp_signed(">=", columns, I64(whole)))
    is_tall = b.and_(b.icmp_signed(">", rows, columns), b.icmp_signed(">=", rows, I64(whole)))
    done: Any = ir.IntType(1)(0)
    for part in (4,) if isinstance(source.type.pointee, ir.FloatType) else (4, 2):
        copy = _TurnedCopy(b, bits, goal, down, source, across, part)
        for fits, short, build in (
            (is_wide, rows, copy.build_gathers),
            (is_tall, columns, copy.build_scatters),
        ):
            fits = b.and_(fits, b.icmp_signed(">=", short, I64(part)))
            with b.if_then(b.and_(fits, b.not_(done))):
                build(rows, columns)
            done = b.or_(done, fits)
    return done


class _TurnedCopy:
    """A copy by parts of so many numbers."""

    def __init__(
        self, b: Any, bits: int, goal: Any, down: Any, source: Any, across: Any, part: int
    ) -> None:
        self.b, self.bits, self.part = b, bits, part
        self.goal, self.down, self.source, self.across = goal, down, source, across
        self.kind = source.type.pointee
        self.whole = lanes_of(bits, self.kind)

    def build_gathers(self, rows: Any, columns: Any) -> None:
        """The goal's rows are the longer ones."""

        def strip(column: Any) -> None:
            _each(self.b, I64(0), rows, self.part, lambda row: self._gather(row, column))

        _each(self.b, I64(0), columns, self.whole, strip)

    def build_scatters(self, rows: Any, columns: Any) -> None:
        """The source's rows are. Parts of 128 bits are written two at a time."""
        short = self.part * kind_size(self.kind) == 16
        even = self.b.and_(columns, I64(-2 * self.part)) if short else I64(0)

        def strip(row: Any) -> None:
            if short:
                _each(
                    self.b, I64(0), even, 2 * self.part,
                    lambda column: self._scatter(row, column, 2),
                )  # fmt: skip
            _each(self.b, even, columns, self.part, lambda column: self._scatter(row, column, 1))

        _each(self.b, I64(0), rows, self.whole, strip)

    def _gather(self, row: Any, column: Any) -> None:
        """Parts of as many rows of the source as a vector is long."""
        come = self._places(self.source, column, self.across, row, self.whole, self.part)
        held = [_joined(self.b, self._loaded(come[step :: self.part])) for step in range(self.part)]
        go = self._places(self.goal, row, self.down, column, self.part, self.whole)
        self._store(_turned(self.b, held), go)

    def _scatter(self, row: Any, column: Any, count: int) -> None:
        """As many parts side by side to as many rows of the goal as a vector is long."""
        come = self._places(self.source, column, self.across, row, count * self.part, self.whole)
        turned = [
            [self._kept(one) for one in _turned(self.b, self._loaded(come[at : at + self.part]))]
            for at in range(0, count * self.part, self.part)
        ]
        by_step = [self._parts(ones) for ones in zip(*turned, strict=True)]
        go = self._places(self.goal, row, self.down, column, self.whole, count * self.part)
        self._store([by_step[at % self.part][at // self.part] for at in range(self.whole)], go)

    def _places(
        self, array: Any, row: Any, across: Any, column: Any, count: int, size: int
    ) -> list[Any]:
        """Where vectors of a size begin in rows that follow each other, four from one address."""
        b = self.b
        found = [b.gep(array, [b.add(b.mul(row, across), column)])]
        for at in range(count - 1):
            found.append(b.gep(found[at - at % 4], [b.mul(across, I64(at % 4 + 1))]))
        return [b.bitcast(one, ir.VectorType(self.kind, size).as_pointer()) for one in found]

    def _loaded(self, places: Sequence[Any]) -> list[Any]:
        return [self.b.load(one, align=kind_size(self.kind)) for one in places]

    def _store(self, vectors: Sequence[Any], places: Sequence[Any]) -> None:
        for vector, place in zip(vectors, places, strict=True):
            self.b.store(vector, place, align=kind_size(self.kind))

    def _kept(self, vector: Any) -> Any:
        """A vector that LLVM makes as a whole, where it would make each of the parts that are stored."""
        kind = ir.FunctionType(vector.type, [vector.type])
        where = "=v,0" if self.bits == 512 else "=x,0"
        return self.b.asm(kind, "", where, [vector], side_effect=False)

    def _parts(self, vectors: Sequence[Any]) -> list[Any]:
        """The parts of a vector by place, or those of two end to end."""
        whole, part = self.whole, self.part
        ends = list(vectors)
        if len(vectors) > 1:
            order = [
                place + side * whole + lane
                for place in range(0, whole, part)
                for side in (0, 1)
                for lane in range(part)
            ]
            orders = (order[:whole], order[whole:])
            ends = [self._kept(_shuffled(self.b, vectors[0], vectors[1], one)) for one in orders]
        undefined = ir.Constant(vectors[0].type, ir.Undefined)
        size = part * len(vectors)
        return [
            _shuffled(self.b, end, undefined, list(range(first, first + size)))
            for end in ends
            for first in range(0, whole, size)
        ]


def _each(b: Any, first: Any, limit: Any, step: int, work: Callable[[Any], None]) -> None:
    """A loop in steps from the first to a limit, which the last step does not pass: it begins earlier."""
    before, body = b.block, b.function.append_basic_block("turn")
    after = b.function.append_basic_block("turn.end")
    b.cbranch(b.icmp_signed(">", limit, first), body, after)
    b.position_at_end(body)
    counter = b.phi(I64)
    counter.add_incoming(first, before)
    last = b.sub(limit, I64(step))
    work(b.select(b.icmp_signed("<", counter, last), counter, last))
    following = b.add(counter, I64(step))
    counter.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, limit), body, after)
    b.position_at_end(after)


def _unknown(b: Any, number: int) -> Any:
    """A number of which LLVM does not know what it is."""
    kind = ir.FunctionType(I64, [I64])
    return b.asm(kind, "", "=r,0", [I64(number)], side_effect=False)


def kind_size(kind: Any) -> int:
    """Bytes of a number."""
    return 4 if isinstance(kind, ir.FloatType) else 8


def _ones(held: int, count: int) -> list[int]:
    return [1] * held + [0] * (count - held)


def _turned(b: Any, rows: list[Any]) -> list[Any]:
    """As many vectors as each of their parts is long, all parts turned as squares: rows a half apart are
    interleaved, as often as the number of rows can be halved (a perfect shuffle of the bits of a number's
    place)."""
    count, lanes = len(rows), rows[0].type.count
    half = count // 2
    low = [
        part + lane + lanes * side
        for part in range(0, lanes, count)
        for lane in range(half)
        for side in (0, 1)
    ]
    high = [one + half for one in low]
    for _ in range(count.bit_length() - 1):
        pairs = [(rows[at], rows[at + half]) for at in range(half)]
        rows = [_shuffled(b, one, other, order) for one, other in pairs for order in (low, high)]
    return rows


def _joined(b: Any, parts: list[Any]) -> Any:
    """Vectors end to end, a power of two of them."""
    while len(parts) > 1:
        order = list(range(2 * parts[0].type.count))
        parts = [
            _shuffled(b, one, other, order)
            for one, other in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]


def _shuffled(b: Any, one: Any, other: Any, order: list[int]) -> Any:
    mask = ir.Constant(ir.VectorType(I32, len(order)), order)
    return b.shuffle_vector(one, other, mask)
