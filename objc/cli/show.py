"""`objc show --stage STAGE FILE[:NAME]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from objc.cli.options import target_option
from objc.cli.output import Markup, write_data, write_text
from objc.cli.targets import TargetName, lower_target, parse_target

if TYPE_CHECKING:
    from objc.cli.variants import View
    from objc.ir.program import Program

STAGES = ("syntax", "formula", "program", "gradient", "loops", "source")


@click.command(
    epilog=Markup.examples(
        "objc show losses.objc:huber",
        "objc show --stage gradient losses.objc:huber",
        "objc show --stage source --target cpu --dtype float32 losses.objc:huber",
        "objc show --latex losses.objc:huber",
        "objc show focal",
    )
)
@click.argument("target_name", metavar="FILE[:NAME]")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="program",
    show_default=True,
    help="syntax: the tree that was parsed; formula: plain mathematics; program: lets, for one"
    " example; gradient: after differentiation; loops: the schedule; source: what the target"
    " compiles.",
)
@click.option("--latex", is_flag=True, help="The formula in LaTeX, instead of a stage.")
@click.option(
    "--batched/--single",
    default=None,
    help="With a batch axis or for one example. [default: --single for gradient, else --batched]",
)
@target_option("The target of source")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float64",
    show_default=True,
    help="The floating type of source.",
)
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(
    target_name: str,
    stage: str,
    latex: bool,
    batched: bool | None,
    target: str,
    dtype: str,
    as_json: bool,
) -> None:
    """Print any stage between the text and the kernel.

    Without NAME, every declaration of the file. A declaration of the standard library may be given by
    its name alone.
    """
    stage = "latex" if latex else stage
    name = TargetName.find(target_name)
    if stage == "syntax":
        texts = _syntax(name)
    else:
        from objc.cli.variants import View

        _, programs = lower_target(name)
        view = View(stage != "gradient" if batched is None else batched, target, dtype)
        texts = {one.name: _RENDERERS[stage](one, view) for one in programs}
    if as_json:
        write_data({"stage": stage, "declarations": texts})
        return
    for number, (declaration, text) in enumerate(texts.items()):
        if len(texts) > 1 and stage not in ("syntax", "program", "gradient", "formula"):
            write_text(f"{'' if number == 0 else chr(10)}{declaration}", "bold")
        elif number > 0:
            click.echo()
        click.echo(text)


def _syntax(name: TargetName) -> dict[str, str]:
    from objc.cli.outline import outline

    file = parse_target(name)
    if name.name is None:
        return {"file": outline(file)}
    return {one.name: outline(one) for one in file.declarations if one.name == name.declaration}


def _program(program: Program, view: View) -> str:
    return str(program)


def _gradient(program: Program, view: View) -> str:
    return str(view.differentiated(program))


def _loops(program: Program, view: View) -> str:
    return view.loops(program)


def _source(program: Program, view: View) -> str:
    return view.source(program)


def _formula(program: Program, view: View) -> str:
    from objc.ir.text import formula

    return formula(program)


def _latex(program: Program, view: View) -> str:
    from objc.ir.latex import latex

    return latex(program)


_RENDERERS: dict[str, Callable[[Program, View], str]] = {
    "program": _program,
    "gradient": _gradient,
    "loops": _loops,
    "source": _source,
    "formula": _formula,
    "latex": _latex,
}
