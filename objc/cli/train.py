"""`objc train TARGET --data FILE`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from objc.cli.options import target_option
from objc.cli.output import Markup, write_data, write_text
from objc.cli.targets import STANDARD_INPUT, TargetName, read_source, require_name
from objc.cli.write import PICTURES, require_place

if TYPE_CHECKING:
    from objc.kernel import Kernel
    from objc.training import Result

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw", "lbfgs")
INTERRUPTED = 130
"""The status of an interrupted command, as of any that a signal 2 has ended."""

SCHEDULES = ("constant", "cosine", "linear", "step", "exponential")

_FILE = click.Path(dir_okay=False, path_type=Path)

_DATA = (
    click.option("--data", required=True, type=_FILE, metavar="FILE",
                 help="The training data: .csv, .tsv or .npz."),
    click.option("--map", "columns", multiple=True, metavar="INPUT=COLUMNS",
                 help="Where an input stands in the file, if not under its own name: a column, several"
                 " with commas, or a pattern: `x=pixel_*`. May be repeated."),
    click.option("--weight", metavar="COLUMN", help="A column of weights, one an example."),
    click.option("--validation", metavar="FILE|FRACTION",
                 help="Data held out: a second file, or a fraction of the data such as 0.2."),
    click.option("--metric", "metrics", multiple=True, metavar="[FILE:]NAME",
                 help="A metric to evaluate beside the objective, from the same file, another one or the"
                 " library. May be repeated."),
)  # fmt: skip
_MODEL = (
    click.option("--set", "hyperparameters", multiple=True, metavar="NAME=VALUE",
                 help="A hyperparameter. May be repeated."),
    click.option("--size", "sizes", multiple=True, metavar="DIMENSION=SIZE",
                 help="A dimension that the data doesn't fix, such as H=32. May be repeated."),
    click.option("--initial", type=_FILE, metavar="FILE",
                 help="Parameters to start from, as `--save` writes them."),
    click.option("--dtype", type=click.Choice(["float32", "float64"]),
                 help="The floating type. [default: that of the data]"),
    target_option("What to compile for"),
)  # fmt: skip
_LOOP = (
    click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="adam", show_default=True),
    click.option("--learning-rate", "--lr", type=float, help="[default: the optimizer's own]"),
    click.option("--schedule", type=click.Choice(SCHEDULES), default="constant", show_default=True,
                 help="How the learning rate changes over the run."),
    click.option("--warmup", type=int, default=0, metavar="STEPS",
                 help="Steps over which the learning rate grows from 0."),
    click.option("--epochs", type=int, default=10, show_default=True),
    click.option("--batch-size", default="64", show_default=True, metavar="NUMBER|all",
                 help="Examples a step; `all` takes all of them at once."),
    click.option("--shuffle/--no-shuffle", default=True, show_default=True,
                 help="A new order each epoch."),
    click.option("--seed", type=int, default=0, show_default=True,
                 help="The same seed gives the same run, to the bit."),
    click.option("--clip-norm", type=float, help="The greatest norm of the gradient."),
    click.option("--clip-value", type=float, help="The greatest entry of the gradient."),
    click.option("--patience", type=int, metavar="EPOCHS",
                 help="Stop early after so many epochs without a better value, and keep the best."),
    click.option("--watch", metavar="QUANTITY",
                 help="What early stopping watches: `validation.value`, `validation.accuracy:maximize`."),
)  # fmt: skip
_FILES = (
    click.option("--save", type=_FILE, metavar="FILE", help="Write the parameters (.npz)."),
    click.option("--history", type=_FILE, metavar="FILE",
                 help="Write the history (.json, .csv or .npz)."),
    click.option("--plot", type=_FILE, metavar="FILE", help="Draw the history (.png, .pdf or .svg)."),
    click.option("--checkpoint", type=_FILE, metavar="FILE",
                 help="Keep the state of the run here, written whole or not at all."),
    click.option("--checkpoint-every", type=int, metavar="STEPS",
                 help="Write the checkpoint every so many steps, not only every epoch."),
    click.option("--resume", type=_FILE, metavar="FILE",
                 help="Go on from a checkpoint, to the same bits as without the break."),
    click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
    click.option("--json", "as_json", is_flag=True, help="Print data instead of text."),
)  # fmt: skip


def _with(*groups: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """All options of some groups, in their order."""

    def decorate(function: Any) -> Any:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return decorate


@click.command(
    epilog=Markup.examples(
        "objc train classifier.objc:classifier --data digits.npz",
        "objc train digits.objc:digits --data train.csv --map x=pixel_* --validation 0.2 \\",
        "    --metric accuracy --lr 0.01 --epochs 20 --patience 3",
        "objc train ridge.objc --data diabetes.csv --optimizer lbfgs --batch-size all --set l2=0.1",
        "objc train digits.objc:digits --data digits.npz --checkpoint run.npz --resume run.npz",
    )
)
@click.argument("target_name", metavar="FILE[:NAME]")
@_with(_DATA, _MODEL, _LOOP, _FILES)
def command(target_name: str, target: str, quiet: bool, as_json: bool, **given: Any) -> None:
    """Train an objective on data from a file.

    The objective's data inputs are taken from the columns (or arrays) of their names; what stands
    before its bar and what it learns are the parameters. The value of every named term is shown as it
    goes. A value that is not finite stops the run and names the term, the example and the inputs. NAME
    may be left out where the file has one objective.
    """
    from objc.training import Interrupted
    from objc.training.options import Options, run

    objective, library = _objective(TargetName.parse(target_name), target)
    metrics = {
        name.rpartition(":")[2]: _metric(name, library, target) for name in given.pop("metrics")
    }
    options = Options(
        **{
            **given,
            "columns": {key: _columns(value) for key, value in _pairs(given, "columns", "--map")},
            "hyperparameters": _numbers(given, "hyperparameters", "--set", float),
            "sizes": _numbers(given, "sizes", "--size", int),
            "validation": _validation(given["validation"]),
            "batch_size": _batch_size(given["batch_size"]),
            "metrics": metrics,
            "progress": False if quiet or as_json else None,
        }
    )
    _require_places(options)
    try:
        result = run(objective, options)
    except Interrupted as interruption:
        click.echo(_interruption(interruption.result, options), err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    if as_json:
        write_data(_data(result))
    else:
        _write(result, options, quiet)


_ENDINGS = {
    "history": (".json", ".csv", ".npz"),
    "plot": PICTURES,
}
"""What the files of a run may end in, where that says their kind."""


def _require_places(options: Any) -> None:
    """A run that nothing can be kept of is not begun.

    Raises:
        ObjcError: a folder is not there, or belongs to someone else.
        BadParameter: the ending of a file says no kind.
    """
    for what in ("save", "history", "plot", "checkpoint"):
        path: Path | None = getattr(options, what)
        if path is None:
            continue
        endings = _ENDINGS.get(what, (path.suffix,))
        if path.suffix not in endings:
            listed = ", ".join(endings)
            message = f"`{path}` ends in none of {listed}."
            raise click.BadParameter(message, param_hint=f"--{what}")
        require_place(path)


def _objective(name: TargetName, target: str) -> tuple[Kernel, Any]:
    """The kernel to train, and the module that it is from."""
    module = _compiled(name.path, target)
    if name.name is not None:
        require_name(name, tuple(one.name for one in module))
        return module[name.name], module
    objectives = [one for one in module if one.signature.kind == "objective"]
    if len(objectives) != 1:
        listed = " and ".join(f"`{one.name}`" for one in objectives) or "no objective"
        raise click.UsageError(f"`{name.path}` declares {listed}: say which, as {name.path}:NAME.")
    return objectives[0], module


def _compiled(path: str, target: str) -> Any:
    import objc

    if path != STANDARD_INPUT:
        return objc.compile(Path(path), target=target)
    return objc.compile(read_source(path).text + "\n", target=target)


def _metric(text: str, module: Any, target: str) -> Kernel:
    import objc

    name = TargetName.parse(text)
    if name.name is not None:
        other = objc.compile(Path(name.path), target=target)
        require_name(name, tuple(one.name for one in other))
        return other[name.name]
    if text in module:
        found: Kernel = module[text]
        return found
    from objc import library

    try:
        kernel: Kernel = getattr(library, text)
    except AttributeError as error:
        raise click.BadParameter(f"there is no metric `{text}`.", param_hint="--metric") from error
    return kernel


def _pairs(given: dict[str, Any], key: str, option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in given[key]:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"`{text}` isn't of the form NAME=VALUE.", param_hint=option)
        pairs.append((name, value))
    return pairs


def _columns(text: str) -> str | list[str]:
    return text.split(",") if "," in text else text


def _numbers(given: dict[str, Any], key: str, option: str, kind: type) -> dict[str, Any]:
    found = {}
    for name, value in _pairs(given, key, option):
        try:
            found[name] = kind(value)
        except ValueError as error:
            what = "a whole number" if kind is int else "a number"
            raise click.BadParameter(f"`{value}` isn't {what}.", param_hint=option) from error
    return found


def _validation(text: str | None) -> Path | float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return Path(text)


def _batch_size(text: str) -> int | None:
    if text == "all":
        return None
    try:
        return int(text)
    except ValueError as error:
        message = f"`{text}` is neither a whole number nor `all`."
        raise click.BadParameter(message, param_hint="--batch-size") from error


def _write(result: Result, options: Any, quiet: bool) -> None:
    """What came of the run; quietly, the files written, or one line where none is."""
    files = [
        one for one in (options.save, options.history, options.plot, options.checkpoint) if one
    ]
    if not quiet:
        _write_values(result)
    for path in files:
        click.echo(f"wrote {path}")
    if quiet and not files:
        value = result.history.epochs.last().get("train.value", float("nan"))
        click.echo(f"{result.epochs} epochs, value {value:.6g}; nothing is kept without `--save`")


def _interruption(result: Result, options: Any) -> str:
    """What is left of an interrupted run, in a line."""
    begun = f"interrupted in epoch {result.epochs + 1}"
    if not result.epochs:
        return f"{begun}, before one was finished: nothing is written"
    files = [str(one) for one in (options.save, options.history, options.plot) if one]
    kept = "nothing is kept without `--save`"
    if files:
        epochs = f"epoch{'s' if result.epochs > 1 else ''}"
        kept = f"wrote {', '.join(files)} as of {result.epochs} finished {epochs}"
    if options.checkpoint is not None:
        kept += f"; `--resume {options.checkpoint}` goes on"
    return f"{begun}: {kept}"


def _write_values(result: Result) -> None:
    last = result.history.epochs.last()
    how = {
        "completed": "",
        "early": ", stopped early",
        "converged": ", converged",
        "stalled": ", stopped where no step gets lower",
    }
    best = f", best epoch {result.best_epoch}" if result.best_epoch is not None else ""
    write_text(f"{result.epochs} epochs{how.get(result.stopped, '')}{best}", "bold")
    width = max((len(name) for name in last), default=0)
    for name, value in last.items():
        if name not in ("epoch", "seconds"):
            click.echo(f"  {name:<{width}}  {value:.6g}")
    for name, one in result.parameters.items():
        click.echo(f"  {name:<{width}}  {'×'.join(map(str, one.shape)) or 'a number'}")


def _data(result: Result) -> dict[str, Any]:
    last = {name: float(value) for name, value in result.history.epochs.last().items()}
    return {
        "epochs": result.epochs,
        "stopped": result.stopped,
        "best_epoch": result.best_epoch,
        "last": {name: None if value != value else value for name, value in last.items()},
        "parameters": {name: list(one.shape) for name, one in result.parameters.items()},
    }
