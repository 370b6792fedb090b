"""What a call needs to know of a declaration: plain data, made once from the program.

A signature can be read from the disk cache without parsing, lowering or SymPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from objc.kernel.formula import Formula, encode, written
from objc.source import Source, Span
from objc.target import identifier

if TYPE_CHECKING:
    from objc.ir.index import Dimension
    from objc.ir.program import Input, Program

EMPTY_IS_NOTHING = frozenset({"mean", "max", "min", "logsumexp", "argmax", "argmin"})
"""Reductions that have no finite value over nothing."""

INTEGER_KINDS = frozenset({"index", "count", "integer"})


@dataclass(frozen=True)
class InputSignature:
    """One input of a declaration.

    `name` is as written, `keyword` as Python calls it. `dimensions` are names (a literal size's name
    is the number), `sizes` the literal sizes, None where a dimension is bound at the call. `extent`
    is the dimension into which an `index` points. `least` and `most` are ends that other inputs name:
    scalars, or tensors of the same shape, entry by entry.
    """

    name: str
    keyword: str
    dimensions: tuple[str, ...]
    sizes: tuple[int | None, ...]
    role: Literal["differentiable", "data", "hyperparameter", "learned", "internal"]
    kind: str
    low: Formula | None = None
    high: Formula | None = None
    least: Formula | None = None
    most: Formula | None = None
    extent: str | None = None
    extent_size: int | None = None
    default: Formula | None = None
    place: tuple[int, int] | None = None

    @property
    def rank(self) -> int:
        return len(self.dimensions)

    @property
    def is_integer(self) -> bool:
        return self.kind in INTEGER_KINDS

    @property
    def is_differentiable(self) -> bool:
        return self.role in ("differentiable", "learned")

    @property
    def shape(self) -> str:
        return f"[{', '.join(self.dimensions)}]"

    @property
    def domain(self) -> str:
        """The domain as the language writes it."""
        if self.kind == "index":
            return f"index({self.extent})" if self.extent else "index"
        if self.kind == "interval":
            low, high = (
                own if other is None else other
                for own, other in ((self.low, self.least), (self.high, self.most))
            )
            return f"interval({written(low)}, {written(high)})"
        if (
            self.kind == "count"
            and (end := self.high if self.most is None else self.most) is not None
        ):
            return f"count({written(end)})"
        return self.kind

    def __str__(self) -> str:
        return f"{self.name}: {self.domain}{self.shape if self.rank else ''}"


@dataclass(frozen=True)
class Signature:
    """A declaration as a call sees it.

    `needed` are the dimensions that must not be empty for the results to be finite. `place` is that of
    the name in the source, `whole` that of the declaration. `game` names the inputs of a player's game in
    their order: the player may be given those too that it does not take.
    """

    name: str
    kind: Literal["loss", "metric", "function", "model", "objective", "player"]
    inputs: tuple[InputSignature, ...]
    terms: tuple[str, ...]
    direction: Literal["minimize", "maximize"]
    docstring: str | None
    surrogates: tuple[str, ...]
    needed: tuple[str, ...]
    place: tuple[int, int] | None = None
    whole: tuple[int, int] | None = None
    game: tuple[str, ...] = ()
    source: Source | None = field(default=None, compare=False, repr=False)

    @cached_property
    def input(self) -> Mapping[str, InputSignature]:
        return {one.name: one for one in self.inputs}

    @cached_property
    def positional(self) -> tuple[InputSignature, ...]:
        """The inputs that may be given by position, in the order of the declaration: before the bar,
        after it, then the learned parameters."""
        order = ("differentiable", "data", "learned")
        if self.game:
            return tuple(self.input[name] for name in self.game if name in self.input)
        return tuple(one for role in order for one in self.inputs if one.role == role)

    @cached_property
    def hyperparameters(self) -> tuple[InputSignature, ...]:
        return tuple(one for one in self.inputs if one.role == "hyperparameter")

    @cached_property
    def differentiable(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.inputs if one.is_differentiable)

    @property
    def is_scalar(self) -> bool:
        """Whether it has a value for one example: all but functions and models."""
        return self.kind not in ("function", "model")

    def span(self, place: tuple[int, int] | None) -> Span | None:
        return None if place is None or self.source is None else Span(self.source, *place)

    @property
    def text(self) -> str | None:
        """The declaration as it was written."""
        span = self.span(self.whole)
        return None if span is None else span.text

    def as_data(self) -> dict[str, Any]:
        """A form that JSON holds; the source is left out."""
        data = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "source"}
        return {**data, "inputs": [asdict(one) for one in self.inputs]}


def from_data(data: Mapping[str, Any], source: Source | None) -> Signature:
    """What `as_data` gave, read back."""
    rest = {name: _tupled(name, value) for name, value in data.items() if name != "inputs"}
    inputs = (
        InputSignature(**{name: _tupled(name, value) for name, value in one.items()})
        for one in data["inputs"]
    )
    return Signature(**rest, inputs=tuple(inputs), source=source)


def signature_of(
    program: Program,
    source: Source | None = None,
    whole: Span | None = None,
    game: tuple[str, ...] = (),
) -> Signature:
    """The signature of a lowered program, written at `whole`. Places outside `source` are left out.
    `game` names the inputs of the game that the program is a player of."""
    if source is None and program.span is not None:
        source = program.span.source
    return Signature(
        name=program.name,
        kind=program.kind,
        inputs=tuple(_input(one, source) for one in program.inputs),
        terms=tuple(one.name for one in program.terms),
        direction=program.direction,
        docstring=program.docstring,
        surrogates=tuple(program.surrogates),
        needed=tuple(sorted(_needed(program))),
        place=_place(program.span, source),
        whole=_place(whole, source),
        game=game,
        source=source,
    )


def _input(one: Input, source: Source | None) -> InputSignature:
    domain = one.domain
    return InputSignature(
        name=one.name,
        keyword=identifier(one.name),
        dimensions=tuple(dimension.name for dimension in one.dimensions),
        sizes=tuple(dimension.size for dimension in one.dimensions),
        role=one.role,
        kind=domain.kind,
        low=encode(domain.low),
        high=encode(domain.high),
        least=encode(domain.least),
        most=encode(domain.most),
        extent=None if domain.dimension is None else domain.dimension.name,
        extent_size=None if domain.dimension is None else domain.dimension.size,
        default=encode(one.default),
        place=_place(one.span, source),
    )


def _needed(program: Program) -> set[str]:
    """The dimensions that must not be empty for the results to be finite."""
    found: set[str] = set()
    for let in program.lets:
        if let.reduction in EMPTY_IS_NOTHING:
            found.update(index.dimension.name for index in let.over if index.dimension.size is None)
    return found


def _place(span: Span | None, source: Source | None) -> tuple[int, int] | None:
    return None if span is None or span.source is not source else (span.start, span.stop)


def _tupled(name: str, value: Any) -> Any:
    is_formula = name in ("low", "high", "least", "most", "default")
    return value if is_formula or not isinstance(value, list) else tuple(value)


def dimension_key(dimension: Dimension) -> str | int:
    """A literal size, or the name under which the size is bound at the call."""
    return dimension.name if dimension.size is None else dimension.size
