"""What every command prints, pinned: command, output and exit status."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from objc.cli.application import COMMANDS
from tests.cli.conftest import FILES, Run

TRANSCRIPTS = Path(__file__).parent / "transcripts"

CASES: dict[str, tuple[str, ...]] = {
    "no_arguments": ("objc",),
    "version": ("objc --version",),
    "unknown_command": ("objc chek losses.objc", "objc frobnicate"),
    "unknown_option": ("objc check --jsn losses.objc",),
    "check": (
        "objc check --effort thorough losses.objc",
        "objc check --effort thorough losses.objc:huber",
        "objc check --effort thorough -q losses.objc",
    ),
    "check_why": (
        "objc check --effort thorough --why --property convex --property lipschitz losses.objc:huber",
        "objc check --property convx losses.objc",
    ),
    "check_wrong": (
        "objc check --effort thorough wrong.objc",
        "objc check --effort thorough losses.objc wrong.objc",
    ),
    "check_suspicious": ("objc check --effort thorough suspicious.objc",),
    "check_cancelling": ("objc check --effort thorough -q cancelling.objc",),
    "check_strict": ("objc check --strict -q suspicious.objc:gentle",),
    "check_missing": ("objc check loses.objc", "objc check ."),
    "check_json": (
        "objc check --effort thorough --json losses.objc:huber suspicious.objc:surprise wrong.objc",
    ),
    "unknown_name": ("objc show losses.objc:hubber", "objc show losses.objc:nothing_alike"),
    "show_syntax": ("objc show --stage syntax losses.objc:cross_entropy",),
    "show_program": ("objc show losses.objc",),
    "show_formula": (
        "objc show --stage formula losses.objc",
        "objc show --latex losses.objc:huber",
    ),
    "show_gradient": (
        "objc show --stage gradient losses.objc:huber",
        "objc show --stage gradient --batched losses.objc:cross_entropy",
        "objc show --stage gradient --json losses.objc:accuracy",
    ),
    "unknown_target": (
        "objc show --stage source --target nump losses.objc:huber",
        "objc compile losses.objc -o out --target gpu",
    ),
    "format_check": (
        "objc format --check untidy.objc losses.objc",
        "objc format --check losses.objc",
    ),
    "format_diff": ("objc format --diff untidy.objc",),
    "format": ("objc format untidy.objc losses.objc", "objc format untidy.objc"),
    "format_wrong": ("objc format nowhere.objc",),
    "explain": ("objc explain E0301", "objc explain e0301", "objc explain --json E0303"),
    "explain_unknown": ("objc explain E030", "objc explain nonsense"),
    "accuracy": (
        "objc accuracy losses.objc:huber --target numpy --points 40 --seed 1",
        "objc accuracy losses.objc:huber --target numpy --points 40 --magnitudes 1e-3:1e3",
        "objc accuracy losses.objc:huber --magnitudes 1e3:1e-3",
        "objc accuracy losses.objc:huber --size K",
        "objc accuracy losses.objc --plot bits.png",
        "objc accuracy losses.objc:hubber",
    ),
    "list_unknown": ("objc list cross_entrpy",),
    "compile_usage": (
        "objc compile losses.objc",
        "objc compile losses.objc wrong.objc -o out --name one",
        "objc compile losses.objc -o out --name 1st",
        "objc compile - -o out",
    ),
    "compile_wrong": ("objc compile suspicious.objc -o out",),
    "train_usage": (
        "objc train line.objc",
        "objc train losses.objc --data points.csv",
        "objc train line.objc --data points.csv --map x",
        "objc train line.objc --data points.csv --set l2=much",
        "objc train line.objc --data points.csv --batch-size some",
        "objc train line.objc --data points.csv --metric eror",
        "objc train line.objc:lin --data points.csv",
    ),
} | {f"help_{name}": (f"objc {name} --help",) for name in COMMANDS}


@pytest.mark.parametrize("name", sorted(CASES))
def test_transcript(name: str, run: Run, golden: Callable[[Path, str], None]) -> None:
    blocks = []
    for line in CASES[name]:
        result = run(*shlex.split(line)[1:])
        status = f"[exit {result.exit_code}]\n" if result.exit_code else ""
        blocks.append(f"$ {line}\n{result.output}{status}")
    golden(TRANSCRIPTS / f"{name}.txt", "\n".join(blocks))


def test_no_transcript_without_a_case() -> None:
    assert {one.stem for one in TRANSCRIPTS.iterdir()} == set(CASES)


def test_every_diagnostic_of_the_command_line_is_pinned() -> None:
    from objc.cli import errors
    from objc.errors import Diagnostic

    codes = {
        one.code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Diagnostic) and one.code
    }
    pinned = "".join(one.read_text("utf-8") for one in TRANSCRIPTS.iterdir())
    elsewhere = {"E0302", "E0304", "E0307"}  # in test_compile and test_format
    assert codes - elsewhere == {code for code in codes if f"[{code}]" in pinned}


def test_files_stand_formatted(run: Run) -> None:
    names = [one.name for one in FILES.glob("*.objc") if one.stem not in ("untidy", "wrong")]
    assert run("format", "--check", *names).exit_code == 0
