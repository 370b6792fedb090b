"""The loop against closed forms, scikit-learn and PyTorch, on kernels written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from objc.training import SGD, Cosine, EarlyStopping, Epoch, fit

from . import kernels


def regression_data(count: int = 101, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 3))
    noise = 0.1 * generator.normal(size=count)
    return {"x": x, "y": x @ [1.0, -2.0, 0.5] + 0.3 + noise}


def classes_data(count: int = 150, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 3, count)
    return {"x": generator.normal(size=(count, 4)) + 1.5 * np.eye(3, 4)[label], "label": label}


def torch_run(data: dict[str, Any], orders: list[Any], size: int, make: Any) -> Any:
    """The same minibatches through PyTorch's autograd and optimizer."""
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    x, y = torch.tensor(data["x"]), torch.tensor(data["y"])
    optimizer = make([w, b])
    for order in orders:
        for start in range(0, len(order), size):
            rows = torch.tensor(order[start : start + size])
            optimizer.zero_grad()
            loss = ((x[rows] @ w + b - y[rows]) ** 2).mean() + 0.05 * (w**2).sum()
            loss.backward()
            optimizer.step()
    return w.detach().numpy(), b.detach().numpy()


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.02)),
        ("nesterov", lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True)),
        ("adam", lambda p: torch.optim.Adam(p, lr=0.02)),
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.01)),
    ],
)
def test_a_whole_run_is_that_of_torch(name: Any, make: Any) -> None:
    """101 examples by 16: the last batch has 5, and its mean is over 5."""
    from objc.training.data import epoch_order

    data = regression_data()
    result = fit(
        kernels.ridge(),
        data,
        hyperparameters={"l2": 0.1},
        optimizer=name,
        learning_rate=0.02,
        epochs=4,
        batch_size=16,
        seed=5,
    )
    orders = [epoch_order(101, 5, epoch) for epoch in range(4)]
    w, b = torch_run(data, orders, 16, make)
    np.testing.assert_allclose(result.parameters["w"], w, rtol=1e-11)
    np.testing.assert_allclose(result.parameters["b"], b, rtol=1e-11)
    assert len(result.history.steps) == 4 * 7
    assert result.history.steps["examples"][6] == 5


def test_lbfgs_reaches_the_closed_form() -> None:
    data = regression_data()
    result = fit(kernels.ridge(), data, hyperparameters={"l2": 0.4}, optimizer="lbfgs", epochs=100)
    theirs = Ridge(alpha=0.2 * 101).fit(data["x"], data["y"])
    np.testing.assert_allclose(result.parameters["w"], theirs.coef_, rtol=1e-5)
    np.testing.assert_allclose(result.parameters["b"], theirs.intercept_, rtol=1e-5)
    assert result.stopped == "converged"
    values = result.history["train.value"]
    assert (np.diff(values) <= 0).all()


def test_lbfgs_reaches_the_optimum_of_logistic_regression() -> None:
    data = classes_data()
    l2 = 0.1
    result = fit(
        kernels.softmax_regression(),
        data,
        hyperparameters={"l2": l2},
        optimizer="lbfgs",
        epochs=300,
    )
    theirs = LogisticRegression(C=1 / (l2 * 150), tol=1e-10, max_iter=10000)
    theirs.fit(data["x"], data["label"])
    np.testing.assert_allclose(result.parameters["kernel"], theirs.coef_, atol=1e-4)


def test_a_maximized_objective_is_maximized() -> None:
    data = regression_data()
    options: dict[str, Any] = {"epochs": 3, "batch_size": 16, "clip_norm": 1.0}
    down = fit(kernels.ridge(), data, **options)
    up = fit(kernels.ridge("maximize"), data, **options)
    np.testing.assert_array_equal(down.parameters["w"], up.parameters["w"])
    np.testing.assert_array_equal(down.history["train.value"], -up.history["train.value"])
    lbfgs = fit(kernels.ridge("maximize"), data, optimizer="lbfgs", epochs=50)
    ordinary = np.linalg.lstsq(np.c_[data["x"], np.ones(101)], data["y"], rcond=None)[0]
    np.testing.assert_allclose(lbfgs.parameters["w"], ordinary[:3], rtol=1e-5)


def test_history_means_are_weighed_by_the_examples() -> None:
    """With a learning rate of almost nothing, an epoch's mean is the mean over the data."""
    data = regression_data()
    kernel = kernels.ridge()
    result = fit(kernel, data, optimizer="sgd", learning_rate=1e-14, epochs=1, batch_size=16)
    expected = np.mean(data["y"] ** 2)
    assert result.history["train.fit"][0] == pytest.approx(expected, rel=1e-10)
    assert result.history["train.ridge"][0] == pytest.approx(0.0, abs=1e-12)
    assert kernel.calls == [16] * 6 + [5]


def test_weighted_examples_count_as_often_as_they_weigh() -> None:
    data = regression_data(40)
    weight = np.random.default_rng(1).integers(0, 4, 40)
    repeated = {name: np.repeat(one, weight, axis=0) for name, one in data.items()}
    options: dict[str, Any] = {"optimizer": "lbfgs", "epochs": 100}
    weighted = fit(kernels.ridge(), data, weight=weight, **options)
    plain = fit(kernels.ridge(), repeated, **options)
    np.testing.assert_allclose(weighted.parameters["w"], plain.parameters["w"], rtol=1e-6)
    by_column = fit(kernels.ridge(), {**data, "count": weight}, weight="count", **options)
    np.testing.assert_array_equal(by_column.parameters["w"], weighted.parameters["w"])


def test_a_batch_without_weight_is_passed_over() -> None:
    data = regression_data(20)
    weight = np.r_[np.ones(10), np.zeros(10)]
    result = fit(kernels.ridge(), data, weight=weight, epochs=2, batch_size=5, shuffle=False)
    assert len(result.history.steps) == 4
    half = {name: one[:10] for name, one in data.items()}
    theirs = fit(kernels.ridge(), half, epochs=2, batch_size=5, shuffle=False)
    np.testing.assert_array_equal(result.parameters["w"], theirs.parameters["w"])


def test_metrics_and_validation_stand_apart_from_the_objective() -> None:
    data, validation = classes_data(), classes_data(60, seed=1)
    result = fit(
        kernels.softmax_regression(),
        data,
        validation=validation,
        metrics={
            "accuracy": kernels.accuracy(),
            "largest": lambda values: float(values["logits"].max()),
        },
        outputs={"logits": kernels.linear_model()},  # type: ignore[dict-item]
        epochs=5,
        learning_rate=0.05,
    )
    w, b = result.parameters["kernel"], result.parameters["bias"]
    for part, used in (("train", data), ("validation", validation)):
        logits = used["x"] @ w.T + b
        accuracy = np.mean(logits.argmax(axis=1) == used["label"])
        assert result.history[f"{part}.accuracy"][-1] == pytest.approx(accuracy, abs=1e-12)
        assert result.history[f"{part}.largest"][-1] == pytest.approx(logits.max())
    without = fit(kernels.softmax_regression(), data, epochs=5, learning_rate=0.05)
    np.testing.assert_array_equal(without.parameters["kernel"], w)


def test_metrics_in_pieces_are_means_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.training import run

    data = classes_data(50)
    more: dict[str, Any] = {"outputs": {"logits": kernels.linear_model()}, "epochs": 2}
    more |= {"metrics": {"accuracy": kernels.accuracy()}, "validation": 0.4}
    whole = fit(kernels.softmax_regression(), data, **more)
    monkeypatch.setattr(run, "EVALUATION_CHUNK", 7)
    pieces = fit(kernels.softmax_regression(), data, **more)
    for name in ("train.accuracy", "validation.accuracy", "validation.fit"):
        np.testing.assert_allclose(pieces.history[name], whole.history[name], rtol=1e-12)


def test_early_stopping_goes_back_to_the_best() -> None:
    data = regression_data(30)
    seen: list[tuple[float, Any]] = []

    def note(epoch: Epoch) -> None:
        seen.append((epoch.record["validation.value"], epoch.parameters["w"].copy()))

    result = fit(
        kernels.ridge(),
        data,
        validation=regression_data(200, seed=9),
        optimizer=SGD(),
        learning_rate=0.4,
        schedule=Cosine(),
        batch_size=3,
        epochs=200,
        early_stopping=EarlyStopping(patience=4),
        callbacks=[note],
    )
    values = [value for value, _ in seen]
    best = int(np.argmin(values))
    assert result.stopped == "early"
    assert result.best_epoch == best + 1
    assert result.epochs == len(seen) == best + 1 + 4
    np.testing.assert_array_equal(result.parameters["w"], seen[best][1])


def test_a_callback_ends_the_run() -> None:
    result = fit(
        kernels.ridge(), regression_data(), epochs=50, callbacks=[lambda epoch: epoch.number == 3]
    )
    assert (result.stopped, result.epochs) == ("callback", 3)


def test_the_seed_decides_every_bit() -> None:
    def run(seed: int) -> dict[str, Any]:
        kernel = kernels.softmax_regression()
        return fit(kernel, classes_data(), epochs=3, seed=seed, validation=0.2).parameters

    one, same, other = run(7), run(7), run(8)
    for name in one:
        assert one[name].tobytes() == same[name].tobytes()
        assert one[name].tobytes() != other[name].tobytes()


def test_the_classes_are_counted_from_the_labels() -> None:
    result = fit(kernels.softmax_regression(), classes_data(), epochs=0)
    assert result.parameters["kernel"].shape == (3, 4)
    more = fit(kernels.softmax_regression(), classes_data(), epochs=0, sizes={"K": 5})
    assert more.parameters["bias"].shape == (5,)


def test_initial_values() -> None:
    start = {"w": [1.0, 2.0, 3.0]}
    result = fit(kernels.ridge(), regression_data(), parameters=start, epochs=0)
    np.testing.assert_array_equal(result.parameters["w"], [1.0, 2.0, 3.0])
    assert result.parameters["b"] == 0.0
    drawn = fit(kernels.softmax_regression(), classes_data(), epochs=0).parameters
    limit = np.sqrt(6 / (3 + 4))
    assert np.abs(drawn["kernel"]).max() <= limit and np.abs(drawn["kernel"]).max() > 0.3 * limit
    assert not drawn["bias"].any()


def test_an_input_in_the_data_is_not_trained() -> None:
    data = {**regression_data(), "b": np.float64(0.3)}
    result = fit(kernels.ridge(), data, optimizer="lbfgs", epochs=50)
    assert set(result.parameters) == {"w"}


def test_float32_data_trains_in_float32() -> None:
    data = {name: one.astype(np.float32) for name, one in regression_data().items()}
    result = fit(kernels.ridge(), data, epochs=2)
    assert result.parameters["w"].dtype == np.float32
    wide = fit(kernels.ridge(), data, epochs=2, dtype="float64")
    assert wide.parameters["w"].dtype == np.float64


class LinearPredictor:
    """A model of the user's own, with its vector-Jacobian product."""

    def __init__(self) -> None:
        self.parameters = {"weight": np.zeros((3, 4)), "shift": np.zeros(3)}

    def predict(self, batch: Any) -> Any:
        self.x = batch["features"]
        return self.x @ self.parameters["weight"].T + self.parameters["shift"]

    def vjp(self, cotangents: Any) -> Any:
        gradient = cotangents["logits"]
        return {"weight": gradient.T @ self.x, "shift": gradient.sum(axis=0)}


def test_a_predictor_trains_as_a_model_in_the_language_does() -> None:
    data = classes_data()
    start = {"kernel": np.zeros((3, 4)), "bias": np.zeros(3)}
    options: dict[str, Any] = {"epochs": 4, "batch_size": 32, "validation": 0.2}
    inside = fit(kernels.softmax_regression(), data, parameters=start, **options)
    predictor = LinearPredictor()
    outside = fit(
        kernels.cross_entropy(),
        {"features": data["x"], "label": data["label"]},
        predictor=predictor,
        metrics=[kernels.accuracy()],
        **options,
    )
    ours = inside.parameters["kernel"]
    np.testing.assert_allclose(outside.parameters["weight"], ours, rtol=1e-12)
    np.testing.assert_array_equal(predictor.parameters["weight"], outside.parameters["weight"])
    name = "validation.value"
    np.testing.assert_allclose(outside.history[name], inside.history[name], rtol=1e-12)
    assert "validation.accuracy" in outside.history


def test_parameters_stay_in_their_domains() -> None:
    """The minimum of (scale + 1)² over the numbers from 0 is at 0."""

    def function(values: Any, weight: Any) -> Any:
        scale = float(values["scale"])
        value = (scale + 1.0) ** 2
        return value, {"value": value}, {"scale": 2 * (scale + 1.0)}

    inputs = (
        kernels.FakeInput("scale", (), "learned", "nonnegative", default=0.5),
        kernels.FakeInput("x"),
    )
    kernel = kernels.FakeKernel(kernels.FakeSignature("floor", inputs), function)
    for optimizer in ("sgd", "lbfgs"):
        result = fit(kernel, {"x": np.zeros(4)}, optimizer=optimizer, learning_rate=0.2, epochs=20)
        assert result.parameters["scale"] == 0.0


def test_examples_that_are_coupled() -> None:
    """A loss over a whole batch, of a predictor's rows: mean[i]((a[i] − mean(a) − 1)²) has the
    gradient 2 (d − mean(d)) / n."""

    def function(values: Any, weight: Any) -> Any:
        difference = values["a"] - values["a"].mean() - 1.0
        gradient = 2 * (difference - difference.mean()) / len(difference)
        value = np.mean(difference**2)
        return value, {"value": value}, {"a": gradient}

    class Line(LinearPredictor):
        def __init__(self) -> None:
            self.parameters = {"weight": np.ones(4)}

        def predict(self, batch: Any) -> Any:
            self.x = batch["features"]
            return self.x @ self.parameters["weight"]

        def vjp(self, cotangents: Any) -> Any:
            return {"weight": self.x.T @ cotangents["a"]}

    signature = kernels.FakeSignature(
        "spread", (kernels.FakeInput("a", ("B",), "differentiable"),), kind="loss"
    )
    kernel = kernels.FakeKernel(signature, function)
    data = {"features": classes_data()["x"]}
    result = fit(kernel, data, predictor=Line(), epochs=30, learning_rate=0.05, validation=0.2)
    assert result.history["train.value"][-1] == pytest.approx(1.0, abs=1e-3)
    assert len(result.history.steps) == 30 * 2


def test_lbfgs_is_a_run_like_others(tmp_path: Any) -> None:
    options: dict[str, Any] = {"optimizer": "lbfgs", "epochs": 60, "validation": 0.3}
    stopping = EarlyStopping(on="validation.fit", patience=2)
    data = regression_data(12)
    result = fit(
        kernels.ridge(), data, early_stopping=stopping, checkpoint=tmp_path / "r.npz", **options
    )
    values = result.history["validation.fit"]
    assert result.best_epoch == int(np.argmin(values)) + 1
    assert result.stopped in ("early", "converged")
    again = fit(kernels.ridge(), data, parameters=result.parameters, epochs=0)
    np.testing.assert_array_equal(again.parameters["w"], result.parameters["w"])
    assert (tmp_path / "r.npz").exists()
    short = fit(kernels.ridge(), data, optimizer="lbfgs", epochs=2)
    assert (short.stopped, short.epochs) == ("completed", 2)


def test_names_that_are_keywords_of_python() -> None:
    """`lambda` in the text is `lambda_` at a call; both are understood."""

    def function(values: Any, weight: Any) -> Any:
        value = (values["w"] - values["lambda"]) ** 2
        return value, {"value": value}, {"w": 2 * (values["w"] - values["lambda"])}

    inputs = (
        kernels.FakeInput("w", (), "learned"),
        kernels.FakeInput("x"),
        kernels.FakeInput("lambda", (), "hyperparameter", default=0.0),
    )
    kernel = kernels.FakeKernel(kernels.FakeSignature("pull", inputs), function)
    for name in ("lambda", "lambda_"):
        more: dict[str, Any] = {"hyperparameters": {name: 3.0}, "optimizer": "lbfgs"}
        assert fit(kernel, {"x": [1, 2]}, **more).parameters["w"] == pytest.approx(3.0)
