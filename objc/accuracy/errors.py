"""What can be wrong when the accuracy of a declaration is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic


@dataclass(frozen=True)
class TooLarge(Diagnostic):
    """The accuracy of an example with very many entries can't be measured.

        loss wide(x: real[4096]) = sum[i](x[i]^2)
        error[E0360]: one example of `wide` has 4096 entries, and 512 can be measured

    Every example is computed again in hundreds of digits, which takes a time that grows with its
    size. Dimensions with a name are given small sizes, which `--size D=8` changes; for a dimension that
    is a number in the text, measure a copy of the text with a smaller one.
    """

    code: ClassVar[str] = "E0360"

    name: str
    entries: int
    limit: int

    def title(self) -> str:
        return f"one example of `{self.name}` has {self.entries} entries, and {self.limit} can be measured"

    def help(self) -> str | None:
        return "give smaller sizes: --size D=8"


@dataclass(frozen=True)
class NothingToMeasure(Diagnostic):
    """A declaration that isn't a number for each example has no accuracy report.

        function halves(x: real[K])[k] = x[k] / 2
        error[E0361]: `halves` is a function, and accuracy is measured of losses, metrics and objectives

    Write a loss that uses it, and measure that.
    """

    code: ClassVar[str] = "E0361"

    name: str
    kind: str

    def title(self) -> str:
        return f"`{self.name}` is a {self.kind}, and accuracy is measured of losses and objectives"
