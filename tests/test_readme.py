"""Every code block of the README runs, in order, as a reader would type it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w*)([^\n]*)\n(.*?)```", re.DOTALL)


def _blocks() -> list[tuple[str, str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text())


def _option(options: str, name: str) -> str | None:
    found = re.search(rf'{name}=("[^"]*"|\S+)', options)
    return found.group(1).strip('"') if found else None


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=folder, env=_environment(), capture_output=True, text=True
    )


def test_the_first_two_commands_exist() -> None:
    language, _, text = _blocks()[0]
    assert not language
    commands = [line.split("#")[0].strip() for line in text.strip().splitlines()]
    assert commands == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text()
    for command in commands:
        assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.savez(tmp_path / "digits.npz", x=digits.data / 16.0, label=digits.target)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "readme"}
    ran = 0
    for language, options, text in _blocks()[1:]:
        if language == "objc":
            name = _option(options, "file")
            assert name is not None, "an objc block says which file it is"
            (tmp_path / name).write_text(text)
        elif language == "python":
            exec(compile(text, "README.md", "exec"), scope)
        elif language == "sh":
            for command in text.strip().splitlines():
                if "--target library" in command and shutil.which("cc") is None:
                    continue
                done = _shell(command, tmp_path)
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
                assert done.stdout.strip(), f"{command} printed nothing"
        elif language == "text":
            command = _option(options, "output-of")
            shown = _option(options, "part-of")
            if shown is not None:
                if not (tmp_path / shown).exists() and shutil.which("cc") is None:
                    continue
                assert text.strip() in (tmp_path / shown).read_text("utf-8")
                ran += 1
                continue
            assert command is not None
            done = _shell(command, tmp_path)
            assert done.returncode == 1
            assert text.strip() in done.stdout + done.stderr
        else:
            raise AssertionError(f"a block in an unknown language: {language!r}")
        ran += 1
    assert ran > 8


def test_training_from_the_command_line(tmp_path: Path) -> None:
    """The README's `objc train` line, on the README's objective."""
    for language, options, text in _blocks():
        if language == "objc" and _option(options, "file") == "classifier.objc":
            (tmp_path / "classifier.objc").write_text(text)
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.savez(tmp_path / "digits.npz", x=digits.data / 16.0, label=digits.target)
    line = re.search(r"`(objc train [^`]*--optimizer adam)`", (ROOT / "README.md").read_text())
    assert line is not None
    done = _shell(f"{line.group(1)} --epochs 2", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
