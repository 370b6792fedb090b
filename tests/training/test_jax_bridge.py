"""A JAX function trained by the loop, against PyTorch's own loop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from objc.bridges.jax import JaxPredictor
from objc.errors import ObjcError
from objc.training import fit
from objc.training.data import epoch_order

from . import kernels
from .test_fit import classes_data


def network(parameters: Any, x: Any) -> Any:
    return jnp.tanh(x @ parameters["hidden"]) @ parameters["head"][0] + parameters["head"][1]


def initial() -> Any:
    generator = np.random.default_rng(0)
    head = (generator.normal(size=(8, 3)), np.zeros(3))
    return {"hidden": generator.normal(size=(4, 8)), "head": head}


def test_a_run_is_that_of_torch() -> None:
    data = classes_data()
    predictor = JaxPredictor(network, initial(), "x")
    result = fit(kernels.cross_entropy(), data, predictor=predictor, epochs=3, learning_rate=0.01)
    assert set(result.parameters) == {"['hidden']", "['head'][0]", "['head'][1]"}
    start = initial()
    hidden, head, shift = (
        torch.tensor(one, dtype=torch.float32, requires_grad=True)
        for one in (start["hidden"], *start["head"])
    )
    optimizer = torch.optim.Adam([hidden, head, shift], lr=0.01)
    x, label = torch.tensor(data["x"], dtype=torch.float32), torch.tensor(data["label"])
    for epoch in range(3):
        for rows in torch.tensor(epoch_order(150, 0, epoch)).split(64):
            optimizer.zero_grad()
            logits = torch.tanh(x[rows] @ hidden) @ head + shift
            torch.nn.functional.cross_entropy(logits, label[rows]).backward()
            optimizer.step()
    trained = predictor.tree()
    np.testing.assert_allclose(trained["hidden"], hidden.detach().numpy(), atol=2e-5)
    np.testing.assert_allclose(trained["head"][1], shift.detach().numpy(), atol=2e-5)


def test_integers_that_jax_does_not_hold_are_refused() -> None:
    """They would be others: 1 700 000 000 123 is -802 115 717 in 32 bits."""
    data = classes_data()
    times = 1_700_000_000_123 + np.arange(len(data["x"]))
    predictor = JaxPredictor(lambda tree, x, _: network(tree, x), initial(), ["x", "times"])
    expected = pytest.raises(ObjcError, match=r"reads `times`, which holds 1700\d+, and JAX")
    with jax.enable_x64(False), expected:  # a peer that was compared with has set it, maybe
        fit(kernels.cross_entropy(), {**data, "times": times}, predictor=predictor, epochs=1)


def test_several_results_and_one_that_is_not_used() -> None:
    def both(parameters: Any, x: Any) -> Any:
        return network(parameters, x), jnp.sum(x, axis=1)

    data = classes_data()
    outputs = ("logits", "unused")
    predictor = JaxPredictor(both, initial(), ["x"], outputs)
    result = fit(kernels.cross_entropy(), data, predictor=predictor, epochs=2)
    alone = fit(
        kernels.cross_entropy(), data, predictor=JaxPredictor(network, initial(), "x"), epochs=2
    )
    for name, one in alone.parameters.items():
        np.testing.assert_allclose(result.parameters[name], one, atol=1e-6)
