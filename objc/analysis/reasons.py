"""Why a fact is what it is: what is known of each part of the text, and which part is responsible.

A lens (`objc.analysis.lenses`) says of an expression what a property hangs on, and whether that is as the
property wants it. The responsible part is the smallest that is not, though all within it are; of a proof it
is the whole, which its parts bear.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.facts import Fact
from objc.analysis.lenses import Lens, lens_of
from objc.analysis.subject import Subject, with_total
from objc.atoms import Branch
from objc.errors import Label, marked
from objc.ir.program import Program
from objc.ir.symbols import Condition, Read, reads
from objc.properties import PROPERTIES
from objc.source import Span

_MOST = 8
"""Parts beyond which those that are nearest to the responsible one are shown."""


@dataclass(frozen=True)
class Part:
    """A stretch of the text, what is known of it, and whether that is as the property wants it."""

    span: Span
    says: str
    is_sound: bool


@dataclass(frozen=True)
class Reason:
    """The parts that bear on a fact, from the inside out; the responsible one is the last."""

    fact: Fact
    parts: tuple[Part, ...]

    @property
    def responsible(self) -> Part | None:
        return self.parts[-1] if self.parts else None

    def lines(self) -> list[str]:
        """The certificate step by step, then the text with each step marked under it."""
        lines = [f"{number}. {one.span.text!r} {one.says}" for number, one in self._numbered()]
        if self.fact.kind != "kink":
            lines.append(f"so: {self.fact}")
        labels = [Label(one.span, one.says) for one in reversed(self.parts)]
        return lines + (marked(labels) if labels else [])

    def as_data(self) -> list[dict[str, Any]]:
        found = []
        for _, one in self._numbered():
            line, column = one.span.source.position(one.span.start)
            place = {"line": line, "column": column, "text": one.span.text}
            found.append({**place, "says": one.says, "responsible": one is self.responsible})
        return found

    def _numbered(self) -> Iterator[tuple[int, Part]]:
        return enumerate(self.parts, 1)


def reason(subject: Subject, fact: Fact) -> Reason:
    """The parts of the text that bear on a fact."""
    if fact.kind == "kink" and fact.span is not None:
        return Reason(fact, (Part(fact.span, fact.statement, False),))
    row = PROPERTIES.get(fact.property)
    name = row.lens if row is not None else "range"
    program = with_total(subject.declared)
    if not name or not program.places:
        return Reason(fact, ())
    tree = _Tree(program, lens_of(name, program, fact))
    top = tree.below(program.lets[-1].body)
    if not top:
        return Reason(fact, ())
    whole = max(top, key=lambda one: one.span.stop - one.span.start)
    if fact.verdict == "proved":
        # What a loss estimates stands in its slope.
        brings = (
            f"{whole.part.says}, so {fact.statement}" if name == "derivative" else fact.statement
        )
        shown = Part(whole.span, brings, True)
        return Reason(fact, (*reversed(list(_inside(whole))), shown))
    chosen = _responsible(whole)
    return Reason(fact, (*reversed(list(_inside(chosen))), chosen.part))


@dataclass(frozen=True)
class _Node:
    part: Part
    inner: tuple[_Node, ...]

    @property
    def span(self) -> Span:
        return self.part.span


def _responsible(node: _Node) -> _Node:
    """The smallest part that isn't sound, among those that only what isn't sound stands around."""
    wrong = next((one for one in node.inner if not one.part.is_sound), None)
    return node if wrong is None else _responsible(wrong)


def _inside(node: _Node) -> Iterator[Part]:
    """The parts of a part, those near to it first, each once."""
    seen = {(node.span.start, node.span.stop)}
    waiting = deque(node.inner)
    while waiting and len(seen) <= _MOST:
        one = waiting.popleft()
        waiting.extend(one.inner)
        key = one.span.start, one.span.stop
        if key not in seen:
            seen.add(key)
            yield one.part


class _Tree:
    """The parts of a program that stand in the declaration's own file, with what a lens says of them."""

    def __init__(self, program: Program, lens: Lens) -> None:
        self.program = program
        self.lens = lens
        self.source = program.span.source if program.span is not None else None
        self._known: dict[Any, tuple[_Node, ...]] = {}

    def below(self, expression: Any, here: Condition = sympy.true) -> tuple[_Node, ...]:
        """The outermost parts in an expression where a condition holds: itself, or those in what it is made
        of."""
        key = expression, here
        if key not in self._known:
            self._known[key] = ()  # a recurrence comes back to itself
            self._known[key] = tuple(self._found(expression, here))
        return self._known[key]

    def _found(self, expression: Any, here: Condition) -> Iterator[_Node]:
        inner = tuple(self._in_parts(expression, here))
        span = self.program.places.get(expression)
        view = None
        if span is not None and span.source is self.source and not self._is_input(expression):
            view = self.lens(expression, here)
        if span is None or view is None:
            yield from inner
        else:
            yield _Node(Part(span, *view), inner)

    def _is_input(self, expression: Any) -> bool:
        is_read = isinstance(expression, Read) or isinstance(-expression, Read)
        return is_read and bool({one.tensor for one in reads(expression)} & set(self.program.input))

    def _in_parts(self, expression: Any, here: Condition) -> Iterator[_Node]:
        if isinstance(expression, Branch):
            condition, then, otherwise = expression.args
            yield from self.below(then, sympy.And(here, condition))
            yield from self.below(otherwise, sympy.And(here, sympy.Not(condition)))
            return
        if isinstance(expression, Read):
            let = self.program.let.get(expression.tensor)
            parts: tuple[Any, ...] = () if let is None else (let.body,)
            if let is not None and (let.free or let.over):
                here = sympy.true  # its indices are its own
        else:
            parts = expression.args
        for one in parts:
            if isinstance(one, sympy.Expr):
                yield from self.below(one, here)
