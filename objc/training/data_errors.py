"""Errors about the data that an objective is trained on: what is missing, or is not as declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean
from objc.training.errors import listed


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
class BadWeight(Diagnostic):
    """The weights of the examples are not one finite number of at least 0 for each, or are all 0.

    Example: 100 examples and 99 weights, a weight of -1, or weights that sum to zero.

    Mend: one weight an example; 0 leaves an example out.
    """

    code: ClassVar[str] = "E0523"
    problem: str

    def title(self) -> str:
        return f"the weights of the examples {self.problem}"
