"""Loops of a kernel's text as LLVM: how each is to be vectorised, which LLVM is told."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from llvmlite import ir
from objc.targets.cpu.expressions import I64, Expressions, flat
from objc.targets.cpu.mathematics.tile import TILES
from objc.targets.cpu.mathematics.turn import build_turned_copy

TURNED_COPY = "turned_copy"
"""The function that does what loops do that copy a matrix with its axes turned."""

_WHOLE = 4
"""Vectors that a loop may take at a time."""

_BY_HAND = {*TILES, "turn_rows", "turn_columns", "move_rows", "move_columns"}
"""What takes whole vectors as it is: loops beside it have the rest, of which LLVM need not make more."""


_HEAVY = 300
"""Operations in functions that an entry takes, beside more of which a mask costs nothing."""

_MANY = 12
"""Loops of rows, beside products, that are few."""

PRODUCTS = ("product", "distances", "pulls")
"""The functions that multiply matrices."""

_LEAST = 2.0**-60
"""Numbers below it, and above its inverse, are next to leave their range once they are squared."""


class Loops(Expressions):
    """A function being translated: its loops."""

    rare = 0
    """Branches around that are seldom taken."""

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        """Statements, one after the other."""
        raise NotImplementedError

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
        bounded = any(isinstance(one, ast.Call) for one in node.iter.args)
        if (len(ends) == 2 and not bounded) or not self._has_tail(node):
            self._turns(node, first, last)
        elif self._is_masked(node):
            self._turns(node, first, last, masked=True)
        else:
            if bounded:  # it may end before it begins
                last = self.b.select(self.b.icmp_signed("<", last, first), first, last)
                whole = self.b.and_(self.b.sub(last, first), I64(-_WHOLE * self.lanes))
                whole = self.b.add(first, whole)
            else:
                whole = self.b.and_(last, I64(-_WHOLE * self.lanes))
            self._turns(node, first, whole)
            self._turns(node, whole, last, masked=True)

    def _turns(self, node: ast.For, first: Any, last: Any, masked: bool = False) -> None:
        """A loop from `first` to before `last`. `masked`: lanes beyond its end are to be left out rather
        than done one by one."""
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

    def _is_masked(self, node: ast.For) -> bool:
        """Whether a row's loop is one that goes vector by vector under a mask, with half as much to compile:
        where the mask takes no time beside what is done for an entry, or the loop none beside others."""
        return bool(self.rare) or self.translator.in_short or self._weight(node) > _HEAVY

    def _weight(self, node: ast.AST) -> int:
        """The operations in the functions that are called in a part of the text."""
        return sum(
            weight(one.func.id, self.translator.functions)
            for one in ast.walk(node)
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
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


def is_long(functions: Iterable[ast.FunctionDef]) -> bool:
    """Whether a text multiplies matrices, and has so many loops of rows beside that they take longer to
    compile than is lost where they are masked: up to a tenth of a kernel's time for vectors of 16."""
    parts = [one for function in functions for one in ast.walk(function)]
    loops = [one for one in parts if isinstance(one, ast.For) and not _has_loops(one.body)]
    names = {one.id for one in parts if isinstance(one, ast.Name)}
    return len(loops) > _MANY and not names.isdisjoint(PRODUCTS)


def weight(name: str, functions: Mapping[str, ast.FunctionDef]) -> int:
    """The operations of a function of the text, and of those that it calls; of others, which are one
    instruction or two, none."""
    node = functions.get(name)
    if node is None:
        return 0
    if node not in _weights:
        called = [
            one.func.id
            for one in ast.walk(node)
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
        ]
        operations = sum(isinstance(one, ast.BinOp | ast.Call) for one in ast.walk(node))
        _weights[node] = operations + sum(weight(one, functions) for one in called)
    return _weights[node]


_weights: WeakKeyDictionary[ast.FunctionDef, int] = WeakKeyDictionary()


def is_rare(test: ast.expr) -> bool:
    """Whether a condition asks for numbers that are next to leave their range."""
    return any(
        isinstance(one, ast.Compare)
        and any(
            isinstance(part, ast.Constant)
            and isinstance(part.value, float)
            and part.value
            and not _LEAST < abs(part.value) < 1 / _LEAST
            for part in ast.walk(one)
        )
        for one in ast.walk(test)
    )


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
