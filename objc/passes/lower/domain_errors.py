"""What is wrong with domains, kinds and constants (E01xx)."""

from __future__ import annotations

from dataclasses import dataclass

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class IndexInArithmetic(Diagnostic):
    """A data index is a label without a size: it can be compared, and used to read, and no more.

        loss wrong(score: real | label: index(K)) = score * label

    Read with it (`logits[label]`), compare it (`[label == k]`), or declare the input as a `count`
    if it is a number.
    """

    code = "E0107"
    name: str
    dimension: str

    def title(self) -> str:
        return f"`{self.name}` is an index into {self.dimension}, and stands in arithmetic"

    def label(self) -> str:
        return "an index, not a number"

    def help(self) -> str | None:
        return (
            f"read a tensor with it (`x[{self.name}]`), compare it (`[{self.name} == k]`), or declare"
            " it as `count`"
        )


@dataclass(frozen=True)
class UnknownDomain(Diagnostic):
    """A type that there is not.

        loss cost(x: float) = x

    The domains are real, positive, nonnegative, interval(a, b), probability, simplex, ordered, sign,
    binary, index(K), count and count(n).
    """

    code = "E0113"
    name: str

    def title(self) -> str:
        return f"there is no domain `{self.name}`"

    def label(self) -> str:
        return "not a domain"

    def help(self) -> str | None:
        known = ("real", "positive", "nonnegative", "interval", "probability", "simplex",
                 "ordered", "sign", "binary", "index", "count")  # fmt: skip
        other = {"float": "real", "int": "count", "integer": "count", "bool": "binary",
                 "boolean": "binary", "increasing": "ordered", "sorted": "ordered"}  # fmt: skip
        if self.name in other:
            return f"did you mean `{other[self.name]}`?"
        return did_you_mean(self.name, known) or f"the domains are {', '.join(known)}"


@dataclass(frozen=True)
class BadDomainArguments(Diagnostic):
    """A domain with the wrong things in its parentheses.

        loss wrong(x: real | label: index) = x

    `interval(a, b)` takes its ends, `index(K)` its dimension, `count(n)` its greatest number, the others
    nothing. `ordered` has a shape, `ordered[K]`.
    """

    code = "E0131"
    domain: str
    expected: str

    def title(self) -> str:
        return f"`{self.domain}` takes {self.expected}"

    def label(self) -> str:
        return f"needs {self.expected}"


@dataclass(frozen=True)
class EndOfAnotherShape(Diagnostic):
    """The end of a domain names a tensor of another shape.

        loss wrong(x: interval(lower, inf) | lower: real[K]) = x^2

    An end is of scalars, or of tensors of the shape of what it is declared for, entry by entry.
    """

    code = "E0148"
    end: str
    name: str
    end_shape: str
    shape: str

    def title(self) -> str:
        name = "is a scalar" if self.shape == "[]" else f"has the shape {self.shape}"
        return f"`{self.end}` has the shape {self.end_shape}, and `{self.name}`, whose end it is, {name}"

    def label(self) -> str:
        return "of another shape"

    def help(self) -> str | None:
        return f"an end is a scalar, or has the shape of `{self.name}`, entry by entry"


@dataclass(frozen=True)
class CircularEnds(Diagnostic):
    """The domains of inputs name each other in a circle.

        loss wrong(a: interval(b, inf), b: interval(-inf, a)) = a - b

    One of the two says it: `a: interval(b, inf), b: real`.
    """

    code = "E0149"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 1:
            return f"the domain of `{self.chain[0]}` names `{self.chain[0]}` itself"
        return f"domains go in a circle: {' → '.join((*self.chain, self.chain[0]))}"

    def label(self) -> str:
        return "needs its own value"

    def help(self) -> str | None:
        return "declare the order once, for one of them" if len(self.chain) > 1 else None


@dataclass(frozen=True)
class BadDefault(Diagnostic):
    """A default that lies outside of the domain that is declared for it.

    loss robust(r: real; delta: positive = 0) = abs(r) / delta
    """

    code = "E0115"
    name: str
    value: str
    domain: str

    def title(self) -> str:
        return f"the default of `{self.name}` is {self.value}, which is not in `{self.domain}`"

    def label(self) -> str:
        return f"not in `{self.domain}`"


@dataclass(frozen=True)
class NotOfHyperparameters(Diagnostic):
    """Defaults are made of numbers; the ends of domains, the weights of terms and the arguments of
    claims of numbers and scalar hyperparameters, the ends of inputs of other inputs too.

        loss wrong(x: real; scale: positive = x) = x / scale
    """

    code = "E0132"
    where: str
    allowed: str

    def title(self) -> str:
        return f"{self.where} must be made of {self.allowed}"

    def label(self) -> str:
        return f"not made of {self.allowed}"


@dataclass(frozen=True)
class ConditionForNumber(Diagnostic):
    """A condition stands where a number is needed.

        loss wrong(x: real) = x * (x > 0)

    Iverson's bracket makes a number of it: `x * [x > 0]`.
    """

    code = "E0117"

    def title(self) -> str:
        return "a condition stands where a number is needed"

    def label(self) -> str:
        return "true or false, not a number"

    def help(self) -> str | None:
        if self.span is None:
            return None
        text = self.span.text
        inside = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        return f"put it into brackets: `[{inside}]`"


@dataclass(frozen=True)
class NumberForCondition(Diagnostic):
    """A number stands where a condition is needed.

        loss wrong(x: real | keep: binary) = if keep then x^2 else 0

    Say what it is compared with: `if keep == 1 then x^2 else 0`.
    """

    code = "E0118"

    def title(self) -> str:
        return "a number stands where a condition is needed"

    def label(self) -> str:
        return "a number, not true or false"

    def help(self) -> str | None:
        if self.span is None:
            return None
        return f"compare it with something: `{self.span.text} == 1`, `{self.span.text} > 0`"


@dataclass(frozen=True)
class HugeConstant(Diagnostic):
    """A constant that no floating number holds.

        loss wrong(x: real) = x * 9^9^9

    Constants are computed exactly, and must end between 1e-308 and 1e308 in size.
    """

    code = "E0122"

    def title(self) -> str:
        return "this constant is too large or too small for any floating number"

    def label(self) -> str:
        return "beyond what kernels can hold"

    def help(self) -> str | None:
        return "the largest number of float64 is about 1.8e308; `inf` is infinity"


@dataclass(frozen=True)
class NotReal(Diagnostic):
    """Constants that have met to something which is not a real number.

    loss wrong(x: real) = x * sqrt(-1)
    loss undefined(x: real) = x / 0
    """

    code = "E0123"

    def title(self) -> str:
        return "this is not a real number, whatever the inputs are"

    def label(self) -> str:
        return "a division by zero, or a root or logarithm of a negative number"
