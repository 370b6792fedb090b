"""From formulas in files to trained models, in under a minute: `make demo`.

1. A loss is read from `regression.objc`, checked and differentiated; the program of its gradient and
   what was proved of it are printed.
2. Two classifiers written in `digits.objc` are trained on scikit-learn's handwritten digits through
   generated kernels, and judged on digits they have not seen.
3. Three quantiles of the progress of diabetes are fitted at once, an objective of three named terms.
4. The runs are drawn to `demo-output/demo.png`.

Needs the extra `demo` (scikit-learn, SciPy, matplotlib). The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

import objc
from objc.analysis import analyse
from objc.training import Result, fit

HERE = Path(__file__).parent
OUTPUT = HERE.resolve().parent / "demo-output"
LEVELS = (0.1, 0.5, 0.9)
QUANTILES = ("lower", "median", "upper")

console = Console(width=100, highlight=False)


@dataclass(frozen=True)
class Trained:
    """A classifier after training: what to call it, its run, its accuracy and what it must reach."""

    title: str
    formula: str
    result: Result
    seconds: float
    target: float

    @property
    def accuracy(self) -> float:
        """On the held-out digits, at the end of the run."""
        return float(self.result.history["validation.accuracy"][-1])

    @property
    def count(self) -> int:
        return sum(one.size for one in self.result.parameters.values())


@dataclass(frozen=True)
class Quantiles:
    """A quantile regression after training, with its predictions for the held-out patients."""

    result: Result
    seconds: float
    target: Any
    predicted: Any

    @property
    def coverage(self) -> Any:
        """The share of held-out patients at or below each predicted quantile."""
        return (self.target[:, None] <= self.predicted).mean(axis=0)

    @property
    def inside(self) -> float:
        """The share of held-out patients between the outer quantiles."""
        low, high = self.predicted[:, 0], self.predicted[:, -1]
        return float(np.mean((self.target > low) & (self.target <= high)))


# ------------------------------------------------------------------ 1: a loss


def show_loss(huber: objc.Kernel) -> None:
    """Print a loss as it was written, its gradient as it was derived, and what is known of it."""
    heading(1, "A loss is written as mathematics")
    console.print(Syntax(huber.signature.text or "", "haskell", theme="ansi_dark", padding=(0, 3)))
    console.print(
        "\n   [dim]The program that was derived from it: value and gradient over a batch.[/]"
    )
    for line in str(huber.gradient_program).splitlines()[1:]:
        console.print(Text(f"   {line.strip()}", style="cyan" if ":=" in line else "dim"))
    console.print("\n   [dim]What was decided about it.[/]")
    facts = {fact.statement: fact for fact in analyse(huber.program)}
    for fact in facts.values():
        mark = {"proved": "[green]✓[/]", "refuted": "[red]✗[/]"}.get(fact.verdict, "[yellow]?[/]")
        console.print(f"   {mark} {fact.statement}: {fact.verdict} [dim]{fact.argument}[/]")
    prediction, target = np.array([0.0, 2.0, -3.0]), np.array([0.5, 0.0, 0.0])
    value, gradient = huber.value_and_grad(prediction, target)
    numbers = ", ".join(f"{one:.4f}" for one in gradient)
    error = np.abs(gradient - _differences(huber, prediction, target)).max()
    console.print(f"\n   huber([0, 2, −3] | [0.5, 0, 0]) = {value:.4f}, gradient [{numbers}]")
    console.print(f"   [dim]largest difference from finite differences: {error:.0e}[/]")


def _differences(kernel: objc.Kernel, prediction: Any, target: Any) -> Any:
    steps = 1e-6 * np.eye(len(prediction))
    return np.array(
        [(kernel(prediction + h, target) - kernel(prediction - h, target)) / 2e-6 for h in steps]
    )


# ------------------------------------------------------------------ 2: digits


def train_digits(module: objc.Module) -> list[Trained]:
    """Train both classifiers on three quarters of the digits; the others are held out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    heading(2, "Classifiers, whole in the language, learn handwritten digits")
    x, label = load_digits(return_X_y=True)
    split = train_test_split(x / 16, label, test_size=0.25, random_state=0, stratify=label)
    data = {"x": split[0], "label": split[2]}
    held_out = {"x": split[1], "label": split[3]}
    console.print(f"   [dim]{len(split[2])} digits to learn from, {len(split[3])} held out[/]\n")

    def train(
        title: str, formula: str, name: str, metric: str, target: float, **how: Any
    ) -> Trained:
        started = time.perf_counter()
        result = fit(
            module[name],
            data,
            validation=held_out,
            metrics={"accuracy": module[metric]},
            schedule="cosine",
            batch_size=32,
            **how,
        )
        return Trained(title, formula, result, time.perf_counter() - started, target)

    linear = train(
        "linear", "weight · x + bias", "linear_digits", "linear_accuracy", 0.95,
        learning_rate=0.02, epochs=40, hyperparameters={"l2": 1e-4},
    )  # fmt: skip
    network = train(
        "one hidden layer", "head · tanh(hidden · x + …)", "digits", "mlp_accuracy", 0.97,
        learning_rate=0.005, epochs=40, sizes={"H": 64},
    )  # fmt: skip
    return [linear, network]


def show_digits(runs: list[Trained]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="dim")
    table.add_column("  model")
    table.add_column("logits")
    for name in ("parameters", "loss", "accuracy", "wanted", "time"):
        table.add_column(name, justify="right")
    for one in runs:
        loss = one.result.history["validation.value"][-1]
        reached = one.accuracy >= one.target
        accuracy = f"[{'bold green' if reached else 'bold red'}]{one.accuracy:.4f}[/]"
        table.add_row(
            f"  {one.title}", one.formula, f"{one.count:,}", f"{loss:.3f}",
            accuracy, f"≥ {one.target}", f"{one.seconds:.1f} s",
        )  # fmt: skip
    console.print(table)


# ------------------------------------------------------------------ 3: quantiles


def train_quantiles(module: objc.Module) -> Quantiles:
    """Fit three quantiles of the progress of diabetes, a linear function each, on all of the training
    patients at every step."""
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    heading(3, "A quantile regression: three named terms, one objective")
    x, y = load_diabetes(return_X_y=True)
    x = x / x.std(axis=0)
    x, x_held_out, y, y_held_out = train_test_split(x, y, test_size=0.25, random_state=0)
    center, scale = y.mean(), y.std()
    started = time.perf_counter()
    result = fit(
        module.quantile_regression,
        {"x": x, "y": (y - center) / scale},
        validation={"x": x_held_out, "y": (y_held_out - center) / scale},
        hyperparameters={"low": LEVELS[0], "high": LEVELS[-1]},
        learning_rate=0.05,
        schedule="cosine",
        batch_size=None,
        epochs=600,
    )
    seconds = time.perf_counter() - started
    w, b = result.parameters["w"], result.parameters["b"]
    return Quantiles(result, seconds, y_held_out, (x_held_out @ w.T + b) * scale + center)


def show_quantiles(found: Quantiles) -> None:
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="dim")
    table.add_column("  term")
    for name in ("level", "pinball loss", "held-out loss", "held-out patients below"):
        table.add_column(name, justify="right")
    history = found.result.history
    for name, level, share in zip(QUANTILES, LEVELS, found.coverage, strict=True):
        train, held_out = history[f"train.{name}"][-1], history[f"validation.{name}"][-1]
        table.add_row(f"  {name}", f"{level}", f"{train:.4f}", f"{held_out:.4f}", f"{share:.3f}")
    console.print(table)
    wanted = LEVELS[-1] - LEVELS[0]
    console.print(
        f"\n   {found.inside:.1%} of {len(found.target)} held-out patients lie between the outer"
        f" quantiles; {wanted:.0%} were asked for   [dim]({found.seconds:.1f} s)[/]"
    )


# ------------------------------------------------------------------ 4: the plot


def draw(runs: list[Trained], quantiles: Quantiles, path: Path) -> None:
    """Draw losses, accuracies, the fan of quantiles and their calibration."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.4), layout="constrained", facecolor="white")
    axes = figure.subplots(2, 2)
    _draw_losses(axes[0, 0], runs)
    _draw_accuracies(axes[0, 1], runs)
    _draw_fan(axes[1, 0], quantiles)
    _draw_terms(axes[1, 1], quantiles)
    for one in axes.flat:
        one.grid(alpha=0.2)
        one.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Trained through kernels that objc generated from formulas", fontsize=14)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)


COLORS = ("#0072b2", "#d55e00")
BLUES = ("#56b4e9", "#0072b2", "#003a5c")


def _draw_losses(axes: Any, runs: list[Trained]) -> None:
    for one, color in zip(runs, COLORS, strict=False):
        history = one.result.history
        axes.plot(history["epoch"], history["train.value"], "--", color=color, alpha=0.7)
        axes.plot(history["epoch"], history["validation.value"], color=color, label=one.title)
    axes.plot([], [], "--", color="gray", label="training digits")
    axes.plot([], [], color="gray", label="held-out digits")
    axes.set(title="Digits: the objective", xlabel="epoch", ylabel="nats", yscale="log")
    axes.legend(frameon=False)


def _draw_accuracies(axes: Any, runs: list[Trained]) -> None:
    for one, color in zip(runs, COLORS, strict=False):
        history = one.result.history
        label = f"{one.title}: {one.accuracy:.3f}"
        axes.plot(history["epoch"], history["validation.accuracy"], color=color, label=label)
        axes.axhline(one.target, color=color, linestyle=":", linewidth=1)
        axes.annotate(
            f"wanted of {one.title}: {one.target}",
            (1.0, one.target),
            (0, -3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=color,
            fontsize=8,
            ha="right",
            va="top",
        )
    axes.set(title="Digits: accuracy on held-out digits", xlabel="epoch", ylim=(0.85, 1.0))
    axes.legend(frameon=False, loc="lower right")


def _draw_fan(axes: Any, found: Quantiles) -> None:
    order = np.argsort(found.predicted[:, 1])
    place = np.arange(len(order))
    low, median, high = found.predicted[order].T
    target = found.target[order]
    inside = (target > low) & (target <= high)
    band = f"{LEVELS[0]:g} to {LEVELS[-1]:g} quantile"
    axes.fill_between(place, low, high, color=COLORS[0], alpha=0.16, linewidth=0, label=band)
    axes.plot(place, median, color=COLORS[0], label="median")
    axes.scatter(place[inside], target[inside], s=12, color="#333333", label="patient")
    axes.scatter(place[~inside], target[~inside], s=14, color=COLORS[1], label="outside the band")
    axes.set(
        title=f"Diabetes: {found.inside:.0%} of held-out patients in the band",
        xlabel="held-out patients, by predicted median",
        ylabel="progress after a year",
    )
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")


def _draw_terms(axes: Any, found: Quantiles) -> None:
    history = found.result.history
    for name, level, share, color in zip(QUANTILES, LEVELS, found.coverage, BLUES, strict=True):
        label = f"{name} (level {level:g}): {share:.2f} of held-out below"
        axes.plot(history["epoch"], history[f"train.{name}"], "--", color=color, alpha=0.7)
        axes.plot(history["epoch"], history[f"validation.{name}"], color=color, label=label)
    axes.set(title="Diabetes: the named terms", xlabel="epoch", ylabel="pinball loss", xscale="log")
    axes.legend(frameon=False, fontsize=9)


# ------------------------------------------------------------------ all of it


def heading(number: int, title: str) -> None:
    console.print()
    console.rule(f"[bold]{number}  {title}[/]", align="left", style="dim")
    console.print()


def _from_here(path: Path) -> Path:
    """The path as one would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> int:
    """Run the demo. The result is the exit status."""
    started = time.perf_counter()
    regression = objc.compile(HERE / "regression.objc")
    show_loss(regression.huber)
    runs = train_digits(objc.compile(HERE / "digits.objc"))
    show_digits(runs)
    quantiles = train_quantiles(regression)
    show_quantiles(quantiles)
    picture = OUTPUT / "demo.png"
    draw(runs, quantiles, picture)
    heading(4, "The runs, drawn")
    console.print(
        f"   {_from_here(picture)}   [dim]({time.perf_counter() - started:.0f} s in all)[/]\n"
    )
    missed = [one.title for one in runs if one.accuracy < one.target]
    if abs(quantiles.inside - (LEVELS[-1] - LEVELS[0])) > 0.1:
        missed.append("the coverage of the quantiles")
    for name in missed:
        console.print(f"   [bold red]missed: {name}[/]")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
