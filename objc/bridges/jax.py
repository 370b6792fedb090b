"""A JAX function as a predictor of the training loop.

::

    from objc.bridges.jax import JaxPredictor

    def network(parameters, x):
        return jnp.tanh(x @ parameters["hidden"]) @ parameters["head"]

    predictor = JaxPredictor(network, initial, "x")
    result = fit(cross_entropy, {"x": x, "label": label}, predictor=predictor)
    trained = predictor.tree()

The loss and its gradient are objc's; JAX pulls the gradient back through the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from objc.bridges.columns import columns
from objc.errors import ObjcError
from objc.training.errors import BadPrediction

Array = NDArray[Any]


class JaxPredictor:
    """Wraps `function(parameters, *columns)`, which must be pure.

    Args:
        function: gives an array, or a tuple of arrays. It is compiled by `jax.jit`, once a shape of
            batch.
        parameters: the initial values, a tree of arrays. Their names are their paths: `['hidden']`.
        inputs: a column's name, or several in the order of the function's arguments.
        outputs: names for the results where there are several; they are inputs of the objective.

    Parameters have the types that JAX gives them: float32 unless `jax_enable_x64` is on.

    Raises:
        ObjcError: a parameter has a type that NumPy does not have (E0520).
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Any,
        inputs: str | Sequence[str],
        outputs: Sequence[str] | None = None,
    ) -> None:
        self._inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        self._outputs = None if outputs is None else tuple(outputs)
        leaves, self._structure = jax.tree_util.tree_flatten_with_path(parameters)
        self.parameters: dict[str, Array] = {
            jax.tree_util.keystr(path): _initial(jax.tree_util.keystr(path), leaf)
            for path, leaf in leaves
        }
        self._predict = jax.jit(function)
        self._pull_back = jax.jit(
            lambda tree, columns, cotangents: jax.vjp(lambda one: function(one, *columns), tree)[1](
                cotangents
            )[0]
        )
        self._columns: list[Any] = []
        self._results: Any = None

    def tree(self) -> Any:
        """The parameters as they are now, in the shape of the tree that was given."""
        return jax.tree_util.tree_unflatten(self._structure, list(self.parameters.values()))

    def predict(self, batch: Mapping[str, Array]) -> Array | dict[str, Array]:
        """The function's results for a batch."""
        found = columns("JaxPredictor", self._inputs, batch)
        self._columns = [
            jax.numpy.asarray(self._own_type(name, one))
            for name, one in zip(self._inputs, found, strict=True)
        ]
        self._results = self._predict(self.tree(), *self._columns)
        several = isinstance(self._results, tuple | list)
        if several != (self._outputs is not None):
            given = "several results" if several else "one result"
            problem = f"has a function that gives {given}"
            mend = "`outputs` names the results of a tuple, and only of a tuple"
            raise ObjcError(BadPrediction(None, "JaxPredictor", problem, mend))
        if self._outputs is None:
            return _array(self._results)
        if len(self._results) != len(self._outputs):
            counts = f"gives {len(self._results)} results, and `outputs` names {len(self._outputs)}"
            raise ObjcError(BadPrediction(None, "JaxPredictor", counts))
        return {name: _array(one) for name, one in zip(self._outputs, self._results, strict=True)}

    def vjp(self, cotangents: Mapping[str, Array]) -> dict[str, Array]:
        """The gradient of each parameter, by its path."""
        if self._outputs is None:
            (only,) = cotangents.values()
            given: Any = jax.numpy.asarray(only, dtype=self._results.dtype)
        else:
            pairs = zip(self._outputs, self._results, strict=True)
            given = tuple(
                jax.numpy.asarray(cotangents[name], dtype=one.dtype)
                if name in cotangents
                else jax.numpy.zeros_like(one)
                for name, one in pairs
            )
        gradients = self._pull_back(self.tree(), self._columns, given)
        leaves = jax.tree_util.tree_leaves(gradients)
        return {name: np.asarray(one) for name, one in zip(self.parameters, leaves, strict=True)}

    def _own_type(self, name: str, values: Array) -> Array:
        """Floating data in the type of the parameters; integers as wide as JAX holds them."""
        if values.dtype.kind == "f":
            return values.astype(next(iter(self.parameters.values())).dtype)
        kind = jax.dtypes.canonicalize_dtype(values.dtype)
        if values.dtype != kind and values.size and values.dtype.kind in "iu":
            bounds = np.iinfo(kind)
            for one in (values.min(), values.max()):
                if not bounds.min <= one <= bounds.max:
                    problem = f"reads `{name}`, which holds {one}, and JAX has integers of 32 bits"
                    mend = "count from a later start, or set `jax_enable_x64`"
                    raise ObjcError(BadPrediction(None, "JaxPredictor", problem, mend))
        return values.astype(kind)


def _initial(name: str, leaf: Any) -> Array:
    """A parameter at its start, as an array of its own."""
    value = np.array(jax.numpy.asarray(leaf))
    if value.dtype.kind != "f":
        problem = f"has the parameter `{name}` of the type {value.dtype}"
        raise ObjcError(BadPrediction(None, "JaxPredictor", problem, "train it as float32"))
    return value


def _array(result: Any) -> Array:
    """A result as an array; bfloat16, which NumPy does not have, as float32."""
    found = np.asarray(result)
    return found.astype(np.float32) if found.dtype == jax.numpy.bfloat16 else found
