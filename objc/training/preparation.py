"""From what the caller gives to arrays that fit the objective: names, shapes, sizes, types, domains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.kernel.arrays import first_lost
from objc.training.data import Dataset
from objc.training.data_errors import (
    BadWeight,
    DataShape,
    MissingData,
    OutOfDomain,
    RoundedData,
    UnknownSize,
)
from objc.training.domains import first_violation, violation_beside
from objc.training.errors import BadOption, UnknownName
from objc.training.objective import InputRecord, Objective

Array = NDArray[Any]


class Sizes:
    """The extents of the objective's dimensions, as they become known."""

    def __init__(self, given: Mapping[str, int]) -> None:
        self._known: dict[str, tuple[int, str]] = {
            name: (int(size), "given in `sizes`") for name, size in given.items()
        }

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def get(self, dimension: str | int | None) -> int | None:
        if dimension is None or isinstance(dimension, int):
            return dimension
        return self._known[dimension][0] if dimension in self._known else None

    def source(self, dimension: str | int) -> str | None:
        """Where the extent of a dimension comes from, None for one that the declaration says."""
        return None if isinstance(dimension, int) else self._known[dimension][1]

    def bind(self, record: InputRecord, shape: tuple[int, ...], whole: tuple[int, ...]) -> None:
        """Match one example's shape to the declaration.

        Raises:
            ObjcError: an extent differs from what is known (E0512).
        """
        for dimension, extent in zip(record.shape, shape, strict=True):
            known = self.get(dimension)
            if known is None:
                self._known[str(dimension)] = (extent, f"from `{record.name}`")
            elif known != extent:
                source = "" if isinstance(dimension, int) else f" ({self._known[dimension][1]})"
                problem = f"{extent} along `{dimension}`, which is {known}{source}"
                raise ObjcError(DataShape(None, record.name, record.declared, whole, problem))

    def infer_from_labels(self, record: InputRecord, values: Array) -> None:
        """An `index(K)` whose K is nowhere else to be read: the greatest label and one."""
        dimension = record.index_dimension
        if not isinstance(dimension, str) or dimension in self or not values.size:
            return
        if values.max() >= 0:
            source = f"the greatest value of `{record.name}` and 1"
            self._known[dimension] = (int(values.max()) + 1, source)

    def shape_of(self, record: InputRecord) -> tuple[int, ...]:
        """The shape of a parameter.

        Raises:
            ObjcError: a dimension is not known (E0514).
        """
        shape = []
        for dimension in record.shape:
            size = self.get(dimension)
            if size is None:
                raise ObjcError(UnknownSize(None, str(dimension), record.declared))
            shape.append(size)
        return tuple(shape)


_FLOATING = ("float32", "float64")


def floating_type(arrays: Mapping[str, Any], wanted: Any) -> np.dtype[Any]:
    """The type of a run: as asked, else float32 where all floating data is at most that wide."""
    if wanted is not None:
        try:
            found = np.dtype(wanted)
        except TypeError:
            found = None
        if found is None or found.name not in _FLOATING:
            raise ObjcError(
                BadOption(None, "`dtype`", repr(wanted), " or ".join(_FLOATING), _FLOATING)
            )
        return found
    found_types = (as_array(name, one).dtype for name, one in arrays.items())
    widths = [one.itemsize for one in found_types if one.kind == "f"]
    return np.dtype(np.float32 if widths and max(widths) <= 4 else np.float64)


def as_array(name: str, given: Any) -> Array:
    """Data as an array. Raises ObjcError (E0512) for what NumPy can't view, and for a masked array, of
    which it would view what is masked too."""
    if isinstance(given, np.ma.MaskedArray):
        mend = f"give `{name}.data`, and leave rows out by a weight of 0"
        problem = "a masked array, whose mask is not looked at"
        raise ObjcError(DataShape(None, name, "", given.shape, problem, mend))
    try:
        return np.asarray(given)
    except Exception as error:
        length = (len(given),) if hasattr(given, "__len__") else ()
        problem = f"NumPy can't view this {type(given).__name__} ({str(error).splitlines()[0]})"
        raise ObjcError(DataShape(None, name, "", length, problem)) from error


def prepare(
    objective: Objective,
    data: Mapping[str, Any],
    weight: Any,
    *,
    sizes: Sizes,
    dtype: np.dtype[Any],
    needed: Collection[str],
    others: Collection[str] | None,
    name: str = "the data",
) -> Dataset:
    """Check and convert one set of data.

    `needed` are the inputs that must be there. `others` are the further names that metrics take; None
    where any name is welcome, because a predictor or a function may use it.

    Raises:
        ObjcError: E0510–E0513, E0523, E0532.
    """
    _check_names(objective, data, needed, others)
    columns: dict[str, Array] = {}
    shared: dict[str, Array] = {}
    for key, given in data.items():
        record = objective.inputs.get(key)
        values = _converted(as_array(key, given), record, dtype)
        if record is None:
            (columns if values.ndim else shared)[key] = values
        elif values.ndim == record.rank + 1:
            sizes.bind(record, values.shape[1:], values.shape)
            columns[key] = values
        elif values.ndim == record.rank:
            sizes.bind(record, values.shape, values.shape)
            shared[key] = values
        else:
            raise ObjcError(_wrong_rank(record, values.shape))
    count = _count(objective, columns)
    for key, values in {**columns, **shared}.items():
        if (record := objective.inputs.get(key)) is not None:
            columns_or_shared = columns if key in columns else shared
            columns_or_shared[key] = _in_domain(record, values, sizes, dtype, key in columns, name)
    _check_beside(objective.inputs, {**columns, **shared}, columns, name)
    prepared_weight = None if weight is None else _weight(weight, count, dtype)
    return Dataset(columns, shared, prepared_weight, np.arange(count), name)


def _check_names(
    objective: Objective,
    data: Mapping[str, Any],
    needed: Collection[str],
    others: Collection[str] | None,
) -> None:
    inputs = [one.name for one in objective.of_role("data", "differentiable")]
    for key in data:
        if key not in inputs and others is not None and key not in others:
            raise ObjcError(UnknownName(None, "input", key, objective.name, tuple(inputs)))
    for key in needed:
        if key not in data:
            declared = objective.inputs[key].declared
            raise ObjcError(MissingData(None, key, objective.name, declared, tuple(data)))


def _converted(values: Array, record: InputRecord | None, dtype: np.dtype[Any]) -> Array:
    """Floating data in the floating type of the run; what has integer values stays for the checks."""
    if values.dtype.kind == "f" and not (record is not None and record.is_integer):
        return values.astype(dtype, copy=False)
    if values.dtype.kind == "b":
        return values.astype(np.int64)
    if values.dtype.kind not in "iuf" and record is not None:
        problem = f"its entries are {values.dtype}, not numbers"
        raise ObjcError(DataShape(None, record.name, record.declared, values.shape, problem))
    return values


def _in_domain(
    record: InputRecord,
    values: Array,
    sizes: Sizes,
    dtype: np.dtype[Any],
    batched: bool,
    name: str,
) -> Array:
    if record.kind == "index" and (values.dtype.kind != "f" or np.isfinite(values).all()):
        sizes.infer_from_labels(record, values)
    found = first_violation(values, record, sizes.get(record.index_dimension))
    if found is not None:
        place = _place(found.position, batched, name)
        raise ObjcError(
            OutOfDomain(None, record.name, place, found.value, found.expected, found.mend)
        )
    if record.is_integer:
        return values.astype(np.int64, copy=False)
    lost = first_lost(values, dtype.name)
    if lost is not None:
        place = _place(lost.position, batched, name)
        raise ObjcError(RoundedData(None, record.name, place, lost.value, dtype.name, lost.rounded))
    return values.astype(dtype, copy=False)


def _check_beside(
    records: Mapping[str, InputRecord],
    arrays: Mapping[str, Array],
    columns: Collection[str],
    name: str,
) -> None:
    """Check what lies between ends that are other inputs."""
    for key, record in records.items():
        if key not in arrays or not record.leans:
            continue
        found = violation_beside(record, arrays, records)
        if found is not None:
            place = _place(found.position, key in columns, name)
            raise ObjcError(OutOfDomain(None, key, place, found.value, found.expected, found.mend))


def _place(position: tuple[int, ...], batched: bool, name: str) -> str:
    if not batched:
        return f"{list(position)}" if position else name
    inner = f", entry {list(position[1:])}" if len(position) > 1 else ""
    return f"row {position[0]} of {name}{inner}"


def _wrong_rank(record: InputRecord, shape: tuple[int, ...]) -> DataShape:
    expected = ", ".join(["examples", *map(str, record.shape)])
    mend = None
    if len(shape) == record.rank + 2 and shape[-1] == 1:
        mend = f"drop the last axis: {record.name}[..., 0]"
    return DataShape(
        None, record.name, record.declared, shape, f"expected [{expected}] for a batch", mend
    )


def _count(objective: Objective, columns: Mapping[str, Array]) -> int:
    """The number of examples, the same in all columns; 1 without any."""
    count, first = None, ""
    for key, values in columns.items():
        declared = objective.inputs[key].declared if key in objective.inputs else key
        if count is None:
            count, first = len(values), key
        elif len(values) != count:
            problem = f"{len(values)} examples, while `{first}` has {count}"
            raise ObjcError(DataShape(None, key, declared, values.shape, problem))
        if len(values) == 0:
            raise ObjcError(DataShape(None, key, declared, values.shape, "no examples"))
    return 1 if count is None else count


def _weight(weight: Any, count: int, dtype: np.dtype[Any]) -> Array:
    values = as_array("weight", weight)
    problem = None
    if values.shape != (count,):
        problem = f"have the shape {list(values.shape)}; there are {count} examples"
    elif values.dtype.kind not in "iufb":
        problem = f"are {values.dtype}, not numbers"
    else:
        values = values.astype(dtype, copy=False)
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            row = int(np.argmax(bad))
            problem = f"are {values[row]:g} at row {row}; expected a finite number of at least 0"
        elif not values.any():
            problem = "are all 0"
        elif not np.isfinite(_total(values)):
            problem = "sum to more than there are numbers"
    if problem is not None:
        raise ObjcError(BadWeight(None, problem))
    return values


def _total(values: Array) -> float:
    with np.errstate(over="ignore"):
        return float(values.sum(dtype=np.float64))
