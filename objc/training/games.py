"""Training of games: players adjust what they move, in turn or at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.interruption import interrupts_held
from objc.training.clipping import clip
from objc.training.data import Dataset, epoch_order
from objc.training.errors import BadOption, NothingToTrain, UnknownName
from objc.training.history import History
from objc.training.loop import Interrupted, Result
from objc.training.objective import Objective, by_name
from objc.training.optimizers import LBFGS, Optimizer, Slots
from objc.training.parameters import Parameters, make_parameters
from objc.training.preparation import Sizes, floating_type, prepare
from objc.training.protocols import Kernel
from objc.training.settings import Callback, Epoch, OptimizerName, resolve
from objc.training.stage_errors import NotAGame, PlayerNotFinite

Array = NDArray[Any]

_ROLES = ("learned", "differentiable", "data", "hyperparameter")
"""What an input is to a game: the first of these that it is to some player."""


class Game(Protocol):
    """Kernels by player, as `objc.kernel.Game` has them."""

    @property
    def name(self) -> str: ...
    @property
    def players(self) -> Mapping[str, Any]: ...


@dataclass
class _Player:
    """A player under training: its kernel, the parameters it moves, its rule and its rate."""

    name: str
    objective: Objective
    moves: tuple[str, ...]
    optimizer: Optimizer
    rate: float
    every: int
    slots: dict[str, Slots]
    steps: int = 0


def fit_game(
    game: Game,
    data: Mapping[str, Any],
    *,
    order: Literal["alternating", "simultaneous"] = "alternating",
    every: Mapping[str, int] | None = None,
    parameters: Mapping[str, Any] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    optimizer: OptimizerName | Optimizer | Mapping[str, OptimizerName | Optimizer] = "adam",
    learning_rate: float | Mapping[str, float] | None = None,
    epochs: int = 10,
    batch_size: int | None = 64,
    shuffle: bool = True,
    seed: int = 0,
    clip_norm: float | None = None,
    callbacks: Sequence[Callback] = (),
    dtype: Literal["float32", "float64"] | None = None,
) -> Result:
    """Let the players of a game adjust what they move, each by its own gradient.

    Trained are the learned parameters of the game and every input before the bar that the data does not
    give. On each batch the players go in the order of the game, each seeing what those before it did
    (`alternating`), or all move at once from the same point (`simultaneous`).

    Unlike `fit` it has no checkpoints, validation, metrics, schedules or early stopping: a callback sees the
    parameters of each epoch, may save them and may end the run. `parameters=result.parameters` goes on from
    there, with the memory of the rules and the order of the examples begun anew.

    Args:
        game: `module.NAME` of a declared game.
        data: as for `fit`, for all players together.
        order: "alternating" or "simultaneous".
        every: by player, on every which batch it moves: `{"generator": 5}` gives a critic five steps to one.
        optimizer, learning_rate: for all players, or by player.
        parameters, hyperparameters, sizes, epochs, batch_size, shuffle, seed, clip_norm, callbacks, dtype:
            as for `fit`.

    Returns:
        The last parameters of all players; `history` has `train.PLAYER`, the value that a player met when
        it moved, averaged over the epoch.

    Raises:
        ObjcError: something does not fit (E0510–E0523, E0525), or a value is not finite (E0526).
        Interrupted: by the user; it has the parameters after the last epoch that was finished.
    """
    _check_options(game, order, every, optimizer, learning_rate)
    whole = _whole(game, hyperparameters or {})
    bound = Sizes(dict(sizes or {}))
    given = by_name(whole.kernel, parameters or {})
    table = by_name(whole.kernel, data)
    floating = floating_type({**table, **given}, dtype)
    needed = [one.name for one in whole.of_role("data")]
    training = prepare(whole, table, None, sizes=bound, dtype=floating, needed=needed, others=())
    held = make_parameters(
        whole, given, None, fixed=training.arrays, sizes=bound, seed=seed, dtype=floating
    )
    players = []
    for name, kernel in game.players.items():
        rule = resolve(
            optimizer=_of(optimizer, name, "adam"), learning_rate=_of(learning_rate, name, None),
            schedule="constant", warmup=0, epochs=epochs, batch_size=batch_size, seed=seed,
            clip_norm=clip_norm, clip_value=None, checkpoint=None, checkpoint_every=None,
            shuffle=shuffle, early_stopping=None, train_metrics=False,
        )  # fmt: skip
        players.append(
            _player(name, kernel, whole, held, rule.optimizer, rule.learning_rate, every)
        )
    run = _GameRun(players, held, training, order == "alternating", clip_norm)
    return run.train(epochs, batch_size or len(training), seed if shuffle else None, callbacks)


def _check_options(game: Any, order: str, *by_player: Any) -> None:
    kind = str(getattr(game, "kind", type(game).__name__))
    if kind != "game":
        raise ObjcError(NotAGame(None, str(getattr(game, "name", "this")), kind))
    choices = ("alternating", "simultaneous")
    if order not in choices:
        raise ObjcError(BadOption(None, "`order`", repr(order), " or ".join(choices), choices))
    known = tuple(game.players)
    for option in by_player:
        for name in _by_player(option):
            if name not in known:
                raise ObjcError(UnknownName(None, "player", name, game.name, known))


def _by_player(option: Any) -> Mapping[str, Any]:
    return option if isinstance(option, Mapping) else {}


def _of(option: Any, player: str, default: Any) -> Any:
    return option.get(player, default) if isinstance(option, Mapping) else option


def _player(
    name: str,
    kernel: Kernel,
    whole: Objective,
    held: Parameters,
    optimizer: Optimizer | LBFGS,
    rate: float,
    every: Mapping[str, int] | None,
) -> _Player:
    if isinstance(optimizer, LBFGS):
        expected = "a rule that takes steps: a game has no one value to search along"
        raise ObjcError(BadOption(None, "the optimizer", "lbfgs", expected))
    taken = {one.name for one in kernel.signature.inputs}
    chosen = {one: value for one, value in whole.hyperparameters.items() if one in taken}
    objective = Objective(kernel, chosen)
    movable = objective.of_role("learned", "differentiable")
    moves = tuple(one.name for one in movable if one.name in held.own_names)
    if not moves:
        fixed = tuple(one.name for one in movable)
        raise ObjcError(NothingToTrain(None, objective.name, fixed))
    moving = held.moving
    slots = {one: optimizer.start(moving[one]) for one in moves}
    turn = (every or {}).get(name, 1)
    if turn < 1:
        raise ObjcError(BadOption(None, f"`every` of `{name}`", str(turn), "at least 1"))
    return _Player(name, objective, moves, optimizer, rate, turn, slots)


def _whole(game: Game, hyperparameters: Mapping[str, Any]) -> Objective:
    """The inputs of all players as those of one objective, for preparing data and parameters."""
    kernels = list(game.players.values())
    found: dict[str, Any] = {}
    objectives = []
    for kernel in kernels:
        named = by_name(kernel, hyperparameters)
        taken = {one.name for one in kernel.signature.inputs}
        objective = Objective(kernel, {one: v for one, v in named.items() if one in taken})
        objectives.append(objective)
        for name, record in objective.inputs.items():
            if name not in found or _ROLES.index(record.role) < _ROLES.index(found[name].role):
                found[name] = record
    known = tuple(name for name, one in found.items() if one.role == "hyperparameter")
    whole = objectives[0]
    whole.hyperparameters = by_name(whole.kernel, hyperparameters)
    for name in whole.hyperparameters:
        if name not in known:
            raise ObjcError(UnknownName(None, "hyperparameter", name, game.name, known))
    whole.name, whole.inputs = game.name, found
    return whole


@dataclass
class _GameRun:
    players: list[_Player]
    parameters: Parameters
    data: Dataset
    alternating: bool
    clip_norm: float | None

    def __post_init__(self) -> None:
        self.history, self.done, self.step = History(), 0, 0
        self.completed = self.parameters.copy()

    def train(
        self, epochs: int, batch_size: int, seed: int | None, callbacks: Sequence[Callback]
    ) -> Result:
        """Run the epochs; `seed` orders the examples, None leaves them as they are."""
        stopped: Literal["completed", "callback"] = "completed"
        quiet = np.errstate(over="ignore", divide="ignore", invalid="ignore")
        try:
            with quiet, interrupts_held() as let_interrupts_through:
                for epoch in range(1, epochs + 1):
                    order = None if seed is None else epoch_order(len(self.data), seed, epoch - 1)
                    batches = self.data.batches(batch_size, order)
                    record = self._train_epoch(epoch, batches, let_interrupts_through)
                    seen = Epoch(epoch, record, self.parameters.values)
                    answers = [one(seen) for one in callbacks]
                    if any(one is True for one in answers):
                        stopped = "callback"
                        break
        except KeyboardInterrupt:
            result = Result(self.completed, self.history, self.done, "interrupted")
            raise Interrupted(result) from None
        return Result(self.completed, self.history, self.done, stopped)

    def _train_epoch(
        self, epoch: int, batches: Iterator[Dataset], let_interrupts_through: Callable[[], None]
    ) -> dict[str, float]:
        started = time.perf_counter()
        seen: dict[str, list[float]] = {}
        for batch in batches:
            let_interrupts_through()
            self.step += 1
            values = dict(self._step(batch, epoch, self.step))
            for name, value in values.items():
                seen.setdefault(name, []).append(value)
            self.history.steps.append({"epoch": epoch, "step": self.step, **values})
        record = {"epoch": float(epoch)}
        record.update({f"train.{name}": float(np.mean(one)) for name, one in seen.items()})
        record["seconds"] = time.perf_counter() - started
        self.history.epochs.append(record)
        self.done, self.completed = epoch, self.parameters.copy()
        return record

    def _step(self, batch: Dataset, epoch: int, step: int) -> Iterator[tuple[str, float]]:
        turns = [one for one in self.players if step % one.every == 0]
        moves: list[tuple[_Player, dict[str, Array]]] = []
        for player in turns:
            value, gradients = self._gradient(player, batch, epoch, step)
            if self.alternating:
                self._move(player, gradients)
            else:
                moves.append((player, gradients))
            yield player.name, value
        for player, gradients in moves:
            self._move(player, gradients)

    def _gradient(
        self, player: _Player, batch: Dataset, epoch: int, step: int
    ) -> tuple[float, dict[str, Array]]:
        inputs = player.objective.inputs
        arguments = {**batch.arrays, **self.parameters.values}
        taken = {name: one for name, one in arguments.items() if name in inputs}
        found = player.objective.evaluate(taken, player.moves, None)
        if not found.is_finite:
            what = "the gradient" if np.isfinite(found.value) else "the value"
            raise ObjcError(PlayerNotFinite(None, player.name, what, epoch, step))
        return found.value, dict(found.gradients)

    def _move(self, player: _Player, gradients: dict[str, Array]) -> None:
        player.steps += 1
        along = clip(self.parameters.along_domains(gradients), norm=self.clip_norm, value=None)
        moving = self.parameters.moving
        for name, gradient in along.items():
            old = moving[name]
            slope = gradient.astype(old.dtype, copy=False)
            slope = -slope if player.objective.maximize else slope
            new = player.optimizer.update(old, slope, player.slots[name], player.rate, player.steps)
            moving[name] = np.asarray(new, dtype=old.dtype)
        self.parameters.move(moving, self.parameters.at(moving))
