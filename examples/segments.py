"""A linear-chain conditional random field that learns to cut sequences into segments.

A hidden state rests, walks or runs, and mostly stays what it is; what is seen of it, step by step, is two
noisy numbers. A classifier of single steps and a chain (Lafferty, McCallum and Pereira 2001) are trained
on the same sequences. The chain has learned how states follow each other, and decodes whole paths: the
gradient of Viterbi's best score marks them.

Prints a table, draws `demo-output/segments.png`. Needs the extra `demo`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import objc
from objc.training import Result, fit

HERE = Path(__file__).parent
OUTPUT = HERE.resolve().parent / "demo-output"
STATES = ("rests", "walks", "runs")
FOLLOWS = np.array([[0.95, 0.05, 0.0], [0.03, 0.94, 0.03], [0.0, 0.06, 0.94]])
MEANS = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.4]])
LENGTH = 60

console = Console(width=100, highlight=False)


@dataclass(frozen=True)
class Segmented:
    """A trained model: the share of held-out steps that it names, how many borders it draws a sequence,
    and its labels."""

    title: str
    accuracy: float
    borders: float
    labels: Any
    result: Result


def sequences(count: int, seed: int) -> dict[str, Any]:
    """Sequences of states, and what is seen of them."""
    draw = np.random.default_rng(seed)
    tag = np.zeros((count, LENGTH), int)
    tag[:, 0] = draw.integers(3, size=count)
    for t in range(1, LENGTH):
        chance = draw.random(count)[:, None]
        tag[:, t] = np.minimum((chance > FOLLOWS[tag[:, t - 1]].cumsum(axis=1)).sum(axis=1), 2)
    return {"x": MEANS[tag] + draw.normal(size=(count, LENGTH, 2)), "tag": tag}


def train(module: Any, name: str, held_out: dict[str, Any]) -> Segmented:
    """Train an objective of the file, and decode the held-out sequences."""
    options: dict[str, Any] = {"epochs": 15, "batch_size": 20, "learning_rate": 0.05}
    result = fit(module[name], sequences(200, 1), sizes={"K": 3}, progress=False, **options)
    p = result.parameters
    transition = p.get("transition", np.zeros((3, 3)))
    emission = module.emissions(held_out["x"], weight=p["weight"], bias=p["bias"])
    labels = decode(emission, transition)
    right = float((labels == held_out["tag"]).mean())
    borders = float((labels[:, 1:] != labels[:, :-1]).sum(axis=1).mean())
    return Segmented(name, right, borders, labels, result)


def decode(emission: Any, transition: Any) -> Any:
    """The best path of each sequence: where the gradient of its score is 1."""
    best = objc.compile(HERE / "segments.objc").best
    marks = best.gradient(emission, transition, wrt="emission", reduction="sum")
    return marks.argmax(axis=-1)


def show(runs: list[Segmented], truth: Any) -> None:
    """The table of models."""
    table = Table("model", "held-out steps named", "borders a sequence")
    for one in runs:
        table.add_row(one.title, f"{one.accuracy:.3f}", f"{one.borders:.1f}")
    changes = (truth[:, 1:] != truth[:, :-1]).sum(axis=1).mean()
    table.add_row("truth", "", f"{changes:.1f}")
    console.print(table)


def draw(runs: list[Segmented], held_out: dict[str, Any], path: Path) -> None:
    """One sequence with its segments, and what the chain has learned of how states follow."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained", facecolor="white")
    axes = figure.subplot_mosaic([["seen", "follows"], ["cut", "follows"]], width_ratios=[2.2, 1])
    seen, bars, matrix = axes["seen"], axes["cut"], axes["follows"]
    truth = held_out["tag"]
    shown = int((truth[:, 1:] != truth[:, :-1]).sum(axis=1).argmax())
    seen.plot(held_out["x"][shown], marker=".", linewidth=0.8)
    seen.set(title="What is seen of one held-out sequence", xlim=(-0.5, LENGTH - 0.5))
    rows = [("truth", truth[shown]), *((one.title, one.labels[shown]) for one in runs[::-1])]
    bars.imshow([row for _, row in rows], aspect="auto", cmap="viridis", interpolation="nearest")
    bars.set_yticks(range(len(rows)), [name for name, _ in rows])
    bars.set(title="Its segments: rests, walks, runs (dark to light)", xlabel="step")
    learned = runs[-1].result.parameters["transition"]
    shares = np.exp(learned - learned.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    matrix.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(3):
        for column in range(3):
            color = "white" if shares[row, column] > 0.5 else "black"
            text = f"{shares[row, column]:.2f}"
            matrix.text(column, row, text, ha="center", va="center", color=color)
    matrix.set_xticks(range(3), STATES)
    matrix.set_yticks(range(3), STATES)
    matrix.set(title="Learned: what follows what", xlabel="then", ylabel="first")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> list[Segmented]:
    """Train both models, print and draw."""
    module = objc.compile(HERE / "segments.objc")
    held_out = sequences(100, 2)
    runs = [train(module, name, held_out) for name in ("steps", "chain")]
    show(runs, held_out["tag"])
    draw(runs, held_out, OUTPUT / "segments.png")
    console.print("drawn: demo-output/segments.png")
    return runs


if __name__ == "__main__":
    main()
