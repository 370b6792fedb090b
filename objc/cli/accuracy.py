"""`objc accuracy FILE[:NAME]…`."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from objc.cli.options import target_option
from objc.cli.output import Markup, is_colored, write_data
from objc.cli.targets import TargetName
from objc.cli.variants import find_target
from objc.cli.write import require_picture

if TYPE_CHECKING:
    from objc.kernel.kernel import Kernel
    from objc.target import DType


class Size(click.ParamType):  # type: ignore[type-arg]
    """`K=32`."""

    name = "size"

    def convert(self, value: Any, parameter: Any, context: Any) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        name, equals, number = value.partition("=")
        if not equals or not name.strip() or not number.strip().isdigit() or int(number) < 1:
            self.fail(f"`{value}` is no size: give a dimension, K=32.", parameter, context)
        return name.strip(), int(number)


class Magnitudes(click.ParamType):  # type: ignore[type-arg]
    """`1e-6:1e6`."""

    name = "low:high"

    def convert(self, value: Any, parameter: Any, context: Any) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        try:
            low, high = map(float, value.split(":"))
        except ValueError:
            low, high = 0.0, 0.0
        if not 0 < low <= high < math.inf:
            self.fail(
                f"`{value}` are no magnitudes: give the smallest and the largest, 1e-6:1e6.",
                parameter, context,
            )  # fmt: skip
        return low, high


@click.command(
    epilog=Markup.examples(
        "objc accuracy losses.objc:focal",
        "objc accuracy losses.objc --dtype float64 --points 1000",
        "objc accuracy losses.objc:focal --size K=20 --plot bits.png",
        "objc accuracy losses.objc:focal --magnitudes 1e-6:1e6",
        "objc accuracy losses.objc --json > accuracy.json",
    )
)
@click.argument("targets", nargs=-1, required=True, metavar="FILE[:NAME]...")
@click.option(
    "--dtype", "dtypes", multiple=True, type=click.Choice(["float32", "float64"]),
    help="A floating type. [default: both]",
)  # fmt: skip
@click.option(
    "--points", type=click.IntRange(1), default=200, show_default=True,
    help="Examples of each type.",
)  # fmt: skip
@click.option("--size", "sizes", multiple=True, type=Size(), help="A dimension's size: K=32.")
@click.option(
    "--magnitudes", type=Magnitudes(),
    help="Draw zeros and numbers of these magnitudes only: 1e-6:1e6. [default: all that the type holds]",
)  # fmt: skip
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed, the same report."
)
@target_option("Whose kernels to measure")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the bits lost to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(
    targets: Sequence[str],
    dtypes: Sequence[str],
    points: int,
    sizes: Sequence[tuple[str, int]],
    magnitudes: tuple[float, float] | None,
    seed: int,
    target: str,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how accurate kernels are, against hundreds of digits.

    Points are drawn from the declared domains: edges, every magnitude, ties, nearly equal numbers;
    then closer to where the errors are largest. Hyperparameters are drawn too: beside their defaults,
    small, extreme, at edges and at the text's own numbers. Value, gradient, Hessian products and the
    Hessian's diagonal of the compiled kernel are compared with the text as written, computed in as many
    digits as it takes.

    `ulp` counts units in the last place. `beyond` is the error over what rounding the inputs once
    changes: near a root of the result, a small number there is all that arithmetic can give.
    """
    from objc.accuracy import measure
    from objc.accuracy.plot import save
    from objc.accuracy.table import table

    if plot is not None:
        require_picture(Path(plot))
    kernels = [one for text in targets for one in _kernels(TargetName.find(text), target)]
    if plot is not None and len(kernels) != 1:
        raise click.UsageError("A plot shows one declaration: FILE:NAME.")
    chosen = cast("tuple[DType, ...]", tuple(dtypes) or ("float32", "float64"))
    reports = []
    for kernel in kernels:
        with _progress(kernel.name, points * len(chosen), quiet) as advance:
            reports.append(
                measure(
                    kernel, dtypes=chosen, points=points, sizes=dict(sizes), seed=seed,
                    magnitudes=magnitudes, advance=advance,
                )
            )  # fmt: skip
    if plot is not None:
        save(reports[0], Path(plot))
    if as_json:
        write_data({"reports": [one.as_data() for one in reports]})
    else:
        click.echo("\n\n".join(table(one) for one in reports))


def _kernels(place: TargetName, target: str) -> Iterator[Kernel]:
    """The kernels of a target; of a whole file those that have a value. Raises ObjcError for what is
    wrong with the text."""
    from objc.cli.targets import lower_target
    from objc.kernel.kernel import Kernel

    find_target(target)
    for program in lower_target(place)[1]:
        if place.name is not None or program.terms:
            yield Kernel.of_program(program, target)


@contextmanager
def _progress(name: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    if quiet or not is_colored(sys.stderr):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.advance(task, done)
