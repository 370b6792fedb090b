"""What callers give that is of a wrong type, or means something else in Python: always a diagnostic."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from objc.bridges.torch import TorchPredictor
from objc.errors import ObjcError
from objc.training import NonFiniteError, fit, load_data

from . import kernels
from .mistakes.data import classes
from .mistakes.models import predicted
from .test_fit import classes_data, regression_data


def code_and_text(caught: Any) -> tuple[str, str]:
    return caught.value.diagnostics[0].code, str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batch_size", 2.5),
        ("batch_size", "all"),
        ("batch_size", True),
        ("epochs", 1.0),
        ("epochs", None),
        ("seed", "x"),
        ("warmup", 0.5),
        ("learning_rate", "0.1"),
        ("learning_rate", 1j),
        ("clip_norm", "1"),
        ("checkpoint_every", 1.5),
    ],
)
def test_an_option_of_a_wrong_type(option: str, value: Any) -> None:
    with pytest.raises(ObjcError) as caught:
        fit(kernels.ridge(), regression_data(10), **{option: value})
    code, text = code_and_text(caught)
    assert code == "E0516" and f"`{option}` is {value!r}; expected" in text


def test_integers_of_numpy_are_integers() -> None:
    options: dict[str, Any] = {
        "batch_size": np.int32(4),
        "epochs": np.int64(1),
        "seed": np.uint8(3),
    }
    assert fit(kernels.ridge(), regression_data(10), **options).epochs == 1


@pytest.mark.parametrize("value", ["foo", "1.5", None, 1j])
def test_a_metric_that_gives_no_number(value: Any) -> None:
    with pytest.raises(ObjcError) as caught:
        fit(kernels.ridge(), regression_data(10), metrics={"mine": lambda _: value})
    code, text = code_and_text(caught)
    assert code == "E0521" and f"gives {str(value)!r} ({type(value).__name__})" in text


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        ([1.0], "gives list from `vjp`"),
        ({"weight": None, "shift": None}, "gives a gradient of `weight` as NoneType"),
        ({"weight": "a", "shift": "b"}, "gives a gradient of `weight` as <U1"),
    ],
)
def test_a_predictor_whose_gradients_are_none(gradient: Any, said: str) -> None:
    with pytest.raises(ObjcError) as caught:
        predicted(gradient=gradient)
    code, text = code_and_text(caught)
    assert code == "E0520" and said in text


def test_a_predictor_without_a_result_of_vjp() -> None:
    weight = {"weight": np.zeros((3, 4))}
    predictor = SimpleNamespace(
        parameters=weight, predict=lambda batch: batch["x"] @ weight["weight"].T, vjp=lambda _: None
    )
    with pytest.raises(ObjcError, match="gives NoneType from `vjp`; expected gradients by name"):
        fit(kernels.cross_entropy(), classes_data(10), predictor=predictor)


def test_a_predictor_that_gives_text() -> None:
    with pytest.raises(ObjcError, match="gives `logits` as <U1; expected an array of numbers"):
        predicted(result=np.full((10, 3), "a"))


def test_labels_that_are_all_negative() -> None:
    with pytest.raises(ObjcError, match=r"is -1 at row 0 .* expected an index of at least 0"):
        classes(label=np.full(10, -1))


def test_the_epoch_of_validation_data_that_is_not_finite() -> None:
    held_out = regression_data(4)
    held_out["x"][2, 1] = np.nan
    with pytest.raises(NonFiniteError, match="at the end of epoch 1, after 1 step;") as caught:
        fit(kernels.ridge(), regression_data(10), validation=held_out)
    assert caught.value.epoch == 1 and caught.value.row == 2


# ------------------------------------------------------------------ files


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("1_000", "1_000"), ("\u0661", "\u0661"), ("1\0", "1\\x00"), ("\x1b[2J", "\\x1b[2J")],
)
def test_a_cell_that_only_python_reads(cell: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"x_0,x_1,y\n1,2,3\n4,{cell},6\n", encoding="utf-8")
    with pytest.raises(ObjcError) as caught:
        load_data(path, kernels.ridge())
    code, text = code_and_text(caught)
    assert code == "E0503" and text.isprintable()
    assert f"`{shown}` is not a finite number in column `x_1`, line 3" in text


@pytest.mark.parametrize(("sign", "said"), [(";", "`;` between"), ("\t", "tabs between")])
def test_another_delimiter(sign: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x_0,x_1,y\n1,2,3\n".replace(",", sign))
    with pytest.raises(ObjcError, match=f"{said} the columns") as caught:
        load_data(path, kernels.ridge())
    assert caught.value.diagnostics[0].code == "E0502"


def test_an_archive_of_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz")
    with pytest.raises(ObjcError, match="it has none at all"):
        load_data(tmp_path / "data.npz", kernels.ridge())


# ------------------------------------------------------------------ PyTorch


class Pair(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3, dtype=torch.float64)

    def forward(self, x: torch.Tensor) -> Any:
        return self.linear(x), x


def with_torch(module: torch.nn.Module, outputs: Any = None) -> Any:
    predictor = TorchPredictor(module, "x", outputs)
    return fit(kernels.cross_entropy(), classes_data(10), predictor=predictor, epochs=1)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [(None, "gives a tuple, not a tensor"), (["logits"], "gives 2 results, and `outputs` names 1")],
)
def test_a_tuple_of_results(outputs: Any, said: str) -> None:
    with pytest.raises(ObjcError, match=said) as caught:
        with_torch(Pair(), outputs)
    assert caught.value.diagnostics[0].code == "E0520"


def test_parameters_in_bfloat16() -> None:
    with pytest.raises(ObjcError, match=r"`weight` of the type torch.bfloat16") as caught:
        with_torch(torch.nn.Linear(4, 3, dtype=torch.bfloat16))
    assert caught.value.diagnostics[0].code == "E0520"


def test_results_in_bfloat16() -> None:
    class Cast(Pair):
        def forward(self, x: torch.Tensor) -> Any:
            return self.linear(x).bfloat16()

    result = with_torch(Cast())
    assert result.epochs == 1 and np.isfinite(result.history.epochs["train.value"]).all()
