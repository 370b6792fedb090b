"""A function of two forms, of which the sizes choose: rows of few entries side by side, and others.

Each form has all the functions of a kernel under a symbol of its own; here stand those that are called
from outside. What is begun in a form goes on in it: the workspace holds which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir
from objc.targets.library.functions import ERROR, FORM, I32, WORDS, types_of
from objc.targets.library.interface import Interface
from objc.targets.library.whole import I64

MANY_ENTRIES, FEW_ENTRIES = ".many", ".few"
"""What the forms' symbols end with: no symbol of C has a point."""


class Choice:
    """Adds the functions of an interface to a module, which call those of a form.

    `few` are the dimensions that are small where rows stand side by side, with the most entries of each.
    """

    def __init__(self, module: ir.Module, interface: Interface, few: Mapping[str, int]) -> None:
        self.module = module
        self.interface = interface
        self.few = few
        self.sizes = interface.of("size")

    def add(self) -> None:
        """All of them."""
        sizes: list[Any] = [I64] * len(self.sizes)
        given = types_of(self.interface)
        error = ir.PointerType(ERROR)
        self._add("_workspace", I64, sizes, self._of_sizes)
        self._add("_scratch", I64, sizes, self._of_sizes)
        self._add("_chunks", I64, [I64, *sizes], lambda b, one: self._of_sizes(b, one[1:]))
        self._add("_begin", I32, [*given, WORDS, error], self._of_sizes, keep=len(given))
        self._add("_run", I32, [WORDS, I64, I64, I64, WORDS], self._of_workspace)
        self._add("_end", I32, [WORDS, error], self._of_workspace)
        self._add("", I32, [*given, error], self._of_sizes)

    def _add(
        self, part: str, result: Any, arguments: list[Any], is_few: Callable[..., Any],
        keep: int | None = None,
    ) -> None:  # fmt: skip
        """One function: the same of the form that `is_few` tells. The argument at `keep` is a workspace
        that is to hold it."""
        kind = ir.FunctionType(result, arguments)
        function = ir.Function(self.module, kind, f"{self.interface.symbol}{part}")
        function.attributes.add("nounwind")
        b = ir.IRBuilder(function.append_basic_block("begin"))
        chosen = is_few(b, function.args)
        with b.if_else(chosen) as (then, otherwise):
            for place, form in ((then, FEW_ENTRIES), (otherwise, MANY_ENTRIES)):
                with place:
                    symbol = f"{self.interface.symbol}{form}{part}"
                    other = ir.Function(self.module, kind, symbol)
                    found = b.call(other, function.args)
                    if keep is not None:
                        self._keep(b, function.args[keep], found, form)
                    b.ret(found)
        b.unreachable()

    def _keep(self, b: Any, workspace: Any, status: Any, form: str) -> None:
        with b.if_then(b.icmp_signed("==", status, I32(0))):
            b.store(I64(int(form == FEW_ENTRIES)), b.gep(workspace, [I64(FORM)]))

    def _of_workspace(self, b: Any, arguments: Sequence[Any]) -> Any:
        """What its head holds; either form says that there is none."""
        workspace = arguments[0]
        head = b.gep(workspace, [I64(FORM)])
        none = b.alloca(I64)
        b.store(I64(0), none)
        is_missing = b.icmp_unsigned("==", b.ptrtoint(workspace, I64), I64(0))
        held = b.load(b.select(is_missing, none, head))
        return b.icmp_signed("!=", held, I64(0))

    def _of_sizes(self, b: Any, arguments: Sequence[Any]) -> Any:
        """Whether every one of the dimensions has few entries; the sizes come first."""
        found: Any = ir.IntType(1)(1)
        for one, size in zip(self.sizes, arguments, strict=False):
            if one.key in self.few:
                found = b.and_(found, b.icmp_signed("<=", size, I64(self.few[one.key])))
        return found
