"""Passes that change the sums of a program one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression


def change_nodes(
    program: Program,
    change: Callable[[Any], Expression | None],
    *,
    kinds: tuple[Any, ...] = (sympy.Add,),
    beside: tuple[Any, ...] = (),
    order: Callable[[Any], Any] = spelled,
) -> Program:
    """The program with what `change` makes of its sums, or of nodes of other kinds; it leaves a node as it is
    by None. Only bodies are looked at that have one of the functions `beside` them, where some are named."""
    lets = []
    for let in program.lets:
        body = let.body
        if not beside or body.has(*beside):
            for node in sorted(body.atoms(*kinds), key=order):
                changed = change(node)
                if changed is not None:
                    body = body.xreplace({node: changed})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)
