"""What a declaration's facts are about: its scalar as one formula, with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy

from objc.analysis.effort import UNLIMITED, Effort
from objc.analysis.formulas import in_atoms, influences, is_short, whole
from objc.analysis.shape.curvature import Curvature, Shape
from objc.analysis.shape.slopes import slope
from objc.analysis.shape.smoothness import Kink, Smoothness
from objc.analysis.shape.spectra import Bounds, Spectra
from objc.analysis.shape.witnesses import Search, Witness
from objc.analysis.signs.inequalities import Inequalities
from objc.analysis.values.interval import Interval
from objc.analysis.values.ranges import Ranges
from objc.atoms import stop_gradient
from objc.ir.program import Let, Names, Program, Term
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read


class Subject:
    """The scalar of a loss, a metric or an objective (the weighted sum of its terms)."""

    def __init__(self, declared: Program, effort: Effort = UNLIMITED) -> None:
        self.declared = declared
        self.effort = effort
        self.program = whole(with_total(declared))
        self.let = self.program.lets[-1]
        self._curvature: dict[tuple[str, ...], Curvature] = {}
        self._smoothness: dict[str, Smoothness] = {}
        self._searches: dict[str, Search] = {}
        self._witnesses: dict[tuple[str, Kink], Witness | None] = {}
        self._bounds: dict[str, Bounds] = {}
        self.known: dict[Any, Any] = {}
        """What analyses that stand above this one keep of it, by keys of their own."""

    @cached_property
    def ranges(self) -> Ranges:
        return Ranges(self.program)

    @property
    def value(self) -> Expression:
        """The scalar as an expression of inputs and of lets that reduce."""
        return self.let.body

    @cached_property
    def is_short(self) -> bool:
        """Whether its formulas may be transformed as a whole: multiplied out, simplified, integrated. A
        high power, or a number of very many digits, becomes too much to hold."""
        return all(is_short(one) for let in self.program.lets for one in (let.body, let.guard))

    @property
    def range(self) -> Interval:
        return self.ranges.of_tensor[self.let.name]

    @cached_property
    def inequalities(self) -> Inequalities:
        return Inequalities(self.ranges)

    def is_at_least(self, greater: Expression, less: Expression) -> bool:
        """Whether interval arithmetic proves `greater ≥ less`."""
        return self.inequalities.is_at_least(greater, less)

    def curvature(self, *names: str) -> Shape:
        """The shape as a function of these inputs jointly."""
        return self.curvature_of_lets(*names)[self.let.name]

    def curvature_of_lets(self, *names: str) -> Mapping[str, Shape]:
        """The shape of each let as a function of these inputs jointly."""
        if names not in self._curvature:
            self._curvature[names] = Curvature(self.program, self.ranges, names)
        return self._curvature[names].of_let

    def bounds(self, name: str) -> Bounds:
        """What is known of gradient and Hessian in all entries of an input."""
        if name not in self._bounds:
            spectra = Spectra(self.program, self.ranges, name)
            self._bounds[name] = spectra.of_let[self.let.name]
        return self._bounds[name]

    def is_recurrent(self, name: str) -> bool:
        """Whether an input reaches the scalar through a recurrence, of which little is proved."""
        influenced = influences(self.program)
        return any(name in influenced[one] for one in members(self.program))

    @cached_property
    def _influences(self) -> Mapping[str, frozenset[str]]:
        return influences(self.program)

    def reaching(self, let: str) -> frozenset[str]:
        """The inputs that a let depends on."""
        return self._influences.get(let, frozenset())

    def kinks(self, name: str) -> tuple[Kink, ...]:
        return self.smoothness(name).kinks

    def smoothness(self, name: str) -> Smoothness:
        if name not in self._smoothness:
            self._smoothness[name] = Smoothness(self.program, self.ranges, name)
        return self._smoothness[name]

    def witness(self, name: str, kink: Kink) -> Witness | None:
        """Exact inputs at which the scalar is shown not to be smooth across a kink; sought once."""
        key = name, kink
        if key not in self._witnesses:
            if name not in self._searches:
                self._searches[name] = Search(self.program, self.value, name)
            others = [gap for one in self.kinks(name) if one != kink for gap in one.gaps]
            search = self._searches[name]
            self._witnesses[key] = search.witness(kink.gaps, others, kink.is_continuous)
        return self._witnesses[key]

    def is_smooth(self, name: str, order: int) -> bool:
        """Whether so many derivatives are known to be continuous."""
        if any(let.body.has(stop_gradient) for let in self.program.lets):
            return False
        return all(one.order is not None and one.order >= order for one in self.kinks(name))

    def slope(self, name: str) -> Expression | None:
        return slope(self.program, self.value, name)

    def derivative(self, expression: Expression, name: str) -> Expression | None:
        """`slope` of a scalar expression of the program."""
        return slope(self.program, expression, name)

    def is_constant_in(self, names: Sequence[str]) -> bool:
        """Whether the value is known to be the same whatever these inputs are."""
        for name in names:
            read = {one.tensor for one in self.value.atoms(Read)}
            if name not in read and not any(name in self.reaching(one) for one in read):
                continue
            rise = self.slope(name)
            if rise is None or not (rise == 0 or (self.is_short and sympy.expand(rise) == 0)):
                return False
        return True

    def second_slope(self, name: str) -> Expression | None:
        first = self.slope(name)
        return None if first is None else slope(self.program, first, name)

    def second(self, names: Sequence[str]) -> Expression | None:
        """The second derivative where there is one everywhere, in one scalar input."""
        if len(names) != 1 or not self.is_smooth(names[0], 1):
            return None
        return self.second_slope(names[0])

    def bends_at_least(self, names: Sequence[str], least: Expression) -> bool:
        """Whether interval arithmetic bounds the second derivative in a scalar input from below."""
        second = self.second(names)
        return second is not None and self.is_at_least(second, least)

    def has_spectrum_above(self, names: Sequence[str], least: Expression) -> bool:
        """Whether the Hessian in one input is known to be at least so much."""
        if len(names) != 1 or not self.is_short:
            return False
        low = self.bounds(names[0]).low
        return low != -sympy.oo and self.is_at_least(low, least)

    def extended(self, expressions: dict[str, Any]) -> Program:
        """The program with scalar expressions as its outputs."""
        names = Names.of(self.program)
        lets, outputs = list(self.program.lets), {}
        for key, expression in expressions.items():
            name = names.fresh(key)
            lets.append(Let(name, (), in_atoms(sympy.sympify(expression))))
            outputs[key] = name
        return self.program.with_lets(lets, outputs)

    def with_value(self, value: Expression) -> Program:
        """A loss with another formula for its value, and no claims."""
        return replace(
            self.program,
            lets=(*self.program.lets[:-1], replace(self.let, body=value)),
            outputs={"per_example": self.let.name},
            terms=(Term("value", self.let.name),),
            kind="loss",
            claims=(),
        )


def with_total(program: Program) -> Program:
    """The program with the scalar that the facts are about as its last let."""
    name = Names.of(program).fresh("total")
    if "per_example" in program.outputs and program.kind != "objective":
        body = program.let[program.outputs["per_example"]].read()
    else:
        body = sympy.Add(*(one.share(program.let[one.let].read()) for one in program.terms))
    total = Let(name, (), body, span=program.span)
    return program.with_lets((*program.lets, total), {"total": name})
