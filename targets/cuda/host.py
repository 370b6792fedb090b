"""Kernels in the simulator, on arrays of the host, through the protocol of executables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from objc.targets.cuda.launching import ERRORS, Shape, Sized
from objc.targets.cuda.simulation import BLOCKS, WIDTH, Simulated

from objc.target import Emitted, IndexOutOfRange


class Kernel:
    """A text in the simulator."""

    def __init__(self, emitted: Emitted) -> None:
        self.facts = emitted.metadata
        self.simulated = Simulated(emitted.text)

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        told = {name: arguments[one] + more for name, (one, more) in self.facts["counted"].items()}
        plan = Sized(self.facts, {**sizes, **told}, Shape(WIDTH, BLOCKS, tiny=True))
        work = np.zeros(plan.bytes // 8 + 1, np.int64)
        for launch in plan.launches:
            given = [self._given(one, work, arguments, results) for one in launch.arguments]
            self.simulated.launch(launch.name, launch.blocks, launch.threads, given)
        self._copies(results)
        scalars = self._scalars(plan, work)
        self._require_in_range(work, scalars, results)
        return scalars

    def _given(
        self,
        what: tuple[Any, ...],
        work: Any,
        arguments: Mapping[str, Any],
        results: Mapping[str, Any],
    ) -> Any:
        match what:
            case ("value", number, _):
                return number
            case ("work", offset):
                return work.ctypes.data + offset
            case ("input", name, _):
                return arguments[name].ctypes.data if arguments[name].size else 0
            case ("output", name, _):
                array = next(results[key] for key in self.facts["tensors"][name] if key in results)
                return array.ctypes.data if array.size else 0
            case ("integer", name):
                return int(arguments[name])
            case (_, name, kind):
                return np.dtype(kind).type(arguments[name])
        raise AssertionError(what)

    def _scalars(self, plan: Sized, work: Any) -> dict[str, float]:
        values = work.view(np.float64)
        found: dict[str, float] = {}
        for key, slot in self.facts["scalars"].items():
            if key in self.facts["whole"]:
                found[key] = int(work[plan.places["wholes"] // 8 + slot])
            else:
                found[key] = float(values[plan.places["values"] // 8 + slot])
        return found

    def _copies(self, results: Mapping[str, Any]) -> None:
        """Where two results are the same tensor, the second array is a copy."""
        for keys in self.facts["tensors"].values():
            given = [results[key] for key in keys if key in results]
            for other in given[1:]:
                np.copyto(other, given[0])

    def _require_in_range(
        self, work: Any, scalars: Mapping[str, float], results: Mapping[str, Any]
    ) -> None:
        errors = work[:ERRORS]
        ranks = [rank for rank in (3, 2, 1) if errors[rank * 8]]
        if not ranks:
            return
        shows = any(map(math.isnan, scalars.values())) or any(
            bool(np.isnan(array).any()) for array in results.values()
        )
        if ranks[0] == 3 or shows:
            site, position, extent, example = map(int, errors[ranks[0] * 8 + 1 : ranks[0] * 8 + 5])
            tensor, axis = self.facts["sites"][site]
            raise IndexOutOfRange(tensor, axis, position, extent, None if example < 0 else example)
