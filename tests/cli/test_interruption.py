"""Ctrl-C in `objc train`: one line, status 130, and the files of the epochs that were finished."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from .conftest import FILES, HEEDING

COMMAND = [
    *(sys.executable, "-c", HEEDING, "train", "line.objc", "--data", "points.csv"),
    *("--target", "numpy", "--epochs", "1000000", "--batch-size", "all"),
]


def interrupted(folder: Path, *options: str) -> tuple[int, str]:
    """Status and standard error of a run that gets the signal once it has a checkpoint."""
    for one in FILES.iterdir():
        shutil.copy(one, folder)
    command = [*COMMAND, *options, "--checkpoint", "run.npz", "-q"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while not (folder / "run.npz").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, told


def test_what_was_finished_is_written(tmp_path: Path) -> None:
    status, told = interrupted(tmp_path, "--save", "line.npz", "--history", "line.csv")
    assert status == 130
    assert told.count("\n") == 1 and "wrote line.npz, line.csv as of " in told
    assert "; `--resume run.npz` goes on" in told
    epochs = len((tmp_path / "line.csv").read_text("utf-8").splitlines()) - 1
    assert f"interrupted in epoch {epochs + 1}: " in told
    with np.load(tmp_path / "line.npz") as found:
        assert set(found.files) == {"slope", "offset"}
        assert all(np.isfinite(found[name]) for name in found.files)
    with np.load(tmp_path / "run.npz") as archive:
        assert all(archive[name] is not None for name in archive.files)
    assert not list(tmp_path.glob(".*npz*"))


def test_nothing_is_kept_without_a_file(tmp_path: Path) -> None:
    status, told = interrupted(tmp_path, "--optimizer", "sgd")
    assert status == 130 and "nothing is kept without `--save`" in told
