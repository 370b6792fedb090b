"""Why a fact is what it is: what is known of each part of the text, and which part is responsible.

A lens says of an expression what a property hangs on (its curvature, its range, its slope), and whether
that is as the property wants it. The responsible part is the smallest that is not, though all within it
are; of a proof it is the whole, which its parts bear.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sympy

from objc.analysis.facts import Fact
from objc.analysis.formulas import inlined, named
from objc.analysis.shape.curvature import Curvature, Shape
from objc.analysis.shape.slopes import slope
from objc.analysis.subject import Subject, with_total
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.words import in_words
from objc.errors import Label, marked
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, reads
from objc.properties import PROPERTIES
from objc.source import Span

Lens: TypeAlias = "Callable[[Expression], tuple[str, bool] | None]"
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
    tree = _Tree(program, _LENSES[name](program, fact))
    top = tree.below(program.lets[-1].body)
    if not top:
        return Reason(fact, ())
    whole = max(top, key=lambda one: one.span.stop - one.span.start)
    if _holds(fact):
        shown = Part(whole.span, fact.statement, True)
        return Reason(fact, (*reversed(list(_inside(whole))), shown))
    chosen = _responsible(whole)
    return Reason(fact, (*reversed(list(_inside(chosen))), chosen.part))


def _holds(fact: Fact) -> bool:
    return (fact.verdict == "refuted") == fact.is_negated and fact.verdict != "unknown"


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

    def below(self, expression: Any) -> tuple[_Node, ...]:
        """The outermost parts in an expression: itself, or those in what it is made of."""
        if expression not in self._known:
            self._known[expression] = ()  # a recurrence comes back to itself
            self._known[expression] = tuple(self._found(expression))
        return self._known[expression]

    def _found(self, expression: Any) -> Iterator[_Node]:
        inner = tuple(self._in_parts(expression))
        span = self.program.places.get(expression)
        view = None
        if span is not None and span.source is self.source and not self._is_input(expression):
            view = self.lens(expression)
        if span is None or view is None:
            yield from inner
        else:
            yield _Node(Part(span, *view), inner)

    def _is_input(self, expression: Any) -> bool:
        is_read = isinstance(expression, Read) or isinstance(-expression, Read)
        return is_read and bool({one.tensor for one in reads(expression)} & set(self.program.input))

    def _in_parts(self, expression: Any) -> Iterator[_Node]:
        if isinstance(expression, Read):
            let = self.program.let.get(expression.tensor)
            parts: tuple[Any, ...] = () if let is None else (let.body,)
        else:
            parts = expression.args
        for one in parts:
            if isinstance(one, sympy.Expr):
                yield from self.below(one)


# ------------------------------------------------------------------ lenses


def _curvature(program: Program, fact: Fact) -> Lens:
    shapes = Curvature(program, Ranges(program), fact.of)

    def view(expression: Expression) -> tuple[str, bool]:
        found = shapes.of(expression)
        return _shape_in_words(found), found.convex or found.concave or found.log_convex

    return view


def _shape_in_words(shape: Shape) -> str:
    if shape.affine:
        return "affine"
    words = {
        "convex": shape.convex, "concave": shape.concave,
        "log-convex": shape.log_convex, "log-concave": shape.log_concave,
    }  # fmt: skip
    return ", ".join(word for word, holds in words.items() if holds) or "of no known curvature"


def _range(program: Program, fact: Fact) -> Lens:
    ranges = Ranges(program)

    def view(expression: Expression) -> tuple[str, bool]:
        found = ranges.of(expression)
        is_sound = found.is_nonnegative if fact.property == "nonnegative" else found.is_bounded
        return in_words(found) or "of any value", is_sound

    return view


def _elementwise(program: Program) -> dict[str, Let]:
    """The lets that reduce nothing, each with those before it in their readers' places."""
    found: dict[str, Let] = {}
    apart = members(program) | program.gathered
    for let in program.lets:
        if let.reduction is None and let.name not in apart:
            found[let.name] = replace(let, body=inlined(let.body, found))
    return found


def _slope(program: Program, fact: Fact) -> Lens:
    ranges, bodies = Ranges(program), _elementwise(program)

    def whole_of(expression: Expression) -> Expression:
        return named(inlined(expression, bodies))

    def view(expression: Expression) -> tuple[str, bool] | None:
        (name,) = fact.of if len(fact.of) == 1 else (None,)
        first = None if name is None else slope(program, whole_of(expression), name)
        if first is not None and fact.property == "smooth":
            first = slope(program, first, str(name))
        if first is None:
            return None
        found, which = (
            ranges.of(first),
            "second derivative" if fact.property == "smooth" else "slope",
        )
        return f"{which} {in_words(found) or 'of any value'}", found.is_bounded

    return view


_LENSES: Mapping[str, Callable[[Program, Fact], Lens]] = {
    "curvature": _curvature, "range": _range, "slope": _slope,
}  # fmt: skip
