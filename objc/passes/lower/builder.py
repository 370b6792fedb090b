"""The program under construction: its lets, its names, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy

from objc.errors import Collector
from objc.ir.domain import Domain, domain_of
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.program import Let
from objc.ir.reductions import REDUCTIONS
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    iverson,
    reads,
    substitute_positions,
)
from objc.passes.lower.constants import check_body
from objc.passes.lower.dimensions import Axis
from objc.passes.lower.values import Environment, indices_of_position
from objc.source import Span


@dataclass(frozen=True)
class Wanted:
    """How a let is to be called: `exact` for what the user named, `r` or `r_1` for what is inlined,
    `numbered` for what has no name (`sum_1`). `domain` is what its readers think of it already."""

    name: str
    exact: bool = False
    numbered: bool = False
    domain: Domain | None = None


class Builder:
    """Collects lets in an order in which each reads only those before it, but in recurrences."""

    def __init__(self, taken: set[str], collector: Collector) -> None:
        self.lets: list[Let] = []
        self._taken = set(taken)
        self.collector = collector
        self._dimension_of: dict[str, Dimension] = {}
        self._introduced: dict[str, int] = {}
        self._integers: dict[str, Domain] = {}
        self._alike: dict[tuple[object, ...], list[Let]] = {}
        self._numbers: dict[str, int] = {}
        self._promised: dict[str, tuple[Domain, tuple[Dimension, ...]]] = {}

    # ------------------------------------------------------------------ names

    def index(self, wanted: str, axis: Axis, environment: Environment) -> Index:
        """An index of that name, or near it: a name stands for one dimension, and an index that is
        in force is not captured."""
        dimension = axis.dimension
        name, number = wanted, 0
        while not self._may_be_index(name, dimension, environment):
            number += 1
            name = f"{wanted}_{number}"
        self._dimension_of[name] = dimension
        self._introduced.setdefault(name, len(self._introduced))
        return Index(name, dimension)

    def _may_be_index(self, name: str, dimension: Dimension, environment: Environment) -> bool:
        if name in environment.active:
            return False
        if name in self._dimension_of:
            return self._dimension_of[name] == dimension
        return self.take(name)

    def in_order(self, indices: Iterable[Index]) -> list[Index]:
        """Indices in the order in which they were introduced."""
        return sorted(indices, key=lambda index: self._introduced.get(index.name, -1))

    def take(self, name: str) -> bool:
        if name in self._taken:
            return False
        self._taken.add(name)
        return True

    def fresh(self, wanted: str) -> str:
        """A name for a let: `r`, `r_1`, …"""
        name, number = wanted, 0
        while not self.take(name):
            number += 1
            name = f"{wanted}_{number}"
        return name

    def index_for(self, axis: Axis, environment: Environment) -> Index:
        """An index that nobody named: `k` over K."""
        name = axis.dimension.name.lower()
        plain = name.isidentifier() and name != axis.dimension.name and axis.dimension is not BATCH
        return self.index(name if plain else "i", axis, environment)

    def numbered(self, what: str) -> str:
        """`sum_1`, `sum_2`: the name of a let that stands inside an expression."""
        while True:
            self._numbers[what] = self._numbers.get(what, 0) + 1
            wanted = f"{what}_{self._numbers[what]}"
            if self.take(wanted):
                return wanted

    # ------------------------------------------------------------------- lets

    def declare(self, name: str, domain: Domain) -> None:
        """Tell that an input of integers is there, so that it may be a position."""
        if domain.is_integer:
            self._integers[name] = domain

    def promise(self, name: str, domain: Domain, dimensions: tuple[Dimension, ...]) -> None:
        """Tell of a let that others read before it is there."""
        self.declare(name, domain)
        self._promised[name] = (domain, dimensions)

    @property
    def tensors(self) -> dict[str, tuple[Domain, tuple[Dimension, ...]]]:
        """The domains and the dimensions of the lets that are there or promised."""
        return {**self._promised, **{one.name: (one.domain, one.dimensions) for one in self.lets}}

    def add(self, let: Let) -> None:
        """Add a let as it is, under a name that `fresh` has given."""
        check_body(let.body, self.collector, let.span)
        self.lets.append(let)
        self.declare(let.name, let.domain)

    def integer_domain(self, tensor: str) -> Domain | None:
        return self._integers.get(tensor)

    def let(
        self,
        wanted: Wanted,
        own: tuple[Index, ...],
        body: Expression,
        *,
        reduction: str | None = None,
        over: tuple[Index, ...] = (),
        guard: Condition = sympy.true,
        domain: Domain | None = None,
        span: Span | None = None,
    ) -> Let:
        """The let that says this: one that is there already, unless the user names it, or a new one.

        Its free indices are those that its body has from around it, then its own.
        """
        found = indices_of(body) | indices_of(guard)
        outer = self.in_order(found - set(over) - set(own))
        domain = domain or wanted.domain or result_domain(reduction, body, guard, over)
        made = Let("", (*outer, *own), body, reduction, over, guard, domain, span)
        alike = self._alike.setdefault(
            (made.free, reduction, tuple(one.dimension for one in over), domain), []
        )
        if not wanted.exact:
            same = next((other for other in alike if _is_same(made, other)), None)
            if same is not None:
                return same
        check_body(body, self.collector, span)
        made = replace(made, name=self._name(wanted))
        self.lets.append(made)
        alike.append(made)
        if domain.is_integer:
            self._integers[made.name] = domain
        return made

    def _name(self, wanted: Wanted) -> str:
        if wanted.exact:
            return wanted.name
        return self.numbered(wanted.name) if wanted.numbered else self.fresh(wanted.name)


def _is_same(one: Let, other: Let) -> bool:
    """Whether two lets over the same dimensions say the same, but for the names of what they go over."""
    if one.over == other.over:
        return bool(one.body == other.body and one.guard == other.guard)
    if set(one.over) & set(other.free) or set(other.over) & set(one.free):
        return False
    names = {a: Position(b) for a, b in zip(one.over, other.over, strict=True)}
    if len(names) != len(set(other.over)):
        return False
    return bool(
        substitute_positions(one.body, names) == other.body
        and substitute_positions(one.guard, names) == other.guard
    )


def indices_of(expression: Expression | Condition) -> set[Index]:
    """Every index that a body or a guard mentions."""
    found = {symbol.index for symbol in expression.atoms(IndexValue)}
    for read in expression.atoms(Read):
        for position in read.positions:
            found.update(indices_of_position(position))
    for read in reads(expression):
        for position in read.positions:
            found.update(indices_of_position(position))
    return found


def result_domain(
    reduction: str | None, body: Expression, guard: Condition, over: tuple[Index, ...]
) -> Domain:
    """What is known of a let from its body.

    Integers that arise by arithmetic are held as floating numbers (powers of them would overflow
    silently), so only their sign is kept.
    """
    known = _sign_of(body)
    if reduction is None:
        return known
    kind = REDUCTIONS[reduction].result
    if kind == "index":
        return Domain("index", dimension=over[0].dimension)
    if kind == "count":
        return Domain("count")
    if kind == "binary":
        return Domain("binary")
    if reduction == "logsumexp":
        return Domain("real")
    if reduction == "norm":
        return Domain("nonnegative")
    return _of_reduction(reduction, known, guard == sympy.true)


def _of_reduction(reduction: str, known: Domain, everywhere: bool) -> Domain:
    """The domain of a sum, mean, product or extreme of bodies in a domain."""
    if known.kind == "binary":
        known = Domain("nonnegative")
    if reduction == "prod":
        return known if known.kind in ("positive", "nonnegative") else Domain("real")
    if reduction in ("max", "min") and not everywhere:
        return Domain("real")  # over nothing it is an infinity
    weak = {"positive": "nonnegative", "negative": "nonpositive"}
    if reduction == "sum" and not everywhere and known.kind in weak:
        return Domain("nonnegative" if known.kind == "positive" else "nonpositive")
    return known


def _sign_of(body: Expression) -> Domain:
    if body.func.__name__ == "Branch" and body == iverson(body.args[0]):
        return Domain("binary")
    return domain_of(body)


def position_from(expression: Expression, builder: Builder, span: Span) -> Position | None:
    """An integer expression as a position; what is more than `base + offset` becomes a let of its
    own. None if the expression is not an integer."""
    offset, rest = expression.as_coeff_Add()
    if not offset.is_Integer:
        return None
    if rest == 0:
        return Position(None, int(offset))
    if isinstance(rest, IndexValue):
        return Position(rest.index, int(offset))
    if type(rest).__name__ == "Extent":
        return Position(rest.dimension, int(offset))
    if isinstance(rest, Read) and builder.integer_domain(rest.tensor) is not None:
        return Position(rest, int(offset))
    if not expression.is_integer:
        return None
    domain = Domain("count" if expression.is_nonnegative else "integer")
    wanted = Wanted("position", numbered=True)
    made = builder.let(wanted, (), expression, domain=domain, span=span)
    return Position(made.read(*made.free))
