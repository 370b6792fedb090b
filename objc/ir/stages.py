"""Training in stages, as data: what each trains on, where it starts, what it looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from objc.source import Source


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    `objective` is what it minimizes or maximizes, as written. `declared` names the losses, objectives,
    functions and models of it that are declared somewhere; `given` what the training loop has to give: the
    model in training, coefficients, rewards. `start` is the stage whose parameters it starts from, None
    where it starts anew; `frozen` are the stages that its formula refers to, which stay as they are;
    `scorer` is the stage that scores what it makes.
    """

    name: str
    direction: Literal["minimize", "maximize"]
    objective: str
    declared: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    start: str | None = None
    frozen: tuple[str, ...] = ()
    scorer: str | None = None
    source: Source | None = field(default=None, compare=False, repr=False)
    """The text in which the only name of the objective is declared; None for a formula."""


@dataclass(frozen=True)
class Run:
    """A declared run of stages, in the order in which they are trained."""

    name: str
    stages: tuple[Stage, ...]
    docstring: str | None = None
