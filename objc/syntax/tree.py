"""The syntax tree: what was written, each node with its span. No names are resolved here.

Spans do not take part in equality, so that a formatted text can be compared with its original.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from objc.source import Span


@dataclass(frozen=True)
class Node:
    span: Span = field(compare=False, repr=False)


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Number(Node):
    """A literal, exact: `0.1` is one tenth. `text` is as written (`1e-3`)."""

    text: str

    @property
    def value(self) -> Fraction:
        return Fraction(self.text)


@dataclass(frozen=True)
class Name(Node):
    name: str


@dataclass(frozen=True)
class Subscript(Node):
    """`base[i, label[j], t-1]`; the base may be any expression: `softmax(z)[k]`."""

    base: Expression
    indices: tuple[Expression, ...]


@dataclass(frozen=True)
class Keyword(Node):
    """`delta=2` in a call."""

    name: str
    value: Expression


@dataclass(frozen=True)
class Call(Node):
    """`f(a, b | c; d=1)`. `data` is None where no bar was written (`f(a, b)`), else what follows it.

    Keywords may also be written after a comma: `huber(a, b, delta=2)`.
    """

    function: str
    function_span: Span = field(compare=False, repr=False)
    arguments: tuple[Expression, ...]
    data: tuple[Expression, ...] | None
    keywords: tuple[Keyword, ...]


@dataclass(frozen=True)
class Unary(Node):
    operator: Literal["-", "+"]
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    operator: Literal["+", "-", "*", "/", "^"]
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Comparison(Node):
    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Logical(Node):
    operator: Literal["and", "or"]
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Not(Node):
    operand: Expression


@dataclass(frozen=True)
class Conditional(Node):
    """`if condition then a else b`."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Iverson(Node):
    """`[condition]`: 1 where it holds, else 0."""

    condition: Expression


REDUCTIONS = (
    "sum", "mean", "prod", "max", "min", "logsumexp", "argmax", "argmin", "argsort",
    "any", "all", "count",
)  # fmt: skip
"""The reduction operators: reserved words of the grammar."""


@dataclass(frozen=True)
class Binder(Node):
    name: str


@dataclass(frozen=True)
class Reduction(Node):
    """`sum[i, j | guard](body)`, or without binders over all of a tensor: `mean((a - b)^2)`.

    Without binders several arguments may stand for the scalar function of that name: `max(0, x)`;
    that is a `Call` whose function is `max`, not a `Reduction`.
    """

    operator: str
    binders: tuple[Binder, ...]
    guard: Expression | None
    body: Expression


Expression = (
    Number | Name | Subscript | Call | Unary | Binary | Comparison | Logical | Not | Conditional
    | Iverson | Reduction
)  # fmt: skip


# ---------------------------------------------------------------------- types


@dataclass(frozen=True)
class UnitFactor(Node):
    """One factor of a unit, `m^2` or `s^-1`."""

    name: str
    exponent: int


@dataclass(frozen=True)
class Type(Node):
    """`interval(0, delta)<m>[N, K]`: a domain's name, its arguments, a unit, a shape."""

    domain: str
    arguments: tuple[Expression, ...]
    unit: tuple[UnitFactor, ...]
    shape: tuple[Expression, ...]


@dataclass(frozen=True)
class Parameter(Node):
    """`delta: positive = 1`, `learn s: real = 0`.

    `type` is None where it may be left out (an input with the same type as the one before it, as in
    `triplet(anchor: real[D], positive, negative)`, is resolved by the lowering: it copies it).
    """

    name: str
    name_span: Span = field(compare=False, repr=False)
    type: Type | None
    default: Expression | None
    learn: bool


@dataclass(frozen=True)
class Signature(Node):
    """`(differentiable | data ; hyperparameters)`.

    `bar` tells whether a bar was written: `function f(x: real)` has none, and all are plain inputs.
    """

    inputs: tuple[Parameter, ...]
    data: tuple[Parameter, ...]
    hyperparameters: tuple[Parameter, ...]
    bar: bool


# --------------------------------------------------------------- declarations


@dataclass(frozen=True)
class Definition(Node):
    """One equation under `where`.

    `r = a - b` (indices None, parameters None), `s[i, j] = …` (indices), `nll(c) = …` (parameters),
    `turned(v)[i] = …` (parameters, and the free indices of the result). Indices may be constants or
    shifts (`alpha[0, k]`, `advantage[T-1]`).
    """

    name: str
    name_span: Span = field(compare=False, repr=False)
    indices: tuple[Expression, ...] | None
    parameters: tuple[Binder, ...] | None
    free: tuple[Binder, ...]
    value: Expression


@dataclass(frozen=True)
class Claim(Node):
    """`not convex in prediction`, `lipschitz delta in x`, `bounds zero_one`, `estimates quantile tau`.

    `words` holds the property and its qualifying words (`("estimates", "quantile")`,
    `("invariant", "shift")`, `("calibrated", "for")` is `("calibrated",)`), `arguments` the
    expressions, `subject` the metric or loss named, `inputs` the names after `in`.
    """

    negated: bool
    words: tuple[str, ...]
    arguments: tuple[Expression, ...]
    subject: str | None
    inputs: tuple[Name, ...]


@dataclass(frozen=True)
class Use(Node):
    """`use regression (huber, pinball)`, `use regression`. `path` may have dots or slashes."""

    path: str
    names: tuple[Name, ...]


@dataclass(frozen=True)
class Declaration(Node):
    """What loss, metric, function, model and objective share."""

    name: str
    name_span: Span = field(compare=False, repr=False)
    docstring: str | None
    signature: Signature
    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class Scalar(Declaration):
    """A `loss` or a `metric`: one scalar for one example."""

    kind: Literal["loss", "metric"]
    value: Expression
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Function(Declaration):
    """A `function` or a `model`, with the free indices of its result: `softmax(x: real[K])[k] = …`."""

    kind: Literal["function", "model"]
    free: tuple[Binder, ...]
    value: Expression


@dataclass(frozen=True)
class Term(Node):
    """One named term of an objective; an unnamed single term has the name `value`."""

    name: str
    value: Expression
    over_parameters: bool


@dataclass(frozen=True)
class Objective(Declaration):
    direction: Literal["minimize", "maximize"]
    terms: tuple[Term, ...]
    combine: str  # sum, uncertainty, gradnorm, pcgrad, mgda, pareto
    weights: tuple[Keyword, ...]  # `combine sum(depth = 2, segment = alpha)`; empty if not written
    combine_span: Span | None = field(compare=False, repr=False)
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Player(Node):
    """`generator minimizes softplus(-fake_logit)`, `attacker maximizes risk over shift`.

    `moved` are the names after `over`, empty where none is written.
    """

    name: str
    direction: Literal["minimizes", "maximizes"]
    value: Expression
    moved: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Game(Declaration):
    players: tuple[Player, ...]


@dataclass(frozen=True)
class Stage(Node):
    """`align: maximize ppo - beta * kl(policy | tune) from tune, scored by reward`."""

    name: str
    direction: Literal["minimize", "maximize"]
    value: Expression
    start: Name | None
    scored_by: Name | None


@dataclass(frozen=True)
class Stages(Node):
    name: str
    name_span: Span = field(compare=False, repr=False)
    docstring: str | None
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Surrogate(Node):
    """`surrogate hinge for zero_one`."""

    loss: Name
    metric: Name


Item = Use | Scalar | Function | Objective | Game | Stages | Surrogate


@dataclass(frozen=True)
class File(Node):
    """A whole text. `docstring` is the first one, where another follows it before any declaration
    or where no declaration follows: it belongs to the file."""

    docstring: str | None
    items: tuple[Item, ...]

    @property
    def declarations(self) -> Iterator[Declaration]:
        return (item for item in self.items if isinstance(item, Declaration))
