"""The intermediate representation: a program is a list of lets.

::

    program cross_entropy(logits: real[K] | label: index(K))
      z        := logsumexp[k:K]  logits[k]
      loss     := z - logits[label]

A let is `name[free] := reduction[over | guard] body`. Lets stand in an order in which each reads only
inputs, lets before it, and those of its own recurrence (`objc.ir.recurrence`). Programs are values:
passes return new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL, Domain
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.spelling import shown
from objc.ir.symbols import Condition, Expression, Read, reads
from objc.source import Span

Role = Literal["differentiable", "data", "hyperparameter", "learned", "internal"]
"""`learned`: a `learn` parameter, differentiable, with an initial value. `internal`: added by a pass
(`weight`, `scale`, the vector of a Hessian product); bound by the kernel, not by the user."""


@dataclass(frozen=True)
class Input:
    """A tensor that the caller gives."""

    name: str
    dimensions: tuple[Dimension, ...]
    domain: Domain
    role: Role
    default: Expression | None = None
    unit: tuple[tuple[str, int], ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    def read(self, *positions: Position | Index) -> Read:
        return Read(self.name, map(_position, positions), self.domain.assumptions)

    @property
    def is_differentiable(self) -> bool:
        return self.role in ("differentiable", "learned")

    def __str__(self) -> str:
        shape = f"[{', '.join(map(str, self.dimensions))}]" if self.dimensions else ""
        default = f" = {self.default}" if self.default is not None else ""
        return f"{self.name}: {self.domain}{shape}{default}"


@dataclass(frozen=True)
class Let:
    """`name[free] := reduction[over | guard] body`.

    `reduction` names a record of `objc.ir.reductions` and is None for an elementwise let, which has
    no `over` and the guard true. `domain` is what is known of the result. `span` is where the user
    wrote it.
    """

    name: str
    free: tuple[Index, ...]
    body: Expression
    reduction: str | None = None
    over: tuple[Index, ...] = ()
    guard: Condition = sympy.true
    domain: Domain = REAL
    span: Span | None = field(default=None, compare=False, repr=False)

    def read(self, *positions: Position | Index) -> Read:
        return Read(self.name, map(_position, positions), self.domain.assumptions)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return tuple(index.dimension for index in self.free)

    @property
    def indices(self) -> tuple[Index, ...]:
        return self.free + self.over

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every read in body and guard, gathers' own reads included."""
        found = dict.fromkeys(reads(self.body))
        found.update(dict.fromkeys(reads(self.guard)))
        return tuple(found)

    def __str__(self) -> str:
        free = f"[{', '.join(map(str, self.free))}]" if self.free else ""
        if self.reduction is None:
            return f"{self.name}{free} := {shown(self.body)}"
        guard = "" if self.guard == sympy.true else f" | {shown(self.guard)}"
        over = f"[{', '.join(map(str, self.over))}{guard}]"
        return f"{self.name}{free} := {self.reduction}{over} {shown(self.body)}"


@dataclass(frozen=True)
class Term:
    """A named term of an objective; a loss or a metric has one, named `value`.

    `let` holds the term for one example (for the parameters, where `over_parameters`). The objective
    is the sum of `weight · term + offset`, both expressions of numbers and of scalar hyperparameters
    or learned parameters.
    """

    name: str
    let: str
    weight: Expression = sympy.Integer(1)
    over_parameters: bool = False
    offset: Expression = sympy.Integer(0)

    @property
    def is_plain(self) -> bool:
        return bool(self.weight == 1 and self.offset == 0)

    def share(self, value: Expression) -> Expression:
        """What the term adds to the objective."""
        return self.weight * value + self.offset


@dataclass(frozen=True)
class Claim:
    """A claim as data, for the analyses: see `objc.syntax.tree.Claim` for the words. `metric` is what
    the subject is: the name alone may be that of any metric."""

    negated: bool
    words: tuple[str, ...]
    arguments: tuple[Expression, ...]
    subject: str | None
    inputs: tuple[str, ...]
    span: Span | None = field(default=None, compare=False, repr=False)
    metric: Program | None = field(default=None, compare=False, repr=False)


ProgramKind = Literal["loss", "metric", "function", "model", "objective", "player"]


@dataclass(frozen=True)
class Program:
    """A declaration, resolved. `outputs` maps what a result is to the let that holds it.

    Keys: `per_example` (the scalar of one example: a loss, a metric, or an objective's weighted sum
    of the terms that belong to an example), `result` (the tensor of a function or a model), and
    after the batch pass `value` (the scalar over the batch) and `term:NAME`; after differentiation
    `gradient:INPUT`, `term_gradient:TERM:INPUT`, `hessian_diagonal:INPUT`,
    `hessian_vector_product:INPUT`. `places` says of expressions of the text where they stand there.
    `balanced` are lets of which the entries add up to zero along an axis, the one in that place.
    """

    name: str
    inputs: tuple[Input, ...]
    lets: tuple[Let, ...]
    outputs: Mapping[str, str]
    kind: ProgramKind = "loss"
    terms: tuple[Term, ...] = ()
    direction: Literal["minimize", "maximize"] = "minimize"
    docstring: str | None = None
    claims: tuple[Claim, ...] = ()
    surrogates: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)
    places: Mapping[Expression, Span] = field(default_factory=dict, compare=False, repr=False)
    balanced: frozenset[tuple[str, int]] = frozenset()

    @cached_property
    def input(self) -> Mapping[str, Input]:
        return {one.name: one for one in self.inputs}

    @cached_property
    def let(self) -> Mapping[str, Let]:
        return {one.name: one for one in self.lets}

    def tensor(self, name: str) -> Input | Let:
        return self.input[name] if name in self.input else self.let[name]

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension of inputs and indices, in order of appearance."""
        found: dict[Dimension, None] = {}
        for one in self.inputs:
            found.update(dict.fromkeys(one.dimensions))
        for let in self.lets:
            found.update(dict.fromkeys(index.dimension for index in let.indices))
        return tuple(found)

    def behind(self, lets: Iterable[Let]) -> set[str]:
        """The names of all lets that some of them read, and of those that these read."""
        found: set[str] = set()
        waiting = list(lets)
        while waiting:
            for read in waiting.pop().reads:
                if read.tensor in self.let and read.tensor not in found:
                    found.add(read.tensor)
                    waiting.append(self.let[read.tensor])
        return found

    def beyond(self, tensors: Iterable[str]) -> set[str]:
        """The names of all lets that read some of these tensors, and of those that read these lets."""
        found = set(tensors)
        waiting = list(self.lets)
        while reached := [let for let in waiting if any(one.tensor in found for one in let.reads)]:
            found |= {let.name for let in reached}
            waiting = [let for let in waiting if let.name not in found]
        return found & set(self.let)

    @cached_property
    def gathered(self) -> frozenset[str]:
        """The tensors whose entries are positions of reads: whoever runs the program sees to their
        range, and a read is all that may stand there."""
        return frozenset(
            position.base.tensor
            for let in self.lets
            for read in let.reads
            for position in read.positions
            if isinstance(position.base, Read)
        )

    @property
    def compared(self) -> tuple[str, ...]:
        """The inputs that hold indices of a dimension and are read, though never as a position: nothing
        in the program sees them leave the dimension."""
        indices = {one.name for one in self.inputs if one.domain.dimension is not None}
        used = {read.tensor for let in self.lets for read in let.reads}
        return tuple(sorted((indices & used) - self.gathered))

    @property
    def always_gathered(self) -> tuple[str, ...]:
        """The inputs that hold indices of a dimension at which something is read whatever the data are:
        under no guard, and in no branch, of this let or of another that reads it."""
        chosen = {one.name for one in self.lets if one.guard != sympy.true or one.body.has(Branch)}
        found = {
            position.base.tensor
            for let in self.lets
            if not chosen & {let.name, *self.beyond([let.name])}
            for read in let.reads
            for position in read.positions
            if isinstance(position.base, Read)
        }
        return tuple(
            one.name
            for one in self.inputs
            if one.domain.dimension is not None and one.name in found
        )

    @property
    def differentiable(self) -> tuple[Input, ...]:
        return tuple(one for one in self.inputs if one.is_differentiable)

    def with_lets(self, lets: Iterable[Let], outputs: Mapping[str, str] | None = None) -> Program:
        return replace(self, lets=tuple(lets), outputs=self.outputs if outputs is None else outputs)

    def __str__(self) -> str:
        groups: list[str] = []
        for roles in (("differentiable", "learned"), ("data",), ("hyperparameter", "internal")):
            members = [one for one in self.inputs if one.role in roles]
            groups.append(", ".join(("learn " * (m.role == "learned")) + str(m) for m in members))
        head = f"{groups[0]} | {groups[1]}" + (f"; {groups[2]}" if groups[2] else "")
        lines = [f"program {self.name}({head})"]
        lines += [f"  {let}" for let in self.lets]
        lines += [f"  return {key} = {name}" for key, name in self.outputs.items()]
        return "\n".join(lines)


class Names:
    """Fresh names for lets and indices: `d_logits`, `d_logits_1`, …"""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    @classmethod
    def of(cls, program: Program) -> Names:
        taken = {one.name for one in program.inputs} | {one.name for one in program.lets}
        for let in program.lets:
            taken.update(index.name for index in let.indices)
        taken.update(dimension.name for dimension in program.dimensions)
        return cls(taken)

    def fresh(self, wanted: str) -> str:
        name, number = wanted, 0
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def index(self, like: Index) -> Index:
        return Index(self.fresh(like.name), like.dimension)


def _position(place: Position | Index) -> Position:
    return at(place) if isinstance(place, Index) else place


def readers(program: Program) -> Iterator[tuple[Let, Read]]:
    """Every (let, read) pair of a program in order."""
    for let in program.lets:
        for read in let.reads:
            yield let, read
