"""`Stages`: a declared run of stages, for training loops to go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from objc.kernel.kernel import Kernel

if TYPE_CHECKING:
    from objc.ir.stages import Run, Stage


class Stages:
    """Training in stages: `run.stages` are records in the order of training.

    A record has the stage's `name`, its `direction`, its `objective` as written, the stage whose parameters
    it starts from (`start`, None where it starts anew), the stages that its formula refers to and that stay
    as they are (`frozen`), and the stage that scores what it makes (`scorer`). `declared` are the names of
    its formula that are declared somewhere, `given` those that the training loop has to give. Iterating
    gives the records; `run["tune"]` is one.
    """

    kind = "stages"

    def __init__(self, run: Run, find: Callable[[Stage], Kernel]) -> None:
        self.name = run.name
        self.docstring = run.docstring
        self.stages: tuple[Stage, ...] = run.stages
        self.__name__ = run.name
        self._find = find

    def kernel(self, name: str) -> Kernel | None:
        """The kernel of a stage whose objective is the name of a loss or an objective, in the stage's
        direction; None where it is a formula of several, which the training loop has to put together.

        Raises:
            KeyError: there is no stage of that name.
        """
        stage = self[name]
        if stage.source is None:
            return None
        found = self._find(stage)
        if found.direction == stage.direction:
            return found
        return Kernel.of_program(replace(found.program, direction=stage.direction), found.target)

    def __getitem__(self, name: str) -> Stage:
        for one in self.stages:
            if one.name == name:
                return one
        raise KeyError(name)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __repr__(self) -> str:
        lines = [f"<stages {self.name}>"]
        for one in self.stages:
            origins = [f"from {one.start}"] if one.start else []
            origins += [f"frozen {', '.join(one.frozen)}"] if one.frozen else []
            origins += [f"scored by {one.scorer}"] if one.scorer else []
            rest = f"   ({'; '.join(origins)})" if origins else ""
            lines.append(f"    {one.name}: {one.direction} {one.objective}{rest}")
        return "\n".join(lines)
