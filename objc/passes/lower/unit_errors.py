"""What is wrong with units (E0220–E0223)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label
from objc.source import Span


@dataclass(frozen=True)
class UnlikeUnits(Diagnostic):
    """Quantities of unlike units are added, compared, or chosen from.

        loss wrong(depth: real<m>, angle: real<rad> | ) = depth^2 + angle^2

    Sums, differences, comparisons, `max`, `min` and the two sides of an `if` want one unit. Products and
    powers make new ones. A hyperparameter or a learned parameter without a unit takes the one that it needs:
    `weight * depth^2 + angle^2`; with one it is held to it: `weight: positive<1/m^2>`.
    """

    code = "E0220"
    what: str
    left: str
    right: str
    other: Span | None
    inside: str | None = None

    def title(self) -> str:
        return f"{self.what} of unlike units: {self.left} and {self.right}"

    def label(self) -> str:
        if self.inside is not None:
            return f"inside of `{self.inside}`"
        return f"of the unit {self.right}"

    def labels(self) -> Sequence[Label]:
        if self.other is None or self.inside is not None:
            return ()
        return (Label(self.other, f"of the unit {self.left}"),)

    def help(self) -> str | None:
        return (
            "multiply one by a hyperparameter: without a unit of its own it takes what is missing"
        )


@dataclass(frozen=True)
class UnlikeTerms(Diagnostic):
    """Terms of unlike units are added to one objective.

        objective wrong(depth: real<m>, score: real | true: real<m>, label: sign) =
            minimize
                depth: (depth - true)^2
                score: log(1 + exp(-label * score))

    A loss in metres can't be added to nats unweighed. Give the terms weights, `combine sum(depth = 0.5)`, or
    let them be learned: `combine uncertainty`.
    """

    code = "E0221"
    name: str
    unit: str
    first: str
    first_unit: str
    other: Span

    def title(self) -> str:
        return (
            f"the term `{self.name}` has the unit {self.unit}, and `{self.first}` {self.first_unit}"
        )

    def label(self) -> str:
        return f"of the unit {self.unit}"

    def labels(self) -> Sequence[Label]:
        return (Label(self.other, f"of the unit {self.first_unit}"),)

    def help(self) -> str | None:
        return (
            f"weigh one of them: `combine sum({self.name} = …)`, or learn the weights: `combine"
            " uncertainty`"
        )


@dataclass(frozen=True)
class UnitWhereNone(Diagnostic):
    """A quantity with a unit stands where a pure number is needed.

        loss wrong(depth: real<m> |) = exp(depth)

    `exp`, `log`, the trigonometric functions, probabilities, exponents and products over an index want pure
    numbers. Divide by a scale of the same unit first: `exp(depth / scale)`.
    """

    code = "E0222"
    what: str
    unit: str
    inside: str | None = None

    def title(self) -> str:
        return f"{self.what} wants a pure number, and gets the unit {self.unit}"

    def label(self) -> str:
        return f"of the unit {self.unit}" if self.inside is None else f"inside of `{self.inside}`"

    def help(self) -> str | None:
        return "divide by a scale of that unit: a hyperparameter without a unit takes it"


@dataclass(frozen=True)
class UnitOfArgument(Diagnostic):
    """An argument has another unit than the parameter it is given for.

        loss length(x: real<m> |) = abs(x)
        loss wrong(t: real<s> |) = length(t)

    A parameter with a unit wants that one. A parameter without a unit takes any, as far as the formula
    allows it.
    """

    code = "E0223"
    name: str
    function: str
    wanted: str
    unit: str

    def title(self) -> str:
        return (
            f"`{self.name}` of `{self.function}` has the unit {self.wanted}, and gets {self.unit}"
        )

    def label(self) -> str:
        return f"of the unit {self.unit}"
