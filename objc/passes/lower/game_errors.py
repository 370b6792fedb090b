"""What is wrong with games (E0213–E0214)."""

from __future__ import annotations

from dataclasses import dataclass

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class NotMovable(Diagnostic):
    """A player moves something that it can't.

        game wrong(x: real, y: real | scale: real) =
            first  minimizes scale * x * y  over scale
            second maximizes scale * x * y  over y

    After `over` stand inputs before the bar, or learned parameters: what a player's gradient is taken with
    respect to.
    """

    code = "E0213"
    player: str
    name: str
    role: str | None
    candidates: tuple[str, ...]

    def title(self) -> str:
        if self.role is None:
            return f"`{self.player}` moves `{self.name}`, and the game has no input of that name"
        what = {"data": "data", "hyperparameter": "a hyperparameter"}.get(self.role, self.role)
        return f"`{self.player}` moves `{self.name}`, which is {what}"

    def label(self) -> str:
        return "not an input before the bar, nor a learned parameter"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates) or (
            f"it can move {', '.join(f'`{one}`' for one in self.candidates)}"
            if self.candidates
            else None
        )


@dataclass(frozen=True)
class MovesNothing(Diagnostic):
    """A player whose formula does not depend on what it moves.

        game wrong(x: real, y: real) =
            first  minimizes x^2  over y
            second maximizes y    over y

    Such a player has a gradient of zero and stands still. A player without `over` moves all inputs before
    the bar and all learned parameters that its formula reads.
    """

    code = "E0214"
    player: str
    name: str | None

    def title(self) -> str:
        what = "anything that it can move" if self.name is None else f"`{self.name}`"
        return f"the formula of `{self.player}` does not read {what}"

    def label(self) -> str:
        return "its gradient would be zero"
