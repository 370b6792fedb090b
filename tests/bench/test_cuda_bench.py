"""`objc bench --target cuda` without a device: in Numba's simulator, at tiny sizes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from objc.bench import cuda
from objc.bench.cuda import accuracy, contenders, device_run, worker
from objc.bench.cuda.cases import CASES, Aim, DeviceCase, small
from objc.bench.cuda.contenders import Data, Host
from objc.bench.cuda.job import DeviceEntry, DeviceJob, DeviceRow
from objc.bench.cuda.report import table, verdict
from objc.bench.cuda.run import DeviceReport, run
from objc.bench.cuda.timing import DeviceTiming
from objc.bench.problem import Problem
from objc.bench.programs import program_of
from objc.cli.application import objc

KNOWN = {one.name: one for one in CASES}


def tiny(name: str) -> DeviceCase:
    return replace(small(KNOWN[name]), aim=KNOWN[name].aim)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")


@pytest.mark.usefixtures("simulated")
def test_a_case_is_measured_beside_its_peers() -> None:
    """Rows with figures for who is there, reasons for who is not, and errors against the interpreter."""
    job = DeviceJob((tiny("focal_32768"),), ("objc", "objc out", "torch", "jax", "liger"), 3, 300.0)
    again = DeviceJob.from_data(json.loads(json.dumps(job.data())))
    assert again == job
    first, second = worker.work(again)
    assert first["device"]["name"] == "Numba's simulator" and first["copy"] > 0
    row = DeviceRow.from_data(json.loads(json.dumps(second["row"])))
    assert row.case == job.cases[0] and row.bytes == 6 * 8 * 4 * 2 + 6 * 8
    assert row.results == 6 * 8 * 4
    *there, liger = row.entries
    assert liger.absent == "Liger is not installed"
    for entry in there:
        assert entry.timing is not None, entry
        assert entry.timing.samples == 3 and entry.timing.median > 0
        assert entry.value_error is not None and entry.value_error < 1e-6, entry.peer
        assert entry.gradient_error is not None and entry.gradient_error < 1e-6, entry.peer
    assert [one.form for one in there] == ["generated", "generated", "by hand", "generated"]


@pytest.mark.parametrize("name", ["divergence_32768", "jensen_shannon_32768",
                                  "total_variation_32768", "huber", "poisson", "info_nce"])  # fmt: skip
def test_forms_that_users_of_torch_write_have_the_values_of_the_text(name: str) -> None:
    """What poisson_nll_loss computes is the text's value too: it leaves out the constant of the data."""
    case = tiny(name)
    problem = Problem(case.case, program_of(case.case), case.truth, "float32", 1, False)
    truth = accuracy.reference(problem.derived, problem.data[0], "float32")
    found = contenders.contender("torch", case, problem)
    assert found.form == "by hand"
    assert max(accuracy.errors(*found.results(found.run(0)), truth)) < 1e-6


def test_data_that_repeats_on_the_device_has_the_whole_batch(monkeypatch: Any) -> None:
    monkeypatch.setattr(contenders, "DRAWN", 25)
    case = tiny("huber")
    problem = Problem(case.case, program_of(case.case), {"batch": 96}, "float32")
    data = Data(problem, "float32")
    (held,) = data.sets(Host())
    assert data.repeat == 4 and held["prediction"].shape == (96,)
    np.testing.assert_array_equal(held["target"][:24], held["target"][72:])
    assert held["scale"] == pytest.approx(1 / 96)


def test_inputs_are_rounded_as_they_are_stored() -> None:
    import torch

    drawn = np.random.default_rng(0).normal(size=1000) * np.logspace(-30, 30, 1000)
    for kind in ("bfloat16", "float16", "float32"):
        expected = torch.from_numpy(drawn.astype(np.float32)).to(getattr(torch, kind)).double()
        with np.errstate(over="ignore"):
            found = accuracy.stored(drawn.astype(np.float32), kind)
        np.testing.assert_array_equal(found, expected.numpy())
    assert accuracy.stored(2.5, "bfloat16") == 2.5


# -------------------------------------------------------------- processes that fail


WORKER = """
import json, sys, time
job = json.load(sys.stdin)
say = lambda event: print(json.dumps(event), flush=True)
say({"device": {"name": "a device"}, "copy": 1e12})
print("a library says something")
for case in job["cases"]:
    name = case["case"]["name"]
    for peer in job["peers"]:
        if peer in job["barred"].get(name, {}):
            continue
        say({"contender": peer, "case": name})
        if peer == "torch" and name == "huber":
            sys.exit("an illegal address")
        if peer == "jax" and name == "poisson":
            time.sleep(60)
    say({"row": {"case": case, "bytes": 8, "results": 4, "entries": []}})
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Processes of which some fail."""
    import subprocess

    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    begin = subprocess.Popen

    def instead(command: list[str], **options: Any) -> Any:
        if command[1:] == ["-m", "objc.bench.cuda.worker"]:
            command = [command[0], str(script)]
        return begin(command, **options)

    monkeypatch.setattr(cuda.run.subprocess, "Popen", instead)


@pytest.mark.usefixtures("failing")
def test_a_contender_that_ends_its_process_or_hangs_is_left_out_the_next_time() -> None:
    job = DeviceJob((tiny("huber"), tiny("poisson")), ("objc", "torch", "jax"), 3, 120.0)
    kept: list[int] = []
    report = run(job, keep=lambda found: kept.append(len(found.rows)), patience=3.0)
    assert [one.case.name for one in report.rows] == ["huber", "poisson"]
    assert report.failures == [
        "huber torch: ended with the status 1: an illegal address", "poisson jax: took too long",
    ]  # fmt: skip
    assert kept == [1, 2, 2] and report.missing == []


# -------------------------------------------------------------- aims and the table


def row_of(aim: Aim, **medians: float) -> DeviceRow:
    entries = [
        DeviceEntry(
            name.replace("_", "."), form="generated", value_error=1e-8, gradient_error=1e-7,
            memory=3 << 20, timing=DeviceTiming(median, median, median, 3, 1, "events", 9e-6),
        )
        for name, median in medians.items()
    ]  # fmt: skip
    case = replace(KNOWN["huber"], aim=aim)
    return DeviceRow(case, 850, 1 << 20, tuple(entries))


@pytest.mark.parametrize(
    ("aim", "medians", "said"),
    [
        (Aim(copy=0.85), {"objc": 1.0}, "held: 85% of a copy, 85% aimed at"),
        (Aim(copy=0.9), {"objc": 1.0}, "missed: 85% of a copy, 90% aimed at"),
        (Aim(faster={"torch": 2.0}), {"objc": 1.0, "torch": 3.0}, "held: 3.0 times torch, 2 aimed at"),
        (Aim(faster={"torch": 2.0}), {"objc": 1.0}, "open: without torch"),
        (Aim(copy=0.8, faster={"torch": 2.0}), {"objc": 1.0},
         "open: 85% of a copy, 80% aimed at; without torch"),
        (Aim(copy=0.8, faster={"torch": 2.0}, either=True), {"objc": 1.0},
         "held: 85% of a copy, 80% aimed at; without torch"),
        (Aim(copy=0.9, faster={"torch": 2.0}, either=True), {"objc": 1.0, "torch": 2.5},
         "held: 85% of a copy, 90% aimed at; 2.5 times torch, 2 aimed at"),
        (Aim(copy=0.9, faster={"torch": 2.0}), {"objc": 1.0},
         "missed: 85% of a copy, 90% aimed at; without torch"),
        (Aim(host=8e-6), {"objc": 1.0}, "missed: 9.0 µs of the host, 8 aimed at"),
        (Aim(extra=4 << 20), {"objc": 1.0}, "held: 2 MiB beside the results, 4 aimed at"),
        (Aim(copy=0.9), {"torch": 1.0}, "not measured"),
        (Aim(), {"objc": 1.0}, None),
    ],
)  # fmt: skip
def test_aims_are_told_apart_from_what_is_not_known(
    aim: Aim, medians: dict[str, float], said: str | None
) -> None:
    assert verdict(aim, row_of(aim, **medians), 1000.0) == said


def test_wrong_numbers_reach_no_aim() -> None:
    row = row_of(Aim(copy=0.1), objc=1.0)
    (entry,) = row.entries
    for error, said in ((2e-3, "2e-03"), (float("inf"), "inf"), (float("nan"), "nan")):
        off = replace(row, entries=(replace(entry, gradient_error=error),))
        assert verdict(row.case.aim, off, 1000.0) == (
            f"wrong: the gradient is off by {said} of its largest entry"
        )
    brief = replace(row, case=replace(row.case, storage="bfloat16"))
    brief = replace(brief, entries=(replace(entry, gradient_error=2e-3),))
    assert (verdict(row.case.aim, brief, 1000.0) or "").startswith("held")


def test_a_checkout_that_is_not_installed_is_made_a_package(tmp_path: Path) -> None:
    """What a bare machine runs: the script finds the targets and the grammar, and names what is missing."""
    environment = device_run.package(tmp_path)
    code = (
        "import objc, objc.targets, objc.grammar;"
        "print(*(one.__file__ for one in (objc, objc.targets, objc.grammar)))"
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, cwd=tmp_path, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert all(one.startswith(str(tmp_path)) for one in found.stdout.split())
    script = Path(str(device_run.__file__))
    said = subprocess.run([sys.executable, "-S", "-E", script], text=True, capture_output=True)
    assert said.returncode == 1 and "Missing here: numpy, sympy" in said.stdout


def test_what_is_installed_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "objc" / "targets").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(device_run, "ROOT", tmp_path / "site")
    environment = device_run.package(tmp_path / "run")
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path / "site")
    assert not [*(tmp_path / "run").iterdir()]


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("limit", [60.0, 440.0])
def test_every_case_gets_its_time_however_short_that_is(
    limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones take what they may; what is kept back for the others is enough for all of them."""
    now = 0.0

    class Taken:
        def __init__(self, job: Any, case: Any, clock: Any, say: Any, *times: float) -> None:
            self.end, self.due, self.share = times

        def row(self) -> Any:
            nonlocal now
            now = min(self.end - 5, max(self.due, now + self.share / 2), now + 60)
            return row_of(Aim())

    monkeypatch.setattr(worker, "Measured", Taken)
    monkeypatch.setattr(worker.time, "monotonic", lambda: now)
    job = DeviceJob(tuple(map(small, CASES)), ("objc",), 1, limit)
    assert len([event for event in worker.work(job) if "row" in event]) == len(CASES)
    assert now <= limit


@pytest.mark.usefixtures("simulated")
def test_bfloat16_is_rehearsed_too() -> None:
    pytest.importorskip("ml_dtypes")
    (_, second) = worker.work(DeviceJob((tiny("cross_entropy_1000_bf16"),), ("objc",), 1, 300.0))
    (entry,) = DeviceRow.from_data(second["row"]).entries
    assert entry.timing is not None and entry.value_error is not None and entry.value_error < 1e-6
    assert entry.gradient_error is not None and entry.gradient_error < 2.0**-7


def test_the_table_says_what_is_missing() -> None:
    row = row_of(Aim(copy=0.85), objc=1.0, torch=2.0)
    gone = DeviceEntry("liger", absent="Liger is not installed")
    report = DeviceReport(
        {"processor": "a processor", "python": "3.12", "libraries": {"torch": "2"}}, 3,
        {"name": "NVIDIA H200", "memory_bytes": 1 << 37, "capability": "9.0", "driver_cuda": "13.0"},
        1000.0, [replace(row, entries=(*row.entries, gone))], ["crf"], ["huber jax: took too long"],
    )  # fmt: skip
    text = table(report)
    assert "NVIDIA H200, 128 GiB, compute capability 9.0, driver for CUDA 13.0" in text
    ours, theirs = (one for one in text.splitlines() if " generated " in one)
    assert ours.split()[:7] == [
        "huber",
        str(1 << 26),
        "objc",
        "generated",
        "1000.000",
        "0.000",
        "0",
    ]
    assert "2.00" in theirs.split()
    lines = text.splitlines()
    assert lines[4:8] == [
        "without liger: every case: Liger is not installed",
        "failed: huber jax: took too long", "no time was left for crf",
        "huber: held: 85% of a copy, 85% aimed at",
    ]  # fmt: skip
    assert lines[-4].startswith("case") and lines[-2:] == [ours, theirs]  # the table comes last
    assert json.loads(json.dumps(report.data()))["cases"][0]["name"] == "huber"


# -------------------------------------------------------------- the command


def test_without_a_device_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.target import load

    def missing() -> None:
        raise_no_device()

    def raise_no_device() -> None:
        from objc.targets.cuda.errors import NoDevice

        from objc.errors import ObjcError

        raise ObjcError(NoDevice(None, "the driver shows this process no device"))

    monkeypatch.setattr(load("cuda"), "clock", missing)
    invoke: Callable[..., click.testing.Result] = click.testing.CliRunner().invoke
    result = invoke(objc, ["bench", "--target", "cuda"])
    assert result.exit_code != 0 and "E0352" in result.output
    result = invoke(objc, ["bench", "--target", "cuda", "--case", "hubber"])
    assert "did you mean `huber`" in result.output
    result = invoke(objc, ["bench", "--target", "cuda", "--list"])
    assert "cross_entropy_32768_bf16" in result.output
