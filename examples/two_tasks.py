"""Weights by hand and weights that are learned, for a network with two tasks.

From the upper half of scikit-learn's digits the network tells which digit it is, and how much ink the lower
half has. The losses have unlike units, so a balance found by hand holds for one unit only: with ink counted
in sixteenths of a pixel instead of pixels, the same balance gives another network. The learned weights
(Kendall, Gal and Cipolla 2018) need no search. They start at one, so that with the larger numbers they
have further to go.

Prints a table, draws `demo-output/two_tasks.png`. Needs the extra `demo`.
"""

from __future__ import annotations

import sys
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
BALANCES = (0.1, 0.5, 0.9, 0.99)
UNITS = {"pixels": 16.0, "sixteenths of a pixel": 1.0}
TRAINED = 1200

console = Console(width=100, highlight=False)


@dataclass(frozen=True)
class Judged:
    """A trained network on held-out digits: the share of right names, and of explained ink."""

    title: str
    unit: str
    accuracy: float
    explained: float
    result: Result


def draw_data(unit: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Training and held-out data: upper halves, names, and the ink of the lower halves, centered."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    ink = digits.images[:, 4:].sum(axis=(1, 2)) / UNITS[unit]
    ink -= ink[order[:TRAINED]].mean()
    table = {"x": digits.images[:, :4].reshape(-1, 32) / 16, "label": digits.target, "ink": ink}
    first, rest = order[:TRAINED], order[TRAINED:]
    return {k: v[first] for k, v in table.items()}, {k: v[rest] for k, v in table.items()}


def judge(title: str, unit: str, result: Result, held_out: dict[str, Any]) -> Judged:
    """What a network is worth on data that it has not seen."""
    p = result.parameters
    hidden = np.tanh(held_out["x"] @ p["hidden"].T + p["bias"])
    names = (hidden @ p["head"].T + p["shift"]).argmax(axis=1)
    missed = hidden @ p["slope"] + p["level"] - held_out["ink"]
    explained = 1 - (missed**2).mean() / held_out["ink"].var()
    return Judged(title, unit, float((names == held_out["label"]).mean()), float(explained), result)


def train(module: Any, epochs: int) -> list[Judged]:
    """Every balance by hand and the learned weights, in both units."""
    options: dict[str, Any] = {
        "sizes": {"H": 32, "K": 10}, "epochs": epochs, "learning_rate": 0.02, "schedule": "cosine",
        "seed": 1, "progress": False,
    }  # fmt: skip
    runs = []
    for unit in UNITS:
        data, held_out = draw_data(unit)
        for balance in BALANCES:
            by_hand = {"hyperparameters": {"balance": balance}}
            result = fit(module.by_hand, data, **by_hand, **options)
            runs.append(judge(f"by hand, {balance:g}", unit, result, held_out))
        runs.append(judge("learned", unit, fit(module.learned, data, **options), held_out))
    return runs


def show(runs: list[Judged]) -> None:
    """The table of runs."""
    table = Table("weights", "ink in", "digits named", "ink explained", "learned log-variances")
    for one in runs:
        p = one.result.parameters
        logs = [
            f"{name} {float(p[f'log_variance_{name}']):.2f}"
            for name in ("digit", "ink")
            if f"log_variance_{name}" in p
        ]
        row = (f"{one.accuracy:.3f}", f"{one.explained:.3f}", ", ".join(logs))
        table.add_row(one.title, one.unit, *row, style="bold" if logs else "")
    console.print(table)


def draw(runs: list[Judged], path: Path) -> None:
    """Both tasks against each other, and how the learned run went."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained", facecolor="white")
    plane, course = figure.subplots(1, 2)
    for unit, color in zip(UNITS, ("#0072b2", "#d55e00"), strict=True):
        by_hand = [one for one in runs if one.unit == unit and one.title != "learned"]
        (learned,) = (one for one in runs if one.unit == unit and one.title == "learned")
        x, y = [one.accuracy for one in by_hand], [one.explained for one in by_hand]
        plane.plot(x, y, "o-", color=color, alpha=0.6, label=f"by hand, ink in {unit}")
        for one in by_hand:
            plane.annotate(one.title[9:], (one.accuracy, one.explained), (4, 4),
                           textcoords="offset points", fontsize=8, color=color)  # fmt: skip
        plane.plot(learned.accuracy, learned.explained, "*", ms=16, color=color,
                   label=f"learned, ink in {unit}")  # fmt: skip
        history = learned.result.history
        course.plot(history["epoch"], history["train.digit"], color=color, label=f"digit ({unit})")
        scaled = history["train.ink"] / history["train.ink"][0]
        course.plot(
            history["epoch"], scaled, "--", color=color, label=f"ink ({unit}), of its start"
        )
    plane.set(title="Held-out digits: the numbers are balances set by hand",
              xlabel="share of digits named", ylabel="share of ink explained")  # fmt: skip
    course.set(title="Learned weights: the terms", xlabel="epoch", yscale="log")
    for axes in (plane, course):
        axes.grid(alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)


def main(epochs: int = 80) -> list[Judged]:
    """Train, print and draw."""
    module = objc.compile(HERE / "two_tasks.objc")
    runs = train(module, epochs)
    show(runs)
    draw(runs, OUTPUT / "two_tasks.png")
    console.print("drawn: demo-output/two_tasks.png")
    return runs


if __name__ == "__main__":
    main()
    sys.exit(0)
