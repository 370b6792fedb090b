"""`objc check FILE…`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from objc.cli.application import FINDINGS, status_of
from objc.cli.output import Markup, progress, write_data, write_diagnostics, write_text
from objc.cli.targets import TargetName, lower_soundly
from objc.errors import Diagnostic

if TYPE_CHECKING:
    from objc.analysis import Facts
    from objc.analysis.effort import Level
    from objc.ir.program import Program


@dataclass(frozen=True)
class Asked:
    """What is to be reported: of which properties (all, where none is named), after how much thought, and
    whether step by step."""

    properties: tuple[str, ...] = ()
    effort: Level = "normal"
    why: bool = False

    def of(self, facts: Facts) -> Facts:
        """The facts that are asked for: a kink is one about differentiability."""
        if not self.properties:
            return facts
        kinds = {
            *self.properties,
            *(("kink", "jump") if "differentiable" in self.properties else ()),
        }
        return replace(facts, facts=tuple(one for one in facts if one.property in kinds))


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


def _known_properties(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """The words of claims, each of which there is."""
    from objc.errors import did_you_mean
    from objc.properties import PROPERTIES

    for one in given:
        if one not in PROPERTIES:
            near = did_you_mean(one, PROPERTIES) or f"there are {', '.join(PROPERTIES)}"
            raise click.BadParameter(f"there is no property `{one}`; {near}")
    return given


@click.command(
    epilog=Markup.examples(
        "objc check losses.objc",
        "objc check losses.objc:huber examples/*.objc",
        "objc check --json losses.objc",
        "objc check --why --property convex losses.objc:huber",
        "objc check --effort thorough losses.objc",
        "objc check --strict - < losses.objc",
    )
)
@click.argument("targets", nargs=-1, required=True, metavar="FILE[:NAME]...")
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="PROPERTY",
    callback=_known_properties,
    help="Report on this property only, a word of claims (convex, lipschitz …). May be repeated.",
)
@click.option(
    "--effort",
    type=click.Choice(["quick", "normal", "thorough"]),
    default="normal",
    show_default=True,
    help="How long to think: a quarter of a second, three seconds, a minute for each claim.",
)
@click.option("--why", is_flag=True, help="Print each argument step by step, under the text.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print data instead of text. The verdict of a fact is on its statement; `claim` is what the text"
    " claims of it (perhaps that it does not hold), with the verdict on that.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
def command(
    targets: Sequence[str],
    properties: tuple[str, ...],
    effort: Level,
    why: bool,
    as_json: bool,
    strict: bool,
    quiet: bool,
) -> int:
    """Find what is wrong in a file, and what is known of each loss.

    Files are parsed, names, shapes and domains resolved, and what can be decided of each
    declaration is: its range, its curvature, where it has kinks, its claims, constants and behavior
    far out that nobody claims, and at a few examples whether digits cancel that the compiler can't
    keep. What is left undecided is listed. `-` is the standard input. A declaration of
    the standard library may be given by its name alone. The exit status is 1 if there is an error.
    """
    asked = Asked(properties, effort, why)
    results = [check(one, asked) for one in progress(list(targets), "checking", quiet)]
    if as_json:
        write_data(_data(results, asked))
    else:
        for result in results:
            _write(result, asked, quiet)
        _write_summary(results)
    found = [one for result in results for one in result.diagnostics]
    errors = [one for one in found if one.severity == "error"]
    if errors:
        return status_of(errors)
    return FINDINGS if strict and found else 0


def check(target: str, asked: Asked) -> Checked:
    """Parse, lower and analyse a target, collecting findings instead of raising them."""
    from objc.accuracy.cancellation import cancellation
    from objc.analysis import analyse
    from objc.analysis.effort import LEVELS

    found, programs = lower_soundly(TargetName.find(target))
    effort, wanted = LEVELS[asked.effort], asked.properties or None
    analysed = tuple((one, analyse(one, effort, wanted)) for one in programs)
    for program, facts in analysed:
        found += [one for one in facts.diagnostics if one not in found]
        if program.terms and not any(one.severity == "error" for one in facts.diagnostics):
            lost = cancellation(program)
            found += [] if lost is None else [lost]
    return Checked(target, analysed, tuple(found))


def _write(result: Checked, asked: Asked, quiet: bool) -> None:
    write_diagnostics(result.diagnostics)
    if quiet or not result.programs:
        return
    write_text(result.target, "bold")
    for program, facts in result.programs:
        shown = asked.of(facts)
        click.echo(f"  {program.kind} {program.name}")
        for line in _reasons(program, shown) if asked.why else shown.lines():
            click.echo(f"    {line}".rstrip())
        if shown.undecided:
            click.echo(f"    undecided: {'; '.join(shown.undecided)}")
    click.echo()


def _reasons(program: Program, facts: Facts) -> Iterator[str]:
    """Each fact with its certificate, an empty line after it."""
    from objc.analysis.reasons import reason
    from objc.analysis.subject import Subject

    subject = Subject(program) if program.terms else None
    for fact in facts.shown():
        yield from [str(fact)] if subject is None else reason(subject, fact).lines()
        yield ""


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


def _data(results: Iterable[Checked], asked: Asked) -> dict[str, Any]:
    listed = list(results)
    return {
        "declarations": [
            _declaration(one.target, program, asked.of(facts), asked.why)
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


def _declaration(target: str, program: Program, facts: Facts, why: bool) -> dict[str, Any]:
    joint = [one.name for one in program.inputs if one.role not in ("hyperparameter", "internal")]
    found = [{**data, "of": data["of"] or joint} for data in (fact.as_data() for fact in facts)]
    if why and found:
        from objc.analysis.reasons import reason
        from objc.analysis.subject import Subject

        subject = Subject(program)
        for data, fact in zip(found, facts, strict=True):
            data["steps"] = reason(subject, fact).as_data()
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
        "facts": found,
    }
