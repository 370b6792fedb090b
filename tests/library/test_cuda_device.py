"""Every declaration of the library on a device, and what compute-sanitizer says of some."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cuda_agreement import REPRESENTATIVE, ROW, Device, agrees, why_not
from draws import SIZES
from oracles import ROWS

from objc.target import DType

if why_not() is not None:
    pytest.skip(f"no device: {why_not()}", allow_module_level=True)
pytestmark = pytest.mark.gpu

MIDDLE = {name: 40 if size > 2 else size for name, size in SIZES.items()}
"""Rows that a warp takes."""


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_the_interpreter_on_a_device(name: str, dtype: DType) -> None:
    """A thread, and a warp or a block a turn."""
    agrees(name, dtype, Device(), 1500)
    agrees(name, dtype, Device(), 70, MIDDLE)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("extent", [1024, 1100, 5001, 32_768])
@pytest.mark.parametrize("name", ["cross_entropy", "kl_logits", "focal", "total_variation"])
def test_long_rows_agree(name: str, extent: int, dtype: DType) -> None:
    agrees(name, dtype, Device(), 70, {**ROW, "K": extent})


@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "synccheck", "initcheck"])
def test_the_sanitizer_finds_nothing(tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not installed")
    script = Path(__file__).with_name("cuda_agreement.py")
    result = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, script,
         *REPRESENTATIVE],
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
