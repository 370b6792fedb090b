"""The diagnostics of training: E0510–E0599 here, those of data files in `load_errors.py` (E0501–E0509).

They are about data, options and numbers rather than about a place in a text, so most have no span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean


def listed(names: Sequence[str]) -> str:
    """Names as messages show them: `a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 12:
        quoted = [*quoted[:11], f"{len(quoted) - 11} more"]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


@dataclass(frozen=True)
class UnknownName(Diagnostic):
    """A name was given that the objective does not have.

    Data columns, hyperparameters, parameters and sizes are matched to the objective by name, so a
    misspelled one would otherwise be left out without a word.

        fit(module.elastic_net, data, hyperparameters={"l_1": 0.1})    # the objective says `l1`

    Use the name as the objective declares it, or leave it out.
    """

    code: ClassVar[str] = "E0510"
    what: str
    name: str
    objective: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.objective}` has no {self.what} `{self.name}`"

    def notes(self) -> Sequence[str]:
        return [f"it has {listed(self.known)}" if self.known else "it has none"]

    def help(self) -> str | None:
        return did_you_mean(self.name, self.known)


@dataclass(frozen=True)
class MissingData(Diagnostic):
    """An input of the objective that stands after the bar has no data.

        objective ridge(w: real[D] | x: real[D], y: real) = …
        fit(module.ridge, {"x": x})                                     # and `y`?

    Give an array for every data input: one row an example, or at its declared rank where all examples
    share it.
    """

    code: ClassVar[str] = "E0511"
    name: str
    objective: str
    shape: str
    given: tuple[str, ...]

    def title(self) -> str:
        return f"no data for the input `{self.name}` of `{self.objective}`"

    def notes(self) -> Sequence[str]:
        given = listed(self.given) if self.given else "nothing"
        return [f"`{self.name}` is `{self.shape}` for one example; the data has {given}"]

    def help(self) -> str | None:
        return did_you_mean(self.name, self.given)


@dataclass(frozen=True)
class DataShape(Diagnostic):
    """An array of data does not have the shape that its input declares.

    For an input `x: real[D]` the data has the shape [examples, D], or [D] where all examples share it.
    The same dimension must have the same size everywhere, and all inputs must have the same number of
    examples.

        fit(module.ridge, {"x": np.zeros((100, 3)), "y": np.zeros((100, 1))})   # y: real is [100]
    """

    code: ClassVar[str] = "E0512"
    name: str
    declared: str
    shape: tuple[int, ...]
    problem: str
    mend: str | None = None

    def title(self) -> str:
        return f"`{self.name}` has the shape {list(self.shape)}: {self.problem}"

    def notes(self) -> Sequence[str]:
        return [f"it is declared `{self.declared}` for one example"] if self.declared else []

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class OutOfDomain(Diagnostic):
    """A value of the data is outside the domain that its input declares.

    Labels `index(K)` are integers from 0 to K − 1, a `sign` is −1 or 1, a `probability` is in [0, 1].
    The first such value is named with its row (from 0, as NumPy counts) or its place in the file.

        data["label"] = np.array([1, 2, 3])      # with K = 3 labels are 0, 1, 2: subtract one
    """

    code: ClassVar[str] = "E0513"
    name: str
    place: str
    value: str
    expected: str
    mend: str | None = None

    def title(self) -> str:
        return f"`{self.name}` is {self.value} at {self.place}; expected {self.expected}"

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class RoundedData(Diagnostic):
    """A column of integers has an entry that the type of the run does not hold.

    A run is computed in float32 where all its floating data is, else in float64. Rounded to it,
    integers that differ would be equal, or in another order: seconds since 1970 are 128 apart in
    float32.

        fit(module.cox, {"x": x.astype(np.float32), "time": seconds})    # 1700000001
        fit(module.cox, {"x": x.astype(np.float32), "time": seconds}, dtype="float64")

    Choose the type, or count from a later start: `seconds - seconds.min()`.
    """

    code: ClassVar[str] = "E0532"
    name: str
    place: str
    value: int
    dtype: str
    rounded: int

    def title(self) -> str:
        return (
            f"`{self.name}` is {self.value} at {self.place}, which {self.dtype} would round to"
            f" {self.rounded}"
        )

    def help(self) -> str:
        less = f"count from a later start: `{self.name} - {self.name}.min()`"
        return less if self.dtype == "float64" else f'train with dtype="float64", or {less}'


@dataclass(frozen=True)
class UnknownSize(Diagnostic):
    """A dimension of a parameter is not fixed by the data.

    Sizes are read from the shapes of the data and of given parameters, and the number of classes from
    the labels. The number of hidden units, say, is nowhere to be read.

        fit(module.digits, data)                       # how many hidden units H?
        fit(module.digits, data, sizes={"H": 64})
    """

    code: ClassVar[str] = "E0514"
    dimension: str
    parameter: str

    def title(self) -> str:
        return f"the size of `{self.dimension}` in `{self.parameter}` is not fixed by the data"

    def help(self) -> str | None:
        return f'give it: sizes={{"{self.dimension}": 64}}, or `--size {self.dimension}=64`'


@dataclass(frozen=True)
class BadParameter(Diagnostic):
    """An initial value of a parameter has the wrong shape, is not finite, or is outside its domain.

    fit(module.ridge, data, parameters={"w": np.zeros(4)})    # while x has 3 columns
    """

    code: ClassVar[str] = "E0515"
    name: str
    problem: str

    def title(self) -> str:
        return f"the initial value of `{self.name}` {self.problem}"


@dataclass(frozen=True)
class TiedParameter(Diagnostic):
    """A parameter is to be trained whose domain names other inputs, or that is an end of theirs.

    A step of one would leave the domain of the other. Give it as data, or declare it by what is free: in
    place of `high: interval(low, inf)` a `width: positive`, with `low + width` in the formula. A vector that
    rises is `ordered[K]`, which can be trained.
    """

    code: ClassVar[str] = "E0531"
    name: str
    declared: str

    def title(self) -> str:
        return f"`{self.name}` can't be trained, as `{self.declared}` ties it to another input"

    def help(self) -> str | None:
        return "give it as data, or train what is free: `low + width` with `width: positive`"


@dataclass(frozen=True)
class TooLargeToTrain(Diagnostic):
    """The parameters of a run and their gradient are more than the memory of the machine.

    fit(module.digits, data, sizes={"H": 10_000_000_000})

    A size that counts what the data has nothing of is mostly a slip: a code in place of a class, or a factor.
    """

    code: ClassVar[str] = "E0533"
    declared: str
    dimension: str
    extent: int
    source: str | None
    needed: int
    there: int

    def title(self) -> str:
        extent = f"{self.extent:_}".replace("_", " ")
        return f"the parameters do not fit into memory: `{self.declared}` where {self.dimension} is {extent}"

    def notes(self) -> Sequence[str]:
        needed, there = (
            f"{one / 2**30:,.0f}".replace(",", " ") for one in (self.needed, self.there)
        )
        found = [f"with their gradient they take {needed} GiB, and this machine has {there}"]
        return [*([] if self.source is None else [f"{self.dimension} is {self.source}"]), *found]


@dataclass(frozen=True)
class BadOption(Diagnostic):
    """An option of the training loop has a value that makes no sense.

    fit(module.ridge, data, learning_rate=-1)
    fit(module.ridge, data, optimizer="adamm")
    """

    code: ClassVar[str] = "E0516"
    option: str
    value: str
    expected: str
    choices: tuple[str, ...] = ()

    def title(self) -> str:
        return f"{self.option} is {self.value}; expected {self.expected}"

    def help(self) -> str | None:
        return did_you_mean(self.value.strip("'"), self.choices) if self.choices else None


@dataclass(frozen=True)
class MissingPackage(Diagnostic):
    """Something was asked for that needs a package which is not installed.

    The core of objc needs neither SciPy (for L-BFGS) nor matplotlib (for plots).

        pip install "objc[train]"
    """

    code: ClassVar[str] = "E0517"
    package: str
    purpose: str
    extra: str

    def title(self) -> str:
        return f"{self.purpose} needs the package `{self.package}`, which is not installed"

    def help(self) -> str | None:
        return f'pip install "objc[{self.extra}]"'


@dataclass(frozen=True)
class NothingToTrain(Diagnostic):
    """The objective has no parameter left to adjust.

    Trained are the `learn` parameters, and those inputs before the bar for which neither the data nor
    the predictor has a value.

        loss huber(prediction: real | target: real) = …
        fit(module.huber, {"prediction": p, "target": y})     # nothing is left free
    """

    code: ClassVar[str] = "E0518"
    objective: str
    fixed: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.objective}` has no parameter to train"

    def notes(self) -> Sequence[str]:
        return [f"{listed(self.fixed)} come from the data"] if self.fixed else []

    def help(self) -> str | None:
        return "use it with a `model`, or give a predictor whose parameters are trained"


@dataclass(frozen=True)
class NotTrainable(Diagnostic):
    """A metric, a function or a model was given as the objective.

    A metric is evaluated, never differentiated (its gradient is zero almost everywhere): train on a
    surrogate of it, and give the metric in `metrics=`. A model needs a loss that compares it to data.
    """

    code: ClassVar[str] = "E0519"
    name: str
    kind: str
    surrogates: tuple[str, ...] = ()

    def title(self) -> str:
        return f"`{self.name}` is a {self.kind} and can't be trained on"

    def notes(self) -> Sequence[str]:
        return [f"its surrogates: {listed(self.surrogates)}"] if self.surrogates else []

    def help(self) -> str | None:
        if self.kind == "metric":
            return f'train on a loss, and give it as metrics={{"{self.name}": …}}'
        return "write an objective that compares its result to data"


@dataclass(frozen=True)
class BadPrediction(Diagnostic):
    """A predictor does not keep its contract.

    `predict(batch)` gives an array, or arrays by input, for the inputs before the bar; `vjp(cotangents)`
    gives, for each of its `parameters`, a gradient of the same shape.
    """

    code: ClassVar[str] = "E0520"
    predictor: str
    problem: str
    mend: str | None = None

    def title(self) -> str:
        return f"the predictor `{self.predictor}` {self.problem}"

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class BadMetric(Diagnostic):
    """A metric does not give one number, can't be evaluated, or has the name of another quantity.

    A metric is a kernel whose inputs are found by name among parameters, data, predictions and
    `outputs`, or a function of a dict of those that gives a number.
    """

    code: ClassVar[str] = "E0521"
    name: str
    problem: str
    mend: str | None = None

    def title(self) -> str:
        return f"the metric `{self.name}` {self.problem}"

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class UnknownQuantity(Diagnostic):
    """Early stopping watches a quantity that the run does not have, or whose better direction is not
    known.

        EarlyStopping(on="validation.accuracy")                          # up or down?
        EarlyStopping(on="validation.accuracy", direction="maximize")
    """

    code: ClassVar[str] = "E0522"
    name: str
    known: tuple[str, ...]
    problem: str = "is not a quantity of this run"

    def title(self) -> str:
        return f"`{self.name}` {self.problem}"

    def notes(self) -> Sequence[str]:
        return [f"the run has {listed(self.known)}"] if self.known else []

    def help(self) -> str | None:
        if self.known:
            return did_you_mean(self.name, self.known)
        way = f"`--watch {self.name}:maximize`"
        return f'say direction="maximize" or direction="minimize"; on the command line, {way}'


@dataclass(frozen=True)
class NonFinite(Diagnostic):
    """The objective, or its gradient, became infinite or not a number, and training stopped.

    The parameters are as they were before: the exception has them in `.parameters`. The message names
    the first example whose own value or gradient is not finite, the term, and what went in. Usual
    causes: a NaN or a huge value in the data (then it is named), a learning rate so large that the
    parameters ran away (then they are huge), or a formula outside its domain, as log of 0.

    Look at the named row first, then lower the learning rate or clip the gradient (`clip_norm=`).
    """

    code: ClassVar[str] = "E0530"
    what: str
    place: str
    where: str
    inputs: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    mend: str | None = None

    def title(self) -> str:
        return f"{self.what} at {self.place}"

    def notes(self) -> Sequence[str]:
        made_by = "made by\n" + "\n".join(self.inputs) if self.inputs else None
        return [self.where, *([made_by] if made_by else []), *self.remarks]

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class BadCheckpoint(Diagnostic):
    """A file given as a checkpoint can't be read as one.

    It is missing, truncated, damaged, not a checkpoint of objc, or of another version of the format.
    Checkpoints are `.npz` files without pickled objects, written aside and moved into place, so a
    killed run does not leave half of one.
    """

    code: ClassVar[str] = "E0540"
    path: str
    problem: str

    def title(self) -> str:
        return f"`{self.path}` is no checkpoint that can be resumed: {self.problem}"


@dataclass(frozen=True)
class CheckpointMismatch(Diagnostic):
    """A checkpoint belongs to another run: its objective, data or options differ from these.

    A resumed run gives the same bits as one that was never interrupted, which holds only with the same
    objective, data, seed and options (more `epochs` are allowed). To start anew from its parameters:

        fit(…, parameters=objc.training.load_parameters("run.npz"))
    """

    code: ClassVar[str] = "E0541"
    path: str
    differences: tuple[str, ...]

    def title(self) -> str:
        return f"the checkpoint `{self.path}` is of another run"

    def notes(self) -> Sequence[str]:
        return self.differences

    def help(self) -> str | None:
        return "to start anew from its parameters: parameters=load_parameters(path)"


@dataclass(frozen=True)
class CannotResume(Diagnostic):
    """L-BFGS can't be resumed: its memory of past steps is inside SciPy.

    Start from the checkpoint's parameters; L-BFGS finds its curvature again in a few steps.

        fit(…, optimizer="lbfgs", parameters=objc.training.load_parameters("run.npz"))
    """

    code: ClassVar[str] = "E0542"
    path: str

    def title(self) -> str:
        return "a run of L-BFGS can't be resumed"

    def help(self) -> str | None:
        return f'start from its parameters: parameters=load_parameters("{self.path}")'


@dataclass(frozen=True)
class BadWeight(Diagnostic):
    """The weights of the examples are not one finite number of at least 0 for each, or are all 0.

    Example: 100 examples and 99 weights, a weight of -1, or weights that sum to zero.

    Mend: one weight an example; 0 leaves an example out.
    """

    code: ClassVar[str] = "E0523"
    problem: str

    def title(self) -> str:
        return f"the weights of the examples {self.problem}"
