"""The diagnostics of training: E0510–E0599 here and, of what is trained on, in
`data_errors.py`; those of data files in `load_errors.py` (E0501–E0509).

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
