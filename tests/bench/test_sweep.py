"""`objc bench --sweep`: the sizes it takes, the steps it finds, what it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from objc.bench import curves, machine
from objc.bench import sweep as sweeping
from objc.bench.cases import CASES
from objc.bench.problem import Problem
from objc.bench.programs import program_of
from objc.bench.run import Report
from objc.bench.sweep import Curve, Point, sizes_along, sweep
from objc.cli.application import objc

ROWS_OF_TEN = next(one for one in CASES if one.name == "cross_entropy_10")
PAIRS = next(one for one in CASES if one.name == "pairwise_logistic")


def test_sizes_keep_the_entries() -> None:
    """Those of the batch in the one sweep, those in all in the other; and all that memory has room for."""
    widths = {"example": 10, "bytes": 8}
    batches = [one["batch"] for one in sizes_along(ROWS_OF_TEN, "batch", widths, None)]
    assert batches[0] == 10 and batches[-1] == 10_000_000
    room = [one["batch"] for one in sizes_along(ROWS_OF_TEN, "batch", widths, 32 * 30_000)]
    assert room[-1] == 3000
    rows = list(sizes_along(ROWS_OF_TEN, "K", widths, None))
    assert rows[0] == {"batch": sweeping.ENTRIES // 2, "K": 2}
    assert all(0.9 < one["batch"] * one["K"] / sweeping.ENTRIES <= 1 for one in rows)
    pairs = list(sizes_along(PAIRS, "N", {"example": 8192, "bytes": 8}, 32 * 10**6))
    assert pairs[-1] == {"N": 1000} and pairs[0] == {"N": 2}


def test_a_curve_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sweeping, "ROWS", (2, 3))
    monkeypatch.setattr(sweeping, "ENTRIES", 60)
    monkeypatch.setattr(sweeping, "SAMPLES", 1)
    curve = sweep(ROWS_OF_TEN, "K", "float32", 2)
    assert [(one.size, one.entries) for one in curve.points] == [(2, 60), (3, 60)]
    assert all(one.lower <= one.median <= one.upper for one in curve.points)
    assert Curve.from_data(curve.data()) == curve
    report = Report({"processor": "one", "threads": 2}, "float32", 1, None, curves=[curve])
    curves.plot(report, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_long_batch_repeats_what_is_drawn() -> None:
    sizes = {"batch": 7, "K": 3}
    problem = Problem(ROWS_OF_TEN, program_of(ROWS_OF_TEN), sizes, "float32", distinct=4)
    logits = problem.data[0]["logits"]
    assert logits.shape == (7, 3) and len(np.unique(logits)) == 12
    np.testing.assert_array_equal(logits[4:], logits[:3])
    assert problem.data[0]["scale"] == 1 / 7


def test_the_worst_step_and_the_table() -> None:
    def point(size: int, cost: float) -> Point:
        return Point(size, size * 10, *[cost * size * 10e-9] * 3)

    curve = Curve("rows", "batch", (point(1, 8.0), point(2, 2.0), point(4, 3.0), point(8, 3.3)))
    assert curve.cliff() == (pytest.approx(1.5), 4)
    report = Report({}, "float32", 1, None, curves=[curve])
    assert curves.text(report).splitlines()[:8] == [
        "entries  rows",
        "     10     8",
        "     20     2",
        "     40     3",
        "     80   3.3",
        "",
        "nanoseconds an entry of the largest input; the worst steps from a size to the next:",
        "rows along batch: 1.50× at 4",
    ]


def test_a_dimension_that_no_case_has(monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "busy", lambda: 0.0)
    arguments = ["bench", "--case", "ppo_clip", "--sweep", "K"]
    result = click.testing.CliRunner().invoke(objc, arguments)
    assert result.exit_code == 2
    assert "error[E0344]: `ppo_clip` has no dimension `K`" in result.stderr
