"""The wheel and the source distribution build, hold what they must, and work outside the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

USE = """
import pathlib, sys, objc, numpy as np
assert pathlib.Path(objc.__file__).is_relative_to(sys.argv[1]), objc.__file__
from objc.library import huber
value, gradient = huber.value_and_grad(np.array([3.0]), np.array([0.0]))
assert (value, gradient[0]) == (2.5, 1.0)
import objc.targets.numpy
"""


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a source distribution, from the files that git knows."""
    folder = tmp_path_factory.mktemp("distributions")
    checkout = folder / "checkout"
    for name in _tracked():
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(checkout)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def test_source_distribution_is_whole(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for wanted in ("grammar/objc.lark", "objc/library/regression.objc", "README.md", "LICENSE"):
        assert wanted in names


def test_wheel_is_whole(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    packages = {"objc": "objc", "targets": "objc/targets", "grammar": "objc/grammar"}
    for name in _tracked():
        folder, _, inner = name.partition("/")
        if folder in packages and name.endswith((".py", ".pyi", ".objc", ".lark")):
            assert f"{packages[folder]}/{inner}" in packed
    assert "objc/py.typed" in packed


def test_wheel_works_outside_of_the_repository(distributions: Path, tmp_path: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "OBJC_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", USE, str(site)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "objc", "list", "huber"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stderr
    assert "delta" in listed.stdout
