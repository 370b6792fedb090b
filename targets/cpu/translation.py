"""Functions of a kernel's text as LLVM, without Numba: in milliseconds where Numba takes most of a second.

The text is Python of a small kind: loops over ranges, branches, scalars of fixed types, arrays at known
places. Its meaning is that of Numba in the modules that people keep; a test holds the two together.
Types never mix here: what Numba would promote in silence is an error, so float32 stays float32.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from llvmlite import ir
from objc.targets.cpu.expressions import I64, Array, Expressions, Value, flat
from objc.targets.cpu.mathematics.tile import TILES
from objc.targets.cpu.mathematics.turn import build_turned_copy

FLAGS = ("contract", "nsz", "arcp")
STEP_FLAGS = ("contract", "nsz")
"""What a step allows. The same expression stands in several places of a step, rounded alike in all: at
the largest score, s·c - m is zero, which neither a fused difference nor a product with 1/c would
leave. Products are fused with the sums that they are added to, nothing else is."""


MATHEMATICS = (
    "float32", "float64", "error_function", "normal", "powers", "special", "trigonometry", "wide",
)  # fmt: skip
"""The files of the vector mathematics."""

TURNED_COPY = "turned_copy"
"""The function that does what loops do that copy a matrix with its axes turned."""

_WHOLE = 4
"""Vectors that a loop may take at a time."""

_BY_HAND = {*TILES, "turn_rows", "turn_columns", "move_rows", "move_columns"}
"""What takes whole vectors as it is: loops beside it have the rest, of which LLVM need not make more."""


@functools.lru_cache(maxsize=1)
def library() -> dict[str, ast.FunctionDef]:
    """The functions of the vector mathematics, and those that kernels stand on."""
    folder = Path(__file__).parent
    found: dict[str, ast.FunctionDef] = {}
    for name in MATHEMATICS:
        found.update(functions_of((folder / "mathematics" / f"{name}.py").read_text("utf-8")))
    for name in ("kernels", "products", "sorting", "running", "sliding"):
        found.update(functions_of((folder / f"{name}.py").read_text("utf-8")))
    return found


def functions_of(text: str) -> dict[str, ast.FunctionDef]:
    return {one.name: one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)}


Parts: TypeAlias = dict[str, Callable[[], ir.Module]]
"""How modules are made of the functions that many kernels call, each by the name of its function."""


class Translator:
    """A module being made: functions are translated when first called with given types.

    `told` has by function and types of arguments what it returns, for trials too. What is to be compiled
    `alone` is left to `parts`, where they are given, and only declared.
    """

    def __init__(
        self,
        module: ir.Module,
        functions: dict[str, ast.FunctionDef],
        bits: int,
        told: dict[str, Any] | None = None,
        parts: Parts | None = None,
        is_trial: bool = False,
    ) -> None:
        self.module = module
        self.functions = functions
        self.bits = bits
        self.loops = 0
        self.made: dict[str, tuple[Any, Any]] = {}
        self.told = {} if told is None else told
        self.parts = parts
        self.is_trial = is_trial

    def function(
        self, name: str, arguments: Sequence[Value], is_own: bool = False
    ) -> tuple[Any, Any]:
        """The LLVM function for these types of arguments, and the shape of its result. `is_own`: the module
        is made for it."""
        node = self.functions[name]
        kinds_of = [one.type for value in arguments for one in flat(value)]
        key = f"{name}.{'.'.join(map(str, kinds_of))}"
        kinds = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        if "fixed" in kinds:
            numbers = _numbers(node, arguments)
            key += f".{'.'.join(map(str, numbers.values()))}"
            node = _Fixed(numbers).visit(copy.deepcopy(node)) if key not in self.made else node
        if key not in self.made:
            if key not in self.told:
                self.told[key] = self._result(node, arguments)
            result = self.told[key]
            kind = ir.VoidType() if result is None else _packed(result)
            made = ir.Function(self.module, ir.FunctionType(kind, kinds_of), key)
            made.attributes.add("nounwind")
            for argument in made.args:
                if isinstance(argument.type, ir.PointerType):
                    argument.add_attribute("noalias")
            self.made[key] = made, result
            if "alone" in kinds and self.parts is not None and not is_own:
                self.parts[key] = lambda: self._part(name, arguments)
                return self.made[key]
            made.linkage = "" if is_own else "internal"
            made.attributes.add("noinline" if "alone" in kinds else "alwaysinline")
            if not self.is_trial:
                places = iter(made.args)
                bound = [_again(value, places) for value in arguments]
                flags = () if "helper" in kinds else FLAGS
                self.body()(self, made, node, flags).fill(bound)
        return self.made[key]

    def _part(self, name: str, arguments: Sequence[Value]) -> ir.Module:
        """A function in a module of its own, to be called from others; those that it shares with others
        are parts, too."""
        part = type(self)(ir.Module(name), self.functions, self.bits, self.told, self.parts)
        made, _ = part.function(name, arguments, is_own=True)
        return made.module

    def body(self) -> type[Body]:
        """What translates the statements of a function."""
        return Body

    def _result(self, node: ast.FunctionDef, arguments: Sequence[Value]) -> Any:
        """The type of what a function returns, from a trial translation, in which what it calls stays
        empty: None, a type or a tuple."""
        if not any(isinstance(one, ast.Return) and one.value for one in ast.walk(node)):
            return None
        trial = type(self)(ir.Module("trial"), self.functions, self.bits, self.told, is_trial=True)
        kinds_of = [one.type for value in arguments for one in flat(value)]
        made = ir.Function(trial.module, ir.FunctionType(ir.VoidType(), kinds_of), "trial")
        places = iter(made.args)
        body = self.body()(trial, made, node, (), trial=True)
        body.fill([_again(value, places) for value in arguments])
        return body.result


class Body(Expressions):
    """A function being translated: its statements."""

    def fill(self, arguments: Sequence[Value]) -> None:
        body = self.b.block
        for parameter, value in zip(self.node.args.args, arguments, strict=True):
            self._bind(parameter.arg, value)
        self._block(self.node.body)
        if not self.b.block.is_terminated:
            if isinstance(self.function.function_type.return_type, ir.VoidType):
                self.b.ret_void()
            else:
                self.b.unreachable()
        self.start.branch(body)

    # -------------------------------------------------------------- statements

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for one in statements:
            if self.b.block.is_terminated:
                return
            self._statement(one)

    def _statement(self, one: ast.stmt) -> None:
        match one:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, self._value(value))
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                left = self._value(ast.Name(name))
                self._bind(name, self._binary(one, op, left, self._value(value)))
            case ast.For():
                self._for(one)
            case ast.While(test=test, body=body):
                self._while(lambda: self._condition(test), lambda: self._block(body))
            case ast.If():
                self._if(one)
            case ast.Return(value=None):
                self.b.ret_void()
            case ast.Return(value=value) if value is not None:
                self._return(self._value(value))
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value=value):
                self._value(value)
            case _:
                raise self._fail(one, "this statement has no translation")

    def _assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self._bind(name, value)
            case ast.Tuple(elts=names):
                for place, part in zip(names, value, strict=True):
                    self._assign(place, part)
            case ast.Subscript(value=array, slice=where):
                held = self._value(array)
                pointer = self._pointer(held, self._indices(where))
                self.b.store(self._stored(value, held.element), pointer)

    def _stored(self, value: Any, kind: Any) -> Any:
        return value if value.type == kind else self._cast(value, kind)

    def _bind(self, name: str, value: Value) -> None:
        """A scalar variable lives in memory, which LLVM makes a register; an array is a name."""
        if isinstance(value, Array):
            self.variables[name] = value
            return
        if name not in self.variables:
            self.variables[name] = self.start.alloca(value.type, name=name)
        place = self.variables[name]
        if place.allocated_type != value.type:
            raise self._fail(ast.Name(name), f"{place.allocated_type} becomes {value.type}")
        self.b.store(value, place)

    def _for(self, node: ast.For) -> None:
        assert isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Call)
        copied = _turned_copy(node)
        if copied is not None and self.translator.bits >= 256:
            goal, source, rows, columns = values = [self._value(one) for one in copied]
            if goal.element == source.element != I64:
                if self.node.name != TURNED_COPY:
                    made, _ = self.translator.function(TURNED_COPY, values)
                    self.b.call(made, [one for value in values for one in flat(value)])
                    return
                bits, down, across = self.translator.bits, goal.shape[1], source.shape[1]
                done = build_turned_copy(
                    self.b, bits, goal.data, down, source.data, across, rows, columns
                )
                with self.b.if_then(self.b.not_(done)):
                    self._rounds(node)
                return
        self._rounds(node)

    def _rounds(self, node: ast.For) -> None:
        assert isinstance(node.iter, ast.Call)
        ends = [self._value(one) for one in node.iter.args]
        first, last = (I64(0), ends[0]) if len(ends) == 1 else ends
        if len(ends) == 1 and self._has_tail(node):
            whole = self.b.and_(last, I64(-_WHOLE * self.lanes))
            self._turns(node, first, whole)
            self._turns(node, whole, last, masked=True)
        else:
            self._turns(node, first, last)

    def _turns(self, node: ast.For, first: Any, last: Any, masked: bool = False) -> None:
        """A loop from `first` to before `last`. `masked`: it is less than a few vectors long, and
        lanes beyond its end are to be left out rather than done one by one."""
        assert isinstance(node.target, ast.Name)
        before, body = self.b.block, self.function.append_basic_block("loop")
        after = self.function.append_basic_block("after")
        self.b.cbranch(self.b.icmp_signed("<", first, last), body, after)
        self.b.position_at_end(body)
        counter = self.b.phi(I64, node.target.id)
        counter.add_incoming(first, before)
        self._bind(node.target.id, counter)
        self.stepping += node.target.id.startswith("step_")
        self.depth += 1
        self._block(node.body)
        self.depth -= 1
        self.stepping -= node.target.id.startswith("step_")
        if not self.b.block.is_terminated:
            following = self.b.add(counter, I64(1), flags=("nsw", "nuw"))
            counter.add_incoming(following, self.b.block)
            back = self.b.cbranch(self.b.icmp_signed("<", following, last), body, after)
            self._hint(node, back, masked)
        self.b.position_at_end(after)

    def _has_tail(self, node: ast.For) -> bool:
        """Whether a loop is split into whole vectors and a rest under a mask: the loops of a row,
        which start again for every row, where the processor has masks. Else the rest of a row of
        1000 takes as long as its vectors, and one of 10 has no vector at all."""
        return (
            self.depth > 0
            and not self.stepping
            and self.translator.bits == 512
            and self._may_be_hinted(node)
            and not any(map(_chooses, node.body))
            and not _turns(node)
        )

    @property
    def lanes(self) -> int:
        return self.translator.bits // (32 if "float32" in self.kinds else 64)

    def _hint(self, node: ast.For, back: Any, masked: bool) -> None:
        """How wide to vectorise: by float32, although sums in float64 stand beside it, which LLVM
        would let decide. In a step of a recurrence one vector at a time: rows are short there, and
        several would find no work."""
        if not self._may_be_hinted(node):
            return
        module, number = self.translator.module, ir.IntType(32)
        said = []
        if self.kinds & _BY_HAND:
            said.append(["llvm.loop.vectorize.width", number(1)])
            said.append(["llvm.loop.interleave.count", number(1)])
            said.append(["llvm.loop.unroll.disable"])
        elif _turns(node):
            said.append(["llvm.loop.vectorize.width", number(1)])
        elif self.stepping and _has(node, ast.IfExp):
            pass  # a choice by the step alone becomes two loops with exits of their own
        elif "float32" in self.kinds and not any(map(_chooses, node.body)):
            said.append(["llvm.loop.vectorize.width", number(self.translator.bits // 32)])
        elif masked:
            said.append(["llvm.loop.vectorize.width", number(self.lanes)])
        elif _joins(node):
            said.append(["llvm.loop.vectorize.width", number(self.translator.bits // 64)])
        if self.stepping or masked or _joins(node):
            said.append(["llvm.loop.interleave.count", number(1)])
        if masked:
            said.append(["llvm.loop.vectorize.predicate.enable", ir.IntType(1)(1)])
        if said:
            self.translator.loops += 1
            distinct = module.add_metadata([f"objc.loop.{self.translator.loops}"])
            loop = module.add_metadata([distinct, *map(module.add_metadata, said)])
            back.set_metadata("llvm.loop", loop)

    def _may_be_hinted(self, node: ast.For) -> bool:
        if self.node.name == "entry":  # nothing but calls of steps
            return False
        if isinstance(node.target, ast.Name) and node.target.id.startswith("step_"):
            return False  # each step takes what the one before has made
        if isinstance(node.iter, ast.Call) and isinstance(node.iter.args[-1], ast.Constant):
            return False  # unrolled
        return not _has_loops(node.body) and "inside" not in _names(node)

    def _while(self, test: Callable[[], Any], work: Callable[[], None]) -> None:
        head = self.function.append_basic_block("while")
        body = self.function.append_basic_block("do")
        after = self.function.append_basic_block("after")
        self.b.branch(head)
        self.b.position_at_end(head)
        self.b.cbranch(test(), body, after)
        self.b.position_at_end(body)
        work()
        self.b.branch(head)
        self.b.position_at_end(after)

    def _if(self, node: ast.If) -> None:
        then = self.function.append_basic_block("then")
        other = self.function.append_basic_block("else")
        after = self.function.append_basic_block("after")
        self.b.cbranch(self._condition(node.test), then, other)
        for block, statements in ((then, node.body), (other, node.orelse)):
            self.b.position_at_end(block)
            self._block(statements)
            if not self.b.block.is_terminated:
                self.b.branch(after)
        self.b.position_at_end(after)

    def _return(self, value: Value) -> None:
        if self.trial:
            parts = isinstance(value, tuple)
            self.result = tuple(one.type for one in value) if parts else value.type
            self.b.ret_void()
        elif isinstance(value, tuple):
            whole = ir.Constant(self.function.function_type.return_type, ir.Undefined)
            for place, part in enumerate(value):
                whole = self.b.insert_value(whole, part, place)
            self.b.ret(whole)
        else:
            self.b.ret(value)


def _has(node: ast.For, *kinds: type[ast.AST]) -> bool:
    """Whether something of these kinds stands in a loop."""
    return any(isinstance(one, kinds) for part in node.body for one in ast.walk(part))


def _has_loops(statements: Sequence[ast.stmt]) -> bool:
    """Whether loops are among statements, or in branches among them."""
    return any(
        isinstance(one, ast.For | ast.While)
        or (isinstance(one, ast.If) and (_has_loops(one.body) or _has_loops(one.orelse)))
        for one in statements
    )


@functools.lru_cache(maxsize=64)
def _names(node: ast.For) -> frozenset[str]:
    """The names in a loop, of which several questions are asked in a row."""
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _chooses(one: ast.stmt) -> bool:
    """Whether a statement keeps scalars under a test: the place of a maximum, or a guarded sum, which
    LLVM makes vectors of by itself or, with a remark, not at all."""
    return isinstance(one, ast.If) and any(
        isinstance(target, ast.Name)
        for part in ast.walk(one)
        if isinstance(part, ast.Assign)
        for target in part.targets
    )


def _joins(node: ast.For) -> bool:
    """Whether a loop puts together what chunks have found: it has one turn for work of many, and made in
    all the forms that LLVM knows it takes as long to compile as the rest of a short kernel."""
    return isinstance(node.iter, ast.Call) and isinstance(node.iter.args[-1], ast.Subscript)


def _turns(node: ast.For) -> bool:
    """Whether a loop copies numbers that stand apart into ones that stand together, or back, and nothing
    else: one by one it is faster than by vectors that are gathered."""
    match node.body:
        case [
            ast.Assign(value=ast.Subscript() as source),
            ast.Assign(targets=[ast.Subscript() as goal], value=ast.Name()),
        ]:
            return _runs_along(source, node) != _runs_along(goal, node)
    return False


def _turned_copy(node: ast.For) -> tuple[ast.expr, ast.expr, ast.expr, ast.expr] | None:
    """Of two loops that copy a matrix of two axes with these turned: the goal, the source, and how many rows
    and columns of the goal are written."""
    match node:
        case ast.For(
            target=ast.Name(id=outer),
            iter=ast.Call(args=[outers]),
            body=[
                ast.For(
                    target=ast.Name(id=inner),
                    iter=ast.Call(args=[inners]),
                    body=[
                        ast.Assign(
                            targets=[ast.Name(id=held)], value=ast.Subscript(value=source) as come
                        ),
                        ast.Assign(
                            targets=[ast.Subscript(value=goal) as go], value=ast.Name(id=stored)
                        ),
                    ],
                )
            ],
        ) if held == stored:
            if (_axes(come), _axes(go)) == ([inner, outer], [outer, inner]):
                return goal, source, outers, inners
            if (_axes(come), _axes(go)) == ([outer, inner], [inner, outer]):
                return goal, source, inners, outers
    return None


def _axes(array: ast.Subscript) -> list[str]:
    """The names that an array is read at."""
    parts = array.slice.elts if isinstance(array.slice, ast.Tuple) else [array.slice]
    return [one.id if isinstance(one, ast.Name) else "" for one in parts]


def _runs_along(array: ast.Subscript, loop: ast.For) -> bool:
    """Whether a loop runs along an array's last axis."""
    last = array.slice.elts[-1] if isinstance(array.slice, ast.Tuple) else array.slice
    return (
        isinstance(last, ast.Name)
        and isinstance(loop.target, ast.Name)
        and last.id == loop.target.id
    )


def _numbers(node: ast.FunctionDef, arguments: Sequence[Value]) -> dict[str, int]:
    """The whole numbers that a function is called with, by parameter."""
    return {
        parameter.arg: value.constant
        for parameter, value in zip(node.args.args, arguments, strict=True)
        if isinstance(value, ir.Constant) and value.type == I64
    }


class _Fixed(ast.NodeTransformer):
    """Leaves of a function what is for these numbers."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers

    def visit_If(self, node: ast.If) -> Any:  # the name is Python's
        self.generic_visit(node)
        match node.test:
            case ast.Compare(ast.Name(name), [ast.Eq()], [ast.Constant(value)]):
                if name in self.numbers:
                    return node.body if self.numbers[name] == value else node.orelse
        return node


def _again(value: Value, places: Any) -> Value:
    """An argument as its function sees it."""
    if isinstance(value, Array):
        return Array(next(places), value.element, tuple(next(places) for _ in value.shape))
    return next(places)


def _packed(result: Any) -> Any:
    return ir.LiteralStructType(result) if isinstance(result, tuple) else result
