"""What is wrong with shapes and indices (E01xx)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label
from objc.source import Span


def _count(number: int, what: str, plural: str | None = None) -> str:
    words = ("no", "one", "two", "three", "four", "five")
    said = words[number] if number < len(words) else str(number)
    return f"{said} {what if number == 1 else plural or what + 's'}"


def _count_digits(number: int) -> str:
    return f"{number} dimension{'' if number == 1 else 's'}"


def _shape(written: str) -> str:
    return "a scalar" if written == "[]" else written


@dataclass(frozen=True)
class WrongRank(Diagnostic):
    """A tensor is read with more or fewer indices than it has dimensions.

        loss total(x: real[N, C]) = sum[i](x[i])

    `x` has the dimensions N and C, so one entry is `x[i, c]`. Fewer indices are a row, which a vector
    function may take: `dot(x[i], x[j])`.
    """

    code = "E0102"
    name: str
    rank: int
    given: int
    shape: str
    declared: Span | None

    def title(self) -> str:
        return (
            f"`{self.name}` has {_count_digits(self.rank)} and is read with {self.given}"
            if self.rank
            else f"`{self.name}` is a scalar and is read with {_count(self.given, 'index', 'indices')}"
        )

    def label(self) -> str:
        return _count(self.given, "index", "indices")

    def labels(self) -> Sequence[Label]:
        if self.declared is None:
            return ()
        said = f"declared here with {self.shape}" if self.rank else "declared here without a shape"
        return (Label(self.declared, said),)

    def help(self) -> str | None:
        if not self.rank:
            return f"write `{self.name}` alone"
        names = [one.strip().lower() for one in self.shape.strip("[]").split(",")]
        names = [one if one.isidentifier() else "i" for one in names]
        names = [
            one if names.index(one) == at else f"{one}{at + 1}" for at, one in enumerate(names)
        ]
        said = ", ".join(names)
        return f"read it as `{self.name}[{said}]` under `sum[{said}]`"


@dataclass(frozen=True)
class DimensionClash(Diagnostic):
    """Two tensors that stand together have different dimensions.

        loss distance(a: real[N], b: real[M]) = sum((a - b)^2)

    Give both the same dimension, or use indices: `sum[i, j]((a[i] - b[j])^2)`.
    """

    code = "E0103"
    first: str
    second: str
    where: str

    def title(self) -> str:
        return f"{self.where}: {_shape(self.first)} against {_shape(self.second)}"

    def label(self) -> str:
        return f"{_shape(self.first)} and {_shape(self.second)}"

    def help(self) -> str | None:
        if self.first == "[]":
            return f"a scalar has no dimension: declare it with one, as in `x: real{self.second}`"
        if self.second == "[]":
            return "reduce it with `sum(…)` or `mean(…)`, or read one entry with an index"
        return "declare both with the same dimension, or write the indices"


@dataclass(frozen=True)
class IndexInTwoDimensions(Diagnostic):
    """An index ranges over the dimension that it is used in, and this one is used in two.

        loss both(a: real[N], b: real[M]) = sum[i](a[i] * b[i])

    Use one index for each dimension, or declare the tensors with the same one.
    """

    code = "E0104"
    name: str
    first: str
    second: str
    evidence: Span | None

    def title(self) -> str:
        return f"the index `{self.name}` is used in two dimensions, {self.first} and {self.second}"

    def label(self) -> str:
        return f"ranges over {self.second} here"

    def labels(self) -> Sequence[Label]:
        if self.evidence is None:
            return ()
        return (Label(self.evidence, f"ranges over {self.first} here"),)

    def help(self) -> str | None:
        return "use an index for each dimension, or declare both tensors with the same dimension"


@dataclass(frozen=True)
class UndeterminedIndex(Diagnostic):
    """An index has no use that tells what it ranges over.

        loss constant(x: real[N]) = sum[i](1)

    An index ranges over the dimension that it is used in. Read a tensor with it: `sum[i](x[i])`. The
    size of a dimension is its name: `N`.
    """

    code = "E0105"
    name: str

    def title(self) -> str:
        return f"nothing tells what the index `{self.name}` ranges over"

    def label(self) -> str:
        return "not used as an index of any tensor"

    def help(self) -> str | None:
        return f"read a tensor with it, as in `x[{self.name}]`"


@dataclass(frozen=True)
class IndexShadows(Diagnostic):
    """An index has the name of something that is in scope already.

        loss twice(x: real[N]) = sum[i](x[i] * sum[i](x[i]))

    Two things of one name in one formula mislead its readers. Name the index otherwise.
    """

    code = "E0106"
    name: str
    what: str
    other: Span | None

    def title(self) -> str:
        return f"the index `{self.name}` hides {self.what} of the same name"

    def label(self) -> str:
        return "bound again here"

    def labels(self) -> Sequence[Label]:
        return () if self.other is None else (Label(self.other, "stands here"),)

    def help(self) -> str | None:
        return "give the index another name"


@dataclass(frozen=True)
class NotAnIndex(Diagnostic):
    """A tensor is read at something that is not a whole number.

        loss wrong(x: real[N], place: real) = x[place]

    Positions are indices of reductions, `index(K)` and `count` inputs, whole numbers, and these with
    a whole number added.
    """

    code = "E0119"

    def title(self) -> str:
        return "a tensor can't be read at a number that may not be whole"

    def label(self) -> str:
        return "not an index"

    def help(self) -> str | None:
        return "declare it as `index(K)` or `count`"


@dataclass(frozen=True)
class UnlikeIndices(Diagnostic):
    """An index into one dimension is compared with an index into another.

    loss wrong(logits: real[K] | label: index(C)) = sum[k](logits[k] * [k == label])

    Labels are compared with places of the dimension that they point into: declare them as `index(K)`.
    """

    code = "E0150"
    own: str
    other: str
    beside: Span

    def title(self) -> str:
        return f"an index into {self.own} is compared with an index into {self.other}"

    def label(self) -> str:
        return f"an index into {self.own}"

    def labels(self) -> Sequence[Label]:
        return (Label(self.beside, f"an index into {self.other}"),)

    def help(self) -> str | None:
        return "declare both as indices into the same dimension, or as `count`"


@dataclass(frozen=True)
class IndexOfAnotherDimension(Diagnostic):
    """An index into one dimension reads an axis of another.

    loss wrong(logits: real[K] | label: index(C)) = -logits[label]
    """

    code = "E0120"
    name: str
    own: str
    axis: str

    def title(self) -> str:
        return (
            f"`{self.name}` is an index into {self.own}, and reads an axis of dimension {self.axis}"
        )

    def label(self) -> str:
        return f"an index({self.own})"

    def help(self) -> str | None:
        return f"declare it as `index({self.axis})`"


@dataclass(frozen=True)
class UnboundDimension(Diagnostic):
    """A dimension that no shape has, so that no call could tell how large it is.

        loss wrong(label: index(K)) = log(K)

    Some input must have it in its shape: `logits: real[K]`.
    """

    code = "E0121"
    name: str

    def title(self) -> str:
        return f"no input has the dimension {self.name} in its shape, so its size can't be known"

    def label(self) -> str:
        return "size unknown"


@dataclass(frozen=True)
class TensorForScalar(Diagnostic):
    """A tensor stands where one number is needed.

        loss cost(prediction: real[N] | target: real[N]) = (prediction - target)^2

    A loss is one number for one example. Reduce it: `mean((prediction - target)^2)`.
    """

    code = "E0116"
    shape: str
    where: str

    def title(self) -> str:
        return f"{self.where} must be one number, and this is a tensor {self.shape}"

    def label(self) -> str:
        return f"a tensor {self.shape}"

    def help(self) -> str | None:
        return "reduce it with `sum(…)` or `mean(…)`, or read one entry with an index"


@dataclass(frozen=True)
class ReductionOverNothing(Diagnostic):
    """A reduction that has nothing to go over: no index, and a scalar inside; or a guard that never
    holds.

        loss wrong(x: real) = mean(x^2)

    The mean over the examples is the caller's: a loss is stated for one example.
    """

    code = "E0128"
    operator: str
    reason: str

    def title(self) -> str:
        return f"`{self.operator}` goes over nothing: {self.reason}"

    def label(self) -> str:
        return "nothing to go over"

    def help(self) -> str | None:
        if "guard" in self.reason:
            return None
        return "the mean over the examples is taken outside: a loss is stated for one example"


@dataclass(frozen=True)
class SortUnderGuard(Diagnostic):
    """`argsort` gives a place for every rank, so that it can't leave entries out.

        loss wrong(x: real[N] | valid: binary[N]) = x[order[0]]
            where order = argsort[i | valid[i] == 1](x[i])

    Give what is to be left out an infinite value, so that it comes last:
    `argsort[i](if valid[i] == 1 then x[i] else inf)`.
    """

    code = "E0143"
    text: str

    def title(self) -> str:
        return "`argsort` has no guard: it has a place for every rank"

    def label(self) -> str:
        return "would leave ranks without a place"

    def help(self) -> str | None:
        return f"let them come last: `if … then {self.text} else inf`"


@dataclass(frozen=True)
class SortAlongSeveral(Diagnostic):
    """`argsort` goes along one index; this goes along several.

        loss wrong(x: real[N, M]) = x[argsort(x)[0], 0]

    Sort each row, or each column: `order[n, i] = argsort(x[n])[i]`.
    """

    code = "E0144"
    number: int

    def title(self) -> str:
        return f"`argsort` sorts along one index, and is given {self.number}"

    def label(self) -> str:
        return f"{self.number} indices"

    def help(self) -> str | None:
        return "sort along one of them, for each of the others: `argsort[i](x[n, i])`"


@dataclass(frozen=True)
class BadShape(Diagnostic):
    """A shape is made of dimensions, which are capital names, and of whole numbers from 1.

        loss total(x: real[n]) = sum(x)

    Write `x: real[N]`: the capital tells dimensions from everything else.
    """

    code = "E0114"
    written: str
    reason: str

    def title(self) -> str:
        return f"`{self.written}` can't stand in a shape: {self.reason}"

    def label(self) -> str:
        return "not a dimension"

    def help(self) -> str | None:
        known = "a dimension is a capital name, `N`, or a whole number, `3`"
        is_word = self.written.isidentifier() and self.written.islower() and len(self.written) > 1
        return f"{known}; a unit is written `real<{self.written}>`" if is_word else known


@dataclass(frozen=True)
class PositionOutside(Diagnostic):
    """A tensor is read at a constant position that it can't have.

        loss last(x: real[N]) = x[-1]

    Positions count from 0, and not from the end: the last entry is `x[N-1]`.
    """

    code = "E0135"
    position: int
    dimension: str
    size: int | None

    def title(self) -> str:
        return f"position {self.position} is outside of the dimension {self.dimension}"

    def label(self) -> str:
        return "before the first entry, 0" if self.position < 0 else f"the last is {self.last}"

    @property
    def last(self) -> str:
        return f"{self.dimension}-1" if self.size is None else str(self.size - 1)

    def help(self) -> str | None:
        return f"positions go from 0 to {self.last}"
