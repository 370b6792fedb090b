"""The diagnostics of calls: values and weights, E0411 to E0419 and E0432; memory, E0431."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.kernel.diagnostic import CallDiagnostic, where


@dataclass(frozen=True)
class LabelOutOfRange(CallDiagnostic):
    """A label, or another index, is outside the dimension it points into.

    `index(K)` is one of 0, 1, …, K − 1, and K is the size of the axis in this call.

    Example: a label 10 with logits of shape (N, 10): classes are counted from 0.

    Mend: count from 0; mask examples without a label with `mask=label >= 0`, which are then not read.
    Where an example has several, guard what reads them: `sum[t | t < length](…)`.
    """

    code: ClassVar[str] = "E0411"
    name: str
    value: int
    extent: int | None
    dimension: str
    position: tuple[int, ...]
    along_axes: bool = False
    """Whether each example has several of them."""

    def title(self) -> str:
        last = f"{self.dimension} - 1" if self.extent is None else self.extent - 1
        return (
            f"{self.declaration}: `{self.name}` is {self.value}{where(self.position)}, outside"
            f" 0 … {last}"
        )

    def label(self) -> str:
        if self.extent is None:
            return f"one of 0 … {self.dimension} - 1"
        return f"{self.dimension} is {self.extent} in this call"

    def help(self) -> str | None:
        if self.value == self.extent:
            return "indices count from 0"
        if self.value < 0:
            if self.along_axes:
                return "leave such places out in the text, by a length or a mask: `| t < length`"
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
    dimension: str
    """The name of the axis in the text; empty for a tensor that the text doesn't name."""
    value: int
    extent: int
    example: tuple[int, ...] | None

    def title(self) -> str:
        at = "" if self.example is None else f", for the example{where(self.example)}"
        named = f" ({self.dimension})" if self.dimension else ""
        return (
            f"{self.declaration}: `{self.tensor}` is read at {self.value} along axis {self.axis}{named},"
            f" which has {self.extent} entries{at}"
        )

    def label(self) -> str:
        return f"{self.dimension or f'axis {self.axis}'} is {self.extent} in this call"


@dataclass(frozen=True)
class EmptyChoice(CallDiagnostic):
    """A guard leaves an argmax or argmin nothing to choose from, and what it chose is read.

    Example: `x[argmax[k | mask[k] == 1](score[k])]` for a row whose mask is all 0.

    Mend: say what is meant where nothing is left: `if any[k](mask[k] == 1) then x[argmax[k | …](…)] else 0`;
    or leave such examples out with `mask=`.
    """

    code: ClassVar[str] = "E0433"
    reduction: str
    tensor: str
    example: tuple[int, ...]

    def title(self) -> str:
        return (
            f"{self.declaration}: an {self.reduction} is left without entries{where(self.example)},"
            f" and `{self.tensor}` is read at what it chose"
        )

    def label(self) -> str:
        return "its guard leaves nothing here"

    def help(self) -> str:
        return f"say what is meant then: `if any[…](…) then {self.tensor}[{self.reduction}[…](…)] else 0`"


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
class EmptyMean(CallDiagnostic):
    """A guard leaves a mean nothing to take the mean of, and the value is not a number.

    Example: `mean[t | mask[t] == 1](x[t])` for a row whose mask is all 0.

    Mend: say what is meant where nothing is left: `if any[t](mask[t] == 1) then mean[t | …](…) else 0`;
    or leave such examples out with `mask=`. `on_empty="nan"` takes the value as it is.
    """

    code: ClassVar[str] = "E0430"
    example: tuple[int, ...]

    def title(self) -> str:
        return f"{self.declaration}: a mean is left without entries{where(self.example)}"

    def label(self) -> str:
        return "its guard leaves nothing here"

    def help(self) -> str:
        return (
            'say what is meant then: `if any[…](…) then mean[…](…) else 0`; `on_empty="nan"` takes'
            " the value as it is"
        )


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
    found: str
    domain: str
    position: tuple[int, ...]
    count: int
    here: str = ""
    """What the domain is at the entry, where that depends on others."""

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` {self.found}{where(self.position)}, outside its"
            f" domain {self.domain}{self.here and ', '}{self.here}"
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
class LostDigits(CallDiagnostic):
    """An array of integers has an entry that the type of the computation does not hold.

    A call is computed in the type of its floating arrays. Rounded to it, integers that differ would be
    equal, or in another order: seconds since 1970 are 128 apart in float32.

    Example: `cox(score, event, time)` with `score` in float32 and `time` an array of int64 such as
    1700000001.

    Mend: give that array as float64, then the whole call is computed in it; or count from a
    later start: `time - time.min()`. Where its rounding does no harm, say so: `time.astype(np.float32)`.
    """

    code: ClassVar[str] = "E0432"
    name: str
    value: int
    dtype: str
    rounded: int
    position: tuple[int, ...]
    count: int

    def title(self) -> str:
        return (
            f"{self.declaration}: `{self.name}` is {self.value}{where(self.position)}, which {self.dtype}"
            f" would round to {self.rounded}"
        )

    def label(self) -> str:
        return f"computed in {self.dtype}"

    def notes(self) -> Sequence[str]:
        return (f"{self.count} such places in `{self.name}`",) if self.count > 1 else ()

    def help(self) -> str:
        less = f"count from a later start: `{self.name} - {self.name}.min()`"
        if self.dtype == "float64":
            return less
        return f"give `{self.name}.astype(np.float64)`, and all is computed in float64; or {less}"


@dataclass(frozen=True)
class TooLargeForMemory(CallDiagnostic):
    """The arrays that a call works in don't fit into memory.

    A recurrence keeps one entry a step for its gradient, and what is read at several places is kept in
    an array of its own.

    Example: `iterate(1.0, steps=10**12)`, where `a[n] = a[n-1] / 2 + x`.

    Mend: smaller batches; fewer steps.
    """

    code: ClassVar[str] = "E0431"
    dimension: str
    extent: int

    def title(self) -> str:
        return (
            f"{self.declaration}: there is no memory for this call: its longest dimension,"
            f" {self.dimension}, is {self.extent:_}"
        ).replace("_", " ")

    def help(self) -> str:
        return "call it with fewer examples" if self.dimension == "batch" else "shorten it"
