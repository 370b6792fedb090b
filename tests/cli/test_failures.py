"""Faults, interruptions and readers that go away."""

from __future__ import annotations

import subprocess
import sys
from typing import NoReturn

import pytest

from objc.errors import InternalError
from tests.cli.conftest import FILES, Run


def _failing(error: BaseException) -> object:
    def fail(*arguments: object, **named: object) -> NoReturn:
        raise error

    return fail


def test_a_fault_asks_for_a_report(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objc.cli.check.check", _failing(ValueError("out of order")))
    result = run("check", "losses.objc")
    assert result.exit_code == 70
    assert result.stderr.startswith("internal error: ValueError: out of order\n")
    assert "report it" in result.stderr and "Traceback" not in result.stderr


def test_a_fault_is_shown_when_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objc.cli.check.check", _failing(InternalError("the stage failed")))
    monkeypatch.setenv("OBJC_DEBUG", "1")
    result = run("check", "losses.objc")
    assert result.exit_code == 70
    assert "Traceback" in result.stderr
    assert result.stderr.count("Please report it") == 2  # in the traceback, and in the message


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141)]
)
def test_quiet_ends(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    monkeypatch.setattr("objc.cli.check.check", _failing(error))
    result = run("check", "losses.objc")
    said = "interrupted" if status == 130 else ""
    assert (result.exit_code, result.output.strip()) == (status, said)


def test_a_reader_that_goes_away() -> None:
    command = [sys.executable, "-m", "objc", "explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_terminal_that_lacks_a_letter() -> None:
    target = f"{FILES / 'losses.objc'}:huber"
    command = [sys.executable, "-m", "objc", "show", "--stage", "formula", target]
    environment = {"PYTHONIOENCODING": "latin-1", "PATH": ""}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0
    assert rb"\u2264" in done.stdout


def test_colors_hold_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import re

    from objc.cli.check import Asked, check
    from objc.cli.output import write_diagnostics

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = check(str(FILES / "wrong.objc"), Asked()).diagnostics
    colored, plain = Terminal(), Terminal()
    write_diagnostics(found, colored)
    monkeypatch.setenv("NO_COLOR", "1")
    write_diagnostics(found, plain)
    assert "\x1b[" in colored.getvalue() and "\x1b[" not in plain.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", colored.getvalue()) == plain.getvalue()
    assert plain.getvalue() == "".join(f"{one.render()}\n\n" for one in found)
