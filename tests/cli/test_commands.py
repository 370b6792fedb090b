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


def test_what_is_sound_is_checked_beside_what_is_not(run: Run) -> None:
    text = (
        "loss a(x: real<m>, y: real<s>) = x + y\nloss b(x: real) = x^2 claims convex in x\n"
        "loss c(x: real) = missing + x\nloss d(x: real) = b(x)\nloss e(x: real) = c(x)\n"
    )
    result = run("check", "--json", "-", stdin=text)
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [one["name"] for one in data["declarations"]] == ["b", "d"]
    assert {one["code"] for one in data["diagnostics"]} == {"E0220", "E0101"}


def test_the_library_by_name_alone(run: Run) -> None:
    assert run("show", "focal").stdout.startswith("program focal(")
    assert "loss focal" in run("check", "focal").stdout


def test_no_name_behind_the_colon(run: Run) -> None:
    result = run("check", "losses.objc:")
    assert result.exit_code == 2
    assert "`losses.objc:` names no declaration" in result.stderr


def test_standard_input_with_any_line_ends(run: Run) -> None:
    first = b"loss square(x: real | y: real) = (x - y)^2\r    claims convex in x\r"
    text = first + b"loss other(x: real | y: real) = x * y\r\n"
    result = run("check", "-", stdin=text)
    assert (result.exit_code, "2 declarations, no findings" in result.stdout) == (0, True)


def test_train_from_standard_input_quietly(run: Run) -> None:
    text = Path("line.objc").read_text("utf-8")
    result = run("train", "-", "--data", "points.csv", "-q", "--epochs", "2", stdin=text)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 epochs, value ")
    assert "nothing is kept without `--save`" in result.stdout
    saved = run("train", "line.objc", "--data", "points.csv", "-q", "--save", "line.npz")
    assert saved.stdout == "wrote line.npz\n"


def test_a_run_that_can_not_be_kept_is_not_begun(run: Run) -> None:
    result = run("train", "line.objc", "--data", "points.csv", "--save", "nowhere/line.npz")
    assert (result.exit_code, "[E0307]" in result.stderr) == (2, True)
    result = run("train", "line.objc", "--data", "points.csv", "--history", "line.txt")
    assert (result.exit_code, ".json, .csv, .npz" in result.stderr) == (2, True)


def test_columns_of_an_input_that_is_not_there(run: Run) -> None:
    result = run("train", "line.objc", "--data", "points.csv", "--map", "z=x")
    assert (result.exit_code, "no input `z`" in result.stderr) == (1, True)


def test_a_metric_takes_parameters_of_the_objective(run: Run) -> None:
    metric = "metric distance(| x: real, y: real, slope: real, offset: real) ="
    Path("distance.objc").write_text(f"{metric} abs(slope * x + offset - y)\n", "utf-8")
    chosen = ("--metric", "distance.objc:distance", "--schedule", "cosine", "--warmup", "2")
    watched = ("--validation", "0.25", "--patience", "3", "--watch")
    result = run(
        "train", "line.objc", "--data", "points.csv", *chosen, *watched,
        "validation.distance:minimize", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {"train.distance", "validation.distance"} <= json.loads(result.stdout)["last"].keys()


@pytest.mark.parametrize(
    "command",
    [
        "check --json losses.objc", "show --json losses.objc:huber", "list --json",
        "list --json focal", "explain --json", "explain --json E0101", "doctor --json",
        "compile --json losses.objc:huber -o out --target numpy",
        "train --json line.objc --data points.csv --epochs 1",
    ],
)  # fmt: skip
def test_data_is_one_document(run: Run, command: str) -> None:
    result = run(*command.split())
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["schema"] == 2


@pytest.mark.parametrize(
    ("command", "code", "status"),
    [
        ("check --json nowhere.objc", "E0021", 2),
        ("show --json losses.objc:hubber", "E0301", 2),
        ("show --json wrong.objc:bad", "E0102", 1),
        ("list --json cross_entrpy", "E0306", 2),
        ("explain --json E9999", "E0305", 2),
        ("compile wrong.objc -o out --target numpy --json", "E0109", 1),
        ("train --json line.objc --data nowhere.csv", "E0501", 1),
        ("accuracy --json losses.objc:hubber", "E0301", 2),
        ("compile losses.objc -o out --target cuda --arch sm_1 --json", "E0350", 2),
    ],
)
def test_what_stops_a_command_is_data_too(run: Run, command: str, code: str, status: int) -> None:
    result = run(*command.split())
    assert (result.exit_code, result.stderr) == (status, "")
    assert code in [one["code"] for one in json.loads(result.stdout)["diagnostics"]]


def test_explain_tells_what_minimizing_a_loss_gives(run: Run) -> None:
    told = run("explain", "squared_error").stdout
    assert told.startswith("squared_error\n") and "Its minimizer is the mean" in told
    (found,) = json.loads(run("explain", "--json", "cross_entropy").stdout)["declarations"]
    assert any("adding one number to all of logits" in one for one in found["sentences"])
    assert len(found["slope"]["points"]) == len(found["slope"]["slopes"])


def test_explain_draws_the_slope(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "slope.svg"
    assert run("explain", "--plot", str(picture), "huber").exit_code == 0
    assert "<svg" in picture.read_text("utf-8")
    for wrong in (("--plot", "slope.txt", "huber"), ("--plot", "slope.png", "wasserstein_1d")):
        assert run("explain", *wrong).exit_code == 2
