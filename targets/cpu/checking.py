"""The machine code of `binding`: looks at the arguments of a call, fills the kernel's table and calls it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from objc.targets.cpu import binding, loading
from objc.targets.cpu.binding import HEAD, NAME

OTHER = -1
"""What `call` returns where an argument is of another kind; else the rank of the worst bad position."""

I64, I32 = ir.IntType(64), ir.IntType(32)
WORDS = ir.PointerType(I64)
ALL = (1 << 62) - 1


def text() -> str:
    """`int64 call(frame, tuple)` as LLVM's text."""
    module = ir.Module("call")
    Checks(module).write()
    return str(module)


def compiled() -> list[bytes]:
    """Its object code."""
    with loading.lock:
        return [loading.object_of(text())]


class Checks:
    """Writes `call`. Addresses are whole numbers."""

    def __init__(self, module: ir.Module) -> None:
        self.function = ir.Function(module, ir.FunctionType(I64, [I64, I64]), NAME)
        self.frame, self.given = self.function.args
        self.b: Any = ir.IRBuilder(self.function.append_basic_block("begin"))

    def write(self) -> None:
        """All of it."""
        b = self.b
        slots, values, scratch = (
            self._of(self.frame, word) for word in (binding.SLOTS, binding.VALUES, binding.SCRATCH)
        )
        self.count = self._of(self.frame, binding.COUNT)
        self._require(self._at(self.given, HEAD), self.count)
        items = b.add(self.given, self._of(self.frame, binding.ITEMS))
        with self._each() as (number, record):
            one = self._at(b.add(items, b.mul(number, I64(8))), 0)
            self._argument(one, record, slots)
        with self._each() as (number, record):
            is_result = b.icmp_signed("!=", self._of(record, binding.IS_RESULT), I64(0))
            with b.if_then(is_result):
                self._apart(number, record)
        b.store(I64(0), b.inttoptr(scratch, WORDS))
        kind = ir.FunctionType(ir.VoidType(), [I64] * 7)
        entry = b.inttoptr(self._of(self.frame, binding.ENTRY), ir.PointerType(kind))
        steps = self._of(self.frame, binding.STEPS)
        b.call(entry, [slots, values, scratch, I64(0), steps, I64(0), I64(ALL)])
        b.ret(self._at(scratch, 0))

    def _argument(self, one: Any, record: Any, slots: Any) -> None:
        """Whether an argument is of its kind."""
        b = self.b
        kind, holds = self._of(record, binding.TYPE), self._of(record, binding.HOLDS)
        with b.if_else(b.icmp_signed("==", kind, I64(0))) as (same, typed):
            with same:
                self._require(one, holds)
            with typed:
                self._require(self._at(one, HEAD - 8), kind)
                flags = self._of(record, binding.FLAGS)
                with b.if_else(b.icmp_signed("==", flags, I64(0))) as (number, array):
                    with number:
                        self._require(self._at(one, HEAD), holds)
                    with array:
                        self._array(one, record, flags, slots)

    def _array(self, one: Any, record: Any, flags: Any, slots: Any) -> None:
        """Whether an array has the entries, axes and flags; its place goes to the kernel's table."""
        b = self.b
        place, shape = self._at(one, HEAD), self._at(one, HEAD + 16)
        rank = self._of(record, binding.RANK)
        self._require(self._short(one, HEAD + 8), rank)
        self._require(self._at(one, HEAD + 40), self._of(record, binding.HOLDS))
        self._require(b.and_(self._short(one, HEAD + 48), flags), flags)
        with self._loop(rank) as axis:
            where = b.mul(axis, I64(8))
            wanted = self._at(b.add(record, where), 8 * binding.SHAPE)
            self._require(self._at(b.add(shape, where), 0), wanted)
        b.store(place, self._pointer(record, 8 * binding.PLACE))
        slot = self._of(record, binding.SLOT)
        with b.if_then(b.icmp_signed(">=", slot, I64(0))):
            b.store(place, self._pointer(b.add(slots, b.mul(slot, I64(8))), 0))

    def _apart(self, number: Any, record: Any) -> None:
        """Whether what receives a result shares no memory with another argument."""
        b = self.b
        begin = self._of(record, binding.PLACE)
        end = b.add(begin, self._of(record, binding.BYTES))
        with self._each() as (other, held):
            first = self._of(held, binding.PLACE)
            last = b.add(first, self._of(held, binding.BYTES))
            meets = b.and_(b.icmp_unsigned("<", begin, last), b.icmp_unsigned("<", first, end))
            meets = b.and_(meets, b.icmp_signed("!=", number, other))
            with b.if_then(meets, likely=False):
                b.ret(I64(OTHER))

    # -------------------------------------------------------------- pieces

    def _require(self, found: Any, wanted: Any) -> None:
        with self.b.if_then(self.b.icmp_signed("!=", found, wanted), likely=False):
            self.b.ret(I64(OTHER))

    @contextlib.contextmanager
    def _each(self) -> Iterator[tuple[Any, Any]]:
        """Each argument's number and record."""
        with self._loop(self.count) as number:
            offset = self.b.mul(number, I64(8 * binding.WIDTH))
            yield number, self.b.add(self.frame, self.b.add(offset, I64(8 * binding.RECORDS)))

    @contextlib.contextmanager
    def _loop(self, count: Any) -> Iterator[Any]:
        b, function = self.b, self.function
        before = b.block
        head, body, after = (function.append_basic_block(one) for one in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        number = b.phi(I64)
        number.add_incoming(I64(0), before)
        b.cbranch(b.icmp_signed("<", number, count), body, after)
        b.position_at_end(body)
        yield number
        number.add_incoming(b.add(number, I64(1)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def _of(self, words: Any, word: int) -> Any:
        return self._at(words, 8 * word)

    def _at(self, place: Any, offset: int) -> Any:
        return self.b.load(self._pointer(place, offset))

    def _short(self, place: Any, offset: int) -> Any:
        """A number of 32 bits."""
        pointer = self.b.inttoptr(self.b.add(place, I64(offset)), ir.PointerType(I32))
        return self.b.zext(self.b.load(pointer), I64)

    def _pointer(self, place: Any, offset: int) -> Any:
        return self.b.inttoptr(self.b.add(place, I64(offset)), WORDS)
