"""What is wrong with stages (E0215–E0219)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label, article, did_you_mean
from objc.source import Span


@dataclass(frozen=True)
class UnknownStage(Diagnostic):
    """A stage that there is not.

        stages alignment
            tune:  minimize next_token
            align: minimize dpo          from tuned

    After `from` and `scored by` stand the names of stages of the same run.
    """

    code = "E0215"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no stage `{self.name}`"

    def label(self) -> str:
        return "not a stage of this run"

    def help(self) -> str | None:
        listed = ", ".join(f"`{one}`" for one in self.candidates)
        return did_you_mean(self.name, self.candidates) or f"its stages are {listed}"


@dataclass(frozen=True)
class StageOrder(Diagnostic):
    """A stage that needs one which is not trained yet.

        stages alignment
            align: minimize dpo          from tune
            tune:  minimize next_token

    Stages are trained in the order in which they stand. What a stage starts from, is scored by, or refers
    to has to stand before it.
    """

    code = "E0216"
    name: str
    needs: str
    how: str
    circle: tuple[str, ...]
    other: Span | None

    def title(self) -> str:
        if self.name == self.needs:
            return f"the stage `{self.name}` {self.how} itself"
        if self.circle:
            return f"stages start from each other in a circle: {' → '.join(self.circle)}"
        return f"the stage `{self.name}` {self.how} `{self.needs}`, which comes after it"

    def label(self) -> str:
        return "not trained yet"

    def labels(self) -> Sequence[Label]:
        if self.other is None or self.name == self.needs:
            return ()
        return (Label(self.other, "trained here"),)

    def help(self) -> str | None:
        return (
            "stages are trained in the order in which they stand: a stage may need those before it"
        )


@dataclass(frozen=True)
class TrainedReference(Diagnostic):
    """A frozen stage at a place that is trained.

        stages alignment
            tune:  minimize next_token
            align: minimize kl(tune | policy)   from tune

    A stage that a formula refers to stays as it is, so it stands after the bar, among the data. Before the
    bar stands the model in training, under any other name.
    """

    code = "E0217"
    name: str
    itself: bool

    def title(self) -> str:
        if self.itself:
            return f"`{self.name}` is in training here, and can't be its own frozen reference"
        return f"the stage `{self.name}` is frozen here, and stands where gradients go"

    def label(self) -> str:
        return "would have to stand still" if self.itself else "before the bar"

    def help(self) -> str | None:
        if self.itself:
            return "refer to an earlier stage, or name the model in training otherwise: `policy`"
        return f"write it after the bar: `(… | {self.name})`"


@dataclass(frozen=True)
class BadStageObjective(Diagnostic):
    """A stage whose objective is not declared, or is nothing to train on.

        stages alignment
            tune: minimize next_tokens

    A stage has the name of a loss or an objective, of this file, of one that it uses, or of the library; or
    a formula of several. In a formula other names may stand: the training loop gives their values.
    """

    code = "E0218"
    name: str
    kind: str | None
    candidates: tuple[str, ...]

    def title(self) -> str:
        if self.kind is None:
            return f"there is no loss or objective `{self.name}`"
        return f"`{self.name}` is {article(self.kind)} {self.kind}, and no objective to train on"

    def label(self) -> str:
        if self.kind is not None:
            return "a stage trains on a loss or an objective"
        return "not declared here, in a used file or in the library"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class StageDirection(Diagnostic):
    """A stage that minimizes what is declared to be maximized, or the other way round.

        objective reward(a: real |) = maximize -a^2
        stages run
            only: minimize reward

    An objective states its direction; a stage has to state the same. A loss may be maximized.
    """

    code = "E0219"
    name: str
    declared: str

    def title(self) -> str:
        return f"the objective `{self.name}` is declared to {self.declared}"

    def label(self) -> str:
        return "the other way round"

    def help(self) -> str | None:
        return f"write `{self.declared} {self.name}`"
