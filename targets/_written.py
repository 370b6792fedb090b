"""What the texts of kernels have in common on targets that write loops: outputs, and what is told of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from objc.errors import InternalError
from objc.schedule.loops import Loops

if TYPE_CHECKING:
    from objc.targets.cpu.layout import Layout


class Written(ABC):
    """The text of one program's kernel."""

    loops: Loops
    layout: Layout

    @abstractmethod
    def head(self) -> str:
        """What stands above the functions."""

    @abstractmethod
    def body(self) -> str:
        """The functions."""

    def whole(self) -> str:
        """The text of a module."""
        return f"{self.head()}\n\n\n{self.body()}\n"

    def require_filled(self) -> None:
        """An output that no step fills would hold whatever was in memory before."""
        missing = sorted(set(self.loops.program.outputs.values()) - self.layout.filled)
        if missing:
            name = self.loops.program.name
            raise InternalError(f"{name}: no step fills the output {', '.join(missing)}")

    def results(self) -> dict[str, Any]:
        """The results by what they are: scalars by their places among the values, `whole` ones, tensors with
        the results that are one of them; and the dimensions that a hyperparameter counts."""
        program = self.loops.program
        scalars = {}
        tensors: dict[str, list[str]] = {}
        for key, name in program.outputs.items():
            if program.let[name].free:
                tensors.setdefault(name, []).append(key)
            else:
                scalars[key] = self.layout.value("let", name)
        return {
            "scalars": scalars,
            "whole": tuple(
                k for k, n in program.outputs.items() if program.let[n].domain.is_integer
            ),
            "tensors": {name: tuple(keys) for name, keys in tensors.items()},
            "counted": {
                one.name: (one.count, one.more)
                for one in program.dimensions
                if one.count is not None
            },
        }
