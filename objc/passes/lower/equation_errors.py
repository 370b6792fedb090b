"""Errors of the equations of a tensor: where they stand, and whether they say everything once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label
from objc.source import Span


@dataclass(frozen=True)
class IncompleteDefinition(Diagnostic):
    """Equations at single places, and none for the rest.

        loss wrong(x: real[N]) = sum[i](a[i] * x[i])
            where a[0] = 1

    Write one for the rest: `a[i] = …`.
    """

    code = "E0134"
    name: str

    def title(self) -> str:
        return f"`{self.name}` is defined at single places only"

    def label(self) -> str:
        return "no equation for the rest"

    def help(self) -> str | None:
        return f"add one for all the other places: `{self.name}[i] = …`"


@dataclass(frozen=True)
class ContradictoryEquations(Diagnostic):
    """Two equations of a tensor that say different things where they meet.

        loss wrong(x: real[N, M]) = d[N-1, M-1]
            where d[0, j] = x[0, j]
                  d[i, 0] = x[i, 0] + 1
                  d[i, j] = d[i-1, j] + d[i, j-1]

    At `d[0, 0]` both would hold. Write what is meant there: `d[0, 0] = …`.
    """

    code = "E0145"
    one: str
    other: str
    place: str
    other_span: Span

    def title(self) -> str:
        return f"`{self.one}` and `{self.other}` say different things at `{self.place}`"

    def label(self) -> str:
        return "one of them"

    def labels(self) -> Sequence[Label]:
        return (Label(self.other_span, "the other"),)

    def help(self) -> str | None:
        return f"add an equation for the place where they meet: `{self.place} = …`"


@dataclass(frozen=True)
class PlaceFromData(Diagnostic):
    """An equation at a place that is known only when the kernel is called.

        loss last(x: real[T] | n: count) = a[0]
            where a[n-1] = x[n-1]
                  a[t] = a[t+1] + x[t]

    The places of equations are numbers and ends of dimensions, so that no two of them can turn out to
    be one place. What depends on data is a branch, which also says what holds beyond:

        a[t] = if t >= n - 1 then x[t] else a[t+1] + x[t]
    """

    code = "E0146"
    place: str
    branch: str

    def title(self) -> str:
        return f"an equation can't hold at `{self.place}`, a place that only a call knows"

    def label(self) -> str:
        return "neither a number nor an end of a dimension"

    def help(self) -> str | None:
        return f"say it as a branch: `{self.branch}`"


@dataclass(frozen=True)
class ShiftedEquation(Diagnostic):
    """An equation at an index plus a number.

        loss total(x: real[T]) = a[T-1]
            where a[0] = x[0]
                  a[t+1] = a[t] + x[t+1]

    An equation says what holds at each index, and the step back is taken where it reads:
    `a[t] = a[t-1] + x[t]`.
    """

    code = "E0147"
    place: str
    moved: str

    def title(self) -> str:
        return f"an equation can't hold at the shifted place `{self.place}`"

    def label(self) -> str:
        return "an index plus something"

    def help(self) -> str | None:
        return f"say what holds at `{self.moved}`, and shift what it reads"
