"""What a row of the table of oracles says about one declaration of the library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Argument:
    name: str
    domain: str
    shape: str  # "", "K" or "B, D"
    role: str  # differentiable, data, hyperparameter, learned
    default: str | None

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(self.shape.split(", ")) if self.shape else ()


@dataclass(frozen=True)
class Row:
    """The signature, which is the interface, and a function of one example that somebody else wrote
    or that follows the paper; `settings` of the hyperparameters beside the defaults."""

    name: str
    signature: str
    value: Callable[..., Any]
    settings: Sequence[Mapping[str, Any]] = ()
    file: str = field(default="", kw_only=True)  # the file of the table it stands in

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return tuple(_arguments(self.signature))

    def of_role(self, *roles: str) -> tuple[Argument, ...]:
        return tuple(one for one in self.arguments if one.role in roles)


def _arguments(signature: str) -> Iterator[Argument]:
    groups, _, parameters = signature.partition(";")
    inputs, _, data = groups.partition("|")
    for role, group in (("differentiable", inputs), ("data", data), ("hyperparameter", parameters)):
        for text in _split(group):
            found = re.fullmatch(
                r"(learn )?(\w+): (\w+(?:\([^)]*\))?)(?:\[([\w, ]+)\])?(?: = (.+))?", text
            )
            assert found, text
            learn, name, domain, shape, default = found.groups()
            yield Argument(name, domain, shape or "", "learned" if learn else role, default)


def _split(group: str) -> list[str]:
    """At the commas outside of brackets."""
    parts, depth = [""], 0
    for character in group.strip():
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


@dataclass(frozen=True)
class Excuse:
    """Why a result may miss the relative tolerance, and by how much: `ulps` units of roundoff of
    `magnitude(example, entry)`, or, where that is None, of what moving each input and hyperparameter
    by itself would change (the condition of the problem, which no arithmetic can better). `entry` is
    the place in a row of what the derivative is taken to, None where it is no row. Where
    `beyond(example)` holds, the formula leaves the floating range on its way, and anything goes.
    It holds in float32, whose 1e-6 is only some eight units of roundoff, and in float64 if `always`.
    """

    reason: str
    magnitude: Callable[[Mapping[str, Any], int | None], Any] | None = None
    ulps: float = 4
    always: bool = False
    beyond: Callable[[Mapping[str, Any]], bool] = lambda example: False


@dataclass(frozen=True)
class Exact(Row):
    """A function of scalars and rows in mpmath (see jet.py): value, gradient and Hessian diagonal
    are compared to the last digits, at points.py's points."""

    excuses: Mapping[str, Excuse] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Where the library means to differ from the oracle: `why` is a phrase of the docstring."""

    why: str
    where: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Stated(Row):
    """A function of torch tensors (differentiated by torch) or, for metrics, of numpy arrays, given
    all arguments in order: value and gradient are compared to 1e-10, at draws.py's points, but for
    those where it `differs`. `large` is the size of the extreme reals."""

    differs: Sequence[Difference] = ()
    large: float = 1e4


def by_condition(reason: str, *results: str, always: bool = False) -> dict[str, Excuse]:
    return dict.fromkeys(results, Excuse(reason, always=always))


EXPONENT = (
    "exp of a difference, a product or a square: the argument's rounding, of the size of its"
    " operands, is the result's relative error"
)
ROOT = "addends of opposite sign, which nearly cancel near a root that the inputs' rounding moves"
