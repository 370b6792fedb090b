"""Parameters of open domains: trained in coordinates without a border, reported as declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import ObjcError
from objc.training import fit
from objc.training.coordinates import Coordinates, Logarithm, Logit, Rises, Softmax

from .test_checkpoints import assert_same

SCALE = """
objective scaled(| x: real, target: real; learn a: real, learn s: positive = 1) =
    minimize fit: (a*x - target)^2/s + log(s)
"""
COIN = "objective coin(| y: binary; learn p: probability) = maximize y*log(p) + (1 - y)*log(1 - p)"
CORRELATION = """
objective pair(| x: real, y: real; learn rho: interval(-1, 1)) =
    minimize (x^2 - 2*rho*x*y + y^2)/(1 - rho^2) + log(1 - rho^2)
"""
SHARES = """
objective shares(| y: index(K); learn share: simplex[K]) = minimize -log(share[y])
"""


def line() -> dict[str, Any]:
    generator = np.random.default_rng(3)
    x = generator.normal(size=200)
    return {"x": x, "target": 2 * x + 0.05 * generator.normal(size=200)}


@pytest.mark.parametrize(
    ("optimizer", "rate", "epochs"),
    [
        ("adam", 0.1, 500),
        ("adam", 0.05, 600),
        ("adam", 0.01, 2500),
        ("lbfgs", None, 200),
    ],
)
def test_a_positive_scale_reaches_maximum_likelihood(
    optimizer: Any, rate: float | None, epochs: int
) -> None:
    """The closed form: least squares, and the mean of its squared residuals."""
    data = line()
    slope = data["x"] @ data["target"] / (data["x"] @ data["x"])
    variance = np.mean((slope * data["x"] - data["target"]) ** 2)
    options: dict[str, Any] = {"optimizer": optimizer, "learning_rate": rate, "batch_size": None}
    kernel = objc.compile(SCALE, target="numpy").scaled
    result = fit(kernel, data, epochs=epochs, schedule="cosine", **options)
    np.testing.assert_allclose(result.parameters["a"], slope, rtol=1e-4)
    np.testing.assert_allclose(result.parameters["s"], variance, rtol=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "sgd"])
def test_a_probability_and_a_simplex_reach_the_frequencies(optimizer: Any) -> None:
    """Logarithms of what is learned, infinite on the border, with steps that would leave it."""
    options: dict[str, Any] = {"optimizer": optimizer, "learning_rate": 0.5, "batch_size": None}
    options.update(epochs=400, schedule="cosine")
    y = np.r_[np.ones(97), np.zeros(3)]
    coin = fit(objc.compile(COIN, target="numpy").coin, {"y": y}, **options)
    np.testing.assert_allclose(coin.parameters["p"], 0.97, atol=2e-3)
    labels = np.repeat([0, 1, 2], [90, 9, 1])
    shares = fit(objc.compile(SHARES, target="numpy").shares, {"y": labels}, **options)
    np.testing.assert_allclose(shares.parameters["share"], [0.9, 0.09, 0.01], atol=4e-3)
    np.testing.assert_allclose(shares.parameters["share"].sum(), 1.0, rtol=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_thresholds_in_order_reach_the_shares(optimizer: Any) -> None:
    """Cumulative logit without a score: the thresholds are the logits of the cumulative shares."""
    text = """
    objective grades(| y: count(K); learn theta: ordered[K]) =
        minimize if y == 0 then -log(sigmoid(theta[0]))
                 else if y == K then -log(1 - sigmoid(theta[K-1]))
                 else -log(sigmoid(theta[y]) - sigmoid(theta[y-1]))
    """
    y = np.repeat([0, 1, 2, 3], [30, 5, 5, 60])
    kernel = objc.compile(text, target="numpy").grades
    options: dict[str, Any] = {"optimizer": optimizer, "batch_size": None, "sizes": {"K": 3}}
    options["learning_rate"] = 0.3 if optimizer == "adam" else None
    result = fit(kernel, {"y": y}, epochs=300, schedule="cosine", **options)
    shares = np.array([0.3, 0.35, 0.4])
    np.testing.assert_allclose(result.parameters["theta"], np.log(shares / (1 - shares)), rtol=2e-3)
    start = fit(kernel, {"y": y}, epochs=0, sizes={"K": 3}).parameters["theta"]
    np.testing.assert_array_equal(start, [-1, 0, 1])
    with pytest.raises(ObjcError, match="more than the entry before it"):
        fit(kernel, {"y": y}, parameters={"theta": [1.0, 1.0, 2.0]})


def test_a_correlation_keeps_off_its_ends() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=500)
    y = 0.95 * x + np.sqrt(1 - 0.95**2) * generator.normal(size=500)
    kernel = objc.compile(CORRELATION, target="numpy").pair
    options: dict[str, Any] = {"learning_rate": 0.5, "batch_size": None, "schedule": "cosine"}
    rough = fit(kernel, {"x": x, "y": y}, epochs=300, **options).parameters["rho"]
    exact = fit(kernel, {"x": x, "y": y}, epochs=100, optimizer="lbfgs").parameters["rho"]
    np.testing.assert_allclose(rough, exact, rtol=1e-5)
    assert 0.9 < exact < 0.99


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("coordinates", "values"),
    [
        (Logarithm(), [1e-30, 0.2, 1.0, 3e9]),
        (Logit(0.0, 1.0), [1e-9, 0.25, 0.5, 0.999]),
        (Logit(-3.0, 5.0), [-2.999, -1.0, 0.0, 4.99]),
        (Softmax(), [0.1, 0.2, 0.3, 0.4]),
        (Rises(), [-1.0, -0.5, 2.0, 30.0]),
    ],
)
def test_the_maps(coordinates: Coordinates, values: list[float], dtype: Any) -> None:
    """They are inverse to each other, and gradients are those of differences."""
    value = np.array(values, dtype=dtype)
    there = coordinates.of(value)
    back = coordinates.value(there)
    assert there.dtype == back.dtype == dtype
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        back, value, rtol=rtol, atol=rtol if isinstance(coordinates, Logit) else 0
    )
    wide, step = coordinates.of(np.array(values)), 1e-6
    slope = np.array([0.7, -0.3, 0.2, 0.5])
    pulled = coordinates.pulled_back(slope, wide)
    for place in range(4):
        change = step * np.eye(4)[place]
        rise = coordinates.value(wide + change) - coordinates.value(wide - change)
        np.testing.assert_allclose(pulled[place], slope @ rise / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_is_still_inside(dtype: Any) -> None:
    far = np.array([-1e4, 1e4], dtype=dtype)
    with np.errstate(over="ignore"):
        least, greatest = Logarithm().value(far)
    assert 0 < least < 1e-30 and greatest == np.inf  # which the loop refuses
    low, high = Logit(-3.0, 5.0).value(far)
    assert -3 < low < -2.99999 and 4.99999 < high < 5
    low, high = Logit(0.0, 1.0).value(far)
    assert low > 0 and np.isfinite(1 / low) and high < 1
    assert (Softmax().value(far) > 0).all()
    assert (np.diff(Rises().value(np.array([1e4, -1e4, -50.0], dtype=dtype))) > 0).all()


def test_start_values_and_what_is_never_moved_are_exact() -> None:
    start = {"s": 0.1, "a": 0.3}
    kernel = objc.compile(SCALE, target="numpy").scaled
    result = fit(kernel, line(), parameters=start, epochs=0)
    assert result.parameters["s"] == 0.1
    inputs = "| x: real; learn p: probability[3], learn w: real"
    text = f"objective o({inputs}) = minimize (w - x)^2 + 0*sum[i](p[i])"
    chosen = np.array([0.1, 1 / 3, 0.7])
    kernel = objc.compile(text, target="numpy").o
    result = fit(kernel, {"x": np.arange(8.0)}, parameters={"p": chosen}, epochs=3)
    np.testing.assert_array_equal(result.parameters["p"], chosen)


def test_what_starts_on_its_border_leaves_it_by_projection() -> None:
    text = "objective o(| x: real; learn p: probability) = minimize (p - x)^2"
    kernel = objc.compile(text, target="numpy").o
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": 60}
    result = fit(kernel, {"x": np.full(4, 0.25)}, parameters={"p": 1.0}, **options)
    np.testing.assert_allclose(result.parameters["p"], 0.25, rtol=1e-4)
    result = fit(kernel, {"x": np.full(4, -1.0)}, parameters={"p": 1.0}, **options)
    assert result.parameters["p"] == 0.0


@pytest.mark.parametrize("start", [0.5, 1.0])
def test_a_resumed_run_has_the_same_bits(start: float, tmp_path: Path) -> None:
    """Also where it is resumed without the start values, which decide about the coordinates."""
    text = "objective o(| x: real; learn p: probability, learn s: positive) = minimize (p - x)^2/s + log(s)"
    kernel = objc.compile(text, target="numpy").o
    data = {"x": np.random.default_rng(0).uniform(size=50)}
    options: dict[str, Any] = {"batch_size": 16, "learning_rate": 0.01}
    whole = fit(kernel, data, parameters={"p": start}, epochs=4, **options)
    path = tmp_path / "run.npz"
    fit(kernel, data, parameters={"p": start}, epochs=2, checkpoint=path, **options)
    assert_same(fit(kernel, data, epochs=4, resume=path, **options), whole)


def test_a_start_outside_its_domain() -> None:
    with pytest.raises(ObjcError, match="`s: positive` is a number above 0") as caught:
        fit(objc.compile(SCALE, target="numpy").scaled, line(), parameters={"s": -1.0})
    assert caught.value.diagnostics[0].code == "E0515"
