"""Adding a loss is one declaration in one file: no Python, no registry, no list to extend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import objc
from objc.training import fit

LOSS = '''
"""A ramp on both sides: beyond the width an outlier costs no more than its share."""
loss saturated(prediction: real | target: real; width: positive = 1) =
    width^2 * log(1 + (r / width)^2)
    where r = prediction - target
'''
MODEL = """
use ramps (saturated)
objective line(w: real, b: real | x: real, y: real; width: positive = 0.5) =
    minimize saturated(w * x + b | y; width=width)
"""


def test_a_loss_of_a_file_trains(tmp_path: Path) -> None:
    (tmp_path / "ramps.objc").write_text(LOSS)
    (tmp_path / "line.objc").write_text(MODEL)
    draw = np.random.default_rng(0)
    x = draw.uniform(-1, 1, 400)
    y = 2 * x - 1 + draw.normal(0, 0.05, 400)
    y[:80] = 30.0  # a fifth are outliers
    line = objc.compile(tmp_path / "line.objc").line
    start = {"w": 0.0, "b": 0.0}
    result = fit(line, {"x": x, "y": y}, parameters=start, optimizer="lbfgs", epochs=100)
    assert result.parameters["w"] == pytest.approx(2, abs=0.05)
    assert result.parameters["b"] == pytest.approx(-1, abs=0.05)
    alone = objc.compile(tmp_path / "ramps.objc").saturated
    r = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(alone.per_example(r, 0.0, width=2.0), 4 * np.log1p(r**2 / 4))
    slope = alone.gradient(r, np.zeros(7), reduction="sum", width=2.0)
    np.testing.assert_allclose(slope, 2 * r / (1 + r**2 / 4))


def test_the_command_line_takes_it_too(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from objc.cli.application import objc as command

    (tmp_path / "ramps.objc").write_text(LOSS)
    checked = CliRunner().invoke(command, ["check", str(tmp_path / "ramps.objc")])
    assert checked.exit_code == 0 and "loss saturated" in checked.output
