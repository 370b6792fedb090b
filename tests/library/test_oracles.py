"""The oracles themselves: against numerical differentiation, and against the frameworks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jet import Jet
from mpmath import mp, mpf, workdps
from numpy.typing import NDArray
from oracles import EXACT
from oracles.record import Exact
from points import Case, along, batch, cases, coordinates, example, reference


@pytest.mark.parametrize("name", EXACT)
def test_derivatives_are_those_of_the_value(name: str) -> None:
    """mpmath's differences of the value at a few points of the random draws, away from corners."""
    oracle = EXACT[name]
    for case in cases(oracle):
        number = len(next(iter(batch(case, "float64").values())))
        for n in (number - 2, number - 5):
            with workdps(60):
                _check_derivatives(oracle, example(case, "float64", n))


def _check_derivatives(oracle: Exact, point: dict[str, Any]) -> None:
    for place in coordinates(oracle, point):
        jet = along(oracle, point, place)
        name, k = place

        def value(
            x: mpf,
            name: str = name,
            k: int | None = k,
            place: tuple[str, int | None] = place,
        ) -> mpf:
            moved = dict(point)
            if k is None:
                moved[name] = x
            else:
                moved[name] = [*point[name][:k], x, *point[name][k + 1 :]]
            return along(oracle, moved, place).value

        at = point[name] if k is None else point[name][k]
        for order, expected in ((1, jet.first), (2, jet.second)):
            found = mp.diff(value, at, order, h=mpf(10) ** -15)
            assert abs(found - expected) <= mpf(10) ** -8 * (1 + abs(expected)), (place, order)


def test_jets_keep_the_documented_corners() -> None:
    from jet import absolute, greatest, positive_part

    zero = Jet(mpf(0), mpf(1))
    assert absolute(zero).first == 0
    assert positive_part(zero).first == 0
    assert greatest([zero, Jet(mpf(0), mpf(2))]).first == 1


# --------------------------------------------------------------------------- frameworks

Framework = Callable[[dict[str, NDArray[Any]]], Any]


def _torch(function: Callable[..., Any]) -> Framework:
    def compare(inputs: dict[str, NDArray[Any]]) -> Any:
        torch = pytest.importorskip("torch")
        return function(torch, torch.nn.functional, **{
            key: torch.tensor(value) for key, value in inputs.items()
        }).numpy()  # fmt: skip

    return compare


def _signs(label: Any) -> Any:
    return (label + 1) / 2


TORCH: dict[str, Callable[..., Any]] = {
    "squared_error": lambda t, f, prediction, target: f.mse_loss(
        prediction, target, reduction="none"),
    "absolute_error": lambda t, f, prediction, target: f.l1_loss(
        prediction, target, reduction="none"),
    "huber": lambda t, f, prediction, target: f.huber_loss(prediction, target, reduction="none"),
    "smooth_l1": lambda t, f, prediction, target: f.smooth_l1_loss(
        prediction, target, reduction="none"),
    "gaussian_nll": lambda t, f, mean, log_variance, target: f.gaussian_nll_loss(
        mean, target, t.exp(log_variance), full=True, eps=1e-30, reduction="none"),
    "poisson": lambda t, f, log_rate, count: f.poisson_nll_loss(
        log_rate, count, log_input=True, reduction="none"),
    "logistic": lambda t, f, score, label: f.binary_cross_entropy_with_logits(
        score, _signs(label), reduction="none"),
    "binary_cross_entropy": lambda t, f, logit, target: f.binary_cross_entropy_with_logits(
        logit, target, pos_weight=t.tensor(1.0), reduction="none"),
    "binary_cross_entropy_probability": lambda t, f, p, target: f.binary_cross_entropy(
        p, target, reduction="none"),
    "cross_entropy": lambda t, f, logits, label: f.cross_entropy(logits, label, reduction="none"),
    "soft_cross_entropy": lambda t, f, logits, target: f.cross_entropy(
        logits, target, reduction="none"),
    "label_smoothed": lambda t, f, logits, label: f.cross_entropy(
        logits, label, label_smoothing=0.1, reduction="none"),
    "weston_watkins": lambda t, f, score, label: (
        f.multi_margin_loss(score, label, reduction="none") * score.shape[1]),
    "mean_absolute_percentage": lambda t, f, prediction, target: (
        (prediction - target).abs() / target),
}  # fmt: skip


def _inside(case: Case, most: float) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """The points at which no framework overflows or clamps."""
    inputs = batch(case, "float64")
    keep = np.ones(len(next(iter(inputs.values()))), bool)
    for one in EXACT[case.oracle].arguments:
        if one.name not in inputs:
            continue
        values = inputs[one.name].reshape(len(keep), -1)
        keep &= (np.abs(values) <= most).all(1)
        if one.domain == "probability" and one.role == "differentiable":
            keep &= ((values > 0) & (values < 1)).all(1)
    return keep, {name: value[keep] for name, value in inputs.items()}


def _agree(name: str, found: Any, most: float = 30, scale: float = 1, offset: Any = 0) -> None:
    case = cases(EXACT[name])[0]
    keep, _ = _inside(case, most)
    expected = reference(case, "float64")["per_example"][keep] * scale + offset
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def _inputs(name: str, most: float = 30) -> dict[str, NDArray[Any]]:
    return _inside(cases(EXACT[name])[0], most)[1]


@pytest.mark.parametrize("name", TORCH)
def test_torch(name: str) -> None:
    _agree(name, _torch(TORCH[name])(_inputs(name)))


def test_torch_positive_weight() -> None:
    torch = pytest.importorskip("torch")
    case = next(c for c in cases(EXACT["binary_cross_entropy"]) if dict(c.parameters)[
        "positive_weight"] == 3)  # fmt: skip
    keep, inputs = _inside(case, 30)
    found = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(inputs["logit"]), torch.tensor(inputs["target"]),
        pos_weight=torch.tensor(3.0), reduction="none",
    )  # fmt: skip
    expected = reference(case, "float64")["per_example"][keep]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_torch_gradients() -> None:
    """The derivatives too, of one loss of each kind."""
    torch = pytest.importorskip("torch")
    for name, wrt in (("huber", "prediction"), ("cross_entropy", "logits"), ("logistic", "score")):
        inputs = {key: torch.tensor(value) for key, value in _inputs(name).items()}
        inputs[wrt].requires_grad_()
        TORCH[name](torch, torch.nn.functional, **inputs).sum().backward()
        case = cases(EXACT[name])[0]
        keep, _ = _inside(case, 30)
        expected = reference(case, "float64")[f"gradient:{wrt}"][keep]
        np.testing.assert_allclose(inputs[wrt].grad.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_scikit_learn() -> None:
    """The half losses of its gradient boosting and generalized linear models, and its metrics."""
    loss = pytest.importorskip("sklearn._loss.loss")
    metrics = pytest.importorskip("sklearn.metrics")
    one = _inputs("half_squared_error")
    _agree("half_squared_error", loss.HalfSquaredError().loss(
        y_true=one["target"], raw_prediction=one["prediction"]))  # fmt: skip
    one = _inputs("pinball")
    _agree("pinball", loss.PinballLoss(quantile=0.5).loss(
        y_true=one["target"], raw_prediction=one["prediction"]))  # fmt: skip
    one = _inputs("gamma")
    _agree("gamma", loss.HalfGammaLoss().loss(
        y_true=one["target"], raw_prediction=one["log_mean"]))  # fmt: skip
    one = _inputs("poisson")
    _agree("poisson", loss.HalfPoissonLoss().loss(
        y_true=one["count"].astype(float), raw_prediction=one["log_rate"]))  # fmt: skip
    one = _inputs("tweedie")
    _agree("tweedie", loss.HalfTweedieLoss(power=1.5).loss(
        y_true=one["target"], raw_prediction=one["log_mean"]))  # fmt: skip
    one = _inputs("squared_log_error")
    case = cases(EXACT["squared_log_error"])[0]
    expected = reference(case, "float64")["per_example"][_inside(case, 30)[0]].mean()
    found = metrics.mean_squared_log_error(one["target"], one["prediction"])
    assert found == pytest.approx(expected, rel=1e-12)
    one = _inputs("hinge")
    case = cases(EXACT["hinge"])[0]
    expected = reference(case, "float64")["per_example"][_inside(case, 30)[0]].mean()
    assert metrics.hinge_loss(one["label"], one["score"]) == pytest.approx(expected, rel=1e-12)


def test_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    one = _inputs("pseudo_huber")
    _agree("pseudo_huber", special.pseudo_huber(1.0, one["prediction"] - one["target"]))
    stats = pytest.importorskip("scipy.stats")
    one = _inputs("laplace_nll")
    density = stats.laplace(one["location"], np.exp(one["log_scale"]))
    found = np.abs(one["target"] - one["location"]) * np.exp(-one["log_scale"])
    _agree("laplace_nll", found + np.log(2) + one["log_scale"])
    keep = found < 700  # beyond, the density is zero
    np.testing.assert_allclose(
        -density.logpdf(one["target"])[keep], (found + np.log(2) + one["log_scale"])[keep],
        rtol=1e-9,
    )  # fmt: skip


def test_optax() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the import, not of ours
        optax = pytest.importorskip("optax")
        jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        one = _inputs("log_cosh")
        _agree("log_cosh", optax.losses.log_cosh(one["prediction"], one["target"]))
        one = _inputs("poly1")
        labels = jax.nn.one_hot(one["label"], 4)
        _agree("poly1", optax.losses.poly_loss_cross_entropy(one["logits"], labels, epsilon=2.0))
        one = _inputs("perceptron")
        _agree("perceptron", optax.losses.perceptron_loss(one["score"], one["label"]))
        one = _inputs("binary_focal")
        _agree("binary_focal", optax.losses.sigmoid_focal_loss(
            one["logit"], one["target"], alpha=0.25, gamma=2.0))  # fmt: skip
