"""Programs as mathematics: what `latex` and `text` have in common.

A program becomes equations: its outputs first, then the lets they read. A reduction that is read in
one place only stands in that place. Functions that exist for accuracy are written as what they are:
`log1p(x)` is log(1 + x).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import (
    BY_FUNCTION,
    Branch,
    expm1,
    extended,
    hypot,
    hypot1m1,
    log1mexp,
    log1p,
    quotient,
    sqrt1pm1,
    xlog1py,
    xlogy,
)
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.order import ordered_addends
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Extent, IndexValue, Read, conjuncts, substitute_positions

SUM, OPERATOR, PRODUCT, POWER, ATOM = range(5)
"""How tightly a text holds together; the looser is put in brackets inside the tighter."""


@dataclass(frozen=True)
class Piece:
    text: str
    level: int = ATOM


@dataclass(frozen=True)
class Equation:
    """`left = right`, or several lines of the same."""

    left: str
    right: str


def _root(radicand: Any) -> Any:
    return sympy.Pow(radicand, sympy.Rational(1, 2), evaluate=False)


_EXTREMES = {sympy.Max: "max", sympy.Min: "min"}
"""SymPy's own, which what it has solved may have."""

_UNFOLDED: dict[Any, Callable[..., Any]] = {
    extended: lambda x: x,
    log1p: lambda x: sympy.log(sympy.Add(1, x, evaluate=False), evaluate=False),
    expm1: lambda x: sympy.Add(sympy.exp(x, evaluate=False), -1, evaluate=False),
    log1mexp: lambda x: sympy.log(
        sympy.Add(1, sympy.Mul(-1, sympy.exp(x, evaluate=False), evaluate=False), evaluate=False),
        evaluate=False,
    ),
    sqrt1pm1: lambda x: sympy.Add(
        sympy.Pow(sympy.Add(1, x, evaluate=False), sympy.Rational(1, 2), evaluate=False),
        -1,
        evaluate=False,
    ),
    hypot: lambda x, y: _root(sympy.Add(x**2, y**2, evaluate=False)),
    hypot1m1: lambda x: sympy.Add(_root(sympy.Add(1, x**2, evaluate=False)), -1, evaluate=False),
    quotient: lambda x, y: sympy.Mul(x, 1 / y, evaluate=False),
    xlog1py: lambda x, y: sympy.Mul(x, log1p(y), evaluate=False),
    xlogy: lambda x, y: sympy.Mul(x, sympy.log(y, evaluate=False), evaluate=False),
}


class Notation(ABC):
    """Writes expressions; the subclasses know the marks."""

    def __init__(self, program: Program) -> None:
        self.program = program = _with_parameter_terms(program)
        self.inlined = _read_once(program)

    # -------------------------------------------------------------- the marks

    @abstractmethod
    def name(self, name: str) -> str: ...

    @abstractmethod
    def subscripted(self, name: str, subscripts: Sequence[str]) -> str: ...

    @abstractmethod
    def number(self, value: Any) -> Piece: ...

    @abstractmethod
    def brackets(self, text: str) -> str: ...

    @abstractmethod
    def fraction(self, above: list[Any], below: list[Any]) -> Piece: ...

    @abstractmethod
    def times(self, factors: Sequence[str]) -> str: ...

    @abstractmethod
    def root(self, inner: Piece) -> Piece: ...

    @abstractmethod
    def raised(self, base: Piece, exponent: Piece) -> Piece: ...

    @abstractmethod
    def applied(self, name: str, arguments: Sequence[Piece]) -> Piece: ...

    @abstractmethod
    def cases(self, pairs: Sequence[tuple[str, str]], otherwise: str) -> Piece: ...

    @abstractmethod
    def truth(self, condition: str) -> Piece:
        """Iverson's bracket."""

    @abstractmethod
    def relation(self, sign: str, left: str, right: str) -> str: ...

    @abstractmethod
    def connected(self, word: str, parts: Sequence[str]) -> str: ...

    @abstractmethod
    def reduced(self, let: Let) -> Piece: ...

    @abstractmethod
    def derivative(self, kind: str, of: str, by: str) -> str: ...

    # -------------------------------------------------------------- expressions

    def inside(self, piece: Piece, level: int) -> str:
        """A piece where something of this level is wanted."""
        return piece.text if piece.level >= level else self.brackets(piece.text)

    def at_level(self, expression: Any, level: int) -> str:
        return self.inside(self.scalar(expression), level)

    def scalar(self, expression: Any) -> Piece:
        if isinstance(expression, Read):
            return self.read(expression)
        if isinstance(expression, IndexValue | Extent):
            return Piece(self.name(expression.name))
        if not expression.args:
            return self.number(expression)
        if isinstance(expression, Branch):
            return self.branch(expression)
        if isinstance(expression, sympy.Add):
            return self.sum(expression)
        if isinstance(expression, sympy.Mul):
            return self.product(expression)
        if isinstance(expression, sympy.Pow):
            return self.power(*expression.args)
        if expression.func in _UNFOLDED:
            return self.scalar(_UNFOLDED[expression.func](*expression.args))
        if isinstance(expression, sympy.polygamma):
            order, inner = expression.args
            name = "digamma" if order == 0 else f"polygamma{order}"
            return self.applied(name, [self.scalar(inner)])
        row = BY_FUNCTION.get(expression.func)
        known = expression.func.__name__ if row is None else row.name
        name = _EXTREMES.get(expression.func, known)
        return self.applied(name, [self.scalar(one) for one in expression.args])

    def sum(self, expression: Any) -> Piece:
        ordered = ordered_addends(expression, self.program)
        if any(isinstance(one, sympy.Add) for one in ordered):  # read as it was written
            ordered = list(sympy.Add.make_args(sympy.Add(*ordered)))
        addends = sorted(ordered, key=lambda one: one.could_extract_minus_sign())
        first, *others = addends
        text = self.at_level(first, SUM)
        for addend in others:
            negative = addend.could_extract_minus_sign()
            part = self.at_level(-addend if negative else addend, OPERATOR)
            text += f" {self.minus if negative else '+'} {part}"
        return Piece(text, SUM)

    minus = "-"

    def product(self, expression: Any) -> Piece:
        if expression.could_extract_minus_sign():
            return Piece(self.minus + self.at_level(-expression, PRODUCT), SUM)
        above, below = [], []
        coefficient, rest = expression.as_coeff_Mul()
        if isinstance(coefficient, sympy.Rational):
            above += [sympy.Integer(coefficient.p)] * (coefficient.p != 1)
            below += [sympy.Integer(coefficient.q)] * (coefficient.q != 1)
        else:
            rest = expression
        for factor in sorted(sympy.Mul.make_args(rest), key=_factor_order):
            base, exponent = factor.args if isinstance(factor, sympy.Pow) else (factor, None)
            if exponent is not None and exponent.is_Rational and exponent < 0:
                below.append(base if exponent == -1 else sympy.Pow(base, -exponent, evaluate=False))
            else:
                above.append(factor)
        if below:
            return self.fraction(above or [sympy.Integer(1)], below)
        return Piece(self.times([self.at_level(one, PRODUCT) for one in above]), PRODUCT)

    def power(self, base: Any, exponent: Any) -> Piece:
        if exponent == sympy.Rational(1, 2):
            return self.root(self.scalar(base))
        if exponent.is_Rational and exponent < 0:
            inverse = base if exponent == -1 else sympy.Pow(base, -exponent, evaluate=False)
            return self.fraction([sympy.Integer(1)], [inverse])
        return self.raised(self.scalar(base), self.scalar(exponent))

    def branch(self, expression: Any) -> Piece:
        pairs: list[tuple[str, str]] = []
        while isinstance(expression, Branch):
            condition, then, otherwise = expression.args
            if not pairs and (then, otherwise) == (1, 0):
                return self.truth(self.condition(condition))
            pairs.append((self.scalar(then).text, self.condition(condition)))
            expression = otherwise
        return self.cases(pairs, self.scalar(expression).text)

    # -------------------------------------------------------------- reads

    def read(self, read: Read) -> Piece:
        let = self.inlined.get(read.tensor)
        if let is not None:
            mapping = dict(zip(let.free, read.positions, strict=True))
            body = substitute_positions(let.body, mapping)
            guard = substitute_positions(let.guard, mapping)
            return self.reduced(replace(let, body=body, guard=guard))
        return Piece(self.subscripted(read.tensor, [self.position(one) for one in read.positions]))

    def position(self, position: Position) -> str:
        base, offset = position.base, position.offset
        if base is None:
            return str(offset)
        text = self.read(base).text if isinstance(base, Read) else self.name(base.name)
        return f"{text}{offset:+d}" if offset else text

    # -------------------------------------------------------------- conditions

    def condition(self, condition: Any) -> str:
        if isinstance(condition, sympy.And):
            return self.connected("and", [self.condition(one) for one in conjuncts(condition)])
        if isinstance(condition, sympy.Or):
            return self.connected("or", [self.condition(one) for one in condition.args])
        if isinstance(condition, sympy.Not):
            return self.connected("not", [self.condition(condition.args[0])])
        if not condition.args:
            return str(condition)
        left, right = (self.scalar(one).text for one in condition.args)
        return self.relation(condition.rel_op, left, right)

    # -------------------------------------------------------------- programs

    def equations(self) -> list[Equation]:
        """The outputs, then the lets that they read, each once."""
        names = set(self.program.outputs.values())
        found = []
        for key, name in self.program.outputs.items():
            let = self.program.let[name]
            found.append(Equation(self.head(key, let), self.right(let)))
        reached = _reached(self.program, names)
        for let in self.program.lets:
            named_output = let.name in names and let.name in _read_names(self.program)
            if let.name in reached and let.name not in self.inlined:
                if let.name not in names:
                    found.append(Equation(self.left(let), self.right(let)))
                elif named_output:
                    found.append(Equation(self.left(let), self.outputs_of(let.name)))
        return found

    def outputs_of(self, name: str) -> str:
        """The left side under which a let already stands, for other lets that read it."""
        key = next(key for key, output in self.program.outputs.items() if output == name)
        return self.head(key, self.program.let[name])

    def right(self, let: Let) -> str:
        return (self.scalar(let.body) if let.reduction is None else self.reduced(let)).text

    def left(self, let: Let) -> str:
        return self.subscripted(let.name, [self.name(index.name) for index in let.free])

    def head(self, key: str, let: Let) -> str:
        program, subscripts = self.program, [self.name(index.name) for index in let.free]
        word, _, subject = key.partition(":")
        if word in ("gradient", "hessian_diagonal", "hessian_vector_product"):
            value = self.name(program.name)
            return self.derivative(word, value, self.subscripted(subject, subscripts))
        if word == "term_gradient":
            term, _, subject = subject.partition(":")
            by = self.subscripted(subject, subscripts)
            return self.derivative("gradient", self.name(term), by)
        if word == "term":
            return self.name(subject)
        if word == "value" and "per_example" in program.outputs:
            return self.name("value")
        roles = ("differentiable", "data")
        shown = [self.name(one.name) for one in program.inputs if one.role in roles]
        call = f"{self.name(program.name)}({', '.join(shown)})"
        return self.subscripted(call, subscripts) if subscripts else call

    def over(self, indices: Iterable[Index]) -> list[str]:
        return [self.name(index.name) for index in indices]


def dimension_name(dimension: Dimension) -> str:
    return dimension.name if dimension.size is None else str(dimension.size)


def _factor_order(factor: Any) -> tuple[int, str]:
    return (0 if not factor.free_symbols else 1 if isinstance(factor, Read) else 2), str(factor)


def _read_names(program: Program) -> set[str]:
    return {read.tensor for let in program.lets for read in let.reads}


def _reached(program: Program, names: Iterable[str]) -> set[str]:
    found = {name for name in names if name in program.let}
    return found | program.behind(program.let[name] for name in found)


def _with_parameter_terms(program: Program) -> Program:
    """An objective as a whole: what belongs to an example, and the terms over parameters."""
    extra = [term for term in program.terms if term.over_parameters]
    if not extra or "value" in program.outputs or "per_example" not in program.outputs:
        return program
    lets = program.let
    parts = [lets[program.outputs["per_example"]].read()]
    parts += [term.share(lets[term.let].read()) for term in extra]
    whole = Let(Names.of(program).fresh("objective"), (), sympy.Add(*parts))
    outputs = {**program.outputs, "per_example": whole.name}
    return program.with_lets((*program.lets, whole), outputs)


def _read_once(program: Program) -> dict[str, Let]:
    """Reductions that one place reads and whose indices are not in use there."""
    place = {let.name: number for number, let in enumerate(program.lets)}
    sites: dict[str, list[tuple[Let, Read]]] = {}
    gathers: set[str] = set()
    for let in program.lets:
        for read in let.reads:
            sites.setdefault(read.tensor, []).append((let, read))
            for position in read.positions:
                if isinstance(position.base, Read):
                    gathers.add(position.base.tensor)
    outputs = set(program.outputs.values())
    found: dict[str, Let] = {}
    for let in program.lets:
        places = sites.get(let.name, [])
        if let.reduction is None or len(places) != 1 or let.name in outputs | gathers:
            continue
        reader = places[0][0]
        if place[reader.name] <= place[let.name]:
            continue  # a step of a recurrence
        if not {index.name for index in let.over} & _bound_around(reader, sites, place):
            found[let.name] = let
    return found


def _bound_around(
    let: Let, sites: dict[str, list[tuple[Let, Read]]], place: dict[str, int]
) -> set[str]:
    """Names of the indices in use where a let's text may come to stand."""
    names = {index.name for index in let.indices}
    while let.reduction is not None and len(sites.get(let.name, [])) == 1:
        reader = sites[let.name][0][0]
        if place[reader.name] <= place[let.name]:
            break
        let = reader
        names |= {index.name for index in let.indices}
    return names


__all__ = [
    "ATOM", "OPERATOR", "POWER", "PRODUCT", "SUM", "Equation", "Notation", "Piece", "at",
    "dimension_name",
]  # fmt: skip
