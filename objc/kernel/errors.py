"""The diagnostics of calls, E0401 to E0449: arguments and options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, Label, did_you_mean
from objc.source import Span


def and_list(names: Sequence[str], word: str = "and") -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"


@dataclass(frozen=True)
class CallDiagnostic(Diagnostic):
    """What the diagnostics of a call share: the declaration that was called."""

    declaration: str


@dataclass(frozen=True)
class MissingInput(CallDiagnostic):
    """A call leaves out an input that has no default.

    Every input before and after the bar must be given, by position or by name; a hyperparameter or
    a learned parameter may be left out where the declaration gives it a default.

    Example: `huber(prediction)` for `loss huber(prediction: real | target: real; delta: positive = 1)`.

    Mend: `huber(prediction, target)`.
    """

    code: ClassVar[str] = "E0401"
    names: tuple[str, ...]
    call: str

    def title(self) -> str:
        return f"{self.declaration}: {and_list(self.names)} not given"

    def label(self) -> str:
        return "declared here without a default"

    def help(self) -> str:
        return f"call it as `{self.call}`"


@dataclass(frozen=True)
class UnknownKeyword(CallDiagnostic):
    """A call names something that is neither an input of the declaration nor an option of the call.

    Example: `huber(prediction, target, detla=2)`.

    Mend: the inputs are those of the declaration; the options are weight, mask, reduction, on_empty,
    out, wrt, check_finite and check, and vector for Hessian-vector products. Where an input has the
    name of an option, the option has an underscore behind its name (`mask_=`).
    """

    code: ClassVar[str] = "E0402"
    keyword: str
    inputs: tuple[str, ...]
    options: tuple[str, ...]

    def title(self) -> str:
        return f"{self.declaration} has no input or option `{self.keyword}`"

    def notes(self) -> Sequence[str]:
        return (f"inputs: {and_list(self.inputs)}", f"options: {and_list(self.options)}")

    def help(self) -> str | None:
        return did_you_mean(self.keyword, (*self.inputs, *self.options))


@dataclass(frozen=True)
class TooManyInputs(CallDiagnostic):
    """A call gives more positional arguments than the declaration has inputs.

    Hyperparameters are given by name only, so that a call says what its numbers are.

    Example: `huber(prediction, target, 2.0)`.

    Mend: `huber(prediction, target, delta=2.0)`.
    """

    code: ClassVar[str] = "E0403"
    given: int
    inputs: tuple[str, ...]
    hyperparameters: tuple[str, ...]

    def title(self) -> str:
        return (
            f"{self.declaration} takes at most {len(self.inputs)} inputs by position, and"
            f" {self.given} were given"
        )

    def notes(self) -> Sequence[str]:
        return (f"by position: {and_list(self.inputs)}",) if self.inputs else ()

    def help(self) -> str | None:
        if not self.hyperparameters:
            return None
        return f"give {and_list(self.hyperparameters)} by name: `{self.hyperparameters[0]}=…`"


@dataclass(frozen=True)
class GivenTwice(CallDiagnostic):
    """A call gives one input both by position and by name, or an option in two ways.

    Example: `huber(prediction, target, prediction=prediction)`.

    Mend: give it once.
    """

    code: ClassVar[str] = "E0404"
    name: str

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` is given twice"

    def help(self) -> str:
        return "give it by position or by name"


@dataclass(frozen=True)
class NotNumeric(CallDiagnostic):
    """An argument is not an array of real numbers.

    Numbers, lists, and arrays of booleans, integers and floating numbers are taken, also those of
    other libraries that NumPy can view. Objects, texts, complex numbers, ragged lists and masked
    arrays are not: what they mean for a loss would be a guess.

    Example: `huber(np.array(["1", "2"]), target)`.

    Mend: convert them first; give a masked array's data, and its mask as `mask=~array.mask`.
    """

    code: ClassVar[str] = "E0405"
    name: str
    found: str
    advice: str | None = None

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` must be an array of numbers, and is {self.found}"

    def help(self) -> str | None:
        return self.advice


@dataclass(frozen=True)
class TooFewAxes(CallDiagnostic):
    """An argument has fewer axes than its declaration.

    An input has at least the axes of its declaration; more stand in front of them, for the batch.

    Example: `cross_entropy(np.zeros(()), 0)`, where `logits: real[K]`.

    Mend: give an array whose last axes are those declared.
    """

    code: ClassVar[str] = "E0406"
    name: str
    declared: str
    rank: int
    shape: tuple[int, ...]

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` is declared with {axes(self.rank)} {self.declared},"
            f" and was given with the shape {self.shape}"
        )

    def label(self) -> str:
        return f"at least {axes(self.rank)}"


@dataclass(frozen=True)
class SizeClash(CallDiagnostic):
    """A dimension has two sizes in one call.

    A dimension named in several places is one number: every array that has it must agree.

    Example: logits of shape (8, 10) with class weights of shape (12,), both declared with `[K]`.

    Mend: look at the shapes in the message; often an axis is transposed, or a class is missing.
    """

    code: ClassVar[str] = "E0407"
    dimension: str
    sizes: tuple[tuple[str, int, int, tuple[int, ...]], ...]
    """Input, axis from the end, size, shape of the argument."""
    spans: tuple[Span | None, ...] = ()
    literal: bool = False

    def title(self) -> str:
        if self.literal:
            name, axis, size, shape = self.sizes[0]
            return (
                f"{self.declaration}: `{name}` has {size} entries along axis {axis} of its shape"
                f" {shape}, and is declared with {self.dimension}"
            )
        found = " and ".join(f"{size} in `{name}`" for name, _, size, _ in self.sizes)
        return f"{self.declaration}: the dimension {self.dimension} is {found}"

    def label(self) -> str:
        return self._describe(-1)

    def labels(self) -> Sequence[Label]:
        earlier = enumerate(self.spans[:-1])
        return [Label(span, self._describe(n)) for n, span in earlier if span is not None]

    def _describe(self, number: int) -> str:
        _, axis, size, shape = self.sizes[number]
        return f"{size} along axis {axis} of the shape {shape}"


@dataclass(frozen=True)
class BatchClash(CallDiagnostic):
    """Two inputs have different batch axes.

    The axes in front of the declared ones are batch axes, and all inputs that have any must have the
    same. An axis of size 1 is not stretched: a prediction of shape (N, 1) against a target of
    shape (N,) would silently compare each with each. An input without batch axes is shared.

    Example: `huber(np.zeros((8, 1)), np.zeros(8))`.

    Mend: reshape one of them, `prediction[:, 0]`.
    """

    code: ClassVar[str] = "E0408"
    first: str
    first_axes: tuple[int, ...]
    second: str
    second_axes: tuple[int, ...]
    first_span: Span | None = None
    stretched: tuple[str, tuple[int, ...]] | None = None
    """The input that has axes of size 1 more than the other, and the shape that would fit."""

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.first}` has the batch axes {self.first_axes}, and"
            f" `{self.second}` has {self.second_axes}"
        )

    def label(self) -> str:
        return f"batch axes {self.second_axes}"

    def labels(self) -> Sequence[Label]:
        if self.first_span is None:
            return ()
        return [Label(self.first_span, f"batch axes {self.first_axes}")]

    def help(self) -> str | None:
        if self.stretched is not None:
            name, shape = self.stretched
            return f"axes of size 1 are not stretched: give `{name}.reshape({shape})`"
        return (
            "all inputs with batch axes must have the same; one without is shared by all examples"
        )


@dataclass(frozen=True)
class NotBatched(CallDiagnostic):
    """A hyperparameter or a learned parameter has more axes than its declaration.

    Both are one for all examples, so they have no batch axes.

    Example: `huber(prediction, target, delta=np.ones(8))`.

    Mend: declare it before or after the bar if each example has its own.
    """

    code: ClassVar[str] = "E0409"
    name: str
    role: str
    declared: str
    shape: tuple[int, ...]

    def title(self) -> str:
        what = "a hyperparameter" if self.role == "hyperparameter" else "a learned parameter"
        return (
            f"{self.declaration}: `{self.name}` is {what} and has no batch axes, and was given with"
            f" the shape {self.shape}"
        )

    def label(self) -> str:
        return f"declared with {self.declared}"


@dataclass(frozen=True)
class NotIntegers(CallDiagnostic):
    """An input that holds positions or counts was given a number that is not whole.

    Floating numbers are taken for `index` and `count` where every one is whole and fits 64 bits.

    Example: `cross_entropy(logits, np.array([0.5, 1.0]))`.

    Mend: give labels as integers, or use a loss whose target is a probability.
    """

    code: ClassVar[str] = "E0410"
    name: str
    domain: str
    value: str
    position: tuple[int, ...]

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` holds whole numbers ({self.domain}), and"
            f" has {self.value}{where(self.position)}"
        )


def where(position: tuple[int, ...]) -> str:
    """` at [3]`, and nothing for a scalar."""
    return f" at [{', '.join(map(str, position))}]" if position else ""


@dataclass(frozen=True)
class LabelOutOfRange(CallDiagnostic):
    """A label, or another index, is outside the dimension it points into.

    `index(K)` is one of 0, 1, …, K − 1, and K is the size of the axis in this call.

    Example: a label 10 with logits of shape (N, 10): classes are counted from 0.

    Mend: count from 0; mask examples without a label with `mask=label >= 0`, which are then not read.
    """

    code: ClassVar[str] = "E0411"
    name: str
    value: int
    extent: int
    dimension: str
    position: tuple[int, ...]

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` is {self.value}{where(self.position)}, outside"
            f" 0 … {self.extent - 1}"
        )

    def label(self) -> str:
        return f"{self.dimension} is {self.extent} in this call"

    def help(self) -> str | None:
        if self.value == self.extent:
            return "indices count from 0"
        if self.value < 0:
            return f"leave such examples out with `mask={self.name} >= 0`"
        return None


@dataclass(frozen=True)
class PositionOutOfRange(CallDiagnostic):
    """A computed position is outside the axis that it reads.

    Example: `x[t-1]` taken at t = 0, without a guard `| t > 0`.

    Mend: guard the read, or give an axis long enough.
    """

    code: ClassVar[str] = "E0412"
    tensor: str
    axis: int
    value: int
    extent: int
    example: tuple[int, ...] | None

    def title(self) -> str:
        at = "" if self.example is None else f", for the example{where(self.example)}"
        return (
            f"{self.declaration}: `{self.tensor}` is read at {self.value} along axis {self.axis},"
            f" which has {self.extent} entries{at}"
        )


@dataclass(frozen=True)
class EmptyBatch(CallDiagnostic):
    """The mean over no examples was asked for.

    The mean of nothing is not a number; returned as 0 it hides that a loader or a mask is broken.

    Example: `huber(np.zeros(0), np.zeros(0))`, or a mask that leaves out every example.

    Mend: where this is expected, say what it shall be: `on_empty="zero"` or `on_empty="nan"`.
    """

    code: ClassVar[str] = "E0413"
    reason: str

    def title(self) -> str:
        return f"{self.declaration}: the mean over no examples: {self.reason}"

    def help(self) -> str:
        return 'say what it shall be: `on_empty="zero"` or `on_empty="nan"`'


@dataclass(frozen=True)
class EmptyAxis(CallDiagnostic):
    """A dimension over which the formula takes a mean or an extreme has no entries.

    Example: `cross_entropy(np.zeros((8, 0)), labels)`.

    Mend: where this is expected, say what the result shall be: `on_empty="zero"` or `on_empty="nan"`.
    """

    code: ClassVar[str] = "E0414"
    dimension: str
    name: str

    def title(self) -> str:
        return f"{self.declaration}: the dimension {self.dimension} is empty in `{self.name}`"

    def label(self) -> str:
        return f"{self.dimension} is 0 in this call"

    def help(self) -> str:
        return 'say what the result shall be: `on_empty="zero"` or `on_empty="nan"`'


@dataclass(frozen=True)
class WeightShape(CallDiagnostic):
    """`weight` or `mask` does not have one entry for each example.

    Their shape is that of the batch axes, exactly.

    Example: `huber(np.zeros(8), np.zeros(8), weight=np.ones(4))`.

    Mend: give one weight an example; class weights are gathered first: `weight=class_weight[label]`.
    """

    code: ClassVar[str] = "E0415"
    option: str
    shape: tuple[int, ...]
    batch: tuple[int, ...] | None

    def title(self) -> str:
        if self.batch is None:
            return f"{self.declaration}: `{self.option}` was given, and no input has a batch axis"
        return (
            f"{self.declaration}: `{self.option}` has the shape {self.shape}, and the batch has the"
            f" shape {self.batch}"
        )

    def help(self) -> str:
        return f"`{self.option}` holds one entry for each example"


@dataclass(frozen=True)
class WeightValue(CallDiagnostic):
    """A weight is negative, infinite or not a number, or a mask is neither 0 nor 1.

    A weighted mean divides by the sum of the weights, which means something for weights ≥ 0 only.

    Example: `weight=np.array([1.0, -1.0])`.

    Mend: give weights ≥ 0; a mask is of booleans, or of 0 and 1.
    """

    code: ClassVar[str] = "E0416"
    option: str
    value: str
    position: tuple[int, ...]

    def title(self) -> str:
        allowed = "0 or 1" if self.option == "mask" else "at least 0 and finite"
        return (
            f"{self.declaration}: `{self.option}` is {self.value}{where(self.position)}, and must be"
            f" {allowed}"
        )


@dataclass(frozen=True)
class HyperparameterDomain(CallDiagnostic):
    """A hyperparameter is outside its declared domain.

    What was proved of the loss holds on the domain, and so do its safe formulas.

    Example: `huber(prediction, target, delta=-1.0)`, where `delta: positive`.

    Mend: give a value inside, or declare a wider domain.
    """

    code: ClassVar[str] = "E0417"
    name: str
    value: str
    domain: str
    position: tuple[int, ...] = ()

    def title(self) -> str:
        return (
            f"{self.declaration}: the hyperparameter `{self.name}` is {self.value}"
            f"{where(self.position)}, outside its domain {self.domain}"
        )

    def label(self) -> str:
        return f"declared as {self.domain}"


@dataclass(frozen=True)
class DataDomain(CallDiagnostic):
    """An array has an entry outside its declared domain. Looked for with `check=True` only.

    Example: `binary_cross_entropy(logit, np.array([0.0, 2.0]), check=True)`, where `target: probability`.

    Mend: mend the data, or declare a wider domain. `OBJC_CHECK=1` in the environment turns the check on
    for every call.
    """

    code: ClassVar[str] = "E0418"
    name: str
    value: str
    domain: str
    position: tuple[int, ...]
    count: int

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` is {self.value}{where(self.position)}, outside its"
            f" domain {self.domain}"
        )

    def label(self) -> str:
        return f"declared as {self.domain}"

    def notes(self) -> Sequence[str]:
        return (f"{self.count} such places in `{self.name}`",) if self.count > 1 else ()


@dataclass(frozen=True)
class NotFinite(CallDiagnostic):
    """An array has an entry that is infinite or not a number. Looked for with `check_finite=True`.

    Example: `huber(np.array([1.0, np.nan]), target, check_finite=True)`.

    Mend: leave such examples out with `mask=`: an example with the weight 0 contributes nothing, not
    even where its loss is not a number.
    """

    code: ClassVar[str] = "E0419"
    name: str
    value: str
    position: tuple[int, ...]
    count: int

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` is {self.value}{where(self.position)}"

    def notes(self) -> Sequence[str]:
        return (f"{self.count} such places in `{self.name}`",) if self.count > 1 else ()

    def help(self) -> str:
        return "leave such examples out with `mask=`"


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
        return f"{self.declaration}: `{self.method}` takes no `{self.option}`: {self.reason}"


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
        return f"{self.declaration} is a {self.kind}, and has no `{self.method}`"

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
class UnknownTarget(Diagnostic):
    """A target was asked for that is not there, or that can't run the declaration.

    Example: `objc.compile(path, target="cup")`.

    Mend: one of the targets that the message lists; `numpy` runs everything.
    """

    code: ClassVar[str] = "E0427"
    target: str
    reason: str
    choices: tuple[str, ...]

    def title(self) -> str:
        return f"the target `{self.target}` can't be used: {self.reason}"

    def help(self) -> str:
        near = did_you_mean(self.target, self.choices)
        return near or f"targets that are there: {and_list(self.choices)}"


@dataclass(frozen=True)
class UnknownDeclaration(Diagnostic):
    """A name was asked for that the text does not declare.

    Example: `objc.compile(path, name="hubre")`.

    Mend: one of the names that the message lists.
    """

    code: ClassVar[str] = "E0428"
    source: str
    name: str
    choices: tuple[str, ...]

    def title(self) -> str:
        return f"{self.source} declares no `{self.name}`"

    def help(self) -> str | None:
        near = did_you_mean(self.name, self.choices)
        return near or (f"it declares {and_list(self.choices)}" if self.choices else None)
