"""Which names of a kernel's text stand for one value wherever they are read: these need no memory, and LLVM
does not have to find out what they are."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Sequence


@functools.lru_cache(maxsize=256)
def settled(node: ast.FunctionDef) -> frozenset[str]:
    """The names of a function that are bound once, before all that reads them, and the counters of loops
    that are read in these alone."""
    parameters = {one.arg for one in node.args.args}
    bound = Counter(parameters)
    counters: set[str] = set()
    for one in ast.walk(node):
        match one:
            case ast.Assign(targets=targets):
                bound.update(name for target in targets for name in _names(target))
            case ast.AugAssign(target=ast.Name(id=name)):
                bound[name] += 2
            case ast.For(target=ast.Name(id=name)):
                counters.add(name)
    kept = {name for name, times in bound.items() if times > 1} | (counters & bound.keys())
    _look(node.body, frozenset(parameters), kept)
    return frozenset((counters | bound.keys()) - kept)


def _look(statements: Sequence[ast.stmt], known: frozenset[str], kept: set[str]) -> None:
    """Adds to `kept` what is read where it is not `known` to have been bound."""
    for one in statements:
        match one:
            case ast.For(target=ast.Name(id=name), iter=ends, body=body):
                kept |= _read(ends) - known
                _look(body, known | {name}, kept)
            case (
                ast.If(test=test, body=body, orelse=other)
                | ast.While(test=test, body=body, orelse=other)
            ):
                kept |= _read(test) - known
                _look(body, known, kept)
                _look(other, known, kept)
            case ast.Assign(targets=targets):
                kept |= _read(one) - known
                known |= {name for target in targets for name in _names(target)}
            case _:
                kept |= _read(one) - known


def _names(target: ast.expr) -> list[str]:
    """The names that an assignment binds."""
    return [
        one.id
        for one in ast.walk(target)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    ]


def _read(node: ast.AST) -> set[str]:
    return {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }
