"""`objc` as a process: interrupted, twice at once, with a cache that others have spoiled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import FILES, HEEDING

TRAIN = ("train", "line.objc", "--data", "points.csv", "--target", "numpy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("line.objc", "points.csv", "losses.objc"):
        shutil.copy(FILES / name, tmp_path)
    return tmp_path


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OBJC_CACHE_DIR": str(folder / "cache"), "COLUMNS": "100"}
    return subprocess.Popen(
        [sys.executable, "-c", HEEDING, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with _start(folder, *arguments) as process:
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error


def _values(document: str) -> dict[str, float]:
    """The last values of a run, but for the time that it took."""
    last: dict[str, float] = json.loads(document)["last"]
    return {name: value for name, value in last.items() if name != "seconds"}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupted_run_leaves_whole_files(folder: Path) -> None:
    files = ("--epochs", "1000000", "--checkpoint", "run.npz", "--save", "line.npz", "-q")
    with _start(folder, *TRAIN, *files) as process:
        while not (folder / "run.npz").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    assert len(error.strip().splitlines()) == 1 and error.strip().startswith("interrupted")
    for one in folder.glob("*.npz"):
        with np.load(one) as archive:
            assert all(archive[name] is not None for name in archive.files)
    assert not list(folder.glob(".*npz*"))


def test_two_at_once(folder: Path) -> None:
    both = [_start(folder, *TRAIN, "--epochs", "2", "--json") for _ in range(2)]
    found = [(*one.communicate(timeout=120), one.returncode) for one in both]
    assert [one[1:] for one in found] == [("", 0), ("", 0)]
    assert _values(found[0][0]) == _values(found[1][0])


def _truncate(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-20])


def _replace(entry: Path) -> None:
    entry.write_bytes(os.urandom(64))


def _make_directory(entry: Path) -> None:
    entry.unlink()
    entry.mkdir()


def _make_pipe(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry, 0o600)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("spoil", [_truncate, _replace, _make_directory, _make_pipe])
def test_a_spoiled_cache_is_made_anew(folder: Path, spoil: Callable[[Path], None]) -> None:
    status, first, _ = _run(folder, *TRAIN, "--epochs", "2", "--json")
    assert status == 0
    entries = sorted((folder / "cache").rglob("*.entry"))
    assert entries
    for entry in entries:
        spoil(entry)
    status, again, error = _run(folder, *TRAIN, "--epochs", "2", "--json")
    assert (status, error) == (0, "")
    assert _values(again) == _values(first)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_cache_that_others_may_write_to_is_a_warning_like_others(folder: Path) -> None:
    (folder / "cache").mkdir()
    (folder / "cache").chmod(0o777)
    status, out, error = _run(folder, *TRAIN, "--epochs", "2", "-q")
    assert status == 0
    assert error.startswith("warning[W0301]: ")
    assert ".py" not in error
    assert "nothing is kept without `--save`" in out
