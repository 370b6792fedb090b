"""A PyTorch module trained by the loop: the same bits as PyTorch's own loop, to rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from objc.bridges.torch import TorchPredictor
from objc.errors import ObjcError
from objc.training import fit
from objc.training.data import epoch_order

from . import kernels
from .test_checkpoints import Killed, assert_same, killed_after
from .test_fit import classes_data


def network(dropout: float = 0.0) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.Tanh(),
        torch.nn.Dropout(dropout),
        torch.nn.Linear(8, 3),
    ).double()


def test_a_run_is_that_of_torch() -> None:
    data = classes_data()
    ours, theirs = network(), network()
    predictor = TorchPredictor(ours, "x")
    result = fit(kernels.cross_entropy(), data, predictor=predictor, epochs=3, learning_rate=0.01)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01)
    x, label = torch.tensor(data["x"]), torch.tensor(data["label"])
    for epoch in range(3):
        order = torch.tensor(epoch_order(150, 0, epoch))
        for rows in order.split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(theirs(x[rows]), label[rows]).backward()
            optimizer.step()
    for name, one in theirs.named_parameters():
        value = one.detach().numpy()
        np.testing.assert_allclose(result.parameters[name], value, rtol=1e-7, atol=1e-10)
        np.testing.assert_array_equal(ours.state_dict()[name], result.parameters[name])


def test_dropout_and_running_averages_resume(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 3, "batch_size": 32, "validation": 0.2}
    data = classes_data()

    def run(kernel: Any, **more: Any) -> Any:
        predictor = TorchPredictor(network(dropout=0.5), "x")
        return fit(kernel, data, predictor=predictor, **options, **more)

    whole = run(kernels.cross_entropy())
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        run(killed_after(kernels.cross_entropy(), 7), checkpoint=path, checkpoint_every=1)
    assert_same(run(kernels.cross_entropy(), resume=path), whole)


def test_a_module_with_nothing_to_train() -> None:
    with pytest.raises(ValueError, match="no parameter"):
        TorchPredictor(torch.nn.Tanh(), "x")


def test_a_column_that_the_data_has_not() -> None:
    predictor = TorchPredictor(network(), "features")
    with pytest.raises(ObjcError, match=r"E0520.*reads `features`, and the data has `x`, `label`"):
        fit(kernels.cross_entropy(), classes_data(10), predictor=predictor)
