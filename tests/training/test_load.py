"""Data files: what is read, and by which names."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from objc.training import load_data

from . import kernels


@pytest.fixture
def numbers() -> Any:
    return np.random.default_rng(0).normal(size=(50, 4)) * 10.0 ** np.arange(-8, 8, 4)


@pytest.mark.parametrize("style", ["x_{}", "x{}", "x.{}", "x[{}]"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_numbered_columns(
    style: str, first: int, ending: str, numbers: Any, tmp_path: Path
) -> None:
    """In another order than that of the numbers, beside a column of text."""
    names = ["name", *(style.format(first + place) for place in (2, 0, 1)), "y"]
    path = tmp_path / f"data{ending}"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if ending == ".tsv" else ",")
        writer.writerow(names)
        writer.writerows(
            ["a, quoted", *map(repr, map(float, row[[2, 0, 1, 3]]))] for row in numbers
        )
    found = load_data(path, kernels.ridge())
    np.testing.assert_array_equal(found["x"], numbers[:, :3])
    np.testing.assert_array_equal(found["y"], numbers[:, 3])


@pytest.mark.parametrize("columns", [{"x": "p[12]"}, {"x": ["p1", "p2"]}, {"x": "p?"}])
def test_mapped_columns(columns: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("p1,price,p2\n1,2,3\n4,5,6\n", encoding="utf-8-sig")
    found = load_data(path, kernels.ridge(), {"y": "price", **columns})
    np.testing.assert_array_equal(found["x"], [[1, 3], [4, 6]])
    np.testing.assert_array_equal(found["y"], [2, 5])


def test_labels_are_integers(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x_0,label,w\r\n0.5,3,1\r\n0.25,0,2\r\n\r\n")
    found = load_data(path, kernels.softmax_regression(), also=["w"])
    assert found["label"].dtype == np.int64
    np.testing.assert_array_equal(found["label"], [3, 0])
    np.testing.assert_array_equal(found["w"], [1.0, 2.0])


def test_more_rows_than_a_chunk(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    values = np.arange(3 * 9000).reshape(-1, 3)
    np.savetxt(path, values, delimiter=",", header="x_0,x_1,y", comments="", fmt="%d")
    found = load_data(path, kernels.ridge())
    np.testing.assert_array_equal(np.c_[found["x"], found["y"]], values)


def test_optional_inputs_are_read_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x_0,y,b\n1,2,3\n")
    assert set(load_data(path, kernels.ridge(), optional=["b", "w"])) == {"x", "y", "b"}


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, pixels=np.ones((5, 2, 2), np.float32), y=np.zeros(5), more=np.ones(1))
    found = load_data(path, kernels.ridge(), {"x": "pixels"})
    assert found["x"].shape == (5, 2, 2) and found["x"].dtype == np.float32
    assert set(found) == {"x", "y"}
