"""Checkpoints: the whole state of a run in one `.npz`, written aside and moved into place.

A checkpoint holds parameters, the coordinates they are trained in, the optimizer's slots, the position in
the run, early stopping's best, the history and the predictor's own state. There is no random state to
keep: the order of the examples is drawn anew each epoch from the seed and the number of the epoch. Nothing
in it is pickled.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.files import PathLike
from objc.training.archives import UnreadableArchive, read_arrays, write_arrays
from objc.training.errors import BadCheckpoint
from objc.training.history import History

Array = NDArray[Any]

_FORMAT = "objc-checkpoint"
_VERSION = 2


@dataclass
class Checkpoint:
    """The state of a run between two steps.

    `epoch` counts the epochs that are done, `batch` the batches done in the next one, `step` the
    updates. `running` holds the sums of the epoch under way. `run` says which run it is, by digests and
    settings. `stopped` is set once early stopping or a callback has ended the run.
    """

    parameters: dict[str, Array]
    coordinates: dict[str, Array] = field(default_factory=dict)
    slots: dict[str, dict[str, Array]] = field(default_factory=dict)
    best: dict[str, Array] = field(default_factory=dict)
    predictor: dict[str, Array] = field(default_factory=dict)
    history: History = field(default_factory=History)
    run: dict[str, str] = field(default_factory=dict)
    epoch: int = 0
    batch: int = 0
    step: int = 0
    running: dict[str, float] = field(default_factory=dict)
    best_value: float | None = None
    best_epoch: int = 0
    stopped: str = ""

    def save(self, path: PathLike) -> None:
        """Write the checkpoint. A reader sees the old file or the new one, never a part of one."""
        arrays: dict[str, Array] = {"meta": np.array(json.dumps(self._meta()))}
        for group in ("parameters", "coordinates", "best", "predictor"):
            for name, one in getattr(self, group).items():
                arrays[f"{group}/{name}"] = one
        for name, slots in self.slots.items():
            for slot, one in slots.items():
                arrays[f"slots/{slot}/{name}"] = one
        arrays.update(self.history.arrays())
        write_arrays(path, arrays)

    def _meta(self) -> dict[str, Any]:
        meta = {name: getattr(self, name) for name in _META_TYPES}
        return {"format": _FORMAT, "version": _VERSION, **meta}

    @classmethod
    def load(cls, path: PathLike) -> Checkpoint:
        """Read a checkpoint.

        Raises:
            ObjcError: the file is missing, damaged, or something else (E0540).
        """
        arrays = _read(path)
        meta = _meta_of(path, arrays)
        found = cls(parameters=_group(arrays, "parameters/"), history=History.from_arrays(arrays))
        found.coordinates = _group(arrays, "coordinates/")
        found.best = _group(arrays, "best/")
        found.predictor = _group(arrays, "predictor/")
        for key, one in _group(arrays, "slots/").items():
            slot, _, name = key.partition("/")
            found.slots.setdefault(name, {})[slot] = one
        try:
            for name, type_ in _META_TYPES.items():
                setattr(found, name, type_(meta[name]))
        except (KeyError, TypeError, ValueError):
            raise ObjcError(BadCheckpoint(None, str(path), "its description is damaged")) from None
        return found


def _optional_float(value: Any) -> float | None:
    return None if value is None else float(value)


_META_TYPES: Mapping[str, Any] = {
    "run": dict,
    "epoch": int,
    "batch": int,
    "step": int,
    "running": dict,
    "best_value": _optional_float,
    "best_epoch": int,
    "stopped": str,
}


def load_parameters(path: PathLike) -> dict[str, Array]:
    """The parameters in a file of `Result.save`, or in a checkpoint.

    Raises:
        ObjcError: the file can't be read as either (E0540).
    """
    arrays = _read(path)
    return _group(arrays, "parameters/") if _is_text(arrays.get("meta")) else arrays


def _read(path: PathLike) -> dict[str, Array]:
    try:
        return read_arrays(path)
    except UnreadableArchive as failure:
        raise ObjcError(BadCheckpoint(None, str(path), str(failure))) from None


def _meta_of(path: PathLike, arrays: Mapping[str, Array]) -> dict[str, Any]:
    meta: Any = None
    if _is_text(arrays.get("meta")):
        with contextlib.suppress(ValueError):
            meta = json.loads(str(arrays["meta"]))
    if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
        problem = "it is an .npz, but not a checkpoint of objc"
        raise ObjcError(BadCheckpoint(None, str(path), problem))
    if meta.get("version") != _VERSION:
        problem = f"it has version {meta.get('version')} of the format; this objc reads {_VERSION}"
        raise ObjcError(BadCheckpoint(None, str(path), problem))
    return meta


def _group(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {
        name.removeprefix(prefix): one for name, one in arrays.items() if name.startswith(prefix)
    }


def _is_text(one: Array | None) -> bool:
    return one is not None and one.dtype.kind == "U" and one.ndim == 0
