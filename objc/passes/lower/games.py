"""Games: a program for each player.

A player's program is that of an objective with its formula alone. It differentiates what the player
moves: the inputs before the bar and the learned parameters that stand after its `over`, or without one
all of these that its formula reads. What it does not move is data to it (a learned parameter of another
player's is a hyperparameter), and what its formula does not read it does not take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from objc.errors import Collector
from objc.ir.index import Dimension
from objc.ir.program import Input, Program
from objc.ir.symbols import Extent
from objc.passes.lower import errors
from objc.passes.lower.declarations import program_of
from objc.passes.lower.loading import Namespace
from objc.syntax import tree

_DIRECTIONS: Mapping[str, Literal["minimize", "maximize"]] = {
    "minimizes": "minimize",
    "maximizes": "maximize",
}


def programs_of_game(
    game: tree.Game, namespace: Namespace, collector: Collector
) -> dict[str, Program]:
    """The program of every player, called `gan.generator`."""
    found: dict[str, Program] = {}
    players: dict[str, tree.Player] = {}
    for player in game.players:
        if player.name in players:
            what = "another player has it"
            first = players[player.name].span
            collector.add(errors.DuplicateName(player.span, player.name, what, first))
        players[player.name] = player
        own = Collector()
        program = program_of(_objective(game, player), namespace, own)
        if program is not None:
            found[program.name] = _moving(program, player, own)
        for one in own.found:
            collector.add(one)
    return found


def _objective(game: tree.Game, player: tree.Player) -> tree.Objective:
    """A player as an objective of one term."""
    return tree.Objective(
        span=player.span,
        name=f"{game.name}.{player.name}",
        name_span=game.name_span,
        docstring=game.docstring,
        signature=game.signature,
        definitions=game.definitions,
        direction=_DIRECTIONS[player.direction],
        terms=(tree.Term(player.span, "value", player.value, False),),
        combine="sum",
        weights=(),
        combine_span=None,
        claims=(),
    )


def _moving(program: Program, player: tree.Player, collector: Collector) -> Program:
    """The program with what the player moves as its only differentiable inputs."""
    read = _needed(program)
    movable = {one.name for one in program.differentiable}
    moved = {one.name for one in player.moved}
    for one in player.moved:
        if one.name not in movable:
            role = None if one.name not in program.input else program.input[one.name].role
            names = tuple(sorted(movable))
            collector.add(errors.NotMovable(one.span, player.name, one.name, role, names))
        elif one.name not in read:
            collector.add(errors.MovesNothing(one.span, player.name, one.name))
    if not player.moved:
        moved = movable & read
        if not moved:
            collector.add(errors.MovesNothing(player.span, player.name, None))
    inputs = (_for_player(one, moved) for one in program.inputs if one.name in read)
    return replace(program, inputs=tuple(inputs), kind="player")


def _for_player(one: Input, moved: set[str]) -> Input:
    if one.is_differentiable and one.name not in moved:
        if one.role == "learned":  # held still: a tensor that all examples share
            return replace(one, role="hyperparameter")
        return replace(one, role="data", default=None)
    return one


def _needed(program: Program) -> set[str]:
    """The inputs that the lets read, and those that bind a dimension which nothing read binds."""
    read = {read.tensor for let in program.lets for read in let.reads}
    for one in program.inputs:
        read |= one.domain.names
    found = {one.name for one in program.inputs if one.name in read}
    bound = {d for one in program.inputs if one.name in found for d in one.dimensions}
    used: set[Dimension] = set()
    for let in program.lets:
        used |= {index.dimension for index in let.indices}
        used |= {extent.dimension for extent in let.body.atoms(Extent)}
        used |= {extent.dimension for extent in let.guard.atoms(Extent)}
    for one in program.inputs:
        if one.name not in found and (used - bound) & set(one.dimensions):
            found.add(one.name)
            bound |= set(one.dimensions)
    return found
