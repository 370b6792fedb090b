"""The record of a run: files, plots, and what is shown while it goes on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import ObjcError
from objc.training import History, fit
from objc.training.history import Table
from objc.training.progress import Bar, Lines, Silent, choose

from . import kernels
from .test_fit import regression_data


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def history() -> History:
    return fit(kernels.ridge(), regression_data(), validation=0.2, epochs=3, batch_size=32).history


def test_columns(history: History) -> None:
    parts = [f"{part}.{name}" for part in ("train", "validation") for name in ("value", "fit")]
    assert {"epoch", *parts, "train.ridge", "learning_rate", "seconds"} <= set(history.epochs.names)
    np.testing.assert_array_equal(history["epoch"], [1, 2, 3])
    np.testing.assert_array_equal(history.steps["step"], np.arange(1, 10))
    values = history["train.fit"] + history["train.ridge"]
    np.testing.assert_allclose(values, history["train.value"], rtol=1e-12)


def test_saved_forms_hold_the_same(history: History, tmp_path: Path) -> None:
    history.save(tmp_path / "h.json")
    history.save(tmp_path / "h.csv")
    history.save(tmp_path / "h.npz")
    read = json.loads((tmp_path / "h.json").read_text())
    assert read == history.to_dict()
    frame = np.genfromtxt(tmp_path / "h.csv", delimiter=",", names=True, deletechars="")
    np.testing.assert_array_equal(frame["train.value"], history["train.value"])
    with np.load(tmp_path / "h.npz") as arrays:
        again = History.from_arrays(arrays)
    assert again.to_dict() == history.to_dict()
    with pytest.raises(ObjcError, match="E0516"):
        history.save(tmp_path / "h.xlsx")


def test_missing_numbers(tmp_path: Path) -> None:
    table = Table()
    table.append({"a": 1.0})
    table.append({"b": float("inf")})
    np.testing.assert_array_equal(table["a"], [1.0, np.nan])
    History(table).save(tmp_path / "h.json")
    read = json.loads((tmp_path / "h.json").read_text())
    assert read["epochs"] == {"a": [1.0, None], "b": [None, None]}


def test_plots(history: History, tmp_path: Path) -> None:
    figure = history.plot(tmp_path / "h.png")
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["train objective", "validation objective"]
    np.testing.assert_array_equal(lines[0].get_ydata(), history["train.value"])
    history.plot(figure.axes[1], quantities=("train.fit",))
    with pytest.raises(ObjcError, match="E0522"):
        history.plot(quantities=("train.fti",))


def test_quiet_unless_asked(capfd: pytest.CaptureFixture[str]) -> None:
    fit(kernels.ridge(), regression_data(), epochs=2)
    assert capfd.readouterr() == ("", "")
    fit(kernels.ridge(), regression_data(), epochs=2, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and len(err.splitlines()) == 2
    assert err.startswith("epoch 1/2  train.value ") and "train.ridge" in err


def test_which_reporter() -> None:
    assert isinstance(choose(None, io.StringIO()), Silent)
    assert isinstance(choose(False, Terminal()), Silent)
    assert isinstance(choose(True, io.StringIO()), Lines)
    assert isinstance(choose(None, Terminal()), Bar)


def test_the_bar_shows_every_term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    options: dict[str, Any] = {"epochs": 3, "batch_size": 32, "validation": 0.2}
    fit(kernels.ridge(), regression_data(), **options)
    shown = terminal.getvalue()
    for text in ("epoch 3/3", "9/9", "train.fit", "train.ridge", "validation.value"):
        assert text in shown


def test_learned_numbers_are_reported_by_epoch() -> None:
    text = """
objective pair(a: real | x: real, y: real) =
    minimize
        first:  (a - x)^2 / 2
        second: (a - y)^2 / 2
    combine uncertainty
"""
    draw = np.random.default_rng(0)
    data = {"x": draw.normal(0, 3, 500), "y": draw.normal(0, 0.5, 500)}
    options: dict[str, Any] = {"learning_rate": 0.05, "epochs": 60, "parameters": {"a": 0.5}}
    result = fit(objc.compile(text, target="numpy").pair, data, **options)
    for name, spread in (("first", 3.0), ("second", 0.5)):
        column = result.history[f"parameter.log_variance_{name}"]
        assert len(column) == 60
        assert column[-1] == result.parameters[f"log_variance_{name}"]
        assert column[-1] == pytest.approx(2 * np.log(spread), abs=0.2), "the noise of the term"
