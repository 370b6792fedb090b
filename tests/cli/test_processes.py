"""`objc` as a process: twice at once, with a cache that others have spoiled."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

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
def test_a_spoiled_cache_is_made_anew(folder: Path) -> None:
    status, first, _ = _run(folder, *TRAIN, "--epochs", "2", "--json")
    assert status == 0
    for ways in ((_truncate, _make_directory), (_make_pipe, _replace)):
        entries = sorted(one for one in (folder / "cache").rglob("*.entry") if one.is_file())
        assert len(entries) > 1
        for entry, spoil in zip(entries, itertools.cycle(ways), strict=False):
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
