"""Passes that change the sums of a program one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, substitute_positions


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
            for node in sorted(found_in(body, *kinds), key=order):
                changed = change(node)
                if changed is not None:
                    body = body.xreplace({node: changed})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def without_names(product: Any, lets: Mapping[str, Let]) -> Any:
    """A product with what its factors are names of, where these are products too."""
    for read in sympy.Mul.make_args(product):
        let = lets.get(getattr(read, "tensor", ""))
        if (
            let is not None
            and let.reduction is None
            and isinstance(let.body, sympy.Mul | sympy.Pow)
        ):
            places = dict(zip(let.free, read.positions, strict=True))
            return without_names(product / read * substitute_positions(let.body, places), lets)
    return product


class Making(ABC):
    """Changes sums, or nodes of other kinds, by what new lets have, which stand before those that they are
    made of. What takes part in a recurrence is left as it is."""

    kinds: tuple[Any, ...] = (sympy.Add,)

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known = program.let
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[str, tuple[Let, ...]] = {}

    @abstractmethod
    def change(self, node: Any, reader: Let) -> Expression | None:
        """What a node of this let is to be; None leaves it."""

    def changed(self) -> Program:
        """The program with the changed sums and the new lets."""
        inside = members(self.program)
        for let in self.program.lets:
            body = let.body
            if let.name not in inside:
                for node in sorted(found_in(body, *self.kinds), key=spelled):
                    changed = self.change(node, let)
                    if changed is not None:
                        body = body.xreplace({node: changed})
            self.lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(self.lets)

    def insert(self, let: Let, *made: Let) -> tuple[Let, ...]:
        """Put lets before one, and remember them by its name."""
        place = next(n for n, one in enumerate(self.lets) if one.name == let.name)
        self.lets[place:place] = made
        self.made[let.name] = made
        return made
