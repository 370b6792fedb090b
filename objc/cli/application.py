"""The group of commands: lazy imports, exit statuses, and what happens to every kind of failure.

Exit statuses: 0 done, 1 findings in the user's files, 2 a wrong command line, 70 a fault of objc
itself (`EX_SOFTWARE`), 130 interrupted, 141 the reader of the output has gone.
"""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import click

from objc import __version__
from objc.cli.output import Markup, show_error
from objc.errors import Diagnostic, ObjcError, did_you_mean

FINDINGS, USAGE, INTERNAL, INTERRUPTED, BROKEN_PIPE = 1, 2, 70, 130, 141

COMMANDS = {
    "compile": "Write kernels as a readable Python module.",
    "check": "Find what is wrong in a file, and what is known of each loss.",
    "show": "Print any stage between the text and the kernel.",
    "format": "Lay files out in the one standard way.",
    "train": "Train an objective on data from a file.",
    "accuracy": "Measure how accurate kernels are, against hundreds of digits.",
    "bench": "Measure kernels against the frameworks, on this machine.",
    "list": "Browse the standard library.",
    "explain": "Say what an error code means, or what minimizing a loss gives.",
    "doctor": "Check this installation, and what it can do.",
}
"""The commands in the order of `objc --help`, with the first line of each one's help."""


class _ReaderGone(Exception):
    """Nobody reads the output any more."""


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"objc.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = did_you_mean(name, COMMANDS)
            hint = f" {near[0].upper()}{near[1:]}" if near else ""
            raise click.UsageError(f"There is no command `{name}`.{hint}", context)
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, context: click.Context) -> Any:
        """Run the command that was named."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _ReaderGone from error  # click would answer a broken pipe with status 1
        return result

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run a command and exit with its status."""
        _tolerate_any_encoding()
        sys.exit(self._status(args, prog_name, extra))

    def _status(
        self, args: Sequence[str] | None, prog_name: str | None, extra: dict[str, Any]
    ) -> int:
        extra.pop("standalone_mode", None)
        try:
            status = super().main(args, prog_name, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except ObjcError as error:
            show_error(error, as_data=_is_data_asked_for(sys.argv[1:] if args is None else args))
            return status_of(error.diagnostics)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            return INTERRUPTED
        except _ReaderGone:
            return _leave_broken_pipe()
        except Exception as error:
            return _report_fault(error)
        return status if isinstance(status, int) else 0


def status_of(errors: Iterable[Diagnostic]) -> int:
    """The exit status for errors: 2 where all of them are about the command line (a file that isn't
    there, E0021, or E0301 to E0350), else 1."""
    codes = {one.code for one in errors}
    is_usage = all(code == "E0021" or "E0301" <= code <= "E0350" for code in codes)
    return USAGE if is_usage else FINDINGS


def _is_data_asked_for(arguments: Sequence[str]) -> bool:
    """Whether `--json` is among the options; behind `--` none is."""
    return "--json" in itertools.takewhile(lambda one: one != "--", arguments)


def _tolerate_any_encoding() -> None:
    """A terminal that can't show a Greek letter gets an escape, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")


def shown_plainly(otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A `warnings.showwarning` for which a warning of objc's own is a diagnostic: no line of Python
    belongs around it."""

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if category.__module__.partition(".")[0] == "objc":
            click.echo(f"{message}\n", err=True)
        else:
            otherwise(message, category, *place, **more)

    return show


def _leave_broken_pipe() -> int:
    """Nobody reads any more (`objc list | head`): keep Python from saying so at its end."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return BROKEN_PIPE
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return BROKEN_PIPE


def _report_fault(error: Exception) -> int:
    if os.environ.get("OBJC_DEBUG", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    text = str(error)
    lines = [f"internal error: {type(error).__name__}{': ' if text else ''}{text}"]
    if "fault in objc" not in text:
        lines.append(
            "This is a fault in objc, not in your text. Please report it with the text that led to"
            " it and the output of `objc doctor`."
        )
    lines.append("OBJC_DEBUG=1 shows where it happened.")
    click.echo("\n".join(lines), err=True)
    return INTERNAL


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=Markup.examples(
        "objc check examples/regression.objc",
        "objc show --stage gradient examples/regression.objc:huber",
        "objc compile examples/regression.objc -o build",
        "objc list cross_entropy",
    ),
)
@click.version_option(__version__, prog_name="objc", message="%(prog)s %(version)s")
def objc() -> None:
    """A compiler for training objectives.

    Write a loss as mathematics in a .objc file; objc checks it, differentiates it, proves what it
    can, and compiles it to fast kernels.

    A TARGET is FILE, or FILE:NAME for one declaration of the file.
    """
