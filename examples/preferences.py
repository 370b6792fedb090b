"""Direct preference optimization of a small policy, and how far it goes from its reference.

A policy answers prompts: one of eight answers, by a softmax that is linear in the prompt's features. A
reference imitates what somebody answered; a judge with a taste of their own chooses between pairs of its
answers; DPO (Rafailov et al. 2023) fits the policy to the choices. The smaller beta, the more of the
judge's taste it takes, and the further it goes from the reference, measured by the divergence.

Runs the declared stages, prints a table, draws `demo-output/preferences.png`. Needs the extra `demo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import objc
from objc.training import Result, fit_stages

HERE = Path(__file__).parent
OUTPUT = HERE.resolve().parent / "demo-output"
BETAS = (0.1, 0.3, 1.0, 3.0, 10.0)
ANSWERS, FEATURES = 8, 4

console = Console(width=100, highlight=False)


@dataclass(frozen=True)
class Aligned:
    """A policy after its alignment: the judge's mean reward for its answers, its divergence from the
    reference in nats, and the reward of the reference."""

    beta: float
    reward: float
    distance: float
    start: float
    policy: Any
    reference: Any


class World:
    """Prompts, somebody whose answers are imitated, and a judge."""

    def __init__(self, count: int = 3000, seed: int = 0) -> None:
        self.draw = np.random.default_rng(seed)
        self.prompt = np.c_[np.ones(count), self.draw.normal(size=(count, FEATURES - 1))]
        self.habit = self.draw.normal(0, 0.5, (ANSWERS, FEATURES))
        self.taste = self.draw.normal(0, 1, (ANSWERS, FEATURES))
        self.answer = self.answers(self.habit)

    def answers(self, policy: Any) -> Any:
        """One answer of a policy to each prompt."""
        chance = self.draw.random(len(self.prompt))
        below = chance[:, None] > probabilities(policy, self.prompt).cumsum(axis=1)
        return np.minimum(below.sum(axis=1), ANSWERS - 1)

    def reward(self, policy: Any) -> float:
        """What the judge thinks of a policy, on average."""
        judged = self.prompt @ self.taste.T
        return float((probabilities(policy, self.prompt) * judged).sum(axis=1).mean())

    def preferences(self, reference: Any) -> dict[str, Any]:
        """Pairs of the reference's answers, and the judge's choices by Bradley and Terry's model."""
        first, second = self.answers(reference), self.answers(reference)
        rows = np.flatnonzero(first != second)
        first, second, prompt = first[rows], second[rows], self.prompt[rows]
        judged = prompt @ self.taste.T
        at = np.arange(len(rows))
        better = judged[at, first] - judged[at, second]
        wins = self.draw.random(len(rows)) < 1 / (1 + np.exp(-better))
        return {
            "prompt": prompt,
            "chosen": np.where(wins, first, second),
            "rejected": np.where(wins, second, first),
            "reference": reference,
        }


def probabilities(policy: Any, prompt: Any) -> Any:
    scores = prompt @ policy.T
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def align(module: Any, beta: float) -> Aligned:
    """Both stages, with one beta."""
    world = World()

    def judged(results: Mapping[str, Result]) -> dict[str, Any]:
        return world.preferences(results["imitate"].parameters["policy"])

    results = fit_stages(
        module.alignment,
        {"imitate": {"prompt": world.prompt, "answer": world.answer}, "align": judged},
        options={
            "align": {"hyperparameters": {"beta": beta}},
            "imitate": {"sizes": {"K": ANSWERS}},
        },
        optimizer="lbfgs",
        epochs=300,
        progress=False,
    )
    reference, policy = (results[name].parameters["policy"] for name in ("imitate", "align"))
    distance = module.distance(policy, world.prompt, reference)
    return Aligned(beta, world.reward(policy), distance, world.reward(reference), policy, reference)


def show(runs: list[Aligned]) -> None:
    """The table of policies."""
    table = Table("beta", "reward of the reference", "reward of the policy", "distance in nats")
    for one in runs:
        table.add_row(*(f"{x:.3g}" for x in (one.beta, one.start, one.reward, one.distance)))
    console.print(table)


def draw(runs: list[Aligned], path: Path) -> None:
    """Reward over distance, and what the policy has learned of the taste."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 4.4), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    left.plot([0, *(one.distance for one in runs[::-1])],
              [runs[0].start, *(one.reward for one in runs[::-1])], "o-", color="#0072b2")  # fmt: skip
    for one in runs:
        left.annotate(f"beta {one.beta:g}", (one.distance, one.reward), (8, -10),
                      textcoords="offset points", fontsize=8)  # fmt: skip
    left.annotate("reference", (0, runs[0].start), (8, 0), textcoords="offset points", fontsize=8)
    left.set(title="Reward against distance", xlabel="divergence from the reference (nats)",
             ylabel="the judge's mean reward")  # fmt: skip
    taste = World().taste
    gentle = runs[-1]
    implied = gentle.beta * (gentle.policy - gentle.reference)
    centered = [one - one.mean(axis=0) for one in (taste, implied)]
    right.scatter(centered[0].ravel(), centered[1].ravel(), s=18, color="#d55e00")
    span = [centered[0].min(), centered[0].max()]
    right.plot(span, span, color="gray", linewidth=1)
    right.set(title="The reward that DPO implies", xlabel="the judge's taste, by answer and feature",
              ylabel=f"beta · (policy - reference), beta {gentle.beta:g}")  # fmt: skip
    for axes in (left, right):
        axes.grid(alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> list[Aligned]:
    """Align with every beta, print and draw."""
    module = objc.compile(HERE / "preferences.objc")
    console.print(repr(module.alignment))
    runs = [align(module, beta) for beta in BETAS]
    show(runs)
    draw(runs, OUTPUT / "preferences.png")
    console.print("drawn: demo-output/preferences.png")
    return runs


if __name__ == "__main__":
    main()
