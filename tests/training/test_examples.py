"""The examples, compiled and trained, against scikit-learn, PyTorch and linear programming."""

from __future__ import annotations

import runpy
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.mixture import GaussianMixture

import objc
from objc.bridges.torch import TorchPredictor
from objc.library import cross_entropy
from objc.training import NonFiniteError, fit
from objc.training.data import epoch_order

from .test_checkpoints import assert_same
from .test_fit import LinearPredictor, classes_data

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TARGETS = ("numpy", "cpu")


@cache
def module(name: str, target: str) -> objc.Module:
    return objc.compile(EXAMPLES / f"{name}.objc", target=target)


@cache
def diabetes() -> dict[str, Any]:
    x, y = load_diabetes(return_X_y=True)
    return {"x": x / x.std(axis=0), "y": (y - y.mean()) / y.std()}


@cache
def digits(count: int = 300) -> dict[str, Any]:
    x, label = load_digits(return_X_y=True)
    return {"x": x[:count] / 16, "label": label[:count]}


@pytest.mark.parametrize("target", TARGETS)
def test_ridge(target: str) -> None:
    data = diabetes()
    kernel = module("regression", target).ridge
    result = fit(kernel, data, hyperparameters={"l2": 0.5}, optimizer="lbfgs", epochs=200)
    theirs = Ridge(alpha=0.25 * len(data["y"])).fit(data["x"], data["y"])
    np.testing.assert_allclose(result.parameters["w"], theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(result.parameters["b"], theirs.intercept_, atol=1e-6)


@pytest.mark.parametrize("target", TARGETS)
def test_a_single_example(target: str) -> None:
    """Data at its declared rank is one example, and an epoch one step."""
    data = {"x": np.array([1.0, 2.0, 3.0]), "y": np.float64(2.0)}
    kernel = module("regression", target).ridge
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.02, "epochs": 200}
    result = fit(kernel, data, hyperparameters={"l2": 0.0}, **options)
    assert result.history["train.fit"][-1] < 1e-20
    assert len(result.history.steps) == 200


@pytest.mark.parametrize("target", TARGETS)
def test_multinomial_regression(target: str) -> None:
    data = digits()
    kernel = module("digits", target).linear_digits
    result = fit(kernel, data, hyperparameters={"l2": 0.02}, optimizer="lbfgs", epochs=300)
    theirs = LogisticRegression(C=1 / (0.02 * 300), tol=1e-9, max_iter=5000)
    theirs.fit(data["x"], data["label"])
    np.testing.assert_allclose(result.parameters["weight"], theirs.coef_, atol=2e-4)


def test_quantiles_against_linear_programming() -> None:
    data = diabetes()
    kernel = module("regression", "numpy").quantile_regression
    options: dict[str, Any] = {"learning_rate": 0.05, "schedule": "cosine", "batch_size": None}
    result = fit(kernel, data, epochs=600, **options)
    for row, level in enumerate((0.1, 0.5, 0.9)):
        exact = QuantileRegressor(quantile=level, alpha=0).fit(data["x"], data["y"])
        best = _pinball(data["y"] - exact.predict(data["x"]), level)
        w, b = result.parameters["w"][row], result.parameters["b"][row]
        ours = _pinball(data["y"] - data["x"] @ w - b, level)
        assert best - 1e-9 <= ours <= best * 1.01


def _pinball(residual: Any, level: float) -> float:
    return float(np.maximum(level * residual, (level - 1) * residual).mean())


@pytest.mark.parametrize("target", TARGETS)
def test_the_network_is_trained_as_by_torch(target: str) -> None:
    data = digits()
    result = fit(module("digits", target).digits, data, sizes={"H": 7}, epochs=0)
    start = {name: np.copy(one) for name, one in result.parameters.items()}
    options: dict[str, Any] = {"parameters": start, "epochs": 3, "learning_rate": 0.01}
    ours = fit(module("digits", target).digits, data, batch_size=50, seed=4, **options)
    tensors = {name: torch.tensor(one, requires_grad=True) for name, one in start.items()}
    optimizer = torch.optim.Adam(tensors.values(), lr=0.01)
    x, label = torch.tensor(data["x"]), torch.tensor(data["label"])
    for epoch in range(3):
        for rows in torch.tensor(epoch_order(300, 4, epoch)).split(50):
            optimizer.zero_grad()
            hidden = torch.tanh(x[rows] @ tensors["hidden"].T + tensors["bias"])
            logits = hidden @ tensors["head"].T + tensors["shift"]
            torch.nn.functional.cross_entropy(logits, label[rows]).backward()
            optimizer.step()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(ours.parameters[name], tensor.detach().numpy(), atol=1e-7)


@pytest.mark.parametrize("target", TARGETS)
def test_metrics_of_the_language(target: str) -> None:
    """A metric that uses the model finds its parameters by name; one of logits, by `outputs`."""
    kernels, data = module("digits", target), digits()
    result = fit(
        kernels.digits,
        data,
        sizes={"H": 16},
        epochs=3,
        metrics={"by_model": kernels.mlp_accuracy, "by_output": objc.library.accuracy},
        outputs={"logits": kernels.mlp},
        validation=0.2,
    )
    for part in ("train", "validation"):
        values = result.history[f"{part}.by_model"]
        np.testing.assert_allclose(values, result.history[f"{part}.by_output"], rtol=1e-12)
        assert 0 < values[-1] <= 1


@pytest.mark.parametrize("target", TARGETS)
def test_weights_and_a_parameter_called_weight(target: str) -> None:
    data = digits()
    times = np.arange(300) % 3
    repeated = {name: np.repeat(one, times, axis=0) for name, one in data.items()}
    kernel = module("digits", target).linear_digits
    accuracy = module("digits", target).linear_accuracy
    options: dict[str, Any] = {"optimizer": "lbfgs", "epochs": 5, "metrics": {"a": accuracy}}
    ours = fit(kernel, data, weight=times, **options)
    theirs = fit(kernel, repeated, **options)
    np.testing.assert_allclose(ours.parameters["weight"], theirs.parameters["weight"], atol=1e-9)
    np.testing.assert_allclose(ours.history["train.a"], theirs.history["train.a"], atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_resuming(target: str, dtype: Any, tmp_path: Path) -> None:
    kernel = module("digits", target).linear_digits
    options: dict[str, Any] = {"batch_size": 50, "validation": 0.2, "dtype": dtype}
    whole = fit(kernel, digits(), epochs=4, **options)
    options["checkpoint"] = tmp_path / "run.npz"
    fit(kernel, digits(), epochs=2, **options)
    resumed = fit(kernel, digits(), epochs=4, resume=options["checkpoint"], **options)
    assert resumed.parameters["weight"].dtype == dtype
    assert_same(resumed, whole)


@pytest.mark.parametrize("target", TARGETS)
def test_the_first_value_that_is_not_finite(target: str) -> None:
    data = dict(diabetes())
    data["y"] = data["y"].copy()
    data["y"][77] = np.nan
    with pytest.raises(NonFiniteError) as caught:
        fit(module("regression", target).ridge, data)
    assert (caught.value.row, caught.value.term) == (77, "fit")
    assert "y = nan" in str(caught.value)


def test_a_network_of_torch_with_a_loss_of_the_library() -> None:
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    data = {name: one[:250] for name, one in digits().items()}
    data["x"] = data["x"].astype(np.float32)
    predictor = TorchPredictor(network, "x")
    more: dict[str, Any] = {"metrics": [objc.library.accuracy], "validation": 0.2}
    result = fit(cross_entropy, data, predictor=predictor, learning_rate=0.01, epochs=20, **more)
    assert result.history["train.accuracy"][-1] > 0.95
    assert result.history["train.value"][-1] < 0.3 * result.history["train.value"][0]


MIXTURE = """
objective mixture(
    | x: real
    ; learn share: simplex[K], learn mean_of: real[K], learn scale: positive = 1 / 2,
      bound: positive = 2, learn offset: interval(-bound, bound) = 1
) =
    maximize log(sum[k](share[k] * exp(-(x - mean_of[k])^2 / (2 * scale^2)) / scale)) - (offset - 3)^2
"""


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.03), ("sgd", 0.1), ("lbfgs", None)])
def test_a_mixture_learns_shares_on_the_simplex(optimizer: Any, rate: float | None) -> None:
    """Maximum likelihood, against scikit-learn's expectation maximization; every kind of domain."""
    generator = np.random.default_rng(0)
    x = np.r_[generator.normal(-2, 0.3, 300), generator.normal(2, 0.3, 100)]
    kernel = objc.compile(MIXTURE, target="numpy").mixture
    more: dict[str, Any] = {"schedule": "cosine", "batch_size": None, "epochs": 400}
    start = {"mean_of": [-1.0, 1.0]}
    sizes = {"K": 2}
    result = fit(
        kernel,
        {"x": x},
        sizes=sizes,
        parameters=start,
        optimizer=optimizer,
        learning_rate=rate,
        **more,
    )
    theirs = GaussianMixture(2, covariance_type="tied", means_init=[[-1], [1]], tol=1e-9)
    theirs.fit(x[:, None])
    np.testing.assert_allclose(result.parameters["share"], theirs.weights_, atol=1e-3)
    np.testing.assert_allclose(result.parameters["mean_of"], theirs.means_[:, 0], atol=1e-3)
    scale = float(np.sqrt(theirs.covariances_[0, 0]))
    assert result.parameters["scale"] == pytest.approx(scale, abs=1e-3)
    assert 1.85 < result.parameters["offset"] < 2.0  # its optimum is its end, which it approaches
    wider = fit(kernel, {"x": x}, sizes=sizes, hyperparameters={"bound": 0.5}, epochs=0)
    assert wider.parameters["offset"] == 0.5


def test_an_objective_without_data() -> None:
    text = "objective far(w: real[D] |) = minimize sum[d]((w[d] - 1)^2)"
    kernel = objc.compile(text, target="numpy").far
    result = fit(kernel, {}, sizes={"D": 3}, optimizer="lbfgs")
    np.testing.assert_allclose(result.parameters["w"], 1.0)


def test_a_label_without_a_class_is_named_by_its_row_in_the_data() -> None:
    data = {name: np.copy(one) for name, one in classes_data().items()}
    data["label"][140] = 3
    data["features"] = data.pop("x")
    with pytest.raises(
        objc.ObjcError, match="`label` is 3 at row 140 of the data; expected an ind"
    ):
        fit(cross_entropy, data, predictor=LinearPredictor(), batch_size=16)


def test_a_gradient_that_is_not_finite() -> None:
    """An angle has no derivative at zero, though it has a value."""
    text = "objective root(w: real | x: real) = minimize acos(exp(-abs(w - x)))"
    kernel = objc.compile(text, target="numpy").root
    with pytest.raises(NonFiniteError) as caught:
        fit(kernel, {"x": np.array([1.0, 2.0, 0.0, 3.0])})
    assert caught.value.row == 2
    assert "the gradient with respect to `w`" in str(caught.value)


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Trains to its targets, and draws."""
    monkeypatch.setattr(sys, "argv", ["demo.py"])
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    demo["main"].__globals__["OUTPUT"] = tmp_path
    assert demo["main"]() == 0
    assert (tmp_path / "demo.png").stat().st_size > 50_000
    assert "✓ convex in prediction" in capsys.readouterr().out
