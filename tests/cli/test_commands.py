"""`list`, `explain`, `doctor` and `train` where the whole text would pin other rooms' work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

from objc.cli.explain import all_diagnostics, explanation
from tests.cli.conftest import Run


def test_list_has_a_line_for_everything(run: Run) -> None:
    lines = run("list").stdout.splitlines()
    assert any(line.startswith("regression: ") for line in lines)
    assert any(line.split()[:1] == ["cross_entropy"] for line in lines)


def test_list_of_a_family(run: Run) -> None:
    data = json.loads(run("list", "regression", "--json").stdout)
    (family,) = data["families"]
    huber = next(one for one in family["declarations"] if one["name"] == "huber")
    assert huber["kind"] == "loss"
    assert huber["signature"] == "huber(prediction: real | target: real; delta: positive = 1)"
    assert "Huber (1964)" in huber["summary"]


def test_list_of_a_name(run: Run) -> None:
    text = run("list", "huber").stdout
    assert text.startswith("loss huber(prediction: real | target: real; delta: positive = 1)\n")
    assert "abs(r) <= delta" in text
    data = json.loads(run("list", "huber", "--json").stdout)
    assert data["family"] == "regression"
    assert "convex in prediction" in data["claims"]


def test_explain_lists_every_code_once(run: Run) -> None:
    codes = [line.split()[0] for line in run("explain").stdout.splitlines()]
    assert codes == sorted(set(codes))
    assert {"E0001", "E0102", "E0250", "E0301", "E0501", "W0250"} <= set(codes)
    listed = json.loads(run("explain", "--json").stdout)["codes"]
    assert [one["code"] for one in listed] == codes


@pytest.mark.parametrize("code", sorted(all_diagnostics()))
def test_every_code_is_explained(code: str) -> None:
    text = explanation(all_diagnostics()[code])
    assert len(text.splitlines()) > 2, "a title, why, an example and the mend"


def test_doctor(run: Run) -> None:
    result = run("doctor", "--json")
    data = json.loads(result.stdout)
    found = {(one["section"], one["name"]): one for one in data["findings"]}
    assert data["ok"], data
    assert result.exit_code == 0
    for target in ("cpu", "numpy"):
        assert "agrees with NumPy" in found["targets", target]["detail"]
    assert "targets\n" in run("doctor").stdout


def test_doctor_says_what_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objc.cli.doctor.CORE", ("no_such_package",))
    result = run("doctor")
    assert result.exit_code == 1
    assert "no_such_package" in result.stdout


def test_train(run: Run) -> None:
    arguments = ("--optimizer", "adam", "--lr", "0.1", "--epochs", "200", "--batch-size", "all")
    files = ("--save", "line.npz", "--history", "line.json")
    result = run(
        "train", "line.objc", "--data", "points.csv", *arguments, *files, "--metric", "error"
    )
    assert result.exit_code == 0, result.output
    with numpy.load("line.npz") as parameters:
        assert parameters["slope"] == pytest.approx(2, abs=0.05)
        assert parameters["offset"] == pytest.approx(1, abs=0.2)
    assert Path("line.json").exists()
    assert "train.fit" in result.stdout
    assert "wrote line.npz" in result.stdout


def test_train_json(run: Run) -> None:
    arguments = ("--epochs", "2", "--json", "--validation", "0.25", "--set", "l2=0.5")
    result = run("train", "line.objc:line", "--data", "points.csv", *arguments)
    data = json.loads(result.stdout)
    assert data["epochs"] == 2
    assert data["parameters"] == {"slope": [], "offset": []}
    assert "validation.value" in data["last"]


def test_findings_in_the_data_are_findings(run: Run) -> None:
    Path("points.csv").write_text("x,z\n0,1\n", "utf-8")
    result = run("train", "line.objc", "--data", "points.csv")
    assert result.exit_code == 1
    assert "[E0502]" in result.stderr


def test_check_of_standard_input(run: Run) -> None:
    result = run("check", "-", stdin="loss square(x: real | y: real) = (x - y)^2\n")
    assert result.exit_code == 0
    assert "convex in x: proved" in result.stdout
    assert "1 declaration, no findings" in result.stdout
