"""Running `objc` in process, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from objc.cli.application import objc

FILES = Path(__file__).parent / "files"


HEEDING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " runpy.run_module('objc', run_name='__main__', alter_sys=True)"
)
"""`python -c` with this is `python -m objc`, also where the tests run with SIGINT ignored, as behind
`nohup` or `&`: children inherit that."""


Run = Callable[..., click.testing.Result]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: what is said with it and without it is the same."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("check", "losses.objc", stdin="…")` beside copies of the files of the tests."""
    for one in FILES.iterdir():
        shutil.copy(one, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBJC_CACHE_DIR", str(cache))
    monkeypatch.delenv("OBJC_DEBUG", raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> click.testing.Result:
        runner = click.testing.CliRunner()
        return runner.invoke(objc, list(arguments), input=stdin, prog_name="objc")

    return invoke
