"""The program under construction: its lets, its names, and what is known of each."""

from __future__ import annotations

import sympy

from objc.errors import Collector
from objc.ir.domain import Domain, domain_of
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.program import Let
from objc.ir.reductions import REDUCTIONS
from objc.ir.symbols import Condition, Expression, IndexValue, Read, iverson, reads
from objc.passes.lower.constants import check_body
from objc.passes.lower.dimensions import Axis
from objc.passes.lower.values import Environment, indices_of_position
from objc.source import Span


class Builder:
    """Collects lets in an order in which each reads only those before it."""

    def __init__(self, taken: set[str], collector: Collector) -> None:
        self.lets: list[Let] = []
        self._taken = set(taken)
        self.collector = collector
        self._dimension_of: dict[str, Dimension] = {}
        self._introduced: dict[str, int] = {}
        self._integers: dict[str, Domain] = {}
        self._known: dict[tuple[object, ...], Let] = {}
        self._numbers: dict[str, int] = {}

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

    def integer_domain(self, tensor: str) -> Domain | None:
        return self._integers.get(tensor)

    def let(
        self,
        name: str,
        own: tuple[Index, ...],
        body: Expression,
        *,
        reduction: str | None = None,
        over: tuple[Index, ...] = (),
        guard: Condition = sympy.true,
        domain: Domain | None = None,
        span: Span | None = None,
    ) -> Let:
        """Add a let. Its free indices are those that its body has from around it, then its own."""
        check_body(body, self.collector, span)
        found = indices_of(body) | indices_of(guard)
        outer = sorted(
            found - set(over) - set(own), key=lambda index: self._introduced.get(index.name, -1)
        )
        free = (*outer, *own)
        domain = domain or result_domain(reduction, body, guard, over)
        made = Let(name, free, body, reduction, over, guard, domain, span)
        self.lets.append(made)
        self._known.setdefault(_key(made), made)
        if domain.is_integer:
            self._integers[name] = domain
        return made

    def shared(self, made: Let) -> Let | None:
        """A let that says the same as this one would."""
        return self._known.get(_key(made))

    def anonymous(
        self,
        what: str,
        body: Expression,
        *,
        reduction: str | None,
        over: tuple[Index, ...] = (),
        guard: Condition = sympy.true,
        domain: Domain | None = None,
        span: Span | None = None,
    ) -> Let:
        """A let inside an expression: one that is there already, or a new one."""
        found = indices_of(body) | indices_of(guard)
        free = sorted(found - set(over), key=lambda one: self._introduced.get(one.name, -1))
        same = self.shared(Let("", tuple(free), body, reduction, over, guard))
        if same is not None:
            return same
        return self.let(
            self.numbered(what),
            (),
            body,
            reduction=reduction,
            over=over,
            guard=guard,
            domain=domain,
            span=span,
        )


def _key(let: Let) -> tuple[object, ...]:
    return let.free, let.reduction, let.over, let.guard, let.body


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
    if body.is_integer:
        for kind in ("positive", "negative", "nonnegative", "nonpositive"):
            if getattr(body, f"is_{kind}"):
                return domain_of(sympy.Dummy(real=True, **{kind: True}))
        return Domain("real")
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
    made = builder.anonymous("position", expression, reduction=None, domain=domain, span=span)
    return Position(made.read(*made.free))
