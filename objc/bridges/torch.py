"""A PyTorch module as a predictor of the training loop.

::

    from objc.bridges.torch import TorchPredictor

    network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    result = fit(cross_entropy, {"x": x, "label": label}, predictor=TorchPredictor(network, "x"))

The network is trained in place. The loss and its gradient are objc's; PyTorch pulls the gradient back
through the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from objc.bridges.columns import columns
from objc.errors import ObjcError
from objc.training.errors import BadPrediction

Array = NDArray[Any]


class TorchPredictor:
    """Wraps a module on the CPU.

    Args:
        module: called with the columns named by `inputs`, as tensors.
        inputs: a column's name, or several in the order of the module's arguments.
        outputs: names for the module's results where it gives several (a tuple); they are inputs of
            the objective. A single result needs none.

    Raises:
        ValueError: a parameter is not on the CPU, or none is to be trained.
        ObjcError: a parameter has a type that NumPy does not have (E0520).
    """

    def __init__(
        self,
        module: torch.nn.Module,
        inputs: str | Sequence[str],
        outputs: Sequence[str] | None = None,
    ) -> None:
        trained = {name: one for name, one in module.named_parameters() if one.requires_grad}
        elsewhere = [name for name, one in trained.items() if one.device.type != "cpu"]
        if elsewhere:
            raise ValueError(
                f"the parameters {elsewhere} are not on the CPU: move the module there"
            )
        if not trained:
            raise ValueError("the module has no parameter that requires a gradient")
        self.module = module
        self._inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        self._outputs = None if outputs is None else tuple(outputs)
        self._trained = trained
        self._results: dict[str, torch.Tensor] = {}
        self._training = True
        # These arrays share their memory with the tensors: writing one writes the other.
        self.parameters: dict[str, Array] = {
            name: _shared(name, one) for name, one in trained.items()
        }
        self._dtype = next(iter(trained.values())).dtype

    def mode(self, training: bool) -> None:
        """Dropout and batch normalization behave as in training, or as in evaluation."""
        self._training = training
        self.module.train(training)

    def predict(self, batch: Mapping[str, Array]) -> Array | dict[str, Array]:
        """The module's results for a batch."""
        tensors = [self._tensor(one) for one in columns("TorchPredictor", self._inputs, batch)]
        with torch.set_grad_enabled(self._training):
            results = self.module(*tensors)
        self._results = self._named(results)
        found = {name: _array(one) for name, one in self._results.items()}
        return found if self._outputs is not None else found[""]

    def vjp(self, cotangents: Mapping[str, Array]) -> dict[str, Array]:
        """The gradient of each parameter; zeros where the results do not depend on it."""
        names = list(cotangents) if self._outputs is not None else [""]
        results = [self._results[name] for name in names]
        given = [
            torch.as_tensor(np.ascontiguousarray(one), dtype=result.dtype)
            for one, result in zip(cotangents.values(), results, strict=True)
        ]
        gradients = torch.autograd.grad(
            results, list(self._trained.values()), given, allow_unused=True, materialize_grads=True
        )
        return {
            name: one.detach().numpy() for name, one in zip(self._trained, gradients, strict=True)
        }

    def _named(self, results: Any) -> dict[str, torch.Tensor]:
        """The module's results by their names; a single one without a name by the empty one."""
        named = {"": results}
        if self._outputs is not None:
            several = results if isinstance(results, tuple | list) else (results,)
            if len(several) != len(self._outputs):
                problem = f"gives {len(several)} results, and `outputs` names {len(self._outputs)}"
                raise ObjcError(BadPrediction(None, "TorchPredictor", problem))
            named = dict(zip(self._outputs, several, strict=True))
        for one in named.values():
            if not isinstance(one, torch.Tensor):
                problem = f"has a module that gives a {type(one).__name__}, not a tensor"
                mend = "name its results: outputs=('logits', …)" if self._outputs is None else None
                raise ObjcError(BadPrediction(None, "TorchPredictor", problem, mend))
        return named

    def state(self) -> dict[str, Array]:
        """Buffers, such as running averages, and PyTorch's random state, from which dropout draws."""
        found = {f"buffer {name}": one.numpy().copy() for name, one in self.module.named_buffers()}
        return {**found, "random": torch.get_rng_state().numpy()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave."""
        for name, one in self.module.named_buffers():
            one.copy_(torch.as_tensor(state[f"buffer {name}"]))
        torch.set_rng_state(torch.as_tensor(state["random"]))

    def _tensor(self, values: Array) -> torch.Tensor:
        tensor = torch.as_tensor(np.ascontiguousarray(values))
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor


def _shared(name: str, parameter: torch.Tensor) -> Array:
    """The parameter as an array in the same memory."""
    if parameter.dtype == torch.bfloat16 or not parameter.is_floating_point():
        problem = f"has the parameter `{name}` of the type {parameter.dtype}"
        mend = "train it as float32 or float64: module.float()"
        raise ObjcError(BadPrediction(None, "TorchPredictor", problem, mend))
    return parameter.detach().numpy()


def _array(result: torch.Tensor) -> Array:
    """A result as an array; bfloat16, in which automatic casting computes, as float32."""
    detached = result.detach()
    wide = detached.float() if detached.dtype == torch.bfloat16 else detached
    return np.asarray(wide.numpy())
