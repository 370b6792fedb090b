"""Functions of a kernel's text as LLVM, without Numba: in milliseconds where Numba takes most of a second.

The text is Python of a small kind: loops over ranges, branches, scalars of fixed types, arrays at known
places. Its meaning is that of Numba in the modules that people keep; a test holds the two together.
Types never mix here: what Numba would promote in silence is an error, so float32 stays float32.
"""

from __future__ import annotations

import ast
import copy
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from llvmlite import ir
from objc.targets.cpu.expressions import I64, Array, Value, flat
from objc.targets.cpu.iteration import Loops, is_rare

FLAGS = ("contract", "nsz", "arcp")
STEP_FLAGS = ("contract", "nsz")
"""What a step allows. The same expression stands in several places of a step, rounded alike in all: at
the largest score, s·c - m is zero, which neither a fused difference nor a product with 1/c would
leave. Products are fused with the sums that they are added to, nothing else is."""


MATHEMATICS = (
    "float32", "float64", "error_function", "normal", "powers", "special", "trigonometry", "wide",
)  # fmt: skip
"""The files of the vector mathematics."""


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
    `alone` is left to `parts`, where they are given, and only declared. `in_short`: the loops of
    rows are many, and short beside others.
    """

    def __init__(
        self,
        module: ir.Module,
        functions: dict[str, ast.FunctionDef],
        bits: int,
        told: dict[str, Any] | None = None,
        parts: Parts | None = None,
        is_trial: bool = False,
        in_short: bool = False,
    ) -> None:
        self.module = module
        self.functions = functions
        self.bits = bits
        self.loops = 0
        self.made: dict[str, tuple[Any, Any]] = {}
        self.told = {} if told is None else told
        self.parts = parts
        self.is_trial = is_trial
        self.in_short = in_short

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
            node = _for_numbers(node, tuple(numbers.items()))
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
                if "fixed" in kinds:
                    known = zip(arguments, bound, strict=True)
                    bound = [one if _is_number(one) else place for one, place in known]
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


class Body(Loops):
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
            is_rare_one = statements is node.body and is_rare(node.test)
            self.rare += is_rare_one
            self._block(statements)
            self.rare -= is_rare_one
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


def _numbers(node: ast.FunctionDef, arguments: Sequence[Value]) -> dict[str, int]:
    """The whole numbers that a function is called with, by parameter."""
    return {
        parameter.arg: value.constant
        for parameter, value in zip(node.args.args, arguments, strict=True)
        if _is_number(value)
    }


def _is_number(value: Value) -> bool:
    """Whether an argument is a whole number that is known."""
    return isinstance(value, ir.Constant) and value.type == I64


_COMPARED: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq, ast.Lt: operator.lt, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
"""What is asked of whole numbers that are known."""


@functools.lru_cache(maxsize=128)
def _for_numbers(node: ast.FunctionDef, numbers: tuple[tuple[str, int], ...]) -> ast.FunctionDef:
    made = _Fixed(dict(numbers)).visit(copy.deepcopy(node))
    assert isinstance(made, ast.FunctionDef)
    return made


class _Fixed(ast.NodeTransformer):
    """Leaves of a function what is for these numbers."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers

    def visit_If(self, node: ast.If) -> Any:  # the name is Python's
        self.generic_visit(node)
        match node.test:
            case ast.Compare(ast.Name(name), [sign], [ast.Constant(int(value))]):
                if name in self.numbers and type(sign) in _COMPARED:
                    holds = _COMPARED[type(sign)](self.numbers[name], value)
                    return node.body if holds else node.orelse
        return node


def _again(value: Value, places: Any) -> Value:
    """An argument as its function sees it."""
    if isinstance(value, Array):
        return Array(next(places), value.element, tuple(next(places) for _ in value.shape))
    return next(places)


def _packed(result: Any) -> Any:
    return ir.LiteralStructType(result) if isinstance(result, tuple) else result
