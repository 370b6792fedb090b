"""What stands in an expression. Of what stands there many times, SymPy's own walks visit all of it each time;
these do once: what is inlined in a thousand places has still few parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

Expression: TypeAlias = Any  # a sympy.Expr or a Boolean; SymPy has no usable types


def found_in(expression: Expression, *kinds: type) -> set[Any]:
    """The parts of an expression that are of these kinds."""
    found: set[Any] = set()
    seen = {expression}
    waiting = [expression]
    while waiting:
        one = waiting.pop()
        if isinstance(one, kinds):
            found.add(one)
        for part in one.args:
            if part not in seen:
                seen.add(part)
                waiting.append(part)
    return found


def inner_first(expression: Expression) -> Iterator[Any]:
    """Each part once, after its own parts."""
    seen: set[Any] = set()

    def visit(one: Any) -> Iterator[Any]:
        if one in seen:
            return
        seen.add(one)
        for part in one.args:
            yield from visit(part)
        yield one

    return visit(expression)


def repeated_in(expressions: Iterable[Expression]) -> set[Any]:
    """The parts that stand in some expressions more than once."""
    times: dict[Any, int] = {}

    def visit(one: Any) -> None:
        before = times.get(one, 0)
        if before < 2:
            times[one] = before + 1
            for part in one.args:
                visit(part)

    for expression in expressions:
        visit(expression)
    return {one for one, count in times.items() if count > 1}
