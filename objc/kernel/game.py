"""`Game`: a kernel for each player."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from objc.errors import did_you_mean
from objc.kernel.kernel import Kernel
from objc.target import identifier


class Game:
    """Several players, each with a formula of its own and with what it moves.

    `game.generator` is the kernel of a player, `game.players` has all by name, in the order of the text;
    iterating gives the kernels. Each differentiates what its player moves: what stands after its `over`,
    else all inputs before the bar and learned parameters that its formula reads. A kernel is called with
    what its formula reads, or with all inputs of the game, in the game's order.
    """

    kind = "game"

    def __init__(self, name: str, kernels: Iterable[Kernel]) -> None:
        self.name = name
        self.__name__ = name
        players = {one.name.partition(".")[2]: one for one in kernels}
        self._players = players
        self._attributes = {identifier(one): one for one in players}
        self.__doc__ = self.docstring or Game.__doc__

    @property
    def players(self) -> Mapping[str, Kernel]:
        """The kernels by the player's name."""
        return MappingProxyType(self._players)

    @property
    def docstring(self) -> str | None:
        """What the text says of the game."""
        return next((one.docstring for one in self._players.values()), None)

    @property
    def text(self) -> str | None:
        """The game as it was written."""
        return next((one.signature.text for one in self._players.values()), None)

    def __call__(self, *_: Any, **__: Any) -> Any:
        """A game has no value of its own: its players have.

        Raises:
            TypeError: always; it names the players.
        """
        players = ", ".join(f"`{self.name}.{one}`" for one in self._attributes)
        raise TypeError(
            f"`{self.name}` is a game and has no value of its own; call a player: {players}"
        )

    def __getitem__(self, player: str) -> Kernel:
        return self._players[player]

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self._players.values())

    def __len__(self) -> int:
        return len(self._players)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        written = name if name in self._players else self._attributes.get(name)
        if written is None:
            near = did_you_mean(name, self._attributes)
            advice = f"; {near}" if near else f"; its players are {', '.join(self._players)}"
            raise AttributeError(f"the game `{self.name}` has no player `{name}`{advice}")
        return self._players[written]

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._attributes])

    def __reduce__(self) -> Any:
        return Game, (self.name, tuple(self._players.values()))

    def __repr__(self) -> str:
        head = f"<game {self.name}: {', '.join(self._players)}>"
        return (
            head if self.text is None else f"{head}\n{textwrap.indent(self.text.strip(), '    ')}"
        )
