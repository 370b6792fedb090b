"""The diagnostics of calls: inputs and their shapes, E0401 to E0410; names, E0427 and E0428."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, Label, did_you_mean
from objc.kernel.diagnostic import CallDiagnostic, and_list, axes, where
from objc.source import Span


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
            f"{self.declaration} takes at most {len(self.inputs)} by position, and {self.given} were"
            " given"
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

    Mend: give it once. Where an input has the name of an option, the option has an underscore behind its
    name: `weight_=` weighs the examples of a loss that has a `weight`.
    """

    code: ClassVar[str] = "E0404"
    name: str
    option: str | None = None
    """What an option of the same name is called."""

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` is given twice"

    def help(self) -> str:
        if self.option is not None:
            return f"it is an input here; the option is `{self.option}=`"
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
        return f"{self.declaration}: `{self.name}` must hold numbers, and is {self.found}"

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
