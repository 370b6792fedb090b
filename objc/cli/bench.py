"""`objc bench`."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from objc.bench.cases import CASES, LARGE, Case, of_file
from objc.bench.errors import BusyMachine, NoSuchCase
from objc.bench.job import OWN, PEERS, Job
from objc.cli import bench_cuda
from objc.cli.output import Markup, is_colored, write_data
from objc.cli.targets import TargetName
from objc.cli.write import require_picture, require_place, write_whole
from objc.errors import ObjcError

if TYPE_CHECKING:
    from objc.bench.run import Report

EVERY = "all"
"""What `--case` says for the whole list, beside declarations of one's own."""


_MOST = 1 << 40


class Sizes(click.ParamType):  # type: ignore[type-arg]
    """`10000` for the batch, or `batch=10000,K=32`."""

    name = "sizes"

    def convert(self, value: Any, parameter: Any, context: Any) -> dict[str, int]:
        if isinstance(value, dict):
            return value
        found: dict[str, int] = {}
        for one in value.split(","):
            name, equals, number = one.rpartition("=")
            if not number.strip().isdecimal() or int(number) < 1 or (equals and not name.strip()):
                self.fail(
                    f"`{one}` is no size: give 10000, or batch=10000,K=32.", parameter, context
                )
            if int(number) > _MOST:
                self.fail(f"`{one}` is beyond any memory: at most {_MOST}.", parameter, context)
            name = name.strip() if equals else "batch"
            if name in found:
                self.fail(f"`{value}` has `{name}` twice.", parameter, context)
            found[name] = int(number)
        return found


@click.command(
    epilog=Markup.examples(
        "objc bench",
        "objc bench --case cross_entropy_1000 --case info_nce --json > results.json",
        "objc bench --peer torch.compile --peer jax --threads 2 --plot roofline.png",
        "objc bench mine.objc:focal --peer torch --size batch=100000,K=50",
        "objc bench --target cuda --save device.json",
    )
)
@click.argument("targets", nargs=-1, metavar="[FILE:NAME]...")
@click.option(
    "--case", "-c", "names", multiple=True,
    help="A case of the list, or `all`. [default: all, without FILE:NAME]",
)  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="Print the cases with their sizes.")
@click.option(
    "--peer", "-p", "peers", multiple=True, type=click.Choice([*PEERS, "liger"]),
    help="Whom to measure against. [default: all that are installed]",
)  # fmt: skip
@click.option("--size", type=Sizes(), help="Other sizes: 10000 for the batch, or batch=10000,K=32.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True,
    help="The floating type.",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="Threads of everyone. [default: all]")
@click.option(
    "--repetitions", type=click.IntRange(1), default=15, show_default=True,
    help="Samples of each contender.",
)  # fmt: skip
@click.option(
    "--allocator", "modes", multiple=True, type=click.Choice(["default", "tuned"]),
    help="The C library's allocator: as it is, or keeping large blocks. [default: both]",
)  # fmt: skip
@click.option(
    "--sweep", "swept", multiple=True, metavar="DIMENSION",
    help="Measure objc alone, from small to large, along a dimension: batch, K.",
)  # fmt: skip
@click.option(
    "--memory", is_flag=True,
    help="Call objc once for each case, for the memory that it takes. [default: large ones]",
)  # fmt: skip
@click.option("--save", type=click.Path(dir_okay=False), help="Write the data to a file as well.")
@click.option(
    "--target", "device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True,
    help="Whose kernels: on `cuda`, its own cases, with events of the device.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(30), default=540, show_default=True,
    help="Seconds that a measurement on a device may take.",
)  # fmt: skip
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the roofline to a file.")
@click.option("--busy", "anyway", is_flag=True, help="Measure even where others use the machine.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(
    targets: Sequence[str],
    names: Sequence[str],
    listed: bool,
    peers: Sequence[str],
    size: dict[str, int] | None,
    dtype: str,
    threads: int | None,
    repetitions: int,
    modes: Sequence[str],
    swept: Sequence[str],
    memory: bool,
    save: str | None,
    device: str,
    limit: int,
    plot: str | None,
    anyway: bool,
    as_json: bool,
) -> None:
    """Measure kernels against the frameworks, on this machine.

    Value and gradient together: the cases of the list, or declarations of your own, which the peers
    then compute in a form that is generated from the same text. Every contender runs in turn on the
    same data with the same number of threads; the floors (a copy, a read, the exponential) are
    measured in the same run. Errors are against the interpreter, in units of the last place.

    With `--target cuda`, the cases of a device: events on its stream, the copy that it makes itself,
    peak memory, and the aims that each case is held to. What is not installed is named at the end.
    """
    if save is not None:
        require_place(Path(save))
    if plot is not None:
        require_picture(Path(plot))
    if device == "cuda":
        bench_cuda.measure(listed, names, peers, repetitions, limit, save, as_json)
        return
    from objc.bench import machine
    from objc.bench.run import MODES, resized, run, swept_cases

    if listed:
        for case in (*CASES, *LARGE):
            sizes = ", ".join(f"{name}={value}" for name, value in case.sizes.items())
            click.echo(f"{case.name:24} {sizes}")
        return
    usual = LARGE if memory else CASES
    chosen = tuple(resized(one, size or {}) for one in _chosen(targets, names, usual))
    chosen = swept_cases(chosen, swept)
    busy = machine.busy()
    if busy is not None and busy > machine.BUSY and not anyway:
        raise ObjcError(BusyMachine(None, round(100 * busy)))
    contenders = (*OWN, *(peers or PEERS))
    job = Job(
        chosen, contenders, dtype, threads or machine.available(), repetitions,
        not swept, tuple(swept), memory,
    )  # fmt: skip
    modes = modes or (("tuned",) if swept or memory else tuple(MODES))
    with _watching(job, len(modes)) as watch:
        report = run(job, modes, busy, watch, functools.partial(_rescue, save))
    if plot is not None:
        _draw(report, plot)
    if save is not None:
        write_whole(Path(save), json.dumps(report.data(), indent=1) + "\n")
    if as_json:
        write_data(report.data())
    else:
        click.echo(_text(report))


def _rescue(save: str | None, report: Report) -> None:
    """Keep what was measured before the end, beside what an earlier run has saved."""
    if save is not None:
        part = f"{save}.part"
        write_whole(Path(part), json.dumps(report.data(), indent=1) + "\n")
        click.echo(f"what was measured until then is in {part}", err=True)


def _text(report: Report) -> str:
    from objc.bench import curves, memory
    from objc.bench.report import table

    if report.peaks:
        return memory.text(report.peaks)
    return curves.text(report) if report.curves else table(report)


def _chosen(targets: Sequence[str], names: Sequence[str], usual: Sequence[Case]) -> Iterator[Case]:
    """The cases that the command line asks for. Raises ObjcError where there is none of a name."""
    known = {case.name: case for case in (*CASES, *LARGE)}
    for name in names:
        if name == EVERY:
            yield from usual
            continue
        if name not in known:
            raise ObjcError(NoSuchCase(None, name, tuple(known)))
        yield known[name]
    for text in targets:
        yield from _own(TargetName.parse(text))
    if not names and not targets:
        yield from usual


def _own(target: TargetName) -> Iterator[Case]:
    from objc.bench.programs import program_of
    from objc.cli.targets import lower_target

    for program in lower_target(target)[1]:
        case = Case(program.name, program.name, {}, target.path)
        try:
            measured = program_of(case)
        except ObjcError:
            if target.name is not None:
                raise
            continue  # a metric or a function beside the losses of a file
        yield of_file(target.path, program.name, measured)


def _draw(report: Report, path: str) -> None:
    if report.curves:
        from objc.bench.curves import plot

        plot(report, path)
    else:
        from objc.bench.plot import roofline

        roofline(report, path)


@contextmanager
def _watching(job: Job, modes: int) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    """A bar on the standard error output, where that is a terminal."""
    if not is_colored(sys.stderr):
        yield lambda mode, event: None
        return
    from rich.console import Console
    from rich.progress import Progress

    steps = modes * len(job.cases) * len(job.peers) * (job.repetitions + 1)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("floors", total=steps)

        def watch(mode: str, event: Mapping[str, Any]) -> None:
            name = event.get("case") or event.get("sample")
            if name is not None:
                bar.update(task, advance=1, description=f"{name}, allocator {mode}")

        yield watch
