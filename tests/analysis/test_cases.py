"""Facts and diagnostics of small files, pinned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from objc.analysis import analyse
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

CASES = sorted((Path(__file__).parent / "cases").glob("*.objc"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, golden: Callable[[Path, str], None]) -> None:
    module = lower(parse(Source(case.name, case.read_text("utf-8"))))
    blocks = []
    for program in module.programs.values():
        facts = analyse(program)
        lines = [f"{program.kind} {program.name}", *(f"  {line}" for line in facts.lines())]
        blocks.append("\n".join(lines))
        blocks += [one.render() for one in facts.diagnostics]
    golden(case.with_suffix(".txt"), "\n\n".join(blocks))


def test_every_diagnostic_has_a_case() -> None:
    from objc.analysis import errors
    from objc.errors import Diagnostic

    codes = {
        one.code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Diagnostic) and one.code
    }
    pinned = "".join(case.with_suffix(".txt").read_text("utf-8") for case in CASES)
    assert codes == {code for code in codes if f"[{code}]" in pinned}
