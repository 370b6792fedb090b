"""The text of a kernel as LLVM for NVIDIA's devices, as `objc.targets.cpu.translation` for processors.

Arrays are of the device's global memory; those that nobody writes while a kernel runs are read past the
coherent cache. What the language of kernels has of CUDA are the places of a thread, shared arrays,
barriers, the exchange of registers within a warp, and the claim of an entry.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llvmlite import ir
from objc.targets.cpu import translation
from objc.targets.cpu.expressions import F32, F64, I64, TYPES, Array, Value
from objc.targets.cuda import teams

GLOBAL, SHARED = 1, 3
"""Address spaces."""

I32 = ir.IntType(32)
FLAGS = translation.STEP_FLAGS
_ALL = -1
_TWO_OVER_PI = (0, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041)
"""2/π as 64-bit words behind its point, after one of zeros."""

_OURS = ("sin", "cos", "tan")
"""Functions of `math` that are in `special` for float32."""
_REGISTERS = {"threadIdx": "tid", "blockIdx": "ctaid", "blockDim": "ntid", "gridDim": "nctaid"}


class BFloat(ir.HalfType):
    """The 16 high bits of a float32."""

    intrinsic_name = "bf16"

    def __str__(self) -> str:
        return "bfloat"


BFloat._create_instance()
SHORT = {"bfloat16": BFloat(), "float16": ir.HalfType()}
"""Types that arrays are stored in: what is read becomes float32, what is written is rounded."""


NARROW = {"int32": I32, "int16": ir.IntType(16), "int8": ir.IntType(8)}
"""Types that whole numbers are stored in beside int64."""


@dataclass(frozen=True)
class Constant(Array):
    """An array that nobody writes while the kernel runs. What is read of it `becomes` of another type, if
    that is given; of whole numbers of 8 bits, only `signed` ones have a sign."""

    becomes: Any = None
    signed: bool = True


def translate(text: str) -> ir.Module:
    """The module of a kernel's text: what is marked `@kernel` can be launched."""
    module = ir.Module("objc")
    module.triple = "nvptx64-nvidia-cuda"
    own = translation.functions_of(text)
    functions = {**library(), **own}
    for reduction in teams.needed(set(re.findall(r"\w+", text))):
        functions.update(translation.functions_of(reduction.text()))
    translator = Translator(module, functions, 0)
    for node in own.values():
        if any(isinstance(one, ast.Name) and one.id == "kernel" for one in node.decorator_list):
            _entry(translator, node)
    return module


@functools.lru_cache(maxsize=1)
def library() -> dict[str, ast.FunctionDef]:
    folder = Path(__file__).parent
    found = dict(translation.library())
    for name in ("sums", "special"):
        found.update(translation.functions_of((folder / f"{name}.py").read_text("utf-8")))
    return found


def _entry(translator: Translator, node: ast.FunctionDef) -> None:
    names = [one.arg for one in node.args.args]
    kinds = [_kind(name) for name in names]
    made = ir.Function(translator.module, ir.FunctionType(ir.VoidType(), kinds), node.name)
    made.calling_convention = "ptx_kernel"
    for argument, kind in zip(made.args, kinds, strict=True):
        if isinstance(kind, ir.PointerType):
            argument.add_attribute("noalias")
    Body(translator, made, node, FLAGS).fill(list(made.args))
    for one in node.body:
        match one:
            case ast.Assign(targets=[ast.Name(id="most_threads")], value=ast.Constant(value=most)):
                _hold_to(translator.module, made, int(most))  # type: ignore[arg-type]


def _hold_to(module: ir.Module, function: Any, threads: int) -> None:
    """Let the assembler give a function no more registers than blocks of so many threads have."""
    for name, number in (("maxntidx", threads), ("minctasm", 1)):
        what = ir.MetaDataString(module, name)
        said = module.add_metadata([function, what, I32(number)])
        module.add_named_metadata("nvvm.annotations", said)


def _kind(name: str) -> Any:
    """The type of a parameter, by the beginning of its name (see `layout`)."""
    if name.startswith("p_"):
        return ir.PointerType(ir.IntType(8), GLOBAL)
    return {"c": F32, "w": F64}.get(name[0], I64)


def _bytes(element: Any) -> int:
    return (
        2
        if isinstance(element, ir.HalfType)
        else {F32: 4, F64: 8}.get(element) or element.width // 8
    )


def _count(registers: Array) -> int:
    (extent,) = registers.shape
    return int(extent.constant)


class Translator(translation.Translator):
    """A module for a device being made."""

    def body(self) -> type[translation.Body]:
        return Body


class Body(translation.Body):
    """A function for a device being translated."""

    translator: Translator
    turn: int | None = None  # of a loop that is written out

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="cuda"), attr=what), attr="x"):
                return self._register(_REGISTERS[what])
            case ast.Name(id=name) if name.startswith("p_"):
                return self.variables[name]
            case ast.Name(id="u") if self.turn is not None:
                return I64(self.turn)
        return super()._value(node)

    def _register(self, name: str) -> Any:
        function = self._intrinsic(f"llvm.nvvm.read.ptx.sreg.{name}.x", I32, [])
        return self.b.zext(self.b.call(function, []), I64)

    def _intrinsic(self, name: str, result: Any, kinds: Sequence[Any]) -> Any:
        found = self.b.module.globals.get(name)
        if found is None:
            found = ir.Function(self.b.module, ir.FunctionType(result, kinds), name)
        return found

    def _binary(self, node: ast.AST, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, ast.FloorDiv):
            return self.b.udiv(left, right)
        if isinstance(op, ast.Mod):
            return self.b.urem(left, right)
        return super()._binary(node, op, left, right)

    # -------------------------------------------------------------- loops

    def _for(self, node: ast.For) -> None:
        ends = [self._value(one) for one in node.iter.args]  # type: ignore[attr-defined]
        first, last, step = (I64(0), *ends, I64(1)) if len(ends) == 1 else (*ends, I64(1))[:3]
        assert isinstance(node.target, ast.Name)
        if node.target.id == "u":
            self._written_out(node)
            return
        before, body = self.b.block, self.function.append_basic_block("loop")
        after = self.function.append_basic_block("after")
        self.b.cbranch(self.b.icmp_signed("<", first, last), body, after)
        self.b.position_at_end(body)
        counter = self.b.phi(I64, node.target.id)
        counter.add_incoming(first, before)
        self._bind(node.target.id, counter)
        self._block(node.body)
        if not self.b.block.is_terminated:
            following = self.b.add(counter, step, flags=("nsw", "nuw"))
            counter.add_incoming(following, self.b.block)
            self.b.cbranch(self.b.icmp_signed("<", following, last), body, after)
        self.b.position_at_end(after)

    def _written_out(self, node: ast.For) -> None:
        """A loop of few turns as so many statements, so that its registers have no addresses."""
        (count,) = node.iter.args  # type: ignore[attr-defined]
        for turn in range(count.value):
            self.turn = turn
            self._block(node.body)
        self.turn = None

    # -------------------------------------------------------------- arrays

    def _subscript(self, array: Array, where: ast.expr) -> Value:
        found = super()._subscript(array, where)
        if not isinstance(array, Constant):
            return found if isinstance(found, Array) else self._widened(found)
        if isinstance(found, Array):
            return replace(array, data=found.data, shape=found.shape)
        found.set_metadata("invariant.load", self.b.module.add_metadata([]))
        return self._became(array, found)

    def _became(self, array: Constant, value: Any) -> Any:
        """What was read, of the type that it is computed with in."""
        if array.becomes in (None, value.type):
            return self._widened(value)
        if isinstance(value.type, ir.IntType) and value.type != I64:
            value = (self.b.sext if array.signed else self.b.zext)(value, I64)
        return value if array.becomes == I64 else self._cast(self._widened(value), array.becomes)

    def _widened(self, value: Any) -> Any:
        """A number as it is computed with."""
        return self.b.fpext(value, F32) if isinstance(value.type, ir.HalfType) else value

    def _stored(self, value: Any, kind: Any) -> Any:
        if isinstance(kind, ir.HalfType):
            assert value.type == F32
            return self.b.fptrunc(value, kind)
        return super()._stored(value, kind)

    def _view(
        self, address: ast.expr, shape: ast.expr, kind: ast.expr, becomes: ast.expr | None = None
    ) -> Array:
        assert isinstance(kind, ast.Name) and isinstance(shape, ast.Tuple)
        assert isinstance(address, ast.Name)
        signed = kind.id != "uint8"
        element = {**TYPES, **SHORT, **NARROW, "uint8": NARROW["int8"]}[kind.id]
        data = self.b.bitcast(self._value(address), ir.PointerType(element, GLOBAL))
        extents = tuple(self._value(one) for one in shape.elts)
        if not address.id.startswith("p_in_"):
            return Array(data, element, extents)
        wanted = TYPES[becomes.id] if isinstance(becomes, ast.Name) else None
        return Constant(data, element, extents, wanted, signed)

    def _shared(self, count: ast.expr, kind: ast.expr) -> Array:
        assert isinstance(kind, ast.Name) and isinstance(count, ast.Constant)
        element = TYPES[kind.id]
        size = int(count.value)  # type: ignore[arg-type]
        if not size:
            return self._rows(element)
        name = f"cells.{len(self.b.module.globals)}"
        held = ir.GlobalVariable(self.b.module, ir.ArrayType(element, size), name, SHARED)
        held.linkage = "internal"
        held.align = 16
        held.initializer = ir.Constant(ir.ArrayType(element, size), ir.Undefined)
        data = self.b.bitcast(held, ir.PointerType(element, SHARED))
        return Array(data, element, (I64(size),))

    def _rows(self, element: Any) -> Array:
        """What a block shares beside what it declares: as much as the launch says."""
        held = self.b.module.globals.get(f"rows_{element}")
        if held is None:
            kind = ir.ArrayType(element, 0)
            held = ir.GlobalVariable(self.b.module, kind, f"rows_{element}", SHARED)
            held.linkage = "external"
            held.align = 16
        data = self.b.bitcast(held, ir.PointerType(element, SHARED))
        return Array(data, element, (I64(0),))

    def _bind(self, name: str, value: Value) -> None:
        """The address of an array is a name too, not a variable."""
        if isinstance(getattr(value, "type", None), ir.PointerType):
            self.variables[name] = value
        else:
            super()._bind(name, value)

    # -------------------------------------------------------------- calls

    def _call(self, node: ast.Call, function: ast.expr, arguments: Sequence[ast.expr]) -> Value:
        match function:
            case ast.Attribute(value=ast.Name(id="cuda"), attr="syncthreads"):
                return self._barrier("llvm.nvvm.barrier0", [])
            case ast.Attribute(value=ast.Name(id="cuda"), attr="syncwarp"):
                return self._barrier("llvm.nvvm.bar.warp.sync", [I32(_ALL)])
            case ast.Attribute(value=ast.Attribute(attr="shared"), attr="array"):
                return self._shared(arguments[0], arguments[1])
            case ast.Attribute(value=ast.Attribute(attr="local"), attr="array"):
                return self._registers(*arguments)
            case ast.Name(id="take"):
                return self._take(*map(self._value, arguments))
            case ast.Name(id="put"):
                return self._put(*map(self._value, arguments))
            case ast.Name(id="view"):
                return self._view(*arguments)
            case ast.Name(id="exchanged"):
                return self._exchanged(*map(self._value, arguments))
            case ast.Name(id="raised"):
                return self._raised(*map(self._value, arguments))
            case ast.Name(id="quarters"):
                return self._quarters(self._value(arguments[0]))
            case ast.Name(id="claimed"):
                return self._claimed(self._value(arguments[0]), self._value(arguments[1]))
        return super()._call(node, function, arguments)

    def _registers(self, count: ast.expr, kind: ast.expr) -> Array:
        assert isinstance(kind, ast.Name) and isinstance(count, ast.Constant)
        element, size = TYPES[kind.id], int(count.value)  # type: ignore[arg-type]
        held = self.start.alloca(ir.ArrayType(element, size))
        held.align = 16
        return Array(self.start.bitcast(held, ir.PointerType(element)), element, (I64(size),))

    def _quad(self, row: Array, first: Any, count: int) -> Any:
        space = row.data.type.addrspace
        kind = ir.PointerType(ir.VectorType(row.element, count), space)
        return self.b.bitcast(self._pointer(row, [first]), kind)

    def _take(self, registers: Array, row: Array, first: Any) -> None:
        count = _count(registers)
        found = self.b.load(
            self._quad(row, first, count), align=min(16, count * _bytes(row.element))
        )
        if isinstance(row, Constant):
            found.set_metadata("invariant.load", self.b.module.add_metadata([]))
        for place in range(count):
            part = self.b.extract_element(found, I32(place))
            part = self._became(row, part) if isinstance(row, Constant) else self._widened(part)
            self.b.store(part, self._pointer(registers, [I64(place)]))

    def _put(self, row: Array, first: Any, registers: Array) -> None:
        count = _count(registers)
        held = ir.Constant(ir.VectorType(row.element, count), ir.Undefined)
        for place in range(count):
            part = self.b.load(self._pointer(registers, [I64(place)]))
            part = self._stored(part, row.element)
            held = self.b.insert_element(held, part, I32(place))
        self.b.store(held, self._quad(row, first, count), align=16)

    def _barrier(self, name: str, arguments: Sequence[Any]) -> Any:
        function = self._intrinsic(name, ir.VoidType(), [one.type for one in arguments])
        function.attributes.add("convergent")
        return self.b.call(function, arguments)

    def _exchanged(self, value: Any, distance: Any) -> Any:
        """What the thread of this warp has whose number differs in one bit."""
        far = self.b.trunc(distance, I32)
        if value.type in (F32, I32):
            return self._shuffled(value, far)
        halves = self.b.bitcast(value, ir.VectorType(I32, 2))
        for place in range(2):
            part = self._shuffled(self.b.extract_element(halves, I32(place)), far)
            halves = self.b.insert_element(halves, part, I32(place))
        return self.b.bitcast(halves, value.type)

    def _shuffled(self, value: Any, distance: Any) -> Any:
        suffix = "f32" if value.type == F32 else "i32"
        function = self._intrinsic(
            f"llvm.nvvm.shfl.sync.bfly.{suffix}", value.type, [I32, value.type, I32, I32]
        )
        function.attributes.add("convergent")
        return self.b.call(function, [I32(_ALL), value, distance, I32(31)])

    def _quarters(self, x: Any) -> tuple[Any, Any]:
        """(k, f) with x ≡ (k + f)·π/2 and |f| ≤ ½, for a float32 of 2^13 or more: its 24 bits times
        those of 2/π from the two of weight 2 and 1 on, to 2^-38."""
        b = self.b
        bits = b.bitcast(x, I32)
        start = b.zext(b.sub(b.lshr(bits, I32(23)), I32(150 - 62)), I64)
        whole = b.zext(b.or_(b.and_(bits, I32(0x7FFFFF)), I32(0x800000)), I64)
        word = b.lshr(start, I64(6))
        words = [I64(one) for one in _TWO_OVER_PI]
        high, low = words[2], words[3]
        for place in (1, 0):
            here = b.icmp_unsigned("==", word, I64(place))
            high = b.select(here, words[place], high)
            low = b.select(here, words[place + 1], low)
        funnel = self._intrinsic("llvm.fshl.i64", I64, [I64] * 3)
        product = b.mul(whole, b.call(funnel, [high, low, start]))
        quarter = b.lshr(b.add(product, I64(1 << 61)), I64(62))
        rest = b.sub(product, b.shl(quarter, I64(62)))
        return quarter, b.fmul(b.sitofp(rest, F32), F32(2.0**-62))

    def _raised(self, r: Any, shifted: Any) -> Any:
        """2^r·2^n, for n + 127 in the lowest bits of a number whose last place is 1."""
        power = self.b.call(self._intrinsic("llvm.nvvm.ex2.approx.ftz.f", F32, [F32]), [r])
        exponent = self.b.shl(self.b.bitcast(shifted, I32), I32(23))
        return self.b.fmul(power, self.b.bitcast(exponent, F32))

    def _claimed(self, array: Array, place: Any) -> Any:
        """Whether this thread is the one that turns an entry from 0 to 1."""
        pointer = self._pointer(array, [place])
        pair = self.b.cmpxchg(pointer, I64(0), I64(1), "monotonic")
        return self.b.extract_value(pair, 1)

    def _libm(self, name: str, values: Sequence[Any]) -> Any:
        """A function of CUDA's mathematics; roots and absolute values are instructions."""
        if name in ("sqrt", "fabs"):
            return super()._libm(name, values)
        kind = values[0].type
        if kind == F32 and name in _OURS:
            made, _ = self.translator.function(f"{name}_32", values)
            return self.b.call(made, values)
        full = f"__nv_{name}" + ("f" if kind == F32 else "")
        return self.b.call(self._intrinsic(full, kind, [kind] * len(values)), values)
