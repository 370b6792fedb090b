"""Expressions of a kernel's text as LLVM: one function's scalars, arrays and calls.

Types never mix here: what Numba would promote in silence is an error, so float32 stays float32.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from llvmlite import ir
from objc.targets.cpu.mathematics.instructions import (
    build_add,
    build_extreme,
    build_fma,
    build_power_of_two,
    build_rint,
    build_scaled,
    build_split,
)
from objc.targets.cpu.mathematics.tile import (
    TILES,
    build_tile,
    columns_of_tile,
    lanes_of,
    rows_of_tile,
)
from objc.targets.cpu.mathematics.turn import build_move, build_turn

from objc.errors import InternalError

F32, F64, I64, BOOL = ir.FloatType(), ir.DoubleType(), ir.IntType(64), ir.IntType(1)
TYPES = {"float32": F32, "float64": F64, "int64": I64}


@dataclass(frozen=True)
class Array:
    """An array in C order: where it starts, and its extents."""

    data: Any
    element: Any
    shape: tuple[Any, ...]


Value: TypeAlias = Any  # an LLVM value, an Array, or a tuple of values


class Functions(Protocol):
    """Where the functions that a text calls come from."""

    functions: dict[str, ast.FunctionDef]
    bits: int
    loops: int
    module: Any
    in_short: bool

    def function(self, name: str, arguments: Sequence[Value]) -> tuple[Any, Any]:
        """The LLVM function for these types of arguments, and the shape of its result."""


class Expressions:
    """A function being translated, as far as its expressions go."""

    def __init__(
        self,
        translator: Functions,
        function: Any,
        node: ast.FunctionDef,
        flags: tuple[str, ...] = (),
        trial: bool = False,
    ) -> None:
        self.translator = translator
        self.function = function
        self.node = node
        self.flags = flags
        is_step = any(isinstance(one, ast.Name) and one.id == "step" for one in node.decorator_list)
        self.sums = tuple(one for one in flags if not (is_step and one == "contract"))
        self.trial = trial
        self.result: Any = None
        self.stepping = 0  # loops around over the steps of a recurrence
        self.depth = 0  # loops around
        self.start = ir.IRBuilder(function.append_basic_block("variables"))
        self.b = ir.IRBuilder(function.append_basic_block("body"))
        self.variables: dict[str, Any] = {}

    @functools.cached_property
    def kinds(self) -> set[str]:
        """The names that the function uses, types among them."""
        return {one.id for one in ast.walk(self.node) if isinstance(one, ast.Name)}

    def _fail(self, node: ast.AST, why: str) -> InternalError:
        return InternalError(f"{self.node.name}: {why}: {ast.unparse(node)}")

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

    # -------------------------------------------------------------- expressions

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=bool() as value):
                return BOOL(int(value))
            case ast.Constant(value=int() as value):
                return I64(value)
            case ast.Constant(value=float() as value):
                return F64(value)
            case ast.Name(id=name):
                held = self.variables.get(name)
                if held is None:
                    raise self._fail(node, "an unknown name")
                return held if isinstance(held, Array) else self.b.load(held)
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                return F64(getattr(math, name))
            case ast.Tuple(elts=parts):
                return tuple(self._value(one) for one in parts)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(node, op, self._value(left), self._value(right))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.b.not_(self._condition(inner))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)):
                return self._value(ast.Constant(-value))  # type: ignore[operator]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._negative(self._value(inner))
            case ast.IfExp(test=test, body=then, orelse=other):
                return self._choice(node, test, then, other)
            case ast.Compare() | ast.BoolOp():
                return self._condition(node)
            case ast.Subscript(value=ast.Attribute(value=array, attr="shape"), slice=where):
                assert isinstance(where, ast.Constant) and isinstance(where.value, int)
                return self._value(array).shape[where.value]
            case ast.Subscript(value=array, slice=where):
                return self._subscript(self._value(array), where)
            case ast.Call(func=function, args=arguments):
                return self._call(node, function, arguments)
        raise self._fail(node, "this expression has no translation")

    def _negative(self, value: Any) -> Any:
        return self.b.neg(value) if value.type == I64 else self.b.fneg(value, flags=self.flags)

    def _binary(self, node: ast.AST, op: ast.operator, left: Any, right: Any) -> Any:
        b, flags = self.b, self.flags
        if isinstance(op, ast.Pow):
            return self._power(node, left, right)
        left, right = self._alike(node, left, right)
        if left.type == I64:
            match op:
                case ast.Add():
                    return b.add(left, right, flags=("nsw",))
                case ast.Sub():
                    return b.sub(left, right, flags=("nsw",))
                case ast.Mult():
                    return b.mul(left, right, flags=("nsw",))
                case ast.FloorDiv() if isinstance(right, ir.Constant):
                    return b.ashr(left, I64(right.constant.bit_length() - 1))  # a power of two
            raise self._fail(node, "no such operation on integers")
        match op:
            case ast.Add():
                return b.fadd(left, right, flags=self.sums)
            case ast.Sub():
                return b.fsub(left, right, flags=self.sums)
            case ast.Mult():
                return b.fmul(left, right, flags=flags)
            case ast.Div():
                return b.fdiv(left, right, flags=flags)
        raise self._fail(node, "no such operation")

    def _alike(self, node: ast.AST, left: Any, right: Any) -> tuple[Any, Any]:
        """A literal integer beside a float64 is meant as one; nothing else may differ."""
        if left.type == right.type:
            return left, right
        if left.type == F64 and isinstance(right, ir.Constant):
            return left, F64(float(right.constant))
        if right.type == F64 and isinstance(left, ir.Constant):
            return F64(float(left.constant)), right
        raise self._fail(node, f"{left.type} meets {right.type}")

    def _power(self, node: ast.AST, base: Any, exponent: Any) -> Any:
        if not isinstance(exponent, ir.Constant) and base.type == I64:
            raise self._fail(node, "a power of integers whose exponent is not a number")
        count = int(exponent.constant)
        square, result = base, None
        while count:
            if count & 1:
                result = square if result is None else self._times(result, square)
            count >>= 1
            if count:
                square = self._times(square, square)
        return base.type(1) if result is None else result

    def _times(self, left: Any, right: Any) -> Any:
        if left.type == I64:
            return self.b.mul(left, right)
        return self.b.fmul(left, right, flags=self.flags)

    def _choice(self, node: ast.AST, test: ast.expr, then: ast.expr, other: ast.expr) -> Any:
        if _asks_for_pair(test) and _is_at_hand(then) and _is_at_hand(other):
            condition, first, second = self._condition(test), self._value(then), self._value(other)
            if first.type != second.type:
                raise self._fail(node, f"{first.type} or {second.type}")
            return self.b.select(condition, first, second)
        yes = self.function.append_basic_block("yes")
        no = self.function.append_basic_block("no")
        after = self.function.append_basic_block("chosen")
        self.b.cbranch(self._condition(test), yes, no)
        found = []
        for block, expression in ((yes, then), (no, other)):
            self.b.position_at_end(block)
            value = self._value(expression)
            found.append((value, self.b.block))
            self.b.branch(after)
        self.b.position_at_end(after)
        (first, _), (second, _) = found
        if first.type != second.type:
            raise self._fail(node, f"{first.type} or {second.type}")
        phi = self.b.phi(first.type)
        for value, block in found:
            phi.add_incoming(value, block)
        return phi

    # -------------------------------------------------------------- conditions

    def _condition(self, node: ast.expr) -> Any:
        match node:
            case ast.BoolOp(op=op, values=parts) if _asks_for_pair(node) and all(
                map(_is_at_hand, parts)
            ):
                join = self.b.and_ if isinstance(op, ast.And) else self.b.or_
                return functools.reduce(join, map(self._condition, parts))
            case ast.BoolOp(op=op, values=parts):
                return self._chain(
                    [functools.partial(self._condition, one) for one in parts],
                    isinstance(op, ast.And),
                )
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [left, *others]
                steps = [
                    lambda place=place, op=op: self._compare(values[place], op, values[place + 1])
                    for place, op in enumerate(ops)
                ]
                return self._chain(steps, True)
        return self._value(node)

    def _chain(self, parts: Sequence[Callable[[], Any]], conjunction: bool) -> Any:
        """Conditions one after the other, up to the first that decides."""
        if len(parts) == 1:
            return parts[0]()
        after = self.function.append_basic_block("decided")
        incoming = []
        for part in parts[:-1]:
            value = part()
            incoming.append((BOOL(int(not conjunction)), self.b.block))
            further = self.function.append_basic_block("further")
            ends = (further, after) if conjunction else (after, further)
            self.b.cbranch(value, *ends)
            self.b.position_at_end(further)
        value = parts[-1]()
        incoming.append((value, self.b.block))
        self.b.branch(after)
        self.b.position_at_end(after)
        phi = self.b.phi(BOOL)
        for one, block in incoming:
            phi.add_incoming(one, block)
        return phi

    def _compare(self, left_node: ast.expr, op: ast.cmpop, right_node: ast.expr) -> Any:
        left, right = self._alike(left_node, self._value(left_node), self._value(right_node))
        sign = _SIGNS[type(op)]
        if left.type == I64:
            return self.b.icmp_signed(sign, left, right)
        if sign == "!=":
            return self.b.fcmp_unordered(sign, left, right)
        return self.b.fcmp_ordered(sign, left, right)

    # -------------------------------------------------------------- arrays

    def _indices(self, where: ast.expr) -> list[Any]:
        parts = where.elts if isinstance(where, ast.Tuple) else [where]
        return [self._value(one) for one in parts]

    def _subscript(self, array: Array, where: ast.expr) -> Value:
        if isinstance(where, ast.Slice):
            assert where.lower is not None
            first = self._value(where.lower)
            last = array.shape[0] if where.upper is None else self._value(where.upper)
            data = self._pointer(array, [first])
            return Array(data, array.element, (self.b.sub(last, first), *array.shape[1:]))
        indices = self._indices(where)
        pointer = self._pointer(array, indices)
        if len(indices) < len(array.shape):
            return Array(pointer, array.element, array.shape[len(indices) :])
        return self.b.load(pointer)

    def _pointer(self, array: Array, indices: Sequence[Any]) -> Any:
        offset: Any = None
        for axis, extent in enumerate(array.shape):
            if offset is not None:
                offset = self.b.mul(offset, extent, flags=("nsw", "nuw"))
            if axis < len(indices):
                index = indices[axis]
                both = offset is not None
                offset = self.b.add(offset, index, flags=("nsw", "nuw")) if both else index
        return self.b.gep(array.data, [offset], inbounds=True)

    # -------------------------------------------------------------- calls

    def _call(self, node: ast.Call, function: ast.expr, arguments: Sequence[ast.expr]) -> Value:
        if isinstance(function, ast.Attribute):
            return self._libm(function.attr, [self._value(one) for one in arguments])
        assert isinstance(function, ast.Name)
        name = function.id
        if name == "view":
            address, shape, kind = arguments
            assert isinstance(shape, ast.Tuple) and isinstance(kind, ast.Name)
            element = TYPES[kind.id]
            data = self.b.inttoptr(self._value(address), ir.PointerType(element))
            return Array(data, element, tuple(self._value(one) for one in shape.elts))
        values = [self._value(one) for one in arguments]
        if name in TYPES:
            return self._cast(values[0], TYPES[name])
        if name in ("min", "max"):
            sign = "<" if name == "min" else ">"
            first, second = values
            return self.b.select(self.b.icmp_signed(sign, second, first), second, first)
        if name in ("maximum", "minimum"):
            return build_extreme(self.b, name, *self._alike(node, values[0], values[1]))
        match name:
            case "abs":
                return self._absolute(values[0])
            case "add":
                return build_add(self.b, *self._alike(node, values[0], values[1]))
            case "fma":
                return build_fma(self.b, *values)
            case "rint":
                return build_rint(self.b, values[0])
            case "split":
                return build_split(self.b, values[0])
            case "power_of_two":
                return build_power_of_two(self.b, values[0])
        if name in ("_scaled_32", "_scaled_64") and self.translator.bits == 512:
            return build_scaled(self.b, *values)
        if name in _OF_PRODUCTS:
            return self._of_product(name, values)
        if name not in self.translator.functions:
            raise self._fail(node, "an unknown function")
        made, result = self.translator.function(name, values)
        got = self.b.call(made, [one for value in values for one in flat(value)])
        if isinstance(result, tuple):
            return tuple(self.b.extract_value(got, place) for place in range(len(result)))
        return got

    def _of_product(self, name: str, values: Sequence[Value]) -> Any:
        bits = self.translator.bits
        match name:
            case "of_kind":
                return self._cast(values[1], values[0].element)
            case "lanes":
                return I64(lanes_of(bits, values[0].element))
            case "tile_rows":
                return I64(rows_of_tile(bits))
            case "tile_columns":
                return I64(columns_of_tile(bits, values[0].element))
            case "flat":
                size = values[0].shape[0]
                for extent in values[0].shape[1:]:
                    size = self.b.mul(size, extent, flags=("nsw", "nuw"))
                return Array(values[0].data, values[0].element, (size,))
            case "turn_rows" | "turn_columns" | "move_rows" | "move_columns":
                goal, source, *across = values
                columns = columns_of_tile(bits, source.element)
                size = rows_of_tile(bits) if name.endswith("_rows") else columns
                if across:
                    build_turn(self.b, bits, goal.data, source.data, across[0], size)
                else:
                    build_move(self.b, bits, goal.data, source.data, size)
                return None
        given = [one.data if isinstance(one, Array) else one for one in values]
        build_tile(self.b, self.start, bits, name, *given)
        return None

    def _cast(self, value: Any, kind: Any) -> Any:
        if isinstance(value, ir.Constant) and kind != I64:
            return kind(float(value.constant))
        match value.type, kind:
            case a, c if a == c:
                return value
            case ir.IntType(), ir.IntType():
                return self.b.zext(value, kind)
            case ir.IntType(), _:
                return self.b.sitofp(value, kind)
            case _, ir.IntType():
                return self.b.fptosi(value, kind)
            case ir.FloatType(), _:
                return self.b.fpext(value, kind)
        return self.b.fptrunc(value, kind)

    def _absolute(self, value: Any) -> Any:
        if value.type == I64:
            return self.b.select(self.b.icmp_signed("<", value, I64(0)), self.b.neg(value), value)
        return self._libm("fabs", [value])

    def _libm(self, name: str, values: Sequence[Any]) -> Any:
        """A function of C's library; LLVM has some of them as instructions."""
        kind = values[0].type
        signature = ir.FunctionType(kind, [kind] * len(values))
        if name in ("sqrt", "fabs", "pow"):
            suffix = "f32" if kind == F32 else "f64"
            function = self.b.module.declare_intrinsic(f"llvm.{name}.{suffix}", fnty=signature)
        else:
            full = name + ("f" if kind == F32 else "")
            function = self.b.module.globals.get(full)
            if function is None:
                function = ir.Function(self.b.module, signature, full)
                function.attributes.add("nounwind")
        return self.b.call(function, values)


_OF_PRODUCTS = (
    "tile_rows", "tile_columns", "lanes", "turn_rows", "turn_columns", "move_rows", "move_columns",
    *TILES, "flat", "of_kind",
)  # fmt: skip
"""What the text of a product asks of the processor."""

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def flat(value: Value) -> list[Any]:
    """The LLVM values that an argument is made of."""
    return [value.data, *value.shape] if isinstance(value, Array) else [value]


def _asks_for_pair(test: ast.AST) -> bool:
    """Whether a condition asks if two indices are equal. As a branch LLVM would take it apart, and store by
    the one index where it is the other: the loop would be no vector's any more."""
    return any(
        isinstance(one, ast.Compare)
        and isinstance(one.ops[0], ast.Eq | ast.NotEq)
        and all(map(_is_index, (one.left, *one.comparators)))
        for one in ast.walk(test)
    )


def _is_index(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_index(node.left) and _is_index(node.right)
    return isinstance(node, ast.Name) and (node.id == "lo" or node.id.startswith("i_"))


_AT_HAND = (
    ast.Name, ast.Constant, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop, ast.BinOp, ast.operator,
    ast.UnaryOp, ast.unaryop, ast.IfExp, ast.expr_context, ast.Tuple,
)  # fmt: skip


def _is_at_hand(node: ast.AST) -> bool:
    """Whether an expression may be computed for every point of a loop at little cost: arithmetic, of entries
    at the indices of the loops."""
    match node:
        case ast.Subscript(slice=place):
            places = place.elts if isinstance(place, ast.Tuple) else [place]
            return all(isinstance(one, ast.Name) and one.id.startswith("i_") for one in places)
        case ast.Call(func=ast.Name(id="float64" | "float32" | "abs"), args=arguments):
            return all(map(_is_at_hand, arguments))
    return isinstance(node, _AT_HAND) and all(map(_is_at_hand, ast.iter_child_nodes(node)))
