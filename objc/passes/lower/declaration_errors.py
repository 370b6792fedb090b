"""What is wrong with definitions (E01xx), objectives, metrics and claims (E02xx)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class CircularDefinition(Diagnostic):
    """Definitions that are defined by themselves.

    loss wrong(x: real) = a
        where a = b + x
              b = a
    """

    code = "E0129"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 1:
            return f"`{self.chain[0]}` is defined by itself"
        return f"definitions go in a circle: {' → '.join((*self.chain, self.chain[0]))}"

    def label(self) -> str:
        return "needs its own value"


@dataclass(frozen=True)
class Acausal(Diagnostic):
    """A recurrence that can be computed in no order, or that steps by more than one.

        function wrong(x: real[T])[t] = a[t]
            where a[0] = x[0]
                  a[t] = a[t-1] + a[t+1]

    A definition may refer to itself one step back or one step ahead along an index. Forwards everything
    is read at `t-1`, backwards at `t+1`; along two indices at `[i-1, j]`, `[i, j-1]` and `[i-1, j-1]`. For
    two steps back keep the step before under a name: `before[t] = a[t-1]`.
    """

    code = "E0136"
    name: str
    read: str
    reason: Literal["same_step", "both_ways", "no_index", "far"]

    def title(self) -> str:
        said = {
            "same_step": f"`{self.name}` needs its own value of the same step",
            "both_ways": f"`{self.name}` steps back and ahead at once",
            "no_index": f"`{self.name}` refers to itself at a place that is no step back or ahead",
            "far": f"`{self.name}` steps by more than one",
        }
        return said[self.reason]

    def label(self) -> str:
        return f"through `{self.read}`"

    def help(self) -> str | None:
        if self.reason == "far":
            return "give the step before a name of its own: `before[t] = a[t-1]`, read at `t-1`"
        return "a definition may refer to itself one step back, or one step ahead, along one index"


@dataclass(frozen=True)
class MissingBoundary(Diagnostic):
    """A recurrence whose first step reads before the start.

        function wrong(x: real[T])[t] = a[t]
            where a[t] = a[t-1] + x[t]

    Write an equation for the first step: `a[0] = x[0]`, or for a recurrence that runs backwards
    `a[T-1] = x[T-1]`.
    """

    code = "E0137"
    read: str
    index: str
    first: str
    boundary: str

    def title(self) -> str:
        return f"at `{self.index} = {self.first}` there is no `{self.read}`"

    def label(self) -> str:
        return "no equation covers the first step"

    def help(self) -> str | None:
        return f"add one: `{self.boundary} = …`"


@dataclass(frozen=True)
class RecursiveDeclarations(Diagnostic):
    """Declarations that call each other in a circle. Functions are inlined, so this has no end.

    function f(x: real) = g(x) + 1
    function g(x: real) = f(x) / 2
    """

    code = "E0130"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 2:
            return f"`{self.chain[0]}` calls itself"
        return f"declarations call each other in a circle: {' → '.join(self.chain)}"

    def label(self) -> str:
        return "closes the circle"


@dataclass(frozen=True)
class TooLarge(Diagnostic):
    """A declaration that is larger, deeper, or after inlining its functions longer than the limit.

    Functions are inlined where they are called. Functions that call each other twice each double the
    text with every level.
    """

    code = "E0124"
    name: str
    reason: str

    def title(self) -> str:
        return f"`{self.name}` is too large to compile: {self.reason}"

    def label(self) -> str:
        return "the limit is reached here"

    def help(self) -> str | None:
        return "give names to parts of it under `where`: a definition is computed once"


@dataclass(frozen=True)
class MetricInLoss(Diagnostic):
    """A metric is evaluated, never differentiated: it can't be a part of a loss or of an objective.

        objective wrong(score: real | label: sign) = minimize zero_one(score | label)

    Train on a surrogate of it, such as a loss that is declared with `surrogate L for M`.
    """

    code = "E0201"
    name: str
    surrogates: tuple[str, ...]
    inside: str

    def title(self) -> str:
        return f"`{self.name}` is a metric, and the derivative of {self.inside} would go through it"

    def label(self) -> str:
        return "evaluated, never differentiated"

    def help(self) -> str | None:
        if not self.surrogates:
            return "train on a loss, and watch the metric beside it"
        said = ", ".join(f"`{one}`" for one in self.surrogates)
        return f"its surrogates are {said}: train on one of them, and watch the metric beside it"


@dataclass(frozen=True)
class BadClaim(Diagnostic):
    """A claim that says nothing which could be proved.

    loss wrong(x: real) = x^2
        claims convexx in x
    """

    code = "E0202"
    reason: str
    suggestion: str | None

    def title(self) -> str:
        return f"this claim can't be understood: {self.reason}"

    def label(self) -> str:
        return self.reason

    def help(self) -> str | None:
        return self.suggestion


@dataclass(frozen=True)
class NotCompiled(Diagnostic):
    """Something that the language has and this version parses, and can't compile yet.

        loss nested(x: real[T], y: real[K]) = a[T-1]
            where a[0] = x[0]
                  a[t] = x[t] + total(y, a[t-1])
        function total(y: real[K], begin: real) = s[K-1]
            where s[0] = begin
                  s[k] = s[k-1] * y[k]

    A recurrence inside of a step of another, and a call of an objective or a game inside of a formula, are
    read and checked for their form, and no more.
    """

    code = "E0203"
    what: str

    def title(self) -> str:
        return f"{self.what} can't be compiled yet"

    def label(self) -> str:
        return "understood, and not compiled in this version"


@dataclass(frozen=True)
class BadTerm(Diagnostic):
    """A weight for a term that the objective has not.

    objective fit(p: real | y: real) =
        minimize data: (p - y)^2
        combine sum(dota = 2)
    """

    code = "E0204"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"the objective has no term `{self.name}`"

    def label(self) -> str:
        return f"its terms are {', '.join(self.candidates)}"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class BadSurrogate(Diagnostic):
    """`surrogate L for M` where L is not a loss, or M not a metric.

    surrogate hinge for logistic
    """

    code = "E0205"
    name: str
    expected: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.name}` is not a {self.expected} in scope"

    def label(self) -> str:
        return f"not a {self.expected}"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class MisplacedLearn(Diagnostic):
    """`learn` marks a trained parameter, which stands among the hyperparameters.

        loss wrong(learn w: real, x: real) = w * x

    Write it after the semicolon: `(x: real; learn w: real)`.
    """

    code = "E0206"
    name: str

    def title(self) -> str:
        return f"`learn {self.name}` must stand after the semicolon"

    def label(self) -> str:
        return "among the inputs"


@dataclass(frozen=True)
class IntegerBeforeBar(Diagnostic):
    """An input of whole numbers among those that gradients are taken with respect to.

        loss wrong(logits: real[K], label: index(K)) = -logits[label]

    What is an index or a count is data: `(logits: real[K] | label: index(K))`.
    """

    code = "E0207"
    name: str
    domain: str

    def title(self) -> str:
        return f"`{self.name}` holds whole numbers, through which no gradient goes"

    def label(self) -> str:
        return f"`{self.domain}`, before the bar"

    def help(self) -> str | None:
        return (
            "inputs before the bar `|` are differentiable: write it after the bar, among the data"
        )
