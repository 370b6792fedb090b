"""The diagnostics of training in stages and of games: E0524–E0526."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, article


@dataclass(frozen=True)
class StageWithoutKernel(Diagnostic):
    """A stage whose objective is a formula of several names has no kernel of its own.

    Example: `align: maximize ppo - beta * kl(policy | tune)`: what `ppo` and `policy` are is the training
    loop's affair.

    Mend: declare an objective that says it, with its inputs, and give its kernel:
    `fit_stages(run, data, kernels={"align": module.align})`.
    """

    code: ClassVar[str] = "E0524"
    stage: str
    objective: str

    def title(self) -> str:
        return (
            f"the stage `{self.stage}` trains on `{self.objective}`, which is no declared objective"
        )

    def help(self) -> str | None:
        return (
            "declare an objective of it and give its kernel: "
            f"fit_stages(…, kernels={{'{self.stage}': module.NAME}})"
        )


@dataclass(frozen=True)
class NotAGame(Diagnostic):
    """A game is trained by `fit_game`, which knows its players; anything else by `fit`.

    Example: `fit(module.gan, data)`.

    Mend: `fit_game(module.gan, data, learning_rate={"generator": 1e-4})`. A single player is an objective
    like any other, and `fit(module.gan.generator, …)` trains it alone.
    """

    code: ClassVar[str] = "E0525"
    name: str
    kind: str

    def title(self) -> str:
        if self.kind == "game":
            return f"`{self.name}` is a game of several players, which `fit` can't train"
        return f"`{self.name}` is {article(self.kind)} {self.kind}, and `fit_game` trains games"

    def help(self) -> str | None:
        other = "fit_game" if self.kind == "game" else "fit"
        return f"use {other}({self.name}, …)"


@dataclass(frozen=True)
class PlayerNotFinite(Diagnostic):
    """A player's value or gradient stopped being a finite number.

    Games run away easily: when one player wins by far, the slopes of the others vanish or explode.

    Mend: a lower rate for the player that wins, clipped gradients (`clip_norm=1`), or a game with bounded
    slopes, such as `hinge_gan` with a gradient penalty.
    """

    code: ClassVar[str] = "E0526"
    player: str
    what: str
    epoch: int
    step: int

    def title(self) -> str:
        return f"{self.what} of `{self.player}` is not finite, in epoch {self.epoch}, at step {self.step}"

    def help(self) -> str | None:
        return "lower the learning rate, or clip the gradients (clip_norm=1)"
