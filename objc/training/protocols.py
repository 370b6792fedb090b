"""What the loop asks of a kernel and of a predictor. Anything that has these members will do."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

Array = NDArray[Any]


class KernelInput(Protocol):
    """An input as `objc.kernel.signature` holds it. `low`, `high` and `default` are formulas of
    hyperparameters, `least` and `most` of other inputs too, which `objc.kernel.formula` evaluates."""

    @property
    def name(self) -> str: ...
    @property
    def keyword(self) -> str: ...
    @property
    def dimensions(self) -> Sequence[str]: ...
    @property
    def sizes(self) -> Sequence[int | None]: ...
    @property
    def role(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def low(self) -> Any: ...
    @property
    def high(self) -> Any: ...
    @property
    def least(self) -> Any: ...
    @property
    def most(self) -> Any: ...
    @property
    def domain(self) -> str: ...
    @property
    def extent(self) -> str | None: ...
    @property
    def extent_size(self) -> int | None: ...
    @property
    def default(self) -> Any: ...


class KernelSignature(Protocol):
    """What a declaration takes and gives."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def inputs(self) -> Sequence[KernelInput]: ...
    @property
    def terms(self) -> Sequence[str]: ...
    @property
    def direction(self) -> str: ...
    @property
    def surrogates(self) -> Sequence[str]: ...


class Kernel(Protocol):
    """A compiled declaration. `str(program)` is what it computes."""

    @property
    def signature(self) -> KernelSignature: ...

    @property
    def program(self) -> Any: ...

    def __call__(self, **inputs: Any) -> Any: ...

    def evaluate(
        self,
        inputs: Mapping[str, Any],
        *,
        wrt: Sequence[str] = (),
        weight: Array | None = None,
    ) -> tuple[float, Mapping[str, float], Mapping[str, Array]]:
        """The value over the batch, the value of every term by name, and the gradient with respect to
        each input of `wrt`, from one run. `weight` has a number
        of at least 0 for each example."""


@runtime_checkable
class Predictor(Protocol):
    """A model of any kind: what predicts, and can pull a gradient back to its parameters.

    `parameters` maps names to arrays; the loop writes new values into these arrays in place, and the
    next `predict` must use them. `predict(batch)` gets the data columns of some examples by name and
    gives the objective's inputs before the bar: one array, or a mapping by input. `vjp(cotangents)` is
    always called after a `predict` of the same batch: given the derivative of the objective with
    respect to each predicted input, it gives that with respect to each parameter (the vector-Jacobian
    product), by name, in the shape of the parameter.

    Two more members are used where they are there. `mode(training: bool)` is told before predictions
    whether they are for training or for evaluation (dropout, batch normalization). `state() ->
    Mapping[str, Array]` and `load_state(mapping)` hold whatever else must be in a checkpoint, such as
    running averages or the state of a random generator.
    """

    @property
    def parameters(self) -> MutableMapping[str, Array]: ...

    def predict(self, batch: Mapping[str, Array]) -> Array | Mapping[str, Array]: ...

    def vjp(self, cotangents: Mapping[str, Array]) -> Mapping[str, Array]: ...
