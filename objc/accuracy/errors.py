"""What can be wrong when the accuracy of a declaration is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from objc.errors import Diagnostic, Severity


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


@dataclass(frozen=True)
class NoExample(Diagnostic):
    """Every example that was drawn reads a place that is not there.

        loss late(x: real[N] | at: count) = x[at + 100]^2
        error[E0362]: no example of `late` was found that reads `x` within its 3 entries

    Counts are drawn from the small numbers on, and examples in which a place that follows from them
    leaves its axis are drawn again. Larger sizes may help.
    """

    code: ClassVar[str] = "E0362"

    name: str
    tensor: str
    entries: int

    def title(self) -> str:
        return (
            f"no example of `{self.name}` was found that reads `{self.tensor}` within its"
            f" {self.entries} entries"
        )

    def help(self) -> str | None:
        return "give larger sizes: --size N=8"


@dataclass(frozen=True)
class Cancellation(Diagnostic):
    """Digits cancel that no rule of the compiler keeps, or a part of the formula leaves the range.

        loss spread(x: real[N]) = mean[i](x[i]^3) - mean[i](x[i])^3
        warning[W0360]: `spread` loses 23 of 53 bits

    Two nearly equal numbers are subtracted, each with its own rounding, and little else is left. The
    result, its gradient and, of smaller formulas, products with its Hessian and second derivatives by
    each entry are compared with the formula in many digits, at a few examples drawn from the declared
    domains, some of which nearly agree; what the rounding of the inputs itself explains is not counted.
    The note has the inputs that show it: in float32 as many bits are lost of 24. Where float64 loses
    nothing, the same examples are tried in float32. Where the result is
    infinite or no number although the true one is an ordinary number, a part of it has overflowed. Write
    what is equal but for a small part by that part (here by the distances from the mean), or leave it
    where such inputs do not occur. `objc accuracy` searches longer.
    """

    code: ClassVar[str] = "W0360"
    severity: ClassVar[Severity] = "warning"

    loss: str
    kind: str
    input: str | None
    bits: float
    where: tuple[tuple[str, Any], ...]
    entry: tuple[int, ...]
    got: float
    expected: str
    examples: int
    vectors: tuple[tuple[str, Any], ...] = ()
    dtype: str = "float64"

    @property
    def digits(self) -> int:
        """The bits of a number of that type."""
        return int(np.finfo(self.dtype).nmant) + 1

    @property
    def is_number(self) -> bool:
        return math.isfinite(self.got)

    def title(self) -> str:
        words = {
            "gradient": "the gradient",
            "hessian_vector_product": "the Hessian product",
            "hessian_diagonal": "the second derivative",
        }
        what = f"`{self.loss}`"
        if self.input is not None:
            what = f"{words[self.kind]} of {what} in `{self.input}`"
        where = "" if self.dtype == "float64" else f" in {self.dtype}"
        if self.is_number:
            return f"{what} loses {self.bits:.0f} of {self.digits} bits{where}"
        return f"{what} is {self.got}{where} where {float(self.expected):.6g} is right"

    def label(self) -> str:
        return "digits cancel here" if self.is_number else "a part of this leaves the range"

    def notes(self) -> Sequence[str]:
        inputs = ", ".join(f"{name} = {self._shown(value)}" for name, value in self.where)
        for name, vector in self.vectors:
            inputs += f"\nalong {self._shown(vector)} in {name}"
        entry = f"entry {list(self.entry)} is " if self.entry else "it is "
        return (
            f"with {inputs}\n{entry}{self._shown(self.got)} in {self.dtype}, and {self.expected} in truth",
            f"the worst of {self.examples} examples from the declared domains",
        )

    def help(self) -> str | None:
        if not self.is_number:
            return (
                "write it so that no part is larger than the whole; `objc accuracy` measures more"
            )
        return "write the small difference itself, if it can be had; `objc accuracy` measures more"

    def _shown(self, value: Any) -> str:
        """Numbers as they are written, with the digits of their type."""
        if isinstance(value, list):
            return f"[{', '.join(map(self._shown, value))}]"
        if isinstance(value, float) and self.dtype == "float32":
            return str(np.float32(value))
        return repr(value)
