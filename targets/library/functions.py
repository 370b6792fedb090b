"""The C functions of a kernel, built around the `entry` that the CPU target makes of its text.

A call's table stands in its workspace, in 64-bit words: a lock and the record of a bad position, the
slots and values that `entry` reads, the sizes, the places of the results; then, from the next line of
the processor's cache on, the blocks for partial results. So a call has no state elsewhere, and its
chunks can be run by any threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llvmlite import ir
from objc.targets.library.interface import Interface, Parameter
from objc.targets.library.plan import F64, LINE, Plan
from objc.targets.library.status import Status
from objc.targets.library.whole import I64

I8, I32, F32 = ir.IntType(8), ir.IntType(32), ir.FloatType()
ELEMENTS = {"float32": F32, "float64": F64, "int64": I64}
BYTES = {"float32": 4, "float64": 8, "int64": 8}
WORDS = ir.PointerType(I64)
TEXT = ir.PointerType(I8)
ERROR = ir.LiteralStructType([TEXT, I64, I64, I64, I64, TEXT])
ALL = (1 << 63) - 1

LOCK, RANK, RECORD, FORM, HEAD = 0, 1, 5, 6, 8
"""Words of the workspace: the lock, the rank and what follows it (site, position, extent, example), the
form where there are two (see `choice`), and where the slots begin."""


class Functions:
    """Adds the functions of one kernel to the module that holds its `entry`."""

    def __init__(
        self, module: ir.Module, interface: Interface, metadata: Mapping[str, Any]
    ) -> None:
        self.module = module
        self.interface = interface
        self.metadata = metadata
        self.sizes = interface.of("size")
        self.results = interface.of("result", "scalar")
        self.at_values = HEAD + len(metadata["slots"])
        self.at_sizes = self.at_values + len(metadata["values"])
        self.at_results = self.at_sizes + len(self.sizes)
        self.head = (self.at_results + len(self.results)) * 8
        self.entry = module.get_global("entry")
        self.entry.linkage = "internal"

    def add(self) -> None:
        """All of them; `SYMBOL` itself last, since it calls the others."""
        self.add_workspace()
        self.add_scratch()
        self.add_chunks()
        self.add_begin()
        self.add_run()
        self.add_end()
        self.add_whole()

    # -------------------------------------------------------------- sizes

    def add_workspace(self) -> None:
        """`int64_t SYMBOL_workspace(sizes)`: bytes, or a status, negated."""
        function = self._function("workspace", I64, [I64] * len(self.sizes))
        b = self._start(function)
        self._return_if(b, self._negative(b, function.args), -Status.INVALID_SIZE, I64)
        plan = self._plan(b, function.args)
        self._return_if(b, b.not_(plan.fits), -Status.OUT_OF_MEMORY, I64)
        b.ret(plan.total)

    def add_scratch(self) -> None:
        """`int64_t SYMBOL_scratch(sizes)`: bytes for each thread."""
        function = self._function("scratch", I64, [I64] * len(self.sizes))
        b = self._start(function)
        self._return_if(b, self._negative(b, function.args), -Status.INVALID_SIZE, I64)
        plan = self._plan(b, function.args)
        self._return_if(b, b.not_(plan.fits), -Status.OUT_OF_MEMORY, I64)
        b.ret(plan.scratch)

    def add_chunks(self) -> None:
        """`int64_t SYMBOL_chunks(step, sizes)`: how many, or a status, negated."""
        function = self._function("chunks", I64, [I64] * (1 + len(self.sizes)))
        step, *sizes = function.args
        b = self._start(function)
        self._return_if(b, self._negative(b, sizes), -Status.INVALID_SIZE, I64)
        plan = self._plan(b, sizes)
        self._return_if(b, b.not_(plan.fits), -Status.OUT_OF_MEMORY, I64)
        found: Any = I64(-Status.INVALID_STEP)
        for number, chunks in enumerate(plan.chunks):
            found = b.select(b.icmp_signed("==", step, I64(number)), chunks, found)
        b.ret(found)

    def _plan(self, b: Any, sizes: Any) -> Plan:
        named = {one.key: size for one, size in zip(self.sizes, sizes, strict=True)}
        plan = Plan(b, self.metadata, named, -(-self.head // LINE) * LINE)
        for one in self.interface.of("array", "result"):
            plan.hold(one.shape)
        return plan

    def _negative(self, b: Any, sizes: Any) -> Any:
        found: Any = ir.IntType(1)(0)
        for size in sizes:
            found = b.or_(found, b.icmp_signed("<", size, I64(0)))
        return found

    # -------------------------------------------------------------- a call in parts

    def add_begin(self) -> None:
        """`int SYMBOL_begin(sizes, inputs, results, workspace, error)`: checks what is given and
        fills the table."""
        function = self._function("begin", I32, [*self._given(), WORDS, ir.PointerType(ERROR)])
        *given, workspace, error = function.args
        value = dict(zip(self.interface.parameters, given, strict=True))
        b = self._start(function)
        self._refuse(b, self._is_null(b, workspace), Status.MISSING_ARRAY, "workspace", error)
        self._check(b, value, error)
        sizes = [value[one] for one in self.sizes]
        plan = self._plan(b, sizes)
        self._return_if(b, b.not_(plan.fits), Status.OUT_OF_MEMORY, I32)
        for word in range(HEAD):
            self._put(b, workspace, word, I64(0))
        for number, size in enumerate(sizes):
            self._put(b, workspace, self.at_sizes + number, size)
        for number, one in enumerate(self.results):
            place = b.ptrtoint(value[one], I64)
            self._put(b, workspace, self.at_results + number, place)
        self._fill(b, workspace, plan, value)
        b.ret(I32(Status.OK))

    def _fill(self, b: Any, workspace: Any, plan: Plan, value: Mapping[Parameter, Any]) -> None:
        """The slots and values of the kernel's table. A dimension, an input and a result may have one
        name."""
        inputs = {one.key: value[one] for one in self.interface.of("array", "number", "integer")}
        results = {one.key: value[one] for one in self.interface.of("result")}
        base = b.ptrtoint(workspace, I64)
        base = b.and_(b.add(base, I64(LINE - 1)), I64(-LINE))
        numbers = dict(plan.numbers)
        numbers |= {place: b.add(base, offset) for place, offset in plan.blocks}
        for place, what in enumerate(self.metadata["slots"]):
            if what[0] == "input":
                numbers[place] = b.ptrtoint(inputs[what[1]], I64)
            elif what[0] == "integer":
                numbers[place] = inputs[what[1]]
            elif what[0] == "output":
                key = self.metadata["tensors"][what[1]][0]
                numbers[place] = b.ptrtoint(results[key], I64)
        for place, number in numbers.items():
            self._put(b, workspace, HEAD + place, number)
        for place, (kind, name) in enumerate(self.metadata["values"]):
            number = inputs[name] if kind == "input" else F64(0.0)
            b.store(number, self._value(b, workspace, place))

    def _check(self, b: Any, value: Mapping[Parameter, Any], error: Any) -> None:
        for one in self.sizes:
            wrong = b.icmp_signed("<", value[one], I64(0))
            self._refuse(b, wrong, Status.INVALID_SIZE, one.key, error)
        sizes = {one.key: value[one] for one in self.sizes}
        for one in self.interface.of("array", "result"):
            empty = b.icmp_unsigned("==", b.ptrtoint(value[one], I64), I64(0))
            count: Any = I64(1)
            for size in one.shape:
                count = b.mul(count, sizes[size] if isinstance(size, str) else I64(size))
            wrong = b.and_(empty, b.icmp_signed("!=", count, I64(0)))
            name = one.name if one.kind == "result" else one.key  # what the text has no name for
            self._refuse(b, wrong, Status.MISSING_ARRAY, name, error)
        for one in self.interface.of("number", "integer"):
            if one.bounds is not None:
                outside = b.not_(_inside(b, value[one], one))
                self._refuse(b, outside, Status.OUTSIDE_DOMAIN, one.key, error)

    def _refuse(self, b: Any, wrong: Any, status: Status, name: str, error: Any) -> None:
        with b.if_then(wrong, likely=False):
            numbers = [I64(-1), I64(0), I64(0), I64(-1)]
            self._report(b, error, self._text(name), numbers, TEXT(None))
            b.ret(I32(status))

    def _report(self, b: Any, error: Any, name: Any, numbers: Sequence[Any], index: Any) -> None:
        """Fill the caller's record, where there is one."""
        there = b.icmp_unsigned("!=", b.ptrtoint(error, I64), I64(0))
        with b.if_then(there):
            for place, value in enumerate([name, *numbers, index]):
                b.store(value, b.gep(error, [I32(0), I32(place)]))

    def add_run(self) -> None:
        """`int SYMBOL_run(workspace, step, first, last, scratch)`: chunks of one step."""
        function = self._function("run", I32, [WORDS, I64, I64, I64, WORDS])
        workspace, step, first, last, scratch = function.args
        b = self._start(function)
        self._return_if(b, self._is_null(b, workspace), Status.MISSING_ARRAY, I32)
        sizes = [self._get(b, workspace, self.at_sizes + n) for n in range(len(self.sizes))]
        plan = self._plan(b, sizes)
        chunks: Any = I64(-1)
        for number, count in enumerate(plan.chunks):
            chunks = b.select(b.icmp_signed("==", step, I64(number)), count, chunks)
        wrong = b.or_(
            b.icmp_signed("<", first, I64(0)), b.icmp_signed(">", last, chunks)
        )  # fmt: skip
        wrong = b.or_(wrong, b.icmp_signed("<", last, first))
        self._return_if(b, wrong, Status.INVALID_STEP, I32)
        self._return_if(b, b.icmp_signed("==", first, last), Status.OK, I32)
        missing = b.icmp_unsigned("==", b.ptrtoint(scratch, I64), I64(0))
        place = b.alloca(WORDS)
        b.store(scratch, place)
        with b.if_then(missing):
            made = self._allocate(b, plan.scratch)
            self._return_if(b, self._is_null(b, made), Status.OUT_OF_MEMORY, I32)
            b.store(made, place)
        held = b.load(place)
        end = b.add(step, I64(1))
        status = self._steps(b, workspace, held, (step, end, first, last))
        with b.if_then(missing):
            self._free(b, held)
        b.ret(status)

    def _steps(self, b: Any, workspace: Any, scratch: Any, bounds: Any) -> Any:
        """Steps and chunks in this thread, and the status."""
        address = b.ptrtoint(scratch, I64)
        address = b.and_(b.add(address, I64(LINE - 1)), I64(-LINE))
        record = b.inttoptr(address, WORDS)
        b.store(I64(0), record)
        slots = b.gep(workspace, [I64(HEAD)])
        values = self._value(b, workspace, 0)
        b.call(self.entry, [slots, values, address, *bounds])
        rank = b.load(record)
        with b.if_then(b.icmp_signed("!=", rank, I64(0)), likely=False):
            b.call(self._merge(), [workspace, record])
        stopped = b.icmp_signed("==", rank, I64(3))
        return b.select(stopped, I32(Status.INDEX_OUT_OF_RANGE), I32(Status.OK))

    def _merge(self) -> Any:
        """Keeps the worse of two records of bad positions, of equal ones that of the earlier
        example, whichever thread comes first."""
        if "merge" in self.module.globals:
            return self.module.get_global("merge")
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [WORDS, WORDS]), "merge")
        function.linkage = "internal"
        workspace, record = function.args
        b = self._start(function)
        spin, held = b.append_basic_block("spin"), b.append_basic_block("held")
        b.branch(spin)
        b.position_at_end(spin)
        got = b.cmpxchg(workspace, I64(0), I64(1), "acquire", "monotonic")
        b.cbranch(b.extract_value(got, 1), held, spin)
        b.position_at_end(held)
        old, new = self._get(b, workspace, RANK), b.load(record)
        earlier = b.icmp_signed(
            "<", self._get(b, record, 4), self._get(b, workspace, RANK + 4)
        )  # fmt: skip
        same = b.and_(b.icmp_signed("==", new, old), earlier)
        with b.if_then(b.or_(b.icmp_signed(">", new, old), same)):
            for word in range(RECORD):
                self._put(b, workspace, RANK + word, self._get(b, record, word))
        b.store_atomic(I64(0), workspace, "release", 8)
        b.ret_void()
        return function

    def add_end(self) -> None:
        """`int SYMBOL_end(workspace, error)`: hands out the scalars, and says how it went."""
        function = self._function("end", I32, [WORDS, ir.PointerType(ERROR)])
        workspace, error = function.args
        b = self._start(function)
        self._refuse(b, self._is_null(b, workspace), Status.MISSING_ARRAY, "workspace", error)
        for number, one in enumerate(self.results):
            if one.kind == "scalar":
                self._hand_out(b, workspace, number, one)
        self._copies(b, workspace)
        rank = self._get(b, workspace, RANK)
        self._return_if(b, b.icmp_signed("==", rank, I64(0)), Status.OK, I32)
        sites = self.metadata["sites"]
        if sites:
            hard = b.icmp_signed("==", rank, I64(3))
            hidden = b.and_(b.not_(hard), b.not_(self._shows(b, workspace)))
            self._return_if(b, hidden, Status.OK, I32)
            site = self._get(b, workspace, RANK + 1)
            texts = [self._text(tensor) for tensor, _ in sites]
            names = self._table("names", TEXT, texts)
            axes = self._table("axes", I64, [I64(axis) for _, axis in sites])
            held = {(tensor, axis): name for tensor, axis, name in self.interface.gathers}
            given = [held.get((tensor, axis)) for tensor, axis in sites]
            indices = self._table(
                "indices", TEXT, [TEXT(None) if one is None else self._text(one) for one in given]
            )
            rest = [self._get(b, workspace, RANK + word) for word in (2, 3, 4)]
            name, axis, index = (
                b.load(b.gep(table, [I32(0), site])) for table in (names, axes, indices)
            )
            self._report(b, error, name, [axis, *rest], index)
        b.ret(I32(Status.INDEX_OUT_OF_RANGE))

    def _hand_out(self, b: Any, workspace: Any, number: int, one: Parameter) -> None:
        place = self._get(b, workspace, self.at_results + number)
        with b.if_then(b.icmp_unsigned("!=", place, I64(0))):
            slot = self.metadata["scalars"][one.key]
            held = b.load(self._value(b, workspace, slot))
            kind = ELEMENTS[one.element]
            value = b.fptosi(held, I64) if kind == I64 else held
            b.store(value, b.inttoptr(place, ir.PointerType(kind)))

    def _copies(self, b: Any, workspace: Any) -> None:
        """Where two results are the same tensor, the second array is a copy."""
        number_of = {one.key: number for number, one in enumerate(self.results)}
        for keys in self.metadata["tensors"].values():
            first, *others = (number_of[key] for key in keys)
            for other in others:
                one = self.results[first]
                count = b.mul(self._count(b, workspace, one), I64(BYTES[one.element]))
                ends = [self._get(b, workspace, self.at_results + n) for n in (other, first)]
                copy = self.module.declare_intrinsic("llvm.memcpy", [TEXT, TEXT, I64])
                pointers = [b.inttoptr(end, TEXT) for end in ends]
                b.call(copy, [*pointers, count, ir.IntType(1)(0)])

    def _count(self, b: Any, workspace: Any, one: Parameter) -> Any:
        """The entries of a result."""
        places = {size.key: self.at_sizes + number for number, size in enumerate(self.sizes)}
        count: Any = I64(1)
        for size in one.shape:
            known = isinstance(size, str)
            factor = self._get(b, workspace, places[str(size)]) if known else I64(size)
            count = b.mul(count, factor)
        return count

    def _shows(self, b: Any, workspace: Any) -> Any:
        """Whether some result is not a number: a bad position that was taken shows in one."""
        found: Any = ir.IntType(1)(0)
        for number, one in enumerate(self.results):
            if one.element == "int64":
                continue
            if one.kind == "scalar":
                value = b.load(self._value(b, workspace, self.metadata["scalars"][one.key]))
                found = b.or_(found, b.fcmp_unordered("uno", value, value))
            else:
                place = self._get(b, workspace, self.at_results + number)
                pointer = b.inttoptr(place, ir.PointerType(ELEMENTS[one.element]))
                some = b.call(self._any_nan(one.element), [pointer, self._count(b, workspace, one)])
                found = b.or_(found, some)
        return found

    def _any_nan(self, element: str) -> Any:
        name, kind = f"any_nan_{element}", ELEMENTS[element]
        if name in self.module.globals:
            return self.module.get_global(name)
        boolean = ir.IntType(1)
        function = ir.Function(
            self.module, ir.FunctionType(boolean, [ir.PointerType(kind), I64]), name
        )
        function.linkage = "internal"
        pointer, count = function.args
        b = self._start(function)
        before = b.block
        loop, after = b.append_basic_block("loop"), b.append_basic_block("after")
        b.cbranch(b.icmp_signed(">", count, I64(0)), loop, after)
        b.position_at_end(loop)
        place, so_far = b.phi(I64), b.phi(boolean)
        value = b.load(b.gep(pointer, [place]))
        found = b.or_(so_far, b.fcmp_unordered("uno", value, value))
        following = b.add(place, I64(1))
        for phi, first, next_value in (
            (place, I64(0), following),
            (so_far, boolean(0), found),
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(next_value, loop)
        b.cbranch(b.icmp_signed("<", following, count), loop, after)
        b.position_at_end(after)
        result = b.phi(boolean)
        result.add_incoming(boolean(0), before)
        result.add_incoming(found, loop)
        b.ret(result)
        return function

    # -------------------------------------------------------------- a call as a whole

    def add_whole(self) -> None:
        """`int SYMBOL(sizes, inputs, results, error)`: all steps in this thread."""
        function = self._function("", I32, [*self._given(), ir.PointerType(ERROR)])
        *given, error = function.args
        b = self._start(function)
        sizes = given[: len(self.sizes)]
        room = b.call(self._own("workspace"), sizes)
        impossible = b.icmp_signed("<", room, I64(0))
        size = b.select(impossible, I64(self.head + LINE), room)
        scratch = b.call(self._own("scratch"), sizes)
        more = b.select(impossible, I64(0), scratch)
        made = self._allocate(b, b.add(size, more))
        self._return_if(b, self._is_null(b, made), Status.OUT_OF_MEMORY, I32)
        status = b.alloca(I32)
        begun = b.call(self._own("begin"), [*given, made, error])
        b.store(begun, status)
        with b.if_then(b.icmp_signed("==", begun, I32(0))):
            offset = b.add(b.ptrtoint(made, I64), size)
            held = b.inttoptr(offset, WORDS)
            steps = len(self.metadata["steps"])
            self._steps(b, made, held, (I64(0), I64(steps), I64(0), I64(ALL)))
            b.store(b.call(self._own("end"), [made, error]), status)
        self._free(b, made)
        b.ret(b.load(status))

    # -------------------------------------------------------------- pieces

    def _given(self) -> list[Any]:
        return types_of(self.interface)

    def _function(self, part: str, result: Any, arguments: list[Any]) -> Any:
        name = f"{self.interface.symbol}_{part}" if part else self.interface.symbol
        function = ir.Function(self.module, ir.FunctionType(result, arguments), name)
        function.attributes.add("nounwind")
        return function

    def _own(self, part: str) -> Any:
        return self.module.get_global(f"{self.interface.symbol}_{part}")

    def _start(self, function: Any) -> Any:
        return ir.IRBuilder(function.append_basic_block("begin"))

    def _return_if(self, b: Any, condition: Any, status: int, kind: Any) -> None:
        with b.if_then(condition, likely=False):
            b.ret(kind(int(status)))

    def _put(self, b: Any, words: Any, place: int, value: Any) -> None:
        b.store(value, b.gep(words, [I64(place)]))

    def _get(self, b: Any, words: Any, place: int) -> Any:
        return b.load(b.gep(words, [I64(place)]))

    def _value(self, b: Any, workspace: Any, place: int) -> Any:
        pointer = b.gep(workspace, [I64(self.at_values + place)])
        return b.bitcast(pointer, ir.PointerType(F64))

    def _is_null(self, b: Any, pointer: Any) -> Any:
        return b.icmp_unsigned("==", b.ptrtoint(pointer, I64), I64(0))

    def _allocate(self, b: Any, size: Any) -> Any:
        return b.call(self._declared("malloc", WORDS, I64), [size])

    def _free(self, b: Any, pointer: Any) -> None:
        b.call(self._declared("free", ir.VoidType(), WORDS), [pointer])

    def _declared(self, name: str, result: Any, argument: Any) -> Any:
        found = self.module.globals.get(name)
        return found or ir.Function(self.module, ir.FunctionType(result, [argument]), name)

    def _text(self, text: str) -> Any:
        """A text of C, as a constant."""
        data = bytearray(text.encode("utf-8") + b"\0")
        kind = ir.ArrayType(I8, len(data))
        return self._constant(f"text_{len(self.module.globals)}", kind, ir.Constant(kind, data))

    def _table(self, name: str, element: Any, values: list[Any]) -> Any:
        kind = ir.ArrayType(element, len(values))
        held = ir.GlobalVariable(self.module, kind, name)
        held.initializer = ir.Constant(kind, values)
        held.global_constant, held.linkage = True, "internal"
        return held

    def _constant(self, name: str, kind: Any, value: Any) -> Any:
        held = ir.GlobalVariable(self.module, kind, name)
        held.initializer, held.global_constant, held.linkage = value, True, "internal"
        return held.bitcast(TEXT)


def types_of(interface: Interface) -> list[Any]:
    """The types of a function's parameters, before the error."""
    return [_type(one) for one in interface.parameters]


def _type(one: Parameter) -> Any:
    match one.kind:
        case "size" | "integer":
            return I64
        case "number":
            return F64
        case _:
            return ir.PointerType(ELEMENTS[one.element])


def _inside(b: Any, value: Any, one: Parameter) -> Any:
    """Whether a number lies in its domain; one that is not a number lies in none."""
    assert one.bounds is not None
    low, high, outside = one.bounds
    whole = one.kind == "integer"
    compare = b.icmp_signed if whole else b.fcmp_ordered
    if whole:
        held: Any = ir.IntType(1)(1)
        ends = (low, high)
    else:  # finite
        held = ir.IntType(1)(1)
        ends = (-_GREATEST if low is None else low, _GREATEST if high is None else high)
    for end, sign in zip(ends, (">", "<"), strict=True):
        if end is not None:
            strict = outside and abs(end) != _GREATEST
            constant = I64(int(end)) if whole else F64(end)
            held = b.and_(held, compare(sign if strict else f"{sign}=", value, constant))
    return held


_GREATEST = float.fromhex("0x1.fffffffffffffp+1023")
