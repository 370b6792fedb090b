"""The diagnostics of reductions as text: `sum[i | guard](body)`."""

from __future__ import annotations

from dataclasses import dataclass

from objc.errors import Diagnostic
from objc.source import Span


@dataclass(frozen=True)
class ReductionWithoutBrackets(Diagnostic):
    """What a reduction reduces stands in round brackets.

        loss f(x: real[N]) = sum[i] x[i]^2     # write sum[i](x[i]^2)

    The brackets say how far it reaches.
    """

    code = "E0009"
    operator: str

    def title(self) -> str:
        return f"what `{self.operator}` reduces stands in round brackets"

    def label(self) -> str:
        return "expected `(`"

    def help(self) -> str:
        return f"write `{self.operator}[i](…)`"


@dataclass(frozen=True)
class ReductionArguments(Diagnostic):
    """A reduction has one body; only `max` and `min` of numbers take several arguments.

        loss f(x: real, y: real) = sum(x, y)   # write x + y

    Write `sum[i](body)`, or `sum(tensor)` for all of a tensor.
    """

    code = "E0017"
    operator: str
    operator_span: Span
    count: int

    def title(self) -> str:
        if self.count == 0:
            return f"`{self.operator}` reduces nothing"
        return f"`{self.operator}` reduces one expression"

    def help(self) -> str:
        return f"write `{self.operator}[i](body)`, or `{self.operator}(tensor)` for all of a tensor"


@dataclass(frozen=True)
class BinderNotName(Diagnostic):
    """The square brackets of a reduction name the indices that it runs over.

        loss f(x: real[N]) = sum[0](x[0])      # write sum[i](x[i])

    An index ranges over the whole dimension that it is used in; a guard narrows it.
    """

    code = "E0018"
    operator: str

    def title(self) -> str:
        return f"`{self.operator}` binds index names"

    def label(self) -> str:
        return "not a name"

    def help(self) -> str:
        return f"write `{self.operator}[i | guard](…)` to run over a part of a dimension"
