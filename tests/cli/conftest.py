"""Running `objc` in process, in a folder of its own."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from objc.cli.application import objc

FILES = Path(__file__).parent / "files"


def heed_interrupts() -> None:
    """For a child process: SIGINT may be ignored where the tests run, as behind `nohup` or `&`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


Run = Callable[..., click.testing.Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("check", "losses.objc", stdin="…")` beside copies of the files of the tests."""
    for one in FILES.iterdir():
        shutil.copy(one, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("OBJC_DEBUG", raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> click.testing.Result:
        runner = click.testing.CliRunner()
        return runner.invoke(objc, list(arguments), input=stdin, prog_name="objc")

    return invoke
