"""A kernel's text as LLVM: its `entry`, which sets up the arrays of the table and calls the steps.

A step is a function of its own, so that LLVM never has to look at several at once, nor at the loops over
chunks around them: inlined, they took half as long again to compile. It is called from one place and takes
each value once, so that arrays of one extent are known in it to have the same.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from llvmlite import ir
from objc.targets.cpu.expressions import F64, I64, Array, Value, flat
from objc.targets.cpu.iteration import is_long
from objc.targets.cpu.translation import (
    STEP_FLAGS,
    Body,
    Parts,
    Translator,
    functions_of,
    library,
)

TABLES = (("slots", I64), ("values", F64))
"""The tables that `entry` is given, before its five integers."""


def translate(text: str, bits: int, parts: Parts | None = None) -> ir.Module:
    """The module of a kernel's text, with `entry` to be called from outside.

    `bits` is the width of the processor's vectors. `parts` takes up how the functions are made that many
    kernels call; without it the module has them too.
    """
    module = ir.Module("objc")
    own = functions_of(text)
    functions = {**library(), **own}
    pointers = [ir.PointerType(kind) for _, kind in TABLES]
    signature = ir.FunctionType(ir.VoidType(), [*pointers, *[I64] * 5])
    entry = ir.Function(module, signature, "entry")
    for word in ("noinline", "optnone"):  # it runs once where a step runs for all rows of a chunk
        entry.attributes.add(word)
    for argument in entry.args[:2]:
        argument.add_attribute("noalias")
    values: list[Value] = [
        Array(pointer, kind, (I64(1 << 31),))
        for pointer, (_, kind) in zip(entry.args, TABLES, strict=False)
    ]
    translator = Translator(module, functions, bits, parts=parts, in_short=is_long(own.values()))
    body = Entry(translator, entry, functions["entry"])
    body.fill([*values, *entry.args[2:]])
    return module


class Entry(Body):
    """The entry being translated. Each of its names is bound once, so that it stands for its value."""

    def _bind(self, name: str, value: Value) -> None:
        self.variables[name] = value

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Name(id=name) if name in self.variables:
                return self.variables[name]
            case ast.Subscript(
                value=ast.Name(id="slots"), slice=ast.Constant(value=int() as place)
            ):
                return self._slot(place)
        return super()._value(node)

    def _slot(self, place: int) -> Any:
        """What stands in a slot: nothing writes there, so it is read once, before all else."""
        name = f"slots[{place}]"
        if name not in self.variables:
            table = self.variables["slots"].data
            self.variables[name] = self.start.load(self.start.gep(table, [I64(place)]))
        return self.variables[name]

    def _call(self, node: ast.Call, function: ast.expr, arguments: Sequence[ast.expr]) -> Value:
        called = self.translator.functions.get(getattr(function, "id", ""))
        if called is None or not _is_step(called):
            return super()._call(node, function, arguments)
        values = [self._value(one) for one in arguments]
        parts = [one for value in values for one in flat(value)]
        passed = {id(one): one for one in parts if not isinstance(one, ir.Constant)}
        self.b.call(self._step(called, values, passed), list(passed.values()))
        return None

    def _step(
        self, node: ast.FunctionDef, values: Sequence[Value], passed: Mapping[int, Any]
    ) -> ir.Function:
        """The function of a step, for the values that it is passed."""
        kinds = [one.type for one in passed.values()]
        signature = ir.FunctionType(ir.VoidType(), kinds)
        made = ir.Function(self.translator.module, signature, f"{node.name}.alone")
        made.linkage = "internal"
        made.attributes.add("nounwind")
        made.attributes.add("noinline")
        for argument in made.args:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        inside = dict(zip(passed, made.args, strict=True))
        bound = [_replaced(value, inside) for value in values]
        Body(self.translator, made, node, STEP_FLAGS).fill(bound)
        return made


def _is_step(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "step" for one in node.decorator_list)


def _replaced(value: Value, inside: Mapping[int, Any]) -> Value:
    """A value as the function sees it to which it is passed; a constant is the same there."""
    if isinstance(value, Array):
        shape = tuple(inside.get(id(one), one) for one in value.shape)
        return Array(inside[id(value.data)], value.element, shape)
    return inside.get(id(value), value)
