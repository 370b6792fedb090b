"""The SymPy side of the representation: what the scalar expression of a body may consist of.

SymPy sees scalars with assumptions; names and indices are ours. A body is made of numbers, `Read`,
`IndexValue`, `Extent`, SymPy's Add, Mul and Pow, the functions of the table in `objc.atoms`, and
`Branch`. A condition is made of SymPy's relations (Eq, Ne, Lt, Le, Gt, Ge), And, Or, Not of bodies.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import sympy

from objc.atoms import Branch, iverson
from objc.ir.index import Dimension, Index, Position
from objc.ir.parts import found_in
from objc.ir.spelling import spelled

__all__ = [
    "Branch", "Condition", "Expression", "Extent", "IndexValue", "Read", "conjuncts", "disjuncts",
    "indices_of", "iverson", "move_position", "move_read", "position_value", "reads", "substitute_positions",
]  # fmt: skip

_REMEMBERED = 2**14
"""Expressions of which is remembered what they read: all passes ask it of the same ones."""

Expression: TypeAlias = Any  # a sympy.Expr; SymPy has no usable types
Condition: TypeAlias = Any  # a sympy Boolean


class _Named(sympy.Symbol):
    """A symbol with a payload. Equality is by name, assumptions and `signature`: the dimensions of
    the indices, which the name does not show. SymPy's cache outlives a program, and would else hand
    the `x[i]` of one program, with its dimension, to another."""

    __slots__ = ("__dict__",)
    signature: str = ""

    def __new__(cls, name: str, payload: Mapping[str, Any], assumptions: Mapping[str, bool]) -> Any:
        symbol = sympy.Symbol.__xnew__(cls, name, **assumptions)
        for key, value in payload.items():
            setattr(symbol, key, value)
        return symbol

    def __getnewargs_ex__(self) -> Any:
        return (self.name, dict(self.__dict__), dict(self.assumptions0)), {}

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.name, dict(self.__dict__), dict(self._assumptions_orig))

    def _hashable_content(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.signature, *super()._hashable_content())


def _rebuild(cls: type, name: str, payload: Any, assumptions: Any) -> Any:
    return _Named.__new__(cls, name, payload, assumptions)


class Read(_Named):
    """A read of a tensor at positions: `logits[i, label[i]]`; a scalar has none.

    Made by `Input.read` and `Let.read`, which know the assumptions that belong to the tensor.
    """

    tensor: str
    positions: tuple[Position, ...]

    def __new__(
        cls, tensor: str, positions: Iterable[Position], assumptions: Mapping[str, bool]
    ) -> Any:
        return _read(tensor, tuple(positions), tuple(assumptions.items()))

    def at(self, positions: Iterable[Position]) -> Read:
        """The same tensor read elsewhere."""
        return Read(self.tensor, positions, self._assumptions_orig)


@functools.lru_cache(_REMEMBERED)
def _read(
    tensor: str, places: tuple[Position, ...], assumptions: tuple[tuple[str, bool], ...]
) -> Any:
    """One object for one read: they are compared with each other more often than anything else."""
    name = f"{tensor}[{', '.join(map(str, places))}]" if places else tensor
    payload = {"tensor": tensor, "positions": places, "signature": _signature(places)}
    return _Named.__new__(Read, name, payload, dict(assumptions))


class IndexValue(_Named):
    """The value of an index in arithmetic or in a condition: the `j` of `j == label[i]`."""

    index: Index

    def __new__(cls, index: Index) -> Any:
        return _Named.__new__(
            cls,
            index.name,
            {"index": index, "signature": str(index)},
            {"integer": True, "nonnegative": True},
        )


def _signature(positions: tuple[Position, ...]) -> str:
    return ", ".join(_base(position.base) for position in positions)


def _base(base: Index | Dimension | Read | None) -> str:
    """An index with its dimension; what is gathered with what it assumes, as counts and other whole numbers
    of one name, in two programs, are unlike."""
    if not isinstance(base, Read):
        return str(base) if isinstance(base, Index) else ""
    return f"{base.signature}{sorted(base._assumptions_orig)}"


_COUNT = {"integer": True, "nonnegative": True}


class Extent(_Named):
    """The size of a dimension in arithmetic: the `N` of `1/N`."""

    dimension: Dimension

    def __new__(cls, dimension: Dimension) -> Any:
        if dimension.size is not None:
            return sympy.Integer(dimension.size)
        if dimension.count is not None:
            return Read(dimension.count, (), _COUNT) + dimension.more
        return _Named.__new__(
            cls, dimension.name, {"dimension": dimension}, {"integer": True, "positive": True}
        )


def reads(expression: Expression | Condition) -> list[Read]:
    """Every read in an expression, those inside gathers included, each once, in a fixed order."""
    return list(_reads(expression))


@functools.lru_cache(_REMEMBERED)
def _reads(expression: Expression | Condition) -> tuple[Read, ...]:
    found: dict[Read, None] = {}

    def visit(read: Read) -> None:
        for position in read.positions:
            if isinstance(position.base, Read):
                visit(position.base)
        found.setdefault(read)

    for read in sorted(found_in(expression, Read), key=lambda one: str(one.name)):
        visit(read)
    return tuple(found)


def substitute_positions(expression: Any, mapping: Mapping[Index, Position]) -> Any:
    """Replace indices in every read and index value of an expression.

    Each index of `mapping` becomes a position; an offset on the original adds to it. Index values
    become the position's value.
    """
    return _substituted(expression, tuple(mapping.items())) if mapping else expression


@functools.lru_cache(_REMEMBERED)
def _substituted(expression: Any, moved: tuple[tuple[Index, Position], ...]) -> Any:
    mapping = dict(moved)
    replacements: dict[Any, Any] = {}
    for symbol in found_in(expression, Read, IndexValue):
        if isinstance(symbol, Read):
            other = move_read(symbol, mapping)
            if other is not symbol:
                replacements[symbol] = other
        elif symbol.index in mapping:
            replacements[symbol] = position_value(mapping[symbol.index])
    return expression.xreplace(replacements) if replacements else expression


def move_read(read: Read, mapping: Mapping[Index, Position]) -> Read:
    positions = tuple(move_position(one, mapping) for one in read.positions)
    return read if positions == read.positions else read.at(positions)


def move_position(position: Position, mapping: Mapping[Index, Position]) -> Position:
    base = position.base
    if isinstance(base, Index) and base in mapping:
        target = mapping[base]
        return Position(target.base, target.offset + position.offset)
    if isinstance(base, Read):
        return Position(move_read(base, mapping), position.offset)
    return position


def position_value(position: Position) -> Expression:
    """A position as an integer expression."""
    base = position.base
    offset = sympy.Integer(position.offset)
    if base is None:
        return offset
    if isinstance(base, Index):
        return IndexValue(base) + offset
    if isinstance(base, Dimension):
        return Extent(base) + offset
    return base + offset


def indices_of(expression: Expression) -> set[Index]:
    """Every index that an expression depends on, through reads, gathers and index values."""
    return set(_indices_of(expression))


@functools.lru_cache(_REMEMBERED)
def _indices_of(expression: Expression) -> frozenset[Index]:
    found: set[Index] = set()

    def visit(read: Read) -> None:
        for position in read.positions:
            if isinstance(position.base, Index):
                found.add(position.base)
            elif isinstance(position.base, Read):
                visit(position.base)

    for symbol in found_in(expression, Read, IndexValue):
        if isinstance(symbol, Read):
            visit(symbol)
        else:
            found.add(symbol.index)
    return frozenset(found)


def conjuncts(condition: Condition) -> list[Condition]:
    """The parts of a conjunction in the order of evaluation: plain tests before reads that are
    shifted or gathered, so that `t > 0 and tag[t-1] == k` never reads before the start."""
    parts = list(condition.args) if isinstance(condition, sympy.And) else [condition]
    return _plain_first(parts)


def disjuncts(condition: Condition) -> list[Condition]:
    """The parts of a disjunction, in the same order of evaluation."""
    return _plain_first(list(condition.args) if isinstance(condition, sympy.Or) else [condition])


def _plain_first(parts: list[Condition]) -> list[Condition]:
    if len(parts) == 1:
        return parts
    return sorted(parts, key=lambda part: (_read_risk(part), spelled(part)))


def _read_risk(part: Condition) -> int:
    risk = 0
    for read in reads(part):
        for position in read.positions:
            risk = max(risk, 2 if isinstance(position.base, Read) else 1 if position.offset else 0)
    return risk
