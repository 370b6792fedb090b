"""The stop at the first value or gradient that is not finite."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from objc.training import NonFiniteError, fit

from . import kernels
from .test_fit import LinearPredictor, classes_data, regression_data


def failure(*arguments: Any, **options: Any) -> NonFiniteError:
    with pytest.raises(NonFiniteError) as caught:
        fit(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("row", [0, 17, 100])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_row_and_the_term_are_named(row: int, shuffle: bool) -> None:
    data = regression_data()
    data["x"][row, 1] = np.nan
    found = failure(kernels.ridge(), data, batch_size=16, shuffle=shuffle)
    assert (found.row, found.term) == (row, "fit")
    assert f"row {row} of the data" in str(found)
    assert "`x` has entries not finite" in str(found)
    assert all(np.isfinite(one).all() for one in found.parameters.values())


def test_the_last_good_parameters_are_kept() -> None:
    data = regression_data(64)
    data["y"][60] = np.inf
    options: dict[str, Any] = {"batch_size": 16, "shuffle": False, "epochs": 1}
    found = failure(kernels.ridge(), data, **options)
    good = {name: one[:48] for name, one in data.items()}
    expected = fit(kernels.ridge(), good, **options).parameters
    np.testing.assert_array_equal(found.parameters["w"], expected["w"])
    assert (found.epoch, found.step, len(found.history.steps)) == (1, 3, 3)


def test_a_gradient_that_is_not_finite() -> None:
    """√|x − c| has no derivative at x = c: the value is finite there."""

    def function(values: Any, weight: Any) -> Any:
        distance = np.asarray(values["x"] - values["c"], dtype=float).reshape(-1)
        gradient = -np.sign(distance) / (2 * np.sqrt(np.abs(distance)))
        terms = {"root": np.sum(weight * np.sqrt(np.abs(distance))), "other": 1.0}
        return sum(terms.values()), terms, {"c": np.sum(weight * gradient)}

    inputs = (kernels.FakeInput("c", (), "learned", default=0.0), kernels.FakeInput("x"))
    signature = kernels.FakeSignature("root", inputs, ("root", "other"))
    kernel = kernels.FakeKernel(signature, function)
    found = failure(kernel, {"x": np.array([1.0, 2.0, 0.0, 3.0])}, shuffle=False)
    assert (found.row, found.term) == (2, None)
    assert "the gradient with respect to `c` is nan" in str(found)
    assert "root = 0, other = 1" in str(found)


def test_validation_data_is_named_as_such() -> None:
    validation = regression_data(20)
    validation["y"][3] = np.nan
    found = failure(kernels.ridge(), regression_data(), validation=validation)
    assert found.row == 3
    assert "row 3 of the validation data" in str(found)


def test_rows_held_out_keep_their_numbers() -> None:
    data = regression_data()
    data["y"][41] = np.nan
    found = failure(kernels.ridge(), data, validation=0.5)
    assert found.row == 41


def test_a_run_that_runs_away() -> None:
    data = regression_data()
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e4, "epochs": 200}
    found = failure(kernels.ridge(), data, **options)
    assert "lower the learning rate" in str(found)
    assert all(np.isfinite(one).all() for one in found.parameters.values())


def test_an_example_of_weight_zero_does_no_harm_and_is_not_blamed() -> None:
    data = regression_data(30)
    data["y"][4] = np.inf
    weight = np.r_[np.zeros(5), np.ones(25)]
    fit(kernels.ridge(), data, weight=weight, epochs=1)
    data["y"][20] = np.nan
    found = failure(kernels.ridge(), data, weight=weight)
    assert found.row == 20


def test_a_prediction_that_is_not_finite() -> None:
    data = classes_data()
    data["features"] = data.pop("x")
    data["features"][9, 2] = np.inf
    found = failure(kernels.cross_entropy(), data, predictor=LinearPredictor())
    assert found.row == 9
    assert "`features` and `logits` have entries not finite" in str(found)


def test_a_vector_jacobian_product_that_is_not_finite() -> None:
    class Broken(LinearPredictor):
        def vjp(self, cotangents: Any) -> Any:
            return {name: one * np.nan for name, one in super().vjp(cotangents).items()}

    data = classes_data()
    data["features"] = data.pop("x")
    found = failure(kernels.cross_entropy(), data, predictor=Broken())
    assert "the gradient with respect to `weight` is nan" in str(found)
    assert found.row is None


def test_lbfgs_keeps_the_last_step() -> None:
    kernel = kernels.ridge()
    inner = kernel.function
    calls = [0]

    def function(values: Any, weight: Any) -> Any:
        calls[0] += 1
        value, terms, gradients = inner(values, weight)
        return (np.nan if calls[0] > 3 else value), terms, gradients

    kernel.function = function
    found = failure(kernel, regression_data(), optimizer="lbfgs")
    assert all(np.isfinite(one).all() for one in found.parameters.values())


def test_the_error_can_be_sent_between_processes() -> None:
    data = regression_data()
    data["y"][5] = np.nan
    found = failure(kernels.ridge(), data)
    again = pickle.loads(pickle.dumps(found))
    assert (str(again), again.row, again.step) == (str(found), 5, found.step)
