"""The diagnostics of calls: options and derivatives, E0420 to E0426."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from objc.errors import article, did_you_mean
from objc.kernel.diagnostic import CallDiagnostic, and_list


@dataclass(frozen=True)
class BadOption(CallDiagnostic):
    """An option of a call has a value that it can't have.

    Example: `huber(prediction, target, reduction="avg")`.

    Mend: one of the values that the message lists.
    """

    code: ClassVar[str] = "E0420"
    option: str
    value: str
    choices: tuple[str, ...]

    def title(self) -> str:
        return f"{self.declaration}: `{self.option}` is {self.value}"

    def help(self) -> str:
        suggestion = did_you_mean(self.value.strip("'\""), self.choices)
        return suggestion or f"one of {and_list(self.choices, 'or')}"


@dataclass(frozen=True)
class NotAnOption(CallDiagnostic):
    """An option was given to a call that has no use for it.

    Example: `huber.gradient(prediction, target, vector=v)`: a gradient has no vector.

    Mend: leave it out, or call the method that the option belongs to.
    """

    code: ClassVar[str] = "E0421"
    option: str
    method: str
    reason: str

    def title(self) -> str:
        method = f"`{self.method}`" if self.method else "a call"
        return f"{self.declaration}: {method} takes no `{self.option}`: {self.reason}"


@dataclass(frozen=True)
class NotDifferentiable(CallDiagnostic):
    """A derivative was asked for with respect to something that has none.

    Derivatives are taken with respect to the inputs before the bar and the learned parameters. What
    stands after the bar is data, constant for the derivative.

    Example: `cross_entropy.gradient(logits, label, wrt="label")`.

    Mend: name an input before the bar; or declare it there.
    """

    code: ClassVar[str] = "E0422"
    name: str | None
    role: str | None
    choices: tuple[str, ...]

    def title(self) -> str:
        if self.name is None:
            return f"{self.declaration} has nothing to differentiate with respect to"
        if self.role is None:
            return f"{self.declaration} has no input `{self.name}` to differentiate with respect to"
        return (
            f"{self.declaration}: `{self.name}` is {self.role}: no derivative is taken through it"
        )

    def help(self) -> str | None:
        if not self.choices:
            return "inputs before the bar, and `learn` parameters, have derivatives"
        near = None if self.name is None else did_you_mean(self.name, self.choices)
        return near or f"`wrt` may name {and_list(self.choices)}"


@dataclass(frozen=True)
class BadOut(CallDiagnostic):
    """`out=` is not an array that the result can be written to.

    It must have the shape and the type of the result exactly, be writable, and share no memory with
    an input; with several results it is a dictionary, or a tuple in their order.

    Example: `huber.gradient(prediction, target, out=np.empty(8, np.float64))` for float32 inputs.

    Mend: `out=np.empty_like(prediction)`.
    """

    code: ClassVar[str] = "E0423"
    name: str
    reason: str

    def title(self) -> str:
        return f"{self.declaration}: `out` for `{self.name}` {self.reason}"


@dataclass(frozen=True)
class MetricDerivative(CallDiagnostic):
    """The derivative of a metric was asked for.

    A metric is evaluated, never differentiated: where it has a derivative, that is mostly zero.

    Example: `zero_one.gradient(score, label)`.

    Mend: train on a surrogate, and evaluate the metric.
    """

    code: ClassVar[str] = "E0424"
    surrogates: tuple[str, ...]

    def title(self) -> str:
        return f"{self.declaration} is a metric, and has no derivative"

    def label(self) -> str:
        return "declared as a metric"

    def help(self) -> str:
        if self.surrogates:
            return f"train on a surrogate of it: {and_list(self.surrogates, 'or')}"
        return "train on a loss, and evaluate the metric"


@dataclass(frozen=True)
class NotAScalar(CallDiagnostic):
    """A value over the batch, or its derivative, was asked of a function or a model.

    They give an array for each example. A loss gives one number, and that can be averaged and
    differentiated.

    Example: `softmax.gradient(x)`.

    Mend: use the function in a loss, and differentiate the loss.
    """

    code: ClassVar[str] = "E0425"
    kind: str
    method: str

    def title(self) -> str:
        return f"{self.declaration} is {article(self.kind)} {self.kind}, and has no `{self.method}`"

    def label(self) -> str:
        return "gives an array for each example"

    def help(self) -> str:
        return "use it in a loss, and differentiate that"


@dataclass(frozen=True)
class VectorShape(CallDiagnostic):
    """The vector of a Hessian-vector product is not shaped as its input.

    Example: `huber.hessian_vector_product(prediction, target, vector=np.ones(3))` for 8 predictions.

    Mend: one array of the input's shape; with several inputs a dictionary, or a tuple in their order.
    """

    code: ClassVar[str] = "E0426"
    name: str
    shape: tuple[int, ...] | None
    expected: tuple[int, ...]

    def title(self) -> str:
        if self.shape is None:
            return f"{self.declaration}: `vector` has no entry for `{self.name}`"
        return (
            f"{self.declaration}: the vector for `{self.name}` has the shape {self.shape}, and the"
            f" input has {self.expected}"
        )


@dataclass(frozen=True)
class NotByInput(CallDiagnostic):
    """`out` or `vector` does not hold one array for each input of the derivative.

    With one input it is an array; with several a mapping by input, or a tuple in their order.

    Example: `triplet.gradient(a, b, c, out=np.empty_like(a))`, where all three have gradients.

    Mend: `out=(d_a, d_b, d_c)`, or `out={"b": d_b}` for some of them.
    """

    code: ClassVar[str] = "E0429"
    option: str
    found: str
    names: tuple[str, ...]

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.option}` must hold arrays for {and_list(self.names)}, and is"
            f" {self.found}"
        )

    def help(self) -> str:
        return "give a mapping by input, or a tuple in this order"
