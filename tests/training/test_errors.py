"""Every diagnostic of training, raised by what a user would do, its text pinned beside."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import Diagnostic, ObjcError
from objc.training import EarlyStopping, fit, fit_game, fit_stages, load_data

from . import kernels
from .test_fit import LinearPredictor, classes_data, regression_data

HERE = Path(__file__).parent / "errors"
CASES: dict[str, Callable[[pytest.MonkeyPatch], object]] = {}


def case(function: Callable[[pytest.MonkeyPatch], object]) -> Callable[..., object]:
    CASES[function.__name__] = function
    return function


def ridge(**changes: Any) -> Any:
    """A run whose data has these columns changed."""
    return fit(kernels.ridge(), {**regression_data(10), **changes})


def classes(**changes: Any) -> Any:
    return fit(kernels.softmax_regression(), {**classes_data(10), **changes})


def table(text: str, name: str = "data.csv", **options: Any) -> Any:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return load_data(name, kernels.ridge(), **options)


def predicted(result: Any = None, gradient: Any = None) -> Any:
    class Predictor(LinearPredictor):
        def predict(self, batch: Any) -> Any:
            self.x = batch["x"]
            return super().predict({"features": self.x}) if result is None else result

        def vjp(self, cotangents: Any) -> Any:
            return super().vjp(cotangents) if gradient is None else gradient

    return fit(kernels.cross_entropy(), classes_data(10), predictor=Predictor())


# ------------------------------------------------------------------ data files


@case
def e0501_no_such_file(_: Any) -> object:
    return load_data("nowhere.csv", kernels.ridge())


@case
def e0501_ending(_: Any) -> object:
    return load_data("data.xlsx", kernels.ridge())


@case
def e0501_not_utf8(_: Any) -> object:
    Path("data.csv").write_bytes(b"x_0,y\n1,\xff\n")
    return load_data("data.csv", kernels.ridge())


@case
def e0501_not_an_archive(_: Any) -> object:
    return table("not an archive", "data.npz")


@case
def e0501_pickled(_: Any) -> object:
    np.savez("data.npz", x=np.array([object()]), y=np.zeros(1))
    return load_data("data.npz", kernels.ridge())


@case
def e0501_columns_of_a_matrix(_: Any) -> object:
    inputs = (kernels.FakeInput("m", ("A", "B")),)
    kernel = kernels.FakeKernel(kernels.FakeSignature("matrix", inputs), lambda *_: (0, {}, {}))
    Path("data.csv").write_text("m_0,m_1,m_2,m_3\n1,2,3,4\n")
    return load_data("data.csv", kernel)


@case
def e0502_missing_column(_: Any) -> object:
    return table("x_0,x_1,target\n1,2,3\n")


@case
def e0502_missing_vector(_: Any) -> object:
    return table("a,b,y\n1,2,3\n")


@case
def e0502_missing_in_list(_: Any) -> object:
    return table("a,b,y\n1,2,3\n", columns={"x": ["a", "c"]})


@case
def e0502_several_for_a_scalar(_: Any) -> object:
    return table("a,b,y_0,y_1\n1,2,3,4\n", columns={"x": ["a"], "y": "y_*"})


@case
def e0502_missing_array(_: Any) -> object:
    np.savez("data.npz", X=np.zeros((2, 3)), y=np.zeros(2))
    return load_data("data.npz", kernels.ridge())


@case
def e0503_text(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n4,five,6\n")


@case
def e0503_empty(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n4,,6\n")


@case
def e0503_nan(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,nan\n")


@case
def e0504_ragged(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n\n4,5\n")


@case
def e0505_no_rows(_: Any) -> object:
    return table("x_0,x_1,y\n")


@case
def e0505_empty_file(_: Any) -> object:
    return table("")


@case
def e0506_no_header(_: Any) -> object:
    return table("1,2,3\n4,5,6\n")


@case
def e0506_twice(_: Any) -> object:
    return table("x_0,x_0,y\n4,5,6\n")


@case
def e0513_label_in_a_file(_: Any) -> object:
    Path("data.csv").write_text("x_0,label\n0.5,1\n0.5,1.5\n")
    return load_data("data.csv", kernels.softmax_regression())


# ------------------------------------------------------------------ data, options, parameters


@case
def e0510_hyperparameter(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), hyperparameters={"l_2": 0.1})


@case
def e0510_column(_: Any) -> object:
    return ridge(target=np.zeros(10))


@case
def e0510_size(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), sizes={"H": 3})


@case
def e0510_parameter(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"v": 0.0})


@case
def e0510_weight_column(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight="importance")


@case
def e0511_missing_data(_: Any) -> object:
    return fit(kernels.ridge(), {"x": np.zeros((10, 3))})


@case
def e0512_rank(_: Any) -> object:
    return ridge(y=np.zeros((10, 1)))


@case
def e0512_examples(_: Any) -> object:
    return ridge(y=np.zeros(9))


@case
def e0512_size(_: Any) -> object:
    return fit(
        kernels.ridge(), regression_data(10), validation={"x": np.ones((4, 2)), "y": np.ones(4)}
    )


@case
def e0512_no_examples(_: Any) -> object:
    return ridge(x=np.zeros((0, 3)), y=np.zeros(0))


@case
def e0512_text(_: Any) -> object:
    return ridge(y=np.array(["a"] * 10))


@case
def e0513_label_from_one(_: Any) -> object:
    data = {"x": np.zeros((3, 2)), "label": np.array([1, 2, 3])}
    return fit(kernels.softmax_regression(), data, sizes={"K": 3})


@case
def e0513_label_fraction(_: Any) -> object:
    return classes(label=np.linspace(0, 1, 10))


@case
def e0513_negative_label(_: Any) -> object:
    return classes(label=np.arange(10) - 4)


@case
def e0513_sign(_: Any) -> object:
    inputs = (kernels.FakeInput("w", (), "learned"), kernels.FakeInput("label", (), "data", "sign"))
    kernel = kernels.FakeKernel(kernels.FakeSignature("margin", inputs), lambda *_: (0, {}, {}))
    return fit(kernel, {"label": np.array([0, 1, 1])})


@case
def e0514_size(_: Any) -> object:
    inputs = (kernels.FakeInput("hidden", ("H", "D"), "learned"), kernels.FakeInput("x", ("D",)))
    kernel = kernels.FakeKernel(kernels.FakeSignature("network", inputs), lambda *_: (0, {}, {}))
    return fit(kernel, {"x": np.zeros((4, 3))})


@case
def e0515_rank(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"w": np.zeros((3, 1))})


@case
def e0515_nan(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"b": np.nan})


@case
def e0516_optimizer(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), optimizer="adamm")  # type: ignore[arg-type]


@case
def e0516_learning_rate(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), learning_rate=-0.1)


@case
def e0516_validation(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), validation=1.5)


@case
def e0517_scipy(patch: pytest.MonkeyPatch) -> object:
    patch.setitem(sys.modules, "scipy.optimize", None)
    return fit(kernels.ridge(), regression_data(10), optimizer="lbfgs")


@case
def e0517_matplotlib(patch: pytest.MonkeyPatch) -> object:
    patch.setitem(sys.modules, "matplotlib.figure", None)
    return fit(kernels.ridge(), regression_data(10), epochs=1).history.plot()


@case
def e0518_nothing_to_train(_: Any) -> object:
    return ridge(w=np.zeros(3), b=np.float64(0))


@case
def e0519_metric(_: Any) -> object:
    return fit(kernels.accuracy(), classes_data(10))


@case
def e0519_model(_: Any) -> object:
    return fit(kernels.linear_model(), classes_data(10))  # type: ignore[arg-type]


@case
def e0520_no_prediction(_: Any) -> object:
    return predicted({"logit": np.zeros((10, 3))})


@case
def e0520_prediction_shape(_: Any) -> object:
    return predicted(np.zeros((7, 3)))


@case
def e0520_missing_gradient(_: Any) -> object:
    return predicted(gradient={"weight": np.zeros((3, 4))})


@case
def e0520_gradient_shape(_: Any) -> object:
    return predicted(gradient={"weight": np.zeros((4, 3)), "shift": np.zeros(3)})


@case
def e0521_not_a_number(_: Any) -> object:
    metrics = {"residual": lambda values: values["y"]}
    return fit(kernels.ridge(), regression_data(10), metrics=metrics)


@case
def e0521_missing_input(_: Any) -> object:
    kernel = kernels.softmax_regression()
    return fit(kernel, classes_data(10), metrics=[kernels.accuracy()])


@case
def e0521_name_of_a_term(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), metrics={"fit": lambda values: 0.0})


@case
def e0522_unknown(_: Any) -> object:
    stopping = EarlyStopping(on="validation.valeu")
    return fit(kernels.ridge(), regression_data(10), validation=0.2, early_stopping=stopping)


@case
def e0522_direction(_: Any) -> object:
    stopping = EarlyStopping(on="train.spread")
    metrics = {"spread": lambda values: 0.0}
    return fit(kernels.ridge(), regression_data(10), metrics=metrics, early_stopping=stopping)


@case
def e0523_length(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.ones(9))


@case
def e0523_negative(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.arange(10) - 3)


@case
def e0523_zero(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.zeros(10))


# ------------------------------------------------------------------ runs


@case
def e0530_nan_in_the_data(_: Any) -> object:
    x = regression_data(10)["x"]
    x[3, 1] = np.nan
    return ridge(x=x)


@case
def e0530_label_of_a_large_row(_: Any) -> object:
    data = classes_data(10)
    data["x"] = np.tile(data["x"], (1, 5))
    data["x"][4, 9] = np.inf
    return fit(kernels.softmax_regression(), data, parameters={"kernel": np.ones((3, 20))})


@case
def e0530_running_away(_: Any) -> object:
    data = {"x": np.ones((4, 1)), "y": np.ones(4)}
    return fit(kernels.ridge(), data, optimizer="sgd", learning_rate=1e8, epochs=1000)


@case
def e0530_update(_: Any) -> object:
    data = {"x": np.full((4, 1), 1e10), "y": np.ones(4)}
    return fit(kernels.ridge(), data, optimizer="sgd", learning_rate=1e300)


STAGED = """
loss near(w: real | y: real) = (w - y)^2
stages path
    first: minimize near
    last:  minimize near + near(w | first)   from first
game rope(left: real, right: real |) =
    puller minimizes left * right     over left
    holder maximizes left * right     over right
"""


def staged() -> Any:
    return objc.compile(STAGED, target="numpy")


@case
def e0524_formula(_: Any) -> object:
    return fit_stages(staged().path, {"first": {"y": [1.0]}}, optimizer="sgd", epochs=1)


@case
def e0510_stage(_: Any) -> object:
    return fit_stages(staged().path, {"frist": {"y": [1.0]}})


@case
def e0525_game(_: Any) -> object:
    return fit(staged().rope, {})


@case
def e0525_no_game(_: Any) -> object:
    return fit_game(staged().near, {"y": [1.0]})


@case
def e0510_player(_: Any) -> object:
    return fit_game(staged().rope, {}, learning_rate={"pullr": 0.1})


@case
def e0526_running_away(_: Any) -> object:
    start = {"left": 1.0, "right": 1.0}
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e200}
    return fit_game(staged().rope, {}, parameters=start, **options)


@case
def e0540_no_checkpoint(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), resume="run.npz")


@case
def e0540_other_file(_: Any) -> object:
    np.savez("run.npz", w=np.zeros(3))
    return fit(kernels.ridge(), regression_data(10), resume="run.npz")


@case
def e0541_other_run(_: Any) -> object:
    fit(kernels.ridge(), regression_data(10), checkpoint="run.npz", seed=1)
    options: dict[str, Any] = {"seed": 2, "learning_rate": 0.5, "resume": "run.npz"}
    return fit(kernels.ridge(), regression_data(10), **options)


@case
def e0541_other_parameters(_: Any) -> object:
    fit(kernels.softmax_regression(), classes_data(10), checkpoint="run.npz")
    options: dict[str, Any] = {"sizes": {"K": 7}, "resume": "run.npz"}
    return fit(kernels.softmax_regression(), classes_data(10), **options)


@case
def e0542_lbfgs(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), optimizer="lbfgs", resume="run.npz")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty working directory, so that messages show no path of this machine."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", CASES)
def test_message(name: str, golden: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ObjcError) as caught:
        CASES[name](monkeypatch)
    assert caught.value.diagnostics[0].code == name[:5].upper()
    golden(HERE / f"{name}.err", str(caught.value))


def test_every_code_has_a_case() -> None:
    codes = {code for code in Diagnostic.catalogue() if code.startswith("E05")}
    assert codes == {name[:5].upper() for name in CASES}
    for code in codes:
        assert Diagnostic.catalogue()[code].__doc__


def test_every_golden_has_a_case() -> None:
    assert {path.stem for path in HERE.glob("*.err")} == set(CASES)
