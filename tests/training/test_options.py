"""A run as the command line states it: files in, files out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from objc.errors import ObjcError
from objc.training import fit, load_parameters
from objc.training.options import Options, run

from . import kernels
from .test_fit import regression_data


@pytest.fixture
def table(tmp_path: Path) -> Path:
    data = regression_data(80)
    columns = np.c_[data["x"], data["y"], np.arange(80) % 3]
    path = tmp_path / "cars.csv"
    header = "a,b,c,price,importance"
    np.savetxt(path, columns, delimiter=",", header=header, comments="", fmt="%.17g")
    return path


def test_files_in_files_out(table: Path, tmp_path: Path) -> None:
    options = Options(
        table,
        columns={"x": ["a", "b", "c"], "y": "price"},
        validation=0.25,
        weight="importance",
        hyperparameters={"l2": 0.1},
        epochs=3,
        patience=2,
        watch="validation.fit",
        progress=False,
        save=tmp_path / "parameters.npz",
        history=tmp_path / "history.csv",
        plot=tmp_path / "history.png",
    )
    result = run(kernels.ridge(), options)
    data: dict[str, Any] = regression_data(80)
    weight = np.arange(80) % 3
    more: dict[str, Any] = {"hyperparameters": {"l2": 0.1}, "epochs": 3, "validation": 0.25}
    expected = fit(kernels.ridge(), data, weight=weight, **more)
    np.testing.assert_array_equal(result.parameters["w"], expected.parameters["w"])
    saved = load_parameters(tmp_path / "parameters.npz")
    np.testing.assert_array_equal(saved["w"], result.parameters["w"])
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 4
    assert (tmp_path / "history.png").exists()


def test_a_second_file_validates_and_a_first_run_gives_initial_values(
    table: Path, tmp_path: Path
) -> None:
    columns = {"x": ["a", "b", "c"], "y": "price"}
    saved = tmp_path / "first.npz"
    common: dict[str, Any] = {"columns": columns, "progress": False, "validation": table}
    first = run(kernels.ridge(), Options(table, epochs=2, save=saved, **common))
    second = run(kernels.ridge(), Options(table, epochs=0, initial=saved, **common))
    np.testing.assert_array_equal(second.parameters["w"], first.parameters["w"])
    assert "validation.value" in first.history


@pytest.mark.parametrize(
    "more",
    [
        {"watch": "train.value"},
        {"watch": "train.value:up", "patience": 3},
        {"patience": 0},
    ],
)
def test_options_that_make_no_sense(more: Any, table: Path) -> None:
    columns = {"x": ["a", "b", "c"], "y": "price"}
    with pytest.raises(ObjcError, match="E0516"):
        run(kernels.ridge(), Options(table, columns=columns, **more))
