"""`objc check FILE…`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from objc.cli.application import FINDINGS, status_of
from objc.cli.output import Markup, progress, write_data, write_diagnostics, write_text
from objc.cli.targets import TargetName, lower_target
from objc.errors import Diagnostic, ObjcError

if TYPE_CHECKING:
    from objc.analysis import Facts
    from objc.ir.program import Program


@dataclass(frozen=True)
class Checked:
    """What came of one target: its programs with their facts, and every finding."""

    target: str
    programs: tuple[tuple[Program, Facts], ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> int:
        return sum(one.severity == "error" for one in self.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.diagnostics) - self.errors


@click.command(
    epilog=Markup.examples(
        "objc check losses.objc",
        "objc check losses.objc:huber examples/*.objc",
        "objc check --json losses.objc",
        "objc check --strict - < losses.objc",
    )
)
@click.argument("targets", nargs=-1, required=True, metavar="FILE[:NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
def command(targets: Sequence[str], as_json: bool, strict: bool, quiet: bool) -> int:
    """Find what is wrong in a file, and what is known of each loss.

    Files are parsed, names, shapes and domains resolved, and what can be decided of each
    declaration is: its range, its curvature, where it has kinks, its claims, and at a few examples
    whether digits cancel that the compiler can't keep. `-` is the standard input. A declaration of
    the standard library may be given by its name alone. The exit status is 1 if there is an error.
    """
    results = [check(one) for one in progress(list(targets), "checking", quiet)]
    if as_json:
        write_data(_data(results))
    else:
        for result in results:
            _write(result, quiet)
        _write_summary(results)
    found = [one for result in results for one in result.diagnostics]
    errors = [one for one in found if one.severity == "error"]
    if errors:
        return status_of(errors)
    return FINDINGS if strict and found else 0


def check(target: str) -> Checked:
    """Parse, lower and analyse a target, collecting findings instead of raising them."""
    from objc.accuracy.cancellation import cancellation
    from objc.analysis import analyse

    try:
        module, programs = lower_target(TargetName.find(target))
    except ObjcError as error:
        return Checked(target, (), error.diagnostics)
    analysed = tuple((one, analyse(one)) for one in programs)
    found = list(module.warnings)
    for program, facts in analysed:
        found += [one for one in facts.diagnostics if one not in found]
        if program.terms and not any(one.severity == "error" for one in facts.diagnostics):
            lost = cancellation(program)
            found += [] if lost is None else [lost]
    return Checked(target, analysed, tuple(found))


def _write(result: Checked, quiet: bool) -> None:
    write_diagnostics(result.diagnostics)
    if quiet or not result.programs:
        return
    write_text(result.target, "bold")
    for program, facts in result.programs:
        click.echo(f"  {program.kind} {program.name}")
        for line in facts.lines():
            click.echo(f"    {line}")
    click.echo()


def _write_summary(results: Sequence[Checked]) -> None:
    declarations = sum(len(one.programs) for one in results)
    errors, warnings = (
        sum(getattr(one, kind) for one in results) for kind in ("errors", "warnings")
    )
    findings = [_count(errors, "error")] if errors else []
    findings += [_count(warnings, "warning")] if warnings else []
    text = ", ".join([_count(declarations, "declaration"), *(findings or ["no findings"])])
    write_text(text, "bold red" if errors else "bold yellow" if warnings else "bold green")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _data(results: Iterable[Checked]) -> dict[str, Any]:
    listed = list(results)
    return {
        "declarations": [
            _declaration(one.target, program, facts)
            for one in listed
            for program, facts in one.programs
        ],
        "diagnostics": [
            {"target": one.target, **finding.as_data()}
            for one in listed
            for finding in one.diagnostics
        ],
        "errors": sum(one.errors for one in listed),
        "warnings": sum(one.warnings for one in listed),
    }


def _declaration(target: str, program: Program, facts: Facts) -> dict[str, Any]:
    return {
        "name": program.name,
        "target": target,
        "kind": program.kind,
        "inputs": [
            {
                "name": one.name,
                "domain": str(one.domain),
                "shape": [str(dimension) for dimension in one.dimensions],
                "role": one.role,
                "default": None if one.default is None else str(one.default),
            }
            for one in program.inputs
        ],
        "facts": [fact.as_data() for fact in facts],
    }
