"""Which inputs are trained, where they start, and in what domain they are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.kernel.formula import names_of
from objc.kernel.memory import machine_memory
from objc.training.coordinates import Coordinates, coordinates_for, is_inside
from objc.training.data_errors import TooLargeToTrain
from objc.training.domains import first_violation
from objc.training.errors import (
    BadParameter,
    BadPrediction,
    NothingToTrain,
    TiedParameter,
    UnknownName,
)
from objc.training.initialization import initial_value
from objc.training.objective import InputRecord, Objective
from objc.training.preparation import Sizes
from objc.training.projection import ORDERED, SIMPLEX, bounds, project, tangent
from objc.training.protocols import Predictor

Array = NDArray[Any]


class Parameters:
    """The trained arrays by name: the objective's own, and the predictor's, which live in it.

    `values` are replaced as a whole, so that a failed step leaves them as they were. `coordinates` are
    where the parameters stand whose domain is trained in coordinates of its own (`coordinates.py`); an
    optimizer moves `moving`, which has those in place of the values.
    """

    def __init__(
        self,
        own: Mapping[str, Array],
        records: Mapping[str, InputRecord],
        predictor: Predictor | None,
    ) -> None:
        self._predictor = predictor
        self._domains = {
            name: (one.kind, *bounds(one.kind, one.low, one.high, own[name].dtype))
            for name, one in records.items()
        }
        self.own_names = tuple(own)
        self.values: dict[str, Array] = dict(own)
        self._maps: dict[str, Coordinates] = {}
        for name, domain in self._domains.items():
            found = coordinates_for(*domain)
            if found is not None and is_inside(own[name], *domain):
                self._maps[name] = found
        self.coordinates = {name: one.of(own[name]) for name, one in self._maps.items()}
        if predictor is not None:
            for name, one in predictor.parameters.items():
                if name in self.values:
                    problem = f"has a parameter `{name}`, and so has the objective"
                    raise ObjcError(BadPrediction(None, type(predictor).__name__, problem))
                self.values[name] = np.copy(one)

    @property
    def own(self) -> dict[str, Array]:
        """The objective's own parameters: what the kernel gets."""
        return {name: self.values[name] for name in self.own_names}

    @property
    def moving(self) -> dict[str, Array]:
        """What an optimizer moves: coordinates where there are some, else values."""
        return {**self.values, **self.coordinates}

    def at(self, moving: Mapping[str, Array]) -> dict[str, Array]:
        """The values when an optimizer has moved there, within their domains. What has not moved keeps
        its value to the bit."""
        values = {}
        for name, new in moving.items():
            if name not in self._maps:
                values[name] = self._projected(name, new)
                continue
            same = new == self.coordinates[name]
            if self._domains[name][0] in (SIMPLEX, ORDERED):
                same = same.all(axis=-1, keepdims=True)
            values[name] = np.where(same, self.values[name], self._maps[name].value(new))
        return values

    def move(self, moving: Mapping[str, Array], values: Mapping[str, Array]) -> None:
        """Take what `at` gave for these."""
        self.coordinates = {name: moving[name] for name in self._maps}
        self._set(values)

    def replace(self, values: Mapping[str, Array]) -> None:
        """Take new values; the predictor's are written into its arrays."""
        self.coordinates = {name: one.of(values[name]) for name, one in self._maps.items()}
        self._set(values)

    def restore(self, values: Mapping[str, Array], coordinates: Mapping[str, Array]) -> None:
        """Take the state of another run, trained in the same coordinates as that was."""
        maps = {name: coordinates_for(*self._domains[name]) for name in coordinates}
        self._maps = {name: one for name, one in maps.items() if one is not None}
        self.coordinates = {name: coordinates[name] for name in self._maps}
        self._set(values)

    def _set(self, values: Mapping[str, Array]) -> None:
        self.values = dict(values)
        if self._predictor is not None:
            for name, one in self._predictor.parameters.items():
                one[...] = self.values[name]

    def _projected(self, name: str, value: Array) -> Array:
        """The value brought back into the parameter's declared domain."""
        return project(value, *self._domains[name]) if name in self._domains else value

    def along_domains(self, gradients: Mapping[str, Array]) -> dict[str, Array]:
        """The gradients with respect to what moves: pulled back to the coordinates, or along the domain
        where a parameter without them lies in a flat one."""
        return {
            name: self._maps[name].pulled_back(one, self.coordinates[name])
            if name in self._maps
            else tangent(one, self.bounds(name)[0])
            for name, one in gradients.items()
        }

    def bounds(self, name: str) -> tuple[str, float, float]:
        """Kind, least and greatest value of the entries of what moves."""
        free = ("real", -np.inf, np.inf)
        return free if name in self._maps else self._domains.get(name, free)

    def copy(self) -> dict[str, Array]:
        return {name: np.copy(one) for name, one in self.values.items()}


def make_parameters(
    objective: Objective,
    given: Mapping[str, Any],
    predictor: Predictor | None,
    *,
    fixed: Mapping[str, Array],
    sizes: Sizes,
    seed: int,
    dtype: np.dtype[Any],
) -> Parameters:
    """The parameters at their start: as given, else as declared, else by shape.

    `fixed` is the data: an input before the bar that it has is not trained. With a predictor, inputs
    before the bar that are neither in the data nor in `given` are its predictions.

    Raises:
        ObjcError: E0510, E0512, E0514, E0515, E0518, E0520, E0533.
    """
    trained = [one for one in trainable(objective, given, predictor) if one.name not in fixed]
    known = tuple(one.name for one in objective.of_role("learned", "differentiable"))
    of_predictor = tuple(predictor.parameters) if predictor is not None else ()
    for name in given:
        if name not in known and name not in of_predictor:
            raise ObjcError(
                UnknownName(None, "parameter", name, objective.name, known + of_predictor)
            )
    _refuse_leaning(objective, [one.name for one in trained])
    for one in trained:
        if one.name in given:
            _bind(one, given[one.name], sizes)
    _require_memory(trained, sizes, dtype)
    own = {one.name: _start(one, given, sizes, seed, dtype) for one in trained}
    if not own and not of_predictor:
        raise ObjcError(NothingToTrain(None, objective.name, tuple(n for n in known if n in fixed)))
    parameters = Parameters(own, {one.name: one for one in trained}, predictor)
    if any(name in given for name in of_predictor):
        replaced = {name: np.asarray(given[name]) for name in of_predictor if name in given}
        for name, value in replaced.items():
            if value.shape != parameters.values[name].shape:
                raise ObjcError(_wrong_shape(name, value.shape, parameters.values[name].shape))
        parameters.replace({**parameters.values, **replaced})
    return parameters


def _require_memory(trained: list[InputRecord], sizes: Sizes, dtype: np.dtype[Any]) -> None:
    """Raises ObjcError (E0533) where the parameters and their gradient are more than the machine holds."""
    shapes = {one.name: sizes.shape_of(one) for one in trained}
    needed = 2 * dtype.itemsize * sum(map(math.prod, shapes.values()))
    there = machine_memory()
    if there is None or needed <= there:
        return
    largest = max(trained, key=lambda one: math.prod(shapes[one.name]))
    extents = zip(shapes[largest.name], largest.shape, strict=True)
    extent, dimension = max(extents, key=lambda one: one[0])
    source = sizes.source(dimension)
    raise ObjcError(
        TooLargeToTrain(None, largest.declared, str(dimension), extent, source, needed, there)
    )


def _refuse_leaning(objective: Objective, trained: list[str]) -> None:
    """A step of one would leave the domain of the other, or shrink it."""
    for one in objective.inputs.values():
        if not one.leans:
            continue
        named = [name for name in trained if name in names_of(one.least) | names_of(one.most)]
        if one.name in trained or named:
            name = one.name if one.name in trained else named[0]
            raise ObjcError(TiedParameter(None, name, one.declared))


def trainable(
    objective: Objective, given: Mapping[str, Any], predictor: Predictor | None
) -> list[InputRecord]:
    """The inputs that are the objective's own parameters, unless the data has them."""
    found = objective.of_role("learned")
    for one in objective.of_role("differentiable"):
        if predictor is None or one.name in given:
            found.append(one)
    return found


def predicted_names(
    objective: Objective, given: Mapping[str, Any], data: Mapping[str, Any]
) -> tuple[str, ...]:
    """The inputs that a predictor has to give."""
    names = (one.name for one in objective.of_role("differentiable"))
    return tuple(name for name in names if name not in given and name not in data)


def _bind(record: InputRecord, value: Any, sizes: Sizes) -> None:
    shape = np.shape(value)
    if len(shape) != record.rank:
        problem = f"has the shape {list(shape)}; it is declared `{record.declared}`"
        raise ObjcError(BadParameter(None, record.name, problem))
    sizes.bind(record, shape, shape)


def _start(
    record: InputRecord,
    given: Mapping[str, Any],
    sizes: Sizes,
    seed: int,
    dtype: np.dtype[Any],
) -> Array:
    shape = sizes.shape_of(record)
    kind, low, high = record.kind, *bounds(record.kind, record.low, record.high, dtype)
    if record.name in given:
        value = np.array(given[record.name], dtype=dtype)
        if np.isfinite(value).all() and (bad := first_violation(value, record, None)) is not None:
            place = f" at {list(bad.position)}" if bad.position else ""
            problem = f"is {bad.value}{place}; `{record.declared}` is {bad.expected}"
            raise ObjcError(BadParameter(None, record.name, problem))
    elif record.default is not None:
        value = np.full(shape, record.default, dtype=dtype)
    else:
        value = initial_value(record.name, shape, kind, low, high, seed).astype(dtype)
    if not np.isfinite(value).all():
        raise ObjcError(BadParameter(None, record.name, "has entries that are not finite"))
    return project(value, kind, low, high)


def _wrong_shape(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> BadParameter:
    return BadParameter(None, name, f"has the shape {list(shape)}; expected {list(expected)}")
